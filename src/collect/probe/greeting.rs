//! What a MySQL server says first, and the request for TLS that answers it.
//!
//! Spoken here by hand: the client library doesn't show the peer's certificates, and would go on to
//! log in.

use std::io::{self, ErrorKind};

use tidb_dms_checks::facts::probe::{Greeting, GreetingOutcome, ServerError};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout_at},
};

use super::shortened;

/// `CLIENT_SSL`, in the capabilities of both sides.
const SSL: u32 = 0x0800;
/// `CLIENT_PROTOCOL_41`, `CLIENT_SECURE_CONNECTION`, `CLIENT_PLUGIN_AUTH`.
const PROTOCOL: u32 = 0x0200 | 0x8000 | 0x0008_0000;
/// A greeting has a version, some salt and a name or two.
const LONGEST: usize = 4096;

/// Reads the first packet of a server, and no byte more.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), end: Instant) -> GreetingOutcome {
    match timeout_at(end, packet(stream)).await {
        Err(_) => GreetingOutcome::TimedOut,
        Ok(Err(error)) if error.kind() == ErrorKind::InvalidData => {
            GreetingOutcome::NotMysql(error.to_string())
        }
        Ok(Err(_)) => GreetingOutcome::Closed,
        Ok(Ok(payload)) => parse(&payload),
    }
}

async fn packet(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
    if length == 0 || length > LONGEST || header[3] != 0 {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("it begins with {}", bytes(&header)),
        ));
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    Ok(payload)
}

/// The first bytes of something, as text where they are text.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let some = &bytes[..bytes.len().min(16)];
    if some.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        format!("`{}`", String::from_utf8_lossy(some))
    } else {
        let hex: Vec<String> = some.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.join(" ")
    }
}

fn parse(payload: &[u8]) -> GreetingOutcome {
    let parsed = match payload.first() {
        Some(0x0a) => greeting(&payload[1..]).map(GreetingOutcome::Greeting),
        Some(0xff) => error(&payload[1..]).map(GreetingOutcome::Refused),
        _ => None,
    };
    parsed.unwrap_or_else(|| {
        GreetingOutcome::NotMysql(format!("its first packet begins with {}", bytes(payload)))
    })
}

/// A greeting of protocol 10, as MySQL, MariaDB and TiDB send it. The connection's id and the salt are
/// passed over.
fn greeting(rest: &[u8]) -> Option<Greeting> {
    let (version, rest) = until_zero(rest)?;
    let server_version = shortened(&String::from_utf8_lossy(version));
    // Connection id, first part of the salt, a zero.
    let rest = rest.get(4 + 8 + 1..)?;
    let low = u16::from_le_bytes(rest.get(..2)?.try_into().ok()?);
    // Character set, status; servers before 4.1 end here or earlier.
    let high = rest.get(5..7).and_then(|high| high.try_into().ok()).map_or(0, u16::from_le_bytes);
    let capabilities = u32::from(low) | u32::from(high) << 16;
    let auth_plugin = rest
        .get(7)
        .and_then(|salt| rest.get(7 + 1 + 10 + usize::from(*salt).saturating_sub(8).max(13)..))
        .and_then(|name| {
            let name = name.split(|byte| *byte == 0).next()?;
            (!name.is_empty()).then(|| shortened(&String::from_utf8_lossy(name)))
        });
    Some(Greeting { server_version, tls: capabilities & SSL != 0, auth_plugin })
}

/// An error packet. Before the handshake most servers leave out the SQL state.
fn error(rest: &[u8]) -> Option<ServerError> {
    let code = u16::from_le_bytes(rest.get(..2)?.try_into().ok()?);
    let text = String::from_utf8_lossy(rest.get(2..)?);
    let (state, message) = match text.strip_prefix('#') {
        Some(marked) if marked.is_char_boundary(5) && marked.len() >= 5 => {
            let (state, message) = marked.split_at(5);
            (Some(state.to_owned()), message)
        }
        _ => (None, &*text),
    };
    Some(ServerError { code, state, message: shortened(message) })
}

fn until_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Asks for TLS: the 32 bytes of a login that hasn't got a user yet.
pub(super) async fn request_tls(stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut packet = vec![32, 0, 0, 1];
    packet.extend((PROTOCOL | SSL).to_le_bytes());
    packet.extend(0x0100_0000_u32.to_le_bytes());
    // utf8mb4_general_ci, which every server knows.
    packet.push(45);
    packet.extend([0; 23]);
    stream.write_all(&packet).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Recorded from real servers, salt and connection id included.
    const RECORDED: [(&str, &str, bool, &str); 3] = [
        (
            "0a382e302e31312d546944422d76382e352e34000400200025627d2d70402d5b00afae2e02001b0515000000000000000000007c1f383037735741297b6c7a006d7973716c5f6e61746976655f70617373776f726400",
            "8.0.11-TiDB-v8.5.4",
            true,
            "mysql_native_password",
        ),
        (
            "0a392e372e342d3200bf0000004e0f041d22205f1400ffffff0200ffdf1500000000000000000000620511677e46214d64354f520063616368696e675f736861325f70617373776f726400",
            "9.7.4-2",
            true,
            "caching_sha2_password",
        ),
        (
            "0a352e352e352d31302e31312e31392d4d6172696144422d302b6465623132753100750000006c3252286e716f5a00fef7080200ff81150000000000001d000000526b44524f7522436c773336006d7973716c5f6e61746976655f70617373776f726400",
            "5.5.5-10.11.19-MariaDB-0+deb12u1",
            false,
            "mysql_native_password",
        ),
    ];

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn greetings_of_real_servers_are_read() {
        for (hex, version, tls, plugin) in RECORDED {
            let GreetingOutcome::Greeting(greeting) = parse(&unhex(hex)) else {
                panic!("{version}")
            };
            assert_eq!(greeting.server_version, version);
            assert_eq!(greeting.tls, tls, "{version}");
            assert_eq!(greeting.auth_plugin.as_deref(), Some(plugin), "{version}");
        }
    }

    #[test]
    fn a_greeting_cut_anywhere_is_read_or_refused_and_never_a_panic() {
        for (hex, ..) in RECORDED {
            let whole = unhex(hex);
            for length in 0..whole.len() {
                parse(&whole[..length]);
            }
            for place in 0..whole.len() {
                for byte in [0, 1, 0x7f, 0xff] {
                    let mut bent = whole.clone();
                    bent[place] = byte;
                    parse(&bent);
                }
            }
        }
    }

    #[test]
    fn errors_are_read_with_and_without_a_state() {
        for (packet, code, state, message) in [
            (&b"\xff\x10\x04Too many connections"[..], 1040, None, "Too many connections"),
            (
                b"\xff\x6a\x04#HY000Host 'x' is not allowed",
                1130,
                Some("HY000"),
                "Host 'x' is not allowed",
            ),
            (b"\xff\x6a\x04#\xc3\xa4", 1130, None, "#ä"),
        ] {
            let GreetingOutcome::Refused(error) = parse(packet) else { panic!("{message}") };
            assert_eq!((error.code, error.state.as_deref()), (code, state));
            assert_eq!(error.message, message);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_greeting_is_told_apart() {
        let end = Instant::now() + Duration::from_secs(3);
        let outcome = async |mut bytes: &[u8]| read(&mut bytes, end).await;
        assert_eq!(
            outcome(b"SSH-2.0-OpenSSH_9.2\r\n").await,
            GreetingOutcome::NotMysql("it begins with `SSH-`".into())
        );
        assert_eq!(outcome(b"").await, GreetingOutcome::Closed);
        assert_eq!(outcome(b"\x50\0\0\0\x0a8.0").await, GreetingOutcome::Closed);
        assert_eq!(
            outcome(b"\x02\0\0\0\x09\x01").await,
            GreetingOutcome::NotMysql("its first packet begins with 09 01".into())
        );
        let (mut here, _there) = tokio::io::duplex(10);
        assert_eq!(read(&mut here, end).await, GreetingOutcome::TimedOut);
    }
}

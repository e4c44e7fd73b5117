//! The first message of a TLS 1.2 handshake, and what the server answers to it.
//!
//! Which suites a server takes is told by its answer alone. Spoken here by hand, because our TLS library
//! has no suite of CBC mode, and rightly so: nothing ever goes over such a channel. Numbers and names are
//! the library's.

use std::{
    io::{self, ErrorKind},
    net::IpAddr,
};

use rustls::{
    AlertDescription, CipherSuite, ContentType, HandshakeType, NamedGroup, ProtocolVersion,
    SignatureScheme,
};
use tidb_dms_checks::facts::probe::HelloOutcome;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout_at},
};

use super::{greeting::bytes, trust::provider};

/// The suites with authenticated encryption, those that `MySQL` has from 8.4 on first.
pub(super) const AEAD: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CCM,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CCM,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CCM,
    CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CCM_8,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CCM_8,
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_AES_256_CCM,
    CipherSuite::TLS_RSA_WITH_AES_128_CCM,
    CipherSuite::TLS_RSA_WITH_AES_256_CCM_8,
    CipherSuite::TLS_RSA_WITH_AES_128_CCM_8,
];

/// The suites with AES in CBC mode.
pub(super) const CBC: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
];

const GROUPS: &[NamedGroup] =
    &[NamedGroup::X25519, NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::secp521r1];

/// Old servers sign with SHA-1; whoever only looks needn't mind.
const SIGNATURES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// The longest record, with what encryption may add.
const LONGEST_RECORD: usize = (1 << 14) + 2048;
/// Warnings, and pieces of the answer: nobody needs more records for it.
const MOST_RECORDS: usize = 8;
const FATAL: u8 = 2;

/// Offers suites of TLS 1.2, and reads what the server chooses.
pub(super) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    suites: &[CipherSuite],
    end: Instant,
) -> HelloOutcome {
    let mut random = [0; 32];
    if provider().secure_random.fill(&mut random).is_err() {
        return HelloOutcome::Broken("this machine has no random numbers".into());
    }
    let attempt = async {
        stream.write_all(&hello(host, suites, random)).await?;
        stream.flush().await?;
        answer(stream, suites).await
    };
    match timeout_at(end, attempt).await {
        Err(_) => HelloOutcome::TimedOut,
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => HelloOutcome::Broken(match error.kind() {
            ErrorKind::UnexpectedEof => "the server closed the connection".into(),
            _ => error.to_string(),
        }),
    }
}

/// That we go no further: what a server that chose a suite is told, so that it needn't wait.
pub(super) fn farewell() -> [u8; 7] {
    let [major, minor] = ProtocolVersion::TLSv1_2.to_array();
    let why = AlertDescription::HandshakeFailure.into();
    [ContentType::Alert.into(), major, minor, 0, 2, FATAL, why]
}

/// A `ClientHello` of TLS 1.2, in its record.
fn hello(host: &str, suites: &[CipherSuite], random: [u8; 32]) -> Vec<u8> {
    let numbers =
        |numbers: Vec<u16>| -> Vec<u8> { numbers.into_iter().flat_map(u16::to_be_bytes).collect() };
    let mut extensions = Vec::new();
    let mut extend = |kind: u16, content: &[u8]| {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(sized(content));
    };
    // An address is no name that a server could be asked for.
    if host.parse::<IpAddr>().is_err() {
        extend(0, &sized(&[&[0], &sized(host.as_bytes())[..]].concat()));
    }
    extend(10, &sized(&numbers(GROUPS.iter().map(|group| u16::from(*group)).collect())));
    // Uncompressed points.
    extend(11, &[1, 0]);
    extend(13, &sized(&numbers(SIGNATURES.iter().map(|scheme| u16::from(*scheme)).collect())));
    // The extended master secret, and that nothing is renegotiated.
    extend(23, &[]);
    extend(0xff01, &[0]);

    let mut body = ProtocolVersion::TLSv1_2.to_array().to_vec();
    body.extend(random);
    // No session to resume.
    body.push(0);
    body.extend(sized(&numbers(suites.iter().map(|suite| u16::from(*suite)).collect())));
    // No compression.
    body.extend([1, 0]);
    body.extend(sized(&extensions));

    // A handshake message's length has three bytes.
    let message = [&[HandshakeType::ClientHello.into(), 0], &sized(&body)[..]].concat();
    let [major, minor] = ProtocolVersion::TLSv1_0.to_array();
    [&[ContentType::Handshake.into(), major, minor], &sized(&message)[..]].concat()
}

/// Bytes behind their number, in two bytes. What is sent here is short.
fn sized(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), content].concat()
}

/// Reads records up to the server's choice, or its alert.
async fn answer(
    stream: &mut (impl AsyncRead + Unpin),
    offered: &[CipherSuite],
) -> io::Result<HelloOutcome> {
    let broken = |how: String| Ok(HelloOutcome::Broken(how));
    let mut message = Vec::new();
    for _ in 0..MOST_RECORDS {
        let mut header = [0; 5];
        stream.read_exact(&mut header).await?;
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let kind = ContentType::from(header[0]);
        let is_tls = matches!(kind, ContentType::Alert | ContentType::Handshake) && header[1] == 3;
        if !is_tls || length == 0 || length > LONGEST_RECORD {
            return broken(format!("what came was no TLS: it begins with {}", bytes(&header)));
        }
        let mut content = vec![0; length];
        stream.read_exact(&mut content).await?;
        if kind == ContentType::Alert {
            let [level, alert] = content[..] else {
                return broken("its alert can't be read".into());
            };
            match AlertDescription::from(alert) {
                AlertDescription::CloseNotify => {
                    return broken("the server closed the connection".into());
                }
                // A warning, such as that it doesn't know the name, isn't the answer.
                _ if level != FATAL => {}
                alert => return Ok(HelloOutcome::Refused { alert: alert_name(alert) }),
            }
            continue;
        }
        message.extend(content);
        let Some((kind, body)) = whole(&message) else { continue };
        let choice = choice(body).filter(|_| kind == HandshakeType::ServerHello);
        return match choice {
            Some((version, suite)) if offered.contains(&suite) => Ok(HelloOutcome::Chosen {
                protocol: version_name(version),
                cipher: suite.as_str().unwrap_or("unknown").to_owned(),
            }),
            Some(_) => broken("it chose a suite that wasn't offered".into()),
            None => broken("its answer was no ServerHello".into()),
        };
    }
    broken("its answer has no end".into())
}

/// The first message of a handshake, once it is there to its end.
fn whole(bytes: &[u8]) -> Option<(HandshakeType, &[u8])> {
    let (&[kind, high, middle, low], rest) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes([0, high, middle, low]);
    Some((HandshakeType::from(kind), rest.get(..usize::try_from(length).ok()?)?))
}

/// The version and the suite of a `ServerHello`; between them stand its random and the session's id.
fn choice(body: &[u8]) -> Option<(ProtocolVersion, CipherSuite)> {
    let (version, rest) = body.split_first_chunk()?;
    let (id, rest) = rest.get(32..)?.split_first()?;
    let (suite, _) = rest.get(usize::from(*id)..)?.split_first_chunk()?;
    Some((u16::from_be_bytes(*version).into(), u16::from_be_bytes(*suite).into()))
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".into(),
        ProtocolVersion::TLSv1_1 => "TLSv1.1".into(),
        ProtocolVersion::TLSv1_0 => "TLSv1".into(),
        ProtocolVersion::SSLv3 => "SSLv3".into(),
        other => format!("{other:?}"),
    }
}

/// An alert's name as the RFCs write it.
pub(super) fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    let mut last = '_';
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && last.is_ascii_lowercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        last = letter;
    }
    name
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::duplex;

    use super::*;

    const CHOSEN: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384;

    fn record(kind: ContentType, content: &[u8]) -> Vec<u8> {
        [&[kind.into(), 3, 3], &sized(content)[..]].concat()
    }

    /// What OpenSSL 3.0 answered to [`CBC`], but for the random: extensions and all.
    fn server_hello(version: ProtocolVersion, suite: CipherSuite) -> Vec<u8> {
        let mut body = version.to_array().to_vec();
        body.extend([7; 32]);
        body.extend([&[32][..], &[9; 32]].concat());
        body.extend(u16::from(suite).to_be_bytes());
        body.push(0);
        body.extend(sized(&[0xff, 1, 0, 1, 0, 0, 11, 0, 4, 3, 0, 1, 2, 0, 0x17, 0, 0]));
        [&[2, 0], &sized(&body)[..]].concat()
    }

    async fn answer_to(bytes: &[u8]) -> HelloOutcome {
        let (mut here, mut there) = duplex(1 << 16);
        there.write_all(bytes).await.unwrap();
        there.shutdown().await.unwrap();
        ask(&mut here, "db.example.com", CBC, Instant::now() + Duration::from_secs(3)).await
    }

    #[tokio::test]
    async fn a_choice_is_read_however_it_is_cut() {
        let expected = HelloOutcome::Chosen {
            protocol: "TLSv1.2".into(),
            cipher: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384".into(),
        };
        let message = server_hello(ProtocolVersion::TLSv1_2, CHOSEN);
        // The certificate may come in the same record.
        let certificate = [&message[..], &[11, 0, 0, 3, 0, 0, 0]].concat();
        assert_eq!(answer_to(&record(ContentType::Handshake, &certificate)).await, expected);
        let unknown_name = record(ContentType::Alert, &[1, 112]);
        for cut in 1..message.len() {
            let (first, second) = message.split_at(cut);
            let pieces = [
                unknown_name.clone(),
                record(ContentType::Handshake, first),
                record(ContentType::Handshake, second),
            ];
            assert_eq!(answer_to(&pieces.concat()).await, expected, "{cut}");
        }
        let old = server_hello(ProtocolVersion::TLSv1_0, CHOSEN);
        let HelloOutcome::Chosen { protocol, .. } =
            answer_to(&record(ContentType::Handshake, &old)).await
        else {
            panic!()
        };
        assert_eq!(protocol, "TLSv1");
    }

    #[tokio::test]
    async fn whatever_else_comes_is_no_choice() {
        let refused = |alert: &str| HelloOutcome::Refused { alert: alert.into() };
        for (alert, outcome) in [
            ([2, 40], refused("handshake_failure")),
            ([2, 70], refused("protocol_version")),
            ([1, 0], HelloOutcome::Broken("the server closed the connection".into())),
            ([1, 112], HelloOutcome::Broken("the server closed the connection".into())),
        ] {
            assert_eq!(answer_to(&record(ContentType::Alert, &alert)).await, outcome, "{alert:?}");
        }
        let gcm = server_hello(
            ProtocolVersion::TLSv1_2,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        );
        for (bytes, says) in [
            (&b""[..], "closed"),
            (b"this is no TLS at all", "no TLS: it begins with `this `"),
            (b"\x16\x03\x03\0\0", "no TLS"),
            (b"\x16\x03\x03\xff\xff", "no TLS"),
            (&record(ContentType::Alert, &[2]), "can't be read"),
            (&record(ContentType::Handshake, &[11, 0, 0, 3, 0, 0, 0]), "no ServerHello"),
            (&record(ContentType::Handshake, &[2, 0, 0, 1, 3]), "no ServerHello"),
            (&record(ContentType::Handshake, &[2, 0xff, 0xff, 0xff]), "closed"),
            (&record(ContentType::Handshake, &gcm), "wasn't offered"),
            (&record(ContentType::Alert, &[1, 112]).repeat(MOST_RECORDS), "no end"),
        ] {
            let HelloOutcome::Broken(how) = answer_to(bytes).await else { panic!("{says}") };
            assert!(how.contains(says), "{how}: {says}");
        }
    }

    #[tokio::test]
    async fn bent_answers_are_never_a_panic() {
        let whole = record(ContentType::Handshake, &server_hello(ProtocolVersion::TLSv1_2, CHOSEN));
        for place in 0..whole.len() {
            answer_to(&whole[..place]).await;
            for byte in [0, 1, 0x7f, 0xff] {
                let mut bent = whole.clone();
                bent[place] = byte;
                answer_to(&bent).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_at_the_deadline() {
        let (mut here, _there) = duplex(1 << 12);
        let end = Instant::now() + Duration::from_secs(3);
        assert_eq!(ask(&mut here, "a", CBC, end).await, HelloOutcome::TimedOut);
        assert_eq!(Instant::now(), end);
    }

    /// The second opinion is rustls's own reader, which refuses a malformed message.
    #[test]
    fn a_server_reads_what_is_offered() {
        for (host, name) in [("db.example.com", Some("db.example.com")), ("10.0.0.1", None)] {
            for suites in [AEAD, CBC] {
                let mut acceptor = rustls::server::Acceptor::default();
                acceptor.read_tls(&mut &hello(host, suites, [7; 32])[..]).unwrap();
                let accepted = acceptor.accept().unwrap().unwrap();
                let hello = accepted.client_hello();
                assert_eq!(hello.server_name(), name);
                assert_eq!(hello.cipher_suites(), suites);
                assert_eq!(hello.signature_schemes(), SIGNATURES);
                assert_eq!(hello.named_groups(), Some(GROUPS));
            }
        }
    }
}

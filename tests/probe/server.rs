//! Servers on loopback that behave, or don't, in one way each, and remember what they were sent.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use crate::certificates::Identity;

/// What the server was sent: before TLS, and inside of it.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) plain: Mutex<Vec<u8>>,
    pub(crate) inside: Mutex<Vec<u8>>,
}

/// A server that runs until the test ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) log: Arc<Log>,
}

impl Server {
    /// Serves each connection on a thread of its own.
    pub(crate) fn start(serve: impl Fn(TcpStream, &Log) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Log::default());
        let serve = Arc::new(serve);
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (serve, log) = (Arc::clone(&serve), Arc::clone(&shared));
                thread::spawn(move || serve(stream.unwrap(), &log));
            }
        });
        Self { port, log }
    }

    /// Says something and then remembers what it is told.
    pub(crate) fn saying(words: &'static [u8]) -> Self {
        Self::start(move |mut stream, log| {
            stream.write_all(words).unwrap();
            drain(&mut stream, &log.plain);
        })
    }

    /// Greets, lets TLS begin, and remembers what comes inside.
    pub(crate) fn tls(identity: &Identity, versions: &[&'static SupportedProtocolVersion]) -> Self {
        Self::talking_tls(identity, versions, |stream, log| {
            drain(stream, &log.inside);
        })
    }

    /// Greets, lets TLS begin, and goes on inside.
    pub(crate) fn talking_tls(
        identity: &Identity,
        versions: &[&'static SupportedProtocolVersion],
        talk: impl Fn(&mut StreamOwned<ServerConnection, TcpStream>, &Log) + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = Arc::new(
            ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(versions)
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(identity.chain(), identity.key())
                .unwrap(),
        );
        Self::start(move |mut stream, log| {
            stream.write_all(&greeting(true)).unwrap();
            if !read_tls_request(&mut stream, log) {
                return;
            }
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            talk(&mut StreamOwned::new(connection, stream), log);
        })
    }
}

/// Reads the 36 bytes that ask for TLS.
pub(crate) fn read_tls_request(stream: &mut TcpStream, log: &Log) -> bool {
    let mut request = [0; 36];
    let complete = stream.read_exact(&mut request).is_ok();
    log.plain.lock().unwrap().extend(request);
    complete
}

/// Reads until the peer has had enough.
pub(crate) fn drain(stream: &mut impl Read, into: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => into.lock().unwrap().extend(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// The greeting of a TiDB 8.5.4, with or without the offer of TLS.
pub(crate) fn greeting(tls: bool) -> Vec<u8> {
    greeting_of("8.0.11-TiDB-v8.5.4", tls)
}

/// The greeting of a server of some version.
pub(crate) fn greeting_of(version: &str, tls: bool) -> Vec<u8> {
    let ssl: u8 = if tls { 0x08 } else { 0 };
    let mut payload = format!("\x0a{version}\0\x01\0\0\0saltsalt\0").into_bytes();
    payload.extend([0x8f, 0xa6 | ssl, 0x2e, 0x02, 0x00, 0x1b, 0x00, 21]);
    payload.extend([0; 10]);
    payload.extend(b"saltsaltsalt\0mysql_native_password\0");
    packet(0, &payload)
}

/// A packet with its header.
pub(crate) fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], sequence];
    packet.extend(payload);
    packet
}

/// Reads one packet.
pub(crate) fn read_packet(stream: &mut impl Read) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).ok()?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((header[3], payload))
}

/// Longer than any test's deadline.
pub(crate) fn hang() {
    thread::sleep(Duration::from_mins(1));
}

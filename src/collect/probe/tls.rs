//! TLS inside the MySQL protocol: the greeting, the request for TLS, a handshake.
//!
//! To see a chain that nobody would trust, the handshake's verifier accepts everything and writes it
//! down. Nothing but the handshake itself ever goes over such a channel: it is closed right after.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    AlertDescription, CipherSuite, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};
use tidb_dms_checks::facts::{
    Gap, Look, Unlock,
    probe::{GreetingOutcome, HelloOutcome, TcpOutcome, TlsOutcome, TlsSession},
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Begun, greeting, hello, tcp, trust::provider};

/// How long a server gets to take our farewell.
const FAREWELL: Duration = Duration::from_millis(200);

/// Reads the greeting and makes a handshake that offers TLS 1.2 and 1.3.
pub(super) async fn look(
    mut stream: TcpStream,
    host: &str,
    end: Instant,
) -> (Look<GreetingOutcome>, Look<TlsOutcome>) {
    let begun = Begun::now();
    let greeting = greeting::read(&mut stream, end).await;
    let seen = begun.saw(greeting.clone());
    let begun = Begun::now();
    match greeting {
        GreetingOutcome::Greeting(greeting) if greeting.tls => {
            let verifier = Arc::new(DangerRecordingVerifier::new());
            (seen, begun.saw(handshake(stream, host, &[&TLS13, &TLS12], &verifier, end).await))
        }
        GreetingOutcome::Greeting(_) => (seen, begun.saw(TlsOutcome::NotOffered)),
        other => (seen, begun.missed(no_greeting("TLS", &other))),
    }
}

/// The same with TLS 1.2 alone, as DMS does it, over a connection of its own.
pub(super) async fn look_at_tls12(
    address: IpAddr,
    port: u16,
    host: &str,
    end: Instant,
) -> Look<TlsOutcome> {
    let begun = Begun::now();
    match greeted(address, port, "TLS 1.2", end).await {
        Ok(Some(stream)) => {
            let verifier = Arc::new(DangerRecordingVerifier::new());
            begun.saw(handshake(stream, host, &[&TLS12], &verifier, end).await)
        }
        Ok(None) => begun.saw(TlsOutcome::NotOffered),
        Err(gap) => begun.missed(gap),
    }
}

/// Whether a handshake of TLS 1.2 ended before a suite was agreed on, and not for the version.
pub(super) fn is_about_suites(tls12: &Look<TlsOutcome>) -> bool {
    match tls12.seen.known() {
        Some(TlsOutcome::Refused { alert, chain }) => {
            chain.is_empty() && !is_about_the_version(alert)
        }
        Some(TlsOutcome::Broken { chain, .. }) => chain.is_empty(),
        _ => false,
    }
}

fn is_about_the_version(alert: &str) -> bool {
    alert == hello::alert_name(AlertDescription::ProtocolVersion)
}

/// Asks which suites of TLS 1.2 a server takes after it refused those of [`look_at_tls12`]: all that are
/// AEAD first, and then those of CBC mode, each over a connection of its own.
pub(super) async fn look_at_suites(
    address: IpAddr,
    port: u16,
    host: &str,
    tls12: &Look<TlsOutcome>,
    end: Instant,
) -> Look<HelloOutcome> {
    let begun = Begun::now();
    // Some servers hang up where others send an alert; one that sent an alert before is no such server.
    let hangs_up = matches!(tls12.seen.known(), Some(TlsOutcome::Broken { .. }));
    let what = "TLS 1.2";
    let of = async |suites| match greeted(address, port, what, end).await? {
        Some(stream) => Ok(choice(stream, host, suites, end).await),
        None => Err(gap(what, "the server has stopped offering TLS".into())),
    };
    let seen = async {
        match of(hello::AEAD).await? {
            HelloOutcome::Refused { alert } if !is_about_the_version(&alert) => {}
            HelloOutcome::Broken(_) if hangs_up => {}
            outcome => return Ok(outcome),
        }
        of(hello::CBC).await
    };
    match seen.await {
        Ok(outcome) => begun.saw(outcome),
        Err(gap) => begun.missed(gap),
    }
}

/// Which of some suites a server chooses; the handshake ends there.
async fn choice(
    mut stream: TcpStream,
    host: &str,
    suites: &[CipherSuite],
    end: Instant,
) -> HelloOutcome {
    match timeout_at(end, greeting::request_tls(&mut stream)).await {
        Err(_) => return HelloOutcome::TimedOut,
        Ok(Err(error)) => return HelloOutcome::Broken(error.to_string()),
        Ok(Ok(())) => {}
    }
    let outcome = hello::ask(&mut stream, host, suites, end).await;
    if let HelloOutcome::Chosen { .. } = outcome {
        let _ = timeout(FAREWELL, stream.write_all(&hello::farewell())).await;
    }
    outcome
}

/// Connects once more and reads the greeting; no stream where it doesn't offer TLS.
async fn greeted(
    address: IpAddr,
    port: u16,
    what: &str,
    end: Instant,
) -> Result<Option<TcpStream>, Gap> {
    let mut stream = match tcp::connect(address, port, end).await {
        Ok(stream) => stream,
        Err(outcome) => {
            let reason = match outcome {
                TcpOutcome::TimedOut => "nobody answered its second connection in time".into(),
                TcpOutcome::NotSent(error) => format!("a second connection failed: {error}"),
                _ => "it refused a second connection".to_owned(),
            };
            return Err(gap(what, reason));
        }
    };
    match greeting::read(&mut stream, end).await {
        GreetingOutcome::Greeting(greeting) => Ok(greeting.tls.then_some(stream)),
        other => Err(no_greeting(what, &other)),
    }
}

fn no_greeting(what: &str, outcome: &GreetingOutcome) -> Gap {
    gap(
        what,
        match outcome {
            GreetingOutcome::Refused(error) => {
                format!("the server sent error {} instead of a greeting", error.code)
            }
            GreetingOutcome::TimedOut => "the server sent no greeting in time".into(),
            GreetingOutcome::Closed => "the connection was closed before a greeting".into(),
            _ => "what answers isn't a MySQL server".into(),
        },
    )
}

fn gap(what: &str, reason: String) -> Gap {
    Gap::new(
        format!("the {what} handshake"),
        reason,
        Unlock::Vantage("a place that the server greets".into()),
    )
}

async fn handshake(
    mut stream: TcpStream,
    host: &str,
    versions: &[&'static SupportedProtocolVersion],
    verifier: &Arc<DangerRecordingVerifier>,
    end: Instant,
) -> TlsOutcome {
    let broken = |how: String| TlsOutcome::Broken { how, chain: verifier.record().chain };
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return broken("the host is no name that TLS could ask for".into());
    };
    let config =
        match ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions) {
            Ok(builder) => builder,
            Err(error) => return broken(error.to_string()),
        };
    let mut config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::<DangerRecordingVerifier>::clone(verifier))
        .with_no_client_auth();
    // Each handshake is to show the whole chain.
    config.resumption = Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    let attempt = async {
        greeting::request_tls(&mut stream).await?;
        connector.connect(name, stream).await
    };
    match timeout_at(end, attempt).await {
        Err(_) => TlsOutcome::TimedOut,
        Ok(Ok(mut stream)) => {
            let session = session(&stream, verifier.record());
            // A clean end: the server isn't to count this as an attack.
            let _ = timeout(FAREWELL, stream.shutdown()).await;
            session
        }
        Ok(Err(error)) => match tls_error(&error) {
            Some(Error::AlertReceived(alert)) => TlsOutcome::Refused {
                alert: hello::alert_name(*alert),
                chain: verifier.record().chain,
            },
            Some(error) => broken(error.to_string()),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                broken("the server closed the connection".into())
            }
            None => broken(error.to_string()),
        },
    }
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn session(stream: &TlsStream<TcpStream>, record: Record) -> TlsOutcome {
    let (_, connection) = stream.get_ref();
    let protocol = connection.protocol_version().map_or("unknown", |version| match version {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    });
    // rustls says `TLS13_AES_…` where IANA says `TLS_AES_…`.
    let cipher = connection
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        .unwrap_or("unknown")
        .replace("TLS13_", "TLS_");
    TlsOutcome::Session(TlsSession {
        protocol: protocol.into(),
        cipher,
        chain: record.chain,
        key_proved: record.key_proved,
    })
}

/// What the verifier wrote down.
#[derive(Clone, Debug, Default)]
struct Record {
    chain: Vec<String>,
    key_proved: bool,
}

/// Accepts every certificate and writes it down. Whoever sends a secret over a channel that this
/// accepted has lost it.
#[derive(Debug)]
struct DangerRecordingVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    record: Mutex<Record>,
}

impl DangerRecordingVerifier {
    fn new() -> Self {
        Self { algorithms: provider().signature_verification_algorithms, record: Mutex::default() }
    }

    fn record(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Record)) {
        note(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn signed(&self, checked: &Result<HandshakeSignatureValid, Error>) {
        let proved = checked.is_ok();
        self.note(|record| record.key_proved = proved);
    }
}

impl ServerCertVerifier for DangerRecordingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.note(|record| {
            record.chain = std::iter::once(leaf)
                .chain(rest)
                .map(|certificate| STANDARD.encode(certificate))
                .collect();
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(&verify_tls12_signature(message, certificate, signature, &self.algorithms));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(&verify_tls13_signature(message, certificate, signature, &self.algorithms));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_rfcs() {
        for (alert, name) in [
            (AlertDescription::ProtocolVersion, "protocol_version"),
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::InternalError, "internal_error"),
        ] {
            assert_eq!(hello::alert_name(alert), name);
        }
    }
}

//! The one CA of a case, as the login's channel is verified with it.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tidb_dms_checks::{facts::probe::TlsSession, trust::ISRG_ROOT_X1_PEM};

/// Why something is no CA to verify with.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoCertificate {
    /// There is no PEM certificate in it.
    #[error("no PEM certificate in it can be read")]
    Unreadable,
    /// There is one that can't be used.
    #[error("its certificate can't be used to verify with: {0}")]
    Unusable(String),
}

/// A CA, and nothing but it: Mozilla's and the system's roots don't count.
#[derive(Clone, Debug)]
pub struct Trust {
    /// What people call it.
    pub name: String,
    pub(super) certificates: Vec<CertificateDer<'static>>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// ISRG Root X1.
    pub fn isrg_root_x1() -> Result<Self, NoCertificate> {
        Self::from_pem("ISRG Root X1", ISRG_ROOT_X1_PEM)
    }

    /// The certificates of a PEM text.
    pub fn from_pem(name: &str, pem: &str) -> Result<Self, NoCertificate> {
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<Result<_, _>>()
                .map_err(|_| NoCertificate::Unreadable)?;
        if certificates.is_empty() {
            return Err(NoCertificate::Unreadable);
        }
        let unusable = |error: &dyn ToString| NoCertificate::Unusable(error.to_string());
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| unusable(&error))?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| unusable(&error))?;
        Ok(Self { name: name.into(), certificates, verifier })
    }

    /// What verify-full says of a session that was recorded: why not, if it says no.
    pub(super) fn verify(&self, session: &TlsSession, host: &str) -> Result<(), Distrust> {
        let chain: Vec<CertificateDer<'static>> = session
            .chain
            .iter()
            .map(|text| STANDARD.decode(text).map(CertificateDer::from))
            .collect::<Result<_, _>>()
            .map_err(|error| Distrust::of_server(error.to_string()))?;
        let [leaf, rest @ ..] = chain.as_slice() else {
            return Err(Distrust::of_server("it sent no certificate"));
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| Distrust::of_server(error.to_string()))?;
        self.verifier
            .verify_server_cert(leaf, rest, &name, &[], UnixTime::now())
            .map_err(|error| Distrust::read(&error))?;
        if session.key_proved {
            Ok(())
        } else {
            Err(Distrust::of_server("it didn't prove that it holds the key"))
        }
    }
}

/// Why a server isn't trusted.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Distrust {
    pub(super) cause: String,
    /// Whether another CA might trust it.
    pub(super) is_of_ca: bool,
}

impl Distrust {
    fn of_server(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), is_of_ca: false }
    }

    /// The reasons that a reader may meet, in words; the rest by rustls's own.
    fn read(error: &rustls::Error) -> Self {
        use rustls::CertificateError::{
            BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
            NotValidYet, NotValidYetContext, UnknownIssuer,
        };
        let rustls::Error::InvalidCertificate(cause) = error else {
            return Self::of_server(error.to_string());
        };
        match cause {
            Expired | ExpiredContext { .. } => Self::of_server("a certificate of it has expired"),
            NotValidYet | NotValidYetContext { .. } => {
                Self::of_server("a certificate of it isn't valid yet")
            }
            NotValidForName | NotValidForNameContext { .. } => {
                Self::of_server("its certificate is for another name")
            }
            UnknownIssuer | BadSignature => {
                Self { cause: "its chain doesn't lead there".into(), is_of_ca: true }
            }
            _ => Self { cause: error.to_string(), is_of_ca: true },
        }
    }
}

/// The one crypto provider of the program.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_is_one_certificate_of_the_right_key() {
        let trust = Trust::isrg_root_x1().unwrap();
        let [certificate] = &trust.certificates[..] else { panic!() };
        let suite = aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let hash = suite.tls13().unwrap().common.hash_provider.hash(certificate);
        // As Let's Encrypt publishes it.
        assert_eq!(
            hash.as_ref(),
            [
                0x96, 0xbc, 0xec, 0x06, 0x26, 0x49, 0x76, 0xf3, 0x74, 0x60, 0x77, 0x9a, 0xcf, 0x28,
                0xc5, 0xa7, 0xcf, 0xe8, 0xa3, 0xc0, 0xaa, 0xe1, 0x1a, 0x8f, 0xfc, 0xee, 0x05, 0xc0,
                0xbd, 0xdf, 0x08, 0xc6,
            ]
        );
    }

    #[test]
    fn another_ca_helps_against_an_unknown_issuer_alone() {
        use rustls::CertificateError::{BadSignature, Expired, NotValidForName, UnknownIssuer};
        for (error, is_of_ca) in [
            (UnknownIssuer, true),
            (BadSignature, true),
            (Expired, false),
            (NotValidForName, false),
        ] {
            let read = Distrust::read(&rustls::Error::InvalidCertificate(error));
            assert_eq!(read.is_of_ca, is_of_ca, "{read:?}");
            assert!(!read.cause.contains("invalid peer"), "{read:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_said() {
        assert_eq!(Trust::from_pem("x", "nothing").unwrap_err(), NoCertificate::Unreadable);
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Trust::from_pem("x", nonsense).unwrap_err(), NoCertificate::Unusable(_)));
    }
}

//! The other judge: webpki, the verifier of rustls.

use jiff::Timestamp;
use rustls_pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use std::time::Duration;
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::certificate::Certificate;

/// What webpki says, with its reason where it refuses.
pub(super) struct Opinion {
    pub(super) chain: Result<(), String>,
    pub(super) name: Result<(), String>,
}

/// The question, without the host name.
pub(super) struct Question<'a> {
    pub(super) sent: &'a [Certificate],
    /// Certificates of the CA file that may stand at the end.
    pub(super) anchors: Vec<&'a Certificate>,
    /// Certificates of the CA file that may stand in between.
    pub(super) helpers: Vec<&'a Certificate>,
    pub(super) at: Timestamp,
    pub(super) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

pub(super) fn ask(question: &Question<'_>, host: Option<&ServerName<'_>>) -> Opinion {
    let unreadable = |reason: String| Opinion { chain: Err(reason.clone()), name: Err(reason) };
    let Some((leaf, rest)) = question.sent.split_first() else {
        return unreadable("there is no certificate".to_owned());
    };
    let leaf = CertificateDer::from(leaf.der.as_slice());
    match EndEntityCert::try_from(&leaf) {
        Ok(leaf) => Opinion {
            chain: chain(question, &leaf, rest),
            name: host.map_or(Ok(()), |host| {
                leaf.verify_is_valid_for_subject_name(host).map_err(|error| reason(&error))
            }),
        },
        Err(error) => unreadable(reason(&error)),
    }
}

fn chain(
    question: &Question<'_>,
    leaf: &EndEntityCert<'_>,
    rest: &[Certificate],
) -> Result<(), String> {
    let ders: Vec<CertificateDer<'_>> = question
        .anchors
        .iter()
        .filter(|anchor| !anchor.der.is_empty())
        .map(|anchor| CertificateDer::from(anchor.der.as_slice()))
        .collect();
    let mut anchors: Vec<TrustAnchor<'_>> =
        ders.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
    anchors.extend(question.anchors.iter().filter_map(|anchor| anchor.anchor()));
    let between: Vec<CertificateDer<'_>> = rest
        .iter()
        .chain(question.helpers.iter().copied())
        .map(|certificate| CertificateDer::from(certificate.der.as_slice()))
        .collect();
    let seconds = u64::try_from(question.at.as_second()).unwrap_or(0);
    leaf.verify_for_usage(
        question.algorithms,
        &anchors,
        &between,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        KeyUsage::server_auth(),
        None,
        None,
    )
    .map(|_| ())
    .map_err(|error| reason(&error))
}

/// The reasons that a reader may meet, in words; the rest by webpki's own name.
fn reason(error: &Error) -> String {
    let words = match error {
        Error::CaUsedAsEndEntity => "the server's certificate says that it is a CA",
        Error::EndEntityUsedAsCa => "a certificate that isn't a CA issued another one",
        Error::UnsupportedCertVersion => "a certificate is not of version 3",
        Error::RequiredEkuNotFoundContext(_) => "a certificate is not meant for servers",
        Error::NameConstraintViolation => "a CA may not vouch for a name in the certificate",
        Error::MaximumPathDepthExceeded => "the chain is longer than it follows",
        Error::UnsupportedCriticalExtension => {
            "a certificate has a critical extension it doesn't know"
        }
        Error::CertNotValidForName(_) => {
            "the host is not among the certificate's alternative names"
        }
        Error::UnknownIssuer => "no path leads to the CA",
        other => return format!("{other:?}"),
    };
    words.to_owned()
}

//! What verify-full would say of a chain.
//!
//! DMS holds one CA and asks OpenSSL. So a chain is judged here against **that one CA**, never
//! against a whole root store, and by two judges: rustls's verifier (webpki), and a model of the
//! path that OpenSSL takes, with what it asks of a CA beyond webpki: self-signed, a CA, in date.
//! A chain is trusted when both accept it, and refused when both refuse it; where they differ,
//! the answer is "can't tell". A refusal names every cause that holds, not the first.
//!
//! Nothing here looks at a clock or a file, and no cryptography is built in: the caller hands in
//! the signature algorithms of its TLS provider.

mod authority;
mod certificate;
mod der;
mod host;
mod judge;
mod openssl;
mod read;
mod signature;
mod verifier;

use jiff::Timestamp;
use rustls_pki_types::SignatureVerificationAlgorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Gap;

pub use authority::{Ca, ISRG_ROOT_X1_PEM};
pub use certificate::{Certificate, Link};
pub use read::{Chain, ReadError, Tls12};
pub use signature::Signatures;

/// What gaps are about.
pub(crate) const HOST_NAME: &str = "the host name";
pub(crate) const THE_CA: &str = "the CA";
const THE_CHAIN: &str = "the chain";

/// Judges a chain. `host` is what the endpoint names as its server; none asks as verify-ca does,
/// which doesn't look at names. `algorithms` are those of the TLS provider, for instance
/// `rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all`.
pub fn verify(
    chain: &Chain,
    host: Option<&str>,
    ca: &Ca,
    at: Timestamp,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Trust {
    judge::Judge { chain, host, ca, at, algorithms }.judge()
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// Of this shape. Within a version, fields are only added.
    pub version: u32,
    /// Whether verify-full would let the connection through.
    pub verdict: Verdict,
    /// Why not: every cause that holds.
    pub causes: Vec<Cause>,
    /// What couldn't be told.
    pub gaps: Vec<Gap>,
    /// The certificates judged, in the order sent.
    pub chain: Vec<Link>,
}

/// The three ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Both judges accept it.
    Trusted,
    /// Both judges refuse it.
    Refused,
    /// It can't be told; the gaps say why.
    Unknown,
}

/// One cause of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// What kind it is.
    pub code: Code,
    /// What was seen, in the reader's own names.
    pub detail: String,
    /// Whether it lies in what was given as the CA, whatever the server sent.
    #[serde(skip)]
    pub of_ca: bool,
}

/// The kinds of causes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The chain leads to another root, or the CA's name has another key.
    WrongCa,
    /// The certificate doesn't carry the host's name.
    Hostname,
    /// A certificate of the path has ended.
    Expired,
    /// A certificate of the path hasn't begun.
    NotYetValid,
    /// The server's certificate has no issuer but itself.
    SelfSigned,
    /// An issuer was neither sent nor is the CA.
    IncompleteChain,
    /// What stands as a CA can't: not self-signed, not a CA, out of date.
    BadCa,
    /// TLS 1.2 isn't offered.
    Protocol,
}

impl Code {
    /// Its name, as reports and JSON spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WrongCa => "wrong-ca",
            Self::Hostname => "hostname",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::SelfSigned => "self-signed",
            Self::IncompleteChain => "incomplete-chain",
            Self::BadCa => "bad-ca",
            Self::Protocol => "protocol",
        }
    }
}

impl Trust {
    /// A cause beats a gap: what is refused stays refused, whatever else couldn't be told.
    fn new(mut causes: Vec<Cause>, gaps: Vec<Gap>, chain: &Chain) -> Self {
        causes.sort_by_key(|cause| cause.code == Code::Expired || cause.code == Code::NotYetValid);
        let verdict = match (causes.as_slice(), gaps.as_slice()) {
            ([], []) => Verdict::Trusted,
            ([], _) => Verdict::Unknown,
            _ => Verdict::Refused,
        };
        let chain = chain.certificates().iter().map(Certificate::link).collect();
        Self { version: 1, verdict, causes, gaps, chain }
    }
}

impl Cause {
    /// Whether it is about the name or the dates of what the server sent, and nothing else.
    pub(crate) fn is_name_or_date_of_the_server(&self) -> bool {
        !self.of_ca && matches!(self.code, Code::Hostname | Code::Expired | Code::NotYetValid)
    }

    fn new(code: Code, detail: String) -> Self {
        Self { code, detail, of_ca: false }
    }

    fn of_ca(code: Code, detail: String) -> Self {
        Self { of_ca: true, ..Self::new(code, detail) }
    }
}

/// A moment as details show it.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

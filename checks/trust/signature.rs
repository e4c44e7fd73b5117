//! The algorithms of signatures, and whether one key signed one certificate.

use std::fmt;

use rustls_pki_types::SignatureVerificationAlgorithm;

use super::certificate::Certificate;

/// The signature algorithms of the program's TLS provider, with which certificate chains are judged:
/// this crate has none of its own. Without any, no chain can be judged.
#[derive(Clone, Copy, Default)]
pub struct Signatures(pub &'static [&'static dyn SignatureVerificationAlgorithm]);

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signature algorithms", self.0.len())
    }
}

impl PartialEq for Signatures {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
    }
}

/// The outcome of checking a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    Yes,
    No,
    /// No algorithm at hand for this kind of signature or key: SHA-1, short RSA keys, rare curves.
    CannotTell,
}

/// Checks with the issuer's key, names aside.
pub(super) fn signed_by(
    certificate: &Certificate,
    issuer: &Certificate,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Signed {
    if !issuer.key.usual {
        return Signed::CannotTell;
    }
    let mut outcome = Signed::CannotTell;
    for algorithm in algorithms {
        let fits = algorithm.signature_alg_id().as_ref() == certificate.signature_algorithm
            && algorithm.public_key_alg_id().as_ref() == issuer.key.algorithm;
        if !fits {
            continue;
        }
        let (key, signed) = (&issuer.key.bits, &certificate.signed);
        if algorithm.verify_signature(key, signed, &certificate.signature).is_ok() {
            return Signed::Yes;
        }
        outcome = Signed::No;
    }
    outcome
}

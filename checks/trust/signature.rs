//! Whether one key signed one certificate.

use rustls_pki_types::SignatureVerificationAlgorithm;

use super::certificate::Certificate;

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

//! The program's own signature algorithms, which are asked once about each signature: the laws judge the
//! same few certificates tens of thousands of times.
#![expect(clippy::unwrap_used, reason = "a lock is poisoned only by a test that failed already")]

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use tidb_dms_checks::{policy::Policy, trust::Signatures};

/// The policy of a user who chose nothing.
pub(crate) fn policy() -> Policy {
    static ALGORITHMS: LazyLock<&'static [&'static dyn SignatureVerificationAlgorithm]> =
        LazyLock::new(|| {
            let own = tidb_dms::default_policy().signatures.0.iter();
            let remembering = own.map(|algorithm| -> &'static dyn SignatureVerificationAlgorithm {
                Box::leak(Box::new(Remembering { algorithm: *algorithm, known: Mutex::default() }))
            });
            Box::leak(remembering.collect())
        });
    Policy { signatures: Signatures(*ALGORITHMS), ..tidb_dms::default_policy() }
}

/// Key, message and signature.
type Question = (Vec<u8>, Vec<u8>, Vec<u8>);

#[derive(Debug)]
struct Remembering {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    known: Mutex<HashMap<Question, bool>>,
}

impl SignatureVerificationAlgorithm for Remembering {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let question = (key.to_vec(), message.to_vec(), signature.to_vec());
        let mut known = self.known.lock().unwrap();
        let is_good = known
            .entry(question)
            .or_insert_with(|| self.algorithm.verify_signature(key, message, signature).is_ok());
        if *is_good { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

//! The one CA that DMS will hold: a built-in root, or the certificates of a file.

use jiff::Timestamp;
use rustls_pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest, Sha256};
use webpki_roots::TLS_SERVER_ROOTS;

use crate::facts::{Gap, Unlock};

use super::certificate::Certificate;
use super::openssl::{self, Standing};
use super::read::{ReadError, read_all};
use super::signature::{Signed, signed_by};
use super::{Cause, Code, THE_CA, day};

/// What DMS holds as its CA. Usually one certificate; an import may carry several.
#[derive(Clone, Debug)]
pub struct Ca {
    pub(super) certificates: Vec<Certificate>,
}

/// ISRG Root X1 itself, self-signed, as Let's Encrypt hands it out.
pub const ISRG_ROOT_X1_PEM: &str = include_str!("isrg-root-x1.pem");

/// SHA-256 of ISRG Root X1's `SubjectPublicKeyInfo`, published by Let's Encrypt.
const ISRG_ROOT_X1_KEY: [u8; 32] = [
    0x0b, 0x9f, 0xa5, 0xa5, 0x9e, 0xed, 0x71, 0x5c, 0x26, 0xc1, 0x02, 0x0c, 0x71, 0x1b, 0x4f, 0x6e,
    0xc4, 0x2d, 0x58, 0xb0, 0x01, 0x5e, 0x14, 0x33, 0x7a, 0x39, 0xda, 0xd3, 0x01, 0xc5, 0xaf, 0xc3,
];

/// Its serial number.
const ISRG_ROOT_X1_SERIAL: [u8; 17] = [
    0x00, 0x82, 0x10, 0xcf, 0xb0, 0xd2, 0x40, 0xe3, 0x59, 0x44, 0x63, 0xe0, 0xbb, 0x63, 0x82, 0x8b,
    0x00,
];

/// Its dates, 2015-06-04 11:04:38 to 2035-06-04 11:04:38 UTC: webpki-roots keeps only subject and key.
const ISRG_ROOT_X1_DATES: (i64, i64) = (1_433_415_878, 2_064_567_878);

/// The organisations in whose names ISRG issues, all of it under ISRG Root X1.
const ISRG: [&str; 3] = ["Internet Security Research Group", "ISRG", "Let's Encrypt"];

impl Ca {
    /// ISRG Root X1, the root under which Starter and Essential clusters are certified. Found in
    /// webpki-roots by subject and key; were it ever taken out there, this CA would hold nothing,
    /// and every answer would be "can't tell".
    pub fn isrg_root_x1() -> Self {
        let certificate = TLS_SERVER_ROOTS.iter().find_map(|anchor| {
            let (from, to) = ISRG_ROOT_X1_DATES;
            let dates = (Timestamp::from_second(from).ok()?, Timestamp::from_second(to).ok()?);
            let root = Certificate::from_anchor(
                &anchor.subject,
                &anchor.subject_public_key_info,
                dates,
                &ISRG_ROOT_X1_SERIAL,
            )?;
            is_isrg_root_x1(&root).then_some(root)
        });
        Self { certificates: certificate.into_iter().collect() }
    }

    /// Reads every certificate of a PEM or DER file.
    ///
    /// # Errors
    ///
    /// When there is none in it, or a broken one: OpenSSL and DMS wouldn't take that file whole.
    pub fn read(input: &[u8]) -> Result<Self, ReadError> {
        Ok(Self { certificates: read_all(input)? })
    }

    /// No CA at all: dates and names are judged all the same, and nothing is trusted.
    pub const fn none() -> Self {
        Self { certificates: Vec::new() }
    }

    /// Every certificate of the file, in its order.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether one of them has the name and key of ISRG Root X1.
    pub fn holds_isrg_root_x1(&self) -> bool {
        self.certificates.iter().any(is_isrg_root_x1)
    }

    /// Whether one of them has the name and key of one of another CA's.
    pub fn shares_a_root_with(&self, other: &Self) -> bool {
        self.certificates.iter().any(|one| {
            other
                .certificates
                .iter()
                .any(|root| one.subject == root.subject && one.has_key_of(root))
        })
    }

    /// Whether it may be a server's own self-signed certificate, which OpenSSL takes as its own CA.
    pub fn may_be_a_servers_own(&self) -> bool {
        self.certificates
            .iter()
            .any(|one| openssl::is_self_signed(one) && openssl::standing(one) == Standing::NotACa)
    }

    /// What keeps this from being a CA at all, whatever chain it is held against: empty when one
    /// of its certificates is self-signed, a CA and in date.
    pub fn faults(&self, at: Timestamp) -> Vec<Cause> {
        if self.certificates.iter().any(|certificate| faults(certificate, at).is_empty()) {
            return Vec::new();
        }
        self.certificates.iter().flat_map(|certificate| faults(certificate, at)).collect()
    }

    /// What can't be told of it, whatever chain it is held against.
    pub fn gaps(&self, algorithms: &[&dyn SignatureVerificationAlgorithm]) -> Vec<Gap> {
        if self.certificates.is_empty() {
            return vec![Gap::new(
                THE_CA,
                "no certificate of it is at hand",
                Unlock::File("the CA's file, in PEM".into()),
            )];
        }
        self.certificates.iter().filter_map(|certificate| gap(certificate, algorithms)).collect()
    }

    pub(super) fn label(&self) -> String {
        match self.certificates.as_slice() {
            [one] => one.subject.to_string(),
            all => {
                let names: Vec<String> = all.iter().map(|one| one.subject.to_string()).collect();
                format!("any of {}", names.join(", "))
            }
        }
    }
}

/// Whether this is issued by ISRG, so that ISRG Root X1 is above it.
pub(super) fn is_isrg(certificate: &Certificate) -> bool {
    ISRG.iter().any(|name| certificate.issuer.is_of(name))
}

/// A root of Mozilla's list that signed this certificate.
pub(super) fn public_root(
    certificate: &Certificate,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Option<Certificate> {
    TLS_SERVER_ROOTS.iter().find_map(|anchor| {
        let root = Certificate::from_anchor(
            &anchor.subject,
            &anchor.subject_public_key_info,
            (Timestamp::MIN, Timestamp::MAX),
            &[],
        )?;
        let signed = root.subject == certificate.issuer
            && signed_by(certificate, &root, algorithms) == Signed::Yes;
        signed.then_some(root)
    })
}

fn is_isrg_root_x1(certificate: &Certificate) -> bool {
    certificate.subject == certificate.issuer
        && certificate.subject.to_string() == "ISRG Root X1"
        && Sha256::digest(&certificate.key.info)[..] == ISRG_ROOT_X1_KEY
}

/// Why this certificate is no trust anchor for OpenSSL.
pub(super) fn faults(certificate: &Certificate, at: Timestamp) -> Vec<Cause> {
    let name = &certificate.subject;
    let mut causes = Vec::new();
    let unsigned = (!openssl::is_self_signed(certificate))
        .then(|| format!("is not self-signed: {} issued it", certificate.issuer));
    let no_ca = (openssl::standing(certificate) == Standing::NotACa)
        .then(|| "doesn't have the marks of a CA".to_owned());
    let reasons: Vec<String> = unsigned.into_iter().chain(no_ca).collect();
    if !reasons.is_empty() {
        let detail = format!("{name}, given as the CA, {}", reasons.join(", and "));
        causes.push(Cause::of_ca(Code::BadCa, detail));
    }
    if openssl::has_expired(certificate, at) {
        let detail = format!("{name}, given as the CA, expired on {}", day(certificate.not_after));
        causes.push(Cause::of_ca(Code::BadCa, detail.clone()));
        causes.push(Cause::of_ca(Code::Expired, detail));
    }
    if openssl::is_not_yet_valid(certificate, at) {
        let detail =
            format!("{name}, given as the CA, is valid from {} only", day(certificate.not_before));
        causes.push(Cause::of_ca(Code::BadCa, detail.clone()));
        causes.push(Cause::of_ca(Code::NotYetValid, detail));
    }
    causes
}

/// What can't be told of this certificate as a trust anchor.
pub(super) fn gap(
    certificate: &Certificate,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Option<Gap> {
    let name = &certificate.subject;
    let reason = if openssl::standing(certificate) == Standing::Doubtful {
        format!(
            "{name} doesn't say in so many words that it is a CA; OpenSSL lets such old roots pass, others don't"
        )
    } else if openssl::is_self_signed(certificate)
        && !certificate.signature.is_empty()
        && signed_by(certificate, certificate, algorithms) == Signed::No
    {
        format!("{name} names itself as its issuer, but another key signed it")
    } else if !certificate.unreadable.is_empty() {
        format!("{name} has an extension that can't be read: {}", certificate.unreadable.join(", "))
    } else {
        return None;
    };
    Some(Gap::new(
        THE_CA,
        reason,
        Unlock::File("a CA certificate of version 3 from whoever runs the server".into()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_is_there_once_with_its_dates() {
        let ca = Ca::isrg_root_x1();
        assert_eq!(ca.certificates().len(), 1);
        assert!(ca.holds_isrg_root_x1());
        let link = ca.certificates()[0].link();
        assert_eq!(link.not_before.to_string(), "2015-06-04T11:04:38Z");
        assert_eq!(link.not_after.to_string(), "2035-06-04T11:04:38Z");
        assert_eq!(link.subject, "C=US, O=Internet Security Research Group, CN=ISRG Root X1");
        assert_eq!(link.key, "RSA 4096");
        assert!(ca.faults("2026-11-24T00:00:00Z".parse().unwrap()).is_empty());
    }

    #[test]
    fn the_built_in_root_ends_as_the_real_one_does() {
        let codes = |at: &str| -> Vec<Code> {
            Ca::isrg_root_x1().faults(at.parse().unwrap()).iter().map(|cause| cause.code).collect()
        };
        assert_eq!(codes("2036-01-01T00:00:00Z"), [Code::BadCa, Code::Expired]);
        assert_eq!(codes("2015-01-01T00:00:00Z"), [Code::BadCa, Code::NotYetValid]);
    }
}

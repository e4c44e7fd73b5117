//! One certificate, read into what the two judges need: names, dates, keys, extensions.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use jiff::Timestamp;
use rustls_pki_types::{Der, TrustAnchor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name, X509Version};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::der;

/// A certificate as it was read, whole.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) der: Vec<u8>,
    /// The signed part, byte for byte.
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// The content of the signature's `AlgorithmIdentifier`.
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) key: Key,
    pub(super) subject: Name,
    pub(super) issuer: Name,
    /// Of a built-in root, the subject without its outer header; empty for a certificate.
    pub(super) anchor_subject: Vec<u8>,
    pub(super) version: u32,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) serial: Vec<u8>,
    pub(super) san: Vec<San>,
    pub(super) common_names: Vec<String>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    /// Whether the key usage, where there is one, has `keyCertSign`.
    pub(super) may_sign: Option<bool>,
    /// Whether the key usage, where there is one, has what a TLS server's key needs.
    pub(super) may_serve: Option<bool>,
    /// Whether the extended key usage, where there is one, names TLS servers.
    pub(super) for_servers: Option<bool>,
    /// The old Netscape extension, which OpenSSL still takes as a word on being a CA.
    pub(super) netscape_type: bool,
    pub(super) subject_key: Option<Vec<u8>>,
    pub(super) authority: Authority,
    /// Extensions that are there and can't be read.
    pub(super) unreadable: Vec<String>,
}

/// A public key, as verifiers want it and as people name it.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The whole `SubjectPublicKeyInfo`.
    pub(super) info: Vec<u8>,
    /// The content of the key's `AlgorithmIdentifier`.
    pub(super) algorithm: Vec<u8>,
    pub(super) bits: Vec<u8>,
    pub(super) family: Family,
    /// "RSA 2048", "EC P-256".
    pub(super) label: String,
    /// Whether every verifier takes keys of this size: webpki's refuse short RSA keys, OpenSSL doesn't.
    pub(super) usual: bool,
}

/// What kind of key made a signature, or could make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Rsa,
    Ec,
    Other,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BasicConstraints {
    pub(super) ca: bool,
    pub(super) path_length: Option<u32>,
}

/// What the authority key identifier says of the issuer's certificate.
#[derive(Clone, Debug, Default)]
pub(super) struct Authority {
    pub(super) key: Option<Vec<u8>>,
    pub(super) issuer: Option<Name>,
    pub(super) serial: Option<Vec<u8>>,
}

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum San {
    Dns(String),
    Address(IpAddr),
    Other(String),
}

/// A distinguished name. Two are equal when OpenSSL calls them equal: letter case, string types
/// and runs of blanks don't count.
#[derive(Clone, Debug)]
pub(super) struct Name {
    canonical: Vec<Vec<(String, Vec<u8>)>>,
    text: String,
    short: String,
    organisations: Vec<String>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.short)
    }
}

/// What a report shows of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The whole subject.
    pub subject: String,
    /// The whole issuer.
    pub issuer: String,
    /// The first moment at which it is valid.
    #[schemars(with = "String")]
    pub not_before: Timestamp,
    /// The last moment at which it is valid.
    #[schemars(with = "String")]
    pub not_after: Timestamp,
    /// Host names and addresses that it is good for.
    pub san: Vec<String>,
    /// Kind and size of its key.
    pub key: String,
    /// Whether it says that it is a CA.
    pub ca: bool,
    /// Whether it names itself as its issuer.
    pub self_signed: bool,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate, hexadecimal. Empty where only name and key are known.
    pub fingerprint: String,
}

impl Certificate {
    /// Reads exactly one certificate; the error is a fragment that says what is wrong.
    pub(super) fn from_der(bytes: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = X509Certificate::from_der(bytes)
            .map_err(|error| format!("is not an X.509 certificate ({error})"))?;
        if !rest.is_empty() {
            return Err(format!("has {} more bytes behind the certificate", rest.len()));
        }
        Self::from_parsed(bytes, &parsed).ok_or_else(|| "has a broken key or signature".to_owned())
    }

    fn from_parsed(bytes: &[u8], parsed: &X509Certificate<'_>) -> Option<Self> {
        let (outer, _) = der::expect(bytes, der::SEQUENCE)?;
        let (signed, rest) = der::expect(outer.content, der::SEQUENCE)?;
        let (algorithm, _) = der::expect(rest, der::SEQUENCE)?;
        let subject = Name::new(&parsed.subject);
        let mut certificate = Self {
            der: bytes.to_vec(),
            signed: signed.whole.to_vec(),
            signature: parsed.signature_value.data.to_vec(),
            signature_algorithm: algorithm.content.to_vec(),
            key: Key::new(parsed.public_key())?,
            common_names: parsed
                .subject
                .iter_common_name()
                .filter_map(|name| name.as_str().ok())
                .map(str::to_owned)
                .collect(),
            subject,
            anchor_subject: Vec::new(),
            issuer: Name::new(&parsed.issuer),
            version: match parsed.version() {
                X509Version::V1 => 1,
                X509Version::V2 => 2,
                X509Version(other) => other.saturating_add(1),
            },
            not_before: moment(parsed.validity().not_before.timestamp()),
            not_after: moment(parsed.validity().not_after.timestamp()),
            serial: parsed.raw_serial().to_vec(),
            san: Vec::new(),
            basic_constraints: None,
            may_sign: None,
            may_serve: None,
            for_servers: None,
            netscape_type: false,
            subject_key: None,
            authority: Authority::default(),
            unreadable: Vec::new(),
        };
        for extension in parsed.extensions() {
            certificate.take(&extension.oid.to_id_string(), extension.parsed_extension());
        }
        Some(certificate)
    }

    fn take(&mut self, oid: &str, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(BasicConstraints {
                    ca: constraints.ca,
                    path_length: constraints.path_len_constraint,
                });
            }
            ParsedExtension::KeyUsage(usage) => {
                self.may_sign = Some(usage.key_cert_sign());
                self.may_serve = Some(
                    usage.digital_signature() || usage.key_encipherment() || usage.key_agreement(),
                );
            }
            ParsedExtension::ExtendedKeyUsage(usage) => self.for_servers = Some(usage.server_auth),
            ParsedExtension::NSCertType(_) => self.netscape_type = true,
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority = Authority {
                    key: id.key_identifier.as_ref().map(|key| key.0.to_vec()),
                    issuer: id.authority_cert_issuer.iter().flatten().find_map(|name| match name {
                        GeneralName::DirectoryName(name) => Some(Name::new(name)),
                        _ => None,
                    }),
                    serial: id.authority_cert_serial.map(<[u8]>::to_vec),
                };
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                self.san.extend(names.general_names.iter().map(San::new));
            }
            ParsedExtension::ParseError { .. } => self.unreadable.push(oid.to_owned()),
            _ => {}
        }
    }

    /// A root of which only subject and key are at hand, both without their outer DER header;
    /// dates and serial number are supplied by the caller.
    pub(super) fn from_anchor(
        subject: &[u8],
        key: &[u8],
        (not_before, not_after): (Timestamp, Timestamp),
        serial: &[u8],
    ) -> Option<Self> {
        let (anchor_subject, key) = (subject.to_vec(), wrapped(key));
        let subject = wrapped(subject);
        let (_, subject) = X509Name::from_der(&subject).ok()?;
        let (_, key) = SubjectPublicKeyInfo::from_der(&key).ok()?;
        let name = Name::new(&subject);
        Some(Self {
            der: Vec::new(),
            signed: Vec::new(),
            signature: Vec::new(),
            signature_algorithm: Vec::new(),
            key: Key::new(&key)?,
            issuer: name.clone(),
            subject: name,
            anchor_subject,
            version: 3,
            not_before,
            not_after,
            serial: serial.to_vec(),
            san: Vec::new(),
            common_names: Vec::new(),
            basic_constraints: Some(BasicConstraints { ca: true, path_length: None }),
            may_sign: Some(true),
            may_serve: None,
            for_servers: None,
            netscape_type: false,
            subject_key: None,
            authority: Authority::default(),
            unreadable: Vec::new(),
        })
    }

    /// The certificate itself. Empty for a built-in root, of which only name and key are known.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its common name, else its whole subject.
    pub fn name(&self) -> String {
        self.subject.to_string()
    }

    /// The first and the last moment at which it is valid.
    pub const fn dates(&self) -> (Timestamp, Timestamp) {
        (self.not_before, self.not_after)
    }

    /// What a report shows of it.
    pub fn link(&self) -> Link {
        Link {
            subject: self.subject.text.clone(),
            issuer: self.issuer.text.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            san: self.san.iter().map(San::to_string).collect(),
            key: self.key.label.clone(),
            ca: self.basic_constraints.is_some_and(|constraints| constraints.ca),
            self_signed: self.subject == self.issuer,
            serial: hex(&self.serial),
            fingerprint: match self.der.as_slice() {
                [] => String::new(),
                der => hex(&Sha256::digest(der)),
            },
        }
    }

    /// Name and key of a built-in root, for webpki; a certificate is read by webpki itself.
    pub(super) fn anchor(&self) -> Option<TrustAnchor<'_>> {
        let (info, _) = der::expect(&self.key.info, der::SEQUENCE)?;
        self.der.is_empty().then(|| TrustAnchor {
            subject: Der::from_slice(&self.anchor_subject),
            subject_public_key_info: Der::from_slice(info.content),
            name_constraints: None,
        })
    }

    /// Whether this is the same certificate, not only the same name or key.
    pub(super) fn is(&self, other: &Self) -> bool {
        if self.der.is_empty() || other.der.is_empty() {
            self.subject == other.subject && self.serial == other.serial && self.has_key_of(other)
        } else {
            self.der == other.der
        }
    }

    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        self.key.algorithm == other.key.algorithm && self.key.bits == other.key.bits
    }

    /// What kind of key made its signature.
    pub(super) fn signature_family(&self) -> Family {
        family(&self.signature_algorithm)
    }
}

impl Key {
    fn new(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let (outer, _) = der::expect(info.raw, der::SEQUENCE)?;
        let (algorithm, bits) = der::public_key(outer.content)?;
        let (label, usual) = match info.parsed() {
            Ok(PublicKey::RSA(key)) => {
                let size = key.key_size();
                let usual = (2048..=8192).contains(&size)
                    && key.try_exponent().is_ok_and(|e| [3, 17, 65537].contains(&e));
                (format!("RSA {size}"), usual)
            }
            Ok(PublicKey::EC(_)) => (format!("EC {}", curve(algorithm)), true),
            _ if algorithm == ED25519 => ("Ed25519".to_owned(), true),
            _ => (format!("algorithm {}", info.algorithm.algorithm), false),
        };
        let (algorithm, bits, family) = (algorithm.to_vec(), bits.to_vec(), family(algorithm));
        Some(Self { info: info.raw.to_vec(), algorithm, bits, family, label, usual })
    }
}

const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// Object identifiers of RSA start with 1.2.840.113549.1.1, those of elliptic curves with 1.2.840.10045.
fn family(algorithm: &[u8]) -> Family {
    let oid = der::read(algorithm).map_or(&[][..], |(oid, _)| oid.content);
    if oid.starts_with(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01]) {
        Family::Rsa
    } else if oid.starts_with(&[0x2a, 0x86, 0x48, 0xce, 0x3d]) {
        Family::Ec
    } else {
        Family::Other
    }
}

fn curve(algorithm: &[u8]) -> &'static str {
    let parameters = der::read(algorithm).map_or(&[][..], |(_, rest)| rest);
    match der::read(parameters).map_or(&[][..], |(oid, _)| oid.content) {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => "P-256",
        [0x2b, 0x81, 0x04, 0x00, 0x22] => "P-384",
        [0x2b, 0x81, 0x04, 0x00, 0x23] => "P-521",
        _ => "on another curve",
    }
}

impl San {
    fn new(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Dns((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes)
                .map_or_else(|| Self::Other(format!("IP:{}", hex(bytes))), Self::Address),
            GeneralName::RFC822Name(name) => Self::Other(format!("email:{name}")),
            GeneralName::URI(name) => Self::Other(format!("URI:{name}")),
            other => Self::Other(other.to_string()),
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Other(name) => out.write_str(&printable(name)),
            Self::Address(address) => address.fmt(out),
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

impl Name {
    fn new(name: &X509Name<'_>) -> Self {
        let canonical = name
            .iter_rdn()
            .map(|set| {
                set.iter()
                    .map(|attribute| {
                        let value = attribute.as_str().map_or_else(
                            |_| attribute.as_slice().to_vec(),
                            |text| folded(text).into_bytes(),
                        );
                        (attribute.attr_type().to_id_string(), value)
                    })
                    .collect()
            })
            .collect();
        let text = printable(&name.to_string());
        let short = name
            .iter_common_name()
            .filter_map(|name| name.as_str().ok())
            .find(|name| !name.trim().is_empty())
            .map_or_else(|| text.clone(), printable);
        let organisations = name
            .iter_organization()
            .filter_map(|name| name.as_str().ok())
            .map(str::to_owned)
            .collect();
        let short = if short.is_empty() { "(no name)".to_owned() } else { short };
        Self { canonical, text, short, organisations }
    }

    /// Whether it names this organisation.
    pub(super) fn is_of(&self, organisation: &str) -> bool {
        self.organisations.iter().any(|name| name == organisation)
    }
}

/// How OpenSSL folds a name before it compares: ASCII letters lower, blanks trimmed and run together.
fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.join(" ").to_ascii_lowercase()
}

/// Names come from a server: nothing that steers a terminal passes.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::new(), |mut out, c| {
        if steers(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

/// "99991231235959Z", which means "no end", lies a day beyond the last moment that a
/// `Timestamp` holds.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn wrapped(content: &[u8]) -> Vec<u8> {
    let mut out = vec![der::SEQUENCE];
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|digit| **digit == 0).count()..];
    match digits {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        digits => {
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string can't fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_as_openssl_folds_them() {
        assert_eq!(folded("  ISRG \t Root  X1 "), "isrg root x1");
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}"), "a\\u{1b}[31mb\\u{202e}");
    }

    #[test]
    fn no_end_is_the_last_moment() {
        assert_eq!(moment(253_402_300_799), Timestamp::MAX);
        assert_eq!(moment(i64::MIN), Timestamp::MIN);
    }

    #[test]
    fn a_header_is_put_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![5; length];
            let whole = wrapped(&content);
            let (element, rest) = der::expect(&whole, der::SEQUENCE).unwrap();
            assert_eq!((element.content, rest.len()), (&content[..], 0));
        }
    }
}

//! From what a user has (PEM, DER, the text of `openssl s_client`) to the certificates in it.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::certificate::Certificate;

/// What a server sent, in the order sent, and what else its handshake showed.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    pub(super) sent: Vec<Certificate>,
    pub(super) tls12: Tls12,
    /// How many certificates the text lists without showing them.
    pub(super) unshown: usize,
    protocol: Option<String>,
}

/// Whether a server speaks TLS 1.2, the only version that DMS speaks to a `MySQL` endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tls12 {
    /// A handshake ended in it.
    Offered,
    /// A client offered it and the server refused the version; the words that show it.
    Refused(String),
    /// A handshake ended in an older version. The client may have asked for just that.
    Doubtful(String),
    /// Nothing was seen that decides it. A handshake that ended in TLS 1.3 says nothing about 1.2.
    #[default]
    Unseen,
}

/// Why there is nothing to judge.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReadError {
    /// Nothing but blanks.
    #[error("the input is empty")]
    Empty,
    /// Readable, but of something else; what it is, where that can be said.
    #[error("no certificate in this {0}")]
    NoCertificate(String),
    /// A PEM block that isn't a certificate, counted from 1, with its line.
    #[error("certificate block {block} (line {line}) {reason}")]
    BrokenBlock {
        /// Which of the blocks.
        block: usize,
        /// The line of its first dash.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A DER certificate that can't be read, counted from 1.
    #[error("certificate {0} {1}")]
    BrokenCertificate(usize, String),
    /// Two outputs of `s_client` in one text, with different certificates.
    #[error("this text holds {0} handshakes with different certificates; give one of them")]
    SeveralHandshakes(usize),
}

impl Chain {
    /// Reads PEM, DER or the whole text of `openssl s_client -showcerts`.
    ///
    /// # Errors
    ///
    /// When there is no certificate in it, or a broken one. The text of a handshake that failed
    /// because the server refuses TLS 1.2 is an answer, and gives an empty chain.
    pub fn read(input: &[u8]) -> Result<Self, ReadError> {
        if let Some(sent) = read_der(input) {
            return Ok(Self { sent: sent?, ..Self::default() });
        }
        let text = decode(input);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let starts: Vec<usize> =
            (0..lines.len()).filter(|at| lines[*at] == "Certificate chain").collect();
        let Some(first) = starts.first() else {
            let tls12 = tls12(&lines);
            let sent = match blocks(&lines, 0) {
                Err(ReadError::NoCertificate(_)) if matches!(tls12, Tls12::Refused(_)) => {
                    Vec::new()
                }
                other => other?,
            };
            return Ok(Self { sent, tls12, protocol: protocol(&lines), unshown: 0 });
        };
        let chain = Self::handshake(&lines, *first)?;
        for start in &starts[1..] {
            let other = Self::handshake(&lines, *start)?;
            let same = chain.sent.iter().map(|c| &c.der).eq(other.sent.iter().map(|c| &c.der));
            if !same {
                return Err(ReadError::SeveralHandshakes(starts.len()));
            }
        }
        Ok(Self { tls12: tls12(&lines), protocol: protocol(&lines), ..chain })
    }

    /// Takes certificates in DER, in the order sent.
    ///
    /// # Errors
    ///
    /// When one of them can't be read. No certificates at all are an empty chain.
    pub fn from_der<T: AsRef<[u8]>>(
        certificates: impl IntoIterator<Item = T>,
    ) -> Result<Self, ReadError> {
        let sent = certificates
            .into_iter()
            .enumerate()
            .map(|(index, der)| {
                Certificate::from_der(der.as_ref())
                    .map_err(|reason| ReadError::BrokenCertificate(index + 1, reason))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { sent, ..Self::default() })
    }

    /// Takes certificates in DER written in base64, as facts hold them, in the order sent.
    ///
    /// # Errors
    ///
    /// When one of them can't be read.
    pub fn from_base64<T: AsRef<str>>(
        certificates: impl IntoIterator<Item = T>,
    ) -> Result<Self, ReadError> {
        let mut ders = Vec::new();
        for (index, text) in certificates.into_iter().enumerate() {
            let pem = format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                text.as_ref()
            );
            ders.push(CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
                ReadError::BrokenCertificate(index + 1, "is not base64".to_owned())
            })?);
        }
        Self::from_der(ders)
    }

    /// The same chain with what a handshake of TLS 1.2 alone showed.
    #[must_use]
    pub fn with_tls12(self, tls12: Tls12) -> Self {
        Self { tls12, ..self }
    }

    /// The certificates, in the order sent.
    pub fn certificates(&self) -> &[Certificate] {
        &self.sent
    }

    /// How many certificates the text lists without showing them, as `s_client` does where nobody
    /// asked it to show them.
    pub const fn unshown(&self) -> usize {
        self.unshown
    }

    /// What was seen of TLS 1.2.
    pub fn tls12(&self) -> &Tls12 {
        &self.tls12
    }

    /// The protocol that a text of `s_client` shows, such as `TLSv1.3`.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// One handshake of `s_client`: the blocks between "Certificate chain" and "Server certificate".
    /// The block after that is the first one again, or the only one, when `-showcerts` was left out.
    fn handshake(lines: &[&str], start: usize) -> Result<Self, ReadError> {
        let length_of = |title: &str| lines[start + 1..].iter().position(|line| *line == title);
        let next = length_of("Certificate chain").map_or(lines.len(), |at| start + 1 + at);
        let end = length_of("Server certificate").map_or(next, |at| (start + 1 + at).min(next));
        let listed = lines[start..end].iter().filter(|line| is_listing(line)).count();
        let sent = match blocks(&lines[start..end], start) {
            Err(ReadError::NoCertificate(_)) => {
                let mut leaf = blocks(&lines[start..next], start)?;
                leaf.truncate(1);
                leaf
            }
            other => other?,
        };
        let unshown = listed.saturating_sub(sent.len());
        Ok(Self { sent, unshown, ..Self::default() })
    }
}

/// Reads every certificate of a PEM or DER file.
pub(super) fn read_all(input: &[u8]) -> Result<Vec<Certificate>, ReadError> {
    if let Some(certificates) = read_der(input) {
        return certificates;
    }
    let text = decode(input);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    blocks(&lines, 0)
}

/// DER starts with a sequence of more than 127 bytes, and no text does: 0x30 is "0", 0x82 isn't ASCII.
fn read_der(input: &[u8]) -> Option<Result<Vec<Certificate>, ReadError>> {
    let [0x30, 0x81..=0x84, ..] = input else {
        return None;
    };
    let mut rest = input;
    let mut certificates = Vec::new();
    while !rest.is_empty() {
        let broken = |reason| ReadError::BrokenCertificate(certificates.len() + 1, reason);
        let Some((element, behind)) = super::der::read(rest) else {
            return Some(Err(broken("is cut short".to_owned())));
        };
        match Certificate::from_der(element.whole) {
            Ok(certificate) => certificates.push(certificate),
            Err(reason) => return Some(Err(broken(reason))),
        }
        rest = behind;
    }
    Some(Ok(certificates))
}

/// Text as people save it; `PowerShell` writes UTF-16 when output is sent to a file.
fn decode(input: &[u8]) -> String {
    let units = |pair: fn([u8; 2]) -> u16, bytes: &[u8]| -> String {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| pair([unit[0], unit[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match input {
        [0xff, 0xfe, text @ ..] => units(u16::from_le_bytes, text),
        [0xfe, 0xff, text @ ..] => units(u16::from_be_bytes, text),
        [0xef, 0xbb, 0xbf, text @ ..] | text => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Every certificate block of a text; `offset` is the number of lines before it.
fn blocks(lines: &[&str], offset: usize) -> Result<Vec<Certificate>, ReadError> {
    let mut certificates = Vec::new();
    let mut others = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let start = at;
        at += 1;
        let Some(label) = label(lines[start], "-----BEGIN ") else {
            continue;
        };
        let broken = |reason: String| ReadError::BrokenBlock {
            block: certificates.len() + 1,
            line: offset + start + 1,
            reason,
        };
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => {}
            "TRUSTED CERTIFICATE" => {
                return Err(broken(
                    "is in OpenSSL's own TRUSTED form, which DMS doesn't take".to_owned(),
                ));
            }
            other => {
                others.push(other.to_owned());
                continue;
            }
        }
        let length = lines[at..].iter().position(|line| line.starts_with("-----"));
        let Some(length) =
            length.filter(|length| self::label(lines[at + length], "-----END ") == Some(label))
        else {
            return Err(broken("has no end".to_owned()));
        };
        let body = lines[at..at + length].join("\n");
        at += length + 1;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| broken("is not base64".to_owned()))?;
        certificates.push(Certificate::from_der(&der).map_err(broken)?);
    }
    if certificates.is_empty() { Err(nothing(lines, &others)) } else { Ok(certificates) }
}

fn label<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

fn nothing(lines: &[&str], others: &[String]) -> ReadError {
    if lines.iter().all(|line| line.is_empty()) {
        return ReadError::Empty;
    }
    ReadError::NoCertificate(if lines.contains(&"no peer certificate available") {
        "text: the handshake ended before the server sent one".to_owned()
    } else if others.iter().any(|other| other.contains("-----")) {
        "text: its blocks have lost their line breaks".to_owned()
    } else if let Some(other) = others.first() {
        format!("text, only a {}", other.escape_default())
    } else {
        "text: no line -----BEGIN CERTIFICATE-----".to_owned()
    })
}

/// " 2 s:CN = ISRG Root X1", a line of the list that `s_client` prints with or without `-showcerts`.
fn is_listing(line: &str) -> bool {
    line.split_once(" s:").is_some_and(|(number, _)| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// The line "New, TLSv1.2, Cipher is …" names the cipher's version, not the session's, except for 1.3.
fn protocol(lines: &[&str]) -> Option<String> {
    let named = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        let known = value.strip_prefix("TLSv1").or_else(|| value.strip_prefix("SSLv"))?;
        let fits = known.len() <= 2 && known.bytes().all(|b| b == b'.' || b.is_ascii_digit());
        (name.trim_end() == "Protocol" && fits).then(|| value.to_owned())
    });
    let new = || lines.iter().any(|line| line.starts_with("New, TLSv1.3, "));
    named.or_else(|| new().then(|| "TLSv1.3".to_owned()))
}

/// A client that offered 1.2 shows "Protocol : TLSv1.2" even when the handshake failed, and then
/// "New, (NONE)". Only an error about the version makes that failure a proof.
fn tls12(lines: &[&str]) -> Tls12 {
    let shown = protocol(lines);
    let failed = lines.iter().any(|line| line.starts_with("New, (NONE)"));
    let refusal = lines.iter().find(|line| {
        line.contains(":error:")
            && (line.contains("alert protocol version") || line.contains(":unsupported protocol:"))
    });
    match (shown.as_deref(), failed, refusal) {
        (Some("TLSv1.2"), true, Some(refusal)) => {
            let words = if refusal.contains("alert") {
                "the server answered TLS 1.2 with the alert `protocol version`"
            } else {
                "the server answered TLS 1.2 with an older version"
            };
            Tls12::Refused(words.to_owned())
        }
        (Some("TLSv1.2"), false, None) => Tls12::Offered,
        (Some(old @ ("TLSv1" | "TLSv1.0" | "TLSv1.1" | "SSLv3" | "SSLv2")), _, _) => {
            Tls12::Doubtful(format!("the handshake shown is of {old}"))
        }
        _ => Tls12::Unseen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_read_says_why() {
        let error = |text: &str| Chain::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(" \n\t"), "the input is empty");
        assert_eq!(
            error("hello"),
            "no certificate in this text: no line -----BEGIN CERTIFICATE-----"
        );
        assert_eq!(
            error("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
            "no certificate in this text, only a PRIVATE KEY"
        );
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----"),
            "no certificate in this text: its blocks have lost their line breaks"
        );
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "certificate block 1 (line 1) has no end"
        );
        assert_eq!(
            error("x\n-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n"),
            "certificate block 1 (line 2) is not base64"
        );
    }

    #[test]
    fn a_version_alert_to_a_client_of_1_2_proves_that_it_is_not_offered() {
        let text = "error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:x\n\
                    CONNECTED(00000003)\nno peer certificate available\n\
                    New, (NONE), Cipher is (NONE)\n    Protocol  : TLSv1.2\n";
        let text = format!("80:{text}");
        let chain = Chain::read(text.as_bytes()).unwrap();
        assert!(chain.certificates().is_empty());
        assert!(matches!(chain.tls12(), Tls12::Refused(_)), "{:?}", chain.tls12());
    }

    #[test]
    fn a_refused_client_of_1_3_proves_nothing() {
        let text = "80:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:x\n\
                    CONNECTED(00000003)\nno peer certificate available\n\
                    New, (NONE), Cipher is (NONE)\n";
        let error = Chain::read(text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("ended before the server sent one"), "{error}");
        assert_eq!(tls12(&["New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384"]), Tls12::Unseen);
        assert_eq!(
            tls12(&["New, TLSv1.0, Cipher is ECDHE-RSA-AES256-SHA", "Protocol  : TLSv1.2"]),
            Tls12::Offered
        );
        assert!(matches!(tls12(&["Protocol  : TLSv1.1"]), Tls12::Doubtful(_)));
    }
}

//! Which suites of TLS 1.2 go with which server.
//!
//! AWS says of Aurora MySQL from 8.4 on, as source and as target: it "only supports GCM cipher suites for
//! TLS 1.2. All CBC-mode ciphers have been removed", DMS "will auto-negotiate a supported GCM cipher", and
//! a list of one's own has to have one of [`NEEDED`] (`CHAP_Source.MySQL`, `CHAP_Target.MySQL`). MySQL itself
//! allows nothing but AEAD suites in `ssl_cipher` since 8.4.0 ("Support for weak ciphers" in its manual's
//! "Features Removed"). Which suites DMS has beyond these, nobody documents.

use crate::grants::{Family, Server};

/// Those of which AWS wants one.
pub(super) const NEEDED: &str = "ECDHE-RSA-AES128-GCM-SHA256, ECDHE-RSA-AES256-GCM-SHA384, \
                                 ECDHE-ECDSA-AES128-GCM-SHA256 or ECDHE-ECDSA-AES256-GCM-SHA384";

/// Whether a suite encrypts in CBC mode, by its name at IANA or OpenSSL's: there it goes without saying.
pub(super) fn is_cbc(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('_', "-");
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match name.strip_prefix("TLS-") {
        Some(_) => name.contains("-CBC-"),
        None => {
            let is_block = has(&["AES", "CAMELLIA", "ARIA", "SEED", "IDEA", "DES-CBC"]);
            is_block && !has(&["GCM", "CCM"])
        }
    }
}

/// Whether a server of this version takes AEAD suites alone.
pub(super) fn is_aead_alone(version: &str) -> bool {
    let server = Server::parse(version);
    matches!(server.family(), Family::MySql | Family::Aurora) && server.version() >= [8, 4, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_mode() {
        for cbc in [
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "ECDHE-RSA-AES256-SHA384",
            "ECDHE-ECDSA-AES128-SHA",
            "DHE-RSA-CAMELLIA256-SHA256",
            "AES128-SHA",
            "DES-CBC3-SHA",
        ] {
            assert!(is_cbc(cbc), "{cbc}");
        }
        for other in [
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_RSA_WITH_AES_128_CCM_8",
            "TLS_AES_128_GCM_SHA256",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "ECDHE-ARIA256-GCM-SHA384",
            "AES256-CCM8",
            "RC4-SHA",
            "unknown",
        ] {
            assert!(!is_cbc(other), "{other}");
        }
    }

    #[test]
    fn mysql_and_aurora_take_aead_alone_from_8_4() {
        for from in ["8.4.0", "8.4.7-log", "8.4.3-3", "9.1.0", "8.4.mysql_aurora.8.4.7"] {
            assert!(is_aead_alone(from), "{from}");
        }
        for other in [
            "8.0.39",
            "8.3.0",
            "5.7.44-log",
            "8.0.mysql_aurora.3.08.0",
            "11.8.3-MariaDB",
            "5.5.5-10.11.19-MariaDB",
            "8.0.11-TiDB-v8.5.4",
            "8.4.0-Vitess",
            "",
        ] {
            assert!(!is_aead_alone(other), "{other}");
        }
    }
}

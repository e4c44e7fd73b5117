//! Evidence that doesn't say itself what it is about: texts that a client or `openssl` printed, and
//! documents of a migration's parts. It is recognised here, and settled once the migration is known.

use std::{collections::BTreeMap, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use tidb_dms_checks::{
    facts::{
        inventory::iam::AttachedPolicy,
        probe::{TlsOutcome, TlsSession},
    },
    grants::{Pasted, pasted},
    trust::{Ca, Chain, ReadError, Tls12},
};

use super::{hashes::without_hashes, tidb_cloud::Saved};

/// Evidence, and the name of the file that it came in.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    /// The file, as a user would name it.
    pub(super) file: String,
    /// The evidence.
    pub(super) what: T,
}

/// All evidence that is still to be settled.
#[derive(Clone, Debug, Default)]
pub struct Loose {
    pub(super) grants: Vec<Found<Session>>,
    pub(super) handshakes: Vec<Found<Handshake>>,
    pub(super) authorities: Vec<Found<Authority>>,
    pub(super) clouds: Vec<Found<Saved>>,
    pub(super) mappings: Vec<Found<String>>,
    pub(super) settings: Vec<Found<String>>,
    pub(super) policies: Vec<Found<Vec<AttachedPolicy>>>,
}

/// What a client's session printed: grants, and what stood around them.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) grants: Pasted,
    /// `SELECT VERSION()`, or the client's greeting.
    pub(super) version: Option<String>,
    /// `SELECT CURRENT_ROLE()`.
    pub(super) current_role: Option<String>,
}

/// What `openssl s_client` printed.
#[derive(Clone, Debug)]
pub(super) struct Handshake {
    /// Where its command line connects to, if that stands in the text too.
    pub(super) place: Option<(String, u16)>,
    /// The names that the server's certificate is good for.
    pub(super) names: Vec<String>,
    /// The handshake, or why its text isn't one.
    pub(super) tls: Option<Result<TlsOutcome, String>>,
    /// What it says of TLS 1.2 alone.
    pub(super) tls12: Option<TlsOutcome>,
}

/// Certificates in a file of their own.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    /// The file's PEM text.
    pub(super) pem: String,
    /// Whether there is one certificate, and it is a CA's own.
    pub(super) is_root: bool,
}

impl Loose {
    /// Whether nothing is left to settle.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
            && self.handshakes.is_empty()
            && self.authorities.is_empty()
            && self.clouds.is_empty()
            && self.mappings.is_empty()
            && self.settings.is_empty()
            && self.policies.is_empty()
    }

    /// Takes what a text holds. Says whether anything was recognised, or why what was recognised
    /// can't be used.
    pub(super) fn take_text(&mut self, path: &Path, text: &str) -> Result<bool, String> {
        let file = path.display().to_string();
        let mut is_found = false;
        let (version, current_role) = (version(text), only(asked(text, "CURRENT_ROLE()")));
        let answers = pasted(text);
        if answers.iter().any(|answer| answer.is_doubtful) {
            return Err("lines of SHOW GRANTS can't be read, or it was asked with USING: \
                        send all that SHOW GRANTS prints in the account's own session"
                .into());
        }
        // Whose version it is can't be told when there are several servers.
        let is_alone = answers.len() == 1;
        for mut grants in answers {
            grants.lines = grants.lines.iter().map(|line| without_hashes(line)).collect();
            is_found = true;
            self.grants.push(Found {
                file: file.clone(),
                what: Session {
                    grants,
                    version: version.clone().filter(|_| is_alone),
                    current_role: current_role.clone().filter(|_| is_alone),
                },
            });
        }
        if is_handshake(text) {
            let what = handshake(text).map_err(|error| error.to_string())?;
            self.handshakes.push(Found { file, what });
            is_found = true;
        } else if text.contains("-----BEGIN CERTIFICATE-----") {
            let ca = Ca::read(text.as_bytes()).map_err(|error| error.to_string())?;
            let is_root = match ca.certificates() {
                [one] => one.link().ca && one.link().self_signed,
                _ => false,
            };
            self.authorities.push(Found { file, what: Authority { pem: text.into(), is_root } });
            is_found = true;
        }
        Ok(is_found)
    }
}

/// The version that the server printed: in the client's greeting, or as the answer to a question.
fn version(text: &str) -> Option<String> {
    let greetings = text.lines().filter_map(|line| {
        let version = line.trim().strip_prefix("Server version:")?.trim();
        version.split_whitespace().next().map(str::to_owned)
    });
    only(greetings.chain(asked(text, "VERSION()")).collect())
}

/// What is said once, or the same each time: of two sessions in one text none is meant.
fn only(mut said: Vec<String>) -> Option<String> {
    said.dedup();
    if said.len() == 1 { said.pop() } else { None }
}

/// The answers to `SELECT …`, as a client prints them: a title, and the value below or beside it.
fn asked(text: &str, title: &str) -> Vec<String> {
    let plain = |line: &str| line.trim().trim_matches('|').trim().to_owned();
    let mut lines = text.lines().map(plain).filter(|line| !line.starts_with("+-"));
    let mut answers = Vec::new();
    while let Some(line) = lines.next() {
        if line.eq_ignore_ascii_case(title) {
            answers.extend(lines.next().filter(|value| !value.is_empty()));
            continue;
        }
        let start = line.get(..title.len()).is_some_and(|it| it.eq_ignore_ascii_case(title));
        if start && let Some(value) = line[title.len()..].strip_prefix(':') {
            answers.push(value.trim().to_owned());
        }
    }
    answers
}

fn is_handshake(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        line == "Certificate chain" || line.starts_with("CONNECTED(")
    })
}

fn handshake(text: &str) -> Result<Handshake, ReadError> {
    let chain = Chain::read(text.as_bytes())?;
    let session = session(text, &chain);
    let tls = match (&session, chain.certificates().is_empty()) {
        (Some(session), _) if chain.unshown() == 0 => {
            Some(Ok(TlsOutcome::Session(session.clone())))
        }
        (_, true) => None,
        (Some(_), false) => Some(Err(format!(
            "the text lists {} certificates and shows {}: it wants -showcerts",
            chain.unshown() + chain.certificates().len(),
            chain.certificates().len()
        ))),
        (None, false) => Some(Err("the handshake in the text wasn't finished".to_owned())),
    };
    let tls12 = match chain.tls12() {
        Tls12::Offered => session.filter(|_| chain.unshown() == 0).map(TlsOutcome::Session),
        Tls12::Refused(words) if words.contains("alert") => {
            let alert = "protocol_version".to_owned();
            Some(TlsOutcome::Refused { alert, chain: Vec::new() })
        }
        _ => None,
    };
    Ok(Handshake {
        place: place(text),
        names: chain.certificates().first().map(|leaf| leaf.link().san).unwrap_or_default(),
        tls,
        tls12,
    })
}

/// The session of a handshake that was finished: `s_client` has the server prove its key by then.
fn session(text: &str, chain: &Chain) -> Option<TlsSession> {
    let new = text.lines().find_map(|line| line.trim().strip_prefix("New, "))?;
    let (version, cipher) = new.split_once(", Cipher is ")?;
    // A suite that is older than TLS 1.2 is good for it too: only a newer one tells the version.
    let told = ["TLSv1.2", "TLSv1.3"].contains(&version).then_some(version);
    let protocol = chain.protocol().or(told)?;
    let certificates = chain.certificates().iter();
    (protocol.starts_with("TLSv1") && cipher != "(NONE)").then(|| TlsSession {
        protocol: protocol.to_owned(),
        cipher: iana(cipher),
        chain: certificates.map(|certificate| STANDARD.encode(certificate.der())).collect(),
        key_proved: true,
    })
}

/// OpenSSL has names of its own for the suites of TLS 1.2; those that a server and DMS could agree on
/// are written as everywhere else in the facts.
fn iana(cipher: &str) -> String {
    let known = match cipher {
        "ECDHE-RSA-AES128-GCM-SHA256" => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384" => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256" => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384" => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305" => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305" => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "DHE-RSA-AES128-GCM-SHA256" => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "DHE-RSA-AES256-GCM-SHA384" => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "DHE-RSA-CHACHA20-POLY1305" => "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "AES128-GCM-SHA256" => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "AES256-GCM-SHA384" => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-AES256-SHA384" => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        "ECDHE-RSA-AES256-SHA384" => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        "ECDHE-ECDSA-AES128-SHA256" => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "ECDHE-RSA-AES128-SHA256" => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "DHE-RSA-AES256-SHA256" => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        "DHE-RSA-AES128-SHA256" => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
        "ECDHE-ECDSA-AES256-SHA" => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "ECDHE-RSA-AES256-SHA" => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "ECDHE-ECDSA-AES128-SHA" => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "ECDHE-RSA-AES128-SHA" => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "DHE-RSA-AES256-SHA" => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        "DHE-RSA-AES128-SHA" => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        "AES256-SHA256" => "TLS_RSA_WITH_AES_256_CBC_SHA256",
        "AES128-SHA256" => "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "AES256-SHA" => "TLS_RSA_WITH_AES_256_CBC_SHA",
        "AES128-SHA" => "TLS_RSA_WITH_AES_128_CBC_SHA",
        other => other,
    };
    known.to_owned()
}

/// Where a command line in the text connects to: `-connect HOST:PORT`.
fn place(text: &str) -> Option<(String, u16)> {
    let line = text.lines().find(|line| line.contains("s_client") && line.contains("-connect"))?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == "-connect")?;
    let (host, port) = words.next()?.trim_matches(['"', '\'']).rsplit_once(':')?;
    Some((host.trim_end_matches('.').to_ascii_lowercase(), port.parse().ok()?))
}

/// A document of one migration's parts, by its members.
pub(super) fn part(members: &BTreeMap<String, serde_json::Value>) -> Option<Part> {
    let is_rule = |rule: &serde_json::Value| rule.get("rule-type").is_some();
    let rules = members.get("rules").and_then(serde_json::Value::as_array);
    if rules.is_some_and(|rules| rules.iter().any(is_rule)) {
        return serde_json::to_string(members).ok().map(Part::Mappings);
    }
    let sections = SETTINGS.iter().filter(|section| members.contains_key(**section)).count();
    (sections >= 2).then(|| serde_json::to_string(members).ok().map(Part::Settings)).flatten()
}

/// A part of a migration.
pub(super) enum Part {
    Mappings(String),
    Settings(String),
}

/// Sections of a task's settings. Two of them are one document's.
pub(super) const SETTINGS: [&str; 18] = [
    "BeforeImageSettings",
    "ChangeProcessingDdlHandlingPolicy",
    "ChangeProcessingTuning",
    "CharacterSetSettings",
    "ControlTablesSettings",
    "ErrorBehavior",
    "FailTaskWhenCleanTaskResourceFailed",
    "FullLoadSettings",
    "Logging",
    "LoopbackPreventionSettings",
    "PostProcessingRules",
    "StreamBufferSettings",
    "TTSettings",
    "TargetMetadata",
    "ValidationSettings",
    "FullLoadExceptionTableSettings",
    "CdcInsertsAndUpdates",
    "ResilienceSettings",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_with_what_stands_around() {
        for (text, version, role) in [
            (
                "Server version: 8.0.11-TiDB-v8.5.4 TiDB Server (Apache License 2.0)\n\
                 Grants for u@%\nGRANT USAGE ON *.* TO 'u'@'%'\nCURRENT_ROLE()\n`r`@`%`\n",
                Some("8.0.11-TiDB-v8.5.4"),
                Some("`r`@`%`"),
            ),
            (
                "+-----------+\n| version() |\n+-----------+\n| 8.4.3     |\n+-----------+\n\
                 Grants for u@%: GRANT USAGE ON *.* TO `u`@`%`\nCURRENT_ROLE(): NONE",
                Some("8.4.3"),
                Some("NONE"),
            ),
            ("GRANT USAGE ON *.* TO `u`@`%`", None, None),
            // Two servers, and two answers about roles: which of them the grants go with isn't said.
            (
                "Server version: 8.0.11-TiDB-v8.5.4\nBye\nServer version: 8.4.3 MySQL\n\
                 CURRENT_ROLE()\nNONE\nCURRENT_ROLE()\n`r`@`%`\nGrants for u@%\n\
                 GRANT USAGE ON *.* TO 'u'@'%'",
                None,
                None,
            ),
        ] {
            let mut loose = Loose::default();
            assert_eq!(loose.take_text(Path::new("f"), text), Ok(true), "{text}");
            let session = &loose.grants[0].what;
            assert_eq!(session.version.as_deref(), version, "{text}");
            assert_eq!(session.current_role.as_deref(), role, "{text}");
        }
    }

    #[test]
    fn hashes_do_not_get_in() {
        let text = "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*6C8989366EAF75BB'";
        let mut loose = Loose::default();
        loose.take_text(Path::new("f"), text).unwrap();
        assert!(!format!("{loose:?}").contains("6C8989"));
    }

    #[test]
    fn a_command_line_tells_where_it_went() {
        for (text, place_of) in [
            (
                "$ openssl s_client -starttls mysql -connect Db.example.com.:4000 -showcerts",
                Some("db.example.com"),
            ),
            ("$ openssl s_client -connect 'a:3306'", Some("a")),
            ("$ openssl s_client -connect a", None),
            ("CONNECTED(00000003)", None),
        ] {
            assert_eq!(place(text).map(|(host, _)| host).as_deref(), place_of, "{text}");
        }
    }

    #[test]
    fn a_refused_version_is_an_answer() {
        let text = "$ openssl s_client -starttls mysql -tls1_2 -connect a:4000\n\
                    80:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:x\n\
                    CONNECTED(00000003)\nno peer certificate available\n\
                    New, (NONE), Cipher is (NONE)\n    Protocol  : TLSv1.2\n";
        let read = handshake(text).unwrap();
        assert!(read.tls.is_none());
        assert!(matches!(read.tls12, Some(TlsOutcome::Refused { .. })));
        assert_eq!(read.place, Some(("a".into(), 4000)));
    }

    #[test]
    fn parts_are_known_by_their_members() {
        let members = |text: &str| serde_json::from_str(text).unwrap();
        let is = |text: &str| match part(&members(text)) {
            Some(Part::Mappings(_)) => "mappings",
            Some(Part::Settings(_)) => "settings",
            None => "nothing",
        };
        assert_eq!(is(r#"{"rules": [{"rule-type": "selection"}]}"#), "mappings");
        assert_eq!(is(r#"{"rules": [{"id": 1}]}"#), "nothing");
        assert_eq!(is(r#"{"TargetMetadata": {}, "Logging": {}}"#), "settings");
        assert_eq!(is(r#"{"Logging": {}}"#), "nothing");
    }
}

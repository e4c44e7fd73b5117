//! Facts documents: what an earlier run saved, or another tool wrote.

use std::{fs::File, io::Read, path::Path};

use serde::Deserialize;
use serde_json::Value;
use tidb_dms_checks::facts::{Facts, VERSION};

use super::{CollectError, text};

/// The newest version that this program reads, for messages.
pub(super) const READ: u32 = VERSION;

/// Reads a facts document, strictly: a field that this version doesn't know could matter.
///
/// The version is looked at first, so that a newer document is called newer and not broken.
pub fn read(path: &Path) -> Result<Facts, CollectError> {
    let mut document = Vec::new();
    File::open(path)
        .and_then(text::open)
        .and_then(|mut text| text.read_to_end(&mut document))
        .map_err(|error| CollectError::io(path, error))?;
    if document.iter().all(u8::is_ascii_whitespace) {
        return Err(CollectError::EmptyFile(path.into()));
    }
    let json = |error| CollectError::json(path, error);
    let version = serde_json::from_slice::<Versioned>(&document).map_err(json)?.version;
    match version {
        None => return Err(CollectError::NotFacts(path.into())),
        Some(version) if !is_read(&version) => {
            return Err(CollectError::Version { path: path.into(), version: version.to_string() });
        }
        Some(_) => {}
    }
    serde_json::from_slice(&document).map_err(json)
}

fn is_read(version: &Value) -> bool {
    version.as_u64().is_some_and(|version| (1..=u64::from(VERSION)).contains(&version))
}

/// Just the version of a document.
#[derive(Deserialize)]
struct Versioned {
    version: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(document: &[u8]) -> Result<Facts, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.json");
        std::fs::write(&path, document).unwrap();
        read(&path).map_err(|error| {
            let text = error.to_string();
            text.replace(path.to_str().unwrap(), "facts.json")
        })
    }

    #[test]
    fn what_was_written_is_read_again() {
        let mut facts = Facts::new("2026-11-24T10:00:00Z".parse().unwrap());
        facts.asked.task = Some("orders".into());
        let document = serde_json::to_vec(&facts).unwrap();
        assert_eq!(reading(&document).unwrap(), facts);
    }

    #[test]
    fn an_error_names_its_place() {
        for (document, error) in [
            ("", "facts.json: empty file"),
            ("nonsense", "facts.json:1:2: expected ident"),
            ("{\"version\": 1,\n  \"taken_at\" 2}", "facts.json:2:14: expected `:`"),
            (
                r#"{"version": 2, "taken_at": 5, "novelty": {}}"#,
                "facts.json: facts version 2; this program reads version 1",
            ),
            (
                r#"{"version": 0, "taken_at": "2026-11-24T10:00:00Z"}"#,
                "facts.json: facts version 0; this program reads version 1",
            ),
            (
                r#"{"version": "1", "taken_at": "2026-11-24T10:00:00Z"}"#,
                "facts.json: facts version \"1\"; this program reads version 1",
            ),
            (
                r#"{"Vpcs": []}"#,
                "facts.json: not a facts document, it has no `version`; AWS CLI output goes with --evidence",
            ),
            (
                "{\"version\": 1, \"taken_at\": \"2026-11-24T10:00:00Z\",\n \"nov\\u001belty\": {}}",
                "facts.json:2:16: unknown field `nov\\u{1b}elty`, expected one of `version`, `taken_at`, `asked`, `inventory`, `clusters`, `probes`, `messages`, `tests`, `secrets`, `run`",
            ),
            (
                r#"{"version": 1, "taken_at": "2026-11-24T10:00:00Z", "inventory": {"Vpcs": [{"State": "x"}]}}"#,
                "facts.json:1:90: Vpcs[0] has no id",
            ),
            (
                r#"{"version": 1, "taken_at": "2026-11-24T10:00:00Z", "inventory": {"Cows": []}}"#,
                "facts.json:1:71: `Cows` is no list of the inventory",
            ),
        ] {
            assert_eq!(reading(document.as_bytes()).unwrap_err(), error);
        }
    }

    #[test]
    fn windows_writes_facts_too() {
        let document = r#"{"version": 1, "taken_at": "2026-11-24T10:00:00Z"}"#;
        let utf16: Vec<u8> =
            format!("\u{FEFF}{document}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(reading(&utf16), reading(document.as_bytes()));
        assert!(reading(&utf16).is_ok());
    }
}

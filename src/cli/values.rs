//! What stands behind a value that is typed: a file's content, a list's entries.

use std::{fs, path::Path};

use tidb_dms_checks::facts::cluster::AccessEntry;

use super::ArgumentError;

pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The name most like what was typed, if one is like it at all.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    names
        .map(|name| (strsim::jaro_winkler(typed, name), name))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(score, _)| *score > 0.7)
        .map(|(_, name)| name.to_owned())
}

/// Whether a host comes with a scheme, a user or a path, as URLs have them.
pub(super) fn holds_more_than_a_host(text: &str) -> bool {
    text.contains(['@', '/'])
}

/// A host's name alone. What else was typed isn't repeated, since it may hold a password.
pub(super) fn host(flag: &'static str, text: &str) -> Result<String, ArgumentError> {
    if text.trim().is_empty() || holds_more_than_a_host(text) {
        return Err(ArgumentError::HostWithMore(flag));
    }
    if let Some((host, port)) = text.split_once(':')
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(ArgumentError::HostWithPort { flag, host: host.to_owned() });
    }
    Ok(text.to_owned())
}

fn read(flag: &'static str, file: &Path) -> Result<String, ArgumentError> {
    fs::read_to_string(file).map_err(|source| ArgumentError::File {
        flag,
        file: file.to_owned(),
        source,
    })
}

pub(super) fn table_mappings(file: &Path) -> Result<String, ArgumentError> {
    let text = read("--table-mappings", file)?;
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(source) => Err(ArgumentError::TableMappings { file: file.to_owned(), source }),
    }
}

/// Entries, and files with one entry a line; `#` begins a comment.
pub(super) fn access_list(values: &[String]) -> Result<Vec<AccessEntry>, ArgumentError> {
    let mut entries = Vec::new();
    for value in values {
        match value.parse() {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                let file = Path::new(value);
                if !file.exists() {
                    let is_a_name = value.contains(|letter: char| letter.is_ascii_alphabetic());
                    return Err(if is_a_name {
                        ArgumentError::AccessEntryNorFile(error)
                    } else {
                        ArgumentError::AccessEntry(error)
                    });
                }
                let text = read("--ip-access-list", file)?;
                for (number, line) in text.lines().enumerate() {
                    let line = line.split('#').next().unwrap_or_default();
                    for word in line.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                        entries.push(word.parse().map_err(|error| ArgumentError::AccessLine {
                            file: file.to_owned(),
                            line: number + 1,
                            error,
                        })?);
                    }
                }
            }
        }
    }
    Ok(entries)
}

/// `isrg-root-x1`, or the text of a PEM file.
pub(crate) fn certificate(flag: &'static str, value: &str) -> Result<String, ArgumentError> {
    if value.eq_ignore_ascii_case("isrg-root-x1") {
        return Ok("isrg-root-x1".into());
    }
    let file = Path::new(value);
    let none = || ArgumentError::NoCertificate { flag, file: file.to_owned() };
    if !file.exists() {
        return Err(none());
    }
    let text = read(flag, file)?;
    if text.contains("-----BEGIN CERTIFICATE-----") { Ok(text) } else { Err(none()) }
}

/// A time of at least a second.
#[cfg(feature = "live")]
pub(super) fn seconds(text: &str) -> Result<std::num::NonZeroU32, &'static str> {
    text.parse().map_err(|_| "a whole number of seconds is needed, 1 or more")
}

/// A subnet's id.
#[cfg(feature = "live")]
pub(super) fn subnet(text: &str) -> Result<String, &'static str> {
    let id = text.strip_prefix("subnet-");
    if id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        Ok(text.to_owned())
    } else {
        Err("not a subnet's id, subnet-…")
    }
}

#[cfg(all(test, feature = "live"))]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_second_at_least() {
        assert_eq!(seconds("90").map(std::num::NonZeroU32::get), Ok(90));
        for text in ["", "0", "-1", "1.5", "10s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_has_a_name() {
        assert!(host("--tidb-host", "tidb.x.clusters.tidb-cloud.com").is_ok());
        for text in ["", " ", "user@host", "http://host", "host:4000"] {
            assert!(host("--tidb-host", text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_may_be_a_file_that_is_missing() {
        let said = |text: &str| access_list(&[text.to_owned()]).unwrap_err().to_string();
        assert!(said("no-such-list.txt").ends_with("and there is no such file"));
        assert!(said("300.1.1.1/33").ends_with("a range start-end"));
    }

    #[test]
    fn a_seat_is_a_subnet() {
        assert!(subnet("subnet-0a11").is_ok());
        for text in ["", "subnet-", "vpc-1", "subnet-a b"] {
            assert!(subnet(text).is_err(), "{text}");
        }
    }
}

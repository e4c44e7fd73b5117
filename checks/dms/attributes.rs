//! Extra connection attributes: `name=value;name2=value2`, names in any letter case.
//!
//! Where the same thing is set among MySQL's settings and among the attributes, the setting wins
//! (`aws-dms.md` §1.3).

use crate::facts::inventory::{HIDDEN, dms::Endpoint};

/// What an endpoint's attributes say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attributes<'a> {
    /// Names and values as they are written, in their order.
    pub list: Vec<(&'a str, &'a str)>,
    /// Parts without `=`.
    pub malformed: Vec<&'a str>,
    /// Names with blanks around them or before their value, which DMS reads as part of the name.
    pub with_blanks: Vec<&'a str>,
}

impl<'a> Attributes<'a> {
    /// Reads attributes.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut attributes = Self::default();
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                attributes.malformed.push(part.trim());
                continue;
            };
            if name != name.trim() || value.starts_with(' ') {
                attributes.with_blanks.push(name.trim());
            }
            attributes.list.push((name.trim(), value.trim()));
        }
        attributes
    }

    /// Reads an endpoint's attributes.
    pub(crate) fn of(endpoint: &'a Endpoint) -> Self {
        Self::parse(endpoint.extra_connection_attributes.as_deref().unwrap_or(""))
    }

    /// Whether all of them are known: a password among them isn't, and they can't be written anew.
    pub(crate) fn is_whole(&self) -> bool {
        let values = self.list.iter().map(|(_, value)| value).chain(&self.malformed);
        values.into_iter().all(|value| !value.contains(HIDDEN))
    }

    /// The value of a name, in any letter case; of several the last.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.list
            .iter()
            .rev()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    /// The attributes with one of them set to a value, for a repair; the others stay as they are.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut text = self.without(&[name]);
        for part in [name, "=", value, ";"] {
            text.push_str(part);
        }
        text
    }

    /// The attributes without some of them, for a repair.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let mut text = String::new();
        for (name, value) in &self.list {
            if !names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                for part in [*name, "=", *value, ";"] {
                    text.push_str(part);
                }
            }
        }
        text
    }
}

/// The host of an endpoint, which may stand in two places.
pub(crate) fn server_name(endpoint: &Endpoint) -> Option<&str> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint
        .server_name
        .as_deref()
        .or_else(|| settings.and_then(|settings| settings.server_name.as_deref()))
        .filter(|host| !host.is_empty())
}

/// The port of an endpoint, which may stand in two places.
pub(crate) fn port(endpoint: &Endpoint) -> Option<u16> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint.port.or_else(|| settings.and_then(|settings| settings.port))
}

/// The SQL that DMS runs on the server once it has connected, by the field that holds it. `Initstmt` is
/// an attribute alone.
pub(crate) fn sql_after_connecting(endpoint: &Endpoint) -> [(&'static str, Option<&str>); 2] {
    let attributes = Attributes::of(endpoint);
    let settings = endpoint.my_sql_settings.as_ref();
    let script = settings
        .and_then(|settings| settings.after_connect_script.as_deref())
        .or(attributes.get("afterConnectScript"));
    [("Initstmt", attributes.get("Initstmt")), ("AfterConnectScript", script)]
}

/// What SQL does to the session's `foreign_key_checks`: the last assignment counts, and one of the
/// global variable doesn't.
pub(crate) fn foreign_key_checks(sql: &str) -> Option<bool> {
    const NAME: &str = "foreign_key_checks";
    let sql = sql.to_ascii_lowercase();
    let mut last = None;
    for statement in sql.split(';') {
        let scope = |text: &str| {
            let text = text.trim_start_matches("set").trim_start();
            text.starts_with("global") || text.starts_with("persist")
        };
        let global = scope(statement.trim_start());
        let mut from = 0;
        while let Some(found) = statement[from..].find(NAME) {
            let place = from + found;
            from = place + NAME.len();
            let before = &statement[..place];
            if before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_') {
                continue;
            }
            let own = before.trim_end_matches(['@', '`', '.', ' ']).ends_with("session")
                || before.ends_with("local.")
                || before.ends_with("local ");
            let elsewhere = before.ends_with("global.") || before.ends_with("persist.");
            if elsewhere || (global && !own) {
                continue;
            }
            let value = statement[from..]
                .trim_start_matches(['`', ' ', '\t'])
                .trim_start_matches(':')
                .strip_prefix('=')
                .map(|rest| rest.trim_start().trim_start_matches(['\'', '"']));
            let Some(value) = value else { continue };
            let word: String = value.chars().take_while(char::is_ascii_alphanumeric).collect();
            match word.as_str() {
                "0" | "off" | "false" => last = Some(false),
                "1" | "on" | "true" | "default" => last = Some(true),
                _ => {}
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_letter_case_and_the_last_counts() {
        let text = "eventsPollInterval=5;parallelLoadThreads=5;initstmt=SET FOREIGN_KEY_CHECKS=0";
        let attributes = Attributes::parse(text);
        assert_eq!(attributes.list.len(), 3);
        assert_eq!(attributes.get("ParallelLoadThreads"), Some("5"));
        assert_eq!(attributes.get("Initstmt"), Some("SET FOREIGN_KEY_CHECKS=0"));
        assert_eq!(attributes.get("Init"), None);
        let twice = Attributes::parse("a=1;A=2;");
        assert_eq!(twice.get("a"), Some("2"));
    }

    #[test]
    fn what_is_written_wrong_is_told() {
        let attributes = Attributes::parse("Initstmt = SET FOREIGN_KEY_CHECKS=0; loadUsingCSV;;");
        assert_eq!(attributes.malformed, ["loadUsingCSV"]);
        assert_eq!(attributes.with_blanks, ["Initstmt"]);
        assert_eq!(Attributes::parse(" ; ;"), Attributes::default());
    }

    #[test]
    fn a_repair_leaves_the_others_alone() {
        let attributes = Attributes::parse("maxFileSize=512;INITSTMT=SET time_zone='+00:00'");
        assert_eq!(
            attributes.with("Initstmt", "SET FOREIGN_KEY_CHECKS=0"),
            "maxFileSize=512;Initstmt=SET FOREIGN_KEY_CHECKS=0;"
        );
        assert_eq!(attributes.without(&["initstmt"]), "maxFileSize=512;");
        assert_eq!(attributes.without(&["initstmt", "maxFileSize"]), "");
    }

    #[test]
    fn the_last_assignment_of_the_session_counts() {
        for (sql, expected) in [
            ("SET FOREIGN_KEY_CHECKS=0", Some(false)),
            ("set foreign_key_checks = 0", Some(false)),
            ("SET SESSION foreign_key_checks=OFF", Some(false)),
            ("SET @@session.foreign_key_checks := 0", Some(false)),
            ("SET @@foreign_key_checks=0", Some(false)),
            ("SET time_zone='+00:00', FOREIGN_KEY_CHECKS=0", Some(false)),
            ("SET FOREIGN_KEY_CHECKS='OFF'", Some(false)),
            ("SET FOREIGN_KEY_CHECKS=1", Some(true)),
            ("SET FOREIGN_KEY_CHECKS=0; SET FOREIGN_KEY_CHECKS=1", Some(true)),
            // What a search for the words alone would take for the same.
            ("SET GLOBAL FOREIGN_KEY_CHECKS=0", None),
            ("SET @@global.foreign_key_checks=0", None),
            ("SET PERSIST foreign_key_checks=0", None),
            ("SET my_foreign_key_checks=0", None),
            ("SELECT @@foreign_key_checks", None),
            ("SET UNIQUE_CHECKS=0", None),
            ("", None),
        ] {
            assert_eq!(foreign_key_checks(sql), expected, "{sql}");
        }
    }
}

//! Passwords that AWS's answers may carry in the middle of a text: they are cut where they come in.

use serde::{Deserialize, Deserializer};

/// Stands where a password stood.
pub const HIDDEN: char = '…';

/// Reads extra connection attributes, `name=value;…`.
pub(super) fn attributes<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    read(deserializer, without_values)
}

/// Reads SQL.
pub(super) fn sql<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    read(deserializer, without_words)
}

/// Reads a host, where some write a URL.
pub(super) fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    read(deserializer, without_user)
}

fn read<'de, D>(deserializer: D, cut: fn(&str) -> String) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Option::<String>::deserialize(deserializer)?.map(|text| cut(&text)))
}

/// Attributes without the values of those that are passwords by their name, and without those in SQL.
fn without_values(text: &str) -> String {
    let text = without_words(text);
    let mut is_open = false;
    let parts = text.split(';').map(|part| {
        let name = part.trim_start();
        let end = name.find(|letter: char| !(letter.is_alphanumeric() || "_-".contains(letter)));
        let (name, rest) = name.split_at(end.unwrap_or(name.len()));
        // A password may hold a semicolon; what follows is its rest until there is a name again.
        if is_open && !part.contains('=') && !part.trim().is_empty() {
            return HIDDEN.to_string();
        }
        is_open = is_password(name);
        if !is_open {
            return part.to_owned();
        }
        let blank = &part[..part.len() - name.len() - rest.len()];
        let value = rest.trim_start_matches([' ', '=', ':']);
        let between = &rest[..rest.len() - value.len()];
        format!("{blank}{name}{between}{HIDDEN}")
    });
    parts.collect::<Vec<String>>().join(";")
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "pwd"].iter().any(|word| name.contains(word))
}

/// SQL without what stands in quotes behind `IDENTIFIED` or `PASSWORD`, up to the next comma or
/// semicolon outside of quotes.
fn without_words(text: &str) -> String {
    let mut cut = String::with_capacity(text.len());
    let mut quote = None;
    let mut is_secret = false;
    let mut word = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if let Some(open) = quote {
            let escaped = (letter == '\\').then(|| letters.next()).flatten();
            if letter == open {
                quote = None;
                cut.push(letter);
            } else if !is_secret {
                cut.push(letter);
                cut.extend(escaped);
            }
            continue;
        }
        if letter.is_alphanumeric() {
            word.push(letter.to_ascii_lowercase());
        } else {
            is_secret |= matches!(word.as_str(), "identified" | "password");
            is_secret &= !matches!(letter, ',' | ';');
            word.clear();
        }
        cut.push(letter);
        if matches!(letter, '\'' | '"') {
            quote = Some(letter);
            if is_secret {
                cut.push(HIDDEN);
            }
        }
    }
    cut
}

/// A host without the user, and maybe the password, that a URL carries before it.
fn without_user(text: &str) -> String {
    let Some((user, host)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    let scheme = user.find("://").map_or("", |place| &user[..place + "://".len()]);
    format!("{scheme}{HIDDEN}@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_that_are_passwords_lose_their_value() {
        for (text, cut) in [
            ("", ""),
            ("maxFileSize=5;Initstmt=SET x='a'", "maxFileSize=5;Initstmt=SET x='a'"),
            ("password=a b;x=1", "password=…;x=1"),
            ("x=1; Pwd = secret ;", "x=1; Pwd = …;"),
            ("password=a;b;c;x=1", "password=…;…;…;x=1"),
            ("password:a", "password:…"),
            ("SslKeyStorePassword=a=b", "SslKeyStorePassword=…"),
            ("Initstmt=SET PASSWORD='a;b', x='c'", "Initstmt=SET PASSWORD='…', x='c'"),
        ] {
            assert_eq!(without_values(text), cut, "{text}");
        }
    }

    #[test]
    fn sql_keeps_all_but_passwords() {
        for (text, cut) in [
            ("SET NAMES 'utf8'", "SET NAMES 'utf8'"),
            ("SET PASSWORD = PASSWORD(\"it''s\")", "SET PASSWORD = PASSWORD(\"…\")"),
            (
                "ALTER USER u IDENTIFIED BY 'a\\'b'; SET x='c'",
                "ALTER USER u IDENTIFIED BY '…'; SET x='c'",
            ),
        ] {
            assert_eq!(without_words(text), cut, "{text}");
        }
    }

    #[test]
    fn a_url_loses_its_user() {
        for (text, cut) in [
            ("db.example", "db.example"),
            ("mysql://dms:p@ss/w@db.example:4000/x", "mysql://…@db.example:4000/x"),
            ("dms:pass@db.example", "…@db.example"),
        ] {
            assert_eq!(without_user(text), cut, "{text}");
        }
    }
}

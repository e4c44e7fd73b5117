//! What nobody may keep: the hashes that `SHOW GRANTS` prints, and values that an error quotes.

/// Cuts the password hashes that MariaDB and old MySQL print in `SHOW GRANTS`: every quoted string
/// after `IDENTIFIED`.
pub(super) fn without_hashes(line: &str) -> String {
    let mut quote = None;
    let mut result = String::with_capacity(line.len());
    let mut identified = false;
    let mut letters = line.char_indices();
    while let Some((place, letter)) = letters.next() {
        match quote {
            None if matches!(letter, '\'' | '"' | '`') => {
                quote = Some(letter);
                result.push(letter);
                if identified && letter != '`' {
                    result.push('…');
                }
            }
            None => {
                let word = line.get(place..place + 12);
                if word.is_some_and(|word| word.eq_ignore_ascii_case(" IDENTIFIED ")) {
                    identified = true;
                }
                result.push(letter);
            }
            Some(open) => {
                let hidden = identified && open != '`';
                if letter == '\\' && open != '`' {
                    let next = letters.next();
                    if !hidden {
                        result.push(letter);
                        result.extend(next.map(|(_, next)| next));
                    }
                } else if letter == open {
                    quote = None;
                    result.push(letter);
                } else if !hidden {
                    result.push(letter);
                }
            }
        }
    }
    result
}

/// An error of reading JSON without the text that it found in the wrong place: it may be a password.
pub(super) fn without_value(error: &str) -> String {
    match (error.find("string \""), error.rfind("\", expected")) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}string{}", &error[..begin], &error[end + 1..])
        }
        _ => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_quotes_nothing() {
        let error = serde_json::from_str::<u16>(r#""a\", expected \"b""#).unwrap_err().to_string();
        assert!(without_value(&error).starts_with("invalid type: string, expected u16"), "{error}");
        assert_eq!(without_value("expected value"), "expected value");
    }

    #[test]
    fn hashes_are_cut_and_names_stay() {
        for (line, cut) in [
            (
                "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*6C8989366EAF75BB'",
                "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '…'",
            ),
            (
                "GRANT USAGE ON *.* TO 'u'@'%' IDENTIFIED VIA ed25519 USING 'a\\'b' OR unix_socket REQUIRE SSL",
                "GRANT USAGE ON *.* TO 'u'@'%' IDENTIFIED VIA ed25519 USING '…' OR unix_socket REQUIRE SSL",
            ),
            (
                "GRANT SELECT ON ` IDENTIFIED `.* TO 'it''s'@'%' WITH GRANT OPTION",
                "GRANT SELECT ON ` IDENTIFIED `.* TO 'it''s'@'%' WITH GRANT OPTION",
            ),
            (
                "GRANT USAGE ON *.* TO 'u'@'%' identified with 'x' as 'ab''cd'",
                "GRANT USAGE ON *.* TO 'u'@'%' identified with '…' as '…''…'",
            ),
        ] {
            assert_eq!(without_hashes(line), cut);
        }
    }
}

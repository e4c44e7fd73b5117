//! What `SHOW GRANTS` prints and nobody may keep.

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

#[cfg(test)]
mod tests {
    use super::*;

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

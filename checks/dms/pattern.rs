//! Patterns of names in table mappings, with DMS's own wildcards.

/// Whether a pattern fits every name.
pub(crate) fn is_everything(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|letter| letter == '%')
}

/// The one name that a pattern fits; `None` where it fits several.
pub(crate) fn only_name(pattern: &str) -> Option<String> {
    let (mut name, mut rest) = (String::new(), pattern);
    while let Some(letter) = rest.chars().next() {
        match letter {
            '%' | '_' => return None,
            '[' => match rest.split_once(']') {
                Some((set, after)) => {
                    let mut set = set.chars().skip(1);
                    name.push(set.next()?);
                    if set.next().is_some() {
                        return None;
                    }
                    rest = after;
                    continue;
                }
                None => name.push('['),
            },
            other => name.push(other),
        }
        rest = &rest[letter.len_utf8()..];
    }
    Some(name)
}

/// Whether a name fits a pattern of DMS: `%` is any text, `_` one letter, `[ab]` one of these.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    enum Token {
        Any,
        One,
        Of(Vec<char>),
    }
    let mut tokens = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '%' => Token::Any,
            '_' => Token::One,
            '[' if letters.clone().any(|letter| letter == ']') => {
                Token::Of(letters.by_ref().take_while(|letter| *letter != ']').collect())
            }
            other => Token::Of(vec![other]),
        });
    }
    let name: Vec<char> = name.chars().collect();
    // Which beginnings of the name fit the tokens so far.
    let mut fits: Vec<bool> = (0..=name.len()).map(|place| place == 0).collect();
    for token in tokens {
        let mut next = vec![false; name.len() + 1];
        for place in 0..=name.len() {
            next[place] = match &token {
                Token::Any => fits[place] || (place > 0 && next[place - 1]),
                Token::One => place > 0 && fits[place - 1],
                Token::Of(set) => place > 0 && fits[place - 1] && set.contains(&name[place - 1]),
            };
        }
        fits = next;
    }
    fits[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_dms_s_own() {
        for (pattern, name, expected) in [
            ("%", "shop", true),
            ("%", "", true),
            ("shop", "shop", true),
            ("shop", "shops", false),
            ("sh_p", "shop", true),
            ("sh_p", "shp", false),
            ("my%", "mysql", true),
            ("%sql", "mysql", true),
            ("%y%q%", "mysql", true),
            ("m[xy]sql", "mysql", true),
            ("m[ab]sql", "mysql", false),
            ("performance[_]schema", "performance_schema", true),
            ("performance[_]schema", "performanceXschema", false),
            ("performance_schema", "performanceXschema", true),
            ("a[b", "a[b", true),
            ("", "", true),
            ("", "a", false),
            ("%%%%%%%%%%%%%%%%%%%%b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn some_patterns_fit_one_name() {
        for (pattern, name) in [
            ("shop", Some("shop")),
            ("", Some("")),
            ("order[_]db", Some("order_db")),
            ("100[%]", Some("100%")),
            ("order_db", None),
            ("shop%", None),
            ("m[ab]", None),
            ("m[]", None),
            ("a[b", Some("a[b")),
            ("käse", Some("käse")),
        ] {
            assert_eq!(only_name(pattern).as_deref(), name, "{pattern}");
        }
    }
}

//! Finds the statements in whatever was pasted: raw lines, a client's table, `\G`, batch output.

/// The text, freed of its frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// Lines that begin like a statement of `SHOW GRANTS`, without their frame.
    pub(super) statements: Vec<String>,
    /// How many lines are errors of the server or the client.
    pub(super) errors: usize,
    /// Whether a line that is none of these still speaks of granting, or they show what roles that
    /// needn't be active would give.
    pub(super) doubtful: bool,
}

/// Takes the text apart line by line.
pub(super) fn lines(text: &str) -> Lines {
    let doubled = has_doubled_backslashes(text);
    let mut out = Lines::default();
    for raw in text.lines() {
        let line = unframed(raw);
        if line.is_empty() || line.starts_with("--") || line.starts_with('#') {
            continue;
        }
        let words: Vec<String> = line
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_uppercase)
            .collect();
        let first = words.first().map(String::as_str).unwrap_or_default();
        match first {
            "GRANT" | "REVOKE" | "SET" | "DENY" => {
                out.statements.push(if doubled { line.replace("\\\\", "\\") } else { line });
            }
            "ERROR" => out.errors += 1,
            // A client's column title, which holds a name of the user's choice.
            "GRANTS" => {}
            _ if asks_with_roles(&line) => out.doubtful = true,
            _ => {
                let speaks = |word: &String| matches!(word.as_str(), "GRANT" | "REVOKE" | "DENY");
                out.doubtful |= words.iter().any(speaks);
            }
        }
    }
    out
}

/// Whether a line is `SHOW GRANTS FOR … USING …`, which shows what roles would give, active or not, or
/// `SET ROLE …` at a prompt, after which the session's own grants show it too.
pub(super) fn asks_with_roles(line: &str) -> bool {
    let line = line.to_ascii_uppercase();
    if line.contains("> SET ROLE ") {
        return true;
    }
    line.split_once("SHOW GRANTS").is_some_and(|(_, rest)| rest.contains(" USING "))
}

/// A line without the client's borders, `\G` labels, prompts or a list's quotes.
fn unframed(raw: &str) -> String {
    let mut line = raw.trim().trim_start_matches('\u{feff}').trim_matches(['|', '│']).trim();
    if line.starts_with("Grants for ")
        && let Some(at) = [": GRANT ", ": REVOKE ", ": SET ", ": DENY "]
            .iter()
            .filter_map(|label| line.find(label))
            .min()
    {
        line = line[at + 1..].trim();
    }
    // A JSON list or a CSV export puts each statement into quotes, and may double or escape those
    // inside.
    for quote in ['"', '\''] {
        if let Some(rest) = line.strip_prefix(quote)
            && ["GRANT ", "REVOKE ", "SET "].iter().any(|word| rest.starts_with(word))
        {
            let rest = rest.trim_end_matches([',', ']', ' ']);
            let rest = rest.strip_suffix(quote).unwrap_or(rest);
            let rest = rest.replace(&format!("\\{quote}"), &quote.to_string());
            return if quote == '"' && rest.contains("\"\"") {
                rest.replace("\"\"", "\"")
            } else {
                rest
            };
        }
    }
    line.to_owned()
}

/// Whether every backslash stands twice, as `mysql --batch` and JSON write them.
///
/// A server never prints two in a row unless a name has one, while it often prints `\_`.
fn has_doubled_backslashes(text: &str) -> bool {
    let mut runs = Vec::new();
    let mut run = 0;
    for c in text.chars() {
        if c == '\\' {
            run += 1;
        } else if run > 0 {
            // An escaped quote is JSON's or a client's, not a name's.
            if !matches!(c, '"' | '\'') {
                runs.push(run);
            }
            run = 0;
        }
    }
    !runs.is_empty() && runs.iter().all(|run| run % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<String> {
        lines(text).statements
    }

    #[test]
    fn frames_come_off() {
        let expected = ["GRANT SELECT ON `a`.* TO `u`@`%`"];
        for text in [
            "GRANT SELECT ON `a`.* TO `u`@`%`",
            "Grants for u@%\nGRANT SELECT ON `a`.* TO `u`@`%`\n",
            "+------+\n| Grants for u@% |\n+------+\n| GRANT SELECT ON `a`.* TO `u`@`%` |\n+---+",
            "*** 1. row ***\nGrants for u@%: GRANT SELECT ON `a`.* TO `u`@`%`\n1 row in set",
            "Grants for dms-grant@%\nGRANT SELECT ON `a`.* TO `u`@`%`",
            "mysql> SHOW GRANTS;\r\nGRANT SELECT ON `a`.* TO `u`@`%`\r\n",
            "[\n  \"GRANT SELECT ON `a`.* TO `u`@`%`\"\n]",
        ] {
            let lines = lines(text);
            assert_eq!(lines.statements, expected, "{text}");
            assert!(!lines.doubtful && lines.errors == 0, "{text}");
        }
    }

    #[test]
    fn batch_mode_doubles_backslashes() {
        let one = ["GRANT SELECT ON `a\\_b`.* TO `u`@`%`"];
        assert_eq!(statements("GRANT SELECT ON `a\\\\_b`.* TO `u`@`%`"), one);
        assert_eq!(statements("GRANT SELECT ON `a\\_b`.* TO `u`@`%`"), one);
        // A client that copies rows as SQL strings escapes quotes too.
        assert_eq!(
            statements("'GRANT SELECT ON `a\\\\_b`.* TO \\'u\\'@\\'%\\''"),
            ["GRANT SELECT ON `a\\_b`.* TO 'u'@'%'"]
        );
    }

    #[test]
    fn errors_and_doubtful_lines_are_seen() {
        assert_eq!(lines("ERROR 1141 (42000): There is no such grant").errors, 1);
        assert!(lines("1: GRANT SELECT ON *.* TO u").doubtful);
        assert!(!lines("Empty set (0.00 sec)").doubtful);
        assert!(lines("mysql> show grants for u using r;").doubtful);
        assert!(lines("mysql> SET ROLE ALL;").doubtful);
        assert!(!lines("mysql> show grants for `using`;\nmysql> set default role r to u").doubtful);
    }
}

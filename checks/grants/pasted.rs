//! The `SHOW GRANTS` answers in a text that somebody pasted, account by account.

use super::{
    lines::{asks_with_roles, lines},
    parse::{Grantee, Name, Statement, statement},
};

/// One answer of `SHOW GRANTS`, as it was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// Whose grants these are, by the title of the answer, or by the only grantee.
    pub account: Option<Name>,
    /// The statements, without a client's frame.
    pub lines: Vec<String>,
    /// Whether names of accounts stand in backquotes: TiDB never prints them so, and of the others
    /// only `MySQL` before 8.0 and old `MariaDB` don't.
    pub is_backquoted: bool,
    /// Whether lines can't be read, or the answer was asked for as with roles active that needn't be: then it doesn't tell what the account may do.
    pub is_doubtful: bool,
}

/// Finds the answers in a text: raw lines, a client's table, `\G`.
///
/// A script of statements isn't an answer: what somebody once ran, or meant to run, says nothing of
/// what a server holds. Without the title that clients print, statements that end in a semicolon, or
/// stand among others, are taken for a script, and nothing is found.
pub fn pasted(text: &str) -> Vec<Pasted> {
    let mut sections: Vec<(Option<String>, Vec<&str>)> = Vec::new();
    let mut untitled = Vec::new();
    // The question stands above the title of its answer, and belongs to it.
    let mut question = None;
    for line in text.lines() {
        if asks_with_roles(line) {
            question = Some(line);
            continue;
        }
        match (title(line), sections.last_mut()) {
            (Some(Title::Above(account)), _) => {
                sections.push((Some(account), question.take().into_iter().collect()));
            }
            (Some(Title::Beside(account)), Some((Some(last), section))) if *last == account => {
                section.push(line);
            }
            (Some(Title::Beside(account)), _) => {
                let question = question.take().into_iter();
                sections.push((Some(account), question.chain([line]).collect()));
            }
            (None, Some((_, section))) => section.push(line),
            (None, None) => untitled.push(line),
        }
    }
    if sections.is_empty() && question.is_none() && is_answer(&untitled) {
        sections.push((None, untitled));
    }
    sections.into_iter().filter_map(|(account, section)| read(account, &section)).collect()
}

/// Where a client writes whose grants they are.
enum Title {
    /// On a line of its own, a column's head.
    Above(String),
    /// In front of a statement, in vertical output.
    Beside(String),
}

fn title(line: &str) -> Option<Title> {
    let line = line.trim().trim_start_matches('\u{feff}').trim_matches(['|', '│']).trim();
    let line = line.trim_matches('"');
    let rest = line.strip_prefix("Grants for ")?;
    let beside = [": GRANT ", ": REVOKE ", ": SET ", ": DENY "];
    match beside.iter().filter_map(|label| rest.find(label)).min() {
        Some(at) => Some(Title::Beside(rest[..at].to_owned())),
        None => Some(Title::Above(rest.to_owned())),
    }
}

/// Whether lines without a title are an answer all the same: statements as a server prints them, and
/// nothing else.
fn is_answer(text: &[&str]) -> bool {
    let found = lines(&text.join("\n"));
    let meant = text.iter().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("+-") && !is_clients(line)
    });
    !found.statements.is_empty()
        && meant.count() == found.statements.len()
        && found.statements.iter().all(|line| !line.ends_with(';') && statement(line).is_some())
}

/// Whether a line is a client's own: what it was asked, what it warns of, how many rows there were.
fn is_clients(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let is_prompt = ["mysql>", "mysql [", "mariadb [", "tidb>", "tidb ["];
    let asks = line.trim_end_matches([';', ' ']).ends_with("show grants")
        || line.contains("show grants for ");
    line.starts_with("mysql: [warning]")
        || (line.contains("row") && line.contains(" in set"))
        || (asks && is_prompt.iter().any(|prompt| line.starts_with(prompt)))
}

fn read(title: Option<String>, section: &[&str]) -> Option<Pasted> {
    let found = lines(&section.join("\n"));
    let (lines, is_doubtful) = (found.statements, found.doubtful);
    if lines.is_empty() {
        return None;
    }
    let named = title.map(|title| match title.rsplit_once('@') {
        Some((user, host)) => Name { user: user.to_owned(), host: Some(host.to_owned()) },
        None => Name { user: title, host: None },
    });
    let account = named.or_else(|| only_grantee(&lines));
    let is_backquoted = account.as_ref().is_some_and(|account| {
        let quoted = format!("`{}`@", account.user.replace('`', "``"));
        lines.iter().any(|line| line.contains(&quoted))
    });
    Some(Pasted { account, lines, is_backquoted, is_doubtful })
}

/// The one account that all statements are about; roles have no host where they are printed along.
fn only_grantee(lines: &[String]) -> Option<Name> {
    let all: Vec<Name> = lines.iter().flat_map(|line| grantees(line)).collect();
    let users: Vec<&Name> = all.iter().filter(|name| name.host.is_some()).collect();
    let first = *users.first()?;
    users.iter().all(|name| *name == first).then(|| first.clone())
}

fn grantees(line: &str) -> Vec<Name> {
    let to = match statement(line) {
        Some(Statement::Grant { to, .. } | Statement::Roles { to, .. }) => to,
        Some(Statement::Revoke { from, .. }) => from,
        Some(Statement::DefaultRole { account, .. }) => return vec![account],
        _ => return Vec::new(),
    };
    to.into_iter()
        .filter_map(|grantee| match grantee {
            Grantee::Name(name) => Some(name),
            Grantee::Public => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Option<String>, usize, bool)> {
        let name = |account: Option<Name>| account.map(|name| name.to_string());
        let all = pasted(text).into_iter();
        all.map(|it| (name(it.account), it.lines.len(), it.is_backquoted)).collect()
    }

    #[test]
    fn an_answer_is_known_by_its_title_or_by_holding_nothing_else() {
        let dms = Some("dms@%".to_owned());
        for text in [
            "GRANT USAGE ON *.* TO 'dms'@'%'\nGRANT SELECT ON `shop`.* TO 'dms'@'%'\n",
            "Grants for dms@%\nGRANT USAGE ON *.* TO 'dms'@'%'\nGRANT SELECT ON `shop`.* TO 'dms'@'%'",
            "mysql> SHOW GRANTS;\n+---+\n| Grants for dms@% |\n+---+\n\
             | GRANT USAGE ON *.* TO 'dms'@'%' |\n| GRANT SELECT ON `shop`.* TO 'dms'@'%' |\n+---+\n\
             2 rows in set (0.00 sec)\n",
            "mysql: [Warning] Using a password on the command line interface can be insecure.\n\
             GRANT USAGE ON *.* TO 'dms'@'%'\nGRANT SELECT ON `shop`.* TO 'dms'@'%'\n",
            "MySQL [(none)]> show grants;\nGRANT USAGE ON *.* TO 'dms'@'%'\n\
             GRANT SELECT ON `shop`.* TO 'dms'@'%'\n2 rows in set (0.00 sec)\n",
            "'GRANT USAGE ON *.* TO \\'dms\\'@\\'%\\''\n'GRANT SELECT ON `shop`.* TO \\'dms\\'@\\'%\\''\n",
            "*** 1. row ***\nGrants for dms@%: GRANT USAGE ON *.* TO 'dms'@'%'\n*** 2. row ***\n\
             Grants for dms@%: GRANT SELECT ON `shop`.* TO 'dms'@'%'\n",
        ] {
            assert_eq!(found(text), [(dms.clone(), 2, false)], "{text}");
        }
    }

    #[test]
    fn a_script_is_no_answer() {
        for text in [
            "GRANT ALL ON *.* TO 'dms'@'%';",
            "mysql> GRANT ALL ON *.* TO 'dms'@'%'",
            "mysql> GRANT ALL ON *.* TO 'dms'@'%'; show grants",
            "CREATE USER 'dms'@'%';\nGRANT ALL ON *.* TO 'dms'@'%'",
            "how to: GRANT ALL ON *.* TO 'dms'@'%'",
            "GRANT",
            "grant me a wish",
            "",
            "Grants for dms@%\nERROR 1141 (42000): There is no such grant",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn two_answers_in_one_text_are_two() {
        let text = "Grants for a@%\nGRANT USAGE ON *.* TO `a`@`%`\n\
                    Grants for a@%\nGRANT USAGE ON *.* TO 'a'@'%'\n\
                    Grants for b@10.%\nGRANT USAGE ON *.* TO 'b'@'10.%'";
        let (a, b) = (Some("a@%".to_owned()), Some("b@10.%".to_owned()));
        assert_eq!(found(text), [(a.clone(), 1, true), (a, 1, false), (b, 1, false)]);
        let vertical = "Grants for a@%: GRANT USAGE ON *.* TO 'a'@'%'\n\
                        Grants for b@%: GRANT USAGE ON *.* TO 'b'@'%'";
        assert_eq!(found(vertical).len(), 2);
    }

    #[test]
    fn an_answer_that_is_torn_or_asked_for_with_roles_is_doubtful() {
        let answer = "Grants for u@%\nGRANT USAGE ON *.* TO 'u'@'%'\n";
        for (before, after, is_doubtful) in [
            ("", "", false),
            ("mysql> show grants;\n", "1 row in set (0.00 sec)\nmysql> exit\n", false),
            ("mysql> SHOW GRANTS FOR u USING r;\n", "1 row in set (0.00 sec)\n", true),
            ("", "2: GRANT SELECT ON a.* TO 'u'@'%'\n", true),
            ("", "mysql> GRANT SELECT ON a.* TO 'u'@'%';\n", true),
        ] {
            let all = pasted(&format!("{before}{answer}{after}"));
            assert_eq!(all.len(), 1, "{before}{after}");
            assert_eq!(all[0].is_doubtful, is_doubtful, "{before}{after}");
        }
        assert_eq!(found("SHOW GRANTS FOR u USING r;\nGRANT USAGE ON *.* TO 'u'@'%'"), []);
    }

    #[test]
    fn roles_are_not_the_account() {
        let text = "GRANT `r` TO `dms`@`%`\nGRANT USAGE ON *.* TO `dms`@`%`\n\
                    SET DEFAULT ROLE `r` FOR `dms`@`%`\nGRANT SELECT ON `shop`.* TO `r`";
        assert_eq!(found(text), [(Some("dms@%".into()), 4, true)]);
        let two = "GRANT USAGE ON *.* TO 'a'@'%'\nGRANT USAGE ON *.* TO 'b'@'%'";
        assert_eq!(found(two), [(None, 2, false)]);
    }
}

//! What must hold of any text: reading never panics, and nothing is found that wasn't granted.

use proptest::prelude::*;

use super::pattern::{Dialect, Match, like};
use super::{
    Grants, Holding, Object, Options, Privilege, Request, Role, Selection, Server, Verdict, judge,
};

const SERVERS: [&str; 7] = [
    "8.0.11-TiDB-v8.5.4",
    "5.7.44",
    "8.0.39",
    "9.7.4",
    "8.0.mysql_aurora.3.05.2",
    "10.11.19-MariaDB",
    "who knows",
];
const SCHEMAS: [&str; 5] = ["app", "apple", "my_app", "myxapp", "awsdms_control"];
const ROWS: [&str; 9] =
    ["app", "app%", "a%", "%", "a__", "my_app", "my\\_app", "apple", "awsdms_control"];

/// A line that grants some privileges somewhere, and what it grants.
#[derive(Clone, Debug)]
struct Line {
    privileges: Vec<Privilege>,
    place: Place,
    spelling: usize,
}

#[derive(Clone, Debug)]
enum Place {
    Global,
    Schema(&'static str),
    Table(&'static str, &'static str),
    Columns(&'static str, &'static str),
    Routine(&'static str),
}

impl Line {
    fn text(&self) -> String {
        let columns = if matches!(self.place, Place::Columns(..)) { " (a, `b`)" } else { "" };
        let names: Vec<String> =
            self.privileges.iter().map(|p| format!("{}{columns}", p.name())).collect();
        let list = match names.len() {
            0 => "USAGE".to_owned(),
            _ => names.join([", ", ","][self.spelling % 2]),
        };
        let on = match &self.place {
            Place::Global => "*.*".to_owned(),
            Place::Schema(row) => format!("`{row}`.*"),
            Place::Table(schema, table) | Place::Columns(schema, table) => {
                format!("`{schema}`.`{table}`")
            }
            Place::Routine(schema) => format!("PROCEDURE `{schema}`.`p`"),
        };
        let line = format!("GRANT {list} ON {on} TO `u`@`%`");
        match self.spelling {
            0 | 1 => line,
            2 => format!("| {} |", line.replace('`', "'")),
            _ => format!("Grants for u@%: {line} WITH GRANT OPTION"),
        }
    }

    /// Whether any server at all could take this line for the privilege on the schema.
    fn could_give(&self, privilege: Privilege, schema: &str) -> bool {
        self.privileges.contains(&privilege)
            && match &self.place {
                Place::Global => true,
                Place::Schema(row) => {
                    like(row, schema, Dialect::MySql) != Match::No || *row == schema
                }
                Place::Table(of, _) | Place::Columns(of, _) => *of == schema,
                Place::Routine(_) => false,
            }
    }
}

fn line() -> impl Strategy<Value = Line> {
    let row = || prop::sample::select(&ROWS[..]);
    let schema = || prop::sample::select(&SCHEMAS[..]);
    let table = || prop::sample::select(&["t", "t2"][..]);
    let place = prop_oneof![
        1 => Just(Place::Global),
        6 => row().prop_map(Place::Schema),
        2 => (schema(), table()).prop_map(|(schema, table)| Place::Table(schema, table)),
        1 => (schema(), table()).prop_map(|(schema, table)| Place::Columns(schema, table)),
        1 => schema().prop_map(Place::Routine),
    ];
    let privileges = prop::sample::subsequence(Privilege::TARGET.to_vec(), 0..=9);
    (privileges, place, 0..4_usize).prop_map(|(privileges, place, spelling)| Line {
        privileges,
        place,
        spelling,
    })
}

fn options() -> impl Strategy<Value = Options> {
    let setting = prop::sample::select(&[None, Some(0), Some(1), Some(2)][..]);
    let role = prop::sample::select(&[None, Some("NONE"), Some("`r`@`%`"), Some("???")][..]);
    (role, any::<Option<bool>>(), setting).prop_map(|(role, revokes, setting)| Options {
        current_role: role.map(str::to_owned),
        partial_revokes: revokes,
        lower_case_table_names: setting,
    })
}

/// Text that looks enough like grants to reach every corner of the parser.
fn grantish() -> impl Strategy<Value = String> {
    let word = prop::sample::select(
        &[
            "GRANT",
            "REVOKE",
            "SET",
            "DEFAULT",
            "ROLE",
            "ON",
            "TO",
            "FROM",
            "FOR",
            "PUBLIC",
            "ALL",
            "PROXY",
            "SELECT",
            "(",
            ")",
            ",",
            ".",
            "*",
            "@",
            "`",
            "'",
            "\"",
            "`a`",
            "'b'",
            "%",
            "\\",
            "\n",
            "|",
            "é",
            "FUNCTION",
            "TABLE",
            "WITH",
            "OPTION",
            "u",
            "Grants for ",
            ": ",
            ";",
        ][..],
    );
    prop::collection::vec((word, any::<bool>()), 0..40).prop_map(|words| {
        words.into_iter().flat_map(|(word, gap)| [word, if gap { " " } else { "" }]).collect()
    })
}

fn ask_everything(text: &str, options: &Options) {
    for server in SERVERS {
        for role in [Role::Target, Role::Source] {
            let selection = Selection::Schemas(vec!["a".into(), "b_c".into()]);
            let answer =
                judge(text, &Server::parse(server), &Request::new(role, selection), options);
            assert_eq!(answer.verdict == Verdict::Lacking, !answer.missing.is_empty());
            assert_eq!(answer.verdict == Verdict::Enough, {
                answer.missing.is_empty() && answer.gaps.is_empty()
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC*", options in options()) {
        ask_everything(&text, &options);
    }

    #[test]
    fn anything_like_grants_is_read(text in grantish(), options in options()) {
        ask_everything(&text, &options);
    }

    #[test]
    fn what_was_not_granted_is_never_found(
        lines in prop::collection::vec(line(), 0..6),
        roles in any::<bool>(),
        options in options(),
    ) {
        let mut text = String::from("GRANT USAGE ON *.* TO `u`@`%`\n");
        for line in &lines {
            text.push_str(&line.text());
            text.push('\n');
        }
        if roles {
            text.push_str("GRANT `r`@`%` TO `u`@`%`\n");
        }
        for server in SERVERS {
            let grants = Grants::read(&text, &Server::parse(server), &options);
            for schema in SCHEMAS {
                for privilege in Privilege::TARGET {
                    if grants.may(privilege, &Object::Schema(schema.into())) == Holding::Held {
                        let given = lines.iter().any(|line| line.could_give(privilege, schema));
                        prop_assert!(given, "{server}: {privilege:?} on {schema} from\n{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_global_grant_is_always_found(
        lines in prop::collection::vec(line(), 0..4),
        options in options(),
    ) {
        let mut text = String::from("GRANT SELECT ON *.* TO `u`@`%`\n");
        for line in &lines {
            text.push_str(&line.text());
            text.push('\n');
        }
        for server in SERVERS {
            let grants = Grants::read(&text, &Server::parse(server), &options);
            for schema in SCHEMAS {
                let object = Object::Schema(schema.into());
                prop_assert_eq!(grants.may(Privilege::Select, &object), Holding::Held);
            }
        }
    }

    #[test]
    fn a_printed_cure_cures(
        lines in prop::collection::vec(line(), 0..4),
        options in options(),
        role in prop::sample::select(&[Role::Target, Role::Source][..]),
    ) {
        let mut text = String::from("GRANT USAGE ON *.* TO `u`@`%`\n");
        for line in &lines {
            text.push_str(&line.text());
            text.push('\n');
        }
        let selection = Selection::Schemas(vec!["app".into(), "my_app".into()]);
        for server in SERVERS {
            let server = Server::parse(server);
            let request = Request::new(role, selection.clone());
            let answer = judge(&text, &server, &request, &options);
            if answer.grant.is_empty() {
                continue;
            }
            let revoked: Vec<&str> = answer
                .grant
                .iter()
                .filter_map(|cure| cure.strip_prefix("REVOKE ALL PRIVILEGES ON "))
                .filter_map(|rest| rest.split_once(" FROM "))
                .map(|(row, _)| row)
                .collect();
            let on = |line: &str| revoked.iter().any(|row| {
                line.replace('\'', "`").contains(&format!(" ON {row} "))
            });
            let mut after: Vec<&str> = text.lines().filter(|line| !on(line)).collect();
            after.extend(answer.grant.iter().map(String::as_str).filter(|c| c.starts_with("GRANT")));
            let again = judge(&after.join("\n"), &server, &request, &options);
            prop_assert_eq!(again.verdict, Verdict::Enough, "{:?}\n{}\n{:#?}", server, text, answer);
        }
    }
}

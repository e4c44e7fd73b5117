//! What five real servers let about forty accounts each do, against what the engine says of them.

#![expect(clippy::print_stdout, reason = "the table of counts is for the reader of the test")]
#![expect(clippy::unwrap_used, reason = "a recording of another shape is a failed test")]

use serde_json::Value;
use tidb_dms_checks::grants::{
    Answer, Family, Grants, Holding, Object, Options, Privilege, Request, Role, Selection, Server,
    Verdict, judge,
};

const FILES: [(&str, &str); 5] = [
    ("mariadb-10.11.19", include_str!("data/grants/mariadb-10.11.19.json")),
    ("mysql-9.7.4", include_str!("data/grants/mysql-9.7.4.json")),
    (
        "mysql-9.7.4-partial-revokes-off",
        include_str!("data/grants/mysql-9.7.4-partial-revokes-off.json"),
    ),
    ("tidb-7.5.7", include_str!("data/grants/tidb-7.5.7.json")),
    ("tidb-8.5.4", include_str!("data/grants/tidb-8.5.4.json")),
];
const SCHEMAS: [&str; 4] = ["app", "my_app", "myxapp", "apple"];

#[derive(Default)]
struct Count {
    accounts: usize,
    about_login: usize,
    enough: usize,
    lacking: usize,
    unknown: usize,
}

#[test]
fn verdicts_are_what_the_servers_did() {
    println!("{:34} accounts  login  enough  lacking  can't tell", "");
    for (file, text) in FILES {
        let recorded: Value = serde_json::from_str(text).unwrap();
        let server = Server::parse(recorded["version"].as_str().unwrap());
        let mut count = Count::default();
        for account in recorded["accounts"].as_array().unwrap() {
            judge_account(file, &server, &recorded["variables"], account, &mut count);
        }
        println!(
            "{file:34} {:8} {:6} {:7} {:8} {:11}",
            count.accounts, count.about_login, count.enough, count.lacking, count.unknown
        );
    }
}

fn judge_account(
    file: &str,
    server: &Server,
    variables: &Value,
    account: &Value,
    count: &mut Count,
) {
    count.accounts += 1;
    let name = account["name"].as_str().unwrap();
    let Some(lines) = account["show_grants"].as_array() else {
        count.about_login += 1;
        let text = account["show_grants"].to_string();
        let answer = ask(&text, server, &Options::default(), Role::Source, "app");
        assert_eq!(answer.verdict, Verdict::Unknown, "{file}: {name}");
        return;
    };
    let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
    let role = account["current_role"][0].as_str().unwrap_or("NULL");
    let options = Options {
        current_role: Some(role.to_owned()),
        partial_revokes: variables["partial_revokes"].as_str().map(|value| value == "ON"),
        lower_case_table_names: variables["lower_case_table_names"]
            .as_str()
            .map(|value| value.parse().unwrap()),
    };
    for text in pasted(&lines) {
        for schema in SCHEMAS {
            for (role, works) in [(Role::Target, "target_works"), (Role::Source, "source_works")] {
                let answer = ask(&text, server, &options, role, schema);
                let works = account[works][schema].as_bool().unwrap();
                let right = match answer.verdict {
                    Verdict::Enough => works,
                    Verdict::Lacking => !works,
                    Verdict::Unknown => file.starts_with("tidb") && name.contains("two rows match"),
                };
                assert!(right, "{file}: {name}: {role:?} {schema}: {answer:?}\n{text}");
            }
        }
    }
    // Knowing less may leave more open, and never turns a verdict round.
    for (server, options) in [
        (server, Options::default()),
        (&Server::parse("8.0"), Options::default()),
        (&Server::parse("who knows"), Options::default()),
    ] {
        if server.family() == Family::MySql && !file.starts_with("mysql") {
            continue;
        }
        for schema in SCHEMAS {
            for (role, works) in [(Role::Target, "target_works"), (Role::Source, "source_works")] {
                let verdict = ask(&lines.join("\n"), server, &options, role, schema).verdict;
                let works = account[works][schema].as_bool().unwrap();
                let wrong = if works { Verdict::Lacking } else { Verdict::Enough };
                assert_ne!(verdict, wrong, "{file}: {name}: {role:?} {schema} {server:?}");
            }
        }
    }
    for schema in SCHEMAS {
        for role in [Role::Target, Role::Source] {
            match ask(&lines.join("\n"), server, &options, role, schema).verdict {
                Verdict::Enough => count.enough += 1,
                Verdict::Lacking => count.lacking += 1,
                Verdict::Unknown => count.unknown += 1,
            }
        }
    }
}

fn ask(text: &str, server: &Server, options: &Options, role: Role, schema: &str) -> Answer {
    let request = Request::new(role, Selection::Schemas(vec![schema.to_owned()]));
    judge(text, server, &request, options)
}

/// The same lines in every form in which a client prints them.
fn pasted(lines: &[&str]) -> Vec<String> {
    let header = "Grants for u@%";
    let border = format!("+{}+\n", "-".repeat(80));
    let mut table = format!("{border}| {header:78} |\n{border}");
    let mut vertical = String::new();
    for (at, line) in lines.iter().enumerate() {
        let row = format!("{0} {1}. row {0}", "*".repeat(27), at + 1);
        vertical.extend([&row, "\n", header, ": ", *line, "\n"]);
        table.extend([&format!("| {line:78} |"), "\n"]);
    }
    table.push_str(&border);
    table.push_str("3 rows in set (0.00 sec)\n");
    vec![
        lines.join("\n"),
        format!("{header}\n{}\n", lines.join("\n").replace('\\', "\\\\")),
        table,
        vertical,
        serde_json::to_string_pretty(lines).unwrap(),
        lines.join(";\r\n"),
        lines.join("\n").replace('`', "\""),
    ]
}

/// The printed statements, taken as a server would, end every lack and ask for nothing more.
#[test]
fn cures_are_enough() {
    for (file, text) in FILES {
        let recorded: Value = serde_json::from_str(text).unwrap();
        let server = Server::parse(recorded["version"].as_str().unwrap());
        for account in recorded["accounts"].as_array().unwrap() {
            let Some(lines) = account["show_grants"].as_array() else {
                continue;
            };
            let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
            let role = account["current_role"][0].as_str().unwrap_or("NULL");
            let options = Options {
                current_role: Some(role.to_owned()),
                partial_revokes: recorded["variables"]["partial_revokes"]
                    .as_str()
                    .map(|value| value == "ON"),
                lower_case_table_names: recorded["variables"]["lower_case_table_names"]
                    .as_str()
                    .map(|value| value.parse().unwrap()),
            };
            for schema in SCHEMAS {
                for role in [Role::Target, Role::Source] {
                    let answer = ask(&lines.join("\n"), &server, &options, role, schema);
                    let cured = !answer.grant.is_empty();
                    assert_eq!(cured, answer.verdict != Verdict::Enough, "{file} {answer:?}");
                    println!(
                        "{file} | {} | {role:?} {schema} | {:?} | {}",
                        account["name"].as_str().unwrap(),
                        answer.verdict,
                        answer.grant.join(" ")
                    );
                    if !cured || answer.grant[0].starts_with("SET DEFAULT ROLE") {
                        continue;
                    }
                    let after: Vec<&str> = lines
                        .iter()
                        .copied()
                        .filter(|line| {
                            !answer.grant.iter().any(|cure| {
                                let row = cure.strip_prefix("REVOKE ALL PRIVILEGES ON ");
                                let row = row.and_then(|rest| rest.split(' ').next());
                                row.is_some_and(|row| line.contains(&format!(" ON {row} ")))
                                    && line.starts_with("GRANT")
                            })
                        })
                        .filter(|line| {
                            !line.starts_with("REVOKE")
                                || !answer.grant.iter().any(|cure| {
                                    line.replace("REVOKE", "GRANT").replace(" FROM ", " TO ")
                                        == cure.trim_end_matches(';')
                                })
                        })
                        .chain(
                            answer
                                .grant
                                .iter()
                                .map(String::as_str)
                                .filter(|cure| cure.starts_with("GRANT")),
                        )
                        .collect();
                    let again = ask(&after.join("\n"), &server, &options, role, schema);
                    assert_eq!(again.verdict, Verdict::Enough, "{file} {after:#?} {again:?}");
                }
            }
        }
    }
}

/// Random rows, patterns and nested roles on a real MariaDB, and what each account could then do.
#[test]
fn single_privileges_are_what_a_server_did() {
    let measured = include_str!("data/grants/measured/mariadb-10.11.19.json");
    let measured: Value = serde_json::from_str(measured).unwrap();
    let server = Server::parse(measured["version"].as_str().unwrap());
    let (mut right, mut unknown) = (0, 0);
    for account in measured["accounts"].as_array().unwrap() {
        let lines: Vec<&str> = account["show_grants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        let options = Options {
            current_role: Some(account["current_role"].as_str().unwrap_or("NULL").to_owned()),
            partial_revokes: None,
            lower_case_table_names: Some(0),
        };
        let grants = Grants::read(&lines.join("\n"), &server, &options);
        for (schema, may) in account["may"].as_object().unwrap() {
            let may = may.as_array().unwrap();
            for privilege in Privilege::TARGET {
                let does = may.iter().any(|name| name == privilege.name());
                match grants.may(privilege, &Object::Schema(schema.clone())) {
                    Holding::Unknown(_) => unknown += 1,
                    holding => {
                        let said = holding == Holding::Held;
                        assert_eq!(said, does, "{privilege:?} on {schema}: {account:#}");
                        right += 1;
                    }
                }
            }
        }
    }
    println!("mariadb-10.11.19, single privileges: {right} right, {unknown} can't be told");
    assert!(right > 10_000 && unknown * 100 < right);
}

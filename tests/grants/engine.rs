//! What five real servers let about forty accounts each do, against what the engine says of them.

use serde_json::Value;
use tidb_dms_checks::grants::{
    Answer, Family, Grants, Holding, Object, Options, Privilege, Request, Role, Selection, Server,
    Verdict, judge,
};

use super::{Recorded, SCHEMAS};

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
    for recorded in Recorded::all() {
        let mut count = Count::default();
        for account in recorded.accounts() {
            judge_account(&recorded, account, &mut count);
        }
        let file = recorded.file;
        println!(
            "{file:34} {:8} {:6} {:7} {:8} {:11}",
            count.accounts, count.about_login, count.enough, count.lacking, count.unknown
        );
    }
}

fn judge_account(recorded: &Recorded, account: &Value, count: &mut Count) {
    let (file, server) = (recorded.file, &server(recorded));
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
    let options = options(recorded, account);
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

fn server(recorded: &Recorded) -> Server {
    Server::parse(recorded.document["version"].as_str().unwrap())
}

/// What the server said of itself and of the account's role.
fn options(recorded: &Recorded, account: &Value) -> Options {
    let role = account["current_role"][0].as_str().unwrap_or("NULL");
    let variable = |name: &str| recorded.document["variables"][name].as_str();
    Options {
        current_role: Some(role.to_owned()),
        partial_revokes: variable("partial_revokes").map(|value| value == "ON"),
        lower_case_table_names: variable("lower_case_table_names")
            .map(|value| value.parse().unwrap()),
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
    for recorded in Recorded::all() {
        let (file, server) = (recorded.file, server(&recorded));
        for account in recorded.accounts() {
            let Some(lines) = account["show_grants"].as_array() else {
                continue;
            };
            let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
            let options = options(&recorded, account);
            for (schema, role) in
                SCHEMAS.iter().flat_map(|schema| [(schema, Role::Target), (schema, Role::Source)])
            {
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
                let after = taken(&lines, &answer.grant);
                let again = ask(&after.join("\n"), &server, &options, role, schema);
                assert_eq!(again.verdict, Verdict::Enough, "{file} {after:#?} {again:?}");
            }
        }
    }
}

/// What SHOW GRANTS prints once a server has taken the statements.
fn taken<'a>(lines: &[&'a str], statements: &'a [String]) -> Vec<&'a str> {
    let is_taken_away = |line: &str| {
        statements.iter().any(|statement| {
            let row = statement.strip_prefix("REVOKE ALL PRIVILEGES ON ");
            let row = row.and_then(|rest| rest.split(' ').next());
            row.is_some_and(|row| line.contains(&format!(" ON {row} ")))
                && line.starts_with("GRANT")
        })
    };
    // A grant ends the partial revoke that takes the same away.
    let is_ended = |line: &str| {
        let grant = line.replace("REVOKE", "GRANT").replace(" FROM ", " TO ");
        line.starts_with("REVOKE")
            && statements.iter().any(|statement| grant == statement.trim_end_matches(';'))
    };
    let left = lines.iter().copied().filter(|line| !is_taken_away(line) && !is_ended(line));
    let grants = statements.iter().filter(|statement| statement.starts_with("GRANT"));
    left.chain(grants.map(String::as_str)).collect()
}

/// Random rows, patterns and nested roles on a real MariaDB, and what each account could then do.
#[test]
fn single_privileges_are_what_a_server_did() {
    let measured = include_str!("../data/grants/measured/mariadb-10.11.19.json");
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

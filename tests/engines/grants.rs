//! `tidb-dms grants`: what people paste, and what the servers behind it do.

use std::{fmt::Write, fs};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{TIDB, answer, run};

const MYSQL_57: &str = "5.7.44";
const MYSQL_8: &str = "8.0.39";
const AURORA_3: &str = "8.0.mysql_aurora.3.05.2";
const MARIADB: &str = "10.11.19-MariaDB";
const NINE: [&str; 9] = [
    "ALTER",
    "CREATE",
    "CREATE TEMPORARY TABLES",
    "DROP",
    "INDEX",
    "INSERT",
    "UPDATE",
    "DELETE",
    "SELECT",
];

/// `grants` for one account: its lines on standard input, its server, and the rest of the arguments.
fn grants(lines: &str, server: &str, rest: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["grants", "--server", server];
    arguments.extend(rest);
    answer(&arguments, lines.as_bytes())
}

fn missing(answer: &Value) -> Vec<(&str, &str)> {
    let missing = answer["missing"].as_array().unwrap();
    missing
        .iter()
        .map(|one| (one["privilege"].as_str().unwrap(), one["on"].as_str().unwrap()))
        .collect()
}

fn nine_on(schema: &str) -> Vec<(&str, &str)> {
    NINE.iter().map(|privilege| (*privilege, schema)).collect()
}

const F_02: &str = "GRANT USAGE ON *.* TO `dms`@`%`\n\
    GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, CREATE TEMPORARY TABLES \
    ON `shop`.* TO `dms`@`%`\n";

#[test]
fn f_02_the_control_schema_that_nobody_granted() {
    for server in [TIDB, MYSQL_57, MYSQL_8, AURORA_3, MARIADB] {
        let (code, answer) = grants(F_02, server, &["--as", "target", "--schemas", "shop"]);
        assert_eq!(code, 1, "{server}");
        let account = if server == TIDB { "'dms'@'%'" } else { "`dms`@`%`" };
        let list = NINE.join(", ");
        let missing: Vec<Value> = NINE
            .iter()
            .map(|privilege| json!({"privilege": privilege, "on": "awsdms_control"}))
            .collect();
        // The whole document, as the issue promises it.
        assert_eq!(
            answer,
            json!({
                "version": 1,
                "verdict": "lacking",
                "missing": missing,
                "inactive_roles": [],
                "gaps": [],
                "grant": [format!("GRANT {list} ON `awsdms_control`.* TO {account};")],
            })
        );
    }
    let control = ["--as", "target", "--schemas", "shop", "--control-schema", "shop"];
    assert_eq!(grants(F_02, TIDB, &control).0, 0);
    let (_, text, _) =
        run(&["grants", "--server", TIDB, "--as", "target", "--schemas", "shop"], F_02.as_bytes());
    assert_eq!(
        text,
        "✗ lacking on awsdms_control: ALTER, CREATE, … (all nine)\n  \
         GRANT ALTER, CREATE, CREATE TEMPORARY TABLES, DROP, INDEX, INSERT, UPDATE,\n  \
         DELETE, SELECT ON `awsdms_control`.* TO 'dms'@'%';\n"
    );
}

#[test]
fn every_form_of_paste_and_every_way_in_is_the_same() {
    let folder = TempDir::new().unwrap();
    let lines: Vec<&str> = F_02.lines().collect();
    let width = lines.iter().map(|line| line.len()).max().unwrap();
    let border = format!("+-{}-+\n", "-".repeat(width));
    let mut table = format!("{border}| {:width$} |\n{border}", "Grants for dms@%");
    let mut vertical = String::new();
    for (index, line) in lines.iter().enumerate() {
        writeln!(table, "| {line:width$} |").unwrap();
        let stars = "*".repeat(27);
        writeln!(vertical, "{stars} {}. row {stars}", index + 1).unwrap();
        writeln!(vertical, "Grants for dms@%: {line}").unwrap();
    }
    table += &border;
    table += "2 rows in set (0.00 sec)\n";
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(table.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let forms: [&[u8]; 5] = [
        F_02.as_bytes(),
        &F_02.replace('\n', "\r\n").into_bytes(),
        table.as_bytes(),
        vertical.as_bytes(),
        &utf16,
    ];
    let ask = |file: &[&str], input: &[u8]| {
        let mut arguments = vec!["grants", "--server", TIDB, "--as", "target", "--schemas", "shop"];
        arguments.extend(file);
        run(&arguments, input)
    };
    let expected = ask(&[], F_02.as_bytes());
    assert_eq!(expected.0, 1);
    for form in forms {
        let file = folder.path().join("grants.txt");
        fs::write(&file, form).unwrap();
        assert_eq!(ask(&[file.to_str().unwrap()], b""), expected);
        assert_eq!(ask(&["-"], form), expected, "{:?}", String::from_utf8_lossy(form));
        assert_eq!(ask(&[], form), expected);
    }
}

#[test]
fn f_17_one_table_two_lines() {
    let lines = "GRANT USAGE ON *.* TO 'dms'@'%'\n\
        GRANT INSERT, UPDATE, DELETE ON shop.baz TO 'dms'@'%'\n\
        GRANT SELECT (address, id, status) ON shop.baz TO 'dms'@'%'\n";
    let source = ["--as", "source", "--tables", "shop.baz"];
    let (code, answer) = grants(lines, TIDB, &source);
    assert_eq!(code, 1);
    assert_eq!(missing(&answer), [("SELECT", "shop.baz")]);
    let cure = json!(["GRANT SELECT ON `shop`.`baz` TO 'dms'@'%';"]);
    assert_eq!(answer["grant"], cure);
    for server in [MYSQL_57, MYSQL_8, MARIADB] {
        let (code, answer) = grants(lines, server, &source);
        assert_eq!((code, &answer["verdict"]), (3, &json!("unknown")), "{server}");
        let unlock = json!({"grant": "SELECT ON shop.baz"});
        assert_eq!(answer["gaps"][0]["unlock"], unlock, "{server}");
    }
    let (code, answer) = grants(lines, TIDB, &["--as", "target", "--tables", "shop.baz"]);
    assert_eq!(code, 1);
    let missing = missing(&answer);
    for lacking in [("CREATE", "shop"), ("DROP", "shop.baz"), ("INDEX", "shop.baz")] {
        assert!(missing.contains(&lacking), "{lacking:?}: {missing:?}");
    }
    assert!(!missing.contains(&("INSERT", "shop.baz")), "{missing:?}");
}

#[test]
fn f_18_a_hash_is_never_repeated_and_the_default_role_counts() {
    const HASH: &str = "0123456789ABCDEF0123456789ABCDEF01234567";
    let own = format!(
        "GRANT `dms_role` TO `dms`@`%`\n\
         GRANT USAGE ON *.* TO `dms`@`%` IDENTIFIED BY PASSWORD '*{HASH}'\n"
    );
    let all = format!(
        "{own}SET DEFAULT ROLE `dms_role` FOR `dms`@`%`\nGRANT USAGE ON *.* TO `dms_role`\n\
         GRANT SELECT ON `shop`.* TO `dms_role`\n"
    );
    let source = ["--as", "source", "--schemas", "shop"];
    let active = [&source[..], &["--current-role", "dms_role"]].concat();
    let inactive = [&source[..], &["--current-role", "NULL"]].concat();
    assert_eq!(grants(&all, MARIADB, &active).0, 0);
    let (code, answer) = grants(&own, MARIADB, &inactive);
    assert_eq!(code, 1);
    assert_eq!(answer["inactive_roles"], json!(["dms_role"]));
    let cure = json!(["SET DEFAULT ROLE `dms_role` FOR `dms`@`%`;"]);
    assert_eq!(answer["grant"], cure);
    let (code, answer) = grants(&own, MARIADB, &source);
    assert_eq!(code, 3);
    assert_eq!(answer["gaps"][0]["unlock"], json!({"flag": "--current-role"}));

    let torn = format!("GRANT SELECT ON `shop`.* TO `dms`@`%` IDENTIFIED BY '*{HASH}\n");
    let odd = format!("REVOKE *{HASH} and something GRANT\n");
    for text in [&own, &all, &torn, &odd, &format!("{all}{torn}{odd}")] {
        for server in [TIDB, MYSQL_57, MYSQL_8, AURORA_3, MARIADB, "unheard-of"] {
            for side in ["source", "target"] {
                for format in [&["--json"][..], &[]] {
                    let arguments =
                        [&["grants", "--server", server, "--as", side][..], format].concat();
                    let (_, stdout, stderr) = run(&arguments, text.as_bytes());
                    assert!(!stdout.contains(HASH) && !stderr.contains(HASH), "{stdout}{stderr}");
                }
            }
        }
    }
}

#[test]
fn f_19_every_schema_is_not_everything() {
    let lines = "GRANT USAGE ON *.* TO `dms`@`%`\nGRANT ALL PRIVILEGES ON `%`.* TO `dms`@`%`\n";
    let target = ["--as", "target", "--schemas", "shop"];
    for server in [TIDB, MYSQL_57, MARIADB] {
        assert_eq!(grants(lines, server, &target).0, 0, "{server}");
    }
    let with = |value| [&target[..], &["--partial-revokes", value]].concat();
    assert_eq!(grants(lines, MYSQL_8, &with("off")).0, 0);
    assert_eq!(grants(lines, MYSQL_8, &with("ON")).0, 1);
    assert_eq!(grants(lines, MYSQL_8, &target).0, 3);
    assert_eq!(grants(lines, AURORA_3, &target).0, 1);
    let cdc = ["--as", "source", "--schemas", "shop", "--migration-type", "full-load-and-cdc"];
    let (code, answer) = grants(lines, MYSQL_57, &cdc);
    assert_eq!(code, 1);
    let replication = [("REPLICATION CLIENT", "*.*"), ("REPLICATION SLAVE", "*.*")];
    assert_eq!(missing(&answer), replication);
}

#[test]
fn f_20_revokes_that_do_not_matter() {
    let taken = "INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY \
        TABLES, LOCK TABLES, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER";
    let lines = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, \
         ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, \
         REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, \
         EVENT, TRIGGER, CREATE ROLE, DROP ROLE ON *.* TO `admin`@`%` WITH GRANT OPTION\n\
         GRANT APPLICATION_PASSWORD_ADMIN,CONNECTION_ADMIN,ROLE_ADMIN,SET_USER_ID,\
         XA_RECOVER_ADMIN ON *.* TO `admin`@`%` WITH GRANT OPTION\n\
         REVOKE {taken} ON `mysql`.* FROM `admin`@`%`\n\
         REVOKE {taken} ON `sys`.* FROM `admin`@`%`\n"
    );
    let cdc = ["--as", "source", "--schemas", "shop", "--migration-type", "cdc"];
    let target = ["--as", "target", "--schemas", "shop"];
    for server in [AURORA_3, MYSQL_8] {
        assert_eq!(grants(&lines, server, &cdc).0, 0, "{server}");
        assert_eq!(grants(&lines, server, &target).0, 0, "{server}");
        let lines = format!("{lines}REVOKE INSERT ON `shop`.* FROM `admin`@`%`\n");
        let (code, answer) = grants(&lines, server, &target);
        assert_eq!(code, 1, "{server}");
        assert_eq!(missing(&answer), [("INSERT", "shop")], "{server}");
    }
}

#[test]
fn f_21_all_spelled_out() {
    let lines = format!(
        "GRANT {}, RELOAD, DELETE HISTORY, SLAVE MONITOR, SHOW CREATE ROUTINE, SOMETHING NEW ON *.* \
         TO `root`@`localhost` WITH GRANT OPTION\n",
        NINE.join(", ")
    );
    for server in [TIDB, MYSQL_57, MYSQL_8, AURORA_3, MARIADB, "unheard-of"] {
        assert_eq!(grants(&lines, server, &["--as", "target"]).0, 0, "{server}");
    }
}

#[test]
fn f_22_a_cure_that_the_server_can_swallow() {
    let role = "GRANT 'r'@'%' TO 'dms'@'%'\nGRANT USAGE ON *.* TO 'dms'@'%'\n";
    let target = ["--as", "target", "--schemas", "my_app", "--current-role", "NONE"];
    let (_, answer) = grants(role, TIDB, &target);
    assert_eq!(answer["grant"], json!(["SET DEFAULT ROLE 'r'@'%' TO 'dms'@'%';"]));
    let mut arguments = vec!["grants", "--server", TIDB];
    arguments.extend(target);
    let (_, text, _) = run(&arguments, role.as_bytes());
    assert!(text.contains("An administrator runs this"), "{text}");

    let nothing = "GRANT USAGE ON *.* TO 'dms'@'%'\n";
    let (_, answer) = grants(nothing, TIDB, &["--as", "target", "--schemas", "my_app"]);
    let both = [nine_on("my_app"), nine_on("awsdms_control")].concat();
    assert_eq!(missing(&answer), both);
    let cures = answer["grant"].as_array().unwrap();
    assert_eq!(cures.len(), 2);
    for cure in cures {
        let cure = cure.as_str().unwrap();
        let (list, _) = cure.strip_prefix("GRANT ").unwrap().split_once(" ON ").unwrap();
        assert!(list.split(", ").all(|name| NINE.contains(&name)), "{cure}");
    }
}

#[test]
fn no_rows_are_a_gap_and_not_nothing() {
    let error = "ERROR 1141 (42000): There is no such grant defined for user 'dms' on host '%'\n";
    for text in ["", "\n", "Empty set (0.00 sec)\n", "Grants for dms@%\n", error] {
        let (code, answer) = grants(text, TIDB, &["--as", "source", "--schemas", "shop"]);
        assert_eq!(code, 3, "{text}");
        assert!(answer["gaps"][0]["unlock"]["file"].is_string(), "{answer}");
        assert_eq!(answer["missing"], json!([]));
    }
}

#[test]
fn what_a_text_holds_never_controls_the_terminal() {
    let lines = "GRANT `r\u{1b}[2J\u{202e}`@`%` TO `d\u{1b}]0;x\u{7}ms`@`%`\n\
        GRANT USAGE ON *.* TO `d\u{1b}]0;x\u{7}ms`@`%`\n";
    for rest in [&[][..], &["--json"], &["--current-role", "NONE"]] {
        let schema = "sh\u{1b}[31mop";
        let mut arguments =
            vec!["grants", "--server", "\u{1b}c", "--as", "target", "--schemas", schema];
        arguments.extend(rest);
        let (_, stdout, stderr) = run(&arguments, lines.as_bytes());
        let unsafe_letter = |letter: char| letter != '\n' && letter.is_control();
        assert!(!stdout.chars().any(unsafe_letter), "{stdout:?}");
        assert!(!stdout.contains('\u{202e}') && stderr.is_empty(), "{stdout:?}{stderr:?}");
    }
}

//! Cases from the field: what the engine answers, and beside it what a naive one would.

mod reading;
mod roles;

use crate::facts::Unlock;

use super::unlock;
use super::{
    Answer, Grants, Holding, MigrationType, Object, Options, Privilege, Request, Role, Selection,
    Server, Verdict, judge,
};

const NINE: &str =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, CREATE TEMPORARY TABLES";
const TIDB: &str = "8.0.11-TiDB-v8.5.4";
const MYSQL_57: &str = "5.7.44";
const MYSQL_8: &str = "8.0.39";
const AURORA_3: &str = "8.0.mysql_aurora.3.05.2";
const MARIADB: &str = "10.11.19-MariaDB";

struct Ask<'a> {
    text: String,
    server: &'a str,
    request: Request,
    options: Options,
}

impl<'a> Ask<'a> {
    fn new(server: &'a str, role: Role, schemas: &[&str], lines: &[&str]) -> Self {
        let schemas = schemas.iter().map(|schema| (*schema).to_owned()).collect();
        Self {
            text: lines.join("\n"),
            server,
            request: Request::new(role, Selection::Schemas(schemas)),
            options: Options::default(),
        }
    }

    fn tables(mut self, tables: &[(&str, &str)]) -> Self {
        let owned = |(schema, table): &(&str, &str)| ((*schema).to_owned(), (*table).to_owned());
        self.request.selection = Selection::Tables(tables.iter().map(owned).collect());
        self
    }

    fn follows(mut self) -> Self {
        self.request.migration_type = Some(MigrationType::FullLoadAndCdc);
        self
    }

    fn current_role(mut self, role: &str) -> Self {
        self.options.current_role = Some(role.to_owned());
        self
    }

    fn partial_revokes(mut self, on: bool) -> Self {
        self.options.partial_revokes = Some(on);
        self
    }

    fn answer(&self) -> Answer {
        judge(&self.text, &Server::parse(self.server), &self.request, &self.options)
    }

    fn verdict(&self) -> Verdict {
        self.answer().verdict
    }
}

fn missing(answer: &Answer) -> Vec<(&str, &str)> {
    answer.missing.iter().map(|m| (m.privilege.as_str(), m.on.as_str())).collect()
}

fn unlocks(answer: &Answer) -> Vec<Unlock> {
    answer.gaps.iter().map(|gap| gap.unlock.clone()).collect()
}

// F-02. Naive: 1044 is a wrong password.
#[test]
fn the_control_schema_that_nobody_granted() {
    let shop = format!("GRANT {NINE} ON `shop`.* TO `dms`@`%`");
    let lines = ["GRANT USAGE ON *.* TO `dms`@`%`", &shop];
    for server in [TIDB, MYSQL_57, MYSQL_8, AURORA_3, MARIADB] {
        let answer = Ask::new(server, Role::Target, &["shop"], &lines).answer();
        assert_eq!(answer.verdict, Verdict::Lacking, "{server}");
        assert_eq!(answer.missing.len(), 9, "{server}");
        assert!(answer.missing.iter().all(|missing| missing.on == "awsdms_control"));
        assert_eq!(answer.grant.len(), 1, "{server}");
        let cure = "GRANT ALTER, CREATE, CREATE TEMPORARY TABLES, DROP, INDEX, INSERT, UPDATE, \
                    DELETE, SELECT ON `awsdms_control`.* TO ";
        assert!(answer.grant[0].starts_with(cure), "{server}: {}", answer.grant[0]);
    }
    let mut renamed = Ask::new(TIDB, Role::Target, &["shop"], &lines);
    renamed.request.control_schema = "shop".into();
    assert_eq!(renamed.verdict(), Verdict::Enough);
}

// F-17. Naive: the second line overwrites the first; `SELECT (a, b)` is SELECT on the table.
#[test]
fn one_table_two_lines() {
    let lines = [
        "GRANT USAGE ON *.* TO 'dms'@'%'",
        "GRANT INSERT, UPDATE, DELETE ON shop.baz TO 'dms'@'%'",
        "GRANT SELECT (address, id, status) ON shop.baz TO 'dms'@'%'",
    ];
    let ask = |server, role| Ask::new(server, role, &[], &lines).tables(&[("shop", "baz")]);
    let answer = ask(TIDB, Role::Source).answer();
    assert_eq!(answer.verdict, Verdict::Lacking);
    assert_eq!(missing(&answer), [("SELECT", "shop.baz")]);
    assert_eq!(answer.grant, ["GRANT SELECT ON `shop`.`baz` TO 'dms'@'%';"]);
    for server in [MYSQL_57, MYSQL_8, MARIADB] {
        let answer = ask(server, Role::Source).answer();
        assert_eq!(answer.verdict, Verdict::Unknown, "{server}");
        assert_eq!(unlocks(&answer), [Unlock::Grant("SELECT ON shop.baz".into())], "{server}");
        assert_eq!(answer.grant, ["GRANT SELECT ON `shop`.`baz` TO `dms`@`%`;"], "{server}");
    }
    let answer = ask(TIDB, Role::Target).answer();
    assert_eq!(answer.verdict, Verdict::Lacking);
    let on_shop: Vec<_> = missing(&answer);
    assert_eq!(
        on_shop[..6],
        [
            ("CREATE", "shop"),
            ("CREATE TEMPORARY TABLES", "shop"),
            ("ALTER", "shop.baz"),
            ("DROP", "shop.baz"),
            ("INDEX", "shop.baz"),
            ("SELECT", "shop.baz"),
        ]
    );
}

// F-19. Naive: `%` is a name; or it is `*.*`.
#[test]
fn every_schema_is_not_everything() {
    let lines = ["GRANT USAGE ON *.* TO `dms`@`%`", "GRANT ALL PRIVILEGES ON `%`.* TO `dms`@`%`"];
    let target = |server| Ask::new(server, Role::Target, &["shop", "x"], &lines);
    for server in [TIDB, MYSQL_57, MARIADB] {
        assert_eq!(target(server).verdict(), Verdict::Enough, "{server}");
    }
    assert_eq!(target(MYSQL_8).partial_revokes(false).verdict(), Verdict::Enough);
    assert_eq!(target(MYSQL_8).partial_revokes(true).verdict(), Verdict::Lacking);
    assert_eq!(target(AURORA_3).verdict(), Verdict::Lacking);
    let answer = target(MYSQL_8).answer();
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert!(unlocks(&answer).iter().all(|unlock| *unlock == unlock::partial_revokes()));

    for (server, client) in [(MYSQL_57, "REPLICATION CLIENT"), (MARIADB, "BINLOG MONITOR")] {
        let answer = Ask::new(server, Role::Source, &["shop"], &lines).follows().answer();
        assert_eq!(answer.verdict, Verdict::Lacking, "{server}");
        assert_eq!(missing(&answer), [(client, "*.*"), ("REPLICATION SLAVE", "*.*")]);
        assert_eq!(
            answer.grant,
            [format!("GRANT {client}, REPLICATION SLAVE ON *.* TO `dms`@`%`;")]
        );
    }
    assert_eq!(Ask::new(TIDB, Role::Source, &["a"], &lines).follows().verdict(), Verdict::Enough);
}

// F-20. Naive: an unknown REVOKE line makes everything unknown; or a revoke counts for `*.*`.
#[test]
fn revokes_that_do_not_matter() {
    let revoked = "INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, \
                   CREATE TEMPORARY TABLES, LOCK TABLES, CREATE VIEW, CREATE ROUTINE, \
                   ALTER ROUTINE, EVENT, TRIGGER";
    let admin = format!(
        "GRANT {NINE}, RELOAD, PROCESS, REFERENCES, SHOW DATABASES, LOCK TABLES, EXECUTE, \
         REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE USER, EVENT, \
         TRIGGER, CREATE ROLE, DROP ROLE ON *.* TO `admin`@`%` WITH GRANT OPTION"
    );
    let mysql = format!("REVOKE {revoked} ON `mysql`.* FROM `admin`@`%`");
    let sys = format!("REVOKE {revoked} ON `sys`.* FROM `admin`@`%`");
    let mut lines = vec![
        admin.as_str(),
        "GRANT APPLICATION_PASSWORD_ADMIN,CONNECTION_ADMIN,ROLE_ADMIN,XA_RECOVER_ADMIN ON *.* \
         TO `admin`@`%` WITH GRANT OPTION",
        &mysql,
        &sys,
    ];
    for server in [MYSQL_8, AURORA_3] {
        let source = Ask::new(server, Role::Source, &["shop"], &lines).follows();
        assert_eq!(source.verdict(), Verdict::Enough, "{server}");
        assert_eq!(Ask::new(server, Role::Target, &["shop"], &lines).verdict(), Verdict::Enough);
        let grants = Grants::read(&lines.join("\n"), &Server::parse(server), &Options::default());
        let on_mysql = Object::Schema("mysql".into());
        assert_eq!(grants.may(Privilege::Select, &on_mysql), Holding::Held);
        assert_eq!(grants.may(Privilege::Insert, &on_mysql), Holding::Lacking);
    }
    lines.push("REVOKE INSERT ON `shop`.* FROM `admin`@`%`");
    let answer = Ask::new(MYSQL_8, Role::Target, &["shop"], &lines).answer();
    assert_eq!(answer.verdict, Verdict::Lacking);
    assert_eq!(missing(&answer), [("INSERT", "shop")]);
    assert_eq!(answer.grant, ["GRANT INSERT ON `shop`.* TO `admin`@`%`;"]);
    // What a revoke takes from the global privileges, a grant on the schema gives back.
    lines.push("GRANT INSERT ON `shop`.* TO `admin`@`%`");
    assert_eq!(Ask::new(MYSQL_8, Role::Target, &["shop"], &lines).verdict(), Verdict::Enough);
}

// F-21. Naive: the words ALL PRIVILEGES.
#[test]
fn all_spelled_out() {
    let line = format!(
        "GRANT {NINE}, RELOAD, SHUTDOWN, PROCESS, FILE, REFERENCES, SHOW DATABASES, SUPER, LOCK \
         TABLES, DELETE HISTORY, SLAVE MONITOR, SHOW CREATE ROUTINE, SOMETHING NEW ON *.* TO \
         `root`@`localhost` IDENTIFIED VIA mysql_native_password USING 'invalid' OR unix_socket \
         WITH GRANT OPTION"
    );
    for server in [TIDB, MYSQL_57, MYSQL_8, AURORA_3, MARIADB, "who knows"] {
        let answer = Ask::new(server, Role::Target, &["shop"], &[&line]).answer();
        assert_eq!(answer.verdict, Verdict::Enough, "{server}: {answer:?}");
        assert!(answer.grant.is_empty() && answer.gaps.is_empty());
    }
    // SLAVE MONITOR isn't BINLOG MONITOR.
    let answer = Ask::new(MARIADB, Role::Source, &["shop"], &[&line]).follows().answer();
    assert_eq!(missing(&answer), [("BINLOG MONITOR", "*.*"), ("REPLICATION SLAVE", "*.*")]);
}

// F-22. Naive: one template for all servers.
#[test]
fn cures_that_tidb_can_swallow() {
    let lines = ["GRANT USAGE ON *.* TO 'x'@'%'"];
    let answer = Ask::new(TIDB, Role::Target, &["my_app"], &lines).answer();
    assert_eq!(answer.grant.len(), 2);
    assert!(answer.grant[0].ends_with(" ON `my\\_app`.* TO 'x'@'%';"), "{:?}", answer.grant);
    for statement in &answer.grant {
        let (list, _) = statement["GRANT ".len()..].split_once(" ON ").unwrap();
        assert!(list.split(", ").all(|name| Privilege::parse(name).is_some()), "{statement}");
    }
    // MySQL with unseen partial revokes: only the bare name is right either way.
    let answer = Ask::new(MYSQL_8, Role::Source, &["my_app"], &lines).answer();
    assert_eq!(answer.grant, ["GRANT SELECT ON `my_app`.* TO `x`@`%`;"]);
    let answer = Ask::new(MYSQL_57, Role::Source, &["my_app"], &lines).answer();
    assert_eq!(answer.grant, ["GRANT SELECT ON `my\\_app`.* TO `x`@`%`;"]);
}

#[test]
fn one_row_counts_and_never_the_union() {
    let rest = NINE.trim_start_matches("SELECT, ");
    let app = format!("GRANT {rest} ON `app`.* TO `u`@`%`");
    let lines = [
        "GRANT USAGE ON *.* TO `u`@`%`",
        &app,
        "GRANT SELECT ON `app%`.* TO `u`@`%`",
        "GRANT ALL PRIVILEGES ON `awsdms_control`.* TO `u`@`%`",
    ];
    for server in [MYSQL_57, MYSQL_8, MARIADB] {
        let answer = Ask::new(server, Role::Target, &["app"], &lines).answer();
        assert_eq!(missing(&answer), [("SELECT", "app")], "{server}");
        assert_eq!(answer.grant, ["GRANT SELECT ON `app`.* TO `u`@`%`;"], "{server}");
    }
    let answer = Ask::new(TIDB, Role::Target, &["app"], &lines).answer();
    assert_eq!(answer.verdict, Verdict::Lacking, "no single row is enough");
    assert_eq!(
        answer.grant,
        ["REVOKE ALL PRIVILEGES ON `app%`.* FROM 'u'@'%';", "GRANT SELECT ON `app`.* TO 'u'@'%';"]
    );
    let answer = Ask::new(TIDB, Role::Source, &["app"], &lines).answer();
    assert_eq!(answer.verdict, Verdict::Unknown, "it depends on the order of the rows");
    assert_eq!(unlocks(&answer), [Unlock::Grant("SELECT ON app".into())]);

    // A new literal row would hide the pattern's, so it must carry everything.
    let almost = format!("GRANT {rest} ON `app%`.* TO `u`@`%`");
    let lines = [lines[0], &almost, lines[3]];
    let answer = Ask::new(MYSQL_57, Role::Target, &["app"], &lines).answer();
    assert_eq!(missing(&answer), [("SELECT", "app")]);
    assert!(answer.grant[0].starts_with("GRANT ALTER, CREATE, "), "{:?}", answer.grant);
    assert_eq!(answer.grant.len(), 1);

    assert!(answer.notes[0].contains("hides `app%`.*"), "{:?}", answer.notes);
    // Nor may it take away what the task doesn't ask for.
    let lines = ["GRANT USAGE ON *.* TO `u`@`%`", "GRANT INSERT, DELETE ON `app%`.* TO `u`@`%`"];
    let answer = Ask::new(MARIADB, Role::Source, &["app"], &lines).answer();
    assert_eq!(answer.grant, ["GRANT INSERT, DELETE, SELECT ON `app`.* TO `u`@`%`;"]);

    // A row that holds nothing but the grant option still matches first.
    let lines = [
        "GRANT USAGE ON *.* TO `u`@`%`",
        "GRANT USAGE ON `app`.* TO `u`@`%` WITH GRANT OPTION",
        "GRANT SELECT ON `app%`.* TO `u`@`%`",
    ];
    assert_eq!(Ask::new(MYSQL_57, Role::Source, &["app"], &lines).verdict(), Verdict::Lacking);
    assert_eq!(Ask::new(TIDB, Role::Source, &["app"], &lines).verdict(), Verdict::Unknown);
    assert_eq!(Ask::new(TIDB, Role::Source, &["apple"], &lines).verdict(), Verdict::Enough);
}

#[test]
fn letter_case_is_asked_for_only_where_it_matters() {
    let lines = ["GRANT USAGE ON *.* TO `u`@`%`", "GRANT SELECT ON `Shop`.* TO `u`@`%`"];
    let ask = |server, schema: &str| Ask::new(server, Role::Source, &[schema], &lines);
    assert_eq!(ask(MYSQL_57, "Shop").verdict(), Verdict::Enough);
    let answer = ask(MYSQL_57, "shop").answer();
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert_eq!(unlocks(&answer), [unlock::lower_case_table_names()]);
    assert_eq!(ask(TIDB, "SHOP").verdict(), Verdict::Enough);
    for (setting, verdict) in [(0, Verdict::Lacking), (1, Verdict::Enough), (2, Verdict::Enough)] {
        let mut ask = ask(MARIADB, "shop");
        ask.options.lower_case_table_names = Some(setting);
        assert_eq!(ask.verdict(), verdict, "{setting}");
    }
}

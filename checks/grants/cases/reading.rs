//! Texts that are torn, empty, or say less than was asked.

use super::super::{Role, Selection, Verdict, unlock};
use super::{Ask, MARIADB, MYSQL_8, MYSQL_57, TIDB, missing, unlocks};

#[test]
fn no_rows_are_not_no_privileges() {
    for text in [
        "",
        "Empty set (0.00 sec)",
        "ERROR 1141 (42000): There is no such grant defined for user 'x' on host '%'",
        "GRANT SELECT ON `test`.* TO PUBLIC",
        "GRANT SELECT ON *.* TO `a`@`%`\nGRANT SELECT ON *.* TO `b`@`%`",
    ] {
        for server in [TIDB, MYSQL_8, MARIADB, "?"] {
            let answer = Ask::new(server, Role::Source, &["test"], &[text]).answer();
            assert_eq!(answer.verdict, Verdict::Unknown, "{server}: {text}");
            assert!(answer.gaps.iter().any(|gap| gap.unlock == unlock::show_grants()));
            assert!(answer.grant.is_empty());
        }
    }
}

#[test]
fn torn_lines_matter_where_they_could() {
    let global = "GRANT SELECT ON *.* TO `u`@`%`";
    let schema = "GRANT USAGE ON *.* TO `u`@`%`\nGRANT SELECT ON `shop`.* TO `u`@`%`";
    for (text, torn, verdict) in [
        (global, "GRANT INSERT, UPD", Verdict::Enough),
        (global, "REVOKE SELECT ON `sh", Verdict::Unknown),
        (global, "DENY SELECT ON shop.* TO `u`@`%`", Verdict::Unknown),
        (global, "a friendly remark", Verdict::Enough),
        (schema, "GRANT INSERT ON `sh", Verdict::Unknown),
        (schema, "a friendly remark", Verdict::Enough),
        ("GRANT USAGE ON *.* TO `u`@`%`", "GRANT SELECT ON `sh", Verdict::Unknown),
        ("GRANT USAGE ON *.* TO `u`@`%`", "a friendly remark", Verdict::Lacking),
    ] {
        let ask = Ask::new(MYSQL_57, Role::Source, &["shop"], &[text, torn]);
        assert_eq!(ask.verdict(), verdict, "{text} + {torn}");
    }
}

#[test]
fn single_tables_are_not_a_schema() {
    let two = [
        "GRANT USAGE ON *.* TO `u`@`%`",
        "GRANT SELECT ON `shop`.`a` TO `u`@`%`",
        "GRANT SELECT ON `shop`.`b` TO `u`@`%`",
    ];
    let ask = |lines| Ask::new(MYSQL_57, Role::Source, &["shop"], lines);
    assert_eq!(ask(&two[..2]).verdict(), Verdict::Lacking);
    let answer = ask(&two).answer();
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert_eq!(unlocks(&answer), [unlock::tables()]);
    let named = ask(&two).tables(&[("shop", "a"), ("shop", "b")]);
    assert_eq!(named.verdict(), Verdict::Enough);
    let more = ask(&two).tables(&[("shop", "a"), ("shop", "c")]).answer();
    assert_eq!(missing(&more), [("SELECT", "shop.c")]);
    assert_eq!(more.grant, ["GRANT SELECT ON `shop`.`c` TO `u`@`%`;"]);
    // One table may be all that a task writes to; it doesn't give CREATE on the schema.
    let rest = "CREATE, DROP, INDEX, ALTER, CREATE TEMPORARY TABLES, UPDATE, DELETE, SELECT";
    let most = format!("GRANT {rest} ON `shop`.* TO `u`@`%`");
    let control = "GRANT ALL PRIVILEGES ON `awsdms_control`.* TO `u`@`%`";
    let lines = [two[0], &most, "GRANT INSERT ON `shop`.`a` TO `u`@`%`", control];
    let target = Ask::new(MYSQL_57, Role::Target, &["shop"], &lines);
    assert_eq!(target.verdict(), Verdict::Unknown);
    assert_eq!(target.tables(&[("shop", "a")]).verdict(), Verdict::Enough);
    let most = format!("GRANT INSERT, {} ON `shop`.* TO `u`@`%`", rest.replace("CREATE, ", ""));
    let lines = [two[0], &most, "GRANT CREATE ON `shop`.`a` TO `u`@`%`", control];
    let target = Ask::new(MYSQL_57, Role::Target, &["shop"], &lines).tables(&[("shop", "a")]);
    assert_eq!(missing(&target.answer()), [("CREATE", "shop")]);
    // In a grant on a table the schema's name is literal.
    let lines = [two[0], "GRANT SELECT ON `my_app`.`a` TO `u`@`%`"];
    let pattern = ask(&lines).tables(&[("myxapp", "a")]);
    assert_eq!(pattern.verdict(), Verdict::Lacking);
}

#[test]
fn a_selection_that_nobody_named() {
    let ask = |line: &str| {
        let mut ask = Ask::new(MYSQL_57, Role::Source, &[], &[line]);
        ask.request.selection = Selection::Unnamed;
        ask.answer()
    };
    assert_eq!(ask("GRANT SELECT ON *.* TO `u`@`%`").verdict, Verdict::Enough);
    let answer = ask("GRANT USAGE ON *.* TO `u`@`%`");
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert_eq!(unlocks(&answer), [unlock::selection()]);
}

// All three servers did this: u@localhost read a schema that only u@% was granted. Naive: SHOW GRANTS
// shows every row that counts.
#[test]
fn rows_of_a_wider_host_count_too_and_do_not_show() {
    for server in [TIDB, MYSQL_57, MYSQL_8, MARIADB] {
        let answer = |host: &str| {
            let line = format!("GRANT USAGE ON *.* TO `dms`@`{host}`");
            Ask::new(server, Role::Source, &["shop"], &[&line]).answer()
        };
        let notes = answer("10.0.%").notes;
        assert_eq!(notes.len(), 1, "{server}");
        assert!(notes[0].contains("another account named dms"), "{server}: {notes:?}");
        assert!(answer("%").notes.is_empty(), "{server}");
    }
}

#[test]
fn the_answer_has_its_shape() {
    let answer = Ask::new(TIDB, Role::Source, &["s"], &["GRANT USAGE ON *.* TO 'u'@'%'"]).answer();
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        "{\"version\":1,\"verdict\":\"lacking\",\"missing\":[{\"privilege\":\"SELECT\",\"on\":\
         \"s\"}],\"inactive_roles\":[],\"gaps\":[],\"grant\":[\"GRANT SELECT ON `s`.* TO \
         'u'@'%';\"]}"
    );
}

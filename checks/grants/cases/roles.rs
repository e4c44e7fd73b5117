//! Roles: active, inactive, nested, and the public.

use super::super::{Grants, Options, Role, Server, Verdict, unlock};
use super::{Ask, MARIADB, MYSQL_8, TIDB, unlocks};

// F-18. Naive: every line begins with GRANT; lines for another grantee are thrown away.
#[test]
fn mariadb_default_role() {
    let active = [
        "GRANT `dms_role` TO `dms`@`%`",
        "GRANT USAGE ON *.* TO `dms`@`%` IDENTIFIED BY PASSWORD \
         '*0123456789ABCDEF0123456789ABCDEF01234567'",
        "SET DEFAULT ROLE `dms_role` FOR `dms`@`%`",
        "GRANT USAGE ON *.* TO `dms_role`",
        "GRANT SELECT ON `shop`.* TO `dms_role`",
    ];
    let ask = |lines| Ask::new(MARIADB, Role::Source, &["shop"], lines);
    assert_eq!(ask(&active).current_role("dms_role").verdict(), Verdict::Enough);
    assert_eq!(ask(&active).verdict(), Verdict::Enough, "the default role speaks for itself");

    let answer = ask(&active[..2]).current_role("NULL").answer();
    assert_eq!(answer.verdict, Verdict::Lacking);
    assert_eq!(answer.inactive_roles, ["dms_role"]);
    assert_eq!(answer.grant, ["SET DEFAULT ROLE `dms_role` FOR `dms`@`%`;"]);
    assert!(answer.notes[0].contains("administrator"));

    let answer = ask(&active[..2]).answer();
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert_eq!(unlocks(&answer), [unlock::current_role()]);
    assert!(answer.grant.is_empty());

    let all = Grants::read(&active.join("\n"), &Server::parse(MARIADB), &Options::default());
    assert!(!format!("{all:?}").contains("0123456789ABCDEF"), "the hash is cut");
}

// F-18, second half: the same on servers that merge an active role into the account's lines.
#[test]
fn inactive_roles_elsewhere() {
    let lines = ["GRANT USAGE ON *.* TO 'dms'@'%'", "GRANT 'r1'@'%', 'r2'@'%' TO 'dms'@'%'"];
    let ask = |server| Ask::new(server, Role::Source, &["shop"], &lines);
    let answer = ask(TIDB).current_role("NONE").answer();
    assert_eq!(answer.verdict, Verdict::Lacking);
    assert_eq!(answer.inactive_roles, ["r1@%", "r2@%"]);
    assert_eq!(answer.grant, ["SET DEFAULT ROLE 'r1'@'%', 'r2'@'%' TO 'dms'@'%';"]);
    let answer = ask(MYSQL_8).current_role("`r1`@`%`").answer();
    assert_eq!(answer.inactive_roles, ["r2@%"]);
    assert_eq!(answer.grant, ["SET DEFAULT ROLE `r1`@`%`, `r2`@`%` TO `dms`@`%`;"]);
    let answer = ask(MYSQL_8).current_role("`r1`@`%`,`r2`@`%`").answer();
    assert_eq!(answer.grant, ["GRANT SELECT ON `shop`.* TO `dms`@`%`;"]);
    assert_eq!(ask(MYSQL_8).verdict(), Verdict::Unknown);
}

#[test]
fn nested_roles_and_the_public_of_mariadb() {
    let lines = [
        "GRANT `outer` TO `u`@`%`",
        "GRANT USAGE ON *.* TO `u`@`%`",
        "GRANT `inner` TO `outer`",
        "GRANT USAGE ON *.* TO `outer`",
        "GRANT USAGE ON *.* TO `inner`",
        "GRANT SELECT ON `shop`.* TO `inner`",
        "GRANT SELECT ON `open`.* TO PUBLIC",
    ];
    let ask = |schema: &str| {
        Ask::new(MARIADB, Role::Source, &[schema], &lines).current_role("outer").verdict()
    };
    assert_eq!(ask("shop"), Verdict::Enough);
    assert_eq!(ask("open"), Verdict::Enough);
    assert_eq!(ask("other"), Verdict::Lacking);
    let silent = Ask::new(MARIADB, Role::Source, &["shop"], &lines);
    assert_eq!(silent.verdict(), Verdict::Unknown, "the session may have set the role itself");
    let off = Ask::new(MARIADB, Role::Source, &["shop"], &lines).current_role("NULL").answer();
    assert_eq!(off.verdict, Verdict::Lacking);
    assert_eq!(off.grant, ["SET DEFAULT ROLE `outer` FOR `u`@`%`;"]);
    // A role that is known not to help isn't offered.
    let other = Ask::new(MARIADB, Role::Source, &["x"], &lines).current_role("NULL").answer();
    assert_eq!(other.grant, ["GRANT SELECT ON `x`.* TO `u`@`%`;"]);
}

// MySQL 9.7.4 did this: with a role active the first matching pattern counts alone, in the order of
// bytes, whoever's row it is. Naive: they add up, or the longest one counts.
#[test]
fn with_a_role_active_mysql_takes_the_first_pattern_by_name() {
    let verdict = |server, all: &str, one: &str, schema: &str| {
        let lines = [
            format!("GRANT SELECT ON `{all}`.* TO `dms`@`%`"),
            format!("GRANT INSERT ON `{one}`.* TO `dms`@`%`"),
            "GRANT `r`@`%` TO `dms`@`%`".to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut ask = Ask::new(server, Role::Source, &[schema], &lines);
        ask.options.lower_case_table_names = Some(0);
        ask.current_role("`r`@`%`").partial_revokes(false).verdict()
    };
    for (all, one, schema, expected) in [
        (r"my\_shop", "_y%", "my_shop", Verdict::Lacking),
        (r"my\_shop", "my%", "my_shop", Verdict::Lacking),
        (r"my\_shop", "my_sho_", "my_shop", Verdict::Enough),
        (r"my\_shop", "my_shop", "my_shop", Verdict::Enough),
        ("my_shop", r"my\_shop", "my_shop", Verdict::Lacking),
        ("%", r"my\_shop", "my_shop", Verdict::Enough),
        ("m%", "m%p", "my_shop", Verdict::Enough),
        ("m%p", "_y%", "my_shop", Verdict::Lacking),
        ("my%", "MY%", "my_shop", Verdict::Enough),
        ("MY%", "other", "my_shop", Verdict::Lacking),
        // A name without wildcard characters goes before every pattern.
        ("shop", "%", "shop", Verdict::Enough),
        ("%", "shop", "shop", Verdict::Lacking),
    ] {
        assert_eq!(verdict("9.7.4-2", all, one, schema), expected, "{all} {one}");
        // Of 8.0 it isn't known since which version; only what both ways agree on is said.
        let before = verdict(MYSQL_8, all, one, schema);
        assert!(before == expected || before == Verdict::Unknown, "{all} {one}: {before:?}");
    }
    assert_eq!(verdict(MYSQL_8, r"my\_shop", "my%", "my_shop"), Verdict::Unknown);
    assert_eq!(verdict(MYSQL_8, "my_shop%", "my%", "my_shop"), Verdict::Unknown);
    assert_eq!(verdict(MYSQL_8, "shop", "%", "shop"), Verdict::Enough);
}

// MySQL 9.7.4 did this: with a role active a name without wildcard characters is taken as it is written,
// and else its backslash protects a character. Naive: it is the same pattern in both.
#[test]
fn with_a_role_active_mysql_reads_no_backslash_in_a_name_without_wildcards() {
    let lines = [r"GRANT SELECT ON `sh\op`.* TO `dms`@`%`", "GRANT `r`@`%` TO `dms`@`%`"];
    let answer = |server, role: &str| {
        let mut ask = Ask::new(server, Role::Source, &["shop"], &lines);
        ask.options.lower_case_table_names = Some(0);
        ask.current_role(role).partial_revokes(false).answer()
    };
    assert_eq!(answer("9.7.4-2", "NONE").verdict, Verdict::Enough);
    let active = answer("9.7.4-2", "`r`@`%`");
    assert_eq!(active.verdict, Verdict::Lacking);
    assert_eq!(active.grant, ["GRANT SELECT ON `shop`.* TO `dms`@`%`;"]);
    // Of 8.0 it isn't known.
    assert_eq!(answer(MYSQL_8, "NONE").verdict, Verdict::Enough);
    assert_eq!(answer(MYSQL_8, "`r`@`%`").verdict, Verdict::Unknown);
}

// MySQL 9.7.4 did this, where the revoke was the role's. Naive: the account's own grant lifts it.
#[test]
fn a_grant_lifts_no_partial_revoke_of_a_role_whose_name_has_wildcard_characters() {
    let cure = |schema: &str| {
        let lines = [
            "GRANT SELECT ON *.* TO `u`@`%`",
            &format!("REVOKE SELECT ON `{schema}`.* FROM `u`@`%`"),
            "GRANT `r`@`%` TO `u`@`%`",
        ];
        let answer = Ask::new("9.7.4-2", Role::Source, &[schema], &lines)
            .current_role("`r`@`%`")
            .partial_revokes(true)
            .answer();
        assert_eq!(answer.verdict, Verdict::Lacking);
        answer.grant
    };
    assert_eq!(cure("shop"), ["GRANT SELECT ON `shop`.* TO `u`@`%`;"]);
    assert!(cure("my_shop").is_empty());
}

//! The target takes writes.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    facts::{Fact, Role},
    grants::Family,
    judgement::Judgement,
    severity::Severity,
};

use super::settings::{Settings, settings, switch};

pub(crate) static CHECK: Check = Check {
    id: "mysql/read-only",
    requirement: "The target isn't read-only",
    severity: Severity::Error,
    why: "A replica, an Aurora reader or a cluster in read-only mode refuses every CREATE and INSERT (errors 1290, 1836). AWS supports no target whose read_only or innodb_read_only is on. In TiDB those two do nothing: tidb_super_read_only and tidb_restricted_read_only count.",
    fix: "Point the target endpoint at the writer.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html",
        "https://docs.pingcap.com/tidb/stable/system-variables",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

/// Who may write in TiDB's read-only mode: whoever was given this by name, no superuser.
const TIDB_WRITER: &str = "RESTRICTED_REPLICA_WRITER_ADMIN";
/// Who may write under `read_only` elsewhere.
const WRITERS: [&str; 4] = ["SUPER", "CONNECTION_ADMIN", "READ_ONLY ADMIN", "ALL PRIVILEGES"];

fn judge(j: &mut Judgement, _: &Case<'_>, server: &Server<'_>) {
    if server.role == Role::Source {
        j.not_applicable("DMS only reads from the source");
        return;
    }
    j.undecided_at(Severity::Warning);
    if server.host.known().is_some_and(|host| host.contains(".cluster-ro-")) {
        j.note(server.resource(), "ServerName", server.host.known().map_or("", String::as_str));
        j.fail(format!("{} is the reader endpoint of an Aurora cluster", server.name))
            .at(Severity::Warning)
            .advise("Use the cluster endpoint, which leads to the writer");
    }
    let Some(settings) = settings(j, server) else { return };
    if settings.family == Family::TiDb {
        tidb(j, server, &settings);
    } else {
        others(j, server, &settings);
    }
}

fn tidb(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    // The second turns the first on with it, and TiDB Cloud hides it.
    let mut on = Vec::new();
    if settings.has_since(&[(Family::TiDb, [5, 3, 1])]) || settings.version == [0; 3] {
        match settings.is_on(j, "tidb_super_read_only") {
            Some(true) => on.push("tidb_super_read_only"),
            Some(false) => {}
            None => return,
        }
    } else {
        settings.text(j, "version");
    }
    if settings.optional(j, "tidb_restricted_read_only").and_then(switch) == Some(true) {
        // It has to go first: while it is on, the other can't be turned off.
        on.insert(0, "tidb_restricted_read_only");
    }
    if on.is_empty() || may(j, server, &[TIDB_WRITER]) != Some(false) {
        return;
    }
    for name in on {
        let draft = j.fail(format!("{} is read-only: {name} is on", server.name));
        let also = ", unless the cluster is the secondary of a replication";
        settings.set(draft, name, "OFF", also);
    }
}

fn others(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    let advice = if settings.family == Family::Aurora {
        "Use the cluster endpoint, which leads to the writer"
    } else {
        "Point the endpoint at the primary; or, where it is no replica, set read_only to OFF"
    };
    let mut hard = false;
    if settings.is_on(j, "innodb_read_only") == Some(true) {
        hard = true;
        j.fail(format!("{} is read-only: innodb_read_only is on", server.name)).advise(advice);
    }
    // MariaDB has none.
    if settings.optional(j, "super_read_only").and_then(switch) == Some(true) {
        hard = true;
        j.fail(format!("{} is read-only: super_read_only is on", server.name)).advise(advice);
    }
    // MariaDB 12 knows more than on and off: NO_LOCK, NO_LOCK_NO_ADMIN.
    let more = settings.peek("read_only").is_some_and(|value| value.starts_with("NO_LOCK"));
    let soft = if more {
        settings.optional(j, "read_only").is_some()
    } else {
        settings.is_on(j, "read_only") == Some(true)
    };
    if !soft || hard {
        return;
    }
    match may(j, server, &WRITERS) {
        Some(false) => {
            j.fail(format!("{} is read-only: read_only is on", server.name)).advise(advice);
        }
        Some(true) => {
            j.fail(format!(
                "read_only of {} is on: this user may write all the same, and AWS doesn't support it",
                server.name
            ))
            .at(Severity::Warning)
            .advise(advice);
        }
        None => {}
    }
}

/// Whether the user of DMS has one of these privileges everywhere; `None` where its grants weren't
/// seen, which then is on record.
fn may(j: &mut Judgement, server: &Server<'_>, privileges: &[&str]) -> Option<bool> {
    let seen = match server.session("SHOW GRANTS", |session| session.grants.as_ref()) {
        Fact::Known(seen) => seen,
        Fact::Unknown(gap) => {
            j.gap(gap);
            return None;
        }
    };
    let global = seen.value.iter().find(|line| {
        let line = line.to_ascii_uppercase();
        let list = line.strip_prefix("GRANT ").and_then(|rest| rest.split_once(" ON *.*"));
        list.is_some_and(|(list, _)| {
            list.split(',').any(|known| privileges.contains(&known.trim()))
        })
    });
    if let Some(line) = global {
        j.note(server.resource(), "SHOW GRANTS", line);
    }
    Some(global.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const GRANTS: &str = "/probes/1/session/grants";

    #[test]
    fn a_cluster_in_read_only_mode_takes_no_writes() {
        let with = |name, value| patient::probes(&[], &[(name, value)]);
        let both = || {
            patient::probes(
                &[],
                &[("tidb_super_read_only", Some("ON")), ("tidb_restricted_read_only", Some("ON"))],
            )
        };
        testing::check(
            CHECK.id,
            &[
                (&[patient::probes(&[], &[])], Outcome::Pass, ""),
                (&[with("tidb_super_read_only", Some("ON"))], Outcome::Fail, "tidb_super"),
                (&[both()], Outcome::Fail, "tidb_restricted"),
                // TiDB's own read_only does nothing, and TiDB Cloud hides the second one.
                (&[with("read_only", Some("ON"))], Outcome::Pass, ""),
                (&[with("tidb_restricted_read_only", None)], Outcome::Pass, ""),
                (&[with("tidb_super_read_only", None)], Outcome::Unknown, "tidb_super"),
                (
                    &[patient::probes(
                        &[],
                        &[
                            ("version", Some("5.7.25-TiDB-v5.1.4")),
                            ("tidb_super_read_only", None),
                            ("tidb_restricted_read_only", None),
                        ],
                    )],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[
                        both(),
                        (
                            GRANTS,
                            patient::look(json!([
                                "GRANT USAGE ON *.* TO 'dms'@'%'",
                                "GRANT RESTRICTED_REPLICA_WRITER_ADMIN ON *.* TO 'dms'@'%'"
                            ])),
                        ),
                    ],
                    Outcome::Pass,
                    "",
                ),
                // A superuser may not.
                (
                    &[
                        both(),
                        (
                            GRANTS,
                            patient::look(json!(["GRANT ALL PRIVILEGES ON *.* TO 'dms'@'%'"])),
                        ),
                    ],
                    Outcome::Fail,
                    "read-only",
                ),
                (&[both(), (GRANTS, json!(null))], Outcome::Unknown, "SHOW GRANTS"),
            ],
        );
        let said = testing::say(CHECK.id, &[both()]);
        assert_eq!(
            said.commands(),
            [
                "SET GLOBAL tidb_restricted_read_only = OFF;",
                "SET GLOBAL tidb_super_read_only = OFF;"
            ]
        );
    }

    #[test]
    fn replicas_and_readers_take_no_writes() {
        let with = |name, value| patient::out_of_tidb(&[(name, Some(value))]);
        let super_user = patient::look(json!([
            "GRANT SELECT, SUPER ON *.* TO `dms`@`%`",
            "GRANT USAGE ON `a ON *.* TO`.* TO `dms`@`%`"
        ]));
        for (base, outcome, words) in [
            (patient::out_of_tidb(&[]), Outcome::Pass, ""),
            (with("read_only", "ON"), Outcome::Fail, "read_only is on"),
            (with("read_only", "NO_LOCK"), Outcome::Fail, "read_only is on"),
            (with("super_read_only", "1"), Outcome::Fail, "super_read_only is on"),
            (with("innodb_read_only", "ON"), Outcome::Fail, "innodb_read_only is on"),
            (patient::out_of_tidb(&[("super_read_only", None)]), Outcome::Pass, ""),
            (patient::out_of_tidb(&[("read_only", None)]), Outcome::Unknown, "read_only of"),
            (
                patient::out_of_tidb_to(
                    "shop.cluster-ro-x.us-east-1.rds.amazonaws.com",
                    &[("read_only", Some("ON")), ("innodb_read_only", Some("ON"))],
                ),
                Outcome::Fail,
                "reader endpoint",
            ),
            // With one instance alone it leads to the writer.
            (
                patient::out_of_tidb_to("shop.cluster-ro-x.us-east-1.rds.amazonaws.com", &[]),
                Outcome::Warn,
                "reader endpoint",
            ),
        ] {
            testing::check_on(CHECK.id, &base, &[(&[], outcome, words)]);
        }
        testing::check_on(
            CHECK.id,
            &with("read_only", "ON"),
            &[
                (&[(GRANTS, super_user.clone())], Outcome::Warn, "may write all the same"),
                (&[(GRANTS, json!(null))], Outcome::Unknown, "SHOW GRANTS"),
            ],
        );
        testing::check_on(
            CHECK.id,
            &with("super_read_only", "ON"),
            &[(&[(GRANTS, super_user)], Outcome::Fail, "super_read_only")],
        );
    }
}

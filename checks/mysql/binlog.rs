//! The source writes the log that DMS follows.

use crate::{
    case::{Case, Server, is_rds_build},
    change::ServerChange,
    check::{Check, Judge},
    facts::{Fact, Gap, Role, Unlock},
    grants::Family,
    judgement::Judgement,
    migration::Kind,
    needs,
    severity::Severity,
};

use super::settings::{Keeper, Settings, follows_changes, is_tidb, settings, switch};

pub(crate) static CHECK: Check = Check {
    id: "mysql/binlog",
    requirement: "The source writes a binary log that DMS can follow, and keeps it long enough",
    severity: Severity::Error,
    why: "DMS follows changes in the binary log. Without it, in another format than ROW, or with less than whole rows, changes are lost or wrong; a log that was purged before it was read ends the task (error 1236). Sessions that were opened before binlog_format was changed keep the old format. TiDB has no such log.",
    fix: "Set log_bin ON, binlog_format ROW and binlog_row_image FULL on the source, and keep its binary logs for 24 hours or more.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.MySQL.html",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-stored-proc-configuring.html",
    ],
    controls: &[],
    needs: &needs::joined::<5>(&needs::MIGRATION, &["SELECT ON mysql.rds_configuration"]),
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

/// Hours that logs are to be kept; AWS's own example, and what its assessments ask for.
const KEPT_HOURS: u32 = 24;
const HOUR: u64 = 3600;
/// The last engine of DMS that can't read checksums.
const LAST_WITHOUT_CHECKSUMS: [u32; 3] = [3, 4, 7];

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    if server.role == Role::Target {
        j.not_applicable("DMS follows changes of the source");
        return;
    }
    j.undecided_at(Severity::Warning);
    let no_log = "TiDB has no binary log: dms/tidb-source-full-load is about that";
    if is_tidb(server) {
        j.not_applicable(no_log);
        return;
    }
    match follows_changes(j, case) {
        Some(true) => {}
        Some(false) => {
            j.not_applicable("only existing data are copied");
            return;
        }
        None => return,
    }
    let Some(settings) = settings(j, server) else { return };
    if settings.family == Family::TiDb {
        j.not_applicable(no_log);
        return;
    }
    let is_written = written(j, server, &settings);
    // Where Aurora writes no log its format is what turns it on.
    if is_written != Some(false) || settings.family != Family::Aurora {
        format(j, server, &settings);
    }
    events(j, server, &settings);
    checksums(j, case, server, &settings);
    replica(j, server, &settings);
    kept(j, server, &settings);
}

fn written(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) -> Option<bool> {
    if settings.number(j, "server_id") == Some(0) && settings.keeper == Keeper::Owner {
        j.fail(format!("server_id of {} is 0: it lets nobody follow its log", server.name))
            .advise("Set server_id to a number that no other server of its replication has");
    }
    let is_on = settings.is_on(j, "log_bin")?;
    if !is_on {
        let advice = match (settings.keeper, settings.family) {
            (Keeper::Rds, Family::Aurora) => {
                "Set binlog_format to ROW in the DB cluster parameter group, and reboot the writer"
            }
            (Keeper::Rds, _) => "Turn automated backups on, with a retention of a day or more",
            _ => "Start the server with log-bin",
        };
        j.fail(format!("{} writes no binary log: log_bin is off", server.name)).advise(advice);
    }
    Some(is_on)
}

fn format(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    let Some(format) = settings.text(j, "binlog_format") else { return };
    if !format.eq_ignore_ascii_case("ROW") {
        let draft = j.fail(format!(
            "binlog_format of {} is {format}: its log holds statements instead of rows",
            server.name
        ));
        settings.set(
            draft,
            "binlog_format",
            "ROW",
            "; then close all sessions, which keep the old",
        );
    }
}

/// What stands in the log of each changed row.
fn events(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    // Before these versions rows were always whole.
    const IMAGES: [(Family, [u32; 3]); 3] =
        [(Family::MySql, [5, 6, 2]), (Family::MariaDb, [10, 1, 6]), (Family::Aurora, [5, 6, 2])];
    let image = if settings.has_since(&IMAGES) {
        settings.text(j, "binlog_row_image")
    } else {
        settings.optional(j, "binlog_row_image")
    };
    if let Some(image) = image.filter(|image| !image.eq_ignore_ascii_case("FULL")) {
        let draft = j.fail(format!(
            "binlog_row_image of {} is {image}: its log holds parts of rows",
            server.name
        ));
        settings.set(draft, "binlog_row_image", "FULL", "");
    }
    let compressing = [
        ("binlog_transaction_compression", (Family::MySql, [8, 0, 20])),
        ("log_bin_compress", (Family::MariaDb, [10, 2, 3])),
    ];
    for (name, since) in compressing {
        let is_on = if settings.has_since(&[since]) {
            settings.is_on(j, name)
        } else {
            settings.optional(j, name).and_then(switch)
        };
        if is_on == Some(true) {
            let draft = j.fail(format!(
                "{} compresses its binary log ({name}), which DMS can't read",
                server.name
            ));
            settings.set(draft, name, "OFF", "");
        }
    }
    let options = if settings.has_since(&[(Family::MySql, [8, 0, 3])]) {
        settings.text(j, "binlog_row_value_options")
    } else {
        settings.optional(j, "binlog_row_value_options")
    };
    if options.is_some_and(|options| options.to_ascii_uppercase().contains("PARTIAL_JSON")) {
        let draft = j
            .fail(format!(
                "{} logs changes of JSON values in part (binlog_row_value_options); AWS doesn't \
                 say that DMS reads them",
                server.name
            ))
            .at(Severity::Warning);
        settings.set(draft, "binlog_row_value_options", "", "");
    }
}

/// Only old engines of DMS stumble over checksums.
fn checksums(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>, settings: &Settings<'_, '_>) {
    let checksum =
        if settings.has_since(&[(Family::MySql, [5, 6, 2]), (Family::MariaDb, [5, 3, 0])]) {
            settings.text(j, "binlog_checksum")
        } else {
            settings.optional(j, "binlog_checksum")
        };
    let Some(checksum) = checksum.filter(|checksum| !checksum.eq_ignore_ascii_case("NONE")) else {
        return;
    };
    let instance = match case.migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => instance,
        // Serverless replications and new instances have newer engines.
        Kind::Config(_) | Kind::Planned => return,
        Kind::Task(task, None) => {
            j.gap(Gap::new(
                &task.replication_task_arn,
                "its replication instance, which may be too old to read checksums, was not delivered",
                Unlock::IamAction("dms:DescribeReplicationInstances".into()),
            ));
            return;
        }
    };
    let arn = instance.replication_instance_arn.as_str();
    let Some(version) = instance.engine_version.as_deref() else {
        j.gap(crate::dms::not_delivered(arn, "engine version", "dms:DescribeReplicationInstances"));
        return;
    };
    j.note(arn, "EngineVersion", version);
    let Some(numbers) = crate::dms::engine_numbers(version) else {
        j.gap(Gap::new(
            arn,
            format!("whether engine {version} reads checksums isn't known to this version"),
            Unlock::Nothing,
        ));
        return;
    };
    if numbers <= LAST_WITHOUT_CHECKSUMS {
        let draft = j.fail(format!(
            "binlog_checksum of {} is {checksum}, which DMS {version} can't read",
            server.name
        ));
        settings.set(draft, "binlog_checksum", "NONE", ", or upgrade the replication instance");
    }
}

fn replica(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    let is_on = |name: &str| settings.peek(name).and_then(switch) == Some(true);
    if settings.family == Family::Aurora {
        if settings.is_on(j, "innodb_read_only") == Some(true) {
            j.fail(format!("{} is an Aurora reader, which writes no binary log", server.name))
                .advise("Use the cluster endpoint, which leads to the writer");
        }
        return;
    }
    // MySQL renamed it in 8.0.26 and has both for a while.
    let new = settings.optional(j, "log_replica_updates");
    let Some(logs) = new.or_else(|| settings.text(j, "log_slave_updates")) else { return };
    let read_only = settings.text(j, "read_only");
    if switch(logs) == Some(false)
        && (read_only.and_then(switch) == Some(true) || is_on("super_read_only"))
    {
        j.fail(format!(
            "{} is a replica that doesn't log what it replicates (log_replica_updates is off)",
            server.name
        ))
        .advise("Set log_replica_updates (log_slave_updates before 8.0.26) and restart it, or use the primary");
    }
}

/// How long logs are kept.
fn kept(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    let hidden = settings.peek("version_comment").is_some_and(is_rds_build);
    if settings.keeper == Keeper::Rds || hidden {
        kept_by_rds(j, server, settings);
        return;
    }
    let new = [(Family::MySql, [8, 0, 1]), (Family::MariaDb, [10, 6, 1])];
    let seconds = if settings.has_since(&new) {
        settings.number(j, "binlog_expire_logs_seconds")
    } else {
        settings.optional(j, "binlog_expire_logs_seconds").and_then(super::settings::number)
    };
    let days = if settings.has_since(&new) {
        settings.optional(j, "expire_logs_days")
    } else {
        settings.text(j, "expire_logs_days")
    };
    // MariaDB knows parts of a day.
    let days = days.and_then(|days| days.parse::<f64>().ok()).filter(|days| *days > 0.0);
    let of_days = days.is_some_and(|days| days < 1.0);
    // Nothing set is forever.
    let too_short = match seconds {
        Some(seconds) if seconds > 0 => (seconds < u64::from(KEPT_HOURS) * HOUR)
            .then(|| format!("binlog_expire_logs_seconds is {seconds}")),
        _ => of_days.then(|| "expire_logs_days is less than 1".to_owned()),
    };
    let Some(what) = too_short else { return };
    let draft = j
        .fail(format!("{} keeps its binary logs for less than a day: {what}", server.name))
        .at(Severity::Warning);
    if seconds.is_some() {
        let wanted = (u64::from(KEPT_HOURS) * HOUR).to_string();
        settings.set(draft, "binlog_expire_logs_seconds", &wanted, "");
    } else {
        settings.set(draft, "expire_logs_days", "1", "");
    }
}

/// RDS and Aurora purge by a setting of their own, whatever the variables say.
fn kept_by_rds(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) {
    let seen =
        server.setting("binlog retention hours", |session| session.binlog_retention.as_ref());
    let text = match seen {
        Fact::Known(seen) => seen.value.as_str(),
        Fact::Unknown(gap) => {
            let asked = server.probes.iter().any(|probe| probe.session.binlog_retention.is_some());
            let reason = if asked { gap.reason } else { "nobody asked for it".to_owned() };
            let reason = if settings.keeper == Keeper::Rds {
                reason
            } else {
                format!("its version_comment is one of RDS, which purges by this setting; {reason}")
            };
            j.gap(Gap::new(
                format!("`binlog retention hours` of {}", server.name),
                reason,
                Unlock::Grant("SELECT on mysql.rds_configuration".into()),
            ));
            return;
        }
    };
    j.note(server.resource(), "binlog retention hours", text);
    let hours = super::settings::number(text);
    let (message, level) = match hours {
        Some(hours) if hours >= u64::from(KEPT_HOURS) => return,
        Some(hours) if hours > 0 => {
            (format!("{} keeps its binary logs for {hours} hours", server.name), Severity::Warning)
        }
        Some(_) => (purges(server), Severity::Error),
        None if text.eq_ignore_ascii_case("NULL") || text.eq_ignore_ascii_case("NONE") => {
            (purges(server), Severity::Error)
        }
        None => {
            j.gap(Gap::new(
                format!("`binlog retention hours` of {}", server.name),
                format!("`{text}` is nothing that this version can read"),
                Unlock::Nothing,
            ));
            return;
        }
    };
    let draft = j.fail(message).at(level);
    draft.advise("Set the binlog retention hours to 24 or more");
    if let (Some(host), Some(port)) = (server.host.known(), server.port.known()) {
        draft.change(ServerChange::KeepBinaryLogs {
            host: host.clone(),
            port: *port,
            hours: KEPT_HOURS,
        });
    }
}

fn purges(server: &Server<'_>) -> String {
    format!(
        "{} purges its binary logs as soon as it can: no binlog retention hours are set",
        server.name
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const KIND: &str = "/inventory/ReplicationTasks/0/MigrationType";
    const ENGINE: &str = "/inventory/ReplicationInstances/0/EngineVersion";
    const RETENTION: &str = "/probes/0/session/binlog_retention";
    const HOST: &str = "/inventory/Endpoints/0/ServerName";

    /// A source of one's own, with some variables otherwise.
    fn own(otherwise: patient::Otherwise<'_>) -> Vec<(&'static str, Value)> {
        vec![(HOST, json!("db.example.com")), patient::at("db.example.com", otherwise, &[])]
    }

    fn maria(otherwise: patient::Otherwise<'_>) -> Vec<(&'static str, Value)> {
        let mut all = vec![
            ("version", Some("10.11.19-MariaDB-log")),
            ("binlog_row_value_options", None),
            ("binlog_transaction_compression", None),
            ("log_replica_updates", None),
            ("log_bin_compress", Some("OFF")),
            ("log_slave_updates", Some("OFF")),
            ("super_read_only", None),
            ("expire_logs_days", Some("0.000000")),
            ("binlog_expire_logs_seconds", Some("0")),
        ];
        all.extend_from_slice(otherwise);
        own(&all)
    }

    #[test]
    fn the_log_is_written_by_rows_and_kept() {
        for (otherwise, outcome, words) in [
            (("log_bin", Some("ON")), Outcome::Pass, ""),
            (("log_bin", Some("OFF")), Outcome::Fail, "log_bin is off"),
            (("log_bin", None), Outcome::Unknown, "log_bin"),
            (("binlog_format", Some("MIXED")), Outcome::Fail, "is MIXED"),
            (("binlog_format", Some("STATEMENT")), Outcome::Fail, "is STATEMENT"),
            (("binlog_format", Some("row")), Outcome::Pass, ""),
            (("binlog_format", None), Outcome::Unknown, "binlog_format"),
            (("binlog_row_image", Some("MINIMAL")), Outcome::Fail, "MINIMAL"),
            (("binlog_row_image", Some("full")), Outcome::Pass, ""),
            (("binlog_row_image", None), Outcome::Unknown, "binlog_row_image"),
            (("binlog_transaction_compression", Some("ON")), Outcome::Fail, "compresses"),
            (("binlog_row_value_options", Some("PARTIAL_JSON")), Outcome::Warn, "in part"),
            (("server_id", Some("0")), Outcome::Fail, "server_id"),
            (("binlog_expire_logs_seconds", Some("86400")), Outcome::Pass, ""),
            (("binlog_expire_logs_seconds", Some("86399")), Outcome::Warn, "less than a day"),
            // No expiry is forever.
            (("binlog_expire_logs_seconds", Some("0")), Outcome::Pass, ""),
            (("binlog_expire_logs_seconds", None), Outcome::Unknown, "expire"),
            // A primary needs no such thing.
            (("log_replica_updates", Some("OFF")), Outcome::Pass, ""),
            (("log_replica_updates", None), Outcome::Unknown, "log_slave_updates"),
        ] {
            testing::check_on(CHECK.id, &own(&[otherwise]), &[(&[], outcome, words)]);
        }
        let replica = own(&[("log_replica_updates", Some("OFF")), ("read_only", Some("ON"))]);
        testing::check_on(CHECK.id, &replica, &[(&[], Outcome::Fail, "doesn't log")]);
        let replica = own(&[("log_replica_updates", Some("ON")), ("read_only", Some("ON"))]);
        testing::check_on(CHECK.id, &replica, &[(&[], Outcome::Pass, "")]);
        let said = testing::say(CHECK.id, &own(&[("binlog_format", Some("MIXED"))]));
        assert_eq!(said.commands(), ["SET GLOBAL binlog_format = 'ROW';"]);
    }

    #[test]
    fn old_engines_read_no_checksums() {
        let base = own(&[]);
        testing::check_on(
            CHECK.id,
            &base,
            &[
                (&[(ENGINE, json!("3.5.1"))], Outcome::Pass, ""),
                (&[(ENGINE, json!("3.4.7"))], Outcome::Fail, "CRC32"),
                (&[(ENGINE, json!("3.4.10"))], Outcome::Pass, ""),
                (&[(ENGINE, json!(null))], Outcome::Unknown, "engine version"),
                (&[(ENGINE, json!("next"))], Outcome::Unknown, "next"),
            ],
        );
        let none = own(&[("binlog_checksum", Some("NONE"))]);
        testing::check_on(CHECK.id, &none, &[(&[(ENGINE, json!("3.4.7"))], Outcome::Pass, "")]);
    }

    #[test]
    fn rds_keeps_logs_by_a_setting_of_its_own() {
        let seen = |text: &str| (RETENTION, patient::look(json!(text)));
        let refused = json!({"at": "2026-11-24T10:00:00Z", "seen": {"unknown": {
            "about": "SELECT", "reason": "error 1142: SELECT command denied", "unlock": "nothing"}}});
        let base = [patient::probes(&[("binlog_expire_logs_seconds", Some("60"))], &[])];
        testing::check_on(
            CHECK.id,
            &base,
            &[
                (&[], Outcome::Pass, ""),
                (&[seen("168")], Outcome::Pass, ""),
                (&[seen("23")], Outcome::Warn, "23 hours"),
                (&[seen("NULL")], Outcome::Fail, "as soon as it can"),
                (&[seen("0")], Outcome::Fail, "as soon as it can"),
                (&[seen("soon")], Outcome::Unknown, "`soon`"),
                (&[(RETENTION, refused)], Outcome::Unknown, "1142"),
                (&[(RETENTION, json!(null))], Outcome::Unknown, "nobody asked"),
            ],
        );
        let mut purged = base.to_vec();
        purged.push(seen("NULL"));
        assert_eq!(
            testing::say(CHECK.id, &purged).commands(),
            ["CALL mysql.rds_set_configuration('binlog retention hours', 24);"]
        );
        // RDS behind a name of one's own.
        let hidden = own(&[("version_comment", Some("Source distribution"))]);
        testing::check_on(
            CHECK.id,
            &hidden,
            &[
                (&[], Outcome::Pass, ""),
                (&[seen("NULL")], Outcome::Fail, "as soon as it can"),
                (&[(RETENTION, json!(null))], Outcome::Unknown, "one of RDS"),
            ],
        );
        // Parameter groups aren't set by SQL.
        let said =
            testing::say(CHECK.id, &[patient::probes(&[("binlog_format", Some("MIXED"))], &[])]);
        assert_eq!((said.outcome(), said.commands()), (Outcome::Fail, vec![]));
    }

    #[test]
    fn aurora_turns_its_log_on_by_the_format_and_has_none_on_readers() {
        let engine = || ("/inventory/Endpoints/0/EngineName", json!("aurora"));
        let aurora = |otherwise| [engine(), patient::probes(otherwise, &[])];
        let off = testing::say(
            CHECK.id,
            &aurora(&[("log_bin", Some("OFF")), ("binlog_format", Some("OFF"))]),
        );
        assert_eq!(off.outcome(), Outcome::Fail);
        assert!(!off.text().contains("binlog_format of"), "{}", off.text());
        testing::check_on(
            CHECK.id,
            &[],
            &[
                (&aurora(&[]), Outcome::Pass, ""),
                (&aurora(&[("innodb_read_only", Some("ON"))]), Outcome::Fail, "Aurora reader"),
            ],
        );
    }

    #[test]
    fn other_families_have_their_own_variables() {
        for (base, outcome, words) in [
            (maria(&[]), Outcome::Pass, ""),
            (maria(&[("binlog_format", Some("MIXED"))]), Outcome::Fail, "MIXED"),
            (maria(&[("read_only", Some("ON"))]), Outcome::Fail, "doesn't log"),
            (maria(&[("log_bin_compress", Some("ON"))]), Outcome::Fail, "log_bin_compress"),
            (maria(&[("log_bin_compress", None)]), Outcome::Unknown, "log_bin_compress"),
            (maria(&[("binlog_expire_logs_seconds", Some("3600"))]), Outcome::Warn, "3600"),
            (
                own(&[
                    ("version", Some("5.7.44-log")),
                    ("binlog_expire_logs_seconds", None),
                    ("binlog_row_value_options", None),
                    ("binlog_transaction_compression", None),
                    ("log_replica_updates", None),
                    ("log_slave_updates", Some("ON")),
                    ("expire_logs_days", Some("0")),
                ]),
                Outcome::Pass,
                "",
            ),
            (
                maria(&[
                    ("version", Some("10.4.32-MariaDB")),
                    ("binlog_expire_logs_seconds", None),
                    ("expire_logs_days", Some("0.500000")),
                ]),
                Outcome::Warn,
                "expire_logs_days",
            ),
        ] {
            testing::check_on(CHECK.id, &base, &[(&[], outcome, words)]);
        }
    }

    #[test]
    fn it_is_about_following_changes_alone() {
        let broken = || patient::probes(&[("log_bin", Some("OFF"))], &[]);
        testing::check(
            CHECK.id,
            &[
                (&[broken()], Outcome::Fail, ""),
                (&[broken(), (KIND, json!("cdc"))], Outcome::Fail, ""),
                (&[broken(), (KIND, json!("full-load"))], Outcome::NotApplicable, ""),
                (&[broken(), (KIND, json!(null))], Outcome::Unknown, "migration type"),
                (&[("/probes", json!([]))], Outcome::Unknown, "nobody looked"),
            ],
        );
        // What TiDB answers to these questions says nothing.
        let mut tidb = patient::out_of_tidb(&[]);
        tidb.push((KIND, json!("cdc")));
        testing::check_on(CHECK.id, &tidb, &[(&[], Outcome::NotApplicable, "")]);
        let own_tidb = [
            (HOST, json!("db.example.com")),
            patient::at("db.example.com", &[("version", Some("8.0.11-TiDB-v8.5.4"))], &[]),
        ];
        testing::check_on(CHECK.id, &own_tidb, &[(&[], Outcome::NotApplicable, "")]);
    }
}

//! TiDB as a source: existing data only.

use crate::{
    case::{Case, cluster::in_secret},
    change::ReplicationFields,
    check::{Check, Judge},
    facts::{Gap, Unlock},
    judgement::Judgement,
    migration::Side,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/tidb-source-full-load",
    requirement: "A migration out of TiDB copies existing data only",
    severity: Severity::Error,
    why: "TiDB has no MySQL binlog, so DMS can't follow changes; its binlog variables and SHOW MASTER STATUS answer all the same, and mislead. The start of change capture fails.",
    fix: "Set the migration type to full-load. For changes, TiCDC is the way.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-tidb-cloud-dms-endpoints",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    match super::source_is_tidb(case) {
        Some(true) => {}
        Some(false) => {
            j.not_applicable("TiDB isn't the source");
            return;
        }
        None => {
            // A source that wasn't seen is hardly TiDB where the target is.
            if case.cluster.role.known().is_some() {
                j.undecided_at(Severity::Warning);
            }
            match (&case.migration.source, j.look(case.cluster.role.clone())) {
                (Side::Unseen(gap), Some(_)) => j.gap(gap.clone()),
                (Side::Seen(source), Some(_)) => {
                    let hidden = in_secret(case.facts, source, "host name");
                    j.gap(hidden.unwrap_or_else(|| {
                        super::not_delivered(super::name(source), "host", "dms:DescribeEndpoints")
                    }));
                }
                (_, Some(_)) => j.not_applicable("TiDB isn't the source"),
                (_, None) => {}
            }
            return;
        }
    }
    let place = super::replication(case).map_or("asked", |(arn, _)| arn);
    let Some(kind) = case.migration_type() else {
        j.gap(Gap::new(
            place,
            "its migration type was not delivered",
            Unlock::Flag("--migration-type".into()),
        ));
        return;
    };
    let (place, field) = if case.facts.asked.migration_type.is_some() {
        ("asked", "migration_type")
    } else {
        (place, "MigrationType")
    };
    j.note(place, field, kind);
    match kind.to_ascii_lowercase().as_str() {
        "full-load" => {}
        "cdc" | "full-load-and-cdc" => {
            let draft = j.fail(format!(
                "TiDB is the source and the migration type is {kind}: TiDB has no binlog to follow"
            ));
            let fields = ReplicationFields {
                migration_type: Some("full-load".into()),
                ..ReplicationFields::default()
            };
            if let Some(change) = super::modify(case, fields) {
                draft.change(change);
            }
        }
        other => j.gap(Gap::new(
            place,
            format!("the migration type `{other}` is none that this version knows"),
            Unlock::Nothing,
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const KIND: &str = "/inventory/ReplicationTasks/0/MigrationType";
    const SOURCE_HOST: &str = "/inventory/Endpoints/0/ServerName";
    const TARGET_HOST: &str = "/inventory/Endpoints/1/ServerName";

    #[test]
    fn tidb_as_a_source_is_loaded_and_no_more() {
        let tidb = (SOURCE_HOST, json!("tidb.abc.clusters.tidb-cloud.com"));
        let other = (TARGET_HOST, json!("orders.x.us-east-1.rds.amazonaws.com"));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::NotApplicable, ""),
                (&[tidb.clone(), other.clone()], Outcome::Fail, "full-load-and-cdc"),
                (&[tidb.clone(), other.clone(), (KIND, json!("cdc"))], Outcome::Fail, "no binlog"),
                (&[tidb.clone(), other.clone(), (KIND, json!("full-load"))], Outcome::Pass, ""),
                (
                    &[tidb.clone(), other.clone(), (KIND, json!(null))],
                    Outcome::Unknown,
                    "migration type",
                ),
                // From one cluster of TiDB Cloud to another.
                (std::slice::from_ref(&tidb), Outcome::Fail, "no binlog"),
                // What was asked lies over the task.
                (
                    &[
                        tidb.clone(),
                        other,
                        (KIND, json!("full-load")),
                        ("/asked/migration_type", json!("cdc")),
                    ],
                    Outcome::Fail,
                    "cdc",
                ),
            ],
        );
    }

    /// A TiDB of one's own has any host name; its version gives it away, and no binlog variable does.
    #[test]
    fn the_version_gives_tidb_away() {
        let probe = |version: &str| {
            json!([{"host": "orders.x.us-east-1.rds.amazonaws.com", "port": 4000, "vantage": "elsewhere",
                "session": {"version": {"at": "2026-11-24T10:00:00Z", "seen": {"known": version}}}}])
        };
        testing::check(
            CHECK.id,
            &[
                (&[("/probes", probe("8.0.11-TiDB-v8.5.4"))], Outcome::Fail, "no binlog"),
                (&[("/probes", probe("8.0.39"))], Outcome::NotApplicable, ""),
            ],
        );
    }
}

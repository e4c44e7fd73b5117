//! The account may read the source.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    facts::Role,
    judgement::Judgement,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "mysql/source-privileges",
    requirement: "The source account holds SELECT on the selected tables, and for changes the replication privileges",
    severity: Severity::Error,
    why: "DMS reads the tables with SELECT; to follow changes of MySQL or MariaDB it reads the binary log, which takes REPLICATION CLIENT and REPLICATION SLAVE on *.*: they can't be granted on a schema. TiDB has no binary log, so nothing of that is asked there.",
    fix: "Grant SELECT on the selected tables, and for changes REPLICATION CLIENT (MariaDB: BINLOG MONITOR) and REPLICATION SLAVE on *.*.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms",
    ],
    controls: &[],
    needs: super::privileges::NEEDS,
    after: &["dms/table-mappings", "mysql/login", "mysql/role-active"],
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    match server.role {
        Role::Source => super::privileges::judge(j, case, server),
        Role::Target => j.not_applicable("it is the target"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, look},
    };

    const GRANTS: &str = "/probes/0/session/grants";
    const TYPE: &str = "/inventory/ReplicationTasks/0/MigrationType";

    fn grants(lines: &[&str]) -> (&'static str, Value) {
        (GRANTS, look(json!(lines)))
    }

    #[test]
    fn changes_take_more_than_a_full_load() {
        let select = grants(&["GRANT SELECT ON `shop`.* TO `dms`@`%`"]);
        let full = (TYPE, json!("full-load"));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    std::slice::from_ref(&select),
                    Outcome::Fail,
                    "dms@% on orders-db lacks REPLICATION CLIENT, REPLICATION SLAVE on *.*",
                ),
                (&[select.clone(), full.clone()], Outcome::Pass, ""),
                (&[select.clone(), (TYPE, Value::Null)], Outcome::Unknown, "migration type"),
                (&[select.clone(), (TYPE, json!("sometimes"))], Outcome::Unknown, "`sometimes`"),
                (&[(TYPE, Value::Null)], Outcome::Pass, ""),
                (
                    &[grants(&["GRANT USAGE ON *.* TO `dms`@`%`"]), (TYPE, Value::Null)],
                    Outcome::Fail,
                    "lacks SELECT on shop",
                ),
                // F-19: a schema's ALL doesn't hold what is global only.
                (
                    &[grants(&["GRANT ALL PRIVILEGES ON `%`.* TO `dms`@`%`"])],
                    Outcome::Fail,
                    "REPLICATION",
                ),
                (
                    &[grants(&["GRANT ALL PRIVILEGES ON `%`.* TO `dms`@`%`"]), full],
                    Outcome::Pass,
                    "",
                ),
            ],
        );
    }

    /// TiDB as the source has no binary log to read.
    #[test]
    fn tidb_is_not_asked_for_replication() {
        let tidb = [
            ("/inventory/Endpoints/0/ServerName", json!("tidb.abc.clusters.tidb-cloud.com")),
            ("/inventory/Endpoints/0/Port", json!(4000)),
            ("/inventory/Endpoints/1/ServerName", json!("orders.x.us-east-1.rds.amazonaws.com")),
            ("/probes/0/host", json!("tidb.abc.clusters.tidb-cloud.com")),
            ("/probes/0/port", json!(4000)),
            ("/probes/1", Value::Null),
            ("/probes/0/session/version", look(json!("8.0.11-TiDB-v8.5.4"))),
            grants(&["GRANT SELECT ON `shop`.* TO 'dms'@'%'"]),
        ];
        testing::check(CHECK.id, &[(&tidb, Outcome::Pass, "")]);
    }

    /// F-17: column grants are no answer on MySQL, and none at all on TiDB.
    #[test]
    fn columns_are_not_the_table() {
        let explicit = (
            "/inventory/ReplicationTasks/0/TableMappings",
            json!(json!({"rules": [{"rule-type": "selection", "rule-id": "1", "rule-action": "explicit",
                "object-locator": {"schema-name": "shop", "table-name": "baz"}}]}).to_string()),
        );
        let columns = grants(&[
            "GRANT USAGE ON *.* TO 'dms'@'%'",
            "GRANT SELECT (address, id, status) ON shop.baz TO 'dms'@'%'",
        ]);
        let full = (TYPE, json!("full-load"));
        testing::check(
            CHECK.id,
            &[
                (&[explicit.clone(), columns.clone(), full.clone()], Outcome::Unknown, "columns"),
                (
                    &[
                        explicit,
                        columns,
                        full,
                        ("/probes/0/session/version", look(json!("8.0.11-TiDB-v8.5.7"))),
                    ],
                    Outcome::Fail,
                    "lacks SELECT on shop.baz",
                ),
            ],
        );
    }

    /// `VERSION()` of Aurora doesn't say Aurora, whose patterns are literal since version 3 (F-19).
    #[test]
    fn aurora_is_known_by_its_own_variable() {
        let variables = |aurora: Value| {
            (
                "/probes/0/session/variables",
                look(json!({"aurora_version": aurora, "lower_case_table_names": "0"})),
            )
        };
        let all = grants(&["GRANT ALL PRIVILEGES ON `%`.* TO `dms`@`%`"]);
        let full = (TYPE, json!("full-load"));
        testing::check(
            CHECK.id,
            &[
                (
                    &[all.clone(), full.clone(), variables(json!("3.05.2"))],
                    Outcome::Fail,
                    "SELECT on shop",
                ),
                (&[all, full, variables(json!("2.11.2"))], Outcome::Pass, ""),
            ],
        );
    }
}

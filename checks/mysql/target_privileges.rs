//! The account may do on the target whatever DMS does there.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    facts::Role,
    judgement::Judgement,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "mysql/target-privileges",
    requirement: "The target account holds the nine privileges on each target schema and on DMS's control schema",
    severity: Severity::Error,
    why: "DMS creates, loads and changes tables in the schemas that the task writes to, and keeps its own in awsdms_control. Without the latter the full load may pass and the changes fail (error 1044).",
    fix: "Grant ALTER, CREATE, CREATE TEMPORARY TABLES, DROP, INDEX, INSERT, UPDATE, DELETE and SELECT on each schema that the task writes to and on the control schema.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.ControlTable.html",
        "https://docs.pingcap.com/tidb/stable/privilege-management",
    ],
    controls: &[],
    needs: super::privileges::NEEDS,
    after: &["dms/table-mappings", "mysql/login", "mysql/role-active"],
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    match server.role {
        Role::Source => j.not_applicable("it is the source"),
        Role::Target => super::privileges::judge(j, case, server),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, look, table_mappings},
    };

    const GRANTS: &str = "/probes/1/session/grants";
    const ROLE: &str = "/probes/1/session/current_role";
    const TASK: &str = "/inventory/ReplicationTasks/0/TableMappings";
    const SETTINGS: &str = "/inventory/ReplicationTasks/0/ReplicationTaskSettings";
    const NINE: &str =
        "SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,INDEX,ALTER,CREATE TEMPORARY TABLES";

    fn grants(on: &[&str]) -> (&'static str, Value) {
        let lines: Vec<String> =
            on.iter().map(|on| format!("GRANT {NINE} ON {on} TO 'dms'@'%'")).collect();
        (GRANTS, look(json!(lines)))
    }

    fn rules(rules: &[Value]) -> (&'static str, Value) {
        (TASK, json!(json!({ "rules": rules }).to_string()))
    }

    fn include(schema: &str) -> Value {
        json!({"rule-type": "selection", "rule-id": "1", "rule-action": "include",
            "object-locator": {"schema-name": schema, "table-name": "%"}})
    }

    fn rename(schema: &str, to: &str) -> Value {
        json!({"rule-type": "transformation", "rule-id": "2", "rule-target": "schema",
            "rule-action": "rename", "value": to, "object-locator": {"schema-name": schema}})
    }

    /// F-02 and its kin.
    #[test]
    fn both_the_schemas_and_the_control_schema_are_asked_for() {
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    &[grants(&["`shop`.*"])],
                    Outcome::Fail,
                    "dms@% on tidb lacks all nine privileges on awsdms_control",
                ),
                (&[grants(&["`awsdms_control`.*"])], Outcome::Fail, "all nine privileges on shop"),
                (&[grants(&["*.*"])], Outcome::Pass, ""),
                // F-19: `%` covers every schema.
                (&[grants(&["`%`.*"])], Outcome::Pass, ""),
                (
                    &[(
                        GRANTS,
                        look(json!([
                            "GRANT SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,INDEX,ALTER ON `shop`.* TO 'dms'@'%'",
                            format!("GRANT {NINE} ON `awsdms_control`.* TO 'dms'@'%'")
                        ])),
                    )],
                    Outcome::Fail,
                    "lacks CREATE TEMPORARY TABLES on shop",
                ),
                (&[(GRANTS, Value::Null)], Outcome::Unknown, "nobody looked"),
                (&[(GRANTS, look(json!([])))], Outcome::Unknown, "no rows"),
                (&[("/probes/1/user", json!("root"))], Outcome::Unknown, "nobody looked"),
            ],
        );
        let said =
            testing::say(CHECK.id, &[(GRANTS, look(json!(["GRANT USAGE ON *.* TO 'dms'@'%'"])))]);
        assert_eq!(said.rows.iter().map(|row| row.findings.len()).sum::<usize>(), 1);
        let commands = said.commands();
        assert_eq!(commands.len(), 2, "{commands:?}");
        assert!(
            commands.iter().all(|text| text.starts_with("GRANT ALTER, CREATE, ")),
            "{commands:?}"
        );
    }

    #[test]
    fn the_names_are_those_on_the_target() {
        let store = grants(&["`store`.*", "`awsdms_control`.*"]);
        let control = grants(&["`shop`.*", "`dms_own`.*"]);
        let named = json!("{\"ControlTablesSettings\":{\"ControlSchema\":\"dms_own\"}}");
        testing::check(
            CHECK.id,
            &[
                (
                    &[rules(&[include("shop"), rename("shop", "store")]), store.clone()],
                    Outcome::Pass,
                    "",
                ),
                (&[rules(&[include("shop"), rename("shop", "store")])], Outcome::Fail, "on store"),
                (
                    &[rules(&[include("shop"), rename("x", "store")]), store],
                    Outcome::Fail,
                    "on shop",
                ),
                (&[(SETTINGS, named), control.clone()], Outcome::Pass, ""),
                (&[control], Outcome::Fail, "on awsdms_control"),
                // Settings that weren't seen may name another control schema.
                (&[(SETTINGS, Value::Null)], Outcome::Unknown, "settings"),
                (&[(SETTINGS, Value::Null), grants(&["`%`.*"])], Outcome::Pass, ""),
                (
                    &[(SETTINGS, Value::Null), grants(&["`awsdms_control`.*"])],
                    Outcome::Fail,
                    "lacks all nine privileges on shop",
                ),
                (
                    &[(SETTINGS, json!("{\"TargetMetadata\":{\"TargetSchema\":\"x\"}}"))],
                    Outcome::Unknown,
                    "dms/target-schema",
                ),
            ],
        );
    }

    #[test]
    fn patterns_need_the_source_s_own_list() {
        let schemas = "/probes/0/session/schemas";
        let list = |names: &[&str]| (schemas, look(json!(names)));
        let all = (TASK, json!(table_mappings("sh%", "%")));
        let oracle = ("/inventory/Endpoints/0/EngineName", json!("oracle"));
        testing::check(
            CHECK.id,
            &[
                (std::slice::from_ref(&all), Outcome::Pass, ""),
                (&[all.clone(), list(&["shop", "shelf"])], Outcome::Fail, "on shelf"),
                (&[all.clone(), (schemas, Value::Null)], Outcome::Unknown, "is a pattern"),
                (&[all.clone(), (schemas, Value::Null), grants(&["*.*"])], Outcome::Pass, ""),
                (
                    &[all.clone(), (schemas, Value::Null), grants(&["`shop`.*"])],
                    Outcome::Fail,
                    "on awsdms_control",
                ),
                (&[all.clone(), oracle.clone()], Outcome::Unknown, "doesn't speak MySQL"),
                (&[oracle], Outcome::Pass, ""),
                (&[(TASK, Value::Null)], Outcome::Unknown, "no table mappings"),
                (&[(TASK, json!("{"))], Outcome::Unknown, "can't be read"),
            ],
        );
    }

    #[test]
    fn one_database_may_take_everything() {
        let settings = |kind: &str| {
            let value = json!({"DatabaseName": "all", "TargetDbType": kind});
            ("/inventory/Endpoints/1/MySQLSettings", value)
        };
        testing::check(
            CHECK.id,
            &[
                (&[settings("specific-database")], Outcome::Fail, "on all"),
                (
                    &[settings("specific-database"), grants(&["`all`.*", "`awsdms_control`.*"])],
                    Outcome::Pass,
                    "",
                ),
                (&[settings("multiple-databases")], Outcome::Unknown, "dms/database-name"),
                // Whichever it is, the account may, or it may not.
                (&[settings("multiple-databases"), grants(&["*.*"])], Outcome::Pass, ""),
                (
                    &[settings("multiple-databases"), grants(&["`shop`.*", "`all`.*"])],
                    Outcome::Fail,
                    "on awsdms_control",
                ),
                (&[("/inventory/Endpoints/1/DatabaseName", json!("shop"))], Outcome::Pass, ""),
            ],
        );
    }

    /// A role that isn't active is the finding of mysql/role-active.
    #[test]
    fn what_an_inactive_role_gives_is_not_seen() {
        let role = (
            GRANTS,
            look(json!(["GRANT USAGE ON *.* TO 'dms'@'%'", "GRANT 'loader'@'%' TO 'dms'@'%'"])),
        );
        testing::check(
            CHECK.id,
            &[
                (std::slice::from_ref(&role), Outcome::Unknown, "without loader@% it lacks"),
                (&[role.clone(), (ROLE, Value::Null)], Outcome::Unknown, "roles"),
                (
                    &[role.clone(), (ROLE, look(json!("`loader`@`%`")))],
                    Outcome::Fail,
                    "lacks all nine",
                ),
            ],
        );
    }
}

//! The task takes tables, and none of the server's own.

use serde_json::{Value, json};

use crate::{
    case::Case,
    change::ReplicationFields,
    check::{Check, Judge},
    facts::{Gap, Unlock},
    judgement::Judgement,
    migration::{Kind, Side},
    needs,
    severity::Severity,
};

use super::mappings::{Extent, Mappings, SYSTEM_SCHEMAS, TIDB_SYSTEM_SCHEMA};

pub(crate) static CHECK: Check = Check {
    id: "dms/table-mappings",
    requirement: "The table mappings take tables in, and no system schema",
    severity: Severity::Error,
    why: "The schema pattern % takes the server's own schemas in too, and the task fails on them. Without a rule that includes, it ends with \"No tables were found\".",
    fix: "Name the schemas, or leave information_schema, performance_schema, mysql and sys out with rules that exclude.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html",
        "https://docs.pingcap.com/tidbcloud/migrate-from-mysql-using-aws-dms",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let asked = case.facts.asked.table_mappings.as_deref();
    let (place, field, text) = match (asked, case.migration.kind) {
        (Some(text), _) => ("asked", "table_mappings", Some(text)),
        (None, Kind::Task(task, _)) => {
            (task.replication_task_arn.as_str(), "TableMappings", task.table_mappings.as_deref())
        }
        (None, Kind::Config(config)) => (
            config.replication_config_arn.as_str(),
            "TableMappings",
            config.table_mappings.as_deref(),
        ),
        (None, Kind::Instance(_) | Kind::Planned) => {
            for side in [&case.migration.source, &case.migration.target] {
                if let Side::Unseen(gap) = side {
                    j.undecided_at(Severity::Warning);
                    j.gap(gap.clone());
                }
            }
            j.not_applicable("there is no task yet, and no table mappings were given");
            return;
        }
    };
    let Some(text) = text else {
        j.undecided_at(Severity::Warning);
        j.gap(Gap::new(
            place,
            "its table mappings were not delivered",
            Unlock::Flag("--table-mappings".into()),
        ));
        return;
    };
    let mappings = match Mappings::parse(text) {
        Ok(mappings) => mappings,
        Err(error) => {
            j.fail(format!("The table mappings can't be read: {error}"));
            return;
        }
    };
    for rule in mappings.selections.iter().take(8) {
        j.note(place, field, &rule.schema);
    }
    if !mappings.selections.iter().any(|rule| rule.include) {
        j.fail("The table mappings have no selection rule that includes: the task finds no tables");
        return;
    }
    if mappings.takes_nothing() {
        j.fail(
            "The rules that exclude leave out all that the others take in: the task finds no tables",
        )
        .advise("Remove or narrow the rules that exclude; they win over those that include");
        return;
    }
    judge_system_schemas(j, case, text, &mappings);
}

fn judge_system_schemas(j: &mut Judgement, case: &Case<'_>, text: &str, mappings: &Mappings) {
    let of_tidb = super::source_is_tidb(case) == Some(true);
    let is_mysql = match &case.migration.source {
        Side::Seen(endpoint) => super::speaks_mysql(endpoint),
        Side::Unseen(_) | Side::NotNamed => None,
    };
    if is_mysql == Some(false) && !of_tidb {
        // Other engines have system schemas of their own, which DMS knows.
        return;
    }
    let schemas = SYSTEM_SCHEMAS.into_iter().chain(of_tidb.then_some(TIDB_SYSTEM_SCHEMA));
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for schema in schemas {
        match mappings.extent(schema) {
            Extent::Nothing => {}
            Extent::All => whole.push(schema),
            // Whether a narrow pattern hits a table of the server's own isn't known.
            Extent::Some if is_named(mappings, schema) => whole.push(schema),
            Extent::Some => parts.push(schema),
        }
    }
    if is_mysql.is_none() && !of_tidb && !(whole.is_empty() && parts.is_empty()) {
        // Whether these are system schemas depends on the engine.
        j.gap(match &case.migration.source {
            Side::Unseen(gap) => gap.clone(),
            Side::Seen(endpoint) => {
                super::not_delivered(&endpoint.endpoint_arn, "engine", "dms:DescribeEndpoints")
            }
            Side::NotNamed => Gap::new(
                "the source",
                "whether it is MySQL wasn't said, and the table mappings take in what MySQL calls \
                 system schemas",
                Unlock::Flag("--source-endpoint".into()),
            ),
        });
        return;
    }
    if !whole.is_empty() {
        let draft =
            j.fail(format!("The table mappings take in the server's own {}", whole.join(", ")));
        let named = whole.iter().any(|schema| is_named(mappings, schema));
        if named {
            draft.advise("Remove the rules that name system schemas");
        }
        // A task that copies nothing is no repair.
        let mended = with_exclusions(text, &whole, mappings.highest_id)
            .filter(|text| !Mappings::parse(text).is_ok_and(|mended| mended.takes_nothing()));
        let fields = ReplicationFields { table_mappings: mended, ..ReplicationFields::default() };
        if fields.table_mappings.is_some()
            && let Some(change) = super::modify(case, fields)
        {
            draft.change(change);
        }
    }
    if !parts.is_empty() {
        j.fail(format!(
            "The table mappings may take in tables of the server's own {}",
            parts.join(", ")
        ))
        .at(Severity::Warning);
    }
}

/// Whether a rule that includes names a system schema without a wildcard.
fn is_named(mappings: &Mappings, schema: &str) -> bool {
    mappings.selections.iter().any(|rule| rule.include && rule.schema.eq_ignore_ascii_case(schema))
}

/// The mappings with a rule for each schema that leaves it out.
fn with_exclusions(text: &str, schemas: &[&str], highest_id: u64) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let rules = value.get_mut("rules")?.as_array_mut()?;
    for (schema, id) in schemas.iter().zip(highest_id.checked_add(1)?..) {
        rules.push(json!({
            "rule-type": "selection",
            "rule-id": id.to_string(),
            "rule-name": format!("without-{}", schema.replace('_', "-")),
            "object-locator": {"schema-name": schema, "table-name": "%"},
            "rule-action": "exclude",
        }));
    }
    Some(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, table_mappings},
    };

    const MAPPINGS: &str = "/inventory/ReplicationTasks/0/TableMappings";

    #[test]
    fn system_schemas_are_left_out() {
        let map = |schema: &str, table: &str| (MAPPINGS, json!(table_mappings(schema, table)));
        let nothing = |schema: &str, table: &str, other: &str, excluded: &str| {
            let rule = |action: &str, schema: &str, table: &str| {
                json!({"rule-type": "selection", "rule-id": "1", "rule-action": action,
                    "object-locator": {"schema-name": schema, "table-name": table}})
            };
            let rules = [rule("include", schema, table), rule("exclude", other, excluded)];
            json!(json!({ "rules": rules }).to_string())
        };
        let excluded = json!({"rules": [
            {"rule-type": "selection", "rule-id": "1", "rule-action": "include", "object-locator": {"schema-name": "%", "table-name": "%"}},
            {"rule-type": "selection", "rule-id": "2", "rule-action": "exclude", "object-locator": {"schema-name": "%schema", "table-name": "%"}},
            {"rule-type": "selection", "rule-id": "3", "rule-action": "exclude", "object-locator": {"schema-name": "mysql", "table-name": "%"}},
            {"rule-type": "selection", "rule-id": "4", "rule-action": "exclude", "object-locator": {"schema-name": "sys", "table-name": "%"}}]});
        let none = json!({"rules": [
            {"rule-type": "selection", "rule-id": "1", "rule-action": "exclude", "object-locator": {"schema-name": "mysql", "table-name": "%"}}]});
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    &[map("%", "%")],
                    Outcome::Fail,
                    "information_schema, performance_schema, mysql, sys",
                ),
                (&[map("my%", "%")], Outcome::Fail, "own mysql"),
                (&[map("MySQL", "%")], Outcome::Fail, "mysql"),
                (&[map("sys", "host_summary")], Outcome::Fail, "sys"),
                (&[map("%", "orders")], Outcome::Warn, "may take in"),
                (&[(MAPPINGS, json!(excluded.to_string()))], Outcome::Pass, ""),
                (&[(MAPPINGS, nothing("shop", "%", "shop", "%"))], Outcome::Fail, "leave out all"),
                (&[(MAPPINGS, nothing("shop", "t%", "sh%", "t%"))], Outcome::Fail, "leave out all"),
                (&[(MAPPINGS, nothing("sh%", "%", "%", "%"))], Outcome::Fail, "leave out all"),
                (&[(MAPPINGS, nothing("sh%", "%", "shop", "%"))], Outcome::Pass, ""),
                (&[(MAPPINGS, nothing("shop", "%", "shop", "t%"))], Outcome::Pass, ""),
                (&[(MAPPINGS, nothing("shop", "%", "SHOP", "%"))], Outcome::Pass, ""),
                // F-24: `test` is a user's schema.
                (&[map("test", "%")], Outcome::Pass, ""),
                // Oracle has other schemas.
                (
                    &[map("%", "%"), ("/inventory/Endpoints/0/EngineName", json!("oracle"))],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[map("%", "%"), ("/inventory/Endpoints/0", json!(null))],
                    Outcome::Unknown,
                    "endpoint:S",
                ),
                (&[(MAPPINGS, json!(none.to_string()))], Outcome::Fail, "finds no tables"),
                (&[(MAPPINGS, json!("{\"rules\""))], Outcome::Fail, "can't be read"),
                (&[(MAPPINGS, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
    }

    #[test]
    fn tidb_has_one_more() {
        let changes = [
            ("/inventory/Endpoints/0/ServerName", json!("tidb.abc.clusters.tidb-cloud.com")),
            (MAPPINGS, json!(table_mappings("metrics%", "%"))),
        ];
        testing::check(CHECK.id, &[(&changes, Outcome::Fail, "metrics_schema")]);
        testing::check(CHECK.id, &[(&changes[1..], Outcome::Pass, "")]);
    }
}

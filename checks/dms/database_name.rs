//! A MySQL target names no database.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::Assumption,
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::attributes::Attributes;

pub(crate) static CHECK: Check = Check {
    id: "dms/database-name",
    requirement: "The target endpoint names no database",
    severity: Severity::Warning,
    why: "With a database name on a MySQL target all tables of the task go into that one database, whatever their schema.",
    fix: "Clear the endpoint's database name; rename schemas with a transformation rule instead.",
    references: &["https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html"],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(endpoint) = super::mysql_target(j, case) else {
        return;
    };
    let arn = endpoint.endpoint_arn.as_str();
    let settings = endpoint.my_sql_settings.as_ref();
    let database = settings
        .and_then(|settings| settings.database_name.as_deref())
        .filter(|name| !name.is_empty())
        .or(endpoint.database_name.as_deref())
        .filter(|name| !name.is_empty());
    let Some(database) = database else {
        j.assume(Assumption::new(
            arn,
            "it names no database",
            "AWS prints no DatabaseName where there is none",
        ));
        j.note(arn, "DatabaseName", "");
        return;
    };
    j.note(arn, "DatabaseName", database);
    let attributes = Attributes::of(endpoint);
    let kind = settings
        .and_then(|settings| settings.target_db_type.as_deref())
        .or(attributes.get("targetDbType"))
        .unwrap_or("");
    let merged = kind.replace('_', "-").eq_ignore_ascii_case("specific-database");
    if merged {
        j.fail(format!(
            "TargetDbType is specific-database: every schema is merged into {database}"
        ))
        .at(Severity::Advice)
        .advise("Keep it if one database is meant to hold all tables");
    } else {
        j.fail(format!(
            "{} names the database {database}: all tables go there",
            super::name(endpoint)
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_target_names_no_database() {
        let name = "/inventory/Endpoints/1/DatabaseName";
        let settings = "/inventory/Endpoints/1/MySQLSettings";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(name, json!(""))], Outcome::Pass, ""),
                (&[(name, json!("shop"))], Outcome::Warn, "shop"),
                (&[(settings, json!({"DatabaseName": "shop"}))], Outcome::Warn, "shop"),
                (
                    &[(
                        settings,
                        json!({"DatabaseName": "shop", "TargetDbType": "specific-database"}),
                    )],
                    Outcome::Advice,
                    "merged",
                ),
                // A source may name one.
                (&[("/inventory/Endpoints/0/DatabaseName", json!("shop"))], Outcome::Pass, ""),
                (
                    &[
                        ("/inventory/Endpoints/1/EngineName", json!("s3")),
                        ("/asked/tidb_as", json!("source")),
                    ],
                    Outcome::NotApplicable,
                    "",
                ),
            ],
        );
    }
}

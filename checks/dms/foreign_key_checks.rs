//! Foreign keys aren't checked while rows are loaded.

use crate::{
    case::Case,
    change::{DmsChange, EndpointFields},
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::attributes::{Attributes, foreign_key_checks, sql_after_connecting};

pub(crate) static CHECK: Check = Check {
    id: "dms/foreign-key-checks",
    requirement: "The target endpoint switches foreign key checks off in its sessions",
    severity: Severity::Warning,
    why: "DMS loads tables in any order: where the target's tables have foreign keys, a child row that comes before its parent is refused (error 1216, 1452).",
    fix: "Set the target endpoint's extra connection attributes to `Initstmt=SET FOREIGN_KEY_CHECKS=0;`.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-tidb-cloud-dms-endpoints",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html",
    ],
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
    let attributes = Attributes::of(endpoint);
    let mut off = None;
    let mut on = None;
    for (field, sql) in sql_after_connecting(endpoint) {
        let Some(sql) = sql else { continue };
        j.note(arn, field, sql);
        match foreign_key_checks(sql) {
            Some(false) => off = Some(field),
            Some(true) => on = Some(field),
            None => {}
        }
    }
    let message = match (off, on) {
        (Some(_), None) => return,
        (None, None) => format!("{} doesn't switch foreign key checks off", super::name(endpoint)),
        (None, Some(field)) => {
            format!("{field} of {} switches foreign key checks on", super::name(endpoint))
        }
        (Some(off), Some(on)) => format!(
            "{off} of {} switches foreign key checks off, and {on} switches them on again",
            super::name(endpoint)
        ),
    };
    j.note(arn, "ExtraConnectionAttributes", "");
    let draft = j.fail(message);
    let (Some(region), None, true) = (case.region(), on, attributes.is_whole()) else {
        return;
    };
    let sql = match attributes.get("Initstmt") {
        None | Some("") => "SET FOREIGN_KEY_CHECKS=0".to_owned(),
        Some(old) if old.to_ascii_lowercase().starts_with("set ") => {
            format!("{old}, FOREIGN_KEY_CHECKS=0")
        }
        Some(_) => return,
    };
    draft.change(DmsChange::ModifyEndpoint {
        region,
        endpoint: arn.to_owned(),
        fields: EndpointFields {
            attributes: Some(attributes.with("Initstmt", &sql)),
            ..EndpointFields::default()
        },
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const TARGET: &str = "/inventory/Endpoints/1/ExtraConnectionAttributes";
    const SOURCE: &str = "/inventory/Endpoints/0/ExtraConnectionAttributes";
    const SETTINGS: &str = "/inventory/Endpoints/1/MySQLSettings";

    #[test]
    fn the_target_switches_them_off() {
        let script = |sql: &str| json!({ "AfterConnectScript": sql });
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    &[(TARGET, json!("maxFileSize=5;initstmt=set foreign_key_checks=off"))],
                    Outcome::Pass,
                    "",
                ),
                (&[(TARGET, json!(null))], Outcome::Warn, "doesn't switch"),
                (
                    &[(TARGET, json!("Initstmt=SET time_zone='+00:00'"))],
                    Outcome::Warn,
                    "doesn't switch",
                ),
                (
                    &[(TARGET, json!("Initstmt=SET FOREIGN_KEY_CHECKS=1"))],
                    Outcome::Warn,
                    "switches foreign key checks on",
                ),
                (
                    &[(TARGET, json!("")), (SETTINGS, script("SET FOREIGN_KEY_CHECKS=0"))],
                    Outcome::Pass,
                    "",
                ),
                // The setting wins over the attribute of the same name.
                (
                    &[
                        (TARGET, json!("afterConnectScript=SET FOREIGN_KEY_CHECKS=0")),
                        (SETTINGS, script("SELECT 1")),
                    ],
                    Outcome::Warn,
                    "doesn't switch",
                ),
                (&[(SETTINGS, script("SET FOREIGN_KEY_CHECKS=1"))], Outcome::Warn, "on again"),
                // F-05: some endpoint has it, and it is the wrong one.
                (
                    &[(TARGET, json!("")), (SOURCE, json!("initstmt=SET FOREIGN_KEY_CHECKS=0"))],
                    Outcome::Warn,
                    "tidb doesn't switch",
                ),
            ],
        );
    }
}

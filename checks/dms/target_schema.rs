//! A MySQL target takes the source's schemas.

use serde_json::{Value, json};

use crate::{
    case::Case,
    change::ReplicationFields,
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/target-schema",
    requirement: "The task's TargetSchema is empty where the target speaks MySQL",
    severity: Severity::Warning,
    why: "AWS asks to leave TargetMetadata.TargetSchema empty for MySQL targets; schemas are renamed by transformation rules.",
    fix: "Empty TargetMetadata.TargetSchema in the task settings.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.TargetMetadata.html",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Advice);
    if super::mysql_target(j, case).is_none() {
        return;
    }
    let Some((place, settings)) = super::settings(j, case) else {
        return;
    };
    let schema = super::member(&settings, "TargetMetadata.TargetSchema")
        .and_then(Value::as_str)
        .unwrap_or("");
    j.note(place, "TargetSchema", schema);
    if schema.is_empty() {
        return;
    }
    let draft = j.fail(format!(
        "The task's TargetSchema is {schema}, which should be empty for a MySQL target"
    ));
    let settings = json!({"TargetMetadata": {"TargetSchema": ""}}).to_string();
    let fields = ReplicationFields { settings: Some(settings), ..ReplicationFields::default() };
    if let Some(change) = super::modify(case, fields) {
        draft.change(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn it_is_empty() {
        let place = "/inventory/ReplicationTasks/0/ReplicationTaskSettings";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(place, json!("{}"))], Outcome::Pass, ""),
                (
                    &[(place, json!(r#"{"TargetMetadata":{"TargetSchema":"shop"}}"#))],
                    Outcome::Warn,
                    "shop",
                ),
                (&[(place, json!("{"))], Outcome::Unknown, "can't be read"),
                (&[(place, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
    }
}

//! The task writes a log.

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
    id: "dms/logging",
    requirement: "The task logs its load, its capture and its apply to CloudWatch",
    severity: Severity::Warning,
    why: "Without a log nobody can tell afterwards why a night was lost. Security Hub asks for the components of source and target at severity DEFAULT or finer.",
    fix: "Turn on CloudWatch logs for the task; the account needs the role dms-cloudwatch-logs-role.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.Logging.html",
        "https://docs.aws.amazon.com/securityhub/latest/userguide/dms-controls.html",
    ],
    controls: &["DMS.7", "DMS.8"],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// The components of the source (DMS.8) and of the target (DMS.7).
const COMPONENTS: [&str; 4] = ["SOURCE_UNLOAD", "SOURCE_CAPTURE", "TARGET_LOAD", "TARGET_APPLY"];
/// Severities that say less than the controls ask for.
const COARSE: [&str; 3] =
    ["LOGGER_SEVERITY_ERROR", "LOGGER_SEVERITY_WARNING", "LOGGER_SEVERITY_INFO"];

/// What a task logs.
pub(crate) struct Log<'a> {
    /// The task or configuration.
    pub(crate) place: &'a str,
    /// Whether it logs at all.
    pub(crate) is_on: bool,
    /// The components that log less than by default, with their severity.
    pub(crate) coarse: Vec<(String, String)>,
}

/// What the task logs; on record otherwise.
pub(crate) fn log<'a>(j: &mut Judgement, case: &Case<'a>) -> Option<Log<'a>> {
    let (place, settings) = super::settings(j, case)?;
    let on = super::member(&settings, "Logging.EnableLogging").and_then(Value::as_bool);
    let Some(is_on) = on else {
        j.gap(super::not_delivered(place, "Logging.EnableLogging", "dms:DescribeReplicationTasks"));
        return None;
    };
    Some(Log { place, is_on, coarse: coarse(&settings) })
}

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(Log { place, is_on: on, coarse }) = log(j, case) else { return };
    j.note(place, "EnableLogging", on);
    for (component, severity) in &coarse {
        j.note(place, component, severity);
    }
    let message = if !on {
        "The task writes no log".to_owned()
    } else if coarse.is_empty() {
        return;
    } else {
        let words: Vec<String> = coarse
            .iter()
            .map(|(component, severity)| {
                let short = severity.trim_start_matches("LOGGER_SEVERITY_");
                format!("{component} at {short}")
            })
            .collect();
        format!("The task logs less than by default: {}", words.join(", "))
    };
    let level = if on { Severity::Advice } else { Severity::Warning };
    let draft = j.fail(message).at(level);
    let components: Vec<Value> = COMPONENTS
        .iter()
        .map(|id| json!({"Id": id, "Severity": "LOGGER_SEVERITY_DEFAULT"}))
        .collect();
    let settings = json!({"Logging": {"EnableLogging": true, "LogComponents": components}});
    let fields =
        ReplicationFields { settings: Some(settings.to_string()), ..ReplicationFields::default() };
    if let Some(change) = super::modify(case, fields) {
        draft.change(change);
    }
}

/// The components that log too little, with their severity.
fn coarse(settings: &Value) -> Vec<(String, String)> {
    let components = super::member(settings, "Logging.LogComponents")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    components
        .iter()
        .filter_map(|component| {
            let id = super::member(component, "Id")?.as_str()?;
            let severity = super::member(component, "Severity")?.as_str()?;
            let listed = |list: &[&str], word: &str| {
                list.iter().any(|known| known.eq_ignore_ascii_case(word))
            };
            (listed(&COMPONENTS, id) && listed(&COARSE, severity))
                .then(|| (id.to_owned(), severity.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_task_logs() {
        let place = "/inventory/ReplicationTasks/0/ReplicationTaskSettings";
        let log = |logging: Value| (place, json!(json!({ "Logging": logging }).to_string()));
        let coarse = json!({"EnableLogging": true, "LogComponents": [
            {"Id": "TARGET_LOAD", "Severity": "LOGGER_SEVERITY_ERROR"},
            {"Id": "SORTER", "Severity": "LOGGER_SEVERITY_ERROR"}]});
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[log(json!({"EnableLogging": false}))], Outcome::Warn, "no log"),
                (&[log(coarse)], Outcome::Advice, "default: TARGET_LOAD at ERROR"),
                (&[(place, json!("{}"))], Outcome::Unknown, "EnableLogging"),
                (&[(place, json!(null))], Outcome::Unknown, "settings"),
            ],
        );
    }
}

//! Parallel loading is set where DMS reads it, and within its limits.

use crate::{
    case::Case,
    change::{DmsChange, EndpointFields},
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::attributes::Attributes;

pub(crate) static CHECK: Check = Check {
    id: "dms/parallel-load",
    requirement: "The target endpoint's load settings are within their limits, and set on the endpoint",
    severity: Severity::Warning,
    why: "A MySQL target loads with 1 to 5 threads and files of 1 to 1048576 KB. The task's own ParallelLoadThreads is ignored for MySQL targets.",
    fix: "Set ParallelLoadThreads (1–5) and MaxFileSize (1–1048576) on the target endpoint.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.TargetMetadata.html",
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
    let settings = endpoint.my_sql_settings.as_ref();
    let mut any = false;
    let limits = [
        ("ParallelLoadThreads", settings.and_then(|settings| settings.parallel_load_threads), 5),
        ("MaxFileSize", settings.and_then(|settings| settings.max_file_size), 1_048_576),
    ];
    for (field, setting, most) in limits {
        // The setting wins over the attribute.
        let text =
            setting.map(|value| value.to_string()).or(attributes.get(field).map(str::to_owned));
        let Some(text) = text else { continue };
        any = true;
        j.note(arn, field, &text);
        let value = text.parse::<i64>();
        if value.as_ref().is_ok_and(|value| (1..=most).contains(value)) {
            continue;
        }
        let draft = j.fail(format!(
            "{field} of {} is {text}; a MySQL target takes 1 to {most}",
            super::name(endpoint)
        ));
        let (Some(region), Ok(value)) = (case.region(), value) else {
            continue;
        };
        let value = Some(value.clamp(1, most));
        let fields = if field == "MaxFileSize" {
            EndpointFields { max_file_size: value, ..EndpointFields::default() }
        } else {
            EndpointFields { parallel_load_threads: value, ..EndpointFields::default() }
        };
        draft.change(DmsChange::ModifyEndpoint { region, endpoint: arn.to_owned(), fields });
    }
    if let Some(csv) = attributes.get("loadUsingCSV") {
        any = true;
        j.note(arn, "loadUsingCSV", csv);
        if csv.eq_ignore_ascii_case("false") {
            j.fail("loadUsingCSV is false: rows are inserted one by one, which is slower, and TIME values are limited to 00:00:00–23:59:59")
                .at(Severity::Advice)
                .advise("Keep it only where the target can't take LOAD DATA LOCAL");
        }
    }
    any |= of_task(j, case);
    if !any {
        j.not_applicable("nothing is set: one thread, files of 32768 KB");
    }
}

/// The task's setting of the same name, which MySQL targets ignore. Its settings may not be there at
/// all, which then doesn't matter here.
fn of_task(j: &mut Judgement, case: &Case<'_>) -> bool {
    let mut aside = Judgement::default();
    let Some((place, settings)) = super::settings(&mut aside, case) else {
        return false;
    };
    let threads = super::member(&settings, "TargetMetadata.ParallelLoadThreads")
        .and_then(serde_json::Value::as_i64)
        .filter(|threads| *threads > 0);
    let Some(threads) = threads else { return false };
    j.note(place, "ParallelLoadThreads", threads);
    j.fail(format!("The task's ParallelLoadThreads is {threads}, which MySQL targets ignore"))
        .at(Severity::Advice)
        .advise("Set ParallelLoadThreads on the target endpoint");
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn threads_are_the_endpoint_s_and_few() {
        let attributes = "/inventory/Endpoints/1/ExtraConnectionAttributes";
        let settings = "/inventory/Endpoints/1/MySQLSettings";
        let task = "/inventory/ReplicationTasks/0/ReplicationTaskSettings";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::NotApplicable, ""),
                (&[(attributes, json!("parallelloadthreads=5"))], Outcome::Pass, ""),
                (&[(attributes, json!("parallelLoadThreads=8"))], Outcome::Warn, "1 to 5"),
                (&[(attributes, json!("maxFileSize=0"))], Outcome::Warn, "1048576"),
                (
                    &[
                        (attributes, json!("parallelLoadThreads=8")),
                        (settings, json!({"ParallelLoadThreads": 4})),
                    ],
                    Outcome::Pass,
                    "",
                ),
                (&[(attributes, json!("loadUsingCSV=false"))], Outcome::Advice, "slower"),
                (
                    &[(task, json!(r#"{"TargetMetadata":{"ParallelLoadThreads":8}}"#))],
                    Outcome::Advice,
                    "ignore",
                ),
            ],
        );
    }
}

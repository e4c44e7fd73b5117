//! A DMS engine that AWS supports.

use jiff::{Timestamp, ToSpan};

use crate::{
    case::Case,
    change::DmsChange,
    check::{Check, Judge},
    facts::{Gap, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::engine_numbers;

pub(crate) static CHECK: Check = Check {
    id: "dms/engine-version",
    requirement: "AWS supports the replication instance's engine version, for the next months too",
    severity: Severity::Warning,
    why: "Behind the end of support AWS upgrades the engine by force, in the middle of a migration if need be; old engines don't take newer servers either.",
    fix: "Upgrade the replication instance before the migration.",
    references: &["https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReleaseNotes.html"],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// The end of support of each version, the last day; `aws-dms.md` §6.1. Older ones ended before.
const END_OF_SUPPORT: [(&str, Option<&str>); 5] = [
    ("3.4.7", Some("2024-12-31T23:59:59Z")),
    ("3.5.3", Some("2026-06-30T23:59:59Z")),
    ("3.5.4", Some("2027-03-31T23:59:59Z")),
    ("3.6.0", Some("2026-07-27T23:59:59Z")),
    ("3.6.1", None),
];

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let instance = super::instance(j, case);
    j.undecided_at(Severity::Advice);
    let Some(instance) = instance else { return };
    let arn = instance.replication_instance_arn.as_str();
    let Some(version) = instance.engine_version.as_deref() else {
        j.gap(super::not_delivered(arn, "engine version", "dms:DescribeReplicationInstances"));
        return;
    };
    j.note(arn, "EngineVersion", version);
    let now = case.facts.taken_at;
    let (message, level) = match support(version, now) {
        Support::Until(end) if is_near(end, now) => {
            (format!("Support of engine {version} ends on {}", day(end)), Severity::Advice)
        }
        Support::Until(_) | Support::Open => return,
        Support::Ended(Some(end)) => {
            (format!("Support of engine {version} ended on {}", day(end)), Severity::Warning)
        }
        Support::Ended(None) => {
            (format!("Engine {version} is older than any that AWS supports"), Severity::Warning)
        }
        Support::Unknown => {
            j.gap(Gap::new(
                arn,
                format!("when support of engine {version} ends isn't known to this version"),
                Unlock::Nothing,
            ));
            return;
        }
    };
    let draft = j.fail(message).at(level);
    // DMS takes no instance back to an older engine.
    let better = ["3.5.4", "3.6.1"].into_iter().find(|other| {
        engine_numbers(other) > engine_numbers(version)
            && match support(other, now) {
                Support::Until(end) => !is_near(end, now),
                Support::Open => true,
                Support::Ended(_) | Support::Unknown => false,
            }
    });
    if let (Some(region), Some(better)) = (case.region(), better) {
        draft.change(DmsChange::ModifyInstance {
            region,
            instance: arn.to_owned(),
            class: None,
            engine_version: Some(better.into()),
            auto_minor_version_upgrade: None,
        });
    }
}

/// How long AWS supports a version.
enum Support {
    /// Until then.
    Until(Timestamp),
    /// No end was announced.
    Open,
    /// No longer.
    Ended(Option<Timestamp>),
    /// This program doesn't know the version.
    Unknown,
}

fn support(version: &str, now: Timestamp) -> Support {
    let Some(wanted) = engine_numbers(version) else {
        return Support::Unknown;
    };
    let known = END_OF_SUPPORT.iter().find(|(name, _)| engine_numbers(name) == Some(wanted));
    match known {
        Some((_, None)) => Support::Open,
        Some((_, Some(end))) => match end.parse::<Timestamp>() {
            Ok(end) if now > end => Support::Ended(Some(end)),
            Ok(end) => Support::Until(end),
            Err(_) => Support::Unknown,
        },
        // Versions are retired in their order: what is older than a retired one is retired.
        None if wanted < [3, 5, 3] => Support::Ended(None),
        None => Support::Unknown,
    }
}

fn is_near(end: Timestamp, now: Timestamp) -> bool {
    now.checked_add((24 * 90).hours()).is_ok_and(|soon| soon > end)
}

fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn support_is_judged_at_the_time_of_the_facts() {
        for (version, at, outcome, words) in [
            ("3.5.4", "2026-11-24T00:00:00Z", Outcome::Pass, ""),
            ("3.5.4", "2027-02-01T00:00:00Z", Outcome::Advice, "ends on 2027-03-31"),
            ("3.5.4", "2027-04-01T00:00:00Z", Outcome::Warn, "ended on 2027-03-31"),
            ("3.5.3", "2026-06-30T12:00:00Z", Outcome::Advice, "2026-06-30"),
            ("3.6.0", "2026-11-24T00:00:00Z", Outcome::Warn, "2026-07-27"),
            ("3.6.1", "2028-01-01T00:00:00Z", Outcome::Pass, ""),
            // By text 3.10.0 were older than 3.5.4.
            ("3.10.0", "2026-11-24T00:00:00Z", Outcome::Unknown, "3.10.0"),
            ("3.4.6", "2026-11-24T00:00:00Z", Outcome::Warn, "older"),
            ("3.5.1", "2026-11-24T00:00:00Z", Outcome::Warn, "older"),
            ("next", "2026-11-24T00:00:00Z", Outcome::Unknown, "next"),
        ] {
            let changes = [
                ("/inventory/ReplicationInstances/0/EngineVersion", json!(version)),
                ("/taken_at", json!(at)),
            ];
            testing::check(CHECK.id, &[(&changes, outcome, words)]);
        }
    }

    #[test]
    fn no_instance_is_taken_back_to_an_older_engine() {
        for (version, better) in [("3.4.7", "3.5.4"), ("3.5.3", "3.5.4"), ("3.6.0", "3.6.1")] {
            let changes = [
                ("/inventory/ReplicationInstances/0/EngineVersion", json!(version)),
                ("/taken_at", json!("2026-11-24T00:00:00Z")),
            ];
            let commands = testing::say(CHECK.id, &changes).commands();
            let upgrade = format!("--engine-version {better} ");
            assert!(
                commands.iter().any(|command| command.contains(&upgrade)),
                "{version}: {commands:?}"
            );
        }
    }
}

//! Waivers: what each of them does to the rows, and what is wrong with it.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::{
    check::{Check, Judge},
    checks,
    judgement::{Judgement, Outcome},
    plugin::Plugin,
    policy::{Policy, Waiver, category},
    report::{Row, Waived},
    severity::Severity,
};

/// What is true of a user's waivers. It isn't in the catalogue, since it is about the configuration;
/// its row stands in every report of a run that has waivers.
pub static CHECK: Check = Check {
    id: "policy/waiver",
    requirement: "Every waiver is in force, and waives something",
    severity: Severity::Warning,
    why: "A waiver that has run out, or that no longer meets anything, is a decision that nobody stands behind any more: the next fault of its kind would go by in its name.",
    fix: "Take the waiver out, or decide anew: mend its id or its subject, or give it a later `until`.",
    references: &["https://github.com/tidb-dms/tidb-dms#levels-and-waivers"],
    controls: &[],
    needs: &[],
    after: &[],
    proved_by: None,
    judge: Judge::Policy,
};

/// Applies the waivers to the rows, and judges the waivers themselves; no judgement where there are
/// none. `now` is the time of the facts.
pub(crate) fn apply(
    policy: &Policy,
    plugins: &[Plugin],
    now: Timestamp,
    rows: &mut [Row],
) -> Option<Judgement> {
    if policy.waivers.is_empty() {
        return None;
    }
    let mut judgement = Judgement::default();
    let mut spent: Vec<(&str, &str)> = Vec::new();
    for waiver in &policy.waivers {
        let target = (waiver.check.as_str(), waiver.subject.as_str());
        let fault = if spent.contains(&target) {
            Some("stands twice; the first of them counts".to_owned())
        } else {
            spent.push(target);
            use_one(waiver, policy, plugins, now, rows)
        };
        let name = format!("{} for {}", waiver.check, waiver.subject);
        match fault {
            Some(fault) => {
                let mut message = format!("The waiver of {name} {fault}");
                if let Some(place) = &waiver.place {
                    let _ = write!(message, " ({place})");
                }
                judgement.fail(message);
            }
            None => judgement.note(name, "until", waiver.until),
        }
    }
    Some(judgement)
}

/// Applies one waiver. Says what is wrong with it.
fn use_one(
    waiver: &Waiver,
    policy: &Policy,
    plugins: &[Plugin],
    now: Timestamp,
    rows: &mut [Row],
) -> Option<String> {
    if !is_known(&waiver.check, plugins) {
        let hint = waiver.meant.as_ref().map_or_else(String::new, |id| format!("; is it `{id}`?"));
        return Some(format!("names no check{hint}"));
    }
    if now >= waiver.until {
        return Some(format!(
            "ran out at {}: {} no longer stands for it",
            waiver.until, waiver.owner
        ));
    }
    // What was left out can't tell whether the waiver is still needed.
    if !policy.wants_id(&waiver.check) {
        return None;
    }
    let mut of_check = rows.iter_mut().filter(|row| row.check == waiver.check);
    let Some(row) = of_check.find(|row| row.subject.id == waiver.subject) else {
        let subjects: Vec<&str> = rows
            .iter()
            .filter(|row| row.check == waiver.check)
            .map(|row| row.subject.id.as_str())
            .collect();
        return Some(if subjects.is_empty() {
            "waives nothing: the check wasn't judged".to_owned()
        } else {
            format!("waives nothing: the check was judged for {}", subjects.join(", "))
        });
    };
    match row.outcome {
        Outcome::Pass => return Some("waives nothing: the check passes".to_owned()),
        Outcome::NotApplicable => {
            return Some("waives nothing: the check doesn't apply".to_owned());
        }
        Outcome::Waived => return None,
        Outcome::Fail | Outcome::Unknown | Outcome::Blocked | Outcome::Warn | Outcome::Advice => {}
    }
    row.waived = Some(Waived {
        was: row.outcome,
        owner: waiver.owner.clone(),
        reason: waiver.reason.clone(),
        until: waiver.until,
    });
    row.reason = Some(format!("{} ({}, until {})", waiver.reason, waiver.owner, waiver.until));
    row.outcome = Outcome::Waived;
    None
}

fn is_known(id: &str, plugins: &[Plugin]) -> bool {
    checks().any(|check| check.id == id)
        || plugins.iter().any(|plugin| plugin.name == category(id) && id != plugin.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        examine,
        facts::Facts,
        report::{Report, Verdict},
        testing,
    };

    const SSL: &str = "/inventory/Endpoints/1/SslMode";

    fn waiver(check: &str, subject: &str, until: &str) -> Waiver {
        Waiver {
            check: check.into(),
            subject: subject.into(),
            reason: "the audit of May accepts it".into(),
            owner: "dba@example.com".into(),
            until: until.parse().unwrap(),
            place: Some("tidb-dms.toml:3:1".into()),
            meant: None,
        }
    }

    /// The broken migration of these tests: its endpoint has SSL mode none.
    fn facts() -> Facts {
        testing::facts(&[(SSL, "none".into())])
    }

    fn report(facts: &Facts, waivers: Vec<Waiver>) -> Report {
        examine(facts, &Policy { waivers, ..testing::without_probes() }).unwrap()
    }

    fn row<'r>(report: &'r Report, check: &str) -> &'r Row {
        report.rows.iter().find(|row| row.check == check).unwrap()
    }

    /// What the report says of the waivers.
    fn faults(report: &Report) -> Vec<&str> {
        let row = row(report, CHECK.id);
        row.findings.iter().map(|finding| finding.message.as_str()).collect()
    }

    const LATER: &str = "2026-12-01T00:00:00Z";

    #[test]
    fn a_waived_row_doesnt_count_and_says_who_stands_for_it() {
        let facts = facts();
        let before = report(&facts, Vec::new());
        assert_eq!((before.verdict, before.exit_code), (Verdict::Fail, 1));
        assert!(before.rows.iter().all(|row| row.check != CHECK.id));
        let after = report(&facts, vec![waiver("dms/ssl-mode", "orders-to-tidb", LATER)]);
        assert_eq!((after.verdict, after.exit_code), (Verdict::Pass, 0));
        let waived = row(&after, "dms/ssl-mode");
        assert_eq!(waived.outcome, Outcome::Waived);
        assert_eq!(waived.waived.as_ref().unwrap().was, Outcome::Fail);
        assert_eq!(
            waived.reason.as_deref(),
            Some("the audit of May accepts it (dba@example.com, until 2026-12-01T00:00:00Z)")
        );
        assert!(!waived.findings.is_empty(), "what is broken is still told");
        assert!(after.root_causes.is_empty());
        assert_eq!(after.count(Outcome::Waived), 1);
        assert_eq!(row(&after, CHECK.id).outcome, Outcome::Pass);
        assert_eq!(after.counts.values().sum::<usize>(), after.rows.len());
    }

    #[test]
    fn an_undecided_row_is_waived_too() {
        let facts = testing::facts(&[("/clusters/0/access_list", serde_json::Value::Null)]);
        let before = report(&facts, Vec::new());
        assert_eq!(before.exit_code, 3);
        let open: Vec<Waiver> = before
            .rows
            .iter()
            .filter(|row| row.outcome.is_undecided())
            .map(|row| waiver(&row.check, &row.subject.id, LATER))
            .collect();
        let after = report(&facts, open);
        assert_eq!(after.exit_code, 0);
        assert!(after.to_decide.is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_waiver_is_a_finding() {
        let taken_at = facts().taken_at;
        let good = |check: &str, subject: &str| waiver(check, subject, LATER);
        let mut misspelt = good("dms/ssl-mod", "orders-to-tidb");
        misspelt.meant = Some("dms/ssl-mode".into());
        let cases = [
            (
                waiver("dms/ssl-mode", "orders-to-tidb", &taken_at.to_string()),
                "ran out at 2026-11-24T10:02:00Z",
                1,
            ),
            (waiver("dms/ssl-mode", "orders-to-tidb", "2026-11-24T10:02:01Z"), "", 0),
            (waiver("dms/ssl-mode", "orders-to-tidb", "2020-01-01T00:00:00Z"), "ran out", 1),
            (misspelt, "names no check; is it `dms/ssl-mode`?", 1),
            (good("dms", "orders-to-tidb"), "names no check", 1),
            (good("policy/waiver", "orders-to-tidb"), "names no check", 1),
            (good("dms/ssl-mode", "orders"), "judged for orders-to-tidb", 1),
            (good("network/route", "subnet-a"), "the check passes", 1),
            (good("dms/serverless-limits", "orders-to-tidb"), "doesn't apply", 1),
        ];
        for (waiver, fault, exit_code) in cases {
            let name = format!("{waiver:?}");
            let report = report(&facts(), vec![waiver]);
            assert_eq!(report.exit_code, exit_code, "{name}");
            let faults = faults(&report);
            if fault.is_empty() {
                assert!(faults.is_empty(), "{faults:?}");
            } else {
                assert_eq!(faults.len(), 1, "{name}");
                assert!(faults[0].contains(fault), "{faults:?}");
                assert!(faults[0].ends_with("(tidb-dms.toml:3:1)"), "{faults:?}");
                assert_eq!(row(&report, CHECK.id).outcome, Outcome::Warn);
            }
        }
    }

    #[test]
    fn the_same_waiver_twice_is_a_finding_and_waives() {
        let twice = vec![waiver("dms/ssl-mode", "orders-to-tidb", LATER); 2];
        let report = report(&facts(), twice);
        assert_eq!(report.exit_code, 0);
        assert!(faults(&report)[0].contains("stands twice"));
    }

    #[test]
    fn a_check_that_was_left_out_says_nothing_of_its_waiver() {
        let policy = Policy {
            skip: vec!["dms".into()],
            waivers: vec![waiver("dms/ssl-mode", "orders-to-tidb", LATER)],
            ..testing::without_probes()
        };
        let report = examine(&facts(), &policy).unwrap();
        assert!(faults(&report).is_empty());
    }

    #[test]
    fn its_level_is_the_users_too() {
        let policy = Policy {
            levels: [("policy/waiver".to_owned(), Severity::Error)].into(),
            waivers: vec![waiver("network/route", "subnet-a", LATER)],
            ..testing::without_probes()
        };
        let facts = testing::facts(&[]);
        let report = examine(&facts, &policy).unwrap();
        assert_eq!(report.exit_code, 1);
        assert_eq!(report.root_causes[0].check, "policy/waiver");
    }
}

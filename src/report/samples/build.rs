//! What builds a sample: its rows and what else stands in a report.

use tidb_dms_checks::{
    change::{Change, Remedy},
    facts::Gap,
    judgement::{Evidence, Finding, Outcome},
    report::{ControlStanding, How, Report, RootCause, Row, Standing, Subject, ToDecide, Verdict},
    severity::Severity,
};

fn row(check: &str, subject: &Subject, outcome: Outcome) -> Row {
    Row {
        check: check.into(),
        subject: subject.clone(),
        outcome,
        level: Severity::Error,
        findings: Vec::new(),
        gaps: Vec::new(),
        evidence: Vec::new(),
        by: Vec::new(),
        reason: None,
        waived: None,
    }
}

/// A thing that would decide checks, with the ways to it.
pub(super) fn thing(gap: &Gap, level: Severity, checks: &[&str], how: Vec<How>) -> ToDecide {
    ToDecide {
        unlock: gap.unlock.clone(),
        level,
        how,
        gaps: vec![gap.clone()],
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
    }
}

pub(super) fn standing(
    control: &str,
    standing: Standing,
    because: &str,
    how: Option<&str>,
) -> ControlStanding {
    ControlStanding {
        control: control.into(),
        title: "DMS endpoints should use SSL".into(),
        standing,
        because: vec![because.into()],
        alternative: how.map(Into::into),
        checks: vec!["dms/ssl-mode".into()],
        standards: vec!["NIST.800-53.r5 SC-8".into()],
    }
}

pub(super) fn migration() -> Subject {
    Subject { kind: "migration".into(), id: "orders-to-tidb".into() }
}

pub(super) fn seat(id: &str) -> Subject {
    Subject { kind: "subnet".into(), id: id.into() }
}

pub(super) fn pass(
    check: &str,
    subject: &Subject,
    resource: &str,
    field: &str,
    value: &str,
) -> Row {
    let mut row = row(check, subject, Outcome::Pass);
    row.evidence.push(Evidence {
        resource: resource.into(),
        field: field.into(),
        value: value.into(),
    });
    row
}

pub(super) fn not_applicable(check: &str, reason: &str) -> Row {
    let mut row = row(check, &migration(), Outcome::NotApplicable);
    row.reason = Some(reason.into());
    row
}

pub(super) fn found(
    check: &str,
    subject: &Subject,
    level: Severity,
    message: &str,
    changes: Vec<Change>,
    advice: &str,
) -> Row {
    let outcome = match level {
        Severity::Error => Outcome::Fail,
        Severity::Warning => Outcome::Warn,
        Severity::Advice => Outcome::Advice,
    };
    let mut row = row(check, subject, outcome);
    row.level = level;
    row.findings.push(Finding {
        message: message.into(),
        level,
        remedy: Remedy::of(changes, advice.into()),
    });
    row
}

pub(super) fn unseen(check: &str, subject: &Subject, gap: Gap) -> Row {
    let mut row = row(check, subject, Outcome::Unknown);
    row.gaps.push(gap);
    row
}

/// The counts, the verdict and the exit code as the threshold `error` has them.
pub(super) fn settle(mut report: Report) -> Report {
    report.counts = Outcome::ALL
        .into_iter()
        .map(|outcome| {
            let count = report.rows.iter().filter(|row| row.outcome == outcome).count();
            (outcome.as_str().to_owned(), count)
        })
        .collect();
    let judged = |row: &&Row| !matches!(row.outcome, Outcome::Waived | Outcome::NotApplicable);
    let mut rows = report.rows.iter().filter(judged);
    let fails = |row: &Row| row.findings.iter().any(|finding| finding.level == Severity::Error);
    let open = |row: &Row| row.outcome.is_undecided() && row.level == Severity::Error;
    (report.verdict, report.exit_code) = if rows.clone().any(fails) {
        (Verdict::Fail, 1)
    } else if rows.any(open) {
        (Verdict::Unknown, 3)
    } else {
        (Verdict::Pass, 0)
    };
    report
}

pub(super) fn cause(row: &Row, subjects: &[Subject]) -> RootCause {
    RootCause {
        check: row.check.clone(),
        subjects: subjects.to_vec(),
        message: row.findings[0].message.clone(),
        remedy: row.findings[0].remedy.clone(),
        explains: Vec::new(),
    }
}

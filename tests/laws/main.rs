//! The laws of the catalogue (design page, section 5), tried on every recorded patient.

mod catalogue;
mod decide;
mod needs;
mod patients;
mod signatures;
mod twice;
mod unseen;
mod verdicts;
mod words;

use std::collections::BTreeMap;

use tidb_dms_checks::{
    examine,
    facts::Facts,
    judgement::Outcome,
    report::{Report, Row, Subject},
};

/// Judges facts that hold one migration.
fn report(facts: &Facts) -> Report {
    examine(facts, &signatures::policy()).unwrap_or_else(|error| panic!("{error}"))
}

/// Rows by check and subject.
fn by_key(report: &Report) -> BTreeMap<(&str, &Subject), &Row> {
    report.rows.iter().map(|row| ((row.check.as_str(), &row.subject), row)).collect()
}

/// A row in one line, for failures of these tests.
fn shown(row: &Row) -> String {
    let findings = row.findings.iter().map(|finding| finding.message.clone());
    let gaps = row.gaps.iter().map(ToString::to_string);
    format!(
        "{} of {} is {}: {}",
        row.check,
        row.subject.id,
        row.outcome.as_str(),
        findings.chain(gaps).collect::<Vec<_>>().join("; ")
    )
}

fn is_ill(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Pass | Outcome::NotApplicable | Outcome::Blocked)
}

/// Fails with all faults at once.
fn assert_none(faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults[..faults.len().min(60)].join("\n")
    );
}

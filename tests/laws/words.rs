//! What reports say is of use: nothing twice, and nothing that leads elsewhere.

use tidb_dms_checks::{facts::PathKind, judgement::Finding, report::How};

use crate::{assert_none, patients, report};

#[test]
fn a_private_way_is_never_mended_by_a_way_to_the_internet() {
    let mut faults = Vec::new();
    for patient in patients::all() {
        let report = report(&patient.facts);
        if report.migration.path.is_none_or(|path| path == PathKind::Public) {
            continue;
        }
        for cause in &report.root_causes {
            for command in &cause.remedy.commands {
                if command.contains("create-nat-gateway") || command.contains("--gateway-id igw-") {
                    faults.push(format!("{}: {command}", patient.name));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn what_is_mended_by_the_same_words_is_one_finding() {
    let mut faults = Vec::new();
    for patient in patients::all() {
        for row in report(&patient.facts).rows {
            for (index, finding) in row.findings.iter().enumerate() {
                let same = |other: &&Finding| {
                    other.remedy == finding.remedy && finding.remedy.changes.is_empty()
                };
                if let Some(other) = row.findings[..index].iter().find(same) {
                    let (one, two) = (&other.message, &finding.message);
                    faults.push(format!("{}: {}: {one} | {two}", patient.name, row.check));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn nobody_is_told_to_run_this_program_inside_dms() {
    let mut faults = Vec::new();
    for patient in patients::all() {
        for thing in report(&patient.facts).to_decide {
            let runs = |how: &How| match how {
                How::Command(words) | How::Words(words) | How::Argument(words) => {
                    words.contains("tidb-dms probe")
                }
                How::Policy(_) => false,
            };
            if thing.unlock.to_string().contains("DMS itself") && thing.how.iter().any(runs) {
                faults.push(format!("{}: {thing:?}", patient.name));
            }
        }
    }
    assert_none(&faults);
}

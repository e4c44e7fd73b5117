//! Prints every remedy of the ill patients that has commands, one JSON object a line, for
//! `tests/aws-cli/check`. With `needs`, prints the IAM actions of the catalogue instead, one a line.

use std::collections::BTreeSet;

use serde_json::json;
use tidb_dms_checks::{checks, examine, report::How};

#[path = "../laws/patients.rs"]
#[expect(dead_code, reason = "the laws use more of it")]
mod patients;

#[expect(clippy::print_stdout, reason = "it prints")]
fn main() {
    if std::env::args().nth(1).as_deref() == Some("needs") {
        let needs: BTreeSet<&str> = checks().flat_map(|check| check.needs).copied().collect();
        for need in needs {
            println!("{need}");
        }
        return;
    }
    for patient in patients::ill() {
        let Ok(report) = examine(&patient.facts, &tidb_dms::default_policy()) else {
            continue;
        };
        // A command that would show more is no cure, and has to be one all the same.
        for how in report.to_decide.iter().flat_map(|thing| &thing.how) {
            if let How::Command(command) = how
                && command.starts_with("aws ")
            {
                let line = json!({
                    "patient": patient.name,
                    "facts": patient.facts,
                    "commands": [command],
                });
                println!("{line}");
            }
        }
        for row in &report.rows {
            for finding in &row.findings {
                if !finding.remedy.commands.is_empty() {
                    let line = json!({
                        "patient": patient.name,
                        "facts": patient.facts,
                        "commands": finding.remedy.commands,
                    });
                    println!("{line}");
                }
            }
        }
    }
}

//! Prints every remedy of the ill patients that has commands, one JSON object a line, for
//! `tests/aws-cli/check`. With `needs`, prints the IAM actions of the catalogue instead, one a line; with
//! `sql`, the SQL of all remedies of all patients, each with the server that it is for, for `tests/lab`; with
//! `sql VERSION`, what it would be if every server but TiDB were of that version.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidb_dms_checks::{
    change::{AccountChange, Change, Remedy, ServerChange},
    checks, examine,
    facts::{Fact, Facts},
    grants::{Family, Server},
    report::How,
};

#[path = "../laws/patients.rs"]
#[expect(dead_code, reason = "the laws use more of it")]
mod patients;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("needs") => needs(),
        Some("sql") => sql(std::env::args().nth(2).as_deref()),
        _ => commands(),
    }
}

#[expect(clippy::print_stdout, reason = "it prints")]
fn needs() {
    let needs: BTreeSet<&str> = checks().flat_map(|check| check.needs).copied().collect();
    for need in needs {
        println!("{need}");
    }
}

#[expect(clippy::print_stdout, reason = "it prints")]
fn sql(of_version: Option<&str>) {
    for mut patient in patients::all() {
        if let Some(of_version) = of_version {
            let probes = patient.facts.probes.iter_mut();
            for version in probes.filter_map(|probe| probe.session.version.as_mut()) {
                let is_tidb = |text: &String| Server::parse(text).family() == Family::TiDb;
                if !version.seen.known().is_some_and(is_tidb) {
                    version.seen = Fact::Known(of_version.to_owned());
                }
            }
        }
        let Ok(report) = examine(&patient.facts, &tidb_dms::default_policy()) else {
            continue;
        };
        let findings = report.rows.iter().flat_map(|row| &row.findings);
        for change in findings.flat_map(|finding| &finding.remedy.changes) {
            let (host, port) = match change {
                Change::Account(
                    AccountChange::ActivateRoles { account, .. }
                    | AccountChange::Grant { account, .. }
                    | AccountChange::Rename { account, .. },
                ) => (&account.host, account.port),
                Change::Server(
                    ServerChange::KeepBinaryLogs { host, port, .. }
                    | ServerChange::SetGlobal { host, port, .. },
                ) => (host, *port),
                _ => continue,
            };
            let line = json!({
                "patient": patient.name,
                "server": version(&patient.facts, host, port),
                "statements": Remedy::of(vec![change.clone()], String::new()).commands,
            });
            println!("{line}");
        }
    }
}

/// What a server said of its version; null if it wasn't asked.
fn version(facts: &Facts, host: &str, port: u16) -> Value {
    let mut probes = facts.probes.iter().filter(|probe| probe.host == host && probe.port == port);
    let version = probes.find_map(|probe| probe.session.version.as_ref()?.seen.known());
    json!(version)
}

#[expect(clippy::print_stdout, reason = "it prints")]
fn commands() {
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

//! Prints how long `examine_all` takes over 100, 1,000 and 10,000 migrations in one facts document with
//! up to 500 VPCs. Run with `--release`.

use std::{fmt::Write, time::Instant};

use serde_json::Value;
use tidb_dms_checks::{examine_all, facts::Facts, report::Verdict};

#[path = "../laws/patients.rs"]
#[expect(dead_code, reason = "the laws use more of it")]
mod patients;

/// A fleet of copies of one patient: each VPC with its own ids, each task with its own instance and
/// endpoints.
fn fleet(patient: &Facts, migrations: usize) -> Facts {
    let vpcs = migrations.min(500);
    let json = serde_json::to_value(patient).unwrap_or_default();
    let Value::Object(lists) = &json["inventory"] else {
        return patient.clone();
    };
    let mut fleet = json.clone();
    for (key, list) in lists {
        let (Value::Array(items), false) = (list, key == "Conflicts") else {
            continue;
        };
        let of_dms = matches!(
            key.as_str(),
            "ReplicationInstances" | "Endpoints" | "ReplicationTasks" | "Certificates"
        );
        let copies = if of_dms { migrations } else { vpcs };
        let mut all = Vec::with_capacity(items.len() * copies);
        for copy in 0..copies {
            let text = renamed(&list.to_string(), copy % vpcs, copy);
            if let Ok(Value::Array(items)) = serde_json::from_str(&text) {
                all.extend(items);
            }
        }
        fleet["inventory"][key] = Value::Array(all);
    }
    serde_json::from_value(fleet).unwrap_or_else(|error| panic!("{error}"))
}

/// Ids end in the number of the VPC, names and ARNs of DMS in that of the migration.
fn renamed(text: &str, vpc: usize, migration: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive('"') {
        let word = part.trim_end_matches('"');
        let quote = if part.ends_with('"') { "\"" } else { "" };
        let is_id = word.rsplit_once('-').is_some_and(|(_, number)| {
            number.len() == 17 && number.chars().all(|letter| letter.is_ascii_hexdigit())
        });
        if is_id {
            out.push_str(&word[..word.len() - 4]);
            let _ = write!(out, "{vpc:04x}");
        } else if word == "dms-nat" {
            let _ = write!(out, "{word}-{vpc}");
        } else if word.starts_with("arn:aws:dms:") || word == "orders-to-tidb" {
            let _ = write!(out, "{word}{migration}");
        } else {
            out.push_str(word);
        }
        out.push_str(quote);
    }
    out
}

#[expect(clippy::print_stdout, reason = "it prints")]
fn main() {
    let all = patients::healthy();
    let Some(patient) = all.iter().find(|patient| patient.name == "dedicated-nat-instance") else {
        return;
    };
    println!("migrations  VPCs  index and examine  each");
    for migrations in [100, 1_000, 10_000] {
        let facts = fleet(&patient.facts, migrations);
        let start = Instant::now();
        let reports = examine_all(&facts, &tidb_dms::default_policy());
        let took = start.elapsed();
        assert_eq!(reports.len(), migrations);
        assert!(reports.iter().all(|report| report.verdict == Verdict::Pass));
        println!(
            "{migrations:>10}  {:>4}  {:>14.3} s  {:>5.1} µs",
            facts.inventory.vpcs.items.len(),
            took.as_secs_f64(),
            took.as_secs_f64() * 1e6 / f64::from(u32::try_from(migrations).unwrap_or(1)),
        );
    }
}

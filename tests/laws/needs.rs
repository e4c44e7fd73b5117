//! Law 10, second half: a check's `needs` are what its facts come from, no less.
#![expect(clippy::unwrap_used, reason = "facts that can't be written fail the test")]

use serde_json::Value;
use tidb_dms_checks::{
    check::Check,
    checks, examine,
    facts::{Facts, Inventory},
    policy::Policy,
};

use crate::{assert_none, patients};

/// What a check says of facts, alone.
fn says(facts: &Facts, check: &Check) -> Vec<String> {
    let policy = Policy { only: vec![check.id.to_owned()], ..tidb_dms::default_policy() };
    match examine(facts, &policy) {
        Ok(report) => report.rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Facts in which only the lists stand that one check's needs deliver.
fn needed(facts: &Facts, check: &Check) -> Facts {
    let mut document = serde_json::to_value(facts).unwrap();
    for (key, action) in Inventory::LISTS {
        // Live, the one role that counts is asked for by its name.
        let is_needed = check.needs.contains(action)
            || (*key == "Roles" && check.needs.contains(&"iam:GetRole"));
        if !is_needed {
            let inventory = document["inventory"].as_object_mut().unwrap();
            inventory.remove(*key);
            if let Some(extents) = inventory.get_mut("Extents").and_then(Value::as_object_mut) {
                extents.remove(*key);
            }
        }
    }
    serde_json::from_value(document).unwrap()
}

#[test]
fn law_10_a_check_says_the_same_with_its_needs_alone() {
    let mut faults = Vec::new();
    for patient in patients::all() {
        for check in checks() {
            let (with, without) =
                (says(&patient.facts, check), says(&needed(&patient.facts, check), check));
            if with != without {
                faults.push(format!(
                    "{}: {} with all lists: {}; with its needs alone: {}",
                    patient.name,
                    check.id,
                    with.join(" | "),
                    without.join(" | ")
                ));
            }
        }
    }
    assert_none(&faults);
}

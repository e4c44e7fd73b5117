//! What is described twice, at two times, decides nothing that the two descriptions don't agree on: no
//! file says which of them is newer.

use tidb_dms_checks::judgement::Outcome;

use crate::{assert_none, by_key, patients, report, shown};

#[test]
fn a_patient_seen_healthy_and_ill_is_neither() {
    let healthy = patients::healthy();
    let mut faults = Vec::new();
    let mut tried = 0;
    for ill in patients::ill() {
        let illness = ill.illness.as_ref().expect("it is ill");
        let before = healthy.iter().find(|patient| patient.name == illness.of);
        let before = before.expect("it was healthy");
        // All but the inventory is as it was when the patient was ill.
        let (mut well, mut both) = (ill.facts.clone(), ill.facts.clone());
        well.inventory = before.facts.inventory.clone();
        both.inventory.merge(well.inventory.clone());
        if both.inventory.conflicts.is_empty() {
            continue;
        }
        tried += 1;
        let (well, both, ill_report) = (report(&well), report(&both), report(&ill.facts));
        let (well, sick) = (by_key(&well), by_key(&ill_report));
        for (key, row) in by_key(&both) {
            let (Some(one), Some(other)) = (well.get(&key), sick.get(&key)) else {
                continue;
            };
            let is_decided =
                |outcome: Outcome| !matches!(outcome, Outcome::Unknown | Outcome::Blocked);
            let all = [one.outcome, other.outcome, row.outcome];
            if one.outcome != other.outcome && all.into_iter().all(is_decided) {
                let (one, other) = (one.outcome.as_str(), other.outcome.as_str());
                faults.push(format!("{}: {one} and {other}, and now {}", ill.name, shown(row)));
            }
        }
    }
    assert_none(&faults);
    assert!(tried > 60, "{tried}");
}

//! What "decide me" asks for is enough, and no more than that.
#![expect(clippy::unwrap_used, reason = "the places come from the document itself")]

use std::{collections::BTreeSet, sync::Mutex, thread};

use serde_json::Value;
use tidb_dms_checks::{
    examine,
    facts::{Facts, Gap, Inventory, Unlock},
    judgement::Outcome,
    report::{How, Report, Standing},
};

use crate::{assert_none, patients, report, shown};

/// A part of the facts that can be missing, and what supplies it.
struct Part {
    name: String,
    /// Where it stands.
    pointers: Vec<String>,
    /// Any of these supplies it.
    unlocks: Vec<Unlock>,
}

/// The parts of a document that a user could have left out.
fn parts(document: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    for (key, action) in Inventory::LISTS {
        if document["inventory"].get(key).is_some() {
            parts.push(Part {
                name: (*key).to_owned(),
                pointers: vec![format!("/inventory/{key}"), format!("/inventory/Extents/{key}")],
                unlocks: vec![Unlock::IamAction((*action).to_owned())],
            });
        }
    }
    let api = |what: &str| Unlock::File(format!("what the TiDB Cloud API says of {what}"));
    let flag = |name: &str| Unlock::Flag(name.to_owned());
    let seat = Unlock::Vantage("a subnet of the replication".into());
    let others: [(&str, Vec<Unlock>); 5] = [
        ("/clusters", vec![api("the cluster"), api("VPC peerings"), flag("--ip-access-list")]),
        ("/asked/tidb_addresses", vec![flag("--tidb-address"), seat.clone()]),
        ("/asked/ip_access_list", vec![flag("--ip-access-list"), api("the cluster")]),
        ("/asked/table_mappings", vec![flag("--table-mappings")]),
        ("/asked/migration_type", vec![flag("--migration-type")]),
    ];
    for (pointer, unlocks) in others {
        let is_there = document.pointer(pointer).is_some_and(|value| {
            !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
        });
        if is_there {
            let pointers = vec![pointer.to_owned()];
            parts.push(Part { name: pointer.to_owned(), pointers, unlocks });
        }
    }
    parts
}

/// The document without some parts.
fn without(document: &Value, missing: &[&Part]) -> Option<Report> {
    let mut document = document.clone();
    for pointer in missing.iter().flat_map(|part| &part.pointers) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        if let Some(Value::Object(members)) = document.pointer_mut(parent) {
            members.remove(name);
        }
    }
    let facts: Facts = serde_json::from_value(document).unwrap();
    // Without what names it, there may be no migration to judge: an error of use.
    examine(&facts, &tidb_dms::default_policy()).ok()
}

fn undecided(report: &Report) -> BTreeSet<(&str, &str)> {
    let rows = report.rows.iter().filter(|row| row.outcome.is_undecided());
    rows.map(|row| (row.check.as_str(), row.subject.id.as_str())).collect()
}

fn asked(report: &Report) -> BTreeSet<&Unlock> {
    report.to_decide.iter().map(|thing| &thing.unlock).collect()
}

fn is_asked(part: &Part, unlocks: &BTreeSet<&Unlock>) -> bool {
    part.unlocks.iter().any(|unlock| unlocks.contains(unlock))
}

/// The faults of a patient of which some parts weren't seen.
fn try_without(document: &Value, healthy: &Report, missing: &[&Part]) -> Option<String> {
    let names: Vec<&str> = missing.iter().map(|part| part.name.as_str()).collect();
    let report = without(document, missing)?;
    // Without what names it, it is another migration.
    if report.migration.name != healthy.migration.name {
        return None;
    }
    let (known, asked) = (asked(healthy), asked(&report));
    let more: Vec<&&Unlock> = asked.difference(&known).collect();
    // What is there isn't asked for.
    let needless: Vec<_> = more
        .iter()
        .filter(|unlock| !missing.iter().any(|part| part.unlocks.contains(unlock)))
        .collect();
    if !needless.is_empty() {
        return Some(format!("without {names:?}: asks for {needless:?}"));
    }
    if more.len() > missing.len() {
        return Some(format!("without {names:?}: asks for {more:?}"));
    }
    // One part is restored by what is asked for at once; of several, one may hide another.
    let mut supplied = asked;
    if missing.len() > 1 {
        supplied.extend(&report.then_perhaps);
    }
    let left: Vec<&Part> =
        missing.iter().filter(|part| !is_asked(part, &supplied)).copied().collect();
    let again = without(document, &left)?;
    let before = undecided(healthy);
    let open: Vec<String> = again
        .rows
        .iter()
        .filter(|row| row.outcome.is_undecided())
        .filter(|row| !before.contains(&(row.check.as_str(), row.subject.id.as_str())))
        .map(shown)
        .collect();
    (!open.is_empty()).then(|| {
        format!("without {names:?}: supplied {supplied:?}, and still\n    {}", open.join("\n    "))
    })
}

#[test]
fn what_decide_me_asks_for_is_enough_and_is_missing() {
    let healthy = patients::healthy();
    let next = Mutex::new(healthy.iter());
    let faults = Mutex::new(Vec::new());
    let tried = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(patient) = next.lock().unwrap().next() else { return };
                    let document = serde_json::to_value(&patient.facts).unwrap();
                    let whole = report(&patient.facts);
                    let parts = parts(&document);
                    let mut sets: Vec<Vec<&Part>> = parts.iter().map(|part| vec![part]).collect();
                    for (place, one) in parts.iter().enumerate() {
                        sets.extend(parts[place + 1..].iter().map(|other| vec![one, other]));
                    }
                    // And all of AWS's but what names the migration.
                    sets.push(parts.iter().filter(|part| !part.name.starts_with('/')).collect());
                    for set in &sets {
                        if let Some(fault) = try_without(&document, &whole, set) {
                            faults.lock().unwrap().push(format!("{}: {fault}", patient.name));
                        }
                    }
                    *tried.lock().unwrap() += sets.len();
                }
            });
        }
    });
    let mut faults = faults.into_inner().unwrap();
    faults.sort();
    assert_none(&faults);
    assert!(*tried.lock().unwrap() > 1000);
}

#[test]
fn every_thing_to_supply_says_how_and_decides_something() {
    let mut things = 0;
    for patient in patients::unseen().into_iter().chain(patients::all()) {
        let report = report(&patient.facts);
        let mut seen = BTreeSet::new();
        for thing in &report.to_decide {
            assert!(seen.insert(&thing.unlock), "{}: {:?} twice", patient.name, thing.unlock);
            assert!(!thing.checks.is_empty() && !thing.gaps.is_empty(), "{thing:?}");
            assert_eq!(thing.how.is_empty(), thing.unlock == Unlock::Nothing, "{thing:?}");
            for check in &thing.checks {
                let mut rows = report.rows.iter().filter(|row| row.check == *check);
                assert!(rows.any(|row| row.outcome.is_undecided()), "{}: {check}", patient.name);
            }
            for how in &thing.how {
                if let How::Policy(statement) = how {
                    let statement: Value = serde_json::from_str(statement).unwrap();
                    assert_eq!(statement["Effect"], "Allow");
                }
            }
            things += 1;
        }
        // Whatever can't be told has its gap among them, unless a broken check explains it.
        for row in report.rows.iter().filter(|row| row.outcome.is_undecided()) {
            let explained = report.root_causes.iter().any(|cause| row.by.contains(&cause.check));
            let nothing = |gap: &&Gap| gap.unlock == Unlock::Nothing;
            let blocked = row.outcome == Outcome::Blocked;
            for gap in row.gaps.iter().filter(|gap| !(blocked && nothing(gap))) {
                let asked = report.to_decide.iter().any(|thing| thing.gaps.contains(gap));
                assert!(asked || explained, "{}: {}", patient.name, shown(row));
            }
        }
    }
    assert!(things > 60, "{things}");
}

#[test]
fn where_nothing_was_seen_no_control_is_met_or_broken() {
    for patient in patients::unseen() {
        let report = report(&patient.facts);
        assert!(!report.compliance.is_empty());
        for control in &report.compliance {
            let undecided =
                matches!(control.standing, Standing::Undecided | Standing::NotApplicable);
            // What a plan says of itself was said, not seen.
            assert!(undecided, "{}: {control:?}", patient.name);
        }
    }
}

#[test]
fn each_topology_of_the_guide_stands_to_the_controls_as_it_must() {
    let mut seen = BTreeSet::new();
    for patient in patients::healthy() {
        let report = report(&patient.facts);
        let dms_1 = report.compliance.iter().find(|control| control.control == "DMS.1").unwrap();
        let is_public = patient.name.contains("public-subnet");
        let expected: &[Standing] = if is_public {
            &[Standing::CannotBeMet]
        } else {
            &[Standing::Met, Standing::NotApplicable]
        };
        assert!(expected.contains(&dms_1.standing), "{}: {dms_1:?}", patient.name);
        assert_eq!(dms_1.alternative.is_some(), is_public, "{}", patient.name);
        seen.insert(dms_1.standing);
    }
    assert_eq!(seen.len(), 3);
}

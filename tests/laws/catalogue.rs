//! Laws 1 and 10: what the catalogue holds.
#![expect(clippy::unwrap_used, reason = "a file that can't be read fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use tidb_dms_checks::{
    check::{Judge, TestStep},
    checks,
    facts::{Index, Inventory},
    judgement::Outcome,
    path::{Addresses, Code, Leg, Source, owner, trace},
};

use crate::{assert_none, patients, report};

const CRATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/checks");

/// The ids that the files of the category folders should have.
fn ids_of_files() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for folder in fs::read_dir(CRATE).unwrap() {
        let folder = folder.unwrap().path();
        let module = fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
        if !module.contains("const CHECKS: &[&Check]") {
            continue;
        }
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            let holds_a_check =
                fs::read_to_string(&file).is_ok_and(|text| text.contains("static CHECK: Check"));
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            if name != "mod" && holds_a_check {
                let category = folder.file_name().unwrap().to_string_lossy().into_owned();
                ids.insert(format!("{category}/{name}").replace('_', "-"));
            }
        }
    }
    ids
}

#[test]
fn law_1_every_file_of_a_category_is_in_the_catalogue_and_its_id_is_its_path() {
    let catalogue: Vec<&str> = checks().map(|check| check.id).collect();
    let named: BTreeSet<String> = catalogue.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(named.len(), catalogue.len(), "an id stands twice");
    assert_eq!(named, ids_of_files());
}

#[test]
fn law_1_a_check_stands_behind_those_that_may_explain_it() {
    let mut before: Vec<&str> = Vec::new();
    for check in checks() {
        for after in check.after {
            assert!(before.contains(after), "{} is after {after}, which isn't before it", check.id);
        }
        before.push(check.id);
    }
}

#[test]
fn law_1_every_check_says_what_it_is_for() {
    for check in checks() {
        let id = check.id;
        assert!(!check.requirement.ends_with('.'), "{id}: requirement");
        assert!(check.why.ends_with('.'), "{id}: why");
        assert!(check.fix.ends_with('.'), "{id}: fix");
        assert!(!check.references.is_empty(), "{id}: references");
        for reference in check.references {
            assert!(reference.starts_with("https://"), "{id}: {reference}");
        }
        assert!(!check.needs.is_empty(), "{id}: needs");
        for need in check.needs {
            let action = need.split_once(':').is_some_and(|(service, action)| {
                service.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
                    && action.starts_with(|letter: char| letter.is_ascii_uppercase())
                    && action.chars().all(|letter| letter.is_ascii_alphanumeric())
            });
            let grant = need.chars().all(|letter| !letter.is_ascii_lowercase())
                || need.starts_with("SELECT ")
                || need.starts_with("SHOW ");
            assert!(action || (grant && !need.contains(':')), "{id}: {need}");
        }
    }
}

#[test]
fn law_1_a_step_of_the_test_of_dms_proves_what_is_judged_where_it_is_taken() {
    for check in checks() {
        let fits = match check.proved_by {
            None => true,
            Some(TestStep::Way) => matches!(check.judge, Judge::Seat(_)),
            Some(TestStep::Cluster) => matches!(check.judge, Judge::Migration(_)),
            Some(TestStep::Login | TestStep::Certificates) => {
                matches!(check.judge, Judge::Endpoint(_))
            }
        };
        assert!(fits, "{}: {:?}", check.id, check.proved_by);
    }
}

#[test]
fn law_10_where_dms_came_through_nothing_stops_a_packet() {
    for code in Code::ALL {
        for leg in Leg::ALL {
            let owner = owner(*code, *leg);
            let check = checks().find(|check| check.id == owner).unwrap();
            assert_eq!(check.proved_by, Some(TestStep::Way), "{owner}");
        }
    }
}

#[test]
fn law_10_every_code_and_leg_belongs_to_one_check_of_the_catalogue() {
    let catalogue: BTreeSet<&str> = checks().map(|check| check.id).collect();
    for code in Code::ALL {
        for leg in Leg::ALL {
            let owner = owner(*code, *leg);
            assert!(catalogue.contains(owner), "{} at {}: {owner}", code.as_str(), leg.as_str());
        }
    }
}

#[test]
fn law_10_what_stops_a_patient_fails_the_check_that_it_belongs_to() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for patient in patients::all() {
        let report = report(&patient.facts);
        for path in &report.paths {
            let row = |check: &str| {
                report.rows.iter().find(|row| row.check == check && row.subject.id == path.seat)
            };
            for stop in &path.trace.stops {
                seen.insert((stop.code, stop.leg));
                let owner = owner(stop.code, stop.leg);
                if row(owner).is_none_or(|row| row.outcome != Outcome::Fail) {
                    faults.push(format!(
                        "{}: {} at {} stops, and {owner} doesn't fail",
                        patient.name,
                        stop.code.as_str(),
                        stop.leg.as_str()
                    ));
                }
            }
            for doubt in &path.trace.gaps {
                let owner = owner(doubt.code, doubt.leg);
                let open = row(owner).is_some_and(|row| row.outcome.is_open());
                if !open {
                    faults.push(format!(
                        "{}: {} is in doubt, and {owner} is decided",
                        patient.name, doubt.gap
                    ));
                }
            }
            // What no stop and no doubt is behind isn't red for another reason.
            let network = report.rows.iter().filter(|row| {
                row.subject.id == path.seat
                    && row.check.starts_with("network/")
                    && row.outcome == Outcome::Fail
            });
            for row in network {
                if !path.trace.stops.iter().any(|stop| owner(stop.code, stop.leg) == row.check) {
                    faults.push(format!(
                        "{}: {} fails and nothing stops the packet there",
                        patient.name, row.check
                    ));
                }
            }
        }
    }
    assert!(seen.len() >= 15, "only {} pairs were seen", seen.len());
    assert_none(&faults);
}

#[test]
fn law_10_what_stops_packets_in_the_recorded_worlds_has_an_owner() {
    let catalogue: BTreeSet<&str> = checks().map(|check| check.id).collect();
    let mut owners: BTreeMap<(Code, Leg), BTreeSet<&str>> = BTreeMap::new();
    let folder = Path::new(CRATE).join("../tests/data/packets");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let mut world: serde_json::Value = serde_json::from_str(&text).unwrap();
        let members = world.as_object_mut().unwrap();
        members.remove("Fate");
        let question = members.remove("Question").unwrap();
        let inventory: Inventory = serde_json::from_value(world).unwrap();
        let index = Index::new(&inventory);
        let source = Source::find(&index, question["from"].as_str().unwrap()).unwrap();
        let to = Addresses::one(question["to"].as_str().unwrap().parse().unwrap());
        let port = u16::try_from(question["port"].as_u64().unwrap()).unwrap();
        let path = trace(&index, &source, &[to], port);
        let stops = path.stops.iter().map(|stop| (stop.code, stop.leg));
        let doubts = path.doubts.iter().map(|doubt| (doubt.code, doubt.leg));
        for (code, leg) in stops.chain(doubts) {
            owners.entry((code, leg)).or_default().insert(owner(code, leg));
        }
    }
    assert!(!owners.is_empty());
    for (pair, owners) in owners {
        assert_eq!(owners.len(), 1, "{pair:?}");
        assert!(owners.is_subset(&catalogue), "{pair:?}");
    }
}

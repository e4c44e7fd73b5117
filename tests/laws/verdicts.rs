//! Laws 2, 3, 5, 6, 8 and 12: what the reports of the patients say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tidb_dms_checks::{
    change::Change,
    checks,
    facts::{Facts, defaults},
    judgement::Outcome,
    severity::Severity,
};

use crate::{assert_none, by_key, is_ill, patients, report, shown};

#[test]
fn law_2_a_healthy_patient_of_each_topology_has_nothing_open() {
    let mut faults = Vec::new();
    let healthy = patients::healthy();
    for patient in &healthy {
        let report = report(&patient.facts);
        for row in report.rows.iter().filter(|row| row.outcome.is_open()) {
            faults.push(format!("{}: {}", patient.name, shown(row)));
        }
        if report.exit_code != 0 {
            faults.push(format!("{}: exit code {}", patient.name, report.exit_code));
        }
    }
    assert_none(&faults);
    for topology in TOPOLOGIES {
        assert!(healthy.iter().any(|patient| patient.name == *topology), "no healthy {topology}");
    }
}

/// The guide's topologies. A serverless replication has no public address, so it has no public subnet.
const TOPOLOGIES: &[&str] = &[
    "starter-public-subnet-instance",
    "starter-public-subnet-planned",
    "starter-nat-instance",
    "starter-nat-serverless",
    "starter-nat-planned",
    "starter-private-endpoint-instance",
    "starter-private-endpoint-serverless",
    "starter-private-endpoint-planned",
    "dedicated-public-subnet-instance",
    "dedicated-public-subnet-planned",
    "dedicated-nat-instance",
    "dedicated-nat-serverless",
    "dedicated-nat-planned",
    "dedicated-private-endpoint-instance",
    "dedicated-private-endpoint-serverless",
    "dedicated-private-endpoint-planned",
    "dedicated-vpc-peering-instance",
    "dedicated-vpc-peering-serverless",
    "dedicated-vpc-peering-planned",
];

#[test]
fn law_3_where_nothing_was_seen_nothing_passes_and_nothing_fails() {
    let mut faults = Vec::new();
    for patient in patients::unseen() {
        let report = report(&patient.facts);
        for row in &report.rows {
            let undecided =
                matches!(row.outcome, Outcome::Unknown | Outcome::Blocked | Outcome::NotApplicable);
            // A documented default is taken even of an instance of which nothing else was printed.
            let by_default = row.check == "network/network-type"
                && report
                    .assumptions
                    .iter()
                    .any(|assumption| assumption.taken == defaults::NETWORK_TYPE.taken);
            if !undecided && !by_default {
                faults.push(format!("{}: {}", patient.name, shown(row)));
            }
        }
        if report.exit_code != 3 {
            faults.push(format!("{}: exit code {}", patient.name, report.exit_code));
        }
    }
    assert_none(&faults);
}

#[test]
fn law_5_an_ill_patient_is_ill_of_what_its_file_says_and_of_nothing_else() {
    let mut faults = Vec::new();
    let mut noticed = BTreeSet::new();
    let catalogue: Vec<&str> = checks().map(|check| check.id).collect();
    for patient in patients::ill() {
        let Some(illness) = &patient.illness else {
            continue;
        };
        let report = report(&patient.facts);
        let name = patient.name.split("--").next().unwrap_or_default();
        let Some(check) = catalogue.iter().find(|id| id.replace('/', "-") == name) else {
            faults.push(format!("{}: no check has this name", patient.name));
            continue;
        };
        let worst =
            report.rows.iter().filter(|row| row.check == *check).map(|row| row.outcome).min();
        let worst = worst.map_or("not judged", Outcome::as_str);
        if worst == illness.outcome {
            noticed.insert(*check);
        } else {
            faults.push(format!("{}: {check} is {worst}, not {}", patient.name, illness.outcome));
        }
        let of: BTreeSet<&str> = report
            .rows
            .iter()
            .filter(|row| is_ill(row.outcome))
            .map(|row| row.check.as_str())
            .collect();
        let said: BTreeSet<&str> = illness.ill_of.iter().map(String::as_str).collect();
        if of != said {
            faults.push(format!("{}: ill of {of:?}, not {said:?}", patient.name));
        }
    }
    for check in catalogue {
        if !noticed.contains(check) {
            faults.push(format!("{check} notices nothing in any patient"));
        }
    }
    assert_none(&faults);
}

/// Every text in a document: values, and names of members.
fn texts<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            into.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => {
            for (name, value) in members {
                into.insert(name);
                texts(value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The words of a text that name a thing of AWS's or an address.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-'))
        .map(|word| word.trim_matches(['.', '-']))
        .flat_map(|word| {
            // A range of addresses is two names, an id is one.
            let is_range = word.split('-').all(is_address);
            let separator = if is_range { '-' } else { ' ' };
            word.split(separator)
        })
        .filter(|word| is_address(word) || is_id(word))
}

fn is_address(word: &str) -> bool {
    word.parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_id(word: &str) -> bool {
    word.rsplit_once('-').is_some_and(|(kind, number)| {
        !kind.is_empty()
            && number.len() >= 8
            && number.chars().all(|letter| letter.is_ascii_hexdigit())
    })
}

#[test]
fn law_6_every_piece_of_evidence_is_in_the_facts() {
    let mut faults = BTreeSet::new();
    for patient in patients::all() {
        let json = serde_json::to_value(&patient.facts).unwrap();
        let text = json.to_string();
        let mut known = BTreeSet::new();
        texts(&json, &mut known);
        for row in &report(&patient.facts).rows {
            if row.outcome == Outcome::Pass && row.evidence.is_empty() {
                faults.insert(format!("{}: passes without evidence", row.check));
            }
            for evidence in &row.evidence {
                if !known.contains(evidence.resource.as_str()) {
                    faults.insert(format!(
                        "{}: {} isn't in the facts ({})",
                        row.check, evidence.resource, patient.name
                    ));
                }
                for name in names(&evidence.value) {
                    if !text.contains(name) {
                        faults.insert(format!(
                            "{}: {name} of {:?} isn't in the facts ({})",
                            row.check, evidence.value, patient.name
                        ));
                    }
                }
            }
        }
    }
    assert_none(&faults.into_iter().collect::<Vec<_>>());
}

#[test]
fn law_6_the_words_that_name_things_are_found() {
    let found: Vec<&str> =
        names("0.0.0.0/0 → nat-0a17b2c3d4e5f6071, in subnet-0c30aa11bb22cc33d; 52.1.2.3-52.1.2.4")
            .collect();
    assert_eq!(
        found,
        ["0.0.0.0", "nat-0a17b2c3d4e5f6071", "subnet-0c30aa11bb22cc33d", "52.1.2.3", "52.1.2.4"]
    );
}

#[test]
fn law_8_the_same_facts_give_the_same_report() {
    for patient in patients::all() {
        let first = serde_json::to_string(&report(&patient.facts)).unwrap();
        let second = serde_json::to_string(&report(&patient.facts)).unwrap();
        assert_eq!(first, second, "{}", patient.name);
        let saved = serde_json::to_string(&patient.facts).unwrap();
        let loaded: Facts = serde_json::from_str(&saved).unwrap();
        assert_eq!(loaded, patient.facts, "{}", patient.name);
        assert_eq!(
            serde_json::to_string(&report(&loaded)).unwrap(),
            first,
            "{}, saved and loaded",
            patient.name
        );
    }
}

#[test]
fn law_8_the_order_of_lists_says_nothing() {
    let mut faults = Vec::new();
    for patient in patients::all() {
        let mut json = serde_json::to_value(&patient.facts).unwrap();
        for (key, list) in json["inventory"].as_object_mut().unwrap() {
            if let (Value::Array(items), false) = (list, key == "Conflicts") {
                items.reverse();
            }
        }
        let reversed: Facts = serde_json::from_value(json).unwrap();
        let (one, other) = (report(&patient.facts), report(&reversed));
        let outcomes = |rows: &BTreeMap<_, &tidb_dms_checks::report::Row>| {
            rows.values().map(|row| row.outcome).collect::<Vec<_>>()
        };
        if outcomes(&by_key(&one)) != outcomes(&by_key(&other)) {
            faults.push(format!("{}: reversed lists, another report", patient.name));
        }
    }
    assert_none(&faults);
}

#[test]
fn law_12_a_repair_mends_its_row_and_makes_no_other_worse() {
    let mut faults = Vec::new();
    let mut mended = 0;
    for patient in patients::ill() {
        let before = report(&patient.facts);
        for row in &before.rows {
            let mut changes: Vec<&Change> = Vec::new();
            for change in row.findings.iter().flat_map(|finding| &finding.remedy.changes) {
                if !changes.contains(&change) {
                    changes.push(change);
                }
            }
            if changes.is_empty() {
                continue;
            }
            let mut facts = patient.facts.clone();
            for change in &changes {
                change.apply(&mut facts);
            }
            let after = report(&facts);
            let (old, new) = (by_key(&before), by_key(&after));
            let key = (row.check.as_str(), &row.subject);
            let whole = row.findings.iter().all(|finding| !finding.remedy.changes.is_empty());
            let healed = new
                .get(&key)
                .is_some_and(|row| matches!(row.outcome, Outcome::Pass | Outcome::NotApplicable));
            if whole && row.gaps.is_empty() && !healed {
                let now = new.get(&key).map_or_else(|| "gone".to_owned(), |row| shown(row));
                faults.push(format!("{}: {} isn't mended: {now}", patient.name, row.check));
            }
            mended += usize::from(healed);
            // The address of a NAT gateway that is to be made isn't known.
            let new_address =
                changes.iter().any(|change| matches!(change, Change::NewNatGateway { .. }));
            for (key, row) in &new {
                let (check, _) = key;
                let excused = new_address && check.starts_with("access/");
                let was = old.get(key).map(|row| row.outcome);
                // What was blocked can now be judged.
                let blocked = was == Some(Outcome::Blocked);
                let worse = was.is_none_or(|was| row.outcome < was) && is_ill(row.outcome);
                if worse && !blocked && !(excused && row.outcome == Outcome::Unknown) {
                    faults.push(format!(
                        "{}: after {changes:?} worse: {}",
                        patient.name,
                        shown(row)
                    ));
                }
            }
        }
    }
    assert_none(&faults);
    assert!(mended >= 30, "only {mended} rows were mended");
}

#[test]
fn law_12_a_cause_of_several_rows_is_mended_for_all_of_them() {
    let mut faults = Vec::new();
    for patient in patients::ill() {
        let report = report(&patient.facts);
        for row in report.rows.iter().filter(|row| row.outcome == Outcome::Fail) {
            let grave = row.findings.iter().filter(|finding| finding.level == Severity::Error);
            for change in grave.flat_map(|finding| &finding.remedy.changes) {
                if !report.root_causes.iter().any(|cause| cause.remedy.changes.contains(change)) {
                    faults.push(format!("{}: no cause is cured by {change:?}", patient.name));
                }
            }
            for (place, finding) in row.findings.iter().enumerate() {
                if row.findings[..place].iter().any(|other| other.message == finding.message) {
                    faults.push(format!("{}: said twice: {}", patient.name, finding.message));
                }
            }
        }
        for cause in &report.root_causes {
            for (place, subject) in cause.subjects.iter().enumerate() {
                if cause.subjects[..place].contains(subject) {
                    faults.push(format!("{}: {} twice", patient.name, subject.id));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn law_12_every_kind_of_stop_that_a_route_or_rule_makes_has_a_repair() {
    // A stop without a repair is one where the facts don't hold what to put instead.
    let mut without = BTreeSet::new();
    for patient in patients::ill() {
        let report = report(&patient.facts);
        for cause in &report.root_causes {
            // A name that resolves to the wrong class of address leaves no route to mend.
            let is_found = |check: &str| {
                report.rows.iter().any(|row| row.check == check && !row.findings.is_empty())
            };
            let follows = match &*cause.check {
                "network/route" => is_found("network/dns-class"),
                // Nobody opens a way to a port where nothing may listen.
                "network/security-group" => is_found("dms/host-and-port"),
                _ => false,
            };
            if cause.remedy.changes.is_empty() && !follows {
                without.insert((cause.check.clone(), patient.name.clone()));
            }
            assert!(!cause.remedy.advice.is_empty(), "{}", patient.name);
        }
    }
    let checks: BTreeSet<&str> = without.iter().map(|(check, _)| check.as_str()).collect();
    for always in ["network/route", "network/security-group", "network/network-acl", "dms/ssl-mode"]
    {
        assert!(!checks.contains(always), "{without:?}");
    }
}

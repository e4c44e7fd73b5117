//! 250 random VPC worlds in which real packets decided, rebuilt in network namespaces (nftables,
//! kernel routing). The path engine must agree with the kernel on every one of them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the worlds are recorded in files"
)]

use std::{collections::BTreeSet, fs, net::Ipv4Addr, path::PathBuf};

use serde::Deserialize;
use tidb_dms_checks::{
    facts::{Index, Inventory},
    path::{Addresses, Path, Source, Verdict, trace},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct World {
    question: Question,
    fate: Fate,
}

#[derive(Deserialize)]
struct Question {
    from: String,
    to: Ipv4Addr,
    port: u16,
}

#[derive(Deserialize)]
struct Fate {
    scenario: String,
    kinds: Vec<String>,
    arrived: bool,
    sources: BTreeSet<Ipv4Addr>,
    partial: bool,
    share: f64,
}

fn worlds() -> Vec<PathBuf> {
    let folder = std::env::var_os("TIDB_DMS_PACKETS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/packets")),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

/// What is wrong with a path, given what the packets did; `None` when it is right.
fn wrong(fate: &Fate, path: &Path) -> Option<&'static str> {
    let verdict = path.verdict();
    let deleting = fate.kinds.iter().any(|kind| kind == "nat-deleting");
    if fate.partial {
        return match verdict {
            Verdict::Arrives if path.findings.is_empty() => Some("arrives without a finding"),
            Verdict::Stopped if fate.share >= 0.01 => Some("false stop of a partly open way"),
            _ => None,
        };
    }
    match (fate.arrived, verdict) {
        (true, Verdict::Stopped) => Some("false stop"),
        (false, Verdict::Arrives) => Some("false arrives"),
        (_, Verdict::Unknown) if !deleting => Some("undecided"),
        (true, _) if !fate.sources.is_subset(&path.egress.addresses) => {
            Some("a source that the server saw isn't among the egress addresses")
        }
        _ => None,
    }
}

#[test]
fn the_kernel_agrees_on_every_world() {
    let files = worlds();
    assert!(files.len() >= 250, "{} worlds", files.len());
    let mut failures = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let world: World = serde_json::from_str(&text).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let members = value.as_object_mut().unwrap();
        members.remove("Question");
        members.remove("Fate");
        let inventory: Inventory = serde_json::from_value(value).unwrap();
        let index = Index::new(&inventory);
        let source = Source::find(&index, &world.question.from).unwrap();
        let path =
            trace(&index, &source, &[Addresses::one(world.question.to)], world.question.port);
        if let Some(fault) = wrong(&world.fate, &path) {
            let stops: Vec<String> = path
                .stops
                .iter()
                .map(|stop| format!("{}: {}", stop.code.as_str(), stop.detail))
                .collect();
            let doubts: Vec<String> =
                path.doubts.iter().map(|doubt| doubt.gap.to_string()).collect();
            failures.push(format!(
                "{}: {fault}\n  {} {:?} to {}\n  stops {stops:#?}\n  doubts {doubts:#?}\n  egress {:?}, seen {:?}",
                file.display(),
                world.fate.scenario,
                world.fate.kinds,
                world.question.to,
                path.egress.addresses,
                world.fate.sources,
            ));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), files.len(), failures.join("\n"));
}

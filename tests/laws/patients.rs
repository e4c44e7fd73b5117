//! The recorded patients: healthy migrations, and ill ones made of them by small patches.
#![expect(clippy::unwrap_used, reason = "a patient that can't be read fails the test")]

use std::{fs, path::PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tidb_dms_checks::facts::Facts;

/// A recorded migration.
pub(crate) struct Patient {
    /// The name of its file.
    pub(crate) name: String,
    /// What was seen of it.
    pub(crate) facts: Facts,
    /// What it suffers from; nothing of a healthy one.
    pub(crate) illness: Option<Illness>,
}

/// What an ill patient suffers from, and how it was made ill.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Illness {
    /// The healthy patient that it was.
    pub(crate) of: String,
    /// What made it ill.
    pub(crate) patch: Value,
    /// Every check that answers something other than pass, not applicable or blocked.
    pub(crate) ill_of: Vec<String>,
    /// The worst answer of the check that the file is named after.
    pub(crate) outcome: String,
}

/// The healthy patients, one for every topology of the guide.
pub(crate) fn healthy() -> Vec<Patient> {
    files(&folder())
        .into_iter()
        .map(|(name, json)| Patient { facts: facts(&name, json), name, illness: None })
        .collect()
}

/// The ill ones. The name begins with the check that notices the illness.
pub(crate) fn ill() -> Vec<Patient> {
    files(&folder().join("ill"))
        .into_iter()
        .map(|(name, json)| {
            let illness: Illness =
                serde_json::from_value(json).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut json = read(&folder().join(format!("{}.json", illness.of)));
            merge(&mut json, &illness.patch, &name);
            Patient { facts: facts(&name, json), name, illness: Some(illness) }
        })
        .collect()
}

/// All of them.
pub(crate) fn all() -> Vec<Patient> {
    let mut all = healthy();
    all.extend(ill());
    all
}

/// Facts of which nothing was seen, but the question was asked: in every way that one can ask.
pub(crate) fn unseen() -> Vec<Patient> {
    let questions = [
        ("a plan", r#"{"asked": {"subnets": ["subnet-0a11", "subnet-0b22"]}}"#),
        (
            "a plan of a group",
            r#"{"asked": {"subnet_group": "dms", "serverless": true, "tidb_as": "target"}}"#,
        ),
        (
            "a plan to Starter",
            r#"{"asked": {"subnets": ["subnet-0a11"], "tidb_as": "target", "path": "public"}}"#,
        ),
        (
            "a plan with a private endpoint",
            r#"{"asked": {"subnets": ["subnet-0a11"], "tidb_as": "target", "path": "private-endpoint",
                "tidb_tier": "dedicated"}}"#,
        ),
        (
            "a task",
            r#"{"inventory": {"ReplicationTasks": [{"ReplicationTaskArn": "arn:aws:dms:us-east-1:111122223333:task:A"}]}}"#,
        ),
        (
            "a task and what it names",
            r#"{"inventory": {"ReplicationTasks": [{"ReplicationTaskArn": "arn:aws:dms:us-east-1:111122223333:task:A",
                "ReplicationInstanceArn": "arn:aws:dms:us-east-1:111122223333:rep:B",
                "TargetEndpointArn": "arn:aws:dms:us-east-1:111122223333:endpoint:C"}]}}"#,
        ),
        (
            "an instance",
            r#"{"inventory": {"ReplicationInstances": [{"ReplicationInstanceArn": "arn:aws:dms:us-east-1:111122223333:rep:B"}]}}"#,
        ),
        (
            "a serverless replication",
            r#"{"inventory": {"ReplicationConfigs": [{"ReplicationConfigArn": "arn:aws:dms:us-east-1:111122223333:replication-config:D"}]}}"#,
        ),
    ];
    questions
        .into_iter()
        .map(|(name, text)| {
            let mut json: Value = serde_json::from_str(text).unwrap();
            json["version"] = 1.into();
            json["taken_at"] = "2026-11-24T10:02:00Z".into();
            Patient { name: name.to_owned(), facts: facts(name, json), illness: None }
        })
        .collect()
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patients"))
}

fn files(folder: &PathBuf) -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let json = read(&path);
            (name, json)
        })
        .collect()
}

fn read(path: &PathBuf) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn facts(name: &str, json: Value) -> Facts {
    serde_json::from_value(json).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A JSON merge patch (RFC 7396) that also reaches into lists: where a list meets an object, the
/// object's keys name items by any text member of theirs (an id, a name, a destination). `null` takes
/// the item out, and a name that no item has adds one.
pub(crate) fn merge(into: &mut Value, patch: &Value, place: &str) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if let Value::Array(items) = into {
        for (name, patch) in patch {
            let place = format!("{place}/{name}");
            let named: Vec<usize> =
                (0..items.len()).filter(|index| is_named(&items[*index], name)).collect();
            match named.as_slice() {
                [] if patch.is_null() => panic!("{place}: no item has this name"),
                [] => items.push(patch.clone()),
                [index] if patch.is_null() => {
                    items.remove(*index);
                }
                [index] => merge(&mut items[*index], patch, &place),
                several => panic!("{place}: {} items have this name", several.len()),
            }
        }
        return;
    }
    if !into.is_object() {
        *into = Value::Object(serde_json::Map::new());
    }
    let members = into.as_object_mut().unwrap();
    for (name, patch) in patch {
        if patch.is_null() {
            let taken = members.remove(name);
            assert!(taken.is_some(), "{place}: there is no {name} to take out");
        } else {
            let member = members.entry(name.clone()).or_insert(Value::Null);
            merge(member, patch, &format!("{place}/{name}"));
        }
    }
}

fn is_named(item: &Value, name: &str) -> bool {
    match item {
        Value::String(text) => text == name,
        Value::Object(members) => members.values().any(|value| value == name),
        _ => false,
    }
}

//! A recorded patient as the account that a server on loopback shows, in AWS's own forms.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

use serde_json::{Value, json};
use tidb_dms_checks::facts::{Facts, Inventory};

use super::server::{Answer, Request};
use crate::collect::aws::names::{ELEMENTS, Kind};

/// A recorded patient.
pub(super) struct World {
    pub(super) name: String,
    pub(super) facts: Facts,
    inventory: Value,
}

/// Every healthy patient.
pub(super) fn patients() -> Vec<World> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patients"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files.into_iter().map(|path| World::of(&path)).collect()
}

impl World {
    fn of(path: &PathBuf) -> Self {
        let mut document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let facts = serde_json::from_value(document.clone()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Self { name, facts, inventory: document["inventory"].take() }
    }

    /// One patient by its name.
    pub(super) fn named(name: &str) -> Self {
        let path = format!("{}/tests/patients/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Self::of(&PathBuf::from(path))
    }

    /// The patient's inventory, to be changed.
    pub(super) fn inventory(&mut self) -> &mut Value {
        &mut self.inventory
    }

    /// What AWS would answer.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let parameter = |name: &str| request.parameters.get(name).map(String::as_str);
        match request.action.as_str() {
            "ec2:DescribeVpcAttribute" => {
                let attribute = parameter("Attribute").unwrap();
                let name = format!("{}{}", attribute[..1].to_ascii_uppercase(), &attribute[1..]);
                let vpc = self.item("VpcAttributes", "VpcId", parameter("VpcId").unwrap());
                let value = &vpc[&name]["Value"];
                Answer::ok(format!(
                    "<R><vpcId/><{attribute}><value>{value}</value></{attribute}></R>"
                ))
            }
            "ec2:GetManagedPrefixListEntries" => {
                let id = parameter("PrefixListId").unwrap();
                let list = self.item("PrefixListEntries", "PrefixListId", id);
                Answer::ok(xml(&request.action, &json!({ "Entries": list["Entries"] })))
            }
            "iam:GetRole" => {
                let mut role = self.item("Roles", "RoleName", parameter("RoleName").unwrap());
                if role.is_null() {
                    return Answer::refused(&request.action, "NoSuchEntity", "no such role");
                }
                let policy = role["AssumeRolePolicyDocument"].to_string();
                let written = percent_encoding::utf8_percent_encode(
                    &policy,
                    percent_encoding::NON_ALPHANUMERIC,
                );
                role["AssumeRolePolicyDocument"] = json!(written.to_string());
                role.as_object_mut().unwrap().remove("AttachedPolicies");
                Answer::ok(iam(&request.action, &json!({ "GetRoleResult": { "Role": role } })))
            }
            "iam:ListAttachedRolePolicies" => {
                let role = self.item("Roles", "RoleName", parameter("RoleName").unwrap());
                if role.is_null() {
                    return Answer::refused(&request.action, "NoSuchEntity", "no such role");
                }
                let policies = &role["AttachedPolicies"];
                Answer::ok(iam(
                    &request.action,
                    &json!({ "ListAttachedRolePoliciesResult": {
                    "AttachedPolicies": policies, "IsTruncated": false } }),
                ))
            }
            "kms:DescribeKey" => {
                let id = parameter("KeyId").unwrap();
                let keys = self.inventory["KmsKeys"].as_array().cloned().unwrap_or_default();
                match keys.into_iter().find(|key| key["KeyMetadata"]["Arn"] == *id) {
                    Some(key) => Answer::ok(key.to_string()),
                    None => Answer::refused(&request.action, "NotFoundException", "no such key"),
                }
            }
            action => self.list(action, request),
        }
    }

    fn item(&self, list: &str, field: &str, id: &str) -> Value {
        let items = self.inventory[list].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| item[field] == *id).unwrap_or(Value::Null)
    }

    fn list(&self, action: &str, request: &Request) -> Answer {
        let (key, _) = Inventory::LISTS
            .iter()
            .find(|(_, of_list)| *of_list == action)
            .unwrap_or_else(|| panic!("nobody would ask {action}"));
        let items = self.inventory[*key].as_array().cloned().unwrap_or_default();
        let items: Vec<Value> =
            items.into_iter().filter(|item| matches(item, &request.parameters)).collect();
        if action.starts_with("ec2:") {
            Answer::ok(xml(action, &json!({ *key: items })))
        } else {
            Answer::ok(json!({ *key: items }).to_string())
        }
    }
}

/// EC2's filters, those that are used.
fn matches(item: &Value, parameters: &BTreeMap<String, String>) -> bool {
    let Some(name) = parameters.get("Filter.1.Name") else { return true };
    let values: Vec<&str> = parameters
        .iter()
        .filter(|(field, _)| field.starts_with("Filter.1.Value."))
        .map(|(_, value)| value.as_str())
        .collect();
    let fields: Vec<&Value> = match name.as_str() {
        // The interfaces of an instance say where it is.
        "vpc-id" if item.get("Instances").is_some() => item["Instances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|instance| &instance["VpcId"])
            .collect(),
        "vpc-id" => vec![&item["VpcId"]],
        "subnet-id" => vec![&item["SubnetId"]],
        "dhcp-options-id" => vec![&item["DhcpOptionsId"]],
        "requester-vpc-info.vpc-id" => vec![&item["RequesterVpcInfo"]["VpcId"]],
        "accepter-vpc-info.vpc-id" => vec![&item["AccepterVpcInfo"]["VpcId"]],
        "attachment.vpc-id" => {
            item["Attachments"].as_array().unwrap().iter().map(|one| &one["VpcId"]).collect()
        }
        other => panic!("no such filter here: {other}"),
    };
    fields.into_iter().filter_map(Value::as_str).any(|value| values.contains(&value))
}

/// The XML of EC2.
pub(super) fn xml(action: &str, answer: &Value) -> String {
    let mut text = String::new();
    element(&mut text, &outermost(action), answer, "item", &|name| {
        let in_table =
            |kind: Kind| ELEMENTS.iter().find(|(_, json, of)| *json == name && *of == kind);
        let known =
            [Kind::List, Kind::Flag, Kind::Number, Kind::Other].into_iter().find_map(in_table);
        known.map_or_else(
            || format!("{}{}", name[..1].to_ascii_lowercase(), &name[1..]),
            |(element, ..)| (*element).to_owned(),
        )
    });
    text
}

/// The XML of IAM, whose elements have the names of its JSON.
fn iam(action: &str, answer: &Value) -> String {
    let mut text = String::new();
    element(&mut text, &outermost(action), answer, "member", &str::to_owned);
    text
}

fn outermost(action: &str) -> String {
    format!("{}Response", action.split_once(':').unwrap().1)
}

fn element(text: &mut String, name: &str, value: &Value, item: &str, of: &dyn Fn(&str) -> String) {
    write!(text, "<{name}>").unwrap();
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                element(text, &of(member), value, item, of);
            }
        }
        Value::Array(items) => {
            for value in items {
                element(text, item, value, item, of);
            }
        }
        Value::String(value) => {
            text.push_str(&value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        }
        Value::Null => {}
        other => write!(text, "{other}").unwrap(),
    }
    write!(text, "</{name}>").unwrap();
}

//! Design, law 4: take any one thing away, and the verdict stays what it was or turns to "can't
//! tell"; it never moves to "arrives" or "stopped" because of it. Egress likewise: addresses may
//! become unknown, never others.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::{
    Verdict, World,
    world::{own_id, trace_in},
};
use crate::{
    facts::{Index, Inventory},
    path::{Addresses, Path, Source, trace},
};

/// A world and its question.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) json: Value,
    pub(super) from: String,
    pub(super) to: Vec<Addresses>,
    pub(super) port: u16,
}

impl From<(&str, World)> for Asked {
    fn from((name, world): (&str, World)) -> Self {
        Self { name: name.into(), json: world.json, from: world.from, to: world.to, port: 4000 }
    }
}

impl Asked {
    pub(super) fn before(&self) -> Path {
        let inventory: Inventory = serde_json::from_value(self.json.clone()).unwrap();
        trace_in(&inventory, &self.from, &self.to, self.port)
    }

    /// The trace in another world; `None` when the source isn't seen there.
    fn after(&self, json: Value) -> Option<Path> {
        let inventory: Inventory = serde_json::from_value(json).ok()?;
        let index = Index::new(&inventory);
        let source = Source::find(&index, &self.from).ok()?;
        Some(trace(&index, &source, &self.to, self.port))
    }
}

/// The recorded packet worlds.
#[expect(clippy::disallowed_methods, reason = "the worlds are recorded in files")]
pub(super) fn packets() -> Vec<Asked> {
    let folder = std::env::var_os("TIDB_DMS_PACKETS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/packets")),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let mut json: Value = serde_json::from_str(&text).unwrap();
            let members = json.as_object_mut().unwrap();
            let question = members.remove("Question").unwrap();
            members.remove("Fate");
            members.insert("Extents".into(), json!({}));
            Asked {
                name: file.file_stem().unwrap().to_string_lossy().into_owned(),
                json,
                from: question["from"].as_str().unwrap().into(),
                to: vec![Addresses::one(question["to"].as_str().unwrap().parse().unwrap())],
                port: question["port"].as_u64().unwrap().try_into().unwrap(),
            }
        })
        .collect()
}

/// Healthy worlds of every topology, and ill ones of kinds that packets can't show.
#[expect(clippy::too_many_lines, reason = "a table of worlds")]
pub(super) fn worlds() -> Vec<Asked> {
    let list = |entries: &[&str]| {
        let entries: Vec<Value> = entries.iter().map(|cidr| json!({"Cidr": cidr})).collect();
        json!({"PrefixListId": "pl-a", "Entries": entries})
    };
    let by_list = |target: &str, entries: &[&str]| {
        World::private()
            .route("rtb-private", "pl-a", target)
            .add("PrefixListEntries", list(entries))
    };
    let propagated = json!({"Origin": "EnableVgwRoutePropagation"});
    let regional = |patch: Value| {
        World::private()
            .patch(
                "nat-a",
                json!({"AvailabilityMode": "regional", "SubnetId": null,
                    "RouteTableId": "rtb-public", "AutoScalingIps": "enabled"}),
            )
            .patch("nat-a", patch)
    };
    [
        ("private", World::private()),
        ("public", World::public()),
        ("endpoint", World::endpoint()),
        ("peering", World::peering()),
        ("NAT instance", World::nat_instance()),
        ("subnet", World::private().from("subnet-private")),
        ("regional", regional(json!({}))),
        (
            "regional under BPA",
            regional(json!({})).patch(
                "vpc-a",
                json!({
            "BlockPublicAccessStates": {"InternetGatewayBlockMode": "block-bidirectional"}}),
            ),
        ),
        (
            "to an instance by its public address",
            World::private().to("54.0.0.20").rules(
                "sg-public",
                "IpPermissions",
                json!([
                {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "3.3.3.3/32"}]}]),
            ),
        ),
        ("to a closed instance by its public address", World::private().to("54.0.0.20")),
        ("prefix list to the NAT gateway", by_list("nat-a", &["44.210.0.0/16"])),
        ("prefix list to the internet gateway", by_list("igw-a", &["44.210.0.0/16", "2600::/16"])),
        ("prefix list that misses", by_list("igw-a", &["52.0.0.0/16"])),
        (
            "propagated inside local",
            World::endpoint()
                .route("rtb-private", "10.0.3.0/24", "vgw-a")
                .patch_route("rtb-private", "10.0.3.0/24", propagated.clone())
                .patch_route("rtb-private", "10.0.3.0/24", json!({"State": "blackhole"})),
        ),
        (
            "propagated beside static",
            World::private().patch(
                "rtb-private",
                json!({"Routes": [
                {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vgw-a", "State": "blackhole",
                    "Origin": "EnableVgwRoutePropagation"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-a", "State": "active",
                    "Origin": "CreateRoute"},
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active",
                    "Origin": "CreateRouteTable"}]}),
            ),
        ),
        (
            "table of another subnet beside the main one",
            World::public()
                .patch(
                    "rtb-private",
                    json!({"Associations": [
                {"Main": false, "SubnetId": "subnet-private"},
                {"Main": false, "SubnetId": "subnet-public"}]}),
                )
                .patch("rtb-public", json!({"Associations": [{"Main": true}]}))
                .patch("rtb-main", json!({"Associations": []})),
        ),
        (
            "NAT gateway of another VPC",
            World::private().patch("nat-a", json!({"VpcId": "vpc-p", "SubnetId": "subnet-peer"})),
        ),
        (
            "private NAT gateway to the peer",
            World::peering()
                .route("rtb-private", "10.9.0.0/16", "nat-a")
                .route("rtb-public", "10.9.0.0/16", "pcx-a")
                .rules(
                    "sg-peer",
                    "IpPermissions",
                    json!([
                {"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000,
                    "IpRanges": [{"CidrIp": "10.0.2.5/32"}]}]),
                ),
        ),
        (
            "private NAT gateway to a closed peer",
            World::peering()
                .route("rtb-private", "10.9.0.0/16", "nat-a")
                .route("rtb-public", "10.9.0.0/16", "pcx-a")
                .rules(
                    "sg-peer",
                    "IpPermissions",
                    json!([
                {"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000,
                    "IpRanges": [{"CidrIp": "10.0.1.0/24"}]}]),
                ),
        ),
        (
            "rule for a group",
            World::endpoint()
                .rules(
                    "sg-seat",
                    "IpPermissionsEgress",
                    json!([
                {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-endpoint"}]}]),
                )
                .rules(
                    "sg-endpoint",
                    "IpPermissions",
                    json!([
                {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-seat"}]}]),
                ),
        ),
        (
            "rule for a group at a peer",
            World::peering().rules(
                "sg-seat",
                "IpPermissionsEgress",
                json!([
                {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-peer"}]}]),
            ),
        ),
        (
            "rule for a group, to the cluster",
            World::private().rules(
                "sg-seat",
                "IpPermissionsEgress",
                json!([
                {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-peer"}]}]),
            ),
        ),
        ("to a NAT gateway", World::endpoint().to("10.0.2.5")),
        ("nobody there", World::endpoint().to("10.0.3.31")),
        (
            "rule for a prefix list",
            World::private().add("PrefixListEntries", list(&["44.210.0.0/16"])).rules(
                "sg-seat",
                "IpPermissionsEgress",
                json!([
                {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-a"}]}]),
            ),
        ),
        ("rejected endpoint", World::endpoint().patch("vpce-a", json!({"State": "rejected"}))),
        (
            "stopped NAT instance",
            World::nat_instance().patch("i-forward", json!({"State": {"Name": "stopped"}})),
        ),
        (
            "closed NAT instance",
            World::nat_instance().rules("sg-forward", "IpPermissions", json!([])),
        ),
        ("any public address", World::private().to("public")),
    ]
    .map(Asked::from)
    .into()
}

/// What is wrong with moving from one path to another because of one thing less.
fn wrong(before: &Path, after: &Path) -> Option<String> {
    let (was, is) = (before.verdict(), after.verdict());
    if is != was && is != Verdict::Unknown {
        return Some(format!("{was:?} becomes {is:?}"));
    }
    if after.egress.is_known()
        && (!before.egress.is_known() || before.egress.addresses != after.egress.addresses)
    {
        return Some(format!(
            "egress {:?} becomes {:?}",
            before.egress.addresses, after.egress.addresses
        ));
    }
    None
}

fn lists(json: &Value) -> Vec<String> {
    json.as_object()
        .unwrap()
        .iter()
        .filter(|(_, list)| list.is_array())
        .map(|(key, _)| key.clone())
        .collect()
}

fn partial(json: &mut Value, list: &str) {
    json["Extents"][list] =
        json!({"partial": {"about": list, "reason": "has more pages", "unlock": "nothing"}});
}

fn all() -> impl Iterator<Item = Asked> {
    worlds().into_iter().chain(packets())
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_list_less_never_decides() {
    let mut faults = Vec::new();
    for asked in all() {
        let before = asked.before();
        for list in lists(&asked.json) {
            let mut json = asked.json.clone();
            json.as_object_mut().unwrap().remove(&list);
            if let Some(fault) = asked.after(json).and_then(|after| wrong(&before, &after)) {
                faults.push(format!("{} without {list}: {fault}", asked.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn a_resource_less_never_decides() {
    let mut faults = Vec::new();
    for asked in all() {
        let before = asked.before();
        for list in lists(&asked.json) {
            for place in 0..asked.json[&list].as_array().unwrap().len() {
                let mut json = asked.json.clone();
                let gone = json[&list].as_array_mut().unwrap().remove(place);
                partial(&mut json, &list);
                if let Some(fault) = asked.after(json).and_then(|after| wrong(&before, &after)) {
                    let id = own_id(&gone).unwrap_or("?");
                    faults.push(format!("{} without {id}: {fault}", asked.name));
                }
            }
        }
    }
    none(&faults);
}

/// Fields whose absence says something: AWS prints them only where there is one, or the type of the
/// facts can't say that it is absent. Taking them away is saying something else.
const ABSENCE_SAYS: [&str; 12] = [
    // AWS leaves them out where there is none.
    "Association",
    "AttachedAppliances",
    "EncryptionControl",
    "IgwFirewall",
    "Ipv6Ranges",
    // What a rule doesn't name it isn't for; the facts hold an empty list.
    "IpRanges",
    "PrefixListIds",
    "UserIdGroupPairs",
    // Required members of AWS's model, which every CLI prints.
    "Egress",
    "RuleNumber",
    "Instances",
    "State.State",
];

/// Fields with a documented default, which adds an assumption.
const DEFAULTS: [&str; 5] = [
    "BlockPublicAccessStates",
    "InternetGatewayBlockMode",
    "ConnectivityType",
    "InterfaceType",
    "NatGatewayAddresses.Status",
];

/// Every member of every object below a resource, as a JSON pointer.
fn members(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let pointer = format!("{pointer}/{key}");
                members(inner, &pointer, found);
                found.push(pointer);
            }
        }
        Value::Array(items) => {
            for (place, inner) in items.iter().enumerate() {
                members(inner, &format!("{pointer}/{place}"), found);
            }
        }
        _ => {}
    }
}

fn field_faults(asked: &Asked, faults: &mut Vec<String>) -> usize {
    let before = asked.before();
    let mut tried = 0;
    for list in lists(&asked.json) {
        let mut pointers = Vec::new();
        members(&asked.json[&list], "", &mut pointers);
        for pointer in pointers {
            let names: Vec<&str> = pointer
                .split('/')
                .filter(|part| part.parse::<usize>().is_err() && !part.is_empty())
                .collect();
            let field = *names.last().unwrap();
            let path = names.join(".");
            if ABSENCE_SAYS.iter().any(|known| path == *known || path.ends_with(&format!(".{known}")))
                // Without its id it is no resource.
                || (names.len() == 1 && super::world::IDS.contains(&field)
                    && own_id(asked.json.pointer(&format!("/{list}/{}", pointer.split('/').nth(1).unwrap())).unwrap())
                        == asked.json.pointer(&format!("/{list}{pointer}")).and_then(Value::as_str))
            {
                continue;
            }
            let mut json = asked.json.clone();
            let (parent, _) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(&format!("/{list}{parent}"))
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(field);
            let Some(after) = asked.after(json) else {
                continue;
            };
            tried += 1;
            let Some(fault) = wrong(&before, &after) else {
                continue;
            };
            let by_default = DEFAULTS.iter().any(|known| path.ends_with(known))
                && after.assumptions.iter().any(|taken| !before.assumptions.contains(taken));
            if !by_default {
                faults.push(format!("{} without {list}{pointer}: {fault}", asked.name));
            }
        }
    }
    tried
}

#[test]
fn a_field_less_never_decides() {
    let mut faults = Vec::new();
    for asked in worlds() {
        field_faults(&asked, &mut faults);
    }
    none(&faults);
}

/// One in fifty of the recorded worlds: all of them take minutes.
#[test]
fn a_field_less_of_a_recorded_world_never_decides() {
    let mut faults = Vec::new();
    let step = if full() { 1 } else { 50 };
    for asked in packets().iter().step_by(step) {
        field_faults(asked, &mut faults);
    }
    none(&faults);
}

/// Whether `TIDB_DMS_FULL` asks for every recorded world.
#[expect(clippy::disallowed_methods, reason = "a longer run of the same test")]
fn full() -> bool {
    std::env::var_os("TIDB_DMS_FULL").is_some()
}

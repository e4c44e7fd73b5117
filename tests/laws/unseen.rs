//! Law 4: what isn't seen can't decide. Each thing of each patient is taken away, one at a time, and no
//! row may move to pass or to fail because of it, except out of blocked.
#![expect(clippy::unwrap_used, reason = "the places come from the document itself")]

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Mutex,
    thread,
};

use serde::Deserialize;
use serde_json::{Value, json};
use tidb_dms_checks::{
    examine,
    facts::{Facts, Inventory, defaults},
    judgement::Outcome,
    report::{Report, Row},
};

use crate::{assert_none, patients, report, shown, signatures};

/// Fields whose absence is how AWS, or the user, says something: without them it is another world, not
/// the same one less well seen. By list and path; each with what its absence says.
const ABSENCE_SPEAKS: &[(&str, &str)] = &[
    // How EC2 says "none".
    ("NetworkInterfaces/Association", "no public address"),
    ("NetworkInterfaces/Association/AllocationId", "no elastic IP"),
    ("NetworkInterfaces/Attachment", "attached to nothing"),
    ("NetworkInterfaces/Attachment/InstanceId", "not an instance's"),
    ("NatGateways/SubnetId", "regional, where RouteTableId is there"),
    ("NatGateways/RouteTableId", "zonal, where SubnetId is there"),
    ("NatGateways/AutoScalingIps", "a zonal one has no such setting"),
    ("NatGateways/AutoProvisionZones", "a zonal one has no such setting"),
    ("NatGateways/FailureCode", "it didn't fail"),
    ("NatGateways/AttachedAppliances", "none is attached"),
    ("NatGateways/NatGatewayAddresses/PublicIp", "a private NAT gateway's"),
    ("RouteTables/Associations/Main", "not the main table"),
    ("RouteTables/Associations/SubnetId", "the main table's, or a gateway's"),
    ("RouteTables/Routes/IgwFirewall", "no firewall inspects it"),
    ("RouteTables/Routes/InspectionPolicyId", "a field of the patient's own making"),
    ("Addresses/NetworkInterfaceId", "on no interface"),
    ("NetworkAcls/Entries/CidrBlock", "a rule for IPv6"),
    ("NetworkAcls/Entries/PortRange", "a rule for all ports, of a protocol without"),
    ("NetworkAcls/Associations/SubnetId", "guards nothing"),
    ("SecurityGroups/IpPermissionsEgress/IpRanges", "no CIDR in this rule"),
    ("SecurityGroups/IpPermissions/IpRanges", "no CIDR in this rule"),
    ("SecurityGroups/IpPermissionsEgress/UserIdGroupPairs", "no group in this rule"),
    ("SecurityGroups/IpPermissions/UserIdGroupPairs", "no group in this rule"),
    ("SecurityGroups/IpPermissionsEgress/PrefixListIds", "no prefix list in this rule"),
    ("VpcEndpoints/DnsEntries", "no name leads here"),
    ("VpcEndpoints/DnsEntries/DnsName", "no name leads here"),
    ("VpcEndpoints/NetworkInterfaceIds", "not an interface endpoint"),
    // How DMS says "none" or "the default".
    ("ReplicationInstances/SecondaryAvailabilityZone", "no standby"),
    ("ReplicationInstances/PendingModifiedValues", "nothing is pending"),
    ("ReplicationInstances/PendingModifiedValues/NetworkType", "it stays as it is"),
    ("ReplicationConfigs/ComputeConfig/ReplicationSubnetGroupId", "the account's default group"),
    ("ReplicationConfigs/ComputeConfig/VpcSecurityGroupIds", "the VPC's default group"),
    ("ReplicationConfigs/IsReadOnly", "the user's own"),
    ("ReplicationInstances/PendingModifiedValues/ReplicationInstanceClass", "it stays as it is"),
    ("ReplicationInstances/DnsNameServers", "the VPC's own"),
    ("Endpoints/CertificateArn", "no certificate"),
    ("Endpoints/DatabaseName", "no database"),
    ("Endpoints/KmsKeyId", "an endpoint without a password of its own"),
    ("Endpoints/MySQLSettings", "no settings of MySQL's own"),
    ("Endpoints/MySQLSettings/SecretsManagerSecretId", "user and password stand in the endpoint"),
    ("Endpoints/ExtraConnectionAttributes", "no attributes"),
    // The plan itself: another plan is another migration.
    ("asked/subnets", "the plan"),
    ("asked/subnet_group", "the plan"),
    ("asked/security_groups", "the plan: then AWS takes the VPC's default group"),
    ("asked/serverless", "the plan"),
    ("asked/publicly_accessible", "the plan"),
    ("asked/tidb_port", "then it is the endpoint's"),
    ("asked/tidb_tier", "then it is the one that the host's name tells"),
    ("asked/ca", "then it is the one that TiDB Cloud documents"),
];

/// One thing that can be taken away.
struct Taking {
    /// What it is.
    name: String,
    /// What AWS documents where it isn't printed.
    default: Option<&'static defaults::Default>,
    /// The places that change, and what is there then; nothing takes the member out.
    edits: Vec<(String, Option<Value>)>,
}

impl Taking {
    fn is_of(&self, member: &str) -> bool {
        self.edits.iter().all(|(pointer, _)| pointer.starts_with(member))
    }

    /// Judges the facts without what was taken from their document, of which only the part in question
    /// is read again. What has no id can't be read at all: that is an error of the file, not something
    /// unseen.
    fn judge<T>(
        &self,
        json: &Value,
        facts: &mut Facts,
        judge: impl FnOnce(&Facts) -> Option<T>,
    ) -> Option<T> {
        if self.is_of("/inventory") {
            let less = Inventory::deserialize(&json["inventory"]).ok()?;
            let whole = mem::replace(&mut facts.inventory, less);
            let answer = judge(facts);
            facts.inventory = whole;
            answer
        } else if self.is_of("/probes") {
            let less = Vec::deserialize(&json["probes"]).ok()?;
            let whole = mem::replace(&mut facts.probes, less);
            let answer = judge(facts);
            facts.probes = whole;
            answer
        } else {
            judge(&Facts::deserialize(json).ok()?)
        }
    }
}

fn gap(about: &str) -> Value {
    json!({"about": about, "reason": "taken away by a test", "unlock": "nothing"})
}

/// Everything that can be taken from a facts document, one at a time.
fn takings(facts: &Value) -> Vec<Taking> {
    let mut all = Vec::new();
    let mut take = |name: String, default, edits| {
        all.push(Taking { name, default, edits });
    };
    for (key, _) in Inventory::LISTS {
        let Some(items) = facts["inventory"][key].as_array() else {
            continue;
        };
        let (list, extent) = (format!("/inventory/{key}"), format!("/inventory/Extents/{key}"));
        let edits = vec![(list.clone(), None), (extent.clone(), None)];
        take((*key).to_owned(), None, edits);
        for (place, item) in items.iter().enumerate() {
            let mut fewer = items.clone();
            fewer.remove(place);
            let edits = vec![
                (list.clone(), Some(fewer.into())),
                (extent.clone(), Some(json!({"partial": gap(key)}))),
            ];
            take(format!("{key}[{place}]"), None, edits);
            let mut fields = Vec::new();
            fields_of(item, "", key, &mut fields);
            for (pointer, path) in fields {
                let pointer = format!("{list}/{place}{pointer}");
                take(pointer.clone(), default_of(&path), vec![(pointer, None)]);
            }
        }
    }
    for (place, cluster) in facts["clusters"].as_array().unwrap().iter().enumerate() {
        for field in cluster.as_object().unwrap().keys() {
            if field != "host" {
                let pointer = format!("/clusters/{place}/{field}");
                let unknown = json!({"unknown": gap(field)});
                let name = format!("{field} of the cluster");
                take(name, None, vec![(pointer.clone(), Some(unknown))]);
                let name = format!("any word of {field} of the cluster");
                take(name, None, vec![(pointer, None)]);
            }
        }
    }
    for (place, probe) in facts["probes"].as_array().unwrap().iter().enumerate() {
        let of = format!("the probe of {}", probe["host"].as_str().unwrap());
        let mut fewer = facts["probes"].as_array().unwrap().clone();
        fewer.remove(place);
        take(of.clone(), None, vec![("/probes".to_owned(), Some(fewer.into()))]);
        for (pointer, look) in looks(probe) {
            let (name, pointer) =
                (format!("{pointer} of {of}"), format!("/probes/{place}{pointer}"));
            let unknown = json!({"unknown": gap(&name)});
            let seen = format!("{pointer}/seen");
            take(format!("a look at {name}"), None, vec![(pointer.clone(), None)]);
            take(name, None, vec![(seen.clone(), Some(unknown))]);
            // A variable that the server hasn't is absent from the answer.
            if !pointer.ends_with("/variables") {
                let mut fields = Vec::new();
                fields_of(&look["seen"], "", "probes", &mut fields);
                for (field, _) in fields {
                    let pointer = format!("{seen}{field}");
                    take(pointer.clone(), None, vec![(pointer, None)]);
                }
            }
        }
        for field in ["user", "role"].into_iter().filter(|field| !probe[field].is_null()) {
            let pointer = format!("/probes/{place}/{field}");
            take(pointer.clone(), None, vec![(pointer, None)]);
        }
    }
    for flag in facts["asked"].as_object().unwrap().keys() {
        if !speaks(&format!("asked/{flag}")) {
            let name = format!("--{}", flag.replace('_', "-"));
            take(name, None, vec![(format!("/asked/{flag}"), None)]);
        }
    }
    all
}

/// The looks of a probe and of its session, by their places in it.
fn looks(probe: &Value) -> Vec<(String, &Value)> {
    let in_members = |value: &Value, of: &str| -> Vec<String> {
        let members = value.as_object().into_iter().flatten();
        members
            .filter(|(_, look)| look.get("seen").is_some())
            .map(|(name, _)| format!("{of}/{name}"))
            .collect()
    };
    let mut places = in_members(probe, "");
    places.extend(in_members(&probe["session"], "/session"));
    places.into_iter().map(|place| (place.clone(), probe.pointer(&place).unwrap())).collect()
}

/// Puts a value at a place, or takes what is there away; returns what was there.
fn put(json: &mut Value, pointer: &str, value: Option<Value>) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = json.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    }
}

fn speaks(path: &str) -> bool {
    ABSENCE_SPEAKS.iter().any(|(speaking, _)| *speaking == path)
}

/// The pointers of all members below an item, with their paths by name.
fn fields_of(value: &Value, pointer: &str, path: &str, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let pointer = format!("{pointer}/{name}");
                let path = format!("{path}/{name}");
                if !speaks(&path) {
                    into.push((pointer.clone(), path.clone()));
                }
                fields_of(value, &pointer, &path, into);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                fields_of(item, &format!("{pointer}/{place}"), path, into);
            }
        }
        _ => {}
    }
}

/// The documented default of a field, by its path.
fn default_of(path: &str) -> Option<&'static defaults::Default> {
    let path = path.strip_suffix("/InternetGatewayBlockMode").unwrap_or(path);
    let shape = match path.rsplit_once('/')?.0 {
        "Subnets" => "Subnet",
        "Vpcs" => "Vpc",
        "NatGateways" => "NatGateway",
        "NatGateways/NatGatewayAddresses" => "NatGatewayAddress",
        "NetworkInterfaces" => "NetworkInterface",
        "ReplicationInstances" => "ReplicationInstance",
        _ => return None,
    };
    let field = format!("{shape}.{}", path.rsplit_once('/')?.1);
    defaults::TABLE.iter().find(|default| default.field == field)
}

/// Rows that something taken away has decided.
fn decided(before: &Report, after: &Report) -> Vec<String> {
    // The migration and its ends may have lost their names.
    let key = |row: &Row| {
        let id = (row.subject.kind == "subnet").then(|| row.subject.id.clone());
        (row.check.clone(), row.subject.kind.clone(), id)
    };
    let old: BTreeMap<_, Outcome> = before.rows.iter().map(|row| (key(row), row.outcome)).collect();
    // A witness against the model that isn't heard contradicts nobody: it isn't needed for a verdict,
    // it takes one away.
    let contradicted = |report: &Report| -> BTreeSet<_> {
        let is_contradicted = |row: &&Row| {
            row.gaps
                .iter()
                .any(|gap| gap.reason.starts_with("the model disagrees with what DMS saw"))
        };
        report.rows.iter().filter(is_contradicted).map(key).collect()
    };
    let (heard, still_heard) = (contradicted(before), contradicted(after));
    let mut faults = Vec::new();
    for row in &after.rows {
        let was = old.get(&key(row)).copied();
        let moved = match row.outcome {
            // A seat that wasn't one before may be judged, but nothing may be found there.
            Outcome::Fail => !matches!(was, Some(Outcome::Fail | Outcome::Blocked)),
            Outcome::Pass => was.is_some_and(|was| {
                !matches!(was, Outcome::Pass | Outcome::Blocked | Outcome::NotApplicable)
            }),
            Outcome::NotApplicable => matches!(was, Some(Outcome::Fail | Outcome::Unknown)),
            _ => false,
        };
        let unheard = heard.contains(&key(row)) && still_heard.is_empty();
        if moved && !unheard {
            let was = was.map_or("not there", Outcome::as_str);
            faults.push(format!("was {was}, now {}", shown(row)));
        }
    }
    faults
}

#[test]
fn law_4_what_is_not_seen_decides_nothing() {
    let patients = patients::all();
    let faults = Mutex::new(Vec::new());
    let assumed = Mutex::new(BTreeSet::new());
    let workers = 2;
    thread::scope(|scope| {
        for worker in 0..workers {
            let (patients, faults, assumed) = (&patients, &faults, &assumed);
            scope.spawn(move || {
                for patient in patients.iter().skip(worker).step_by(workers) {
                    let (found, used) = try_one(patient);
                    faults.lock().unwrap().extend(found);
                    assumed.lock().unwrap().extend(used);
                }
            });
        }
    });
    let mut faults = faults.into_inner().unwrap();
    faults.sort();
    assert_none(&faults);
    let assumed = assumed.into_inner().unwrap();
    // Only an interface at the far end is asked for its type, and no migration's cluster is one of the
    // customer's own: the path's own tests show that default.
    let shown = defaults::TABLE.iter().filter(|default| **default != defaults::INTERFACE_TYPE);
    for default in shown {
        assert!(
            assumed.contains(default.field),
            "no patient shows what happens without {}",
            default.field
        );
    }
}

/// Whether a patient may answer otherwise than the healthy one that it was made of when a probe shows
/// less: only where its illness touches what is held against probes. Probes and certificates take most
/// of the time, so the others are spared them.
fn may_differ_by_probes(patient: &patients::Patient) -> bool {
    const TOUCHED: [&str; 12] = [
        "probes",
        "Certificates",
        "CertificateArn",
        "SslMode",
        "EngineName",
        "ServerName",
        "Port",
        "TableMappings",
        "MigrationType",
        "ssl_mode",
        "table_mappings",
        "taken_at",
    ];
    patient.illness.as_ref().is_none_or(|illness| {
        let patch = illness.patch.to_string();
        TOUCHED.iter().any(|member| patch.contains(&format!("\"{member}\"")))
    })
}

/// The faults of one patient, and the defaults whose use was noticed.
fn try_one(patient: &patients::Patient) -> (Vec<String>, BTreeSet<&'static str>) {
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    let before = report(&patient.facts);
    let mut json = serde_json::to_value(&patient.facts).unwrap();
    let mut facts = patient.facts.clone();
    let with_probes = may_differ_by_probes(patient);
    let mut policy = signatures::policy();
    if !with_probes {
        policy.skip.push("tls".to_owned());
    }
    for taking in takings(&json).into_iter().filter(|one| with_probes || !one.is_of("/probes")) {
        let mut undo = Vec::new();
        for (pointer, value) in &taking.edits {
            undo.push((pointer, put(&mut json, pointer, value.clone())));
        }
        let found = taking.judge(&json, &mut facts, |facts| {
            // Without what names it, there may be no migration to judge: an error of use.
            let after = examine(facts, &policy).ok()?;
            if let Some(default) = taking.default
                && after.assumptions.iter().any(|assumption| assumption.taken == default.taken)
            {
                used.insert(default.field);
                return None;
            }
            let found = without_documented(decided(&before, &after), &before, &after);
            // A member that has no "not seen" is there again, empty: nothing was taken away.
            (!found.is_empty() && !is_there_again(facts, &taking)).then(|| found.join("\n    "))
        });
        for (pointer, value) in undo {
            put(&mut json, pointer, value);
        }
        if let Some(found) = found {
            faults.push(format!("{}: without {}\n    {found}", patient.name, taking.name));
        }
    }
    (faults, used)
}

/// Without a chain the documented CA is taken for the right one, and without a look-up a private name
/// is taken to lead to the interface endpoint that carries it: as with a documented default, the report
/// lists that as an assumption.
fn without_documented(mut faults: Vec<String>, before: &Report, after: &Report) -> Vec<String> {
    for (because, decides) in [
        ("its chain was not seen", "now tls/dms-certificate of"),
        ("its name was not looked up", "now network/"),
    ] {
        let assumed =
            |report: &Report| report.assumptions.iter().any(|one| one.because.ends_with(because));
        if assumed(after) && !assumed(before) {
            faults.retain(|fault| !fault.contains(decides));
        }
    }
    faults
}

fn is_there_again(facts: &Facts, taking: &Taking) -> bool {
    let json = serde_json::to_value(facts).unwrap();
    taking.name.starts_with('/') && json.pointer(&taking.name).is_some()
}

//! Merging what two files, two regions or two looks say of the same resources.
//!
//! A merge never loses what one side knows, and gives the same whichever side comes first: of what
//! contradicts, neither is believed, and the [`Conflict`] says so.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use serde_json::{Map, Value};

use super::{Conflict, Extent, List, Part, Resource, shape::says_nothing};
use crate::facts::Unlock;

/// The contradictions found so far: the fields, by list and resource.
#[derive(Default)]
pub(super) struct Conflicts(BTreeMap<(String, String), BTreeSet<String>>);

impl Conflicts {
    fn add(&mut self, place: &Place, field: String) {
        let resource = (place.list.to_owned(), place.id.to_owned());
        self.0.entry(resource).or_default().insert(field);
    }

    pub(super) fn extend(&mut self, conflicts: Vec<Conflict>) {
        for conflict in conflicts {
            let resource = (conflict.list, conflict.id);
            self.0.entry(resource).or_default().extend(conflict.fields);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Conflict> {
        let conflict = |((list, id), fields): ((String, String), BTreeSet<String>)| Conflict {
            list,
            id,
            fields: fields.into_iter().collect(),
        };
        self.0.into_iter().map(conflict).collect()
    }
}

/// Where a contradiction is recorded.
#[derive(Clone, Copy)]
struct Place<'a> {
    list: &'a str,
    id: &'a str,
}

/// Merges a list into another: unknown resources are added, known ones merged field by field.
/// Linear in the length of both, also where one of them repeats a resource.
pub(super) fn merge_list<T: Resource + PartialEq>(
    into: &mut List<T>,
    from: List<T>,
    key: &str,
    conflicts: &mut Conflicts,
) {
    into.extent = merge_extents(into, &from);
    let mut places: HashMap<(String, String), usize> =
        into.items.iter().enumerate().map(|(place, item)| (identity(item), place)).collect();
    for item in from.items {
        match places.entry(identity(&item)) {
            Entry::Occupied(place) => {
                merge_resource(&mut into.items[*place.get()], item, key, conflicts);
            }
            Entry::Vacant(place) => {
                place.insert(into.items.len());
                into.items.push(item);
            }
        }
    }
}

fn identity<T: Resource>(item: &T) -> (String, String) {
    (item.id().to_owned(), item.second_id().to_owned())
}

/// The extent of two lists together. A list that wasn't delivered leaves the other as it is; else
/// the lesser of the two holds, because nobody knows whose part is missing.
fn merge_extents<T>(one: &List<T>, other: &List<T>) -> Extent {
    match (&one.extent, &other.extent) {
        (_, extent) if one.is_undelivered() && !other.is_undelivered() => extent.clone(),
        (extent, _) if other.is_undelivered() && !one.is_undelivered() => extent.clone(),
        (Extent::Partial(mine), Extent::Partial(theirs)) => {
            // "Not delivered" says less than any other reason.
            let rank = |gap: &crate::facts::Gap| {
                let is_default = gap.reason == super::NOT_DELIVERED;
                (is_default, matches!(gap.unlock, Unlock::Nothing))
            };
            Extent::Partial((rank(mine), mine).min((rank(theirs), theirs)).1.clone())
        }
        (partial @ Extent::Partial(_), _) | (_, partial @ Extent::Partial(_)) => partial.clone(),
        (Extent::Whole, Extent::Whole) => Extent::Whole,
        (Extent::AssumedWhole, _) | (_, Extent::AssumedWhole) => Extent::AssumedWhole,
    }
}

/// Merges two descriptions of one resource. A field that only one of them has is taken from it;
/// fields that differ are a conflict, since files don't say which of them is newer.
fn merge_resource<T: Resource + PartialEq>(
    into: &mut T,
    from: T,
    key: &str,
    conflicts: &mut Conflicts,
) {
    if *into == from {
        return;
    }
    let id = into.id().to_owned();
    let place = Place { list: key, id: &id };
    let merged = serde_json::to_value(&*into).and_then(|mut mine| {
        let theirs = serde_json::to_value(from)?;
        compare_absences(T::SPEAKING, &mine, &theirs, place, conflicts);
        merge_values(&mut mine, theirs, T::PARTS, place, "", conflicts);
        serde_json::from_value(mine)
    });
    match merged {
        Ok(merged) => *into = merged,
        // Members of one type always merge into that type; were it otherwise, nothing must be
        // believed of the resource.
        Err(error) => conflicts.add(&place, error.to_string()),
    }
}

/// Records the fields that one description has and the other says it hasn't, by not having them.
fn compare_absences(
    speaking: &[&str],
    mine: &Value,
    theirs: &Value,
    place: Place,
    conflicts: &mut Conflicts,
) {
    for path in speaking {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        let inside = |value: &Value| -> Option<Map<String, Value>> {
            let value = if parent.is_empty() { Some(value) } else { value.get(parent) };
            match value {
                Some(value) => value.as_object().cloned(),
                // An object that isn't there lacks what is named; of all that it may hold nobody knows.
                None => (!name.is_empty()).then(Map::new),
            }
        };
        let (Some(mine), Some(theirs)) = (inside(mine), inside(theirs)) else {
            continue;
        };
        for (one, other) in [(&mine, &theirs), (&theirs, &mine)] {
            let wanted = |member: &str| name.is_empty() || member == name;
            let alone = one.iter().filter(|(member, value)| {
                wanted(member) && !other.contains_key(*member) && !says_nothing(value)
            });
            for (member, _) in alone {
                let path =
                    if parent.is_empty() { member.clone() } else { format!("{parent}.{member}") };
                conflicts.add(&place, path);
            }
        }
    }
}

/// Merges JSON: objects member by member, parts by their ids; anything else must be equal.
fn merge_values(
    mine: &mut Value,
    theirs: Value,
    parts: &[Part],
    place: Place,
    path: &str,
    conflicts: &mut Conflicts,
) {
    match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => {
            for (name, value) in theirs {
                let inner = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                let part = parts.iter().find(|part| part.field == name);
                match (mine.get_mut(&name), part) {
                    (Some(known), Some(part)) => {
                        merge_parts(known, value, part, place, &inner, conflicts);
                    }
                    (Some(known), None) => {
                        merge_values(known, value, &[], place, &inner, conflicts);
                    }
                    (None, _) => {
                        mine.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(mine), Value::Array(theirs)) if is_same_bag(mine, &theirs) => {}
        (mine, theirs) if *mine == theirs => {}
        (mine, theirs) => {
            conflicts.add(&place, path.to_owned());
            // Neither is believed; the same one must stay whichever came first.
            if canonical(&theirs) < canonical(mine) {
                *mine = theirs;
            }
        }
    }
}

/// Merges two lists of parts by their ids. What contradicts inside a part is recorded under the
/// part's own id, since that is how it will be looked up.
fn merge_parts(
    mine: &mut Value,
    theirs: Value,
    part: &Part,
    place: Place,
    path: &str,
    conflicts: &mut Conflicts,
) {
    let (Value::Array(mine), Value::Array(theirs)) = (mine, theirs) else {
        return;
    };
    let count = mine.len();
    let is_shorter = theirs.len() < count;
    let mut is_new = false;
    for value in theirs {
        let id = id_of(&value, part).to_owned();
        if let Some(known) = mine.iter_mut().find(|known| id_of(known, part) == id) {
            let place = Place { list: part.list, id: &id };
            merge_values(known, value, part.parts, place, "", conflicts);
        } else {
            is_new = true;
            mine.push(value);
        }
    }
    if !part.comes_in_pieces && (is_new || is_shorter) {
        conflicts.add(&place, path.to_owned());
    }
}

fn id_of<'a>(value: &'a Value, part: &Part) -> &'a str {
    value.get(part.id).and_then(Value::as_str).unwrap_or("")
}

/// Whether two lists hold the same items, in whatever order.
fn is_same_bag(mine: &[Value], theirs: &[Value]) -> bool {
    if mine == theirs {
        return true;
    }
    let count = |values: &[Value]| {
        values.iter().map(canonical).fold(
            HashMap::new(),
            |mut counts: HashMap<String, usize>, text| {
                *counts.entry(text).or_default() += 1;
                counts
            },
        )
    };
    mine.len() == theirs.len() && count(mine) == count(theirs)
}

/// JSON text in which lists are in order, so that what differs by order alone reads the same.
fn canonical(value: &Value) -> String {
    fn in_order(value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(in_order).collect();
                items.sort_by_cached_key(Value::to_string);
                Value::Array(items)
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), in_order(value)))
                    .collect::<Map<_, _>>(),
            ),
            plain => plain.clone(),
        }
    }
    in_order(value).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::{Gap, Index, Inventory, Lookup};

    fn inventory(value: Value) -> Inventory {
        serde_json::from_value(value).unwrap()
    }

    /// The content of an inventory without the order of its lists.
    fn content(inventory: &Inventory) -> String {
        canonical(&serde_json::to_value(inventory).unwrap())
    }

    /// Merges in both orders and into nothing, which has to give the same.
    fn merged(one: &Value, other: &Value) -> Inventory {
        let both = |first: &Value, second: &Value| {
            let mut merged = Inventory::default();
            merged.merge(inventory(first.clone()));
            merged.merge(inventory(second.clone()));
            merged
        };
        let result = both(one, other);
        assert_eq!(content(&result), content(&both(other, one)));
        let mut again = result.clone();
        again.merge(inventory(one.clone()));
        assert_eq!(content(&again), content(&result), "a merge repeated adds nothing");
        result
    }

    fn conflicts(inventory: &Inventory) -> Vec<(&str, &str, String)> {
        let conflicts = inventory.conflicts.iter();
        conflicts
            .map(|conflict| {
                let fields = conflict.fields.join(" ");
                (conflict.list.as_str(), conflict.id.as_str(), fields)
            })
            .collect()
    }

    #[test]
    fn fields_of_both_sides_are_kept_at_every_depth() {
        let pcx = |accepter: Value, requester: Value| {
            json!({"VpcPeeringConnections": [{"VpcPeeringConnectionId": "pcx-1",
                "AccepterVpcInfo": accepter, "RequesterVpcInfo": requester}]})
        };
        let merged = merged(
            &pcx(json!({"VpcId": "vpc-1", "OwnerId": "1"}), json!({"VpcId": "vpc-2"})),
            &pcx(json!({"VpcId": "vpc-1", "Region": "us-east-1"}), json!({"OwnerId": "2"})),
        );
        let pcx = serde_json::to_value(&merged.vpc_peering_connections.items[0]).unwrap();
        assert_eq!(
            pcx,
            json!({"VpcPeeringConnectionId": "pcx-1",
                "AccepterVpcInfo": {"VpcId": "vpc-1", "OwnerId": "1", "Region": "us-east-1"},
                "RequesterVpcInfo": {"VpcId": "vpc-2", "OwnerId": "2"}})
        );
        assert_eq!(conflicts(&merged), []);
    }

    #[test]
    fn a_field_that_nobody_reviewed_survives_a_merge() {
        let route = |extra: &str| json!({"Vpcs": [{"VpcId": "vpc-1", extra: {"A": 1}}]});
        let merged = merged(&route("Novelty"), &route("Oddity"));
        let gaps = merged.vpcs.items[0].unrecognised.gaps("vpc-1");
        assert_eq!(gaps.count(), 2);
    }

    #[test]
    fn the_order_inside_a_list_contradicts_nothing() {
        let group = |ranges: Value| {
            json!({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissionsEgress": [
                {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": ranges},
                {"IpProtocol": "udp"}]}]})
        };
        let one = group(json!([{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/16"}]));
        let mut other = group(json!([{"CidrIp": "10.1.0.0/16"}, {"CidrIp": "10.0.0.0/8"}]));
        let permissions = &mut other["SecurityGroups"][0]["IpPermissionsEgress"];
        permissions.as_array_mut().unwrap().reverse();
        assert_eq!(conflicts(&merged(&one, &other)), []);
    }

    /// A certificate that was attached between two looks, and a secret: without either it was another
    /// endpoint. What an older CLI merely doesn't print contradicts nothing.
    #[test]
    fn a_field_whose_absence_speaks_contradicts_its_absence() {
        let endpoint = |more: Value| {
            let mut endpoint = json!({"EndpointArn": "arn:e", "EngineName": "mysql"});
            let members = endpoint.as_object_mut().unwrap();
            members.extend(more.as_object().unwrap().clone());
            json!({"Endpoints": [endpoint]})
        };
        for (more, field) in [
            (json!({"CertificateArn": "arn:c"}), Some("CertificateArn")),
            (
                json!({"MySQLSettings": {"SecretsManagerSecretId": "s"}}),
                Some("MySQLSettings.SecretsManagerSecretId"),
            ),
            (json!({"ExtraConnectionAttributes": ""}), None),
            (json!({"MySQLSettings": {"Port": 4000}}), None),
            (json!({"SslMode": "none"}), None),
        ] {
            let merged = merged(&endpoint(json!({})), &endpoint(more.clone()));
            let found = conflicts(&merged);
            let expected = field.map(|field| ("Endpoints", "arn:e", field.to_owned()));
            assert_eq!(found, Vec::from_iter(expected), "{more}");
        }
    }

    /// A rule more is another state of the group, not another part of its description.
    #[test]
    fn lists_of_different_items_contradict() {
        let group = |rules: Value| json!({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissionsEgress": rules}]});
        let merged = merged(&group(json!([])), &group(json!([{"IpProtocol": "-1"}])));
        let expected = ("SecurityGroups", "sg-1", "IpPermissionsEgress".to_owned());
        assert_eq!(conflicts(&merged), [expected]);
    }

    #[test]
    fn conflicts_add_up_whatever_comes_first() {
        let nat = |state: &str, subnet: &str| json!({"NatGateways": [{"NatGatewayId": "nat-1", "State": state, "SubnetId": subnet}]});
        let states = [nat("available", "s-1"), nat("deleted", "s-1"), nat("available", "s-2")];
        let mut results = Vec::new();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut merged = Inventory::default();
            for place in order {
                merged.merge(inventory(states[place].clone()));
            }
            let expected = ("NatGateways", "nat-1", "State SubnetId".to_owned());
            assert_eq!(conflicts(&merged), [expected]);
            results.push(content(&merged));
        }
        results.dedup();
        assert_eq!(results.len(), 1);
    }

    #[test]
    fn a_list_that_repeats_a_resource_is_joined() {
        let twice = json!({"Vpcs": [{"VpcId": "vpc-1", "OwnerId": "1"},
            {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-1", "OwnerId": "1"}]});
        let merged = merged(&twice, &json!({"Subnets": []}));
        assert_eq!(merged.vpcs.items.len(), 1);
        assert_eq!(merged.vpcs.items[0].owner_id.as_deref(), Some("1"));
        assert_eq!(merged.vpcs.items[0].cidr_block.as_deref(), Some("10.0.0.0/16"));
    }

    #[test]
    fn instances_of_one_reservation_come_in_pieces() {
        let launch = |instance: Value| json!({"Reservations": [{"ReservationId": "r-1", "Instances": [instance]}]});
        let one = launch(json!({"InstanceId": "i-1", "State": {"Name": "running"},
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SourceDestCheck": false}]}));
        let other = launch(json!({"InstanceId": "i-2", "SubnetId": "subnet-1"}));
        let both = merged(&one, &other);
        let ids = both.reservations.items[0].instances.iter();
        assert_eq!(ids.map(Resource::id).collect::<Vec<_>>(), ["i-1", "i-2"]);
        assert_eq!(conflicts(&both), []);

        let stopped = launch(json!({"InstanceId": "i-1", "State": {"Name": "stopped"},
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SourceDestCheck": true}]}));
        let contradiction = merged(&one, &stopped);
        assert_eq!(
            conflicts(&contradiction),
            [
                ("NetworkInterfaces", "eni-1", "SourceDestCheck".to_owned()),
                ("Reservations", "i-1", "State.Name".to_owned())
            ]
        );
        let index = Index::new(&contradiction);
        assert!(matches!(index.instance("i-1"), Lookup::Unseen(_)));
        assert!(matches!(index.interface("eni-1"), Lookup::Unseen(_)));

        let moved = launch(json!({"InstanceId": "i-1",
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-2"}]}));
        let expected = ("Reservations", "i-1", "NetworkInterfaces".to_owned());
        assert_eq!(conflicts(&merged(&one, &moved)), [expected]);
    }

    #[test]
    fn prefix_lists_that_contradict_are_not_believed() {
        for (key, entries, one, other) in [
            ("PrefixLists", "Cidrs", json!(["1.0.0.0/8"]), json!(["2.0.0.0/8"])),
            (
                "PrefixListEntries",
                "Entries",
                json!([{"Cidr": "1.0.0.0/8"}]),
                json!([{"Cidr": "1.0.0.0/8"}, {"Cidr": "2.0.0.0/8"}]),
            ),
        ] {
            let list = |items: &Value| json!({key: [{"PrefixListId": "pl-1", entries: items}]});
            let merged = merged(&list(&one), &list(&other));
            assert!(Index::new(&merged).prefix_list("pl-1").is_err(), "{key}");
            let alone = inventory(list(&one));
            assert_eq!(Index::new(&alone).prefix_list("pl-1").unwrap(), ["1.0.0.0/8"]);
        }
    }

    #[test]
    fn a_connection_is_known_by_both_ends() {
        let test = |from: &str, status: &str| {
            json!({"Connections": [{"ReplicationInstanceArn": from, "EndpointArn": "arn:e",
                "Status": status}]})
        };
        let two = merged(&test("arn:1", "successful"), &test("arn:2", "failed"));
        assert_eq!((two.connections.items.len(), conflicts(&two)), (2, vec![]));
        let one = merged(&test("arn:1", "successful"), &test("arn:1", "failed"));
        assert_eq!(one.connections.items.len(), 1);
        assert_eq!(conflicts(&one), [("Connections", "arn:e", "Status".to_owned())]);
    }

    #[test]
    fn a_carriers_address_is_known_by_its_allocation() {
        let merged = merged(
            &json!({"Addresses": [{"AllocationId": "eipalloc-1", "CarrierIp": "1.2.3.4"}]}),
            &json!({"Addresses": [{"PublicIp": "9.9.9.9", "AllocationId": "eipalloc-2"}]}),
        );
        assert_eq!(merged.addresses.items.len(), 2);
    }

    #[test]
    fn the_lesser_extent_holds() {
        let partial = |reason: &str, unlock| Extent::Partial(Gap::new("Vpcs", reason, unlock));
        let denied = partial("denied", Unlock::IamAction("ec2:DescribeVpcs".into()));
        let page = partial("a page", Unlock::File("all of it".into()));
        let nothing = Inventory::default().vpcs.extent;
        let whole = (true, Extent::Whole);
        let assumed = (true, Extent::AssumedWhole);
        for (one, other, together) in [
            (&whole, &whole, &Extent::Whole),
            (&whole, &assumed, &Extent::AssumedWhole),
            (&whole, &(false, nothing.clone()), &Extent::Whole),
            (&assumed, &(false, denied.clone()), &Extent::AssumedWhole),
            (&(false, denied.clone()), &(false, nothing.clone()), &denied),
            (&(false, page.clone()), &assumed, &page),
            (&(true, page.clone()), &(false, denied.clone()), &page),
            (&(true, denied.clone()), &whole, &denied),
        ] {
            for (first, second) in [(one, other), (other, one)] {
                let list = |(has_items, extent): &(bool, Extent)| {
                    let mut inventory = Inventory::default();
                    if *has_items {
                        let vpc = crate::facts::inventory::ec2::Vpc {
                            vpc_id: "vpc-1".into(),
                            ..Default::default()
                        };
                        inventory.vpcs.items.push(vpc);
                    }
                    inventory.vpcs.extent = extent.clone();
                    inventory
                };
                let mut merged = list(first);
                merged.merge(list(second));
                assert_eq!(merged.vpcs.extent, *together, "{first:?} {second:?}");
            }
        }
    }
}

//! What AWS said of an account, a region, its VPCs and its DMS resources.
//!
//! Lists lie flat, for one region or many, one account or many. Beside each list stands its
//! [`Extent`], so that what is absent and what was not seen can't be confused.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use super::{Gap, Unlock};

pub mod dms;
pub mod ec2;
mod shape;

pub use shape::{Shape, Unrecognised};

/// A thing with an id of AWS's own.
pub trait Resource: Serialize + DeserializeOwned {
    /// Fields whose items come in pages, so that two lists of them add up.
    const PAGED: &'static [&'static str] = &[];

    /// The id, unique within its list.
    fn id(&self) -> &str;
}

impl Resource for dms::Connection {
    /// A connection has no id; one endpoint is seldom tested from two instances, and then the
    /// endpoint's ARN alone would mix them up.
    fn id(&self) -> &str {
        ""
    }
}

/// How much of a list was delivered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All that there is.
    Whole,
    /// All that the file holds; which filters made the file, it doesn't say.
    AssumedWhole,
    /// Less than all, with what is missing.
    Partial(Gap),
}

/// A list of resources and its extent.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T> {
    /// The resources, in the order in which they were delivered.
    pub items: Vec<T>,
    /// Whether more exist.
    pub extent: Extent,
}

impl<T> List<T> {
    /// Whether nothing was delivered of this list, not even an empty one.
    pub const fn is_undelivered(&self) -> bool {
        self.items.is_empty() && matches!(self.extent, Extent::Partial(_))
    }

    /// The gap, when the list isn't all that there is.
    pub const fn gap(&self) -> Option<&Gap> {
        match &self.extent {
            Extent::Whole | Extent::AssumedWhole => None,
            Extent::Partial(gap) => Some(gap),
        }
    }
}

/// Two descriptions of one resource that contradict each other.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Conflict {
    /// The list, by AWS's key.
    pub list: String,
    /// The resource's id.
    pub id: String,
    /// The fields that differ.
    pub fields: Vec<String>,
}

/// Declares the lists once: the field, AWS's key, the type, and the IAM action that delivers it.
macro_rules! inventory {
    ($($(#[$doc:meta])* $field:ident: $key:literal, $type:ty, $action:literal;)*) => {
        /// The lists of AWS resources. JSON: AWS's own keys, and `Extents` beside them.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Inventory {
            $($(#[$doc])* pub $field: List<$type>,)*
            /// Resources whose descriptions contradict each other, which is as good as not seen.
            pub conflicts: Vec<Conflict>,
        }

        impl Default for Inventory {
            fn default() -> Self {
                Self {
                    $($field: List { items: Vec::new(), extent: undelivered($key, $action) },)*
                    conflicts: Vec::new(),
                }
            }
        }

        impl Inventory {
            /// AWS's keys of the lists that this program reads, each with its IAM action.
            pub const LISTS: &'static [(&'static str, &'static str)] = &[$(($key, $action)),*];

            /// Merges another inventory into this one, resource by resource and field by field.
            pub fn merge(&mut self, other: Self) {
                $(merge_list(&mut self.$field, other.$field, $key, &mut self.conflicts);)*
                for conflict in other.conflicts {
                    if !self.conflicts.contains(&conflict) {
                        self.conflicts.push(conflict);
                    }
                }
            }
        }

        impl Serialize for Inventory {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;

                let mut map = serializer.serialize_map(None)?;
                let mut extents: BTreeMap<&str, &Extent> = BTreeMap::new();
                $(
                    if !self.$field.is_undelivered() {
                        map.serialize_entry($key, &self.$field.items)?;
                    }
                    if self.$field.extent != undelivered($key, $action) {
                        extents.insert($key, &self.$field.extent);
                    }
                )*
                map.serialize_entry("Extents", &extents)?;
                if !self.conflicts.is_empty() {
                    map.serialize_entry("Conflicts", &self.conflicts)?;
                }
                map.end()
            }
        }

        impl<'de> Deserialize<'de> for Inventory {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Raw {
                    $(#[serde(rename = $key)] $field: Option<Vec<$type>>,)*
                    #[serde(default, rename = "Extents")]
                    extents: BTreeMap<String, Extent>,
                    #[serde(default, rename = "Conflicts")]
                    conflicts: Vec<Conflict>,
                }

                let mut raw = Raw::deserialize(deserializer)?;
                let inventory = Self {
                    $($field: {
                        let extent = raw.extents.remove($key);
                        match raw.$field {
                            Some(items) => List {
                                items,
                                extent: extent.unwrap_or(Extent::AssumedWhole),
                            },
                            None => List {
                                items: Vec::new(),
                                extent: extent.unwrap_or_else(|| undelivered($key, $action)),
                            },
                        }
                    },)*
                    conflicts: raw.conflicts,
                };
                match raw.extents.keys().next() {
                    Some(key) => Err(serde::de::Error::custom(format!(
                        "Extents names `{key}`, which is no list of the inventory"
                    ))),
                    None => Ok(inventory),
                }
            }
        }

        impl JsonSchema for Inventory {
            fn schema_name() -> Cow<'static, str> {
                "Inventory".into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let mut properties = serde_json::Map::new();
                $(properties.insert(
                    $key.into(),
                    generator.subschema_for::<Vec<$type>>().to_value(),
                );)*
                properties.insert(
                    "Extents".into(),
                    generator.subschema_for::<BTreeMap<String, Extent>>().to_value(),
                );
                properties.insert(
                    "Conflicts".into(),
                    generator.subschema_for::<Vec<Conflict>>().to_value(),
                );
                json_schema!({
                    "type": "object",
                    "properties": properties,
                    "additionalProperties": false,
                })
            }
        }
    };
}

inventory! {
    /// VPCs.
    vpcs: "Vpcs", ec2::Vpc, "ec2:DescribeVpcs";
    /// DNS attributes of VPCs, one entry for each VPC.
    vpc_attributes: "VpcAttributes", ec2::VpcAttributes, "ec2:DescribeVpcAttribute";
    /// Subnets.
    subnets: "Subnets", ec2::Subnet, "ec2:DescribeSubnets";
    /// Route tables.
    route_tables: "RouteTables", ec2::RouteTable, "ec2:DescribeRouteTables";
    /// Internet gateways.
    internet_gateways: "InternetGateways", ec2::InternetGateway, "ec2:DescribeInternetGateways";
    /// Egress-only internet gateways.
    egress_only_internet_gateways: "EgressOnlyInternetGateways",
        ec2::EgressOnlyInternetGateway, "ec2:DescribeEgressOnlyInternetGateways";
    /// NAT gateways.
    nat_gateways: "NatGateways", ec2::NatGateway, "ec2:DescribeNatGateways";
    /// Network ACLs.
    network_acls: "NetworkAcls", ec2::NetworkAcl, "ec2:DescribeNetworkAcls";
    /// Security groups.
    security_groups: "SecurityGroups", ec2::SecurityGroup, "ec2:DescribeSecurityGroups";
    /// Network interfaces.
    network_interfaces: "NetworkInterfaces", ec2::NetworkInterface,
        "ec2:DescribeNetworkInterfaces";
    /// Elastic IP addresses.
    addresses: "Addresses", ec2::Address, "ec2:DescribeAddresses";
    /// VPC endpoints.
    vpc_endpoints: "VpcEndpoints", ec2::VpcEndpoint, "ec2:DescribeVpcEndpoints";
    /// Peering connections.
    vpc_peering_connections: "VpcPeeringConnections", ec2::VpcPeeringConnection,
        "ec2:DescribeVpcPeeringConnections";
    /// Managed prefix lists.
    managed_prefix_lists: "ManagedPrefixLists", ec2::ManagedPrefixList,
        "ec2:DescribeManagedPrefixLists";
    /// Entries of managed prefix lists.
    prefix_list_entries: "PrefixListEntries", ec2::PrefixListEntries,
        "ec2:GetManagedPrefixListEntries";
    /// Prefix lists in the older form.
    prefix_lists: "PrefixLists", ec2::PrefixList, "ec2:DescribePrefixLists";
    /// Attachments of transit gateways.
    transit_gateway_attachments: "TransitGatewayAttachments", ec2::TransitGatewayAttachment,
        "ec2:DescribeTransitGatewayAttachments";
    /// Attachments of transit gateways to VPCs.
    transit_gateway_vpc_attachments: "TransitGatewayVpcAttachments",
        ec2::TransitGatewayAttachment, "ec2:DescribeTransitGatewayVpcAttachments";
    /// Instances, by reservation.
    reservations: "Reservations", ec2::Reservation, "ec2:DescribeInstances";
    /// Replication instances.
    replication_instances: "ReplicationInstances", dms::ReplicationInstance,
        "dms:DescribeReplicationInstances";
    /// Replication subnet groups.
    replication_subnet_groups: "ReplicationSubnetGroups", dms::ReplicationSubnetGroup,
        "dms:DescribeReplicationSubnetGroups";
    /// Configurations of serverless replications.
    replication_configs: "ReplicationConfigs", dms::ReplicationConfig,
        "dms:DescribeReplicationConfigs";
    /// Serverless replications.
    replications: "Replications", dms::Replication, "dms:DescribeReplications";
    /// DMS endpoints.
    endpoints: "Endpoints", dms::Endpoint, "dms:DescribeEndpoints";
    /// Certificates imported into DMS.
    certificates: "Certificates", dms::Certificate, "dms:DescribeCertificates";
    /// Recorded connection tests.
    connections: "Connections", dms::Connection, "dms:DescribeConnections";
    /// Replication tasks.
    replication_tasks: "ReplicationTasks", dms::ReplicationTask, "dms:DescribeReplicationTasks";
}

/// The extent of a list of which nothing was delivered.
fn undelivered(key: &str, action: &str) -> Extent {
    Extent::Partial(Gap::new(
        key,
        "not delivered",
        Unlock::IamAction(action.into()),
    ))
}

/// Merges a list into another: unknown resources are added, known ones merged field by field.
fn merge_list<T: Resource + PartialEq>(
    into: &mut List<T>,
    from: List<T>,
    key: &str,
    conflicts: &mut Vec<Conflict>,
) {
    into.extent = match (into.is_undelivered(), from.is_undelivered()) {
        (true, _) if into.items.is_empty() => from.extent,
        (_, true) => into.extent.clone(),
        _ => match (&into.extent, &from.extent) {
            (Extent::Partial(gap), _) | (_, Extent::Partial(gap)) => Extent::Partial(gap.clone()),
            (Extent::AssumedWhole, _) | (_, Extent::AssumedWhole) => Extent::AssumedWhole,
            (Extent::Whole, Extent::Whole) => Extent::Whole,
        },
    };
    let places: std::collections::HashMap<String, usize> = into
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.id().is_empty())
        .map(|(place, item)| (item.id().to_owned(), place))
        .collect();
    for item in from.items {
        match places.get(item.id()) {
            Some(&place) if into.items[place] == item => {}
            Some(&place) => {
                if let Some(conflict) = merge_resource(&mut into.items[place], item, key)
                    && !conflicts.contains(&conflict)
                {
                    conflicts.push(conflict);
                }
            }
            None if item.id().is_empty() && into.items.contains(&item) => {}
            None => into.items.push(item),
        }
    }
}

/// Merges two descriptions of one resource. A field that only one of them has is taken from it;
/// fields that differ are a conflict, since files don't say which of them is newer.
fn merge_resource<T: Resource>(into: &mut T, from: T, key: &str) -> Option<Conflict> {
    let id = from.id().to_owned();
    let (Ok(mut mine), Ok(theirs)) = (serde_json::to_value(&*into), serde_json::to_value(from))
    else {
        return None;
    };
    let mut fields = Vec::new();
    if let (Value::Object(mine), Value::Object(theirs)) = (&mut mine, &theirs) {
        for field in T::PAGED {
            if let (Some(Value::Array(mine)), Some(Value::Array(theirs))) =
                (mine.get_mut(*field), theirs.get(*field))
            {
                mine.extend(
                    theirs
                        .iter()
                        .filter(|item| !mine.contains(item))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    merge_value(&mut mine, theirs, T::PAGED, "", &mut fields);
    if let Ok(merged) = serde_json::from_value(mine) {
        *into = merged;
    }
    (!fields.is_empty()).then(|| Conflict {
        list: key.into(),
        id,
        fields,
    })
}

/// Merges JSON: objects member by member; an empty value gives way; others must be equal.
fn merge_value(
    mine: &mut Value,
    theirs: Value,
    paged: &[&str],
    path: &str,
    conflicts: &mut Vec<String>,
) {
    match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => {
            for (name, value) in theirs {
                if paged.contains(&name.as_str()) && mine.contains_key(&name) {
                    continue;
                }
                let inner = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                match mine.get_mut(&name) {
                    Some(known) => merge_value(known, value, &[], &inner, conflicts),
                    None => {
                        mine.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(mine), Value::Array(theirs)) => {
            let mut unmatched: Vec<&Value> = mine.iter().collect();
            let same = mine.len() == theirs.len()
                && theirs.iter().all(|value| {
                    let place = unmatched.iter().position(|known| *known == value);
                    place.map(|place| unmatched.swap_remove(place)).is_some()
                });
            if !same {
                conflicts.push(path.to_owned());
            }
        }
        (mine, theirs) if *mine != theirs => conflicts.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(json: &str) -> Inventory {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_list_that_was_not_delivered_is_not_an_empty_one() {
        let given = inventory(r#"{"Subnets": []}"#);
        assert_eq!(given.subnets.extent, Extent::AssumedWhole);
        assert!(given.vpcs.is_undelivered());
        assert_eq!(inventory(&serde_json::to_string(&given).unwrap()), given);
    }

    #[test]
    fn one_resource_seen_twice_is_merged_field_by_field() {
        let mut mine = inventory(r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#);
        mine.merge(inventory(
            r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"},
                            {"SubnetId": "subnet-2", "VpcId": "vpc-1"}]}"#,
        ));
        assert_eq!(mine.subnets.items.len(), 2);
        assert_eq!(
            mine.subnets.items[0].cidr_block.as_deref(),
            Some("10.0.0.0/24")
        );
        assert!(mine.conflicts.is_empty());
    }

    #[test]
    fn two_descriptions_that_differ_are_a_conflict_in_either_order() {
        let one =
            inventory(r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "available"}]}"#);
        let two = inventory(r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "deleted"}]}"#);
        for (first, second) in [(&one, &two), (&two, &one)] {
            let mut merged = first.clone();
            merged.merge(second.clone());
            assert_eq!(
                merged.conflicts,
                [Conflict {
                    list: "NatGateways".into(),
                    id: "nat-1".into(),
                    fields: vec!["State".into()]
                }]
            );
        }
    }

    #[test]
    fn a_partial_list_stays_partial_after_a_merge() {
        let mut mine = inventory(
            r#"{"Vpcs": [{"VpcId": "vpc-1"}], "Extents": {"Vpcs": {"partial":
               {"about": "Vpcs", "reason": "NextToken", "unlock": "nothing"}}}}"#,
        );
        mine.merge(inventory(r#"{"Vpcs": [{"VpcId": "vpc-2"}]}"#));
        assert!(mine.vpcs.gap().is_some());
        assert_eq!(mine.vpcs.items.len(), 2);
    }

    #[test]
    fn a_field_that_nobody_reviewed_is_kept_and_named() {
        let given = inventory(
            r#"{"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [
               {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "InstanceOwnerId": "1",
                "QuantumTunnelId": "qt-1", "EmptyOne": null}]}]}"#,
        );
        let route = &given.route_tables.items[0].routes.as_ref().unwrap()[0];
        let gaps: Vec<String> = route
            .unrecognised
            .gaps("rtb-1")
            .map(|gap| gap.reason)
            .collect();
        assert_eq!(
            gaps,
            ["Route.QuantumTunnelId is a field that this version doesn't know"]
        );
        assert_eq!(inventory(&serde_json::to_string(&given).unwrap()), given);
    }
}

//! What AWS said of an account, a region, its VPCs and its DMS resources.
//!
//! Lists lie flat, for one region or many, one account or many. Beside each list stands its
//! [`Extent`], so that what is absent and what was not seen can't be confused.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};

use super::{Gap, Unlock};
use items::take_list;
use merge::{Conflicts, merge_list};

mod believed;
pub mod dms;
pub mod ec2;
mod hidden;
pub mod iam;
mod items;
mod merge;
mod shape;

pub use hidden::HIDDEN;
pub use shape::{Shape, Unrecognised};

/// A thing with an id of AWS's own.
pub trait Resource: Serialize + DeserializeOwned {
    /// Lists inside the resource whose items have ids of their own.
    const PARTS: &'static [Part] = &[];

    /// Fields whose absence says something too, by their paths; a final dot stands for all that is
    /// inside. Where one description has such a field and another hasn't, they contradict.
    const SPEAKING: &'static [&'static str] = &[];

    /// The id.
    fn id(&self) -> &str;

    /// What else it takes to tell the resource from others, where the id alone isn't unique in its
    /// list.
    #[expect(
        clippy::unnecessary_literal_bound,
        reason = "those that have one return a field of theirs"
    )]
    fn second_id(&self) -> &str {
        ""
    }
}

/// A list inside a resource, whose items have ids of their own and are merged by them.
#[derive(Debug)]
pub struct Part {
    /// The field that holds the list.
    pub field: &'static str,
    /// The items' field that holds their id.
    pub id: &'static str,
    /// The inventory's list under which contradictions about an item are recorded.
    pub list: &'static str,
    /// Whether one answer may hold some of the items and another answer others.
    pub comes_in_pieces: bool,
    /// The lists inside the items.
    pub parts: &'static [Part],
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
    /// Whether nothing was delivered of this list, not even an empty page of it: it takes the call
    /// itself to see it.
    pub const fn is_undelivered(&self) -> bool {
        self.items.is_empty()
            && matches!(self.extent, Extent::Partial(Gap { unlock: Unlock::IamAction(_), .. }))
    }

    /// Whether somebody looked and didn't see all of it.
    pub fn was_looked_at_in_vain(&self) -> bool {
        self.gap().is_some_and(|gap| gap.reason != NOT_DELIVERED)
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
            /// Resources that this one holds twice are merged only where they come from the other.
            pub fn merge(&mut self, other: Self) {
                let mut conflicts = Conflicts::default();
                conflicts.extend(std::mem::take(&mut self.conflicts));
                conflicts.extend(other.conflicts);
                $(merge_list(&mut self.$field, other.$field, $key, &mut conflicts);)*
                self.conflicts = conflicts.into_vec();
            }

            /// Takes the list of this key out of a JSON object that is being read, and adds it as
            /// it comes: [`Inventory::merge`] joins what is described twice. The list is then
            /// assumed to be whole, unless less is known of it already.
            ///
            /// A resource without an id is an error. A null is as good as no list.
            pub fn deliver<'de, A: MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<Delivery, A::Error> {
                match key {
                    $($key => take_list(&mut self.$field, $key, map),)*
                    _ => Ok(Delivery::Unread),
                }
            }

            /// The IAM actions of the lists of which nothing was delivered.
            pub fn undelivered(&self) -> Vec<&'static str> {
                let mut actions = Vec::new();
                $(if self.$field.is_undelivered() {
                    actions.push($action);
                })*
                actions
            }

            /// The extent of the list of this key.
            pub fn extent(&self, key: &str) -> Option<&Extent> {
                match key {
                    $($key => Some(&self.$field.extent),)*
                    _ => None,
                }
            }

            /// The same, to be changed.
            pub fn extent_mut(&mut self, key: &str) -> Option<&mut Extent> {
                match key {
                    $($key => Some(&mut self.$field.extent),)*
                    _ => None,
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

        impl JsonSchema for Inventory {
            fn schema_name() -> Cow<'static, str> {
                "Inventory".into()
            }

            /// Each list carries its IAM action, for `tests/aws-model`.
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let mut properties = serde_json::Map::new();
                $(
                    let mut list = generator.subschema_for::<Vec<$type>>();
                    list.insert("x-iam-action".into(), $action.into());
                    properties.insert($key.into(), list.to_value());
                )*
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
    /// DHCP options sets.
    dhcp_options: "DhcpOptions", ec2::DhcpOptions, "ec2:DescribeDhcpOptions";
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
    /// IAM roles.
    roles: "Roles", iam::Role, "iam:ListRoles";
    /// KMS keys, one entry for each key.
    kms_keys: "KmsKeys", iam::KmsKey, "kms:DescribeKey";
}

impl<'de> Deserialize<'de> for Inventory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists;

        impl<'de> Visitor<'de> for Lists {
            type Value = Inventory;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an inventory")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inventory, A::Error> {
                let mut inventory = Inventory::default();
                let mut extents: BTreeMap<String, Extent> = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "Extents" => extents = map.next_value()?,
                        "Conflicts" => inventory.conflicts = map.next_value()?,
                        _ => match inventory.deliver(&key, &mut map)? {
                            Delivery::List | Delivery::Null => {}
                            Delivery::Nameless => {
                                return Err(Error::custom(format!("{key}[0] has no id")));
                            }
                            Delivery::OtherService => {
                                let message = format!("{key} are not of DMS");
                                return Err(Error::custom(message));
                            }
                            Delivery::Unread => {
                                let message = format!("`{key}` is no list of the inventory");
                                return Err(Error::custom(message));
                            }
                        },
                    }
                }
                for (key, extent) in extents {
                    match inventory.extent_mut(&key) {
                        Some(known) => *known = extent,
                        None => {
                            return Err(Error::custom(format!(
                                "Extents names `{key}`, which is no list of the inventory"
                            )));
                        }
                    }
                }
                Ok(inventory)
            }
        }

        deserializer.deserialize_map(Lists)
    }
}

/// What became of a key that was offered to the inventory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// It is a list of the inventory, which has its items now.
    List,
    /// It is a list of the inventory, but a null stood in its place.
    Null,
    /// It is a list of another AWS service that has the same key; it was passed over.
    OtherService,
    /// None of its items has an id: another service's list, or one that somebody cut down. It was passed
    /// over.
    Nameless,
    /// It is no list of the inventory; its value is still to be read.
    Unread,
}

impl Inventory {
    /// What is missing in a list that somebody looked at in vain is missing for that reason: a permission
    /// helps where one was lacking, not where AWS throttled.
    pub fn explain(&self, gap: &mut Gap) {
        let Unlock::IamAction(action) = &gap.unlock else { return };
        let why =
            Self::LISTS.iter().filter(|(_, known)| known == action).find_map(|(key, _)| match self
                .extent(
                key,
            )? {
                Extent::Partial(why) if why.reason != NOT_DELIVERED => Some(why),
                _ => None,
            });
        if let Some(why) = why
            && !matches!(why.unlock, Unlock::IamAction(_))
        {
            if !gap.reason.contains(&why.reason) {
                gap.reason = format!("{}: {}", gap.reason, why.reason);
            }
            gap.unlock = why.unlock.clone();
        }
    }
}

/// Why a list that nobody sent isn't there.
const NOT_DELIVERED: &str = "not delivered";

/// The extent of a list of which nothing was delivered.
fn undelivered(key: &str, action: &str) -> Extent {
    Extent::Partial(Gap::new(key, NOT_DELIVERED, Unlock::IamAction(action.into())))
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
        assert_eq!(mine.subnets.items[0].cidr_block.as_deref(), Some("10.0.0.0/24"));
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
        let gaps: Vec<String> = route.unrecognised.gaps("rtb-1").map(|gap| gap.reason).collect();
        assert_eq!(gaps, ["Route.QuantumTunnelId is a field that this version doesn't know"]);
        assert_eq!(inventory(&serde_json::to_string(&given).unwrap()), given);
    }
}

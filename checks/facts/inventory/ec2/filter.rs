//! Network ACLs and security groups: what may pass.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A network ACL (`describe-network-acls`).
    pub struct NetworkAcl {
        /// `acl-…`.
        pub network_acl_id: String,
        /// The VPC that it is part of.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Whether it is the VPC's default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub is_default: Option<bool>,
        /// The subnets that it guards.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub associations: Option<Vec<NetworkAclAssociation>>,
        /// Its rules, both directions, in no order.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub entries: Option<Vec<NetworkAclEntry>>,
    }
}
resource!(NetworkAcl, network_acl_id);

aws_shape! {
    /// A subnet that a network ACL guards.
    pub struct NetworkAclAssociation {
        /// The subnet.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
    }
}

aws_shape! {
    /// A rule of a network ACL.
    pub struct NetworkAclEntry {
        /// Rules are tried in ascending order; 32767 is the implicit deny.
        pub rule_number: i64,
        /// Whether it is about packets that leave the subnet.
        pub egress: bool,
        /// The other side, IPv4.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// The other side, IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ipv6_cidr_block: Option<String>,
        /// A protocol number as text; `-1` is all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub protocol: Option<String>,
        /// The destination ports; not there for all protocols.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub port_range: Option<PortRange>,
        /// `allow` or `deny`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub rule_action: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<NetworkAclEntry>,
    }
}
impl Shape for NetworkAclEntry {
    const NAME: &'static str = "NetworkAclEntry";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[("IcmpTypeCode", "MySQL is TCP")];
}

aws_shape! {
    /// A range of ports, both ends included.
    pub struct PortRange {
        /// First port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub from: Option<i64>,
        /// Last port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub to: Option<i64>,
    }
}

aws_shape! {
    /// A security group (`describe-security-groups`).
    pub struct SecurityGroup {
        /// `sg-…`.
        pub group_id: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group_name: Option<String>,
        /// The VPC that it is part of.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// What may come in. An empty list lets nothing in; an absent one wasn't seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_permissions: Option<Vec<IpPermission>>,
        /// What may go out. An empty list lets nothing out; an absent one wasn't seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_permissions_egress: Option<Vec<IpPermission>>,
    }
}
resource!(SecurityGroup, group_id);

aws_shape! {
    /// A rule of a security group.
    pub struct IpPermission {
        /// `tcp`, `6`, `-1`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_protocol: Option<String>,
        /// First port; not there for all protocols.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub from_port: Option<i64>,
        /// Last port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub to_port: Option<i64>,
        /// Other sides by IPv4 CIDR.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub ip_ranges: Vec<IpRange>,
        /// Other sides by security group: matches private addresses of its members alone.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub user_id_group_pairs: Vec<UserIdGroupPair>,
        /// Other sides by prefix list.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub prefix_list_ids: Vec<PrefixListId>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<IpPermission>,
    }
}
impl Shape for IpPermission {
    const NAME: &'static str = "IpPermission";
    const IRRELEVANT: &'static [(&'static str, &'static str)] =
        &[("Ipv6Ranges", "DMS reaches TiDB Cloud over IPv4")];
}

aws_shape! {
    /// An IPv4 CIDR of a security group rule.
    pub struct IpRange {
        /// The CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_ip: Option<String>,
    }
}

aws_shape! {
    /// A security group that a security group rule refers to.
    pub struct UserIdGroupPair {
        /// `sg-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group_id: Option<String>,
    }
}

aws_shape! {
    /// A prefix list that a security group rule refers to.
    pub struct PrefixListId {
        /// `pl-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prefix_list_id: Option<String>,
    }
}

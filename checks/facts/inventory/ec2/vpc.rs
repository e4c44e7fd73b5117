//! VPCs, their subnets and their DHCP options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{State, TAGS};
use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A VPC (`describe-vpcs`).
    pub struct Vpc {
        /// `vpc-…`.
        pub vpc_id: String,
        /// The primary IPv4 CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// Every IPv4 CIDR with its state.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block_association_set: Option<Vec<VpcCidrBlockAssociation>>,
        /// The account that owns it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub owner_id: Option<String>,
        /// Block Public Access of the VPC as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub block_public_access_states: Option<BlockPublicAccessStates>,
        /// Encryption control, whose mode `enforce` may drop traffic at gateways.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub encryption_control: Option<EncryptionControl>,
        /// Automated Internet Firewalls between the VPC and its internet gateway (2026); empty
        /// where it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_firewall_associations: Option<Vec<NetworkFirewallAssociation>>,
        /// The DHCP options set, which may replace the VPC resolver.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dhcp_options_id: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<Vpc>,
    }
}
resource!(Vpc, vpc_id);
impl Shape for Vpc {
    const NAME: &'static str = "Vpc";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("InstanceTenancy", "about the hosts that instances run on"),
        ("Ipv6CidrBlockAssociationSet", "DMS reaches TiDB Cloud over IPv4"),
        ("IsDefault", "a default VPC routes like any other"),
        ("State", "a pending VPC has no subnets yet"),
    ];
}

aws_shape! {
    /// One IPv4 CIDR of a VPC.
    pub struct VpcCidrBlockAssociation {
        /// The CIDR.
        pub cidr_block: String,
        /// Its state; `associated` is in use.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block_state: Option<State>,
    }
}

aws_shape! {
    /// VPC Block Public Access, exclusions already resolved by AWS.
    pub struct BlockPublicAccessStates {
        /// `off`, `block-bidirectional` or `block-ingress`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub internet_gateway_block_mode: Option<String>,
    }
}

aws_shape! {
    /// VPC encryption control.
    pub struct EncryptionControl {
        /// `monitor` or `enforce`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mode: Option<String>,
    }
}

aws_shape! {
    /// An Automated Internet Firewall of a VPC.
    pub struct NetworkFirewallAssociation {
        /// The firewall.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_arn: Option<String>,
        /// `pending`, `active` or `disabling`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_onboarding_status: Option<String>,
        /// `monitor` or `enforce`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_mode: Option<String>,
    }
}

aws_shape! {
    /// Two attributes of a VPC (`describe-vpc-attribute`, one call each).
    pub struct VpcAttributes {
        /// `vpc-…`.
        pub vpc_id: String,
        /// Whether the VPC resolver answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub enable_dns_support: Option<AttributeBooleanValue>,
        /// Whether private DNS names of endpoints are served.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub enable_dns_hostnames: Option<AttributeBooleanValue>,
    }
}
resource!(VpcAttributes, vpc_id);

/// `{"Value": true}`. Without a value it would say nothing, so there is no default.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttributeBooleanValue {
    /// The attribute's value.
    pub value: bool,
}

aws_shape! {
    /// A subnet (`describe-subnets`).
    pub struct Subnet {
        /// `subnet-…`.
        pub subnet_id: String,
        /// The VPC that it is part of.
        pub vpc_id: String,
        /// Its IPv4 CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// Its zone's name, which differs between accounts.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone: Option<String>,
        /// Its zone's id, the same in every account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone_id: Option<String>,
        /// Whether instances launched here get a public address; replication instances don't ask.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub map_public_ip_on_launch: Option<bool>,
        /// VPC Block Public Access for this subnet.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub block_public_access_states: Option<BlockPublicAccessStates>,
        /// What the VPC's Automated Internet Firewall does with the subnet: `flexible`,
        /// `outbound-only`, `bidirectional`, `exclude`, `az-unsupported`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_firewall_connectivity_type: Option<String>,
        /// Names the region and account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_arn: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<Subnet>,
    }
}
resource!(Subnet, subnet_id);
impl Shape for Subnet {
    const NAME: &'static str = "Subnet";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("AssignIpv6AddressOnCreation", "DMS reaches TiDB Cloud over IPv4"),
        ("AvailableIpAddressCount", "room for new interfaces, not for packets"),
        ("CustomerOwnedIpv4Pool", "about Outposts"),
        ("DefaultForAz", "a default subnet routes like any other"),
        ("EnableDns64", "about IPv6"),
        ("EnableLniAtDeviceIndex", "about Outposts"),
        ("Ipv6CidrBlockAssociationSet", "DMS reaches TiDB Cloud over IPv4"),
        ("Ipv6Native", "a subnet with an IPv4 CIDR isn't"),
        ("MapCustomerOwnedIpOnLaunch", "about Outposts"),
        ("OutpostArn", "an Outpost's subnet has the same route table and network ACL"),
        ("OwnerId", "a shared subnet routes the same for every participant"),
        ("PrivateDnsNameOptionsOnLaunch", "host names of instances"),
        ("State", "pending lasts for seconds"),
        ("Type", "names the service that a subnet was made for; routing is the same"),
    ];
}

aws_shape! {
    /// A set of DHCP options (`describe-dhcp-options`).
    pub struct DhcpOptions {
        /// `dopt-…`.
        pub dhcp_options_id: String,
        /// The options.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dhcp_configurations: Option<Vec<DhcpConfiguration>>,
    }
}
resource!(DhcpOptions, dhcp_options_id);

aws_shape! {
    /// One DHCP option.
    pub struct DhcpConfiguration {
        /// `domain-name-servers`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub key: Option<String>,
        /// Its values.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub values: Option<Vec<AttributeValue>>,
    }
}

aws_shape! {
    /// `{"Value": …}`.
    pub struct AttributeValue {
        /// The value.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub value: Option<String>,
    }
}

//! Network interfaces and the addresses that they have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A network interface (`describe-network-interfaces`).
    pub struct NetworkInterface {
        /// `eni-…`.
        pub network_interface_id: String,
        /// The subnet that it stands in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// The VPC that it stands in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its zone.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone: Option<String>,
        /// Its primary private address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_address: Option<String>,
        /// All its private addresses with the public ones on them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_addresses: Option<Vec<NetworkInterfacePrivateIpAddress>>,
        /// The public address on the primary private one.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub association: Option<NetworkInterfaceAssociation>,
        /// What it is attached to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachment: Option<NetworkInterfaceAttachment>,
        /// Its security groups. An empty list means that nothing filters here.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub groups: Option<Vec<GroupIdentifier>>,
        /// `interface`, `nat_gateway`, `vpc_endpoint`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub interface_type: Option<String>,
        /// Whether packets of others are dropped here. A NAT instance needs it off.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub source_dest_check: Option<bool>,
        /// `in-use`, `available` (attached to nothing), …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// Whether it is cut off from internet gateways.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub deny_all_igw_traffic: Option<bool>,
        /// What its maker wrote; DMS writes `DMSNetworkInterface`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<NetworkInterface>,
    }
}
resource!(NetworkInterface, network_interface_id, speaking: &["Association", "Attachment"]);
impl Shape for NetworkInterface {
    const NAME: &'static str = "NetworkInterface";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        ("AssociatedSubnets", "further subnets of trunk interfaces, not of DMS or endpoints"),
        ("AvailabilityZoneId", "the subnet says it"),
        ("ConnectionTrackingConfiguration", "timeouts of idle connections"),
        ("Ipv4Prefixes", "delegated prefixes of container hosts"),
        ("Ipv6Address", "DMS reaches TiDB Cloud over IPv4"),
        ("Ipv6Addresses", "DMS reaches TiDB Cloud over IPv4"),
        ("Ipv6Native", "an interface with an IPv4 address isn't"),
        ("Ipv6Prefixes", "DMS reaches TiDB Cloud over IPv4"),
        ("MacAddress", "below IP"),
        ("Operator", "who manages it"),
        ("OutpostArn", "where the host stands"),
        ("OwnerId", "who pays"),
        ("PrivateDnsName", "a name for the address that we have"),
        ("PublicDnsName", "a name for the address that we have"),
        ("PublicIpDnsNameOptions", "names, not routes"),
        ("RequesterId", "who asked for it"),
        ("RequesterManaged", "who manages it"),
        ("TagSet", "labels of the customer's own"),
    ];
}

aws_shape! {
    /// One private address of an interface.
    pub struct NetworkInterfacePrivateIpAddress {
        /// The address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_address: Option<String>,
        /// Whether connections leave from it by default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub primary: Option<bool>,
        /// The public address on it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub association: Option<NetworkInterfaceAssociation>,
    }
}

aws_shape! {
    /// A public address on a private one.
    pub struct NetworkInterfaceAssociation {
        /// The public address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_ip: Option<String>,
        /// The elastic IP's allocation; not there for an address that AWS lends.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocation_id: Option<String>,
        /// `amazon` for an address that AWS lends, else the owner's account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_owner_id: Option<String>,
    }
}

aws_shape! {
    /// What an interface is attached to.
    pub struct NetworkInterfaceAttachment {
        /// The instance, if it is one of the customer's.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub instance_id: Option<String>,
        /// 0 is the primary interface.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub device_index: Option<i64>,
        /// `attached`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

aws_shape! {
    /// A security group's id.
    pub struct GroupIdentifier {
        /// `sg-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group_id: Option<String>,
    }
}

aws_shape! {
    /// An elastic IP address (`describe-addresses`).
    pub struct Address {
        /// The public address.
        pub public_ip: String,
        /// `eipalloc-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocation_id: Option<String>,
        /// The interface that it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_id: Option<String>,
        /// The private address that it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_address: Option<String>,
        /// `rnat` for an address that a regional NAT gateway took by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service_managed: Option<String>,
    }
}
impl Resource for Address {
    const SPEAKING: &'static [&'static str] = &["NetworkInterfaceId"];

    /// A carrier's address in a Wavelength zone has an allocation and no public address.
    fn id(&self) -> &str {
        match self.public_ip.as_str() {
            "" => self.allocation_id.as_deref().unwrap_or(""),
            address => address,
        }
    }
}

//! VPC endpoints: private ways to a service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GroupIdentifier, TAGS};
use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A VPC endpoint (`describe-vpc-endpoints`).
    pub struct VpcEndpoint {
        /// `vpce-…`.
        pub vpc_endpoint_id: String,
        /// `Interface`, `Gateway`, `GatewayLoadBalancer`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_endpoint_type: Option<String>,
        /// The VPC that it stands in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// The service that it leads to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service_name: Option<String>,
        /// `available`, `pendingAcceptance`, …; letter case differs between calls.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// The subnets that its interfaces stand in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_ids: Option<Vec<String>>,
        /// Its interfaces.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_ids: Option<Vec<String>>,
        /// Its security groups.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub groups: Option<Vec<GroupIdentifier>>,
        /// Whether the service's own names lead here inside the VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_dns_enabled: Option<bool>,
        /// The names that lead here.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dns_entries: Option<Vec<DnsEntry>>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<VpcEndpoint>,
    }
}
resource!(VpcEndpoint, vpc_endpoint_id);
impl Shape for VpcEndpoint {
    const NAME: &'static str = "VpcEndpoint";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("CreationTimestamp", "age doesn't change the way"),
        ("DnsOptions", "which names it publishes; the names themselves are read"),
        ("FailureReason", "the state says it"),
        ("IpAddressType", "its interfaces' addresses say it"),
        ("Ipv4Prefixes", "of service networks"),
        ("Ipv6Prefixes", "DMS reaches TiDB Cloud over IPv4"),
        ("LastError", "the state says it"),
        ("OwnerId", "who pays"),
        ("PayerResponsibilities", "who pays"),
        ("PolicyDocument", "judged by AWS's own services, not by TiDB Cloud's"),
        ("RequesterManaged", "who manages it"),
        ("ResourceConfigurationArn", "of resource endpoints"),
        ("RouteTableIds", "the route tables say it"),
        ("ServiceNetworkArn", "of service networks"),
        ("ServiceRegion", "the service's name says it"),
    ];
}

aws_shape! {
    /// A name that leads to an endpoint.
    pub struct DnsEntry {
        /// The name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dns_name: Option<String>,
    }
}

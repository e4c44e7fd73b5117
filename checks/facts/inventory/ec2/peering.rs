//! Peering connections between VPCs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TAGS;
use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A peering connection (`describe-vpc-peering-connections`).
    pub struct VpcPeeringConnection {
        /// `pcx-…`.
        pub vpc_peering_connection_id: String,
        /// The side that was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub accepter_vpc_info: Option<VpcPeeringConnectionVpcInfo>,
        /// The side that asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub requester_vpc_info: Option<VpcPeeringConnectionVpcInfo>,
        /// `active` carries packets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<VpcPeeringConnectionStatus>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<VpcPeeringConnection>,
    }
}
resource!(VpcPeeringConnection, vpc_peering_connection_id);
impl Shape for VpcPeeringConnection {
    const NAME: &'static str = "VpcPeeringConnection";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("ExpirationTime", "of a request that nobody accepted; the status says it"),
        ("MultipathResilienceStatus", "how it fails over, not where it leads"),
    ];
}

aws_shape! {
    /// One side of a peering connection.
    pub struct VpcPeeringConnectionVpcInfo {
        /// The VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub owner_id: Option<String>,
        /// Its region.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub region: Option<String>,
        /// Its primary CIDR; there only while the connection is active.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// All its CIDRs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block_set: Option<Vec<CidrBlock>>,
    }
}

aws_shape! {
    /// `{"CidrBlock": …}`.
    pub struct CidrBlock {
        /// The CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
    }
}

aws_shape! {
    /// The status of a peering connection.
    pub struct VpcPeeringConnectionStatus {
        /// `active`, `pending-acceptance`, `rejected`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub code: Option<String>,
    }
}

//! What routes lead to: internet, NAT and transit gateways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TAGS;
use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// An internet gateway (`describe-internet-gateways`).
    pub struct InternetGateway {
        /// `igw-…`.
        pub internet_gateway_id: String,
        /// The VPC that it is attached to, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachments: Option<Vec<InternetGatewayAttachment>>,
    }
}
resource!(InternetGateway, internet_gateway_id);

aws_shape! {
    /// An egress-only internet gateway, for IPv6 (`describe-egress-only-internet-gateways`).
    pub struct EgressOnlyInternetGateway {
        /// `eigw-…`.
        pub egress_only_internet_gateway_id: String,
        /// The VPC that it is attached to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachments: Option<Vec<InternetGatewayAttachment>>,
    }
}
resource!(EgressOnlyInternetGateway, egress_only_internet_gateway_id);

aws_shape! {
    /// An attachment of a gateway to a VPC.
    pub struct InternetGatewayAttachment {
        /// `available` in real answers, `attached` in the model's enum.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// The VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
    }
}

aws_shape! {
    /// A NAT gateway, zonal or regional (`describe-nat-gateways`).
    pub struct NatGateway {
        /// `nat-…`.
        pub nat_gateway_id: String,
        /// The VPC that it serves.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its own subnet; a regional one has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// `pending`, `failed`, `available`, `deleting`, `deleted`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// `public` or `private`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub connectivity_type: Option<String>,
        /// `zonal` or `regional`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_mode: Option<String>,
        /// Whether AWS adds addresses to a regional one by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub auto_scaling_ips: Option<String>,
        /// Whether AWS extends a regional one to new zones by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub auto_provision_zones: Option<String>,
        /// A regional one's own route table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub route_table_id: Option<String>,
        /// Its addresses.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nat_gateway_addresses: Option<Vec<NatGatewayAddress>>,
        /// Appliances that its traffic passes.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attached_appliances: Option<Vec<AttachedAppliance>>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub failure_code: Option<String>,
        /// Why it failed, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub failure_message: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<NatGateway>,
    }
}
resource!(NatGateway, nat_gateway_id);
impl Shape for NatGateway {
    const NAME: &'static str = "NatGateway";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("CreateTime", "age doesn't change the way"),
        ("DeleteTime", "the state says it"),
        ("ProvisionedBandwidth", "reserved by AWS, not in use"),
    ];
}

aws_shape! {
    /// One address of a NAT gateway.
    pub struct NatGatewayAddress {
        /// The elastic IP address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_ip: Option<String>,
        /// The address in its subnet.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip: Option<String>,
        /// Its interface.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_id: Option<String>,
        /// Its allocation.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocation_id: Option<String>,
        /// `succeeded` is in use; `failed` and those on the way aren't.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

aws_shape! {
    /// An appliance that a NAT gateway's traffic passes.
    pub struct AttachedAppliance {
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub appliance_arn: Option<String>,
        /// `attached`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachment_state: Option<String>,
    }
}

aws_shape! {
    /// An attachment of a transit gateway (`describe-transit-gateway-attachments`,
    /// `describe-transit-gateway-vpc-attachments`).
    pub struct TransitGatewayAttachment {
        /// `tgw-attach-…`.
        pub transit_gateway_attachment_id: String,
        /// The transit gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub transit_gateway_id: Option<String>,
        /// The VPC, in the VPC form.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// What is attached, in the general form.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub resource_id: Option<String>,
        /// `available`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// The subnets that it stands in, in the VPC form.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_ids: Option<Vec<String>>,
    }
}
resource!(TransitGatewayAttachment, transit_gateway_attachment_id);

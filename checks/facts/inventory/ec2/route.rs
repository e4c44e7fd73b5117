//! Route tables and their routes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::State;
use crate::facts::inventory::{
    Resource, Shape, Unrecognised,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A route table (`describe-route-tables`).
    pub struct RouteTable {
        /// `rtb-…`.
        pub route_table_id: String,
        /// The VPC that it is part of.
        pub vpc_id: String,
        /// Which subnets and gateways use it, and whether it is the main table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub associations: Option<Vec<RouteTableAssociation>>,
        /// Its routes.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub routes: Option<Vec<Route>>,
    }
}
resource!(RouteTable, route_table_id);

aws_shape! {
    /// A use of a route table.
    pub struct RouteTableAssociation {
        /// Whether this makes it the VPC's main table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub main: Option<bool>,
        /// The subnet that uses it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// The gateway that uses it (edge association): not a subnet's table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub gateway_id: Option<String>,
        /// Whether the association holds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub association_state: Option<State>,
    }
}

impl RouteTableAssociation {
    /// Whether it is in force. An older CLI prints no state: AWS lists what is associated.
    pub fn holds(&self) -> bool {
        self.association_state.as_ref().is_none_or(|association| {
            association.state.is_empty() || association.state.eq_ignore_ascii_case("associated")
        })
    }
}

aws_shape! {
    /// A route: one destination, one target.
    pub struct Route {
        /// Destination, IPv4.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub destination_cidr_block: Option<String>,
        /// Destination, IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub destination_ipv6_cidr_block: Option<String>,
        /// Destination, a prefix list.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub destination_prefix_list_id: Option<String>,
        /// Target: `local`, an internet or virtual private gateway, or a gateway endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub gateway_id: Option<String>,
        /// Target: a NAT gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nat_gateway_id: Option<String>,
        /// Target: an interface, of a NAT instance or an appliance.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_id: Option<String>,
        /// The instance of that interface.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub instance_id: Option<String>,
        /// Target: a peering connection.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_peering_connection_id: Option<String>,
        /// Target: a transit gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub transit_gateway_id: Option<String>,
        /// Target: an egress-only internet gateway, for IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub egress_only_internet_gateway_id: Option<String>,
        /// Target: a local gateway of an Outpost.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub local_gateway_id: Option<String>,
        /// Target: a carrier gateway of a Wavelength zone.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub carrier_gateway_id: Option<String>,
        /// Target: a Cloud WAN core network.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub core_network_arn: Option<String>,
        /// Target: an Oracle Database@AWS network.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub odb_network_arn: Option<String>,
        /// Next hop of a route that VPC Route Server advertised.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_address: Option<String>,
        /// The automated firewall that inspects this internet gateway route.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub igw_firewall: Option<IgwFirewall>,
        /// How it came to be: `CreateRouteTable`, `CreateRoute`, `EnableVgwRoutePropagation`,
        /// `Advertisement`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub origin: Option<String>,
        /// `active`, `blackhole` or `filtered`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<Route>,
    }
}
impl Shape for Route {
    const NAME: &'static str = "Route";
    const IRRELEVANT: &'static [(&'static str, &'static str)] =
        &[("InstanceOwnerId", "whose the instance is doesn't change the way")];
}

aws_shape! {
    /// The automated internet firewall on an internet gateway route (2026).
    pub struct IgwFirewall {
        /// The firewall.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_arn: Option<String>,
        /// `pending`, `active` or `disabling`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

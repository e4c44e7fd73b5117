//! What stops a packet, on which leg, and which check it belongs to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares the codes once: the variant, its name, and what it means.
macro_rules! codes {
    ($($name:ident = $text:literal, $meaning:literal;)*) => {
        /// Why a packet is stopped. The codes are those of VPC Reachability Analyzer where it has
        /// one, ours otherwise.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum Code {
            $(#[doc = $meaning]
            #[serde(rename = $text)]
            $name,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it is printed.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What it means, for `tidb-dms explain`.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

codes! {
    AddressNotInUse = "ADDRESS_NOT_IN_USE",
        "The destination is inside the VPC's own addresses, and no network interface has it, so nobody answers.";
    BadState = "BAD_STATE",
        "Something on the way exists but doesn't carry packets: a NAT gateway that isn't available, a stopped instance, an interface attached to nothing, an endpoint that wasn't accepted.";
    BadStateRoute = "BAD_STATE_ROUTE",
        "The route that matches is a blackhole: AWS knows that its target is gone.";
    CannotRoute = "CANNOT_ROUTE",
        "The route that matches leads to something that doesn't carry these packets.";
    EniSgRulesMismatch = "ENI_SG_RULES_MISMATCH",
        "No rule of the security groups lets the packet through. Security groups only allow; what no rule names is dropped.";
    EniSourceDestCheckRestriction = "ENI_SOURCE_DEST_CHECK_RESTRICTION",
        "The interface drops packets that aren't its own, because its source/destination check is on. A NAT instance needs it off.";
    IgwDestinationAddressNotInRfc1918Egress = "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
        "The route leads a private destination to an internet gateway, which carries public ones only.";
    IgwNotAttached = "IGW_NOT_ATTACHED",
        "The internet gateway of the route isn't attached to this VPC.";
    IgwPublicIpAssociationForEgress = "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
        "An internet gateway carries packets of interfaces with a public IPv4 address only. This one has none.";
    NatConnectivityPrivate = "NAT_CONNECTIVITY_PRIVATE",
        "A private NAT gateway's packets are dropped at an internet gateway.";
    NatRoutesToItself = "NAT_ROUTES_TO_ITSELF",
        "The NAT gateway's own subnet sends packets back to NAT: they go round and never leave.";
    NgwRequiresSourceInVpc = "NGW_REQUIRES_SOURCE_IN_VPC",
        "A NAT gateway serves its own VPC only.";
    NoRouteToDestination = "NO_ROUTE_TO_DESTINATION",
        "No route of the subnet's route table matches the destination.";
    PcxNotActive = "PCX_NOT_ACTIVE",
        "The peering connection isn't active.";
    PcxRequiresAddressInVpcCidr = "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
        "A peering connection carries packets between its two VPCs' own addresses only, nothing beyond.";
    SgHasNoRules = "SG_HAS_NO_RULES",
        "The security groups have no rule in this direction at all, so nothing passes.";
    SubnetAclRestriction = "SUBNET_ACL_RESTRICTION",
        "The subnet's network ACL denies the packet, or the answer to it.";
    VpcBlockPublicAccessEnabled = "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
        "VPC Block Public Access keeps this subnet's packets from the internet gateway.";
}

/// On which part of the way.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// Where the replication sits.
    Seat,
    /// At a NAT gateway or NAT instance, and from there on.
    Nat,
    /// At an interface endpoint.
    Endpoint,
    /// In the VPC on the other side of a peering connection.
    Peer,
    /// At any other destination whose interface is in the facts.
    Destination,
}

impl Leg {
    /// All legs.
    pub const ALL: &'static [Self] =
        &[Self::Seat, Self::Nat, Self::Endpoint, Self::Peer, Self::Destination];

    /// As it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seat => "seat",
            Self::Nat => "nat",
            Self::Endpoint => "endpoint",
            Self::Peer => "peer",
            Self::Destination => "destination",
        }
    }
}

/// The check that a stop (or a doubt about one) belongs to: exactly one for each code and leg.
pub const fn owner(code: Code, leg: Leg) -> &'static str {
    match code {
        Code::EniSgRulesMismatch | Code::SgHasNoRules => match leg {
            Leg::Endpoint => "network/endpoint-security-group",
            _ => "network/security-group",
        },
        Code::SubnetAclRestriction => "network/network-acl",
        Code::VpcBlockPublicAccessEnabled => "network/block-public-access",
        Code::IgwNotAttached => "network/internet-gateway",
        Code::PcxNotActive | Code::PcxRequiresAddressInVpcCidr => "network/vpc-peering",
        Code::IgwPublicIpAssociationForEgress => match leg {
            Leg::Nat => "network/nat-gateway",
            _ => "network/public-accessibility",
        },
        Code::EniSourceDestCheckRestriction
        | Code::NatConnectivityPrivate
        | Code::NatRoutesToItself
        | Code::NgwRequiresSourceInVpc => "network/nat-gateway",
        Code::AddressNotInUse
        | Code::BadState
        | Code::BadStateRoute
        | Code::CannotRoute
        | Code::IgwDestinationAddressNotInRfc1918Egress
        | Code::NoRouteToDestination => match leg {
            Leg::Seat | Leg::Destination => "network/route",
            Leg::Nat => "network/nat-gateway",
            Leg::Endpoint => "network/private-endpoint",
            Leg::Peer => "network/vpc-peering",
        },
    }
}

//! What the target of a route makes of a packet.
//!
//! Rules: `aws-dms.md` §4.4 (targets), §4.5 (NAT), §4.8 (Block Public Access), §4.9 (peering).

use std::net::Ipv4Addr;

use super::{
    Blame, PublicAddress,
    code::{Code, Leg},
    firewall::inspection,
    route::{Chosen, Target},
    walk::{Nat, Sender, Walk, way_of},
};
use crate::facts::{
    Assumption, Gap, Lookup, Unlock, defaults,
    inventory::ec2::{RouteTable, Subnet},
};

impl<'a> Walk<'a, '_> {
    /// Follows the route that a packet takes.
    pub(super) fn follow(
        &mut self,
        sender: &Sender<'a>,
        table: &'a RouteTable,
        chosen: &Chosen<'a>,
    ) {
        match &chosen.target {
            Target::Local => match self.destination.single() {
                Some(address) => self.deliver_in_vpc(sender, address),
                None => self.beyond(sender, table, chosen, "inside the VPC"),
            },
            Target::InternetGateway(id) => self.internet_gateway(sender, table, chosen, id),
            Target::NatGateway(id) => self.nat_gateway(sender, table, chosen, id),
            Target::NetworkInterface(id) => {
                match self.index.interface(id).or_gap(id, "NetworkInterfaces") {
                    Ok(interface) => self.nat_instance(sender, table, chosen, interface),
                    Err(gap) => self.unseen_next_hop(sender, gap),
                }
            }
            Target::Instance(id) => match self.primary_interface(id) {
                Ok(interface) => self.nat_instance(sender, table, chosen, interface),
                Err(gap) => self.unseen_next_hop(sender, gap),
            },
            Target::VpcPeering(id) => self.peering(sender, id),
            Target::EgressOnlyInternetGateway(id) => {
                self.hop("egress-only-internet-gateway", id, "✗ carries IPv6 only".into());
                self.stop_at_route(
                    Code::CannotRoute,
                    sender,
                    table,
                    chosen,
                    format!(
                        "{} leads to an egress-only internet gateway, for IPv6 only",
                        way_of(chosen)
                    ),
                );
                self.leave(sender);
            }
            Target::TransitGateway(id) => {
                self.hop("transit-gateway", id, "its route tables aren't judged".into());
                self.beyond(sender, table, chosen, "at the transit gateway");
            }
            Target::VirtualPrivateGateway(id) => {
                self.hop("vpn-gateway", id, "leads on-premises".into());
                self.beyond(sender, table, chosen, "behind the virtual private gateway");
            }
            Target::VpcEndpoint(id) => {
                self.hop("vpc-endpoint", id, "a gateway or firewall endpoint as next hop".into());
                self.beyond(sender, table, chosen, "at the endpoint");
            }
            Target::Foreign { kind, id } => {
                self.hop(&kind.to_lowercase().replace(' ', "-"), id, "isn't judged".into());
                self.beyond(sender, table, chosen, &format!("at the {kind}"));
            }
            Target::Unrecognised { .. } => {
                self.beyond(sender, table, chosen, "at a target that this version doesn't know");
            }
        }
    }

    /// The way goes on where the facts don't reach.
    pub(super) fn beyond(
        &mut self,
        sender: &Sender<'a>,
        table: &RouteTable,
        chosen: &Chosen<'_>,
        place: &str,
    ) {
        let gap = Gap::new(
            chosen.target.name(),
            format!(
                "{} sends {} there ({}), and what happens {place} can't be seen from here",
                table.route_table_id,
                self.destination,
                way_of(chosen)
            ),
            Unlock::Flag("--test-connection".into()),
        );
        self.egress_unknown(gap.clone());
        self.doubt(gap, Code::CannotRoute, sender.leg);
        self.leave(sender);
    }

    pub(super) fn unseen_next_hop(&mut self, sender: &Sender<'a>, gap: Gap) {
        self.egress_unknown(gap.clone());
        self.doubt(gap, Code::BadState, Leg::Nat);
        self.leave(sender);
    }

    pub(super) fn egress_unknown(&mut self, gap: Gap) {
        self.path.egress.addresses.clear();
        self.path.egress.elastic.clear();
        self.path.egress.gaps = vec![gap];
    }

    /// The address that the other side sees is known.
    pub(super) fn egress_known(&mut self, addresses: &[Ipv4Addr], elastic: bool) {
        let egress = &mut self.path.egress;
        egress.gaps.clear();
        egress.addresses = addresses.iter().copied().collect();
        egress.elastic =
            if elastic { egress.addresses.clone() } else { std::collections::BTreeSet::new() };
        if !self.certain {
            egress.gaps.push(Gap::new(
                "egress",
                "which route the packet takes can't be told",
                Unlock::Nothing,
            ));
        }
    }

    /// VPC Block Public Access at a subnet: `off`, `block-bidirectional` or `block-ingress`.
    pub(super) fn block_public_access(&mut self, subnet: &Subnet) -> String {
        let mode = subnet
            .block_public_access_states
            .as_ref()
            .and_then(|states| states.internet_gateway_block_mode.clone());
        mode.unwrap_or_else(|| {
            self.assume(defaults::BLOCK_PUBLIC_ACCESS.assumed(&subnet.subnet_id));
            defaults::BLOCK_PUBLIC_ACCESS.value.to_owned()
        })
    }

    pub(super) fn internet_gateway(
        &mut self,
        sender: &Sender<'a>,
        table: &'a RouteTable,
        chosen: &Chosen<'_>,
        id: &str,
    ) {
        self.leave(sender);
        self.hop("internet-gateway", id, "out to the internet".into());
        self.path.internet_gateways.push(id.to_owned());
        self.path.complete = true;
        if !self.destination.is_public() {
            self.stop_at_route(
                Code::IgwDestinationAddressNotInRfc1918Egress,
                sender,
                table,
                chosen,
                format!(
                    "{} leads {}, a private address, to the internet",
                    way_of(chosen),
                    self.destination
                ),
            );
            return;
        }
        self.attached(sender.vpc, sender.leg, id);
        self.block_at_gateway(sender);
        if let Some(firewall) = inspection(self.index, sender, chosen) {
            // It may refuse the packet, and it may lend its own address to one that has none.
            self.egress_unknown(firewall.clone());
            self.doubt(firewall, Code::CannotRoute, sender.leg);
        } else if sender.nat == Nat::Private {
            self.stop(
                Code::NatConnectivityPrivate,
                sender.leg,
                &table.route_table_id,
                format!("{id} drops the packets of a private NAT gateway"),
                self.nat_route.clone(),
            );
            return;
        } else if sender.nat == Nat::No {
            self.own_public_address(sender, id);
        }
        let Some(address) = self.destination.single() else {
            return;
        };
        match self.index.interface_by_public(address) {
            Lookup::Found(interface) => self.deliver_from_internet(interface),
            Lookup::Absent => {
                if let Some(gap) = self.index.inventory.network_interfaces.gap() {
                    self.assume(Assumption::new(
                        address.to_string(),
                        "it is no address of these accounts",
                        format!("not all of their network interfaces were seen: {}", gap.reason),
                    ));
                }
            }
            Lookup::Unseen(gap) => self.doubt(gap, Code::AddressNotInUse, Leg::Destination),
        }
    }

    /// The internet gateway must be attached to the VPC whose route names it.
    pub(super) fn attached(&mut self, vpc: &str, leg: Leg, id: &str) {
        let gateway = match self.index.internet_gateway(id).or_gap(id, "InternetGateways") {
            Ok(gateway) => gateway,
            Err(gap) => return self.doubt(gap, Code::IgwNotAttached, leg),
        };
        let attachments = gateway
            .attachments
            .as_ref()
            .filter(|attachments| attachments.iter().all(|attachment| attachment.vpc_id.is_some()));
        let Some(attachments) = attachments else {
            let gap = Gap::new(
                id,
                "its attachments were not delivered",
                Unlock::IamAction("ec2:DescribeInternetGateways".into()),
            );
            return self.doubt(gap, Code::IgwNotAttached, leg);
        };
        let here = attachments.iter().find(|attachment| attachment.vpc_id.as_deref() == Some(vpc));
        match here.map(|attachment| attachment.state.as_deref()) {
            Some(Some("available" | "attached")) => {}
            Some(None) => self.doubt(
                Gap::new(
                    id,
                    "the state of its attachment was not delivered",
                    Unlock::IamAction("ec2:DescribeInternetGateways".into()),
                ),
                Code::IgwNotAttached,
                leg,
            ),
            other => {
                let elsewhere =
                    attachments.iter().find_map(|attachment| attachment.vpc_id.as_deref());
                let detail = match (other.flatten(), elsewhere) {
                    (Some(state), _) => format!("{id} is {state} to {vpc}"),
                    (None, Some(other)) => {
                        format!("{id} is attached to {other}, not to {vpc}")
                    }
                    (None, None) => format!("{id} is attached to no VPC"),
                };
                self.stop(
                    Code::IgwNotAttached,
                    leg,
                    id,
                    detail,
                    Blame::InternetGateway {
                        gateway: id.to_owned(),
                        vpc: vpc.to_owned(),
                        attached_elsewhere: elsewhere.is_some(),
                    },
                );
            }
        }
    }

    /// VPC Block Public Access where packets meet the internet gateway. `block-ingress` spares NAT
    /// gateways; whether an exclusion at the NAT gateway's subnet alone is enough is unverified.
    pub(super) fn block_at_gateway(&mut self, sender: &Sender<'a>) {
        let (place, mode) = match sender.subnet {
            Some(subnet) => (subnet.subnet_id.as_str(), self.block_public_access(subnet)),
            None => (sender.vpc, self.block_public_access_of_vpc(sender.vpc)),
        };
        let place = place.to_owned();
        self.blocked(&mode, &place, sender.leg, sender.nat != Nat::No);
        for subnet in std::mem::take(&mut self.blocked_behind) {
            self.doubt(
                Gap::new(
                    subnet.as_str(),
                    "VPC Block Public Access is block-bidirectional here and not where NAT sits; \
                     whether that is enough isn't documented",
                    Unlock::Flag("--test-connection".into()),
                ),
                Code::VpcBlockPublicAccessEnabled,
                Leg::Seat,
            );
        }
    }

    /// What a mode does to packets between a place and an internet gateway.
    pub(super) fn blocked(&mut self, mode: &str, place: &str, leg: Leg, nat: bool) {
        match mode {
            "off" => {}
            "block-ingress" if nat => {}
            "block-bidirectional" | "block-ingress" => self.stop(
                Code::VpcBlockPublicAccessEnabled,
                leg,
                place,
                format!("VPC Block Public Access is {mode} for {place}"),
                Blame::BlockPublicAccess {
                    subnet: place.to_owned(),
                    egress_is_enough: mode == "block-bidirectional" && nat,
                },
            ),
            other => self.doubt(
                Gap::new(
                    place,
                    format!(
                        "Block Public Access is in mode `{other}`, which this version doesn't know"
                    ),
                    Unlock::Nothing,
                ),
                Code::VpcBlockPublicAccessEnabled,
                leg,
            ),
        }
    }

    pub(super) fn block_public_access_of_vpc(&mut self, vpc: &str) -> String {
        let states = match self.index.vpc(vpc) {
            Lookup::Found(found) => found.block_public_access_states.as_ref(),
            _ => None,
        };
        states.and_then(|states| states.internet_gateway_block_mode.clone()).unwrap_or_else(|| {
            self.assume(defaults::BLOCK_PUBLIC_ACCESS.assumed(vpc));
            defaults::BLOCK_PUBLIC_ACCESS.value.to_owned()
        })
    }

    /// An internet gateway carries packets of interfaces with a public address.
    pub(super) fn own_public_address(&mut self, sender: &Sender<'a>, id: &str) {
        self.path.leaves_by_own_address |= sender.leg == Leg::Seat;
        match &sender.public {
            PublicAddress::Known(addresses) => {
                self.egress_known(addresses, sender.elastic);
                if !sender.elastic {
                    self.path.egress.unstable.push(format!(
                        "{} isn't an elastic IP address: it may change when the instance is \
                         replaced",
                        join(addresses)
                    ));
                }
            }
            PublicAddress::None(reason) => self.stop(
                Code::IgwPublicIpAssociationForEgress,
                sender.leg,
                id,
                format!("{reason}, and {id} carries packets of public addresses only"),
                Blame::Nothing,
            ),
            PublicAddress::NotYet(gap) => self.egress_unknown(gap.clone()),
            PublicAddress::Unknown(gap) => {
                self.egress_unknown(gap.clone());
                self.doubt(gap.clone(), Code::IgwPublicIpAssociationForEgress, sender.leg);
            }
            PublicAddress::Assumed => {
                let about = sender.subnet.map_or(sender.vpc, |subnet| &subnet.subnet_id);
                self.assume(Assumption::new(
                    about,
                    "the source has a public IPv4 address",
                    "the trace starts at a bare subnet",
                ));
                self.egress_unknown(Gap::new(
                    about,
                    "the public address of the source was not given",
                    Unlock::Flag("--public-ip".into()),
                ));
            }
        }
    }
}

pub(super) fn join(addresses: &[Ipv4Addr]) -> String {
    if addresses.is_empty() {
        return "no address in use".into();
    }
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

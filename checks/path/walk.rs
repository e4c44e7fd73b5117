//! The walk from subnet to subnet.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{
    Blame, Path, PublicAddress, Source,
    addresses::{Addresses, Ports, Relation},
    code::{Code, Leg},
    filter::{Peer, PeerGroups, groups_of},
    route::{Chosen, Target, look_up, table_of_subnet},
};
use crate::facts::{
    Assumption, Fact, Gap, Index, Lookup, Unlock,
    inventory::ec2::{RouteTable, Subnet},
};

/// Who sends the packet at this point of the way.
#[derive(Clone, Debug)]
pub(super) struct Sender<'a> {
    pub leg: Leg,
    pub vpc: &'a str,
    /// The subnet; a regional NAT gateway has none.
    pub subnet: Option<&'a Subnet>,
    /// The route table.
    pub table: Result<&'a RouteTable, Gap>,
    /// The private addresses that the next one may see.
    pub addresses: Vec<Addresses>,
    /// Why those aren't all that it may have.
    pub more_addresses: Option<Gap>,
    /// For rules that refer to a security group.
    pub groups: PeerGroups,
    /// What an internet gateway would make of it.
    pub public: PublicAddress,
    pub elastic: bool,
    /// Whether it is a NAT gateway, and which kind.
    pub nat: Nat,
}

/// The walk's state.
pub(super) struct Walk<'a, 'i> {
    pub index: &'i Index<'a>,
    pub destination: Addresses,
    pub port: u16,
    pub path: Path,
    /// While it isn't certain that the packet comes this way, a stop is only a doubt.
    pub certain: bool,
    /// Ports that answers can come back to, so far, since the last translation.
    pub ports: Ports,
    /// Those, and the ports of which it can't be told.
    pub possible_ports: Ports,
    /// NAT gateways and instances passed, to notice a loop.
    pub passed: Vec<String>,
    /// The route that led to the last of them.
    pub nat_route: Blame,
    /// Subnets on the way whose Block Public Access is bidirectional.
    pub blocked_behind: Vec<String>,
}

/// Walks from a source to one destination.
pub(super) fn walk<'a>(
    index: &Index<'a>,
    source: &Source<'a>,
    destination: Addresses,
    port: u16,
) -> Path {
    let mut walk = Walk {
        index,
        destination,
        port,
        path: Path { assumptions: source.assumptions.clone(), ..Path::default() },
        certain: true,
        ports: Ports::ephemeral(),
        possible_ports: Ports::ephemeral(),
        passed: Vec::new(),
        nat_route: Blame::Nothing,
        blocked_behind: Vec::new(),
    };
    walk.start(source);
    if walk.path.egress.addresses.is_empty() && walk.path.egress.gaps.is_empty() {
        walk.path.egress.gaps.push(Gap::new(
            "egress",
            "the packet's way ends before the address that the cluster would see is known",
            Unlock::Nothing,
        ));
    }
    walk.path
}

impl<'a> Walk<'a, '_> {
    pub(super) fn start(&mut self, source: &Source<'a>) {
        let subnet = source.subnet;
        if let Some(interface) = source.interface {
            self.hop(
                "network-interface",
                &interface.network_interface_id,
                match source.address {
                    Some(address) => address.to_string(),
                    None => "address not seen".into(),
                },
            );
            let gaps: Vec<Gap> =
                interface.unrecognised.gaps(&interface.network_interface_id).collect();
            self.doubts(gaps, Code::CannotRoute, Leg::Seat);
        }
        self.hop_subnet(subnet);
        match self.index.vpc(&subnet.vpc_id).or_gap(&subnet.vpc_id, "Vpcs") {
            Ok(vpc) => {
                self.unrecognised_of_vpc(vpc, Leg::Seat);
                let enforced = vpc.encryption_control.as_ref().is_some_and(|control| {
                    control.mode.as_deref().is_some_and(|mode| mode.eq_ignore_ascii_case("enforce"))
                });
                if enforced {
                    self.doubt(
                        Gap::new(
                            vpc.vpc_id.as_str(),
                            "VPC encryption control is set to enforce, which drops packets at \
                             gateways that aren't excluded",
                            Unlock::Nothing,
                        ),
                        Code::CannotRoute,
                        Leg::Seat,
                    );
                }
            }
            Err(gap) => self.doubt(gap, Code::CannotRoute, Leg::Seat),
        }
        let addresses = source.addresses();
        let more_addresses = addresses.is_none().then(|| {
            Gap::new(
                subnet.subnet_id.as_str(),
                "its IPv4 CIDR was not seen",
                Unlock::IamAction("ec2:DescribeSubnets".into()),
            )
        });
        self.doubts(more_addresses.iter().cloned().collect(), Code::CannotRoute, Leg::Seat);
        self.seat_groups(source);
        let sender = Sender {
            leg: Leg::Seat,
            vpc: &subnet.vpc_id,
            subnet: Some(subnet),
            table: table_of_subnet(self.index, subnet),
            addresses: addresses.into_iter().collect(),
            more_addresses,
            groups: match &source.groups {
                Some(Fact::Known(groups)) => PeerGroups::Known(groups.clone()),
                Some(Fact::Unknown(_)) | None => PeerGroups::Unknown,
            },
            public: source.public.clone(),
            elastic: source.elastic,
            nat: Nat::No,
        };
        self.send(&sender);
    }

    /// The seat's security groups, outbound.
    pub(super) fn seat_groups(&mut self, source: &Source<'a>) {
        match &source.groups {
            None => self.assume(Assumption::new(
                source.subnet.subnet_id.as_str(),
                format!("a security group lets tcp {} out", self.port),
                "the trace starts at a bare subnet",
            )),
            Some(Fact::Unknown(gap)) => {
                self.doubt(gap.clone(), Code::EniSgRulesMismatch, Leg::Seat);
            }
            Some(Fact::Known(groups)) => {
                let peer = self.peer_of_destination(&source.subnet.vpc_id);
                self.ask_groups(groups, true, &peer, Leg::Seat);
            }
        }
    }

    /// The destination as the seat's outbound rules see it. Rules that refer to a group match private
    /// addresses of its members.
    pub(super) fn peer_of_destination(&self, vpc: &str) -> Peer {
        Peer {
            addresses: self.destination,
            groups: match self.destination.single() {
                Some(address) => self.groups_of_address(vpc, address),
                None => PeerGroups::Never,
            },
        }
    }

    /// The groups of whoever has a private address, in this VPC or one that is peered with it.
    pub(super) fn groups_of_address(&self, vpc: &str, address: Ipv4Addr) -> PeerGroups {
        let peerings = &self.index.inventory.vpc_peering_connections;
        let peers = peerings.items.iter().filter_map(|peering| {
            let sides = [&peering.requester_vpc_info, &peering.accepter_vpc_info]
                .map(|side| side.as_ref().and_then(|side| side.vpc_id.as_deref()));
            match sides {
                [Some(one), Some(other)] if one == vpc => Some(other),
                [Some(one), Some(other)] if other == vpc => Some(one),
                _ => None,
            }
        });
        let mut unseen = peerings.gap().is_some() || !peerings.items.is_empty();
        for vpc in std::iter::once(vpc).chain(peers) {
            match self.index.interface_by_private(vpc, address) {
                Lookup::Found(interface) => {
                    return match groups_of(interface) {
                        Ok(groups) => PeerGroups::Known(groups),
                        Err(_) => PeerGroups::Unknown,
                    };
                }
                Lookup::Absent => {}
                Lookup::Unseen(_) => unseen = true,
            }
        }
        if self.destination.is_public() && !self.may_be_private(vpc) {
            PeerGroups::Never
        } else if unseen {
            PeerGroups::Unknown
        } else {
            PeerGroups::Known(Vec::new())
        }
    }

    /// Whether the destination, of public space, may be a private address all the same: of this VPC or
    /// of one that is peered with it, since a VPC's CIDR may lie in public space.
    pub(super) fn may_be_private(&self, vpc: &str) -> bool {
        let tables = self.index.tables_of_vpc(vpc);
        tables.is_empty()
            || tables.iter().any(|table| {
                table.routes.as_ref().is_none_or(|routes| {
                    routes
                        .iter()
                        .filter(|route| {
                            matches!(
                                Target::of(route),
                                Target::Local | Target::VpcPeering(_) | Target::Unrecognised { .. }
                            )
                        })
                        .any(|route| {
                            route
                                .destination_cidr_block
                                .as_deref()
                                .and_then(|cidr| cidr.parse().ok())
                                .is_none_or(|net| {
                                    self.destination.relation(net) != Relation::Disjoint
                                })
                        })
                })
            })
    }

    /// Sends the packet on from one subnet: by its route table, or straight to a neighbour.
    pub(super) fn send(&mut self, sender: &Sender<'a>) {
        let was_certain = self.certain;
        if let Some(subnet) = sender.subnet.filter(|subnet| subnet_net(subnet).is_none()) {
            let gap = Gap::new(
                subnet.subnet_id.as_str(),
                "whether the destination is in this subnet was not seen: its IPv4 CIDR is missing",
                Unlock::IamAction("ec2:DescribeSubnets".into()),
            );
            self.doubt(gap, Code::CannotRoute, sender.leg);
            self.certain = false;
        }
        self.send_by_table(sender);
        self.certain = was_certain;
    }

    pub(super) fn send_by_table(&mut self, sender: &Sender<'a>) {
        if let (Some(address), Some(subnet)) = (self.destination.single(), sender.subnet)
            && subnet_net(subnet).is_some_and(|net| net.contains(&address))
        {
            self.deliver_in_vpc(sender, address);
            return;
        }
        let table = match &sender.table {
            Ok(table) => *table,
            Err(gap) => {
                self.doubt(gap.clone(), Code::NoRouteToDestination, sender.leg);
                self.leave(sender);
                return;
            }
        };
        let answer = look_up(self.index, table, &self.destination);
        let Some(chosen) = answer.chosen else {
            if answer.doubts.is_empty() {
                self.hop(
                    "route-table",
                    &table.route_table_id,
                    format!("✗ {} matches no route", self.destination),
                );
                self.stop(
                    Code::NoRouteToDestination,
                    sender.leg,
                    &table.route_table_id,
                    match sender.subnet {
                        Some(subnet) => format!(
                            "{} of {} has no route to {}",
                            table.route_table_id, subnet.subnet_id, self.destination
                        ),
                        None => {
                            format!("{} has no route to {}", table.route_table_id, self.destination)
                        }
                    },
                    Blame::Route {
                        table: table.route_table_id.clone(),
                        vpc: sender.vpc.to_owned(),
                        destination: None,
                        wanted: self.destination,
                    },
                );
            } else {
                self.doubts(answer.doubts, Code::NoRouteToDestination, sender.leg);
            }
            self.leave(sender);
            return;
        };
        let way = format!("{} → {}", chosen.destination(), chosen.target.name());
        let blackhole = chosen.route.state.as_deref() == Some("blackhole");
        self.hop(
            "route-table",
            &table.route_table_id,
            if blackhole { format!("✗ {way} is a blackhole") } else { way },
        );
        let was_certain = self.certain;
        if !answer.doubts.is_empty() {
            self.doubts(answer.doubts, Code::NoRouteToDestination, sender.leg);
            self.certain = false;
        }
        if blackhole {
            self.stop_at_route(
                Code::BadStateRoute,
                sender,
                table,
                &chosen,
                format!("the route {} is a blackhole: its target is gone", way_of(&chosen)),
            );
            self.leave(sender);
        } else {
            self.follow(sender, table, &chosen);
        }
        self.certain = was_certain;
    }
}

/// Whether a sender is a NAT gateway.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Nat {
    /// It isn't.
    No,
    /// A public one.
    Public,
    /// A private one.
    Private,
}

/// The way that answers should take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Back<'a> {
    Local,
    Peering(&'a str),
    Internet,
}

/// A subnet's IPv4 network.
pub(super) fn subnet_net(subnet: &Subnet) -> Option<Ipv4Net> {
    subnet.cidr_block.as_deref()?.parse().ok()
}

pub(super) fn way_of(chosen: &Chosen<'_>) -> String {
    format!("{} → {}", chosen.destination(), chosen.target.name())
}

/// Whether all of `addresses` lie in a subnet.
pub(super) fn within(subnet: &Subnet, addresses: &[Addresses]) -> bool {
    subnet_net(subnet).is_some_and(|net| {
        addresses.iter().all(|addresses| addresses.relation(net) == Relation::Covers)
    })
}

pub(super) fn list(rules: &[i64]) -> String {
    match rules {
        [] => "no rule".into(),
        [rule] => format!("rule {rule}"),
        several => format!(
            "rules {}",
            several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
    }
}

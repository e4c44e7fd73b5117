//! The walk from subnet to subnet.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{
    Blame, Doubt, Hop, Path, PathFinding, PublicAddress, Source, Stop,
    addresses::{Addresses, Ports, Relation},
    code::{Code, Leg},
    filter::{
        AclAnswer, GroupsAnswer, Peer, PeerGroups, ask_acl, ask_groups, direction, groups_of,
    },
    route::{Chosen, Target, look_up, table_of_subnet},
};
use crate::facts::{
    Assumption, Fact, Gap, Index, Lookup, Unlock,
    inventory::ec2::{RouteTable, Subnet, Vpc},
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
        path: Path {
            assumptions: source.assumptions.clone(),
            ..Path::default()
        },
        certain: true,
        ports: Ports::ephemeral(),
        possible_ports: Ports::ephemeral(),
        passed: Vec::new(),
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
    fn start(&mut self, source: &Source<'a>) {
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
            let gaps: Vec<Gap> = interface
                .unrecognised
                .gaps(&interface.network_interface_id)
                .collect();
            self.doubts(gaps, Code::CannotRoute, Leg::Seat);
        }
        self.hop_subnet(subnet);
        match self
            .index
            .vpc(&subnet.vpc_id)
            .or_gap(&subnet.vpc_id, "Vpcs")
        {
            Ok(vpc) => {
                self.unrecognised_of_vpc(vpc, Leg::Seat);
                let enforced = vpc.encryption_control.as_ref().is_some_and(|control| {
                    control
                        .mode
                        .as_deref()
                        .is_some_and(|mode| mode.eq_ignore_ascii_case("enforce"))
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
        self.doubts(
            more_addresses.iter().cloned().collect(),
            Code::CannotRoute,
            Leg::Seat,
        );
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

    pub(super) fn unrecognised_of_vpc(&mut self, vpc: &Vpc, leg: Leg) {
        let gaps = vpc.unrecognised.gaps(&vpc.vpc_id).collect();
        self.doubts(gaps, Code::CannotRoute, leg);
    }

    /// The seat's security groups, outbound.
    fn seat_groups(&mut self, source: &Source<'a>) {
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
    fn groups_of_address(&self, vpc: &str, address: Ipv4Addr) -> PeerGroups {
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
    fn may_be_private(&self, vpc: &str) -> bool {
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

    fn send_by_table(&mut self, sender: &Sender<'a>) {
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
                        None => format!(
                            "{} has no route to {}",
                            table.route_table_id, self.destination
                        ),
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
            if blackhole {
                format!("✗ {way} is a blackhole")
            } else {
                way
            },
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
                format!(
                    "the route {} is a blackhole: its target is gone",
                    way_of(&chosen)
                ),
            );
            self.leave(sender);
        } else {
            self.follow(sender, table, &chosen);
        }
        self.certain = was_certain;
    }

    /// A stop that a route is to blame for.
    pub(super) fn stop_at_route(
        &mut self,
        code: Code,
        sender: &Sender<'a>,
        table: &RouteTable,
        chosen: &Chosen<'_>,
        mut detail: String,
    ) {
        if let Some((prefix, target)) = &chosen.captures_from {
            detail = format!(
                "{detail}; it is more specific than {prefix} → {} and captures {}",
                target.name(),
                self.destination
            );
        }
        self.stop(
            code,
            sender.leg,
            &table.route_table_id,
            detail,
            Blame::Route {
                table: table.route_table_id.clone(),
                vpc: sender.vpc.to_owned(),
                destination: Some(
                    chosen
                        .route
                        .destination_cidr_block
                        .clone()
                        .or_else(|| chosen.route.destination_prefix_list_id.clone())
                        .unwrap_or_default(),
                ),
                wanted: self.destination,
            },
        );
    }

    /// The sender's own subnet lets the packet out and the answer in. What lies behind doesn't matter,
    /// so it is asked even when the way ends here.
    pub(super) fn leave(&mut self, sender: &Sender<'a>) {
        if let Some(subnet) = sender.subnet {
            self.cross(subnet, sender.leg, true, &[self.destination]);
        }
    }

    /// A subnet's network ACL, both directions: the connection's packets one way, the answers the
    /// other. `outbound` tells which way the connection's packets go. With several possible
    /// peers it must hold for all; when it holds for some, it can't be told.
    pub(super) fn cross(&mut self, subnet: &Subnet, leg: Leg, outbound: bool, peers: &[Addresses]) {
        let acl = match self.index.acl_of_subnet(&subnet.subnet_id) {
            Ok(acl) => acl,
            Err(gap) => {
                self.doubt(gap, Code::SubnetAclRestriction, leg);
                return;
            }
        };
        let mut words = Vec::new();
        for (egress, ports, answers) in [
            (outbound, (self.port, self.port), false),
            (!outbound, Ports::EPHEMERAL, true),
        ] {
            let asked: Vec<(&Addresses, AclAnswer)> = peers
                .iter()
                .map(|peer| (peer, ask_acl(acl, egress, peer, ports)))
                .collect();
            let way = if egress { "out" } else { "in" };
            let what = if answers {
                "answers to 1024–65535".into()
            } else {
                format!("tcp {}", ports.0)
            };
            let closed = |answer: &AclAnswer| answer.possible.is_empty();
            if let Some((peer, answer)) = asked.first()
                && asked.iter().all(|(_, answer)| closed(answer))
            {
                let rules = list(&answer.denying);
                words.push(format!("✗ {way}: {rules} denies {what}"));
                self.stop(
                    Code::SubnetAclRestriction,
                    leg,
                    &acl.network_acl_id,
                    format!(
                        "{} {rules} of {} denies {what} {} {peer} ({})",
                        direction(egress),
                        acl.network_acl_id,
                        if egress { "to" } else { "from" },
                        subnet.subnet_id
                    ),
                    Blame::Acl {
                        acl: acl.network_acl_id.clone(),
                        egress,
                        peer: **peer,
                        ports,
                    },
                );
                continue;
            }
            if let Some((peer, _)) = asked.iter().find(|(_, answer)| closed(answer)) {
                self.doubt(
                    Gap::new(
                        acl.network_acl_id.as_str(),
                        format!("it lets {what} pass for some of the addresses and not for {peer}"),
                        Unlock::Nothing,
                    ),
                    Code::SubnetAclRestriction,
                    leg,
                );
            }
            for (_, answer) in &asked {
                if answer.allowed.is_empty() {
                    self.doubts(answer.gaps.clone(), Code::SubnetAclRestriction, leg);
                }
            }
            if let Some((_, answer)) = asked.iter().find(|(_, answer)| !answer.allowed.is_empty()) {
                words.push(format!("{way}: {} allows {what}", list(&answer.allowing)));
            }
            if answers && !asked.is_empty() {
                self.narrow(&asked, leg, &acl.network_acl_id, way);
            }
        }
        self.hop("network-acl", &acl.network_acl_id, words.join("   "));
    }

    /// Answers come back to some ports only: it arrives for connections that happen to use them. What
    /// is open for one of several peers and not for another can't be told.
    fn narrow(&mut self, asked: &[(&Addresses, AclAnswer)], leg: Leg, acl: &str, way: &str) {
        let mut open = self.ports.clone();
        let mut possible = Vec::new();
        for (peer, answer) in asked {
            open = open.intersection(&answer.allowed);
            possible.push(self.possible_ports.intersection(&answer.possible));
            if answer.allowed.is_empty() || answer.allowed == Ports::ephemeral() {
                continue;
            }
            let finding = PathFinding {
                code: Code::SubnetAclRestriction,
                leg,
                at: acl.to_owned(),
                detail: format!(
                    "{way}: answers from or to {peer} pass to ports {} only; a connection that uses \
                     another port of 1024–65535 fails",
                    answer.allowed
                ),
            };
            if !self.path.findings.contains(&finding) {
                self.path.findings.push(finding);
            }
        }
        if possible.iter().all(Ports::is_empty) && !self.possible_ports.is_empty() {
            self.stop(
                Code::SubnetAclRestriction,
                leg,
                acl,
                format!(
                    "answers pass to ports {} on the way, and to none of them here: no port is open \
                     on all of it",
                    self.possible_ports
                ),
                Blame::Nothing,
            );
        } else if open.is_empty()
            && !self.ports.is_empty()
            && asked.iter().all(|(_, answer)| !answer.allowed.is_empty())
        {
            self.doubt(
                Gap::new(
                    acl,
                    "whether any port for answers is open on all of the way can't be told",
                    Unlock::Nothing,
                ),
                Code::SubnetAclRestriction,
                leg,
            );
        }
        self.ports = open;
        if possible.windows(2).all(|pair| pair[0] == pair[1]) {
            self.possible_ports = possible.pop().unwrap_or_default();
        }
    }

    /// Security groups, with hop and stop.
    pub(super) fn ask_groups(&mut self, groups: &[String], egress: bool, peer: &Peer, leg: Leg) {
        if groups.is_empty() {
            return;
        }
        match ask_groups(self.index, groups, egress, peer, self.port) {
            GroupsAnswer::Allowed { group, rule } => {
                self.hop(
                    "security-group",
                    &group,
                    format!("{}: {rule}", direction(egress)),
                );
            }
            GroupsAnswer::Unknown(gaps) => self.doubts(gaps, Code::EniSgRulesMismatch, leg),
            GroupsAnswer::Denied { any_rule } => {
                let ids = groups.join(", ");
                let (code, detail) = if any_rule {
                    (
                        Code::EniSgRulesMismatch,
                        format!(
                            "no {} rule of {ids} lets tcp {} {} {}",
                            direction(egress),
                            self.port,
                            if egress { "out to" } else { "in from" },
                            peer.addresses
                        ),
                    )
                } else {
                    (
                        Code::SgHasNoRules,
                        format!(
                            "{ids} {} no {} rule at all, so nothing {}",
                            if groups.len() == 1 { "has" } else { "have" },
                            direction(egress),
                            if egress { "leaves" } else { "enters" }
                        ),
                    )
                };
                self.hop("security-group", &groups[0], format!("✗ {detail}"));
                self.stop(
                    code,
                    leg,
                    &groups[0],
                    detail,
                    Blame::Groups {
                        groups: groups.to_vec(),
                        egress,
                        peer: peer.addresses,
                    },
                );
            }
        }
    }

    /// The way back to `to` from a route table: it must lead where the packet came from.
    pub(super) fn way_back(
        &mut self,
        table: &Result<&'a RouteTable, Gap>,
        vpc: &str,
        leg: Leg,
        to: &[Addresses],
        expected: &Back<'_>,
    ) {
        let table = match table {
            Ok(table) => *table,
            Err(gap) => {
                self.doubt(gap.clone(), Code::NoRouteToDestination, leg);
                return;
            }
        };
        for address in to {
            let answer = look_up(self.index, table, address);
            let blame = |destination: Option<String>| Blame::Route {
                table: table.route_table_id.clone(),
                vpc: vpc.to_owned(),
                destination,
                wanted: *address,
            };
            let certain = answer.doubts.is_empty();
            self.doubts(answer.doubts, Code::NoRouteToDestination, leg);
            let Some(chosen) = answer.chosen else {
                if certain {
                    self.stop(
                        Code::NoRouteToDestination,
                        leg,
                        &table.route_table_id,
                        format!("answers to {address} match no route"),
                        blame(None),
                    );
                }
                continue;
            };
            if !certain {
                continue;
            }
            let way = way_of(&chosen);
            let destination = Some(chosen.prefix.to_string());
            if chosen.route.state.as_deref() == Some("blackhole") {
                self.stop(
                    Code::BadStateRoute,
                    leg,
                    &table.route_table_id,
                    format!("answers to {address} take {way}, a blackhole"),
                    blame(destination),
                );
                continue;
            }
            match (&chosen.target, expected) {
                (Target::Local, Back::Local) | (Target::InternetGateway(_), Back::Internet) => {}
                (Target::VpcPeering(id), Back::Peering(peering)) if id == peering => {}
                (
                    Target::NatGateway(_)
                    | Target::InternetGateway(_)
                    | Target::VpcPeering(_)
                    | Target::EgressOnlyInternetGateway(_)
                    | Target::Local,
                    _,
                ) => self.stop(
                    Code::CannotRoute,
                    leg,
                    &table.route_table_id,
                    format!("answers to {address} take {way}, not the way that the packet came"),
                    blame(destination),
                ),
                _ => self.doubt(
                    Gap::new(
                        table.route_table_id.as_str(),
                        format!(
                            "answers to {address} take {way}, and what happens there can't be seen"
                        ),
                        Unlock::Nothing,
                    ),
                    Code::CannotRoute,
                    leg,
                ),
            }
        }
    }

    pub(super) fn hop(&mut self, kind: &str, id: &str, detail: String) {
        let hop = Hop {
            kind: kind.to_owned(),
            id: id.to_owned(),
            detail,
        };
        if self.path.hops.last() != Some(&hop) {
            self.path.hops.push(hop);
        }
    }

    pub(super) fn hop_subnet(&mut self, subnet: &Subnet) {
        let parts: Vec<&str> = [&subnet.cidr_block, &subnet.availability_zone]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        self.hop("subnet", &subnet.subnet_id, parts.join(", "));
        let gaps: Vec<Gap> = subnet.unrecognised.gaps(&subnet.subnet_id).collect();
        self.doubts(gaps, Code::CannotRoute, Leg::Seat);
    }

    /// Records a stop; while it isn't certain that the packet comes this way, a doubt.
    pub(super) fn stop(&mut self, code: Code, leg: Leg, at: &str, detail: String, blame: Blame) {
        if self.certain {
            let stop = Stop {
                code,
                leg,
                at: at.to_owned(),
                detail,
                blame,
            };
            if !self.path.stops.contains(&stop) {
                self.path.stops.push(stop);
            }
        } else {
            let reason = format!("if the packet comes this way, it is stopped: {detail}");
            self.doubt(Gap::new(at, reason, Unlock::Nothing), code, leg);
        }
    }

    /// While some of the sender's addresses weren't seen, what filters by them can't be told.
    pub(super) fn more_addresses(&mut self, sender: &Sender<'a>) {
        let gaps = sender.more_addresses.iter().cloned().collect();
        self.doubts(gaps, Code::CannotRoute, sender.leg);
    }

    pub(super) fn doubt(&mut self, gap: Gap, code: Code, leg: Leg) {
        let doubt = Doubt { gap, code, leg };
        if !self.path.doubts.contains(&doubt) {
            self.path.doubts.push(doubt);
        }
    }

    pub(super) fn doubts(&mut self, gaps: Vec<Gap>, code: Code, leg: Leg) {
        for gap in gaps {
            self.doubt(gap, code, leg);
        }
    }

    pub(super) fn assume(&mut self, assumption: Assumption) {
        if !self.path.assumptions.contains(&assumption) {
            self.path.assumptions.push(assumption);
        }
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
        addresses
            .iter()
            .all(|addresses| addresses.relation(net) == Relation::Covers)
    })
}

fn list(rules: &[i64]) -> String {
    match rules {
        [] => "no rule".into(),
        [rule] => format!("rule {rule}"),
        several => format!(
            "rules {}",
            several
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

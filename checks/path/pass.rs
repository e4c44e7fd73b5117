//! What a packet has to pass at a subnet: its network ACL, security groups, and the way back.

use super::{
    Blame, PathFinding,
    addresses::{Addresses, Ports},
    code::{Code, Leg},
    filter::{AclAnswer, GroupsAnswer, Peer, ask_acl, ask_groups, direction},
    route::{Target, look_up},
    walk::{Back, Sender, Walk, list, way_of},
};
use crate::facts::{
    Gap, Unlock,
    inventory::ec2::{RouteTable, Subnet},
};

impl<'a> Walk<'a, '_> {
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
        for (egress, ports, answers) in
            [(outbound, (self.port, self.port), false), (!outbound, Ports::EPHEMERAL, true)]
        {
            let asked: Vec<(&Addresses, AclAnswer)> =
                peers.iter().map(|peer| (peer, ask_acl(acl, egress, peer, ports))).collect();
            let way = if egress { "out" } else { "in" };
            let what =
                if answers { "answers to 1024–65535".into() } else { format!("tcp {}", ports.0) };
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
                    Blame::Acl { acl: acl.network_acl_id.clone(), egress, peer: **peer, ports },
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
    pub(super) fn narrow(
        &mut self,
        asked: &[(&Addresses, AclAnswer)],
        leg: Leg,
        acl: &str,
        way: &str,
    ) {
        let mut open = self.ports.clone();
        let mut possible = Vec::new();
        // One port in a hundred is closed, whatever the rule says: nearly every connection fails.
        let hardly = |answer: &AclAnswer| {
            !answer.possible.is_empty()
                && answer.possible.count() * 100 < Ports::ephemeral().count()
        };
        if let Some((peer, answer)) = asked.first()
            && asked.iter().all(|(_, answer)| hardly(answer))
        {
            self.stop(
                Code::SubnetAclRestriction,
                leg,
                acl,
                format!(
                    "{way}bound rules of {acl} let answers of {peer} pass to ports {} only, of \
                     1024–65535: nearly every connection fails",
                    answer.possible
                ),
                Blame::Acl {
                    acl: acl.to_owned(),
                    egress: way == "out",
                    peer: **peer,
                    ports: Ports::EPHEMERAL,
                },
            );
            return;
        }
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
                    "{} rules let answers {} {peer} pass to ports {} only; a connection that uses \
                     another port of 1024–65535 fails",
                    if way == "out" { "its outbound" } else { "its inbound" },
                    if way == "out" { "to" } else { "of" },
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

    /// Behind a translation the connection has another source port, any of them.
    pub(super) fn translated(&mut self) {
        self.ports = Ports::ephemeral();
        self.possible_ports = Ports::ephemeral();
    }

    /// Security groups, with hop and stop.
    pub(super) fn ask_groups(&mut self, groups: &[String], egress: bool, peer: &Peer, leg: Leg) {
        if groups.is_empty() {
            return;
        }
        match ask_groups(self.index, groups, egress, peer, self.port) {
            GroupsAnswer::Allowed { group, rule } => {
                self.hop("security-group", &group, format!("{}: {rule}", direction(egress)));
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
                    Blame::Groups { groups: groups.to_vec(), egress, peer: peer.addresses },
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
}

//! The far end: an interface that is in the facts filters and answers by its own rules.

use std::net::Ipv4Addr;

use super::{
    Blame,
    addresses::Addresses,
    code::{Code, Leg},
    filter::{GroupsAnswer, Peer, PeerGroups, ask_groups, groups_of},
    route::{Target, look_up, subnet_of_interface, table_of_subnet},
    walk::{Back, Sender, Walk, subnet_net},
};
use crate::facts::{
    Gap, Lookup, Unlock, defaults,
    inventory::ec2::{NetworkInterface, Subnet},
};

impl<'a> Walk<'a, '_> {
    /// The destination is one of the VPC's own addresses.
    pub(super) fn deliver_in_vpc(&mut self, sender: &Sender<'a>, address: Ipv4Addr) {
        let sources: Vec<Ipv4Addr> =
            sender.addresses.iter().filter_map(Addresses::single).collect();
        self.private_egress(sender, &sources);
        let neighbour = sender
            .subnet
            .is_some_and(|subnet| subnet_net(subnet).is_some_and(|net| net.contains(&address)));
        if !neighbour {
            self.leave(sender);
        }
        match self.index.interface_by_private(sender.vpc, address) {
            Lookup::Found(interface) => {
                let leg = match self.index.endpoint_of_interface(&interface.network_interface_id) {
                    Lookup::Found(_) => Leg::Endpoint,
                    _ if is_endpoint(interface) => Leg::Endpoint,
                    _ => Leg::Destination,
                };
                self.deliver(sender, interface, &sender.addresses, &Back::Local, leg);
            }
            Lookup::Absent => {
                self.path.complete = true;
                self.nobody(address, Leg::Destination);
            }
            Lookup::Unseen(gap) => self.doubt(gap, Code::AddressNotInUse, Leg::Destination),
        }
    }

    pub(super) fn nobody(&mut self, address: Ipv4Addr, leg: Leg) {
        self.stop(
            Code::AddressNotInUse,
            leg,
            &address.to_string(),
            format!("{address} belongs to no network interface of the VPC"),
            Blame::Nothing,
        );
    }

    /// The packet reaches an interface over a private way.
    pub(super) fn deliver(
        &mut self,
        sender: &Sender<'a>,
        interface: &'a NetworkInterface,
        sources: &[Addresses],
        back: &Back<'_>,
        leg: Leg,
    ) {
        self.path.complete = true;
        self.more_addresses(sender);
        let same_subnet = sender
            .subnet
            .is_some_and(|subnet| interface.subnet_id.as_deref() == Some(&subnet.subnet_id));
        let subnet = self.subnet_of(interface, leg);
        if let Some(subnet) = subnet.filter(|_| !same_subnet) {
            self.hop_subnet(subnet);
            self.cross(subnet, leg, false, sources);
        }
        self.answers(interface, leg);
        self.admits(interface, sources, &sender.groups, leg);
        if let Some(subnet) = subnet.filter(|_| !same_subnet) {
            let table = table_of_subnet(self.index, subnet);
            self.way_back(&table, &subnet.vpc_id, leg, sources, back);
        }
    }

    /// The packet comes from the internet to a public address that is in the facts.
    pub(super) fn deliver_from_internet(&mut self, interface: &'a NetworkInterface) {
        let leg = Leg::Destination;
        if interface.deny_all_igw_traffic == Some(true) {
            let id = interface.network_interface_id.as_str();
            self.stop(
                Code::CannotRoute,
                leg,
                id,
                format!("{id} is cut off from internet gateways"),
                Blame::Nothing,
            );
        }
        let sources: Vec<Addresses> =
            self.path.egress.addresses.iter().copied().map(Addresses::one).collect();
        if !self.path.egress.is_known() {
            self.doubt(
                Gap::new(
                    interface.network_interface_id.as_str(),
                    "whether it lets the packet in depends on an address that isn't known",
                    Unlock::Flag("--public-ip".into()),
                ),
                Code::EniSgRulesMismatch,
                leg,
            );
        }
        if sources.is_empty() {
            return;
        }
        if let Some(subnet) = self.subnet_of(interface, leg) {
            self.hop_subnet(subnet);
            self.cross(subnet, leg, false, &sources);
            let mode = self.block_public_access(subnet);
            self.blocked(&mode, &subnet.subnet_id, leg, false);
            let table = table_of_subnet(self.index, subnet);
            self.way_back(&table, &subnet.vpc_id, leg, &sources, &Back::Internet);
            if let Ok(table) = table
                && let Some(chosen) = look_up(self.index, table, &sources[0]).chosen
                && let Target::InternetGateway(id) = chosen.target
            {
                self.attached(&subnet.vpc_id, leg, id);
            }
        }
        self.answers(interface, leg);
        self.admits(interface, &sources, &PeerGroups::Never, leg);
    }

    fn subnet_of(&mut self, interface: &'a NetworkInterface, leg: Leg) -> Option<&'a Subnet> {
        match subnet_of_interface(self.index, interface) {
            Ok(subnet) => Some(subnet),
            Err(gap) => {
                self.doubt(gap, Code::SubnetAclRestriction, leg);
                None
            }
        }
    }

    /// Whether somebody answers behind an interface. Returns the instance that it is attached to.
    pub(super) fn answers(&mut self, interface: &'a NetworkInterface, leg: Leg) -> Option<&'a str> {
        let id = interface.network_interface_id.as_str();
        if leg != Leg::Nat {
            let gaps: Vec<Gap> = interface.unrecognised.gaps(id).collect();
            self.doubts(gaps, Code::BadState, leg);
        }
        if self.is_of_endpoint(interface, leg) {
            return None;
        }
        if leg != Leg::Nat {
            self.hop("network-interface", id, "the destination".into());
        }
        if interface.interface_type.is_none() {
            self.assume(defaults::INTERFACE_TYPE.assumed(id));
        }
        if interface.interface_type.as_deref() == Some("nat_gateway") {
            self.stop(
                Code::CannotRoute,
                leg,
                id,
                format!("{id} is a NAT gateway's, which takes no connections to itself"),
                Blame::Nothing,
            );
        }
        let attachment = interface.attachment.as_ref();
        let detached = interface.status.as_deref() == Some("available")
            || attachment.is_some_and(|attachment| {
                matches!(attachment.status.as_deref(), Some("detached" | "detaching"))
            });
        if detached {
            self.stop(
                Code::BadState,
                leg,
                id,
                format!("{id} is attached to nothing"),
                Blame::Nothing,
            );
            return None;
        }
        let instance = self.index.instance_of_interface(interface);
        if instance.is_none() && attachment.is_none() {
            self.doubt(
                Gap::new(
                    id,
                    "what it is attached to was not delivered",
                    Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
                ),
                Code::BadState,
                leg,
            );
        }
        let instance = instance?;
        match self.index.instance(instance).or_gap(instance, "Reservations") {
            Err(gap) => self.doubt(gap, Code::BadState, leg),
            Ok(found) => match found.state.as_ref().and_then(|state| state.name.as_deref()) {
                Some("running") => {}
                Some(state) => self.stop(
                    Code::BadState,
                    leg,
                    instance,
                    format!("{instance} is {state}"),
                    Blame::Nothing,
                ),
                None => self.doubt(
                    Gap::new(
                        instance,
                        "its state was not delivered",
                        Unlock::IamAction("ec2:DescribeInstances".into()),
                    ),
                    Code::BadState,
                    leg,
                ),
            },
        }
        Some(instance)
    }

    /// Whether an interface is part of a VPC endpoint, which must be available.
    fn is_of_endpoint(&mut self, interface: &NetworkInterface, leg: Leg) -> bool {
        let id = interface.network_interface_id.as_str();
        match self.index.endpoint_of_interface(id) {
            Lookup::Found(endpoint) => {
                let id = endpoint.vpc_endpoint_id.as_str();
                let state = endpoint.state.as_deref();
                self.hop("vpc-endpoint", id, state.unwrap_or("state not seen").to_owned());
                self.path.endpoints.push(id.to_owned());
                let gaps: Vec<Gap> = endpoint.unrecognised.gaps(id).collect();
                self.doubts(gaps, Code::BadState, leg);
                match state {
                    Some(state) if state.eq_ignore_ascii_case("available") => {}
                    // Some of its interfaces carry packets; which ones isn't said.
                    Some(state) if state.eq_ignore_ascii_case("partial") => self.doubt(
                        Gap::new(
                            id,
                            "it is available in part, and where wasn't seen",
                            Unlock::Nothing,
                        ),
                        Code::BadState,
                        leg,
                    ),
                    Some(state) => self.stop(
                        Code::BadState,
                        leg,
                        id,
                        format!("{id} is {state}, not available"),
                        Blame::Nothing,
                    ),
                    None => self.doubt(
                        Gap::new(
                            id,
                            "its state was not delivered",
                            Unlock::IamAction("ec2:DescribeVpcEndpoints".into()),
                        ),
                        Code::BadState,
                        leg,
                    ),
                }
                true
            }
            answer if is_endpoint(interface) => {
                let gap = answer.or_gap(&format!("the VPC endpoint of {id}"), "VpcEndpoints").err();
                self.doubts(gap.into_iter().collect(), Code::BadState, leg);
                true
            }
            _ => false,
        }
    }

    /// The interface's security groups, inbound. An empty list filters nothing.
    fn admits(
        &mut self,
        interface: &NetworkInterface,
        sources: &[Addresses],
        groups_of_source: &PeerGroups,
        leg: Leg,
    ) {
        let groups = match groups_of(interface) {
            Ok(groups) => groups,
            Err(gap) => return self.doubt(gap, Code::EniSgRulesMismatch, leg),
        };
        let peers: Vec<Peer> = sources
            .iter()
            .map(|addresses| Peer { addresses: *addresses, groups: groups_of_source.clone() })
            .collect();
        if groups.is_empty() {
            return;
        }
        let denied = peers
            .iter()
            .filter(|peer| {
                matches!(
                    ask_groups(self.index, &groups, false, peer, self.port),
                    GroupsAnswer::Denied { .. }
                )
            })
            .count();
        if denied > 0 && denied < peers.len() {
            self.doubt(
                Gap::new(
                    groups[0].as_str(),
                    "it lets in some of the addresses that the packet may come from, not all",
                    Unlock::Nothing,
                ),
                Code::EniSgRulesMismatch,
                leg,
            );
            return;
        }
        for peer in &peers {
            self.ask_groups(&groups, false, peer, leg);
        }
    }
}

fn is_endpoint(interface: &NetworkInterface) -> bool {
    interface.interface_type.as_deref() == Some("vpc_endpoint")
}

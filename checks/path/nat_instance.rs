//! NAT instances: an instance that forwards the packets of others.
//!
//! Rules: `aws-dms.md` §4.4 and §10.

use super::{
    Blame, PublicAddress,
    addresses::Addresses,
    code::{Code, Leg},
    filter::{Peer, PeerGroups, groups_of},
    route::{Chosen, subnet_of_interface, table_of_subnet},
    source::is_elastic,
    walk::{Back, Nat, Sender, Walk, way_of, within},
};
use crate::facts::{
    Assumption, Gap, Lookup, Unlock,
    inventory::ec2::{NetworkInterface, RouteTable},
};

impl<'a> Walk<'a, '_> {
    pub(super) fn primary_interface(&self, id: &str) -> Result<&'a NetworkInterface, Gap> {
        let instance = self.index.instance(id).or_gap(id, "Reservations")?;
        instance
            .network_interfaces
            .iter()
            .flatten()
            .min_by_key(|interface| {
                interface
                    .attachment
                    .as_ref()
                    .and_then(|attachment| attachment.device_index)
                    .unwrap_or(i64::MAX)
            })
            .map_or_else(
                || {
                    Err(Gap::new(
                        id,
                        "it has no network interface in what was delivered",
                        Unlock::IamAction("ec2:DescribeInstances".into()),
                    ))
                },
                |interface| {
                    let id = &interface.network_interface_id;
                    self.index.interface(id).or_gap(id, "NetworkInterfaces").or(Ok(interface))
                },
            )
    }

    /// An instance that forwards packets of others.
    pub(super) fn nat_instance(
        &mut self,
        sender: &Sender<'a>,
        table: &RouteTable,
        chosen: &Chosen<'_>,
        interface: &'a NetworkInterface,
    ) {
        let id = interface.network_interface_id.as_str();
        if self.passed.iter().any(|passed| passed == id) {
            self.stop_at_route(
                Code::NatRoutesToItself,
                sender,
                table,
                chosen,
                format!("{}: packets go round and never leave", way_of(chosen)),
            );
            return;
        }
        self.passed.push(id.to_owned());
        let subnet = subnet_of_interface(self.index, interface);
        let same_subnet = matches!((&subnet, sender.subnet), (Ok(mine), Some(theirs))
            if mine.subnet_id == theirs.subnet_id);
        if !same_subnet {
            self.leave(sender);
        }
        self.hop("network-interface", id, "forwards the packets of others".into());
        self.more_addresses(sender);
        let alone = self.forwards(interface);
        let groups = groups_of(interface).unwrap_or_else(|gap| {
            self.doubt(gap, Code::EniSgRulesMismatch, Leg::Nat);
            Vec::new()
        });
        for addresses in &sender.addresses {
            let peer = Peer { addresses: *addresses, groups: sender.groups.clone() };
            self.ask_groups(&groups, false, &peer, Leg::Nat);
        }
        let subnet = match subnet {
            Ok(subnet) => subnet,
            Err(gap) => return self.unseen_next_hop(sender, gap),
        };
        self.hop_subnet(subnet);
        if !same_subnet {
            self.cross(subnet, Leg::Nat, false, &sender.addresses);
        }
        if let Err(gap) = alone {
            self.egress_unknown(gap.clone());
            self.doubt(gap, Code::CannotRoute, Leg::Nat);
            return;
        }
        let table = table_of_subnet(self.index, subnet);
        if !within(subnet, &sender.addresses) && table.is_ok() {
            self.way_back(&table, sender.vpc, Leg::Nat, &sender.addresses, &Back::Local);
        }
        if let Some(subnet) = sender.subnet
            && self.destination.is_public()
            && self.block_public_access(subnet) == "block-bidirectional"
        {
            self.blocked_behind.push(subnet.subnet_id.clone());
        }
        let peer = self.peer_of_destination(sender.vpc);
        self.ask_groups(&groups, true, &peer, Leg::Nat);
        self.translated();
        let address =
            interface.private_ip_address.as_deref().and_then(|address| address.parse().ok());
        self.send(&Sender {
            leg: Leg::Nat,
            vpc: sender.vpc,
            subnet: Some(subnet),
            table,
            addresses: address.map(Addresses::one).into_iter().collect(),
            more_addresses: address.is_none().then(|| {
                Gap::new(
                    id,
                    "its private address was not delivered",
                    Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
                )
            }),
            groups: PeerGroups::Known(groups),
            elastic: is_elastic(interface),
            public: PublicAddress::of(self.index, interface),
            nat: Nat::No,
        });
    }

    /// Whether an interface forwards packets. The gap says why it may not be its instance's only one.
    pub(super) fn forwards(&mut self, interface: &'a NetworkInterface) -> Result<(), Gap> {
        let id = interface.network_interface_id.as_str();
        let gaps: Vec<Gap> = interface.unrecognised.gaps(id).collect();
        self.doubts(gaps, Code::BadState, Leg::Nat);
        match interface.source_dest_check {
            Some(false) => {}
            Some(true) => self.stop(
                Code::EniSourceDestCheckRestriction,
                Leg::Nat,
                id,
                format!("{id} drops the packets of others: its source/destination check is on"),
                Blame::SourceDestCheck { interface: id.to_owned() },
            ),
            None => self.doubt(
                Gap::new(
                    id,
                    "whether its source/destination check is off was not delivered",
                    Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
                ),
                Code::EniSourceDestCheckRestriction,
                Leg::Nat,
            ),
        }
        let attached = self.answers(interface, Leg::Nat);
        let Some(instance) = attached else {
            if interface.attachment.is_some() {
                self.doubt(
                    Gap::new(
                        id,
                        "it isn't an instance's: what it makes of packets can't be seen",
                        Unlock::Nothing,
                    ),
                    Code::CannotRoute,
                    Leg::Nat,
                );
            }
            return Ok(());
        };
        self.assume(Assumption::new(
            instance,
            "the instance forwards packets and translates their source to its own address",
            "its operating system can't be seen",
        ));
        self.only_interface(id, instance)
    }

    /// The gap says why an interface may not be its instance's only one.
    pub(super) fn only_interface(&self, id: &str, instance: &'a str) -> Result<(), Gap> {
        let list = &self.index.inventory.network_interfaces;
        let listed = list.items.iter().filter(|other| {
            other.network_interface_id != id
                && self.index.instance_of_interface(other) == Some(instance)
        });
        let of_instance = match self.index.instance(instance) {
            Lookup::Found(found) => found.network_interfaces.as_deref(),
            _ => None,
        };
        let others = listed
            .chain(of_instance.into_iter().flatten())
            .any(|other| other.network_interface_id != id);
        if others {
            return Err(Gap::new(
                id,
                "the instance has several interfaces: by which one packets leave, and with which \
                 address, can't be seen",
                Unlock::Flag("--test-connection".into()),
            ));
        }
        match list.gap() {
            Some(gap) if of_instance.is_none() => Err(Gap::new(
                instance,
                format!("whether it has further interfaces was not seen: {gap}"),
                gap.unlock.clone(),
            )),
            _ => Ok(()),
        }
    }
}

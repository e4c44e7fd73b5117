//! VPC peering: between two VPCs' own addresses, and no further.
//!
//! Rules: `aws-dms.md` §4.9.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{
    Blame,
    addresses::{Addresses, Relation},
    code::{Code, Leg},
    walk::{Back, Sender, Walk},
};
use crate::facts::{
    Assumption, Gap, Lookup, Unlock,
    inventory::ec2::{VpcPeeringConnection, VpcPeeringConnectionVpcInfo},
};

impl<'a> Walk<'a, '_> {
    pub(super) fn peering(&mut self, sender: &Sender<'a>, id: &'a str) {
        self.leave(sender);
        self.path.peerings.push(id.to_owned());
        let peering = match self.index.peering(id).or_gap(id, "VpcPeeringConnections") {
            Ok(peering) => peering,
            Err(gap) => {
                self.egress_unknown(gap.clone());
                return self.doubt(gap, Code::PcxNotActive, Leg::Peer);
            }
        };
        let gaps: Vec<Gap> = peering.unrecognised.gaps(id).collect();
        self.doubts(gaps, Code::PcxNotActive, Leg::Peer);
        let code = peering.status.as_ref().and_then(|status| status.code.as_deref());
        self.hop("vpc-peering-connection", id, code.unwrap_or("status not seen").to_owned());
        match code {
            Some("active") => {}
            Some(code) => {
                self.stop(
                    Code::PcxNotActive,
                    Leg::Peer,
                    id,
                    format!("{id} is {code}, not active"),
                    Blame::Nothing,
                );
                // The packet is dropped here, so nothing lies behind.
                self.path.complete |= self.certain;
                return;
            }
            None => self.doubt(
                Gap::new(
                    id,
                    "its status was not delivered",
                    Unlock::IamAction("ec2:DescribeVpcPeeringConnections".into()),
                ),
                Code::PcxNotActive,
                Leg::Peer,
            ),
        }
        let Some(peer) = self.other_side(peering, sender.vpc) else {
            return;
        };
        self.in_peer(sender, peering, peer);
    }

    /// The side of a peering connection that isn't ours.
    pub(super) fn other_side(
        &mut self,
        peering: &'a VpcPeeringConnection,
        vpc: &str,
    ) -> Option<&'a VpcPeeringConnectionVpcInfo> {
        let id = peering.vpc_peering_connection_id.as_str();
        let (Some(requester), Some(accepter)) =
            (&peering.requester_vpc_info, &peering.accepter_vpc_info)
        else {
            self.doubt(
                Gap::new(
                    id,
                    "its two sides were not delivered",
                    Unlock::IamAction("ec2:DescribeVpcPeeringConnections".into()),
                ),
                Code::PcxRequiresAddressInVpcCidr,
                Leg::Peer,
            );
            return None;
        };
        match (requester.vpc_id.as_deref(), accepter.vpc_id.as_deref()) {
            (Some(ours), Some(_)) if ours == vpc => Some(accepter),
            (Some(_), Some(ours)) if ours == vpc => Some(requester),
            (Some(_), Some(_)) => {
                self.stop(
                    Code::PcxRequiresAddressInVpcCidr,
                    Leg::Peer,
                    id,
                    format!("{id} doesn't join {vpc} to anything"),
                    Blame::Nothing,
                );
                None
            }
            _ => {
                self.doubt(
                    Gap::new(
                        id,
                        "the VPCs that it joins were not delivered",
                        Unlock::IamAction("ec2:DescribeVpcPeeringConnections".into()),
                    ),
                    Code::PcxRequiresAddressInVpcCidr,
                    Leg::Peer,
                );
                None
            }
        }
    }

    /// The packet is in the peer's VPC, if the destination is one of its addresses.
    pub(super) fn in_peer(
        &mut self,
        sender: &Sender<'a>,
        peering: &'a VpcPeeringConnection,
        peer: &'a VpcPeeringConnectionVpcInfo,
    ) {
        let id = peering.vpc_peering_connection_id.as_str();
        let set = peer.cidr_block_set.as_deref().unwrap_or_default();
        let mut cidrs: Vec<Ipv4Net> = peer
            .cidr_block
            .iter()
            .chain(set.iter().filter_map(|block| block.cidr_block.as_ref()))
            .filter_map(|cidr| cidr.parse().ok())
            .collect();
        cidrs.sort_unstable();
        cidrs.dedup();
        // The set holds all of them; without it there may be more than the primary one.
        let all_seen = !set.is_empty() && set.iter().all(|block| block.cidr_block.is_some());
        let relations: Vec<Relation> =
            cidrs.iter().map(|cidr| self.destination.relation(*cidr)).collect();
        if !relations.contains(&Relation::Covers) {
            if !all_seen || relations.contains(&Relation::Splits) {
                self.doubt(
                    Gap::new(
                        id,
                        format!(
                            "whether {} is an address of the other side was not seen",
                            self.destination
                        ),
                        Unlock::IamAction("ec2:DescribeVpcPeeringConnections".into()),
                    ),
                    Code::PcxRequiresAddressInVpcCidr,
                    Leg::Peer,
                );
            } else {
                self.path.complete |= self.certain;
                self.stop(
                    Code::PcxRequiresAddressInVpcCidr,
                    Leg::Peer,
                    id,
                    format!(
                        "{} isn't an address of the other side ({}), and peering leads no further",
                        self.destination,
                        cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                    ),
                    Blame::Nothing,
                );
            }
            return;
        }
        let sources: Vec<Ipv4Addr> =
            sender.addresses.iter().filter_map(Addresses::single).collect();
        self.path.complete = true;
        self.private_egress(sender, &sources);
        let (Some(vpc), Some(address)) = (peer.vpc_id.as_deref(), self.destination.single()) else {
            let gap = Gap::new(
                id,
                format!("which of {} it is can't be told", self.destination),
                Unlock::Flag("--tidb-address".into()),
            );
            return self.doubt(gap, Code::AddressNotInUse, Leg::Peer);
        };
        if let Lookup::Found(vpc) = self.index.vpc(vpc) {
            self.unrecognised_of_vpc(vpc, Leg::Peer);
        }
        match self.index.vpc(vpc) {
            Lookup::Found(_) => match self.index.interface_by_private(vpc, address) {
                Lookup::Found(interface) => {
                    self.deliver(
                        sender,
                        interface,
                        &sender.addresses,
                        &Back::Peering(id),
                        Leg::Peer,
                    );
                }
                Lookup::Absent => self.nobody(address, Leg::Peer),
                Lookup::Unseen(gap) => self.doubt(gap, Code::AddressNotInUse, Leg::Peer),
            },
            Lookup::Absent => self.assume(Assumption::new(
                vpc,
                "the other side routes answers back and lets the packets in",
                "its account isn't in the facts",
            )),
            Lookup::Unseen(gap) => self.doubt(gap, Code::NoRouteToDestination, Leg::Peer),
        }
    }

    /// Nothing translates on a private way: the other side sees the private address.
    pub(super) fn private_egress(&mut self, sender: &Sender<'a>, sources: &[Ipv4Addr]) {
        if sources.len() == sender.addresses.len() && sender.more_addresses.is_none() {
            self.egress_known(sources, false);
        } else {
            self.egress_unknown(Gap::new(
                sender.subnet.map_or(sender.vpc, |subnet| &subnet.subnet_id),
                "the private address that the packet leaves from isn't known before it is given one",
                Unlock::Nothing,
            ));
        }
    }
}

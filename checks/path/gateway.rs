//! What the target of a route makes of a packet.
//!
//! Rules: `aws-dms.md` §4.4 (targets), §4.5 (NAT), §4.8 (Block Public Access), §4.9 (peering).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{
    Blame, PublicAddress,
    addresses::{Addresses, Ports, Relation},
    code::{Code, Leg},
    filter::{Peer, PeerGroups, groups_of},
    firewall::inspection,
    route::{Chosen, Target, table_of_subnet},
    source::is_elastic,
    walk::{Back, Nat, Sender, Walk, way_of, within},
};
use crate::facts::{
    Assumption, Gap, Lookup, Unlock, defaults,
    inventory::ec2::{
        NatGateway, NetworkInterface, RouteTable, Subnet, VpcPeeringConnection,
        VpcPeeringConnectionVpcInfo,
    },
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
                self.hop(
                    "egress-only-internet-gateway",
                    id,
                    "✗ carries IPv6 only".into(),
                );
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
                self.hop(
                    "transit-gateway",
                    id,
                    "its route tables aren't judged".into(),
                );
                self.beyond(sender, table, chosen, "at the transit gateway");
            }
            Target::VirtualPrivateGateway(id) => {
                self.hop("vpn-gateway", id, "leads on-premises".into());
                self.beyond(sender, table, chosen, "behind the virtual private gateway");
            }
            Target::VpcEndpoint(id) => {
                self.hop(
                    "vpc-endpoint",
                    id,
                    "a gateway or firewall endpoint as next hop".into(),
                );
                self.beyond(sender, table, chosen, "at the endpoint");
            }
            Target::Foreign { kind, id } => {
                self.hop(
                    &kind.to_lowercase().replace(' ', "-"),
                    id,
                    "isn't judged".into(),
                );
                self.beyond(sender, table, chosen, &format!("at the {kind}"));
            }
            Target::Unrecognised { .. } => {
                self.beyond(
                    sender,
                    table,
                    chosen,
                    "at a target that this version doesn't know",
                );
            }
        }
    }

    /// The way goes on where the facts don't reach.
    fn beyond(
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
            Unlock::Vantage("a subnet of the replication".into()),
        );
        self.egress_unknown(gap.clone());
        self.doubt(gap, Code::CannotRoute, sender.leg);
        self.leave(sender);
    }

    fn unseen_next_hop(&mut self, sender: &Sender<'a>, gap: Gap) {
        self.egress_unknown(gap.clone());
        self.doubt(gap, Code::BadState, Leg::Nat);
        self.leave(sender);
    }

    fn egress_unknown(&mut self, gap: Gap) {
        self.path.egress.addresses.clear();
        self.path.egress.elastic.clear();
        self.path.egress.gaps = vec![gap];
    }

    /// The address that the other side sees is known.
    pub(super) fn egress_known(&mut self, addresses: &[Ipv4Addr], elastic: bool) {
        let egress = &mut self.path.egress;
        egress.gaps.clear();
        egress.addresses = addresses.iter().copied().collect();
        egress.elastic = if elastic {
            egress.addresses.clone()
        } else {
            std::collections::BTreeSet::new()
        };
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

    fn internet_gateway(
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
                Blame::Nothing,
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
                        format!(
                            "not all of their network interfaces were seen: {}",
                            gap.reason
                        ),
                    ));
                }
            }
            Lookup::Unseen(gap) => self.doubt(gap, Code::AddressNotInUse, Leg::Destination),
        }
    }

    /// The internet gateway must be attached to the VPC whose route names it.
    pub(super) fn attached(&mut self, vpc: &str, leg: Leg, id: &str) {
        let gateway = match self
            .index
            .internet_gateway(id)
            .or_gap(id, "InternetGateways")
        {
            Ok(gateway) => gateway,
            Err(gap) => return self.doubt(gap, Code::IgwNotAttached, leg),
        };
        let attachments = gateway.attachments.as_ref().filter(|attachments| {
            attachments
                .iter()
                .all(|attachment| attachment.vpc_id.is_some())
        });
        let Some(attachments) = attachments else {
            let gap = Gap::new(
                id,
                "its attachments were not delivered",
                Unlock::IamAction("ec2:DescribeInternetGateways".into()),
            );
            return self.doubt(gap, Code::IgwNotAttached, leg);
        };
        let here = attachments
            .iter()
            .find(|attachment| attachment.vpc_id.as_deref() == Some(vpc));
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
                let elsewhere = attachments
                    .iter()
                    .find_map(|attachment| attachment.vpc_id.as_deref());
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
    fn block_at_gateway(&mut self, sender: &Sender<'a>) {
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
                    Unlock::Vantage("a subnet of the replication".into()),
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

    fn block_public_access_of_vpc(&mut self, vpc: &str) -> String {
        let states = match self.index.vpc(vpc) {
            Lookup::Found(found) => found.block_public_access_states.as_ref(),
            _ => None,
        };
        states
            .and_then(|states| states.internet_gateway_block_mode.clone())
            .unwrap_or_else(|| {
                self.assume(defaults::BLOCK_PUBLIC_ACCESS.assumed(vpc));
                defaults::BLOCK_PUBLIC_ACCESS.value.to_owned()
            })
    }

    /// An internet gateway carries packets of interfaces with a public address.
    fn own_public_address(&mut self, sender: &Sender<'a>, id: &str) {
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
                self.doubt(
                    gap.clone(),
                    Code::IgwPublicIpAssociationForEgress,
                    sender.leg,
                );
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

    fn nat_gateway(
        &mut self,
        sender: &Sender<'a>,
        table: &'a RouteTable,
        chosen: &Chosen<'_>,
        id: &str,
    ) {
        if self.passed.iter().any(|passed| passed == id) {
            self.hop("nat-gateway", id, "✗ for the second time".into());
            self.stop_at_route(
                Code::NatRoutesToItself,
                sender,
                table,
                chosen,
                format!(
                    "{}: packets go round and never reach an internet gateway",
                    way_of(chosen)
                ),
            );
            return;
        }
        self.passed.push(id.to_owned());
        self.path.nat_gateways.push(id.to_owned());
        let nat = match self.index.nat_gateway(id).or_gap(id, "NatGateways") {
            Ok(nat) => nat,
            Err(gap) => return self.unseen_next_hop(sender, gap),
        };
        self.more_addresses(sender);
        let mode = self.nat_mode(nat);
        let (public, more_public) = self.nat_addresses(nat, |address| address.public_ip.as_deref());
        let (private, more_private) =
            self.nat_addresses(nat, |address| address.private_ip.as_deref());
        let regional = nat.availability_mode.as_deref() == Some("regional")
            || (nat.subnet_id.is_none() && nat.route_table_id.is_some());
        let subnet = nat.subnet_id.as_deref().filter(|_| !regional);
        let subnet = match (regional, subnet) {
            (true, _) => Ok(None),
            (false, Some(subnet)) => self
                .index
                .subnet(subnet)
                .or_gap(subnet, "Subnets")
                .map(Some),
            (false, None) => Err(Gap::new(
                id,
                "the subnet that it sits in was not delivered",
                Unlock::IamAction("ec2:DescribeNatGateways".into()),
            )),
        };
        let same_subnet = matches!((&subnet, sender.subnet), (Ok(Some(mine)), Some(theirs))
            if mine.subnet_id == theirs.subnet_id);
        if !same_subnet {
            self.leave(sender);
        }
        self.hop(
            "nat-gateway",
            id,
            [
                if mode == Nat::Private {
                    "private"
                } else {
                    "public"
                },
                nat.state.as_deref().unwrap_or("state not seen"),
                &join(if mode == Nat::Private {
                    &private
                } else {
                    &public
                }),
                &nat.subnet_id
                    .as_deref()
                    .map_or_else(|| "regional".to_owned(), |subnet| format!("in {subnet}")),
            ]
            .join(", "),
        );
        self.nat_state(nat, sender);
        if self.destination.is_public() && mode == Nat::Public {
            self.nat_egress(nat, &public, more_public);
        }
        if let Some(subnet) = sender.subnet
            && self.block_public_access(subnet) == "block-bidirectional"
            && self.destination.is_public()
        {
            self.blocked_behind.push(subnet.subnet_id.clone());
        }
        let subnet = match subnet {
            Ok(subnet) => subnet,
            Err(gap) => return self.doubt(gap, Code::NoRouteToDestination, Leg::Nat),
        };
        let table = match (subnet, nat.route_table_id.as_deref()) {
            (Some(subnet), _) => {
                self.hop_subnet(subnet);
                table_of_subnet(self.index, subnet)
            }
            (None, Some(id)) => self.index.route_table(id).or_gap(id, "RouteTables"),
            (None, None) => Err(Gap::new(
                id,
                "the route table of the regional NAT gateway was not delivered",
                Unlock::IamAction("ec2:DescribeNatGateways".into()),
            )),
        };
        if let Some(subnet) = subnet.filter(|_| !same_subnet) {
            self.cross(subnet, Leg::Nat, false, &sender.addresses);
        }
        let neighbours = subnet.is_some_and(|subnet| within(subnet, &sender.addresses));
        if !neighbours && table.is_ok() {
            self.way_back(
                &table,
                sender.vpc,
                Leg::Nat,
                &sender.addresses,
                &Back::Local,
            );
        }
        self.ports = Ports::ephemeral();
        self.send(&Sender {
            leg: Leg::Nat,
            vpc: sender.vpc,
            subnet,
            table,
            addresses: private.into_iter().map(Addresses::one).collect(),
            more_addresses: more_private,
            groups: PeerGroups::Known(Vec::new()),
            public: PublicAddress::Known(public),
            elastic: true,
            nat: mode,
        });
    }

    fn nat_mode(&mut self, nat: &NatGateway) -> Nat {
        match nat.connectivity_type.as_deref() {
            Some("private") => Nat::Private,
            Some(_) => Nat::Public,
            None => {
                self.assume(defaults::NAT_CONNECTIVITY.assumed(&nat.nat_gateway_id));
                Nat::Public
            }
        }
    }

    /// The addresses of a NAT gateway that are in use, and why those aren't all.
    fn nat_addresses(
        &mut self,
        nat: &NatGateway,
        field: impl Fn(&crate::facts::inventory::ec2::NatGatewayAddress) -> Option<&str>,
    ) -> (Vec<Ipv4Addr>, Option<Gap>) {
        let mut addresses = Vec::new();
        let mut missing = 0;
        for address in nat.nat_gateway_addresses.iter().flatten() {
            if !matches!(address.status.as_deref(), Some("succeeded") | None) {
                continue;
            }
            let text = field(address);
            let Some(parsed) = text.and_then(|text| text.parse().ok()) else {
                missing += 1;
                continue;
            };
            if address.status.is_none() {
                self.assume(defaults::NAT_ADDRESS_STATUS.assumed(text.unwrap_or_default()));
            }
            addresses.push(parsed);
        }
        let more = (missing > 0 || addresses.is_empty()).then(|| {
            Gap::new(
                nat.nat_gateway_id.as_str(),
                if addresses.is_empty() {
                    "no address of it is in use in what was delivered"
                } else {
                    "not all of its addresses were delivered"
                },
                Unlock::IamAction("ec2:DescribeNatGateways".into()),
            )
        });
        (addresses, more)
    }

    fn nat_state(&mut self, nat: &NatGateway, sender: &Sender<'a>) {
        let id = nat.nat_gateway_id.as_str();
        let gaps: Vec<Gap> = nat.unrecognised.gaps(id).collect();
        self.doubts(gaps, Code::BadState, Leg::Nat);
        for appliance in nat.attached_appliances.iter().flatten() {
            if appliance.attachment_state.as_deref() == Some("detached") {
                continue;
            }
            self.doubt(
                Gap::new(
                    appliance.appliance_arn.as_deref().unwrap_or(id),
                    format!("an appliance attached to {id} may filter its packets"),
                    Unlock::Nothing,
                ),
                Code::CannotRoute,
                Leg::Nat,
            );
        }
        let subnet = nat.subnet_id.as_deref().unwrap_or_default();
        let vpc = nat.vpc_id.as_deref().or(match self.index.subnet(subnet) {
            Lookup::Found(subnet) => Some(subnet.vpc_id.as_str()),
            _ => None,
        });
        if vpc.is_none() {
            self.doubt(
                Gap::new(
                    id,
                    "the VPC that it serves was not delivered",
                    Unlock::IamAction("ec2:DescribeNatGateways".into()),
                ),
                Code::NgwRequiresSourceInVpc,
                Leg::Nat,
            );
        }
        if vpc.is_some_and(|vpc| vpc != sender.vpc) {
            self.stop(
                Code::NgwRequiresSourceInVpc,
                Leg::Nat,
                id,
                format!("{id} is in another VPC than the packets"),
                Blame::Nothing,
            );
        }
        match nat.state.as_deref() {
            Some("available") => {}
            None => self.doubt(
                Gap::new(
                    id,
                    "its state was not delivered",
                    Unlock::IamAction("ec2:DescribeNatGateways".into()),
                ),
                Code::BadState,
                Leg::Nat,
            ),
            Some("deleting") => self.doubt(
                Gap::new(
                    id,
                    "it is being deleted and may still carry packets",
                    Unlock::Nothing,
                ),
                Code::BadState,
                Leg::Nat,
            ),
            Some(state) => {
                let why = [nat.failure_code.as_deref(), nat.failure_message.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(": ");
                let why = if why.is_empty() {
                    why
                } else {
                    format!(" ({why})")
                };
                self.stop(
                    Code::BadState,
                    Leg::Nat,
                    id,
                    format!("{id} is {state}{why}"),
                    Blame::Nothing,
                );
            }
        }
    }

    fn nat_egress(&mut self, nat: &NatGateway, public: &[Ipv4Addr], more: Option<Gap>) {
        let id = nat.nat_gateway_id.as_str();
        self.egress_known(public, true);
        self.path.egress.gaps.extend(more);
        let enabled = |setting: &Option<String>| setting.as_deref() == Some("enabled");
        if enabled(&nat.auto_scaling_ips) || enabled(&nat.auto_provision_zones) {
            self.path.egress.unstable.push(format!(
                "{id} is a regional NAT gateway to which AWS adds addresses by itself"
            ));
        }
        for address in nat.nat_gateway_addresses.iter().flatten() {
            if let (Some("associating" | "assigning"), Some(public)) =
                (address.status.as_deref(), address.public_ip.as_deref())
            {
                self.path
                    .egress
                    .unstable
                    .push(format!("{public} is being added to {id}"));
            }
        }
    }

    fn primary_interface(&self, id: &str) -> Result<&'a NetworkInterface, Gap> {
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
                    self.index
                        .interface(id)
                        .or_gap(id, "NetworkInterfaces")
                        .or(Ok(interface))
                },
            )
    }

    /// An instance that forwards packets of others.
    fn nat_instance(
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
        let subnet = interface.subnet_id.as_deref().map_or_else(
            || {
                Err(Gap::new(
                    id,
                    "its subnet was not delivered",
                    Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
                ))
            },
            |subnet| self.index.subnet(subnet).or_gap(subnet, "Subnets"),
        );
        let same_subnet = matches!((&subnet, sender.subnet), (Ok(mine), Some(theirs))
            if mine.subnet_id == theirs.subnet_id);
        if !same_subnet {
            self.leave(sender);
        }
        self.hop(
            "network-interface",
            id,
            "forwards the packets of others".into(),
        );
        self.more_addresses(sender);
        let alone = self.forwards(interface);
        let groups = groups_of(interface).unwrap_or_else(|gap| {
            self.doubt(gap, Code::EniSgRulesMismatch, Leg::Nat);
            Vec::new()
        });
        for addresses in &sender.addresses {
            let peer = Peer {
                addresses: *addresses,
                groups: sender.groups.clone(),
            };
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
            self.way_back(
                &table,
                sender.vpc,
                Leg::Nat,
                &sender.addresses,
                &Back::Local,
            );
        }
        if let Some(subnet) = sender.subnet
            && self.destination.is_public()
            && self.block_public_access(subnet) == "block-bidirectional"
        {
            self.blocked_behind.push(subnet.subnet_id.clone());
        }
        let peer = self.peer_of_destination(sender.vpc);
        self.ask_groups(&groups, true, &peer, Leg::Nat);
        self.ports = Ports::ephemeral();
        let address = interface
            .private_ip_address
            .as_deref()
            .and_then(|address| address.parse().ok());
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
    fn forwards(&mut self, interface: &'a NetworkInterface) -> Result<(), Gap> {
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
                Blame::SourceDestCheck {
                    interface: id.to_owned(),
                },
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
    fn only_interface(&self, id: &str, instance: &'a str) -> Result<(), Gap> {
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
                Unlock::Vantage("a subnet of the replication".into()),
            ));
        }
        match list.gap() {
            Some(gap) if of_instance.is_none() => Err(Gap::new(
                instance,
                format!(
                    "whether it has further interfaces was not seen: {} {}",
                    gap.about, gap.reason
                ),
                gap.unlock.clone(),
            )),
            _ => Ok(()),
        }
    }

    fn peering(&mut self, sender: &Sender<'a>, id: &'a str) {
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
        let code = peering
            .status
            .as_ref()
            .and_then(|status| status.code.as_deref());
        self.hop(
            "vpc-peering-connection",
            id,
            code.unwrap_or("status not seen").to_owned(),
        );
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
    fn other_side(
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
    fn in_peer(
        &mut self,
        sender: &Sender<'a>,
        peering: &'a VpcPeeringConnection,
        peer: &'a VpcPeeringConnectionVpcInfo,
    ) {
        let id = peering.vpc_peering_connection_id.as_str();
        let set = peer.cidr_block_set.as_deref().unwrap_or_default();
        let cidrs: Vec<Ipv4Net> = peer
            .cidr_block
            .iter()
            .chain(set.iter().filter_map(|block| block.cidr_block.as_ref()))
            .filter_map(|cidr| cidr.parse().ok())
            .collect();
        // The set holds all of them; without it there may be more than the primary one.
        let all_seen = !set.is_empty() && set.iter().all(|block| block.cidr_block.is_some());
        let relations: Vec<Relation> = cidrs
            .iter()
            .map(|cidr| self.destination.relation(*cidr))
            .collect();
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
                self.stop(
                    Code::PcxRequiresAddressInVpcCidr,
                    Leg::Peer,
                    id,
                    format!(
                        "{} isn't an address of the other side ({}), and peering leads no further",
                        self.destination,
                        cidrs
                            .iter()
                            .map(ToString::to_string)
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                    Blame::Nothing,
                );
            }
            return;
        }
        let sources: Vec<Ipv4Addr> = sender
            .addresses
            .iter()
            .filter_map(Addresses::single)
            .collect();
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

fn join(addresses: &[Ipv4Addr]) -> String {
    if addresses.is_empty() {
        return "no address in use".into();
    }
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

//! NAT gateways, zonal and regional.
//!
//! Rules: `aws-dms.md` §4.5.

use std::net::Ipv4Addr;

use super::{
    Blame, PublicAddress,
    addresses::Addresses,
    code::{Code, Leg},
    filter::PeerGroups,
    gateway::join,
    route::{Chosen, table_of_subnet},
    walk::{Back, Nat, Sender, Walk, way_of, within},
};
use crate::facts::{
    Gap, Lookup, Unlock, defaults,
    inventory::ec2::{NatGateway, RouteTable, Subnet},
};

impl<'a> Walk<'a, '_> {
    pub(super) fn nat_gateway(
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
                format!("{}: packets go round and never reach an internet gateway", way_of(chosen)),
            );
            return;
        }
        self.passed.push(id.to_owned());
        self.nat_route = self.blame_route(sender, table, chosen);
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
        let subnet = self.subnet_of_nat(nat, regional);
        let same_subnet = matches!((&subnet, sender.subnet), (Ok(Some(mine)), Some(theirs))
            if mine.subnet_id == theirs.subnet_id);
        if !same_subnet {
            self.leave(sender);
        }
        self.hop(
            "nat-gateway",
            id,
            [
                if mode == Nat::Private { "private" } else { "public" },
                nat.state.as_deref().unwrap_or("state not seen"),
                &join(if mode == Nat::Private { &private } else { &public }),
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
        let table = self.table_of_nat(nat, subnet);
        if let Some(subnet) = subnet.filter(|_| !same_subnet) {
            self.cross(subnet, Leg::Nat, false, &sender.addresses);
        }
        let neighbours = subnet.is_some_and(|subnet| within(subnet, &sender.addresses));
        if !neighbours && table.is_ok() {
            self.way_back(&table, sender.vpc, Leg::Nat, &sender.addresses, &Back::Local);
        }
        self.translated();
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

    /// The subnet of a NAT gateway; a regional one sits in none.
    fn subnet_of_nat(&self, nat: &NatGateway, regional: bool) -> Result<Option<&'a Subnet>, Gap> {
        if regional {
            return Ok(None);
        }
        match nat.subnet_id.as_deref() {
            Some(subnet) => self.index.subnet(subnet).or_gap(subnet, "Subnets").map(Some),
            None => Err(Gap::new(
                nat.nat_gateway_id.as_str(),
                "the subnet that it sits in was not delivered",
                Unlock::IamAction("ec2:DescribeNatGateways".into()),
            )),
        }
    }

    /// The table by which a NAT gateway sends on: its subnet's, or its own where it is regional.
    fn table_of_nat(
        &mut self,
        nat: &NatGateway,
        subnet: Option<&'a Subnet>,
    ) -> Result<&'a RouteTable, Gap> {
        if let Some(subnet) = subnet {
            self.hop_subnet(subnet);
            return table_of_subnet(self.index, subnet);
        }
        match nat.route_table_id.as_deref() {
            Some(id) => self.index.route_table(id).or_gap(id, "RouteTables"),
            None => Err(Gap::new(
                nat.nat_gateway_id.as_str(),
                "the route table of the regional NAT gateway was not delivered",
                Unlock::IamAction("ec2:DescribeNatGateways".into()),
            )),
        }
    }

    pub(super) fn nat_mode(&mut self, nat: &NatGateway) -> Nat {
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
    pub(super) fn nat_addresses(
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

    pub(super) fn nat_state(&mut self, nat: &NatGateway, sender: &Sender<'a>) {
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
                Gap::new(id, "it is being deleted and may still carry packets", Unlock::Nothing),
                Code::BadState,
                Leg::Nat,
            ),
            Some(state) => {
                let why = [nat.failure_code.as_deref(), nat.failure_message.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(": ");
                let why = if why.is_empty() { why } else { format!(" ({why})") };
                // One that is being made only wants time.
                let is_lost = matches!(state, "failed" | "deleted");
                let blame = if is_lost { self.nat_route.clone() } else { Blame::Nothing };
                self.stop(Code::BadState, Leg::Nat, id, format!("{id} is {state}{why}"), blame);
            }
        }
    }

    pub(super) fn nat_egress(&mut self, nat: &NatGateway, public: &[Ipv4Addr], more: Option<Gap>) {
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
                self.path.egress.unstable.push(format!("{public} is being added to {id}"));
            }
        }
    }
}

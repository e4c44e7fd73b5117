//! Which change mends what stops a packet.

use ipnet::Ipv4Net;

use crate::{
    case::{Case, Seat, cluster::GATEWAY_PORT},
    change::Change,
    facts::{
        Index, Lookup, PathKind,
        inventory::ec2::{NatGateway, NetworkAcl, Route},
    },
    judgement::Draft,
    path::{
        Addresses, Blame, Code, Leg, Path, PublicAddress, Stop,
        route::{Target, look_up, table_of_subnet},
    },
};

const ANYWHERE: &str = "0.0.0.0/0";

/// Adds to a finding what mends a stop, as far as the facts know it.
pub(crate) fn mend(draft: &mut Draft, case: &Case<'_>, seat: &Seat<'_>, path: &Path, stop: &Stop) {
    let Some(region) = case.region() else { return };
    if matches!(stop.blame, Blame::Groups { .. } | Blame::Acl { .. })
        && let Some(port) = case.doubtful_port()
    {
        draft.advise(format!(
            "First make sure that the cluster listens on {port} (see dms/host-and-port): DMS fills \
             that in by itself, and TiDB Cloud's default is {GATEWAY_PORT}"
        ));
        return;
    }
    match &stop.blame {
        Blame::Nothing => {}
        Blame::Route { table, vpc, destination, wanted } => {
            let wish = Wish { region, table, vpc, destination: destination.as_deref(), wanted };
            mend_route(draft, case, seat, path, stop, &wish);
        }
        Blame::Groups { groups, egress, peer } => {
            if let (Some(group), Some(port)) = (groups.first(), case.cluster.port.known()) {
                let peer = net_of(peer);
                draft.change(Change::AllowInGroup {
                    region,
                    group: group.clone(),
                    egress: *egress,
                    // What goes out goes to the cluster, also where that is in the seat's subnet.
                    peer: if *egress { peer } else { whole_subnet(case, seat, peer) },
                    port: *port,
                });
            }
        }
        Blame::Acl { acl, egress, peer, ports } => {
            if let Some(number) = acl_number(case, &stop.blame) {
                draft.change(Change::AddAclEntry {
                    region,
                    acl: acl.clone(),
                    egress: *egress,
                    number,
                    peer: net_of(peer),
                    ports: *ports,
                });
            }
        }
        Blame::InternetGateway { gateway, vpc, attached_elsewhere } => {
            if *attached_elsewhere {
                draft.advise(format!(
                    "Route to an internet gateway that is attached to {vpc}, or attach one to it"
                ));
            } else {
                draft.change(Change::AttachInternetGateway {
                    region,
                    gateway: gateway.clone(),
                    vpc: vpc.clone(),
                });
            }
        }
        Blame::SourceDestCheck { interface } => {
            draft.change(Change::DisableSourceDestCheck { region, interface: interface.clone() });
        }
        Blame::BlockPublicAccess { subnet, egress_is_enough } => {
            if subnet.starts_with("subnet-") {
                let mode = if *egress_is_enough { "allow-egress" } else { "allow-bidirectional" };
                draft.change(Change::ExcludeFromBlockPublicAccess {
                    region,
                    subnet: subnet.clone(),
                    mode: mode.into(),
                });
            }
        }
    }
}

/// A route that should be there.
struct Wish<'a> {
    region: String,
    table: &'a str,
    vpc: &'a str,
    destination: Option<&'a str>,
    wanted: &'a Addresses,
}

impl Wish<'_> {
    fn put(&self, target: &str, default: &str) -> Option<Change> {
        let destination = match self.destination {
            // A route by prefix list is replaced by the list's id, which `replace-route` calls
            // otherwise; that is left to words.
            Some(destination) => destination.parse::<Ipv4Net>().ok()?.to_string(),
            None => default.to_owned(),
        };
        Some(Change::PutRoute {
            region: self.region.clone(),
            table: self.table.to_owned(),
            destination,
            target: target.to_owned(),
            replaces: self.destination.is_some(),
        })
    }
}

fn mend_route(
    draft: &mut Draft,
    case: &Case<'_>,
    seat: &Seat<'_>,
    path: &Path,
    stop: &Stop,
    wish: &Wish<'_>,
) {
    let is_private =
        matches!(case.path_kind(), Some(PathKind::PrivateEndpoint | PathKind::VpcPeering));
    if wish.wanted.is_public() && is_private {
        draft.advise(format!(
            "Build no route there: by the private way {} must have a private address, see \
             network/dns-class",
            case.cluster.name()
        ));
        return;
    }
    if !wish.wanted.is_public() {
        if let Some((peering, cidr)) = peering_to(case, wish.vpc, wish.wanted)
            && stop.leg == Leg::Seat
            && let Some(change) = wish.put(&peering, &cidr)
        {
            draft.change(change);
        }
        return;
    }
    let gateway = attached_gateway(case.index, wish.vpc);
    match (stop.leg, stop.code) {
        (Leg::Nat, Code::NatRoutesToItself) => {
            let Some(subnet) = public_subnet(case.index, wish.vpc) else {
                draft.advise(
                    "Make a subnet whose route table leads 0.0.0.0/0 to an internet gateway, and a \
                     NAT gateway in it; route the private subnets there",
                );
                return;
            };
            let looping: Vec<&str> = path.nat_gateways.iter().map(String::as_str).collect();
            draft.change(Change::NewNatGateway {
                region: wish.region.clone(),
                vpc: wish.vpc.to_owned(),
                subnet,
                tables: tables_to(case.index, wish.vpc, &looping),
                destination: ANYWHERE.into(),
            });
            draft.advise(
                "The new NAT gateway has a new address: put it on the cluster's IP access list",
            );
        }
        (Leg::Nat, Code::NoRouteToDestination | Code::BadStateRoute) => {
            if let Some(change) = gateway.and_then(|gateway| wish.put(&gateway, ANYWHERE)) {
                draft.change(change);
            }
        }
        // A NAT gateway that is lost, or never led to the internet: another takes its place.
        (Leg::Seat, _) | (Leg::Nat, Code::BadState | Code::NatConnectivityPrivate) => {
            let own = stop.leg == Leg::Seat
                && seat.source.known().is_some_and(|source| {
                    matches!(source.public, PublicAddress::Known(_) | PublicAddress::NotYet(_))
                });
            let target = if own { gateway } else { None };
            let target = target.or_else(|| working_nat(case.index, wish.vpc));
            if let Some(change) = target.and_then(|target| wish.put(&target, ANYWHERE)) {
                draft.change(change);
                if !own {
                    draft.advise(
                        "Packets then leave with the NAT gateway's address: the cluster's IP access \
                         list must have it",
                    );
                }
            } else if let Some(subnet) = public_subnet(case.index, wish.vpc)
                && wish.destination.is_none_or(|destination| destination == ANYWHERE)
            {
                draft.change(Change::NewNatGateway {
                    region: wish.region.clone(),
                    vpc: wish.vpc.to_owned(),
                    subnet,
                    tables: vec![(wish.table.to_owned(), wish.destination.is_some())],
                    destination: ANYWHERE.into(),
                });
                draft.advise(
                    "The new NAT gateway has a new address: put it on the cluster's IP access list",
                );
            }
        }
        _ => {}
    }
}

/// The seat's subnet, where a net is an address of it: an instance gets another one at a failover.
fn whole_subnet(case: &Case<'_>, seat: &Seat<'_>, net: Ipv4Net) -> Ipv4Net {
    let Lookup::Found(subnet) = case.index.subnet(&seat.id) else { return net };
    let cidr = subnet.cidr_block.as_deref().and_then(|cidr| cidr.parse::<Ipv4Net>().ok());
    cidr.filter(|cidr| cidr.contains(&net)).unwrap_or(net)
}

fn net_of(addresses: &Addresses) -> Ipv4Net {
    match addresses {
        Addresses::Net(net) => *net,
        Addresses::AnyPublic => Ipv4Net::default(),
    }
}

/// The internet gateway that is attached to a VPC.
fn attached_gateway(index: &Index<'_>, vpc: &str) -> Option<String> {
    index
        .inventory
        .internet_gateways
        .items
        .iter()
        .find(|gateway| {
            gateway.attachments.iter().flatten().any(|attachment| {
                attachment.vpc_id.as_deref() == Some(vpc)
                    && matches!(attachment.state.as_deref(), Some("available" | "attached"))
            })
        })
        .map(|gateway| gateway.internet_gateway_id.clone())
}

/// Whether a subnet's table leads any public address to an internet gateway; nothing where its routes
/// weren't all seen.
pub(crate) fn leads_to_internet_gateway(index: &Index<'_>, subnet: &str) -> Option<bool> {
    let Lookup::Found(subnet) = index.subnet(subnet) else {
        return None;
    };
    let table = table_of_subnet(index, subnet).ok()?;
    let unseen = |route: &Route| {
        let to_anywhere = route.destination_cidr_block.as_deref() == Some(ANYWHERE);
        let to_nowhere = route.destination_cidr_block.is_none()
            && route.destination_ipv6_cidr_block.is_none()
            && route.destination_prefix_list_id.is_none();
        let unclear =
            route.state.is_none() || matches!(Target::of(route), Target::Unrecognised { .. });
        to_nowhere || (to_anywhere && unclear)
    };
    if table.routes.as_ref()?.iter().any(unseen) {
        return None;
    }
    let chosen = look_up(index, table, &Addresses::AnyPublic).chosen;
    Some(chosen.is_some_and(|chosen| {
        matches!(chosen.target, Target::InternetGateway(_))
            && chosen.route.state.as_deref() == Some("active")
    }))
}

fn public_subnet(index: &Index<'_>, vpc: &str) -> Option<String> {
    attached_gateway(index, vpc)?;
    let mut subnets: Vec<&str> = index
        .inventory
        .subnets
        .items
        .iter()
        .filter(|subnet| subnet.vpc_id == vpc)
        .map(|subnet| subnet.subnet_id.as_str())
        .filter(|id| leads_to_internet_gateway(index, id) == Some(true))
        .collect();
    subnets.sort_unstable();
    subnets.first().map(|id| (*id).to_owned())
}

/// A NAT gateway that carries packets to the internet: public, available, in a public subnet.
fn working_nat(index: &Index<'_>, vpc: &str) -> Option<String> {
    attached_gateway(index, vpc)?;
    let works = |nat: &&NatGateway| {
        nat.vpc_id.as_deref() == Some(vpc)
            && nat.state.as_deref() == Some("available")
            && nat.connectivity_type.as_deref() != Some("private")
            && nat
                .subnet_id
                .as_deref()
                .is_some_and(|subnet| leads_to_internet_gateway(index, subnet) == Some(true))
    };
    let mut nats: Vec<&str> = index
        .inventory
        .nat_gateways
        .items
        .iter()
        .filter(works)
        .map(|nat| nat.nat_gateway_id.as_str())
        .collect();
    nats.sort_unstable();
    nats.first().map(|id| (*id).to_owned())
}

/// The tables of a VPC that lead 0.0.0.0/0 to one of these NAT gateways.
fn tables_to(index: &Index<'_>, vpc: &str, nats: &[&str]) -> Vec<(String, bool)> {
    index
        .tables_of_vpc(vpc)
        .iter()
        .filter(|table| {
            table.routes.iter().flatten().any(|route| {
                route.destination_cidr_block.as_deref() == Some(ANYWHERE)
                    && route.nat_gateway_id.as_deref().is_some_and(|nat| nats.contains(&nat))
            })
        })
        .map(|table| (table.route_table_id.clone(), true))
        .collect()
}

/// An active peering connection of a VPC whose other side has an address, and that side's CIDR.
fn peering_to(case: &Case<'_>, vpc: &str, wanted: &Addresses) -> Option<(String, String)> {
    let peerings = &case.facts.inventory.vpc_peering_connections.items;
    peerings.iter().find_map(|peering| {
        let active =
            peering.status.as_ref().is_some_and(|status| status.code.as_deref() == Some("active"));
        let sides = [&peering.requester_vpc_info, &peering.accepter_vpc_info].map(Option::as_ref);
        let other = match sides {
            [Some(one), Some(other)] if one.vpc_id.as_deref() == Some(vpc) => other,
            [Some(one), Some(other)] if other.vpc_id.as_deref() == Some(vpc) => one,
            _ => return None,
        };
        let cidrs = other
            .cidr_block
            .iter()
            .chain(other.cidr_block_set.iter().flatten().filter_map(|set| set.cidr_block.as_ref()));
        let covering = cidrs.into_iter().find(|cidr| {
            cidr.parse::<Ipv4Net>()
                .is_ok_and(|net| wanted.relation(net) == crate::path::addresses::Relation::Covers)
        })?;
        active.then(|| (peering.vpc_peering_connection_id.clone(), covering.clone()))
    })
}

/// A free rule number before the first rule that denies. Every repair of one network ACL gets a number
/// of its own, over all seats, so that the commands don't collide.
fn acl_number(case: &Case<'_>, blame: &Blame) -> Option<i64> {
    let Blame::Acl { acl, egress, .. } = blame else {
        return None;
    };
    let Lookup::Found(acl) = find_acl(case, acl) else {
        return None;
    };
    let mut wanted: Vec<&Blame> = Vec::new();
    for seat in case.seats.known()? {
        for stop in seat.path.known().into_iter().flat_map(|path| &path.stops) {
            if let Blame::Acl { acl: other, egress: way, .. } = &stop.blame
                && *other == acl.network_acl_id
                && way == egress
                && !wanted.contains(&&stop.blame)
            {
                wanted.push(&stop.blame);
            }
        }
    }
    let place = wanted.iter().position(|other| *other == blame)?;
    free_numbers(acl, *egress).nth(place)
}

fn find_acl<'a>(case: &Case<'a>, id: &str) -> Lookup<&'a NetworkAcl> {
    let found = case.facts.inventory.network_acls.items.iter();
    found.into_iter().find(|acl| acl.network_acl_id == id).map_or(Lookup::Absent, Lookup::Found)
}

/// Free numbers below the lowest rule that denies TCP, from the highest down; where only the closing
/// rule denies, from behind the last rule up.
fn free_numbers(acl: &NetworkAcl, egress: bool) -> Box<dyn Iterator<Item = i64>> {
    let rules: Vec<(i64, bool)> = acl
        .entries
        .iter()
        .flatten()
        .filter(|entry| entry.egress == egress)
        .map(|entry| (entry.rule_number, entry.rule_action.as_deref() == Some("deny")))
        .collect();
    let used: Vec<i64> = rules.iter().map(|(number, _)| *number).collect();
    let first_deny = rules.iter().filter(|(_, deny)| *deny).map(|(number, _)| *number).min();
    match first_deny {
        Some(deny) if deny < 32767 => {
            Box::new((1..deny).rev().filter(move |number| !used.contains(number)))
        }
        _ => {
            let last = used.iter().filter(|number| **number < 32767).max().copied().unwrap_or(90);
            Box::new((1..).map(move |step| last + 10 * step).take_while(|number| *number < 32767))
        }
    }
}

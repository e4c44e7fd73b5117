//! Which route table a subnet uses, and which of its routes a packet takes.
//!
//! Rules: `aws-dms.md` §4.4, Amazon VPC User Guide, "Configure route tables".

use ipnet::Ipv4Net;

use super::addresses::{Addresses, Relation};
use crate::facts::{
    Gap, Index, Unlock,
    inventory::ec2::{NetworkInterface, Route, RouteTable, Subnet},
};

/// Where a route leads, made once from the field that AWS filled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target<'a> {
    /// Inside the VPC.
    Local,
    /// An internet gateway.
    InternetGateway(&'a str),
    /// A virtual private gateway: on-premises.
    VirtualPrivateGateway(&'a str),
    /// A gateway endpoint or a Gateway Load Balancer endpoint.
    VpcEndpoint(&'a str),
    /// A NAT gateway.
    NatGateway(&'a str),
    /// An interface: a NAT instance or an appliance.
    NetworkInterface(&'a str),
    /// An instance by its id alone.
    Instance(&'a str),
    /// A peering connection.
    VpcPeering(&'a str),
    /// A transit gateway.
    TransitGateway(&'a str),
    /// An egress-only internet gateway, which carries IPv6 alone.
    EgressOnlyInternetGateway(&'a str),
    /// A local gateway, carrier gateway, core network, ODB network or next hop address.
    Foreign {
        /// What kind of thing it is, in words.
        kind: &'static str,
        /// Its id, ARN or address.
        id: &'a str,
    },
    /// Nothing that this version knows.
    Unrecognised {
        /// The field's value, or what is missing.
        value: &'a str,
    },
}

impl<'a> Target<'a> {
    /// Reads the target of a route.
    pub(crate) fn of(route: &'a Route) -> Self {
        fn set(field: Option<&String>) -> Option<&str> {
            field.map(String::as_str).filter(|text| !text.is_empty())
        }
        if let Some(id) = set(route.gateway_id.as_ref()) {
            return match id.split('-').next() {
                Some("local") => Self::Local,
                Some("igw") => Self::InternetGateway(id),
                Some("vgw") => Self::VirtualPrivateGateway(id),
                Some("vpce") => Self::VpcEndpoint(id),
                Some("eigw") => Self::EgressOnlyInternetGateway(id),
                _ => Self::Unrecognised { value: id },
            };
        }
        if let Some(id) = set(route.nat_gateway_id.as_ref()) {
            return Self::NatGateway(id);
        }
        if let Some(id) = set(route.network_interface_id.as_ref()) {
            return Self::NetworkInterface(id);
        }
        if let Some(id) = set(route.instance_id.as_ref()) {
            return Self::Instance(id);
        }
        if let Some(id) = set(route.vpc_peering_connection_id.as_ref()) {
            return Self::VpcPeering(id);
        }
        if let Some(id) = set(route.transit_gateway_id.as_ref()) {
            return Self::TransitGateway(id);
        }
        if let Some(id) = set(route.egress_only_internet_gateway_id.as_ref()) {
            return Self::EgressOnlyInternetGateway(id);
        }
        for (kind, field) in [
            ("local gateway", &route.local_gateway_id),
            ("carrier gateway", &route.carrier_gateway_id),
            ("core network", &route.core_network_arn),
            ("ODB network", &route.odb_network_arn),
            ("next hop", &route.ip_address),
        ] {
            if let Some(id) = set(field.as_ref()) {
                return Self::Foreign { kind, id };
            }
        }
        Self::Unrecognised { value: "no target that this version knows" }
    }

    /// As a network engineer would write it.
    pub(crate) fn name(&self) -> &'a str {
        match self {
            Self::Local => "local",
            Self::InternetGateway(id)
            | Self::VirtualPrivateGateway(id)
            | Self::VpcEndpoint(id)
            | Self::NatGateway(id)
            | Self::NetworkInterface(id)
            | Self::Instance(id)
            | Self::VpcPeering(id)
            | Self::TransitGateway(id)
            | Self::EgressOnlyInternetGateway(id)
            | Self::Foreign { id, .. } => id,
            Self::Unrecognised { value } => value,
        }
    }
}

/// The subnet that an interface is in.
pub(super) fn subnet_of_interface<'a>(
    index: &Index<'a>,
    interface: &NetworkInterface,
) -> Result<&'a Subnet, Gap> {
    let Some(subnet) = interface.subnet_id.as_deref() else {
        return Err(Gap::new(
            interface.network_interface_id.as_str(),
            "its subnet was not delivered",
            Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
        ));
    };
    index.subnet(subnet).or_gap(subnet, "Subnets")
}

/// The route table that a subnet uses: the one explicitly associated, else the VPC's main table,
/// whatever its place in the list. Tables of gateways don't count.
pub(crate) fn table_of_subnet<'a>(
    index: &Index<'a>,
    subnet: &Subnet,
) -> Result<&'a RouteTable, Gap> {
    let gap = |reason: String| {
        Gap::new(
            format!("the route table of {}", subnet.subnet_id),
            reason,
            Unlock::IamAction("ec2:DescribeRouteTables".into()),
        )
    };
    let explicit = distinct(index.tables_of_subnet(&subnet.subnet_id));
    let chosen = match explicit.as_slice() {
        [table] => *table,
        [] => main_table(index, subnet).map_err(gap)?,
        several => {
            return Err(gap(format!(
                "{} tables claim this subnet, which can't be at one time",
                several.len()
            )));
        }
    };
    index.route_table(&chosen.route_table_id).or_gap(&chosen.route_table_id, "RouteTables")
}

/// The main table of a subnet's VPC, when no table can be the subnet's own. The error says why not.
fn main_table<'a>(index: &Index<'a>, subnet: &Subnet) -> Result<&'a RouteTable, String> {
    if let Some(gap) = index.inventory.route_tables.gap() {
        // The table that is explicitly associated may be the one that wasn't delivered.
        return Err(format!("not seen: {gap}"));
    }
    let of_vpc = index.tables_of_vpc(&subnet.vpc_id);
    for table in of_vpc.iter().chain(index.tables_of_vpc("")) {
        let id = &table.route_table_id;
        index
            .route_table(id)
            .or_gap(id, "RouteTables")
            .map_err(|gap| format!("{}: {}", gap.about, gap.reason))?;
        let Some(associations) = &table.associations else {
            return Err(format!("the associations of {id} were not delivered"));
        };
        let of_nothing = associations.iter().any(|association| {
            association.subnet_id.is_none()
                && association.gateway_id.is_none()
                && association.main != Some(true)
        });
        if of_nothing {
            return Err(format!("what {id} is associated with was not delivered"));
        }
    }
    let main: Vec<&RouteTable> = of_vpc
        .iter()
        .filter(|table| {
            table
                .associations
                .iter()
                .flatten()
                .any(|association| association.main == Some(true) && association.holds())
        })
        .copied()
        .collect();
    match distinct(&main).as_slice() {
        [table] => Ok(table),
        [] => Err(format!(
            "no table is associated with it, and the main table of {} was not seen",
            subnet.vpc_id
        )),
        several => Err(format!("{} tables claim to be the main one", several.len())),
    }
}

/// A table that two of its associations name, or that was delivered twice, is one table.
fn distinct<'a>(tables: &[&'a RouteTable]) -> Vec<&'a RouteTable> {
    let mut distinct: Vec<&RouteTable> = Vec::new();
    for table in tables {
        if !distinct.iter().any(|known| known.route_table_id == table.route_table_id) {
            distinct.push(table);
        }
    }
    distinct
}

/// The route that a packet takes.
#[derive(Clone, Debug)]
pub(crate) struct Chosen<'a> {
    /// The route.
    pub route: &'a Route,
    /// Its destination, the matching entry where it is a prefix list.
    pub prefix: Ipv4Net,
    /// Where it leads.
    pub target: Target<'a>,
    /// A less specific route that would have led elsewhere: this one captures the address.
    pub captures_from: Option<(Ipv4Net, Target<'a>)>,
}

impl Chosen<'_> {
    /// The route's destination as the customer wrote it.
    pub(crate) fn destination(&self) -> String {
        match &self.route.destination_prefix_list_id {
            Some(list) if self.route.destination_cidr_block.is_none() => {
                format!("{list} ({})", self.prefix)
            }
            _ => self.prefix.to_string(),
        }
    }
}

/// What a route table does with an address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer<'a> {
    /// The route that it takes, when one matches.
    pub chosen: Option<Chosen<'a>>,
    /// Why the packet may take another one. While there is any, nothing behind is certain.
    pub doubts: Vec<Gap>,
}

/// Which of two routes to the same prefix wins: static before prefix list before propagated.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Rank {
    Propagated,
    PrefixList,
    Static,
}

struct Candidate<'a> {
    route: &'a Route,
    prefix: Ipv4Net,
    rank: Rank,
    /// Whether it is known not to be, or to be, a propagated one.
    rank_is_certain: bool,
    target: Target<'a>,
    /// Why it may lose against a local route.
    doubt: Option<Gap>,
}

impl Candidate<'_> {
    /// Whether a packet fares the same by another route.
    fn same_way(&self, target: &Target<'_>, route: &Route) -> bool {
        self.target == *target
            && self.route.state == route.state
            && self.route.igw_firewall == route.igw_firewall
            && self.route.unrecognised == route.unrecognised
    }
}

/// A route whose destination wasn't seen, or not all of it.
struct Unseen<'a> {
    route: &'a Route,
    target: Target<'a>,
    gap: Gap,
}

/// Whether a route came from VPN or Direct Connect (by a virtual private gateway) or from VPC Route
/// Server. `None`: it wasn't printed, and it could.
fn propagated(route: &Route, target: &Target<'_>) -> Option<bool> {
    match (route.origin.as_deref(), target) {
        (Some(origin), _) => Some(matches!(origin, "EnableVgwRoutePropagation" | "Advertisement")),
        (
            None,
            Target::VirtualPrivateGateway(_)
            | Target::NetworkInterface(_)
            | Target::Instance(_)
            | Target::Foreign { .. }
            | Target::Unrecognised { .. },
        ) => None,
        (None, _) => Some(false),
    }
}

/// The networks of the routes to a target of this kind.
fn nets_of(routes: &[Route], kind: impl Fn(&Target<'_>) -> bool) -> Vec<Ipv4Net> {
    routes
        .iter()
        .filter(|route| kind(&Target::of(route)))
        .filter_map(|route| route.destination_cidr_block.as_deref()?.parse().ok())
        .collect()
}

/// Looks an address up in a route table: longest prefix; of equals the static one before the prefix
/// list before the propagated one; a propagated route never wins over an overlapping local one.
pub(crate) fn look_up<'a>(
    index: &Index<'a>,
    table: &'a RouteTable,
    destination: &Addresses,
) -> Answer<'a> {
    let mut answer = Answer::default();
    let gap = |reason: String| {
        Gap::new(
            table.route_table_id.as_str(),
            reason,
            Unlock::IamAction("ec2:DescribeRouteTables".into()),
        )
    };
    let Some(routes) = &table.routes else {
        answer.doubts.push(gap("its routes were not delivered".into()));
        return answer;
    };
    let locals = nets_of(routes, |target| *target == Target::Local);
    let perhaps_local = nets_of(routes, |target| matches!(target, Target::Unrecognised { .. }));
    let mut candidates = Vec::new();
    let mut splits = Vec::new();
    let mut unseen = Vec::new();
    for route in routes {
        let target = Target::of(route);
        let nets = match nets_of_destination(index, route) {
            Ok(nets) => nets,
            Err(unseen_list) => {
                unseen.push(Unseen {
                    route,
                    gap: unseen_list.unwrap_or_else(|| {
                        gap(format!(
                            "the destination of its route to {} was not seen",
                            target.name()
                        ))
                    }),
                    target,
                });
                continue;
            }
        };
        let propagated = propagated(route, &target);
        for prefix in nets {
            let loses_to = |nets: &[Ipv4Net]| {
                nets.iter().any(|net| {
                    (net.contains(&prefix) || prefix.contains(net))
                        && destination.relation(*net) != Relation::Disjoint
                })
            };
            if propagated == Some(true) && loses_to(&locals) {
                continue;
            }
            let doubt = match propagated {
                None => Some("whether it is propagated was not delivered"),
                Some(true) if loses_to(&perhaps_local) => {
                    Some("whether it overlaps a local route can't be told")
                }
                Some(_) => None,
            };
            let candidate = Candidate {
                route,
                prefix,
                rank: match propagated {
                    Some(true) => Rank::Propagated,
                    _ if route.destination_cidr_block.is_none() => Rank::PrefixList,
                    _ => Rank::Static,
                },
                rank_is_certain: propagated.is_some(),
                doubt: doubt
                    .filter(|_| propagated.is_some() || loses_to(&locals))
                    .map(|doubt| gap(format!("its route {prefix} → {}: {doubt}", target.name()))),
                target: target.clone(),
            };
            match destination.relation(prefix) {
                Relation::Covers => candidates.push(candidate),
                Relation::Splits => splits.push(candidate),
                Relation::Disjoint => {}
            }
        }
    }
    choose(table, candidates, &splits, unseen, &mut answer);
    answer
}

fn choose<'a>(
    table: &RouteTable,
    mut candidates: Vec<Candidate<'a>>,
    splits: &[Candidate<'a>],
    unseen: Vec<Unseen<'a>>,
    answer: &mut Answer<'a>,
) {
    candidates.sort_by_key(|candidate| (candidate.prefix.prefix_len(), candidate.rank));
    let best = candidates.pop();
    let same_way = |target: &Target<'_>, route: &Route| {
        best.as_ref().is_some_and(|best| best.same_way(target, route))
    };
    for split in splits {
        if !same_way(&split.target, split.route) {
            answer.doubts.push(Gap::new(
                table.route_table_id.as_str(),
                format!(
                    "its route {} → {} takes some of the addresses and not others",
                    split.prefix,
                    split.target.name()
                ),
                Unlock::Flag("--tidb-address".into()),
            ));
        }
    }
    for unseen in unseen {
        let decided = best
            .as_ref()
            .is_some_and(|best| best.prefix.prefix_len() == 32 && best.rank == Rank::Static);
        if !decided && !same_way(&unseen.target, unseen.route) {
            answer.doubts.push(unseen.gap);
        }
    }
    let Some(best) = best else { return };
    let rival = candidates.iter().rev().find(|rival| {
        rival.prefix == best.prefix
            && (rival.rank == best.rank || !rival.rank_is_certain || !best.rank_is_certain)
            && !best.same_way(&rival.target, rival.route)
    });
    if let Some(rival) = rival {
        answer.doubts.push(Gap::new(
            table.route_table_id.as_str(),
            format!(
                "two routes to {} lead to {} and {}, and AWS doesn't say which one wins",
                best.prefix,
                best.target.name(),
                rival.target.name()
            ),
            Unlock::Nothing,
        ));
    }
    match best.route.state.as_deref() {
        Some("active" | "blackhole") => {}
        state => answer.doubts.push(Gap::new(
            table.route_table_id.as_str(),
            format!(
                "its route {} → {} {}",
                best.prefix,
                best.target.name(),
                state.map_or_else(
                    || "has no state in what was delivered".to_owned(),
                    |state| format!("is in state `{state}`")
                )
            ),
            Unlock::IamAction("ec2:DescribeRouteTables".into()),
        )),
    }
    answer.doubts.extend(best.doubt);
    answer.doubts.extend(best.route.unrecognised.gaps(&table.route_table_id));
    let captures_from = candidates
        .iter()
        .rev()
        .find(|candidate| candidate.target != best.target)
        .map(|candidate| (candidate.prefix, candidate.target.clone()));
    answer.chosen =
        Some(Chosen { route: best.route, prefix: best.prefix, target: best.target, captures_from });
}

/// The IPv4 networks that a route leads to. The error says why they weren't seen, where it isn't
/// simply the destination that is missing.
fn nets_of_destination(index: &Index<'_>, route: &Route) -> Result<Vec<Ipv4Net>, Option<Gap>> {
    if let Some(cidr) = &route.destination_cidr_block {
        return Ok(vec![cidr.parse::<Ipv4Net>().map_err(|_| None)?.trunc()]);
    }
    if let Some(list) = &route.destination_prefix_list_id {
        return Ok(index
            .prefix_list(list)
            .map_err(Some)?
            .iter()
            .filter_map(|cidr| cidr.parse::<Ipv4Net>().ok())
            .map(|net| net.trunc())
            .collect());
    }
    match route.destination_ipv6_cidr_block {
        Some(_) => Ok(Vec::new()),
        None => Err(None),
    }
}

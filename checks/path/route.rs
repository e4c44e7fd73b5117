//! Which route table a subnet uses, and which of its routes a packet takes.
//!
//! Rules: `aws-dms.md` §4.4, Amazon VPC User Guide, "Configure route tables".

use ipnet::Ipv4Net;

use super::addresses::{Addresses, Relation};
use crate::facts::{
    Gap, Index, Unlock,
    inventory::ec2::{Route, RouteTable, Subnet},
};

/// Where a route leads, made once from the field that AWS filled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target<'a> {
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
    pub fn of(route: &'a Route) -> Self {
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
        Self::Unrecognised {
            value: "no target that this version knows",
        }
    }

    /// As a network engineer would write it.
    pub fn name(&self) -> &'a str {
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

/// The route table that a subnet uses: the one explicitly associated, else the VPC's main table,
/// whatever its place in the list. Tables of gateways don't count.
pub fn table_of_subnet<'a>(index: &Index<'a>, subnet: &Subnet) -> Result<&'a RouteTable, Gap> {
    let tables = index.tables_of_vpc(&subnet.vpc_id);
    let list = index.inventory.route_tables.gap();
    let about = format!("the route table of {}", subnet.subnet_id);
    let unlock = || Unlock::IamAction("ec2:DescribeRouteTables".into());
    let uses = |wanted: &dyn Fn(&crate::facts::inventory::ec2::RouteTableAssociation) -> bool| {
        tables
            .iter()
            .filter(|table| {
                table.associations.iter().flatten().any(|association| {
                    wanted(association)
                        && association
                            .association_state
                            .as_ref()
                            .is_none_or(|state| state.state.eq_ignore_ascii_case("associated"))
                })
            })
            .copied()
            .collect::<Vec<_>>()
    };
    let explicit =
        uses(&|association| association.subnet_id.as_deref() == Some(subnet.subnet_id.as_str()));
    let chosen = match explicit.as_slice() {
        [table] => *table,
        [] => {
            if let Some(gap) = list {
                // The table that is explicitly associated may be the one that wasn't delivered.
                return Err(Gap::new(
                    about,
                    format!("not seen: {} {}", gap.about, gap.reason),
                    unlock(),
                ));
            }
            if let Some(table) = tables.iter().find(|table| table.associations.is_none()) {
                return Err(Gap::new(
                    about,
                    format!(
                        "the associations of {} were not delivered",
                        table.route_table_id
                    ),
                    unlock(),
                ));
            }
            let main = uses(&|association| association.main == Some(true));
            match main.as_slice() {
                [table] => *table,
                [] => {
                    return Err(Gap::new(
                        about,
                        format!(
                            "no table is associated with it, and the main table of {} was not seen",
                            subnet.vpc_id
                        ),
                        unlock(),
                    ));
                }
                _ => {
                    return Err(Gap::new(
                        about,
                        format!("{} tables claim to be the main one", main.len()),
                        unlock(),
                    ));
                }
            }
        }
        several => {
            return Err(Gap::new(
                about,
                format!(
                    "{} tables claim this subnet, which can't be at one time",
                    several.len()
                ),
                unlock(),
            ));
        }
    };
    index
        .route_table(&chosen.route_table_id)
        .or_gap(&chosen.route_table_id, "RouteTables")
}

/// The route that a packet takes.
#[derive(Clone, Debug)]
pub struct Chosen<'a> {
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
    pub fn destination(&self) -> String {
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
pub struct Answer<'a> {
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
    target: Target<'a>,
}

/// Looks an address up in a route table: longest prefix; of equals the static one before the prefix
/// list before the propagated one; a propagated route never wins over an overlapping local one.
pub fn look_up<'a>(
    index: &Index<'a>,
    table: &'a RouteTable,
    destination: &Addresses,
) -> Answer<'a> {
    let mut answer = Answer::default();
    let Some(routes) = &table.routes else {
        answer.doubts.push(Gap::new(
            table.route_table_id.as_str(),
            "its routes were not delivered",
            Unlock::IamAction("ec2:DescribeRouteTables".into()),
        ));
        return answer;
    };
    let locals: Vec<Ipv4Net> = routes
        .iter()
        .filter(|route| Target::of(route) == Target::Local)
        .filter_map(|route| route.destination_cidr_block.as_deref()?.parse().ok())
        .collect();
    let mut candidates = Vec::new();
    let mut splits = Vec::new();
    let mut unseen = Vec::new();
    for route in routes {
        let target = Target::of(route);
        let propagated = matches!(
            route.origin.as_deref(),
            Some("EnableVgwRoutePropagation" | "Advertisement")
        );
        let nets: Vec<&str> = match destination_of(route) {
            Destination::Ipv4(cidr) => vec![cidr],
            Destination::PrefixList(list) => match index.prefix_list(list) {
                Ok(cidrs) => cidrs.to_vec(),
                Err(gap) => {
                    unseen.push((gap, target));
                    continue;
                }
            },
            Destination::Ipv6 => continue,
            Destination::None => {
                unseen.push((
                    Gap::new(
                        table.route_table_id.as_str(),
                        format!(
                            "the destination of its route to {} was not seen",
                            target.name()
                        ),
                        Unlock::IamAction("ec2:DescribeRouteTables".into()),
                    ),
                    target,
                ));
                continue;
            }
        };
        for text in nets {
            let Ok(prefix) = text.parse::<Ipv4Net>() else {
                continue;
            };
            let overlaps_local =
                |local: &Ipv4Net| local.contains(&prefix) || prefix.contains(local);
            if propagated
                && locals.iter().any(|local| {
                    overlaps_local(local) && destination.relation(*local) != Relation::Disjoint
                })
            {
                continue;
            }
            let rank = if propagated {
                Rank::Propagated
            } else if route.destination_cidr_block.is_none() {
                Rank::PrefixList
            } else {
                Rank::Static
            };
            let candidate = Candidate {
                route,
                prefix: prefix.trunc(),
                rank,
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
    unseen: Vec<(Gap, Target<'a>)>,
    answer: &mut Answer<'a>,
) {
    candidates.sort_by_key(|candidate| (candidate.prefix.prefix_len(), candidate.rank));
    let best = candidates.pop();
    let same_way = |target: &Target<'_>, state: Option<&str>| {
        best.as_ref()
            .is_some_and(|best| best.target == *target && state == best.route.state.as_deref())
    };
    for split in splits {
        if !same_way(&split.target, split.route.state.as_deref()) {
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
    for (gap, target) in unseen {
        let decided = best
            .as_ref()
            .is_some_and(|best| best.prefix.prefix_len() == 32 && best.rank == Rank::Static);
        if !decided && !same_way(&target, Some("active")) {
            answer.doubts.push(gap);
        }
    }
    let Some(best) = best else { return };
    if let Some(rival) = candidates.last()
        && rival.prefix.prefix_len() == best.prefix.prefix_len()
        && rival.rank == best.rank
        && (rival.target != best.target || rival.route.state != best.route.state)
    {
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
    answer
        .doubts
        .extend(best.route.unrecognised.gaps(&table.route_table_id));
    let captures_from = candidates
        .iter()
        .rev()
        .find(|candidate| candidate.target != best.target)
        .map(|candidate| (candidate.prefix, candidate.target.clone()));
    answer.chosen = Some(Chosen {
        route: best.route,
        prefix: best.prefix,
        target: best.target,
        captures_from,
    });
}

enum Destination<'a> {
    Ipv4(&'a str),
    PrefixList(&'a str),
    Ipv6,
    None,
}

fn destination_of(route: &Route) -> Destination<'_> {
    if let Some(cidr) = &route.destination_cidr_block {
        Destination::Ipv4(cidr)
    } else if let Some(list) = &route.destination_prefix_list_id {
        Destination::PrefixList(list)
    } else if route.destination_ipv6_cidr_block.is_some() {
        Destination::Ipv6
    } else {
        Destination::None
    }
}

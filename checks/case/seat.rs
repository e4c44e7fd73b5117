//! The subnets that the replication may sit in.
//!
//! Rules: `aws-dms.md` §4.1 (instances) and §4.2 (serverless).

use std::net::Ipv4Addr;

use super::Case;
use crate::{
    facts::{
        Assumption, Fact, Gap, Index, Lookup, Unlock,
        inventory::dms::{ReplicationInstance, ReplicationSubnetGroup},
    },
    migration::Kind,
    path::{self, Addresses, Path, PublicAddress, Source},
};

/// A subnet that the replication may sit in.
pub struct Seat<'a> {
    /// The subnet.
    pub id: String,
    /// Why it may sit there: `today`, `standby`, `any of the group`, …
    pub role: &'static str,
    /// Where a trace starts.
    pub source: Fact<Source<'a>>,
    /// The traced path.
    pub path: Fact<Path>,
}

impl<'a> Seat<'a> {
    pub(super) fn trace(
        &mut self,
        index: &Index<'a>,
        destinations: &Fact<Vec<Addresses>>,
        port: &Fact<u16>,
    ) {
        self.path = match (&self.source, destinations, port) {
            (Fact::Unknown(gap), _, _)
            | (_, Fact::Unknown(gap), _)
            | (_, _, Fact::Unknown(gap)) => Fact::Unknown(gap.clone()),
            (Fact::Known(source), Fact::Known(destinations), Fact::Known(port)) => {
                Fact::Known(path::trace(index, source, destinations, *port))
            }
        };
    }
}

/// Everything about the place that doesn't depend on the subnet.
struct Place {
    groups: Fact<Vec<String>>,
    assumptions: Vec<Assumption>,
}

pub(super) fn seats<'a>(case: &Case<'a>, assumptions: &mut Vec<Assumption>) -> Fact<Vec<Seat<'a>>> {
    match case.migration.kind {
        Kind::Task(task, None) => {
            Fact::Unknown(task.replication_instance_arn.as_deref().map_or_else(
                || {
                    Gap::new(
                        task.replication_task_arn.as_str(),
                        "the replication instance that it runs on was not delivered",
                        Unlock::IamAction("dms:DescribeReplicationTasks".into()),
                    )
                },
                |arn| match case.index.replication_instance(arn).or_gap(arn, "ReplicationInstances")
                {
                    Err(gap) => gap,
                    Ok(_) => Gap::new(arn, "not seen", Unlock::Nothing),
                },
            ))
        }
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => {
            of_instance(case, instance, assumptions)
        }
        Kind::Config(config) => {
            let compute = config.compute_config.as_ref();
            let Some(compute) = compute else {
                return Fact::Unknown(Gap::new(
                    config.replication_config_arn.as_str(),
                    "where it runs was not delivered",
                    Unlock::IamAction("dms:DescribeReplicationConfigs".into()),
                ));
            };
            let name = compute.replication_subnet_group_id.as_deref().unwrap_or_else(|| {
                assumptions.push(Assumption::new(
                    config.replication_config_identifier.as_deref().unwrap_or("the replication"),
                    "it sits in the subnet group `default`",
                    "it names none, and then AWS takes the account's default",
                ));
                "default"
            });
            let group = match case.index.subnet_group(name).or_gap(name, "ReplicationSubnetGroups")
            {
                Ok(group) => group,
                Err(gap) => return Fact::Unknown(gap),
            };
            let ids = match subnets_of_group(group, compute.availability_zone.as_deref()) {
                Ok(ids) => ids,
                Err(gap) => return Fact::Unknown(gap),
            };
            let groups = match &compute.vpc_security_group_ids {
                Some(groups) if !groups.is_empty() => Fact::Known(groups.clone()),
                _ => default_group(case, group.vpc_id.as_deref()),
            };
            let place = Place { groups, assumptions: Vec::new() };
            let none = PublicAddress::None("a serverless replication has no public address".into());
            Fact::Known(
                ids.iter()
                    .map(|id| seat(case.index, id, "any of the group", &place, &none, None))
                    .collect(),
            )
        }
        Kind::Planned => planned(case),
    }
}

/// A planned replication may sit in any subnet that it was given.
fn planned<'a>(case: &Case<'a>) -> Fact<Vec<Seat<'a>>> {
    let asked = &case.facts.asked;
    let ids = match (&asked.subnets, &asked.subnet_group) {
        (Some(ids), _) => ids.clone(),
        (None, Some(name)) => {
            let group = case.index.subnet_group(name).or_gap(name, "ReplicationSubnetGroups");
            match group.and_then(|group| subnets_of_group(group, None)) {
                Ok(ids) => ids,
                Err(gap) => return Fact::Unknown(gap),
            }
        }
        (None, None) => Vec::new(),
    };
    let place = match &asked.security_groups {
        Some(groups) => Place { groups: Fact::Known(groups.clone()), assumptions: Vec::new() },
        None => {
            // DMS takes the VPC's default security group where none is named.
            let vpc = ids.iter().find_map(|id| match case.index.subnet(id) {
                Lookup::Found(subnet) => Some(subnet.vpc_id.as_str()),
                _ => None,
            });
            Place {
                groups: default_group(case, vpc),
                assumptions: vec![Assumption::new(
                    "the planned replication",
                    "it gets the VPC's default security group",
                    "no security group was named",
                )],
            }
        }
    };
    let public = if case.is_serverless() {
        PublicAddress::None("a serverless replication has no public address".into())
    } else {
        match asked.publicly_accessible {
            Some(true) => PublicAddress::NotYet(Gap::new(
                "the replication's public address",
                "it isn't known before the replication instance exists",
                Unlock::Nothing,
            )),
            Some(false) => {
                PublicAddress::None("the planned instance isn't publicly accessible".into())
            }
            None => PublicAddress::Unknown(Gap::new(
                "whether the planned instance is publicly accessible",
                "not said",
                Unlock::Flag("--publicly-accessible or --no-publicly-accessible".into()),
            )),
        }
    };
    Fact::Known(
        ids.iter().map(|id| seat(case.index, id, "planned", &place, &public, None)).collect(),
    )
}

/// An instance sits in one subnet today, and its standby in another.
fn of_instance<'a>(
    case: &Case<'a>,
    instance: &'a ReplicationInstance,
    assumptions: &mut Vec<Assumption>,
) -> Fact<Vec<Seat<'a>>> {
    let Some(group) = &instance.replication_subnet_group else {
        return Fact::Unknown(missing(instance, "subnet group"));
    };
    let place = Place { groups: groups_of_instance(instance), assumptions: Vec::new() };
    let today = public_today(case, instance);
    let private = private_address(instance);
    let zone = instance.availability_zone.as_deref();
    let current = match subnet_by_address(case, group, private) {
        Some(id) => vec![id],
        None => match subnets_of_group(group, zone) {
            Ok(ids) => by_network(case.index, ids, private),
            Err(gap) => return Fact::Unknown(gap),
        },
    };
    let role = if current.len() == 1 { "today" } else { "today, one of these" };
    let mut seats: Vec<Seat<'a>> = current
        .iter()
        .map(|id| {
            let address = private.filter(|_| current.len() == 1);
            seat(case.index, id, role, &place, &today, address)
        })
        .collect();
    if zone.is_none() && current.len() > 1 {
        assumptions.push(Assumption::new(
            case.migration_instance(),
            "it may sit in any subnet of its group",
            "its zone wasn't printed",
        ));
    }
    let standby = instance.secondary_availability_zone.as_deref();
    if standby.is_none() && instance.multi_az == Some(true) {
        assumptions.push(Assumption::new(
            case.migration_instance(),
            "its standby may sit in any subnet of its group in another zone",
            "the standby's zone wasn't printed",
        ));
    }
    if instance.multi_az == Some(true) || standby.is_some() && instance.multi_az != Some(false) {
        let after = public_after_failover(&today);
        match subnets_of_group(group, standby) {
            Ok(ids) => seats.extend(
                ids.iter()
                    .filter(|id| !current.contains(id))
                    .filter(|id| standby.is_some() || !is_in_zone(case.index, id, zone))
                    .map(|id| seat(case.index, id, "standby", &place, &after, None)),
            ),
            Err(gap) => return Fact::Unknown(gap),
        }
    }
    Fact::Known(seats)
}

/// A field of an instance that was not delivered.
fn missing(instance: &ReplicationInstance, what: &str) -> Gap {
    let name = instance.replication_instance_identifier.as_deref();
    Gap::new(
        name.unwrap_or(&instance.replication_instance_arn),
        format!("its {what} was not delivered"),
        Unlock::IamAction("dms:DescribeReplicationInstances".into()),
    )
}

/// The security groups of an instance; one that is being taken away won't let anything through for long.
fn groups_of_instance(instance: &ReplicationInstance) -> Fact<Vec<String>> {
    let stays =
        |status: Option<&str>| !status.is_some_and(|it| it.eq_ignore_ascii_case("removing"));
    match &instance.vpc_security_groups {
        Some(groups) if groups.iter().any(|group| stays(group.status.as_deref())) => Fact::Known(
            groups
                .iter()
                .filter(|group| stays(group.status.as_deref()))
                .filter_map(|group| group.vpc_security_group_id.clone())
                .collect(),
        ),
        _ => Fact::Unknown(missing(instance, "list of security groups")),
    }
}

fn private_address(instance: &ReplicationInstance) -> Option<Ipv4Addr> {
    instance
        .replication_instance_private_ip_address
        .iter()
        .chain(instance.replication_instance_private_ip_addresses.iter().flatten())
        .find_map(|address| address.parse().ok())
}

fn public_today(case: &Case<'_>, instance: &ReplicationInstance) -> PublicAddress {
    let public = public_addresses(instance);
    match instance.publicly_accessible {
        Some(false) => {
            PublicAddress::None(format!("{} isn't publicly accessible", case.migration_instance()))
        }
        Some(true) if public.is_empty() => {
            PublicAddress::Unknown(missing(instance, "public address, which it should have,"))
        }
        Some(true) => PublicAddress::Known(public),
        None => PublicAddress::Unknown(missing(instance, "PubliclyAccessible")),
    }
}

fn public_after_failover(today: &PublicAddress) -> PublicAddress {
    match today {
        PublicAddress::Known(_) | PublicAddress::NotYet(_) => PublicAddress::NotYet(Gap::new(
            "the public address after a failover",
            "it isn't known before the standby takes over",
            Unlock::Nothing,
        )),
        other => other.clone(),
    }
}

/// The subnet of the interface that has the instance's private address.
fn subnet_by_address(
    case: &Case<'_>,
    group: &ReplicationSubnetGroup,
    private: Option<Ipv4Addr>,
) -> Option<String> {
    match case.index.interface_by_private(group.vpc_id.as_deref()?, private?) {
        Lookup::Found(interface) => interface.subnet_id.clone(),
        _ => None,
    }
}

/// Of several subnets in one zone, the one whose CIDR holds the private address.
fn by_network(index: &Index<'_>, ids: Vec<String>, address: Option<Ipv4Addr>) -> Vec<String> {
    let Some(address) = address else { return ids };
    let holds = |id: &String| match index.subnet(id) {
        Lookup::Found(subnet) => subnet
            .cidr_block
            .as_deref()
            .and_then(|cidr| cidr.parse::<ipnet::Ipv4Net>().ok())
            .is_some_and(|net| net.contains(&address)),
        _ => false,
    };
    let holding: Vec<String> = ids.iter().filter(|id| holds(id)).cloned().collect();
    if holding.is_empty() { ids } else { holding }
}

/// Whether a subnet is in a zone, as far as both were seen.
fn is_in_zone(index: &Index<'_>, id: &str, zone: Option<&str>) -> bool {
    match index.subnet(id) {
        Lookup::Found(subnet) => zone.is_some() && subnet.availability_zone.as_deref() == zone,
        _ => false,
    }
}

fn public_addresses(instance: &ReplicationInstance) -> Vec<Ipv4Addr> {
    let mut addresses: Vec<Ipv4Addr> = instance
        .replication_instance_public_ip_address
        .iter()
        .chain(instance.replication_instance_public_ip_addresses.iter().flatten().flatten())
        .filter_map(|address| address.parse().ok())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The subnets of a group, of one zone where it is named.
pub(crate) fn subnets_of_group(
    group: &ReplicationSubnetGroup,
    zone: Option<&str>,
) -> Result<Vec<String>, Gap> {
    let missing = |what: String| {
        Gap::new(
            group.replication_subnet_group_identifier.as_str(),
            what,
            Unlock::IamAction("dms:DescribeReplicationSubnetGroups".into()),
        )
    };
    let Some(subnets) = &group.subnets else {
        return Err(missing("its subnets were not delivered".into()));
    };
    if subnets.iter().any(|subnet| subnet.subnet_identifier.is_none()) {
        return Err(missing("it shows a subnet without its id".into()));
    }
    let ids: Vec<String> = subnets
        .iter()
        .filter(|subnet| {
            let own =
                subnet.subnet_availability_zone.as_ref().and_then(|zone| zone.name.as_deref());
            zone.is_none() || own.is_none() || own == zone
        })
        .filter_map(|subnet| subnet.subnet_identifier.clone())
        .collect();
    match zone {
        _ if !ids.is_empty() => Ok(ids),
        Some(zone) => Err(missing(format!("it shows no subnet in {zone}"))),
        None => Err(missing("it shows no subnet".into())),
    }
}

/// A VPC's default security group, which DMS takes where none is named.
fn default_group(case: &Case<'_>, vpc: Option<&str>) -> Fact<Vec<String>> {
    let list = &case.facts.inventory.security_groups;
    let found = list.items.iter().find(|group| {
        group.group_name.as_deref() == Some("default")
            && vpc.is_some()
            && group.vpc_id.as_deref() == vpc
    });
    match found {
        Some(group) => Fact::Known(vec![group.group_id.clone()]),
        None => Fact::Unknown(Gap::new(
            "the replication's security groups",
            "none is named, and the VPC's default one was not delivered",
            Unlock::Flag("--security-groups".into()),
        )),
    }
}

fn seat<'a>(
    index: &Index<'a>,
    id: &str,
    role: &'static str,
    place: &Place,
    public: &PublicAddress,
    address: Option<Ipv4Addr>,
) -> Seat<'a> {
    let source = match index.subnet(id).or_gap(id, "Subnets") {
        Ok(subnet) => Fact::Known(Source {
            subnet,
            interface: None,
            address,
            groups: Some(place.groups.clone()),
            public: public.clone(),
            elastic: false,
            assumptions: place.assumptions.clone(),
        }),
        Err(gap) => Fact::Unknown(gap),
    };
    let path = Fact::Unknown(Gap::new(id, "not traced yet", Unlock::Nothing));
    Seat { id: id.to_owned(), role, source, path }
}

impl Case<'_> {
    fn migration_instance(&self) -> &str {
        self.migration.instance().map_or("the instance", |instance| {
            instance
                .replication_instance_identifier
                .as_deref()
                .unwrap_or(&instance.replication_instance_arn)
        })
    }
}

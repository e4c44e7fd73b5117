//! One migration with its facts, its cluster, its seats and their traced paths: what a check sees.

pub(crate) mod cluster;
mod resolved;
mod seat;
mod server;
pub(crate) mod verification;
mod witness;

pub use cluster::ClusterView;
pub use seat::Seat;
pub(crate) use seat::subnets_of_group;
pub use server::{Seen, Server, is_rds, is_rds_build};
pub(crate) use server::{is_mysql, is_seat};

use std::collections::BTreeMap;

use witness::Witness;

use crate::{
    facts::{
        Assumption, Cluster, Fact, Facts, Gap, Index, PathKind, Role, Unlock,
        inventory::dms::Endpoint,
    },
    migration::{Kind, Migration, Side},
    path::{Addresses, Path, Source},
    report::MigrationSummary,
    trust::Signatures,
};

/// One migration, ready to be judged.
pub struct Case<'a> {
    /// All facts.
    pub facts: &'a Facts,
    /// The inventory, indexed.
    pub index: &'a Index<'a>,
    /// What is judged.
    pub migration: Migration<'a>,
    /// The cluster.
    pub cluster: ClusterView,
    /// The cluster's addresses, as a packet's destination.
    pub destinations: Fact<Vec<Addresses>>,
    /// The subnets that the replication may sit in.
    pub seats: Fact<Vec<Seat<'a>>>,
    /// What was taken as given to build it.
    pub assumptions: Vec<Assumption>,
    /// The signature algorithms that certificate chains are judged with.
    pub signatures: Signatures,
}

impl<'a> Case<'a> {
    /// Builds a case: finds the cluster, the seats, and traces each seat's path once.
    pub fn new(facts: &'a Facts, index: &'a Index<'a>, migration: Migration<'a>) -> Self {
        let cluster = ClusterView::new(facts, &migration);
        let mut assumptions = cluster.assumptions.clone();
        let mut case = Self {
            facts,
            index,
            migration,
            cluster,
            destinations: Fact::Known(Vec::new()),
            seats: Fact::Known(Vec::new()),
            assumptions: Vec::new(),
            signatures: Signatures::default(),
        };
        case.seats = seat::seats(&case, &mut assumptions);
        let witness = Witness::new(&case);
        case.destinations = witness.check_destinations(case.find_destinations(&mut assumptions));
        let (destinations, port) = (&case.destinations, &case.cluster.port);
        if let Fact::Known(seats) = &mut case.seats {
            for seat in &mut *seats {
                seat.trace(index, destinations, port);
            }
            witness.check_egress(seats);
        }
        case.assumptions = assumptions;
        case
    }

    /// The region that the replication runs in, read from ARNs and zone names.
    pub fn region(&self) -> Option<String> {
        let arn = match self.migration.kind {
            Kind::Task(task, _) => Some(task.replication_task_arn.as_str()),
            Kind::Instance(instance) => Some(instance.replication_instance_arn.as_str()),
            Kind::Config(config) => Some(config.replication_config_arn.as_str()),
            Kind::Planned => None,
        };
        arn.and_then(region_of_arn).or_else(|| {
            self.seats.known()?.iter().find_map(|seat| {
                let subnet = seat.source.known()?.subnet;
                subnet
                    .subnet_arn
                    .as_deref()
                    .and_then(region_of_arn)
                    .or_else(|| region_of_zone(subnet.availability_zone.as_deref()?))
            })
        })
    }

    /// What was seen of the cluster by its own API or console.
    pub fn cluster_seen(&self) -> Option<&'a Cluster> {
        self.facts.cluster(self.cluster.host.known()?)
    }

    /// The port that the path is judged for, where that may only be what DMS filled in.
    pub(crate) fn doubtful_port(&self) -> Option<u16> {
        let port = *self.cluster.port.known()?;
        let is_said = self.facts.asked.tidb_port.is_some()
            || self.cluster_seen().is_some_and(|cluster| cluster.port.is_some());
        (port == cluster::MYSQL_PORT && !is_said).then_some(port)
    }

    /// The endpoint that is the cluster, where there is one.
    pub fn tidb_endpoint(&self) -> Option<&'a Endpoint> {
        self.tidb_side().and_then(Side::endpoint)
    }

    /// The side that is the cluster, where it is known.
    pub fn tidb_side(&self) -> Option<&Side<'a>> {
        self.cluster.role.known().map(|role| self.side(*role))
    }

    /// One end of the migration.
    pub const fn side(&self, role: Role) -> &Side<'a> {
        match role {
            Role::Source => &self.migration.source,
            Role::Target => &self.migration.target,
        }
    }

    /// One end of the migration as a server.
    pub fn server(&self, role: Role) -> Server<'a> {
        Server::new(self, role)
    }

    /// The ends that the migration names, the source first: its endpoints, and the cluster.
    pub fn servers(&self) -> Vec<Server<'a>> {
        [Role::Source, Role::Target]
            .into_iter()
            .filter(|role| {
                !matches!(self.side(*role), Side::NotNamed)
                    || self.cluster.role.known() == Some(role)
            })
            .map(|role| self.server(role))
            .collect()
    }

    /// Whether the replication is serverless, which never has a public address.
    pub fn is_serverless(&self) -> bool {
        match self.migration.kind {
            Kind::Config(_) => true,
            Kind::Planned => self.facts.asked.serverless == Some(true),
            Kind::Task(..) | Kind::Instance(_) => false,
        }
    }

    /// The traced path of a seat.
    pub fn path<'s>(&self, seat: &'s Seat<'_>) -> Fact<&'s Path> {
        match &seat.path {
            Fact::Known(path) => Fact::Known(path),
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        }
    }

    /// The kind of path, where it is known.
    pub fn path_kind(&self) -> Option<PathKind> {
        self.cluster.path.known().copied()
    }

    /// The migration type: what was asked, else what the task or configuration says.
    pub fn migration_type(&self) -> Option<&str> {
        let asked = self.facts.asked.migration_type.as_deref();
        asked.or(match self.migration.kind {
            Kind::Task(task, _) => task.migration_type.as_deref(),
            Kind::Config(config) => config.replication_type.as_deref(),
            Kind::Instance(_) | Kind::Planned => None,
        })
    }

    /// Where packets to the cluster go to.
    fn find_destinations(&self, assumptions: &mut Vec<Assumption>) -> Fact<Vec<Addresses>> {
        let asked = &self.facts.asked;
        if let Some(addresses) = &asked.tidb_addresses {
            return Fact::Known(addresses.iter().copied().map(Addresses::one).collect());
        }
        if let Some(addresses) = resolved::resolved(self, assumptions) {
            return Fact::Known(addresses);
        }
        let unknown = |reason: &str| {
            Fact::Unknown(Gap::new(
                "the cluster's address",
                reason,
                Unlock::Flag("--tidb-address".into()),
            ))
        };
        match self.cluster.path.known() {
            Some(PathKind::Public) => {
                assumptions.push(Assumption::new(
                    "the cluster's address",
                    "any public IPv4 address",
                    "it was not looked up",
                ));
                Fact::Known(vec![Addresses::AnyPublic])
            }
            Some(PathKind::PrivateEndpoint) => match self.endpoint_addresses() {
                Some(addresses) => {
                    assumptions.push(Assumption::new(
                        self.cluster.name(),
                        "it leads to the interface endpoint that carries its name",
                        "its name was not looked up",
                    ));
                    Fact::Known(addresses)
                }
                None => match self.endpoints_unseen() {
                    Some(gap) => Fact::Unknown(gap),
                    None => unknown("no VPC endpoint with this host name was delivered"),
                },
            },
            Some(PathKind::VpcPeering) => {
                unknown("an address behind VPC peering was not looked up")
            }
            None => unknown("neither the address nor the kind of path is known"),
        }
    }

    /// The addresses of the interface endpoint that carries the cluster's host name as a private name.
    fn endpoint_addresses(&self) -> Option<Vec<Addresses>> {
        let host = self.cluster.host.known()?.trim_end_matches('.').to_ascii_lowercase();
        let vpc = self.vpc()?;
        let matches = |name: &str| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == host
                || name
                    .strip_prefix("*.")
                    .is_some_and(|rest| host.split_once('.').is_some_and(|(_, tail)| tail == rest))
        };
        let endpoint = self.facts.inventory.vpc_endpoints.items.iter().find(|endpoint| {
            endpoint.vpc_id.as_deref() == Some(vpc)
                && endpoint
                    .dns_entries
                    .iter()
                    .flatten()
                    .any(|entry| entry.dns_name.as_deref().is_some_and(matches))
        })?;
        let addresses: Option<Vec<Addresses>> = endpoint
            .network_interface_ids
            .as_ref()?
            .iter()
            .map(|id| match self.index.interface(id) {
                crate::facts::Lookup::Found(interface) => interface
                    .private_ip_address
                    .as_deref()
                    .and_then(|address| address.parse().ok())
                    .map(Addresses::one),
                _ => None,
            })
            .collect();
        addresses.filter(|addresses| !addresses.is_empty())
    }

    /// Why the endpoint with the cluster's name may not have been seen, or not its addresses.
    fn endpoints_unseen(&self) -> Option<Gap> {
        let inventory = &self.facts.inventory;
        let gap = inventory.vpc_endpoints.gap().or_else(|| inventory.network_interfaces.gap())?;
        Some(Gap::new("the cluster's address", format!("not seen: {gap}"), gap.unlock.clone()))
    }

    /// The VPC of the seats.
    pub fn vpc(&self) -> Option<&'a str> {
        self.seats
            .known()?
            .iter()
            .find_map(|seat| Some(seat.source.known()?.subnet.vpc_id.as_str()))
    }

    /// What is judged, in short.
    pub fn summary(&self) -> MigrationSummary {
        let side = |side: &Side<'_>, role: Role| match side {
            Side::Seen(endpoint) => describe(self.facts, endpoint),
            // Of a replication that wasn't seen not even the endpoint's name is known.
            Side::Unseen(gap) if self.is_replication(&gap.about) => "not seen".to_owned(),
            Side::Unseen(gap) => format!("{} (not seen)", gap.about),
            Side::NotNamed if self.cluster.role.known() == Some(&role) => self.cluster.describe(),
            Side::NotNamed => "not named".to_owned(),
        };
        MigrationSummary {
            kind: self.migration.kind_name().to_owned(),
            name: self.migration.name(),
            region: self.region(),
            migration_type: self.migration_type().map(str::to_owned),
            source: side(&self.migration.source, Role::Source),
            target: side(&self.migration.target, Role::Target),
            tidb_as: self.cluster.role.known().copied(),
            tidb_host: self.cluster.host.known().cloned(),
            tidb_port: self.cluster.port.known().copied(),
            tidb_tier: self.cluster.tier.known().copied(),
            path: self.path_kind(),
        }
    }

    /// Whether this is the ARN of the task or configuration itself.
    fn is_replication(&self, arn: &str) -> bool {
        match self.migration.kind {
            Kind::Task(task, _) => task.replication_task_arn == arn,
            Kind::Config(config) => config.replication_config_arn == arn,
            Kind::Instance(_) | Kind::Planned => false,
        }
    }

    /// What the migration's resources are called, by their ARN.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut add = |arn: &str, name: Option<&String>| {
            if let Some(name) = name {
                names.insert(arn.to_owned(), name.clone());
            }
        };
        match self.migration.kind {
            Kind::Task(task, _) => {
                add(&task.replication_task_arn, task.replication_task_identifier.as_ref());
            }
            Kind::Config(config) => {
                add(&config.replication_config_arn, config.replication_config_identifier.as_ref());
            }
            Kind::Instance(_) | Kind::Planned => {}
        }
        if let Some(instance) = self.migration.instance() {
            add(
                &instance.replication_instance_arn,
                instance.replication_instance_identifier.as_ref(),
            );
        }
        let sides = [&self.migration.source, &self.migration.target];
        for endpoint in sides.into_iter().filter_map(Side::endpoint) {
            add(&endpoint.endpoint_arn, endpoint.endpoint_identifier.as_ref());
            let held = self.facts.inventory.certificates.items.iter();
            for certificate in
                held.filter(|held| Some(&held.certificate_arn) == endpoint.certificate_arn.as_ref())
            {
                add(&certificate.certificate_arn, certificate.certificate_identifier.as_ref());
            }
        }
        names
    }
}

fn describe(facts: &Facts, endpoint: &Endpoint) -> String {
    let name = endpoint.endpoint_identifier.as_deref().unwrap_or(&endpoint.endpoint_arn);
    let engine = endpoint.engine_name.as_deref().unwrap_or("engine not seen");
    match (cluster::server_name(facts, endpoint), cluster::port(facts, endpoint)) {
        (Some(host), Some(port)) => format!("{name} ({engine}, {host}:{port})"),
        (Some(host), None) => format!("{name} ({engine}, {host})"),
        _ => format!("{name} ({engine})"),
    }
}

/// Where a replication instance may sit today, by its name or ARN; `None` when there is no such
/// instance.
pub fn seats_of_instance<'a>(
    facts: &'a Facts,
    index: &'a Index<'a>,
    name: &str,
) -> Option<Result<Vec<Source<'a>>, Gap>> {
    let instance = facts.inventory.replication_instances.items.iter().find(|instance| {
        instance.replication_instance_arn == name
            || instance
                .replication_instance_identifier
                .as_deref()
                .is_some_and(|id| id.eq_ignore_ascii_case(name))
    })?;
    let migration = Migration {
        kind: Kind::Instance(instance),
        source: Side::NotNamed,
        target: Side::NotNamed,
    };
    let case = Case::new(facts, index, migration);
    Some(match case.seats {
        Fact::Unknown(gap) => Err(gap),
        Fact::Known(seats) => seats
            .into_iter()
            .filter(|seat| seat.role != "standby")
            .map(|seat| match seat.source {
                Fact::Known(source) => Ok(source),
                Fact::Unknown(gap) => Err(gap),
            })
            .collect(),
    })
}

/// The region in an ARN, `arn:aws:dms:us-east-1:…`.
pub(crate) fn region_of_arn(arn: &str) -> Option<String> {
    let region = arn.split(':').nth(3)?;
    (!region.is_empty()).then(|| region.to_owned())
}

/// The region of a zone's name: `us-east-1a`, `us-west-2-lax-1a`.
pub(crate) fn region_of_zone(zone: &str) -> Option<String> {
    let digit = zone.find(|letter: char| letter.is_ascii_digit())?;
    let region = zone.get(..=digit)?;
    (region.matches('-').count() >= 2).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_from_arns_and_zones() {
        assert_eq!(region_of_arn("arn:aws:dms:us-east-1:1:rep:X").as_deref(), Some("us-east-1"));
        assert_eq!(region_of_arn("orders"), None);
        for (zone, region) in [
            ("us-east-1a", Some("us-east-1")),
            ("us-gov-west-1b", Some("us-gov-west-1")),
            ("us-west-2-lax-1a", Some("us-west-2")),
            ("a", None),
        ] {
            assert_eq!(region_of_zone(zone).as_deref(), region, "{zone}");
        }
    }
}

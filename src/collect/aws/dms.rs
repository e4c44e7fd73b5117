//! What is asked of DMS: each list once for the region, joined in memory.

use tidb_dms_checks::facts::Asked;

use super::{
    call::{read_json, send},
    job::{Job, Look, pages},
};

/// DMS gives at most so many at once. Its default is 100 too, but 10 for certificates.
const PAGE: i32 = 100;

/// A list of DMS, page by page.
macro_rules! list {
    ($look:ident, $key:literal, $action:literal, $operation:ident) => {
        Job::new(
            $key,
            $action,
            pages($key, "Marker", read_json, move |marker| async move {
                send!(
                    $look,
                    $action,
                    $look.aws.dms.$operation().max_records(PAGE).set_marker(marker)
                )
            }),
        )
    };
}

/// What kind of migration was asked for, by the same order in which one is selected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wanted {
    OnInstance,
    Serverless,
    Planned,
    /// Whatever there is.
    Any,
}

impl Wanted {
    const fn of(asked: &Asked) -> Self {
        if asked.task.is_some() {
            Self::OnInstance
        } else if asked.replication_config.is_some() {
            Self::Serverless
        } else if asked.replication_instance.is_some() {
            Self::OnInstance
        } else if asked.is_planned() {
            Self::Planned
        } else {
            Self::Any
        }
    }

    const fn may_be_on_instance(self) -> bool {
        matches!(self, Self::OnInstance | Self::Any)
    }

    const fn may_be_serverless(self) -> bool {
        matches!(self, Self::Serverless | Self::Any)
    }

    /// A plan has the endpoints that are named, and no others.
    const fn has_endpoints(self, asked: &Asked) -> bool {
        !matches!(self, Self::Planned)
            || asked.source_endpoint.is_some()
            || asked.target_endpoint.is_some()
    }
}

/// The lists that tell which migration it is and where it sits.
#[rustfmt::skip]
pub(super) fn of_selection<'a>(look: &'a Look<'a>) -> Vec<Job<'a>> {
    let asked = look.asked;
    let wanted = Wanted::of(asked);
    let mut jobs = Vec::new();
    if wanted.may_be_on_instance() {
        jobs.push(list!(look, "ReplicationTasks", "dms:DescribeReplicationTasks", describe_replication_tasks));
        jobs.push(list!(look, "ReplicationInstances", "dms:DescribeReplicationInstances", describe_replication_instances));
    }
    if wanted.may_be_serverless() {
        jobs.push(list!(look, "ReplicationConfigs", "dms:DescribeReplicationConfigs", describe_replication_configs));
    }
    // An instance shows its own group.
    let is_in_group = wanted == Wanted::Planned && asked.subnets.is_none();
    if wanted.may_be_serverless() || is_in_group {
        jobs.push(list!(look, "ReplicationSubnetGroups", "dms:DescribeReplicationSubnetGroups", describe_replication_subnet_groups));
    }
    if wanted.has_endpoints(asked) {
        jobs.push(list!(look, "Endpoints", "dms:DescribeEndpoints", describe_endpoints));
    }
    if wanted == Wanted::Planned && let Some(subnets) = &asked.subnets {
        jobs.push(super::ec2::planned_subnets(look, subnets));
    }
    jobs
}

/// Lists from which nothing follows.
#[rustfmt::skip]
pub(super) fn of_region<'a>(look: &'a Look<'a>) -> Vec<Job<'a>> {
    let wanted = Wanted::of(look.asked);
    let mut jobs = Vec::new();
    if wanted.has_endpoints(look.asked) {
        jobs.push(list!(look, "Certificates", "dms:DescribeCertificates", describe_certificates));
    }
    if wanted.may_be_on_instance() {
        jobs.push(list!(look, "Connections", "dms:DescribeConnections", describe_connections));
    }
    if wanted.may_be_serverless() {
        jobs.push(list!(look, "Replications", "dms:DescribeReplications", describe_replications));
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_what_would_be_selected() {
        let some = || Some("x".to_owned());
        let asked = Asked { replication_instance: some(), ..Asked::default() };
        assert_eq!(Wanted::of(&asked), Wanted::OnInstance);
        let asked = Asked { replication_config: some(), ..asked };
        assert_eq!(Wanted::of(&asked), Wanted::Serverless);
        let asked = Asked { task: some(), ..asked };
        assert_eq!(Wanted::of(&asked), Wanted::OnInstance);
        let plan = Asked { subnet_group: some(), ..Asked::default() };
        assert_eq!(Wanted::of(&plan), Wanted::Planned);
        assert!(!Wanted::Planned.has_endpoints(&plan));
        assert!(Wanted::Any.has_endpoints(&plan));
        assert_eq!(Wanted::of(&Asked::default()), Wanted::Any);
    }
}

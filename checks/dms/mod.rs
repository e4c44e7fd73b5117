//! The settings of DMS itself.

use serde_json::Value;

use crate::{
    case::{Case, is_mysql},
    change::{Change, DmsChange, ReplicationFields},
    check::Check,
    facts::{
        Fact, Gap, Role, Unlock, cluster::HostName, inventory::dms::Endpoint,
        inventory::dms::ReplicationInstance,
    },
    judgement::Judgement,
    migration::{Kind, Side},
    severity::Severity,
};

pub(crate) mod attributes;
pub(crate) mod mappings;
pub(crate) mod pattern;
pub(crate) mod transformations;

mod attributes_fit;
mod auto_minor_version_upgrade;
mod database_name;
mod endpoint_engine;
mod endpoint_role;
mod engine_version;
mod foreign_key_checks;
mod host_and_port;
mod instance_class;
mod instance_state;
mod kms_key;
mod last_test;
pub(crate) mod logging;
mod parallel_load;
mod password_characters;
mod secret;
mod serverless_limits;
mod ssl_mode;
mod table_mappings;
mod target_schema;
mod tidb_source_full_load;
mod vpc_role;

pub(crate) const CHECKS: &[&Check] = &[
    &vpc_role::CHECK,
    &instance_state::CHECK,
    &instance_class::CHECK,
    &engine_version::CHECK,
    &auto_minor_version_upgrade::CHECK,
    &serverless_limits::CHECK,
    &kms_key::CHECK,
    &endpoint_role::CHECK,
    &endpoint_engine::CHECK,
    &host_and_port::CHECK,
    &secret::CHECK,
    &password_characters::CHECK,
    &ssl_mode::CHECK,
    &database_name::CHECK,
    &foreign_key_checks::CHECK,
    &attributes_fit::CHECK,
    &parallel_load::CHECK,
    &tidb_source_full_load::CHECK,
    &table_mappings::CHECK,
    &target_schema::CHECK,
    &logging::CHECK,
    &last_test::CHECK,
];

/// A field that AWS didn't print.
pub(crate) fn not_delivered(about: &str, what: &str, action: &str) -> Gap {
    let was = if what.ends_with("settings") { "were" } else { "was" };
    Gap::new(about, format!("its {what} {was} not delivered"), Unlock::IamAction(action.into()))
}

/// The version of a DMS engine, such as `3.5.4`, as numbers.
pub(crate) fn engine_numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?];
    parts.next().is_none().then_some(numbers)
}

/// An endpoint's name for sentences.
fn name(endpoint: &Endpoint) -> &str {
    endpoint.endpoint_identifier.as_deref().unwrap_or(&endpoint.endpoint_arn)
}

/// Whether an endpoint's engine speaks MySQL; `None` when the engine wasn't seen.
pub(crate) fn speaks_mysql(endpoint: &Endpoint) -> Option<bool> {
    endpoint.engine_name.as_deref().map(is_mysql)
}

/// The replication instance; on record otherwise: serverless and planned replications have none, and
/// not to have seen one is told by the checks of the network, so it is less grave here.
fn instance<'a>(j: &mut Judgement, case: &Case<'a>) -> Option<&'a ReplicationInstance> {
    j.undecided_at(Severity::Warning);
    match case.migration.kind {
        Kind::Config(_) => j.not_applicable("a serverless replication has no instance"),
        Kind::Planned => j.not_applicable("there is no replication instance yet"),
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => return Some(instance),
        Kind::Task(task, None) => match &case.seats {
            Fact::Unknown(gap) => j.gap(gap.clone()),
            Fact::Known(_) => j.gap(not_delivered(
                &task.replication_task_arn,
                "replication instance",
                "dms:DescribeReplicationInstances",
            )),
        },
    }
    None
}

/// One side's endpoint; on record otherwise.
fn on_side<'a>(
    j: &mut Judgement,
    case: &Case<'a>,
    side: &Side<'a>,
    role: Role,
) -> Option<&'a Endpoint> {
    match side {
        Side::Seen(endpoint) => return Some(*endpoint),
        Side::Unseen(gap) => j.gap(gap.clone()),
        Side::NotNamed if matches!(case.migration.kind, Kind::Planned) => {
            j.not_applicable(format!("there is no DMS {} endpoint yet", role.as_str()));
        }
        Side::NotNamed => j.gap(Gap::new(
            format!("the DMS {} endpoint", role.as_str()),
            "none was named",
            Unlock::Flag(format!("--{}-endpoint", role.as_str())),
        )),
    }
    None
}

/// The endpoint that is the cluster; on record otherwise.
fn of_cluster<'a>(j: &mut Judgement, case: &Case<'a>) -> Option<&'a Endpoint> {
    if matches!(case.migration.kind, Kind::Planned)
        && matches!(case.migration.source, Side::NotNamed)
        && matches!(case.migration.target, Side::NotNamed)
    {
        j.not_applicable("there is no DMS endpoint yet");
        return None;
    }
    match j.look(case.cluster.role.clone())? {
        Role::Source => on_side(j, case, &case.migration.source, Role::Source),
        Role::Target => on_side(j, case, &case.migration.target, Role::Target),
    }
}

/// The target endpoint where it speaks MySQL; on record otherwise.
fn mysql_target<'a>(j: &mut Judgement, case: &Case<'a>) -> Option<&'a Endpoint> {
    let endpoint = on_side(j, case, &case.migration.target, Role::Target)?;
    if speaks_mysql(endpoint) == Some(false) {
        j.not_applicable(format!("the target {} isn't a MySQL endpoint", name(endpoint)));
        return None;
    }
    Some(endpoint)
}

/// Both endpoints as far as they were seen; a missing one is on record, unless the other is all that
/// was named.
fn both<'a>(j: &mut Judgement, case: &Case<'a>) -> Vec<(Role, &'a Endpoint)> {
    let sides = [(Role::Source, &case.migration.source), (Role::Target, &case.migration.target)];
    let any_named = sides.iter().any(|(_, side)| !matches!(side, Side::NotNamed));
    sides
        .into_iter()
        .filter(|(_, side)| !any_named || !matches!(side, Side::NotNamed))
        .filter_map(|(role, side)| Some((role, on_side(j, case, side, role)?)))
        .collect()
}

/// Whether the source is TiDB: what was asked, its host name, or what it said of its version.
fn source_is_tidb(case: &Case<'_>) -> Option<bool> {
    if case.cluster.role.known() == Some(&Role::Source) {
        return Some(true);
    }
    match &case.migration.source {
        // Without its host a MySQL source can't be told to be another server.
        Side::Seen(endpoint)
            if attributes::server_name(endpoint).is_none()
                && speaks_mysql(endpoint) != Some(false) =>
        {
            None
        }
        Side::Seen(endpoint) => Some(is_tidb(case, endpoint)),
        Side::Unseen(_) => None,
        Side::NotNamed => case.cluster.role.known().map(|_| false),
    }
}

fn is_tidb(case: &Case<'_>, endpoint: &Endpoint) -> bool {
    let Some(host) = attributes::server_name(endpoint) else {
        return false;
    };
    HostName::read(host).is_some()
        || case.facts.probes.iter().any(|probe| {
            let version = probe.session.version.as_ref().and_then(|look| look.seen.known());
            probe.host.eq_ignore_ascii_case(host)
                && version.is_some_and(|version| version.contains("TiDB"))
        })
}

/// The ARN of the task or configuration, and whether it is serverless.
fn replication<'a>(case: &Case<'a>) -> Option<(&'a str, bool)> {
    match case.migration.kind {
        Kind::Task(task, _) => Some((&task.replication_task_arn, false)),
        Kind::Config(config) => Some((&config.replication_config_arn, true)),
        Kind::Instance(_) | Kind::Planned => None,
    }
}

/// The change of a task or configuration, where there is one.
pub(crate) fn modify(case: &Case<'_>, fields: ReplicationFields) -> Option<Change> {
    let (replication, serverless) = replication(case)?;
    Some(
        DmsChange::ModifyReplication {
            region: case.region()?,
            replication: replication.to_owned(),
            serverless,
            fields,
        }
        .into(),
    )
}

/// The task settings, and where they stand; on record otherwise. Not to have seen them is never grave.
pub(crate) fn settings<'a>(j: &mut Judgement, case: &Case<'a>) -> Option<(&'a str, Value)> {
    j.undecided_at(Severity::Advice);
    let text = match case.migration.kind {
        Kind::Task(task, _) => task.replication_task_settings.as_deref(),
        Kind::Config(config) => config.replication_settings.as_deref(),
        Kind::Instance(_) | Kind::Planned => {
            j.not_applicable("there is no task yet");
            return None;
        }
    };
    let (place, serverless) = replication(case)?;
    let action =
        if serverless { "dms:DescribeReplicationConfigs" } else { "dms:DescribeReplicationTasks" };
    let Some(text) = text else {
        j.gap(not_delivered(place, "settings", action));
        return None;
    };
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Some((place, value)),
        Err(error) => {
            j.gap(Gap::new(
                place,
                format!("its settings can't be read: {error}"),
                Unlock::IamAction(action.into()),
            ));
            None
        }
    }
}

/// A member of JSON settings, `TargetMetadata.TargetSchema`, in any letter case.
pub(crate) fn member<'v>(settings: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(settings, |value, name| {
        value
            .as_object()?
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_in_any_letter_case() {
        let settings = serde_json::json!({"TargetMetadata": {"TargetSchema": "shop"}});
        assert_eq!(
            member(&settings, "targetmetadata.TargetSchema").and_then(Value::as_str),
            Some("shop")
        );
        assert_eq!(member(&settings, "TargetMetadata.Other"), None);
        assert_eq!(member(&settings, "TargetMetadata.TargetSchema.Deeper"), None);
    }
}

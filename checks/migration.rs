//! Which migration is judged: a selection over the facts.

use std::borrow::Cow;

use serde_json::json;

use crate::facts::{
    Asked, Facts, Gap, Index, Lookup, Unlock,
    inventory::{
        List, Resource,
        dms::{Endpoint, ReplicationConfig, ReplicationInstance, ReplicationTask},
    },
};

mod error;

pub use error::SelectError;

/// A replication and its two endpoints, existing or planned.
#[derive(Clone, Debug)]
pub struct Migration<'a> {
    /// What kind of thing it is.
    pub kind: Kind<'a>,
    /// The source endpoint.
    pub source: Side<'a>,
    /// The target endpoint.
    pub target: Side<'a>,
}

/// What replicates.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// A task on a replication instance, which may not have been seen.
    Task(&'a ReplicationTask, Option<&'a ReplicationInstance>),
    /// A replication instance with endpoints.
    Instance(&'a ReplicationInstance),
    /// A serverless replication.
    Config(&'a ReplicationConfig),
    /// Nothing yet: what was asked describes it.
    Planned,
}

/// One endpoint of a migration.
#[derive(Clone, Debug)]
pub enum Side<'a> {
    /// It was seen.
    Seen(&'a Endpoint),
    /// The migration names it, and it wasn't seen.
    Unseen(Gap),
    /// None was named.
    NotNamed,
}

impl<'a> Side<'a> {
    /// The endpoint, where it was seen.
    pub const fn endpoint(&self) -> Option<&'a Endpoint> {
        match self {
            Self::Seen(endpoint) => Some(*endpoint),
            Self::Unseen(_) | Self::NotNamed => None,
        }
    }
}

impl<'a> Migration<'a> {
    /// Its name: the task's, the instance's or the configuration's id.
    pub fn name(&self) -> String {
        let name = match self.kind {
            Kind::Task(task, _) => {
                task.replication_task_identifier.as_deref().unwrap_or(&task.replication_task_arn)
            }
            Kind::Instance(instance) => instance_name(instance),
            Kind::Config(config) => config_name(config),
            Kind::Planned => "planned",
        };
        name.to_owned()
    }

    /// `task`, `replication-instance`, `replication-config` or `planned`.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Task(..) => "task",
            Kind::Instance(_) => "replication-instance",
            Kind::Config(_) => "replication-config",
            Kind::Planned => "planned",
        }
    }

    /// The replication instance, where there is one.
    pub const fn instance(&self) -> Option<&'a ReplicationInstance> {
        match self.kind {
            Kind::Task(_, instance) => instance,
            Kind::Instance(instance) => Some(instance),
            Kind::Config(_) | Kind::Planned => None,
        }
    }
}

/// The facts, and in them the migration that was asked for by name although the list in which it
/// would stand could not be seen. Of such a migration nothing is known but its name.
pub(crate) fn with_what_was_asked(facts: &Facts) -> Cow<'_, Facts> {
    fn unseen<T: Resource>(
        list: &List<T>,
        name: Option<&String>,
        find: impl Fn(&T) -> Option<&str>,
        field: &str,
    ) -> Option<T> {
        let name = name.filter(|_| list.was_looked_at_in_vain())?;
        let is_there = list.items.iter().any(|item| {
            item.id() == name || find(item).is_some_and(|id| id.eq_ignore_ascii_case(name))
        });
        // Nothing but its id is required of a resource.
        (!is_there).then(|| serde_json::from_value(json!({ field: name })).ok()).flatten()
    }
    let (asked, inventory) = (&facts.asked, &facts.inventory);
    let task = unseen(
        &inventory.replication_tasks,
        asked.task.as_ref(),
        |task| task.replication_task_identifier.as_deref(),
        "ReplicationTaskArn",
    );
    let config = unseen(
        &inventory.replication_configs,
        asked.replication_config.as_ref(),
        |config| config.replication_config_identifier.as_deref(),
        "ReplicationConfigArn",
    );
    let instance = unseen(
        &inventory.replication_instances,
        asked.replication_instance.as_ref(),
        |instance| instance.replication_instance_identifier.as_deref(),
        "ReplicationInstanceArn",
    );
    if task.is_none() && config.is_none() && instance.is_none() {
        return Cow::Borrowed(facts);
    }
    let mut facts = facts.clone();
    facts.inventory.replication_tasks.items.extend(task);
    facts.inventory.replication_configs.items.extend(config);
    facts.inventory.replication_instances.items.extend(instance);
    Cow::Owned(facts)
}

/// Every migration that the inventory holds: tasks, and serverless replications of the user's own.
pub fn migrations<'a>(facts: &'a Facts, index: &Index<'a>) -> Vec<Migration<'a>> {
    let inventory = &facts.inventory;
    let tasks = inventory.replication_tasks.items.iter().map(|task| of_task(facts, index, task));
    let configs = own_configs(facts).map(|config| of_config(facts, index, config));
    tasks.chain(configs).collect()
}

/// The migration that was asked for, or the only candidate.
pub fn select<'a>(facts: &'a Facts, index: &Index<'a>) -> Result<Migration<'a>, SelectError> {
    let asked = &facts.asked;
    let inventory = &facts.inventory;
    // What stands in a list that could not be seen isn't misspelt.
    if !inventory.endpoints.was_looked_at_in_vain() {
        for name in asked.source_endpoint.iter().chain(&asked.target_endpoint) {
            endpoint_named(facts, name)?;
        }
    }
    if let Some(error) = two_at_once(asked) {
        return Err(error);
    }
    if let Some(name) = &asked.task {
        let task = named(
            "task",
            name,
            &inventory.replication_tasks.items,
            |task| &task.replication_task_arn,
            |task| task.replication_task_identifier.as_deref(),
        )?;
        if let Some(name) = &asked.replication_instance {
            runs_on(facts, task, name)?;
        }
        return Ok(of_task(facts, index, task));
    }
    if let Some(name) = &asked.replication_config {
        let config = named(
            "replication config",
            name,
            &inventory.replication_configs.items,
            |config| &config.replication_config_arn,
            |config| config.replication_config_identifier.as_deref(),
        )?;
        return Ok(of_config(facts, index, config));
    }
    if let Some(name) = &asked.replication_instance {
        return of_instance(facts, index, instance_named(facts, name)?);
    }
    if asked.is_planned() {
        return Ok(Migration {
            kind: Kind::Planned,
            source: side(facts, asked.source_endpoint.as_deref(), None, index, None),
            target: side(facts, asked.target_endpoint.as_deref(), None, index, None),
        });
    }
    only_candidate(facts, index)
}

/// A configuration is a whole migration, and so is a task; an instance may run a task.
const fn two_at_once(asked: &Asked) -> Option<SelectError> {
    let config = asked.replication_config.is_some();
    let one = match (&asked.task, &asked.replication_instance) {
        (Some(_), _) => "--task",
        (None, Some(_)) => "--replication-instance",
        (None, None) => return None,
    };
    if config { Some(SelectError::Both { one, other: "--replication-config" }) } else { None }
}

/// Whether a task runs on the instance that was named beside it, as far as that can be seen.
fn runs_on(facts: &Facts, task: &ReplicationTask, name: &str) -> Result<(), SelectError> {
    let Some(of_task) = task.replication_instance_arn.as_deref() else { return Ok(()) };
    let instances = &facts.inventory.replication_instances;
    let found = if instances.was_looked_at_in_vain() {
        of_task
    } else {
        &instance_named(facts, name)?.replication_instance_arn
    };
    if found == of_task {
        return Ok(());
    }
    let known =
        instances.items.iter().find(|instance| instance.replication_instance_arn == of_task);
    Err(SelectError::RunsElsewhere {
        task: task
            .replication_task_identifier
            .as_deref()
            .unwrap_or(&task.replication_task_arn)
            .to_owned(),
        named: name.to_owned(),
        instance: known.map_or(of_task, instance_name).to_owned(),
    })
}

fn only_candidate<'a>(facts: &'a Facts, index: &Index<'a>) -> Result<Migration<'a>, SelectError> {
    let tasks = &facts.inventory.replication_tasks.items;
    let configs: Vec<&ReplicationConfig> = own_configs(facts).collect();
    match (tasks.as_slice(), configs.as_slice()) {
        ([task], []) => return Ok(of_task(facts, index, task)),
        ([], [config]) => return Ok(of_config(facts, index, config)),
        ([], []) => {}
        (tasks, configs) => {
            let (what, flag) = match (tasks, configs) {
                (_, []) => ("replication tasks", "--task"),
                ([], _) => ("replication configs", "--replication-config"),
                _ => ("replication tasks and configs", "--task or --replication-config"),
            };
            let names = tasks.iter().map(|task| {
                task.replication_task_identifier.as_deref().unwrap_or(&task.replication_task_arn)
            });
            let names = names.chain(configs.iter().map(|config| config_name(config)));
            return Err(SelectError::Several {
                what,
                flag,
                known: names.map(str::to_owned).collect(),
            });
        }
    }
    match facts.inventory.replication_instances.items.as_slice() {
        [] => Err(SelectError::Nothing),
        [instance] => of_instance(facts, index, instance),
        several => Err(SelectError::Several {
            what: "replication instances",
            flag: "--replication-instance",
            known: several.iter().map(|instance| instance_name(instance).to_owned()).collect(),
        }),
    }
}

/// Configurations that a zero-ETL integration manages aren't the user's migrations.
fn own_configs(facts: &Facts) -> impl Iterator<Item = &ReplicationConfig> {
    let configs = &facts.inventory.replication_configs.items;
    configs.iter().filter(|config| config.is_read_only != Some(true))
}

fn of_task<'a>(facts: &'a Facts, index: &Index<'a>, task: &'a ReplicationTask) -> Migration<'a> {
    let instance = task.replication_instance_arn.as_deref();
    let instance = match instance.map(|arn| index.replication_instance(arn)) {
        Some(Lookup::Found(instance)) => Some(instance),
        _ => None,
    };
    let asked = &facts.asked;
    Migration {
        kind: Kind::Task(task, instance),
        source: side(
            facts,
            asked.source_endpoint.as_deref(),
            task.source_endpoint_arn.as_deref(),
            index,
            Some(no_endpoint(&task.replication_task_arn, "dms:DescribeReplicationTasks")),
        ),
        target: side(
            facts,
            asked.target_endpoint.as_deref(),
            task.target_endpoint_arn.as_deref(),
            index,
            Some(no_endpoint(&task.replication_task_arn, "dms:DescribeReplicationTasks")),
        ),
    }
}

fn of_config<'a>(
    facts: &'a Facts,
    index: &Index<'a>,
    config: &'a ReplicationConfig,
) -> Migration<'a> {
    let asked = &facts.asked;
    Migration {
        kind: Kind::Config(config),
        source: side(
            facts,
            asked.source_endpoint.as_deref(),
            config.source_endpoint_arn.as_deref(),
            index,
            Some(no_endpoint(&config.replication_config_arn, "dms:DescribeReplicationConfigs")),
        ),
        target: side(
            facts,
            asked.target_endpoint.as_deref(),
            config.target_endpoint_arn.as_deref(),
            index,
            Some(no_endpoint(&config.replication_config_arn, "dms:DescribeReplicationConfigs")),
        ),
    }
}

/// An instance takes the endpoints that were named, else those of its only task.
fn of_instance<'a>(
    facts: &'a Facts,
    index: &Index<'a>,
    instance: &'a ReplicationInstance,
) -> Result<Migration<'a>, SelectError> {
    let asked = &facts.asked;
    let tasks: Vec<&ReplicationTask> = facts
        .inventory
        .replication_tasks
        .items
        .iter()
        .filter(|task| {
            task.replication_instance_arn.as_deref() == Some(&instance.replication_instance_arn)
        })
        .collect();
    let named = asked.source_endpoint.is_some() || asked.target_endpoint.is_some();
    match tasks.as_slice() {
        [task] if !named => Ok(of_task(facts, index, task)),
        several if several.len() > 1 && !named => Err(SelectError::Several {
            what: "replication tasks of this instance",
            flag: "--task",
            known: several
                .iter()
                .map(|task| {
                    let id = task.replication_task_identifier.as_deref();
                    id.unwrap_or(&task.replication_task_arn).to_owned()
                })
                .collect(),
        }),
        _ => Ok(Migration {
            kind: Kind::Instance(instance),
            source: side(facts, asked.source_endpoint.as_deref(), None, index, tasks_unseen(facts)),
            target: side(facts, asked.target_endpoint.as_deref(), None, index, tasks_unseen(facts)),
        }),
    }
}

/// That an instance may run a task with endpoints which wasn't delivered.
fn tasks_unseen(facts: &Facts) -> Option<Gap> {
    facts
        .inventory
        .replication_tasks
        .gap()
        .map(|gap| Gap::new("the instance's task", format!("not seen: {gap}"), gap.unlock.clone()))
}

/// That a task or configuration was delivered without its endpoint.
fn no_endpoint(about: &str, action: &str) -> Gap {
    Gap::new(about, "which endpoint it has was not delivered", Unlock::IamAction(action.into()))
}

/// An endpoint: the one that was named, else the one that has the ARN; `missing` tells why there is
/// no ARN although there is an endpoint.
fn side<'a>(
    facts: &'a Facts,
    asked: Option<&str>,
    arn: Option<&'a str>,
    index: &Index<'a>,
    missing: Option<Gap>,
) -> Side<'a> {
    if let Some(name) = asked {
        return match endpoint_named(facts, name) {
            Ok(endpoint) => Side::Seen(endpoint),
            Err(_) => Side::Unseen(Gap::new(
                name,
                "no endpoint of this name was delivered",
                Unlock::IamAction("dms:DescribeEndpoints".into()),
            )),
        };
    }
    match arn {
        None => missing.map_or(Side::NotNamed, Side::Unseen),
        Some(arn) => match index.endpoint(arn).or_gap(arn, "Endpoints") {
            Ok(endpoint) => Side::Seen(endpoint),
            Err(gap) => Side::Unseen(gap),
        },
    }
}

fn instance_named<'a>(
    facts: &'a Facts,
    name: &str,
) -> Result<&'a ReplicationInstance, SelectError> {
    named(
        "replication instance",
        name,
        &facts.inventory.replication_instances.items,
        |instance| &instance.replication_instance_arn,
        |instance| instance.replication_instance_identifier.as_deref(),
    )
}

fn endpoint_named<'a>(facts: &'a Facts, name: &str) -> Result<&'a Endpoint, SelectError> {
    named(
        "endpoint",
        name,
        &facts.inventory.endpoints.items,
        |endpoint| &endpoint.endpoint_arn,
        |endpoint| endpoint.endpoint_identifier.as_deref(),
    )
}

/// Finds a thing by ARN or by name; DMS stores names in lower case.
fn named<'a, T>(
    what: &'static str,
    name: &str,
    items: &'a [T],
    arn: impl Fn(&T) -> &str,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<&'a T, SelectError> {
    let fits =
        |item: &&T| arn(item) == name || id(item).is_some_and(|id| id.eq_ignore_ascii_case(name));
    let found: Vec<&T> = items.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(SelectError::Unknown {
            what,
            name: name.to_owned(),
            known: items.iter().map(|item| id(item).unwrap_or(arn(item)).to_owned()).collect(),
        }),
        several => Err(SelectError::SameName {
            what,
            name: name.to_owned(),
            known: several.iter().map(|item| arn(item).to_owned()).collect(),
        }),
    }
}

fn instance_name(instance: &ReplicationInstance) -> &str {
    instance
        .replication_instance_identifier
        .as_deref()
        .unwrap_or(&instance.replication_instance_arn)
}

fn config_name(config: &ReplicationConfig) -> &str {
    config.replication_config_identifier.as_deref().unwrap_or(&config.replication_config_arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{examine, policy::Policy, testing};

    /// Evidence of two accounts may hold two tasks of one name; which one is meant isn't guessed.
    #[test]
    fn two_of_one_name_are_told_apart_by_their_arns() {
        let (ours, theirs) = ("arn:aws:dms:us-east-1:1:task:K", "arn:aws:dms:eu-west-1:2:task:K");
        let other =
            json!({"ReplicationTaskArn": theirs, "ReplicationTaskIdentifier": "Orders-to-TiDB"});
        let select = |asked: &str| {
            let facts = testing::facts(&[
                ("/inventory/ReplicationTasks/1", other.clone()),
                ("/asked/task", json!(asked)),
            ]);
            let report = examine(&facts, &Policy::default());
            report.map(|report| report.migration.region).map_err(|error| error.to_string())
        };
        assert_eq!(
            select("orders-to-tidb"),
            Err(format!(
                "2 tasks are called `orders-to-tidb` in these facts; name one by its ARN: {ours}, {theirs}"
            ))
        );
        assert_eq!(select(ours), Ok(Some("us-east-1".into())));
    }

    /// What is named beside a task is never left aside: it would be taken for what was judged.
    #[test]
    fn a_task_runs_on_the_instance_that_was_named_beside_it() {
        let select = |asked: &[(&str, &str)]| {
            let changes: Vec<_> = asked.iter().map(|(at, name)| (*at, json!(name))).collect();
            let other = json!({"ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:OTHER",
                "ReplicationInstanceIdentifier": "etl-2"});
            let other = [("/inventory/ReplicationInstances/1", other)];
            let facts = testing::facts(&[&changes[..], &other[..]].concat());
            let report = examine(&facts, &Policy::default());
            report.map(|report| report.migration.name).map_err(|error| error.to_string())
        };
        let (task, instance) = (("/asked/task", "orders-to-tidb"), "/asked/replication_instance");
        let config = ("/asked/replication_config", "orders");
        assert_eq!(select(&[task, (instance, "ETL")]), Ok("orders-to-tidb".into()));
        assert_eq!(
            select(&[task, (instance, "etl-2")]),
            Err("the task `orders-to-tidb` runs on `etl`, not on `etl-2`".into())
        );
        assert_eq!(
            select(&[task, (instance, "etl-3")]),
            Err("no replication instance `etl-3` in these facts; there is: etl, etl-2".into())
        );
        assert_eq!(
            select(&[task, config]),
            Err("--task and --replication-config each name a migration; give one of them".into())
        );
        assert_eq!(
            select(&[(instance, "etl"), config]),
            Err("--replication-instance and --replication-config each name a migration; give one \
                 of them"
                .into())
        );
    }
}

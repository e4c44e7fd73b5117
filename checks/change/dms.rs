//! Repairs of DMS's own settings and of the role that it needs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{find, shell_word};
use crate::facts::{
    Facts,
    inventory::{
        dms::{Connection, MySqlSettings},
        iam::{AttachedPolicy, Role},
    },
};

/// The role that DMS looks up by its name.
pub(crate) const VPC_ROLE: &str = "dms-vpc-role";
/// The managed policy that it needs.
pub(crate) const VPC_POLICY: &str = "AmazonDMSVPCManagementRole";
/// Who may take it.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"dms.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// One repair of DMS's settings.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DmsChange {
    /// Make the role that DMS needs in a VPC, or what it lacks.
    MendVpcRole {
        /// The region.
        region: String,
        /// Whether the role is to be made.
        create: bool,
        /// Whether its trust policy is to be set, which making it does.
        trust: bool,
        /// Whether the policy is to be attached.
        attach: bool,
    },
    /// Change an endpoint.
    ModifyEndpoint {
        /// The region.
        region: String,
        /// The endpoint's ARN.
        endpoint: String,
        /// What of it.
        #[serde(flatten)]
        fields: EndpointFields,
    },
    /// Change a replication instance at once.
    ModifyInstance {
        /// The region.
        region: String,
        /// The instance's ARN.
        instance: String,
        /// Its class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
        /// Its engine version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        engine_version: Option<String>,
        /// Whether AWS upgrades it by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auto_minor_version_upgrade: Option<bool>,
    },
    /// Change a task, or a serverless replication's configuration.
    ModifyReplication {
        /// The region.
        region: String,
        /// The task's or the configuration's ARN.
        replication: String,
        /// Whether it is a serverless replication.
        serverless: bool,
        /// What of it.
        #[serde(flatten)]
        fields: ReplicationFields,
    },
    /// Test an endpoint anew.
    TestConnection {
        /// The region.
        region: String,
        /// The instance's ARN.
        instance: String,
        /// The endpoint's ARN.
        endpoint: String,
    },
}

/// What of an endpoint is to be another.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct EndpointFields {
    /// `source` or `target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_type: Option<String>,
    /// `mysql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// All extra connection attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// `ParallelLoadThreads` among MySQL's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_load_threads: Option<i64>,
    /// `MaxFileSize` among MySQL's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_file_size: Option<i64>,
}

/// What of a task is to be another.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct ReplicationFields {
    /// `full-load`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration_type: Option<String>,
    /// The table mappings, JSON in a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_mappings: Option<String>,
    /// Settings that are laid over those that it has, JSON in a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
}

impl DmsChange {
    /// The commands, each name fit for a shell.
    pub(super) fn commands(&self) -> Vec<String> {
        match self {
            Self::MendVpcRole { region, create, trust, attach } => {
                vpc_role(region, *create, *trust, *attach)
            }
            Self::ModifyEndpoint { region, endpoint, fields } => {
                vec![endpoint_command(region, endpoint, fields)]
            }
            Self::ModifyInstance {
                region,
                instance,
                class,
                engine_version,
                auto_minor_version_upgrade,
            } => {
                let mut words = vec![format!(
                    "aws dms modify-replication-instance --region {} \
                     --replication-instance-arn {}",
                    shell_word(region),
                    shell_word(instance)
                )];
                if let Some(class) = class {
                    words.push(format!("--replication-instance-class {}", shell_word(class)));
                }
                if let Some(version) = engine_version {
                    words.push(format!(
                        "--engine-version {} --allow-major-version-upgrade",
                        shell_word(version)
                    ));
                }
                match auto_minor_version_upgrade {
                    Some(true) => words.push("--auto-minor-version-upgrade".into()),
                    Some(false) => words.push("--no-auto-minor-version-upgrade".into()),
                    None => {}
                }
                words.push("--apply-immediately".into());
                vec![words.join(" ")]
            }
            Self::ModifyReplication { region, replication, serverless, fields } => {
                vec![replication_command(region, replication, *serverless, fields)]
            }
            Self::TestConnection { region, instance, endpoint } => vec![format!(
                "aws dms test-connection --region {} --replication-instance-arn {} \
                 --endpoint-arn {}",
                shell_word(region),
                shell_word(instance),
                shell_word(endpoint)
            )],
        }
    }

    /// The facts as they would be.
    pub(super) fn apply(&self, facts: &mut Facts) {
        match self {
            Self::MendVpcRole { region, create, .. } => apply_vpc_role(facts, region, *create),
            Self::ModifyEndpoint { endpoint, fields, .. } => {
                apply_endpoint(facts, endpoint, fields);
            }
            Self::ModifyInstance {
                instance,
                class,
                engine_version,
                auto_minor_version_upgrade,
                ..
            } => {
                if let Some(found) = find(&mut facts.inventory.replication_instances, |item| {
                    item.replication_instance_arn == *instance
                }) {
                    let set = |field: &mut Option<String>, value: &Option<String>| {
                        if value.is_some() {
                            field.clone_from(value);
                        }
                    };
                    set(&mut found.replication_instance_class, class);
                    set(&mut found.engine_version, engine_version);
                    // What waits is applied with it.
                    if let Some(pending) = &mut found.pending_modified_values {
                        if class.is_some() {
                            pending.replication_instance_class = None;
                        }
                        if engine_version.is_some() {
                            pending.engine_version = None;
                        }
                    }
                    if auto_minor_version_upgrade.is_some() {
                        found.auto_minor_version_upgrade = *auto_minor_version_upgrade;
                    }
                }
            }
            Self::ModifyReplication { replication, fields, .. } => {
                apply_replication(facts, replication, fields);
            }
            Self::TestConnection { instance, endpoint, .. } => {
                let list = &mut facts.inventory.connections;
                list.items.retain(|item| {
                    item.replication_instance_arn != *instance || item.endpoint_arn != *endpoint
                });
                list.items.push(Connection {
                    replication_instance_arn: instance.clone(),
                    endpoint_arn: endpoint.clone(),
                    status: Some("successful".into()),
                    ..Connection::default()
                });
            }
        }
    }
}

/// The partition of a region, as ARNs write it.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

fn vpc_role(region: &str, create: bool, trust: bool, attach: bool) -> Vec<String> {
    let place = format!("--region {} --role-name {VPC_ROLE}", shell_word(region));
    let mut commands = Vec::new();
    if create {
        commands
            .push(format!("aws iam create-role {place} --assume-role-policy-document '{TRUST}'"));
    } else if trust {
        commands
            .push(format!("aws iam update-assume-role-policy {place} --policy-document '{TRUST}'"));
    }
    if attach {
        commands.push(format!(
            "aws iam attach-role-policy {place} \
             --policy-arn arn:{}:iam::aws:policy/service-role/{VPC_POLICY}",
            partition(region)
        ));
    }
    commands
}

fn apply_vpc_role(facts: &mut Facts, region: &str, create: bool) {
    let list = &mut facts.inventory.roles;
    let known = list
        .items
        .iter()
        .position(|role| role.role_name == VPC_ROLE)
        // One of another account stays what it is.
        .filter(|_| !create);
    let place = match known {
        Some(place) => place,
        None => {
            list.items.push(Role { role_name: VPC_ROLE.into(), ..Role::default() });
            list.items.len() - 1
        }
    };
    let role = &mut list.items[place];
    role.assume_role_policy_document = serde_json::from_str(TRUST).ok();
    let policies = role.attached_policies.get_or_insert_default();
    policies.push(AttachedPolicy {
        policy_name: Some(VPC_POLICY.into()),
        policy_arn: Some(format!(
            "arn:{}:iam::aws:policy/service-role/{VPC_POLICY}",
            partition(region)
        )),
    });
}

fn endpoint_command(region: &str, endpoint: &str, fields: &EndpointFields) -> String {
    let mut words = vec![format!(
        "aws dms modify-endpoint --region {} --endpoint-arn {}",
        shell_word(region),
        shell_word(endpoint)
    )];
    let texts = [
        ("--endpoint-type", &fields.endpoint_type),
        ("--engine-name", &fields.engine),
        ("--server-name", &fields.server),
        ("--username", &fields.user),
        ("--extra-connection-attributes", &fields.attributes),
    ];
    for (option, value) in texts {
        if let Some(value) = value {
            words.push(format!("{option} {}", shell_word(value)));
        }
    }
    if let Some(port) = fields.port {
        words.push(format!("--port {port}"));
    }
    let numbers = [
        ("ParallelLoadThreads", fields.parallel_load_threads),
        ("MaxFileSize", fields.max_file_size),
    ];
    let settings: Vec<String> = numbers
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={value}")))
        .collect();
    if !settings.is_empty() {
        words.push(format!("--my-sql-settings {}", settings.join(",")));
    }
    words.join(" ")
}

fn apply_endpoint(facts: &mut Facts, endpoint: &str, fields: &EndpointFields) {
    let Some(found) = find(&mut facts.inventory.endpoints, |item| item.endpoint_arn == endpoint)
    else {
        return;
    };
    let settings = &mut found.my_sql_settings;
    if let Some(server) = &fields.server {
        found.server_name = Some(server.clone());
        if let Some(settings) = settings {
            settings.server_name = None;
        }
    }
    if let Some(user) = &fields.user {
        found.username = Some(user.clone());
    }
    if let Some(port) = fields.port {
        found.port = Some(port);
        if let Some(settings) = settings {
            settings.port = None;
        }
    }
    let set = |field: &mut Option<String>, value: &Option<String>| {
        if value.is_some() {
            field.clone_from(value);
        }
    };
    set(&mut found.endpoint_type, &fields.endpoint_type);
    set(&mut found.engine_name, &fields.engine);
    set(&mut found.extra_connection_attributes, &fields.attributes);
    if fields.parallel_load_threads.is_some() || fields.max_file_size.is_some() {
        let settings = settings.get_or_insert_with(MySqlSettings::default);
        settings.parallel_load_threads =
            fields.parallel_load_threads.or(settings.parallel_load_threads);
        settings.max_file_size = fields.max_file_size.or(settings.max_file_size);
    }
}

fn replication_command(
    region: &str,
    replication: &str,
    serverless: bool,
    fields: &ReplicationFields,
) -> String {
    let (call, arn, kind, settings) = if serverless {
        (
            "modify-replication-config",
            "--replication-config-arn",
            "--replication-type",
            "--replication-settings",
        )
    } else {
        (
            "modify-replication-task",
            "--replication-task-arn",
            "--migration-type",
            "--replication-task-settings",
        )
    };
    let mut words = vec![format!(
        "aws dms {call} --region {} {arn} {}",
        shell_word(region),
        shell_word(replication)
    )];
    let texts = [
        (kind, &fields.migration_type),
        ("--table-mappings", &fields.table_mappings),
        (settings, &fields.settings),
    ];
    for (option, value) in texts {
        if let Some(value) = value {
            words.push(format!("{option} {}", shell_word(value)));
        }
    }
    words.join(" ")
}

fn apply_replication(facts: &mut Facts, replication: &str, fields: &ReplicationFields) {
    let inventory = &mut facts.inventory;
    let (kind, mappings, settings) = if let Some(task) =
        find(&mut inventory.replication_tasks, |item| item.replication_task_arn == replication)
    {
        (&mut task.migration_type, &mut task.table_mappings, &mut task.replication_task_settings)
    } else if let Some(config) =
        find(&mut inventory.replication_configs, |item| item.replication_config_arn == replication)
    {
        (&mut config.replication_type, &mut config.table_mappings, &mut config.replication_settings)
    } else {
        return;
    };
    if fields.migration_type.is_some() {
        kind.clone_from(&fields.migration_type);
        facts.asked.migration_type = None;
    }
    if fields.table_mappings.is_some() {
        mappings.clone_from(&fields.table_mappings);
        facts.asked.table_mappings = None;
    }
    if let Some(more) = &fields.settings
        && let Ok(more) = serde_json::from_str::<Value>(more)
    {
        let mut all = settings
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        lay_over(&mut all, more);
        *settings = Some(all.to_string());
    }
}

/// Lays JSON over other JSON, member by member.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                lay_over(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_quote_what_a_shell_would_read() {
        let change = DmsChange::ModifyEndpoint {
            region: "us-east-1".into(),
            endpoint: "arn:aws:dms:us-east-1:1:endpoint:A".into(),
            fields: EndpointFields {
                attributes: Some("Initstmt=SET FOREIGN_KEY_CHECKS=0;".into()),
                parallel_load_threads: Some(5),
                ..EndpointFields::default()
            },
        };
        assert_eq!(
            change.commands(),
            ["aws dms modify-endpoint --region us-east-1 --endpoint-arn \
                 arn:aws:dms:us-east-1:1:endpoint:A --extra-connection-attributes \
                 'Initstmt=SET FOREIGN_KEY_CHECKS=0;' --my-sql-settings ParallelLoadThreads=5"]
        );
    }

    #[test]
    fn a_role_is_made_whole() {
        assert_eq!(vpc_role("us-east-1", true, true, true).len(), 2);
        assert_eq!(vpc_role("us-east-1", false, false, true).len(), 1);
        assert!(vpc_role("cn-north-1", false, false, true)[0].contains("arn:aws-cn:iam::aws"));
    }

    #[test]
    fn settings_are_laid_over_those_that_are_there() {
        let mut below = serde_json::json!({"Logging": {"EnableLogging": false, "A": 1}, "B": 2});
        lay_over(&mut below, serde_json::json!({"Logging": {"EnableLogging": true}}));
        assert_eq!(below, serde_json::json!({"Logging": {"EnableLogging": true, "A": 1}, "B": 2}));
    }
}

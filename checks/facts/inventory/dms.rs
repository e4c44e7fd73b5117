//! What DMS says of itself. Names and shapes are AWS's own (`aws dms describe-…`, `PascalCase`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Resource, hidden,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A replication instance (`describe-replication-instances`).
    pub struct ReplicationInstance {
        /// Its ARN, which names region and account.
        pub replication_instance_arn: String,
        /// Its name, in lower case.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_identifier: Option<String>,
        /// `dms.t3.large`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_class: Option<String>,
        /// `available`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_status: Option<String>,
        /// The DMS engine's version.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub engine_version: Option<String>,
        /// The zone that it runs in today.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone: Option<String>,
        /// The zone of its standby.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secondary_availability_zone: Option<String>,
        /// Whether it has a standby.
        #[serde(rename = "MultiAZ", skip_serializing_if = "Option::is_none")]
        pub multi_az: Option<bool>,
        /// Whether AWS upgrades it by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub auto_minor_version_upgrade: Option<bool>,
        /// Whether it has a public address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub publicly_accessible: Option<bool>,
        /// Its public address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_public_ip_address: Option<String>,
        /// Its private address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_private_ip_address: Option<String>,
        /// Its public addresses; a null stands for none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_public_ip_addresses: Option<Vec<Option<String>>>,
        /// Its private addresses.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_private_ip_addresses: Option<Vec<String>>,
        /// `IPV4` or `DUAL`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_type: Option<String>,
        /// Name servers instead of the VPC's.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dns_name_servers: Option<String>,
        /// Its security groups.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_security_groups: Option<Vec<VpcSecurityGroupMembership>>,
        /// The subnets that it may sit in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_subnet_group: Option<ReplicationSubnetGroup>,
        /// Its key.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub kms_key_id: Option<String>,
        /// What it will be soon.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub pending_modified_values: Option<PendingModifiedValues>,
    }
}
resource!(
    ReplicationInstance,
    replication_instance_arn,
    speaking: &[
        "DnsNameServers",
        "PendingModifiedValues",
        "PendingModifiedValues.",
        "SecondaryAvailabilityZone",
    ]
);

aws_shape! {
    /// A security group of a replication instance.
    pub struct VpcSecurityGroupMembership {
        /// `sg-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_security_group_id: Option<String>,
        /// `active`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

aws_shape! {
    /// Changes that wait for the maintenance window.
    pub struct PendingModifiedValues {
        /// The class to come.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_class: Option<String>,
        /// The version to come.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub engine_version: Option<String>,
        /// The network type to come.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_type: Option<String>,
        /// Whether a standby is to come.
        #[serde(rename = "MultiAZ", skip_serializing_if = "Option::is_none")]
        pub multi_az: Option<bool>,
    }
}

aws_shape! {
    /// A replication subnet group (`describe-replication-subnet-groups`).
    pub struct ReplicationSubnetGroup {
        /// Its name.
        pub replication_subnet_group_identifier: String,
        /// Its VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// `Complete`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_group_status: Option<String>,
        /// Its subnets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnets: Option<Vec<SubnetGroupSubnet>>,
        /// `IPV4`, `DUAL`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub supported_network_types: Option<Vec<String>>,
    }
}
resource!(ReplicationSubnetGroup, replication_subnet_group_identifier);

aws_shape! {
    /// A subnet of a subnet group.
    pub struct SubnetGroupSubnet {
        /// `subnet-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_identifier: Option<String>,
        /// Its zone.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_availability_zone: Option<AvailabilityZone>,
        /// `Active`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_status: Option<String>,
    }
}

aws_shape! {
    /// A zone's name.
    pub struct AvailabilityZone {
        /// The name, which differs between accounts.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
    }
}

aws_shape! {
    /// A serverless replication's configuration (`describe-replication-configs`).
    pub struct ReplicationConfig {
        /// Its ARN.
        pub replication_config_arn: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_config_identifier: Option<String>,
        /// The source endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub source_endpoint_arn: Option<String>,
        /// The target endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub target_endpoint_arn: Option<String>,
        /// `full-load`, `cdc`, `full-load-and-cdc`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_type: Option<String>,
        /// Where it runs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub compute_config: Option<ComputeConfig>,
        /// The table mappings, JSON in a string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub table_mappings: Option<String>,
        /// The task settings, JSON in a string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_settings: Option<String>,
        /// Managed by a zero-ETL integration.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub is_read_only: Option<bool>,
    }
}
resource!(ReplicationConfig, replication_config_arn, speaking: &["ComputeConfig."]);

aws_shape! {
    /// Where a serverless replication runs.
    pub struct ComputeConfig {
        /// Its subnet group; unset is the account's default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_subnet_group_id: Option<String>,
        /// Its security groups; unset is the VPC's default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_security_group_ids: Option<Vec<String>>,
        /// The zone, if one was chosen.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone: Option<String>,
        /// Whether it has a standby.
        #[serde(rename = "MultiAZ", skip_serializing_if = "Option::is_none")]
        pub multi_az: Option<bool>,
        /// Name servers instead of the VPC's.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dns_name_servers: Option<String>,
        /// Its key.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub kms_key_id: Option<String>,
    }
}

aws_shape! {
    /// A serverless replication's state (`describe-replications`).
    pub struct Replication {
        /// The ARN of its configuration.
        pub replication_config_arn: String,
        /// Its configuration's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_config_identifier: Option<String>,
        /// `running`, `failed`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// Why it stopped.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stop_reason: Option<String>,
        /// What went wrong, in DMS's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub failure_messages: Option<Vec<String>>,
        /// Whether it has been provisioned.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub provision_data: Option<ProvisionData>,
    }
}
resource!(Replication, replication_config_arn);

aws_shape! {
    /// Whether a serverless replication has been provisioned.
    pub struct ProvisionData {
        /// `provisioned`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub provision_state: Option<String>,
    }
}

aws_shape! {
    /// A DMS endpoint (`describe-endpoints`).
    pub struct Endpoint {
        /// Its ARN.
        pub endpoint_arn: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub endpoint_identifier: Option<String>,
        /// `SOURCE` or `TARGET`, in either letter case.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub endpoint_type: Option<String>,
        /// `mysql`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub engine_name: Option<String>,
        /// The host; not there with a secret.
        #[serde(deserialize_with = "hidden::host", skip_serializing_if = "Option::is_none")]
        pub server_name: Option<String>,
        /// The port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub port: Option<u16>,
        /// The user.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub username: Option<String>,
        /// The database.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub database_name: Option<String>,
        /// `name=value;…`, without the values of passwords.
        #[serde(deserialize_with = "hidden::attributes", skip_serializing_if = "Option::is_none")]
        pub extra_connection_attributes: Option<String>,
        /// `none`, `require`, `verify-ca`, `verify-full`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ssl_mode: Option<String>,
        /// The imported certificate.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub certificate_arn: Option<String>,
        /// `active`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// Its key.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub kms_key_id: Option<String>,
        /// Managed by a zero-ETL integration.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub is_read_only: Option<bool>,
        /// MySQL's own settings; they win over the attributes.
        #[serde(rename = "MySQLSettings", skip_serializing_if = "Option::is_none")]
        pub my_sql_settings: Option<MySqlSettings>,
    }
}
resource!(
    Endpoint,
    endpoint_arn,
    speaking: &[
        "CertificateArn",
        "DatabaseName",
        "ExtraConnectionAttributes",
        "MySQLSettings.AfterConnectScript",
        "MySQLSettings.DatabaseName",
        "MySQLSettings.MaxFileSize",
        "MySQLSettings.ParallelLoadThreads",
        "MySQLSettings.SecretsManagerSecretId",
        "MySQLSettings.TargetDbType",
    ]
);

aws_shape! {
    /// MySQL's endpoint settings. AWS never returns the password; were it there, it would be cut here.
    pub struct MySqlSettings {
        /// The host.
        #[serde(deserialize_with = "hidden::host", skip_serializing_if = "Option::is_none")]
        pub server_name: Option<String>,
        /// The port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub port: Option<u16>,
        /// The user.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub username: Option<String>,
        /// The database.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub database_name: Option<String>,
        /// SQL after connecting; the task goes on when it fails.
        #[serde(deserialize_with = "hidden::sql", skip_serializing_if = "Option::is_none")]
        pub after_connect_script: Option<String>,
        /// `specific-database` or `multiple-databases`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub target_db_type: Option<String>,
        /// Threads of the full load.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parallel_load_threads: Option<i64>,
        /// Size of a CSV file, KB.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub max_file_size: Option<i64>,
        /// The source's time zone.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub server_timezone: Option<String>,
        /// Seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub execute_timeout: Option<i64>,
        /// The secret that holds host, port, user and password.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secrets_manager_secret_id: Option<String>,
        /// The role that may read it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secrets_manager_access_role_arn: Option<String>,
        /// `password` or `iam`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub authentication_method: Option<String>,
    }
}

aws_shape! {
    /// A certificate imported into DMS (`describe-certificates`).
    pub struct Certificate {
        /// Its ARN.
        pub certificate_arn: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub certificate_identifier: Option<String>,
        /// The PEM text, one block or several.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub certificate_pem: Option<String>,
        /// The first block's, as text or seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub valid_from_date: Option<serde_json::Value>,
        /// The first block's, as text or seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub valid_to_date: Option<serde_json::Value>,
    }
}
resource!(Certificate, certificate_arn);

aws_shape! {
    /// The last recorded test of an endpoint (`describe-connections`). It has no timestamp.
    pub struct Connection {
        /// From where.
        pub replication_instance_arn: String,
        /// To where.
        pub endpoint_arn: String,
        /// `successful`, `failed`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// What went wrong, in DMS's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub last_failure_message: Option<String>,
        /// The endpoint's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub endpoint_identifier: Option<String>,
        /// The instance's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_identifier: Option<String>,
    }
}

impl Resource for Connection {
    /// A connection has no id of its own: it is known by its two ends.
    fn id(&self) -> &str {
        &self.endpoint_arn
    }

    fn second_id(&self) -> &str {
        &self.replication_instance_arn
    }
}

aws_shape! {
    /// A replication task (`describe-replication-tasks`).
    pub struct ReplicationTask {
        /// Its ARN.
        pub replication_task_arn: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_task_identifier: Option<String>,
        /// The instance that it runs on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_instance_arn: Option<String>,
        /// The source endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub source_endpoint_arn: Option<String>,
        /// The target endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub target_endpoint_arn: Option<String>,
        /// `full-load`, `cdc`, `full-load-and-cdc`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub migration_type: Option<String>,
        /// The table mappings, JSON in a string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub table_mappings: Option<String>,
        /// The task settings, JSON in a string.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replication_task_settings: Option<String>,
        /// `running`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// Why it stopped.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stop_reason: Option<String>,
        /// What went wrong, in DMS's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub last_failure_message: Option<String>,
    }
}
resource!(ReplicationTask, replication_task_arn);

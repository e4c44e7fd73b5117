//! What was asked: the selection, the plan, and what only the user knows.
//!
//! It is part of the facts, so that a saved run replays by itself. Flags lie over facts.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster::AccessEntry;

/// Declares an option bag whose later values win.
macro_rules! options {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$field_doc:meta])* pub $field:ident: Option<$type:ty>,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,)*
        }

        impl $name {
            /// Lays other values over these, each over its own.
            fn lay(&mut self, other: Self) {
                $(if other.$field.is_some() {
                    self.$field = other.$field;
                })*
            }
        }
    };
}

options! {
    /// What was asked, by flags, configuration or an earlier run.
    pub struct Asked {
        /// A task, by id or ARN.
        pub task: Option<String>,
        /// A replication instance, by id or ARN.
        pub replication_instance: Option<String>,
        /// A serverless replication, by id or ARN of its configuration.
        pub replication_config: Option<String>,
        /// The source endpoint, by id or ARN.
        pub source_endpoint: Option<String>,
        /// The target endpoint, by id or ARN.
        pub target_endpoint: Option<String>,
        /// Planned: the subnets that the replication may sit in.
        pub subnets: Option<Vec<String>>,
        /// Planned: the subnet group that it may sit in.
        pub subnet_group: Option<String>,
        /// Planned: its security groups.
        pub security_groups: Option<Vec<String>>,
        /// Planned: whether it gets a public address.
        pub publicly_accessible: Option<bool>,
        /// Planned: a serverless replication, which never has a public address.
        pub serverless: Option<bool>,
        /// The SSL mode, planned or instead of the endpoint's.
        pub ssl_mode: Option<String>,
        /// The migration type, planned or instead of the task's.
        pub migration_type: Option<String>,
        /// The table mappings, JSON in a string, planned or instead of the task's.
        pub table_mappings: Option<String>,
        /// The cluster's host name.
        pub tidb_host: Option<String>,
        /// The cluster's port.
        pub tidb_port: Option<u16>,
        /// The cluster's addresses.
        pub tidb_addresses: Option<Vec<Ipv4Addr>>,
        /// The cluster's user.
        pub tidb_user: Option<String>,
        /// Which side TiDB is.
        pub tidb_as: Option<Role>,
        /// The cluster's tier.
        pub tidb_tier: Option<Tier>,
        /// How the replication reaches the cluster.
        pub path: Option<PathKind>,
        /// The cluster's IP access list.
        pub ip_access_list: Option<Vec<AccessEntry>>,
        /// Which of `;`, `{`, `}` and `,` the cluster user's password holds; empty for none. The
        /// password itself is never a fact.
        pub password_characters: Option<String>,
        /// The CA certificate that verify-full is to trust: `isrg-root-x1`, or PEM text.
        pub ca: Option<String>,
        /// The CA that the other end was verified with before a login: `isrg-root-x1`, or PEM text.
        pub other_ca: Option<String>,
        /// The subnet that this program ran in.
        pub seat: Option<String>,
    }
}

impl Asked {
    /// Whether a migration that doesn't exist yet is described.
    pub const fn is_planned(&self) -> bool {
        self.subnets.is_some() || self.subnet_group.is_some()
    }
}

impl Asked {
    /// Lays other values over these. Whoever names another migration means that one as a whole.
    pub fn merge(&mut self, other: Self) {
        let names = [&other.task, &other.replication_instance, &other.replication_config];
        if names.iter().any(|name| name.is_some()) {
            (self.task, self.replication_instance, self.replication_config) = (None, None, None);
        }
        self.lay(other);
    }
}

/// A side of a migration.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Rows are read from it.
    Source,
    /// Rows are written to it.
    Target,
}

impl Role {
    /// As AWS and people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// A TiDB Cloud tier.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Starter, which was called Serverless.
    #[serde(alias = "serverless")]
    Starter,
    /// Essential.
    Essential,
    /// Dedicated.
    Dedicated,
    /// Premium.
    Premium,
}

impl Tier {
    /// As TiDB Cloud writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starter => "Starter",
            Self::Essential => "Essential",
            Self::Dedicated => "Dedicated",
            Self::Premium => "Premium",
        }
    }

    /// Starter and Essential share a gateway, a CA and the form of their access list.
    pub const fn is_shared_gateway(self) -> bool {
        matches!(self, Self::Starter | Self::Essential)
    }
}

/// How the replication reaches the cluster.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    /// The public endpoint, over the internet.
    Public,
    /// A private endpoint (AWS `PrivateLink`).
    PrivateEndpoint,
    /// VPC peering.
    VpcPeering,
}

impl PathKind {
    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public endpoint",
            Self::PrivateEndpoint => "private endpoint",
            Self::VpcPeering => "VPC peering",
        }
    }
}

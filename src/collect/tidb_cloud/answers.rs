//! The objects that both APIs answer with, as far as a check reads them.
//!
//! Nothing else is held: an answer may carry a `rootPassword`. Where documentation and recorded
//! answers disagree, both forms are read: a host may be null, a port may be text, ids are text.

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny},
};

/// Declares objects whose members may all be absent or null, under their names in the API.
macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, PartialEq)]
        #[serde(rename_all = "camelCase", default)]
        pub(crate) struct $name {
            $(pub(crate) $field: Option<$type>,)*
        })*
    };
}

objects! {
    /// A Starter or Essential cluster, or a branch of one.
    Serverless {
        cluster_id: String,
        branch_id: String,
        display_name: String,
        region: Place,
        state: String,
        user_prefix: String,
        cluster_plan: String,
        service_plan: String,
        endpoints: Endpoints,
    }
    /// Where a cluster runs.
    Place {
        name: String,
        region_id: String,
        cloud_provider: String,
        provider: String,
    }
    /// The two ways to a Starter or Essential cluster.
    Endpoints {
        public: PublicEndpoint,
        private: PrivateLink,
    }
    /// The way over the internet.
    PublicEndpoint {
        host: String,
        port: Port,
        disabled: bool,
        authorized_networks: Vec<AuthorizedNetwork>,
    }
    /// A range of addresses that may come.
    AuthorizedNetwork {
        start_ip_address: String,
        end_ip_address: String,
    }
    /// The way over a private endpoint.
    PrivateLink {
        host: String,
        port: Port,
        aws: AwsService,
    }
    /// The endpoint service behind it.
    AwsService {
        service_name: String,
        availability_zone: Vec<String>,
    }
    /// A Dedicated cluster.
    Dedicated {
        cluster_id: String,
        display_name: String,
        region_id: String,
        cloud_provider: String,
        port: Port,
        state: String,
        labels: Labels,
        tidb_node_setting: NodeSetting,
    }
    /// The TiDB nodes of a Dedicated cluster.
    NodeSetting {
        tidb_node_groups: Vec<NodeGroup>,
    }
    /// A group of TiDB nodes, with endpoints of its own.
    NodeGroup {
        tidb_node_group_id: String,
        cluster_id: String,
        state: String,
        endpoints: Vec<Endpoint>,
    }
    /// A host name of a node group.
    Endpoint {
        host: String,
        port: Port,
    }
    /// The public endpoint of a node group, and who may come.
    PublicSetting {
        name: String,
        tidb_node_group_id: String,
        enabled: bool,
        ip_access_list: Vec<Listed>,
    }
    /// An entry of an IP access list.
    Listed {
        cidr_notation: String,
    }
    /// The endpoint service of a node group.
    LinkService {
        name: String,
        tidb_node_group_id: String,
        service_name: String,
        available_zones: Vec<String>,
    }
    /// A private endpoint that TiDB Cloud knows of.
    Connection {
        tidb_node_group_id: String,
        cluster_id: String,
        endpoint_id: String,
        endpoint_state: String,
        message: String,
        host: String,
    }
    /// A VPC peering of a project.
    Peering {
        tidb_cloud_region_id: String,
        customer_vpc_id: String,
        customer_vpc_cidr: String,
        tidb_cloud_vpc_cidr: String,
        state: String,
        aws_vpc_peering_connection_id: String,
    }
}

/// A port, which the specification's own example writes as text. What is none isn't known.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(crate) enum Port {
    Number(u16),
    Text(#[serde(deserialize_with = "port_in_text")] u16),
    Other(IgnoredAny),
}

impl Port {
    pub(super) const fn number(self) -> Option<u16> {
        match self {
            Self::Number(port) | Self::Text(port) if port > 0 => Some(port),
            _ => None,
        }
    }
}

fn port_in_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// The labels of a cluster: of all of them, its project.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Labels {
    #[serde(rename = "tidb.cloud/project")]
    pub(crate) project: Option<String>,
}

impl PublicSetting {
    /// The node group that it is of, by its own words or by its name; `-` is whichever is the default.
    pub(crate) fn group(&self) -> Option<&str> {
        let named = self.name.as_deref().and_then(|name| {
            name.strip_prefix("tidbNodeGroups/")?.strip_suffix("/publicEndpointSetting")
        });
        self.tidb_node_group_id.as_deref().or(named).filter(|id| !matches!(*id, "" | "-"))
    }
}

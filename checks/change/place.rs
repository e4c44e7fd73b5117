//! Repairs of names, peerings and clusters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{cluster, find, shell_word};
use crate::facts::{
    Fact, Facts,
    cluster::PrivateEndpoint,
    inventory::ec2::{AttributeBooleanValue, VpcPeeringConnectionStatus},
};

/// One repair of a place: a VPC's names, a peering, a cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceChange {
    /// Accept a peering connection that TiDB Cloud asked for.
    AcceptPeering {
        /// The region.
        region: String,
        /// `pcx-…`.
        peering: String,
        /// The cluster.
        host: String,
    },
    /// Enable a KMS key.
    EnableKey {
        /// The region.
        region: String,
        /// The key's ARN.
        key: String,
    },
    /// Let the service's own names lead to an interface endpoint.
    EnablePrivateDns {
        /// The region.
        region: String,
        /// `vpce-…`.
        endpoint: String,
    },
    /// Let a VPC resolve names.
    EnableVpcDns {
        /// The region.
        region: String,
        /// The VPC.
        vpc: String,
        /// Whether `enableDnsSupport` is to be set.
        support: bool,
        /// Whether `enableDnsHostnames` is to be set.
        hostnames: bool,
    },
    /// Register a VPC endpoint with the cluster.
    RegisterPrivateEndpoint {
        /// The cluster.
        host: String,
        /// `vpce-…`.
        endpoint: String,
    },
    /// Resume a paused cluster.
    ResumeCluster {
        /// The cluster.
        host: String,
    },
}

impl PlaceChange {
    /// The commands; none where TiDB Cloud's console is the place.
    pub(super) fn commands(&self) -> Vec<String> {
        match self {
            Self::AcceptPeering { region, peering, .. } => vec![format!(
                "aws ec2 accept-vpc-peering-connection --region {} \
                 --vpc-peering-connection-id {}",
                shell_word(region),
                shell_word(peering)
            )],
            Self::EnableKey { region, key } => vec![format!(
                "aws kms enable-key --region {} --key-id {}",
                shell_word(region),
                shell_word(key)
            )],
            Self::EnablePrivateDns { region, endpoint } => vec![format!(
                "aws ec2 modify-vpc-endpoint --region {} --vpc-endpoint-id {} \
                 --private-dns-enabled",
                shell_word(region),
                shell_word(endpoint)
            )],
            // One attribute a call, and support first: hostnames need it.
            Self::EnableVpcDns { region, vpc, support, hostnames } => {
                [(*support, "support"), (*hostnames, "hostnames")]
                    .into_iter()
                    .filter(|(wanted, _)| *wanted)
                    .map(|(_, name)| {
                        format!(
                            "aws ec2 modify-vpc-attribute --region {} --vpc-id {} \
                         --enable-dns-{name} Value=true",
                            shell_word(region),
                            shell_word(vpc)
                        )
                    })
                    .collect()
            }
            Self::RegisterPrivateEndpoint { .. } | Self::ResumeCluster { .. } => Vec::new(),
        }
    }

    /// The facts as they would be.
    pub(super) fn apply(&self, facts: &mut Facts) {
        match self {
            Self::AcceptPeering { peering, host, .. } => {
                if let Some(found) = find(&mut facts.inventory.vpc_peering_connections, |item| {
                    item.vpc_peering_connection_id == *peering
                }) {
                    found.status = Some(VpcPeeringConnectionStatus { code: Some("active".into()) });
                }
                if let Some(Fact::Known(list)) = &mut cluster(facts, host).vpc_peerings {
                    for known in list {
                        if known.connection_id.as_deref() == Some(peering) {
                            known.state = Some("ACTIVE".into());
                        }
                    }
                }
            }
            Self::EnableKey { key, .. } => {
                if let Some(found) =
                    find(&mut facts.inventory.kms_keys, |item| item.key_metadata.arn == *key)
                {
                    found.key_metadata.key_state = Some("Enabled".into());
                }
            }
            Self::EnablePrivateDns { endpoint, .. } => {
                if let Some(found) = find(&mut facts.inventory.vpc_endpoints, |item| {
                    item.vpc_endpoint_id == *endpoint
                }) {
                    found.private_dns_enabled = Some(true);
                }
            }
            Self::EnableVpcDns { vpc, support, hostnames, .. } => {
                if let Some(found) =
                    find(&mut facts.inventory.vpc_attributes, |item| item.vpc_id == *vpc)
                {
                    let on = Some(AttributeBooleanValue { value: true });
                    if *support {
                        found.enable_dns_support.clone_from(&on);
                    }
                    if *hostnames {
                        found.enable_dns_hostnames = on;
                    }
                }
            }
            Self::RegisterPrivateEndpoint { host, endpoint } => {
                let known = &mut cluster(facts, host).private_endpoints;
                let active = PrivateEndpoint {
                    endpoint_id: endpoint.clone(),
                    state: Some("ACTIVE".into()),
                    message: None,
                };
                match known {
                    Some(Fact::Known(list)) => {
                        list.retain(|item| item.endpoint_id != *endpoint);
                        list.push(active);
                    }
                    _ => *known = Some(Fact::Known(vec![active])),
                }
            }
            Self::ResumeCluster { host } => {
                cluster(facts, host).state = Some(Fact::Known("ACTIVE".into()));
            }
        }
    }
}

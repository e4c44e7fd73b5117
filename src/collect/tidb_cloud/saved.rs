//! Answers of the APIs that somebody saved, each known by its members.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tidb_dms_checks::facts::{Cluster, Fact, Gap, Tier, cluster::HostName};

use super::{
    answers::{Connection, Dedicated, LinkService, NodeGroup, Peering, PublicSetting, Serverless},
    merge::{self, Field, file},
    shape::{self, Details, is_host},
};

/// One saved answer.
#[derive(Clone, Debug)]
pub(crate) enum Saved {
    /// Starter or Essential clusters, or branches, which don't show what is their cluster's.
    Serverless(Vec<Serverless>),
    /// Dedicated clusters.
    Dedicated(Vec<Dedicated>),
    /// The public endpoint of a node group, and who may come.
    Public(PublicSetting),
    /// The endpoint service of a node group.
    Service(LinkService),
    /// Private endpoints; whether that is all of them.
    Connections(Vec<Connection>, bool),
    /// VPC peerings of a project; whether that is all of them.
    Peerings(Vec<Peering>, bool),
}

/// The members by which an answer is known, and those that are read of it.
pub(crate) const MEMBERS: &[&str] = &[
    "availableZones",
    "awsVpcPeeringConnectionId",
    "branchId",
    "branches",
    "cloudProvider",
    "clusterId",
    "clusterPlan",
    "clusters",
    "customerVpcCidr",
    "customerVpcId",
    "displayName",
    "enabled",
    "endpointId",
    "endpointState",
    "endpoints",
    "host",
    "ipAccessList",
    "labels",
    "message",
    "name",
    "nextPageToken",
    "port",
    "privateEndpointConnectionId",
    "privateEndpointConnections",
    "region",
    "regionId",
    "serviceName",
    "servicePlan",
    "state",
    "tidbCloudRegionId",
    "tidbCloudVpcCidr",
    "tidbNodeGroupId",
    "tidbNodeSetting",
    "userPrefix",
    "vpcPeerings",
];

impl Saved {
    /// What answer a document is, if it is one of these APIs'.
    pub(crate) fn of(members: &BTreeMap<String, Value>) -> Option<Self> {
        let has = |member: &str| members.contains_key(member);
        let is_whole =
            members.get("nextPageToken").and_then(Value::as_str).is_none_or(str::is_empty);
        if let Some(list) = members.get("privateEndpointConnections") {
            return read(list).map(|list| Self::Connections(list, is_whole));
        }
        if let Some(list) = members.get("vpcPeerings") {
            return read(list).map(|list| Self::Peerings(list, is_whole));
        }
        if let Some(Value::Array(list)) = members.get("clusters").or(members.get("branches")) {
            let is = |member| list.iter().any(|item| item.get(member).is_some());
            return if is("tidbNodeSetting") {
                read(&Value::Array(list.clone())).map(Self::Dedicated)
            } else if is("userPrefix") || is("endpoints") {
                read(&Value::Array(list.clone())).map(Self::Serverless)
            } else {
                None
            };
        }
        let whole = || Value::Object(members.clone().into_iter().collect());
        if has("clusterId") && has("tidbNodeSetting") {
            return read(&whole()).map(|cluster| Self::Dedicated(vec![cluster]));
        }
        if (has("clusterId") || has("branchId")) && has("endpoints") {
            return read(&whole()).map(|cluster| Self::Serverless(vec![cluster]));
        }
        if has("ipAccessList") && (has("tidbNodeGroupId") || has("enabled")) {
            return read(&whole()).map(Self::Public);
        }
        if has("serviceName") && has("tidbNodeGroupId") {
            return read(&whole()).map(Self::Service);
        }
        if has("privateEndpointConnectionId") {
            return read(&whole()).map(|connection| Self::Connections(vec![connection], false));
        }
        if has("customerVpcId") && has("tidbCloudVpcCidr") {
            return read(&whole()).map(|peering| Self::Peerings(vec![peering], false));
        }
        None
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// What saved answers say of the cluster of a migration; notes say what they don't.
pub(crate) fn cluster(
    host: &str,
    user: Option<&str>,
    saved: &[Saved],
    notes: &mut Vec<String>,
) -> Option<Cluster> {
    let serverless: Vec<&Serverless> = saved
        .iter()
        .filter_map(|it| if let Saved::Serverless(all) = it { Some(all) } else { None })
        .flatten()
        .filter(|cluster| cluster.serves(host))
        .collect();
    let prefix = user.and_then(|user| Some(user.split_once('.')?.0));
    if !serverless.is_empty() {
        return serverless_cluster(host, prefix, &serverless, notes);
    }
    let groups: Vec<(&Dedicated, &NodeGroup)> = saved
        .iter()
        .filter_map(|it| if let Saved::Dedicated(all) = it { Some(all) } else { None })
        .flatten()
        .flat_map(|cluster| cluster.groups_serving(host).map(move |group| (cluster, group)))
        .collect();
    let shows_clusters =
        saved.iter().any(|it| matches!(it, Saved::Serverless(_) | Saved::Dedicated(_)));
    match groups.as_slice() {
        [] if shows_clusters => {
            notes.push(format!("no cluster in TiDB Cloud's answers has the host {host}"));
            None
        }
        [] if HostName::read(host)
            .and_then(|name| name.tier)
            .is_some_and(Tier::is_shared_gateway) =>
        {
            notes.push(format!(
                "TiDB Cloud's answers are about Dedicated clusters, and {host} is none"
            ));
            None
        }
        [] => {
            notes.push(format!(
                "TiDB Cloud's answers don't name their cluster; they are taken for those of {host}"
            ));
            nameless(host, saved)
        }
        // The same group, from a list and by itself, or of another time.
        groups => {
            let id = groups.iter().find_map(|(_, group)| group.tidb_node_group_id.as_deref());
            let details = details(host, id, saved);
            let answer = |(cluster, group): &(&Dedicated, &NodeGroup)| {
                cluster.cluster(group, host, details.clone())
            };
            Some(merge::joined(host, &groups.iter().map(answer).collect::<Vec<_>>()))
        }
    }
}

fn serverless_cluster(
    host: &str,
    prefix: Option<&str>,
    behind: &[&Serverless],
    notes: &mut Vec<String>,
) -> Option<Cluster> {
    let clusters = |wanted: &dyn Fn(&Serverless) -> bool| -> Vec<Cluster> {
        let mut clusters: Vec<Vec<Cluster>> = Vec::new();
        for cluster in behind.iter().filter(|cluster| wanted(cluster)) {
            let parent = behind.iter().find(|parent| {
                cluster.branch_id.is_some()
                    && parent.branch_id.is_none()
                    && parent.cluster_id == cluster.cluster_id
            });
            let facts = cluster.cluster(host, parent.copied());
            // A list may show less of a cluster than it does by itself.
            let is_of_it = |known: &Cluster| known.user_prefix == facts.user_prefix;
            match clusters.iter_mut().find(|known| known.iter().all(is_of_it)) {
                Some(known) => known.push(facts),
                None => clusters.push(vec![facts]),
            }
        }
        clusters.iter().map(|answers| merge::joined(host, answers)).collect()
    };
    let found = match prefix {
        Some(prefix) => {
            let found = clusters(&|cluster| cluster.user_prefix.as_deref() == Some(prefix));
            if found.is_empty() {
                notes.push(format!(
                    "no cluster in TiDB Cloud's answers has the host {host} and the user name \
                     prefix {prefix}"
                ));
                return None;
            }
            found
        }
        None => clusters(&|_| true),
    };
    let reason = format!(
        "{} clusters in TiDB Cloud's answers share {host}, and without a user name it can't be told \
         which is meant",
        found.len()
    );
    Some(merge::one_of(host, found, &reason))
}

/// Answers about node groups alone: one of each is the cluster's, several aren't anybody's.
fn nameless(host: &str, saved: &[Saved]) -> Option<Cluster> {
    let details = details(host, None, saved);
    let mut cluster = Cluster { host: host.to_owned(), ..Cluster::default() };
    if let Some(public) = details.public {
        let (enabled, list) = shape::public_facts(public, host);
        (cluster.public_endpoint_enabled, cluster.access_list) = (Some(enabled), Some(list));
    }
    if let Some(service) = details.service {
        let (service, zones) = shape::service_facts(service, host);
        (cluster.private_service, cluster.private_service_zones) = (Some(service), Some(zones));
    }
    cluster.private_endpoints = details.connections.map(shape::private_endpoints);
    cluster.vpc_peerings = details.peerings.map(|fact| match fact {
        Fact::Known(peerings) if regions(&peerings) > 1 => Fact::Unknown(unsettled(
            Field::vpc_peerings,
            host,
            "they are of several regions, and which is the cluster's was not delivered",
        )),
        fact => shape::map(fact, |peerings| peerings.into_iter().map(Into::into).collect()),
    });
    (cluster != Cluster { host: host.to_owned(), ..Cluster::default() }).then_some(cluster)
}

/// In how many regions of TiDB Cloud peerings end.
fn regions(peerings: &[Peering]) -> usize {
    let regions = peerings.iter().filter_map(|peering| peering.tidb_cloud_region_id.as_deref());
    regions.collect::<BTreeSet<_>>().len()
}

/// What answers say of one node group, or of the only one that they are about.
fn details(host: &str, group: Option<&str>, saved: &[Saved]) -> Details {
    let is_ours = |id: Option<&str>| match (group, id) {
        (Some(group), Some(id)) => group == id,
        _ => true,
    };
    let public = saved.iter().filter_map(|it| match it {
        Saved::Public(setting) if is_ours(setting.group()) => Some(setting.clone()),
        _ => None,
    });
    let service = saved.iter().filter_map(|it| match it {
        Saved::Service(service) if is_ours(service.tidb_node_group_id.as_deref()) => {
            Some(service.clone())
        }
        _ => None,
    });
    let mut connections: Vec<Vec<Connection>> = Vec::new();
    let mut peerings: Vec<Vec<Peering>> = Vec::new();
    let (mut all_connections, mut all_peerings) = (true, true);
    for saved in saved {
        match saved {
            Saved::Connections(list, is_whole) => {
                let ours = list.iter().filter(|it| {
                    is_ours(it.tidb_node_group_id.as_deref())
                        && it.host.as_deref().is_none_or(|name| {
                            name.is_empty()
                                || !name.starts_with("privatelink-")
                                || !host.starts_with("privatelink-")
                                || is_host(name, host)
                        })
                });
                connections.push(ours.cloned().collect());
                all_connections &= is_whole;
            }
            Saved::Peerings(list, is_whole) => {
                peerings.push(list.clone());
                all_peerings &= is_whole;
            }
            _ => {}
        }
    }
    Details {
        public: only(public.collect(), Field::public_endpoint_enabled, host),
        service: only(service.collect(), Field::private_service, host),
        connections: whole(
            connections,
            |it| it.endpoint_id.as_deref(),
            all_connections,
            |reason| unsettled(Field::private_endpoints, host, reason),
        ),
        peerings: whole(
            peerings,
            |it| it.aws_vpc_peering_connection_id.as_deref(),
            all_peerings,
            |reason| unsettled(Field::vpc_peerings, host, reason),
        ),
    }
}

fn only<T: Clone + PartialEq>(mut all: Vec<T>, field: Field, host: &str) -> Option<Fact<T>> {
    // The same answer twice is one.
    all.dedup();
    match all.len() {
        0 => None,
        1 => Some(Fact::Known(all.remove(0))),
        several => Some(Fact::Unknown(unsettled(
            field,
            host,
            &format!("{several} answers of TiDB Cloud tell it, and not of which node group"),
        ))),
    }
}

/// The items of several answers. A page of several, or one item alone, isn't a list: what isn't in it
/// may be elsewhere. Two answers that tell one item differently aren't one either.
fn whole<T: PartialEq>(
    answers: Vec<Vec<T>>,
    id: impl Fn(&T) -> Option<&str>,
    is_whole: bool,
    gap: impl Fn(&str) -> Gap,
) -> Option<Fact<Vec<T>>> {
    if answers.is_empty() {
        return None;
    }
    let mut all: Vec<T> = Vec::new();
    for answer in answers {
        let new: Vec<T> = answer.into_iter().filter(|item| !all.contains(item)).collect();
        let is_known = |item: &T| id(item).is_some() && all.iter().any(|it| id(it) == id(item));
        if new.iter().any(is_known) {
            return Some(Fact::Unknown(gap(merge::CONTRADICT)));
        }
        all.extend(new);
    }
    if is_whole {
        return Some(Fact::Known(all));
    }
    Some(Fact::Unknown(gap("only part of the list was delivered")))
}

fn unsettled(field: Field, host: &str, reason: &str) -> Gap {
    field.gap(host, reason, Some(file()))
}

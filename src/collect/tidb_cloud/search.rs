//! Finding clusters by host name, and asking what there is to know of them.
//!
//! A Dedicated cluster's host name is its own. Starter and Essential clusters of a region share a
//! gateway, and so its name: there the user name's prefix tells which is meant. Where it can't, only
//! what all clusters behind the gateway have in common is known.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Deserialize;
use tidb_dms_checks::facts::{Cluster, Fact, Facts, Run, Tier, cluster::HostName};

use super::{
    answers::{Connection, Dedicated, NodeGroup, Peering, Serverless},
    api::{Api, Failure, Page},
    merge::{self, Field},
    services::{Keys, Services},
    shape::Details,
};
use crate::collect::watch::Watch;

/// A cluster that is looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sought {
    /// Its host name, as it is written elsewhere in the facts.
    pub host: String,
    /// A user of it, `prefix.name`, where one is known.
    pub user: Option<String>,
}

/// Asks for clusters: facts with one cluster for each that is sought, known or not, and the effort.
pub async fn search(services: &Services, sought: &[Sought], keys: &Keys, watch: &Watch) -> Facts {
    let effort = Arc::new(Mutex::new(Run::default()));
    let serverless = Api::new(&services.serverless, keys, watch, &effort);
    let dedicated = Api::new(&services.dedicated, keys, watch, &effort);
    let is = |sought: &&Sought, wanted: fn(Tier) -> bool| {
        HostName::read(&sought.host).and_then(|name| name.tier).is_none_or(wanted)
    };
    let of_serverless = sought.iter().filter(|it| is(it, Tier::is_shared_gateway)).collect();
    let of_dedicated = sought.iter().filter(|it| is(it, |tier| tier == Tier::Dedicated)).collect();
    let (shared, own) = tokio::join!(
        serverless_clusters(&serverless, of_serverless),
        dedicated_clusters(&dedicated, of_dedicated),
    );

    let mut facts = Facts::new(Timestamp::now());
    for sought in sought {
        let answers = || shared.iter().chain(&own).filter(|(of, _)| *of == sought);
        let found = answers().find_map(|(_, found)| found.as_ref().ok());
        facts.clusters.push(match found {
            Some(cluster) => cluster.clone(),
            None => {
                let failures = answers().filter_map(|(_, found)| found.as_ref().err());
                let failures: Vec<&Failure> = failures.collect();
                let reasons: Vec<&str> = failures.iter().map(|it| it.reason.as_str()).collect();
                let unlock = failures.iter().find_map(|failure| failure.unlock.as_ref());
                merge::unknown(&sought.host, &reasons.join("; "), unlock)
            }
        });
    }
    facts.run = effort.lock().unwrap_or_else(PoisonError::into_inner).clone();
    facts
}

/// What one API found for each cluster that was sought.
type Answers<'a> = Vec<(&'a Sought, Result<Cluster, Failure>)>;

async fn serverless_clusters<'a>(api: &Api, sought: Vec<&'a Sought>) -> Answers<'a> {
    if sought.is_empty() {
        return Vec::new();
    }
    let (all, missing) = api.list::<ServerlessPage>("ListClusters", &["clusters"], &[]).await;
    // A list may show less of a cluster than asking for it does; those that can't be meant aren't asked
    // for.
    let details = all.iter().map(async |listed| {
        let may_be = |it: &&Sought| listed.serves(&it.host) || listed.is_nameless();
        let Some(id) = listed.cluster_id.as_deref().filter(|_| sought.iter().any(may_be)) else {
            return listed.clone();
        };
        let path = ["clusters", id];
        let whole = api.get::<Serverless>("GetCluster", &path, &[("view", "FULL")]).await;
        whole.unwrap_or_else(|_| listed.clone())
    });
    let all = join_all(details).await;
    let answers = sought.into_iter().map(async |sought| {
        (sought, serverless_cluster(api, sought, &all, missing.as_ref()).await)
    });
    join_all(answers).await
}

/// Which of the clusters behind a gateway is meant.
async fn serverless_cluster(
    api: &Api,
    sought: &Sought,
    all: &[Serverless],
    missing: Option<&Failure>,
) -> Result<Cluster, Failure> {
    let host = sought.host.as_str();
    let prefix = sought.user.as_deref().and_then(|user| Some(user.split_once('.')?.0));
    let behind: Vec<&Serverless> = all.iter().filter(|cluster| cluster.serves(host)).collect();
    let has_prefix = |of: &Serverless| prefix.is_some() && of.user_prefix.as_deref() == prefix;
    if let Some(cluster) = behind.iter().find(|cluster| has_prefix(cluster)) {
        return Ok(cluster.cluster(host, None));
    }
    if behind.is_empty() {
        let nameless = all
            .iter()
            .filter(|cluster| cluster.is_nameless())
            .map(|cluster| (cluster.display_name.as_deref(), cluster.state.as_deref()));
        return Err(not_found("Starter or Essential", all.len(), nameless, missing));
    }
    // Branches hang behind the gateway of their cluster, with a prefix of their own.
    let branches = join_all(behind.iter().map(async |cluster| {
        let Some(id) = cluster.cluster_id.as_deref() else {
            return (Vec::new(), None);
        };
        let path = ["clusters", id, "branches"];
        api.list::<BranchPage>("ListBranches", &path, &[]).await
    }))
    .await;
    let mut candidates = Vec::new();
    let mut unseen = missing;
    for (cluster, (branches, missing)) in behind.iter().zip(&branches) {
        candidates.push((*cluster, None));
        candidates.extend(
            branches.iter().filter(|branch| branch.serves(host)).map(|it| (it, Some(*cluster))),
        );
        unseen = unseen.or(missing.as_ref());
    }
    if let Some((branch, parent)) = candidates.iter().find(|(branch, _)| has_prefix(branch)) {
        return Ok(branch.cluster(host, *parent));
    }
    if let Some(failure) = unseen {
        let reason = format!("not all clusters behind {host} were seen: {}", failure.reason);
        return Err(Failure { reason, unlock: failure.unlock.clone() });
    }
    if let Some(prefix) = prefix {
        return Err(Failure {
            reason: format!(
                "none of the {} that the API key sees behind {host} has the user name prefix \
                 `{prefix}`",
                counted(candidates.len(), "cluster or branch", "clusters and branches")
            ),
            unlock: None,
        });
    }
    let reason = format!(
        "{} of this API key share {host}, and without a user name it can't be told which is meant",
        counted(candidates.len(), "cluster or branch", "clusters and branches")
    );
    let clusters = candidates.iter().map(|(of, parent)| of.cluster(host, *parent)).collect();
    Ok(merge::one_of(host, clusters, &reason))
}

async fn dedicated_clusters<'a>(api: &Api, sought: Vec<&'a Sought>) -> Answers<'a> {
    if sought.is_empty() {
        return Vec::new();
    }
    let (all, missing) = api.list::<DedicatedPage>("ListClusters", &["clusters"], &[]).await;
    let answers = sought.into_iter().map(async |sought| {
        (sought, dedicated_cluster(api, &sought.host, &all, missing.as_ref()).await)
    });
    join_all(answers).await
}

async fn dedicated_cluster(
    api: &Api,
    host: &str,
    all: &[Dedicated],
    missing: Option<&Failure>,
) -> Result<Cluster, Failure> {
    let found: Vec<(&Dedicated, &NodeGroup)> = all
        .iter()
        .flat_map(|cluster| cluster.groups_serving(host).map(move |group| (cluster, group)))
        .collect();
    if found.is_empty() {
        let nameless = all
            .iter()
            .filter(|cluster| cluster.is_nameless())
            .map(|cluster| (cluster.display_name.as_deref(), cluster.state.as_deref()));
        return Err(not_found("Dedicated", all.len(), nameless, missing));
    }
    let clusters = join_all(found.iter().map(async |(cluster, group)| {
        let details = details(api, cluster, group, host).await;
        cluster.cluster(group, host, details)
    }))
    .await;
    let reason = format!("{} have this host", counted(clusters.len(), "node group", "node groups"));
    Ok(merge::one_of(host, clusters, &reason))
}

/// What only further calls tell of a group of a Dedicated cluster. Each may fail alone.
async fn details(api: &Api, cluster: &Dedicated, group: &NodeGroup, host: &str) -> Details {
    let (Some(id), Some(group)) = (&cluster.cluster_id, &group.tidb_node_group_id) else {
        let failure = Failure { reason: "the cluster shows no id to ask by".into(), unlock: None };
        return Details {
            public: Some(fact(Err(failure.clone()), Field::public_endpoint_enabled, host)),
            service: Some(fact(Err(failure.clone()), Field::private_service, host)),
            connections: Some(fact(Err(failure.clone()), Field::private_endpoints, host)),
            peerings: Some(fact(Err(failure), Field::vpc_peerings, host)),
        };
    };
    let path = |last| ["clusters", id, "tidbNodeGroups", group, last];
    let mut of_project = vec![("cloudProvider", "aws")];
    of_project.extend(cluster.project().map(|project| ("projectId", project)));
    let (public_path, service_path) = (path("publicEndpointSetting"), path("privateLinkService"));
    let connections_path = path("privateEndpointConnections");
    let (public, service, connections, peerings) = tokio::join!(
        api.get("GetPublicEndpointSetting", &public_path, &[]),
        api.get("GetPrivateLinkService", &service_path, &[]),
        api.list::<ConnectionPage>("ListPrivateEndpointConnections", &connections_path, &[]),
        api.list::<PeeringPage>("ListVpcPeerings", &["vpcPeerings"], &of_project),
    );
    Details {
        public: Some(fact(public, Field::public_endpoint_enabled, host)),
        service: Some(fact(service, Field::private_service, host)),
        connections: Some(fact(whole(connections), Field::private_endpoints, host)),
        peerings: Some(fact(whole(peerings), Field::vpc_peerings, host)),
    }
}

fn fact<T>(answer: Result<T, Failure>, field: Field, host: &str) -> Fact<T> {
    match answer {
        Ok(value) => Fact::Known(value),
        Err(failure) => Fact::Unknown(field.gap(host, &failure.reason, failure.unlock)),
    }
}

/// Part of a list isn't a list: what isn't in it may be in the rest.
fn whole<T>((items, missing): (Vec<T>, Option<Failure>)) -> Result<Vec<T>, Failure> {
    missing.map_or(Ok(items), Err)
}

/// Why no cluster has a host: those that show none may be it, and so may those that weren't listed.
fn not_found<'a>(
    tier: &str,
    all: usize,
    nameless: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    missing: Option<&Failure>,
) -> Failure {
    if let Some(missing) = missing {
        return missing.clone();
    }
    let reason = format!(
        "the API key sees {}, none with this host",
        counted(all, &format!("{tier} cluster"), &format!("{tier} clusters"))
    );
    let nameless: Vec<String> = nameless
        .map(|(name, state)| format!("{} ({})", name.unwrap_or("?"), state.unwrap_or("?")))
        .collect();
    let reason = match nameless.join(", ").as_str() {
        "" => reason,
        nameless => format!("{reason}; {nameless} shows no host now"),
    };
    Failure { reason, unlock: None }
}

fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// Declares pages of lists.
macro_rules! pages {
    ($($page:ident { $list:ident: $item:ty })*) => {
        $(#[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct $page {
            // An empty list may be left out.
            #[serde(default)]
            $list: Option<Vec<$item>>,
            #[serde(default)]
            next_page_token: Option<String>,
        }

        impl Page for $page {
            type Item = $item;

            fn into_parts(self) -> (Vec<$item>, Option<String>) {
                (self.$list.unwrap_or_default(), self.next_page_token)
            }
        })*
    };
}

pages! {
    ServerlessPage { clusters: Serverless }
    BranchPage { branches: Serverless }
    DedicatedPage { clusters: Dedicated }
    ConnectionPage { private_endpoint_connections: Connection }
    PeeringPage { vpc_peerings: Peering }
}

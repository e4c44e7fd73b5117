//! What TiDB Cloud says of the cluster, where there is a key to ask with.

use tidb_dms_checks::{
    case::Case,
    facts::{Asked, Facts, Index, Secret, Tier, cluster::HostName},
    migration::select,
};

use tokio::sync::watch::Receiver;

use super::{Looking, end_with_grace};
use crate::collect::tidb_cloud::{Sought, search};

/// What was seen of the cluster.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The cluster, where it is known which one it is.
    pub facts: Option<Facts>,
    /// What wasn't finished.
    pub unfinished: Option<String>,
}

/// Asks TiDB Cloud's API as soon as it is known for which cluster, which may stand in a secret alone.
pub(super) async fn look(looking: &Looking<'_>, secrets: [Receiver<Option<Secret>>; 2]) -> Seen {
    let Looking { request, before, watch, .. } = looking;
    let Some((services, keys)) = &request.tidb_cloud else { return Seen::default() };
    let sought = match at_once(&before.asked) {
        Some(sought) => sought,
        None => match watch.wait(in_time(looking, secrets)).await {
            Ok(Some(sought)) => sought,
            Ok(None) | Err(_) => return Seen::default(),
        },
    };
    let sought = [sought];
    let facts = tokio::select! {
        facts = Box::pin(search(services, &sought, keys, watch)) => Some(facts),
        _ = end_with_grace(watch) => None,
    };
    let unfinished = watch.is_over().then(|| format!("TiDB Cloud: {}", watch.why()));
    Seen { facts, unfinished }
}

/// The cluster as soon as AWS or, where that isn't enough, what the secrets of its endpoints hold tells it.
async fn in_time(looking: &Looking<'_>, secrets: [Receiver<Option<Secret>>; 2]) -> Option<Sought> {
    let mut facts = Facts::clone(&looking.known().await?.facts);
    let mut sought = of(&facts);
    for mut told in secrets {
        if sought.as_ref().is_some_and(is_one) {
            break;
        }
        // Whoever reads it may end without one.
        if let Ok(secret) = told.wait_for(Option::is_some).await {
            facts.secrets.extend(secret.clone());
        }
        sought = of(&facts);
    }
    sought
}

/// Whether it is known which cluster it is: behind a shared gateway only the user tells.
fn is_one(sought: &Sought) -> bool {
    let tier = HostName::read(&sought.host).and_then(|name| name.tier);
    sought.user.is_some() || !tier.is_none_or(Tier::is_shared_gateway)
}

/// The cluster where flags alone tell which it is. Behind a shared gateway only the user does.
fn at_once(asked: &Asked) -> Option<Sought> {
    let host = asked.tidb_host.clone()?;
    let tier = asked.tidb_tier.or_else(|| HostName::read(&host)?.tier);
    let needs_user = tier.is_none_or(Tier::is_shared_gateway);
    let user = asked.tidb_user.clone();
    (user.is_some() || !needs_user).then_some(Sought { host, user })
}

/// The cluster of the migration that the facts hold.
fn of(facts: &Facts) -> Option<Sought> {
    let index = Index::new(&facts.inventory);
    let Ok(migration) = select(facts, &index) else {
        let (host, user) = (facts.asked.tidb_host.clone()?, facts.asked.tidb_user.clone());
        return Some(Sought { host, user });
    };
    let case = Case::new(facts, &index, migration);
    let host = case.cluster.host.known()?.clone();
    let user = match case.cluster.role.known() {
        Some(role) => case.server(*role).user.known().cloned(),
        None => facts.asked.tidb_user.clone(),
    };
    Some(Sought { host, user })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STARTER: &str = "gateway01.us-east-1.prod.aws.tidbcloud.com";
    const DEDICATED: &str = "tidb.x.clusters.tidb-cloud.com";

    #[test]
    fn flags_tell_which_cluster_it_is_if_its_name_is_its_own() {
        let at_once = |json| {
            let sought = at_once(&serde_json::from_value(json).unwrap())?;
            Some((sought.host, sought.user))
        };
        let some = |host: &str, user: Option<&str>| Some((host.into(), user.map(Into::into)));
        assert_eq!(at_once(json!({"tidb_host": DEDICATED})), some(DEDICATED, None));
        assert_eq!(at_once(json!({"tidb_host": STARTER})), None);
        let named = json!({"tidb_host": STARTER, "tidb_user": "p.dms"});
        assert_eq!(at_once(named), some(STARTER, Some("p.dms")));
        assert_eq!(at_once(json!({"tidb_user": "p.dms"})), None);
    }

    #[test]
    fn a_task_s_endpoint_names_cluster_and_user() {
        let facts: Facts = serde_json::from_value(json!({
            "version": 1, "taken_at": "2026-11-24T10:00:00Z",
            "inventory": {
                "ReplicationTasks": [{"ReplicationTaskArn": "arn:task", "TargetEndpointArn": "arn:t"}],
                "Endpoints": [{"EndpointArn": "arn:t", "EngineName": "mysql", "ServerName": STARTER,
                    "Port": 4000, "Username": "p.dms"}],
            },
        }))
        .unwrap();
        let sought = of(&facts).unwrap();
        assert_eq!((sought.host.as_str(), sought.user.as_deref()), (STARTER, Some("p.dms")));
    }
}

//! Looking by itself: AWS, then both ends of the migration, everything side by side that can be.
//!
//! Nothing in here takes longer than the watch says, whoever hangs. What wasn't finished by then is a
//! gap with the reason, and is named in the facts' own account of the run.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tidb_dms_checks::{
    facts::{
        Asked, Fact, Facts, Gap, Index, Inventory, Role, Tested, Unlock,
        inventory::{Extent, dms::Connection},
        probe::Vantage,
    },
    migration::select,
};
use tokio::{
    sync::{
        Mutex,
        watch::{Receiver, Sender, channel},
    },
    time::sleep,
};

use super::{
    aws::{self, Aws, AwsError, Choice},
    probe::Trust,
    tidb_cloud::{Keys, Services},
    watch::{Over, Watch},
};
use crate::passwords::Passwords;

mod cluster;
mod end;
mod side;

/// What to look at, and how.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Request {
    /// Look at AWS.
    pub aws: bool,
    /// Look at the ends of the migration.
    pub probe: bool,
    /// Where AWS is, and as whom.
    pub choice: Choice,
    /// The IAM actions that the wanted checks need.
    pub needs: BTreeSet<&'static str>,
    /// Let DMS itself test both endpoints, for so long.
    pub test_connection: Option<Duration>,
    /// The passwords that are at hand.
    pub passwords: Passwords,
    /// Secrets to take the credentials from: of the source, of the target.
    pub secrets: (Option<String>, Option<String>),
    /// Whether a person may be asked for a password.
    pub may_ask: bool,
    /// What the ends are verified with.
    pub authorities: Authorities,
    /// Where this program runs.
    pub vantage: Vantage,
    /// TiDB Cloud's API and a key to it.
    pub tidb_cloud: Option<(Services, Keys)>,
    /// Log in although nothing proves who is at the other end.
    pub danger_allow_unverified_login: bool,
}

/// The CAs that were given.
#[derive(Debug, Default)]
pub struct Authorities {
    /// That of the cluster.
    pub cluster: Option<Trust>,
    /// That of the other end.
    pub other: Option<Trust>,
}

/// How long one end may take, with all its steps.
const PROBE: Duration = Duration::from_secs(20);
/// How long whoever heard that the run is over may take to hand over what was seen.
const GRACE: Duration = Duration::from_millis(200);

/// What is known of the migration by the time that its ends can be looked at.
#[derive(Clone, Debug)]
struct Known {
    facts: Arc<Facts>,
    aws: Option<Arc<Aws>>,
}

/// What all that look share.
struct Looking<'a> {
    request: &'a Request,
    /// What was known before.
    before: &'a Facts,
    watch: &'a Watch,
    known: Receiver<Option<Known>>,
    /// One question at a time.
    person: Mutex<()>,
}

impl Looking<'_> {
    /// Waits until the ends of the migration are known; `None` when they never will be.
    async fn known(&self) -> Option<Known> {
        let mut known = self.known.clone();
        let known = known.wait_for(Option::is_some).await.ok()?;
        known.clone()
    }
}

/// Looks at everything that was asked for, and adds it to what is known already.
pub async fn look(facts: Facts, request: &Request, watch: &Watch) -> Result<Facts, AwsError> {
    let (tell, known) = channel(None);
    let looking = Looking { request, before: &facts, watch, known, person: Mutex::new(()) };
    let (tell_source, of_source) = channel(None);
    let (tell_target, of_target) = channel(None);
    let (aws, source, target, cluster, tests) = tokio::try_join!(
        Box::pin(look_at_aws(&looking, tell)),
        async { Ok(Box::pin(end::look(&looking, Role::Source, tell_source)).await) },
        async { Ok(Box::pin(end::look(&looking, Role::Target, tell_target)).await) },
        async { Ok(Box::pin(cluster::look(&looking, [of_source, of_target])).await) },
        async { Ok(test_connections(&looking).await) },
    )?;
    let mut all = facts.clone();
    let mut unfinished = Vec::new();
    if let Some(seen) = aws {
        let mut facts = seen.facts;
        // Secrets and tests were asked for meanwhile.
        if let Some(aws) = seen.aws {
            facts.run = aws.run();
        }
        all.merge(facts);
        unfinished.extend(seen.unfinished);
    }
    for end in [source, target] {
        let mut seen = Facts::new(all.taken_at);
        seen.probes.extend(end.probe);
        seen.secrets.extend(end.secret);
        all.merge(seen);
        unfinished.extend(end.unfinished);
    }
    if let Some(facts) = cluster.facts {
        all.merge(facts);
    }
    unfinished.extend(cluster.unfinished);
    for test in tests {
        add_test(&mut all, test, &mut unfinished);
    }
    for what in unfinished {
        if !all.run.unfinished.contains(&what) {
            all.run.unfinished.push(what);
        }
    }
    Ok(all)
}

/// What AWS said, as far as it came.
struct AwsSeen {
    facts: Facts,
    unfinished: Option<String>,
    aws: Option<Arc<Aws>>,
}

async fn look_at_aws(
    looking: &Looking<'_>,
    tell: Sender<Option<Known>>,
) -> Result<Option<AwsSeen>, AwsError> {
    let Looking { request, before, watch, .. } = looking;
    if !request.aws {
        tell.send_replace(Some(Known { facts: Arc::new((*before).clone()), aws: None }));
        return Ok(None);
    }
    let asked = &before.asked;
    let known = |seen: Facts, aws: Option<Arc<Aws>>| {
        let mut facts = (*before).clone();
        facts.merge(seen);
        facts.asked = asked.clone();
        tell.send_replace(Some(Known { facts: Arc::new(facts), aws }));
    };
    let (found, aws) = match watch.wait(Box::pin(aws::connect(&request.choice, asked))).await {
        Err(over) => (Err(over), None),
        Ok(connected) => {
            let aws = Arc::new(connected?);
            let early = |seen: Facts| known(seen, Some(Arc::clone(&aws)));
            let found = tokio::select! {
                found = aws.look_and_tell(asked, &request.needs, watch, &early) => Ok(found),
                over = end_with_grace(watch) => Err(over),
            };
            (found, Some(aws))
        }
    };
    let mut seen = AwsSeen { facts: Facts::new(before.taken_at), unfinished: None, aws };
    let inventory = &mut seen.facts.inventory;
    match found {
        Ok(Ok(facts)) => seen.facts = facts,
        // What stands in a list that nobody could see isn't unknown to AWS.
        Ok(Err(AwsError::NotSeen(gap))) if names_a_migration(asked) && !watch.is_over() => {
            leave_off(inventory, &request.needs, &gap.reason, &gap.unlock);
        }
        // Whoever had no time to answer isn't out of reach.
        Ok(Err(AwsError::NotSeen(_) | AwsError::Unreachable { .. }))
            if watch.is_over() && may_be_unseen(asked, watch.why()) =>
        {
            let (over, unlock) = (watch.why(), unlock(watch.why()));
            leave_off(inventory, &request.needs, &over.to_string(), &unlock);
        }
        Ok(Err(error)) => return Err(error),
        Err(over) => leave_off(inventory, &request.needs, &over.to_string(), &unlock(over)),
    }
    if watch.is_over() {
        seen.unfinished = Some(format!("AWS: {}", watch.why()));
    }
    known(seen.facts.clone(), seen.aws.clone());
    Ok(Some(seen))
}

/// Whether a report can be made without any answer of AWS: about a name, or about an interruption.
fn may_be_unseen(asked: &Asked, over: Over) -> bool {
    names_a_migration(asked) || over == Over::Interrupted
}

/// Whether there is a name to report about, whatever AWS says.
const fn names_a_migration(asked: &Asked) -> bool {
    asked.task.is_some()
        || asked.replication_instance.is_some()
        || asked.replication_config.is_some()
        || asked.is_planned()
}

/// Waits until the run is over, and a moment more.
async fn end_with_grace(watch: &Watch) -> Over {
    watch.end().await;
    sleep(GRACE).await;
    watch.why()
}

/// What lets somebody see more the next time.
fn unlock(over: Over) -> Unlock {
    match over {
        Over::TimeUp(_) => Unlock::Flag("--timeout".into()),
        Over::Interrupted => Unlock::Flag("the same run, to its end".into()),
    }
}

/// Says of every list that was wanted why it didn't come.
fn leave_off(
    inventory: &mut Inventory,
    needs: &BTreeSet<&'static str>,
    reason: &str,
    unlock: &Unlock,
) {
    for (key, _) in Inventory::LISTS.iter().filter(|(_, action)| needs.contains(action)) {
        if let Some(extent) = inventory.extent_mut(key) {
            *extent = Extent::Partial(Gap::new(*key, reason, unlock.clone()));
        }
    }
}

/// A test that DMS was asked for.
struct Test {
    instance: String,
    endpoint: String,
    result: Fact<Connection>,
    at: Timestamp,
}

/// Lets DMS itself test both endpoints, which has a time of its own.
async fn test_connections(looking: &Looking<'_>) -> Vec<Test> {
    let Looking { request, watch, .. } = looking;
    let Some(limit) = request.test_connection else { return Vec::new() };
    let Some(Known { facts, aws: Some(aws) }) = looking.known().await else { return Vec::new() };
    let index = Index::new(&facts.inventory);
    let Ok(migration) = select(&facts, &index) else { return Vec::new() };
    let Some(instance) = migration.instance() else { return Vec::new() };
    let instance = instance.replication_instance_arn.as_str();
    let watch = watch.beside(limit);
    let test = async |endpoint: Option<&str>| {
        let endpoint = endpoint?;
        let result = tokio::select! {
            result = aws.test_connection(instance, endpoint, limit, &watch) => result,
            over = end_with_grace(&watch) => Fact::Unknown(Gap::new(
                endpoint,
                format!("its test wasn't finished: {over}"),
                Unlock::Flag("--test-timeout".into()),
            )),
        };
        let at = Timestamp::now();
        Some(Test { instance: instance.to_owned(), endpoint: endpoint.to_owned(), result, at })
    };
    let arn = |side: &tidb_dms_checks::migration::Side<'_>| {
        side.endpoint().map(|endpoint| endpoint.endpoint_arn.clone())
    };
    let (source, target) = (arn(&migration.source), arn(&migration.target));
    let (source, target) = tokio::join!(test(source.as_deref()), test(target.as_deref()));
    source.into_iter().chain(target).collect()
}

/// A fresh test takes the place of the last one.
fn add_test(facts: &mut Facts, test: Test, unfinished: &mut Vec<String>) {
    let connections = &mut facts.inventory.connections;
    match test.result {
        Fact::Known(connection) => {
            connections.items.retain(|known| {
                known.endpoint_arn != test.endpoint
                    || known.replication_instance_arn != test.instance
            });
            facts.tests.push(Tested {
                at: test.at,
                replication_instance_arn: test.instance,
                endpoint: facts
                    .inventory
                    .endpoints
                    .items
                    .iter()
                    .find(|endpoint| endpoint.endpoint_arn == test.endpoint)
                    .cloned()
                    .map(Box::new),
                endpoint_arn: test.endpoint,
                successful: connection.status.as_deref() == Some("successful"),
            });
            connections.items.push(connection);
        }
        Fact::Unknown(gap) => {
            let is_there = connections.items.iter().any(|known| {
                known.endpoint_arn == test.endpoint
                    && known.replication_instance_arn == test.instance
            });
            unfinished.push(format!("the connection test of {}: {}", test.endpoint, gap.reason));
            if !is_there {
                connections.extent = Extent::Partial(gap);
            }
        }
    }
}

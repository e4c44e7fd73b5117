//! One look at an account and region: what is asked for when, and what follows from what.
//!
//! Calls go out side by side and are at most four deep: the lists of DMS (or the subnets of a plan)
//! tell the VPC, its lists tell what they refer to, and of that a peer's VPC may refer to prefix lists
//! of its own.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use jiff::Timestamp;
use serde_json::Value;
use tidb_dms_checks::{
    facts::{Asked, Facts, Gap, Index, Inventory, Unlock, inventory::Extent},
    migration::{Kind, Migration, Side, select},
};

use super::{
    Aws, AwsError, account,
    call::Failure,
    deliver::{Delivered, Listed},
    dms, ec2, xml,
};
use crate::collect::watch::{Event, Watch};

/// A look that is under way.
pub(super) struct Look<'a> {
    pub(super) aws: &'a Aws,
    pub(super) asked: &'a Asked,
    pub(super) watch: &'a Watch,
    needs: &'a BTreeSet<&'static str>,
    delivered: Mutex<Delivered>,
    /// Hears of the lists of DMS when they are there.
    early: &'a (dyn Fn(Facts) + Sync),
    /// How many parts of them are still to come.
    awaited: AtomicUsize,
}

/// A list that is to be had: its key, the IAM action that delivers it, and the calls.
pub(super) struct Job<'a> {
    pub(super) key: &'static str,
    pub(super) action: &'static str,
    listing: BoxFuture<'a, Listed>,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        key: &'static str,
        action: &'static str,
        listing: impl Future<Output = Listed> + Send + 'a,
    ) -> Self {
        Self { key, action, listing: listing.boxed() }
    }
}

impl Aws {
    /// Looks at what the selected checks need, and no further: each call is made only if its IAM
    /// action is in `needs`.
    ///
    /// The facts hold what was asked, so that they replay by themselves. What can't be had is a gap in
    /// them; an error is what leaves nothing to judge.
    pub async fn look(
        &self,
        asked: &Asked,
        needs: &BTreeSet<&'static str>,
        watch: &Watch,
    ) -> Result<Facts, AwsError> {
        self.look_and_tell(asked, needs, watch, &|_| {}).await
    }

    /// The same, and tells as soon as the lists of DMS are there: whoever wants to go to the endpoints
    /// needn't wait for the network's.
    pub async fn look_and_tell(
        &self,
        asked: &Asked,
        needs: &BTreeSet<&'static str>,
        watch: &Watch,
        early: &(dyn Fn(Facts) + Sync),
    ) -> Result<Facts, AwsError> {
        let mut facts = Facts::new(Timestamp::now());
        facts.asked = asked.clone();
        let look = Look {
            aws: self,
            asked,
            watch,
            needs,
            delivered: Mutex::default(),
            early,
            awaited: AtomicUsize::new(2),
        };
        look.all().await?;
        let delivered = look.delivered.into_inner().unwrap_or_else(PoisonError::into_inner);
        facts.inventory = delivered.into_inventory();
        facts.run = self.effort.run();
        Ok(facts)
    }
}

impl<'a> Look<'a> {
    async fn all(&'a self) -> Result<(), AwsError> {
        // Nothing follows from these, so nothing waits for them.
        let roles = self.run(account::roles(self));
        let aside = async {
            self.run(dms::of_region(self)).await?;
            self.one_part_less();
            Ok(())
        };
        let main = async {
            self.run(dms::of_selection(self)).await?;
            let place = self.place()?;
            self.one_part_less();
            let keys = self.run(account::keys(self, &place.keys));
            let network = self.network(&place);
            tokio::try_join!(keys, network).map(drop)
        };
        tokio::try_join!(roles, aside, main).map(drop)
    }

    /// Tells of the lists of DMS when all of them are there.
    fn one_part_less(&self) {
        if self.awaited.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut facts = Facts::new(Timestamp::now());
            facts.asked = self.asked.clone();
            facts.inventory = self.delivered().inventory().clone();
            (self.early)(facts);
        }
    }

    /// The VPCs of the migration, and what they refer to.
    async fn network(&'a self, place: &Place) -> Result<(), AwsError> {
        if let Some(gap) = &place.gap {
            self.miss_network(gap);
            return Ok(());
        }
        let rest = self.run(ec2::of_vpcs(self, &place.vpcs));
        let references = async {
            self.run(ec2::leading(self, &place.vpcs)).await?;
            let peers = ec2::peers(self.delivered().inventory(), &place.vpcs);
            let lists = ec2::prefix_lists(self.delivered().inventory());
            let options = ec2::dhcp_options(self.delivered().inventory());
            let referred = self.run(ec2::of_references(self, &lists, &options));
            tokio::try_join!(referred, self.peers(&peers, &lists)).map(drop)
        };
        tokio::try_join!(rest, references).map(drop)
    }

    /// The VPCs that ours are peered with, and the prefix lists of theirs that weren't asked for yet.
    async fn peers(
        &'a self,
        peers: &BTreeSet<String>,
        known: &BTreeSet<String>,
    ) -> Result<(), AwsError> {
        if peers.is_empty() {
            return Ok(());
        }
        self.run(ec2::of_peers(self, peers)).await?;
        let mut lists = ec2::prefix_lists(self.delivered().inventory());
        lists.retain(|list| !known.contains(list));
        self.run(ec2::of_references(self, &lists, &BTreeSet::new())).await
    }

    /// Runs jobs side by side, those that the selected checks need. An error ends all of them.
    async fn run(&self, jobs: impl IntoIterator<Item = Job<'a>>) -> Result<(), AwsError> {
        let jobs: Vec<Job<'a>> = jobs.into_iter().filter(|job| self.needs(job.action)).collect();
        if jobs.is_empty() {
            return Ok(());
        }
        self.watch.tell(Event::Expected("AWS", jobs.len()));
        let each = jobs.into_iter().map(|job| async move {
            let listed = job.listing.await;
            self.watch.tell(Event::Answered("AWS"));
            if let Some(error) =
                listed.failure.as_ref().and_then(|failure| failure.fatal(&self.aws.region))
            {
                return Err(error);
            }
            self.delivered().add(job.key, job.action, listed);
            Ok(())
        });
        try_join_all(each).await.map(drop)
    }

    /// Whether the selected checks need an IAM action.
    pub(super) fn needs(&self, action: &str) -> bool {
        self.needs.contains(action)
    }

    fn delivered(&self) -> MutexGuard<'_, Delivered> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lists of a VPC that isn't known could not be asked for.
    fn miss_network(&self, gap: &Gap) {
        let mut delivered = self.delivered();
        for (key, action) in Inventory::LISTS {
            if action.starts_with("ec2:") && self.needs(action) {
                delivered.miss(key, gap);
            }
        }
    }

    /// Where the migration sits, once the lists of DMS are there.
    fn place(&self) -> Result<Place, AwsError> {
        let mut facts = Facts::new(Timestamp::UNIX_EPOCH);
        facts.asked = self.asked.clone();
        facts.inventory = self.delivered().inventory().clone();
        if !self.aws.effort.has_answer()
            && let Some(gap) = first_gap(&facts.inventory)
        {
            let (region, said) = (self.aws.region.clone(), gap.reason);
            return Err(AwsError::Unreachable { region, said });
        }
        let index = Index::new(&facts.inventory);
        match select(&facts, &index) {
            Ok(migration) => self.place_of(&facts, &index, &migration),
            Err(error) => Err(match not_seen(&facts) {
                Some(gap) => AwsError::NotSeen(gap),
                None => AwsError::of_selection(error, &self.aws.region),
            }),
        }
    }

    fn place_of(
        &self,
        facts: &Facts,
        index: &Index<'_>,
        migration: &Migration<'_>,
    ) -> Result<Place, AwsError> {
        let mut place = Place { keys: keys(migration), ..Place::default() };
        let inventory = &facts.inventory;
        match migration.kind {
            Kind::Task(_, Some(instance)) | Kind::Instance(instance) => {
                let group = instance.replication_subnet_group.as_ref();
                place.vpcs.extend(group.and_then(|group| group.vpc_id.clone()));
                place.blame(inventory, "ReplicationInstances");
            }
            Kind::Task(..) => place.blame(inventory, "ReplicationInstances"),
            Kind::Config(config) => {
                let compute = config.compute_config.as_ref();
                let name = compute
                    .and_then(|compute| compute.replication_subnet_group_id.as_deref())
                    .unwrap_or("default");
                place.vpcs.extend(vpc_of_group(index, name));
                place.blame(inventory, "ReplicationSubnetGroups");
            }
            Kind::Planned => match (&self.asked.subnets, &self.asked.subnet_group) {
                (Some(ids), _) => {
                    let subnets = &inventory.subnets;
                    if subnets.extent == Extent::Whole {
                        for id in ids {
                            if !subnets.items.iter().any(|subnet| subnet.subnet_id == *id) {
                                return Err(self.unknown("subnet", id, Vec::new()));
                            }
                        }
                    }
                    place.vpcs.extend(subnets.items.iter().map(|subnet| subnet.vpc_id.clone()));
                    place.blame(inventory, "Subnets");
                }
                (None, Some(name)) => {
                    let groups = &inventory.replication_subnet_groups;
                    place.vpcs.extend(vpc_of_group(index, name));
                    if groups.extent == Extent::Whole && place.vpcs.is_empty() {
                        let known = groups
                            .items
                            .iter()
                            .map(|group| group.replication_subnet_group_identifier.clone());
                        return Err(self.unknown("subnet group", name, known.collect()));
                    }
                    place.blame(inventory, "ReplicationSubnetGroups");
                }
                (None, None) => {}
            },
        }
        Ok(place)
    }

    fn unknown(&self, what: &'static str, name: &str, known: Vec<String>) -> AwsError {
        let region = self.aws.region.clone();
        AwsError::Unknown { what, name: name.to_owned(), region, known }
    }
}

/// Where a migration sits, and what it is encrypted with.
#[derive(Debug, Default)]
struct Place {
    vpcs: BTreeSet<String>,
    keys: BTreeSet<String>,
    /// Why no VPC is known.
    gap: Option<Gap>,
}

impl Place {
    /// Where no VPC is known, it is because of this list.
    fn blame(&mut self, inventory: &Inventory, list: &'static str) {
        self.vpcs.remove("");
        if !self.vpcs.is_empty() {
            return;
        }
        let action = Inventory::LISTS.iter().find(|(key, _)| *key == list);
        let unlock =
            action.map_or(Unlock::Nothing, |(_, action)| Unlock::IamAction((*action).to_owned()));
        let gap = gap_of(inventory, list);
        self.gap = Some(Gap::new(
            "the VPC of the replication",
            match &gap {
                Some(gap) => format!("not known: {gap}"),
                None => format!("not among the {list}"),
            },
            gap.map_or(unlock, |gap| gap.unlock),
        ));
    }
}

fn vpc_of_group(index: &Index<'_>, name: &str) -> Option<String> {
    let groups = &index.inventory.replication_subnet_groups.items;
    let group = groups
        .iter()
        .find(|group| group.replication_subnet_group_identifier.eq_ignore_ascii_case(name));
    group?.vpc_id.clone()
}

/// The KMS keys of the replication and of both endpoints.
fn keys(migration: &Migration<'_>) -> BTreeSet<String> {
    let replication = match migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => instance.kms_key_id.clone(),
        Kind::Config(config) => {
            config.compute_config.as_ref().and_then(|compute| compute.kms_key_id.clone())
        }
        Kind::Task(_, None) | Kind::Planned => None,
    };
    let endpoints = [&migration.source, &migration.target].map(Side::endpoint);
    let endpoints = endpoints.into_iter().flatten().filter_map(|one| one.kms_key_id.clone());
    replication.into_iter().chain(endpoints).filter(|key| !key.is_empty()).collect()
}

/// The gap of a list by its key.
fn gap_of(inventory: &Inventory, key: &str) -> Option<Gap> {
    match inventory.extent(key) {
        Some(Extent::Partial(gap)) => Some(gap.clone()),
        _ => None,
    }
}

fn first_gap(inventory: &Inventory) -> Option<Gap> {
    let is_answer = |gap: &Gap| gap.reason != "not delivered";
    Inventory::LISTS.iter().filter_map(|(key, _)| gap_of(inventory, key)).find(is_answer)
}

/// The gap in the list that would hold what was named, where a name wasn't found.
fn not_seen(facts: &Facts) -> Option<Gap> {
    let asked = &facts.asked;
    let inventory = &facts.inventory;
    let endpoints = asked.source_endpoint.is_some() || asked.target_endpoint.is_some();
    let first = if asked.task.is_some() {
        inventory.replication_tasks.gap()
    } else if asked.replication_config.is_some() {
        inventory.replication_configs.gap()
    } else if asked.replication_instance.is_some() {
        inventory.replication_instances.gap()
    } else if asked.is_planned() {
        None
    } else {
        let tasks = inventory.replication_tasks.gap();
        tasks.or(inventory.replication_configs.gap()).or(inventory.replication_instances.gap())
    };
    first.or(inventory.endpoints.gap().filter(|_| endpoints)).cloned()
}

/// Asks page by page until there is no more, and keeps what came where one page fails.
pub(super) async fn pages<F>(
    key: &str,
    token: &str,
    read: fn(&[u8]) -> Result<Value, Failure>,
    ask: impl Fn(Option<String>) -> F,
) -> Listed
where
    F: Future<Output = Result<Vec<u8>, Failure>>,
{
    let mut listed = Listed::default();
    let mut next = None;
    loop {
        let page = match ask(next.clone()).await.and_then(|body| read(&body)) {
            Ok(page) => page,
            // DMS says so where a list is empty.
            Err(Failure::NotFound) => return listed,
            Err(failure) => {
                listed.failure = Some(failure);
                return listed;
            }
        };
        match page.get(key) {
            Some(Value::Array(items)) => listed.items.extend(items.iter().cloned()),
            _ => {
                let failure = Failure::Unreadable(format!("there is no list {key} in it"));
                listed.failure = Some(failure);
                return listed;
            }
        }
        let token = page.get(token).and_then(Value::as_str).filter(|token| !token.is_empty());
        let Some(token) = token else { return listed };
        if next.as_deref() == Some(token) {
            let failure = Failure::Unreadable("a page leads to itself".into());
            listed.failure = Some(failure);
            return listed;
        }
        next = Some(token.to_owned());
    }
}

/// Reads an answer of DMS, KMS or Secrets Manager.
pub(super) fn json(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Reads an answer of EC2 or IAM.
pub(super) fn xml(body: &[u8]) -> Result<Value, Failure> {
    xml::json(body).map_err(|error| Failure::Unreadable(error.to_string()))
}

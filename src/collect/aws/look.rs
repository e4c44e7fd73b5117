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

use futures_util::future::try_join_all;
use jiff::Timestamp;
use tidb_dms_checks::facts::{Asked, Facts, Gap, Inventory};

use super::{
    Aws, AwsError, account,
    deliver::Delivered,
    dms, ec2,
    job::{Job, Look},
    place::{Place, first_gap},
};
use crate::collect::watch::{Event, Watch};

/// A look that is under way, and what it brought so far.
struct Course<'a> {
    look: Look<'a>,
    delivered: Mutex<Delivered>,
    /// Hears of the lists of DMS when they are there.
    early: &'a (dyn Fn(Facts) + Sync),
    /// How many parts of them are still to come.
    awaited: AtomicUsize,
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
        let course = Course {
            look: Look { aws: self, asked, needs, watch },
            delivered: Mutex::default(),
            early,
            awaited: AtomicUsize::new(2),
        };
        course.all().await?;
        let delivered = course.delivered.into_inner().unwrap_or_else(PoisonError::into_inner);
        facts.inventory = delivered.into_inventory();
        facts.run = self.effort.run();
        Ok(facts)
    }
}

impl<'a> Course<'a> {
    async fn all(&'a self) -> Result<(), AwsError> {
        // Nothing follows from these, so nothing waits for them.
        let roles = self.run(account::roles(&self.look));
        let aside = async {
            self.run(dms::of_region(&self.look)).await?;
            self.one_part_less();
            Ok(())
        };
        let main = async {
            self.run(dms::of_selection(&self.look)).await?;
            let place = self.place()?;
            self.one_part_less();
            let keys = self.run(account::keys(&self.look, &place.keys));
            let network = self.network(&place);
            tokio::try_join!(keys, network).map(drop)
        };
        tokio::try_join!(roles, aside, main).map(drop)
    }

    /// Tells of the lists of DMS when all of them are there.
    fn one_part_less(&self) {
        if self.awaited.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut facts = Facts::new(Timestamp::now());
            facts.asked = self.look.asked.clone();
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
        let rest = self.run(ec2::of_vpcs(&self.look, &place.vpcs));
        let references = async {
            self.run(ec2::leading(&self.look, &place.vpcs)).await?;
            let peers = ec2::peers(self.delivered().inventory(), &place.vpcs);
            let lists = ec2::prefix_lists(self.delivered().inventory());
            let options = ec2::dhcp_options(self.delivered().inventory());
            let referred = self.run(ec2::of_references(&self.look, &lists, &options));
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
        self.run(ec2::of_peers(&self.look, peers)).await?;
        let mut lists = ec2::prefix_lists(self.delivered().inventory());
        lists.retain(|list| !known.contains(list));
        self.run(ec2::of_references(&self.look, &lists, &BTreeSet::new())).await
    }

    /// Runs jobs side by side, those that the selected checks need. An error ends all of them.
    async fn run(&self, jobs: impl IntoIterator<Item = Job<'a>>) -> Result<(), AwsError> {
        let jobs: Vec<Job<'a>> =
            jobs.into_iter().filter(|job| self.look.needs(job.action)).collect();
        if jobs.is_empty() {
            return Ok(());
        }
        self.look.watch.tell(Event::Expected("AWS", jobs.len()));
        let each = jobs.into_iter().map(|job| async move {
            let listed = job.listing.await;
            self.look.watch.tell(Event::Answered("AWS"));
            if let Some(error) =
                listed.failure.as_ref().and_then(|failure| failure.fatal(&self.look.aws.region))
            {
                return Err(error);
            }
            self.delivered().add(job.key, job.action, listed);
            Ok(())
        });
        try_join_all(each).await.map(drop)
    }

    fn delivered(&self) -> MutexGuard<'_, Delivered> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lists of a VPC that isn't known could not be asked for.
    fn miss_network(&self, gap: &Gap) {
        let mut delivered = self.delivered();
        for (key, action) in Inventory::LISTS {
            if action.starts_with("ec2:") && self.look.needs(action) {
                delivered.miss(key, gap);
            }
        }
    }

    /// Where the migration sits, once the lists of DMS are there.
    fn place(&self) -> Result<Place, AwsError> {
        let mut facts = Facts::new(Timestamp::UNIX_EPOCH);
        facts.asked = self.look.asked.clone();
        facts.inventory = self.delivered().inventory().clone();
        if !self.look.aws.effort.has_answer()
            && let Some(gap) = first_gap(&facts.inventory)
        {
            let (region, said) = (self.look.aws.region.clone(), gap.reason);
            return Err(AwsError::Unreachable { region, said });
        }
        Place::of(&facts, &self.look.aws.region)
    }
}

//! Where a migration sits, as the lists of DMS tell it: what of the network is to be looked at.

use std::collections::BTreeSet;

use tidb_dms_checks::{
    facts::{Facts, Gap, Index, Inventory, Unlock, inventory::Extent},
    migration::{Kind, Migration, Side, select},
};

use super::AwsError;

/// Where a migration sits, and what it is encrypted with.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) vpcs: BTreeSet<String>,
    pub(super) keys: BTreeSet<String>,
    /// Why no VPC is known.
    pub(super) gap: Option<Gap>,
}

impl Place {
    /// The place of the migration that these facts hold; an error names the region that they are of.
    pub(super) fn of(facts: &Facts, region: &str) -> Result<Self, AwsError> {
        let index = Index::new(&facts.inventory);
        let migration = select(facts, &index).map_err(|error| match not_seen(facts) {
            Some(gap) => AwsError::NotSeen(gap),
            None => AwsError::of_selection(error, region),
        })?;
        let mut place = Self { keys: keys(&migration), ..Self::default() };
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
                place.vpcs.extend(vpc_of_group(inventory, name));
                place.blame(inventory, "ReplicationSubnetGroups");
            }
            Kind::Planned => match (&facts.asked.subnets, &facts.asked.subnet_group) {
                (Some(ids), _) => place.plan_in_subnets(ids, inventory, region)?,
                (None, Some(name)) => place.plan_in_group(name, inventory, region)?,
                (None, None) => {}
            },
        }
        Ok(place)
    }

    fn plan_in_subnets(
        &mut self,
        ids: &[String],
        inventory: &Inventory,
        region: &str,
    ) -> Result<(), AwsError> {
        let subnets = &inventory.subnets;
        let is_there = |id: &&String| subnets.items.iter().any(|subnet| subnet.subnet_id == **id);
        if subnets.extent == Extent::Whole
            && let Some(id) = ids.iter().find(|id| !is_there(id))
        {
            return Err(unknown("subnet", id, region, Vec::new()));
        }
        self.vpcs.extend(subnets.items.iter().map(|subnet| subnet.vpc_id.clone()));
        self.blame(inventory, "Subnets");
        Ok(())
    }

    fn plan_in_group(
        &mut self,
        name: &str,
        inventory: &Inventory,
        region: &str,
    ) -> Result<(), AwsError> {
        let groups = &inventory.replication_subnet_groups;
        self.vpcs.extend(vpc_of_group(inventory, name));
        if groups.extent == Extent::Whole && self.vpcs.is_empty() {
            let known = groups.items.iter();
            let known = known.map(|group| group.replication_subnet_group_identifier.clone());
            return Err(unknown("subnet group", name, region, known.collect()));
        }
        self.blame(inventory, "ReplicationSubnetGroups");
        Ok(())
    }

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

fn unknown(what: &'static str, name: &str, region: &str, known: Vec<String>) -> AwsError {
    AwsError::Unknown { what, name: name.to_owned(), region: region.to_owned(), known }
}

fn vpc_of_group(inventory: &Inventory, name: &str) -> Option<String> {
    let groups = &inventory.replication_subnet_groups.items;
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

/// The first list that AWS was asked for and didn't deliver.
pub(super) fn first_gap(inventory: &Inventory) -> Option<Gap> {
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

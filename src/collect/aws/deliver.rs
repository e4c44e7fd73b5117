//! What AWS answered, put into the inventory.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tidb_dms_checks::facts::{Gap, Inventory, defaults, inventory::Extent};

use super::call::Failure;
use crate::collect::hashes::without_value;

/// The answer to a listing: what came, and why not all of it came.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The resources, as AWS's JSON.
    pub(super) items: Vec<Value>,
    /// Why there may be more.
    pub(super) failure: Option<Failure>,
}

impl Listed {
    /// All that there is.
    pub(super) fn whole(items: Vec<Value>) -> Self {
        Self { items, failure: None }
    }
}

/// An inventory that grows, list by list. A list may come in several answers: one that lacks makes all
/// of it partial.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    inventory: Inventory,
    gaps: BTreeMap<&'static str, Option<Gap>>,
}

impl Delivered {
    /// What has come so far.
    pub(super) fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Adds an answer to the list of this key.
    pub(super) fn add(&mut self, key: &'static str, action: &str, listed: Listed) {
        let mut failure = listed.failure;
        match read(key, listed.items.clone()) {
            Ok(inventory) => self.inventory.merge(inventory),
            // One resource that can't be read doesn't take the others with it.
            Err(error) => {
                failure = failure.or(Some(Failure::Unreadable(error)));
                for item in listed.items {
                    if let Ok(inventory) = read(key, vec![item]) {
                        self.inventory.merge(inventory);
                    }
                }
            }
        }
        let gap = self.gaps.entry(key).or_default();
        if gap.is_none() {
            *gap = failure.map(|failure| failure.gap(key, action));
        }
        let extent = gap.clone().map_or(Extent::Whole, Extent::Partial);
        if let Some(known) = self.inventory.extent_mut(key) {
            *known = extent;
        }
    }

    /// Puts on record why a list could not even be asked for.
    pub(super) fn miss(&mut self, key: &'static str, gap: &Gap) {
        if self.gaps.contains_key(key) {
            return;
        }
        self.gaps.insert(key, Some(gap.clone()));
        if let Some(known) = self.inventory.extent_mut(key) {
            *known = Extent::Partial(gap.clone());
        }
    }

    /// The inventory, with AWS's defaults where AWS left a field out.
    pub(super) fn into_inventory(mut self) -> Inventory {
        fill_defaults(&mut self.inventory);
        self.inventory
    }
}

fn read(key: &str, items: Vec<Value>) -> Result<Inventory, String> {
    let list = Map::from_iter([(key.to_owned(), Value::Array(items))]);
    serde_json::from_value(Value::Object(list)).map_err(|error| without_value(&error.to_string()))
}

/// What an older AWS CLI may not print, AWS itself always answers. Where it doesn't, the field has its
/// default, and nothing is assumed.
fn fill_defaults(inventory: &mut Inventory) {
    let fill = |field: &mut Option<String>, default: &defaults::Default| {
        field.get_or_insert_with(|| default.value.to_owned());
    };
    for subnet in &mut inventory.subnets.items {
        let states = subnet.block_public_access_states.get_or_insert_default();
        fill(&mut states.internet_gateway_block_mode, &defaults::BLOCK_PUBLIC_ACCESS);
    }
    for nat in &mut inventory.nat_gateways.items {
        fill(&mut nat.connectivity_type, &defaults::NAT_CONNECTIVITY);
        for address in nat.nat_gateway_addresses.iter_mut().flatten() {
            fill(&mut address.status, &defaults::NAT_ADDRESS_STATUS);
        }
    }
    let instances = inventory.reservations.items.iter_mut().flat_map(|one| &mut one.instances);
    let of_instances = instances.flat_map(|one| one.network_interfaces.iter_mut().flatten());
    for interface in of_instances.chain(&mut inventory.network_interfaces.items) {
        fill(&mut interface.interface_type, &defaults::INTERFACE_TYPE);
    }
    for instance in &mut inventory.replication_instances.items {
        fill(&mut instance.network_type, &defaults::NETWORK_TYPE);
    }
}

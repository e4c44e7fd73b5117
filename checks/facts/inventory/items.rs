//! Reading a list of resources from JSON without holding its text.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use super::{Delivery, Extent, List, Resource};

/// Takes a list out of an object that is being read; see [`super::Inventory::deliver`].
pub(super) fn take_list<'de, T: Resource, A: MapAccess<'de>>(
    list: &mut List<T>,
    key: &'static str,
    map: &mut A,
) -> Result<Delivery, A::Error> {
    let is_first = list.is_undelivered();
    let items = &mut list.items;
    let delivery = map.next_value_seed(Items { items, key })?;
    if delivery == Delivery::List && (is_first || list.extent == Extent::Whole) {
        list.extent = Extent::AssumedWhole;
    }
    Ok(delivery)
}

/// Adds the items of a JSON list to those that are there.
struct Items<'a, T> {
    items: &'a mut Vec<T>,
    key: &'static str,
}

impl<'de, T: Resource> DeserializeSeed<'de> for Items<'_, T> {
    type Value = Delivery;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Delivery, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Resource> Visitor<'de> for Items<'_, T> {
    type Value = Delivery;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the list {}", self.key)
    }

    fn visit_unit<E: Error>(self) -> Result<Delivery, E> {
        Ok(Delivery::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Delivery, A::Error> {
        let mut place = 0_usize;
        let mut others = 0_usize;
        while let Some(item) = list.next_element::<T>()? {
            if item.id().is_empty() {
                return Err(Error::custom(format!("{}[{place}] has no id", self.key)));
            }
            if self.key != "KmsKeys" && is_of_another_service(item.id()) {
                others += 1;
            } else {
                self.items.push(item);
            }
            place += 1;
        }
        Ok(if others > 0 && others == place { Delivery::OtherService } else { Delivery::List })
    }
}

/// RDS has `Certificates` and `SageMaker` has `Endpoints`, and either could be among what a customer
/// sends. Taken for DMS's, such a list would make DMS's own look delivered. All lists whose ids are
/// ARNs are DMS's, but for the KMS keys.
fn is_of_another_service(id: &str) -> bool {
    id.strip_prefix("arn:")
        .and_then(|arn| arn.split(':').nth(1))
        .is_some_and(|service| !service.is_empty() && service != "dms")
}

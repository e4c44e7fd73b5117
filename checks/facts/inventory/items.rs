//! Reading a list of resources from JSON without holding its text.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
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
        let mut nameless = 0_usize;
        while let Some(Item(item)) = list.next_element::<Item<T>>()? {
            let Some(item) = item.filter(|item| !item.id().is_empty()) else {
                if nameless < place {
                    return Err(Error::custom(format!("{}[{place}] has no id", self.key)));
                }
                nameless += 1;
                place += 1;
                continue;
            };
            if nameless > 0 {
                return Err(Error::custom(format!("{}[0] has no id", self.key)));
            }
            if self.key != "KmsKeys" && is_of_another_service(item.id()) {
                others += 1;
            } else {
                self.items.push(item);
            }
            place += 1;
        }
        if nameless > 0 {
            return Ok(Delivery::Nameless);
        }
        Ok(if others > 0 && others == place { Delivery::OtherService } else { Delivery::List })
    }
}

/// What stands in a list: a resource, or a bare value, as another call's list has them.
struct Item<T>(Option<T>);

impl<'de, T: Resource> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Resource> Visitor<'de> for Either<T> {
            type Value = Item<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|item| Item(Some(item)))
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Item<T>, E> {
                Ok(Item(None))
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
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

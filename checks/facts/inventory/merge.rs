//! Merging what two files, two regions or two looks say of the same resources.
//!
//! A merge never loses what one side knows, and gives the same whichever side comes first: of what
//! contradicts, neither is believed, and the [`Conflict`] says so.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use serde_json::{Map, Value};

use super::{Conflict, Extent, List, Part, Resource};
use crate::facts::Unlock;

/// The contradictions found so far: the fields, by list and resource.
#[derive(Default)]
pub(super) struct Conflicts(BTreeMap<(String, String), BTreeSet<String>>);

impl Conflicts {
    fn add(&mut self, place: &Place, field: String) {
        let resource = (place.list.to_owned(), place.id.to_owned());
        self.0.entry(resource).or_default().insert(field);
    }

    pub(super) fn extend(&mut self, conflicts: Vec<Conflict>) {
        for conflict in conflicts {
            let resource = (conflict.list, conflict.id);
            self.0.entry(resource).or_default().extend(conflict.fields);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Conflict> {
        let conflict = |((list, id), fields): ((String, String), BTreeSet<String>)| Conflict {
            list,
            id,
            fields: fields.into_iter().collect(),
        };
        self.0.into_iter().map(conflict).collect()
    }
}

/// Where a contradiction is recorded.
#[derive(Clone, Copy)]
struct Place<'a> {
    list: &'a str,
    id: &'a str,
}

/// Merges a list into another: unknown resources are added, known ones merged field by field.
/// Linear in the length of both, also where one of them repeats a resource.
pub(super) fn merge_list<T: Resource + PartialEq>(
    into: &mut List<T>,
    from: List<T>,
    key: &str,
    conflicts: &mut Conflicts,
) {
    into.extent = merge_extents(into, &from);
    let mut places: HashMap<(String, String), usize> = into
        .items
        .iter()
        .enumerate()
        .map(|(place, item)| (identity(item), place))
        .collect();
    for item in from.items {
        match places.entry(identity(&item)) {
            Entry::Occupied(place) => {
                merge_resource(&mut into.items[*place.get()], item, key, conflicts);
            }
            Entry::Vacant(place) => {
                place.insert(into.items.len());
                into.items.push(item);
            }
        }
    }
}

fn identity<T: Resource>(item: &T) -> (String, String) {
    (item.id().to_owned(), item.second_id().to_owned())
}

/// The extent of two lists together. A list that wasn't delivered leaves the other as it is; else
/// the lesser of the two holds, because nobody knows whose part is missing.
fn merge_extents<T>(one: &List<T>, other: &List<T>) -> Extent {
    match (&one.extent, &other.extent) {
        (_, extent) if one.is_undelivered() && !other.is_undelivered() => extent.clone(),
        (extent, _) if other.is_undelivered() && !one.is_undelivered() => extent.clone(),
        (Extent::Partial(mine), Extent::Partial(theirs)) => {
            // "Not delivered" says less than any other reason.
            let rank = |gap: &crate::facts::Gap| {
                let is_default = gap.reason == super::NOT_DELIVERED;
                (is_default, matches!(gap.unlock, Unlock::Nothing))
            };
            Extent::Partial((rank(mine), mine).min((rank(theirs), theirs)).1.clone())
        }
        (partial @ Extent::Partial(_), _) | (_, partial @ Extent::Partial(_)) => partial.clone(),
        (Extent::Whole, Extent::Whole) => Extent::Whole,
        (Extent::AssumedWhole, _) | (_, Extent::AssumedWhole) => Extent::AssumedWhole,
    }
}

/// Merges two descriptions of one resource. A field that only one of them has is taken from it;
/// fields that differ are a conflict, since files don't say which of them is newer.
fn merge_resource<T: Resource + PartialEq>(
    into: &mut T,
    from: T,
    key: &str,
    conflicts: &mut Conflicts,
) {
    if *into == from {
        return;
    }
    let id = into.id().to_owned();
    let place = Place { list: key, id: &id };
    let merged = serde_json::to_value(&*into).and_then(|mut mine| {
        let theirs = serde_json::to_value(from)?;
        merge_values(&mut mine, theirs, T::PARTS, place, "", conflicts);
        serde_json::from_value(mine)
    });
    match merged {
        Ok(merged) => *into = merged,
        // Members of one type always merge into that type; were it otherwise, nothing must be
        // believed of the resource.
        Err(error) => conflicts.add(&place, error.to_string()),
    }
}

/// Merges JSON: objects member by member, parts by their ids; anything else must be equal.
fn merge_values(
    mine: &mut Value,
    theirs: Value,
    parts: &[Part],
    place: Place,
    path: &str,
    conflicts: &mut Conflicts,
) {
    match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => {
            for (name, value) in theirs {
                let inner = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                let part = parts.iter().find(|part| part.field == name);
                match (mine.get_mut(&name), part) {
                    (Some(known), Some(part)) => {
                        merge_parts(known, value, part, place, &inner, conflicts);
                    }
                    (Some(known), None) => {
                        merge_values(known, value, &[], place, &inner, conflicts);
                    }
                    (None, _) => {
                        mine.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(mine), Value::Array(theirs)) if is_same_bag(mine, &theirs) => {}
        (mine, theirs) if *mine == theirs => {}
        (mine, theirs) => {
            conflicts.add(&place, path.to_owned());
            // Neither is believed; the same one must stay whichever came first.
            if canonical(&theirs) < canonical(mine) {
                *mine = theirs;
            }
        }
    }
}

/// Merges two lists of parts by their ids. What contradicts inside a part is recorded under the
/// part's own id, since that is how it will be looked up.
fn merge_parts(
    mine: &mut Value,
    theirs: Value,
    part: &Part,
    place: Place,
    path: &str,
    conflicts: &mut Conflicts,
) {
    let (Value::Array(mine), Value::Array(theirs)) = (mine, theirs) else {
        return;
    };
    let count = mine.len();
    let is_shorter = theirs.len() < count;
    let mut is_new = false;
    for value in theirs {
        let id = id_of(&value, part).to_owned();
        if let Some(known) = mine.iter_mut().find(|known| id_of(known, part) == id) {
            let place = Place {
                list: part.list,
                id: &id,
            };
            merge_values(known, value, part.parts, place, "", conflicts);
        } else {
            is_new = true;
            mine.push(value);
        }
    }
    if !part.comes_in_pieces && (is_new || is_shorter) {
        conflicts.add(&place, path.to_owned());
    }
}

fn id_of<'a>(value: &'a Value, part: &Part) -> &'a str {
    value.get(part.id).and_then(Value::as_str).unwrap_or("")
}

/// Whether two lists hold the same items, in whatever order.
fn is_same_bag(mine: &[Value], theirs: &[Value]) -> bool {
    if mine == theirs {
        return true;
    }
    let count = |values: &[Value]| {
        values.iter().map(canonical).fold(
            HashMap::new(),
            |mut counts: HashMap<String, usize>, text| {
                *counts.entry(text).or_default() += 1;
                counts
            },
        )
    };
    mine.len() == theirs.len() && count(mine) == count(theirs)
}

/// JSON text in which lists are in order, so that what differs by order alone reads the same.
fn canonical(value: &Value) -> String {
    fn in_order(value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(in_order).collect();
                items.sort_by_cached_key(Value::to_string);
                Value::Array(items)
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), in_order(value)))
                    .collect::<Map<_, _>>(),
            ),
            plain => plain.clone(),
        }
    }
    in_order(value).to_string()
}

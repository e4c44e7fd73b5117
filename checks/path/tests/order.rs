//! What AWS lists in no order, or twice, tells the same in any order, and once.

use serde_json::Value;

use super::{
    Verdict,
    monotony::{Asked, packets, worlds},
    world::trace_in,
};
use crate::{facts::Inventory, path::Path};

fn all() -> impl Iterator<Item = Asked> {
    worlds().into_iter().chain(packets())
}

/// What must not change: the verdict, the egress, and what stops the packet.
fn told(path: &Path) -> (Verdict, String, Vec<String>) {
    let mut stops: Vec<String> =
        path.stops.iter().map(|stop| format!("{} {:?}", stop.code.as_str(), stop.leg)).collect();
    stops.sort();
    (path.verdict(), format!("{:?} {:?}", path.egress.addresses, path.egress.is_known()), stops)
}

/// Turns and mixes every list, by a fixed rule: the same in every run.
fn mix(value: &mut Value, turn: usize) {
    match value {
        Value::Array(items) => {
            for item in items.iter_mut() {
                mix(item, turn);
            }
            if !items.is_empty() {
                let places = items.len();
                items.rotate_left(turn % places);
            }
            if turn % 2 == 1 {
                items.reverse();
            }
        }
        Value::Object(members) => members.values_mut().for_each(|inner| mix(inner, turn)),
        _ => {}
    }
}

#[test]
fn the_order_of_a_list_says_nothing() {
    for asked in all() {
        let before = told(&asked.before());
        for turn in 1..5 {
            let mut json = asked.json.clone();
            mix(&mut json, turn);
            let inventory: Inventory = serde_json::from_value(json).unwrap();
            let after = trace_in(&inventory, &asked.from, &asked.to, asked.port);
            assert_eq!(told(&after), before, "{} at turn {turn}", asked.name);
        }
    }
}

#[test]
fn what_is_delivered_twice_is_one() {
    for asked in all() {
        let before = told(&asked.before());
        let inventory: Inventory = serde_json::from_value(asked.json.clone()).unwrap();
        let mut twice = inventory.clone();
        twice.merge(inventory);
        let after = trace_in(&twice, &asked.from, &asked.to, asked.port);
        assert_eq!(told(&after), before, "{}", asked.name);
    }
}

/// A list may hold a resource twice, word for word, where files of two accounts were joined by hand.
#[test]
fn what_one_list_holds_twice_is_one() {
    for asked in all() {
        let before = told(&asked.before());
        let mut json = asked.json.clone();
        for list in json.as_object_mut().unwrap().values_mut() {
            if let Some(items) = list.as_array_mut() {
                let again = items.clone();
                items.extend(again);
            }
        }
        let inventory: Inventory = serde_json::from_value(json).unwrap();
        let after = trace_in(&inventory, &asked.from, &asked.to, asked.port);
        assert_eq!(told(&after), before, "{}", asked.name);
    }
}

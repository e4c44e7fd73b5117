//! DMS's own test of an endpoint, made because we asked.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Facts;

/// A test that DMS made when it was asked to (`TestConnection`). The record that AWS keeps
/// (`DescribeConnections`) has no date; of this one the time is known.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// When the result was there.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The replication instance that it was made from.
    pub replication_instance_arn: String,
    /// The endpoint that it was made of.
    pub endpoint_arn: String,
    /// Whether it was successful.
    pub successful: bool,
}

/// How long a test speaks of the present.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

impl Facts {
    /// The last test of an endpoint from an instance, unless the facts are much younger.
    pub fn fresh_test(&self, instance: &str, endpoint: &str) -> Option<&Tested> {
        self.tests
            .iter()
            .filter(|test| {
                test.replication_instance_arn == instance && test.endpoint_arn == endpoint
            })
            .max_by_key(|test| test.at)
            .filter(|test| self.taken_at.duration_since(test.at) <= FRESH)
    }
}

/// Of several tests of one endpoint from one instance the latest is kept.
pub(super) fn merge(into: &mut Vec<Tested>, from: Vec<Tested>) {
    for test in from {
        let known = into.iter_mut().find(|known| {
            known.replication_instance_arn == test.replication_instance_arn
                && known.endpoint_arn == test.endpoint_arn
        });
        match known {
            Some(known) if known.at < test.at => *known = test,
            Some(_) => {}
            None => into.push(test),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(at: &str, successful: bool) -> Tested {
        Tested {
            at: at.parse().unwrap(),
            replication_instance_arn: "i".into(),
            endpoint_arn: "e".into(),
            successful,
        }
    }

    #[test]
    fn the_latest_counts_while_it_is_fresh() {
        let (early, late) =
            (test("2026-11-24T10:00:00Z", true), test("2026-11-24T10:05:00Z", false));
        for (first, second) in [(&early, &late), (&late, &early)] {
            let mut kept = vec![first.clone()];
            merge(&mut kept, vec![second.clone()]);
            assert_eq!(kept, std::slice::from_ref(&late));
        }
        let mut facts = Facts::new("2026-11-24T10:04:00Z".parse().unwrap());
        facts.tests = vec![late.clone()];
        assert_eq!(facts.fresh_test("i", "e"), Some(&late));
        assert_eq!(facts.fresh_test("other", "e"), None);
        facts.taken_at = "2026-11-24T11:05:01Z".parse().unwrap();
        assert_eq!(facts.fresh_test("i", "e"), None);
    }
}

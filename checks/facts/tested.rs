//! DMS's own test of an endpoint, made because we asked.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, inventory::dms::Endpoint};

/// A test that DMS made when it was asked to (`TestConnection`). The record that AWS keeps
/// (`DescribeConnections`) has no date; of this one the time is known.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
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
    /// The endpoint as it was described then. One that was changed since is another endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Box<Endpoint>>,
}

impl Tested {
    /// Whether it was made of this endpoint as it is described now.
    fn is_of(&self, endpoint: &Endpoint) -> bool {
        let settings = |endpoint: &Endpoint| Endpoint { status: None, ..endpoint.clone() };
        self.endpoint.as_deref().map(settings) == Some(settings(endpoint))
    }
}

/// How long a test speaks of the present.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

impl Facts {
    /// The last test of an endpoint from an instance, unless the facts are much younger or the endpoint was
    /// changed since.
    pub fn fresh_test(&self, instance: &str, endpoint: &Endpoint) -> Option<&Tested> {
        let arn = &endpoint.endpoint_arn;
        self.tests
            .iter()
            .filter(|test| test.replication_instance_arn == instance && test.endpoint_arn == *arn)
            .max_by_key(|test| test.at)
            .filter(|test| self.taken_at.duration_since(test.at) <= FRESH && test.is_of(endpoint))
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

    fn endpoint(arn: &str, mode: &str, status: &str) -> Endpoint {
        Endpoint {
            endpoint_arn: arn.into(),
            ssl_mode: Some(mode.into()),
            status: Some(status.into()),
            ..Endpoint::default()
        }
    }

    fn test(at: &str, successful: bool) -> Tested {
        Tested {
            at: at.parse().unwrap(),
            replication_instance_arn: "i".into(),
            endpoint_arn: "e".into(),
            successful,
            endpoint: Some(Box::new(endpoint("e", "require", "testing"))),
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
        let now = endpoint("e", "require", "active");
        assert_eq!(facts.fresh_test("i", &now), Some(&late));
        assert_eq!(facts.fresh_test("other", &now), None);
        assert_eq!(facts.fresh_test("i", &endpoint("other", "require", "active")), None);
        facts.taken_at = "2026-11-24T11:05:01Z".parse().unwrap();
        assert_eq!(facts.fresh_test("i", &now), None);
    }

    #[test]
    fn an_endpoint_that_was_changed_since_was_not_tested() {
        let mut facts = Facts::new("2026-11-24T10:04:00Z".parse().unwrap());
        facts.tests = vec![test("2026-11-24T10:00:00Z", true)];
        assert!(facts.fresh_test("i", &endpoint("e", "require", "active")).is_some());
        assert!(facts.fresh_test("i", &endpoint("e", "none", "active")).is_none());
        facts.tests[0].endpoint = None;
        assert!(facts.fresh_test("i", &endpoint("e", "require", "active")).is_none());
    }
}

//! What a run had to do to see what it saw.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The effort of a run, for a report's appendix. No verdict rests on it.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// How often each AWS action was called, pages counted one by one, by its IAM name; and each call
    /// of the TiDB Cloud API, `tidbcloud:ListClusters`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<String, u32>,
    /// How often a call had to be made again, because AWS throttled it or didn't answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub retries: BTreeMap<String, u32>,
    /// What was not finished when the run was interrupted or its time was up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<String>,
    /// What one should know of how the facts were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Run {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what one should know of how the facts were read.
    pub fn note(&mut self, notes: Vec<String>) {
        self.merge(Self { notes, ..Self::default() });
    }

    /// Adds the effort of another run.
    pub(super) fn merge(&mut self, other: Self) {
        for (into, from) in [(&mut self.calls, other.calls), (&mut self.retries, other.retries)] {
            for (action, times) in from {
                *into.entry(action).or_default() += times;
            }
        }
        for (into, from) in
            [(&mut self.unfinished, other.unfinished), (&mut self.notes, other.notes)]
        {
            for what in from {
                if !into.contains(&what) {
                    into.push(what);
                }
            }
        }
    }
}

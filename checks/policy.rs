//! What the user decides: which checks run, how grave they are, and when the program fails.

use std::collections::BTreeMap;

use crate::{check::Check, severity::Severity};

/// The user's choices.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Only these checks or categories; empty is all.
    pub only: Vec<String>,
    /// Not these checks or categories.
    pub skip: Vec<String>,
    /// The level from which a finding or an undecided row fails the run.
    pub fail_on: Severity,
    /// Levels by check id or category; the id wins.
    pub levels: BTreeMap<String, Severity>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            skip: Vec::new(),
            fail_on: Severity::Error,
            levels: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Whether a check is wanted.
    pub fn wants(&self, check: &Check) -> bool {
        let names =
            |list: &[String]| list.iter().any(|name| name == check.id || name == check.category());
        (self.only.is_empty() || names(&self.only)) && !names(&self.skip)
    }

    /// The level that the user gave a check, by its id or its category.
    pub fn level(&self, check: &Check) -> Option<Severity> {
        self.levels.get(check.id).or_else(|| self.levels.get(check.category())).copied()
    }
}

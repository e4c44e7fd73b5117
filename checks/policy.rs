//! What the user decides: which checks run, how grave they are, and when the program fails.

use std::{collections::BTreeMap, fmt};

use rustls_pki_types::SignatureVerificationAlgorithm;

use crate::{check::Check, severity::Severity};

/// The signature algorithms of the program's TLS provider, with which certificate chains are judged:
/// this crate has none of its own. Without any, no chain can be judged.
#[derive(Clone, Copy, Default)]
pub struct Signatures(pub &'static [&'static dyn SignatureVerificationAlgorithm]);

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signature algorithms", self.0.len())
    }
}

impl PartialEq for Signatures {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
    }
}

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
    /// What certificate chains are judged with.
    pub signatures: Signatures,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            skip: Vec::new(),
            fail_on: Severity::Error,
            levels: BTreeMap::new(),
            signatures: Signatures::default(),
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

//! What the user decides: which checks run, how grave they are, what is waived, and when the program
//! fails.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{check::Check, severity::Severity, trust::Signatures};

/// The user's choices.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
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
    #[serde(skip)]
    pub signatures: Signatures,
    /// Rows that the user takes as they are, for a time.
    pub waivers: Vec<Waiver>,
}

/// A row that the user takes as it is: broken or undecided, it doesn't count, until a time.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Waiver {
    /// The check's id.
    pub check: String,
    /// What the check was judged for: the migration's name, a subnet's id.
    pub subject: String,
    /// Why it is taken.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The time from which it no longer waives anything, by the facts' own time.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Where it stands, such as `tidb-dms.toml:12:1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// A check whose id is like it, where there is none of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            skip: Vec::new(),
            fail_on: Severity::Error,
            levels: BTreeMap::new(),
            signatures: Signatures::default(),
            waivers: Vec::new(),
        }
    }
}

impl Policy {
    /// Whether a check is wanted.
    pub fn wants(&self, check: &Check) -> bool {
        self.wants_id(check.id)
    }

    /// The same by the check's id.
    pub fn wants_id(&self, id: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == id || name == category(id));
        (self.only.is_empty() || names(&self.only)) && !names(&self.skip)
    }

    /// Whether any check of a category may be wanted.
    pub fn wants_category(&self, category: &str) -> bool {
        let of_it = |name: &String| self::category(name) == category;
        (self.only.is_empty() || self.only.iter().any(of_it))
            && !self.skip.iter().any(|name| name == category)
    }

    /// The level that the user gave a check, by its id or its category.
    pub fn level(&self, id: &str) -> Option<Severity> {
        self.levels.get(id).or_else(|| self.levels.get(category(id))).copied()
    }
}

/// The part of an id before the slash.
pub fn category(id: &str) -> &str {
    id.split_once('/').map_or(id, |(category, _)| category)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(only: &[&str], skip: &[&str]) -> Policy {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Policy { only: owned(only), skip: owned(skip), ..Policy::default() }
    }

    #[test]
    fn checks_are_wanted_by_id_and_by_category() {
        type Case = (&'static [&'static str], &'static [&'static str], bool, bool);
        let cases: &[Case] = &[
            (&[], &[], true, true),
            (&["network"], &[], true, true),
            (&["network/route"], &[], true, true),
            (&["network/other"], &[], false, true),
            (&["dms"], &[], false, false),
            (&[], &["network"], false, false),
            (&[], &["network/route"], false, true),
            (&["network"], &["network/route"], false, true),
        ];
        for (only, skip, id, of_category) in cases {
            let policy = policy(only, skip);
            assert_eq!(policy.wants_id("network/route"), *id, "{only:?} {skip:?}");
            assert_eq!(policy.wants_category("network"), *of_category, "{only:?} {skip:?}");
        }
    }

    #[test]
    fn of_two_levels_that_of_the_id_counts() {
        let levels = [("network", Severity::Advice), ("network/route", Severity::Warning)];
        let policy = Policy {
            levels: levels.map(|(name, level)| (name.to_owned(), level)).into(),
            ..Policy::default()
        };
        assert_eq!(policy.level("network/route"), Some(Severity::Warning));
        assert_eq!(policy.level("network/dns-class"), Some(Severity::Advice));
        assert_eq!(policy.level("dms/ssl-mode"), None);
    }
}

//! Why no migration could be taken.

use std::fmt;

/// Why no migration could be taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SelectError {
    /// A named thing isn't in the facts.
    Unknown {
        /// What was named: `task`, `replication instance`, …
        what: &'static str,
        /// The name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several candidates, and none was named.
    Several {
        /// What they are.
        what: &'static str,
        /// The flag that chooses.
        flag: &'static str,
        /// What there is.
        known: Vec<String>,
    },
    /// Things of one name, in several accounts or regions.
    SameName {
        /// What was named.
        what: &'static str,
        /// The name.
        name: String,
        /// Their ARNs.
        known: Vec<String>,
    },
    /// A task was named, and another instance than the one that it runs on.
    RunsElsewhere {
        /// The task.
        task: String,
        /// The instance that was named.
        named: String,
        /// The instance that it runs on.
        instance: String,
    },
    /// Two flags each name a whole migration.
    Both {
        /// One of them.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// No candidate at all.
    Nothing,
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { what, name, known } if known.is_empty() => {
                write!(f, "no {what} `{name}` in these facts, and no other either")
            }
            Self::Unknown { what, name, known } => {
                write!(f, "no {what} `{name}` in these facts; there is: {}", known.join(", "))
            }
            Self::Several { what, flag, known } => write!(
                f,
                "{} {what} are in these facts; choose one with {flag}: {}",
                known.len(),
                known.join(", ")
            ),
            Self::SameName { what, name, known } => write!(
                f,
                "{} {what}s are called `{name}` in these facts; name one by its ARN: {}",
                known.len(),
                known.join(", ")
            ),
            Self::RunsElsewhere { task, named, instance } => {
                write!(f, "the task `{task}` runs on `{instance}`, not on `{named}`")
            }
            Self::Both { one, other } => {
                write!(f, "{one} and {other} each name a migration; give one of them")
            }
            Self::Nothing => write!(
                f,
                "no migration in these facts: they hold no replication task, configuration or \
                 instance; plan one with --subnets"
            ),
        }
    }
}

impl std::error::Error for SelectError {}

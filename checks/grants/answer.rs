//! What comes out, as the `grants` command prints it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Gap;

/// Whether an account may do what its endpoint needs, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The version of this shape, 1.
    pub version: u32,
    /// The verdict over everything that was asked.
    pub verdict: Verdict,
    /// What is surely missing, and where.
    pub missing: Vec<Missing>,
    /// Roles that are granted and known not to be active.
    pub inactive_roles: Vec<String>,
    /// Why something can't be told.
    pub gaps: Vec<Gap>,
    /// The least statements that mend it, in the order in which an administrator runs them.
    pub grant: Vec<String>,
    /// What to say beside the statements: who runs them, what they take away.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// The three ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that is needed is held.
    Enough,
    /// Something that is needed is surely not held.
    Lacking,
    /// It can't be told; the gaps say why.
    Unknown,
}

impl Verdict {
    /// The verdict over two needs: what surely lacks lacks, whatever else can't be told.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Lacking, _) | (_, Self::Lacking) => Self::Lacking,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Enough, Self::Enough) => Self::Enough,
        }
    }
}

/// A privilege that is needed and not held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// Its name on this server.
    pub privilege: String,
    /// A schema, a table as `schema.table`, or `*.*`.
    pub on: String,
}

/// What a single privilege on a single object comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// It is held.
    Held,
    /// It isn't.
    Lacking,
    /// It can't be told, for these reasons.
    Unknown(Vec<Gap>),
}

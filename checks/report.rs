//! The report as a document: rows, counts, root causes, and the exit code.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    change::Remedy,
    facts::{Assumption, Gap, PathKind, Role, Run, Tier, Unlock},
    judgement::{Evidence, Finding, Outcome},
    path::Trace,
    severity::Severity,
};

/// The version of the report's form.
pub const VERSION: u32 = 1;

/// What was found of one migration.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// The answer.
    pub verdict: Verdict,
    /// What the program exits with: 0, 1 or 3.
    pub exit_code: u8,
    /// The time that the facts are of.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// What was judged.
    pub migration: MigrationSummary,
    /// What the resources are called that stand here by their ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// How many rows there are of each outcome.
    pub counts: BTreeMap<String, usize>,
    /// How many checks of the catalogue were left out by `--only` and `--skip`.
    pub left_out: usize,
    /// What is broken, each cause once, with its cure.
    pub root_causes: Vec<RootCause>,
    /// The smallest set of things to supply that decides the undecided, those that decide most first.
    pub to_decide: Vec<ToDecide>,
    /// What may have to be supplied after that, where something that wasn't seen hides more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then_perhaps: Vec<Unlock>,
    /// What the world would be after all cures, where it could be rehearsed.
    pub rehearsal: Option<Rehearsal>,
    /// Every check for every subject.
    pub rows: Vec<Row>,
    /// What was taken as given.
    pub assumptions: Vec<Assumption>,
    /// The traced path of each seat.
    pub paths: Vec<SeatPath>,
    /// What becomes of the compliance controls that the selected checks prove.
    #[serde(default)]
    pub compliance: Vec<ControlStanding>,
    /// What the checks of the user's own say of themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_checks: Vec<OwnCheck>,
    /// What one should know of how the facts were read.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What it took to see all this, and what wasn't finished: an appendix.
    #[serde(default, skip_serializing_if = "Run::is_empty")]
    pub run: Run,
}

/// The answer to the question.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing at the threshold is broken or undecided.
    Pass,
    /// Something at the threshold is broken.
    Fail,
    /// Nothing is known to be broken, but something couldn't be decided.
    Unknown,
}

/// What was judged, in short.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct MigrationSummary {
    /// `task`, `replication-instance`, `replication-config` or `planned`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its region, where it is known.
    pub region: Option<String>,
    /// `full-load`, `cdc`, `full-load-and-cdc`, where it is known.
    pub migration_type: Option<String>,
    /// The source, in words.
    pub source: String,
    /// The target, in words.
    pub target: String,
    /// Which side is TiDB, where it is known.
    pub tidb_as: Option<Role>,
    /// The cluster's host.
    pub tidb_host: Option<String>,
    /// The cluster's port.
    pub tidb_port: Option<u16>,
    /// The cluster's tier, where it is known.
    pub tidb_tier: Option<Tier>,
    /// How the replication reaches the cluster, where it is known.
    pub path: Option<PathKind>,
}

/// One check for one subject.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Row {
    /// The check's id.
    pub check: String,
    /// What it was judged for.
    pub subject: Subject,
    /// What became of it.
    pub outcome: Outcome,
    /// The level of the worst finding; of an undecided row, the level that it would have.
    pub level: Severity,
    /// What is broken.
    pub findings: Vec<Finding>,
    /// What was not seen.
    pub gaps: Vec<Gap>,
    /// What the verdict rests on.
    pub evidence: Vec<Evidence>,
    /// The open checks that explain why it couldn't be decided.
    pub by: Vec<String>,
    /// Why it doesn't apply, or was waived.
    pub reason: Option<String>,
    /// The waiver that it stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waived>,
}

/// What a waived row would be, and who stands for it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Waived {
    /// What would have become of it.
    pub was: Outcome,
    /// Who answers for the waiver.
    pub owner: String,
    /// Why it is waived.
    pub reason: String,
    /// The time from which it no longer is.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// What a check was judged for.
#[derive(
    Clone, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
pub struct Subject {
    /// `migration` or `subnet`.
    pub kind: String,
    /// The migration's name, the subnet's id.
    pub id: String,
}

/// Something broken, once for all the subjects that it breaks.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RootCause {
    /// The check's id.
    pub check: String,
    /// What it breaks it for.
    pub subjects: Vec<Subject>,
    /// What is broken.
    pub message: String,
    /// How to mend it.
    pub remedy: Remedy,
    /// Checks that couldn't be decided because of it.
    pub explains: Vec<String>,
}

impl RootCause {
    /// Whether a check's finding is of this cause: it says the same, or this cure mends it too.
    pub fn covers(&self, check: &str, finding: &Finding) -> bool {
        let changes = &finding.remedy.changes;
        (self.check == check && self.message == finding.message)
            || (!changes.is_empty()
                && changes.iter().all(|change| self.remedy.changes.contains(change)))
    }
}

/// A thing that would decide checks.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ToDecide {
    /// The thing.
    pub unlock: Unlock,
    /// The gravest level among the checks that it would decide.
    pub level: Severity,
    /// How to supply it: lines of an IAM policy, flags, commands; each fits where it says.
    pub how: Vec<How>,
    /// What was not seen.
    pub gaps: Vec<Gap>,
    /// The checks that it would decide, alone or with the others.
    pub checks: Vec<String>,
}

/// One way to supply a thing.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A command to run.
    Command(String),
    /// An argument to add.
    Argument(String),
    /// A statement of an IAM policy to allow.
    Policy(String),
    /// In words.
    Words(String),
}

/// What the same checks say after all cures.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Causes that have a cure which could be rehearsed, by their place in `root_causes`, from 1.
    pub cured: Vec<usize>,
    /// Checks that would still fail, or fail newly.
    pub still_failing: Vec<String>,
    /// Checks of the way, at error level, that couldn't be told then: a new address is known once it
    /// is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

/// The path of one seat.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct SeatPath {
    /// The subnet.
    pub seat: String,
    /// Why the replication may sit there.
    pub role: String,
    /// Where the packet goes.
    pub trace: Trace,
}

/// What becomes of a control, worst first.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is broken, and the chosen topology can't meet it: another one can.
    CannotBeMet,
    /// It is broken, and can be met as things are.
    Broken,
    /// It can't be told.
    Undecided,
    /// It is met.
    Met,
    /// It is about things that this migration doesn't have.
    NotApplicable,
}

/// A control for one migration.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ControlStanding {
    /// The control's id.
    pub control: String,
    /// Its title.
    pub title: String,
    /// What becomes of it.
    pub standing: Standing,
    /// Why, with the reader's own names.
    pub because: Vec<String>,
    /// How to meet it.
    pub alternative: Option<String>,
    /// The checks that prove it.
    pub checks: Vec<String>,
    /// What AWS maps it to, such as `NIST.800-53.r5 SC-8`.
    pub standards: Vec<String>,
}

/// What a check of a user's own says of itself.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct OwnCheck {
    /// The check's id.
    pub id: String,
    /// A sentence that is true of a healthy migration.
    pub requirement: String,
    /// How bad a finding is, unless it or the user says otherwise.
    pub severity: Severity,
    /// What goes wrong without it.
    pub why: String,
    /// How to satisfy it.
    pub fix: String,
}

impl Report {
    /// How many rows have an outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.counts.get(outcome.as_str()).copied().unwrap_or(0)
    }
}

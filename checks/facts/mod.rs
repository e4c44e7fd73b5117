//! What was seen: the document between looking and judging.
//!
//! Facts are plain data that read and write as JSON. They can be saved, mailed to support, merged
//! from two places, judged again and compared. Nothing in here judges.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod asked;
pub mod cluster;
pub mod defaults;
mod fact;
mod index;
pub mod inventory;
mod look;
pub mod probe;
mod run;
mod secret;
mod tested;

pub use asked::{Asked, PathKind, Role, Tier};
pub use cluster::Cluster;
pub(crate) use fact::cli_call;
pub use fact::{Assumption, Fact, Gap, Unlock};
pub use index::{Index, Lookup};
pub use inventory::Inventory;
pub use look::Look;
pub use probe::{Message, Probe};
pub use run::Run;
pub use secret::Secret;
pub use tested::Tested;

/// The version of the facts document that this program writes. It reads every earlier one.
pub const VERSION: u32 = 1;

/// Everything that was seen of one or many migrations.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The version of this document's form.
    pub version: u32,
    /// When it was seen. Checks take it as the present.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// Which migration was selected or planned, and what flags said.
    #[serde(default)]
    pub asked: Asked,
    /// What AWS said.
    #[serde(default)]
    pub inventory: Inventory,
    /// What is known of TiDB Cloud clusters, by host.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// What DNS, TCP, TLS and MySQL showed, by host, port and vantage.
    #[serde(default)]
    pub probes: Vec<Probe>,
    /// What DMS said of itself.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// The tests that DMS made because it was asked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Tested>,
    /// What secrets hold, but for passwords.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// What it took to see all this: for a report's appendix, never for a verdict.
    #[serde(default, skip_serializing_if = "Run::is_empty")]
    pub run: Run,
}

/// Whether two ways to write a host name mean one host.
pub(crate) fn is_same_host(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

impl Facts {
    /// Facts of which nothing has been seen yet.
    pub fn new(taken_at: Timestamp) -> Self {
        Self {
            version: VERSION,
            taken_at,
            asked: Asked::default(),
            inventory: Inventory::default(),
            clusters: Vec::new(),
            probes: Vec::new(),
            messages: Vec::new(),
            tests: Vec::new(),
            secrets: Vec::new(),
            run: Run::default(),
        }
    }

    /// What was seen of the cluster with this host name, however that is written.
    pub fn cluster(&self, host: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| is_same_host(&cluster.host, host))
    }

    /// The known values that a merge would drop, because a later look saw something else.
    pub fn replaced_by(&self, other: &Self) -> Vec<String> {
        probe::replaced(&self.probes, &other.probes)
    }

    /// Merges other facts into these. The later time is the present; what was asked later wins.
    /// Of what probes saw nothing that is known gets lost.
    pub fn merge(&mut self, other: Self) {
        self.taken_at = self.taken_at.max(other.taken_at);
        self.asked.merge(other.asked);
        self.inventory.merge(other.inventory);
        for cluster in other.clusters {
            match self.clusters.iter_mut().find(|known| is_same_host(&known.host, &cluster.host)) {
                Some(known) => known.merge(cluster),
                None => self.clusters.push(cluster),
            }
        }
        probe::merge(&mut self.probes, other.probes);
        for message in other.messages {
            if !self.messages.contains(&message) {
                self.messages.push(message);
            }
        }
        tested::merge(&mut self.tests, other.tests);
        secret::merge(&mut self.secrets, other.secrets);
        self.run.merge(other.run);
    }
}

//! `tidb-dms`: tells, before a migration starts, whether AWS DMS will reach and use a TiDB Cloud
//! cluster.
//!
//! Data flows one way, once: [`collect`] looks and never judges, `tidb_dms_checks` judges and never
//! looks, [`report`] writes. [`doctor`] is the three steps in one function; [`trace`], [`grants`] and
//! [`tls`] ask one engine alone, `probe` looks at one endpoint and judges nothing; [`cli`] and
//! [`config`] are what can be typed, [`plugin`] runs users' own checks, [`catalogue`] is what the program
//! knows of itself, [`iam_policy`] what it may ask of AWS, and [`init`] writes a first configuration.

pub mod catalogue;
pub mod cli;
pub mod collect;
pub mod config;
pub mod doctor;
pub mod grants;
pub mod iam_policy;
pub mod init;
#[cfg(feature = "live")]
pub mod passwords;
pub mod plugin;
#[cfg(feature = "live")]
pub mod probe;
#[cfg(feature = "live")]
pub mod progress;
pub mod report;
pub mod tls;
pub mod trace;

use tidb_dms_checks::{policy::Policy, trust::Signatures};

/// The policy of a user who chose nothing, with the signature algorithms of our one TLS provider.
pub fn default_policy() -> Policy {
    Policy { signatures: Signatures(webpki::ALL_VERIFICATION_ALGS), ..Policy::default() }
}

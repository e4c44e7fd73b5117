//! Facts, engines and checks of `tidb-dms doctor`: judges, never looks.
//!
//! Data flows one way: [`facts`] are what was seen, [`examine`] judges them by the [`CATALOGUE`], and a
//! [`report::Report`] is what comes out. Nothing in this crate opens a socket, reads a file, asks the
//! clock or the environment.
#![cfg_attr(test, recursion_limit = "512")]
#![warn(missing_docs)]

mod access;
pub mod case;
pub mod change;
pub mod check;
mod cluster;
pub mod compliance;
mod decide;
mod dms;
mod examine;
pub mod facts;
pub mod grants;
pub mod guide;
pub mod judgement;
pub mod migration;
mod mysql;
mod needs;
mod network;
pub mod path;
pub mod plugin;
pub mod policy;
mod proof;
mod repair;
pub mod report;
pub mod severity;
#[cfg(test)]
mod testing;
mod tls;
pub mod trust;
mod waivers;

pub use case::seats_of_instance;
pub use examine::{examine, examine_all, examine_with};
pub use waivers::CHECK as WAIVER_CHECK;

use check::Check;

/// Every check, in the order of the reports. A check stands behind those in its `after`.
pub static CATALOGUE: &[&[&Check]] =
    &[network::CHECKS, access::CHECKS, cluster::CHECKS, dms::CHECKS, tls::CHECKS, mysql::CHECKS];

/// Every check, one by one.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    CATALOGUE.iter().flat_map(|category| category.iter().copied())
}

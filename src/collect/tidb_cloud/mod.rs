//! What TiDB Cloud's own API says of clusters: asked live, or read from answers that somebody saved.
//!
//! Two APIs: Starter and Essential have one (`serverless.tidbapi.com`), Dedicated another
//! (`dedicated.tidbapi.com`). Which of them knows a host, its name tells.

mod answers;
#[cfg(feature = "live")]
mod api;
mod merge;
mod saved;
#[cfg(feature = "live")]
mod search;
#[cfg(feature = "live")]
mod services;
mod shape;

pub(super) use saved::{MEMBERS, Saved, cluster as saved_cluster};
#[cfg(feature = "live")]
pub use search::{Sought, search};
#[cfg(feature = "live")]
pub use services::{Keys, KeysError, ServiceError, Services};

//! What TiDB Cloud's own API says of clusters: asked live, or read from answers that somebody saved.
//!
//! Two APIs: Starter and Essential have one (`serverless.tidbapi.com`), Dedicated another
//! (`dedicated.tidbapi.com`). Which of them knows a host, its name tells.

mod answers;
mod api;
mod merge;
mod search;
mod services;
mod shape;

pub use search::{Sought, look, search};
pub use services::{Keys, KeysError, ServiceError, Services};

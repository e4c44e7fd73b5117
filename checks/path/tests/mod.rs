//! Every rule of the path engine as a test that names it: issue 3, section 3, and `aws-dms.md` §4
//! and §10.
//!
//! All of them start from one healthy [`World`] and make it ill, a line or two each.
#![expect(
    clippy::needless_pass_by_value,
    reason = "worlds are made in place, by `json!`"
)]

mod monotony;
mod order;
mod world;

use world::{Verdict, World};

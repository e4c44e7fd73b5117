//! Every rule of the path engine as a test that names it: issue 3, section 3, and `aws-dms.md` §4
//! and §10.
//!
//! All of them start from one healthy [`World`] and make it ill, a line or two each.
#![expect(clippy::needless_pass_by_value, reason = "worlds are made in place, by `json!`")]

mod block_public_access;
mod cases;
mod destinations;
mod endpoint;
mod internet_gateway;
mod monotony;
mod nat;
mod nat_instance;
mod network_acls;
mod order;
mod peering;
mod public;
mod routes;
mod security_groups;
mod tables;
mod targets;
mod unseen;
mod world;

use world::{ALLOW, CLUSTER, DENY, ENDPOINT, IN, OUT, Rule, Verdict, World, all, route, tcp};

use super::{Code, Leg};

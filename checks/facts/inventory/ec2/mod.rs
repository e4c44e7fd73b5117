//! What EC2 says of a VPC. Names and shapes are AWS's own (`aws ec2 describe-…`, `PascalCase`).
//!
//! A field is `None` where AWS or an older CLI didn't print it; what then holds stands in
//! [`crate::facts::defaults`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shape::aws_shape;

mod endpoint;
mod filter;
mod gateway;
mod instance;
mod interface;
mod peering;
mod prefix_list;
mod route;
mod vpc;

pub use self::{
    endpoint::*, filter::*, gateway::*, instance::*, interface::*, peering::*, prefix_list::*,
    route::*, vpc::*,
};

const TAGS: (&str, &str) = ("Tags", "labels of the customer's own");

aws_shape! {
    /// `{"State": …}`, as EC2 writes several of its states.
    pub struct State {
        /// The state's name.
        pub state: String,
    }
}

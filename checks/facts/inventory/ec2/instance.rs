//! EC2 instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NetworkInterface;
use crate::facts::inventory::{
    Part, Resource,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A reservation (`describe-instances`): one launch of instances.
    pub struct Reservation {
        /// `r-…`.
        pub reservation_id: String,
        /// Its instances.
        pub instances: Vec<Instance>,
    }
}
impl Resource for Reservation {
    /// A filter on instances splits a reservation, and one instance may be described twice.
    const PARTS: &'static [Part] = &[Part {
        field: "Instances",
        id: "InstanceId",
        list: "Reservations",
        comes_in_pieces: true,
        parts: &[Part {
            field: "NetworkInterfaces",
            id: "NetworkInterfaceId",
            list: "NetworkInterfaces",
            comes_in_pieces: false,
            parts: &[],
        }],
    }];

    fn id(&self) -> &str {
        &self.reservation_id
    }
}

aws_shape! {
    /// An instance; here for NAT instances, and as a place to trace from.
    pub struct Instance {
        /// `i-…`.
        pub instance_id: String,
        /// `running` answers packets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<InstanceState>,
        /// Its subnet; a terminated one has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// Its VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its interfaces, as `describe-instances` prints them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interfaces: Option<Vec<NetworkInterface>>,
    }
}
resource!(Instance, instance_id);

aws_shape! {
    /// An instance's state.
    pub struct InstanceState {
        /// `running`, `stopped`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
    }
}

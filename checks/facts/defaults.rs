//! What holds where an older AWS CLI didn't print a field: AWS's documented defaults, in one table.
//!
//! Using one is an [`Assumption`]. A field that isn't in this table has no default: its absence is a
//! gap.

use super::Assumption;

/// A field with a documented default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Default {
    /// The shape and field, as AWS writes them.
    pub field: &'static str,
    /// The default.
    pub value: &'static str,
    /// What is taken as given, as a short sentence.
    pub taken: &'static str,
}

macro_rules! defaults {
    ($($name:ident = $field:literal, $value:literal, $taken:literal;)*) => {
        $(
            #[doc = concat!("`", $field, "`: `", $value, "`.")]
            pub const $name: Default = Default { field: $field, value: $value, taken: $taken };
        )*
        /// All of them.
        pub const TABLE: &[Default] = &[$($name),*];
    };
}

defaults! {
    BLOCK_PUBLIC_ACCESS = "Subnet.BlockPublicAccessStates", "off",
        "VPC Block Public Access is off";
    NAT_CONNECTIVITY = "NatGateway.ConnectivityType", "public", "the NAT gateway is public";
    NAT_ADDRESS_STATUS = "NatGatewayAddress.Status", "succeeded", "the address is in use";
    INTERFACE_TYPE = "NetworkInterface.InterfaceType", "interface",
        "the interface is an ordinary one";
    NETWORK_TYPE = "ReplicationInstance.NetworkType", "IPV4", "the network type is IPv4";
}

impl Default {
    /// The assumption that using this default is.
    pub fn assumed(&self, about: &str) -> Assumption {
        let (_, name) = self.field.split_once('.').unwrap_or(("", self.field));
        Assumption::new(
            about,
            self.taken,
            format!("{name} wasn't printed; {} is AWS's default", self.value),
        )
    }
}

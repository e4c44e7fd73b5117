//! Prefix lists, to which routes and security group rules refer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::inventory::{
    Resource,
    shape::{aws_shape, resource},
};

aws_shape! {
    /// A managed prefix list, without its entries. `describe-managed-prefix-lists` prints it under
    /// the key `PrefixLists`, which the older call has too: from files it comes as [`PrefixList`].
    pub struct ManagedPrefixList {
        /// `pl-…`.
        pub prefix_list_id: String,
        /// Its name; AWS's own are `com.amazonaws.…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prefix_list_name: Option<String>,
        /// `IPv4` or `IPv6`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub address_family: Option<String>,
    }
}
resource!(ManagedPrefixList, prefix_list_id);

aws_shape! {
    /// The entries of a prefix list (`get-managed-prefix-list-entries`), with the list's id beside
    /// them, which AWS doesn't print.
    pub struct PrefixListEntries {
        /// `pl-…`.
        pub prefix_list_id: String,
        /// The entries.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub entries: Option<Vec<PrefixListEntry>>,
        /// There are more entries: these are one page of them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub next_token: Option<String>,
    }
}
resource!(PrefixListEntries, prefix_list_id);

aws_shape! {
    /// One CIDR of a prefix list.
    pub struct PrefixListEntry {
        /// The CIDR, IPv4 or IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr: Option<String>,
    }
}

aws_shape! {
    /// A prefix list as the older `describe-prefix-lists` prints it, with its CIDRs; without them,
    /// as `describe-managed-prefix-lists` does.
    pub struct PrefixList {
        /// `pl-…`.
        pub prefix_list_id: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prefix_list_name: Option<String>,
        /// Its CIDRs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidrs: Option<Vec<String>>,
    }
}
resource!(PrefixList, prefix_list_id);

//! What is known of a TiDB Cloud cluster, and what its host name gives away.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, PathKind, Tier};

/// What is known of a cluster. A field that is not there was not looked at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The host name that clients connect to.
    pub host: String,
    /// The tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Fact<Tier>>,
    /// `ACTIVE`, `PAUSED`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Fact<String>>,
    /// The region, `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Fact<String>>,
    /// Whether the public endpoint is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_endpoint_enabled: Option<Fact<bool>>,
    /// The IP access list (Starter and Essential: authorised networks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_list: Option<Fact<Vec<AccessEntry>>>,
    /// The port that it listens on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Fact<u16>>,
    /// The cloud that it runs on: `aws`, `alicloud`, …, in any letter case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_provider: Option<Fact<String>>,
    /// The name of its private endpoint service, `com.amazonaws.vpce.…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_service: Option<Fact<String>>,
    /// The zones of its private endpoint service, by id (`use1-az1`) or by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_service_zones: Option<Fact<Vec<String>>>,
    /// The private endpoint connections that TiDB Cloud knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_endpoints: Option<Fact<Vec<PrivateEndpoint>>>,
    /// The VPC peerings that TiDB Cloud knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_peerings: Option<Fact<Vec<VpcPeering>>>,
    /// The prefix that its user names begin with (Starter and Essential), without the dot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_prefix: Option<Fact<String>>,
}

/// A private endpoint connection, as TiDB Cloud sees it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateEndpoint {
    /// `vpce-…`.
    pub endpoint_id: String,
    /// `ACTIVE`, `PENDING`, `DISCOVERED`, `FAILED`, `DELETING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What TiDB Cloud says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A VPC peering, as TiDB Cloud sees it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VpcPeering {
    /// `pcx-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// `ACTIVE`, `PENDING`, `FAILED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The customer's VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_vpc_id: Option<String>,
    /// The customer's CIDR that TiDB Cloud routes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_vpc_cidr: Option<String>,
    /// TiDB Cloud's CIDR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tidb_cloud_vpc_cidr: Option<String>,
}

impl Cluster {
    /// Takes what another look knows and this one doesn't; of two known values the later wins.
    pub fn merge(&mut self, other: Self) {
        merge_fact(&mut self.tier, other.tier);
        merge_fact(&mut self.state, other.state);
        merge_fact(&mut self.region, other.region);
        merge_fact(&mut self.public_endpoint_enabled, other.public_endpoint_enabled);
        merge_fact(&mut self.access_list, other.access_list);
        merge_fact(&mut self.port, other.port);
        merge_fact(&mut self.cloud_provider, other.cloud_provider);
        merge_fact(&mut self.private_service, other.private_service);
        merge_fact(&mut self.private_service_zones, other.private_service_zones);
        merge_fact(&mut self.private_endpoints, other.private_endpoints);
        merge_fact(&mut self.vpc_peerings, other.vpc_peerings);
        merge_fact(&mut self.user_prefix, other.user_prefix);
    }
}

fn merge_fact<T>(into: &mut Option<Fact<T>>, from: Option<Fact<T>>) {
    match (&into, &from) {
        (_, None) | (Some(Fact::Known(_)), Some(Fact::Unknown(_))) => {}
        _ => *into = from,
    }
}

/// An entry of an IP access list: an address, a CIDR, or a range `start-end` (both ends included).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccessEntry {
    /// First address.
    pub start: Ipv4Addr,
    /// Last address.
    pub end: Ipv4Addr,
}

impl AccessEntry {
    /// What Starter and Essential read as "any address of AWS".
    pub const ALL_AWS: Ipv4Addr = Ipv4Addr::new(169, 254, 65, 87);

    /// Whether an address is in it.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        (self.start..=self.end).contains(&address)
    }

    /// Whether it lets the whole internet in.
    pub fn is_anywhere(&self) -> bool {
        self.start == Ipv4Addr::UNSPECIFIED && self.end == Ipv4Addr::BROADCAST
    }

    /// Whether it is the special entry for all of AWS.
    pub fn is_all_aws(&self) -> bool {
        self.start == Self::ALL_AWS && self.end == Self::ALL_AWS
    }
}

impl From<Ipv4Net> for AccessEntry {
    fn from(net: Ipv4Net) -> Self {
        Self { start: net.network(), end: net.broadcast() }
    }
}

/// Text that is no entry of an access list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotAnEntry(String);

impl fmt::Display for NotAnEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an IPv4 address, a CIDR or a range start-end", self.0)
    }
}

impl std::error::Error for NotAnEntry {}

impl FromStr for AccessEntry {
    type Err = NotAnEntry;

    fn from_str(text: &str) -> Result<Self, NotAnEntry> {
        let error = || NotAnEntry(text.to_owned());
        let trimmed = text.trim();
        if let Some((start, end)) = trimmed.split_once(['-', '–']) {
            let start: Ipv4Addr = start.trim().parse().map_err(|_| error())?;
            let end: Ipv4Addr = end.trim().parse().map_err(|_| error())?;
            return if start <= end { Ok(Self { start, end }) } else { Err(error()) };
        }
        if let Ok(address) = trimmed.parse::<Ipv4Addr>() {
            return Ok(Self { start: address, end: address });
        }
        trimmed.parse::<Ipv4Net>().map(Self::from).map_err(|_| error())
    }
}

impl fmt::Display for AccessEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (u32::from(self.start), u32::from(self.end));
        let size = u64::from(end) - u64::from(start) + 1;
        let aligned = size.is_power_of_two() && u64::from(start).is_multiple_of(size);
        if aligned {
            write!(f, "{}/{}", self.start, 32 - size.trailing_zeros())
        } else {
            write!(f, "{}-{}", self.start, self.end)
        }
    }
}

impl Serialize for AccessEntry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccessEntry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for AccessEntry {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AccessEntry".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// What a host name of TiDB Cloud gives away. Patterns: `tidb-cloud.md` §1.3; hints, which what the
/// user or the API says overrides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostName {
    /// The tier. A shared gateway's name fits Starter and Essential alike; Starter is said.
    pub tier: Option<Tier>,
    /// The kind of path.
    pub path: Option<PathKind>,
    /// The region, where the name has it.
    pub region: Option<String>,
    /// Whether the cluster runs on AWS, where the name says it.
    pub on_aws: Option<bool>,
}

impl HostName {
    /// Reads a host name; `None` when it isn't one of TiDB Cloud's.
    pub fn read(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let labels: Vec<&str> = host.split('.').collect();
        if host.ends_with(".tidbcloud.com") {
            let cloud = labels.len().checked_sub(3).map(|place| labels[place]);
            let gateway = labels[0].strip_prefix("gateway");
            let private = labels[0].ends_with("-privatelink");
            return Some(Self {
                tier: gateway.map(|_| Tier::Starter),
                path: gateway
                    .map(|_| if private { PathKind::PrivateEndpoint } else { PathKind::Public }),
                region: gateway.and(labels.get(1)).map(|region| (*region).to_owned()),
                on_aws: match cloud {
                    Some("aws") => Some(true),
                    Some("alicloud") => Some(false),
                    _ => None,
                },
            });
        }
        if host.ends_with(".tidb-cloud.com") && labels.contains(&"clusters") {
            let path = match labels[0] {
                "tidb" => Some(PathKind::Public),
                "private-tidb" => Some(PathKind::VpcPeering),
                name if name.starts_with("privatelink-") => Some(PathKind::PrivateEndpoint),
                _ => None,
            };
            return Some(Self { tier: Some(Tier::Dedicated), path, region: None, on_aws: None });
        }
        host.ends_with(".tidb-cloud.com").then_some(Self {
            tier: None,
            path: None,
            region: None,
            on_aws: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_an_address_a_cidr_or_a_range() {
        for (text, shown) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("203.0.113.9/24", "203.0.113.0/24"),
            ("203.0.113.0-203.0.113.255", "203.0.113.0/24"),
            ("203.0.113.1 – 203.0.113.9", "203.0.113.1-203.0.113.9"),
            ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
            ("0.0.0.0/32", "0.0.0.0/32"),
        ] {
            assert_eq!(text.parse::<AccessEntry>().unwrap().to_string(), shown, "{text}");
        }
        for text in ["300.1.1.1/33", "", "2001:db8::/32", "9.9.9.9-1.1.1.1", "example.com"] {
            assert!(text.parse::<AccessEntry>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_whole_range_is_anywhere_and_nobody_is_not() {
        assert!("0.0.0.0/0".parse::<AccessEntry>().unwrap().is_anywhere());
        assert!(!"0.0.0.0/32".parse::<AccessEntry>().unwrap().is_anywhere());
        assert!("169.254.65.87".parse::<AccessEntry>().unwrap().is_all_aws());
    }

    #[test]
    fn a_host_name_gives_tier_path_and_region_away() {
        use PathKind::{PrivateEndpoint, Public, VpcPeering};
        for (host, tier, path, region) in [
            (
                "gateway01.us-east-1.prod.aws.tidbcloud.com",
                Some(Tier::Starter),
                Some(Public),
                Some("us-east-1"),
            ),
            (
                "gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com",
                Some(Tier::Starter),
                Some(PrivateEndpoint),
                Some("us-east-1"),
            ),
            ("tidb.abc.clusters.tidb-cloud.com", Some(Tier::Dedicated), Some(Public), None),
            (
                "private-tidb.abc.clusters.tidb-cloud.com",
                Some(Tier::Dedicated),
                Some(VpcPeering),
                None,
            ),
            (
                "privatelink-19.abc.clusters.tidb-cloud.com",
                Some(Tier::Dedicated),
                Some(PrivateEndpoint),
                None,
            ),
        ] {
            let name = HostName::read(host).unwrap();
            assert_eq!((name.tier, name.path), (tier, path), "{host}");
            assert_eq!(name.region.as_deref(), region, "{host}");
        }
        assert_eq!(HostName::read("orders.cluster-x.us-east-1.rds.amazonaws.com"), None);
        let alibaba = HostName::read("gateway01.ap-southeast-1.prod.alicloud.tidbcloud.com");
        assert_eq!(alibaba.unwrap().on_aws, Some(false));
    }
}

//! What DNS, TCP, TLS and MySQL showed from somewhere, and what DMS said of itself.
//!
//! No probe of ours speaks for the replication: even one that ran in its subnet had its own security
//! group and its own public address. So each carries its vantage.

use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fact;

/// One look at one endpoint from one place.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The host that was looked at.
    pub host: String,
    /// The port.
    pub port: u16,
    /// From where.
    pub vantage: Vantage,
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What the resolver answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Fact<DnsAnswer>>,
    /// What became of a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Fact<TcpOutcome>>,
    /// What a TLS handshake showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Fact<TlsSession>>,
    /// What a MySQL session showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mysql: Option<Fact<MysqlSession>>,
}

/// Where a look was taken from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Vantage {
    /// Somewhere outside the VPC.
    Elsewhere,
    /// A subnet that the replication may sit in.
    Seat(String),
}

/// What a resolver answered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DnsAnswer {
    /// All addresses.
    pub addresses: Vec<IpAddr>,
    /// The names on the way, CNAME by CNAME.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The resolver that answered.
    #[serde(default)]
    pub resolver: Option<String>,
}

/// What became of a TCP connection.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpOutcome {
    /// Something listens there.
    Connected,
    /// The host answered that nobody listens.
    Refused,
    /// Nobody answered in time.
    TimedOut,
    /// A router said that there is no way.
    Unreachable,
}

/// What a TLS handshake inside the MySQL protocol showed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSession {
    /// `TLSv1.2`, `TLSv1.3`.
    pub protocol: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The whole chain as sent, DER in base64.
    pub chain: Vec<String>,
}

/// What a MySQL session showed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MysqlSession {
    /// `SELECT VERSION()`.
    pub version: String,
    /// `SELECT CURRENT_USER()`: the account row that matched.
    pub current_user: String,
    /// `SELECT CURRENT_ROLE()`.
    #[serde(default)]
    pub current_role: Option<String>,
    /// `SHOW GRANTS`, hashes cut.
    #[serde(default)]
    pub grants: Vec<String>,
}

/// What DMS said of itself.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The resource that it is about, by ARN or id.
    pub about: String,
    /// The text.
    pub text: String,
}

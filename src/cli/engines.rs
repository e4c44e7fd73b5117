//! What can be typed for the engines alone: `trace`, `grants`, `tls`.

use std::{net::Ipv4Addr, path::PathBuf, str::FromStr};

use clap::{Args, builder::NonEmptyStringValueParser};
use jiff::Timestamp;
use thiserror::Error;
use tidb_dms_checks::grants::{DEFAULT_CONTROL_SCHEMA, Selection};

use super::{MigrationType, OnOff, RoleName};

/// The arguments of `trace`.
#[derive(Args, Debug)]
pub struct TraceArguments {
    /// A facts document that an earlier run saved; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub facts: Vec<PathBuf>,
    /// AWS CLI output, a file or a folder with everything below it; may be given several times.
    #[arg(long, value_name = "PATH", required_unless_present = "facts")]
    pub evidence: Vec<PathBuf>,
    /// Where the connection starts: a subnet, an interface, an instance, or a replication instance.
    #[arg(long, value_name = "ID")]
    pub from: String,
    /// Where it goes to: addresses of one host, or `public` for any public address.
    #[arg(long, value_name = "IP|public", value_delimiter = ',', required = true)]
    pub to: Vec<Destination>,
    /// The destination port.
    #[arg(long, value_name = "PORT", default_value_t = 4000,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// The source's security groups, instead of those that it has.
    #[arg(long, value_name = "GROUP", value_delimiter = ',', num_args = 1..)]
    pub security_groups: Option<Vec<String>>,
    /// The source's public address, instead of the one that it has.
    #[arg(long, value_name = "IP")]
    pub public_ip: Option<Ipv4Addr>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A destination of `trace`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Destination {
    /// One address.
    Address(Ipv4Addr),
    /// Any public address.
    Public,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("public") {
            return Ok(Self::Public);
        }
        match text.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(address)) => Ok(Self::Address(address)),
            Ok(std::net::IpAddr::V6(_)) => {
                Err("an IPv6 address; DMS reaches TiDB Cloud over IPv4, and so does a trace".into())
            }
            Err(_) => Err("neither an IPv4 address nor `public`".into()),
        }
    }
}

/// The arguments of `grants`.
#[derive(Args, Debug)]
pub struct GrantsArguments {
    /// The output of SHOW GRANTS as it comes: lines, the client's table, `\G`. Standard input, if it
    /// is `-` or missing.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The server's version, as `SELECT VERSION()` or AWS prints it.
    #[arg(long, value_name = "VERSION")]
    pub server: String,
    /// Which side of the migration the account is for.
    #[arg(long = "as", value_name = "SIDE")]
    pub side: RoleName,
    /// The schemas that are migrated, as they are called on this server; `` `a,b` `` is one name.
    #[arg(long, value_name = "SCHEMA,…")]
    pub schemas: Vec<String>,
    /// The tables that are migrated, as they are called on this server, each as `schema.table`.
    #[arg(long, value_name = "SCHEMA.TABLE,…", conflicts_with = "schemas")]
    pub tables: Vec<String>,
    /// The schema for DMS's own tables, from ControlTablesSettings.ControlSchema of the task.
    #[arg(long, value_name = "SCHEMA", default_value = DEFAULT_CONTROL_SCHEMA,
          value_parser = NonEmptyStringValueParser::new())]
    pub control_schema: String,
    /// The migration type; a full load, if not given.
    #[arg(long, value_name = "TYPE")]
    pub migration_type: Option<MigrationType>,
    /// The active roles, as `SELECT CURRENT_ROLE()` prints them.
    #[arg(long, value_name = "ROLES", allow_hyphen_values = true)]
    pub current_role: Option<String>,
    /// Whether partial revokes are on, as `SELECT @@partial_revokes` prints it.
    #[arg(long, value_name = "on|off", ignore_case = true)]
    pub partial_revokes: Option<OnOff>,
    /// How the server treats letter case, as `SELECT @@lower_case_table_names` prints it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=2))]
    pub lower_case_table_names: Option<u8>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `tls`.
#[derive(Args, Debug)]
pub struct TlsArguments {
    /// The server's certificates: PEM, DER, or the whole output of `openssl s_client -starttls mysql
    /// -showcerts`. Standard input, if it is `-` or missing.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The server's name, as it stands in the DMS endpoint.
    #[arg(long, value_name = "HOST")]
    pub host: String,
    /// The one CA that DMS holds: `isrg-root-x1`, or a PEM or DER file.
    #[arg(long, value_name = "CA", value_parser = NonEmptyStringValueParser::new())]
    pub ca: String,
    /// When it is judged, as `2026-11-24T10:02:00Z`; now, if not given.
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Names that can be typed and mean nothing.
#[derive(Debug, Eq, Error, PartialEq)]
pub enum NameError {
    /// An empty name, or one whose quotes don't close.
    #[error("--schemas: `{0}` is not a name")]
    Schema(String),
    /// A table without its schema, or with more than that.
    #[error("--tables: `{0}` is not schema.table")]
    Table(String),
    /// No host.
    #[error("--host: a name is needed")]
    NoHost,
    /// A host with its port.
    #[error("--host: the name alone is needed, without the port: {0}")]
    HostWithPort(String),
    /// A URL, or a host with its user; it isn't repeated, since it may hold a password.
    #[error("--host: the name alone is needed, no URL and no user")]
    HostWithMore,
}

impl GrantsArguments {
    /// What is migrated.
    pub fn selection(&self) -> Result<Selection, NameError> {
        if !self.schemas.is_empty() {
            let items = self.schemas.iter().flat_map(|list| split(list, ','));
            let schemas = items
                .map(|item| unquoted(item).ok_or_else(|| NameError::Schema(item.to_owned())))
                .collect::<Result<_, _>>()?;
            return Ok(Selection::Schemas(schemas));
        }
        if !self.tables.is_empty() {
            let items = self.tables.iter().flat_map(|list| split(list, ','));
            return Ok(Selection::Tables(items.map(table).collect::<Result<_, _>>()?));
        }
        Ok(Selection::Unnamed)
    }
}

impl TlsArguments {
    /// The server's name, and nothing but that.
    pub fn host(&self) -> Result<&str, NameError> {
        let host = self.host.trim();
        if host.is_empty() {
            return Err(NameError::NoHost);
        }
        if super::values::holds_more_than_a_host(host) {
            return Err(NameError::HostWithMore);
        }
        match host.split_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(NameError::HostWithPort(name.to_owned()))
            }
            _ => Ok(host),
        }
    }
}

fn table(text: &str) -> Result<(String, String), NameError> {
    let parts: Option<Vec<String>> = split(text, '.').into_iter().map(unquoted).collect();
    match parts.as_deref() {
        Some([schema, table]) => Ok((schema.clone(), table.clone())),
        _ => Err(NameError::Table(text.trim().to_owned())),
    }
}

/// Splits where no backquote is open; a doubled one closes and opens, which comes to the same.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|letter| {
        quoted ^= letter == '`';
        letter == separator && !quoted
    })
    .collect()
}

/// A name as it is stored; none if it is empty, or quoted and goes on behind the quote.
fn unquoted(text: &str) -> Option<String> {
    let text = text.trim();
    let name = match text.strip_prefix('`') {
        Some(rest) => {
            let name = rest.strip_suffix('`')?;
            let plain = name.replace("``", "");
            if plain.contains('`') {
                return None;
            }
            name.replace("``", "`")
        }
        None => text.to_owned(),
    };
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Grants {
        #[command(flatten)]
        arguments: GrantsArguments,
    }

    #[derive(Parser)]
    struct Tls {
        #[command(flatten)]
        arguments: TlsArguments,
    }

    fn selection(flag: &str, value: &str) -> Result<Selection, NameError> {
        let words = ["", "--server", "8.0.39", "--as", "source", flag, value];
        Grants::try_parse_from(words).unwrap().arguments.selection()
    }

    fn host(value: &str) -> Result<String, NameError> {
        let words = ["", "--ca", "isrg-root-x1", "--host", value];
        let arguments = Tls::try_parse_from(words).unwrap().arguments;
        arguments.host().map(ToOwned::to_owned)
    }

    #[test]
    fn names_may_be_quoted_as_sql_quotes_them() {
        let of = |text: &str| match selection("--schemas", text) {
            Ok(Selection::Schemas(names)) => Ok(names),
            other => Err(other),
        };
        assert_eq!(of("a, b").unwrap(), ["a", "b"]);
        assert_eq!(of("`a,b`,c.d").unwrap(), ["a,b", "c.d"]);
        assert_eq!(of("`a``b`").unwrap(), ["a`b"]);
        for text in ["", "a,,b", "`a", "``", "`a`b`"] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_table_has_a_schema() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(
            selection("--tables", "a.t, `b.c`.`u`"),
            Ok(Selection::Tables(vec![pair("a", "t"), pair("b.c", "u")]))
        );
        for text in ["t", "a.b.c", ".t", "a."] {
            let error = selection("--tables", text).unwrap_err();
            assert_eq!(error, NameError::Table(text.to_owned()));
        }
    }

    #[test]
    fn a_host_has_no_port() {
        assert_eq!(host("a.b:4000"), Err(NameError::HostWithPort("a.b".into())));
        assert_eq!(host(" "), Err(NameError::NoHost));
        assert_eq!(host(" a.b ").unwrap(), "a.b");
        assert_eq!(host("2001:db8::1").unwrap(), "2001:db8::1");
    }
}

//! What can be typed for `probe`: a place, and who logs in there.

use std::{
    ffi::OsStr,
    net::{IpAddr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
};

use clap::{
    Arg, Args, Command,
    builder::{StringValueParser, TypedValueParser},
    error::ErrorKind,
};

use super::{
    RoleName,
    values::{holds_more_than_a_host, subnet},
};

/// TiDB Cloud's port.
const PORT: u16 = 4000;

/// The arguments of `probe`.
///
/// Needs no AWS: run it in AWS CloudShell inside the VPC, in a pod, or on an instance in the replication's
/// subnet, and give the file to `doctor --facts`. Exit code 0 once the facts are saved, whatever was
/// seen.
#[derive(Args, Debug)]
pub struct ProbeArguments {
    /// What to look at; the port is 4000 if none is given.
    #[arg(value_name = "HOST[:PORT]", value_parser = PlaceParser)]
    pub place: Place,
    /// Log in as this user. The password is taken from the environment variable `TIDB_DMS_PASSWORD`,
    /// or asked for.
    #[arg(long, value_name = "USER", requires = "side")]
    pub user: Option<String>,
    /// Which side of the migration the endpoint is.
    #[arg(long = "as", id = "side", value_name = "SIDE", requires = "user")]
    pub side: Option<RoleName>,
    /// The one CA that the server is verified with before anybody logs in: `isrg-root-x1`, or a PEM
    /// file. For hosts of Starter and Essential it is ISRG Root X1 anyway.
    #[arg(long, value_name = "CA")]
    pub ca: Option<String>,
    /// The subnet that this program runs in, if the replication may sit there too.
    #[arg(long, value_name = "SUBNET", value_parser = subnet)]
    pub seat: Option<String>,
    /// Seconds after which it is over, whoever hangs.
    #[arg(long, value_name = "SECONDS", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub timeout: u32,
    /// Log in over TLS although nothing proves who is at the other end.
    #[arg(long, requires = "user")]
    pub danger_allow_unverified_login: bool,
    /// Where the facts go.
    #[arg(long, value_name = "FILE")]
    pub save_facts: PathBuf,
}

/// A host and a port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Reads a place. A URL is refused without being repeated, since it may hold a password.
#[derive(Clone, Debug)]
struct PlaceParser;

impl TypedValueParser for PlaceParser {
    type Value = Place;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Place, clap::Error> {
        if value.to_str().is_some_and(holds_more_than_a_host) {
            let message = "a host alone is needed, with or without a port: no URL and no user\n";
            return Err(clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command));
        }
        let read = StringValueParser::new().try_map(|text| text.parse::<Place>());
        read.parse_ref(command, argument, value)
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NO_PORT: &str = "the port is not a number from 1 to 65535";
        let port = |text: &str| match text.parse() {
            Ok(0) | Err(_) => Err(NO_PORT),
            Ok(port) => Ok(port),
        };
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { host: text.to_owned(), port: PORT });
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or("`]` is missing")?;
            if host.parse::<Ipv6Addr>().is_err() {
                return Err("what stands in brackets is no IPv6 address");
            }
            return Ok(Self {
                host: host.to_owned(),
                port: match rest.strip_prefix(':') {
                    Some(text) => port(text)?,
                    None if rest.is_empty() => PORT,
                    None => return Err(NO_PORT),
                },
            });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, text)) => (host, port(text)?),
            None => (text, PORT),
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.parse::<IpAddr>().is_ok() || is_name(&host) {
            Ok(Self { host, port })
        } else {
            Err("neither a host name nor an address, with or without a port")
        }
    }
}

fn is_name(host: &str) -> bool {
    host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<(String, u16), &'static str> {
        text.parse::<Place>().map(|place| (place.host, place.port))
    }

    #[test]
    fn a_place_is_a_host_and_perhaps_a_port() {
        for (text, host, port) in [
            ("TiDB.example.", "tidb.example", 4000),
            ("tidb.example:3306", "tidb.example", 3306),
            ("10.0.0.1", "10.0.0.1", 4000),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("::1", "::1", 4000),
            ("[::1]:5", "::1", 5),
            ("[::1]", "::1", 4000),
        ] {
            assert_eq!(place(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "",
            ":4000",
            "a:0",
            "a:x",
            "a:65536",
            "a b",
            "a..b",
            "[::1",
            "[x]:1",
            "[::1]5",
            "mysql://a",
            "a/b",
            "u@a",
        ] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}

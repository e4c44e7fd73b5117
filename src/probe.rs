//! `tidb-dms probe`: looks at one endpoint from wherever it runs, and saves what it saw.

use std::{
    env,
    ffi::OsStr,
    ffi::OsString,
    io::{self, IsTerminal, Write},
    net::{IpAddr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{
    Arg, Args, Command,
    builder::{StringValueParser, TypedValueParser},
    error::ErrorKind,
};
use jiff::Timestamp;
use secrecy::SecretString;
use thiserror::Error;
use tidb_dms_checks::facts::{Facts, Tier, cluster::HostName, probe::Vantage};

use crate::{
    cli::{ArgumentError, RoleName, certificate, holds_more_than_a_host, subnet},
    collect::{
        probe::{Account, Credentials, NoCertificate, Password, Target, Trust, no_ca, probe},
        watch::Watch,
    },
    report,
};

/// Where the password comes from.
const PASSWORD: &str = "TIDB_DMS_PASSWORD";
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

/// Why nothing was saved.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// Arguments that mean nothing.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// A CA that can't be verified with.
    #[error("--ca: {name}: {source}")]
    Ca {
        /// What was given.
        name: String,
        /// What is wrong with it.
        source: NoCertificate,
    },
    /// Nobody to ask for the password.
    #[error("--user: no password; set {PASSWORD}, or run this on a terminal to be asked for it")]
    NoPassword,
    /// A password that isn't text. What it is isn't said.
    #[error("{PASSWORD}: not UTF-8")]
    PasswordNotText,
    /// The prompt failed.
    #[error("the password could not be read: {0}")]
    Prompt(io::Error),
    /// The system gives no sockets or timers.
    #[error("could not start: {0}")]
    Start(io::Error),
    /// Facts that can't be saved.
    #[error("--save-facts: {}: {source}", file.display())]
    Save {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output is gone.
    #[error("standard output: {0}")]
    Write(io::Error),
}

/// Probes, saves and tells. Returns the exit code, 0.
pub fn run(arguments: &ProbeArguments) -> Result<u8, ProbeError> {
    let target = Target {
        host: arguments.place.host.clone(),
        port: arguments.place.port,
        role: arguments.side.map(Into::into),
        vantage: match &arguments.seat {
            Some(subnet) => Vantage::Seat(subnet.clone()),
            None => Vantage::Elsewhere,
        },
        danger_allow_unverified_login: arguments.danger_allow_unverified_login,
    };
    let trust = trust(arguments)?.ok_or_else(|| no_ca("--ca"));
    let credentials =
        account(arguments)?.map(|account| Credentials { trust, account: Ok(account) });
    let limit = Duration::from_secs(arguments.timeout.into());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ProbeError::Start)?;
    let mut facts = Facts::new(Timestamp::now());
    let (seen, _) = runtime.block_on(async {
        let watch = Watch::new(limit, |_| {});
        Box::pin(probe(&target, async { credentials }, limit, &watch)).await
    });
    facts.probes.push(seen);
    // Whatever still hangs somewhere is left behind.
    runtime.shutdown_background();

    let file = &arguments.save_facts;
    report::write(file, &report::json::pretty(&facts))
        .map_err(|source| ProbeError::Save { file: file.clone(), source })?;
    let text = report::probe::render(&facts.probes[0], file);
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(ProbeError::Write(error)),
        _ => Ok(0),
    }
}

/// The CA that was named; else the one that a Starter or Essential host can't do without.
fn trust(arguments: &ProbeArguments) -> Result<Option<Trust>, ProbeError> {
    let shared_gateway = HostName::read(&arguments.place.host)
        .and_then(|host| host.tier)
        .is_some_and(Tier::is_shared_gateway);
    let name = match &arguments.ca {
        Some(name) => name.as_str(),
        None if shared_gateway => "isrg-root-x1",
        None => return Ok(None),
    };
    let pem = certificate("--ca", name)?;
    let trust =
        if pem == "isrg-root-x1" { Trust::isrg_root_x1() } else { Trust::from_pem(name, &pem) };
    trust.map(Some).map_err(|source| ProbeError::Ca { name: name.to_owned(), source })
}

fn account(arguments: &ProbeArguments) -> Result<Option<Account<'static>>, ProbeError> {
    let Some(user) = &arguments.user else {
        return Ok(None);
    };
    let password = match env::var_os(PASSWORD).map(OsString::into_string) {
        Some(Ok(password)) => SecretString::from(password),
        Some(Err(_)) => return Err(ProbeError::PasswordNotText),
        None if io::stdin().is_terminal() => {
            let prompt = format!("Password of {}: ", report::plain(user));
            rpassword::prompt_password(prompt).map_err(ProbeError::Prompt)?.into()
        }
        None => return Err(ProbeError::NoPassword),
    };
    Ok(Some(Account { user: user.clone(), password: Password::Known(password) }))
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

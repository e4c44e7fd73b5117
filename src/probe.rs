//! `tidb-dms probe`: looks at one endpoint from wherever it runs, and saves what it saw.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

use jiff::Timestamp;
use secrecy::SecretString;
use thiserror::Error;
use tidb_dms_checks::facts::{Facts, Tier, cluster::HostName, probe::Vantage};

use crate::{
    cli::{ArgumentError, ProbeArguments, certificate},
    collect::{
        probe::{Account, Credentials, NoCertificate, Password, Target, Trust, no_ca, probe},
        watch::Watch,
    },
    report,
};

/// Where the password comes from.
const PASSWORD: &str = "TIDB_DMS_PASSWORD";

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

//! Arguments in, exit code out.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use tidb_dms::{
    catalogue,
    cli::{Cli, Command},
    doctor, grants, iam_policy, init, report, tls, trace,
};

/// The program could not do its work.
const COULD_NOT: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Whoever closed standard error doesn't want to know.
            let _ = writeln!(io::stderr(), "error: {}", report::plain(&error));
            ExitCode::from(COULD_NOT)
        }
    }
}

fn run(cli: Cli) -> Result<u8, String> {
    match cli.command {
        Command::Doctor(command) => doctor::run(*command).map_err(|error| error.to_string()),
        #[cfg(feature = "live")]
        Command::Probe(arguments) => {
            tidb_dms::probe::run(&arguments).map_err(|error| error.to_string())
        }
        Command::Trace(arguments) => trace::run(&arguments).map_err(|error| error.to_string()),
        Command::Grants(arguments) => grants::run(&arguments).map_err(|error| error.to_string()),
        Command::Tls(arguments) => tls::run(&arguments).map_err(|error| error.to_string()),
        Command::IamPolicy(arguments) => iam_policy::run(&arguments),
        Command::Checks(what) if what.controls => print(&catalogue::controls()),
        Command::Checks(what) if what.guide => print(&catalogue::guide()),
        Command::Checks(_) => print(&catalogue::list()),
        Command::Init(arguments) => {
            print(&init::run(&arguments).map_err(|error| error.to_string())?)
        }
        Command::Explain { id } => {
            print(&catalogue::explain(&id).map_err(|error| error.to_string())?)
        }
        Command::Schema { document } => print(&catalogue::schema(document)),
    }
}

fn print(text: &str) -> Result<u8, String> {
    match report::print(text) {
        Ok(()) => Ok(0),
        Err(error) => Err(format!("standard output: {error}")),
    }
}

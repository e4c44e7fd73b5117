//! `tidb-dms grants`: the grants engine alone.

use std::io;

use thiserror::Error;
use tidb_dms_checks::{
    facts::Role as Side,
    grants::{self, MigrationType, Options, Request, Role, Server, Verdict},
};

use crate::{
    cli::{self, GrantsArguments, NameError},
    collect::given::{Given, GivenError},
    report::{self, Style},
};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum GrantsError {
    /// Names that mean nothing.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A text that can't be had.
    #[error(transparent)]
    Given(#[from] GivenError),
    /// Standard output is gone.
    #[error("standard output: {0}")]
    Write(#[from] io::Error),
}

/// Judges and prints. Returns the exit code: 0 enough, 1 lacking, 3 can't tell.
pub fn run(arguments: &GrantsArguments) -> Result<u8, GrantsError> {
    let request = request(arguments)?;
    let text = Given::of(arguments.file.as_deref()).text("the output of SHOW GRANTS")?;
    let server = Server::parse(&arguments.server);
    let answer = grants::judge(&text, &server, &request, &options(arguments));
    report::print(&if arguments.json {
        report::json::pretty(&answer)
    } else {
        let asked = report::grants::Asked {
            server: &server,
            server_text: &arguments.server,
            request: &request,
        };
        report::grants::render(&answer, &asked, &Style::of_stdout())
    })?;
    Ok(match answer.verdict {
        Verdict::Enough => 0,
        Verdict::Lacking => 1,
        Verdict::Unknown => 3,
    })
}

fn request(arguments: &GrantsArguments) -> Result<Request, NameError> {
    let role = match arguments.side.into() {
        Side::Target => Role::Target,
        Side::Source => Role::Source,
    };
    let migration_type = arguments.migration_type.map(|kind| match kind {
        cli::MigrationType::FullLoad => MigrationType::FullLoad,
        cli::MigrationType::Cdc => MigrationType::Cdc,
        cli::MigrationType::FullLoadAndCdc => MigrationType::FullLoadAndCdc,
    });
    Ok(Request {
        control_schema: arguments.control_schema.clone(),
        migration_type,
        ..Request::new(role, arguments.selection()?)
    })
}

fn options(arguments: &GrantsArguments) -> Options {
    Options {
        current_role: arguments.current_role.clone(),
        partial_revokes: arguments.partial_revokes.map(Into::into),
        lower_case_table_names: arguments.lower_case_table_names,
    }
}

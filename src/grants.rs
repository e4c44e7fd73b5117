//! `tidb-dms grants`: the grants engine alone.

use std::io;

use thiserror::Error;
use tidb_dms_checks::{
    facts::Role as Side,
    grants::{self, MigrationType, Options, Request, Role, Selection, Server, Verdict},
};

use crate::{
    cli::{self, GrantsArguments, TableName},
    collect::given::{Given, GivenError},
    report::{self, Style},
};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum GrantsError {
    /// A text that can't be had.
    #[error(transparent)]
    Given(#[from] GivenError),
    /// Standard output is gone.
    #[error("standard output: {0}")]
    Write(#[from] io::Error),
}

/// Judges and prints. Returns the exit code: 0 enough, 1 lacking, 3 can't tell.
pub fn run(arguments: &GrantsArguments) -> Result<u8, GrantsError> {
    let text = Given::of(arguments.file.as_deref()).text("the output of SHOW GRANTS")?;
    let server = Server::parse(&arguments.server);
    let request = request(arguments);
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

fn request(arguments: &GrantsArguments) -> Request {
    let role = match arguments.side.into() {
        Side::Target => Role::Target,
        Side::Source => Role::Source,
    };
    let pair = |name: &TableName| (name.schema.clone(), name.table.clone());
    let schemas: Vec<String> = arguments
        .schemas
        .iter()
        .flat_map(|list| list.0.clone())
        .collect();
    let tables: Vec<(String, String)> = arguments
        .tables
        .iter()
        .flat_map(|list| list.0.iter().map(pair))
        .collect();
    let selection = match (schemas.is_empty(), tables.is_empty()) {
        (false, _) => Selection::Schemas(schemas),
        (true, false) => Selection::Tables(tables),
        (true, true) => Selection::Unnamed,
    };
    let migration_type = arguments.migration_type.map(|kind| match kind {
        cli::MigrationType::FullLoad => MigrationType::FullLoad,
        cli::MigrationType::Cdc => MigrationType::Cdc,
        cli::MigrationType::FullLoadAndCdc => MigrationType::FullLoadAndCdc,
    });
    Request {
        control_schema: arguments.control_schema.clone(),
        migration_type,
        ..Request::new(role, selection)
    }
}

fn options(arguments: &GrantsArguments) -> Options {
    Options {
        current_role: arguments.current_role.clone(),
        partial_revokes: arguments.partial_revokes.map(Into::into),
        lower_case_table_names: arguments.lower_case_table_names,
    }
}

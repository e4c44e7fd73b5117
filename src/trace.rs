//! `tidb-dms trace`: the path engine alone.

use std::io::{self, Write};

use thiserror::Error;
use tidb_dms_checks::{
    facts::{Fact, Facts, Index},
    path::{Addresses, Path, PublicAddress, Source, SourceError, Trace, Verdict, trace},
    seats_of_instance,
};

use crate::{
    cli::{ArgumentError, Destination, TraceArguments},
    collect::{self, CollectError},
    report::{self, Style},
};

/// Why there is no trace.
#[derive(Debug, Error)]
pub enum TraceError {
    /// Arguments that mean nothing.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// Facts that can't be had.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Standard output is gone.
    #[error("standard output: {0}")]
    Write(#[from] io::Error),
}

/// Traces and prints. Returns the exit code: 0 arrives, 1 stopped, 3 can't tell.
pub fn run(arguments: &TraceArguments) -> Result<u8, TraceError> {
    let mut notes = Vec::new();
    // What is settled by the migration has no part in a path.
    let (facts, _) = collect::from_files(&arguments.facts, &arguments.evidence, None, &mut notes)?;
    let path = follow(&facts, arguments)?;
    let trace = Trace::from(&path);
    let text = if arguments.json {
        report::json::pretty(&trace)
    } else {
        report::trace::render(&trace, &Style::of_stdout())
    };
    report::print(&text)?;
    let mut stderr = io::stderr().lock();
    for note in notes {
        // Whoever closed standard error doesn't want to know.
        let _ = writeln!(stderr, "note: {}", report::plain(&note));
    }
    Ok(match path.verdict() {
        Verdict::Arrives => 0,
        Verdict::Stopped => 1,
        Verdict::Unknown => 3,
    })
}

fn follow(facts: &Facts, arguments: &TraceArguments) -> Result<Path, ArgumentError> {
    let index = Index::new(&facts.inventory);
    let destinations: Vec<Addresses> = arguments
        .to
        .iter()
        .map(|destination| match destination {
            Destination::Address(address) => Addresses::one(*address),
            Destination::Public => Addresses::AnyPublic,
        })
        .collect();
    let mut path: Option<Path> = None;
    for mut source in sources(facts, &index, &arguments.from)? {
        if let Some(groups) = &arguments.security_groups {
            source.groups = Some(Fact::Known(groups.clone()));
        }
        if let Some(address) = arguments.public_ip {
            source.public = PublicAddress::Known(vec![address]);
        }
        let next = trace(&index, &source, &destinations, arguments.port);
        match &mut path {
            Some(path) => path.join(next),
            None => path = Some(next),
        }
    }
    path.ok_or_else(|| ArgumentError::UnknownPlace(arguments.from.clone()))
}

/// The places that a name stands for: one, unless a replication instance may sit in several subnets.
fn sources<'a>(
    facts: &'a Facts,
    index: &'a Index<'a>,
    from: &str,
) -> Result<Vec<Source<'a>>, ArgumentError> {
    let error = |error| match error {
        SourceError::NotFound(id) => ArgumentError::UnknownPlace(id),
        SourceError::NoSubnet(gap) => ArgumentError::UnseenPlace(gap.to_string()),
    };
    let is_aws_id = ["subnet-", "eni-", "i-"].iter().any(|prefix| from.starts_with(prefix));
    let instances = seats_of_instance(facts, index, from);
    match instances {
        Some(Ok(sources)) => Ok(sources),
        Some(Err(gap)) => Err(ArgumentError::UnseenPlace(gap.to_string())),
        None if is_aws_id => Source::find(index, from).map(|source| vec![source]).map_err(error),
        None => Err(ArgumentError::UnknownPlace(from.to_owned())),
    }
}

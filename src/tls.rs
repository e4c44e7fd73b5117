//! `tidb-dms tls`: the trust engine alone.

use std::{io, path::Path};

use jiff::Timestamp;
use thiserror::Error;
use tidb_dms_checks::trust::{Ca, Chain, ReadError, Verdict, verify};

use crate::{
    cli::{NameError, TlsArguments},
    collect::given::{Given, GivenError},
    report::{self, Style},
};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A host that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Certificates that can't be had.
    #[error(transparent)]
    Given(#[from] GivenError),
    /// Certificates that can't be read.
    #[error("{0}: {1}")]
    Read(Given, ReadError),
    /// A CA file that can't be had.
    #[error("--ca: {0}; a PEM or DER file is expected, or `isrg-root-x1`")]
    CaGiven(GivenError),
    /// A CA file that can't be read.
    #[error("--ca: {0}: {1}")]
    CaRead(Given, ReadError),
    /// Standard output is gone.
    #[error("standard output: {0}")]
    Write(#[from] io::Error),
}

/// Judges and prints. Returns the exit code: 0 trusted, 1 refused, 3 can't tell.
pub fn run(arguments: &TlsArguments) -> Result<u8, TlsError> {
    let host = arguments.host()?;
    let ca = authority(&arguments.ca)?;
    let given = Given::of(arguments.file.as_deref());
    let bytes = given.bytes("the certificates, or the output of openssl s_client")?;
    let chain = Chain::read(&bytes).map_err(|error| TlsError::Read(given, error))?;
    let at = arguments.at.unwrap_or_else(Timestamp::now);
    let trust = verify(&chain, Some(host), &ca, at, webpki::ALL_VERIFICATION_ALGS);
    report::print(&if arguments.json {
        report::json::pretty(&trust)
    } else {
        let asked = report::tls::Asked { host, ca: &ca, at: arguments.at };
        report::tls::render(&trust, &asked, &Style::of_stdout())
    })?;
    Ok(match trust.verdict {
        Verdict::Trusted => 0,
        Verdict::Refused => 1,
        Verdict::Unknown => 3,
    })
}

fn authority(value: &str) -> Result<Ca, TlsError> {
    if value.eq_ignore_ascii_case("isrg-root-x1") {
        return Ok(Ca::isrg_root_x1());
    }
    let file = Given::File(Path::new(value).to_owned());
    let bytes = file.bytes("").map_err(TlsError::CaGiven)?;
    Ca::read(&bytes).map_err(|error| TlsError::CaRead(file, error))
}

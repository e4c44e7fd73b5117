//! What was found, written for whoever reads it: people at a terminal, programs, CI systems.
//!
//! [`Outputs::prepare`] runs before the work begins, [`Outputs::finish`] after it.

use std::io::{self, Write};

pub mod grants;
mod items;
pub mod json;
pub mod junit;
mod output;
#[cfg(feature = "live")]
pub mod probe;
mod table;
mod target;
pub mod terminal;
mod text;
pub mod tls;
pub mod trace;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use output::{Context, Outputs, ReportError, write};
pub use target::{Format, Target, TargetError};
pub use text::{Style, plain};

/// Prints to standard output; a reader that stops reading is no error.
pub fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

//! What was found, written for whoever reads it: people at a terminal, programs, CI systems.
//!
//! [`Outputs::prepare`] runs before the work begins, [`Outputs::finish`] after it.

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
pub mod trace;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use output::{Context, Outputs, ReportError, write};
pub use target::{Format, Target, TargetError};
pub use text::{Style, plain};

//! Facts, engines and checks of `tidb-dms doctor`: judges, never looks.
#![warn(missing_docs)]

pub mod change;
pub mod facts;
pub mod judgement;
pub mod path;
pub mod report;
pub mod severity;

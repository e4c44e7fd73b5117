//! Facts, engines and checks of `tidb-dms doctor`: judges, never looks.
#![warn(missing_docs)]

pub mod facts;
pub mod path;

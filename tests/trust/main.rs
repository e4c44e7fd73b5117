//! The trust engine on real certificates, with `openssl verify` as the second witness.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a certificate that can't be made is a failed test; the table of agreement is for its reader"
)]

mod chains;
mod common;
mod faults;
mod inputs;
mod random;
mod rows;

//! The trust engine on real certificates, with `openssl verify` as the second witness.

mod chains;
mod common;
mod faults;
mod inputs;
mod random;

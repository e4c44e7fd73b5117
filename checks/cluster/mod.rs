//! The cluster itself.

use crate::check::Check;

mod public_endpoint_enabled;

pub(crate) const CHECKS: &[&Check] = &[&public_endpoint_enabled::CHECK];

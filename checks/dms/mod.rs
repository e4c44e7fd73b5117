//! The settings of DMS itself.

use crate::check::Check;

mod ssl_mode;

pub(crate) const CHECKS: &[&Check] = &[&ssl_mode::CHECK];

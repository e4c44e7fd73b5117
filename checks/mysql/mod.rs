//! What MySQL itself would say to DMS.

use crate::check::Check;

mod settings;

mod binlog;
mod collations;
mod letter_case;
mod local_infile;
mod read_only;
mod row_limits;
mod sql_mode;
mod timeouts;

pub(crate) const CHECKS: &[&Check] = &[
    &read_only::CHECK,
    &local_infile::CHECK,
    &sql_mode::CHECK,
    &timeouts::CHECK,
    &row_limits::CHECK,
    &collations::CHECK,
    &letter_case::CHECK,
    &binlog::CHECK,
];

/// Where settings come from, beside a login: what is known of the endpoints and the task.
const SETTINGS_NEEDS: &[&str] = crate::dms::NEEDS;
/// Without a login no setting is seen.
const AFTER_LOGIN: &[&str] = &[];

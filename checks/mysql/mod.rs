//! Logins, accounts and privileges: what MySQL itself would say to DMS.
//!
//! A login that was tried from elsewhere shows the account and its grants, and not which account
//! DMS will match: that hangs on the address from which the server sees it.

use std::{collections::BTreeSet, net::Ipv4Addr};

use crate::{
    case::{Case, Seen, Server},
    check::Check,
    facts::{
        Fact, Gap, PathKind, Probe, Unlock,
        probe::{LoginOutcome, Vantage},
    },
};

mod privileges;
mod refusal;
mod selected;
mod settings;

mod account_host;
mod binlog;
mod collations;
mod letter_case;
mod local_infile;
mod login;
mod read_only;
mod role_active;
mod row_limits;
mod source_privileges;
mod sql_mode;
mod target_privileges;
mod tidb_recognised;
mod timeouts;
mod user_prefix;

pub(crate) const CHECKS: &[&Check] = &[
    &tidb_recognised::CHECK,
    &user_prefix::CHECK,
    &login::CHECK,
    &account_host::CHECK,
    &role_active::CHECK,
    &source_privileges::CHECK,
    &target_privileges::CHECK,
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
const SETTINGS_NEEDS: &[&str] = &crate::needs::MIGRATION;
/// Without a login no setting is seen.
const AFTER_LOGIN: &[&str] = &["mysql/login"];

/// What became of logins of the very user that DMS logs in as: one that was let in, else the first
/// answer of the server, else the first gap.
pub(crate) fn login<'a>(server: &Server<'a>) -> Fact<Seen<'a, LoginOutcome>> {
    let known = || logins(server).filter_map(seen);
    let best = known()
        .find(|login| matches!(login.value, LoginOutcome::Accepted { .. }))
        .or_else(|| known().find(|login| matches!(login.value, LoginOutcome::Refused(_))))
        .or_else(|| known().next());
    if let Some(best) = best {
        return Fact::Known(best);
    }
    let gap = logins(server).find_map(|probe| probe.login.as_ref()?.seen.gap());
    Fact::Unknown(match (gap, &server.user, &server.host) {
        (Some(gap), _, _) | (None, Fact::Unknown(gap), _) | (None, _, Fact::Unknown(gap)) => {
            gap.clone()
        }
        (None, Fact::Known(user), Fact::Known(_)) => Gap::new(
            format!("the login of {user} to {}", server.name),
            "nobody tried it",
            Unlock::Login(server.role),
        ),
    })
}

fn seen(probe: &Probe) -> Option<Seen<'_, LoginOutcome>> {
    Some(Seen { value: probe.login.as_ref()?.seen.known()?, probe })
}

/// The probes that logged in, or tried to, as the user of DMS.
fn logins<'s, 'a>(server: &'s Server<'a>) -> impl Iterator<Item = &'a Probe> + use<'s, 'a> {
    let user = server.user.known();
    server.probes.iter().copied().filter(move |probe| match (user, &probe.user) {
        (Some(user), Some(seen)) => user == seen,
        _ => true,
    })
}

/// The addresses from which the server sees the replication, as far as they were computed.
#[derive(Debug, Default)]
struct Origin {
    addresses: BTreeSet<Ipv4Addr>,
    /// Those of them that may change by themselves, with the reason.
    unstable: Vec<String>,
    /// Why they aren't known, or not all of them.
    gaps: Vec<Gap>,
}

/// From where the server sees the replication; `None` where that was not traced: paths are traced to
/// the cluster, and over a private path it sees an address of the replication's own.
fn origin(case: &Case<'_>, server: &Server<'_>) -> Option<Origin> {
    if server.is_tidb.known() != Some(&true) || case.path_kind() != Some(PathKind::Public) {
        return None;
    }
    let seats = match &case.seats {
        Fact::Known(seats) => seats,
        Fact::Unknown(gap) => {
            return Some(Origin { gaps: vec![gap.clone()], ..Origin::default() });
        }
    };
    let mut origin = Origin::default();
    for seat in seats {
        match case.path(seat) {
            Fact::Known(path) => {
                origin.addresses.extend(&path.egress.addresses);
                origin.unstable.extend(path.egress.unstable.iter().cloned());
                origin.gaps.extend(path.egress.gaps.iter().cloned());
                if path.leaves_by_own_address {
                    origin.unstable.push(
                        "the replication leaves with its own public address, which may change at a \
                         failover, a change of class or maintenance"
                            .into(),
                    );
                }
            }
            Fact::Unknown(gap) => origin.gaps.push(gap.clone()),
        }
    }
    origin.unstable.dedup();
    origin.gaps.dedup();
    Some(origin)
}

/// Whether it is the cluster, reached by a private way; not to know the way counts as one.
fn is_private(case: &Case<'_>, server: &Server<'_>) -> bool {
    server.is_tidb.known() == Some(&true) && case.path_kind() != Some(PathKind::Public)
}

/// Why a probe may have talked to another server than DMS will: a private name leads elsewhere to who
/// knows whom, unless a verified certificate says that it is the same.
fn other_server(case: &Case<'_>, server: &Server<'_>, probe: &Probe) -> Option<Gap> {
    let login = probe.login.as_ref().and_then(|login| login.seen.known());
    let unverified = matches!(login, Some(LoginOutcome::Accepted { danger_unverified: true }));
    let doubtful = unverified && probe.vantage == Vantage::Elsewhere && is_private(case, server);
    doubtful.then(|| {
        Gap::new(
            format!("the login to {}", server.name),
            "a private name may lead elsewhere to another server, and nobody verified the \
             certificate of the one that let the user in",
            Unlock::Vantage("a subnet of the replication".into()),
        )
    })
}

//! The doctor looks for itself: what the arguments ask for, a clock, progress, Ctrl-C.

use std::{collections::BTreeSet, io, num::NonZeroU32, time::Duration};

use thiserror::Error;
use tidb_dms_checks::{
    checks,
    facts::{Asked, Facts, probe::Vantage},
    policy::Policy,
};

use super::has_files;
use crate::{
    cli::{ArgumentError, DoctorArguments},
    collect::{
        aws::{AwsError, Choice},
        live::{self, Authorities, Request},
        probe::{NoCertificate, Trust},
        tidb_cloud::{Keys, KeysError, ServiceError, Services},
        watch::Watch,
    },
    passwords::{self, Named, PasswordError, Passwords},
    progress::Progress,
};

/// How long all looking may take.
const TIMEOUT: u32 = 60;
/// How long DMS's own tests may take.
const TEST_TIMEOUT: u32 = 300;

/// Why nothing was seen.
#[derive(Debug, Error)]
pub enum LiveError {
    /// AWS can't be looked at.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A CA that can't be verified with.
    #[error("{flag}: {source}")]
    Ca {
        /// The flag that names it.
        flag: &'static str,
        /// What is wrong with it.
        source: NoCertificate,
    },
    /// A password that was promised and isn't there.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Half a key of TiDB Cloud.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// An address of TiDB Cloud's API that is none.
    #[error(transparent)]
    Services(#[from] ServiceError),
    /// The system gives no sockets, timers or signals.
    #[error("could not start: {0}")]
    Start(io::Error),
}

/// What is looked at: AWS, the ends of the migration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Looks {
    aws: bool,
    probe: bool,
}

fn wanted(arguments: &DoctorArguments) -> Looks {
    if arguments.demo {
        return Looks { aws: false, probe: false };
    }
    let aws = arguments.live || !(has_files(arguments) || arguments.probe);
    Looks { aws, probe: (aws || arguments.probe) && !arguments.no_probe }
}

/// Whether anything is looked at. Something must be named then.
pub(super) fn looks(arguments: &DoctorArguments, asked: &Asked) -> Result<bool, ArgumentError> {
    let looks = wanted(arguments);
    let any = looks.aws || looks.probe;
    let named = asked.task.is_some()
        || asked.replication_instance.is_some()
        || asked.replication_config.is_some()
        || asked.source_endpoint.is_some()
        || asked.target_endpoint.is_some()
        || asked.is_planned();
    if any && !named && !has_files(arguments) {
        return Err(ArgumentError::NothingNamed);
    }
    Ok(any)
}

/// Looks, as long as time and patience last. Says whether it was interrupted.
pub(super) fn look(
    facts: Facts,
    arguments: &DoctorArguments,
    policy: &Policy,
) -> Result<(Facts, bool), LiveError> {
    let looks = wanted(arguments);
    if !looks.aws && !looks.probe {
        return Ok((facts, false));
    }
    let request = request(looks, &facts.asked, arguments, policy)?;
    let asked = facts.asked.clone();
    let progress = Progress::new(arguments.quiet);
    let shown = progress.clone();
    let limit = seconds(arguments.timeout, TIMEOUT);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(LiveError::Start)?;
    let (seen, interrupted) = runtime.block_on(async {
        let watch = Watch::new(limit, move |event| shown.hear(&event));
        let mut looking = std::pin::pin!(live::look(facts, &request, &watch));
        tokio::select! {
            seen = &mut looking => (seen, false),
            signal = tokio::signal::ctrl_c() => match signal {
                Ok(()) => {
                    watch.interrupt();
                    (looking.await, true)
                }
                // Whoever can't be interrupted ends in time all the same.
                Err(_) => (looking.await, false),
            }
        }
    });
    // Whatever still hangs somewhere is left behind.
    runtime.shutdown_background();
    progress.end();
    let mut facts = seen?;
    facts.asked.merge(asked);
    Ok((facts, interrupted))
}

fn request(
    looks: Looks,
    asked: &Asked,
    arguments: &DoctorArguments,
    policy: &Policy,
) -> Result<Request, LiveError> {
    let passwords = Passwords::read(
        Named::of(arguments.source_password_file.as_deref(), arguments.source_secret.as_deref()),
        Named::of(arguments.target_password_file.as_deref(), arguments.target_secret.as_deref()),
    )?;
    let tidb_cloud = match Keys::from_environment()? {
        Some(keys) => Some((Services::from_environment()?, keys)),
        None => None,
    };
    Ok(Request {
        aws: looks.aws,
        probe: looks.probe,
        choice: Choice { profile: arguments.profile.clone(), region: arguments.region.clone() },
        needs: needs(policy),
        test_connection: arguments
            .test_connection
            .then(|| seconds(arguments.test_timeout, TEST_TIMEOUT)),
        passwords,
        secrets: (arguments.source_secret.clone(), arguments.target_secret.clone()),
        may_ask: passwords::has_terminal(),
        authorities: Authorities {
            cluster: trust("--ca", asked.ca.as_deref())?,
            other: trust("--other-ca", asked.other_ca.as_deref())?,
        },
        vantage: asked.seat.clone().map_or(Vantage::Elsewhere, Vantage::Seat),
        tidb_cloud,
        danger_allow_unverified_login: arguments.danger_allow_unverified_login,
    })
}

/// What the wanted checks need to see.
fn needs(policy: &Policy) -> BTreeSet<&'static str> {
    checks()
        .filter(|check| policy.wants(check))
        .flat_map(|check| check.needs.iter().copied())
        .collect()
}

fn seconds(given: Option<NonZeroU32>, default: u32) -> Duration {
    Duration::from_secs(given.map_or(default, NonZeroU32::get).into())
}

fn trust(flag: &'static str, ca: Option<&str>) -> Result<Option<Trust>, LiveError> {
    let trust = match ca {
        None => return Ok(None),
        Some("isrg-root-x1") => Trust::isrg_root_x1(),
        Some(pem) => Trust::from_pem(&format!("the CA of {flag}"), pem),
    };
    trust.map(Some).map_err(|source| LiveError::Ca { flag, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_files_the_program_looks_for_itself() {
        let arguments = |change: fn(&mut DoctorArguments)| {
            let mut arguments = DoctorArguments::default();
            change(&mut arguments);
            let looks = wanted(&arguments);
            (looks.aws, looks.probe)
        };
        assert_eq!(arguments(|_| {}), (true, true));
        assert_eq!(arguments(|it| it.no_probe = true), (true, false));
        assert_eq!(arguments(|it| it.probe = true), (false, true));
        assert_eq!(arguments(|it| it.demo = true), (false, false));
        assert_eq!(arguments(|it| it.facts = vec!["f".into()]), (false, false));
        let with_files = |change: fn(&mut DoctorArguments)| {
            let mut arguments =
                DoctorArguments { evidence: vec!["e".into()], ..DoctorArguments::default() };
            change(&mut arguments);
            let looks = wanted(&arguments);
            (looks.aws, looks.probe)
        };
        assert_eq!(with_files(|it| it.live = true), (true, true));
        assert_eq!(with_files(|it| it.probe = true), (false, true));
        assert_eq!(with_files(|it| (it.live, it.no_probe) = (true, true)), (true, false));
        assert_eq!(with_files(|it| (it.live, it.probe) = (true, true)), (true, true));
    }
}

//! TLS between DMS and each server: offered, of a version that DMS speaks, and trusted by what DMS holds.
//!
//! Each cause of a refusal belongs to exactly one check: names to `tls/host-name`, dates of what the
//! server sent to `tls/validity`, what is wrong with the imported CA, or that it is the wrong one, to
//! `tls/dms-certificate`, and the rest of the chain to `tls/chain-trusted`.

use crate::{
    case::{Case, Server},
    change::Change,
    check::Check,
    facts::{Gap, Probe, Unlock, probe::GreetingOutcome},
    judgement::Judgement,
};

mod cause;
mod chain_trusted;
mod dms_certificate;
mod host_name;
mod offered;
mod protocol;
mod repair;
mod ssl_mode_matches_server;
mod suite;
mod validity;

use cause::Owner;
pub(crate) use repair::verify_with;

pub(crate) const CHECKS: &[&Check] = &[
    &offered::CHECK,
    &protocol::CHECK,
    &dms_certificate::CHECK,
    &chain_trusted::CHECK,
    &host_name::CHECK,
    &validity::CHECK,
    &ssl_mode_matches_server::CHECK,
];

/// Where the facts about endpoints and what they hold come from; probes need no leave of AWS's.
const NEEDS: &[&str] = &[
    "dms:DescribeReplicationInstances",
    "dms:DescribeReplicationSubnetGroups",
    "dms:DescribeReplicationConfigs",
    "dms:DescribeReplicationTasks",
    "dms:DescribeEndpoints",
    "dms:DescribeCertificates",
];

const SECURITY: &str = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html";
const SOURCE: &str = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html";
const TARGET: &str = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html";
const STARTER: &str =
    "https://docs.pingcap.com/tidbcloud/secure-connections-to-serverless-clusters";
const DEDICATED: &str = "https://docs.pingcap.com/tidbcloud/tidb-cloud-tls-connect-to-dedicated";

/// What DMS does about TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    None,
    Require,
    VerifyCa,
    VerifyFull,
}

/// The SSL mode; on record otherwise.
fn mode(j: &mut Judgement, server: &Server<'_>) -> Option<Mode> {
    let (place, text) = j.look(server.ssl_mode.clone())?;
    let mode = match text.to_ascii_lowercase().as_str() {
        "none" => Mode::None,
        "require" => Mode::Require,
        "verify-ca" => Mode::VerifyCa,
        "verify-full" => Mode::VerifyFull,
        _ => {
            let reason = format!("its SSL mode `{text}` is none that this version knows");
            j.gap(Gap::new(place, reason, Unlock::Nothing));
            return None;
        }
    };
    j.note(place, "SslMode", text);
    Some(mode)
}

/// The SSL mode where DMS speaks TLS; on record otherwise.
fn encrypts(j: &mut Judgement, server: &Server<'_>) -> Option<Mode> {
    let mode = mode(j, server)?;
    if mode == Mode::None {
        j.not_applicable(format!("SSL mode is none: DMS speaks no TLS with {}", server.name));
        return None;
    }
    Some(mode)
}

/// The SSL mode where DMS verifies the server; on record otherwise.
fn verifies(j: &mut Judgement, server: &Server<'_>) -> Option<Mode> {
    let mode = encrypts(j, server)?;
    if mode == Mode::Require {
        j.not_applicable("SSL mode is require, which verifies nothing");
        return None;
    }
    Some(mode)
}

/// The version that a probe saw a server give itself.
fn version(probe: &Probe) -> Option<Result<String, Gap>> {
    if let Some(version) = probe.session.version.as_ref().and_then(|look| look.seen.known()) {
        return Some(Ok(version.clone()));
    }
    match probe.greeting.as_ref()?.seen.known()? {
        GreetingOutcome::Greeting(greeting) => Some(Ok(greeting.server_version.clone())),
        _ => None,
    }
}

/// The repair that gives DMS the right CA, the mode staying as it is.
fn right_ca(case: &Case<'_>, server: &Server<'_>) -> Option<Change> {
    let (_, mode) = server.ssl_mode.known()?;
    repair::attach(case, server, mode)
}

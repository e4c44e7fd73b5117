//! The server takes connections of the kind that DMS makes.

use crate::{
    case::{Case, Server},
    check::{Check, Judge, TestStep},
    facts::{Assumption, Fact, Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::Mode;

pub(crate) static CHECK: Check = Check {
    id: "tls/ssl-mode-matches-server",
    requirement: "The server lets connections of the endpoint's SSL mode in",
    severity: Severity::Error,
    why: "A server with require_secure_transport refuses plain connections with error 3159, Starter and Essential refuse them on the public endpoint with error 1105, and Aurora MySQL has the variable on by default from 8.4.",
    fix: "Set SSL mode verify-full or verify-ca, with the server's CA as certificate.",
    references: &[
        super::SECURITY,
        super::STARTER,
        super::TARGET,
        "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_require_secure_transport",
    ],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["dms:DescribeCertificates"]),
    after: &[],
    proved_by: Some(TestStep::Login),
    judge: Judge::Endpoint(judge),
};

const VARIABLE: &str = "require_secure_transport";

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    match super::mode(j, server) {
        None | Some(Mode::VerifyCa | Mode::VerifyFull) => {}
        // Of the cluster `dms/ssl-mode` says it.
        Some(Mode::Require) if server.is_cluster() => {}
        Some(Mode::Require) => {
            j.fail(format!(
                "SSL mode of {} is require, which is undocumented for MySQL and verifies nothing",
                server.name
            ))
            .at(Severity::Warning);
        }
        Some(Mode::None) => plain(j, case, server),
    }
}

/// A connection without TLS.
fn plain(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let shared = server.is_cluster()
        && case.cluster.tier.known().is_some_and(|tier| tier.is_shared_gateway());
    if shared {
        gateway(j, case, server);
        return;
    }
    let seen = server.witness(case, VARIABLE, |probe| {
        let look = probe.session.variables.as_ref()?;
        Some(match &look.seen {
            Fact::Known(variables) => Ok(variables.get(VARIABLE).cloned()),
            Fact::Unknown(gap) => Err(gap.clone()),
        })
    });
    let value = match seen {
        Fact::Known((Some(value), _)) => value,
        Fact::Known((None, probe)) => {
            let gap = Gap::new(
                format!("{VARIABLE} of {}", probe.host),
                "it isn't among the variables that were asked for",
                Unlock::Login(server.role),
            );
            unseen(j, case, server, gap);
            return;
        }
        Fact::Unknown(gap) => {
            unseen(j, case, server, gap);
            return;
        }
    };
    j.note(server.resource(), VARIABLE, &value);
    if matches!(value.to_ascii_lowercase().as_str(), "on" | "1" | "true") {
        j.fail(format!(
            "SSL mode of {} is none, and the server has {VARIABLE} on: it refuses plain connections \
             (error 3159)",
            server.name
        ))
        .changes(super::verify_with(case, server, "verify-full"));
    }
}

/// Starter and Essential: the gateway decides, by the way, and not by a variable.
fn gateway(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let Some(path) = j.look(case.cluster.path.clone()) else {
        return;
    };
    if path == PathKind::Public {
        let tier = case.cluster.tier.known().map_or("it", |tier| tier.name());
        j.fail(format!(
            "SSL mode is none, and {tier} refuses plain connections on the public endpoint (error 1105)"
        ))
        .changes(super::verify_with(case, server, "verify-full"));
        return;
    }
    j.assume(Assumption::new(
        case.cluster.name(),
        "it takes plain connections over the private endpoint",
        "TiDB Cloud documents TLS as optional there",
    ));
}

/// Nobody saw the variable. By default it is off, but for Aurora's newest.
fn unseen(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>, gap: Gap) {
    let version = server.witness(case, "the version", super::version);
    let default_is_on =
        is_aurora(server) && version.known().is_some_and(|(version, _)| is_8_4_or_later(version));
    if default_is_on {
        let reason = format!("Aurora MySQL has it on by default from 8.4; {}", gap.reason);
        j.gap(Gap::new(format!("{VARIABLE} of {}", server.name), reason, gap.unlock));
        return;
    }
    j.undecided_at(Severity::Advice);
    // A call of AWS may be all that lets a login of the past count.
    let unlock = match gap.unlock {
        action @ Unlock::IamAction(_) => action,
        _ => Unlock::Login(server.role),
    };
    j.gap(Gap::new(format!("{VARIABLE} of {}", server.name), gap.reason, unlock));
}

fn is_aurora(server: &Server<'_>) -> bool {
    let engine = server.endpoint.and_then(|endpoint| endpoint.engine_name.as_deref());
    let by_engine = engine.is_some_and(|engine| engine.to_ascii_lowercase().starts_with("aurora"));
    // A cluster's names, as RDS gives them: `shop.cluster-x1.region.rds.amazonaws.com`.
    let by_host = server
        .host
        .known()
        .is_some_and(|host| host.contains(".cluster-") && host.contains(".rds.amazonaws.com"));
    by_engine || by_host
}

fn is_8_4_or_later(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (8, 4),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, MODE},
    };

    const SOURCE_MODE: &str = "/inventory/Endpoints/0/SslMode";
    const AT: &str = "2026-11-24T10:00:00Z";

    /// The source as a probe from a seat saw it.
    fn source(session: &Value) -> (&'static str, Value) {
        let version = json!({"server_version": "8.4.7", "tls": true});
        let mut seen = json!([{"host": "orders.x.us-east-1.rds.amazonaws.com", "port": 3306,
            "vantage": {"seat": "subnet-a"}, "role": "source",
            "greeting": {"at": AT, "seen": {"known": {"greeting": version}}}}]);
        seen[0]["session"] = session.clone();
        ("/probes", seen)
    }

    /// Nobody looked.
    fn unseen() -> (&'static str, Value) {
        ("/probes", json!([]))
    }

    fn variable(value: &str) -> Value {
        json!({"variables": {"at": AT, "seen": {"known": {VARIABLE: value}}}})
    }

    #[test]
    fn a_server_may_refuse_plain_connections() {
        let off = source(&variable("OFF"));
        testing::check(
            CHECK.id,
            &[
                (&[unseen()], Outcome::Unknown, "nobody looked"),
                (std::slice::from_ref(&off), Outcome::Pass, ""),
                (&[source(&variable("ON"))], Outcome::Fail, "3159"),
                (
                    &[source(&json!({"variables": {"at": AT, "seen": {"known": {}}}}))],
                    Outcome::Unknown,
                    "asked for",
                ),
                (&[source(&variable("ON")), (SOURCE_MODE, json!("verify-ca"))], Outcome::Pass, ""),
                (&[off.clone(), (SOURCE_MODE, json!("require"))], Outcome::Warn, "undocumented"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[unseen()]).level(), Severity::Advice);
    }

    #[test]
    fn aurora_has_it_on_from_8_4() {
        let aurora = ("/inventory/Endpoints/0/EngineName", json!("aurora"));
        let unseen = [source(&json!({})), aurora.clone()];
        let others = json!({"variables": {"at": AT, "seen": {"known": {"version": "8.4.7"}}}});
        let unasked = [source(&others), aurora.clone()];
        testing::check(
            CHECK.id,
            &[
                (&unseen, Outcome::Unknown, "on by default from 8.4"),
                (&[source(&variable("ON")), aurora.clone()], Outcome::Fail, "3159"),
                (&[source(&variable("0")), aurora], Outcome::Pass, ""),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &unseen).level(), Severity::Error);
        assert_eq!(testing::say(CHECK.id, &unasked).level(), Severity::Error);
        assert!(is_8_4_or_later("8.4.0-log") && is_8_4_or_later("9.1"));
        assert!(!is_8_4_or_later("8.0.39") && !is_8_4_or_later("x"));
    }

    #[test]
    fn starter_refuses_them_on_the_public_endpoint() {
        let tls = (SOURCE_MODE, json!("verify-ca"));
        let host = (
            "/inventory/Endpoints/1/ServerName",
            json!("gateway01.us-east-1.prod.aws.tidbcloud.com"),
        );
        testing::check(
            CHECK.id,
            &[
                (&[unseen(), tls.clone(), host, (MODE, json!("none"))], Outcome::Fail, "1105"),
                (
                    &[unseen(), tls.clone(), (MODE, json!("none"))],
                    Outcome::Unknown,
                    "nobody looked",
                ),
            ],
        );
        let private = [tls, (MODE, json!("none"))];
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[(&private, Outcome::Pass, "")],
        );
    }
}

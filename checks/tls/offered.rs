//! The server speaks TLS at all.

use crate::{
    case::{Case, Server},
    check::{Check, Judge, TestStep},
    facts::{
        Gap, Probe,
        probe::{GreetingOutcome, TlsOutcome},
    },
    judgement::Judgement,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "tls/offered",
    requirement: "The server offers TLS where the SSL mode asks for it",
    severity: Severity::Error,
    why: "With any SSL mode but none, DMS asks for TLS right behind the server's greeting, and gives up where the greeting doesn't offer it.",
    fix: "Turn TLS on at the server. A TiDB Cloud cluster always offers it: look which proxy answers in its place.",
    references: &[super::SECURITY, super::STARTER, super::DEDICATED],
    controls: &[],
    needs: super::NEEDS,
    after: &[],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    // Every TiDB Cloud cluster and every MySQL of today offers it: the chain is the graver question.
    j.undecided_at(Severity::Warning);
    let Some(_) = super::encrypts(j, server) else {
        return;
    };
    let Some((offered, _)) = j.look(server.witness(case, "the TLS handshake", seen)) else {
        return;
    };
    let resource = server.resource();
    if let Some(how) = offered {
        j.note(resource, "TLS", how);
        return;
    }
    j.note(resource, "TLS", "not offered");
    let mode = server.ssl_mode.known().map_or("", |(_, mode)| mode);
    j.fail(format!("{} offers no TLS, and SSL mode {mode} asks for it", server.name));
}

/// What a probe saw: how TLS was offered, or that it wasn't.
fn seen(probe: &Probe) -> Option<Result<Option<String>, Gap>> {
    let looks = [&probe.tls, &probe.tls12];
    let outcome = looks.into_iter().flatten().find_map(|look| look.seen.known());
    if let Some(outcome) = outcome {
        return Some(Ok(match outcome {
            TlsOutcome::NotOffered => None,
            TlsOutcome::Session(session) => {
                Some(format!("{}, {}", session.protocol, session.cipher))
            }
            // The handshake is made only with a server whose greeting offers it.
            TlsOutcome::Refused { .. } | TlsOutcome::Broken { .. } | TlsOutcome::TimedOut => {
                Some("offered by the greeting".to_owned())
            }
        }));
    }
    if let Some(GreetingOutcome::Greeting(greeting)) =
        probe.greeting.as_ref().and_then(|look| look.seen.known())
    {
        return Some(Ok(greeting.tls.then(|| "offered by the greeting".to_owned())));
    }
    let gap = |gap: Option<&Gap>| gap.map(|gap| Err(gap.clone()));
    gap(probe.tls.as_ref().and_then(|look| look.seen.gap()))
        .or_else(|| gap(probe.greeting.as_ref().and_then(|look| look.seen.gap())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, MODE, TLS, probes},
    };

    #[test]
    fn tls_is_offered_where_it_is_asked_for() {
        let tls = |outcome: Value| [probes(), (TLS, json!({"known": outcome}))];
        let greeting = "/probes/0/greeting/seen";
        let offers = |tls: bool| {
            let said = json!({"known": {"greeting": {"server_version": "8.0.11-TiDB-v8.5.4", "tls": tls}}});
            let gap = json!({"about": "TLS", "reason": "hung", "unlock": "nothing"});
            [
                probes(),
                (TLS, json!({"unknown": gap})),
                ("/probes/0/tls12", json!(null)),
                (greeting, said),
            ]
        };
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[probes()], Outcome::Pass, ""),
                (&[(MODE, json!("none"))], Outcome::NotApplicable, ""),
                (&[(MODE, json!(null))], Outcome::Unknown, "SSL mode was not delivered"),
                (&[(MODE, json!("tls"))], Outcome::Unknown, "`tls`"),
                (&tls(json!("not_offered")), Outcome::Fail, "offers no TLS"),
                (&tls(json!({"refused": {"alert": "internal_error"}})), Outcome::Pass, ""),
                (&offers(true), Outcome::Pass, ""),
                (&offers(false), Outcome::Fail, "offers no TLS"),
            ],
        );
    }

    #[test]
    fn a_private_name_seen_from_elsewhere_may_be_another_server() {
        let (path, seen) = probes();
        let mut seen = seen;
        seen[0]["host"] = json!("gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com");
        let at = |vantage: Value| {
            let mut seen = seen.clone();
            seen[0]["vantage"] = vantage;
            [(path, seen)]
        };
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&at(json!({"seat": "subnet-b"})), Outcome::Pass, ""),
                (&at(json!("elsewhere")), Outcome::Unknown, "another server"),
                (&at(json!({"seat": "subnet-of-others"})), Outcome::Unknown, "another server"),
            ],
        );
    }
}

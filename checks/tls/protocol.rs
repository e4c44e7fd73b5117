//! The server speaks the version of TLS that DMS speaks.

use crate::{
    case::{Case, Server},
    check::{Check, Judge, TestStep},
    facts::{Gap, Probe, Unlock, probe::TlsOutcome},
    judgement::Judgement,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "tls/protocol",
    requirement: "The server speaks TLS 1.2, the only version that DMS speaks with MySQL endpoints",
    severity: Severity::Error,
    why: "DMS offers TLS 1.2 alone. A handshake that ended in TLS 1.3 says nothing of 1.2, so it takes one of its own to know.",
    fix: "Let the server take TLS 1.2 beside 1.3.",
    references: &[super::SECURITY, super::STARTER, super::DEDICATED],
    controls: &[],
    needs: super::NEEDS,
    after: &["tls/offered"],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

/// The alert that proves a refusal; others may be about ciphers.
const PROOF: &str = "protocol_version";

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    j.undecided_at(Severity::Warning);
    let Some(_) = super::encrypts(j, server) else {
        return;
    };
    let seen = server.witness(case, "the TLS 1.2 handshake", |probe| seen(server, probe));
    let Some((cipher, _)) = j.look(seen) else {
        return;
    };
    let resource = server.resource();
    match cipher {
        Some(cipher) => j.note(resource, "TLS 1.2", cipher),
        None => {
            j.note(resource, "TLS 1.2", PROOF);
            j.fail(format!(
                "{} refuses TLS 1.2 with the alert {PROOF}, and DMS speaks no other",
                server.name
            ));
        }
    }
}

/// What a probe saw: the cipher of a session of TLS 1.2, or that the server refuses the version.
fn seen(server: &Server<'_>, probe: &Probe) -> Option<Result<Option<String>, Gap>> {
    let tls12 = probe.tls12.as_ref();
    let both = [tls12, probe.tls.as_ref()];
    for outcome in both.into_iter().flatten().filter_map(|look| look.seen.known()) {
        match outcome {
            TlsOutcome::Session(session) if session.protocol == "TLSv1.2" => {
                return Some(Ok(Some(session.cipher.clone())));
            }
            _ => {}
        }
    }
    let about = format!("TLS 1.2 of {}", server.name);
    let Some(look) = tls12 else {
        // A handshake that offers both ends in 1.3 wherever the server knows it.
        probe.tls.as_ref()?;
        return Some(Err(Gap::new(
            about,
            "no handshake offered it alone",
            Unlock::Vantage(format!(
                "a place that reaches it, with `tidb-dms probe {}:{}`",
                probe.host, probe.port
            )),
        )));
    };
    let Some(outcome) = look.seen.known() else {
        return look.seen.gap().map(|gap| Err(gap.clone()));
    };
    Some(match outcome {
        TlsOutcome::Refused { alert, .. } if alert == PROOF => Ok(None),
        TlsOutcome::Refused { alert, .. } => Err(Gap::new(
            about,
            format!(
                "a handshake that offers it alone was refused with the alert {alert}, which may be \
                 about ciphers that DMS has and this program hasn't"
            ),
            Unlock::Vantage("DMS itself: its connection test, in which OpenSSL decides".into()),
        )),
        other => Err(super::verification::no_session(server, other)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, MODE, TLS, probes},
    };

    const TLS12: &str = "/probes/0/tls12/seen";

    #[test]
    fn only_a_version_alert_proves_a_refusal() {
        let saw = |outcome: Value| [probes(), (TLS12, json!({"known": outcome}))];
        let refused = |alert: &str| saw(json!({"refused": {"alert": alert}}));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[probes()], Outcome::Pass, ""),
                (&[probes(), (MODE, json!("require"))], Outcome::Pass, ""),
                (&[probes(), (MODE, json!("none"))], Outcome::NotApplicable, ""),
                (&refused("protocol_version"), Outcome::Fail, "refuses TLS 1.2"),
                (&refused("handshake_failure"), Outcome::Unknown, "about ciphers"),
                (&saw(json!({"broken": {"how": "closed"}})), Outcome::Unknown, "closed"),
                (&saw(json!("timed_out")), Outcome::Unknown, "fell silent"),
            ],
        );
    }

    #[test]
    fn a_handshake_that_ended_in_1_3_says_nothing() {
        let without = ("/probes/0/tls12", json!(null));
        let protocol = "/probes/0/tls/seen/known/session/protocol";
        testing::check(
            CHECK.id,
            &[
                (&[probes(), without.clone()], Outcome::Unknown, "no handshake offered it alone"),
                (&[probes(), without, (protocol, json!("TLSv1.2"))], Outcome::Pass, ""),
            ],
        );
        let gap = json!({"unknown": {"about": "x", "reason": "hung", "unlock": "nothing"}});
        let both = [probes(), (TLS, gap.clone()), (TLS12, gap)];
        testing::check(CHECK.id, &[(&both, Outcome::Unknown, "hung")]);
    }
}

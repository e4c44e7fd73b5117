//! Somebody could connect.

use crate::{
    case::{Case, Server, is_seat},
    check::{Check, Judge, TestStep},
    facts::{
        Fact, Gap, Unlock,
        probe::{TcpAttempt, TcpOutcome},
    },
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/tcp-connects",
    requirement: "Something listens at the host and port of each endpoint",
    severity: Severity::Advice,
    why: "A connection from anywhere shows that the port is the right one and somebody listens. It doesn't speak for the replication, which has its own routes, security groups and public address.",
    fix: "Compare host and port with the cluster's Connect dialog, and see whether the cluster runs.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
        "https://docs.pingcap.com/tidbcloud/connect-via-standard-connection-serverless",
        "https://docs.pingcap.com/tidbcloud/connect-via-standard-connection",
    ],
    controls: &[],
    needs: &needs::joined::<20>(
        &needs::WAY,
        &["ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls"],
    ),
    after: &["network/dns-resolves"],
    proved_by: Some(TestStep::Login),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    // Somebody's vain attempt is no fault of the way that the replication takes. From a subnet of its
    // own it is a doubt, though, that no rule which was read explains.
    let vain = |probe: &crate::facts::Probe| {
        let look = probe.tcp.as_ref().and_then(|look| look.seen.known());
        look.is_some_and(|attempts| !attempts.is_empty() && !connected(attempts))
    };
    let any_from_a_seat =
        server.probes.iter().any(|probe| is_seat(case, &probe.vantage) && vain(probe));
    if any_from_a_seat && arrives(case, server) {
        j.undecided_at(Severity::Error);
    }
    let seen = server.witness(case, "the TCP connection", |probe| {
        let look = probe.tcp.as_ref()?;
        Some(match &look.seen {
            Fact::Known(attempts) if connected(attempts) => Ok(attempts),
            Fact::Known(attempts) => Err(Gap::new(
                format!("{}:{}", probe.host, probe.port),
                shown(attempts),
                Unlock::Vantage(
                    "DMS itself: its connection test speaks for the replication".into(),
                ),
            )),
            Fact::Unknown(gap) => Err(gap.clone()),
        })
    });
    if let Some((attempts, _)) = j.look(seen) {
        for attempt in attempts.iter().filter(|one| one.outcome == TcpOutcome::Connected) {
            j.note(server.resource(), "connected", attempt.address);
        }
    }
}

fn connected(attempts: &[TcpAttempt]) -> bool {
    attempts.iter().any(|attempt| attempt.outcome == TcpOutcome::Connected)
}

/// Whether, by all that was read, a packet of the replication arrives there.
fn arrives(case: &Case<'_>, server: &Server<'_>) -> bool {
    server.is_cluster()
        && case.seats.known().is_some_and(|seats| {
            seats.iter().all(|seat| {
                seat.path
                    .known()
                    .is_some_and(|path| path.stops.is_empty() && path.doubts.is_empty())
            })
        })
}

fn shown(attempts: &[TcpAttempt]) -> String {
    if attempts.is_empty() {
        return "no address was tried".to_owned();
    }
    let all: Vec<String> = attempts
        .iter()
        .map(|attempt| {
            let outcome = match &attempt.outcome {
                TcpOutcome::Connected => "answered".to_owned(),
                TcpOutcome::Refused => {
                    "refused: the host was reached and nobody listens there".to_owned()
                }
                TcpOutcome::TimedOut => "nobody answered in time".to_owned(),
                TcpOutcome::Unreachable => "a router said that there is no way".to_owned(),
                TcpOutcome::NotSent(error) => format!("nothing was sent: {error}"),
            };
            format!("{}: {outcome}", attempt.address)
        })
        .collect();
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, both_probed},
    };

    const TCP: &str = "/probes/0/tcp/seen";

    #[test]
    fn a_vain_attempt_is_never_a_failure() {
        let came_to = |outcome: &str| {
            (TCP, json!({"known": [{"address": "44.210.0.50", "outcome": outcome}]}))
        };
        let elsewhere = ("/probes/0/vantage", json!("elsewhere"));
        let level = |changes: &[(&str, Value)]| testing::say(CHECK.id, changes).level();
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[both_probed()], Outcome::Pass, ""),
                (&[both_probed(), elsewhere.clone()], Outcome::Pass, ""),
                (&[both_probed(), came_to("refused")], Outcome::Unknown, "nobody listens"),
                (&[both_probed(), came_to("timed_out")], Outcome::Unknown, "in time"),
                (
                    &[both_probed(), came_to("timed_out"), elsewhere.clone()],
                    Outcome::Unknown,
                    "in time",
                ),
            ],
        );
        assert_eq!(level(&[both_probed(), came_to("timed_out"), elsewhere]), Severity::Advice);
        assert_eq!(level(&[both_probed(), came_to("timed_out")]), Severity::Error);
        // Where the way is known to be barred, the attempt only shows it.
        let no_route = ("/inventory/RouteTables/0/Routes/1", json!(null));
        assert_eq!(level(&[both_probed(), came_to("timed_out"), no_route]), Severity::Advice);
    }
}

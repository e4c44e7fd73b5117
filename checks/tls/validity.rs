//! The certificates that the server sends are in date.

use jiff::Timestamp;

use crate::{
    case::{Case, Server},
    check::{Check, Judge, TestStep},
    facts::{Gap, Unlock},
    judgement::Judgement,
    severity::Severity,
    trust::{Certificate, Verdict},
};

use super::Owner;

pub(crate) static CHECK: Check = Check {
    id: "tls/validity",
    requirement: "Every certificate of the server's chain is in date",
    severity: Severity::Error,
    why: "DMS refuses a chain of which one certificate has ended or hasn't begun. TiDB Cloud renews its servers' certificates by itself, so few days left are no fault.",
    fix: "Renew the server's certificate. Where the server is a TiDB Cloud cluster, which renews it by itself, look who answers in its place, or ask TiDB Cloud support.",
    references: &[super::SECURITY, super::STARTER, super::DEDICATED],
    controls: &[],
    needs: super::NEEDS,
    after: &["tls/offered"],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let Some(_) = super::verifies(j, server) else {
        return;
    };
    let judged = server.verification(case);
    let presented = j.look(judged.presented.clone());
    let trust = j.look(judged.trust.clone());
    let (Some(presented), Some(trust)) = (presented, trust) else {
        return;
    };
    let at = case.facts.taken_at;
    let sent = presented.chain.certificates();
    if let Some(leaf) = sent.first() {
        j.note(server.resource(), "valid until", until(leaf, at));
    }
    let causes = judged.causes(case, server, Owner::Validity);
    for cause in &causes {
        j.fail(format!("{}: {}", server.name, cause.detail));
    }
    if !causes.is_empty() || trust.verdict == Verdict::Trusted {
        return;
    }
    // What isn't on the way to the CA may be as old as it likes, but the way isn't known.
    for (place, late) in sent.iter().enumerate().filter(|(_, one)| !is_in_date(one, at)) {
        j.gap(Gap::new(
            format!("certificate {} of {} ({})", place + 1, server.name, late.name()),
            "it is out of date, and whether the way to the CA leads over it can't be told",
            Unlock::Vantage("DMS itself: its connection test, in which OpenSSL decides".into()),
        ));
    }
}

/// OpenSSL calls a certificate expired in the very second in which it ends.
fn is_in_date(certificate: &Certificate, at: Timestamp) -> bool {
    let (begin, end) = certificate.dates();
    begin.as_second() <= at.as_second() && at.as_second() < end.as_second()
}

fn until(leaf: &Certificate, at: Timestamp) -> String {
    const DAY: i64 = 24 * 60 * 60;
    let (_, end) = leaf.dates();
    let days = (end.as_second() - at.as_second()).div_euclid(DAY);
    let date = end.strftime("%Y-%m-%d");
    if days < 0 { date.to_string() } else { format!("{date}, {days} days left") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, MODE, probes},
    };

    #[test]
    fn what_the_server_sends_is_in_date() {
        let on = |date: &str| [probes(), ("/taken_at", json!(date))];
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[probes()], Outcome::Pass, ""),
                // A leaf that ends tomorrow is renewed by itself.
                (&on("2027-01-12T23:00:00Z"), Outcome::Pass, ""),
                (&on("2027-02-01T00:00:00Z"), Outcome::Fail, "expired on"),
                (&on("2026-10-01T00:00:00Z"), Outcome::Fail, "is valid from"),
                (&[probes(), (MODE, json!("require"))], Outcome::NotApplicable, ""),
            ],
        );
        let said = testing::say(CHECK.id, &[probes()]);
        let target = said.rows.iter().find(|row| row.subject.kind == "target").unwrap();
        assert!(target.evidence.iter().any(|seen| seen.value.ends_with("days left")), "{target:?}");
    }
}

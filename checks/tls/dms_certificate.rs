//! What DMS holds to verify the server with.

use crate::{
    case::{
        Case, Server,
        verification::{Verification, attached, imported},
    },
    check::{Check, Judge, TestStep},
    facts::{Gap, Probe, Unlock, probe::TlsOutcome},
    judgement::Judgement,
    migration::Side,
    severity::Severity,
    trust::{self, Ca, Code},
};

use super::{Owner, cause::expected};

pub(crate) static CHECK: Check = Check {
    id: "tls/dms-certificate",
    requirement: "The certificate imported into DMS is the right CA: readable, a root, in date, and the one that the server's chain leads to",
    severity: Severity::Error,
    why: "DMS trusts the one certificate that the endpoint names. ISRG Root X1 vouches for Starter and Essential and for nothing else, Dedicated and Premium have a CA of their own, and an intermediate or the server's own certificate is no CA for OpenSSL.",
    fix: "Import the right CA alone and attach it to the endpoint: ISRG Root X1 for Starter and Essential, the CA from the cluster's Connect dialog for Dedicated and Premium, else the CA of the server's own provider.",
    references: &[
        super::SECURITY,
        super::STARTER,
        super::DEDICATED,
        "https://docs.aws.amazon.com/dms/latest/APIReference/API_Certificate.html",
    ],
    controls: &["DMS.9"],
    needs: super::NEEDS,
    after: &["tls/offered"],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let Some(_) = super::verifies(j, server) else {
        return;
    };
    match case.side(server.role) {
        Side::Seen(_) => {}
        Side::Unseen(gap) => return j.gap(gap.clone()),
        Side::NotNamed => return j.not_applicable("there is no DMS endpoint yet"),
    }
    let mend = || super::right_ca(case, server);
    let Some(arn) = attached(server) else {
        let mode = server.ssl_mode.known().map_or("", |(_, mode)| mode);
        j.fail(format!("SSL mode is {mode}, and no certificate is attached to {}", server.name))
            .changes(mend());
        return;
    };
    let pem = match imported(case, arn) {
        Ok(pem) => pem,
        Err(gap) => return j.gap(gap),
    };
    let ca = match Ca::read(pem.as_bytes()) {
        Ok(ca) => ca,
        Err(error) => {
            j.note(arn, "CertificatePem", "can't be read");
            j.fail(format!("The certificate of {} can't be read: {error}", server.name))
                .changes(mend());
            return;
        }
    };
    for certificate in ca.certificates() {
        let (_, end) = certificate.dates();
        let until = format!("{}, until {}", certificate.name(), end.strftime("%Y-%m-%d"));
        j.note(arn, "CertificatePem", until);
    }
    let blocks = ca.certificates().len();
    if blocks > 1 {
        j.fail(format!("The certificate of {} holds {blocks} certificates", server.name))
            .at(Severity::Warning)
            .advise("Import the one that is needed alone: which of several OpenSSL takes is not documented for DMS");
    }

    let judged = server.verification(case);
    let details = if judged.presented.known().is_some() {
        against_the_chain(j, case, server, judged, &ca)
    } else {
        by_itself(j, case, server, judged, &ca)
    };
    if !details.is_empty() {
        let may_be_the_chain = judged
            .causes(case, server, Owner::Certificate)
            .iter()
            .any(|cause| cause.code == Code::IncompleteChain);
        let draft = j.fail(format!("{}: {}", server.name, details.join("; "))).changes(mend());
        if may_be_the_chain {
            draft.advise("Import the right CA; where it is the right one already, let the server send the certificates between its own and the root");
        }
    }
}

/// What is wrong with a CA in the light of the chain that was seen.
fn against_the_chain(
    j: &mut Judgement,
    case: &Case<'_>,
    server: &Server<'_>,
    judged: &Verification,
    ca: &Ca,
) -> Vec<String> {
    let details: Vec<String> = judged
        .causes(case, server, Owner::Certificate)
        .iter()
        .map(|cause| cause.detail.clone())
        .collect();
    let is_right = expected(case, server, ca).and_then(|expected| expected.is_it) == Some(true);
    if !details.is_empty() || is_right {
        return details;
    }
    // A chain that breaks off before it comes to any root doesn't tell whether this is the right one.
    if !judged.causes(case, server, Owner::Chain).is_empty() {
        j.gap(Gap::new(
            format!("the CA of {}", server.name),
            "the server's chain is broken and doesn't show whether this is the right one",
            Unlock::Vantage(format!("{}, once its chain is whole", server.name)),
        ));
    }
    for gap in judged.gaps(server, |about| about != trust::HOST_NAME) {
        j.gap(gap);
    }
    details
}

/// What is wrong with a CA of which no chain was seen: its own faults, and that somebody who knows says
/// that it must be another.
fn by_itself(
    j: &mut Judgement,
    case: &Case<'_>,
    server: &Server<'_>,
    judged: &Verification,
    ca: &Ca,
) -> Vec<String> {
    let faults = ca.faults(case.facts.taken_at);
    if !faults.is_empty() && ca.may_be_a_servers_own() {
        j.gap(Gap::new(
            format!("the CA of {}", server.name),
            "it is no CA, and whether it is the server's own certificate, which OpenSSL takes as one, \
             wasn't seen",
            Unlock::Vantage(format!("a place that reaches {}", server.name)),
        ));
        return Vec::new();
    }
    let mut details: Vec<String> = Vec::new();
    for fault in faults {
        if !details.contains(&fault.detail) {
            details.push(fault.detail);
        }
    }
    for mut gap in ca.gaps(case.signatures.0) {
        gap.about = format!("{} of {}", gap.about, server.name);
        j.gap(gap);
    }
    let unseen = judged.presented.gap();
    let Some(expected) = expected(case, server, ca) else {
        j.gaps(unseen);
        return details;
    };
    // A chain that somebody saw, and that may be another server's, is reason enough not to go by what
    // is documented.
    let is_shown = |probe: &&Probe| {
        let look = probe.tls.as_ref().and_then(|look| look.seen.known());
        matches!(look, Some(TlsOutcome::Session(_)))
    };
    match expected.is_it {
        Some(false) if server.probes.iter().any(is_shown) => j.gaps(unseen),
        Some(is_right) => {
            if !is_right {
                details.push(expected.otherwise);
            }
            j.assume(expected.assumption);
        }
        None => j.gaps(unseen),
    }
    details
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, CA, MODE, probes},
        trust::ISRG_ROOT_X1_PEM,
    };

    const LIST: &str = "/inventory/Certificates";
    const ATTACHED: &str = "/inventory/Endpoints/1/CertificateArn";
    const ARN: &str = "arn:aws:dms:us-east-1:1:cert:C";

    /// DMS holds these, and the target's endpoint names the first.
    fn holds(pems: &[&str]) -> [(&'static str, Value); 2] {
        let items = pems.iter().enumerate().map(|(place, pem)| {
            let arn = if place == 0 { ARN.to_owned() } else { format!("{ARN}{place}") };
            // The field describes one of the blocks, whichever.
            json!({"CertificateArn": arn, "CertificatePem": pem, "ValidToDate": "2020-01-01T00:00:00Z"})
        });
        [(LIST, items.collect()), (ATTACHED, json!(ARN))]
    }

    fn starter() -> (&'static str, Value) {
        let host = "gateway01.us-east-1.prod.aws.tidbcloud.com";
        ("/inventory/Endpoints/1/ServerName", json!(host))
    }

    #[test]
    fn what_is_imported_is_a_certificate() {
        let broken = CA.replace("END CERTIFICATE", "END");
        let list = json!([{"CertificateArn": ARN}]);
        let attached = (ATTACHED, json!(ARN));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Fail, "no certificate is attached"),
                (&[(MODE, json!("none"))], Outcome::NotApplicable, ""),
                (std::slice::from_ref(&attached), Outcome::Unknown, "not delivered"),
                (&[attached.clone(), (LIST, json!([]))], Outcome::Unknown, "not among"),
                (
                    &[attached.clone(), (LIST, list)],
                    Outcome::Unknown,
                    "CertificatePem was not delivered",
                ),
                (&holds(&["hello"]), Outcome::Fail, "can't be read"),
                (&holds(&[&broken]), Outcome::Fail, "can't be read"),
            ],
        );
    }

    #[test]
    fn without_a_chain_it_is_the_documented_ca() {
        let on = |pems: &[&str], more: (&'static str, Value)| {
            let [list, attached] = holds(pems);
            [list, attached, more]
        };
        let late = ("/taken_at", json!("2034-02-01T00:00:00Z"));
        let both = format!("{CA}{ISRG_ROOT_X1_PEM}");
        testing::check(
            CHECK.id,
            &[
                // A Dedicated cluster's own CA may be any, but it isn't a public one.
                (&holds(&[CA]), Outcome::Unknown, "nobody looked"),
                (&holds(&[ISRG_ROOT_X1_PEM]), Outcome::Fail, "isn't the cluster's own CA"),
                (&on(&[CA], ("/asked/ca", json!(CA))), Outcome::Pass, ""),
                (&on(&[CA], ("/asked/ca", json!("isrg-root-x1"))), Outcome::Fail, "the CA of --ca"),
                (&on(&[ISRG_ROOT_X1_PEM], starter()), Outcome::Pass, ""),
                (&on(&[CA], starter()), Outcome::Fail, "isn't ISRG Root X1"),
                (&on(&[CA], late), Outcome::Fail, "expired on"),
                (&on(&[&both], starter()), Outcome::Warn, "holds 2 certificates"),
            ],
        );
        // What is imported already needn't be imported again.
        let said = testing::say(CHECK.id, &on(&[CA, ISRG_ROOT_X1_PEM], starter()));
        assert_eq!(said.commands().len(), 1, "{:?}", said.commands());
        assert!(said.commands()[0].ends_with(&format!("--certificate-arn {ARN}1")));
        let said = testing::say(CHECK.id, &on(&[CA], starter()));
        assert_eq!(said.commands().len(), 3, "{:?}", said.commands());
    }

    #[test]
    fn a_leaf_or_an_intermediate_is_no_ca() {
        let leaf = include_str!("../testing/leaf.pem");
        let [list, attached] = holds(&[leaf]);
        let seen = [list.clone(), attached.clone(), probes()];
        testing::check(
            CHECK.id,
            &[
                (&[list, attached], Outcome::Fail, "is not self-signed"),
                (&seen, Outcome::Fail, "it is the server's own certificate"),
            ],
        );
    }
}

//! The server's certificate carries the name that DMS asks for.

use std::collections::BTreeSet;

use crate::{
    case::{Case, Server},
    change::{DmsChange, EndpointFields},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    severity::Severity,
    trust,
};

use super::{Mode, Owner};

pub(crate) static CHECK: Check = Check {
    id: "tls/host-name",
    requirement: "The server's certificate carries the host name of the DMS endpoint, where the SSL mode is verify-full",
    severity: Severity::Error,
    why: "verify-full compares the endpoint's ServerName with the names in the certificate. An address, a name of one's own, or the raw vpce-….amazonaws.com name of an interface endpoint is not among them.",
    fix: "Name the host in the endpoint exactly as the cluster's Connect dialog does for this kind of path.",
    references: &[
        super::SECURITY,
        super::STARTER,
        super::DEDICATED,
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
    ],
    controls: &[],
    needs: super::NEEDS,
    after: &["tls/offered"],
    proved_by: Some(TestStep::Certificates),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    match super::verifies(j, server) {
        Some(Mode::VerifyFull) => {}
        Some(_) => {
            j.not_applicable("SSL mode is verify-ca: DMS doesn't look at names");
            return;
        }
        None => return,
    }
    let Some(host) = j.look(server.host.clone()) else {
        return;
    };
    let judged = server.verification(case);
    let Some(presented) = j.look(judged.presented.clone()) else {
        return;
    };
    j.note(server.resource(), "ServerName", &host);
    for cause in judged.causes(case, server, Owner::HostName) {
        let draft = j.fail(cause.detail.clone());
        if !server.is_cluster() {
            draft.advise(format!(
                "Name {} in its DMS endpoint by one of the certificate's names, which DMS has to reach it by",
                server.name
            ));
        }
        if let (Some(name), Some(endpoint), Some(region)) =
            (known_name(case, server, &presented.chain), server.endpoint, case.region())
        {
            draft.change(DmsChange::ModifyEndpoint {
                region,
                endpoint: endpoint.endpoint_arn.clone(),
                fields: EndpointFields { server: Some(name), ..EndpointFields::default() },
            });
        }
    }
    for gap in judged.gaps(server, |about| about == trust::HOST_NAME) {
        j.gap(gap);
    }
}

/// The one host of those in the facts that the certificate names: a name that nobody has met may lead
/// nowhere.
fn known_name(case: &Case<'_>, server: &Server<'_>, chain: &trust::Chain) -> Option<String> {
    let leaf = chain.certificates().first()?.link();
    let host = server.host.known()?;
    let clusters = case.facts.clusters.iter().map(|cluster| cluster.host.as_str());
    let probes = case.facts.probes.iter().map(|probe| probe.host.as_str());
    let names: BTreeSet<String> = clusters
        .chain(probes)
        .map(|name| name.trim_end_matches('.').to_ascii_lowercase())
        .filter(|name| name != host && leaf.san.iter().any(|san| san.eq_ignore_ascii_case(name)))
        .collect();
    let mut names = names.into_iter();
    names.next().filter(|_| names.next().is_none())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, MODE, probes, probes_of},
    };

    #[test]
    fn the_certificate_carries_the_name() {
        let name = "/inventory/Endpoints/1/ServerName";
        let asked = ("/asked/tidb_as", json!("target"));
        let other = "tidb.other.clusters.tidb-cloud.com";
        let by = |host: &str| [(name, json!(host)), asked.clone(), probes_of(host)];
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[probes()], Outcome::Pass, ""),
                (&by(other), Outcome::Fail, "is not among the certificate's names"),
                (&by("44.210.0.50"), Outcome::Fail, "must name the host, not its address"),
                (&[probes(), (MODE, json!("verify-ca"))], Outcome::NotApplicable, ""),
            ],
        );
        // The cluster's own entry has the name, and nobody has met another.
        let said = testing::say(CHECK.id, &by(other));
        assert!(said.commands()[0].ends_with("--server-name tidb.abc.clusters.tidb-cloud.com"));
    }
}

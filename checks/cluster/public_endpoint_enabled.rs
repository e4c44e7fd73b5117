//! The public endpoint is on.

use crate::{
    case::Case,
    change::Change,
    check::{Check, Judge, TestStep},
    facts::PathKind,
    judgement::Judgement,
    needs,
    network::is_by,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "cluster/public-endpoint-enabled",
    requirement: "The cluster's public endpoint is on, where the replication uses it",
    severity: Severity::Error,
    why: "A new Dedicated or Premium cluster has its public endpoint off, and Starter's can be switched off: then nobody answers.",
    fix: "In the TiDB Cloud console, Networking: enable the public endpoint.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/connect-via-standard-connection",
        "https://docs.pingcap.com/tidbcloud/connect-via-standard-connection-serverless",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: Some(TestStep::Cluster),
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    if !is_by(j, case, PathKind::Public) {
        return;
    }
    let Some(on) = j.look(case.cluster.public_endpoint.clone()) else {
        return;
    };
    let name = case.cluster.name();
    j.note(name, "public endpoint", if on { "on" } else { "off" });
    if !on {
        let draft = j.fail(format!("The public endpoint of {name} is off"));
        if let Some(host) = case.cluster.host.known() {
            draft.change(Change::EnablePublicEndpoint { host: host.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_list_from_the_console_stands_in_for_an_api_that_refused() {
        let place = "/clusters/0/public_endpoint_enabled";
        let refused = (
            place,
            json!({"unknown": {"about": "a", "reason": "the API key has no right", "unlock": "nothing"}}),
        );
        let listed = ("/asked/ip_access_list", json!(["52.1.2.3"]));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(place, json!({"known": false}))], Outcome::Fail, "is off"),
                (std::slice::from_ref(&refused), Outcome::Unknown, "no right"),
                (&[refused.clone(), listed], Outcome::Pass, ""),
            ],
        );
    }
}

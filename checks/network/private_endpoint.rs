//! The interface endpoint is there and answers.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    facts::{Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/private-endpoint",
    requirement: "The private endpoint that the cluster is reached by is available and in reach",
    severity: Severity::Error,
    why: "An endpoint that TiDB Cloud hasn't accepted, or that was rejected or deleted, swallows connections; its network interfaces still show their addresses.",
    fix: "Accept the endpoint in the TiDB Cloud console, or create it anew in a zone that the service supports.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections-serverless",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/route"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    if super::is_by_another(j, case, PathKind::PrivateEndpoint) {
        return;
    }
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    for endpoint in &path.endpoints {
        j.note(endpoint.as_str(), "State", "available");
    }
    if !path.endpoints.is_empty() {
        return;
    }
    if case.path_kind().is_some() && path.complete && j.is_clean() {
        j.gap(Gap::new(
            "the private endpoint",
            "the cluster's address belongs to no VPC endpoint that was delivered",
            Unlock::IamAction("ec2:DescribeVpcEndpoints".into()),
        ));
    } else {
        super::not_on_the_way(j, path, "a private endpoint");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn the_endpoint_has_to_be_available() {
        let state = "/inventory/VpcEndpoints/0/State";
        let resolved = ("/asked/tidb_addresses", json!(["10.0.1.99"]));
        let elsewhere = ("/asked/tidb_addresses", json!(["10.0.1.98"]));
        let whole = (
            "/inventory/NetworkInterfaces/0/PrivateIpAddresses",
            json!([{"Primary": true, "PrivateIpAddress": "10.0.1.99"}]),
        );
        let named = ("/inventory/VpcEndpoints/0/NetworkInterfaceIds", json!(["eni-e", "eni-f"]));
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (std::slice::from_ref(&resolved), Outcome::Pass, ""),
                (&[resolved.clone(), (state, json!("Available"))], Outcome::Pass, ""),
                (
                    &[resolved.clone(), (state, json!("pendingAcceptance"))],
                    Outcome::Fail,
                    "pending",
                ),
                (&[resolved.clone(), (state, json!("Partial"))], Outcome::Unknown, "in part"),
            ],
        );
        // Interfaces of another account's, or of a service, may be hidden: an address that nobody
        // seems to have may be theirs.
        testing::check_on(
            "network/route",
            &testing::over_private_endpoint(),
            &[
                (&[elsewhere.clone(), whole.clone()], Outcome::Fail, "10.0.1.98 belongs to no"),
                (
                    &[elsewhere.clone(), whole.clone(), named],
                    Outcome::Unknown,
                    "10.0.1.98 may be its",
                ),
                (
                    &[elsewhere.clone(), whole.clone(), ("/inventory/Vpcs/0/OwnerId", json!("9"))],
                    Outcome::Unknown,
                    "vpc-1 is another account's",
                ),
                (
                    &[elsewhere.clone(), whole, ("/inventory/Vpcs/0/OwnerId", json!("1"))],
                    Outcome::Fail,
                    "belongs to no",
                ),
            ],
        );
    }
}

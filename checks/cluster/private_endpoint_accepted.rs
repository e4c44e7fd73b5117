//! TiDB Cloud has accepted the private endpoint.

use crate::{
    case::Case,
    change::PlaceChange,
    check::{Check, Judge, TestStep},
    facts::{Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    network::{endpoint_of_cluster, is_by},
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "cluster/private-endpoint-accepted",
    requirement: "TiDB Cloud has accepted the VPC endpoint as a private endpoint of the cluster",
    severity: Severity::Error,
    why: "Dedicated and Premium want the VPC endpoint's id in the console before they let it in; one that AWS shows and TiDB Cloud doesn't know reaches nobody.",
    fix: "In the TiDB Cloud console, Networking, Private endpoint: enter the VPC endpoint's id and wait until it is active.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections-serverless",
    ],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcEndpoints"]),
    after: &["network/private-endpoint"],
    proved_by: Some(TestStep::Cluster),
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // AWS shows an endpoint as available once the service has taken it.
    j.undecided_at(Severity::Warning);
    if !is_by(j, case, PathKind::PrivateEndpoint) {
        return;
    }
    let Some(tier) = j.look(case.cluster.tier.clone()) else {
        return;
    };
    let known = case.cluster_seen().and_then(|cluster| cluster.private_endpoints.clone());
    if tier.is_shared_gateway() && known.is_none() {
        j.not_applicable(format!(
            "{} asks for no registration, and its rules for private endpoints can't be read from \
             outside",
            tier.name()
        ));
        return;
    }
    let Some(known) = super::look(j, case, known, "its private endpoint connections were") else {
        return;
    };
    let Some(endpoint) = endpoint_of_cluster(case) else {
        j.gap(Gap::new(
            "the VPC endpoint of the cluster",
            "none with its host name or service was delivered",
            Unlock::IamAction("ec2:DescribeVpcEndpoints".into()),
        ));
        return;
    };
    let id = endpoint.vpc_endpoint_id.as_str();
    let name = case.cluster.name();
    j.note(id, "VpcEndpointId", id);
    let register = case.cluster.host.known().map(|host| PlaceChange::RegisterPrivateEndpoint {
        host: host.clone(),
        endpoint: id.to_owned(),
    });
    let Some(connection) = known.iter().find(|connection| connection.endpoint_id == id) else {
        if tier.is_shared_gateway() {
            j.not_applicable(format!("{} asks for no registration", tier.name()));
            return;
        }
        let draft = j.fail(format!("{id} isn't registered with {name}"));
        if let Some(change) = register {
            draft.change(change);
        }
        return;
    };
    let Some(state) = connection.state.as_deref() else {
        j.gap(Gap::new(
            id,
            "its state with TiDB Cloud was not delivered",
            Unlock::File("what the TiDB Cloud API says of the cluster".into()),
        ));
        return;
    };
    j.note(name, "state", state);
    let said = connection
        .message
        .as_deref()
        .filter(|message| !message.is_empty())
        .map(|message| format!(": {message}"))
        .unwrap_or_default();
    let message = match state.to_ascii_uppercase().as_str() {
        "ACTIVE" => return,
        "DISCOVERED" => format!("TiDB Cloud sees {id} and nobody has registered it{said}"),
        "PENDING" => format!("TiDB Cloud is still accepting {id}{said}"),
        "FAILED" | "DELETING" => format!("The private endpoint {id} is {state}{said}"),
        _ => {
            j.gap(Gap::new(
                id,
                format!("its state `{state}` is none that this version knows"),
                Unlock::Nothing,
            ));
            return;
        }
    };
    let draft = j.fail(message);
    match register {
        Some(change) if state.eq_ignore_ascii_case("discovered") => {
            draft.change(change);
        }
        _ if state.eq_ignore_ascii_case("pending") => {
            draft.advise("Wait until it is active, some five minutes");
        }
        _ => {
            draft.advise("Delete the connection in the TiDB Cloud console and make it anew");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn dedicated_wants_every_endpoint_registered() {
        let dedicated = ("/clusters/0/tier", json!({"known": "dedicated"}));
        let known = |state: Value| {
            let list = json!({"known": [{"endpoint_id": "vpce-1", "state": state}]});
            ("/clusters/0/private_endpoints", list)
        };
        let none = ("/clusters/0/private_endpoints", json!({"known": []}));
        let before = |state: &str| {
            let over = testing::over_private_endpoint();
            let (path, list) =
                over.into_iter().find(|(path, _)| path.ends_with("VpcEndpoints")).unwrap();
            let other = json!({"VpcEndpointId": "vpce-0", "VpcEndpointType": "Interface",
                "VpcId": "vpc-1", "ServiceName": list[0]["ServiceName"], "State": state});
            (path, json!([other, list[0]]))
        };
        testing::check(CHECK.id, &[(&[], Outcome::NotApplicable, "")]);
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                // Starter asks for none.
                (&[], Outcome::NotApplicable, ""),
                (std::slice::from_ref(&none), Outcome::NotApplicable, ""),
                (std::slice::from_ref(&dedicated), Outcome::Unknown, "not delivered"),
                (&[dedicated.clone(), known(json!("ACTIVE"))], Outcome::Pass, ""),
                (&[dedicated.clone(), known(json!("DISCOVERED"))], Outcome::Fail, "registered"),
                (&[dedicated.clone(), known(json!("PENDING"))], Outcome::Fail, "still"),
                (&[dedicated.clone(), none.clone()], Outcome::Fail, "isn't registered"),
                // An endpoint that was refused once may still be listed, and before the good one.
                (
                    &[dedicated.clone(), known(json!("ACTIVE")), before("rejected")],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[dedicated.clone(), known(json!("ACTIVE")), before("available")],
                    Outcome::Pass,
                    "",
                ),
            ],
        );
    }
}

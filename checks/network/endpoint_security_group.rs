//! The private endpoint's own security groups let the replication in.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    facts::{Lookup, PathKind},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/endpoint-security-group",
    requirement: "The security groups of the private endpoint let the replication in on the cluster's port",
    severity: Severity::Error,
    why: "An interface endpoint has security groups of its own. The default one admits its own members only, and console rules for MySQL open 3306: both drop connections to 4000 without a word.",
    fix: "Allow inbound TCP to the cluster's port from the replication's security group or subnets, in a group of the endpoint.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections-serverless",
        "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    ],
    controls: &[],
    needs: &needs::joined::<19>(&needs::WAY, &["ec2:DescribeSecurityGroups"]),
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
        let interfaces = case.facts.inventory.vpc_endpoints.items.iter();
        let interfaces = interfaces
            .filter(|known| known.vpc_endpoint_id == *endpoint)
            .flat_map(|known| known.network_interface_ids.iter().flatten());
        for id in interfaces {
            let Lookup::Found(interface) = case.index.interface(id) else {
                continue;
            };
            for group in interface.groups.iter().flatten() {
                let Some(group) = group.group_id.as_deref() else {
                    continue;
                };
                let hop = path.hops.iter().find(|hop| {
                    hop.kind == "security-group" && hop.id == group && !hop.detail.contains('✗')
                });
                if hop.is_some() {
                    j.note(id.as_str(), "Groups", group);
                }
            }
        }
    }
    if path.endpoints.is_empty() {
        super::not_on_the_way(j, path, "a private endpoint");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn the_endpoint_s_group_admits_the_cluster_s_port() {
        let rules = "/inventory/SecurityGroups/1/IpPermissions";
        let rule = |port: u16| json!([{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.1.0/24"}]}]);
        testing::check(CHECK.id, &[(&[], Outcome::NotApplicable, "")]);
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&[], Outcome::Pass, ""),
                (&[(rules, rule(4000))], Outcome::Pass, ""),
                (&[(rules, rule(3306))], Outcome::Fail, "sg-e"),
                (&[(rules, json!([]))], Outcome::Fail, "sg-e"),
                (&[(rules, json!(null))], Outcome::Unknown, "sg-e"),
            ],
        );
    }

    /// The replication's own group stays with the check of security groups.
    #[test]
    fn the_replication_s_own_group_is_another_check_s() {
        let mut changes = testing::over_private_endpoint();
        changes.push(("/inventory/SecurityGroups/0/IpPermissionsEgress", json!([])));
        let outcome = |check: &str| testing::say(check, &changes).outcome();
        assert_eq!(outcome("network/security-group"), Outcome::Fail);
        assert_eq!(outcome(CHECK.id), Outcome::Pass);
    }
}

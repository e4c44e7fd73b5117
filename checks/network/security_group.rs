//! Security groups let the connection pass.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/security-group",
    requirement: "The security groups on the way let the connection to the cluster's port through",
    severity: Severity::Error,
    why: "Security groups only allow: what no rule names is dropped, and DMS reports a timeout. The console's MySQL rule opens 3306; TiDB Cloud's port is 4000.",
    fix: "Allow outbound TCP to the cluster's address and port in one of the replication's security groups.",
    references: &["https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"],
    controls: &[],
    needs: &needs::joined::<19>(&needs::WAY, &["ec2:DescribeSecurityGroups"]),
    after: &[],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    super::note_hops(j, path, "security-group", "IpPermissions");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_group_that_is_being_taken_away_lets_nothing_through() {
        let second = json!({"GroupId": "sg-2", "GroupName": "x", "VpcId": "vpc-1",
            "IpPermissions": [], "IpPermissionsEgress": []});
        let groups = |first: &str, second: &str| {
            let list = json!([{"VpcSecurityGroupId": "sg-1", "Status": first},
                {"VpcSecurityGroupId": "sg-2", "Status": second}]);
            ("/inventory/ReplicationInstances/0/VpcSecurityGroups", list)
        };
        let second = ("/inventory/SecurityGroups/1", second);
        testing::check(
            CHECK.id,
            &[
                (&[second.clone(), groups("active", "active")], Outcome::Pass, ""),
                (&[second.clone(), groups("adding", "active")], Outcome::Pass, ""),
                (
                    &[second.clone(), groups("removing", "active")],
                    Outcome::Fail,
                    "no outbound rule",
                ),
                (&[second, groups("removing", "removing")], Outcome::Unknown, "security groups"),
            ],
        );
    }
}

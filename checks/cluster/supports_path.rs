//! The tier offers the way.

use crate::{
    case::Case,
    check::{Check, Judge, TestStep},
    facts::{Fact, PathKind, Tier, cluster::HostName},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "cluster/supports-path",
    requirement: "The cluster's tier and cloud offer the way by which the replication is to reach it",
    severity: Severity::Error,
    why: "Starter, Essential and Premium have no VPC peering, and a private endpoint of AWS leads to clusters on AWS only.",
    fix: "Use the public endpoint or a private endpoint, as the tier offers.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/connect-to-tidb-cluster-serverless",
        "https://docs.pingcap.com/tidbcloud/set-up-vpc-peering-connections",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: Some(TestStep::Cluster),
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // A way that isn't known leaves all checks of the way undecided, which is grave enough.
    j.undecided_at(Severity::Warning);
    let Some(kind) = j.look(case.cluster.path.clone()) else {
        return;
    };
    let Some(tier) = j.look(case.cluster.tier.clone()) else {
        return;
    };
    let Some(name) = j.look(case.cluster.host.clone()) else {
        return;
    };
    let name = name.as_str();
    j.note(name, "host", name);
    if kind == PathKind::VpcPeering && tier != Tier::Dedicated {
        j.fail(format!("{} has no VPC peering", tier.name()));
    }
    let hint = HostName::read(name).and_then(|name| name.on_aws);
    let provider = match case.cluster_seen().and_then(|cluster| cluster.cloud_provider.as_ref()) {
        Some(Fact::Known(provider)) => Some(provider.eq_ignore_ascii_case("aws")),
        Some(Fact::Unknown(gap)) if hint.is_none() => {
            j.gap(gap.clone());
            return;
        }
        _ => hint,
    };
    if provider == Some(false) && kind != PathKind::Public {
        // Nobody has tried; AWS's private ways end at AWS.
        j.fail(format!("{name} doesn't run on AWS, whose {} doesn't lead out of AWS", kind.name()))
            .at(Severity::Warning)
            .advise("Use the public endpoint");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn only_dedicated_has_peering() {
        let tier = |tier: &str| ("/clusters/0/tier", json!({ "known": tier }));
        testing::check(CHECK.id, &[(&[], Outcome::Pass, "")]);
        testing::check_on(
            CHECK.id,
            &testing::over_peering(),
            &[
                (&[], Outcome::Pass, ""),
                (&[tier("starter")], Outcome::Fail, "Starter has no VPC peering"),
                (&[tier("premium")], Outcome::Fail, "Premium"),
            ],
        );
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&[], Outcome::Pass, ""),
                (
                    &[("/clusters/0/cloud_provider", json!({"known": "alicloud"}))],
                    Outcome::Warn,
                    "doesn't run on AWS",
                ),
                // Its name says where it runs.
                (
                    &[(
                        "/clusters/0/cloud_provider",
                        json!({"unknown": {"about": "a", "reason": "refused", "unlock": "nothing"}}),
                    )],
                    Outcome::Pass,
                    "",
                ),
            ],
        );
    }
}

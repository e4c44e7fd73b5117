//! DMS and the cluster in one region.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::{Fact, Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/dms-region",
    requirement: "DMS runs in the cluster's region",
    severity: Severity::Advice,
    why: "Another region adds latency to every statement, and traffic between regions is billed. A private endpoint across regions isn't supported at all.",
    fix: "Create the replication in the cluster's region.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-an-aws-dms-replication-instance",
    ],
    controls: &[],
    needs: &needs::SEATS,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(mine) = case.region() else {
        // What is only planned has no ARN: its subnets tell the region.
        let unseen = match &case.seats {
            Fact::Unknown(gap) => Some(gap.clone()),
            Fact::Known(seats) => seats.iter().find_map(|seat| seat.source.gap().cloned()),
        };
        j.gap(unseen.unwrap_or_else(|| {
            Gap::new(
                "the replication's region",
                "neither an ARN nor a zone tells it",
                Unlock::IamAction("ec2:DescribeSubnets".into()),
            )
        }));
        return;
    };
    let Some(theirs) = j.look(case.cluster.region.clone()) else {
        return;
    };
    let theirs = theirs.strip_prefix("aws-").unwrap_or(&theirs).to_owned();
    if mine == theirs {
        j.note(case.cluster.name(), "region", &theirs);
        return;
    }
    if case.path_kind() == Some(PathKind::PrivateEndpoint) {
        j.fail(format!(
            "DMS runs in {mine} and the cluster in {theirs}: a private endpoint doesn't cross regions"
        ))
        .at(Severity::Error);
    } else {
        j.fail(format!("DMS runs in {mine} and the cluster in {theirs}"));
    }
    j.note(case.cluster.name(), "region", &theirs);
}

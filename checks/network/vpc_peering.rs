//! The peering connection carries packets to the cluster.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    facts::{Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/vpc-peering",
    requirement: "The VPC peering connection to the cluster is active and holds the cluster's address",
    severity: Severity::Error,
    why: "A peering connection that isn't active carries nothing, and an active one carries packets between its two VPCs' own addresses only.",
    fix: "Accept the peering connection while it is pending, and wait while it is provisioning (one that was rejected, expired, failed or was deleted is made anew in the TiDB Cloud console), and route TiDB Cloud's CIDR to it in every route table that the replication may use.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/set-up-vpc-peering-connections",
        "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/route"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    if super::is_by_another(j, case, PathKind::VpcPeering) {
        return;
    }
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    if !path.peerings.is_empty() {
        super::note_hops(j, path, "vpc-peering-connection", "Status");
        return;
    }
    if case.path_kind().is_some() && path.complete && j.is_clean() {
        j.gap(Gap::new(
            "the peering connection",
            "the way to the cluster's address passes none",
            Unlock::Flag("--tidb-address".into()),
        ));
    } else {
        super::not_on_the_way(j, path, "a peering connection");
    }
}

//! A route to the cluster from every seat.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/route",
    requirement: "Every subnet that the replication may sit in has a route to the cluster",
    severity: Severity::Error,
    why: "Without a matching route, or with one whose target is gone, connections time out (NativeError 2003, 110) and nothing says why.",
    fix: "Add a route for the cluster to the subnet's route table: to a NAT gateway, an internet gateway, or the peering connection.",
    references: &[
        "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#configure-network",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &[],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    if !super::note_hops(j, path, "route-table", "Routes") && j.is_clean() {
        // A neighbour in the same subnet is reached without a route.
        super::note_hops(j, path, "subnet", "CidrBlock");
    }
}

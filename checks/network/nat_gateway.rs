//! NAT that really leads out.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/nat-gateway",
    requirement: "The NAT gateway or NAT instance on the way carries packets to the cluster",
    severity: Severity::Error,
    why: "A NAT gateway needs a public subnet of its own: one that sits in a private subnet, is private itself, or isn't available swallows every packet, and AWS shows no error.",
    fix: "Put a public NAT gateway into a subnet whose route table leads 0.0.0.0/0 to an internet gateway, and route the private subnets to it.",
    references: &[
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#configure-network",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/route"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    let gateways = super::note_hops(j, path, "nat-gateway", "State");
    let instances = path.hops.iter().filter(|hop| hop.detail.starts_with("forwards")).map(|hop| {
        j.note(hop.id.as_str(), "SourceDestCheck", "off");
    });
    if instances.count() == 0 && !gateways {
        super::not_on_the_way(j, path, "NAT");
    }
}

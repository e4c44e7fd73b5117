//! VPC Block Public Access leaves the way open.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    facts::Lookup,
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/block-public-access",
    requirement: "VPC Block Public Access leaves the way to the internet gateway open",
    severity: Severity::Error,
    why: "Block Public Access drops packets at the internet gateway although every route, rule and address is right. block-ingress spares NAT gateways, block-bidirectional spares nothing.",
    fix: "Add an exclusion for the subnet, or take the private subnets' way through NAT where only ingress is blocked.",
    references: &["https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html"],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/route", "network/nat-gateway"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    if path.internet_gateways.is_empty() {
        super::not_on_the_way(j, path, "an internet gateway");
        return;
    }
    for hop in path.hops.iter().filter(|hop| hop.kind == "subnet") {
        let Lookup::Found(subnet) = case.index.subnet(&hop.id) else {
            continue;
        };
        let mode = subnet
            .block_public_access_states
            .as_ref()
            .and_then(|states| states.internet_gateway_block_mode.as_deref());
        j.note(hop.id.as_str(), "BlockPublicAccessStates", mode.unwrap_or("not printed"));
    }
    if path.internet_gateways.len() == 1 && path.hops.iter().all(|hop| hop.kind != "subnet") {
        j.note(path.internet_gateways[0].as_str(), "BlockPublicAccessStates", "not printed");
    }
}

//! The internet gateway on the way is this VPC's.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/internet-gateway",
    requirement: "The internet gateway on the way is attached to the VPC that routes to it",
    severity: Severity::Error,
    why: "Packets to an internet gateway that is attached elsewhere, or nowhere, are dropped without an error.",
    fix: "Attach the internet gateway to the VPC, or route to the one that is attached.",
    references: &[
        "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html#vpc-igw-internet-access",
    ],
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
    for gateway in &path.internet_gateways {
        j.note(gateway.as_str(), "Attachments", seat_vpc(case, seat));
    }
    if path.internet_gateways.is_empty() {
        super::not_on_the_way(j, path, "an internet gateway");
    }
}

fn seat_vpc<'a>(case: &Case<'a>, seat: &Seat<'a>) -> &'a str {
    seat.source.known().map(|source| source.subnet.vpc_id.as_str()).or(case.vpc()).unwrap_or("")
}

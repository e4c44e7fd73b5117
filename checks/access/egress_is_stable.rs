//! Addresses that stay.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge},
    facts::PathKind,
    judgement::Judgement,
    needs,
    network::is_by,
    path::Code,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "access/egress-is-stable",
    requirement: "The addresses that the replication leaves from stay the same",
    severity: Severity::Advice,
    why: "A replication instance's own public address may change at a failover, a change of class or maintenance; a regional NAT gateway may take further ones by itself. The access list then misses them, weeks after the test was green.",
    fix: "Leave through a NAT gateway with an elastic IP address (a regional one in manual mode), and list that.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.VPC.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/route", "network/public-accessibility", "network/nat-gateway"],
    proved_by: None,
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    if !is_by(j, case, PathKind::Public) {
        return;
    }
    let Some(path) = j.look(case.path(seat)) else {
        return;
    };
    for address in &path.egress.addresses {
        j.note(seat.id.as_str(), "egress", address);
    }
    // Whether it has a public address at all is another check's question.
    let has_one = |code: Code| code != Code::IgwPublicIpAssociationForEgress;
    if path.leaves_by_own_address
        && path.stops.iter().all(|stop| has_one(stop.code))
        && path.doubts.iter().all(|doubt| has_one(doubt.code))
    {
        j.fail(
            "The replication leaves with its own public address, which may change at a failover, a \
             change of class or maintenance",
        );
        return;
    }
    for reason in &path.egress.unstable {
        j.fail(reason.as_str());
    }
    for gap in &path.egress.gaps {
        j.gap(gap.clone());
    }
}

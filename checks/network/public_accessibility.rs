//! A public address where the way leads straight to an internet gateway.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/public-accessibility",
    requirement: "A replication that leaves through an internet gateway has a public IPv4 address",
    severity: Severity::Error,
    why: "An internet gateway carries packets of interfaces with a public address only: a private instance in a public subnet, and every serverless replication, is cut off there.",
    fix: "PubliclyAccessible can't be changed later: make a new replication instance with it, or move to private subnets behind a NAT gateway. A serverless replication has no such setting: for it, only the latter helps.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.VPC.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#configure-network",
    ],
    controls: &["DMS.1"],
    needs: &needs::WAY,
    after: &["network/route", "network/nat-gateway"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    if !path.leaves_by_own_address && !path.nat_gateways.is_empty() {
        j.not_applicable("packets leave through NAT");
        return;
    }
    if !path.leaves_by_own_address {
        super::not_on_the_way(j, path, "an internet gateway without NAT");
        return;
    }
    match case.migration.instance() {
        Some(instance) => {
            j.note(
                instance.replication_instance_arn.as_str(),
                "PubliclyAccessible",
                instance.publicly_accessible.unwrap_or_default(),
            );
            for address in &path.egress.addresses {
                j.note(
                    instance.replication_instance_arn.as_str(),
                    "ReplicationInstancePublicIpAddress",
                    address,
                );
            }
        }
        // A serverless replication has no such setting, and never a public address.
        None if case.is_serverless() => {}
        None => j.note(
            "asked",
            "publicly_accessible",
            case.facts.asked.publicly_accessible == Some(true),
        ),
    }
}

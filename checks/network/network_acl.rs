//! Network ACLs let the connection and its answers pass.

use crate::{
    case::{Case, Seat},
    check::{Check, Judge, TestStep},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/network-acl",
    requirement: "The network ACLs on the way let the connection and its answers through",
    severity: Severity::Error,
    why: "Network ACLs are stateless: the answers need a rule of their own, to ports 1024–65535, in every subnet that the packet crosses, the NAT gateway's too.",
    fix: "Allow the cluster's port one way and TCP 1024–65535 the other way, before the first rule that denies.",
    references: &["https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html"],
    controls: &[],
    needs: &needs::joined::<19>(&needs::WAY, &["ec2:DescribeNetworkAcls"]),
    after: &["network/route", "network/nat-gateway"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(path) = super::judge_path(j, case, seat, CHECK.id) else {
        return;
    };
    let any = super::note_hops(j, path, "network-acl", "Entries");
    if !path.complete && j.is_clean() {
        super::not_on_the_way(j, path, "further network ACLs");
    } else if !any {
        super::not_on_the_way(j, path, "a network ACL");
    }
}

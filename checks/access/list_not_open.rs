//! The cluster doesn't let the whole internet in.

use super::covers_everything;
use crate::{
    case::Case,
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "access/list-not-open",
    requirement: "The cluster's IP access list lets in less than the whole internet",
    severity: Severity::Warning,
    why: "With 0.0.0.0/0 on the list the password is the only fence. It is the default of Starter and Essential, and documented as a high risk on Dedicated.",
    fix: "List the addresses that the replication leaves from, and take 0.0.0.0/0 off.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/configure-ip-access-list",
        "https://docs.pingcap.com/tidbcloud/configure-serverless-firewall-rules-for-public-endpoints",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(list) = super::access_list(j, case) else { return };
    let name = case.cluster.name();
    if !covers_everything(&list) {
        for entry in list.iter().take(3) {
            j.note(name, "access list", entry);
        }
        return;
    }
    let Some(tier) = j.look(case.cluster.tier.clone()) else {
        return;
    };
    j.note(name, "access list", "0.0.0.0/0");
    let level = if tier.is_shared_gateway() { Severity::Advice } else { Severity::Warning };
    let default = if tier.is_shared_gateway() { ", which is its default" } else { "" };
    j.fail(format!("The IP access list of {name} lets the whole internet in{default}")).at(level);
}

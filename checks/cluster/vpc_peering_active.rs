//! TiDB Cloud's side of the peering is up.

use crate::{
    case::Case,
    change::PlaceChange,
    check::{Check, Judge, TestStep},
    facts::{Gap, Lookup, PathKind, Unlock, cluster::VpcPeering},
    judgement::Judgement,
    needs,
    network::{is_by, no_vpc},
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "cluster/vpc-peering-active",
    requirement: "TiDB Cloud has a VPC peering with the replication's VPC, and it is active",
    severity: Severity::Error,
    why: "TiDB Cloud asks for the peering and the customer accepts it; until then, and with another VPC than the replication's, nothing is routed back. Peering isn't transitive.",
    fix: "Set up VPC peering with the replication's VPC in the TiDB Cloud console, and accept it in AWS.",
    references: &["https://docs.pingcap.com/tidbcloud/set-up-vpc-peering-connections"],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcPeeringConnections"]),
    after: &["network/vpc-peering"],
    proved_by: Some(TestStep::Cluster),
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // AWS's own side says active only when both agree.
    j.undecided_at(Severity::Warning);
    if !is_by(j, case, PathKind::VpcPeering) {
        return;
    }
    let known = case.cluster_seen().and_then(|cluster| cluster.vpc_peerings.clone());
    let Some(known) = super::look(j, case, known, "its VPC peerings were") else {
        return;
    };
    let Some(vpc) = case.vpc() else {
        j.gap(no_vpc(case));
        return;
    };
    let name = case.cluster.name();
    let ours = known.iter().find(|peering| peering.customer_vpc_id.as_deref() == Some(vpc));
    let Some(peering) = ours else {
        not_peered(j, name, vpc, &known);
        return;
    };
    j.note(name, "customer_vpc_id", vpc);
    let Some(state) = peering.state.as_deref() else {
        j.gap(Gap::new(
            name,
            "the state of its VPC peering was not delivered",
            Unlock::File("what the TiDB Cloud API says of VPC peerings".into()),
        ));
        return;
    };
    j.note(name, "state", state);
    match state.to_ascii_uppercase().as_str() {
        "ACTIVE" => {}
        "PENDING" | "FAILED" => {
            let draft = j.fail(format!("The VPC peering of {name} with {vpc} is {state}"));
            if let Some(change) = acceptance(case, peering) {
                draft.change(change);
            }
        }
        other => j.gap(Gap::new(
            name,
            format!("the state `{other}` of its VPC peering is none that this version knows"),
            Unlock::Nothing,
        )),
    }
}

/// No peering of the cluster is with the VPC, as far as the peerings say whom they are with.
fn not_peered(j: &mut Judgement, name: &str, vpc: &str, known: &[VpcPeering]) {
    if known.iter().any(|peering| peering.customer_vpc_id.is_none()) {
        j.gap(Gap::new(
            name,
            "which VPC a peering of it is with was not delivered",
            Unlock::File("what the TiDB Cloud API says of VPC peerings".into()),
        ));
        return;
    }
    let others: Vec<&str> =
        known.iter().filter_map(|peering| peering.customer_vpc_id.as_deref()).collect();
    j.note(name, "host", name);
    j.fail(if others.is_empty() {
        format!("{name} has no VPC peering")
    } else {
        format!(
            "{name} has VPC peerings with {}, not with {vpc}, where the replication sits",
            others.join(", ")
        )
    });
}

/// The acceptance that AWS waits for, where it waits for one.
fn acceptance(case: &Case<'_>, peering: &VpcPeering) -> Option<PlaceChange> {
    let id = peering.connection_id.as_deref()?;
    let (region, host) = (case.region()?, case.cluster.host.known()?);
    let Lookup::Found(found) = case.index.peering(id) else {
        return None;
    };
    let status = found.status.as_ref()?.code.as_deref();
    (status == Some("pending-acceptance")).then(|| PlaceChange::AcceptPeering {
        region,
        peering: id.to_owned(),
        host: host.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn the_peering_is_with_this_vpc_and_active() {
        let all = "/clusters/0/vpc_peerings";
        let state = "/clusters/0/vpc_peerings/known/0/state";
        let vpc = "/clusters/0/vpc_peerings/known/0/customer_vpc_id";
        let pending =
            ("/inventory/VpcPeeringConnections/0/Status/Code", json!("pending-acceptance"));
        testing::check(CHECK.id, &[(&[], Outcome::NotApplicable, "")]);
        testing::check_on(
            CHECK.id,
            &testing::over_peering(),
            &[
                (&[], Outcome::Pass, ""),
                (&[(state, json!("FAILED"))], Outcome::Fail, "FAILED"),
                (&[(state, json!("PENDING")), pending], Outcome::Fail, "PENDING"),
                (&[(vpc, json!("vpc-7"))], Outcome::Fail, "vpc-7, not with vpc-1"),
                (&[(all, json!({"known": []}))], Outcome::Fail, "has no VPC peering"),
                (&[(all, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
    }
}

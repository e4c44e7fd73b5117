//! TiDB Cloud routes back to where the replication sits.

use ipnet::Ipv4Net;

use crate::{
    case::{Case, Seat},
    check::{Check, Judge},
    facts::{Gap, Lookup, PathKind, Unlock, inventory::ec2::Subnet},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/peering-cidr",
    requirement: "The replication's subnets are in the CIDR that the VPC peering was set up with",
    severity: Severity::Warning,
    why: "TiDB Cloud routes answers to the one CIDR that was registered with the peering. Subnets in a secondary CIDR of the VPC probably get none.",
    fix: "Put the replication into subnets of the registered CIDR.",
    references: &["https://docs.pingcap.com/tidbcloud/set-up-vpc-peering-connections"],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcs"]),
    after: &[],
    proved_by: None,
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    if !super::is_by(j, case, PathKind::VpcPeering) {
        return;
    }
    let source = match &seat.source {
        crate::facts::Fact::Known(source) => source,
        crate::facts::Fact::Unknown(gap) => {
            j.gap(gap.clone());
            return;
        }
    };
    let subnet = source.subnet;
    let Some(net) = net(subnet.cidr_block.as_deref()) else {
        j.gap(Gap::new(
            seat.id.as_str(),
            "its CIDR was not delivered",
            Unlock::IamAction("ec2:DescribeSubnets".into()),
        ));
        return;
    };
    j.note(seat.id.as_str(), "CidrBlock", net);
    let peerings = case.cluster_seen().and_then(|cluster| cluster.vpc_peerings.clone());
    let registered = match peerings {
        None => {
            j.undecided_at(Severity::Advice);
            None
        }
        Some(fact) => {
            let Some(list) = j.look(fact) else { return };
            list.into_iter()
                .find(|peering| peering.customer_vpc_id.as_deref() == Some(subnet.vpc_id.as_str()))
                .and_then(|peering| peering.customer_vpc_cidr)
        }
    };
    if let Some(registered) = registered {
        j.note(case.cluster.name(), "customer_vpc_cidr", &registered);
        match self::net(Some(&registered)) {
            Some(wide) if wide.contains(&net) => {}
            Some(wide) => {
                j.fail(format!(
                    "{} is {net}, and the peering was set up for {wide}: answers have no way back",
                    seat.id
                ));
            }
            None => j.gap(Gap::new(
                case.cluster.name(),
                format!("the peering's CIDR `{registered}` is none"),
                Unlock::Nothing,
            )),
        }
        return;
    }
    without_registration(j, case, seat, subnet, net);
}

/// Without TiDB Cloud's word nothing is known, however likely the VPC's primary CIDR is.
fn without_registration(
    j: &mut Judgement,
    case: &Case<'_>,
    seat: &Seat<'_>,
    subnet: &Subnet,
    net: Ipv4Net,
) {
    let vpc = match case.index.vpc(&subnet.vpc_id) {
        Lookup::Found(vpc) => vpc,
        other => {
            if let Err(gap) = other.or_gap(&subnet.vpc_id, "Vpcs") {
                j.gap(gap);
            }
            return;
        }
    };
    let primary = self::net(vpc.cidr_block.as_deref());
    if primary.is_some_and(|primary| primary.contains(&net)) {
        j.gap(Gap::new(
            seat.id.as_str(),
            "it is in the VPC's primary CIDR, which is the one that is usually registered; what TiDB \
             Cloud has registered was not delivered",
            Unlock::File("what the TiDB Cloud API says of VPC peerings".into()),
        ));
        return;
    }
    j.gap(Gap::new(
        seat.id.as_str(),
        "it isn't in the VPC's primary CIDR, and which CIDR the peering was set up with was not \
         delivered",
        Unlock::File("what the TiDB Cloud API says of VPC peerings".into()),
    ));
}

fn net(text: Option<&str>) -> Option<Ipv4Net> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn answers_go_to_the_registered_cidr() {
        let subnet = "/inventory/Subnets/0/CidrBlock";
        let peerings = "/clusters/0/vpc_peerings";
        let secondary = (subnet, json!("100.64.1.0/24"));
        testing::check(CHECK.id, &[(&[], Outcome::NotApplicable, "")]);
        testing::check_on(
            CHECK.id,
            &testing::over_peering(),
            &[
                (&[], Outcome::Pass, ""),
                (std::slice::from_ref(&secondary), Outcome::Warn, "no way back"),
                // Which CIDR was registered wasn't seen, however likely the primary one is.
                (&[(peerings, json!(null))], Outcome::Unknown, "usually registered"),
                (&[secondary.clone(), (peerings, json!(null))], Outcome::Unknown, "primary CIDR"),
            ],
        );
    }
}

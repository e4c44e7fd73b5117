//! Two zones, one VPC, one kind of subnet.

use std::collections::BTreeSet;

use crate::{
    case::{Case, subnets_of_group},
    check::{Check, Judge},
    facts::{Fact, Gap, Lookup, Unlock},
    judgement::Judgement,
    migration::Kind,
    needs,
    path::route::table_of_subnet,
    repair::leads_to_internet_gateway,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/subnet-group",
    requirement: "The replication's subnets are in two zones of one VPC and are all public or all private",
    severity: Severity::Error,
    why: "DMS refuses a subnet group with one zone, and a group that mixes public and private subnets works until a failover moves the instance into the other kind.",
    fix: "Make a subnet group of two subnets in two zones of one VPC, both private (behind NAT) or both public.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.VPC.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#configure-network",
    ],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeRouteTables"]),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(ids) = j.look(subnets(case)) else {
        return;
    };
    let mut zones = BTreeSet::new();
    let mut vpcs = BTreeSet::new();
    let (mut public, mut private) = (Vec::new(), Vec::new());
    for id in &ids {
        let subnet = match case.index.subnet(id).or_gap(id, "Subnets") {
            Ok(subnet) => subnet,
            Err(gap) => {
                j.gap(gap);
                continue;
            }
        };
        vpcs.insert(subnet.vpc_id.as_str());
        match subnet.availability_zone.as_deref() {
            Some(zone) => {
                zones.insert(zone);
                j.note(id.as_str(), "AvailabilityZone", zone);
            }
            None => j.gap(Gap::new(
                id.as_str(),
                "its zone was not delivered",
                Unlock::IamAction("ec2:DescribeSubnets".into()),
            )),
        }
        match leads_to_internet_gateway(case.index, id) {
            Some(true) => public.push(id.as_str()),
            Some(false) => private.push(id.as_str()),
            None => {
                let gap = table_of_subnet(case.index, subnet).err();
                j.gap(gap.unwrap_or_else(|| {
                    Gap::new(
                        id.as_str(),
                        "its routes were not all delivered, so whether it is a public subnet isn't known",
                        Unlock::IamAction("ec2:DescribeRouteTables".into()),
                    )
                }));
            }
        }
    }
    if vpcs.len() > 1 {
        let vpcs: Vec<&str> = vpcs.into_iter().collect();
        j.fail(format!("The subnets are in {} VPCs: {}", vpcs.len(), vpcs.join(", ")));
    }
    if zones.len() < 2 && j.is_clean() {
        let zones: Vec<&str> = zones.into_iter().collect();
        j.fail(format!(
            "{} in {}: DMS wants subnets in two zones",
            if ids.len() == 1 { "The only subnet is" } else { "All subnets are" },
            zones.join(", ")
        ));
    }
    if !public.is_empty() && !private.is_empty() {
        j.fail(format!(
            "The group mixes public subnets ({}) and private ones ({}): where the replication sits \
             decides whether it gets out",
            public.join(", "),
            private.join(", ")
        ))
        .at(Severity::Warning);
    }
}

/// Every subnet of the group, also those that the replication doesn't sit in today.
fn subnets(case: &Case<'_>) -> Fact<Vec<String>> {
    let group = match case.migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => {
            instance.replication_subnet_group.as_ref()
        }
        Kind::Task(_, None) => None,
        Kind::Config(config) => config
            .compute_config
            .as_ref()
            .map(|compute| compute.replication_subnet_group_id.as_deref().unwrap_or("default"))
            .and_then(|name| match case.index.subnet_group(name) {
                Lookup::Found(group) => Some(group),
                _ => None,
            }),
        Kind::Planned => match (&case.facts.asked.subnets, &case.facts.asked.subnet_group) {
            (Some(ids), _) => return Fact::Known(ids.clone()),
            (None, Some(name)) => match case.index.subnet_group(name) {
                Lookup::Found(group) => Some(group),
                _ => None,
            },
            (None, None) => None,
        },
    };
    match (group, &case.seats) {
        (Some(group), _) => match subnets_of_group(group, None) {
            Ok(ids) => Fact::Known(ids),
            Err(gap) => Fact::Unknown(gap),
        },
        (None, Fact::Unknown(gap)) => Fact::Unknown(gap.clone()),
        (None, Fact::Known(_)) => Fact::Unknown(Gap::new(
            "the replication's subnet group",
            "not delivered",
            Unlock::IamAction("dms:DescribeReplicationSubnetGroups".into()),
        )),
    }
}

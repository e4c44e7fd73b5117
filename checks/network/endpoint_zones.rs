//! The private endpoint stands in zones that its service is in.

use std::collections::BTreeSet;

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::{Gap, PathKind, Unlock, inventory::ec2::VpcEndpoint},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/endpoint-zones",
    requirement: "The VPC has a subnet in a zone of the cluster's private endpoint service",
    severity: Severity::Error,
    why: "A service may be in one zone of a region only. An interface endpoint can't be made in another; zones are compared by their ids, since their names differ between accounts.",
    fix: "Make a subnet in one of the service's zones, and the interface endpoint in it.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections-serverless",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html",
    ],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcEndpoints"]),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // An endpoint that is available stands where it can.
    j.undecided_at(Severity::Advice);
    if !super::is_by(j, case, PathKind::PrivateEndpoint) {
        return;
    }
    let Some(vpc) = case.vpc() else {
        j.gap(super::no_vpc(case));
        return;
    };
    let Some(service) = zones_of_service(j, case) else {
        return;
    };
    let service: BTreeSet<&str> = service.iter().map(String::as_str).collect();
    for zone in &service {
        j.note(case.cluster.name(), "private_service_zones", zone);
    }
    let mut mine: BTreeSet<&str> = BTreeSet::new();
    let mut unseen = false;
    for subnet in &case.facts.inventory.subnets.items {
        if subnet.vpc_id != vpc {
            continue;
        }
        match subnet.availability_zone_id.as_deref() {
            Some(zone) => {
                mine.insert(zone);
            }
            None => unseen = true,
        }
    }
    let endpoint = super::endpoint_of_cluster(case);
    if mine.is_disjoint(&service) {
        if unseen {
            j.gap(Gap::new(
                vpc,
                "the zone ids of its subnets were not delivered",
                Unlock::IamAction("ec2:DescribeSubnets".into()),
            ));
        } else if let Some(gap) = case.facts.inventory.subnets.gap() {
            j.gap(gap.clone());
        } else {
            let draft = j.fail(format!(
                "The service is in {}, and {vpc} has subnets in {} only",
                join(&service),
                join(&mine)
            ));
            // One that is there and works proves the list of zones wrong, not itself.
            if endpoint.is_some() || may_have_endpoint(case, vpc) {
                draft.at(Severity::Warning);
            }
        }
        return;
    }
    if let Some(endpoint) = endpoint {
        let possible = mine.intersection(&service).count();
        stands_in_one_zone(j, case, endpoint, possible);
    }
}

/// The ids of the zones that the cluster's endpoint service is in.
fn zones_of_service(j: &mut Judgement, case: &Case<'_>) -> Option<Vec<String>> {
    let name = case.cluster.name();
    let service = case.cluster_seen().and_then(|cluster| cluster.private_service_zones.clone());
    let Some(service) = service else {
        j.gap(Gap::new(
            name,
            "the zones of its private endpoint service were not delivered",
            Unlock::File("what the TiDB Cloud API says of the cluster".into()),
        ));
        return None;
    };
    let service = j.look(service)?;
    if service.is_empty() || !service.iter().all(|zone| is_zone_id(zone)) {
        j.gap(Gap::new(
            name,
            "the zones of its private endpoint service are given by name, and names differ between \
             accounts",
            Unlock::File("the ids of the zones, as use1-az1".into()),
        ));
        return None;
    }
    Some(service)
}

/// Whether an endpoint may be there that wasn't seen to be the cluster's.
fn may_have_endpoint(case: &Case<'_>, vpc: &str) -> bool {
    let endpoints = &case.facts.inventory.vpc_endpoints;
    endpoints.gap().is_some()
        || endpoints.items.iter().any(|known| {
            known.vpc_id.as_deref().is_none_or(|known| known == vpc)
                && known
                    .service_name
                    .as_deref()
                    .is_none_or(|name| name.starts_with("com.amazonaws.vpce."))
        })
}

/// Advises a second zone where the VPC has several that the service is in too.
fn stands_in_one_zone(j: &mut Judgement, case: &Case<'_>, endpoint: &VpcEndpoint, possible: usize) {
    let subnets = endpoint.subnet_ids.iter().flatten();
    let zones: BTreeSet<&str> = subnets
        .filter_map(|id| {
            let subnets = &case.facts.inventory.subnets.items;
            let subnet = subnets.iter().find(|subnet| subnet.subnet_id == *id)?;
            subnet.availability_zone_id.as_deref()
        })
        .collect();
    if !zones.is_empty() {
        j.note(
            endpoint.vpc_endpoint_id.as_str(),
            "SubnetIds",
            endpoint.subnet_ids.iter().flatten().next().map_or("", String::as_str),
        );
    }
    if zones.len() == 1 && possible > 1 {
        j.fail(format!(
            "{} stands in {} alone: when that zone fails, so does the way to the cluster",
            endpoint.vpc_endpoint_id,
            join(&zones)
        ))
        .at(Severity::Advice)
        .advise("Add a subnet in another zone of the service to the endpoint");
    }
}

fn join(zones: &BTreeSet<&str>) -> String {
    zones.iter().copied().collect::<Vec<&str>>().join(", ")
}

/// `use1-az1` is an id, `us-east-1a` a name.
fn is_zone_id(zone: &str) -> bool {
    zone.rsplit_once("-az").is_some_and(|(_, number)| number.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn zones_are_compared_by_their_ids() {
        let zones = "/clusters/0/private_service_zones";
        let none = ("/inventory/VpcEndpoints", json!([]));
        testing::check(CHECK.id, &[(&[], Outcome::NotApplicable, "")]);
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&[], Outcome::Pass, ""),
                (&[(zones, json!({"known": ["use1-az1", "use1-az2"]}))], Outcome::Advice, "alone"),
                (
                    &[none.clone(), (zones, json!({"known": ["use1-az6"]}))],
                    Outcome::Fail,
                    "use1-az6",
                ),
                // It stands there: the list must be wrong.
                (&[(zones, json!({"known": ["use1-az6"]}))], Outcome::Warn, "use1-az6"),
                // The same name is another zone in another account.
                (&[none, (zones, json!({"known": ["us-east-1c"]}))], Outcome::Unknown, "by name"),
                (&[(zones, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
    }
}

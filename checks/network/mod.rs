//! The way from the replication to the cluster.

use crate::{
    case::{Case, Seat},
    check::Check,
    facts::{Gap, PathKind, Unlock, inventory::ec2::VpcEndpoint},
    judgement::Judgement,
    path::{Code, Leg, Path, Stop, owner},
    repair,
    severity::Severity,
};

mod block_public_access;
mod custom_dns;
mod dms_region;
mod dns_class;
mod dns_resolves;
mod endpoint_security_group;
mod endpoint_zones;
mod internet_gateway;
mod nat_gateway;
mod network_acl;
mod network_type;
mod peering_cidr;
mod private_endpoint;
mod public_accessibility;
mod reserved_range;
mod route;
mod security_group;
mod subnet_group;
mod tcp_connects;
mod vpc_dns_attributes;
mod vpc_peering;

pub(crate) const CHECKS: &[&Check] = &[
    &subnet_group::CHECK,
    &network_type::CHECK,
    &dms_region::CHECK,
    &vpc_dns_attributes::CHECK,
    &custom_dns::CHECK,
    &dns_resolves::CHECK,
    &dns_class::CHECK,
    &route::CHECK,
    &reserved_range::CHECK,
    &nat_gateway::CHECK,
    &internet_gateway::CHECK,
    &public_accessibility::CHECK,
    &security_group::CHECK,
    &network_acl::CHECK,
    &block_public_access::CHECK,
    &private_endpoint::CHECK,
    &endpoint_security_group::CHECK,
    &endpoint_zones::CHECK,
    &vpc_peering::CHECK,
    &peering_cidr::CHECK,
    &tcp_connects::CHECK,
];

/// Puts on record which stops, doubts and findings of a seat's path belong to a check, and returns the
/// path where there is one.
fn judge_path<'s>(
    j: &mut Judgement,
    case: &Case<'_>,
    seat: &'s Seat<'_>,
    id: &str,
) -> Option<&'s Path> {
    let path = j.look(case.path(seat))?;
    for stop in path.stops.iter().filter(|stop| owner(stop.code, stop.leg) == id) {
        let draft = j.fail(message(path, stop));
        repair::mend(draft, case, seat, path, stop);
    }
    for doubt in path.doubts.iter().filter(|doubt| owner(doubt.code, doubt.leg) == id) {
        j.gap(doubt.gap.clone());
    }
    // One rule may stand in the way on several legs; it is one thing to mend.
    let mut said: Vec<String> = Vec::new();
    for finding in path.findings.iter().filter(|finding| owner(finding.code, finding.leg) == id) {
        let text = format!("{}: {}", finding.at, finding.detail);
        if !said.contains(&text) {
            j.fail(text.as_str()).at(Severity::Warning);
            said.push(text);
        }
    }
    Some(path)
}

/// A stop in the reader's words. What stops behind NAT is told as the NAT's, which is where he looks.
fn message(path: &Path, stop: &Stop) -> String {
    match path.nat_gateways.last() {
        Some(nat) if stop.leg == Leg::Nat && !stop.detail.contains(nat.as_str()) => {
            format!("{nat} has no way on: {}", stop.detail)
        }
        _ => sentence(&stop.detail),
    }
}

/// Whether the cluster is reached by this kind of path; on record otherwise.
pub(crate) fn is_by(j: &mut Judgement, case: &Case<'_>, wanted: PathKind) -> bool {
    !is_by_another(j, case, wanted) && j.look(case.cluster.path.clone()).is_some()
}

/// Whether the cluster is known to be reached by another kind of path, which is then on record.
fn is_by_another(j: &mut Judgement, case: &Case<'_>, than: PathKind) -> bool {
    let another = case.path_kind().filter(|kind| *kind != than);
    if let Some(kind) = another {
        j.not_applicable(format!("the cluster is reached by {}", kind.name()));
    }
    another.is_some()
}

/// Why the replication's VPC isn't known.
pub(crate) fn no_vpc(case: &Case<'_>) -> Gap {
    case.seats.gap().cloned().unwrap_or_else(|| {
        Gap::new(
            "the replication's VPC",
            "none of its subnets was seen",
            Unlock::IamAction("ec2:DescribeSubnets".into()),
        )
    })
}

/// The interface endpoint in the replication's VPC that leads to the cluster: by the service's name, as
/// TiDB Cloud says it, or by the cluster's host name among its own. Of several the one that packets
/// pass counts, else the one that has the name, else one that is available: a VPC may hold the remains
/// of others.
pub(crate) fn endpoint_of_cluster<'a>(case: &Case<'a>) -> Option<&'a VpcEndpoint> {
    let vpc = case.vpc()?;
    let service = case
        .cluster_seen()
        .and_then(|cluster| cluster.private_service.as_ref())
        .and_then(|service| service.known());
    let host = case.cluster.host.known()?;
    let endpoints = case.facts.inventory.vpc_endpoints.items.iter();
    let endpoints = endpoints.filter(|endpoint| endpoint.vpc_id.as_deref() == Some(vpc));
    let is_named = |endpoint: &VpcEndpoint| {
        let mut names = endpoint.dns_entries.iter().flatten();
        names.any(|entry| {
            let name = entry.dns_name.as_deref();
            name.is_some_and(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host))
        })
    };
    let paths = || case.seats.known().into_iter().flatten().filter_map(|seat| seat.path.known());
    let is_passed = |endpoint: &VpcEndpoint| {
        paths().any(|path| path.endpoints.contains(&endpoint.vpc_endpoint_id))
    };
    let is_available = |endpoint: &VpcEndpoint| {
        endpoint.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("available"))
    };
    endpoints
        .filter(|it| is_named(it) || (service.is_some() && it.service_name.as_ref() == service))
        .min_by_key(|it| (!is_passed(it), !is_named(it), !is_available(it)))
}

/// Says what a check has to say of a thing that the path doesn't pass: it doesn't apply, or, where the
/// way isn't known to its end, it can't be told.
fn not_on_the_way(j: &mut Judgement, path: &Path, thing: &str) {
    if !j.is_clean() {
        return;
    }
    if path.complete {
        j.not_applicable(format!("the way doesn't pass {thing}"));
    } else {
        // What ends the way too early is what would show the rest of it. Rules only filter on it.
        let ends = |code: Code| {
            !matches!(
                code,
                Code::EniSgRulesMismatch | Code::SgHasNoRules | Code::SubnetAclRestriction
            )
        };
        let unlocks = path.doubts.iter().filter(|doubt| ends(doubt.code));
        let unlocks = unlocks.map(|doubt| &doubt.gap.unlock);
        let unlock = unlocks.into_iter().find(|unlock| **unlock != Unlock::Nothing);
        j.gap(Gap::new(
            "the way to the cluster",
            "it isn't known to its end",
            unlock.cloned().unwrap_or(Unlock::Nothing),
        ));
    }
}

/// Notes what the packet passes of a kind.
fn note_hops(j: &mut Judgement, path: &Path, kind: &str, field: &str) -> bool {
    let mut any = false;
    for hop in path.hops.iter().filter(|hop| hop.kind == kind && !hop.detail.contains('✗')) {
        j.note(hop.id.as_str(), field, &hop.detail);
        any = true;
    }
    any
}

/// A detail as a sentence of its own.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    match letters.next() {
        Some(first) if first.is_ascii_lowercase() && !detail.starts_with(char::is_numeric) => {
            // An id at the start keeps its letter case.
            let word = detail.split(' ').next().unwrap_or("");
            if word.contains('-') {
                detail.to_owned()
            } else {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            }
        }
        _ => detail.to_owned(),
    }
}

//! The way from the replication to the cluster.

use crate::{
    case::{Case, Seat},
    check::Check,
    facts::{Gap, Unlock},
    judgement::Judgement,
    path::{Leg, Path, Stop, owner},
    repair,
    severity::Severity,
};

mod block_public_access;
mod dms_region;
mod internet_gateway;
mod nat_gateway;
mod network_acl;
mod network_type;
mod private_endpoint;
mod public_accessibility;
mod route;
mod security_group;
mod subnet_group;
mod vpc_peering;

pub(crate) const CHECKS: &[&Check] = &[
    &subnet_group::CHECK,
    &network_type::CHECK,
    &dms_region::CHECK,
    &route::CHECK,
    &nat_gateway::CHECK,
    &internet_gateway::CHECK,
    &public_accessibility::CHECK,
    &security_group::CHECK,
    &network_acl::CHECK,
    &block_public_access::CHECK,
    &private_endpoint::CHECK,
    &vpc_peering::CHECK,
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
    for stop in path
        .stops
        .iter()
        .filter(|stop| owner(stop.code, stop.leg) == id)
    {
        let draft = j.fail(message(path, stop));
        repair::mend(draft, case, seat, path, stop);
    }
    for doubt in path
        .doubts
        .iter()
        .filter(|doubt| owner(doubt.code, doubt.leg) == id)
    {
        j.gap(doubt.gap.clone());
    }
    // One rule may stand in the way on several legs; it is one thing to mend.
    let mut said: Vec<String> = Vec::new();
    for finding in path
        .findings
        .iter()
        .filter(|finding| owner(finding.code, finding.leg) == id)
    {
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

/// Says what a check has to say of a thing that the path doesn't pass: it doesn't apply, or, where the
/// way isn't known to its end, it can't be told.
fn not_on_the_way(j: &mut Judgement, path: &Path, thing: &str) {
    if !j.is_clean() {
        return;
    }
    if path.complete {
        j.not_applicable(format!("the way doesn't pass {thing}"));
    } else {
        j.gap(Gap::new(
            "the way to the cluster",
            format!("it isn't known to its end, so whether it passes {thing} isn't either"),
            Unlock::Nothing,
        ));
    }
}

/// Notes what the packet passes of a kind.
fn note_hops(j: &mut Judgement, path: &Path, kind: &str, field: &str) -> bool {
    let mut any = false;
    for hop in path
        .hops
        .iter()
        .filter(|hop| hop.kind == kind && !hop.detail.contains('✗'))
    {
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

//! The cluster lets in whatever the replication can leave from.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::covers_everything;
use crate::{
    case::{Case, Seat},
    change::Change,
    check::{Check, Judge, TestStep},
    facts::{Assumption, cluster::AccessEntry},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "access/list-covers-egress",
    requirement: "Every address that the replication can leave from is on the cluster's IP access list",
    severity: Severity::Error,
    why: "TiDB Cloud drops connections from addresses that aren't on the list. What counts is the address that it sees: the NAT gateway's, or the instance's own public one.",
    fix: "Add the addresses to the cluster's IP access list (Starter and Essential: authorised networks).",
    references: &[
        "https://docs.pingcap.com/tidbcloud/configure-ip-access-list",
        "https://docs.pingcap.com/tidbcloud/configure-serverless-firewall-rules-for-public-endpoints",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#configure-network",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/route", "network/public-accessibility", "network/nat-gateway"],
    proved_by: Some(TestStep::Way),
    judge: Judge::Seat(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(list) = super::access_list(j, case) else { return };
    let name = case.cluster.name();
    if covers_everything(&list) {
        j.note(name, "access list", "0.0.0.0/0");
        return;
    }
    let Some(path) = j.look(case.path(seat)) else {
        return;
    };
    let egress = &path.egress;
    for gap in &egress.gaps {
        j.gap(gap.clone());
    }
    for address in &egress.addresses {
        j.note(seat.id.as_str(), "egress", address);
    }
    j.note(name, "access list", shown(&list));
    if !egress.gaps.is_empty() {
        return;
    }
    let shared = case.cluster.tier.known().is_some_and(|tier| tier.is_shared_gateway());
    if shared && list.iter().any(AccessEntry::is_all_aws) {
        j.assume(Assumption::new(
            seat.id.as_str(),
            "its address is one that AWS publishes as its own",
            "the access list has the entry for all of AWS",
        ));
        return;
    }
    let missing: Vec<Ipv4Addr> = egress
        .addresses
        .iter()
        .copied()
        .filter(|address| !list.iter().any(|entry| entry.contains(*address)))
        .collect();
    if missing.is_empty() {
        return;
    }
    let entries = smallest_cover(&missing, shared);
    let limit = if shared { 200 } else { 100 };
    let text = shown(&entries);
    let words: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let draft = j.fail(format!(
        "{} {} not on the IP access list of {name}; it has {}",
        words.join(", "),
        if missing.len() == 1 { "is" } else { "are" },
        shown(&list)
    ));
    if list.len() + entries.len() > limit {
        draft.advise(format!(
            "The list has {} entries of at most {limit}: make room, then add {text}",
            list.len()
        ));
        return;
    }
    draft.advise(format!("In the TiDB Cloud console, Networking, IP access list: add {text}"));
    if let Some(host) = case.cluster.host.known() {
        draft.change(Change::AllowAddresses { host: host.clone(), entries });
    }
}

fn shown(list: &[AccessEntry]) -> String {
    let mut words: Vec<String> = list.iter().take(8).map(ToString::to_string).collect();
    if list.len() > 8 {
        words.push(format!("and {} more", list.len() - 8));
    }
    words.join(", ")
}

/// The fewest entries that hold exactly these addresses: ranges for a shared gateway, whose list is
/// made of them, CIDRs otherwise.
fn smallest_cover(addresses: &[Ipv4Addr], ranges: bool) -> Vec<AccessEntry> {
    if !ranges {
        let nets: Vec<Ipv4Net> = addresses.iter().copied().map(Ipv4Net::from).collect();
        return Ipv4Net::aggregate(&nets).into_iter().map(AccessEntry::from).collect();
    }
    let mut sorted: Vec<u32> = addresses.iter().copied().map(u32::from).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut entries: Vec<AccessEntry> = Vec::new();
    for address in sorted {
        match entries.last_mut() {
            Some(entry) if u32::from(entry.end).checked_add(1) == Some(address) => {
                entry.end = address.into();
            }
            _ => entries.push(AccessEntry { start: address.into(), end: address.into() }),
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cover(addresses: &[&str], ranges: bool) -> String {
        let addresses: Vec<Ipv4Addr> =
            addresses.iter().map(|address| address.parse().unwrap()).collect();
        let entries = smallest_cover(&addresses, ranges);
        for entry in &entries {
            for value in u32::from(entry.start)..=u32::from(entry.end) {
                assert!(addresses.contains(&value.into()), "{entry} lets in more than was asked");
            }
        }
        for address in &addresses {
            assert!(entries.iter().any(|entry| entry.contains(*address)), "{address}");
        }
        shown(&entries)
    }

    #[test]
    fn the_repair_is_the_smallest_set_that_covers_exactly_the_missing() {
        assert_eq!(cover(&["52.1.2.3"], false), "52.1.2.3/32");
        assert_eq!(cover(&["52.1.2.3", "52.1.2.2"], false), "52.1.2.2/31");
        assert_eq!(cover(&["52.1.2.3", "52.1.2.4"], false), "52.1.2.3/32, 52.1.2.4/32");
        assert_eq!(cover(&["52.1.2.3", "52.1.2.4"], true), "52.1.2.3-52.1.2.4");
        assert_eq!(
            cover(&["52.1.2.0", "52.1.2.1", "52.1.2.2", "52.1.2.3", "9.9.9.9"], false),
            "9.9.9.9/32, 52.1.2.0/30"
        );
        assert_eq!(cover(&["52.1.2.3", "52.1.2.3"], true), "52.1.2.3/32");
    }
}

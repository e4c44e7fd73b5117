//! Who may reach the cluster.

use crate::{
    case::Case,
    check::Check,
    facts::{Gap, PathKind, Unlock, cluster::AccessEntry},
    judgement::Judgement,
    network::is_by,
};

mod egress_is_stable;
mod list_covers_egress;
mod list_has_private_addresses;
mod list_not_open;

pub(crate) const CHECKS: &[&Check] = &[
    &list_covers_egress::CHECK,
    &list_not_open::CHECK,
    &list_has_private_addresses::CHECK,
    &egress_is_stable::CHECK,
];

/// The IP access list, which is about the public endpoint; on record otherwise. An empty list is no
/// answer: TiDB Cloud's own documents disagree on what it means (`tidb-cloud.md` §2.1).
fn access_list(j: &mut Judgement, case: &Case<'_>) -> Option<Vec<AccessEntry>> {
    if !is_by(j, case, PathKind::Public) {
        return None;
    }
    let list = j.look(case.cluster.access_list.clone())?;
    if list.is_empty() {
        j.gap(Gap::new(
            "the cluster's IP access list",
            "it is empty, and TiDB Cloud's own documents disagree whether that lets everybody in \
             or nobody; once it has the replication's address, that no longer matters",
            Unlock::Flag("--ip-access-list".into()),
        ));
        return None;
    }
    Some(list)
}

/// Whether a list lets the whole internet in, by one entry or by several.
fn covers_everything(list: &[AccessEntry]) -> bool {
    let mut ranges: Vec<(u64, u64)> = list
        .iter()
        .map(|entry| (u64::from(u32::from(entry.start)), u64::from(u32::from(entry.end))))
        .collect();
    ranges.sort_unstable();
    let mut next = 0;
    for (start, end) in ranges {
        if start > next {
            return false;
        }
        next = next.max(end + 1);
    }
    next > u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_internet_may_be_listed_in_parts() {
        let list = |texts: &[&str]| -> Vec<AccessEntry> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert!(covers_everything(&list(&["0.0.0.0/0"])));
        assert!(covers_everything(&list(&["128.0.0.0/1", "10.0.0.0/8", "0.0.0.0/1"])));
        assert!(!covers_everything(&list(&["0.0.0.0/1", "128.0.0.1-255.255.255.255"])));
        assert!(!covers_everything(&list(&["0.0.0.0/32"])));
        assert!(!covers_everything(&[]));
    }
}

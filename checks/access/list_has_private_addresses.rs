//! Private addresses on a list for the internet.

use ipnet::Ipv4Net;

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::cluster::AccessEntry,
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "access/list-has-private-addresses",
    requirement: "Every entry of the cluster's IP access list is one that can come from the internet",
    severity: Severity::Advice,
    why: "The list is about the public endpoint, where nobody comes from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: such entries do no harm and no good, and hide that the address which counts is missing.",
    fix: "Take private addresses off the list; it is the NAT gateway's or the instance's public address that counts.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/configure-ip-access-list",
        "https://docs.pingcap.com/tidbcloud/migrate-from-mysql-using-aws-dms",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Advice);
    let Some(list) = super::access_list(j, case) else { return };
    let name = case.cluster.name();
    for entry in list.iter().take(3) {
        j.note(name, "access list", entry);
    }
    let useless: Vec<String> =
        list.iter().filter(|entry| is_useless(entry)).map(ToString::to_string).collect();
    if !useless.is_empty() {
        j.note(name, "access list", &useless[0]);
        j.fail(format!(
            "The IP access list of {name} has private addresses, which nobody comes from: {}",
            useless.join(", ")
        ));
    }
}

/// Whether all addresses of an entry are private ones.
fn is_useless(entry: &AccessEntry) -> bool {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
        .iter()
        .filter_map(|text| text.parse::<Ipv4Net>().ok())
        .any(|net| net.contains(&entry.start) && net.contains(&entry.end))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn private_entries_are_told() {
        let list = |entries: &[&str]| ("/asked/ip_access_list", json!(entries));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[list(&["52.1.2.3", "10.0.1.25"])], Outcome::Advice, "10.0.1.25/32"),
                (&[list(&["172.16.0.0-172.31.255.255"])], Outcome::Advice, "172.16.0.0/12"),
                // It holds private addresses, and others.
                (&[list(&["0.0.0.0/0"])], Outcome::Pass, ""),
                (&[list(&["8.0.0.0/5"])], Outcome::Pass, ""),
                // The entry for all of AWS looks private, and isn't meant so.
                (&[list(&["169.254.65.87"])], Outcome::Pass, ""),
                (&[list(&[])], Outcome::Unknown, "empty"),
            ],
        );
        testing::check_on(CHECK.id, &testing::over_peering(), &[(&[], Outcome::NotApplicable, "")]);
    }
}

//! 192.168.0.0/24 is DMS's own.

use ipnet::Ipv4Net;

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::Fact,
    judgement::Judgement,
    needs,
    path::Addresses,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/reserved-range",
    requirement: "The cluster's address isn't in 192.168.0.0/24, which DMS keeps for itself",
    severity: Severity::Error,
    why: "DMS uses 192.168.0.0/24 inside the replication instance: an endpoint with an address from there is never reached, and its test fails.",
    fix: "Put the private endpoint, or the peering, into another range.",
    references: &["https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html"],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcEndpoints"]),
    after: &["network/route"],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// The range.
fn reserved() -> Ipv4Net {
    Ipv4Net::new_assert([192, 168, 0, 0].into(), 24)
}

fn judge(j: &mut Judgement, case: &Case<'_>) {
    if let Some(gap) = case.seats.gap() {
        j.gap(gap.clone());
    }
    for seat in case.seats.known().into_iter().flatten() {
        let source = match &seat.source {
            Fact::Known(source) => source,
            Fact::Unknown(gap) => {
                j.gap(gap.clone());
                continue;
            }
        };
        let cidr = source.subnet.cidr_block.as_deref().unwrap_or("");
        let overlaps = cidr
            .parse::<Ipv4Net>()
            .is_ok_and(|net| net.contains(&reserved()) || reserved().contains(&net));
        if overlaps {
            j.note(seat.id.as_str(), "CidrBlock", cidr);
            j.fail(format!("{} is {cidr}, which overlaps 192.168.0.0/24", seat.id))
                .at(Severity::Warning)
                .advise("Put the replication into subnets outside 192.168.0.0/24");
        }
    }
    // An address that isn't known leaves the whole way open, which is told there.
    j.undecided_at(Severity::Warning);
    let (Some(destinations), Some(name)) =
        (j.look(case.destinations.clone()), j.look(case.cluster.host.clone()))
    else {
        return;
    };
    let name = name.as_str();
    for destination in &destinations {
        match destination.single() {
            Some(address) => {
                j.note(name, "address", address);
                if reserved().contains(&address) {
                    j.fail(format!(
                        "The cluster's address {address} is in 192.168.0.0/24, which DMS keeps for \
                         itself"
                    ));
                }
            }
            None if *destination == Addresses::AnyPublic => j.note(name, "host", name),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn the_range_is_dms_s_own() {
        let address = "/asked/tidb_addresses";
        let subnet = "/inventory/Subnets/0/CidrBlock";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(address, json!(["44.210.0.50"]))], Outcome::Pass, ""),
                (&[(address, json!(["192.168.0.7"]))], Outcome::Fail, "192.168.0.7"),
                // The next range is like any other.
                (&[(address, json!(["192.168.1.7"]))], Outcome::Pass, ""),
                (&[(subnet, json!("192.168.0.0/23"))], Outcome::Warn, "overlaps"),
            ],
        );
    }
}

//! The cluster's name leads to the kind of address that the way needs.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    case::Case,
    change::PlaceChange,
    check::{Check, Judge},
    facts::{
        Fact, Gap, PathKind, Unlock,
        probe::{DnsOutcome, Vantage},
    },
    judgement::Judgement,
    needs,
    path::Addresses,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/dns-class",
    requirement: "The cluster's name resolves to a public address over the public endpoint, and to a private one otherwise",
    severity: Severity::Error,
    why: "A private endpoint without private DNS leaves its name to the internet: it resolves to nothing, or to a public address that the replication can't use.",
    fix: "Enable private DNS on the interface endpoint, and DNS hostnames and resolution in the VPC.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections-serverless",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html",
    ],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcEndpoints"]),
    after: &["network/vpc-dns-attributes"],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // Where no address is known the whole way is undecided, which the checks of the way tell.
    j.undecided_at(match case.path_kind() {
        Some(PathKind::Public) => Severity::Advice,
        _ => Severity::Warning,
    });
    let Some(kind) = j.look(case.cluster.path.clone()) else {
        return;
    };
    for gap in unseen(case) {
        j.gap(gap.clone());
    }
    let answers = answers(case);
    for answer in &answers {
        judge_answer(j, case, kind, answer);
    }
    if !answers.is_empty() {
        return;
    }
    if kind == PathKind::PrivateEndpoint {
        judge_endpoint(j, case);
        return;
    }
    j.gap(Gap::new(
        case.cluster.name(),
        "its name was not looked up",
        Unlock::Flag("--tidb-address".into()),
    ));
}

/// An address of the cluster and who says so.
struct Answer {
    address: Ipv4Addr,
    place: String,
    from: From,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum From {
    /// The user said so.
    Asked,
    /// A resolver answered in a subnet of the replication.
    Seat,
    /// A resolver answered somewhere else, which knows no private name of the VPC.
    Elsewhere,
}

/// Look-ups of the cluster's name that came to nothing.
fn unseen<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Gap> {
    let host = case.cluster.host.known().cloned().unwrap_or_default();
    let probes = case.facts.probes.iter();
    probes
        .filter(move |probe| probe.host.eq_ignore_ascii_case(&host))
        .filter_map(|probe| probe.dns.as_ref()?.seen.gap())
}

fn answers(case: &Case<'_>) -> Vec<Answer> {
    let asked = case.facts.asked.tidb_addresses.iter().flatten();
    let mut answers: Vec<Answer> = asked
        .map(|address| Answer { address: *address, place: "asked".into(), from: From::Asked })
        .collect();
    let Some(host) = case.cluster.host.known() else {
        return answers;
    };
    for probe in &case.facts.probes {
        let seen = probe.dns.as_ref().and_then(|look| look.seen.known());
        let Some(DnsOutcome::Answer(dns)) = seen else {
            continue;
        };
        if !probe.host.eq_ignore_ascii_case(host) {
            continue;
        }
        let from = match probe.vantage {
            Vantage::Seat(_) => From::Seat,
            Vantage::Elsewhere => From::Elsewhere,
        };
        for address in &dns.addresses {
            if let IpAddr::V4(address) = address {
                answers.push(Answer { address: *address, place: probe.host.clone(), from });
            }
        }
    }
    answers
}

fn judge_answer(j: &mut Judgement, case: &Case<'_>, kind: PathKind, answer: &Answer) {
    let address = answer.address;
    let public = Addresses::one(address).is_public();
    let name = case.cluster.name();
    if public == (kind == PathKind::Public) {
        j.note(answer.place.as_str(), "address", address);
        return;
    }
    let class = if public { "public" } else { "private" };
    match (answer.from, kind) {
        // Outside the VPC a private name resolves to nothing or to the internet's address.
        (From::Elsewhere, PathKind::PrivateEndpoint) => j.gap(Gap::new(
            name,
            format!("outside the VPC its name resolves to {address}, which says nothing of inside"),
            Unlock::Vantage("a subnet of the replication".into()),
        )),
        (From::Elsewhere, _) => {
            j.note(answer.place.as_str(), "address", address);
            j.fail(format!(
                "{name} resolves to the {class} address {address}, and the way is to be the {}",
                kind.name()
            ))
            .at(Severity::Warning);
        }
        (From::Asked | From::Seat, _) => {
            j.note(answer.place.as_str(), "address", address);
            let draft = j.fail(format!(
                "{name} has the {class} address {address}, and the way is the {}",
                kind.name()
            ));
            if let (PathKind::PrivateEndpoint, From::Seat) = (kind, answer.from) {
                draft.advise(
                    "Enable private DNS on the interface endpoint, and DNS hostnames and resolution \
                     in the VPC",
                );
            } else {
                draft.advise(
                    "Use the host name for this kind of path from the cluster's Connect dialog",
                );
            }
        }
    }
}

/// Without an answer, the interface endpoint itself says whether it serves the name.
fn judge_endpoint(j: &mut Judgement, case: &Case<'_>) {
    if let Fact::Known(destinations) = &case.destinations {
        // They come from the endpoint that carries the cluster's name.
        for address in destinations.iter().filter_map(Addresses::single) {
            j.note(case.cluster.name(), "PrivateIpAddress", address);
        }
    }
    let Some(endpoint) = super::endpoint_of_cluster(case) else {
        if case.destinations.known().is_none() {
            j.look(case.destinations.clone());
        }
        return;
    };
    let id = endpoint.vpc_endpoint_id.as_str();
    match endpoint.private_dns_enabled {
        Some(true) => j.note(id, "PrivateDnsEnabled", true),
        Some(false) => {
            // A private hosted zone of one's own may serve the name all the same.
            j.note(id, "PrivateDnsEnabled", false);
            let draft = j
                .fail(format!(
                    "Private DNS is off on {id}: inside the VPC the cluster's name doesn't lead there"
                ))
                .at(Severity::Warning);
            if let Some(region) = case.region() {
                draft.change(PlaceChange::EnablePrivateDns { region, endpoint: id.to_owned() });
            }
        }
        None => j.gap(Gap::new(
            id,
            "its PrivateDnsEnabled was not delivered",
            Unlock::IamAction("ec2:DescribeVpcEndpoints".into()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{judgement::Outcome, testing};

    const ASKED: &str = "/asked/tidb_addresses";

    fn probe(host: &str, vantage: &Value, address: &str) -> Value {
        json!([{"host": host, "port": 4000, "vantage": vantage,
            "dns": {"at": "2026-11-24T10:02:00Z", "seen": {"known": {"answer": {"addresses": [address]}}}}}])
    }

    #[test]
    fn the_public_endpoint_has_a_public_address() {
        let host = "tidb.abc.clusters.tidb-cloud.com";
        let seen = |vantage: Value, address: &str| ("/probes", probe(host, &vantage, address));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "not looked up"),
                (&[(ASKED, json!(["44.210.0.50"]))], Outcome::Pass, ""),
                (&[(ASKED, json!(["10.0.1.99"]))], Outcome::Fail, "private address"),
                (&[seen(json!("elsewhere"), "44.210.0.50")], Outcome::Pass, ""),
                (&[seen(json!("elsewhere"), "10.0.1.99")], Outcome::Warn, "10.0.1.99"),
                (&[seen(json!({"seat": "subnet-a"}), "10.0.1.99")], Outcome::Fail, "10.0.1.99"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[]).level(), Severity::Advice);
    }

    #[test]
    fn a_private_endpoint_has_a_private_one_inside_the_vpc() {
        let host = "gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com";
        let seen = |vantage: Value, address: &str| ("/probes", probe(host, &vantage, address));
        let dns = "/inventory/VpcEndpoints/0/PrivateDnsEnabled";
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&[], Outcome::Pass, ""),
                (&[(dns, json!(false))], Outcome::Warn, "Private DNS is off"),
                (&[seen(json!({"seat": "subnet-a"}), "10.0.1.99")], Outcome::Pass, ""),
                (&[seen(json!({"seat": "subnet-a"}), "44.210.0.50")], Outcome::Fail, "44.210.0.50"),
                // From a laptop the private name is nobody's.
                (&[seen(json!("elsewhere"), "44.210.0.50")], Outcome::Unknown, "says nothing"),
            ],
        );
    }
}

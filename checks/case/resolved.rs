//! The cluster's addresses as probes resolved them.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

use super::Case;
use crate::{
    facts::{
        Assumption, Fact, Lookup, PathKind,
        probe::{DnsOutcome, Vantage},
    },
    path::Addresses,
};

/// Where packets to the cluster go to, if probes tell.
///
/// A resolver is the VPC's, so a look from any subnet of the seats' VPC counts. One from elsewhere may
/// be told other addresses; it counts only for a public endpoint, and only where all are public.
pub(super) fn resolved(
    case: &Case<'_>,
    assumptions: &mut Vec<Assumption>,
) -> Option<Vec<Addresses>> {
    let host = case.cluster.host.known()?;
    let host = host.trim_end_matches('.');
    // Where an address stands for the name, nobody looks anything up.
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Some(vec![Addresses::one(address)]);
    }
    let vpc = case.vpc();
    let in_vpc = |subnet: &str| match case.index.subnet(subnet) {
        Lookup::Found(subnet) => vpc == Some(&*subnet.vpc_id),
        _ => false,
    };
    let answers = |wanted: &dyn Fn(&Vantage) -> bool| -> BTreeSet<Ipv4Addr> {
        case.facts
            .probes
            .iter()
            .filter(|probe| probe.host.trim_end_matches('.').eq_ignore_ascii_case(host))
            .filter(|probe| wanted(&probe.vantage))
            .filter_map(|probe| match probe.dns.as_ref()?.seen.known()? {
                DnsOutcome::Answer(answer) => Some(&answer.addresses),
                _ => None,
            })
            .flatten()
            .filter_map(|address| match address {
                IpAddr::V4(address) => Some(*address),
                IpAddr::V6(_) => None,
            })
            .collect()
    };
    let from_seats = answers(&|vantage| matches!(vantage, Vantage::Seat(subnet) if in_vpc(subnet)));
    let (addresses, because) = if from_seats.is_empty() {
        let public = case.cluster.path == Fact::Known(PathKind::Public);
        let from_elsewhere = answers(&|vantage| *vantage == Vantage::Elsewhere);
        if !public || from_elsewhere.iter().any(|address| !Addresses::one(*address).is_public()) {
            return None;
        }
        (from_elsewhere, "it was looked up outside of the VPC, whose resolver may answer otherwise")
    } else {
        (from_seats, "it was looked up in the VPC; the replication looks it up by itself, later")
    };
    if addresses.is_empty() {
        return None;
    }
    let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    assumptions.push(Assumption::new("the cluster's address", names.join(", "), because));
    Some(addresses.into_iter().map(Addresses::one).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        facts::{Facts, Index},
        migration::{Kind, Migration, Side},
    };

    const PUBLIC: &str = "tidb.x1.clusters.tidb-cloud.com";
    const PRIVATE: &str = "privatelink-tidb.x1.clusters.tidb-cloud.com";

    fn probe(host: &str, vantage: &Value, addresses: &[&str]) -> Value {
        json!({"host": host, "port": 4000, "vantage": vantage, "dns": {
            "at": "2026-11-24T10:00:00Z",
            "seen": {"known": {"answer": {"addresses": addresses}}},
        }})
    }

    fn seat(subnet: &str) -> Value {
        json!({"seat": subnet})
    }

    /// The destinations of a migration planned in `subnet-1` of `vpc-1`, and whether they were taken
    /// as given.
    fn destinations(host: &str, probes: &[Value]) -> (Option<Vec<Addresses>>, usize) {
        let subnet = |id: &str, vpc: &str| {
            json!({"SubnetId": id, "VpcId": vpc, "CidrBlock": "10.0.0.0/24",
                "AvailabilityZone": "us-east-1a"})
        };
        let facts: Facts = serde_json::from_value(json!({
            "version": 1,
            "taken_at": "2026-11-24T10:00:00Z",
            "asked": {"subnets": ["subnet-1"], "tidb_host": host, "tidb_as": "target"},
            "inventory": {"Subnets": [
                subnet("subnet-1", "vpc-1"), subnet("subnet-2", "vpc-1"), subnet("subnet-9", "vpc-9"),
            ]},
            "probes": probes,
        }))
        .unwrap();
        let index = Index::new(&facts.inventory);
        let migration =
            Migration { kind: Kind::Planned, source: Side::NotNamed, target: Side::NotNamed };
        let case = Case::new(&facts, &index, migration);
        let taken = case
            .assumptions
            .iter()
            .filter(|assumption| assumption.because.contains("looked up"))
            .count();
        (case.destinations.known().cloned(), taken)
    }

    fn one(address: [u8; 4]) -> Addresses {
        Addresses::one(address.into())
    }

    #[test]
    fn an_address_for_a_host_is_the_address() {
        assert_eq!(destinations("44.1.2.3", &[]), (Some(vec![one([44, 1, 2, 3])]), 0));
    }

    #[test]
    fn a_look_from_the_vpc_counts() {
        for subnet in ["subnet-1", "subnet-2"] {
            let probes = [
                probe(PRIVATE, &seat(subnet), &["10.0.0.9", "10.0.0.8"]),
                probe(PRIVATE, &json!("elsewhere"), &["10.7.7.7"]),
            ];
            let (found, taken) = destinations(PRIVATE, &probes);
            assert_eq!(found, Some(vec![one([10, 0, 0, 8]), one([10, 0, 0, 9])]));
            assert_eq!(taken, 1);
        }
    }

    #[test]
    fn a_look_from_another_vpc_or_at_another_host_does_not() {
        let probes = [
            probe(PRIVATE, &seat("subnet-9"), &["10.0.0.9"]),
            probe(PRIVATE, &seat("subnet-unseen"), &["10.0.0.9"]),
            probe(PUBLIC, &seat("subnet-1"), &["10.0.0.9"]),
        ];
        assert_eq!(destinations(PRIVATE, &probes).0, None);
    }

    #[test]
    fn from_elsewhere_only_a_public_answer_for_a_public_host_counts() {
        let elsewhere = json!("elsewhere");
        let public = [probe(PUBLIC, &elsewhere, &["44.210.0.50"])];
        assert_eq!(destinations(PUBLIC, &public), (Some(vec![one([44, 210, 0, 50])]), 1));
        let mixed = [probe(PUBLIC, &elsewhere, &["44.210.0.50", "10.0.0.1"])];
        assert_eq!(destinations(PUBLIC, &mixed).0, Some(vec![Addresses::AnyPublic]));
        let private = [probe(PRIVATE, &elsewhere, &["44.210.0.50"])];
        assert_eq!(destinations(PRIVATE, &private).0, None);
    }
}

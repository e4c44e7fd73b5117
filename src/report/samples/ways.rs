//! The ways of the samples, and what is assumed on them.

use tidb_dms_checks::{
    facts::{Assumption, Gap, Unlock},
    path::{Blame, Code, Doubt, Hop, Leg, PathFinding, Stop, Trace, Verdict},
    report::SeatPath,
};

use super::SEATS;

fn hop(kind: &str, id: &str, detail: &str) -> Hop {
    Hop { kind: kind.into(), id: id.into(), detail: detail.into() }
}

pub(super) fn trace(seat: &str, cidr: &str) -> Trace {
    Trace {
        version: 1,
        verdict: Verdict::Arrives,
        hops: vec![
            hop("subnet", seat, cidr),
            hop("route-table", "rtb-0b22", "0.0.0.0/0 → nat-0a17"),
            hop("security-group", "sg-0f63", "outbound: tcp 4000 to 0.0.0.0/0"),
            hop(
                "network-acl",
                "acl-0c33",
                "out: rule 100 allows tcp 4000   in: rule 120 allows answers to 1024–65535",
            ),
            hop("nat-gateway", "nat-0a17", "public, available, 52.1.2.3"),
            hop("route-table", "rtb-0d44", "0.0.0.0/0 → igw-0e52"),
            hop("internet-gateway", "igw-0e52", "out to the internet"),
        ],
        stops: Vec::new(),
        gaps: Vec::new(),
        assumptions: Vec::new(),
        findings: Vec::new(),
        egress_addresses: vec!["52.1.2.3".parse().unwrap()],
    }
}

/// The way that is stopped behind the NAT gateway.
pub(super) fn stopped(seat: &str, cidr: &str) -> Trace {
    let mut trace = trace(seat, cidr);
    trace.verdict = Verdict::Stopped;
    trace.hops.truncate(5);
    trace.hops.push(hop("route-table", "rtb-0d44", "✗ 44.210.0.50 matches no route"));
    trace.stops.push(Stop {
        code: Code::NoRouteToDestination,
        leg: Leg::Nat,
        at: "rtb-0d44".into(),
        detail: "44.210.0.50 matches no route".into(),
        blame: Blame::default(),
    });
    trace.assumptions = assumptions();
    trace
}

/// A way with several stops, gaps and findings.
pub(in crate::report) fn crooked() -> Trace {
    let mut trace = stopped("subnet-06f469bcee42e408e", "10.0.1.0/24, us-east-1a");
    trace.hops[3].detail =
        "out: rule 100 allows tcp 4000   ✗ in: the default rule denies answers to 1024–65535"
            .into();
    trace.stops.insert(
        0,
        Stop {
            code: Code::SubnetAclRestriction,
            leg: Leg::Seat,
            at: "acl-0c33".into(),
            detail: "inbound the default rule of acl-0c33 denies answers to 1024–65535 from \
                     44.210.0.50 (subnet-06f469bcee42e408e)"
                .into(),
            blame: Blame::default(),
        },
    );
    trace.gaps.push(Doubt {
        gap: Gap::new(
            "sg-0f63",
            "it isn't in the data",
            Unlock::IamAction("ec2:DescribeSecurityGroups".into()),
        ),
        code: Code::EniSgRulesMismatch,
        leg: Leg::Seat,
    });
    trace.findings.push(PathFinding {
        code: Code::SubnetAclRestriction,
        leg: Leg::Nat,
        at: "acl-0c34".into(),
        detail: "in: answers from 44.210.0.50 pass to ports 32768–65535 only".into(),
    });
    trace
}

pub(super) fn paths(make: fn(&str, &str) -> Trace) -> Vec<SeatPath> {
    [
        (SEATS[0], "10.0.1.0/24, us-east-1a", "it is there today"),
        (SEATS[1], "10.0.2.0/24, us-east-1b", "Multi-AZ standby"),
    ]
    .into_iter()
    .map(|(id, cidr, role)| SeatPath { seat: id.into(), role: role.into(), trace: make(id, cidr) })
    .collect()
}

pub(super) fn assumptions() -> Vec<Assumption> {
    vec![
        Assumption::new("DMS", "speaks TLS 1.2 only", "nobody outside sees it"),
        Assumption::new(
            "subnet-0a11",
            "VPC Block Public Access is off",
            "BlockPublicAccessStates wasn't printed; off is AWS's default",
        ),
        Assumption::new(
            "subnet-0c30",
            "VPC Block Public Access is off",
            "BlockPublicAccessStates wasn't printed; off is AWS's default",
        ),
    ]
}

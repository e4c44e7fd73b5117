//! Network ACLs.

use serde_json::json;

use super::{ALLOW, CLUSTER, Code, DENY, IN, Leg, OUT, Rule, World, all, tcp};

const ACL: &str = "acl-of-subnet-private";

/// The private subnet's list: these rules before "allow all" both ways.
fn before_all(rules: &[Rule]) -> World {
    let mut rules = rules.to_vec();
    rules.extend([all(1000, OUT, ALLOW), all(1000, IN, ALLOW)]);
    World::private().acl("subnet-private", &rules)
}

/// Only these inbound rules; all goes out.
fn inbound(rules: &[Rule]) -> World {
    let mut rules = rules.to_vec();
    rules.push(all(1, OUT, ALLOW));
    World::private().acl("subnet-private", &rules)
}

#[track_caller]
fn closed(world: World) {
    world.stopped(Code::SubnetAclRestriction, Leg::Seat, ACL);
}

#[test]
fn the_first_rule_that_matches_decides_by_number_and_not_by_place() {
    let allow = tcp(90, OUT, ALLOW, "0.0.0.0/0", (4000, 4000));
    let deny = |number| tcp(number, OUT, DENY, "0.0.0.0/0", (0, 65535));
    before_all(&[deny(100), allow.clone()]).arrives(&["3.3.3.3"]);
    before_all(&[allow.clone(), deny(100)]).arrives(&["3.3.3.3"]);
    closed(before_all(&[deny(80), allow.clone()]));
    closed(before_all(&[allow, deny(80)]));
}

#[test]
fn no_rule_that_matches_means_deny() {
    closed(World::private().acl("subnet-private", &[all(100, IN, ALLOW)]));
    closed(World::private().acl("subnet-private", &[all(100, OUT, ALLOW)]));
    // Even without the last rule in the list.
    closed(World::private().acl("subnet-private", &[]).patch(
        ACL,
        json!({"Entries": [{"RuleNumber": 1, "Egress": false, "Protocol": "-1",
                "CidrBlock": "0.0.0.0/0", "RuleAction": "allow"}]}),
    ));
}

#[test]
fn protocols_are_numbers() {
    let deny = |protocol: &str| {
        before_all(&[
            tcp(10, OUT, DENY, "0.0.0.0/0", (0, 65535)).with(json!({"Protocol": protocol}))
        ])
    };
    for other in ["17", "1", "58", "47"] {
        deny(other).arrives(&["3.3.3.3"]);
    }
    for ours in ["6", "-1", "tcp", "all"] {
        closed(deny(ours));
    }
    before_all(&[tcp(10, OUT, DENY, CLUSTER_NET, (0, 65535)).with(json!({"Protocol": null}))])
        .unknown(ACL, "the protocol of rule 10 was not seen");
}

const CLUSTER_NET: &str = "44.210.0.50/32";

#[test]
fn a_rule_for_all_protocols_has_no_ports_and_one_for_tcp_must_show_them() {
    closed(before_all(&[all(10, OUT, DENY)]));
    let rule = |patch| before_all(&[tcp(10, OUT, DENY, CLUSTER_NET, (0, 65535)).with(patch)]);
    rule(json!({"PortRange": null})).unknown(ACL, "the port range of rule 10 was not seen");
    rule(json!({"PortRange": {"From": null}}))
        .unknown(ACL, "the port range of rule 10 was not seen whole");
    rule(json!({"PortRange": {"To": null}}))
        .unknown(ACL, "the port range of rule 10 was not seen whole");
}

#[test]
fn a_cidr_that_does_not_hold_the_other_side_does_not_match() {
    before_all(&[tcp(10, OUT, DENY, "44.211.0.0/16", (0, 65535))]).arrives(&["3.3.3.3"]);
    closed(before_all(&[tcp(10, OUT, DENY, "44.210.0.0/16", (0, 65535))]));
    before_all(&[all(10, OUT, DENY).with(json!({"CidrBlock": null}))])
        .unknown(ACL, "the CIDR of rule 10 was not seen");
    before_all(&[all(10, OUT, DENY).with(json!({"CidrBlock": null, "Ipv6CidrBlock": "::/0"}))])
        .arrives(&["3.3.3.3"]);
    assert!(CLUSTER_NET.starts_with(CLUSTER));
}

#[test]
fn the_way_out_is_to_the_port_and_no_other() {
    for (ports, open) in [
        ((4000, 4000), false),
        ((0, 4000), false),
        ((4000, 65535), false),
        ((4001, 65535), true),
        ((0, 3999), true),
    ] {
        let world = before_all(&[tcp(10, OUT, DENY, "0.0.0.0/0", ports)]);
        if open {
            world.arrives(&["3.3.3.3"]);
        } else {
            closed(world);
        }
    }
}

#[test]
fn an_action_that_was_not_delivered_is_a_gap() {
    before_all(&[all(10, OUT, DENY).with(json!({"RuleAction": null}))])
        .unknown(ACL, "rule 10 says neither allow nor deny");
}

#[test]
fn what_every_reading_agrees_on_is_certain() {
    // Whether rule 10 matches can't be told, but rule 20 would decide the same.
    before_all(&[all(10, OUT, ALLOW).with(json!({"CidrBlock": null})), all(20, OUT, ALLOW)])
        .arrives(&["3.3.3.3"]);
    closed(before_all(&[all(10, OUT, DENY).with(json!({"CidrBlock": null})), all(20, OUT, DENY)]));
}

#[test]
fn answers_need_1024_to_65535_and_all_of_it_passes() {
    let path =
        inbound(&[tcp(10, IN, ALLOW, "44.210.0.50/32", (1024, 65535))]).arrives(&["3.3.3.3"]);
    assert!(path.findings.is_empty(), "{:#?}", path.findings);
    // In two rules that touch as well.
    let path = inbound(&[
        tcp(10, IN, ALLOW, "0.0.0.0/0", (1024, 32767)),
        tcp(20, IN, ALLOW, "0.0.0.0/0", (32768, 65535)),
    ])
    .arrives(&["3.3.3.3"]);
    assert!(path.findings.is_empty(), "{:#?}", path.findings);
}

#[test]
fn a_port_in_a_hundred_is_as_good_as_none() {
    for ports in [(0, 1024), (65535, 65535), (4000, 4000), (1024, 1668)] {
        let path = inbound(&[tcp(10, IN, ALLOW, "0.0.0.0/0", ports)]).stopped(
            Code::SubnetAclRestriction,
            Leg::Seat,
            ACL,
        );
        assert!(path.stops[0].detail.contains("nearly every"), "{ports:?}");
    }
    inbound(&[tcp(10, IN, ALLOW, "0.0.0.0/0", (1024, 1669))]).arrives(&["3.3.3.3"]);
}

#[test]
fn a_part_of_it_arrives_with_a_finding_that_says_which() {
    for (ports, words) in [
        ((32768, 61000), "32768–61000 only"),
        ((1025, 65535), "1025–65535 only"),
        ((1024, 65534), "1024–65534 only"),
    ] {
        let path = inbound(&[tcp(10, IN, ALLOW, "0.0.0.0/0", ports)]).arrives(&["3.3.3.3"]);
        assert_eq!(path.findings.len(), 1, "{ports:?}");
        assert_eq!(path.findings[0].at, ACL);
        assert!(path.findings[0].detail.contains(words), "{:#?}", path.findings);
    }
    let path = inbound(&[
        tcp(10, IN, DENY, "0.0.0.0/0", (5000, 5999)),
        tcp(20, IN, ALLOW, "0.0.0.0/0", (0, 65535)),
    ])
    .arrives(&["3.3.3.3"]);
    assert!(path.findings[0].detail.contains("1024–4999, 6000–65535 only"));
}

#[test]
fn none_of_it_stops() {
    closed(inbound(&[tcp(10, IN, ALLOW, "0.0.0.0/0", (0, 1023))]));
    closed(inbound(&[tcp(10, IN, ALLOW, "44.211.0.0/16", (0, 65535))]));
    // The guide for endpoints shows the service's port: that admits no answers but from it.
    closed(inbound(&[tcp(10, IN, ALLOW, "10.0.0.0/8", (3306, 3306))]));
    closed(inbound(&[tcp(10, IN, DENY, "0.0.0.0/0", (1024, 65535)), all(20, IN, ALLOW)]));
}

#[test]
fn ports_that_no_two_lists_of_the_way_share_stop() {
    // Between the seat and the endpoint the same source port passes both lists.
    let way = |one: (u16, u16), other: (u16, u16)| {
        World::endpoint()
            .acl("subnet-private", &[all(1, OUT, ALLOW), tcp(10, IN, ALLOW, "0.0.0.0/0", one)])
            .acl("subnet-endpoint", &[all(1, IN, ALLOW), tcp(10, OUT, ALLOW, "0.0.0.0/0", other)])
    };
    way((1024, 30000), (30001, 65535)).stopped(
        Code::SubnetAclRestriction,
        Leg::Endpoint,
        "acl-of-subnet-endpoint",
    );
    let path = way((1024, 30000), (30000, 65535)).arrives(&["10.0.1.10"]);
    assert_eq!(path.findings.len(), 2);
    // A NAT gateway uses ports of its own on its far side.
    World::private()
        .acl(
            "subnet-private",
            &[all(1, OUT, ALLOW), tcp(10, IN, ALLOW, "0.0.0.0/0", (1024, 30000))],
        )
        .acl(
            "subnet-public",
            &[
                all(1, OUT, ALLOW),
                tcp(10, IN, ALLOW, "10.0.0.0/8", (4000, 4000)),
                tcp(20, IN, ALLOW, "44.0.0.0/8", (30001, 65535)),
            ],
        )
        .arrives(&["3.3.3.3"]);
}

#[test]
fn ports_of_which_it_cannot_be_told_do_not_stop() {
    let world = World::endpoint()
        .acl(
            "subnet-private",
            &[
                all(1, OUT, ALLOW),
                tcp(10, IN, ALLOW, "0.0.0.0/0", (1024, 30000)),
                tcp(20, IN, ALLOW, "0.0.0.0/0", (30001, 65535)).with(json!({"CidrBlock": null})),
            ],
        )
        .acl(
            "subnet-endpoint",
            &[all(1, IN, ALLOW), tcp(10, OUT, ALLOW, "0.0.0.0/0", (30001, 65535))],
        );
    world.unknown("acl-of-subnet-endpoint", "whether any port for answers is open");
}

#[test]
fn the_acl_must_be_seen() {
    World::private()
        .gone("acl-a")
        .unknown("the network ACL of subnet-private", "no network ACL that was delivered");
    World::private()
        .without("NetworkAcls")
        .unknown("the network ACL of subnet-private", "not seen: NetworkAcls: not delivered");
    World::private()
        .patch("acl-a", json!({"Entries": null}))
        .unknown("acl-a", "its rules were not delivered");
    World::private()
        .patch("acl-p", json!({"Associations": [{"SubnetId": "subnet-private"}]}))
        .unknown("the network ACL of subnet-private", "2 network ACLs claim this subnet");
    World::private()
        .merge(
            json!({"Conflicts": [{"List": "NetworkAcls", "Id": "acl-a", "Fields": ["Entries"]}]}),
        )
        .unknown("acl-a", "described twice, with different Entries");
}

#[test]
fn a_field_of_a_rule_that_nobody_reviewed_is_a_gap_where_the_rule_matches() {
    let odd = |cidr: &str| tcp(10, OUT, DENY, cidr, (0, 65535)).with(json!({"QuantumState": "q"}));
    before_all(&[odd("0.0.0.0/0")]).unknown(ACL, "NetworkAclEntry.QuantumState");
    before_all(&[odd("44.211.0.0/16")]).arrives(&["3.3.3.3"]);
}

#[test]
fn from_a_bare_subnet_a_rule_that_splits_it_cannot_be_told() {
    World::private()
        .from("subnet-private")
        .acl(
            "subnet-public",
            &[
                tcp(10, IN, DENY, "10.0.1.0/25", (0, 65535)),
                all(100, IN, ALLOW),
                all(100, OUT, ALLOW),
            ],
        )
        .unknown(
            "acl-of-subnet-public",
            "rule 10 (deny 10.0.1.0/25) takes some of 10.0.1.0/24 and not others",
        );
}

#[test]
fn what_passes_for_one_of_several_addresses_cannot_be_told() {
    World::peering()
        .route("rtb-private", "10.9.0.0/16", "nat-a")
        .route("rtb-public", "10.9.0.0/16", "pcx-a")
        .patch(
            "nat-a",
            json!({"NatGatewayAddresses": [
            {"PrivateIp": "10.0.2.5", "Status": "succeeded"},
            {"PrivateIp": "10.0.2.6", "Status": "succeeded"}]}),
        )
        .acl("subnet-peer", &[all(1, OUT, ALLOW), tcp(10, IN, ALLOW, "10.0.2.5/32", (4000, 4000))])
        .unknown("acl-of-subnet-peer", "for some of the addresses and not for 10.0.2.6");
}

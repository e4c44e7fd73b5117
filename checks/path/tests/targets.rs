//! Targets behind which nothing can be seen.

use serde_json::json;

use super::{Code, Leg, Verdict, World};

/// Each target with the words for what can't be seen there.
const TARGETS: [(&str, &str); 9] = [
    ("tgw-a", "at the transit gateway"),
    ("vgw-a", "behind the virtual private gateway"),
    ("vpce-gwlb", "at the endpoint"),
    ("lgw-a", "at the local gateway"),
    ("cagw-a", "at the carrier gateway"),
    ("arn:aws:networkmanager::1:core-network/core-1", "at the core network"),
    ("arn:aws:odb:us-east-1:1:odb-network/odbnet-1", "at the ODB network"),
    ("10.0.1.99", "at the next hop"),
    ("quantum-1", "at a target that this version doesn't know"),
];

#[test]
fn they_cannot_be_told_and_are_named() {
    for (target, words) in TARGETS {
        let path =
            World::private().route("rtb-private", "0.0.0.0/0", target).unknown(target, words);
        assert!(!path.egress.is_known(), "{target}");
        // From a NAT gateway on as well, and then its own address isn't what is seen.
        let path = World::private().route("rtb-public", "0.0.0.0/0", target).unknown(target, words);
        assert!(!path.egress.is_known(), "{target}");
    }
}

#[test]
fn unless_something_earlier_stops_the_packet() {
    for (target, _) in TARGETS {
        let world = World::private().route("rtb-private", "0.0.0.0/0", target);
        world.clone().rules("sg-seat", "IpPermissionsEgress", json!([])).stopped(
            Code::SgHasNoRules,
            Leg::Seat,
            "sg-seat",
        );
        world
            .acl("subnet-private", &[])
            .stopped_by(&[(Code::SubnetAclRestriction, Leg::Seat, "acl-of-subnet-private"); 2]);
    }
}

#[test]
fn a_route_without_any_target_cannot_be_told() {
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", json!({"NatGatewayId": null}))
        .unknown("no target that this version knows", "a target that this version doesn't know");
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", json!({"NatGatewayId": ""}))
        .unknown("no target that this version knows", "a target that this version doesn't know");
}

#[test]
fn an_egress_only_internet_gateway_carries_ipv6_alone() {
    World::private().route("rtb-private", "0.0.0.0/0", "eigw-a").stopped(
        Code::CannotRoute,
        Leg::Seat,
        "rtb-private",
    );
    World::private()
        .patch_route(
            "rtb-private",
            "0.0.0.0/0",
            json!({"NatGatewayId": null, "GatewayId": "eigw-a"}),
        )
        .stopped(Code::CannotRoute, Leg::Seat, "rtb-private");
}

#[test]
fn independent_faults_all_show() {
    let path = World::private()
        .rules("sg-seat", "IpPermissionsEgress", json!([]))
        .acl("subnet-private", &[super::all(100, super::IN, super::ALLOW)])
        .patch("nat-a", json!({"State": "failed"}))
        .patch("igw-a", json!({"Attachments": []}))
        .stopped_by(&[
            (Code::SgHasNoRules, Leg::Seat, "sg-seat"),
            (Code::SubnetAclRestriction, Leg::Seat, "acl-of-subnet-private"),
            (Code::BadState, Leg::Nat, "nat-a"),
            (Code::IgwNotAttached, Leg::Nat, "igw-a"),
        ]);
    assert_eq!(path.verdict(), Verdict::Stopped);
}

#[test]
fn a_stop_beats_a_gap() {
    World::private()
        .without("NetworkAcls")
        .rules("sg-seat", "IpPermissionsEgress", json!([]))
        .stopped(Code::SgHasNoRules, Leg::Seat, "sg-seat");
}

#[test]
fn a_vpc_under_enforced_encryption_cannot_be_told() {
    World::private()
        .patch("vpc-a", json!({"EncryptionControl": {"Mode": "enforce"}}))
        .unknown("vpc-a", "encryption control");
    World::private()
        .patch("vpc-a", json!({"EncryptionControl": {"Mode": "monitor"}}))
        .arrives(&["3.3.3.3"]);
}

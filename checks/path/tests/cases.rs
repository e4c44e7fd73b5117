//! The path cases of the case book, F-08 to F-12, with their variants.

use serde_json::json;

use super::{ALLOW, Code, IN, Leg, OUT, World, all, tcp};

/// F-08: `i-public`'s subnet has no table of its own; the first table isn't the main one.
fn f08() -> World {
    World::public()
        .gone("rtb-public")
        .patch("rtb-private", json!({"Routes": [super::route("10.0.0.0/16", "local")]}))
        .route("rtb-main", "0.0.0.0/0", "igw-a")
}

#[test]
fn f08_the_first_table_is_not_the_main_table() {
    f08().arrives(&["54.0.0.20"]);
}

#[test]
fn f08_turned_round_it_is_the_same() {
    let turned = f08().edit(|json| json["RouteTables"].as_array_mut().unwrap().reverse());
    assert_eq!(turned.trace(), f08().trace());
}

#[test]
fn f08_the_main_table_unseen_is_a_gap_and_not_no_route() {
    for world in [f08().gone("rtb-main"), f08().unseen("RouteTables", "rtb-main")] {
        world.unknown("the route table of subnet-public", "");
    }
    f08()
        .gone("rtb-main")
        .unknown("the route table of subnet-public", "main table of vpc-a was not seen");
}

#[test]
fn f08_the_main_table_with_an_explicit_association_is_still_main() {
    f08()
        .patch(
            "rtb-main",
            json!({"Associations": [
            {"Main": false, "SubnetId": "subnet-endpoint"}, {"Main": true}]}),
        )
        .arrives(&["54.0.0.20"]);
}

/// F-09: the NAT gateway sits in one of the private subnets that it serves. Naive: it is available
/// and has an address, so packets arrive.
#[test]
fn f09_a_nat_gateway_in_the_private_subnet_that_it_serves_goes_round() {
    let world = World::private().patch("nat-a", json!({"SubnetId": "subnet-private"})).patch(
        "nat-a",
        json!({"NatGatewayAddresses": [{
            "PublicIp": "3.3.3.3", "PrivateIp": "10.0.1.5", "Status": "succeeded"}]}),
    );
    let path = world.stopped(Code::NatRoutesToItself, Leg::Nat, "rtb-private");
    assert!(path.egress.is_known());
    // From the second subnet of the same table likewise.
    world
        .patch(
            "rtb-private",
            json!({"Associations": [
            {"Main": false, "SubnetId": "subnet-private"},
            {"Main": false, "SubnetId": "subnet-endpoint"}]}),
        )
        .from("subnet-endpoint")
        .stopped(Code::NatRoutesToItself, Leg::Nat, "rtb-private");
}

/// F-10: Terraform deletes the allow-all rule. Naive: an empty list restricts nothing.
#[test]
fn f10_a_security_group_without_any_outbound_rule_lets_nothing_leave() {
    World::private().rules("sg-seat", "IpPermissionsEgress", json!([])).stopped(
        Code::SgHasNoRules,
        Leg::Seat,
        "sg-seat",
    );
}

#[test]
fn f10_a_second_group_with_a_fitting_rule_lets_it_leave() {
    World::private()
        .rules("sg-seat", "IpPermissionsEgress", json!([]))
        .patch("eni-seat", json!({"Groups": [{"GroupId": "sg-seat"}, {"GroupId": "sg-public"}]}))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn f10_an_absent_list_of_outbound_rules_is_a_gap() {
    World::private()
        .patch("sg-seat", json!({"IpPermissionsEgress": null}))
        .unknown("sg-seat", "outbound rules were not delivered");
}

/// F-11: hardened for web traffic. Naive: every list with a deny rule stops; or only inbound counts.
fn f11(subnet: &str) -> World {
    World::private().acl(
        subnet,
        &[
            tcp(140, IN, ALLOW, "0.0.0.0/0", (1024, 65535)),
            tcp(100, OUT, ALLOW, "0.0.0.0/0", (80, 80)),
            tcp(110, OUT, ALLOW, "0.0.0.0/0", (443, 443)),
        ],
    )
}

#[test]
fn f11_an_acl_for_web_traffic_stops_port_4000_on_the_way_out_alone() {
    let path = f11("subnet-private").stopped(
        Code::SubnetAclRestriction,
        Leg::Seat,
        "acl-of-subnet-private",
    );
    assert!(path.stops[0].detail.contains("rule 32767"), "{:#?}", path.stops);
    assert!(path.stops[0].detail.contains("outbound"));
    assert!(path.findings.is_empty(), "the return leg is fine");
}

#[test]
fn f11_an_allow_with_a_free_number_before_the_first_deny_mends_it() {
    World::private()
        .acl(
            "subnet-private",
            &[
                tcp(140, IN, ALLOW, "0.0.0.0/0", (1024, 65535)),
                tcp(100, OUT, ALLOW, "0.0.0.0/0", (80, 80)),
                tcp(120, OUT, ALLOW, "44.210.0.50/32", (4000, 4000)),
            ],
        )
        .arrives(&["3.3.3.3"]);
}

#[test]
fn f11_the_same_acl_at_the_nat_gateway_stops_both_its_ways_out() {
    // In from the seat to port 4000 is open; out to the cluster isn't, nor are answers to the seat.
    f11("subnet-public").stopped_by(&[
        (Code::SubnetAclRestriction, Leg::Nat, "acl-of-subnet-public"),
        (Code::SubnetAclRestriction, Leg::Nat, "acl-of-subnet-public"),
    ]);
}

#[test]
fn f11_a_deny_rule_that_does_not_match_says_nothing() {
    World::private()
        .acl(
            "subnet-private",
            &[
                tcp(10, OUT, super::DENY, "0.0.0.0/0", (22, 22)),
                tcp(11, OUT, super::DENY, "203.0.113.0/24", (0, 65535)),
                all(100, OUT, ALLOW),
                all(100, IN, ALLOW),
            ],
        )
        .arrives(&["3.3.3.3"]);
}

/// F-12. Naive: a gateway that isn't found is unknown in both cases; or a NAT route arrives.
#[test]
fn f12_a_blackhole_is_proof_enough_that_the_nat_gateway_is_gone() {
    World::private()
        .route("rtb-private", "0.0.0.0/0", "nat-dead")
        .patch_route("rtb-private", "0.0.0.0/0", json!({"State": "blackhole"}))
        .stopped(Code::BadStateRoute, Leg::Seat, "rtb-private");
}

#[test]
fn f12_an_active_route_to_a_nat_gateway_that_is_not_in_the_data_is_a_gap() {
    let path = World::private()
        .route("rtb-private", "0.0.0.0/0", "nat-dead")
        .unknown("nat-dead", "not among the NatGateways");
    assert!(!path.egress.is_known());
}

//! VPC Block Public Access: off, block-bidirectional, block-ingress.

use serde_json::{Value, json};

use super::{Code, Leg, World};

fn mode(mode: &str) -> Value {
    json!({"BlockPublicAccessStates": {"InternetGatewayBlockMode": mode}})
}

#[test]
fn bidirectional_blocks_the_internet_gateway_and_nat() {
    World::public().patch("subnet-public", mode("block-bidirectional")).stopped(
        Code::VpcBlockPublicAccessEnabled,
        Leg::Seat,
        "subnet-public",
    );
    for world in [World::private(), World::nat_instance()] {
        world
            .patch("subnet-public", mode("block-bidirectional"))
            .patch("subnet-private", mode("block-bidirectional"))
            .stopped(Code::VpcBlockPublicAccessEnabled, Leg::Nat, "subnet-public");
    }
}

#[test]
fn ingress_blocks_the_internet_gateway_and_nat_instances_and_spares_nat_gateways() {
    World::public().patch("subnet-public", mode("block-ingress")).stopped(
        Code::VpcBlockPublicAccessEnabled,
        Leg::Seat,
        "subnet-public",
    );
    World::nat_instance().patch("subnet-public", mode("block-ingress")).stopped(
        Code::VpcBlockPublicAccessEnabled,
        Leg::Nat,
        "subnet-public",
    );
    World::private()
        .patch("subnet-public", mode("block-ingress"))
        .patch("subnet-private", mode("block-ingress"))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn whether_an_exclusion_at_the_nat_gateway_alone_is_enough_cannot_be_told() {
    for world in [World::private(), World::nat_instance()] {
        world
            .patch("subnet-private", mode("block-bidirectional"))
            .unknown("subnet-private", "whether that is enough isn't documented");
    }
}

#[test]
fn a_private_way_is_not_blocked() {
    World::endpoint().patch("subnet-private", mode("block-bidirectional")).arrives(&["10.0.1.10"]);
    World::peering().patch("subnet-private", mode("block-bidirectional")).arrives(&["10.0.1.10"]);
}

#[test]
fn a_mode_that_was_not_printed_is_off_and_said_so() {
    let path = World::public()
        .patch("subnet-public", json!({"BlockPublicAccessStates": null}))
        .arrives(&["54.0.0.20"]);
    assert_eq!(path.assumptions[0].about, "subnet-public");
    assert_eq!(path.assumptions[0].taken, "VPC Block Public Access is off");
}

#[test]
fn a_mode_that_this_version_does_not_know_is_a_gap() {
    World::public()
        .patch("subnet-public", mode("block-sideways"))
        .unknown("subnet-public", "`block-sideways`");
    World::private()
        .to("54.0.0.20")
        .patch("eni-public", json!({"Groups": []}))
        .from("i-public")
        .patch("subnet-public", mode("block-sideways"))
        .unknown("subnet-public", "`block-sideways`");
}

#[test]
fn of_a_regional_nat_gateway_the_vpc_s_mode_counts() {
    let regional = || {
        World::private().patch(
            "nat-a",
            json!({"AvailabilityMode": "regional", "SubnetId": null,
            "RouteTableId": "rtb-public"}),
        )
    };
    regional().patch("vpc-a", mode("block-bidirectional")).stopped(
        Code::VpcBlockPublicAccessEnabled,
        Leg::Nat,
        "vpc-a",
    );
    regional().patch("vpc-a", mode("block-ingress")).arrives(&["3.3.3.3"]);
    let path = regional().arrives(&["3.3.3.3"]);
    assert_eq!(path.assumptions[0].about, "vpc-a");
}

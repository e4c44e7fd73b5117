//! Interface endpoints in the VPC.

use serde_json::json;

use super::{Code, ENDPOINT, Leg, Verdict, World};

#[test]
fn it_must_be_available_in_any_letter_case() {
    for state in ["available", "Available"] {
        let path =
            World::endpoint().patch("vpce-a", json!({"State": state})).arrives(&["10.0.1.10"]);
        assert_eq!(path.endpoints, ["vpce-a"]);
    }
    for state in ["pendingAcceptance", "rejected", "deleting", "failed"] {
        World::endpoint().patch("vpce-a", json!({"State": state})).stopped(
            Code::BadState,
            Leg::Endpoint,
            "vpce-a",
        );
    }
    World::endpoint()
        .patch("vpce-a", json!({"State": null}))
        .unknown("vpce-a", "its state was not delivered");
}

#[test]
fn an_endpoint_s_interface_without_its_endpoint_is_a_gap() {
    for world in [
        World::endpoint().gone("vpce-a"),
        World::endpoint().without("VpcEndpoints"),
        World::endpoint().patch("vpce-a", json!({"NetworkInterfaceIds": null})),
    ] {
        world.unknown("the VPC endpoint of eni-endpoint", "");
    }
}

#[test]
fn the_endpoint_s_list_of_interfaces_says_it_without_the_type() {
    World::endpoint()
        .patch("eni-endpoint", json!({"InterfaceType": null}))
        .patch("vpce-a", json!({"State": "rejected"}))
        .stopped(Code::BadState, Leg::Endpoint, "vpce-a");
}

#[test]
fn its_security_group_must_let_the_seat_in() {
    World::endpoint()
        .rules(
            "sg-endpoint",
            "IpPermissions",
            json!([
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]),
        )
        .stopped(Code::EniSgRulesMismatch, Leg::Endpoint, "sg-endpoint");
    for rule in [
        json!({"UserIdGroupPairs": [{"GroupId": "sg-seat"}]}),
        json!({"IpRanges": [{"CidrIp": "10.0.1.0/24"}]}),
    ] {
        let mut rule = rule;
        rule["IpProtocol"] = json!("tcp");
        rule["FromPort"] = json!(4000);
        rule["ToPort"] = json!(4000);
        World::endpoint()
            .rules("sg-endpoint", "IpPermissions", json!([rule]))
            .arrives(&["10.0.1.10"]);
    }
}

#[test]
fn its_subnet_s_acl_and_route_back_count_in_another_subnet() {
    World::endpoint()
        .acl("subnet-endpoint", &[])
        .stopped_by(&[(Code::SubnetAclRestriction, Leg::Endpoint, "acl-of-subnet-endpoint"); 2]);
    World::endpoint().route("rtb-main", "10.0.1.0/24", "nat-a").stopped(
        Code::CannotRoute,
        Leg::Endpoint,
        "rtb-main",
    );
}

/// The endpoint's interface in the seat's own subnet.
fn neighbour() -> World {
    World::endpoint()
        .patch(
            "eni-endpoint",
            json!({"SubnetId": "subnet-private", "PrivateIpAddress": "10.0.1.30",
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.1.30"}]}),
        )
        .to("10.0.1.30")
}

#[test]
fn inside_one_subnet_the_acl_is_not_asked() {
    neighbour().acl("subnet-private", &[]).arrives(&["10.0.1.10"]);
    neighbour().rules("sg-endpoint", "IpPermissions", json!([])).stopped(
        Code::SgHasNoRules,
        Leg::Endpoint,
        "sg-endpoint",
    );
}

#[test]
fn of_a_subnet_without_its_cidr_it_cannot_be_told_whether_it_is_the_destination_s() {
    neighbour()
        .acl("subnet-private", &[])
        .patch("subnet-private", json!({"CidrBlock": null}))
        .unknown("subnet-private", "its IPv4 CIDR is missing");
}

#[test]
fn a_gateway_endpoint_or_firewall_endpoint_as_target_cannot_be_told() {
    World::private()
        .route("rtb-private", "0.0.0.0/0", "vpce-firewall")
        .unknown("vpce-firewall", "at the endpoint");
}

#[test]
fn from_a_bare_subnet_the_address_that_it_sees_is_not_known() {
    let path = World::endpoint().from("subnet-private").trace();
    assert_eq!(path.verdict(), Verdict::Arrives);
    assert!(!path.egress.is_known());
    // A rule that splits the subnet can't be told.
    World::endpoint()
        .from("subnet-private")
        .to(ENDPOINT)
        .rules(
            "sg-endpoint",
            "IpPermissions",
            json!([
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.1.0/25"}]}]),
        )
        .unknown("sg-endpoint", "takes some of 10.0.1.0/24 and not others");
}

#[test]
fn its_leg_is_the_endpoint_s_even_when_the_endpoint_was_not_seen() {
    World::endpoint()
        .without("VpcEndpoints")
        .rules("sg-endpoint", "IpPermissions", json!([]))
        .stopped(Code::SgHasNoRules, Leg::Endpoint, "sg-endpoint");
}

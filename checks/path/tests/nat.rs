//! NAT gateways.

use serde_json::{Value, json};

use super::{ALLOW, Code, DENY, IN, Leg, OUT, Verdict, World, all, tcp};

fn nat(patch: Value) -> World {
    World::private().patch("nat-a", patch)
}

#[test]
fn it_must_be_available() {
    for state in ["pending", "failed", "deleted"] {
        nat(json!({"State": state})).stopped(Code::BadState, Leg::Nat, "nat-a");
    }
    let path = nat(json!({"State": "failed", "FailureCode": "Gateway.NotAttached",
        "FailureMessage": "Network vpc-a has no Internet gateway attached"}))
    .stopped(Code::BadState, Leg::Nat, "nat-a");
    assert_eq!(
        path.stops[0].detail,
        "nat-a is failed (Gateway.NotAttached: Network vpc-a has no Internet gateway attached)"
    );
}

#[test]
fn one_that_is_being_deleted_may_still_carry_packets() {
    nat(json!({"State": "deleting"})).unknown("nat-a", "it is being deleted");
}

#[test]
fn a_state_that_was_not_delivered_is_a_gap() {
    nat(json!({"State": null})).unknown("nat-a", "its state was not delivered");
}

#[test]
fn a_private_one_is_dropped_at_the_internet_gateway() {
    let path = nat(json!({"ConnectivityType": "private"})).stopped(
        Code::NatConnectivityPrivate,
        Leg::Nat,
        "rtb-public",
    );
    assert!(!path.egress.is_known());
}

#[test]
fn a_connectivity_that_was_not_printed_is_public_and_said_so() {
    let path = nat(json!({"ConnectivityType": null})).arrives(&["3.3.3.3"]);
    assert_eq!(path.assumptions.len(), 1);
    assert_eq!(path.assumptions[0].taken, "the NAT gateway is public");
}

#[test]
fn it_serves_its_own_vpc_only() {
    nat(json!({"VpcId": "vpc-p"})).stopped(Code::NgwRequiresSourceInVpc, Leg::Nat, "nat-a");
    // Its subnet says it too; without both it is a gap.
    nat(json!({"VpcId": null})).arrives(&["3.3.3.3"]);
    nat(json!({"VpcId": null, "SubnetId": null})).unknown("nat-a", "the VPC that it serves");
}

#[test]
fn its_own_subnet_must_lead_to_an_internet_gateway() {
    World::private().routes("rtb-public", &[]).stopped(
        Code::NoRouteToDestination,
        Leg::Nat,
        "rtb-public",
    );
    World::private().patch_route("rtb-public", "0.0.0.0/0", json!({"State": "blackhole"})).stopped(
        Code::BadStateRoute,
        Leg::Nat,
        "rtb-public",
    );
}

#[test]
fn two_that_lead_to_each_other_go_round() {
    let second = json!({
        "NatGatewayId": "nat-b", "VpcId": "vpc-a", "SubnetId": "subnet-endpoint",
        "State": "available", "ConnectivityType": "public", "NatGatewayAddresses": [{
            "PublicIp": "3.3.3.4", "PrivateIp": "10.0.3.5", "Status": "succeeded"}],
    });
    let world = World::private()
        .add("NatGateways", second)
        .route("rtb-public", "0.0.0.0/0", "nat-b")
        .route("rtb-main", "0.0.0.0/0", "nat-a");
    world.stopped(Code::NatRoutesToItself, Leg::Nat, "rtb-main");
    // One behind the other works, and the last one's address is seen.
    let path = world.route("rtb-main", "0.0.0.0/0", "igw-a").arrives(&["3.3.3.4"]);
    assert_eq!(path.nat_gateways, ["nat-a", "nat-b"]);
}

#[test]
fn all_its_addresses_in_use_are_egress() {
    let address = |public: &str, status: Value| {
        json!({"PublicIp": public, "PrivateIp": "10.0.2.6",
        "Status": status})
    };
    nat(json!({"NatGatewayAddresses": [
        address("3.3.3.3", json!("succeeded")), address("3.3.3.4", json!("succeeded")),
        address("3.3.3.5", json!("failed")), address("3.3.3.6", json!("disassociating"))]}))
    .arrives(&["3.3.3.3", "3.3.3.4"]);
    let path = nat(json!({"NatGatewayAddresses": [
        address("3.3.3.3", json!("succeeded")), address("3.3.3.4", json!("associating"))]}))
    .arrives(&["3.3.3.3"]);
    assert_eq!(path.egress.unstable, ["3.3.3.4 is being added to nat-a"]);
    assert_eq!(path.egress.elastic, path.egress.addresses);
}

#[test]
fn an_address_status_that_was_not_printed_is_in_use_and_said_so() {
    let path = nat(json!({"NatGatewayAddresses": [
        {"PublicIp": "3.3.3.3", "PrivateIp": "10.0.2.5"}]}))
    .arrives(&["3.3.3.3"]);
    let about: Vec<&str> = path.assumptions.iter().map(|taken| taken.about.as_str()).collect();
    assert_eq!(about, ["3.3.3.3", "10.0.2.5"]);
}

#[test]
fn addresses_that_were_not_delivered_leave_egress_unknown() {
    for addresses in
        [json!(null), json!([]), json!([{"PrivateIp": "10.0.2.5", "Status": "succeeded"}])]
    {
        let path = nat(json!({"NatGatewayAddresses": addresses})).trace();
        assert_eq!(path.verdict(), Verdict::Arrives);
        assert!(!path.egress.is_known());
        assert!(path.egress.addresses.is_empty());
    }
    // What is known of them stands beside the gap.
    let path = nat(json!({"NatGatewayAddresses": [
        {"PrivateIp": "10.0.2.5", "Status": "succeeded"},
        {"PublicIp": "3.3.3.4", "PrivateIp": "10.0.2.6", "Status": "succeeded"}]}))
    .trace();
    assert!(!path.egress.is_known());
    assert_eq!(path.egress.addresses.len(), 1);
    assert_eq!(path.egress.gaps[0].reason, "not all of its addresses were delivered");
}

#[test]
fn egress_is_known_whatever_stops_come_later() {
    for world in [
        World::private().routes("rtb-public", &[]),
        World::private().patch("igw-a", json!({"Attachments": []})),
        nat(json!({"State": "failed"})),
        World::private().rules("sg-seat", "IpPermissionsEgress", json!([])),
    ] {
        let path = world.trace();
        assert_eq!(path.verdict(), Verdict::Stopped);
        assert!(path.egress.is_known());
        assert_eq!(path.egress.addresses, ["3.3.3.3".parse().unwrap()].into());
    }
}

/// A regional NAT gateway has no subnet, and a route table of its own.
fn regional(patch: Value) -> World {
    nat(json!({"AvailabilityMode": "regional", "SubnetId": null, "RouteTableId": "rtb-public"}))
        .patch("nat-a", patch)
}

#[test]
fn a_regional_one_has_no_subnet_and_its_own_table() {
    let path = regional(json!({})).arrives(&["3.3.3.3"]);
    assert!(path.egress.unstable.is_empty());
    assert!(!path.hops.iter().any(|hop| hop.id == "subnet-public"));
    // Without its mode, the table and the lack of a subnet say it.
    regional(json!({"AvailabilityMode": null})).arrives(&["3.3.3.3"]);
    // A subnet that is printed all the same doesn't count.
    regional(json!({"SubnetId": "subnet-gone"})).arrives(&["3.3.3.3"]);
    regional(json!({"RouteTableId": null})).unknown("nat-a", "route table of the regional");
    regional(json!({"RouteTableId": "rtb-gone"})).unknown("rtb-gone", "not among the RouteTables");
    World::private()
        .routes("rtb-public", &[])
        .patch(
            "nat-a",
            json!({"AvailabilityMode": "regional", "SubnetId": null,
            "RouteTableId": "rtb-public"}),
        )
        .stopped(Code::NoRouteToDestination, Leg::Nat, "rtb-public");
}

#[test]
fn a_regional_one_to_which_aws_adds_addresses_has_unstable_egress() {
    for setting in ["AutoScalingIps", "AutoProvisionZones"] {
        let path = regional(json!({setting: "enabled"})).arrives(&["3.3.3.3"]);
        assert_eq!(path.egress.unstable.len(), 1);
        let path = regional(json!({setting: "disabled"})).arrives(&["3.3.3.3"]);
        assert!(path.egress.unstable.is_empty());
    }
}

#[test]
fn a_zonal_one_without_a_subnet_is_a_gap() {
    nat(json!({"SubnetId": null})).unknown("nat-a", "the subnet that it sits in");
    nat(json!({"SubnetId": "subnet-gone"})).unknown("subnet-gone", "not among the Subnets");
    nat(json!({"AvailabilityMode": "zonal"})).arrives(&["3.3.3.3"]);
}

#[test]
fn an_attached_appliance_is_a_gap_that_names_it() {
    let appliance = |state: &str| {
        json!({"AttachedAppliances": [
        {"ApplianceArn": "arn:appliance", "AttachmentState": state}]})
    };
    nat(appliance("attached")).unknown("arn:appliance", "may filter its packets");
    nat(appliance("detached")).arrives(&["3.3.3.3"]);
}

#[test]
fn one_that_is_not_in_the_data_is_a_gap() {
    for world in [World::private().gone("nat-a"), World::private().unseen("NatGateways", "nat-a")] {
        let path = world.unknown("nat-a", "");
        assert!(!path.egress.is_known());
    }
}

#[test]
fn answers_go_back_to_the_seat_by_the_table_of_its_subnet() {
    World::private()
        .route("rtb-public", "10.0.1.0/24", "nat-dead")
        .patch_route("rtb-public", "10.0.1.0/24", json!({"State": "blackhole"}))
        .stopped(Code::BadStateRoute, Leg::Nat, "rtb-public");
    World::private().route("rtb-public", "10.0.1.0/24", "pcx-a").stopped(
        Code::CannotRoute,
        Leg::Nat,
        "rtb-public",
    );
    World::private()
        .route("rtb-public", "10.0.1.0/24", "vpce-firewall")
        .unknown("rtb-public", "answers to 10.0.1.10 take");
    World::private()
        .routes("rtb-public", &[("0.0.0.0/0", "igw-a")])
        .patch("rtb-public", json!({"Routes": [super::route("44.0.0.0/8", "igw-a")]}))
        .stopped(Code::NoRouteToDestination, Leg::Nat, "rtb-public");
    // From a bare subnet, a part of it that goes elsewhere can't be told.
    World::private()
        .from("subnet-private")
        .route("rtb-public", "10.0.1.128/25", "vpce-firewall")
        .unknown("rtb-public", "takes some of the addresses and not others");
}

#[test]
fn in_the_seat_s_own_subnet_neither_acl_nor_way_back_is_asked() {
    // One public subnet holds both; its list is asked once, between the NAT gateway and the world.
    let world = World::public()
        .route("rtb-public", "44.0.0.0/8", "nat-a")
        .route("rtb-public", "44.210.0.50/32", "igw-a")
        .to("44.1.1.1");
    world.clone().stopped(Code::NatRoutesToItself, Leg::Nat, "rtb-public");
    world.from("i-public").to("44.1.1.1,44.210.0.50").stopped(
        Code::NatRoutesToItself,
        Leg::Nat,
        "rtb-public",
    );
}

/// The four legs of `aws-dms.md` §4.6, each closed alone.
#[test]
fn its_subnet_s_acl_is_asked_on_four_legs() {
    let inner = "10.0.1.10/32";
    let outer = "44.210.0.50/32";
    for (rule, words) in [
        (tcp(50, IN, DENY, inner, (4000, 4000)), "inbound rule 50"),
        (tcp(50, OUT, DENY, inner, (1024, 65535)), "outbound rule 50"),
        (tcp(50, OUT, DENY, outer, (4000, 4000)), "outbound rule 50"),
        (tcp(50, IN, DENY, outer, (1024, 65535)), "inbound rule 50"),
    ] {
        let path = World::private()
            .acl("subnet-public", &[rule, all(100, IN, ALLOW), all(100, OUT, ALLOW)])
            .stopped(Code::SubnetAclRestriction, Leg::Nat, "acl-of-subnet-public");
        assert!(path.stops[0].detail.starts_with(words), "{:#?}", path.stops);
    }
}

#[test]
fn to_a_private_destination_it_shows_its_private_address() {
    let closed = |cidr: &str| {
        World::peering()
            .route("rtb-private", "10.9.0.0/16", "nat-a")
            .route("rtb-public", "10.9.0.0/16", "pcx-a")
            .patch("nat-a", json!({"ConnectivityType": "private"}))
            .rules(
                "sg-peer",
                "IpPermissions",
                json!([
                {"IpProtocol": "-1", "IpRanges": [{"CidrIp": cidr}]}]),
            )
    };
    closed("10.0.2.5/32").arrives(&["10.0.2.5"]);
    closed("10.0.1.0/24").stopped(Code::EniSgRulesMismatch, Leg::Peer, "sg-peer");
    closed("10.0.1.0/24")
        .patch("nat-a", json!({"NatGatewayAddresses": []}))
        .unknown("nat-a", "no address of it is in use");
    // With two addresses of which one may enter, it can't be told.
    closed("10.0.2.5/32")
        .patch(
            "nat-a",
            json!({"NatGatewayAddresses": [
            {"PrivateIp": "10.0.2.5", "Status": "succeeded"},
            {"PrivateIp": "10.0.2.6", "Status": "succeeded"}]}),
        )
        .unknown("sg-peer", "some of the addresses");
}

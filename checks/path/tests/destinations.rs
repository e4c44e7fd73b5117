//! Destinations whose interface is in the facts, and nobody.

use serde_json::{Value, json};

use super::{ALLOW, Code, IN, Leg, OUT, World, all, tcp, world::interface};

/// `i-seat` goes to `i-public` by its private address, in another subnet of the VPC.
fn inside() -> World {
    World::private().to("10.0.2.20").rules("sg-public", "IpPermissions", open())
}

/// `i-seat` goes to `i-public` by its public address.
fn outside() -> World {
    World::private().to("54.0.0.20").rules("sg-public", "IpPermissions", open())
}

fn open() -> Value {
    json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
}

#[test]
fn its_security_group_acl_and_route_back_count() {
    inside().arrives(&["10.0.1.10"]);
    inside().rules("sg-public", "IpPermissions", json!([])).stopped(
        Code::SgHasNoRules,
        Leg::Destination,
        "sg-public",
    );
    inside()
        .acl("subnet-public", &[])
        .stopped_by(&[(Code::SubnetAclRestriction, Leg::Destination, "acl-of-subnet-public"); 2]);
    inside().route("rtb-public", "10.0.1.0/24", "nat-a").stopped(
        Code::CannotRoute,
        Leg::Destination,
        "rtb-public",
    );
}

#[test]
fn the_seat_s_own_acl_counts_too() {
    inside()
        .acl("subnet-private", &[])
        .stopped_by(&[(Code::SubnetAclRestriction, Leg::Seat, "acl-of-subnet-private"); 2]);
}

#[test]
fn nobody_in_a_local_cidr_stops() {
    inside().to("10.0.2.99").stopped(Code::AddressNotInUse, Leg::Destination, "10.0.2.99");
    // In the seat's own subnet, and where no subnet is.
    inside().to("10.0.1.99").stopped(Code::AddressNotInUse, Leg::Destination, "10.0.1.99");
    inside().to("10.0.200.1").stopped(Code::AddressNotInUse, Leg::Destination, "10.0.200.1");
}

#[test]
fn whether_it_is_nobody_needs_all_interfaces_and_all_their_addresses() {
    inside()
        .to("10.0.2.99")
        .partial("NetworkInterfaces")
        .unknown("10.0.2.99", "NetworkInterfaces: has more pages");
    for addresses in [json!(null), json!([{"Primary": true, "PrivateIpAddress": "10.0.2.30"}, {}])]
    {
        inside()
            .to("10.0.2.99")
            .patch("eni-forward", json!({"PrivateIpAddresses": addresses}))
            .unknown("eni-forward", "10.0.2.99 may be one");
    }
    inside()
        .to("10.0.2.20")
        .patch("eni-public", json!({"VpcId": null, "SubnetId": null}))
        .unknown("10.0.2.20", "the VPC of the interface that has it");
    inside().patch("eni-public", json!({"VpcId": null})).arrives(&["10.0.1.10"]);
}

#[test]
fn two_interfaces_that_claim_one_address_are_a_gap() {
    inside()
        .add("NetworkInterfaces", interface("other", "vpc-a", "subnet-public", "10.0.2.20", None))
        .unknown("10.0.2.20", "2 interfaces claim this address");
    outside()
        .add(
            "NetworkInterfaces",
            interface("other", "vpc-a", "subnet-public", "10.0.2.21", Some("54.0.0.20")),
        )
        .unknown("54.0.0.20", "2 interfaces claim this address");
}

#[test]
fn a_secondary_address_counts() {
    inside()
        .to("10.0.2.21")
        .patch("eni-public", json!({"PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "10.0.2.20"}, {"PrivateIpAddress": "10.0.2.21"}]}))
        .arrives(&["10.0.1.10"]);
}

#[test]
fn its_instance_must_run_and_its_interface_be_attached() {
    inside().patch("i-public", json!({"State": {"Name": "stopped"}})).stopped(
        Code::BadState,
        Leg::Destination,
        "i-public",
    );
    inside().patch("eni-public", json!({"Status": "available", "Attachment": null})).stopped(
        Code::BadState,
        Leg::Destination,
        "eni-public",
    );
    inside()
        .gone("r-i-public")
        .patch("eni-public", json!({"Attachment": null}))
        .unknown("eni-public", "what it is attached to");
    // A load balancer's interface is attached to no instance of ours, and answers.
    inside()
        .gone("r-i-public")
        .patch("eni-public", json!({"Attachment": {"InstanceId": null}}))
        .arrives(&["10.0.1.10"]);
    // `describe-instances` alone shows the interface and, by place, its instance.
    inside().gone("eni-public").arrives(&["10.0.1.10"]);
    inside().gone("eni-public").patch("i-public", json!({"State": {"Name": "stopped"}})).stopped(
        Code::BadState,
        Leg::Destination,
        "i-public",
    );
}

#[test]
fn a_public_address_of_an_instance_in_the_same_vpc_is_routed_as_public() {
    let path = outside().arrives(&["3.3.3.3"]);
    assert!(path.internet_gateways.contains(&"igw-a".to_owned()));
    outside().routes("rtb-private", &[]).stopped(
        Code::NoRouteToDestination,
        Leg::Seat,
        "rtb-private",
    );
    // Its group sees the NAT gateway's public address.
    let only = |cidr: &str| {
        outside().rules(
            "sg-public",
            "IpPermissions",
            json!([
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": cidr}]}]),
        )
    };
    only("3.3.3.3/32").arrives(&["3.3.3.3"]);
    only("10.0.0.0/16").stopped(Code::EniSgRulesMismatch, Leg::Destination, "sg-public");
    outside()
        .rules(
            "sg-public",
            "IpPermissions",
            json!([
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-seat"}]}]),
        )
        .stopped(Code::EniSgRulesMismatch, Leg::Destination, "sg-public");
}

/// `i-public` goes to an instance with a public address in the other VPC.
fn far() -> World {
    World::public()
        .to("54.0.0.40")
        .patch("eni-peer", json!({"Association": {"PublicIp": "54.0.0.40"}}))
        .add(
            "InternetGateways",
            json!({"InternetGatewayId": "igw-p",
            "Attachments": [{"State": "available", "VpcId": "vpc-p"}]}),
        )
        .route("rtb-peer", "0.0.0.0/0", "igw-p")
}

#[test]
fn the_far_side_s_internet_gateway_acl_route_and_block_public_access_count() {
    far().arrives(&["54.0.0.20"]);
    far().patch("igw-p", json!({"Attachments": []})).stopped(
        Code::IgwNotAttached,
        Leg::Destination,
        "igw-p",
    );
    far().gone("igw-p").unknown("igw-p", "not among the InternetGateways");
    far().routes("rtb-peer", &[]).stopped(Code::NoRouteToDestination, Leg::Destination, "rtb-peer");
    far()
        .acl("subnet-peer", &[all(1, OUT, ALLOW), tcp(10, IN, ALLOW, "54.0.0.20/32", (4000, 4000))])
        .arrives(&["54.0.0.20"]);
    far()
        .acl("subnet-peer", &[all(1, OUT, ALLOW), tcp(10, IN, ALLOW, "10.0.0.0/8", (4000, 4000))])
        .stopped(Code::SubnetAclRestriction, Leg::Destination, "acl-of-subnet-peer");
    for mode in ["block-bidirectional", "block-ingress"] {
        far()
            .patch(
                "subnet-peer",
                json!({"BlockPublicAccessStates": {"InternetGatewayBlockMode": mode}}),
            )
            .stopped(Code::VpcBlockPublicAccessEnabled, Leg::Destination, "subnet-peer");
    }
    far().patch("eni-peer", json!({"DenyAllIgwTraffic": true})).stopped(
        Code::CannotRoute,
        Leg::Destination,
        "eni-peer",
    );
}

#[test]
fn without_the_source_s_public_address_the_far_side_cannot_be_told() {
    far().from("subnet-public").unknown("eni-peer", "depends on an address that isn't known");
    far()
        .route("rtb-public", "54.0.0.40/32", "nat-a")
        .patch(
            "nat-a",
            json!({"SubnetId": "subnet-endpoint", "NatGatewayAddresses": [
            {"PublicIp": "3.3.3.3", "PrivateIp": "10.0.3.5", "Status": "succeeded"},
            {"PrivateIp": "10.0.3.6", "Status": "succeeded"}]}),
        )
        .route("rtb-main", "0.0.0.0/0", "igw-a")
        .unknown("eni-peer", "depends on an address that isn't known");
}

#[test]
fn an_elastic_address_whose_interface_is_not_in_the_data_is_a_gap() {
    World::private()
        .add("Addresses", json!({"PublicIp": "44.210.0.50", "NetworkInterfaceId": "eni-gone"}))
        .unknown("44.210.0.50", "the interface that has it is not among those");
}

#[test]
fn without_all_interfaces_that_an_address_is_nobody_s_here_is_an_assumption() {
    let path = World::private().partial("NetworkInterfaces").arrives(&["3.3.3.3"]);
    assert_eq!(path.assumptions.len(), 1);
    assert_eq!(path.assumptions[0].taken, "it is no address of these accounts");
    let path = World::private().arrives(&["3.3.3.3"]);
    assert!(path.assumptions.is_empty());
}

#[test]
fn of_several_addresses_the_worst_counts() {
    let world = World::private().to("44.210.0.50,10.0.2.99");
    let path = world.stopped(Code::AddressNotInUse, Leg::Destination, "10.0.2.99");
    assert_eq!(path.egress.addresses.len(), 2);
    World::private()
        .route("rtb-private", "45.0.0.0/8", "tgw-a")
        .to("44.210.0.50,45.0.0.1")
        .unknown("tgw-a", "at the transit gateway");
    World::private().to("44.210.0.50,44.210.0.51").arrives(&["3.3.3.3"]);
}

#[test]
fn without_any_address_it_cannot_be_told() {
    let mut world = World::private();
    world.to.clear();
    let path = world.unknown("destination", "isn't known");
    assert_eq!(path.egress.gaps[0].about, "destination");
}

#[test]
fn a_network_as_destination_is_told_where_all_of_it_fares_alike() {
    World::private().to("44.210.0.0/24").arrives(&["3.3.3.3"]);
    World::private()
        .route("rtb-private", "44.210.0.128/25", "tgw-a")
        .to("44.210.0.0/24")
        .unknown("rtb-private", "takes some of the addresses and not others");
    World::peering().to("10.9.1.0/28").unknown("pcx-a", "which of 10.9.1.0/28 it is");
    World::endpoint().to("10.0.3.0/28").unknown("local", "inside the VPC");
}

#[test]
fn a_nat_gateway_takes_no_connections_to_itself() {
    World::private().to("10.0.2.5").stopped(Code::CannotRoute, Leg::Destination, "eni-nat");
    World::private().to("3.3.3.3").stopped(Code::CannotRoute, Leg::Destination, "eni-nat");
}

#[test]
fn an_interface_type_that_was_not_printed_is_an_ordinary_one_and_said_so() {
    let path = inside().patch("eni-public", json!({"InterfaceType": null})).arrives(&["10.0.1.10"]);
    assert_eq!(path.assumptions[0].taken, "the interface is an ordinary one");
}

#[test]
fn of_several_addresses_a_way_is_complete_when_all_are() {
    let both = World::public().to("44.210.0.50,44.210.0.51").trace();
    assert!(both.complete && both.leaves_by_own_address);
    let one = World::public()
        .route("rtb-public", "44.210.0.51/32", "tgw-a")
        .to("44.210.0.50,44.210.0.51")
        .trace();
    assert!(!one.complete && one.leaves_by_own_address);
    let other = World::public()
        .route("rtb-public", "44.210.0.50/32", "tgw-a")
        .to("44.210.0.50,44.210.0.51")
        .trace();
    assert!(!other.complete && other.leaves_by_own_address);
}

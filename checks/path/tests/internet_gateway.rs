//! Internet gateways, and what they carry.

use serde_json::json;

use super::{Code, Leg, Verdict, World};

#[test]
fn it_must_be_attached_to_this_vpc() {
    for attachments in [
        json!([]),
        json!([{"State": "available", "VpcId": "vpc-p"}]),
        json!([{"State": "detaching", "VpcId": "vpc-a"}]),
    ] {
        World::public().patch("igw-a", json!({"Attachments": attachments})).stopped(
            Code::IgwNotAttached,
            Leg::Seat,
            "igw-a",
        );
    }
    // Behind a NAT gateway likewise, on its leg.
    World::private().patch("igw-a", json!({"Attachments": []})).stopped(
        Code::IgwNotAttached,
        Leg::Nat,
        "igw-a",
    );
}

#[test]
fn both_words_for_attached_are_good() {
    for state in ["available", "attached"] {
        World::public()
            .patch("igw-a", json!({"Attachments": [{"State": state, "VpcId": "vpc-a"}]}))
            .arrives(&["54.0.0.20"]);
    }
}

#[test]
fn attachments_that_were_not_delivered_are_a_gap() {
    World::public()
        .patch("igw-a", json!({"Attachments": null}))
        .unknown("igw-a", "its attachments were not delivered");
    World::public()
        .patch("igw-a", json!({"Attachments": [{"State": "available"}]}))
        .unknown("igw-a", "its attachments were not delivered");
    World::public()
        .patch("igw-a", json!({"Attachments": [{"VpcId": "vpc-a"}]}))
        .unknown("igw-a", "the state of its attachment");
    World::public().gone("igw-a").unknown("igw-a", "not among the InternetGateways");
}

#[test]
fn it_carries_packets_of_public_addresses_only() {
    let path = World::private().route("rtb-private", "0.0.0.0/0", "igw-a").stopped(
        Code::IgwPublicIpAssociationForEgress,
        Leg::Seat,
        "igw-a",
    );
    assert!(path.leaves_by_own_address);
    assert!(!path.egress.is_known());
}

#[test]
fn a_public_address_whose_value_was_not_delivered_is_a_gap() {
    World::public()
        .patch(
            "eni-public",
            json!({"Association": {"PublicIp": null},
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.2.20"}]}),
        )
        .unknown("eni-public", "its public address was not delivered");
}

#[test]
fn a_public_address_of_a_secondary_private_one_is_not_the_packet_s() {
    World::private()
        .route("rtb-private", "0.0.0.0/0", "igw-a")
        .patch(
            "eni-seat",
            json!({"PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "10.0.1.10"},
            {"Primary": false, "PrivateIpAddress": "10.0.1.11",
                "Association": {"PublicIp": "54.9.9.9"}}]}),
        )
        .stopped(Code::IgwPublicIpAssociationForEgress, Leg::Seat, "igw-a");
}

#[test]
fn an_elastic_address_that_describe_addresses_alone_shows_counts() {
    let elastic = json!({"PublicIp": "54.9.9.9", "NetworkInterfaceId": "eni-seat"});
    let world =
        World::private().route("rtb-private", "0.0.0.0/0", "igw-a").add("Addresses", elastic);
    world.arrives(&["54.9.9.9"]);
    // On which of two private addresses it stands isn't said.
    world
        .patch(
            "eni-seat",
            json!({"PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "10.0.1.10"},
            {"Primary": false, "PrivateIpAddress": "10.0.1.11"}]}),
        )
        .stopped(Code::IgwPublicIpAssociationForEgress, Leg::Seat, "igw-a");
}

#[test]
fn an_address_that_aws_lends_may_change_and_an_elastic_one_stays() {
    let path = World::public().arrives(&["54.0.0.20"]);
    assert_eq!(path.egress.unstable.len(), 1);
    assert!(path.egress.elastic.is_empty());
    let path = World::public()
        .patch("eni-public", json!({"Association": {"AllocationId": "eipalloc-1"}}))
        .arrives(&["54.0.0.20"]);
    assert!(path.egress.unstable.is_empty());
    assert_eq!(path.egress.elastic, path.egress.addresses);
}

#[test]
fn an_interface_that_is_cut_off_from_internet_gateways_is_stopped() {
    let cut = json!({"DenyAllIgwTraffic": true});
    World::public().patch("eni-public", cut.clone()).stopped(
        Code::IgwPublicIpAssociationForEgress,
        Leg::Seat,
        "igw-a",
    );
    World::nat_instance().patch("eni-forward", cut).stopped(
        Code::IgwPublicIpAssociationForEgress,
        Leg::Nat,
        "igw-a",
    );
    World::public()
        .patch("eni-public", json!({"DenyAllIgwTraffic": false}))
        .arrives(&["54.0.0.20"]);
}

#[test]
fn it_carries_packets_to_public_addresses_only() {
    for private in ["10.77.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1"] {
        World::public().to(private).stopped(
            Code::IgwDestinationAddressNotInRfc1918Egress,
            Leg::Seat,
            "rtb-public",
        );
    }
    for public in ["172.32.0.1", "100.128.0.1", "11.0.0.1", "192.169.0.1"] {
        World::public().to(public).arrives(&["54.0.0.20"]);
    }
}

#[test]
fn an_automated_firewall_on_the_route_is_a_gap_that_names_it() {
    let firewall = json!({"IgwFirewall": {"FirewallArn": "arn:firewall", "Status": "active"}});
    World::public()
        .patch_route("rtb-public", "0.0.0.0/0", firewall.clone())
        .unknown("arn:firewall", "an automated firewall inspects");
    World::private()
        .patch_route("rtb-public", "0.0.0.0/0", firewall)
        .unknown("arn:firewall", "an automated firewall inspects");
}

#[test]
fn from_a_bare_subnet_public_address_and_security_group_are_assumptions() {
    let path = World::public().from("subnet-public").trace();
    assert_eq!(path.verdict(), Verdict::Arrives);
    let taken: Vec<&str> = path.assumptions.iter().map(|taken| taken.taken.as_str()).collect();
    assert_eq!(
        taken,
        ["a security group lets tcp 4000 out", "the source has a public IPv4 address"]
    );
    assert!(!path.egress.is_known(), "which address it has isn't known");
}

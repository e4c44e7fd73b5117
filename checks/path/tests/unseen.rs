//! Fields that nobody has reviewed, on every shape that decides a path; sources that aren't seen.

use serde_json::{Value, json};

use super::{Code, Leg, World};
use crate::{
    facts::{Gap, Index},
    path::{Source, SourceError, owner},
};

fn odd() -> Value {
    json!({"QuantumState": "entangled"})
}

#[track_caller]
fn named(world: World, about: &str, shape: &str) {
    world
        .unknown(about, &format!("{shape}.QuantumState is a field that this version doesn't know"));
}

#[test]
fn a_field_that_nobody_reviewed_is_a_gap_that_names_it() {
    named(World::private().patch("vpc-a", odd()), "vpc-a", "Vpc");
    named(World::peering().patch("vpc-p", odd()), "vpc-p", "Vpc");
    for subnet in ["subnet-private", "subnet-public"] {
        named(World::private().patch(subnet, odd()), subnet, "Subnet");
    }
    named(World::endpoint().patch("subnet-endpoint", odd()), "subnet-endpoint", "Subnet");
    named(World::private().patch("nat-a", odd()), "nat-a", "NatGateway");
    named(World::private().patch("eni-seat", odd()), "eni-seat", "NetworkInterface");
    named(World::endpoint().patch("eni-endpoint", odd()), "eni-endpoint", "NetworkInterface");
    named(World::nat_instance().patch("eni-forward", odd()), "eni-forward", "NetworkInterface");
    named(World::endpoint().patch("vpce-a", odd()), "vpce-a", "VpcEndpoint");
    named(World::peering().patch("pcx-a", odd()), "pcx-a", "VpcPeeringConnection");
    named(World::private().patch_route("rtb-private", "0.0.0.0/0", odd()), "rtb-private", "Route");
    named(World::private().patch_route("rtb-public", "0.0.0.0/0", odd()), "rtb-public", "Route");
}

#[test]
fn a_field_that_nobody_reviewed_is_no_matter_where_the_packet_does_not_go() {
    let path = World::private()
        .patch("eni-public", odd())
        .patch("vpc-p", odd())
        .patch("vpce-a", odd())
        .patch("subnet-peer", odd())
        .patch_route("rtb-private", "10.0.0.0/16", odd())
        .arrives(&["3.3.3.3"]);
    assert!(path.doubts.is_empty());
}

#[test]
fn a_field_that_says_nothing_is_as_good_as_absent() {
    for nothing in [json!(null), json!(""), json!([]), json!({})] {
        let mut world = World::private();
        world.at("nat-a").insert("QuantumState".into(), nothing);
        world.arrives(&["3.3.3.3"]);
    }
}

#[test]
fn the_seat_s_vpc_must_be_seen() {
    World::private().without("Vpcs").unknown("vpc-a", "not seen: Vpcs: not delivered");
    World::private().gone("vpc-a").unknown("vpc-a", "not among the Vpcs");
}

#[test]
fn a_doubt_has_the_leg_that_it_is_on() {
    let path = World::private().patch("nat-a", odd()).trace();
    assert_eq!(path.doubts[0].leg, Leg::Nat);
}

fn source(world: &World, id: &str) -> Result<String, SourceError> {
    let inventory = world.inventory();
    let index = Index::new(&inventory);
    Source::find(&index, id).map(|source| {
        let address = source.address.map(|address| address.to_string());
        address.unwrap_or_else(|| source.subnet.subnet_id.clone())
    })
}

#[test]
fn a_source_is_a_subnet_an_interface_or_an_instance() {
    let world = World::private();
    assert_eq!(source(&world, "subnet-private").unwrap(), "subnet-private");
    assert_eq!(source(&world, "eni-seat").unwrap(), "10.0.1.10");
    assert_eq!(source(&world, "i-seat").unwrap(), "10.0.1.10");
    for id in ["subnet-x", "eni-x", "i-x"] {
        assert_eq!(source(&world, id), Err(SourceError::NotFound(id.into())));
    }
}

#[test]
fn an_instance_sends_by_its_primary_interface() {
    let mut second = super::world::interface("seat", "vpc-a", "subnet-public", "10.0.2.77", None);
    second["NetworkInterfaceId"] = json!("eni-second");
    second["Attachment"]["DeviceIndex"] = json!(1);
    for at in [0, 6] {
        let world = World::private().edit(|json| {
            json["NetworkInterfaces"].as_array_mut().unwrap().insert(at, second.clone());
        });
        assert_eq!(source(&world, "i-seat").unwrap(), "10.0.1.10");
    }
}

#[test]
fn a_source_that_was_not_seen_is_a_gap() {
    let gap = |result: Result<String, SourceError>| match result {
        Err(SourceError::NoSubnet(Gap { about, .. })) => about,
        other => panic!("{other:?}"),
    };
    let without = |list: &str| World::private().without(list);
    assert_eq!(gap(source(&without("Subnets"), "subnet-private")), "subnet-private");
    assert_eq!(gap(source(&without("Subnets"), "eni-seat")), "subnet-private");
    assert_eq!(gap(source(&World::private().partial("NetworkInterfaces"), "eni-x")), "eni-x");
    assert_eq!(gap(source(&World::private().partial("Reservations"), "i-x")), "i-x");
    let bare =
        World::private().gone("eni-seat").patch("i-seat", json!({"NetworkInterfaces": null}));
    assert_eq!(gap(source(&bare, "i-seat")), "i-seat");
    let lost = World::private().patch("eni-seat", json!({"SubnetId": null}));
    assert_eq!(gap(source(&lost, "eni-seat")), "eni-seat");
    let nowhere = World::private().patch("subnet-private", json!({"VpcId": null}));
    assert_eq!(gap(source(&nowhere, "subnet-private")), "subnet-private");
}

#[test]
fn a_subnet_without_its_cidr_leaves_the_source_s_address_open() {
    World::private()
        .from("subnet-private")
        .patch("subnet-private", json!({"CidrBlock": null}))
        .unknown("subnet-private", "its IPv4 CIDR was not seen");
}

#[test]
fn a_stop_belongs_to_the_check_of_its_leg() {
    for (code, leg, check) in [
        (Code::IgwPublicIpAssociationForEgress, Leg::Seat, "network/public-accessibility"),
        (Code::IgwPublicIpAssociationForEgress, Leg::Nat, "network/nat-gateway"),
        (Code::NoRouteToDestination, Leg::Seat, "network/route"),
        (Code::NoRouteToDestination, Leg::Nat, "network/nat-gateway"),
        (Code::BadState, Leg::Endpoint, "network/private-endpoint"),
        (Code::NoRouteToDestination, Leg::Peer, "network/vpc-peering"),
        (Code::AddressNotInUse, Leg::Destination, "network/route"),
        (Code::SubnetAclRestriction, Leg::Nat, "network/network-acl"),
        (Code::SgHasNoRules, Leg::Endpoint, "network/endpoint-security-group"),
    ] {
        assert_eq!(owner(code, leg), check);
    }
    for leg in Leg::ALL {
        assert_eq!(json!(leg), leg.as_str());
    }
}

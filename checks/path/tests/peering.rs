//! VPC peering.

use serde_json::json;

use super::{CLUSTER, Code, Leg, World};

#[test]
fn it_must_be_active() {
    for code in ["pending-acceptance", "rejected", "expired", "deleted", "provisioning"] {
        World::peering().patch("pcx-a", json!({"Status": {"Code": code}})).stopped(
            Code::PcxNotActive,
            Leg::Peer,
            "pcx-a",
        );
    }
    World::peering()
        .patch("pcx-a", json!({"Status": null}))
        .unknown("pcx-a", "its status was not delivered");
    World::peering().gone("pcx-a").unknown("pcx-a", "not among the VpcPeeringConnections");
}

#[test]
fn either_side_may_have_asked() {
    World::peering()
        .edit(|json| {
            let peering = json["VpcPeeringConnections"][0].as_object_mut().unwrap();
            let (one, other) =
                (peering["RequesterVpcInfo"].clone(), peering["AccepterVpcInfo"].clone());
            peering.insert("RequesterVpcInfo".into(), other);
            peering.insert("AccepterVpcInfo".into(), one);
        })
        .arrives(&["10.0.1.10"]);
}

#[test]
fn it_must_join_this_vpc() {
    World::peering().patch("pcx-a", json!({"RequesterVpcInfo": {"VpcId": "vpc-x"}})).stopped(
        Code::PcxRequiresAddressInVpcCidr,
        Leg::Peer,
        "pcx-a",
    );
    for side in ["RequesterVpcInfo", "AccepterVpcInfo"] {
        World::peering()
            .patch("pcx-a", json!({side: {"VpcId": null}}))
            .unknown("pcx-a", "the VPCs that it joins were not delivered");
        World::peering()
            .patch("pcx-a", json!({side: null}))
            .unknown("pcx-a", "its two sides were not delivered");
    }
}

#[test]
fn one_between_two_other_vpcs_stops_even_where_its_requester_has_the_address() {
    let path = World::peering()
        .edit(|json| {
            let peering = json["VpcPeeringConnections"][0].as_object_mut().unwrap();
            let peer = peering["AccepterVpcInfo"].clone();
            peering.insert("RequesterVpcInfo".into(), peer);
            peering.insert("AccepterVpcInfo".into(), json!({"VpcId": "vpc-y"}));
        })
        .stopped(Code::PcxRequiresAddressInVpcCidr, Leg::Peer, "pcx-a");
    assert!(path.stops[0].detail.contains("doesn't join"), "{:#?}", path.stops);
}

#[test]
fn where_it_drops_the_packet_the_way_is_known_to_its_end() {
    let rejected = World::peering().patch("pcx-a", json!({"Status": {"Code": "rejected"}}));
    assert!(rejected.trace().complete);
    let beyond = World::peering().route("rtb-private", "10.0.0.0/8", "pcx-a").to("10.10.0.1");
    assert!(beyond.trace().complete);
}

#[test]
fn there_is_no_transit_to_addresses_beyond_the_peer() {
    World::private().route("rtb-private", "0.0.0.0/0", "pcx-a").to(CLUSTER).stopped(
        Code::PcxRequiresAddressInVpcCidr,
        Leg::Peer,
        "pcx-a",
    );
    World::peering().route("rtb-private", "10.0.0.0/8", "pcx-a").to("10.10.0.1").stopped(
        Code::PcxRequiresAddressInVpcCidr,
        Leg::Peer,
        "pcx-a",
    );
}

#[test]
fn a_secondary_cidr_of_the_peer_counts_and_unseen_ones_are_a_gap() {
    let set = |set: serde_json::Value| {
        World::peering().patch(
            "pcx-a",
            json!({"AccepterVpcInfo": {"CidrBlock": "10.8.0.0/16", "CidrBlockSet": set}}),
        )
    };
    set(json!([{"CidrBlock": "10.8.0.0/16"}, {"CidrBlock": "10.9.0.0/16"}]))
        .arrives(&["10.0.1.10"]);
    set(json!([{"CidrBlock": "10.8.0.0/16"}])).stopped(
        Code::PcxRequiresAddressInVpcCidr,
        Leg::Peer,
        "pcx-a",
    );
    for unseen in [json!(null), json!([]), json!([{"CidrBlock": "10.8.0.0/16"}, {}])] {
        set(unseen).unknown("pcx-a", "is an address of the other side was not seen");
    }
}

#[test]
fn nobody_at_the_address_stops() {
    World::peering().to("10.9.1.41").stopped(Code::AddressNotInUse, Leg::Peer, "10.9.1.41");
    World::peering()
        .to("10.9.1.41")
        .partial("NetworkInterfaces")
        .unknown("10.9.1.41", "NetworkInterfaces: has more pages");
}

#[test]
fn a_peer_whose_account_is_not_in_the_facts_is_taken_as_healthy_and_said_so() {
    let path = World::peering().gone("vpc-p").arrives(&["10.0.1.10"]);
    assert_eq!(path.assumptions.len(), 1);
    assert_eq!(path.assumptions[0].about, "vpc-p");
    World::peering().unseen("Vpcs", "vpc-p").unknown("vpc-p", "");
}

#[test]
fn the_peer_must_route_answers_back() {
    World::peering().routes("rtb-peer", &[]).stopped(
        Code::NoRouteToDestination,
        Leg::Peer,
        "rtb-peer",
    );
    World::peering().route("rtb-peer", "10.0.0.0/16", "pcx-other").stopped(
        Code::CannotRoute,
        Leg::Peer,
        "rtb-peer",
    );
    World::peering().patch_route("rtb-peer", "10.0.0.0/16", json!({"State": "blackhole"})).stopped(
        Code::BadStateRoute,
        Leg::Peer,
        "rtb-peer",
    );
    World::peering()
        .route("rtb-peer", "10.0.0.0/16", "tgw-a")
        .unknown("rtb-peer", "answers to 10.0.1.10 take 10.0.0.0/16 → tgw-a");
    World::peering().gone("rtb-peer").unknown("the route table of subnet-peer", "was not seen");
}

#[test]
fn the_peer_s_security_group_and_acl_are_asked() {
    World::peering().rules("sg-peer", "IpPermissions", json!([])).stopped(
        Code::SgHasNoRules,
        Leg::Peer,
        "sg-peer",
    );
    World::peering()
        .acl("subnet-peer", &[])
        .stopped_by(&[(Code::SubnetAclRestriction, Leg::Peer, "acl-of-subnet-peer"); 2]);
}

#[test]
fn a_rule_for_a_group_of_the_peer_matches_private_addresses_of_its_members() {
    let rule =
        |group: &str| json!([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]);
    World::peering()
        .rules("sg-seat", "IpPermissionsEgress", rule("sg-peer"))
        .arrives(&["10.0.1.10"]);
    World::peering().rules("sg-seat", "IpPermissionsEgress", rule("sg-other")).stopped(
        Code::EniSgRulesMismatch,
        Leg::Seat,
        "sg-seat",
    );
    World::peering().rules("sg-peer", "IpPermissions", rule("sg-seat")).arrives(&["10.0.1.10"]);
}

#[test]
fn a_vpc_whose_cidr_lies_in_public_space_is_private_all_the_same() {
    World::peering()
        .to("44.9.1.40")
        .route("rtb-private", "44.9.0.0/16", "pcx-a")
        .patch(
            "pcx-a",
            json!({"AccepterVpcInfo": {"CidrBlock": "44.9.0.0/16",
            "CidrBlockSet": [{"CidrBlock": "44.9.0.0/16"}]}}),
        )
        .patch(
            "eni-peer",
            json!({"PrivateIpAddress": "44.9.1.40", "PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "44.9.1.40"}]}),
        )
        .patch("subnet-peer", json!({"CidrBlock": "44.9.1.0/24"}))
        .rules(
            "sg-seat",
            "IpPermissionsEgress",
            json!([
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-peer"}]}]),
        )
        .arrives(&["10.0.1.10"]);
}

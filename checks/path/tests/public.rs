//! "Any public address": the cluster's address isn't known, and what splits the public space can't
//! be told and is named.

use serde_json::json;

use super::{ALLOW, Code, DENY, IN, Leg, OUT, World, all, tcp};

fn public() -> World {
    World::private().to("public")
}

#[test]
fn what_treats_all_public_addresses_alike_is_told() {
    public().arrives(&["3.3.3.3"]);
    World::public().to("public").arrives(&["54.0.0.20"]);
    public().routes("rtb-private", &[]).stopped(
        Code::NoRouteToDestination,
        Leg::Seat,
        "rtb-private",
    );
    public().rules("sg-seat", "IpPermissionsEgress", json!([])).stopped(
        Code::SgHasNoRules,
        Leg::Seat,
        "sg-seat",
    );
}

#[test]
fn a_route_that_splits_is_named() {
    public()
        .route("rtb-private", "44.0.0.0/8", "tgw-a")
        .unknown("rtb-private", "44.0.0.0/8 → tgw-a takes some of the addresses and not others");
    // At the NAT gateway's table too.
    public()
        .route("rtb-public", "44.210.0.50/32", "tgw-a")
        .unknown("rtb-public", "44.210.0.50/32 → tgw-a");
    // Two halves are no default route to this eye.
    public()
        .routes("rtb-private", &[("0.0.0.0/1", "nat-a"), ("128.0.0.0/1", "nat-a")])
        .unknown("rtb-private", "0.0.0.0/1 → nat-a");
}

#[test]
fn a_route_that_leads_the_same_way_or_to_private_space_splits_nothing() {
    public().route("rtb-private", "44.0.0.0/8", "nat-a").arrives(&["3.3.3.3"]);
    public().route("rtb-private", "172.16.0.0/12", "tgw-a").arrives(&["3.3.3.3"]);
    public()
        .route("rtb-private", "44.0.0.0/8", "nat-a")
        .patch_route("rtb-private", "44.0.0.0/8", json!({"State": "blackhole"}))
        .unknown("rtb-private", "44.0.0.0/8 → nat-a");
}

#[test]
fn the_same_way_under_a_firewall_or_with_an_unknown_field_is_another_way() {
    for patch in [json!({"IgwFirewall": {"FirewallArn": "arn:f"}}), json!({"QuantumId": "q-1"})] {
        World::public()
            .to("public")
            .route("rtb-public", "44.0.0.0/8", "igw-a")
            .patch_route("rtb-public", "44.0.0.0/8", patch)
            .unknown("rtb-public", "44.0.0.0/8 → igw-a takes some");
    }
}

#[test]
fn a_security_group_rule_that_splits_is_named() {
    let rule = |cidr: &str| json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": cidr}]});
    public().rules("sg-seat", "IpPermissionsEgress", json!([rule("44.0.0.0/8")])).unknown(
        "sg-seat",
        "all traffic 44.0.0.0/8 takes some of any public address and not others",
    );
    public().rules("sg-seat", "IpPermissionsEgress", json!([rule("10.0.0.0/8")])).stopped(
        Code::EniSgRulesMismatch,
        Leg::Seat,
        "sg-seat",
    );
    public()
        .rules("sg-seat", "IpPermissionsEgress", json!([rule("44.0.0.0/8"), rule("0.0.0.0/0")]))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn an_acl_entry_that_splits_is_named_unless_all_readings_agree() {
    let with =
        |rule| public().acl("subnet-private", &[rule, all(100, OUT, ALLOW), all(100, IN, ALLOW)]);
    with(tcp(10, OUT, DENY, "44.0.0.0/8", (0, 65535))).unknown(
        "acl-of-subnet-private",
        "rule 10 (deny 44.0.0.0/8) takes some of any public address",
    );
    with(tcp(10, OUT, ALLOW, "44.0.0.0/8", (0, 65535))).arrives(&["3.3.3.3"]);
    with(tcp(10, OUT, DENY, "10.0.0.0/8", (0, 65535))).arrives(&["3.3.3.3"]);
    with(tcp(10, IN, DENY, "44.0.0.0/8", (0, 65535)))
        .unknown("acl-of-subnet-private", "rule 10 (deny 44.0.0.0/8)");
}

#[test]
fn a_prefix_list_splits_and_one_that_was_not_seen_is_a_gap() {
    public()
        .route("rtb-private", "pl-a", "tgw-a")
        .add(
            "PrefixListEntries",
            json!({"PrefixListId": "pl-a", "Entries": [{"Cidr": "44.0.0.0/8"}]}),
        )
        .unknown("rtb-private", "44.0.0.0/8 → tgw-a");
    public().route("rtb-private", "pl-a", "tgw-a").unknown("pl-a", "its entries were not seen");
}

#[test]
fn a_peering_connection_leads_to_no_public_address() {
    public().route("rtb-private", "0.0.0.0/0", "pcx-a").stopped(
        Code::PcxRequiresAddressInVpcCidr,
        Leg::Peer,
        "pcx-a",
    );
    public()
        .route("rtb-private", "0.0.0.0/0", "pcx-a")
        .patch(
            "pcx-a",
            json!({"AccepterVpcInfo": {"CidrBlockSet": [{"CidrBlock": "44.9.0.0/16"}]}}),
        )
        .unknown("pcx-a", "is an address of the other side was not seen");
}

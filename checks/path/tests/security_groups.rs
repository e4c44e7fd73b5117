//! Security groups.

use serde_json::{Value, json};

use super::{Code, Leg, World};

fn outbound(rules: Value) -> World {
    World::private().rules("sg-seat", "IpPermissionsEgress", rules)
}

fn tcp_rule(protocol: &str, ports: (i64, i64), cidr: &str) -> Value {
    json!({"IpProtocol": protocol, "FromPort": ports.0, "ToPort": ports.1,
        "IpRanges": [{"CidrIp": cidr}]})
}

#[track_caller]
fn lets_out(rule: Value) {
    outbound(json!([rule])).arrives(&["3.3.3.3"]);
}

#[track_caller]
fn keeps_in(rule: Value) {
    outbound(json!([rule])).stopped(Code::EniSgRulesMismatch, Leg::Seat, "sg-seat");
}

#[test]
fn a_protocol_is_a_number_or_a_name_or_all() {
    lets_out(tcp_rule("tcp", (4000, 4000), "0.0.0.0/0"));
    lets_out(tcp_rule("6", (4000, 4000), "0.0.0.0/0"));
    lets_out(json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}));
    keeps_in(tcp_rule("udp", (4000, 4000), "0.0.0.0/0"));
    keeps_in(tcp_rule("17", (0, 65535), "0.0.0.0/0"));
    keeps_in(tcp_rule("icmp", (8, 0), "0.0.0.0/0"));
}

#[test]
fn ports_are_a_range_with_both_ends() {
    lets_out(tcp_rule("tcp", (4000, 4999), "0.0.0.0/0"));
    lets_out(tcp_rule("tcp", (0, 4000), "0.0.0.0/0"));
    lets_out(tcp_rule("tcp", (-1, -1), "0.0.0.0/0"));
    keeps_in(tcp_rule("tcp", (4001, 65535), "0.0.0.0/0"));
    keeps_in(tcp_rule("tcp", (0, 3999), "0.0.0.0/0"));
    // The console's MySQL rule is 3306, TiDB Cloud's port is 4000.
    keeps_in(tcp_rule("tcp", (3306, 3306), "0.0.0.0/0"));
}

#[test]
fn ports_that_were_not_delivered_are_a_gap() {
    for missing in ["FromPort", "ToPort"] {
        let mut rule = tcp_rule("tcp", (4000, 4000), "0.0.0.0/0");
        rule.as_object_mut().unwrap().remove(missing);
        outbound(json!([rule])).unknown("sg-seat", "a rule's ports were not seen");
    }
    outbound(json!([{"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]))
        .unknown("sg-seat", "a rule's protocol was not seen");
}

#[test]
fn a_cidr_must_hold_the_destination() {
    lets_out(tcp_rule("tcp", (4000, 4000), "44.210.0.0/16"));
    lets_out(tcp_rule("tcp", (4000, 4000), "44.210.0.50/32"));
    keeps_in(tcp_rule("tcp", (4000, 4000), "44.211.0.0/16"));
    keeps_in(json!({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}));
    outbound(json!([{"IpProtocol": "-1", "IpRanges": [{"Description": "?"}]}]))
        .unknown("sg-seat", "a rule's CIDR was not seen");
}

#[test]
fn rules_and_groups_are_a_union() {
    outbound(json!([
        tcp_rule("tcp", (443, 443), "0.0.0.0/0"),
        tcp_rule("tcp", (4000, 4000), "44.211.0.0/16"),
        tcp_rule("tcp", (4000, 4000), "44.210.0.0/16"),
    ]))
    .arrives(&["3.3.3.3"]);
    let second = json!({"Groups": [{"GroupId": "sg-seat"}, {"GroupId": "sg-public"}]});
    outbound(json!([]))
        .patch("eni-seat", second.clone())
        .rules("sg-public", "IpPermissionsEgress", json!([tcp_rule("tcp", (80, 80), "0.0.0.0/0")]))
        .stopped(Code::EniSgRulesMismatch, Leg::Seat, "sg-seat");
    // A rule that fits decides, whatever isn't known of the others.
    outbound(json!([{"IpProtocol": "tcp"}, tcp_rule("tcp", (4000, 4000), "0.0.0.0/0")]))
        .arrives(&["3.3.3.3"]);
    World::private()
        .patch("eni-seat", json!({"Groups": [{"GroupId": "sg-gone"}, {"GroupId": "sg-public"}]}))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn a_group_that_is_not_in_the_data_is_a_gap() {
    World::private().gone("sg-seat").unknown("sg-seat", "not among the SecurityGroups");
    World::private()
        .patch("eni-seat", json!({"Groups": null}))
        .unknown("eni-seat", "its security groups were not delivered");
    World::private()
        .patch("eni-seat", json!({"Groups": [{"GroupName": "default"}]}))
        .unknown("eni-seat", "its security groups were not delivered");
}

#[test]
fn an_interface_with_an_empty_list_of_groups_filters_nothing() {
    World::private().patch("eni-seat", json!({"Groups": []})).arrives(&["3.3.3.3"]);
    World::endpoint().patch("eni-endpoint", json!({"Groups": []})).arrives(&["10.0.1.10"]);
}

#[test]
fn a_prefix_list_is_expanded() {
    let entries = |cidr: &str| {
        json!({"PrefixListId": "pl-a", "Entries": [
        {"Cidr": "2600::/16"}, {"Cidr": cidr}]})
    };
    let rule = json!([{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-a"}]}]);
    outbound(rule.clone()).add("PrefixListEntries", entries("44.210.0.0/16")).arrives(&["3.3.3.3"]);
    outbound(rule.clone()).add("PrefixListEntries", entries("44.211.0.0/16")).stopped(
        Code::EniSgRulesMismatch,
        Leg::Seat,
        "sg-seat",
    );
    outbound(rule).unknown("pl-a", "its entries were not seen");
    outbound(json!([{"IpProtocol": "-1", "PrefixListIds": [{}]}]))
        .unknown("sg-seat", "a rule's prefix list was not seen");
    // Another address than the cluster's: the list splits what isn't known.
    outbound(json!([{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-a"}]}]))
        .add("PrefixListEntries", entries("44.210.0.0/16"))
        .to("public")
        .unknown("sg-seat", "takes some of any public address and not others");
}

#[test]
fn a_rule_for_a_group_never_matches_a_public_address() {
    let rule = json!([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-public"}]}]);
    outbound(rule.clone()).stopped(Code::EniSgRulesMismatch, Leg::Seat, "sg-seat");
    // Not even that of a member in the same VPC.
    outbound(rule.clone())
        .to("54.0.0.20")
        .rules(
            "sg-public",
            "IpPermissions",
            json!([
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]),
        )
        .stopped(Code::EniSgRulesMismatch, Leg::Seat, "sg-seat");
    // Nor any.
    outbound(rule).to("public").stopped(Code::EniSgRulesMismatch, Leg::Seat, "sg-seat");
}

#[test]
fn a_rule_for_a_group_matches_private_addresses_of_its_members() {
    let rule = |group: Value| json!([{"IpProtocol": "-1", "UserIdGroupPairs": [group]}]);
    let to_endpoint =
        |group: Value| World::endpoint().rules("sg-seat", "IpPermissionsEgress", rule(group));
    to_endpoint(json!({"GroupId": "sg-endpoint"})).arrives(&["10.0.1.10"]);
    to_endpoint(json!({"GroupId": "sg-public"})).stopped(
        Code::EniSgRulesMismatch,
        Leg::Seat,
        "sg-seat",
    );
    to_endpoint(json!({"UserId": "1"})).unknown("sg-seat", "the group of a rule was not seen");
    to_endpoint(json!({"GroupId": "sg-endpoint"}))
        .patch("eni-endpoint", json!({"Groups": null}))
        .unknown("sg-seat", "for members of sg-endpoint");
    to_endpoint(json!({"GroupId": "sg-public"}))
        .unseen("NetworkInterfaces", "eni-endpoint")
        .unknown("sg-seat", "for members of sg-public");
}

#[test]
fn what_a_rule_for_a_group_does_with_nobody_depends_on_who_may_be_there() {
    let world = World::endpoint()
        .rules(
            "sg-seat",
            "IpPermissionsEgress",
            json!([
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-endpoint"}]}]),
        )
        .to("10.0.3.31");
    world.clone().merge(json!({"VpcPeeringConnections": []})).stopped_by(&[
        (Code::EniSgRulesMismatch, Leg::Seat, "sg-seat"),
        (Code::AddressNotInUse, Leg::Destination, "10.0.3.31"),
    ]);
    for world in [
        world.clone(),
        world.clone().without("VpcPeeringConnections"),
        world
            .merge(json!({"VpcPeeringConnections": []}))
            .without("NetworkInterfaces")
            .from("subnet-private"),
    ] {
        let path = world.trace();
        assert!(!path.stops.iter().any(|stop| stop.code == Code::EniSgRulesMismatch));
    }
}

#[test]
fn inbound_rules_of_the_seat_say_nothing() {
    World::private().rules("sg-seat", "IpPermissions", json!([])).arrives(&["3.3.3.3"]);
    World::private().patch("sg-seat", json!({"IpPermissions": null})).arrives(&["3.3.3.3"]);
}

#[test]
fn of_the_destination_inbound_rules_count_and_outbound_ones_say_nothing() {
    World::endpoint()
        .rules("sg-endpoint", "IpPermissionsEgress", json!([]))
        .arrives(&["10.0.1.10"]);
    World::endpoint()
        .patch("sg-endpoint", json!({"IpPermissions": null}))
        .unknown("sg-endpoint", "its inbound rules were not delivered");
    World::endpoint()
        .patch("eni-endpoint", json!({"Groups": null}))
        .unknown("eni-endpoint", "its security groups were not delivered");
}

#[test]
fn a_field_of_a_rule_that_nobody_reviewed_is_a_gap_where_the_rule_decides() {
    let mut rule = tcp_rule("tcp", (4000, 4000), "0.0.0.0/0");
    rule["QuantumRanges"] = json!(["q"]);
    outbound(json!([rule.clone()])).unknown("sg-seat", "IpPermission.QuantumRanges");
    outbound(json!([rule, tcp_rule("tcp", (4000, 4000), "0.0.0.0/0")])).arrives(&["3.3.3.3"]);
}

//! Which route table a subnet uses.

use serde_json::json;

use super::{Code, Leg, World};

const ABOUT: &str = "the route table of subnet-private";

/// The private subnet without a table of its own; the main table leads to the NAT gateway.
fn by_main() -> World {
    World::private().gone("rtb-private").route("rtb-main", "0.0.0.0/0", "nat-a")
}

#[test]
fn the_explicit_association_wins_over_the_main_table() {
    World::private().route("rtb-main", "0.0.0.0/0", "igw-a").arrives(&["3.3.3.3"]);
}

#[test]
fn without_one_it_is_the_main_table_whatever_its_place() {
    by_main().arrives(&["3.3.3.3"]);
    by_main()
        .edit(|json| json["RouteTables"].as_array_mut().unwrap().reverse())
        .arrives(&["3.3.3.3"]);
}

#[test]
fn the_main_table_of_another_vpc_is_not_ours() {
    by_main()
        .patch("rtb-main", json!({"Associations": []}))
        .unknown(ABOUT, "main table of vpc-a was not seen");
}

#[test]
fn a_gateway_s_table_is_no_subnet_s() {
    let gateway = json!({"RouteTableId": "rtb-edge", "VpcId": "vpc-a", "Routes": [
        super::route("10.0.0.0/16", "local")],
        "Associations": [{"Main": false, "GatewayId": "igw-a"}]});
    World::private().add("RouteTables", gateway.clone()).arrives(&["3.3.3.3"]);
    by_main().add("RouteTables", gateway).arrives(&["3.3.3.3"]);
}

#[test]
fn a_table_with_an_association_to_a_gateway_and_the_subnet_is_the_subnet_s() {
    World::private()
        .patch(
            "rtb-private",
            json!({"Associations": [
            {"Main": false, "GatewayId": "vgw-a"}, {"Main": false, "SubnetId": "subnet-private"}]}),
        )
        .arrives(&["3.3.3.3"]);
}

#[test]
fn an_association_that_does_not_hold_does_not_count() {
    let state = |state: &str| {
        World::private().patch(
            "rtb-private",
            json!({"Associations": [
                {"SubnetId": "subnet-private", "AssociationState": {"State": state}}]}),
        )
    };
    state("disassociated").stopped(Code::NoRouteToDestination, Leg::Seat, "rtb-main");
    state("ASSOCIATED").arrives(&["3.3.3.3"]);
    by_main()
        .patch(
            "rtb-main",
            json!({"Associations": [
            {"Main": true, "AssociationState": {"State": "failed"}}]}),
        )
        .unknown(ABOUT, "was not seen");
}

#[test]
fn a_partial_list_is_no_matter_when_the_explicit_table_is_there() {
    World::private().partial("RouteTables").arrives(&["3.3.3.3"]);
}

#[test]
fn a_partial_list_without_the_explicit_table_is_a_gap() {
    by_main().partial("RouteTables").unknown(ABOUT, "RouteTables: has more pages");
    World::private().without("RouteTables").unknown(ABOUT, "not delivered");
}

#[test]
fn two_tables_that_claim_the_subnet_are_a_gap() {
    World::private()
        .patch(
            "rtb-main",
            json!({"Associations": [
            {"Main": true}, {"Main": false, "SubnetId": "subnet-private"}]}),
        )
        .unknown(ABOUT, "2 tables claim this subnet");
}

#[test]
fn two_main_tables_are_a_gap() {
    by_main()
        .patch("rtb-public", json!({"Associations": [{"Main": true}]}))
        .unknown(ABOUT, "2 tables claim to be the main one");
}

#[test]
fn associations_that_were_not_delivered_are_a_gap() {
    by_main()
        .patch("rtb-public", json!({"Associations": null}))
        .unknown(ABOUT, "associations of rtb-public were not delivered");
    by_main()
        .patch("rtb-public", json!({"Associations": [{"Main": false}]}))
        .unknown(ABOUT, "what rtb-public is associated with was not delivered");
    by_main()
        .patch("rtb-public", json!({"VpcId": null, "Associations": null}))
        .unknown(ABOUT, "associations of rtb-public were not delivered");
}

#[test]
fn a_table_that_two_descriptions_contradict_about_is_a_gap() {
    let conflict = |id: &str| json!({"Conflicts": [{"List": "RouteTables", "Id": id, "Fields": ["Associations"]}]});
    World::private().merge(conflict("rtb-private")).unknown("rtb-private", "described twice");
    by_main().merge(conflict("rtb-public")).unknown(ABOUT, "rtb-public: described twice");
}

#[test]
fn a_table_without_routes_list_is_a_gap() {
    World::private()
        .patch("rtb-private", json!({"Routes": null}))
        .unknown("rtb-private", "its routes were not delivered");
}

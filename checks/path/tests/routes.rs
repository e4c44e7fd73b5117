//! Which route a packet takes.

use serde_json::json;

use super::{CLUSTER, Code, ENDPOINT, Leg, World, route};

fn propagated() -> serde_json::Value {
    json!({"Origin": "EnableVgwRoutePropagation"})
}

fn list(id: &str, entries: &[&str]) -> serde_json::Value {
    let entries: Vec<_> = entries.iter().map(|cidr| json!({"Cidr": cidr})).collect();
    json!({"PrefixListId": id, "Entries": entries})
}

#[test]
fn no_route_that_matches_stops() {
    World::private().routes("rtb-private", &[("45.0.0.0/8", "nat-a")]).stopped(
        Code::NoRouteToDestination,
        Leg::Seat,
        "rtb-private",
    );
}

#[test]
fn an_ipv6_default_route_carries_no_ipv4() {
    World::private().routes("rtb-private", &[("::/0", "igw-a")]).stopped(
        Code::NoRouteToDestination,
        Leg::Seat,
        "rtb-private",
    );
}

#[test]
fn the_longest_prefix_wins_in_any_order() {
    for routes in [
        [("0.0.0.0/0", "igw-a"), ("44.0.0.0/8", "nat-a"), ("44.192.0.0/10", "nat-a")],
        [("44.192.0.0/10", "nat-a"), ("44.0.0.0/8", "igw-a"), ("0.0.0.0/0", "igw-a")],
    ] {
        World::private().routes("rtb-private", &routes).arrives(&["3.3.3.3"]);
    }
}

#[test]
fn a_more_specific_route_captures_the_address_and_is_named() {
    let path = World::private()
        .route("rtb-private", "44.210.0.0/16", "nat-dead")
        .patch_route("rtb-private", "44.210.0.0/16", json!({"State": "blackhole"}))
        .stopped(Code::BadStateRoute, Leg::Seat, "rtb-private");
    assert!(
        path.stops[0]
            .detail
            .contains("more specific than 0.0.0.0/0 → nat-a and captures 44.210.0.50"),
        "{:#?}",
        path.stops
    );
}

#[test]
fn a_route_beside_the_address_captures_nothing() {
    World::private()
        .route("rtb-private", "44.211.0.0/16", "tgw-a")
        .route("rtb-private", "44.210.0.51/32", "vgw-a")
        .arrives(&["3.3.3.3"]);
}

#[test]
fn static_wins_over_propagated() {
    for order in [["vgw-a", "nat-a"], ["nat-a", "vgw-a"]] {
        let mut routes: Vec<_> = order.map(|target| route("0.0.0.0/0", target)).into();
        for route in &mut routes {
            if route.get("GatewayId").is_some() {
                route["Origin"] = json!("EnableVgwRoutePropagation");
            }
        }
        World::private()
            .patch(
                "rtb-private",
                json!({"Routes": [route("10.0.0.0/16", "local"), routes[0], routes[1]]}),
            )
            .arrives(&["3.3.3.3"]);
    }
}

#[test]
fn a_more_specific_propagated_route_wins_over_static() {
    for origin in ["EnableVgwRoutePropagation", "Advertisement"] {
        World::private()
            .route("rtb-private", "44.0.0.0/8", "vgw-a")
            .patch_route("rtb-private", "44.0.0.0/8", json!({"Origin": origin}))
            .unknown("vgw-a", "behind the virtual private gateway");
    }
}

#[test]
fn a_propagated_route_never_wins_over_an_overlapping_local_one() {
    for origin in ["EnableVgwRoutePropagation", "Advertisement"] {
        World::endpoint()
            .route("rtb-private", "10.0.3.0/24", "vgw-a")
            .patch_route("rtb-private", "10.0.3.0/24", json!({"Origin": origin}))
            .arrives(&["10.0.1.10"]);
    }
    // A larger one overlaps as well, and leads to addresses outside of local.
    let wider = World::endpoint().route("rtb-private", "10.0.0.0/8", "vgw-a").patch_route(
        "rtb-private",
        "10.0.0.0/8",
        propagated(),
    );
    wider.arrives(&["10.0.1.10"]);
    wider.to("10.77.0.1").unknown("vgw-a", "virtual private gateway");
}

#[test]
fn a_static_route_more_specific_than_local_wins_over_it() {
    World::endpoint()
        .route("rtb-private", "10.0.3.0/24", "tgw-a")
        .unknown("tgw-a", "at the transit gateway");
}

#[test]
fn an_origin_that_was_not_delivered_is_a_gap_where_it_decides() {
    let no_origin = json!({"Origin": null});
    World::endpoint()
        .route("rtb-private", "10.0.3.0/24", "vgw-a")
        .patch_route("rtb-private", "10.0.3.0/24", json!({"Origin": null, "State": "blackhole"}))
        .unknown("rtb-private", "whether it is propagated was not delivered");
    // A NAT gateway's route is never propagated.
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", no_origin.clone())
        .arrives(&["3.3.3.3"]);
    // One that loses by its prefix doesn't matter, nor one that doesn't overlap local.
    World::endpoint()
        .route("rtb-private", "10.0.0.0/8", "vgw-a")
        .patch_route("rtb-private", "10.0.0.0/8", no_origin.clone())
        .arrives(&["10.0.1.10"]);
    World::private()
        .route("rtb-private", "44.210.0.0/16", "eni-gone")
        .patch_route("rtb-private", "44.210.0.0/16", json!({"Origin": null, "State": "blackhole"}))
        .stopped(Code::BadStateRoute, Leg::Seat, "rtb-private");
}

#[test]
fn an_origin_that_was_not_delivered_makes_two_routes_to_one_prefix_a_gap() {
    for missing in 0..2 {
        let mut routes = [route("44.0.0.0/8", "nat-a"), route("44.0.0.0/8", "vgw-a")];
        routes[0]["DestinationPrefixListId"] = json!("pl-a");
        routes[0].as_object_mut().unwrap().remove("DestinationCidrBlock");
        routes[1].as_object_mut().unwrap().remove("Origin");
        let [one, other] = &routes;
        let order = if missing == 0 { [one, other] } else { [other, one] };
        World::private()
            .add("PrefixListEntries", list("pl-a", &["44.0.0.0/8"]))
            .patch(
                "rtb-private",
                json!({"Routes": [route("10.0.0.0/16", "local"), order[0], order[1]]}),
            )
            .unknown("rtb-private", "AWS doesn't say which one wins");
    }
}

#[test]
fn a_propagated_route_beside_one_that_may_be_local_is_a_gap() {
    World::endpoint()
        .patch("rtb-private", json!({"Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "Origin": "CreateRouteTable", "State": "active"},
            {"DestinationCidrBlock": "10.0.3.0/24", "GatewayId": "vgw-a", "State": "blackhole",
                "Origin": "EnableVgwRoutePropagation"}]}))
        .unknown("rtb-private", "whether it overlaps a local route can't be told");
}

#[test]
fn a_prefix_list_is_expanded() {
    let world = World::private()
        .routes("rtb-private", &[("pl-a", "nat-a")])
        .add("PrefixListEntries", list("pl-a", &["45.0.0.0/8", "2600::/16", "44.210.0.0/16"]));
    world.arrives(&["3.3.3.3"]);
    world.to("46.1.1.1").stopped(Code::NoRouteToDestination, Leg::Seat, "rtb-private");
}

#[test]
fn a_prefix_list_in_the_older_form_is_expanded() {
    let older = json!({"PrefixLists": [{"PrefixListId": "pl-a", "Cidrs": ["44.210.0.0/16"]}]});
    World::private().routes("rtb-private", &[("pl-a", "nat-a")]).merge(older).arrives(&["3.3.3.3"]);
}

#[test]
fn the_newer_form_of_a_prefix_list_says_more_than_the_older() {
    World::private()
        .routes("rtb-private", &[("pl-a", "nat-a")])
        .add("PrefixListEntries", list("pl-a", &["44.210.0.0/16"]))
        .merge(json!({"PrefixLists": [{"PrefixListId": "pl-a", "Cidrs": ["45.0.0.0/8"]}]}))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn a_prefix_list_that_was_not_seen_is_a_gap() {
    World::private()
        .route("rtb-private", "pl-unseen", "igw-a")
        .unknown("pl-unseen", "its entries were not seen");
    let entry = json!({"PrefixListId": "pl-a", "Entries": [{"Cidr": "45.0.0.0/8"}, {}]});
    World::private()
        .route("rtb-private", "pl-a", "igw-a")
        .add("PrefixListEntries", entry)
        .unknown("pl-a", "its entries were not seen");
}

#[test]
fn a_prefix_list_that_was_not_seen_is_no_matter_where_it_changes_nothing() {
    // It leads the same way, or a route to the address alone is decided.
    World::private().route("rtb-private", "pl-unseen", "nat-a").arrives(&["3.3.3.3"]);
    World::private()
        .route("rtb-private", "pl-unseen", "igw-a")
        .route("rtb-private", "44.210.0.50/32", "nat-a")
        .arrives(&["3.3.3.3"]);
    // The same way, but gone.
    World::private()
        .route("rtb-private", "pl-unseen", "nat-a")
        .patch_route("rtb-private", "pl-unseen", json!({"State": "blackhole"}))
        .unknown("pl-unseen", "its entries were not seen");
    // A propagated /32 loses to it.
    World::private()
        .route("rtb-private", "pl-unseen", "nat-a")
        .route("rtb-private", "44.210.0.50/32", "vgw-a")
        .patch_route(
            "rtb-private",
            "44.210.0.50/32",
            json!({
            "Origin": "EnableVgwRoutePropagation", "State": "blackhole"}),
        )
        .unknown("pl-unseen", "its entries were not seen");
}

#[test]
fn a_prefix_list_s_longer_prefix_wins_over_static() {
    World::private()
        .route("rtb-private", "pl-a", "vgw-a")
        .add("PrefixListEntries", list("pl-a", &["44.210.0.0/16"]))
        .unknown("vgw-a", "pl-a (44.210.0.0/16) → vgw-a");
}

#[test]
fn of_one_length_static_wins_over_a_prefix_list_and_that_over_propagated() {
    let world = World::private()
        .routes("rtb-private", &[("pl-a", "tgw-a"), ("44.0.0.0/8", "nat-a")])
        .add("PrefixListEntries", list("pl-a", &["44.0.0.0/8"]));
    world.arrives(&["3.3.3.3"]);
    World::private()
        .routes("rtb-private", &[("44.0.0.0/8", "vgw-a"), ("pl-a", "nat-a")])
        .patch_route("rtb-private", "44.0.0.0/8", propagated())
        .add("PrefixListEntries", list("pl-a", &["44.0.0.0/8"]))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn prefix_lists_of_one_length_that_clash_are_a_gap() {
    let clash = |targets: [&str; 3]| {
        World::private()
            .routes(
                "rtb-private",
                &[("pl-a", targets[0]), ("pl-b", targets[1]), ("pl-c", targets[2])],
            )
            .add("PrefixListEntries", list("pl-a", &["44.0.0.0/8"]))
            .add("PrefixListEntries", list("pl-b", &["44.0.0.0/8"]))
            .add("PrefixListEntries", list("pl-c", &["44.0.0.0/8"]))
    };
    for targets in
        [["nat-a", "nat-a", "igw-a"], ["nat-a", "igw-a", "nat-a"], ["igw-a", "nat-a", "nat-a"]]
    {
        clash(targets).unknown("rtb-private", "AWS doesn't say which one wins");
    }
    // The same way is no clash; nor is another length.
    clash(["nat-a", "nat-a", "nat-a"]).arrives(&["3.3.3.3"]);
    World::private()
        .routes("rtb-private", &[("pl-a", "igw-a"), ("pl-b", "nat-a")])
        .add("PrefixListEntries", list("pl-a", &["44.0.0.0/8"]))
        .add("PrefixListEntries", list("pl-b", &["44.0.0.0/9", "44.128.0.0/9"]))
        .arrives(&["3.3.3.3"]);
}

#[test]
fn a_blackhole_stops_even_when_its_target_is_in_the_data() {
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", json!({"State": "blackhole"}))
        .stopped(Code::BadStateRoute, Leg::Seat, "rtb-private");
}

#[test]
fn a_less_specific_blackhole_is_no_matter() {
    World::private()
        .route("rtb-private", "44.0.0.0/8", "nat-dead")
        .patch_route("rtb-private", "44.0.0.0/8", json!({"State": "blackhole"}))
        .route("rtb-private", "44.210.0.0/16", "nat-a")
        .arrives(&["3.3.3.3"]);
}

#[test]
fn a_state_that_is_neither_active_nor_blackhole_is_a_gap() {
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", json!({"State": "filtered"}))
        .unknown("rtb-private", "is in state `filtered`");
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", json!({"State": null}))
        .unknown("rtb-private", "has no state");
}

#[test]
fn behind_a_route_that_may_not_be_taken_a_stop_is_a_gap() {
    World::private()
        .patch_route("rtb-private", "0.0.0.0/0", json!({"State": "filtered"}))
        .patch("nat-a", json!({"State": "failed"}))
        .unknown("nat-a", "if the packet comes this way, it is stopped: nat-a is failed");
}

#[test]
fn a_destination_that_was_not_delivered_or_cannot_be_read_is_a_gap() {
    for cidr in [json!(null), json!("44.0.0.0")] {
        let mut odd = route("45.0.0.0/8", "igw-a");
        odd["DestinationCidrBlock"] = cidr;
        World::private()
            .edit(|json| {
                json["RouteTables"][0]["Routes"].as_array_mut().unwrap().push(odd);
            })
            .unknown("rtb-private", "destination of its route to igw-a was not seen");
    }
}

#[test]
fn a_route_s_network_is_read_by_its_prefix() {
    World::private().routes("rtb-private", &[("44.210.0.1/16", "nat-a")]).arrives(&["3.3.3.3"]);
}

#[test]
fn inside_one_subnet_no_route_is_asked() {
    World::endpoint()
        .patch("eni-endpoint", json!({"SubnetId": "subnet-private"}))
        .patch(
            "eni-endpoint",
            json!({"PrivateIpAddress": "10.0.1.30",
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.30"}]}),
        )
        .to("10.0.1.30")
        .route("rtb-private", "10.0.1.0/24", "eni-forward")
        .arrives(&["10.0.1.10"]);
}

#[test]
fn the_healthy_worlds_arrive() {
    let path = World::private().arrives(&["3.3.3.3"]);
    let ids: Vec<&str> = path
        .hops
        .iter()
        .filter(|hop| !matches!(hop.kind.as_str(), "network-acl" | "security-group"))
        .map(|hop| hop.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "eni-seat",
            "subnet-private",
            "rtb-private",
            "nat-a",
            "subnet-public",
            "rtb-public",
            "igw-a"
        ]
    );
    assert!(path.assumptions.is_empty(), "{:#?}", path.assumptions);
    assert_eq!(path.nat_gateways, ["nat-a"]);
    assert_eq!(path.internet_gateways, ["igw-a"]);
    assert!(path.complete);
    World::public().arrives(&["54.0.0.20"]);
    World::endpoint().to(ENDPOINT).arrives(&["10.0.1.10"]);
    World::peering().arrives(&["10.0.1.10"]);
    World::nat_instance().to(CLUSTER).arrives(&["54.0.0.30"]);
}

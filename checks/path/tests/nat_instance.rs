//! Instances that forward the packets of others.

use serde_json::json;

use super::{Code, Leg, World, world::interface};

#[test]
fn its_source_destination_check_must_be_off() {
    World::nat_instance().patch("eni-forward", json!({"SourceDestCheck": true})).stopped(
        Code::EniSourceDestCheckRestriction,
        Leg::Nat,
        "eni-forward",
    );
    World::nat_instance()
        .patch("eni-forward", json!({"SourceDestCheck": null}))
        .unknown("eni-forward", "source/destination check");
}

#[test]
fn it_must_run() {
    for state in ["stopped", "pending", "terminated"] {
        World::nat_instance().patch("i-forward", json!({"State": {"Name": state}})).stopped(
            Code::BadState,
            Leg::Nat,
            "i-forward",
        );
    }
    World::nat_instance()
        .patch("i-forward", json!({"State": null}))
        .unknown("i-forward", "its state was not delivered");
    World::nat_instance().gone("r-i-forward").unknown("i-forward", "not among the Reservations");
}

#[test]
fn that_it_forwards_is_an_assumption() {
    let path = World::nat_instance().arrives(&["54.0.0.30"]);
    assert_eq!(path.assumptions.len(), 1);
    assert_eq!(path.assumptions[0].about, "i-forward");
}

#[test]
fn an_interface_attached_to_nothing_forwards_nothing() {
    World::nat_instance()
        .patch("eni-forward", json!({"Attachment": null, "Status": "available"}))
        .stopped(Code::BadState, Leg::Nat, "eni-forward");
    for status in ["detached", "detaching"] {
        World::nat_instance()
            .patch("eni-forward", json!({"Attachment": {"Status": status}}))
            .stopped(Code::BadState, Leg::Nat, "eni-forward");
    }
}

#[test]
fn what_it_is_attached_to_must_be_seen() {
    World::nat_instance()
        .gone("r-i-forward")
        .patch("eni-forward", json!({"Attachment": null}))
        .unknown("eni-forward", "what it is attached to was not delivered");
    World::nat_instance()
        .gone("r-i-forward")
        .patch("eni-forward", json!({"Attachment": {"InstanceId": null}}))
        .unknown("eni-forward", "it isn't an instance's");
    // `describe-instances` says it by place.
    World::nat_instance()
        .patch("eni-forward", json!({"Attachment": {"InstanceId": null}}))
        .arrives(&["54.0.0.30"]);
}

#[test]
fn its_own_subnet_must_be_public() {
    World::nat_instance().routes("rtb-public", &[]).stopped(
        Code::NoRouteToDestination,
        Leg::Nat,
        "rtb-public",
    );
    World::nat_instance().patch("eni-forward", json!({"SubnetId": "subnet-private"})).stopped(
        Code::NatRoutesToItself,
        Leg::Nat,
        "rtb-private",
    );
}

#[test]
fn it_needs_a_public_address() {
    World::nat_instance()
        .patch(
            "eni-forward",
            json!({"Association": null, "PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "10.0.2.30"}]}),
        )
        .stopped(Code::IgwPublicIpAssociationForEgress, Leg::Nat, "igw-a");
}

#[test]
fn an_instance_with_several_interfaces_may_leave_by_any_of_them() {
    let mut second = interface("forward", "vpc-a", "subnet-endpoint", "10.0.3.9", None);
    second["NetworkInterfaceId"] = json!("eni-second");
    let path = World::nat_instance()
        .add("NetworkInterfaces", second.clone())
        .unknown("eni-forward", "several interfaces");
    assert!(!path.egress.is_known());
    // Even when the routed one has no public address: no false stop.
    World::nat_instance()
        .patch(
            "eni-forward",
            json!({"Association": null, "PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "10.0.2.30"}]}),
        )
        .add("NetworkInterfaces", second.clone())
        .unknown("eni-forward", "several interfaces");
    // `describe-instances` alone shows it as well.
    World::nat_instance()
        .edit(|json| {
            let instance = &mut json["Reservations"][2]["Instances"][0];
            assert_eq!(instance["InstanceId"], "i-forward");
            instance["NetworkInterfaces"].as_array_mut().unwrap().push(second);
        })
        .unknown("eni-forward", "several interfaces");
    World::nat_instance()
        .partial("NetworkInterfaces")
        .patch("i-forward", json!({"NetworkInterfaces": null}))
        .unknown("i-forward", "whether it has further interfaces was not seen");
    World::nat_instance()
        .patch("i-forward", json!({"NetworkInterfaces": null}))
        .arrives(&["54.0.0.30"]);
}

#[test]
fn its_security_groups_are_asked_both_ways() {
    World::nat_instance().rules("sg-forward", "IpPermissions", json!([])).stopped(
        Code::SgHasNoRules,
        Leg::Nat,
        "sg-forward",
    );
    World::nat_instance()
        .rules(
            "sg-forward",
            "IpPermissionsEgress",
            json!([
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]),
        )
        .stopped(Code::EniSgRulesMismatch, Leg::Nat, "sg-forward");
    World::nat_instance()
        .rules(
            "sg-forward",
            "IpPermissions",
            json!([
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-seat"}]}]),
        )
        .arrives(&["54.0.0.30"]);
    World::nat_instance()
        .patch("eni-forward", json!({"Groups": null}))
        .unknown("eni-forward", "its security groups were not delivered");
    World::nat_instance().patch("eni-forward", json!({"Groups": []})).arrives(&["54.0.0.30"]);
}

#[test]
fn a_rule_for_a_group_meets_a_bare_subnet_as_a_gap() {
    World::nat_instance()
        .from("subnet-private")
        .rules(
            "sg-forward",
            "IpPermissions",
            json!([
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-seat"}]}]),
        )
        .unknown("sg-forward", "for members of sg-seat");
}

#[test]
fn a_route_by_instance_id_leads_to_its_primary_interface() {
    World::private().route("rtb-private", "0.0.0.0/0", "i-forward").arrives(&["54.0.0.30"]);
    World::private()
        .route("rtb-private", "0.0.0.0/0", "i-gone")
        .unknown("i-gone", "not among the Reservations");
    World::private()
        .route("rtb-private", "0.0.0.0/0", "i-forward")
        .patch("i-forward", json!({"NetworkInterfaces": []}))
        .unknown("i-forward", "no network interface");
}

#[test]
fn an_interface_that_is_not_in_the_data_is_a_gap() {
    World::private()
        .route("rtb-private", "0.0.0.0/0", "eni-gone")
        .unknown("eni-gone", "not among the NetworkInterfaces");
    World::nat_instance()
        .patch("eni-forward", json!({"SubnetId": null}))
        .unknown("eni-forward", "its subnet was not delivered");
}

#[test]
fn answers_go_back_to_the_seat_by_the_table_of_its_subnet() {
    World::nat_instance().route("rtb-public", "10.0.1.0/24", "nat-a").stopped(
        Code::CannotRoute,
        Leg::Nat,
        "rtb-public",
    );
}

#[test]
fn its_elastic_address_stays() {
    let path = World::nat_instance()
        .patch("eni-forward", json!({"Association": {"AllocationId": "eipalloc-1"}}))
        .arrives(&["54.0.0.30"]);
    assert_eq!(path.egress.elastic, path.egress.addresses);
}

#[test]
fn its_subnet_s_acl_is_asked() {
    World::nat_instance()
        .acl("subnet-public", &[])
        .stopped_by(&[(Code::SubnetAclRestriction, Leg::Nat, "acl-of-subnet-public"); 4]);
}

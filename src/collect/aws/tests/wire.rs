//! Whole patients over the wire.

use super::*;

/// A server that shows a patient's account. A question about another account would be a fault.
fn shown(world: World) -> (World, Server) {
    let name = world.name.clone();
    let account = World::named(&name);
    (world, Server::start(move |request| account.answer(request)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_patient_is_judged_the_same_when_it_is_looked_at() {
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for patient in patients() {
        let (patient, server) = shown(patient);
        let facts = look(&patient, &server, &all_needs()).await;
        assert_eq!(outcomes(&facts, &[]), outcomes(&patient.facts, &[]), "{}", patient.name);
        let seen = server.seen();
        asked.extend(seen.iter().map(|request| request.action.clone()));
        within_budget(&patient, &seen);
        let calls: u32 = facts.run.calls.values().sum();
        assert_eq!(calls as usize, seen.len(), "{}", patient.name);
        assert!(facts.run.retries.is_empty() && facts.run.unfinished.is_empty());
    }
    // Every need has a healthy patient that shows it.
    let expected: BTreeSet<String> = all_needs().into_iter().map(str::to_owned).collect();
    assert_eq!(asked, expected);
}

/// At most 16 calls of EC2 for a VPC, one more for what it refers to; all others once.
fn within_budget(patient: &World, seen: &[server::Request]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for request in seen {
        *counts.entry(request.action.as_str()).or_default() += 1;
    }
    let referred = ["ec2:GetManagedPrefixListEntries", "ec2:DescribeDhcpOptions"];
    let of_ec2: usize = counts
        .iter()
        .filter(|(action, _)| action.starts_with("ec2:") && !referred.contains(action))
        .map(|(_, count)| count)
        .sum();
    assert!(of_ec2 <= 16, "{}: {counts:?}", patient.name);
    for (action, count) in counts.iter().filter(|(action, _)| !action.starts_with("ec2:")) {
        assert_eq!(*count, 1, "{}: {action}", patient.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figure is wanted")]
async fn calls_are_at_most_four_deep() {
    // Long enough that what the processor takes, also on a busy machine, is no call.
    let delay = Duration::from_millis(400);
    for name in ["dedicated-nat-instance", "dedicated-nat-serverless", "dedicated-nat-planned"] {
        let account = World::named(name);
        let patient = World::named(name);
        let server = Server::start(move |request| account.answer(request).after(delay));
        let aws = at(&server).await;
        // The first look pays for the connections; on a busy machine others wait for the processor.
        let mut deep = f64::INFINITY;
        for _ in 0..2 {
            let begun = Instant::now();
            aws.look(&patient.facts.asked, &all_needs(), &watch()).await.unwrap();
            deep = deep.min(begun.elapsed().as_secs_f64() / delay.as_secs_f64());
        }
        println!("{name}: {deep:.2} calls deep");
        assert!(deep <= 4.8, "{name}: {deep}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_check_alone_asks_for_its_own_needs_and_says_the_same() {
    for name in [
        "dedicated-nat-instance",
        "starter-private-endpoint-serverless",
        "dedicated-vpc-peering-planned",
    ] {
        let (patient, server) = shown(World::named(name));
        for check in checks() {
            let needs = needs(std::iter::once(check));
            let before = server.seen().len();
            let facts = look(&patient, &server, &needs).await;
            for request in &server.seen()[before..] {
                assert!(
                    needs.contains(request.action.as_str()),
                    "{}: {}",
                    check.id,
                    request.action
                );
            }
            assert_eq!(
                outcomes(&facts, &[check.id]),
                outcomes(&patient.facts, &[check.id]),
                "{name}: {}",
                check.id
            );
        }
    }
}

/// Things that something else refers to: a key, a prefix list, an instance, a peer of the same account.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_referred_to_is_looked_at() {
    let patient = World::named("dedicated-nat-instance");
    let mut account = World::named("dedicated-nat-instance");
    let vpc = patient.facts.inventory.vpcs.items[0].vpc_id.clone();
    let key = "arn:aws:kms:us-east-1:111122223333:key/k";
    let inventory = account.inventory();
    inventory["ReplicationInstances"][0]["KmsKeyId"] = key.into();
    inventory["KmsKeys"] =
        serde_json::json!([{"KeyMetadata": {"Arn": key, "KeyState": "Disabled"}}]);
    inventory["SecurityGroups"][0]["IpPermissionsEgress"][0]["PrefixListIds"] =
        serde_json::json!([{"PrefixListId": "pl-1"}]);
    inventory["PrefixListEntries"] =
        serde_json::json!([{"PrefixListId": "pl-1", "Entries": [{"Cidr": "44.210.0.0/16"}]}]);
    let routes = inventory["RouteTables"][0]["Routes"].as_array_mut().unwrap();
    routes.push(serde_json::json!({"DestinationCidrBlock": "10.99.0.0/16", "State": "active",
        "Origin": "CreateRoute", "VpcPeeringConnectionId": "pcx-1"}));
    inventory["VpcPeeringConnections"] = serde_json::json!([{"VpcPeeringConnectionId": "pcx-1",
        "Status": {"Code": "active"},
        "RequesterVpcInfo": {"VpcId": vpc, "OwnerId": "1", "Region": "us-east-1"},
        "AccepterVpcInfo": {"VpcId": "vpc-peer", "OwnerId": "1", "Region": "us-east-1"}}]);
    inventory["Vpcs"].as_array_mut().unwrap().push(serde_json::json!({"VpcId": "vpc-peer"}));
    inventory["Reservations"] = serde_json::json!([{"ReservationId": "r-1", "Instances": [
        {"InstanceId": "i-1", "VpcId": vpc, "State": {"Code": 16, "Name": "running"}}]}]);
    let server = Server::start(move |request| account.answer(request));
    let facts = look(&patient, &server, &all_needs()).await;
    let inventory = &facts.inventory;
    assert_eq!(inventory.kms_keys.items[0].key_metadata.key_state.as_deref(), Some("Disabled"));
    assert_eq!(inventory.prefix_list_entries.items[0].prefix_list_id, "pl-1");
    assert_eq!(inventory.vpcs.items.len(), 2);
    assert_eq!(inventory.vpc_peering_connections.items.len(), 1, "asked for from both sides");
    assert_eq!(inventory.reservations.items[0].instances[0].instance_id, "i-1");
    assert!(inventory.conflicts.is_empty());
    assert_eq!(outcomes(&facts, &["dms/kms-key"]).into_values().next(), Some(Outcome::Fail));
}

/// What AWS adds tomorrow is in its answer, and no type of today's SDK.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_nobody_has_reviewed_is_a_gap() {
    let patient = World::named("dedicated-nat-instance");
    let mut account = World::named("dedicated-nat-instance");
    for table in account.inventory()["RouteTables"].as_array_mut().unwrap() {
        for route in table["Routes"].as_array_mut().unwrap() {
            route["QuantumTunnelId"] = "qt-1".into();
        }
    }
    let server = Server::start(move |request| account.answer(request));
    let facts = look(&patient, &server, &all_needs()).await;
    let report = examine(&facts, &Policy::default()).unwrap();
    let row = report.rows.iter().find(|row| row.check == "network/route").unwrap();
    assert_eq!(row.outcome, Outcome::Unknown);
    assert!(
        row.gaps.iter().any(|gap| gap.reason.contains("Route.QuantumTunnelId")),
        "{:?}",
        row.gaps
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_an_answer_stays_out_of_the_facts() {
    let patient = World::named("dedicated-nat-instance");
    let mut account = World::named("dedicated-nat-instance");
    for endpoint in account.inventory()["Endpoints"].as_array_mut().unwrap() {
        endpoint["Password"] = "hunter2".into();
        endpoint["MySQLSettings"]["Password"] = "hunter2".into();
    }
    let server = Server::start(move |request| account.answer(request));
    let facts = look(&patient, &server, &all_needs()).await;
    assert_eq!(facts.inventory.endpoints.items.len(), 2);
    assert!(!serde_json::to_string(&facts).unwrap().contains("hunter2"));
}

/// Live facts have no defaults to be assumed.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_aws_leaves_out_has_its_default() {
    let patient = World::named("dedicated-nat-instance");
    let mut account = World::named("dedicated-nat-instance");
    let inventory = account.inventory();
    let mut cut = |list: &str, field: &str| {
        for item in inventory[list].as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove(field);
        }
    };
    cut("Subnets", "BlockPublicAccessStates");
    cut("NatGateways", "ConnectivityType");
    cut("ReplicationInstances", "NetworkType");
    let server = Server::start(move |request| account.answer(request));
    let facts = look(&patient, &server, &all_needs()).await;
    let report = examine(&facts, &Policy::default()).unwrap();
    let assumed: Vec<String> = report.assumptions.iter().map(ToString::to_string).collect();
    assert!(!assumed.iter().any(|one| one.contains("AWS's default")), "{assumed:?}");
    assert_eq!(outcomes(&facts, &[]), outcomes(&patient.facts, &[]));
}

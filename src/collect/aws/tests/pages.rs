//! Pages, and what they are asked with.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_read_to_its_last_page() {
    let patient = World::named("dedicated-nat-instance");
    let account = World::named("dedicated-nat-instance");
    // An empty first page of everything that comes in pages.
    let server = Server::start(move |request| {
        let list = tidb_dms_checks::facts::Inventory::LISTS
            .iter()
            .find(|(_, action)| *action == request.action)
            .map(|(key, _)| *key);
        let has_token = request.parameters.contains_key("Marker")
            || request.parameters.contains_key("NextToken");
        match (list, request.action.split_once(':')) {
            (Some("Addresses"), _) => account.answer(request),
            (Some("VpcAttributes" | "Roles" | "KmsKeys" | "PrefixListEntries"), _) => {
                account.answer(request)
            }
            (Some(key), Some(("dms", _))) if !has_token => {
                Answer::ok(json!({ key: [], "Marker": "next&more" }).to_string())
            }
            (Some(key), Some(("ec2", _))) if !has_token => Answer::ok(world::xml(
                &request.action,
                &json!({ key: [], "NextToken": "next&more" }),
            )),
            _ => account.answer(request),
        }
    });
    let facts = look(&patient, &server, &all_needs()).await;
    assert_eq!(outcomes(&facts, &[]), outcomes(&patient.facts, &[]));
    for request in server.seen() {
        let token = request.parameters.get("Marker").or(request.parameters.get("NextToken"));
        if let Some(token) = token {
            assert_eq!(token, "next&more", "{}", request.action);
        }
        // The sizes that AWS takes: DMS 20 to 100, route tables and prefix lists no more than 100.
        let size =
            |name: &str| request.parameters.get(name).map(|size| size.parse::<u32>().unwrap());
        match request.action.as_str() {
            action if action.starts_with("dms:") => assert_eq!(size("MaxRecords"), Some(100)),
            "ec2:DescribeRouteTables" => assert_eq!(size("MaxResults"), Some(100)),
            "ec2:DescribeAddresses" | "ec2:DescribeVpcAttribute" => {
                assert_eq!(size("MaxResults"), None);
            }
            action if action.starts_with("ec2:") => assert_eq!(size("MaxResults"), Some(1000)),
            _ => {}
        }
        if request.action == "ec2:DescribeNetworkInterfaces" {
            assert_eq!(request.parameters["IncludeManagedResources"], "true");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_leaves_a_part() {
    let patient = World::named("dedicated-nat-instance");
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| match request.action.as_str() {
        "ec2:DescribeSecurityGroups" if request.parameters.contains_key("NextToken") => {
            Answer::refused(&request.action, "UnauthorizedOperation", "no")
        }
        "ec2:DescribeSecurityGroups" => {
            let groups = [json!({"GroupId": "sg-first", "IpPermissions": []})];
            Answer::ok(world::xml(
                &request.action,
                &json!({ "SecurityGroups": groups, "NextToken": "2" }),
            ))
        }
        _ => account.answer(request),
    });
    let facts = look(&patient, &server, &all_needs()).await;
    let groups = &facts.inventory.security_groups;
    assert_eq!(groups.items[0].group_id, "sg-first");
    assert!(groups.gap().unwrap().reason.contains("denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_leads_to_itself_ends() {
    let server = Server::start(|request| match request.action.as_str() {
        "dms:DescribeReplicationTasks" => Answer::ok(
            json!({"ReplicationTasks": [{"ReplicationTaskArn": "arn:aws:dms:us-east-1:1:task:A"}],
                "Marker": "again"})
            .to_string(),
        ),
        action => Answer::refused(action, "ResourceNotFoundFault", "nothing"),
    });
    let aws = at(&server).await;
    let arn = "arn:aws:dms:us-east-1:1:task:A";
    let facts = aws.look(&task(arn), &all_needs(), &watch()).await.unwrap();
    let gap = facts.inventory.replication_tasks.gap().unwrap();
    assert!(gap.reason.contains("leads to itself"), "{gap}");
    // What DMS says to a filter or a list without a hit is an empty list.
    assert!(
        facts.inventory.endpoints.gap().is_none() && facts.inventory.endpoints.items.is_empty()
    );
}

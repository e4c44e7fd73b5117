//! What the lists in files are: whole or in pages, once or twice, ours or another service's.

use tidb_dms_checks::facts::{
    Gap, Index, Inventory, Lookup, Unlock,
    inventory::{Conflict, Extent},
};

use super::{Evidence, ONE, TWO, subnets};

#[test]
fn regions_and_accounts_add_up_in_the_order_of_names() {
    let evidence = Evidence::of(&[
        ("us-west-2/b/subnets.json", TWO),
        ("us-east-1/z.txt", ONE),
        ("us-east-1/a", r#"{"Vpcs": [{"VpcId": "vpc-1"}]}"#),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1", "subnet-2"]);
    assert_eq!(inventory.subnets.extent, Extent::AssumedWhole);
    assert_eq!(inventory.vpcs.items.len(), 1);
    assert!(inventory.route_tables.is_undelivered());
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn one_resource_in_three_files_is_one_resource() {
    let evidence = Evidence::of(&[
        ("1.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#),
        (
            "2.json",
            r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}]}"#,
        ),
        (
            "3.json",
            r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}]}"#,
        ),
    ]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    let subnet = &inventory.subnets.items[0];
    assert_eq!(subnet.cidr_block.as_deref(), Some("10.0.0.0/24"));
    assert_eq!(subnet.availability_zone.as_deref(), Some("us-east-1a"));
    assert!(inventory.conflicts.is_empty());
}

#[test]
fn descriptions_that_contradict_are_not_believed() {
    let evidence = Evidence::of(&[
        ("monday.json", r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "available"}]}"#),
        ("tuesday.json", r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "deleted"}]}"#),
    ]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(
        inventory.conflicts,
        [Conflict { list: "NatGateways".into(), id: "nat-1".into(), fields: vec!["State".into()] }]
    );
    let index = Index::new(&inventory);
    assert!(matches!(index.nat_gateway("nat-1"), Lookup::Unseen(_)));
}

#[test]
fn two_keys_unread_keys_and_metadata() {
    let evidence = Evidence::of(&[
        (
            "all.json",
            r#"{"KeyPairs": [{"KeyName": "k"}], "Vpcs": [{"VpcId": "vpc-1"}],
                "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}],
                "ResponseMetadata": {"RequestId": "r"}, "Note to support": "hello"}"#,
        ),
        ("more.json", r#"{"KeyPairs": [], "Vpcs": [{"VpcId": "vpc-2"}]}"#),
        ("zones.json", r#"{"AvailabilityZones": [{}]}"#),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!((inventory.vpcs.items.len(), inventory.subnets.items.len()), (2, 1));
    assert_eq!(
        notes,
        ["zones.json: holds nothing that is read", "no check reads KeyPairs, Note to support"]
    );
}

#[test]
fn a_list_of_another_service_is_not_dms_s() {
    let certificates = |service: &str| {
        format!(
            r#"{{"Certificates": [{{"CertificateIdentifier": "c",
                "CertificateArn": "arn:aws:{service}:us-east-1::cert:c"}}], "Vpcs": []}}"#
        )
    };
    let (inventory, notes) = Evidence::of(&[("a.json", certificates("rds"))]).inventory();
    assert!(inventory.certificates.is_undelivered());
    assert_eq!(notes, ["no check reads Certificates of another service"]);
    let both = [("a.json", certificates("rds")), ("b.json", certificates("dms"))];
    let (inventory, _) = Evidence::of(&both).inventory();
    assert_eq!(inventory.certificates.items.len(), 1);
    assert_eq!(inventory.certificates.extent, Extent::AssumedWhole);
}

#[test]
fn a_null_delivers_nothing() {
    let evidence = Evidence::of(&[("a.json", r#"{"Subnets": null, "Vpcs": []}"#)]);
    let (inventory, _) = evidence.inventory();
    assert!(inventory.subnets.is_undelivered());
    assert_eq!(inventory.vpcs.extent, Extent::AssumedWhole);
}

#[test]
fn a_page_makes_the_list_partial_wherever_it_stands() {
    let page = r#"{"NextToken": "more", "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#;
    let empty = r#"{"Subnets": [], "NextToken": "more"}"#;
    let dms = r#"{"Subnets": [], "Marker": "more"}"#;
    for (first, second) in [(page, TWO), (TWO, page), (empty, TWO), (TWO, empty), (dms, TWO)] {
        let evidence = Evidence::of(&[
            ("1.json", first),
            ("2.json", second),
            ("3.json", r#"{"Vpcs": [], "NextToken": null}"#),
            ("4.json", r#"{"Endpoints": [], "Marker": ""}"#),
        ]);
        let (inventory, _) = evidence.inventory();
        let page = if second == TWO { "1.json" } else { "2.json" };
        let gap = inventory.subnets.gap().unwrap();
        assert_eq!(evidence.plain(&gap.reason), format!("{page} is one page of several"));
        let unlock =
            "the output of `aws ec2 describe-subnets` (IAM action ec2:DescribeSubnets), whole";
        assert_eq!(gap.unlock, Unlock::File(unlock.into()));
        assert!(subnets(&inventory).contains(&"subnet-2"));
        assert_eq!(inventory.vpcs.extent, Extent::AssumedWhole);
        assert_eq!(inventory.endpoints.extent, Extent::AssumedWhole);
    }
}

#[test]
fn an_empty_page_stays_a_page_in_facts_that_are_saved_and_merged() {
    let evidence = Evidence::of(&[("1.json", r#"{"Subnets": [], "NextToken": "more"}"#)]);
    let (page, _) = evidence.inventory();
    let saved = serde_json::to_string(&page).unwrap();
    let page: Inventory = serde_json::from_str(&saved).unwrap();
    let whole: Inventory = serde_json::from_str(ONE).unwrap();
    for (mut one, other) in [(page.clone(), whole.clone()), (whole, page)] {
        one.merge(other);
        assert!(one.subnets.gap().is_some());
    }
}

#[test]
fn entries_belong_to_the_list_that_the_file_is_named_after() {
    let entries =
        r#"{"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "10.1.0.0/16", "Description": "d"}]}"#;
    let page = r#"{"Entries": [{"Cidr": "10.0.0.0/8"}], "NextToken": "more"}"#;
    let named = r#"{"PrefixListId": "pl-named", "Entries": []}"#;
    let acl =
        r#"{"NetworkAclId": "acl-1", "Entries": [{"CidrBlock": "0.0.0.0/0", "Egress": true}]}"#;
    let evidence = Evidence::of(&[
        ("acl of pl-9.json", acl),
        ("nameless.json", entries),
        ("named.json", named),
        ("pl-1.json", entries),
        ("pl-2 page 1.json", page),
        ("pl-2 page 2.json", entries),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!(
        notes,
        [
            "acl of pl-9.json: holds nothing that is read",
            "nameless.json: entries of a prefix list, but not of which; put its id (pl-…) into the file's name",
        ]
    );
    let index = Index::new(&inventory);
    assert_eq!(index.prefix_list("pl-1").unwrap(), ["10.0.0.0/8", "10.1.0.0/16"]);
    assert_eq!(index.prefix_list("pl-named").unwrap(), [""; 0]);
    assert_eq!(
        index.prefix_list("pl-2").unwrap_err().reason,
        "its entries came in pages, and whether all of them are there can't be told"
    );
    assert_eq!(
        index.prefix_list("pl-9").unwrap_err().reason,
        "its entries were not seen: one answer is about one list"
    );
}

#[test]
fn entries_of_nobody_knows_which_list_stay_unseen() {
    let evidence = Evidence::of(&[("a.json", r#"{"Entries": [{"Cidr": "10.0.0.0/8"}]}"#)]);
    let (inventory, notes) = evidence.inventory();
    assert!(inventory.prefix_list_entries.is_undelivered());
    assert_eq!(notes.len(), 1);
}

#[test]
fn prefix_lists_in_the_older_form_bring_their_entries() {
    let evidence = Evidence::of(&[(
        "a.json",
        r#"{"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "s3", "Cidrs": ["52.0.0.0/8"]}]}"#,
    )]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(Index::new(&inventory).prefix_list("pl-1").unwrap(), ["52.0.0.0/8"]);
}

#[test]
fn attributes_of_one_vpc_come_in_two_files() {
    let evidence = Evidence::of(&[
        ("a.json", r#"{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}}"#),
        ("b.json", r#"{"EnableDnsHostnames": {"Value": false}, "VpcId": "vpc-1"}"#),
        ("c.json", r#"{"VpcId": "vpc-2", "CidrBlock": "10.0.0.0/16"}"#),
    ]);
    let (inventory, notes) = evidence.inventory();
    let [attributes] = &inventory.vpc_attributes.items[..] else {
        panic!("{:?}", inventory.vpc_attributes);
    };
    assert!(attributes.enable_dns_support.as_ref().unwrap().value);
    assert!(!attributes.enable_dns_hostnames.as_ref().unwrap().value);
    let index = Index::new(&inventory);
    assert!(matches!(index.vpc_attributes("vpc-1"), Lookup::Found(_)));
    // Another VPC was not asked about: that isn't the same as having none.
    assert!(matches!(index.vpc_attributes("vpc-2"), Lookup::Unseen(_)));
    assert_eq!(notes, ["c.json: holds nothing that is read"]);
}

#[test]
fn subnets_of_a_subnet_group_are_not_subnets() {
    let group = r#"{"ReplicationSubnetGroups": [{"ReplicationSubnetGroupIdentifier": "g",
        "Subnets": [{"SubnetIdentifier": "subnet-1"}]}]}"#;
    let (inventory, _) = Evidence::of(&[("a.json", group)]).inventory();
    assert!(inventory.subnets.is_undelivered());
    assert_eq!(inventory.replication_subnet_groups.items.len(), 1);
}

/// The same key in another service's answer, or what `--query` left of a list.
#[test]
fn lists_without_ids_are_nobodys() {
    let evidence = Evidence::of(&[
        (
            "a.json",
            r#"{"Endpoints": [{"Address": "ingest", "CachePeriodInMinutes": 1}], "Vpcs": []}"#,
        ),
        ("b.json", r#"{"Subnets": ["subnet-1", "subnet-2"]}"#),
        (
            "c.json",
            r#"{"Connections": [{"ConnectionArn": "arn:aws:events:us-east-1:1:connection/x"}]}"#,
        ),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert!(inventory.endpoints.is_undelivered() && inventory.subnets.is_undelivered());
    assert!(inventory.connections.is_undelivered());
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].starts_with("b.json: not read, it is lists without ids"), "{notes:?}");
    assert!(notes[2].contains("no check reads Endpoints without ids"), "{notes:?}");
}

#[test]
fn one_endpoint_tested_from_two_instances_is_two_connections() {
    let connection = |from: &str, status: &str| {
        format!(
            r#"{{"Connections": [{{"ReplicationInstanceArn": "arn:{from}", "EndpointArn": "arn:e",
                "Status": "{status}"}}]}}"#
        )
    };
    let evidence = Evidence::of(&[
        ("1.json", connection("one", "successful")),
        ("2.json", connection("two", "failed")),
        ("3.json", connection("one", "successful")),
    ]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(inventory.connections.items.len(), 2);
    assert!(inventory.conflicts.is_empty());
}

#[test]
fn a_list_that_was_not_sent_names_the_call() {
    let (inventory, _) = Evidence::of(&[("a.json", ONE)]).inventory();
    assert_eq!(
        inventory.route_tables.gap(),
        Some(&Gap::new(
            "RouteTables",
            "not delivered",
            Unlock::IamAction("ec2:DescribeRouteTables".into())
        ))
    );
}

use serde_json::{Value, json};

use super::*;
use crate::{
    examine,
    facts::{Facts, Role, inventory::Extent},
    policy::Policy,
    report::Report,
    testing,
};

fn report(changes: &[(&str, Value)]) -> Report {
    examine(&testing::facts(changes), &testing::without_probes()).unwrap()
}

/// What is asked for that the healthy migration doesn't ask for.
fn asked(changes: &[(&str, Value)]) -> Vec<ToDecide> {
    let before: Vec<Unlock> = report(&[]).to_decide.into_iter().map(|thing| thing.unlock).collect();
    let after = report(changes).to_decide.into_iter();
    after.filter(|thing| !before.contains(&thing.unlock)).collect()
}

#[test]
fn a_thing_is_asked_for_once_with_all_that_it_decides() {
    let changes = [("/inventory/NetworkAcls", json!(null))];
    let asked = asked(&changes);
    assert_eq!(asked.len(), 1, "{asked:?}");
    let thing = &asked[0];
    assert_eq!(thing.unlock, Unlock::IamAction("ec2:DescribeNetworkAcls".into()));
    assert_eq!(thing.checks[0], "network/network-acl");
    assert_eq!(thing.level, Severity::Error);
    assert_eq!(
        thing.how,
        [
            How::Command("aws ec2 describe-network-acls --region us-east-1".into()),
            How::Policy(
                r#"{"Action":"ec2:DescribeNetworkAcls","Effect":"Allow","Resource":"*"}"#.into()
            ),
        ]
    );
    // What is graver comes first.
    assert_eq!(report(&changes).to_decide[0].unlock, thing.unlock);
}

/// `DescribeEndpoints` was delivered, and never has what stands in a secret.
#[test]
fn a_host_in_a_secret_is_asked_of_the_secret() {
    let secret = "arn:aws:secretsmanager:us-east-1:1:secret:tidb";
    let changes = [
        ("/inventory/Endpoints/1/ServerName", json!(null)),
        ("/inventory/Endpoints/1/Port", json!(null)),
        ("/inventory/Endpoints/1/Username", json!(null)),
        (
            "/inventory/Endpoints/1/MySQLSettings",
            json!({"SecretsManagerSecretId": secret,
            "SecretsManagerAccessRoleArn": "arn:aws:iam::1:role/secret"}),
        ),
    ];
    let asked = report(&changes).to_decide;
    let unlock = Unlock::IamAction(SECRET.into());
    let thing = asked.iter().find(|thing| thing.unlock == unlock).unwrap();
    assert!(thing.checks.iter().any(|check| check == "network/dns-class"), "{thing:?}");
    let policy = format!(r#"{{"Action":"{SECRET}","Effect":"Allow","Resource":"{secret}"}}"#);
    assert_eq!(thing.how[0], How::Policy(policy));
    assert!(thing.how.contains(&How::Words(
        "or, without it, --tidb-as, --tidb-host, --tidb-port and --tidb-user".into()
    )));
    let needless = |thing: &ToDecide| match &thing.unlock {
        Unlock::IamAction(action) => action == ENDPOINTS,
        Unlock::Flag(flag) => flag.starts_with("--tidb-") || flag == "--path",
        _ => false,
    };
    assert!(!asked.iter().any(needless), "{asked:?}");
    // Nobody is asked to send a file with a password around.
    assert_eq!(unlock.to_string(), format!("IAM action {SECRET}"));
}

/// No look of ours speaks for the replication beyond a transit gateway; its own test does.
#[test]
fn what_lies_beyond_the_facts_only_dms_itself_can_tell() {
    let transit = (
        "/inventory/RouteTables/0/Routes/1",
        json!({"DestinationCidrBlock":
        "0.0.0.0/0", "TransitGatewayId": "tgw-1", "State": "active", "Origin": "CreateRoute"}),
    );
    let of_route = |changes: &[(&str, Value)]| {
        let mut things = asked(changes).into_iter();
        things.find(|it| it.checks.iter().any(|check| check == "network/route")).unwrap()
    };
    let thing = of_route(std::slice::from_ref(&transit));
    assert_eq!(thing.unlock, Unlock::Flag(TEST.into()));
    assert!(matches!(&thing.how[..], [How::Words(words)] if words.contains("DMS tests")));
    // One that was made has told what it could.
    let endpoint = &testing::facts(&[]).inventory.endpoints.items[1];
    let made = json!([{"at": "2026-11-24T10:03:00Z", "successful": false,
        "endpoint_arn": "arn:aws:dms:us-east-1:1:endpoint:T", "endpoint": endpoint,
        "replication_instance_arn": "arn:aws:dms:us-east-1:1:rep:I"}]);
    assert_eq!(of_route(&[transit, ("/tests", made)]).unlock, Unlock::Nothing);
}

/// Both endpoints were seen with host and port: only which of them is TiDB isn't known.
#[test]
fn an_address_instead_of_a_name_asks_for_the_side() {
    let asked = report(&[("/inventory/Endpoints/1/ServerName", json!("44.210.0.50"))]).to_decide;
    let is_asked = |flag: &str| asked.iter().any(|it| it.unlock == Unlock::Flag(flag.into()));
    assert!(is_asked("--tidb-as"), "{asked:?}");
    assert!(!is_asked("--tidb-port") && !is_asked("--tidb-host"), "{asked:?}");
}

#[test]
fn what_one_thing_supplies_isnt_asked_for_twice() {
    // The list, the state and the switch of the endpoint are told by one answer of the API.
    let asked = asked(&[("/clusters", json!([]))]);
    let unlocks: Vec<&Unlock> = asked.iter().map(|thing| &thing.unlock).collect();
    assert_eq!(unlocks, [&Unlock::File(cloud_api())]);
    for check in ["access/list-covers-egress", "cluster/running"] {
        assert!(asked[0].checks.iter().any(|known| known == check), "{check}: {asked:?}");
    }
}

#[test]
fn a_broader_thing_stands_for_two_that_nothing_else_supplies() {
    let thing = |flag: &str, check: &str| {
        let mut things = Vec::new();
        let unlock = Unlock::Flag(flag.into());
        add(&mut things, &unlock, &Gap::new("a", "b", unlock.clone()), check, Severity::Error);
        things.remove(0)
    };
    let facts = testing::facts(&[]);
    let index = crate::facts::Index::new(&facts.inventory);
    let migration = crate::migration::select(&facts, &index).unwrap();
    let case = Case::new(&facts, &index, migration);
    let (one, _) = fewest(&case, vec![thing("--tidb-tier", "a/b")]);
    assert_eq!(one[0].unlock, Unlock::Flag("--tidb-tier".into()));
    let both = vec![thing("--tidb-tier", "a/b"), thing("--ip-access-list", "c/d")];
    let (both, _) = fewest(&case, both);
    assert_eq!(both.len(), 1);
    assert_eq!(both[0].unlock, Unlock::File(cloud_api()));
    assert_eq!((both[0].checks.len(), both[0].gaps.len()), (2, 2));
}

#[test]
fn what_follows_from_a_broken_check_isnt_asked_for() {
    let report = report(&[
        ("/inventory/RouteTables/1/Routes/1", json!(null)),
        ("/clusters/0/access_list", json!({"known": []})),
    ]);
    for thing in &report.to_decide {
        for check in &thing.checks {
            let row = report.rows.iter().find(|row| row.check == *check).unwrap();
            let broken = report.rows.iter().filter(|other| other.outcome == Outcome::Fail);
            for other in broken {
                assert!(!row.by.contains(&other.check), "{check} follows from {}", other.check);
            }
        }
    }
}

#[test]
fn what_was_hidden_is_foretold() {
    let lists = ["ReplicationInstances", "RouteTables", "NatGateways"];
    let places = lists.map(|list| format!("/inventory/{list}"));
    let changes: Vec<(&str, Value)> =
        places.iter().map(|place| (place.as_str(), json!(null))).collect();
    let report = report(&changes);
    let asked: Vec<&Unlock> =
        report.to_decide.iter().map(|thing| &thing.unlock).chain(&report.then_perhaps).collect();
    for action in
        ["dms:DescribeReplicationInstances", "ec2:DescribeRouteTables", "ec2:DescribeNatGateways"]
    {
        assert!(asked.contains(&&Unlock::IamAction(action.into())), "{asked:?}");
    }
}

#[test]
fn a_host_that_isnt_one_stays_out_of_commands() {
    let mut facts: Facts = testing::facts(&[]);
    facts.asked.tidb_host = Some("a; rm -rf ~".into());
    let report = examine(&facts, &testing::without_probes()).unwrap();
    for how in report.to_decide.iter().flat_map(|thing| &thing.how) {
        if let How::Command(command) = how {
            assert!(!command.contains(';'), "{command}");
        }
    }
}

/// A call that answers about one thing is of no use without its name.
#[test]
fn what_answers_about_one_thing_is_asked_about_it() {
    let commands = |changes: &[(&str, Value)], action: &str| -> Vec<String> {
        let unlock = Unlock::IamAction(action.into());
        let asked = report(changes).to_decide;
        let thing = asked.into_iter().find(|thing| thing.unlock == unlock).unwrap();
        let commands = thing.how.into_iter().filter_map(|how| match how {
            How::Command(command) => Some(command),
            _ => None,
        });
        commands.collect()
    };
    let list =
        json!({"DestinationPrefixListId": "pl-0a", "GatewayId": "vpce-1", "State": "active"});
    assert_eq!(
        commands(&[("/inventory/RouteTables/0/Routes/2", list)], "ec2:GetManagedPrefixListEntries"),
        ["aws ec2 get-managed-prefix-list-entries --region us-east-1 --prefix-list-id pl-0a"]
    );
    let key = "arn:aws:kms:us-east-1:1:key/k";
    assert_eq!(
        commands(&[("/inventory/ReplicationInstances/0/KmsKeyId", json!(key))], "kms:DescribeKey"),
        [format!("aws kms describe-key --region us-east-1 --key-id {key}")]
    );
}

/// DMS runs no program of ours: it tests.
#[test]
fn what_dms_alone_sees_is_asked_of_its_own_test() {
    let refused = json!({"known": [{"address": "44.210.0.50", "outcome": "refused"}]});
    let facts = testing::facts(&[testing::both_probed(), ("/probes/0/tcp/seen", refused)]);
    let report = examine(&facts, &testing::without_probes()).unwrap();
    let of_dms = |thing: &&ToDecide| thing.unlock.to_string().contains("DMS itself");
    let thing = report.to_decide.iter().find(of_dms).unwrap();
    let words =
        "--test-connection: DMS tests both endpoints from the instance, and keeps the result";
    assert_eq!(thing.how, [How::Words(words.into())]);
}

/// A permission helps where one was lacking, not where AWS throttled.
#[test]
fn a_list_that_was_looked_at_in_vain_says_why() {
    let throttled = "AWS throttled ec2:DescribeNetworkAcls, time after time";
    let unlock = Unlock::Flag("the same run once more".into());
    let mut facts = testing::facts(&[("/inventory/NetworkAcls", json!(null))]);
    *facts.inventory.extent_mut("NetworkAcls").unwrap() =
        Extent::Partial(Gap::new("NetworkAcls", throttled, unlock.clone()));
    let report = examine(&facts, &testing::without_probes()).unwrap();
    let thing = report.to_decide.iter().find(|thing| thing.unlock == unlock).unwrap();
    assert!(thing.checks.iter().any(|check| check == "network/network-acl"), "{thing:?}");
    assert!(thing.gaps.iter().all(|gap| gap.reason.contains(throttled)), "{thing:?}");
    let permission = Unlock::IamAction("ec2:DescribeNetworkAcls".into());
    assert!(report.to_decide.iter().all(|thing| thing.unlock != permission));
}

/// A probe logs in where a CA vouches for the server: of a Dedicated cluster nobody knows it without the file.
#[test]
fn a_probe_that_is_to_log_in_is_given_the_ca() {
    let facts = testing::facts(&[("/probes", json!([]))]);
    let report = examine(&facts, &Policy::default()).unwrap();
    let login = Unlock::Login(Role::Target);
    let thing = report.to_decide.iter().find(|thing| thing.unlock == login).unwrap();
    let [_, How::Command(command), How::Words(then)] = &thing.how[..] else { panic!("{thing:?}") };
    assert!(command.contains(" --ca ca.pem --save-facts target.json"), "{command}");
    assert!(then.ends_with("then --facts target.json here"), "{then}");
}

//! Calls that fail, one or all.

use tidb_dms_checks::facts::Unlock;

use super::*;
use crate::collect::aws::call::Failure;

fn undecided(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Pass | Outcome::Fail)
}

/// Without one action no verdict moves to pass or to fail, and what becomes undecided says which.
#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_is_a_gap_that_names_its_action() {
    for name in ["dedicated-nat-instance", "starter-private-endpoint-serverless"] {
        let patient = World::named(name);
        let whole = outcomes(&patient.facts, &[]);
        for denied in all_needs() {
            let account = World::named(name);
            let server = Server::start(move |request| {
                if request.action == denied {
                    let code = match denied.split_once(':').unwrap().0 {
                        "ec2" => "UnauthorizedOperation",
                        "iam" => "AccessDenied",
                        _ => "AccessDeniedException",
                    };
                    return Answer::refused(
                        denied,
                        code,
                        "not authorized because nobody allows it",
                    );
                }
                account.answer(request)
            });
            let aws = at(&server).await;
            let facts = match aws.look(&patient.facts.asked, &all_needs(), &watch()).await {
                Ok(mut facts) => {
                    facts.taken_at = patient.facts.taken_at;
                    facts.clusters.clone_from(&patient.facts.clusters);
                    facts.probes.clone_from(&patient.facts.probes);
                    facts
                }
                // Without the list that the migration stands in there is nothing to judge.
                Err(AwsError::NotSeen(gap)) => {
                    assert_eq!(gap.unlock, Unlock::IamAction(denied.into()));
                    continue;
                }
                Err(error) => panic!("{name} without {denied}: {error}"),
            };
            let report = examine(&facts, &Policy::default()).unwrap();
            let mut named = report.rows.iter().flat_map(|row| &row.gaps);
            let is_named = named.any(|gap| gap.unlock == Unlock::IamAction(denied.into()));
            let mut moved = false;
            for (key, outcome) in outcomes(&facts, &[]) {
                match whole.get(&key) {
                    Some(before) if *before != outcome => {
                        assert!(
                            undecided(outcome),
                            "{name} without {denied}: {key:?} is {outcome:?}"
                        );
                        moved = true;
                    }
                    _ => {}
                }
            }
            let open: Vec<_> = report.rows.iter().filter(|row| row.outcome.is_open()).collect();
            assert!(is_named || !moved, "{name} without {denied}: no gap names it: {open:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_call_is_made_again() {
    let patient = World::named("dedicated-nat-instance");
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| match request.action.as_str() {
        "ec2:DescribeSubnets" if request.before < 2 => {
            Answer::refused(&request.action, "RequestLimitExceeded", "Request limit exceeded.")
        }
        "dms:DescribeEndpoints" if request.before < 1 => {
            Answer::refused(&request.action, "ThrottlingException", "Rate exceeded")
        }
        _ => account.answer(request),
    });
    let facts = look(&patient, &server, &all_needs()).await;
    assert_eq!(outcomes(&facts, &[]), outcomes(&patient.facts, &[]));
    assert_eq!(facts.run.retries["ec2:DescribeSubnets"], 2);
    assert_eq!(facts.run.retries["dms:DescribeEndpoints"], 1);
    assert_eq!(facts.run.calls["ec2:DescribeSubnets"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_aws_refuses_end_the_look() {
    for (action, code) in [
        ("dms:DescribeReplicationTasks", "ExpiredTokenException"),
        ("ec2:DescribeSubnets", "RequestExpired"),
        ("iam:GetRole", "InvalidClientTokenId"),
    ] {
        let patient = World::named("dedicated-nat-instance");
        let account = World::named("dedicated-nat-instance");
        let server = Server::start(move |request| {
            if request.action == action {
                return Answer::refused(action, code, "The security token is expired");
            }
            account.answer(request)
        });
        let error = at(&server).await.look(&patient.facts.asked, &all_needs(), &watch()).await;
        let said = error.unwrap_err().to_string();
        assert!(
            said.starts_with("AWS refuses the credentials in us-east-1") && said.contains(code),
            "{said}"
        );
        assert!(!said.contains('\n'));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_is_an_error_that_lists_what_there_is() {
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| account.answer(request));
    let aws = at(&server).await;
    let some = |name: &str| Some(name.to_owned());
    for (asked, said) in [
        (task("nope"), "no task `nope` in us-east-1; there is: orders-to-tidb"),
        (
            Asked { subnets: Some(vec!["subnet-nope".into()]), ..Asked::default() },
            "no subnet `subnet-nope` in us-east-1; there is none",
        ),
        (
            Asked { replication_config: some("nope"), ..Asked::default() },
            "no replication config `nope` in us-east-1; there is none",
        ),
        (
            Asked { target_endpoint: some("nope"), ..task("orders-to-tidb") },
            "no endpoint `nope` in us-east-1; there is: ",
        ),
    ] {
        let error = aws.look(&asked, &all_needs(), &watch()).await.unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_listens_nothing_answers() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let aws = at_url(&format!("http://{nobody}")).await;
    let error = aws.look(&task("orders"), &all_needs(), &watch()).await.unwrap_err();
    assert!(matches!(error, AwsError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("onnection refused"), "{error}");
}

/// One call that hangs costs the time that there is, and no more; the rest is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_is_left_when_the_time_is_up() {
    let patient = World::named("dedicated-nat-instance");
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| {
        let answer = account.answer(request);
        match request.action.as_str() {
            "ec2:DescribeNetworkAcls" => answer.after(Duration::from_mins(1)),
            _ => answer,
        }
    });
    let begun = Instant::now();
    let limit = Duration::from_secs(2);
    let watch = Watch::new(limit, |_| {});
    let facts = at(&server).await.look(&patient.facts.asked, &all_needs(), &watch).await.unwrap();
    assert!(begun.elapsed() < limit + limit / 20, "{:?}", begun.elapsed());
    assert_eq!(facts.run.unfinished, ["ec2:DescribeNetworkAcls"]);
    let gap = facts.inventory.network_acls.gap().unwrap();
    assert_eq!(gap.unlock, Unlock::Flag("--timeout".into()));
    assert!(facts.inventory.security_groups.gap().is_none());
}

/// An answer that isn't one, such as a portal's page with the code for good.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_is_a_gap() {
    let patient = World::named("dedicated-nat-instance");
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| match request.action.as_str() {
        "ec2:DescribeNetworkAcls" => Answer::ok("<html><body>Log in</body></html>"),
        "dms:DescribeConnections" => Answer::ok("<html>"),
        "ec2:DescribeSubnets" => Answer::ok(
            "<R><subnetSet><item><subnetId>subnet-x</subnetId><mapPublicIpOnLaunch>perhaps</mapPublicIpOnLaunch></item></subnetSet></R>",
        ),
        _ => account.answer(request),
    });
    let facts = look(&patient, &server, &all_needs()).await;
    for gap in [
        facts.inventory.network_acls.gap(),
        facts.inventory.connections.gap(),
        facts.inventory.subnets.gap(),
    ] {
        assert!(gap.is_some_and(|gap| gap.reason.contains("can't be read")), "{gap:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_dms_is_waited_for() {
    let server = Server::start(|request| {
        let connection = |status: &str| {
            serde_json::json!({"ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:R",
                "EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:E", "Status": status,
                "LastFailureMessage": "Test Endpoint failed: …"})
        };
        match request.action.as_str() {
            "dms:TestConnection" => {
                Answer::ok(serde_json::json!({ "Connection": connection("testing") }).to_string())
            }
            "dms:DescribeConnections" => {
                // What an earlier test came to still stands there at first.
                let status = ["successful", "testing"].get(request.before).unwrap_or(&"failed");
                Answer::ok(serde_json::json!({ "Connections": [connection(status)] }).to_string())
            }
            action => panic!("{action}"),
        }
    });
    let aws = at(&server).await;
    let (instance, endpoint) =
        ("arn:aws:dms:us-east-1:1:rep:R", "arn:aws:dms:us-east-1:1:endpoint:E");
    let limit = Duration::from_secs(30);
    let tested = aws.test_connection(instance, endpoint, limit, &watch()).await;
    let connection = tested.known().unwrap();
    assert_eq!(connection.status.as_deref(), Some("failed"));
    assert_eq!(connection.last_failure_message.as_deref(), Some("Test Endpoint failed: …"));
    assert_eq!(aws.run().calls["dms:TestConnection"], 1);

    let late = aws.test_connection(instance, endpoint, Duration::from_millis(1), &watch()).await;
    assert_eq!(late.gap().unwrap().unlock, Unlock::Flag("--test-timeout".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_dms_refuses_says_why() {
    let server = Server::start(|request| {
        Answer::refused(
            &request.action,
            "InvalidResourceStateFault",
            "Replication instance is modifying",
        )
    });
    let tested =
        at(&server).await.test_connection("arn:i", "arn:e", Duration::from_secs(9), &watch()).await;
    assert!(tested.gap().unwrap().reason.contains("is modifying"), "{tested:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_read_and_kept() {
    let server = Server::start(|request| {
        assert_eq!(request.action, "secretsmanager:GetSecretValue");
        match request.parameters["SecretId"].as_str() {
            "tidb" => Answer::ok(
                serde_json::json!({"Name": "tidb", "SecretString":
                    "{\"username\": \"dms\", \"password\": \"hunter2\", \"host\": \"h\", \"port\": 4000}"})
                .to_string(),
            ),
            _ => Answer::refused(&request.action, "AccessDeniedException", "no"),
        }
    });
    let aws = at(&server).await;
    let secret = aws.secret("tidb", &watch()).await;
    assert_eq!(secret.known().unwrap().port, Some(4000));
    assert!(!format!("{secret:?} {aws:?}").contains("hunter2"));
    let denied = aws.secret("other", &watch()).await;
    let action = Unlock::IamAction("secretsmanager:GetSecretValue".into());
    assert_eq!(denied.gap().unwrap().unlock, action);
}

/// No action of the caller's would show a key that isn't there.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_aws_does_not_know_is_a_gap_that_no_action_closes() {
    let patient = World::named("dedicated-nat-instance");
    let denied = Unlock::IamAction("kms:DescribeKey".into());
    for (code, unlock) in
        [("NotFoundException", Unlock::Nothing), ("AccessDeniedException", denied)]
    {
        let mut account = World::named("dedicated-nat-instance");
        account.inventory()["ReplicationInstances"][0]["KmsKeyId"] =
            "arn:aws:kms:us-east-1:111122223333:key/gone".into();
        let server = Server::start(move |request| match request.action.as_str() {
            "kms:DescribeKey" => Answer::refused(&request.action, code, "no"),
            _ => account.answer(request),
        });
        let facts = look(&patient, &server, &all_needs()).await;
        let report = examine(&facts, &Policy::default()).unwrap();
        let row = report.rows.iter().find(|row| row.check == "dms/kms-key").unwrap();
        assert_eq!(row.outcome, Outcome::Unknown);
        assert_eq!(row.gaps[0].unlock, unlock, "{code}: {:?}", row.gaps);
        let is_unknown = row.gaps[0].reason == "AWS knows nothing of it";
        assert_eq!(is_unknown, unlock == Unlock::Nothing, "{:?}", row.gaps);
    }
}

#[test]
fn a_gap_fits_behind_its_list() {
    let gap = Failure::Silent.gap("Subnets", "ec2:DescribeSubnets");
    assert_eq!(gap.to_string(), "Subnets: ec2:DescribeSubnets was asked, and nothing answered");
}

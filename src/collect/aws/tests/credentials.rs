//! How region and credentials are found. They come from the environment, which a test can't change for
//! itself: these run this test program once more, with an environment of its own.

use std::{fs, process::Command};

use super::*;
use crate::collect::aws::{Choice, connect};

/// What the inner run is to do; without it there is nothing to do.
const ERRAND: &str = "TIDB_DMS_TEST_ERRAND";

/// Connects and looks for a task, in the environment that it is given.
fn connected(errand: &str, environment: &[(&str, &str)]) -> String {
    let mut inner = Command::new(std::env::current_exe().unwrap());
    inner
        .args(["--exact", "collect::aws::tests::credentials::errand", "--nocapture"])
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nonexistent")
        .env(ERRAND, errand)
        .envs(environment.iter().copied());
    let output = inner.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find_map(|line| line.strip_prefix("errand: "));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the outer run listens")]
async fn errand() {
    let Ok(errand) = std::env::var(ERRAND) else { return };
    let (profile, name) = errand.split_once('/').unwrap();
    let profile = Some(profile).filter(|profile| !profile.is_empty()).map(str::to_owned);
    let choice = Choice { profile, region: None };
    let asked = task(name);
    let said = match connect(&choice, &asked).await {
        Ok(aws) => {
            let region = aws.region().to_owned();
            match aws.look(&asked, &all_needs(), &watch()).await {
                Ok(facts) => {
                    let task = &facts.inventory.replication_tasks.items[0];
                    format!("{region}: {}", task.replication_task_arn)
                }
                Err(error) => error.to_string(),
            }
        }
        Err(error) => error.to_string(),
    };
    println!("errand: {said}");
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIATEST"), ("AWS_SECRET_ACCESS_KEY", "s")];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    KEYS.iter().chain(more).copied().collect()
}

#[test]
fn without_credentials_or_region_it_ends_with_one_line() {
    let said = connected("/orders", &[("AWS_REGION", "us-east-1")]);
    assert!(said.starts_with("no AWS credentials: "), "{said}");
    assert!(connected("/orders", &KEYS).starts_with("no AWS region"));
    assert!(connected("/orders", &with(&[("AWS_REGION", "")])).starts_with("no AWS region"));
    let said = connected("nope/orders", &[("AWS_REGION", "us-east-1")]);
    assert!(said.starts_with("no AWS credentials: ") && said.contains("nope"), "{said}");
    let evil = connected("/arn:aws:dms:evil.example/x:1:task:A", &KEYS);
    assert!(evil.contains("is no AWS region"), "{evil}");
}

#[test]
fn the_endpoint_of_the_environment_is_asked() {
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| account.answer(request));
    let url = server.url();
    let environment = with(&[("AWS_ENDPOINT_URL", &url), ("AWS_REGION", "eu-west-1")]);
    let said = connected("/orders-to-tidb", &environment);
    assert!(said.starts_with("eu-west-1: arn:aws:dms:"), "{said}");
    // The ARN knows better than the environment.
    let arn = said.split_once(": ").unwrap().1.to_owned();
    let said = connected(&format!("/{arn}"), &environment);
    assert!(said.starts_with("us-east-1: "), "{said}");
}

/// One service's own endpoint wins over that of all.
#[test]
fn each_service_may_have_an_endpoint_of_its_own() {
    let dms = World::named("dedicated-nat-instance");
    let dms = Server::start(move |request| {
        assert!(request.action.starts_with("dms:"));
        dms.answer(request)
    });
    let others = World::named("dedicated-nat-instance");
    let others = Server::start(move |request| {
        assert!(!request.action.starts_with("dms:"));
        others.answer(request)
    });
    let (of_dms, of_others) = (dms.url(), others.url());
    let said = connected(
        "/orders-to-tidb",
        &with(&[
            ("AWS_ENDPOINT_URL", &of_others),
            ("AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE", &of_dms),
            ("AWS_REGION", "us-east-1"),
        ]),
    );
    assert!(said.starts_with("us-east-1: arn:"), "{said}");
    assert!(!dms.seen().is_empty() && !others.seen().is_empty());
}

#[test]
fn a_profile_has_region_and_credentials() {
    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| account.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    fs::write(
        &config,
        format!(
            "[profile ours]\nregion = eu-central-1\nendpoint_url = {}\n\
             credential_process = echo '{{\"Version\": 1, \"AccessKeyId\": \"AKIATEST\", \"SecretAccessKey\": \"s\"}}'\n",
            server.url()
        ),
    )
    .unwrap();
    let config = config.to_str().unwrap();
    let said =
        connected("ours/orders-to-tidb", &[("AWS_CONFIG_FILE", config), ("PATH", "/usr/bin:/bin")]);
    assert!(said.starts_with("eu-central-1: arn:"), "{said}");
}

/// Keys in the environment may be another account's.
#[test]
fn a_profile_that_is_named_wins_over_keys_in_the_environment() {
    let region = [("AWS_REGION", "us-east-1")];
    let said = connected("nope/orders-to-tidb", &with(&region));
    assert!(said.starts_with("no AWS credentials: ") && said.contains("nope"), "{said}");

    let account = World::named("dedicated-nat-instance");
    let server = Server::start(move |request| {
        assert_eq!(request.key, "AKIAPROFILE");
        account.answer(request)
    });
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let keys = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = s";
    let text = format!("[profile ours]\nendpoint_url = {}\n{keys}\n", server.url());
    fs::write(&config, text).unwrap();
    let config = [("AWS_CONFIG_FILE", config.to_str().unwrap())];
    let said = connected("ours/orders-to-tidb", &with(&[&region[..], &config[..]].concat()));
    assert!(said.starts_with("us-east-1: arn:"), "{said}");
}

/// No such region has no such host. Nothing outside is asked for it: the name isn't one.
#[test]
fn a_region_that_cannot_be_is_told() {
    let said = connected("/orders", &with(&[("AWS_REGION", "Frankfurt")]));
    assert_eq!(said, "`Frankfurt` is no AWS region");
}

/// How often a call of a service that is out of breath is made, is up to the user's AWS settings.
#[test]
fn the_retries_of_the_environment_are_made() {
    for (attempts, calls) in [(None, 3), (Some("2"), 2), (Some("1"), 1)] {
        let account = World::named("dedicated-nat-instance");
        let server = Server::start(move |request| {
            if request.action == "dms:DescribeReplicationTasks" && request.before < 2 {
                Answer::refused(&request.action, "ThrottlingException", "Rate exceeded")
            } else {
                account.answer(request)
            }
        });
        let url = server.url();
        let mut environment = with(&[("AWS_ENDPOINT_URL", &url), ("AWS_REGION", "us-east-1")]);
        environment.extend(attempts.map(|attempts| ("AWS_MAX_ATTEMPTS", attempts)));
        let said = connected("/orders-to-tidb", &environment);
        let made =
            server.seen().iter().filter(|one| one.action == "dms:DescribeReplicationTasks").count();
        assert_eq!(made, calls, "{attempts:?}: {said}");
        assert_eq!(said.starts_with("us-east-1: arn:"), attempts.is_none(), "{said}");
    }
}

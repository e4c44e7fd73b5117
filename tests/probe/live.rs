//! The doctor that looks at AWS and at both ends: what it waits for, what it asks, what it tells.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    ALL, PASSWORD,
    aws::Aws,
    certificates::Authority,
    doctor::{Run, World, interrupt, replay, spawn},
    known, reason,
    server::{Server, hang},
};

const TASK: &str = "orders-to-tidb";

/// A server that greets, makes TLS, and hears out who logs in.
fn server(authority: &Authority) -> Server {
    Server::tls(&authority.identity(&["localhost"]), ALL)
}

/// The inventory of a world, with the cluster's own certificate in it.
fn inventory(world: &World, authority: &Authority) -> Value {
    let text = fs::read_to_string(world.file("before.json")).unwrap();
    let mut facts: Value = serde_json::from_str(&text).unwrap();
    for certificate in facts["inventory"]["Certificates"].as_array_mut().unwrap() {
        certificate["CertificatePem"] = authority.pem.clone().into();
    }
    facts["inventory"].take()
}

fn run(world: &World, command: &mut std::process::Command) -> Run {
    let begin = Instant::now();
    let output = command.output().unwrap();
    world.run(&output, begin.elapsed())
}

/// That whoever hangs, also AWS, doesn't take the doctor's time.
#[test]
fn every_peer_hangs_and_the_time_is_kept() {
    let silent = Server::start(|_stream, _| hang());
    let world = World::new(None, silent.port);
    let port = silent.port.to_string();
    let arguments = ["--task", TASK, "--tidb-as", "target", "--tidb-host", "localhost"];
    let arguments = [&arguments[..], &["--tidb-port", &port, "--timeout", "3"]].concat();
    let found = run(&world, &mut Aws::silent().doctor(&world, &arguments));
    found.in_time(3.0);
    assert_eq!(found.code, Some(3), "{}{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("not finished: AWS: time was up after 3 s"), "{}", found.stdout);
    assert!(found.unfinished().contains("AWS: time was up after 3 s"), "{}", found.unfinished());
    // What flags alone tell was looked at meanwhile.
    assert_eq!(known(found.probe("target"), "tcp")[0]["outcome"], "connected");
    replay(&world, &found);
}

#[test]
fn ctrl_c_ends_at_once_also_where_aws_hangs() {
    for arguments in [&["--task", TASK][..], &["--target-endpoint", "tidb"]] {
        let world = World::new(None, 1);
        let child = spawn(&mut Aws::silent().doctor(&world, arguments));
        std::thread::sleep(Duration::from_secs(1));
        interrupt(&child);
        let begin = Instant::now();
        let output = child.wait_with_output().unwrap();
        let found = world.run(&output, begin.elapsed());
        found.in_time(0.3);
        assert_eq!(found.code, Some(130), "{}", found.stderr);
        assert!(found.stdout.contains("the run was interrupted"), "{}", found.stdout);
    }
}

#[test]
fn a_task_alone_finds_both_ends_and_their_certificates() {
    let authority = Authority::new("right");
    let (source, target) = (server(&authority), server(&authority));
    let world = World::new(Some(source.port), target.port);
    let aws = Aws::start(inventory(&world, &authority), json!({}), Duration::ZERO);
    let mut command = aws.doctor(&world, &["--task", TASK, "--tidb-as", "target"]);
    command.env("TIDB_DMS_SOURCE_PASSWORD", PASSWORD).env("TIDB_DMS_TARGET_PASSWORD", PASSWORD);
    let found = run(&world, command.arg("--timeout").arg("9"));
    for (role, server) in [("source", &source), ("target", &target)] {
        assert_eq!(found.probe(role)["user"], "dms");
        let inside = server.log.inside.lock().unwrap();
        assert!(inside.windows(3).any(|word| word == b"dms"), "{role}: nobody logged in");
    }
    // DMS is asked once for each list.
    let asked = aws.asked.lock().unwrap();
    for list in ["ReplicationTasks", "ReplicationInstances", "Endpoints", "Certificates"] {
        assert_eq!(asked[&format!("Describe{list}")], 1, "{list}");
    }
    drop(asked);
    assert!(found.stdout.contains("AWS was asked"), "{}", found.stdout);
    assert!(found.stderr.contains("AWS "), "{}", found.stderr);
    replay(&world, &found);
}

#[test]
fn the_ends_are_looked_at_while_aws_goes_on() {
    let silent = Server::start(|_stream, _| hang());
    let authority = Authority::new("right");
    let world = World::new(None, silent.port);
    // AWS takes 4 × 0.5 s, a silent server 3 steps of 1 s each: side by side from the first answer on.
    let delay = Duration::from_millis(500);
    let aws = Aws::start(inventory(&world, &authority), json!({}), delay);
    let arguments = ["--task", TASK, "--tidb-as", "target", "--timeout", "60", "--quiet"];
    let begin = Instant::now();
    let found = run(&world, &mut aws.doctor(&world, &arguments));
    let took = begin.elapsed().as_secs_f64();
    let milliseconds: u64 = ["tcp", "greeting", "tls"]
        .iter()
        .map(|look| found.probe("target")[look]["milliseconds"].as_u64().unwrap())
        .sum();
    let probe = f64::from(u32::try_from(milliseconds).unwrap()) / 1000.0;
    // The longest chain of waits: one answer of AWS, then the probe.
    let chain = 0.5 + probe;
    assert!(took <= 1.3 * chain + 0.2, "{took} s for a chain of {chain} s");
    assert_eq!(found.stderr, "");
}

#[test]
fn a_secret_tells_where_the_cluster_is_and_who_logs_in() {
    let authority = Authority::new("right");
    let target = server(&authority);
    let world = World::new(None, target.port);
    let mut inventory = inventory(&world, &authority);
    let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:tidb-AbCdEf";
    for endpoint in inventory["Endpoints"].as_array_mut().unwrap() {
        if endpoint["EndpointType"] == "TARGET" {
            for field in ["ServerName", "Port", "Username"] {
                endpoint.as_object_mut().unwrap().remove(field);
            }
            endpoint["MySQLSettings"] = json!({"SecretsManagerSecretId": secret});
        }
    }
    let secrets = json!({ secret: {"username": "from_secret", "password": PASSWORD,
        "host": "localhost", "port": target.port} });
    let aws = Aws::start(inventory, secrets, Duration::ZERO);
    let found = run(&world, &mut aws.doctor(&world, &["--task", TASK, "--tidb-as", "target"]));
    assert_eq!(found.probe("target")["user"], "from_secret", "{}", found.stderr);
    let inside = target.log.inside.lock().unwrap();
    assert!(inside.windows(11).any(|word| word == b"from_secret"), "nobody logged in");
    let report = replay(&world, &found);
    assert!(report.contains(&format!("localhost:{}", target.port)), "{report}");
}

#[test]
fn dms_itself_tests_on_request_alone() {
    let authority = Authority::new("right");
    let world = World::new(None, 1);
    let aws = Aws::start(inventory(&world, &authority), json!({}), Duration::ZERO);
    let arguments = ["--task", TASK, "--tidb-as", "target", "--no-probe"];
    let before = run(&world, &mut aws.doctor(&world, &arguments));
    assert!(!before.stdout.contains("freshly failed"));
    assert!(!aws.asked.lock().unwrap().contains_key("TestConnection"));
    let arguments = [&arguments[..], &["--test-connection", "--test-timeout", "20"]].concat();
    let found = run(&world, &mut aws.doctor(&world, &arguments));
    let tests = aws.asked.lock().unwrap().get("TestConnection").copied();
    assert_eq!(tests, Some(2), "{}{}", found.stdout, found.stderr);
    assert_eq!(found.code, Some(1));
    assert!(found.stdout.contains("freshly failed"), "{}", found.stdout);
    let connections = found.facts["inventory"]["Connections"].as_array().unwrap();
    assert_eq!(connections.len(), 2, "a fresh test takes the place of the last one");
    replay(&world, &found);
}

#[test]
fn an_unknown_task_is_one_line() {
    let authority = Authority::new("right");
    let world = World::new(None, 1);
    let aws = Aws::start(inventory(&world, &authority), json!({}), Duration::ZERO);
    let found = run(&world, &mut aws.doctor(&world, &["--task", "nosuch", "--quiet"]));
    assert_eq!(found.code, Some(2));
    assert_eq!(found.stderr.lines().count(), 1, "{}", found.stderr);
    assert!(found.stderr.contains("no task `nosuch` in us-east-1"), "{}", found.stderr);
    assert_eq!(found.stdout, "");
}

#[test]
fn without_a_password_nobody_logs_in() {
    let authority = Authority::new("right");
    let target = server(&authority);
    let world = World::new(None, target.port);
    let aws = Aws::start(inventory(&world, &authority), json!({}), Duration::ZERO);
    let found = run(&world, &mut aws.doctor(&world, &["--task", TASK, "--tidb-as", "target"]));
    assert!(target.log.inside.lock().unwrap().is_empty());
    assert!(reason(found.probe("target"), "login").contains("TIDB_DMS_TARGET_PASSWORD"));
}

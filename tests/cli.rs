//! The program as a user runs it: the real binary, right and wrong arguments.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::{fs, path::Path};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patients");

fn program() -> Command {
    let mut command = Command::cargo_bin("tidb-dms").unwrap();
    command.env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// Runs the program: exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = program().args(arguments).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// An error of use: exit 2, nothing on standard output, one line that names the culprit.
fn refused(arguments: &[&str], message: &str) {
    let (code, stdout, stderr) = run(arguments);
    assert_eq!(code, 2, "{arguments:?}\n{stdout}{stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.contains(message), "{arguments:?}: {stderr}");
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let file = path(folder, name);
    fs::write(&file, text).unwrap();
    file
}

/// The demo's facts, saved.
fn demo(folder: &TempDir) -> String {
    let file = path(folder, "demo.json");
    let (code, ..) = run(&["doctor", "--demo", "--save-facts", &file]);
    assert_eq!(code, 0);
    file
}

#[test]
fn the_demo_exits_with_0_and_its_facts_replay_with_1() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "demo.json");
    let (code, demo, _) = run(&["doctor", "--demo", "--save-facts", &file]);
    assert_eq!(code, 0);
    let (line, below) = demo.split_once("\n\n").unwrap();
    assert!(line.contains("demo") && line.contains("exit with 1"), "{line}");
    let (code, replayed, _) = run(&["doctor", "--facts", &file]);
    assert_eq!(code, 1);
    assert_eq!(replayed, below, "the same report below the demo line");
    for cause in ["network/nat-gateway", "access/list-covers-egress", "dms/ssl-mode"] {
        assert!(below.contains(cause), "{cause}");
    }
}

#[test]
fn the_same_facts_give_the_same_bytes_in_every_format() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    for format in ["terminal", "json", "junit"] {
        let first = run(&["doctor", "--facts", &facts, "--report", format]);
        let second = run(&["doctor", "--facts", &facts, "--report", format]);
        assert_eq!(first, second, "{format}");
        assert_eq!(first.0, 1, "{format}: the exit code is the same in every format");
    }
}

#[test]
fn reports_go_to_files_and_standard_output_at_once() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let (json, junit) = (path(&folder, "r.json"), path(&folder, "r.xml"));
    let (code, stdout, _) = run(&[
        "doctor",
        "--facts",
        &facts,
        "--report",
        &format!("json={json}"),
        "--report",
        &format!("junit={junit}"),
    ]);
    assert_eq!(code, 1);
    assert!(stdout.contains("This migration would fail"));
    let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["exit_code"], 1);
    let counted: u64 =
        report["counts"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    let rows = report["rows"].as_array().unwrap().len();
    assert_eq!(usize::try_from(counted).unwrap(), rows);
    assert!(fs::read_to_string(junit).unwrap().contains("<failure"));
}

#[test]
fn a_run_that_could_not_be_done_leaves_a_report_that_says_so() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let json = write(&folder, "r.json", "an older, green report");
    refused(
        &["doctor", "--facts", &facts, "--task", "other", "--report", &format!("json={json}")],
        "no task `other` in these facts; there is: orders-to-tidb",
    );
    let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["verdict"], "unknown");
    assert!(report.to_string().contains("did not finish"), "{report}");
}

#[test]
fn what_was_left_out_is_counted() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let (code, stdout, _) =
        run(&["doctor", "--facts", &facts, "--only", "network/security-group", "--report", "json"]);
    assert_eq!(code, 0);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let all = run(&["checks"]).1.lines().count() as u64;
    assert_eq!(report["left_out"], all - 1);
    let (_, text, _) = run(&["doctor", "--facts", &facts, "--skip", "network"]);
    assert!(text.contains("left out"), "{text}");
}

#[test]
fn fail_on_moves_the_threshold() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let code = |arguments: &[&str]| {
        let mut all = vec!["doctor", "--facts", &facts, "--only", "network/dms-region"];
        all.extend(arguments);
        run(&all).0
    };
    assert_eq!(code(&[]), 0);
    let text = fs::read_to_string(&facts).unwrap();
    fs::write(&facts, text.replace(r#""known": "us-east-1""#, r#""known": "eu-west-1""#)).unwrap();
    assert_eq!(code(&[]), 0);
    assert_eq!(code(&["--fail-on", "advice"]), 1);
}

#[test]
fn wrong_arguments_are_one_clear_line() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let broken =
        write(&folder, "rtb.json", "{\"RouteTables\": [\n  {\"RouteTableId\": \"a\" \"b\"}]}");
    let newer = write(&folder, "newer.json", r#"{"version": 99, "weather": "fine"}"#);
    let text = write(&folder, "text.txt", "hello");
    let empty = path(&folder, "empty");
    fs::create_dir(&empty).unwrap();
    let with = |more: &[&'static str]| {
        let mut all = vec!["doctor", "--facts", facts.as_str()];
        all.extend(more);
        all.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>()
    };
    let cases: Vec<(Vec<String>, &str)> = vec![
        (with(&["--only", "network/routes"]), "did you mean `network/route`?"),
        (
            with(&["--ip-access-list", "300.1.1.1/33"]),
            "`300.1.1.1/33` is not an IPv4 address, a CIDR or a range",
        ),
        (with(&["--subnets", "subnet-0"]), "--subnets: `subnet-0` isn't among the subnets"),
        (with(&["--task", "x"]), "no task `x`"),
        (
            with(&["--tidb-host", "a.b:4000"]),
            "only the name, `a.b`; the port goes with --tidb-port",
        ),
        (with(&["--report", "html"]), "html"),
        (with(&["--report", "json=/nonexistent/r.json"]), "/nonexistent/r.json"),
        (with(&["--report", "json", "--report", "junit"]), "standard output"),
        (with(&["--ca", "nothing.pem"]), "nothing.pem"),
        (with(&["--save-facts", "/nonexistent/f.json"]), "/nonexistent/f.json"),
        (vec!["doctor".into()], "nothing to judge"),
        (vec!["doctor".into(), "--facts".into(), newer], "version 99"),
        (vec!["doctor".into(), "--facts".into(), "/nonexistent".into()], "/nonexistent"),
        (vec!["doctor".into(), "--evidence".into(), empty], "empty"),
        (vec!["doctor".into(), "--evidence".into(), text], "neither JSON"),
        (vec!["doctor".into(), "--evidence".into(), broken], "rtb.json:2:24: "),
        (vec!["explain".into(), "network/rout".into()], "did you mean `network/route`?"),
    ];
    for (arguments, message) in cases {
        refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), message);
    }
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = include_str!("../README.md");
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (code, stdout, _) = run(&["doctor", "--demo"]);
    assert_eq!(code, 0);
    assert!(shown.starts_with('✗') && stdout.contains(shown), "{stdout}");
}

#[test]
fn what_is_named_beside_a_saved_task_is_not_left_aside() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let (code, _, _) = run(&["doctor", "--facts", &facts, "--replication-instance", "etl-1"]);
    assert_eq!(code, 1);
    refused(
        &["doctor", "--facts", &facts, "--replication-instance", "etl-9"],
        "no replication instance `etl-9` in these facts; there is: etl-1",
    );
    let task = ["doctor", "--facts", &facts, "--task", "orders-to-tidb"];
    refused(&[&task[..], &["--replication-instance", "etl-9"]].concat(), "etl-9");
    refused(&[&task[..], &["--replication-config", "etl-9"]].concat(), "each name a migration");
    let (code, _, stderr) = run(&[&task[..], &["--subnets", "subnet-0a11c2f3b4d5e6f70"]].concat());
    assert!(code == 2 && stderr.contains("cannot be used with"), "{stderr}");
}

#[test]
fn the_configuration_holds_the_flags_and_is_strict() {
    let folder = TempDir::new().unwrap();
    demo(&folder);
    let config = write(&folder, "tidb-dms.toml", "facts = [\"demo.json\"]\nonly = [\"dms\"]\n");
    let (code, stdout, _) = run(&["doctor", "--config", &config]);
    assert_eq!(code, 1);
    assert!(stdout.contains("dms/ssl-mode") && !stdout.contains("nat-gateway"), "{stdout}");
    let config = write(&folder, "bad.toml", "facts = [\"demo.json\"]\nonli = [\"dms\"]\n");
    refused(
        &["doctor", "--config", &config],
        "bad.toml:2:1: unknown key `onli`; did you mean `only`?",
    );
}

#[test]
fn trace_says_how_it_ends_by_its_exit_code() {
    let folder = TempDir::new().unwrap();
    let facts = demo(&folder);
    let trace = |arguments: &[&str]| {
        let mut all = vec!["trace", "--facts", facts.as_str(), "--json"];
        all.extend(arguments);
        let (code, stdout, stderr) = run(&all);
        let value: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
        (code, value)
    };
    let (code, value) = trace(&["--from", "etl-1", "--to", "44.210.0.50"]);
    assert_eq!(code, 1);
    assert_eq!(value["stops"][0]["code"], "NO_ROUTE_TO_DESTINATION");
    assert_eq!(value["stops"][0]["leg"], "nat");
    assert_eq!(value["egress_addresses"], serde_json::json!(["52.1.2.3"]));
    let (code, value) = trace(&["--from", "eni-0d4c3b2a190807f6e", "--to", "10.0.1.99"]);
    assert_eq!((code, value["stops"][0]["code"].as_str().unwrap()), (1, "ADDRESS_NOT_IN_USE"));
    let text = fs::read_to_string(&facts).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["inventory"].as_object_mut().unwrap().remove("RouteTables");
    value["inventory"]["Extents"].as_object_mut().unwrap().remove("RouteTables");
    fs::write(&facts, value.to_string()).unwrap();
    let (code, value) = trace(&["--from", "etl-1", "--to", "public"]);
    assert_eq!(code, 3);
    let unlock = value["gaps"][0]["unlock"]["iam_action"].as_str();
    assert_eq!(unlock, Some("ec2:DescribeRouteTables"));
    refused(
        &["trace", "--facts", &facts, "--from", "subnet-9", "--to", "public"],
        "--from: `subnet-9` isn't in these facts",
    );
}

#[test]
fn schemas_describe_what_the_program_writes() {
    for (document, word) in [
        ("facts", "taken_at"),
        ("report", "root_causes"),
        ("trace", "egress_addresses"),
        ("grants", "inactive_roles"),
        ("tls", "chain"),
        ("config", "save-facts"),
        ("plugin", "answer"),
    ] {
        let (code, stdout, _) = run(&["schema", document]);
        assert_eq!(code, 0);
        let schema: Value = serde_json::from_str(&stdout).unwrap();
        assert!(schema["properties"][word].is_object(), "{document}");
    }
}

#[test]
fn every_healthy_patient_passes_and_every_report_has_every_check() {
    let checks: Vec<String> = run(&["checks"])
        .1
        .lines()
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect();
    let mut judged = 0;
    for entry in fs::read_dir(Path::new(PATIENTS)).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let (code, stdout, stderr) =
            run(&["doctor", "--facts", file.to_str().unwrap(), "--report", "json"]);
        assert_eq!(code, 0, "{}: {stderr}{stdout}", file.display());
        let report: Value = serde_json::from_str(&stdout).unwrap();
        for check in &checks {
            let rows = report["rows"].as_array().unwrap();
            assert!(rows.iter().any(|row| row["check"] == check.as_str()), "{check}");
        }
        judged += 1;
    }
    assert!(judged >= 15, "{judged} healthy patients");
}

#[test]
fn the_readme_lists_every_check() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let table = tidb_dms::catalogue::markdown();
    assert!(readme.contains(&table), "the README's table of checks should be:\n{table}");
}

/// What the first screen says of a patient that one thing was done to: each line holds the place, the
/// new value, words that must be there, and words that would mislead.
#[test]
fn the_first_screen_tells_what_helps() {
    const TARGET: &str = "/inventory/Endpoints/1";
    const ROUTE: &str = "/inventory/RouteTables/2/Routes/1";
    let transit = json!({"DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-1",
        "State": "active", "Origin": "CreateRoute"});
    for (changes, says, misleads) in [
        // F-12: the new gateway brings a new address, which nobody has put on the list yet.
        (
            vec![
                (format!("{ROUTE}/State"), json!("blackhole")),
                ("/inventory/NatGateways".into(), json!([])),
            ],
            &[
                "--query 'Addresses[0].PublicIp'",
                "put it on the cluster's IP access list",
                "what can't be told then: access/list-covers-egress",
            ][..],
            &["the path stands"][..],
        ),
        // It would arrive; that it doesn't is not to be said.
        (
            vec![(format!("{TARGET}/SslMode"), json!("none"))],
            &["This migration isn't safe to start. 1 thing is broken", "the path stands"],
            &["would fail"],
        ),
        // A look from a subnet was taken, and couldn't tell; DMS itself can.
        (
            vec![(ROUTE.into(), transit)],
            &["To decide 8 checks: --test-connection", "DMS tests both endpoints"],
            &["a look from"],
        ),
        // Nobody opens a way to a port where nothing listens.
        (
            vec![(format!("{TARGET}/Port"), json!(3306)), ("/clusters/0/port".into(), Value::Null)],
            &["First make sure that the cluster listens on 3306"],
            &["authorize-security-group-egress", "the path stands"],
        ),
        // No login tells what the rules don't take in.
        (
            vec![("/inventory/ReplicationTasks/0/TableMappings".into(), json!("{\"rules\":[]}"))],
            &["not evaluated because of this: mysql/source-privileges, mysql/target-privileges"],
            &["a login to the source"],
        ),
        // Only an administrator can run these (F-22).
        (
            vec![(
                "/inventory/ReplicationTasks/0/TableMappings".into(),
                json!(
                    "{\"rules\":[{\"rule-type\":\"selection\",\"rule-id\":\"1\",\"rule-name\":\"1\",\"rule-action\":\"include\",\"object-locator\":{\"schema-name\":\"test\",\"table-name\":\"%\"}}]}"
                ),
            )],
            &["An administrator of orders-tidb runs this", "ON `test`.* TO 'dms'@'%';"],
            &["dms/table-mappings"],
        ),
    ] {
        let text = fs::read_to_string(format!("{PATIENTS}/dedicated-nat-instance.json")).unwrap();
        let mut patient: Value = serde_json::from_str(&text).unwrap();
        for (place, value) in &changes {
            let (parent, name) = place.rsplit_once('/').unwrap();
            match patient.pointer_mut(place) {
                Some(there) => *there = value.clone(),
                None => patient.pointer_mut(parent).unwrap()[name] = value.clone(),
            }
        }
        let folder = TempDir::new().unwrap();
        let file = write(&folder, "facts.json", &patient.to_string());
        let (_, text, _) = run(&["doctor", "--task", "orders-to-tidb", "--facts", &file]);
        let screen = text.split("\n┌").next().unwrap();
        let screen = screen.split_whitespace().collect::<Vec<&str>>().join(" ");
        for words in says {
            assert!(screen.contains(words), "{changes:?} lacks `{words}`: {screen}");
        }
        for words in misleads {
            assert!(!screen.contains(words), "{changes:?} says `{words}`: {screen}");
        }
    }
}

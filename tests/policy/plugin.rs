//! The worked example of a plug-in, as a user would have it.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use serde_json::Value;

use crate::{Place, ROOT, outcomes, row};

const ENTRY: &str = "[[plugin]]\nname = \"acme\"\ncommand = [\"./acme-checks\"]\n";

/// A folder with the example, where this machine can run it.
fn example(config: &str) -> Option<Place> {
    // tests/run installs it; a machine without it can't try the example.
    Command::new("python3").arg("--version").output().ok()?;
    let place = Place::new(&format!("{config}{ENTRY}"));
    fs::copy(format!("{ROOT}/tests/plugin/acme-checks"), place.path("acme-checks")).unwrap();
    Some(place)
}

#[test]
fn the_example_judges_beside_ours() {
    let Some(place) = example("") else { return };
    let (code, report) = place.judge(&[]);
    assert_eq!(code, 1);
    assert_eq!(outcomes(&report, "acme/multi-az").len(), 1);
    let multi_az = row(&report, "acme/multi-az");
    assert!(["pass", "warn"].contains(&multi_az["outcome"].as_str().unwrap()), "{multi_az}");
    assert_eq!(multi_az["subject"]["id"], "orders-to-tidb");
    assert_eq!(row(&report, "acme/endpoint-names")["outcome"], "advice");
    assert_eq!(report["own_checks"].as_array().unwrap().len(), 2);
    let total: u64 =
        report["counts"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(total, report["rows"].as_array().unwrap().len() as u64);
    let arguments = [
        "doctor",
        "--config",
        "tidb-dms.toml",
        "--report",
        "junit=out.xml",
        "--report",
        "terminal",
    ];
    let (_, text, _) = place.run(&arguments);
    assert!(text.contains("endpoint-names") && text.contains("doesn't say which way"), "{text}");
    let junit = fs::read_to_string(place.path("out.xml")).unwrap();
    assert!(junit.contains("name=\"acme/endpoint-names\""), "{junit}");
}

#[test]
fn its_levels_waivers_and_choices_are_the_users() {
    let levels = "[levels]\n\"acme/endpoint-names\" = \"error\"\n";
    let Some(place) = example(levels) else { return };
    let (code, report) = place.judge(&["--only", "acme"]);
    assert_eq!((code, outcomes(&report, "acme/endpoint-names")), (1, vec!["fail"]));
    assert!(outcomes(&report, "dms/ssl-mode").is_empty());
    let waiver = crate::waiver("acme/endpoint-names", "orders-to-tidb", crate::LATER);
    let place = example(&format!("{levels}{waiver}")).unwrap();
    let (code, report) = place.judge(&["--only", "acme,policy"]);
    assert_eq!((code, outcomes(&report, "acme/endpoint-names")), (0, vec!["waived"]));
    assert_eq!(row(&report, "policy/waiver")["outcome"], "pass");
    let (_, report) = place.judge(&["--skip", "acme"]);
    assert!(outcomes(&report, "acme/endpoint-names").is_empty());
}

#[test]
fn one_that_gives_no_answer_is_a_row_that_says_why() {
    let cases: [(&str, &str); 4] = [
        (
            "#!/bin/sh\necho broken licence >&2\nexit 1\n",
            "it ended with exit status: 1: broken licence",
        ),
        ("#!/bin/sh\nsleep 60\n", "it gave no answer within 300ms"),
        ("#!/bin/sh\necho '{\"version\": 1, \"results\": []}'\n", "it gave no results"),
        ("", "it can't be started: ./acme-checks"),
    ];
    for (script, reason) in cases {
        let place = Place::new(&format!("{ENTRY}timeout = \"300ms\"\n"));
        if !script.is_empty() {
            place.write("acme-checks", script);
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(place.path("acme-checks"), mode).unwrap();
        }
        let (code, report): (i32, Value) = place.judge(&["--only", "acme"]);
        // One that has no time to start is late too.
        assert_eq!((code, outcomes(&report, "acme/plugin")), (3, vec!["unknown"]), "{script}");
        let said = row(&report, "acme/plugin")["gaps"][0]["reason"].as_str().unwrap();
        let late = said == "it gave no answer within 300ms";
        assert!(said.starts_with(reason) || late, "{said}");
        assert_eq!(report["rows"].as_array().unwrap().len(), 1);
    }
}

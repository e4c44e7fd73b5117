//! The user's own say: levels, waivers, plug-ins, `init`, and the documents that others build on.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod contract;
mod plugin;

use std::{fs, path::PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A folder with the demo's facts and a configuration that judges them.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(config: &str) -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        let (code, ..) = place.run(&["doctor", "--demo", "--save-facts", "facts.json"]);
        assert_eq!(code, 0);
        place.write("tidb-dms.toml", &format!("facts = [\"facts.json\"]\n{config}"));
        place
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program in the folder: exit code, standard output, standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::cargo_bin("tidb-dms").unwrap();
        let output = command.args(arguments).current_dir(self.folder.path()).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Judges by the configuration: exit code and the report.
    fn judge(&self, arguments: &[&str]) -> (i32, Value) {
        let mut all = vec!["doctor", "--config", "tidb-dms.toml", "--report", "json"];
        all.extend(arguments);
        let (code, stdout, stderr) = self.run(&all);
        let report = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{code}: {stderr}"));
        (code, report)
    }

    /// An error of use: exit 2, one line that names the culprit.
    fn refused(&self, message: &str) {
        let (code, stdout, stderr) = self.run(&["doctor", "--config", "tidb-dms.toml"]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with(&format!("error: {message}")), "{stderr}");
    }
}

/// The outcomes of a check.
fn outcomes<'a>(report: &'a Value, check: &str) -> Vec<&'a str> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.filter(|row| row["check"] == check).map(|row| row["outcome"].as_str().unwrap()).collect()
}

fn row<'a>(report: &'a Value, check: &str) -> &'a Value {
    report["rows"].as_array().unwrap().iter().find(|row| row["check"] == check).unwrap()
}

fn waiver(check: &str, subject: &str, until: &str) -> String {
    format!(
        "[[waiver]]\ncheck = \"{check}\"\nsubject = \"{subject}\"\nreason = \"known\"\n\
         owner = \"dba@example.com\"\nuntil = {until}\n"
    )
}

const LATER: &str = "2030-01-01T00:00:00Z";

#[test]
fn levels_of_the_file_and_of_flags_hold() {
    let place = Place::new("[levels]\nnetwork = \"warning\"\naccess = \"warning\"\n");
    let (code, report) = place.judge(&[]);
    assert_eq!((code, outcomes(&report, "dms/ssl-mode")), (1, vec!["fail"]));
    assert!(outcomes(&report, "network/nat-gateway").iter().all(|outcome| *outcome == "warn"));
    let (code, report) = place.judge(&["--level", "dms/ssl-mode=advice", "--skip", "tls,mysql"]);
    assert_eq!((code, outcomes(&report, "dms/ssl-mode")), (0, vec!["advice"]));
    // The flag wins over the file.
    let (code, report) = place.judge(&["--level", "dms=advice,network=error"]);
    assert_eq!(code, 1);
    assert!(outcomes(&report, "network/nat-gateway").contains(&"fail"));
    let (code, _, stderr) = place.run(&["doctor", "--demo", "--level", "dms=off"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("`off` is none of error, warning, advice"), "{stderr}");
    let (code, _, stderr) = place.run(&["doctor", "--demo", "--level", "dsm=error"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("unknown check `dsm`"), "{stderr}");
}

#[test]
fn a_waived_row_is_shown_in_every_format_and_doesnt_count() {
    let subnets = ["subnet-0a11c2f3b4d5e6f70", "subnet-0b22d3a4c5e6f7081"];
    let mut config = waiver("dms/ssl-mode", "orders-to-tidb", LATER);
    for subnet in subnets {
        config += &waiver("network/nat-gateway", subnet, LATER);
        config += &waiver("access/list-covers-egress", subnet, LATER);
    }
    let place = Place::new(&config);
    let (code, report) = place.judge(&["--skip", "network/internet-gateway"]);
    let waived: Vec<&Value> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["outcome"] == "waived")
        .collect();
    assert_eq!(waived.len(), 5, "{:?}", row(&report, "policy/waiver"));
    assert_eq!(report["counts"]["waived"], 5);
    assert_eq!(row(&report, "dms/ssl-mode")["waived"]["was"], "fail");
    assert_eq!(row(&report, "dms/ssl-mode")["waived"]["owner"], "dba@example.com");
    assert_eq!(row(&report, "policy/waiver")["outcome"], "pass");
    assert!(report["root_causes"].as_array().unwrap().is_empty());
    // What the waived checks explain stays undecided: each row is waived by itself.
    assert!(code == 3 || code == 0, "{code}");
    let (text_code, text, _) = place.run(&[
        "doctor",
        "--config",
        "tidb-dms.toml",
        "--report",
        "junit=out.xml",
        "--report",
        "terminal",
    ]);
    assert!(text.contains("~ ssl-mode") && text.contains("waived: known"), "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.windows(2).any(|pair| pair == ["5", "waived,"]), "{text}");
    let junit = fs::read_to_string(place.path("out.xml")).unwrap();
    assert!(junit.contains("waived: known (dba@example.com, until 2030-01-01T00:00:00Z)"));
    assert_eq!(junit.matches("type=\"waived\"").count(), 5);
    assert!(junit.contains("name=\"policy/waiver\""));
    assert_eq!(text_code, place.judge(&[]).0);
}

#[test]
fn what_is_wrong_with_a_waiver_is_in_the_report() {
    let config = waiver("dms/ssl-mode", "orders-to-tidb", "2020-01-01T00:00:00Z")
        + &waiver("dms/ssl-mod", "orders-to-tidb", LATER)
        + &waiver("dms/logging", "nobody", LATER);
    let place = Place::new(&config);
    let (code, report) = place.judge(&[]);
    assert_eq!((code, outcomes(&report, "dms/ssl-mode")), (1, vec!["fail"]));
    let row = row(&report, "policy/waiver");
    assert_eq!((row["outcome"].as_str(), row["level"].as_str()), (Some("warn"), Some("warning")));
    let messages: Vec<&str> = row["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["message"].as_str().unwrap())
        .collect();
    for (message, words) in messages.iter().zip([
        "ran out at 2020-01-01T00:00:00Z: dba@example.com no longer stands for it (tidb-dms.toml:3:9)",
        "names no check; is it `dms/ssl-mode`? (tidb-dms.toml:9:9)",
        "waives nothing: the check was judged for orders-to-tidb (tidb-dms.toml:15:9)",
    ]) {
        assert!(message.ends_with(words), "{message}");
    }
    let (code, _) = place.judge(&["--only", "policy,network/route", "--fail-on", "warning"]);
    assert_eq!(code, 1);
    let (_, text, _) = place.run(&["doctor", "--config", "tidb-dms.toml"]);
    assert!(text.contains("policy/waiver"), "{text}");
    assert_eq!(place.run(&["explain", "policy/waiver"]).0, 0);
}

#[test]
fn a_configuration_that_cant_be_used_has_a_place() {
    let at = |config: &str, message: &str| Place::new(config).refused(message);
    at("[[waiver]]\ncheck = \"dms/ssl-mode\"\n", "tidb-dms.toml:2:1: missing field `subject`");
    at(
        &waiver("dms/ssl-mode", "x", "2030-01-01"),
        "tidb-dms.toml:7:9: `2030-01-01` is no time in UTC",
    );
    at(
        "[levels]\n\"dms/ssl-mod\" = \"error\"\n",
        "tidb-dms.toml:3:1: unknown check `dms/ssl-mod`; did you mean `dms/ssl-mode`?",
    );
    at("[levels]\ndms = \"loud\"\n", "tidb-dms.toml:3:7: unknown variant `loud`");
    at(
        "[[plugin]]\nname = \"dms\"\ncommand = [\"x\"]\n",
        "tidb-dms.toml:3:8: `dms` can't be a plug-in's name",
    );
    let place = Place::new("");
    fs::remove_file(place.path("tidb-dms.toml")).unwrap();
    place.refused("tidb-dms.toml: No such file");
}

#[test]
fn init_writes_what_doctor_reads() {
    let place = Place::new("");
    let (code, stdout, stderr) = place.run(&["init"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("tidb-dms.toml: already there; --force overwrites it"), "{stderr}");
    let (code, stdout, _) = place.run(&["init", "--force"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("tidb-dms doctor --config tidb-dms.toml"));
    let (code, _) = place.judge(&["--facts", "facts.json"]);
    assert_eq!(code, 1);
}

#[test]
fn the_readme_says_what_the_guide_asks_for_and_who_checks_it() {
    let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let place = Place::new("");
    let (code, table, _) = place.run(&["checks", "--guide"]);
    assert_eq!(code, 0);
    assert!(table.lines().count() > 20);
    assert!(readme.contains(&table), "the README's table of the guide should be:\n{table}");
}

#[test]
fn controls_are_listed_with_checks_and_standards() {
    let place = Place::new("");
    let (code, text, _) = place.run(&["checks", "--controls"]);
    assert_eq!(code, 0);
    for words in [
        "DMS.1  Database Migration Service replication instances should not be public",
        "checks    network/public-accessibility",
        "NIST.800-53.r5 AC-4, SC-13, SC-23, SC-23(3)",
        "PCI DSS v4.0.1 4.2.1",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 110));
}

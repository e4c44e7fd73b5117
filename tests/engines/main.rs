//! `tidb-dms grants` and `tidb-dms tls` as a user runs them, on the cases that people reported.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod grants;
mod tls;

use std::fs;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
const TIDB: &str = "8.0.11-TiDB-v8.5.4";

/// Runs the program with some standard input: exit code, standard output, standard error.
fn run(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("tidb-dms").unwrap();
    command.env_remove("NO_COLOR").env_remove("COLUMNS");
    let output = command.args(arguments).write_stdin(input).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// An answer as JSON. The text beside it has the same exit code, and both are the same when asked
/// again.
fn answer(arguments: &[&str], input: &[u8]) -> (i32, Value) {
    let text = run(arguments, input);
    assert_eq!(text, run(arguments, input));
    let mut with_json = arguments.to_vec();
    with_json.push("--json");
    let json = run(&with_json, input);
    assert_eq!(json, run(&with_json, input));
    assert_eq!(text.0, json.0, "{arguments:?}: {}{}", text.1, text.2);
    assert_eq!((json.2.as_str(), text.2.as_str()), ("", ""));
    let sign = ["✓ ", "✗ ", "", "? "][usize::try_from(text.0).unwrap()];
    assert!(text.1.starts_with(sign), "{}", text.1);
    (json.0, serde_json::from_str(&json.1).unwrap())
}

fn refused(arguments: &[&str], input: &[u8], message: &str) {
    let (code, stdout, stderr) = run(arguments, input);
    assert_eq!(code, 2, "{arguments:?}\n{stdout}{stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.contains(message), "{arguments:?}: {stderr}");
}

#[test]
fn wrong_arguments_are_one_clear_line() {
    let folder = TempDir::new().unwrap();
    let none = folder.path().join("none.txt");
    let none = none.to_str().unwrap();
    let leaf = format!("{DATA}/chains/rsa-leaf.pem");
    let grants = |more: &[&'static str]| {
        [&["grants", "--server", TIDB, "--as", "target"][..], more].concat()
    };
    refused(&grants(&["--tables", "shop"]), b"", "--tables: `shop` is not schema.table");
    refused(&grants(&["--schemas", "a,,b"]), b"", "--schemas: `` is not a name");
    let mut missing_file = grants(&[]);
    missing_file.push(none);
    refused(&missing_file, b"", none);

    let tls = |host: &'static str, ca: &'static str| ["tls", "--host", host, "--ca", ca];
    let x1 = "isrg-root-x1";
    refused(&tls("db:4000", x1), b"", "--host: the name alone is needed, without the port: db");
    refused(&tls(" ", x1), b"", "--host: a name is needed");
    refused(&tls("db", x1), b"", "standard input: the input is empty");
    refused(&tls("db", x1), b"hello", "standard input: no certificate in this text");
    refused(&tls("db", "nothing.pem"), b"", "--ca: nothing.pem: ");
    refused(&tls("db", "Cargo.toml"), b"", "--ca: Cargo.toml: no certificate in this text");
    refused(&["tls", none, "--host", "db", "--ca", x1], b"", none);
    let cut = fs::read_to_string(&leaf).unwrap();
    let cut = cut.split("-----END").next().unwrap();
    refused(&tls("db", x1), cut.as_bytes(), "certificate block 1 (line 1) has no end");

    // What clap refuses takes more lines, and is exit 2 as well.
    for arguments in [
        &["grants", "--as", "target"][..],
        &["grants", "--server", TIDB],
        &grants(&["--schemas", "a", "--tables", "a.t"]),
        &grants(&["--partial-revokes", "maybe"]),
        &grants(&["--lower-case-table-names", "3"]),
        &["tls", "--host", "db"],
        &["tls", "--ca", x1],
        &["tls", "--host", "db", "--ca", x1, "--at", "yesterday"],
    ] {
        let (code, stdout, _) = run(arguments, b"");
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
    }
    // A server that nobody has heard of is no error.
    assert_eq!(run(&["grants", "--server", "?", "--as", "source"], b"").0, 3);
}

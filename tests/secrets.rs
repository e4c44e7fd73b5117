//! Law 9: a password that is planted anywhere shows nowhere, in no format, also where something is wrong.
//!
//! Here without a network; tests/lab does the same with servers and an AWS that answer.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::{fs, path::Path};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Begins every planted password: no format writes letters and digits differently.
const MARK: &str = "hunter2";
/// With all that XML, HTML, JSON, URLs and a shell write in another way.
const PASSWORD: &str = "hunter2<&>\"'%/\\]]>é";
const PATIENT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patients/dedicated-nat-instance.json");
const HOST: &str = "tidb.k7q2wz1dxmpa.clusters.tidb-cloud.com";

/// All that a run leaves behind, by name.
struct Left {
    code: i32,
    traces: Vec<(String, String)>,
}

impl Left {
    #[track_caller]
    fn is_silent(&self, about: &str) {
        for (name, text) in &self.traces {
            let found = text.find(MARK).map(|place| {
                let begin =
                    text[..place].char_indices().rev().nth(80).map_or(0, |(place, _)| place);
                &text[begin..(place + MARK.len())]
            });
            assert_eq!(found, None, "{about}: {name}");
        }
    }

    fn errors(&self) -> &str {
        &self.traces.iter().find(|(name, _)| name == "standard error").unwrap().1
    }
}

/// Runs the program with every log on, and gathers what it left in the folder.
fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Left {
    let output = Command::cargo_bin("tidb-dms")
        .unwrap()
        .args(arguments)
        .env_clear()
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let mut traces = vec![
        ("standard output".to_owned(), String::from_utf8(output.stdout).unwrap()),
        ("standard error".to_owned(), String::from_utf8(output.stderr).unwrap()),
    ];
    for name in ["facts.json", "report.json", "report.xml", "report.txt"] {
        if let Ok(text) = fs::read_to_string(folder.join(name)) {
            traces.push((name.to_owned(), text));
        }
    }
    Left { code: output.status.code().unwrap(), traces }
}

/// The doctor, with a report of each format and the facts saved.
fn doctor(folder: &Path, arguments: &[&str]) -> Left {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let reports = [
        format!("json={}", file("report.json")),
        format!("junit={}", file("report.xml")),
        format!("terminal={}", file("report.txt")),
    ];
    let saved = file("facts.json");
    let mut all = vec!["doctor", "--save-facts", &saved, "--report", "terminal"];
    for report in &reports {
        all.extend(["--report", report]);
    }
    all.extend(arguments);
    run(
        folder,
        &all,
        &[("TIDB_DMS_SOURCE_PASSWORD", PASSWORD), ("TIDB_DMS_TARGET_PASSWORD", PASSWORD)],
    )
}

/// What AWS says of a healthy migration, changed, with more files beside it: what a run says of it.
fn judged(change: impl Fn(&mut Value), files: &[(&str, &str)]) -> Left {
    let mut facts: Value = serde_json::from_str(&fs::read_to_string(PATIENT).unwrap()).unwrap();
    change(&mut facts["inventory"]);
    let folder = TempDir::new().unwrap();
    let evidence = folder.path().join("seen");
    fs::create_dir(&evidence).unwrap();
    let lists = facts["inventory"].as_object().unwrap().iter();
    for (key, list) in lists.filter(|(key, list)| list.is_array() && *key != "VpcAttributes") {
        let text = json!({ key.as_str(): list }).to_string();
        fs::write(evidence.join(format!("{key}.json")), text).unwrap();
    }
    for (name, text) in files {
        fs::write(evidence.join(name), text).unwrap();
    }
    let evidence = evidence.to_str().unwrap();
    let list = ["--ip-access-list", "203.0.113.7"];
    let arguments = ["--evidence", evidence, "--task", "orders-to-tidb"];
    doctor(folder.path(), &[&arguments[..], &list].concat())
}

/// Sets a member of both endpoints.
fn endpoints(inventory: &mut Value, member: &str, value: &Value) {
    for endpoint in inventory["Endpoints"].as_array_mut().unwrap() {
        endpoint[member] = value.clone();
    }
}

#[test]
fn what_aws_says_of_endpoints() {
    let url = format!("mysql://dms:{PASSWORD}@{HOST}:4000/orders");
    let bare = format!("dms:{PASSWORD}@{HOST}");
    let attributes = |text: &str| json!(text.replace("PLANTED", PASSWORD));
    let settings = |member: &str, text: &str| json!({ member: text.replace("PLANTED", PASSWORD) });
    for (member, value) in [
        ("Password", json!(PASSWORD)),
        ("MySQLSettings", json!({"Username": "dms", "Password": PASSWORD})),
        ("MySQLSettings", settings("ServerName", &url)),
        ("MySQLSettings", settings("AfterConnectScript", "SET PASSWORD = 'PLANTED'")),
        ("MySQLSettings", json!(format!("Password={PASSWORD}"))),
        ("PostgreSQLSettings", json!({"Password": PASSWORD, "Nested": {"Password": PASSWORD}})),
        ("Port", json!(PASSWORD)),
        ("ServerName", json!(url)),
        ("ServerName", json!(bare)),
        ("ExtraConnectionAttributes", attributes("password=PLANTED;parallelLoadThreads=4")),
        ("ExtraConnectionAttributes", attributes("maxFileSize=512; Pwd = PLANTED")),
        ("ExtraConnectionAttributes", attributes("password=a;PLANTED;Initstmt=SET x=1")),
        ("ExtraConnectionAttributes", attributes("password:PLANTED;parallelLoadThreads=4")),
        ("ExtraConnectionAttributes", attributes("SslKeyStorePassword=PLANTED")),
        (
            "ExtraConnectionAttributes",
            attributes("Initstmt=ALTER USER dms IDENTIFIED BY 'a;PLANTED', x=1"),
        ),
    ] {
        judged(|inventory| endpoints(inventory, member, &value), &[]).is_silent(member);
    }
}

#[test]
fn what_is_among_the_evidence() {
    let at = |text: &str| text.replace("PLANTED", PASSWORD).replace("HOST", HOST);
    let secret = json!({"username": "dms", "password": PASSWORD}).to_string();
    let secret = json!({"ARN": "arn:x", "Name": "tidb", "SecretString": secret}).to_string();
    let cluster = json!({"clusterId": "1", "state": "ACTIVE", "rootPassword": PASSWORD,
        "endpoints": {"public": {"host": HOST, "port": 4000}}});
    let grants = "GRANT USAGE ON *.* TO 'dms'@'%'";
    for (name, text) in [
        ("broken.json", at(r#"{"Endpoints": [{"Password": "PLANTED""#)),
        ("secret.json", secret),
        ("cluster.json", cluster.to_string()),
        ("target-grants.txt", at(&format!("{grants} IDENTIFIED BY PASSWORD '*PLANTED'\n"))),
        ("target-grants.txt", at(&format!("{grants} IDENTIFIED WITH 'x' AS \"PLANTED\"\n"))),
        ("target-grants.txt", at(&format!("{grants}\nALTER USER dms IDENTIFIED BY 'PLANTED';\n"))),
        ("target-grants.txt", at(&format!("$ mysql -h HOST -u dms -pPLANTED\n{grants}\n"))),
        ("target-grants.txt", at(&format!("$ mysqlsh mysql://dms:PLANTED@HOST\n{grants}\n"))),
        ("note.txt", at("the password is PLANTED")),
    ] {
        judged(|_| {}, &[(name, &text)]).is_silent(&text);
    }
}

#[test]
fn what_saved_facts_hold() {
    let mut facts: Value = serde_json::from_str(&fs::read_to_string(PATIENT).unwrap()).unwrap();
    endpoints(&mut facts["inventory"], "Password", &json!(PASSWORD));
    endpoints(
        &mut facts["inventory"],
        "ExtraConnectionAttributes",
        &json!(format!("password={PASSWORD}")),
    );
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("before.json");
    fs::write(&file, facts.to_string()).unwrap();
    let left = doctor(folder.path(), &["--facts", file.to_str().unwrap()]);
    assert!(left.code != 2 && left.traces.len() == 6, "{}", left.errors());
    left.is_silent("facts");
    // What doesn't belong in facts is refused by its name alone.
    for (place, name) in [("/", "password"), ("/asked", "tidb_password")] {
        let mut facts = facts.clone();
        facts.pointer_mut(place.trim_end_matches('/')).unwrap()[name] = json!(PASSWORD);
        fs::write(&file, facts.to_string()).unwrap();
        let left = doctor(folder.path(), &["--facts", file.to_str().unwrap()]);
        assert!(left.errors().contains(name), "{}", left.errors());
        left.is_silent(name);
    }
}

#[test]
fn what_is_typed() {
    let folder = TempDir::new().unwrap();
    let url = format!("mysql://dms:{PASSWORD}@{HOST}:4000");
    let bare = format!("dms:{PASSWORD}@{HOST}:4000");
    let flag = format!("--target-password={PASSWORD}");
    let short = format!("-p{PASSWORD}");
    let saved = folder.path().join("facts.json");
    let saved = saved.to_str().unwrap();
    for arguments in [
        &["doctor", "--demo", &flag][..],
        &["doctor", "--demo", "--target-password", PASSWORD],
        &["doctor", "--demo", &short],
        &["doctor", "--demo", "--tidb-host", &url],
        &["doctor", "--demo", "--tidb-host", &bare],
        &["tls", PATIENT, "--ca", "isrg-root-x1", "--host", &url],
        &["tls", PATIENT, "--ca", "isrg-root-x1", "--host", &bare],
        &["probe", &url, "--save-facts", saved],
        &["probe", &bare, "--save-facts", saved],
        &["probe", HOST, "--save-facts", saved, &short],
    ] {
        let left = run(folder.path(), arguments, &[]);
        assert_eq!(left.code, 2, "{arguments:?}");
        left.is_silent(&arguments.join(" "));
    }
}

#[test]
fn what_the_configuration_holds() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tidb-dms.toml");
    let quoted = PASSWORD.replace('\'', "");
    for text in [
        format!("target-password = '{quoted}'"),
        format!("target-password-file = {quoted}"),
        format!("task = 'x' password = '{quoted}'"),
        format!("task = '{quoted}"),
        format!("evidence = ['seen']\ntidb-host = 'mysql://dms:{quoted}@{HOST}'"),
    ] {
        fs::write(&file, &text).unwrap();
        let left = run(folder.path(), &["doctor", "--config", file.to_str().unwrap()], &[]);
        assert_eq!(left.code, 2, "{text}");
        left.is_silent(&text);
    }
}

#[cfg(feature = "live")]
#[test]
fn what_the_environment_holds() {
    let folder = TempDir::new().unwrap();
    let url = |scheme: &str, place: &str| format!("{scheme}://user:{MARK}@{place}");
    let keys = [("TIDBCLOUD_PUBLIC_KEY", "k"), ("TIDBCLOUD_PRIVATE_KEY", PASSWORD)];
    let aws = [
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", PASSWORD),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let nobody = url("http", "127.0.0.1:1");
    for (name, value) in [
        ("TIDBCLOUD_DEDICATED_ENDPOINT", url("ftp", "x")),
        ("TIDBCLOUD_DEDICATED_ENDPOINT", url("https", "x y")),
        ("TIDBCLOUD_SERVERLESS_ENDPOINT", nobody.clone()),
        ("AWS_ENDPOINT_URL", nobody.clone()),
        ("AWS_ENDPOINT_URL", url("nonsense", "x y")),
        ("HTTPS_PROXY", nobody.clone()),
    ] {
        let here = [(name, value.as_str()), ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")];
        let environment = [&keys[..], &aws, &here].concat();
        let arguments = ["doctor", "--task", "x", "--timeout", "2"];
        run(folder.path(), &arguments, &environment).is_silent(name);
    }
    // A file and a variable that can't be read as a password.
    let file = folder.path().join("password");
    for content in [format!("\n{PASSWORD}").into_bytes(), [PASSWORD.as_bytes(), b"\xff"].concat()] {
        fs::write(&file, content).unwrap();
        let file = file.to_str().unwrap();
        let arguments = ["doctor", "--task", "x", "--target-password-file", file];
        let left = run(folder.path(), &arguments, &aws);
        assert_eq!(left.code, 2, "{}", left.errors());
        left.is_silent("password file");
    }
}

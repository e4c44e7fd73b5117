//! Evidence that isn't AWS's: what is made of `SHOW GRANTS`, handshakes, certificates, TiDB Cloud's
//! answers and a task's parts, by the program as a user runs it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidb_dms_checks::grants::pasted;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
const TIDB: &str = "tidb.k7q2wz1dxmpa.clusters.tidb-cloud.com";
const SOURCE: &str = "orders.c8xqk2m0vj1z.us-east-1.rds.amazonaws.com";

/// What AWS says of a healthy migration, as files; changes lie over it.
fn aws(change: impl Fn(&mut Value)) -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(DATA).join("patients/dedicated-nat-instance.json"));
    let mut facts: Value = serde_json::from_str(&text.unwrap()).unwrap();
    change(&mut facts["inventory"]);
    let lists = facts["inventory"].as_object().unwrap().iter();
    lists
        .filter(|(key, value)| value.is_array() && *key != "VpcAttributes")
        .map(|(key, value)| (format!("{key}.json"), json!({ key.as_str(): value }).to_string()))
        .collect()
}

/// What a run made of a folder: the facts, the rows and the notes.
struct Seen {
    facts: Value,
    rows: Vec<Value>,
    notes: Vec<String>,
}

impl Seen {
    fn probe(&self, role: &str) -> Option<&Value> {
        self.facts["probes"].as_array()?.iter().find(|probe| probe["role"] == role)
    }

    #[track_caller]
    fn notes(&self, words: &str) {
        assert!(self.notes.iter().any(|note| note.contains(words)), "{words}: {:?}", self.notes);
    }
}

#[track_caller]
fn see(aws: Vec<(String, String)>, files: &[(&str, &str)], arguments: &[&str]) -> Seen {
    let folder = TempDir::new().unwrap();
    let evidence = folder.path().join("from-customer");
    fs::create_dir(&evidence).unwrap();
    let own = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    for (name, text) in aws.into_iter().chain(own) {
        fs::write(evidence.join(name), text).unwrap();
    }
    let facts = folder.path().join("facts.json");
    let output = Command::new(env!("CARGO_BIN_EXE_tidb-dms"))
        .args(["doctor", "--report", "json", "--at", "2026-11-24T10:00:00Z", "--evidence"])
        .arg(&evidence)
        .arg("--save-facts")
        .arg(&facts)
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = report.get("reports").map_or(&report, |reports| &reports[0]);
    let notes = report["notes"].as_array().cloned().unwrap_or_default();
    let prefix = format!("{}/", evidence.display());
    Seen {
        facts: serde_json::from_str(&fs::read_to_string(facts).unwrap()).unwrap(),
        rows: report["rows"].as_array().cloned().unwrap_or_default(),
        notes: notes.iter().map(|note| note.as_str().unwrap().replace(&prefix, "")).collect(),
    }
}

const OF_TIDB: &str =
    "GRANT USAGE ON *.* TO 'dms'@'%'\nGRANT ALL PRIVILEGES ON `orders`.* TO 'dms'@'%'\n";
const OF_MYSQL: &str = "GRANT USAGE ON *.* TO `dms`@`%`\nGRANT SELECT ON `orders`.* TO `dms`@`%`\n";

#[test]
fn grants_go_to_the_end_that_alone_can_have_them() {
    let other_user = |inventory: &mut Value| {
        inventory["Endpoints"][1]["Username"] = json!("dms_target");
    };
    let target = OF_TIDB.replace("'dms'", "'dms_target'");
    let banner = format!(
        "Server version: 8.0.11-TiDB-v8.5.4 TiDB Server\nGrants for dms_target@%\n{target}"
    );
    for (name, text, version) in [
        ("grants.txt", target.as_str(), json!(null)),
        ("paste.log", banner.as_str(), json!("8.0.11-TiDB-v8.5.4")),
    ] {
        let seen = see(aws(other_user), &[(name, text)], &[]);
        let probe = seen.probe("target").unwrap();
        assert_eq!(probe["host"], TIDB);
        assert_eq!(probe["user"], "dms_target");
        assert_eq!(probe["vantage"], "elsewhere");
        let session = &probe["session"];
        assert_eq!(session["grants"]["seen"]["known"].as_array().unwrap().len(), 2);
        assert_eq!(session["current_user"]["seen"]["known"], "dms_target@%");
        assert_eq!(session["version"]["seen"]["known"], version);
        assert!(seen.probe("source").is_none());
        assert!(probe.get("login").is_none(), "nobody logged in");
    }
}

#[test]
fn grants_that_may_be_of_either_end_are_of_neither() {
    // Both endpoints log in as `dms`; TiDB never prints accounts in backquotes.
    let seen = see(aws(|_| {}), &[("grants.txt", OF_MYSQL)], &[]);
    assert_eq!(seen.probe("source").unwrap()["host"], SOURCE);
    assert!(seen.probe("target").is_none());

    let seen = see(aws(|_| {}), &[("grants.txt", OF_TIDB)], &[]);
    assert_eq!(seen.facts["probes"], json!([]));
    seen.notes("grants.txt: not used, these are grants of `dms@%`, and whether it is the source's or the target's");

    let seen = see(aws(|_| {}), &[("grants-target.txt", OF_TIDB)], &[]);
    assert_eq!(seen.probe("target").unwrap()["user"], "dms");
    let seen = see(aws(|_| {}), &[("target.txt", OF_MYSQL)], &[]);
    seen.notes("its name says target, and it can't be the target's");
    let seen = see(aws(|_| {}), &[("grants.txt", &OF_TIDB.replace("dms", "root"))], &[]);
    seen.notes("it fits neither end");

    // Whose user isn't known may log in as somebody else.
    let secret = |inventory: &mut Value| {
        inventory["Endpoints"][0]["EngineName"] = json!("oracle");
        inventory["Endpoints"][1].as_object_mut().unwrap().remove("Username");
    };
    let seen = see(aws(secret), &[("grants.txt", OF_TIDB)], &[]);
    assert_eq!(seen.facts["probes"], json!([]));
    seen.notes("put `target` into the file's name");
}

/// What real servers printed, pasted without its title.
#[test]
fn answers_of_real_servers_are_found_whole() {
    let mut read = 0;
    for file in ["tidb-8.5.4", "tidb-7.5.7", "mysql-9.7.4", "mariadb-10.11.19"] {
        let text = fs::read_to_string(format!("{DATA}/data/grants/{file}.json")).unwrap();
        let server: Value = serde_json::from_str(&text).unwrap();
        for account in server["accounts"].as_array().unwrap() {
            let printed: Vec<&str> = match account["show_grants"].as_array() {
                Some(lines) if !lines.is_empty() => {
                    lines.iter().map(|line| line.as_str().unwrap()).collect()
                }
                _ => continue,
            };
            let found = pasted(&printed.join("\n"));
            assert_eq!(found.len(), 1, "{file} {}", account["name"]);
            assert_eq!(found[0].lines, printed, "{file}");
            let name = found[0].account.as_ref().map(ToString::to_string);
            assert_eq!(json!(name), account["current_user"][0], "{file} {printed:?}");
            assert_eq!(found[0].is_backquoted, server["kind"] != "tidb", "{file}");
            read += 1;
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn hashes_and_scripts_stay_out() {
    let text = "GRANT USAGE ON *.* TO `dms`@`%` IDENTIFIED BY PASSWORD '*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4'\n";
    let seen = see(aws(|_| {}), &[("source.txt", text)], &[]);
    assert!(!seen.facts.to_string().contains("6C8989"));
    assert!(seen.facts.to_string().contains("IDENTIFIED BY PASSWORD '…'"));
    let seen = see(aws(|_| {}), &[("target.sql", "GRANT ALL ON *.* TO 'dms'@'%';\n")], &[]);
    assert_eq!(seen.facts["probes"], json!([]));
    seen.notes("target.sql: skipped, it has GRANT statements, but not as a server's answer");
}

/// A chain for a name, printed as `s_client` prints it, and its CA.
fn handshake(host: &str, command: Option<&str>, shown: bool) -> (String, String) {
    let authority = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = parameters.self_signed(&authority).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let listing = if shown {
        format!("{}---\nServer certificate\n", leaf.pem())
    } else {
        format!(" 1 s:CN = ca\n   i:CN = ca\n---\nServer certificate\n{}", leaf.pem())
    };
    let text = format!(
        "{}CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = x\n   i:CN = ca\n{listing}---\n\
         New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256\nSSL-Session:\n    Protocol  : TLSv1.2\n",
        command
            .map(|to| format!("$ openssl s_client -starttls mysql -connect {to}\n"))
            .unwrap_or_default()
    );
    (text, root.pem())
}

#[test]
fn a_handshake_is_of_the_server_that_it_names() {
    let with_port = format!("{TIDB}:4000");
    for (host, command, name, fits) in [
        (TIDB, None, "tls.txt", true),
        ("*.k7q2wz1dxmpa.clusters.tidb-cloud.com", None, "tls.txt", true),
        ("elsewhere.example", None, "tls.txt", false),
        ("elsewhere.example", None, "target-tls.txt", true),
        ("elsewhere.example", Some(with_port.as_str()), "tls.txt", true),
        (TIDB, Some("elsewhere.example:4000"), "tls.txt", false),
    ] {
        let (text, _) = handshake(host, command, true);
        let seen = see(aws(|_| {}), &[(name, &text)], &[]);
        let Some(probe) = seen.probe("target") else {
            assert!(!fits, "{host} {command:?} {name}: {:?}", seen.notes);
            seen.notes("not used");
            continue;
        };
        assert!(fits, "{host} {command:?} {name}");
        let session = &probe["tls"]["seen"]["known"]["session"];
        assert_eq!(session["protocol"], "TLSv1.2");
        assert_eq!(session["cipher"], "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(session["chain"].as_array().unwrap().len(), 1);
        assert_eq!(probe["tls12"], probe["tls"]);
    }
}

/// The words of the real program, which ours are like.
#[test]
fn openssl_itself_is_understood() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![TIDB.to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    fs::write(path("key"), key.serialize_pem()).unwrap();
    fs::write(path("certificate"), certificate.pem()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let server = Command::new("openssl")
        .args(["s_server", "-quiet", "-accept", &port, "-key", &path("key")])
        .args(["-cert", &path("certificate")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut server) = server else {
        eprintln!("skipped: openssl_itself_is_understood: openssl is missing");
        return;
    };
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    for (version, protocol) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let output = Command::new("openssl")
            .args(["s_client", version, "-showcerts", "-connect", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        let seen = see(aws(|_| {}), &[("tls.txt", &text)], &[]);
        let probe = seen.probe("target").unwrap();
        let session = &probe["tls"]["seen"]["known"]["session"];
        assert_eq!(session["protocol"], protocol);
        assert!(session["cipher"].as_str().unwrap().starts_with("TLS_"), "{session}");
        assert_eq!(session["chain"].as_array().unwrap().len(), 1);
        assert_eq!(probe.get("tls12").is_some(), protocol == "TLSv1.2");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// F-16, second half, from what a customer mails: a session in a suite of CBC mode.
#[test]
fn a_session_in_cbc_mode_is_judged_by_the_version() {
    // A name may lead elsewhere to another server; a public address doesn't.
    const PLACE: &str = "44.201.7.9";
    let public = |inventory: &mut Value| inventory["Endpoints"][0]["ServerName"] = json!(PLACE);
    let (text, _) = handshake(PLACE, Some(&format!("{PLACE}:3306")), true);
    let gcm = "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256";
    // OpenSSL names the version that a suite came with, which for the oldest isn't the session's.
    for (new, iana) in [
        ("New, TLSv1.2, Cipher is ECDHE-RSA-AES256-SHA384", "ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
        ("New, TLSv1.0, Cipher is ECDHE-RSA-AES256-SHA", "ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        ("New, SSLv3, Cipher is AES128-SHA", "RSA_WITH_AES_128_CBC_SHA"),
        (gcm, "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    ] {
        for (version, cbc) in [("8.4.7", "fail"), ("8.0.39", "pass"), ("", "unknown")] {
            let mut grants = format!("Grants for dms@%\n{OF_MYSQL}");
            if !version.is_empty() {
                grants = format!("Server version: {version} Source distribution\n{grants}");
            }
            let text = text.replace(gcm, new);
            let files = [("tls.txt", &*text), ("source.txt", &*grants)];
            let seen = see(aws(public), &files, &[]);
            let probes = seen.facts["probes"].as_array().unwrap();
            let probe = probes.iter().find(|probe| probe.get("tls12").is_some()).unwrap();
            let session = &probe["tls12"]["seen"]["known"]["session"];
            assert_eq!(session["cipher"], format!("TLS_{iana}"));
            assert_eq!(session["protocol"], "TLSv1.2");
            let is_it =
                |row: &&Value| row["check"] == "tls/protocol" && row["subject"]["kind"] == "source";
            let row = seen.rows.iter().find(is_it).unwrap();
            let outcome = if new == gcm { "pass" } else { cbc };
            assert_eq!(row["outcome"], outcome, "{version} {new}: {row}");
        }
    }
}

#[test]
fn a_chain_that_is_not_shown_whole_is_not_an_incomplete_one() {
    let (text, _) = handshake(TIDB, None, false);
    let seen = see(aws(|_| {}), &[("tls.txt", &text)], &[]);
    let gap = &seen.probe("target").unwrap()["tls"]["seen"]["unknown"];
    assert!(gap["reason"].as_str().unwrap().contains("-showcerts"), "{gap}");
}

#[test]
fn a_ca_that_was_sent_along_stands_in_only_where_dms_names_none() {
    let (_, root) = handshake(TIDB, None, true);
    let seen = see(aws(|_| {}), &[("target-ca.pem", &root)], &[]);
    assert_eq!(seen.facts["asked"].get("ca"), None);
    seen.notes("names a certificate, and that is the one to judge");

    let without = |inventory: &mut Value| {
        let target = inventory["Endpoints"][1].as_object_mut().unwrap();
        target.remove("CertificateArn");
    };
    let seen = see(aws(without), &[("target-ca.pem", &root)], &[]);
    assert_eq!(seen.facts["asked"]["ca"], json!(root));
    let alone = |inventory: &mut Value| {
        without(inventory);
        inventory["Endpoints"][0]["EngineName"] = json!("oracle");
    };
    let seen = see(aws(alone), &[("ca.pem", &root)], &[]);
    assert_eq!(seen.facts["asked"]["ca"], json!(root));
    // The source speaks MySQL too, and has a CA of its own.
    let seen = see(aws(without), &[("ca.pem", &root)], &[]);
    assert_eq!(seen.facts["asked"].get("ca"), None);
    seen.notes("put `source` or `target`");
    let neither = |inventory: &mut Value| {
        without(inventory);
        inventory["Endpoints"][0].as_object_mut().unwrap().remove("CertificateArn");
    };
    let seen = see(aws(neither), &[("source-ca.pem", &root)], &[]);
    assert_eq!(seen.facts["asked"].get("ca"), None);
    assert_eq!(seen.facts["asked"]["other_ca"], json!(root));
    let seen = see(aws(without), &[("target-1.pem", &root), ("target-2.pem", &root)], &[]);
    assert_eq!(seen.facts["asked"].get("ca"), None);
    let leaf = fs::read_to_string(Path::new(DATA).join("data/chains/short-leaf.pem")).unwrap();
    let seen = see(aws(without), &[("target.pem", &leaf)], &[]);
    assert_eq!(seen.facts["asked"].get("ca"), None);
    seen.notes("isn't one CA's own certificate");
}

fn dedicated() -> Value {
    json!({"clusterId": "379661", "displayName": "orders", "regionId": "aws-us-east-1",
        "cloudProvider": "aws", "port": 4000, "state": "PAUSED", "rootPassword": "r00t-of-the-answer",
        "tidbNodeSetting": {"tidbNodeGroups": [{"tidbNodeGroupId": "191", "state": "ACTIVE",
            "endpoints": [{"host": TIDB, "port": 4000, "connectionType": "PUBLIC"}]}]}})
}

#[test]
fn answers_of_tidb_cloud_describe_the_cluster() {
    let list = json!({"clusters": [dedicated()], "nextPageToken": ""}).to_string();
    let setting = json!({"name": "tidbNodeGroups/191/publicEndpointSetting", "enabled": true,
        "ipAccessList": [{"cidrNotation": "52.1.2.3/32"}]})
    .to_string();
    let other = json!({"tidbNodeGroupId": "7", "enabled": false, "ipAccessList": []}).to_string();
    let connections = json!({"privateEndpointConnections": [{"tidbNodeGroupId": "191",
        "endpointId": "vpce-1", "endpointState": "ACTIVE"}]})
    .to_string();
    let peerings = json!({"vpcPeerings": [{"tidbCloudRegionId": "aws-us-east-1",
        "customerVpcId": "vpc-1", "state": "ACTIVE", "tidbCloudVpcCidr": "10.250.0.0/20"}],
        "nextPageToken": "more"})
    .to_string();
    let single = dedicated().to_string();
    for cluster in [&list, &single] {
        let seen = see(
            aws(|_| {}),
            &[
                ("a", cluster),
                ("b", &setting),
                ("c", &other),
                ("d", &connections),
                ("e", &peerings),
            ],
            &[],
        );
        let cluster = &seen.facts["clusters"][0];
        assert_eq!(cluster["host"], TIDB);
        assert_eq!(cluster["state"]["known"], "PAUSED");
        assert_eq!(cluster["tier"]["known"], "dedicated");
        assert_eq!(cluster["access_list"]["known"], json!(["52.1.2.3/32"]));
        assert_eq!(cluster["public_endpoint_enabled"]["known"], true);
        assert_eq!(cluster["private_endpoints"]["known"][0]["endpoint_id"], "vpce-1");
        let gap = &cluster["vpc_peerings"]["unknown"]["reason"];
        assert_eq!(gap, "only part of the list was delivered");
        assert!(!seen.facts.to_string().contains("r00t"), "no password is kept");
    }

    let seen = see(aws(|_| {}), &[("b", &setting), ("c", &other)], &[]);
    let gap = &seen.facts["clusters"][0]["access_list"]["unknown"];
    assert!(gap["reason"].as_str().unwrap().contains("not of which node group"), "{gap}");
    let seen = see(aws(|_| {}), &[("b", &setting)], &[]);
    assert_eq!(seen.facts["clusters"][0]["access_list"]["known"], json!(["52.1.2.3/32"]));
    seen.notes("are taken for those of");
    let elsewhere = single.replace(TIDB, "tidb.x.clusters.tidb-cloud.com");
    let seen = see(aws(|_| {}), &[("a", &elsewhere), ("b", &setting)], &[]);
    assert_eq!(seen.facts["clusters"], json!([]));
    seen.notes("no cluster in TiDB Cloud's answers has the host");
}

/// A cluster that was paused between two answers: nothing says which of them is newer.
#[test]
fn answers_of_tidb_cloud_that_contradict_are_not_believed() {
    let mut running = dedicated();
    running["state"] = json!("ACTIVE");
    let setting = |list: &str| {
        json!({"tidbNodeGroupId": "191", "enabled": true, "ipAccessList": [{"cidrNotation": list}]})
            .to_string()
    };
    let connection = |state: &str| {
        json!({"privateEndpointConnections": [{"tidbNodeGroupId": "191", "endpointId": "vpce-1",
            "endpointState": state}]})
        .to_string()
    };
    let (paused, running) = (dedicated().to_string(), running.to_string());
    for (first, second) in [(&paused, &running), (&running, &paused)] {
        let seen = see(
            aws(|_| {}),
            &[
                ("1", first),
                ("2", second),
                ("3", &setting("52.1.2.3/32")),
                ("4", &setting("52.1.2.3/32")),
                ("5", &connection("PENDING")),
                ("6", &connection("ACTIVE")),
            ],
            &[],
        );
        let cluster = &seen.facts["clusters"][0];
        let reason = &cluster["state"]["unknown"]["reason"];
        assert!(reason.as_str().unwrap().contains("contradict"), "{cluster}");
        assert_eq!(cluster["port"]["known"], 4000);
        assert_eq!(cluster["access_list"]["known"], json!(["52.1.2.3/32"]), "the same twice");
        assert!(cluster["private_endpoints"]["unknown"].is_object(), "{cluster}");
        let row = seen.rows.iter().find(|row| row["check"] == "cluster/running").unwrap();
        assert_eq!(row["outcome"], "unknown");
    }
}

#[test]
fn a_user_name_tells_starter_clusters_apart() {
    const GATEWAY: &str = "gateway01.us-east-1.prod.aws.tidbcloud.com";
    let cluster = |prefix: &str| {
        json!({"clusterId": prefix, "userPrefix": prefix, "state": "ACTIVE", "servicePlan": "Starter",
            "endpoints": {"public": {"host": GATEWAY, "port": 4000, "disabled": prefix == "aaa",
            "authorizedNetworks": [{"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"}]}}})
    };
    let list = json!({"clusters": [cluster("aaa"), cluster("bbb")]}).to_string();
    for (user, on) in [("bbb.dms", json!(true)), ("aaa.dms", json!(false)), ("dms", json!(null))] {
        let starter = |inventory: &mut Value| {
            inventory["Endpoints"][1]["ServerName"] = json!(GATEWAY);
            inventory["Endpoints"][1]["Username"] = json!(user);
        };
        let seen = see(aws(starter), &[("clusters", &list)], &[]);
        let cluster = &seen.facts["clusters"][0];
        assert_eq!(cluster["public_endpoint_enabled"]["known"], on, "{user}");
        assert_eq!(cluster["state"]["known"], "ACTIVE");
    }
    let starter = |inventory: &mut Value| {
        inventory["Endpoints"][1]["ServerName"] = json!(GATEWAY);
        inventory["Endpoints"][1]["Username"] = json!("ccc.dms");
    };
    let seen = see(aws(starter), &[("clusters", &list)], &[]);
    assert_eq!(seen.facts["clusters"], json!([]));
    seen.notes("the user name prefix ccc");
}

#[test]
fn parts_of_a_task_fill_what_aws_did_not_say() {
    let mappings = r#"{"rules": [{"rule-type": "selection", "rule-id": "1", "rule-name": "1",
        "rule-action": "include", "object-locator": {"schema-name": "mysql", "table-name": "%"}}]}"#;
    let settings =
        r#"{"TargetMetadata": {"TargetSchema": "x"}, "Logging": {"EnableLogging": false}}"#;
    let files = [("mappings.json", mappings), ("settings.json", settings)];
    let seen = see(aws(|_| {}), &files, &[]);
    assert_eq!(seen.facts["asked"].get("table_mappings"), None);
    seen.notes("mappings.json: not used, the replication has other table mappings");
    seen.notes("settings.json: not used, the replication has other settings");

    let bare = |inventory: &mut Value| {
        let task = inventory["ReplicationTasks"][0].as_object_mut().unwrap();
        task.remove("TableMappings");
        task.remove("ReplicationTaskSettings");
    };
    let seen = see(aws(bare), &files, &[]);
    assert!(seen.facts["asked"]["table_mappings"].as_str().unwrap().contains("mysql"));
    let task = &seen.facts["inventory"]["ReplicationTasks"][0];
    assert!(task["ReplicationTaskSettings"].as_str().unwrap().contains("\"EnableLogging\":false"));
    // As `--query ReplicationTasks[0].TableMappings` prints it.
    let quoted = json!(mappings).to_string();
    let seen = see(aws(bare), &[("mappings.json", &quoted)], &[]);
    assert!(seen.facts["asked"]["table_mappings"].as_str().unwrap().contains("mysql"));
    let second = mappings.replace("mysql", "orders");
    let seen = see(aws(bare), &[("1.json", mappings), ("2.json", &second)], &[]);
    assert_eq!(seen.facts["asked"].get("table_mappings"), None);
    seen.notes("1.json, 2.json: not used, these table mappings differ");
}

#[test]
fn single_answers_of_iam_and_kms_are_read() {
    let role = json!({"Role": {"RoleName": "dms-vpc-role", "Arn": "arn:aws:iam::111122223333:role/dms-vpc-role"}});
    let policies =
        json!({"AttachedPolicies": [{"PolicyName": "AmazonDMSVPCManagementRole"}]}).to_string();
    let key = json!({"KeyMetadata": {"Arn": "arn:aws:kms:us-east-1:111122223333:key/1", "KeyState": "Disabled"}});
    let without = |inventory: &mut Value| {
        let lists = inventory.as_object_mut().unwrap();
        lists.remove("Roles");
        lists.remove("KmsKeys");
    };
    let seen = see(
        aws(without),
        &[
            ("role.json", &role.to_string()),
            ("dms-vpc-role-policies.json", &policies),
            ("key.json", &key.to_string()),
            ("policies.json", &policies),
        ],
        &[],
    );
    let inventory = &seen.facts["inventory"];
    assert_eq!(inventory["Roles"][0]["RoleName"], "dms-vpc-role");
    assert_eq!(
        inventory["Roles"][0]["AttachedPolicies"][0]["PolicyName"],
        "AmazonDMSVPCManagementRole"
    );
    assert_eq!(inventory["KmsKeys"][0]["KeyMetadata"]["KeyState"], "Disabled");
    assert!(inventory["Extents"]["Roles"]["partial"].is_object(), "others weren't asked for");
    seen.notes("policies.json: policies of a role, but not of which");
}

#[test]
fn what_nobody_can_read_is_told_and_left() {
    let coloured = "\u{1b}[31mGrants for dms@%\nGRANT USAGE ON *.* TO 'dms'@'%'";
    let seen = see(
        aws(|_| {}),
        &[
            ("notes.md", "# what we did\nGRANT ALL to everybody"),
            ("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"),
            ("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            ("coloured.txt", coloured),
        ],
        &[],
    );
    assert_eq!(seen.facts["probes"], json!([]));
    seen.notes("notes.md: skipped, no kind of evidence");
    seen.notes("broken.pem: skipped, certificate block 1");
    seen.notes("key.pem: skipped, no kind of evidence");
    // What a terminal obeys is no part of a text.
    seen.notes("coloured.txt: not used, these are grants of `dms@%`");
}

#[test]
fn a_plan_takes_what_its_flags_or_file_names_tell() {
    let plan =
        ["--subnets", "subnet-f77b9873decda90a7", "--tidb-as", "target", "--tidb-host", TIDB];
    let bare = |inventory: &mut Value| {
        for list in ["ReplicationTasks", "Endpoints", "ReplicationInstances"] {
            inventory[list] = json!([]);
        }
    };
    let seen = see(aws(bare), &[("grants.txt", OF_TIDB)], &plan);
    assert_eq!(seen.facts["probes"], json!([]), "it may be of a source that nobody named");
    let seen = see(aws(bare), &[("target-grants.txt", OF_TIDB)], &plan);
    assert_eq!(seen.probe("target").unwrap()["host"], TIDB);
    let user = [&plan[..], &["--tidb-user", "dms"]].concat();
    let seen = see(aws(bare), &[("grants.txt", OF_TIDB)], &user);
    assert_eq!(seen.probe("target").unwrap()["port"], 4000);
}

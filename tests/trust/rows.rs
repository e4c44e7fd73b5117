//! What the checks of TLS say of chains that a probe saw, beside `openssl verify` with the imported CA
//! alone: together they accept what it accepts, and each cause is told by exactly one of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidb_dms_checks::{examine, facts::Facts, judgement::Outcome, policy::Policy, report::Report};

use crate::common::*;

const CERTIFICATE: &str = "tls/dms-certificate";
const CHAIN: &str = "tls/chain-trusted";
const NAME: &str = "tls/host-name";
const DATES: &str = "tls/validity";

/// A task whose target was probed, and holds this CA.
fn facts(chain: &[&Node], host: &str, ca: &str, mode: &str) -> Facts {
    let sent: Vec<String> = chain.iter().map(|node| base64(&node.pem())).collect();
    let handshake = json!({"at": now().to_string(), "seen": {"known": {"session": {
        "protocol": "TLSv1.2", "cipher": "x", "chain": sent, "key_proved": true}}}});
    let document: Value = json!({
        "version": 1, "taken_at": now().to_string(), "asked": {"tidb_as": "source"},
        "inventory": {
            "ReplicationTasks": [{"ReplicationTaskArn": "arn:aws:dms:us-east-1:1:task:K",
                "ReplicationInstanceArn": "arn:aws:dms:us-east-1:1:rep:I",
                "SourceEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S",
                "TargetEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T"}],
            "Endpoints": [
                {"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S", "EngineName": "oracle"},
                {"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T", "EngineName": "mysql",
                 "ServerName": host, "Port": 3306, "SslMode": mode,
                 "CertificateArn": "arn:aws:dms:us-east-1:1:cert:C"}],
            "Certificates": [{"CertificateArn": "arn:aws:dms:us-east-1:1:cert:C", "CertificatePem": ca}]},
        "clusters": [],
        "probes": [{"host": host, "port": 3306, "vantage": "elsewhere",
            "dns": {"at": now().to_string(), "seen": {"known": {"answer": {"addresses": ["44.210.0.50"]}}}},
            "tls12": handshake}]});
    serde_json::from_value(document).unwrap()
}

fn base64(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn judged(facts: &Facts) -> (Report, BTreeMap<String, Outcome>) {
    let policy = Policy { only: vec!["tls".to_owned()], ..tidb_dms::default_policy() };
    let report = examine(facts, &policy).unwrap();
    let rows = report.rows.iter().filter(|row| row.subject.kind == "target");
    let rows = rows.map(|row| (row.check.clone(), row.outcome)).collect();
    (report, rows)
}

/// Judges a chain; `ill` are the checks that fail, and those that can't be told because of them.
#[track_caller]
fn case(name: &str, chain: &[&Node], host: &str, ca: &str, failing: &[&str], blocked: &[&str]) {
    let (report, rows) = judged(&facts(chain, host, ca, "verify-full"));
    let (accepted, words) = openssl(&pems(chain), host, ca, now());
    for check in [CERTIFICATE, CHAIN, NAME, DATES] {
        let expected = if failing.contains(&check) {
            Outcome::Fail
        } else if blocked.contains(&check) {
            Outcome::Blocked
        } else {
            Outcome::Pass
        };
        assert_eq!(rows[check], expected, "{name}: {check}: {:#?}", report.rows);
    }
    assert_eq!(accepted, failing.is_empty(), "{name}: openssl: {words}");
    // verify-ca asks the same but for the name, and OpenSSL without -verify_hostname as well.
    let (_, rows) = judged(&facts(chain, host, ca, "verify-ca"));
    assert_eq!(rows[NAME], Outcome::NotApplicable, "{name}");
}

#[test]
fn each_cause_is_told_by_one_check_and_openssl_agrees() {
    let (root, int, leaf) = healthy();
    let ca = root.pem();
    let other = self_signed(ca_params("Root B"));
    let chain = [&leaf, &int];
    case("healthy", &chain, HOST, &ca, &[], &[]);
    case("healthy, root sent along", &[&leaf, &int, &root], HOST, &ca, &[], &[]);
    case("another name", &chain, "other.example.com", &ca, &[NAME], &[]);
    let late = issue(&int, expired(leaf_params(&[HOST])));
    case("expired leaf", &[&late, &int], HOST, &ca, &[DATES], &[]);
    let early = issue(&int, future(leaf_params(&[HOST])));
    case("not yet valid", &[&early, &int], HOST, &ca, &[DATES], &[]);
    case("expired, another name", &[&late, &int], "x.example.com", &ca, &[DATES, NAME], &[]);
    case("wrong CA", &chain, HOST, &other.pem(), &[CERTIFICATE], &[CHAIN]);
    case(
        "wrong CA, root sent",
        &[&leaf, &int, &root],
        HOST,
        &other.pem(),
        &[CERTIFICATE],
        &[CHAIN],
    );
    case("an intermediate as CA", &chain, HOST, &int.pem(), &[CERTIFICATE], &[CHAIN]);
    case("the leaf as CA", &chain, HOST, &leaf.pem(), &[CERTIFICATE], &[CHAIN]);
    let old = self_signed(expired(ca_params("Root C")));
    let under = issue(&old, leaf_params(&[HOST]));
    case("expired CA", &[&under], HOST, &old.pem(), &[CERTIFICATE], &[CHAIN]);
}

#[test]
fn a_broken_chain_is_the_server_s_fault() {
    let root = root("Root A");
    let mut no_ca = leaf_params(&["int.example.com"]);
    no_ca.key_usages.clear();
    let middle = issue(&root, no_ca);
    let under = issue(&middle, leaf_params(&[HOST]));
    let (report, rows) = judged(&facts(&[&under, &middle], HOST, &root.pem(), "verify-full"));
    assert_eq!(rows[CHAIN], Outcome::Fail, "{:#?}", report.rows);
    assert_eq!(report.root_causes.len(), 1);
    let alone = self_signed(leaf_params(&[HOST]));
    let (report, rows) = judged(&facts(&[&alone], HOST, &root.pem(), "verify-full"));
    assert_eq!(rows[CHAIN], Outcome::Fail, "{:#?}", report.rows);
    // What the server sends says nothing of its CA.
    assert_eq!(rows[CERTIFICATE], Outcome::Unknown);
}

#[test]
fn whoever_does_not_prove_to_hold_the_key_is_not_trusted() {
    let (root, int, leaf) = healthy();
    let mut facts = facts(&[&leaf, &int], HOST, &root.pem(), "verify-full");
    let mut json = serde_json::to_value(&facts).unwrap();
    json["probes"][0]["tls12"]["seen"]["known"]["session"]["key_proved"] = false.into();
    facts = serde_json::from_value(json).unwrap();
    let (_, rows) = judged(&facts);
    assert_eq!(rows[CHAIN], Outcome::Unknown);
    assert_eq!(rows[NAME], Outcome::Pass);
}

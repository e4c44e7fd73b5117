//! `tidb-dms tls`: chains as servers send them, and CAs as people import them.

use std::fs;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{DATA, answer, run};

fn tls(input: &[u8], host: &str, ca: &str, at: &str) -> (i32, Value) {
    answer(&["tls", "-", "--host", host, "--ca", ca, "--at", at], input)
}

fn causes(answer: &Value) -> Vec<&str> {
    let causes = answer["causes"].as_array().unwrap();
    causes.iter().map(|cause| cause["code"].as_str().unwrap()).collect()
}

/// The first so many certificates of a text.
fn first(text: &str, count: usize) -> String {
    text.split_inclusive("-----END CERTIFICATE-----\n").take(count).collect()
}

#[test]
fn f_14_the_chain_of_lets_encrypt() {
    let chain = fs::read_to_string(format!("{DATA}/chains/letsencrypt.org-2026-07.pem")).unwrap();
    let x1 = format!("{DATA}/chains/isrg-root-x1.pem");
    let at = "2026-08-01T00:00:00Z";
    let host = "letsencrypt.org";
    for ca in ["isrg-root-x1", "ISRG-Root-X1", &x1] {
        let (code, answer) = tls(chain.as_bytes(), host, ca, at);
        assert_eq!((code, &answer["verdict"]), (0, &json!("trusted")), "{ca}");
        assert_eq!(answer["chain"].as_array().unwrap().len(), 4);
        let with_root = chain.clone() + &fs::read_to_string(&x1).unwrap();
        assert_eq!(tls(with_root.as_bytes(), host, ca, at).0, 0, "{ca}");
        let (code, answer) = tls(first(&chain, 3).as_bytes(), host, ca, at);
        assert_eq!((code, causes(&answer)), (1, vec!["incomplete-chain"]), "{ca}");
    }
    let (code, answer) =
        tls(chain.as_bytes(), "example.org", "isrg-root-x1", "2026-12-01T00:00:00Z");
    assert_eq!((code, causes(&answer)), (1, vec!["hostname", "expired"]));
    let arguments = ["tls", "--host", host, "--ca", "isrg-root-x1", "--at", at];
    let (_, text, _) = run(&arguments, first(&chain, 3).as_bytes());
    assert!(
        text.starts_with(
            "✗ incomplete-chain: the last certificate sent was issued by ISRG Root X2, which\n  \
             is neither sent nor ISRG Root X1\n"
        ),
        "{text}"
    );
}

struct Node {
    params: CertificateParams,
    key: KeyPair,
    certificate: Certificate,
}

fn params(name: &str, is_ca: bool) -> CertificateParams {
    let names = if is_ca { vec![] } else { vec![name.to_owned()] };
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    }
    params
}

fn root(params: CertificateParams) -> Node {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Node { params, key, certificate }
}

fn issue(by: &Node, params: CertificateParams) -> Node {
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::from_params(&by.params, &by.key);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    Node { params, key, certificate }
}

#[test]
fn f_15_a_bundle_whose_first_certificate_has_expired() {
    const HOST: &str = "db.example.com";
    let folder = TempDir::new().unwrap();
    let mut old = params("Old CA", true);
    old.not_after = rcgen::date_time_ymd(2024, 8, 22);
    let (old, right, other) = (root(old), root(params("CA", true)), root(params("Other CA", true)));
    let leaf = issue(&right, params(HOST, false));
    let bundle = |nodes: &[&Node]| {
        let file = folder.path().join(format!("{}.pem", nodes.len()));
        let text: String = nodes.iter().map(|node| node.certificate.pem()).collect();
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let at = "2026-11-24T12:00:00Z";
    let all = bundle(&[&old, &right, &other]);
    assert_eq!(tls(leaf.certificate.pem().as_bytes(), HOST, &all, at).0, 0);
    assert_eq!(tls(leaf.certificate.der(), HOST, &all, at).0, 0, "DER");
    let without = bundle(&[&old, &other]);
    let (code, answer) = tls(leaf.certificate.pem().as_bytes(), HOST, &without, at);
    assert_eq!(code, 1);
    assert!(causes(&answer).contains(&"wrong-ca"), "{answer}");
}

#[test]
fn the_text_of_s_client_is_read_whole() {
    let ca = format!("{DATA}/chains/rsa-root.pem");
    let at = "2027-01-01T00:00:00Z";
    let read = |name: &str| fs::read(format!("{DATA}/s_client/{name}.txt")).unwrap();
    for name in ["1.2", "1.3"] {
        let (code, answer) = tls(&read(name), "db.example.com", &ca, at);
        assert_eq!(code, 0, "{name}: {answer}");
    }
    let (code, answer) = tls(&read("bare"), "db.example.com", &ca, at);
    assert_eq!(code, 3);
    let unlock = answer["gaps"][0]["unlock"]["file"].as_str().unwrap();
    assert!(unlock.contains("-showcerts"), "{unlock}");
    let (code, answer) = tls(&read("refused"), "db.example.com", &ca, at);
    assert_eq!((code, causes(&answer)), (1, vec!["protocol"]));
    let file = format!("{DATA}/s_client/1.2.txt");
    let (code, ..) = run(&["tls", &file, "--host", "db.example.com", "--ca", &ca, "--at", at], b"");
    assert_eq!(code, 0);
}

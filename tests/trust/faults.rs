//! Dates, bad CAs and odd certificates, each judged beside `openssl verify` with the same CA alone.

use crate::common::*;
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

#[test]
fn dates() {
    let (root, int, _) = healthy();
    let (ca, at) = (root.pem(), now());
    let late = issue(&int, expired(leaf_params(&[HOST])));
    let early = issue(&int, future(leaf_params(&[HOST])));
    case("expired leaf", &pems(&[&late, &int]), HOST, &ca, at, "expired");
    case("leaf not yet valid", &pems(&[&early, &int]), HOST, &ca, at, "not-yet-valid");
    let old_int = issue(&root, expired(ca_params("Intermediate B")));
    let under = issue(&old_int, leaf_params(&[HOST]));
    let trust = case("expired intermediate", &pems(&[&under, &old_int]), HOST, &ca, at, "expired");
    assert!(trust.causes[0].detail.contains("certificate 2 (Intermediate B)"), "{trust:#?}");
    let new_int = issue(&root, future(ca_params("Intermediate C")));
    let under = issue(&new_int, leaf_params(&[HOST]));
    case("intermediate not yet valid", &pems(&[&under, &new_int]), HOST, &ca, at, "not-yet-valid");
    let renewed = issue_for(&root, ca_params("Intermediate B"), same_key(&old_int));
    let under = issue(&old_int, leaf_params(&[HOST]));
    case(
        "expired intermediate beside its renewal",
        &pems(&[&under, &old_int, &renewed]),
        HOST,
        &ca,
        at,
        "trusted",
    );
}

#[test]
fn dates_of_the_ca() {
    let (root, int, leaf) = healthy();
    let (ca, at) = (root.pem(), now());
    let old_root = self_signed(expired(ca_params("Root C")));
    let under = issue(&old_root, leaf_params(&[HOST]));
    case("expired CA", &under.pem(), HOST, &old_root.pem(), at, "expired bad-ca");
    case(
        "expired CA, sent along",
        &pems(&[&under, &old_root]),
        HOST,
        &old_root.pem(),
        at,
        "expired bad-ca",
    );
    let new_root = self_signed(future(ca_params("Root D")));
    let under = issue(&new_root, leaf_params(&[HOST]));
    case("CA not yet valid", &under.pem(), HOST, &new_root.pem(), at, "not-yet-valid bad-ca");
    case(
        "expired CA, wrong as well",
        &pems(&[&leaf, &int, &root]),
        HOST,
        &old_root.pem(),
        at,
        "wrong-ca expired bad-ca",
    );
    let end = "2030-01-01T00:00:00Z".parse().unwrap();
    let before = "2029-12-31T23:59:59Z".parse().unwrap();
    case("the last second but one", &pems(&[&leaf, &int]), HOST, &ca, before, "trusted");
    // OpenSSL refuses in the very second in which a certificate ends.
    case(
        "the last second",
        &pems(&[&leaf, &int]),
        HOST,
        &ca,
        end,
        "expired expired expired bad-ca",
    );
    let begin = "2026-01-01T00:00:00Z".parse().unwrap();
    case("the first second", &pems(&[&leaf, &int]), HOST, &ca, begin, "trusted");
}

#[test]
fn several_causes_at_once() {
    let (root, int, _) = healthy();
    let other = self_signed(ca_params("Root B"));
    let at = now();
    let leaf = issue(&int, expired(leaf_params(&["other.example.com"])));
    let chain = pems(&[&leaf, &int, &root]);
    case("hostname, expired", &chain, HOST, &root.pem(), at, "hostname expired");
    case(
        "hostname, expired, wrong CA",
        &chain,
        HOST,
        &other.pem(),
        at,
        "wrong-ca hostname expired",
    );
    case(
        "hostname, expired, hole",
        &leaf.pem(),
        HOST,
        &root.pem(),
        at,
        "wrong-ca hostname expired incomplete-chain",
    );
    let alone = self_signed(expired(leaf_params(&["other.example.com"])));
    case(
        "self-signed, hostname, expired",
        &alone.pem(),
        HOST,
        &root.pem(),
        at,
        "hostname expired self-signed",
    );
    let late = issue(&int, future(leaf_params(&[HOST])));
    case(
        "not yet valid, bad CA",
        &pems(&[&late, &int, &root]),
        HOST,
        &int.pem(),
        at,
        "not-yet-valid bad-ca",
    );
}

#[test]
fn self_signed_leaves() {
    let root = root("Root A");
    let at = now();
    let leaf = self_signed(leaf_params(&[HOST]));
    case("self-signed leaf", &leaf.pem(), HOST, &root.pem(), at, "self-signed");
    case(
        "self-signed leaf, something behind it",
        &pems(&[&leaf, &root]),
        HOST,
        &root.pem(),
        at,
        "self-signed",
    );
    case("self-signed leaf as its own CA", &leaf.pem(), HOST, &leaf.pem(), at, "unknown");
    let late = self_signed(expired(leaf_params(&[HOST])));
    case("self-signed expired leaf as its own CA", &late.pem(), HOST, &late.pem(), at, "expired");
    let mut both = ca_params("db");
    both.subject_alt_names = leaf_params(&[HOST]).subject_alt_names;
    let both = self_signed(both);
    case("self-signed CA as leaf", &both.pem(), HOST, &root.pem(), at, "self-signed");
    case("self-signed CA as leaf and as CA", &both.pem(), HOST, &both.pem(), at, "unknown");
    let twin = self_signed(leaf_params(&[HOST]));
    case(
        "self-signed leaf, namesake as CA",
        &leaf.pem(),
        HOST,
        &twin.pem(),
        at,
        "wrong-ca self-signed bad-ca",
    );
}

#[test]
fn bad_cas() {
    let (root, int, leaf) = healthy();
    let at = now();
    let trust = case("leaf as CA", &pems(&[&leaf, &int, &root]), HOST, &leaf.pem(), at, "bad-ca");
    assert!(trust.causes[0].detail.ends_with("it is the server's own certificate"), "{trust:#?}");
    case("leaf as CA, sent alone", &leaf.pem(), HOST, &leaf.pem(), at, "bad-ca");
    case("intermediate as CA", &pems(&[&leaf, &int]), HOST, &int.pem(), at, "bad-ca");
    case("intermediate as CA, not sent", &leaf.pem(), HOST, &int.pem(), at, "bad-ca");
    case(
        "intermediate as CA, root sent",
        &pems(&[&leaf, &int, &root]),
        HOST,
        &int.pem(),
        at,
        "bad-ca",
    );
    let foreign = issue(&self_signed(ca_params("Root B")), ca_params("Intermediate B"));
    case(
        "foreign intermediate as CA",
        &pems(&[&leaf, &int, &root]),
        HOST,
        &foreign.pem(),
        at,
        "wrong-ca bad-ca",
    );
}

#[test]
fn issuers_that_may_not_issue() {
    let (root, at) = (root("Root A"), now());
    let mut no_ca = ca_params("Root E");
    no_ca.is_ca = IsCa::ExplicitNoCa;
    no_ca.key_usages.clear();
    let no_ca = self_signed(no_ca);
    let under = issue(&no_ca, leaf_params(&[HOST]));
    case("root that isn't a CA", &under.pem(), HOST, &no_ca.pem(), at, "bad-ca");
    let mut no_sign = ca_params("Root F");
    no_sign.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let no_sign = self_signed(no_sign);
    let under = issue(&no_sign, leaf_params(&[HOST]));
    case("root whose key may not sign", &under.pem(), HOST, &no_sign.pem(), at, "bad-ca");

    let mut no_ca = leaf_params(&["int.example.com"]);
    no_ca.key_usages.clear();
    let middle = issue(&root, no_ca);
    let under = issue(&middle, leaf_params(&[HOST]));
    case("an issuer that isn't a CA", &pems(&[&under, &middle]), HOST, &root.pem(), at, "bad-ca");
    let mut short = ca_params("Root G");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = self_signed(short);
    let middle = issue(&short, ca_params("Intermediate G"));
    let under = issue(&middle, leaf_params(&[HOST]));
    case(
        "more CAs than the root allows",
        &pems(&[&under, &middle]),
        HOST,
        &short.pem(),
        at,
        "bad-ca",
    );
}

#[test]
fn odd_certificates() {
    let at = "2027-06-01T00:00:00Z".parse().unwrap();
    let rsa = data("rsa-root.pem");
    let ask = |name: &str, files: &[&str], ca: &str, expected: &str| {
        let chain: String = files.iter().map(|file| data(file)).collect();
        case(name, &chain, HOST, ca, at, expected)
    };
    ask("version 1 leaf, common name only", &["v1-leaf.pem"], &rsa, "unknown");
    ask("version 1 intermediate", &["under-v1-int.pem", "v1-int.pem"], &rsa, "bad-ca");
    ask("version 1 root", &["under-v1.pem"], &data("v1-root.pem"), "unknown");
    ask("SHA-1 leaf", &["sha1-leaf.pem"], &rsa, "unknown");
    ask("SHA-1 intermediate", &["under-sha1.pem", "sha1-int.pem"], &rsa, "unknown");
    ask("RSA root of 1024 bits", &["short-leaf.pem"], &data("short-root.pem"), "unknown");
}

#[test]
fn certificates_for_other_purposes() {
    let (root, at) = (root("Root A"), now());
    let ask = |name: &str, chain: &Node, ca: &Node, expected: &str| {
        case(name, &chain.pem(), HOST, &ca.pem(), at, expected);
    };
    let mut client = leaf_params(&[HOST]);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    ask("leaf for clients", &issue(&root, client), &root, "unknown");
    let mut signer = leaf_params(&[HOST]);
    signer.key_usages = vec![KeyUsagePurpose::ContentCommitment];
    ask("leaf whose key is not for TLS", &issue(&root, signer), &root, "unknown");
    let mut other = ca_params("Root H");
    other.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let other = self_signed(other);
    ask("root for clients", &issue(&other, leaf_params(&[HOST])), &other, "unknown");
    let mut none = leaf_params(&[HOST]);
    none.extended_key_usages.clear();
    ask("leaf without a purpose", &issue(&root, none), &root, "trusted");
}

#[test]
fn an_odd_certificate_of_a_bundle_matters_only_when_it_is_used() {
    let (root, int, leaf) = healthy();
    let bundle = data("v1-root.pem") + &root.pem();
    case("bundle: version 1, right", &pems(&[&leaf, &int]), HOST, &bundle, now(), "trusted");
}

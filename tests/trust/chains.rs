//! Paths and names, each judged beside `openssl verify` with the same CA alone.

use crate::common::*;

#[test]
fn good_chains() {
    let (root, int, leaf) = healthy();
    let other = self_signed(ca_params("Root B"));
    let (ca, at) = (root.pem(), now());
    let ok = |name: &str, chain: &str, ca: &str| {
        case(name, chain, HOST, ca, at, "trusted");
    };
    ok("good", &pems(&[&leaf, &int]), &ca);
    ok("good, root sent along", &pems(&[&leaf, &int, &root]), &ca);
    ok("good, out of order", &pems(&[&leaf, &root, &int]), &ca);
    ok("good, foreign certificates sent along", &pems(&[&leaf, &other, &int]), &ca);
    ok("good, the leaf sent twice", &pems(&[&leaf, &leaf, &int]), &ca);
    let direct = issue(&root, leaf_params(&[HOST]));
    ok("good, no intermediate", &direct.pem(), &ca);
    let bare = issue(&root, no_akid(leaf_params(&[HOST])));
    ok("good, no key identifiers", &bare.pem(), &ca);
    ok("bundle: other, right", &pems(&[&leaf, &int]), &pems(&[&other, &root]));
    let old = self_signed(expired(ca_params("Root C")));
    ok(
        "bundle: expired, right, other (F-15)",
        &pems(&[&leaf, &int]),
        &pems(&[&old, &root, &other]),
    );
    ok("bundle: intermediate and root, leaf alone sent", &leaf.pem(), &pems(&[&int, &root]));
    let (chain, ca) = (data("rsa-leaf.pem") + &data("rsa-int.pem"), data("rsa-root.pem"));
    case("RSA", &chain, HOST, &ca, "2027-06-01T00:00:00Z".parse().unwrap(), "trusted");
}

#[test]
fn the_wrong_ca() {
    let (root, int, leaf) = healthy();
    let other = self_signed(ca_params("Root B"));
    let namesake = self_signed(ca_params("Root A"));
    let at = now();
    let no =
        |name: &str, chain: &str, ca: &str, codes: &str| case(name, chain, HOST, ca, at, codes);
    no("wrong CA, root sent", &pems(&[&leaf, &int, &root]), &other.pem(), "wrong-ca");
    // Whether Root A is a root or stands under Root B can't be told.
    no("wrong CA, root not sent", &pems(&[&leaf, &int]), &other.pem(), "wrong-ca incomplete-chain");
    no("CA's name, another key", &pems(&[&leaf, &int]), &namesake.pem(), "wrong-ca");
    no(
        "CA's name, another key, root sent",
        &pems(&[&leaf, &int, &root]),
        &namesake.pem(),
        "wrong-ca",
    );
    let bare = issue(&root, no_akid(leaf_params(&[HOST])));
    no("CA's name, another key, no key identifiers", &bare.pem(), &namesake.pem(), "wrong-ca");
    no("wrong bundle", &pems(&[&leaf, &int, &root]), &pems(&[&other, &namesake]), "wrong-ca");
    no(
        "wrong bundle, first expired (F-15)",
        &pems(&[&leaf, &int, &root]),
        &pems(&[&self_signed(expired(ca_params("Root C"))), &other]),
        "wrong-ca",
    );
    let trust = no(
        "wrong CA, private chain, X1 given",
        &pems(&[&leaf, &int]),
        &data("isrg-root-x1.pem"),
        "wrong-ca incomplete-chain",
    );
    assert!(trust.causes.iter().any(|cause| cause.detail.contains("ISRG Root X1")), "{trust:#?}");
}

#[test]
fn chains_with_a_hole() {
    let (root, int, leaf) = healthy();
    let at = now();
    case("missing intermediate", &leaf.pem(), HOST, &root.pem(), at, "wrong-ca incomplete-chain");
    case(
        "missing intermediate, root sent",
        &pems(&[&leaf, &root]),
        HOST,
        &root.pem(),
        at,
        "wrong-ca incomplete-chain",
    );
    let fake = issue(&root, no_akid(ca_params("Intermediate A")));
    let bare = issue(&int, no_akid(leaf_params(&[HOST])));
    case(
        "an intermediate of the right name, wrong key",
        &pems(&[&bare, &fake]),
        HOST,
        &root.pem(),
        at,
        "incomplete-chain",
    );
    case(
        "the same with key identifiers",
        &pems(&[&leaf, &fake]),
        HOST,
        &root.pem(),
        at,
        "incomplete-chain",
    );
}

#[test]
fn host_names() {
    let root = root("Root A");
    let (ca, at) = (root.pem(), now());
    let leaf = |names: &[&str]| issue(&root, leaf_params(names)).pem();
    let ask = |name: &str, names: &[&str], host: &str, expected: &str| {
        case(name, &leaf(names), host, &ca, at, expected)
    };
    ask("another host", &["other.example.com"], HOST, "hostname");
    ask("wildcard", &["*.example.com"], HOST, "trusted");
    ask("wildcard, one label too many", &["*.example.com"], "a.db.example.com", "hostname");
    ask("wildcard, bare domain", &["*.example.com"], "example.com", "hostname");
    ask("upper case", &["DB.Example.com"], HOST, "trusted");
    ask("second name", &["x.example.com", HOST], HOST, "trusted");
    ask("address", &["10.0.0.7"], "10.0.0.7", "trusted");
    ask("IPv6 address", &["2001:db8::7"], "2001:db8::7", "trusted");
    ask("another address", &["10.0.0.7"], "10.0.0.8", "hostname");
    ask("address, names only", &[HOST], "10.0.0.7", "hostname");
    ask("partial wildcard, which only OpenSSL takes", &["d*.example.com"], HOST, "unknown");
    let trust = ask(
        "vpce name",
        &["gateway01.us-east-1.prod.aws.tidbcloud.com"],
        "vpce-1.vpce-svc-1.us-east-1.vpce.amazonaws.com",
        "hostname",
    );
    assert!(trust.causes[0].detail.contains("gateway01"), "{trust:#?}");
    let mut params = leaf_params(&[HOST]);
    params.subject_alt_names.clear();
    let cn = issue(&root, params).pem();
    case("common name only", &cn, HOST, &ca, at, "unknown");
    case("common name only, another host", &cn, "other.example.com", &ca, at, "hostname");
    let trust = judge(&leaf(&[HOST]), "not a host", &ca, at);
    assert_eq!(trust.gaps.len(), 1, "{trust:#?}");
}

#[test]
fn cross_signed_roots() {
    let (old, at) = (root("Old root"), now());
    let new = root("New root");
    let cross = issue_for(&old, ca_params("New root"), same_key(&new));
    let int = issue(&new, ca_params("Intermediate N"));
    let leaf = issue(&int, leaf_params(&[HOST]));
    let chain = pems(&[&leaf, &int, &cross]);
    case("cross-signed, old root", &chain, HOST, &old.pem(), at, "trusted");
    case("cross-signed, new root", &chain, HOST, &new.pem(), at, "trusted");
    case("cross-signed, both", &chain, HOST, &pems(&[&old, &new]), at, "trusted");
    case(
        "cross-signed, another root",
        &chain,
        HOST,
        &root("Root B").pem(),
        at,
        "wrong-ca incomplete-chain",
    );
    case("cross-signed root alone as CA (error 2)", &chain, HOST, &cross.pem(), at, "bad-ca");
    case(
        "without the cross-signature, old root",
        &pems(&[&leaf, &int]),
        HOST,
        &old.pem(),
        at,
        "wrong-ca incomplete-chain",
    );
    let late = issue_for(&old, expired(ca_params("New root")), same_key(&new));
    case(
        "expired cross-signature, new root",
        &pems(&[&leaf, &int, &late]),
        HOST,
        &new.pem(),
        at,
        "trusted",
    );
    case(
        "expired cross-signature, old root",
        &pems(&[&leaf, &int, &late]),
        HOST,
        &old.pem(),
        at,
        "expired",
    );
    // OpenSSL takes the first that fits and never turns back; webpki searches.
    let third = issue_for(&root("Root Z"), ca_params("New root"), same_key(&new));
    case(
        "two cross-signatures, the right one first",
        &pems(&[&leaf, &int, &cross, &third]),
        HOST,
        &old.pem(),
        at,
        "trusted",
    );
    case(
        "two cross-signatures, the wrong one first",
        &pems(&[&leaf, &int, &third, &cross]),
        HOST,
        &old.pem(),
        at,
        "unknown",
    );
    case(
        "new root sent self-signed, cross behind it",
        &pems(&[&leaf, &int, &new, &cross]),
        HOST,
        &old.pem(),
        at,
        "unknown",
    );
}

#[test]
fn lets_encrypt_as_recorded() {
    let text = data("letsencrypt.org-2026-07.pem");
    let (x1, x2) = (data("isrg-root-x1.pem"), data("isrg-root-x2.pem"));
    let at = "2026-08-01T00:00:00Z".parse().unwrap();
    let host = "letsencrypt.org";
    let one = |index: usize| {
        text.split_inclusive("-----END CERTIFICATE-----\n").nth(index).unwrap().to_owned()
    };
    let ask = |name: &str, chain: &str, ca: &str, expected: &str| {
        case(name, chain, host, ca, at, expected)
    };
    ask("X1, all four", &text, &x1, "trusted");
    ask("X1, three", &first(&text, 3), &x1, "incomplete-chain");
    ask("X1, two", &first(&text, 2), &x1, "incomplete-chain");
    ask("X1, leaf alone", &first(&text, 1), &x1, "incomplete-chain");
    ask("X1, all four and X1", &(text.clone() + &x1), &x1, "trusted");
    ask("X2, four", &text, &x2, "trusted");
    ask("X2, three", &first(&text, 3), &x2, "trusted");
    ask("X2, two", &first(&text, 2), &x2, "wrong-ca incomplete-chain");
    ask("intermediate as CA", &text, &one(1), "bad-ca");
    ask("cross-signed Root YE as CA", &text, &one(2), "bad-ca");
    ask("leaf as CA", &text, &one(0), "bad-ca");
    let december = "2026-12-01T00:00:00Z".parse().unwrap();
    case("X1, all four, on 2026-12-01", &text, host, &x1, december, "expired");
    case("X2, three, on 2026-12-01", &first(&text, 3), host, &x2, december, "expired");
    case("X1, all four, another host", &text, HOST, &x1, at, "hostname");
    case(
        "X1, three, another host, on 2026-12-01",
        &first(&text, 3),
        HOST,
        &x1,
        december,
        "hostname expired incomplete-chain",
    );
    let late = "2036-01-01T00:00:00Z".parse().unwrap();
    case(
        "X1, all four, in 2036",
        &text,
        host,
        &x1,
        late,
        "expired expired expired expired expired bad-ca",
    );
}

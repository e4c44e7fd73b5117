//! Certificates made on the spot, and OpenSSL as the second witness.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tidb_dms_checks::trust::{Ca, Chain, Code, Trust, Verdict, verify};

pub(crate) const HOST: &str = "db.example.com";

/// Noon of the day on which everything here is judged unless said otherwise.
pub(crate) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A CA, or a leaf: a certificate with its key.
pub(crate) struct Node {
    pub(crate) params: CertificateParams,
    pub(crate) key: KeyPair,
    pub(crate) cert: Certificate,
}

impl Node {
    pub(crate) fn pem(&self) -> String {
        self.cert.pem()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn leaf_params(names: &[&str]) -> CertificateParams {
    let mut params = params(names.first().copied().unwrap_or(HOST));
    let own =
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    params.subject_alt_names = own.unwrap().subject_alt_names;
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

pub(crate) fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_after = rcgen::date_time_ymd(2026, 10, 1);
    params
}

pub(crate) fn future(mut params: CertificateParams) -> CertificateParams {
    params.not_before = rcgen::date_time_ymd(2027, 1, 1);
    params
}

pub(crate) fn no_akid(mut params: CertificateParams) -> CertificateParams {
    params.use_authority_key_identifier_extension = false;
    params
}

pub(crate) fn self_signed(params: CertificateParams) -> Node {
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    Node { params, key, cert }
}

pub(crate) fn issue(by: &Node, params: CertificateParams) -> Node {
    issue_for(by, params, KeyPair::generate().unwrap())
}

/// With a key that exists already: a cross-signature, a renewal.
pub(crate) fn issue_for(by: &Node, params: CertificateParams, key: KeyPair) -> Node {
    let cert = params.signed_by(&key, &Issuer::from_params(&by.params, &by.key)).unwrap();
    Node { params, key, cert }
}

pub(crate) fn same_key(node: &Node) -> KeyPair {
    KeyPair::from_pem(&node.key.serialize_pem()).unwrap()
}

pub(crate) fn root(name: &str) -> Node {
    self_signed(ca_params(name))
}

/// Root, intermediate and leaf, as they should be.
pub(crate) fn healthy() -> (Node, Node, Node) {
    let root = root("Root A");
    let int = issue(&root, ca_params("Intermediate A"));
    let leaf = issue(&int, leaf_params(&[HOST]));
    (root, int, leaf)
}

pub(crate) fn pems(nodes: &[&Node]) -> String {
    nodes.iter().map(|node| node.pem()).collect()
}

pub(crate) fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/chains");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The first so many certificates of a text.
pub(crate) fn first(text: &str, count: usize) -> String {
    text.split_inclusive("-----END CERTIFICATE-----\n").take(count).collect()
}

pub(crate) fn judge(chain: &str, host: &str, ca: &str, at: Timestamp) -> Trust {
    let chain = Chain::read(chain.as_bytes()).unwrap();
    let ca = Ca::read(ca.as_bytes()).unwrap();
    verify(&chain, Some(host), &ca, at, webpki::ALL_VERIFICATION_ALGS)
}

pub(crate) fn codes(trust: &Trust) -> Vec<&'static str> {
    let mut codes: Vec<Code> = trust.causes.iter().map(|cause| cause.code).collect();
    codes.sort_unstable();
    codes.into_iter().map(Code::name).collect()
}

/// What OpenSSL says, with this CA alone: the answer of `openssl verify`, and its words.
pub(crate) fn openssl(chain: &str, host: &str, ca: &str, at: Timestamp) -> (bool, String) {
    openssl_for(&[], chain, host, ca, at)
}

/// The same, asked as a TLS client asks, which looks at the purpose of every certificate.
pub(crate) fn openssl_client(chain: &str, host: &str, ca: &str, at: Timestamp) -> (bool, String) {
    openssl_for(&["-purpose", "sslserver"], chain, host, ca, at)
}

fn openssl_for(
    options: &[&str],
    chain: &str,
    host: &str,
    ca: &str,
    at: Timestamp,
) -> (bool, String) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("trust-{}-{count}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let question =
        if host.parse::<std::net::IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
    let output = Command::new("openssl")
        .args(["verify", "-no-CApath", "-no-CAstore"])
        .args(options)
        .arg("-CAfile")
        .arg(file("ca.pem", ca))
        .arg("-untrusted")
        .arg(file("chain.pem", chain))
        .args([question, host, "-attime", &at.as_second().to_string()])
        .arg(file("leaf.pem", &first(chain, 1)))
        .output();
    std::fs::remove_dir_all(&folder).unwrap();
    let output = match output {
        // A machine without OpenSSL has one witness less; what is expected is still asserted.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let verdict = judge(chain, host, ca, at).verdict;
            return (verdict == Verdict::Trusted, "openssl is missing".to_owned());
        }
        output => output.unwrap(),
    };
    let words = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), words)
}

/// Judges, compares with what is expected, and with OpenSSL. One line of the agreement table.
#[track_caller]
pub(crate) fn case(
    name: &str,
    chain: &str,
    host: &str,
    ca: &str,
    at: Timestamp,
    expected: &str,
) -> Trust {
    let trust = judge(chain, host, ca, at);
    let (accepted, words) = openssl(chain, host, ca, at);
    let got = match trust.verdict {
        Verdict::Trusted => "trusted".to_owned(),
        Verdict::Unknown => "unknown".to_owned(),
        Verdict::Refused => codes(&trust).join(" "),
    };
    let reason: Vec<&str> = words
        .lines()
        .filter(|line| line.starts_with("error ") && !line.contains("/tmp"))
        .map(|line| &line[..line.len().min(90)])
        .collect();
    println!("| {name} | {got} | {} |", if accepted { "OK".to_owned() } else { reason.join("; ") });
    assert_eq!(got, expected, "{name}: {trust:#?}\nopenssl: {words}");
    match trust.verdict {
        Verdict::Trusted => {
            assert!(accepted, "{name}: openssl refuses: {words}");
            let (accepted, words) = openssl_client(chain, host, ca, at);
            assert!(accepted, "{name}: openssl as a client refuses: {words}");
        }
        Verdict::Refused => assert!(!accepted, "{name}: openssl accepts; {trust:#?}"),
        Verdict::Unknown => {}
    }
    trust
}

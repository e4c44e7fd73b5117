//! What users have: PEM, DER, the text of `s_client`, and what isn't any of them.

use crate::common::*;
use proptest::prelude::*;
use tidb_dms_checks::trust::{Ca, Chain, Code, ReadError, Tls12, Trust, Verdict, verify};

fn text(name: &str) -> String {
    data(&format!("../s_client/{name}.txt"))
}

fn ask(chain: &Chain, ca: &Ca) -> Trust {
    let at = "2027-06-01T00:00:00Z".parse().unwrap();
    verify(chain, Some(HOST), ca, at, webpki::ALL_VERIFICATION_ALGS)
}

fn rsa() -> Ca {
    Ca::read(data("rsa-root.pem").as_bytes()).unwrap()
}

#[test]
fn s_client_with_showcerts() {
    for (name, tls12, protocol) in
        [("1.2", Tls12::Offered, "TLSv1.2"), ("1.3", Tls12::Unseen, "TLSv1.3")]
    {
        let chain = Chain::read(text(name).as_bytes()).unwrap();
        assert_eq!(chain.certificates().len(), 3, "{name}");
        assert_eq!((chain.tls12(), chain.protocol()), (&tls12, Some(protocol)), "{name}");
        assert_eq!(ask(&chain, &rsa()).verdict, Verdict::Trusted, "{name}");
    }
}

#[test]
fn the_block_that_older_versions_repeat_is_not_a_fourth_certificate() {
    let text = text("1.2");
    let leaf = first(&data("rsa-leaf.pem"), 1);
    let repeated = text.replace("Server certificate\n", &format!("Server certificate\n{leaf}"));
    assert_eq!(Chain::read(repeated.as_bytes()).unwrap().certificates().len(), 3);
}

#[test]
fn s_client_without_showcerts_hides_the_chain() {
    let chain = Chain::read(text("bare").as_bytes()).unwrap();
    assert_eq!(chain.certificates().len(), 1);
    let trust = ask(&chain, &rsa());
    assert_eq!((trust.verdict, trust.causes.len()), (Verdict::Unknown, 0), "{trust:#?}");
    assert!(trust.gaps[0].unlock.to_string().contains("-showcerts"), "{trust:#?}");
    // What the leaf itself shows is judged all the same.
    let at = "2050-01-01T00:00:00Z".parse().unwrap();
    let ca = Ca::isrg_root_x1();
    let trust = verify(&chain, Some("other"), &ca, at, webpki::ALL_VERIFICATION_ALGS);
    assert_eq!(codes(&trust), ["hostname", "expired", "expired", "bad-ca"]);
}

#[test]
fn a_refused_tls_1_2_is_a_cause_and_an_empty_chain_a_gap() {
    let chain = Chain::read(text("refused").as_bytes()).unwrap();
    let trust = ask(&chain, &rsa());
    assert_eq!(trust.verdict, Verdict::Refused);
    assert_eq!(codes(&trust), ["protocol"]);
    let none = Chain::from_der(Vec::<Vec<u8>>::new()).unwrap();
    let trust = ask(&none, &rsa());
    assert_eq!((trust.verdict, trust.gaps.len()), (Verdict::Unknown, 1));
    let trust = ask(&none.with_tls12(Tls12::Refused("alert".to_owned())), &rsa());
    assert_eq!(codes(&trust), ["protocol"]);
    let old = text("1.2").replace("Protocol  : TLSv1.2", "Protocol  : TLSv1.1");
    let trust = ask(&Chain::read(old.as_bytes()).unwrap(), &rsa());
    assert_eq!((trust.verdict, trust.gaps.len()), (Verdict::Unknown, 1));
}

#[test]
fn two_handshakes() {
    let twice = text("1.2") + &text("1.3");
    assert_eq!(Chain::read(twice.as_bytes()).unwrap().certificates().len(), 3);
    let two = text("1.2") + &text("bare");
    assert_eq!(Chain::read(two.as_bytes()).unwrap_err(), ReadError::SeveralHandshakes(2));
}

#[test]
fn forms_of_a_chain() {
    let pem = data("rsa-leaf.pem") + &data("rsa-int.pem");
    let whole = Chain::read(pem.as_bytes()).unwrap();
    let ders: Vec<Vec<u8>> = whole.certificates().iter().map(|one| one.der().to_vec()).collect();
    let utf16: Vec<u8> =
        "\u{feff}".chars().chain(pem.chars()).flat_map(|c| (c as u16).to_le_bytes()).collect();
    let forms: [(&str, Vec<u8>); 6] = [
        ("junk around", format!("hello\n{pem}\nbye").into_bytes()),
        (
            "a key in between",
            format!("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n{pem}")
                .into_bytes(),
        ),
        ("CRLF", pem.replace('\n', "\r\n").into_bytes()),
        ("indented", pem.replace('\n', "\n    ").into_bytes()),
        ("UTF-16", utf16),
        ("DER", ders.concat()),
    ];
    for (name, bytes) in forms {
        let chain = Chain::read(&bytes).unwrap();
        assert_eq!(ask(&chain, &rsa()).verdict, Verdict::Trusted, "{name}");
    }
    assert_eq!(ask(&Chain::from_der(&ders).unwrap(), &rsa()).verdict, Verdict::Trusted);
}

#[test]
fn broken_blocks_are_named() {
    let good = data("rsa-leaf.pem");
    let cut = good.replace("-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nMIIB");
    let error = Chain::read((good.clone() + &cut).as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("certificate block 2 (line "), "{error}");
    let der = Chain::read(good.as_bytes()).unwrap().certificates()[0].der().to_vec();
    let error = Chain::from_der([&der[..], &der[..50]]).unwrap_err().to_string();
    assert!(error.starts_with("certificate 2 "), "{error}");
    assert!(Ca::read(b"nothing").is_err());
}

#[test]
fn the_built_in_root_judges_as_its_file_does() {
    let text = data("letsencrypt.org-2026-07.pem");
    let file = Ca::read(data("isrg-root-x1.pem").as_bytes()).unwrap();
    for count in 1..=4 {
        for day in ["2014-01-01", "2026-08-01", "2026-12-01", "2036-01-01"] {
            for host in ["letsencrypt.org", HOST] {
                let chain = Chain::read(first(&text, count).as_bytes()).unwrap();
                let at = format!("{day}T00:00:00Z").parse().unwrap();
                let ask = |ca| verify(&chain, Some(host), ca, at, webpki::ALL_VERIFICATION_ALGS);
                let (built_in, file) = (ask(&Ca::isrg_root_x1()), ask(&file));
                assert_eq!(built_in, file, "{count} {day} {host}");
            }
        }
    }
    assert!(file.holds_isrg_root_x1());
}

#[test]
fn verify_ca_does_not_look_at_names() {
    let chain = Chain::read((data("rsa-leaf.pem") + &data("rsa-int.pem")).as_bytes()).unwrap();
    let at = "2027-06-01T00:00:00Z".parse().unwrap();
    let trust = verify(&chain, None, &rsa(), at, webpki::ALL_VERIFICATION_ALGS);
    assert_eq!(trust.verdict, Verdict::Trusted);
}

#[test]
fn without_algorithms_nothing_is_told() {
    let chain = Chain::read((data("rsa-leaf.pem") + &data("rsa-int.pem")).as_bytes()).unwrap();
    let at = "2027-06-01T00:00:00Z".parse().unwrap();
    assert_eq!(verify(&chain, Some(HOST), &rsa(), at, &[]).verdict, Verdict::Unknown);
}

#[test]
fn the_json_is_the_one_promised() {
    let chain = Chain::read(first(&data("letsencrypt.org-2026-07.pem"), 3).as_bytes()).unwrap();
    let at = "2026-08-01T00:00:00Z".parse().unwrap();
    let trust = verify(&chain, Some(HOST), &Ca::isrg_root_x1(), at, webpki::ALL_VERIFICATION_ALGS);
    let json = serde_json::to_value(&trust).unwrap();
    let mut keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["causes", "chain", "gaps", "verdict", "version"]);
    assert_eq!(json["version"], 1);
    assert_eq!(json["verdict"], "refused");
    let incomplete =
        json["causes"].as_array().unwrap().iter().find(|cause| cause["code"] == "incomplete-chain");
    assert_eq!(
        incomplete.unwrap()["detail"],
        "the last certificate sent was issued by ISRG Root X2, which is neither sent nor ISRG Root X1"
    );
    assert_eq!(json["chain"][0]["subject"], "CN=letsencrypt.org");
    assert_eq!(serde_json::from_value::<Trust>(json).unwrap(), trust);
    for code in [
        Code::WrongCa,
        Code::Hostname,
        Code::Expired,
        Code::NotYetValid,
        Code::SelfSigned,
        Code::IncompleteChain,
        Code::BadCa,
        Code::Protocol,
    ] {
        assert_eq!(serde_json::to_value(code).unwrap(), code.name());
    }
}

/// Judges whatever can be read; only panics matter.
fn swallow(bytes: &[u8]) {
    if let (Ok(chain), Ok(ca)) = (Chain::read(bytes), Ca::read(bytes)) {
        let trust = ask(&chain, &ca);
        assert!(trust.verdict != Verdict::Trusted || trust.causes.is_empty());
        let _ = (ask(&chain, &rsa()), ask(&chain, &Ca::isrg_root_x1()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        swallow(&bytes);
        let mut der = vec![0x30, 0x82];
        der.extend(bytes);
        swallow(&der);
    }

    #[test]
    fn text_never_panics(text in "(?s)(-----BEGIN CERTIFICATE-----|-----END CERTIFICATE-----|Certificate chain|Server certificate|Protocol: TLSv1|[A-Za-z0-9+/=: \n\u{e9}]{0,9}|\n){0,20}") {
        swallow(text.as_bytes());
    }

    /// Certificates with a few bytes changed, as leaf, as issuer and as CA.
    #[test]
    fn mutants_never_panic_and_are_never_trusted(
        which in 0_usize..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let pem = data("rsa-leaf.pem") + &data("rsa-int.pem") + &data("rsa-root.pem");
        let mut ders: Vec<Vec<u8>> =
            Chain::read(pem.as_bytes()).unwrap().certificates().iter().map(|one| one.der().to_vec()).collect();
        let before = ders[which].clone();
        for (index, byte) in changes {
            let length = ders[which].len();
            ders[which][index.index(length)] = byte;
        }
        prop_assume!(before != ders[which]);
        swallow(&ders.concat());
        if let (Ok(chain), true) = (Chain::from_der(&ders[..2]), which < 2) {
            prop_assert_ne!(ask(&chain, &rsa()).verdict, Verdict::Trusted);
        }
    }
}

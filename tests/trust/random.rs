//! Random worlds of certificates, each judged beside `openssl verify`: names that several keys
//! bear, keys that several names bear, cross-signatures, dates, and whatever is sent in any order.

use crate::common::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
use tidb_dms_checks::trust::Verdict;

/// A small generator, so that a world is known by its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    fn hits(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

struct World {
    chain: String,
    ca: String,
    host: &'static str,
}

fn twisted(dice: &mut Dice, mut params: CertificateParams) -> CertificateParams {
    match dice.roll(14) {
        0 => params = expired(params),
        1 => params = future(params),
        _ => {}
    }
    if dice.hits(35) {
        params = no_akid(params);
    }
    params
}

fn ca(dice: &mut Dice, name: &str) -> CertificateParams {
    let mut params = ca_params(name);
    match dice.roll(16) {
        0 => params.is_ca = IsCa::ExplicitNoCa,
        1 => params.is_ca = IsCa::NoCa,
        2 => {
            params.is_ca =
                IsCa::Ca(BasicConstraints::Constrained(u8::try_from(dice.roll(2)).unwrap()));
        }
        3 => params.key_usages = vec![KeyUsagePurpose::DigitalSignature],
        4 | 5 => params.key_usages.clear(),
        _ => {}
    }
    twisted(dice, params)
}

fn world(number: u64, keys: &[KeyPair]) -> World {
    let dice = &mut Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..4 {
        dice.roll(2);
    }
    let names = ["Root A", "Root B", "Middle", "Cross"];
    let pick_key = |dice: &mut Dice, name: usize| {
        // Mostly a name has its own key.
        let which = if dice.hits(80) { name } else { dice.roll(keys.len()) };
        KeyPair::from_pem(&keys[which].serialize_pem()).unwrap()
    };
    let mut nodes: Vec<Node> = Vec::new();
    for _ in 0..3 + dice.roll(4) {
        let name = dice.roll(names.len());
        let (params, key) = (ca(dice, names[name]), pick_key(dice, name));
        if nodes.is_empty() || dice.hits(35) {
            let cert = params.self_signed(&key).unwrap();
            nodes.push(Node { params, key, cert });
        } else {
            let by = dice.roll(nodes.len());
            nodes.push(issue_for(&nodes[by], params, key));
        }
    }
    let host = if dice.hits(90) { HOST } else { "other.example.com" };
    let params = leaf_params(&[if dice.hits(70) { HOST } else { "*.example.com" }]);
    let params = twisted(dice, params);
    let leaf = if dice.hits(4) {
        self_signed(params)
    } else {
        let by = nodes.len() - 1 - dice.roll(nodes.len().min(2));
        issue(&nodes[by], params)
    };
    let mut chain = leaf.pem();
    for _ in 0..dice.roll(6) {
        chain += &nodes[dice.roll(nodes.len())].pem();
    }
    let mut ca = if dice.hits(4) { leaf.pem() } else { nodes[dice.roll(nodes.len())].pem() };
    while dice.hits(25) {
        ca += &nodes[dice.roll(nodes.len())].pem();
    }
    World { chain, ca, host }
}

#[test]
fn openssl_agrees_on_every_world() {
    // `WORLDS=60000 cargo test` asks for more.
    let count = option_env!("WORLDS").map_or(200, |count| count.parse().unwrap());
    let keys: Vec<KeyPair> = (0..4).map(|_| KeyPair::generate().unwrap()).collect();
    let (mut trusted, mut refused, mut unknown, mut unknown_ok) = (0, 0, 0, 0);
    let mut false_verdicts = Vec::new();
    for number in 0..count {
        let world = world(number, &keys);
        let trust = judge(&world.chain, world.host, &world.ca, now());
        let (accepted, words) = openssl(&world.chain, world.host, &world.ca, now());
        match trust.verdict {
            Verdict::Trusted => trusted += 1,
            Verdict::Refused => refused += 1,
            Verdict::Unknown => {
                unknown += 1;
                unknown_ok += u32::from(accepted);
            }
        }
        let wrong = match trust.verdict {
            Verdict::Trusted => {
                !accepted || !openssl_client(&world.chain, world.host, &world.ca, now()).0
            }
            Verdict::Refused => accepted,
            Verdict::Unknown => false,
        };
        if wrong {
            false_verdicts.push(number);
            let ca = tidb_dms_checks::trust::Ca::read(world.ca.as_bytes()).unwrap();
            let names: Vec<String> = ca
                .certificates()
                .iter()
                .map(|one| {
                    format!(
                        "{} <- {} {}",
                        one.link().subject,
                        one.link().issuer,
                        one.link().not_after
                    )
                })
                .collect();
            println!("world {number}: {trust:#?}\nCA file: {names:#?}\nopenssl: {words}");
        }
    }
    println!(
        "trusted {trusted}, refused {refused}, unknown {unknown} (openssl accepts {unknown_ok})"
    );
    assert!(
        false_verdicts.is_empty(),
        "{} false verdicts: {false_verdicts:?}",
        false_verdicts.len()
    );
    // The worlds must ask something, and the engine must answer.
    assert!(trusted * 20 > count && unknown * 10 < count, "{trusted} {refused} {unknown}");
}

#[test]
fn openssl_agrees_on_every_name() {
    let root = root("Root A");
    let patterns = [
        "db.example.com",
        "DB.EXAMPLE.COM",
        "*.example.com",
        "*.com",
        "*",
        "d*.example.com",
        "*b.example.com",
        "d*b.example.com",
        "d-*.example.com",
        "db.*.com",
        "*.*.com",
        "xn--*.example.com",
        "*.example.com.",
        "-db.example.com",
        "db_1.example.com",
        "*.db.example.com",
        "10.0.0.7",
        ".example.com",
    ];
    let hosts = [
        "db.example.com",
        "Db.Example.Com",
        "d-b.example.com",
        "db_1.example.com",
        "xn--d1a.example.com",
        "example.com",
        "a.db.example.com",
        "db.example.com.",
        "10.0.0.7",
        "10.0.0.8",
        "localhost",
        "example.org",
    ];
    for in_san in [true, false] {
        for pattern in patterns {
            let mut params = leaf_params(&[pattern]);
            if !in_san {
                params.subject_alt_names.clear();
            }
            let (chain, ca) = (issue(&root, params).pem(), root.pem());
            for host in hosts {
                let trust = judge(&chain, host, &ca, now());
                let (accepted, words) = openssl(&chain, host, &ca, now());
                let agrees = match trust.verdict {
                    Verdict::Trusted => accepted,
                    Verdict::Refused => !accepted,
                    Verdict::Unknown => true,
                };
                assert!(agrees, "{pattern} {in_san} {host}: {trust:#?}\nopenssl: {words}");
            }
        }
    }
}

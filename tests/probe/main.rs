//! `tidb-dms probe` as a user runs it, against servers on loopback: real ones and ill-behaved ones.
#![cfg(feature = "live")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod aws;
mod certificates;
mod doctor;
mod live;
mod mariadb;
mod server;
mod suites;

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use certificates::{Authority, self_signed};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use server::{Server, greeting, hang, packet, read_packet, read_tls_request};
use tempfile::TempDir;

/// A password that nobody would write by accident. It has characters that DMS forbids.
const PASSWORD: &str = "Pl4nted;pass{word";

const ALL: &[&rustls::SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// What a run left behind.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
    /// The one probe in the facts.
    probe: Value,
    took: Duration,
    folder: TempDir,
}

impl Run {
    fn facts_file(&self) -> PathBuf {
        self.folder.path().join("facts.json")
    }
}

/// Probes a place with the planted password in the environment, which then must be nowhere.
fn probe(place: &str, arguments: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("facts.json");
    let begin = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_tidb-dms"))
        .arg("probe")
        .arg(place)
        .arg("--save-facts")
        .arg(&file)
        .args(arguments)
        .env("TIDB_DMS_PASSWORD", PASSWORD)
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let took = begin.elapsed();
    let text = fs::read_to_string(&file).unwrap_or_default();
    let facts: Value = serde_json::from_str(&text).unwrap_or_default();
    let run = Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        probe: facts["probes"][0].clone(),
        took,
        folder,
    };
    for text in [&text, &run.stdout, &run.stderr] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    run
}

/// The same, and the facts were saved.
fn saved(place: &str, arguments: &[&str]) -> Run {
    let run = probe(place, arguments);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stderr, "");
    run
}

/// Logs in with a CA, where the program lets it come to that.
fn with_login<'a>(ca: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["--user", "dms", "--as", "target"];
    arguments.extend(["--ca", ca.to_str().unwrap()]);
    arguments.extend(more);
    arguments
}

fn ca_file(folder: &TempDir, pem: &str) -> PathBuf {
    let file = folder.path().join("ca.pem");
    fs::write(&file, pem).unwrap();
    file
}

fn known<'a>(probe: &'a Value, look: &str) -> &'a Value {
    let seen = &probe[look]["seen"];
    assert!(seen.get("known").is_some(), "{look}: {seen}");
    &seen["known"]
}

fn reason<'a>(probe: &'a Value, look: &str) -> &'a str {
    let seen = &probe[look]["seen"];
    seen["unknown"]["reason"].as_str().unwrap_or_else(|| panic!("{look}: {seen}"))
}

/// Nothing that could be a login came, on no connection.
fn no_login(server: &Server) {
    let inside = server.log.inside.lock().unwrap();
    assert!(inside.is_empty(), "{inside:?}");
    // Before TLS nothing but requests for it, 32 bytes after a header each.
    let plain = server.log.plain.lock().unwrap();
    assert!(plain.len().is_multiple_of(36), "{plain:?}");
    for request in plain.chunks(36) {
        assert_eq!(request[..4], [32, 0, 0, 1]);
        assert_eq!(request[13..], [0; 23]);
    }
}

/// The deadline was kept: 5 % and the time that a process needs to start.
fn in_time(run: &Run, seconds: f64) {
    let took = run.took.as_secs_f64();
    assert!(took <= seconds * 1.05 + 0.1, "{took} s");
}

#[test]
fn a_refused_port_is_a_fact() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &Authority::new("a").pem);
    let run = saved(&format!("localhost:{port}"), &with_login(&ca, &[]));
    assert_eq!(known(&run.probe, "tcp"), &json!([{"address": "127.0.0.1", "outcome": "refused"}]));
    assert_eq!(known(&run.probe, "dns")["answer"]["addresses"], json!(["127.0.0.1"]));
    for look in ["greeting", "tls", "tls12", "login"] {
        reason(&run.probe, look);
    }
    assert_eq!(known(&run.probe, "password_forbidden"), &json!([";", "{"]));
    assert!(run.stdout.contains("127.0.0.1 refused"), "{}", run.stdout);
}

#[test]
fn a_silent_port_ends_at_the_deadline() {
    let server = Server::start(|_stream, _| hang());
    let run = saved(&format!("127.0.0.1:{}", server.port), &["--timeout", "3"]);
    in_time(&run, 3.0);
    assert_eq!(
        known(&run.probe, "tcp"),
        &json!([{"address": "127.0.0.1", "outcome": "connected"}])
    );
    assert_eq!(known(&run.probe, "greeting"), "timed_out");
    assert!(run.probe.get("dns").is_none() && run.probe.get("login").is_none());
}

/// In a network namespace of its own, where nobody answers for anybody else.
#[test]
fn a_black_hole_and_a_missing_route_are_told_apart() {
    const WORLD: &str = "set -e
        ip link set lo up
        ip link add v0 type veth peer name v1
        ip addr add 10.9.0.1/24 dev v0
        ip link set v0 up
        ip link set v1 up
        ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0
        ip route add unreachable 10.8.0.0/24";
    let inside = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-n", "sh", "-c", script]);
        command.output().is_ok_and(|output| output.status.success())
    };
    if !inside(WORLD) {
        eprintln!(
            "skipped: a_black_hole_and_a_missing_route_are_told_apart, no network namespace here"
        );
        return;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("facts.json");
    for (address, outcome, seconds) in [
        ("10.9.0.2", "timed_out", 1.0),
        ("10.8.0.2", "unreachable", 0.0),
        ("10.7.0.2", "unreachable", 0.0),
    ] {
        let program = env!("CARGO_BIN_EXE_tidb-dms");
        let facts = file.display();
        let script = format!("{WORLD}\n{program} probe {address} --timeout 3 --save-facts {facts}");
        assert!(inside(&script));
        let text = fs::read_to_string(&file).unwrap();
        let facts: Value = serde_json::from_str(&text).unwrap();
        let probe = &facts["probes"][0];
        assert_eq!(known(probe, "tcp"), &json!([{"address": address, "outcome": outcome}]));
        // A third of the time, because three steps were to come.
        let took = probe["tcp"]["milliseconds"].as_f64().unwrap() / 1000.0;
        assert!((seconds..seconds + 0.1).contains(&took), "{took}");
    }
}

#[test]
fn a_server_that_stalls_anywhere_ends_at_the_deadline() {
    let authority = Authority::new("right");
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &authority.pem);
    let identity = authority.identity(&["localhost"]);
    let mid_handshake = Server::start(|mut stream, log| {
        stream.write_all(&greeting(true)).unwrap();
        read_tls_request(&mut stream, log);
        hang();
    });
    let byte_by_byte = Server::start(|mut stream, _| {
        for byte in greeting(true) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(200));
        }
    });
    let at_login = Server::talking_tls(&identity, ALL, |stream, _| {
        read_packet(stream);
        hang();
    });
    let at_a_question = Server::talking_tls(&identity, ALL, |stream, _| {
        if let Some((sequence, _)) = read_packet(stream) {
            let ok = packet(sequence + 1, &[0, 0, 0, 2, 0, 0, 0]);
            stream.write_all(&ok).unwrap();
            stream.flush().unwrap();
        }
        hang();
    });
    for (server, look, seen) in [
        (&mid_handshake, "tls", json!("timed_out")),
        (&byte_by_byte, "greeting", json!("timed_out")),
        (&at_login, "login", json!("timed_out")),
        (&at_a_question, "login", json!({"accepted": {"danger_unverified": false}})),
    ] {
        let run =
            saved(&format!("localhost:{}", server.port), &with_login(&ca, &["--timeout", "2"]));
        in_time(&run, 2.0);
        assert_eq!(known(&run.probe, look), &seen, "{}", run.stdout);
    }
}

#[test]
fn a_slow_server_is_waited_for() {
    let server = Server::start(|mut stream, _| {
        for piece in greeting(false).chunks(10) {
            thread::sleep(Duration::from_millis(50));
            stream.write_all(piece).unwrap();
        }
        hang();
    });
    let run = saved(&format!("localhost:{}", server.port), &[]);
    assert_eq!(
        known(&run.probe, "greeting"),
        &json!({"greeting": {"server_version": "8.0.11-TiDB-v8.5.4", "tls": false,
            "auth_plugin": "mysql_native_password"}})
    );
    assert!(run.probe["greeting"]["milliseconds"].as_u64().unwrap() >= 300);
}

#[test]
fn a_server_without_tls_gets_no_password_even_when_danger_is_allowed() {
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &Authority::new("a").pem);
    for more in [&[][..], &["--danger-allow-unverified-login"]] {
        let words: &'static [u8] = Box::leak(greeting(false).into_boxed_slice());
        let server = Server::saying(words);
        let run = saved(&format!("localhost:{}", server.port), &with_login(&ca, more));
        assert_eq!(known(&run.probe, "tls"), "not_offered");
        assert_eq!(known(&run.probe, "tls12"), "not_offered");
        assert!(reason(&run.probe, "login").contains("without TLS"));
        assert!(server.log.plain.lock().unwrap().is_empty());
        no_login(&server);
    }
}

#[test]
fn garbage_is_told_apart_from_an_error_and_from_a_hang_up() {
    for (words, seen) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], json!({"not_mysql": "it begins with `SSH-`"})),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", json!({"not_mysql": "it begins with `HTTP`"})),
        (b"\x04\0\0\0\x1b]0;", json!({"not_mysql": "its first packet begins with 1b 5d 30 3b"})),
        (
            b"\x17\0\0\0\xff\x10\x04Too many connections",
            json!({"refused": {"code": 1040, "state": null, "message": "Too many connections"}}),
        ),
        (
            b"\x1c\0\0\0\xff\x6a\x04Host '1.2.3.4' is denied\x1b",
            json!({"refused": {"code": 1130, "state": null,
                "message": "Host '1.2.3.4' is denied\u{1b}"}}),
        ),
    ] {
        let server = Server::saying(words);
        let run = saved(&format!("localhost:{}", server.port), &[]);
        assert_eq!(known(&run.probe, "greeting"), &seen);
        reason(&run.probe, "tls");
        assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
    }
    let server = Server::start(|stream, _| drop(stream));
    let run = saved(&format!("localhost:{}", server.port), &[]);
    assert_eq!(known(&run.probe, "greeting"), "closed");
}

#[test]
fn garbage_instead_of_a_handshake_is_broken() {
    let server = Server::start(|mut stream, log| {
        stream.write_all(&greeting(true)).unwrap();
        read_tls_request(&mut stream, log);
        stream.write_all(b"this is no TLS at all").unwrap();
        hang();
    });
    let run = saved(&format!("localhost:{}", server.port), &[]);
    let how = known(&run.probe, "tls")["broken"]["how"].as_str();
    assert!(how.is_some(), "{}", run.stdout);
}

#[test]
fn only_tls_1_3_is_refused_by_its_alert() {
    let authority = Authority::new("right");
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &authority.pem);
    let server = Server::tls(&authority.identity(&["localhost"]), &[&TLS13]);
    let run = saved(&format!("localhost:{}", server.port), &["--ca", ca.to_str().unwrap()]);
    assert_eq!(known(&run.probe, "tls")["session"]["protocol"], "TLSv1.3");
    assert_eq!(known(&run.probe, "tls12"), &json!({"refused": {"alert": "protocol_version"}}));
}

#[test]
fn only_tls_1_2_is_seen_twice() {
    let server = Server::tls(&self_signed("localhost"), &[&TLS12]);
    let run = saved(&format!("localhost:{}", server.port), &[]);
    for look in ["tls", "tls12"] {
        let session = &known(&run.probe, look)["session"];
        assert_eq!(session["protocol"], "TLSv1.2");
        assert_eq!(session["key_proved"], true);
        let cipher = session["cipher"].as_str().unwrap();
        assert!(cipher.starts_with("TLS_ECDHE_ECDSA_WITH_"), "{cipher}");
    }
}

#[test]
fn nobody_logs_in_where_the_ca_does_not_vouch() {
    let right = Authority::new("right");
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &right.pem);
    for (place, identity, cause) in [
        (
            "localhost",
            Authority::new("wrong").identity(&["localhost"]),
            "its chain doesn't lead there",
        ),
        ("localhost", Authority::new("right").identity(&["localhost"]), ""),
        ("localhost", self_signed("localhost"), ""),
        ("localhost", right.identity(&["other.example"]), "another name"),
        ("127.0.0.1", right.identity(&["localhost"]), "another name"),
    ] {
        let server = Server::tls(&identity, ALL);
        let run = saved(&format!("{place}:{}", server.port), &with_login(&ca, &[]));
        no_login(&server);
        let session = &known(&run.probe, "tls")["session"];
        let chain = session["chain"].as_array().unwrap();
        assert_eq!(chain.len(), identity.chain().len());
        assert_eq!(session["key_proved"], true);
        let reason = reason(&run.probe, "login");
        assert!(reason.contains(cause) && reason.contains("no password was sent"), "{reason}");
    }
}

#[test]
fn nobody_logs_in_without_a_ca() {
    let right = Authority::new("right");
    let server = Server::tls(&right.identity(&["localhost"]), ALL);
    let run = saved(&format!("localhost:{}", server.port), &["--user", "dms", "--as", "source"]);
    no_login(&server);
    assert!(reason(&run.probe, "login").contains("no CA was given"));
    assert_eq!(run.probe["role"], "source");
}

#[test]
fn a_certificate_that_turns_bad_after_the_first_look_gets_no_password_either() {
    // The recorded handshakes see the right certificate, the login's own a wrong one.
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    let right = Authority::new("right");
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &right.pem);
    let good = Server::tls(&right.identity(&["localhost"]), ALL);
    let bad = Server::tls(&Authority::new("wrong").identity(&["localhost"]), ALL);
    let (good_port, bad_port) = (good.port, bad.port);
    let count = Arc::new(AtomicUsize::new(0));
    let front = Server::start(move |stream, _| {
        let port = match count.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => good_port,
            _ => bad_port,
        };
        let back = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut from, mut to) = (stream.try_clone().unwrap(), back.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut { back }, &mut { stream });
    });
    let run = saved(&format!("localhost:{}", front.port), &with_login(&ca, &[]));
    no_login(&bad);
    no_login(&good);
    let broken = known(&run.probe, "login")["broken"].as_str().unwrap();
    assert!(broken.contains("certificate"), "{broken}");
}

#[test]
fn a_server_that_asks_for_a_file_gets_none() {
    let right = Authority::new("right");
    let folder = TempDir::new().unwrap();
    let ca = ca_file(&folder, &right.pem);
    let secret = folder.path().join("secret");
    fs::write(&secret, "the contents of a file").unwrap();
    let mut request = vec![0xfb];
    request.extend(secret.to_str().unwrap().as_bytes());
    let server = Server::talking_tls(&right.identity(&["localhost"]), ALL, move |stream, log| {
        if let Some((sequence, _login)) = read_packet(stream) {
            let ok = packet(sequence + 1, &[0, 0, 0, 2, 0, 0, 0]);
            stream.write_all(&ok).unwrap();
        }
        while let Some((sequence, payload)) = read_packet(stream) {
            log.inside.lock().unwrap().extend(payload);
            if stream.write_all(&packet(sequence + 1, &request)).is_err() {
                return;
            }
        }
    });
    let run = saved(&format!("localhost:{}", server.port), &with_login(&ca, &[]));
    known(&run.probe, "login");
    for look in ["version", "grants", "control_schema"] {
        assert!(run.probe["session"][look]["seen"].get("unknown").is_some(), "{}", run.probe);
    }
    let told = server.log.inside.lock().unwrap();
    assert!(!String::from_utf8_lossy(&told).contains("contents"));
}

#[test]
fn what_means_nothing_is_an_error_of_use() {
    let missing = "/nonexistent/folder/facts.json";
    for (arguments, message) in [
        (&["localhost", "--user", "dms"][..], "--as"),
        (&["localhost", "--as", "target"], "--user"),
        (&["local host"], "neither a host name nor an address"),
        (&["localhost", "--seat", "vpc-1"], "subnet"),
        (&["localhost", "--timeout", "0"], "--timeout"),
        (&["localhost", "--ca", "/nonexistent"], "--ca: /nonexistent"),
        (&["localhost", "--password", "x"], "--password"),
        (&["localhost:1", "--save-facts", missing], missing),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidb-dms"));
        command.arg("probe").args(arguments).stdin(Stdio::null());
        if !arguments.contains(&"--save-facts") {
            command.args(["--save-facts", "/dev/null"]);
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {stderr}");
        assert!(stderr.contains(message), "{arguments:?} {stderr}");
        assert_eq!(output.stdout, b"");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_tidb-dms"))
        .args(["probe", "localhost:1", "--user", "dms", "--as", "target"])
        .args(["--save-facts", "/dev/null"])
        .env_remove("TIDB_DMS_PASSWORD")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("TIDB_DMS_PASSWORD"), "{stderr}");
}

#[test]
fn help_does_not_show_the_environment() {
    let output = Command::new(env!("CARGO_BIN_EXE_tidb-dms"))
        .args(["probe", "--help"])
        .env("TIDB_DMS_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains(PASSWORD));
}

//! Servers that take few suites of TLS 1.2: OpenSSL's own, behind a greeting of MySQL.

use std::{
    fs,
    io::{self, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustls::version::TLS12;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    ALL,
    certificates::Authority,
    doctor::World,
    in_time, known, no_login, saved,
    server::{Server, greeting_of, hang, read_tls_request},
};

const AURORA: &str = "8.4.7";
const CBC: &str = "ECDHE-RSA-AES256-SHA384";

/// OpenSSL's server, and the one before it that greets.
struct Few {
    process: Child,
    server: Server,
    _folder: TempDir,
}

impl Drop for Few {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Few {
    /// Starts one; `None` where there is no OpenSSL on this machine.
    fn start(version: &'static str, options: &[&str]) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"])
            .args(["-keyout", "key", "-out", "certificate"])
            .current_dir(&folder)
            .output()
            .ok()?;
        assert!(made.status.success(), "{made:?}");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &port.to_string()])
            .args(["-key", "key", "-cert", "certificate"])
            .args(options)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        let server = Server::start(move |mut stream, log| {
            if stream.write_all(&greeting_of(version, true)).is_ok()
                && read_tls_request(&mut stream, log)
            {
                pass_on(stream, TcpStream::connect(("127.0.0.1", port)).unwrap());
            }
        });
        Some(Self { process, server, _folder: folder })
    }

    fn place(&self) -> String {
        format!("localhost:{}", self.server.port)
    }

    /// What OpenSSL's client prints of the same server.
    fn s_client(&self, options: &[&str]) -> String {
        let output = Command::new("openssl")
            .args(["s_client", "-starttls", "mysql", "-connect", &self.place()])
            .args(options)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Carries bytes both ways until both ends have had enough.
fn pass_on(one: TcpStream, other: TcpStream) {
    let carry = |mut from: TcpStream, mut to: TcpStream| {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    let (back, forth) = (other.try_clone().unwrap(), one.try_clone().unwrap());
    let answers = thread::spawn(move || carry(back, forth));
    carry(one, other);
    answers.join().unwrap();
}

fn skipped(test: &str) {
    eprintln!("skipped: {test}, there is no openssl here");
}

#[test]
fn a_server_of_cbc_alone_is_seen_as_openssl_sees_it() {
    let Some(few) = Few::start(AURORA, &["-tls1_2", "-cipher", CBC]) else {
        return skipped("a_server_of_cbc_alone_is_seen_as_openssl_sees_it");
    };
    let refused = json!({"refused": {"alert": "handshake_failure"}});
    let run = saved(&few.place(), &[]);
    for look in ["tls", "tls12"] {
        assert_eq!(known(&run.probe, look), &refused);
    }
    let iana = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384";
    let chosen = json!({"chosen": {"protocol": "TLSv1.2", "cipher": iana}});
    assert_eq!(known(&run.probe, "tls12_suites"), &chosen);
    assert!(run.stdout.contains(&format!("takes {iana} in TLSv1.2")), "{}", run.stdout);
    no_login(&few.server);

    let theirs = few.s_client(&["-tls1_2"]);
    assert!(theirs.contains(&format!("Cipher is {CBC}")), "{theirs}");
    let theirs = few.s_client(&["-tls1_2", "-cipher", "AESGCM:AESCCM:CHACHA20"]);
    assert!(theirs.contains("Cipher is (NONE)"), "{theirs}");
}

#[test]
fn other_suites_and_older_versions_are_told_apart() {
    for (options, cipher) in [
        // AEAD counts first, whatever the server prefers.
        (
            &["-tls1_2", "-serverpref", "-cipher", "AES256-SHA256:AES128-GCM-SHA256"][..],
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
        ),
        (&["-tls1_2", "-cipher", "AES128-SHA"], "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ] {
        let Some(few) = Few::start(AURORA, options) else {
            return skipped("other_suites_and_older_versions_are_told_apart");
        };
        let run = saved(&few.place(), &[]);
        let chosen = json!({"chosen": {"protocol": "TLSv1.2", "cipher": cipher}});
        assert_eq!(known(&run.probe, "tls12_suites"), &chosen, "{}", run.stdout);
    }
    // Its alert is about the version, and what suites it has is no question then.
    let old = ["-tls1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"];
    let Some(few) = Few::start(AURORA, &old) else { return };
    let run = saved(&few.place(), &[]);
    assert_eq!(known(&run.probe, "tls12"), &json!({"refused": {"alert": "protocol_version"}}));
    assert_eq!(run.probe.get("tls12_suites"), None);
}

/// Nobody asks where TLS 1.2 came about, or where its version was refused.
#[test]
fn suites_are_asked_for_only_where_they_are_the_question() {
    let identity = Authority::new("right").identity(&["localhost"]);
    for versions in [ALL, &[&TLS12][..], &[&rustls::version::TLS13][..]] {
        let server = Server::tls(&identity, versions);
        let run = saved(&format!("localhost:{}", server.port), &[]);
        assert!(run.probe["tls12"]["seen"]["known"].is_object());
        assert_eq!(run.probe.get("tls12_suites"), None);
    }
}

#[test]
fn a_server_that_hangs_up_or_falls_silent_shows_no_suite() {
    let hangs_up = Server::start(|mut stream, log| {
        stream.write_all(&greeting_of(AURORA, true)).unwrap();
        read_tls_request(&mut stream, log);
    });
    let run = saved(&format!("localhost:{}", hangs_up.port), &[]);
    assert!(known(&run.probe, "tls12")["broken"].is_object());
    assert!(known(&run.probe, "tls12_suites")["broken"].is_string(), "{}", run.probe);

    // The first two connections are refused with an alert, and the third isn't answered.
    let count = std::sync::atomic::AtomicUsize::new(0);
    let silent = Server::start(move |mut stream, log| {
        stream.write_all(&greeting_of(AURORA, true)).unwrap();
        read_tls_request(&mut stream, log);
        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 2 {
            hang();
        }
        stream.write_all(&[21, 3, 3, 0, 2, 2, 40]).unwrap();
    });
    let run = saved(&format!("localhost:{}", silent.port), &["--timeout", "2"]);
    in_time(&run, 2.0);
    assert_eq!(known(&run.probe, "tls12_suites"), "timed_out");
}

/// F-16, second half: the doctor's own look from a seat, at Aurora MySQL 8.4 as the source.
#[test]
fn the_doctor_fails_what_8_4_would_not_have() {
    const SEAT: &str = "subnet-f77b9873decda90a7";
    let identity = Authority::new("right").identity(&["localhost"]);
    let target = Server::tls(&identity, ALL);
    for (version, options, outcome, says) in [
        (AURORA, &["-tls1_2", "-cipher", CBC][..], "fail", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("8.0.39", &["-tls1_2", "-cipher", CBC], "unknown", "of CBC mode"),
        (AURORA, &["-tls1_2"], "pass", "_GCM_"),
    ] {
        let Some(few) = Few::start(version, options) else {
            return skipped("the_doctor_fails_what_8_4_would_not_have");
        };
        let world = World::new(Some(few.server.port), target.port);
        let report = world.file("report.json");
        let report = report.to_str().unwrap();
        world.doctor(&["--seat", SEAT, "--quiet", "--report", &format!("json={report}")]);
        let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
        let rows = report["rows"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["check"] == "tls/protocol" && row["subject"]["kind"] == "source")
            .unwrap();
        assert_eq!(row["outcome"], outcome, "{version}: {row}");
        assert!(row.to_string().contains(says), "{version}: {row}");
    }
}

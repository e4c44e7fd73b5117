//! A real MariaDB: what a session shows, and what OpenSSL sees of the same server.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use tempfile::TempDir;

use crate::{PASSWORD, certificates::Authority, doctor::World, known, probe};

struct MariaDb {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // Its data go with the folder.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl MariaDb {
    /// Starts one; `None` where there is none on this machine.
    fn start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let authority = Authority::new("right");
        let identity = authority.identity(&["localhost"]);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &authority.pem);
        write("wrong.pem", &Authority::new("wrong").pem);
        write("server.pem", &identity.chain_pem);
        write("server.key", &identity.key_pem);
        // One statement a line.
        write(
            "init.sql",
            &format!(
                "CREATE DATABASE awsdms_control;\n\
                 CREATE DATABASE shop;\n\
                 CREATE USER 'dms'@'%' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT ALL ON shop.* TO 'dms'@'%';\n\
                 GRANT ALL ON awsdms_control.* TO 'dms'@'%';\n\
                 CREATE USER 'reader'@'%' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT SELECT ON shop.* TO 'reader'@'%';\n\
                 CREATE USER 'other'@'%' IDENTIFIED BY 'another password';\n"
            ),
        );
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let start = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/mariadb/start");
        let mut process = Command::new(start)
            .arg(folder.path())
            .arg(port.to_string())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = process.try_wait().unwrap() {
                let log = fs::read_to_string(folder.path().join("server.log"));
                assert_eq!(status.code(), Some(77), "{log:?}");
                return None;
            }
            assert!(begin.elapsed() < Duration::from_mins(2), "no MariaDB in time");
            thread::sleep(Duration::from_millis(50));
        }
        Some(Self { process, port, folder })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn probe(&self, user: &str, ca: &str, more: &[&str]) -> crate::Run {
        let ca = self.file(ca);
        let mut arguments = vec!["--user", user, "--as", "target"];
        arguments.extend(["--ca", ca.to_str().unwrap()]);
        arguments.extend(more);
        let run = probe(&format!("localhost:{}", self.port), &arguments);
        assert_eq!((run.code, &*run.stderr), (0, ""), "{}", run.stdout);
        run
    }
}

#[test]
fn a_real_mariadb_shows_itself() {
    let Some(server) = MariaDb::start() else {
        eprintln!("skipped: a_real_mariadb_shows_itself, there is no MariaDB here");
        return;
    };
    a_session_is_shown(&server);
    a_hidden_control_schema_is_not_an_absent_one(&server);
    a_wrong_password_is_refused(&server);
    the_doctor_logs_in_by_itself(&server);
    a_wrong_ca_keeps_everybody_out_unless_danger_is_allowed(&server);
    openssl_sees_the_same_chain(&server);
}

fn a_session_is_shown(server: &MariaDb) {
    let run = server.probe("dms", "ca.pem", &["--seat", "subnet-0a11"]);
    assert_eq!(known(&run.probe, "login"), &json!({"accepted": {"danger_unverified": false}}),);
    let session = &run.probe["session"];
    let version = known(session, "version").as_str().unwrap();
    assert!(version.contains("MariaDB"), "{version}");
    assert_eq!(known(session, "current_user"), "dms@%");
    assert_eq!(known(session, "current_role"), "NONE");
    assert_eq!(known(session, "control_schema"), true);
    assert_eq!(known(session, "variables")["lower_case_table_names"], "0");
    assert_eq!(known(session, "variables")["log_bin"], "ON");
    let list = |look: &str| known(session, look).as_array().unwrap().clone();
    assert!(list("schemas").contains(&json!("shop")));
    assert!(list("collations").contains(&json!("utf8mb4_bin")));
    let grants = list("grants");
    assert!(
        grants.contains(&json!("GRANT USAGE ON *.* TO `dms`@`%` IDENTIFIED BY PASSWORD '…'")),
        "{grants:?}"
    );
    assert_eq!(grants.len(), 3, "{grants:?}");
    assert_eq!(run.probe["vantage"], json!({"seat": "subnet-0a11"}));
    for words in ["let in", "as dms@%", "3 grants", "from subnet-0a11"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    the_doctor_takes_it(&run);
}

/// The facts merge into others, and the report doesn't change: nothing is judged by a probe alone.
fn the_doctor_takes_it(run: &crate::Run) {
    let program = env!("CARGO_BIN_EXE_tidb-dms");
    let demo = run.folder.path().join("demo.json");
    let status = Command::new(program)
        .args(["doctor", "--demo", "--save-facts"])
        .arg(&demo)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let output = Command::new(program)
        .args(["doctor", "--facts"])
        .arg(&demo)
        .arg("--facts")
        .arg(run.facts_file())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

fn a_hidden_control_schema_is_not_an_absent_one(server: &MariaDb) {
    let run = server.probe("reader", "ca.pem", &[]);
    let seen = &run.probe["session"]["control_schema"]["seen"];
    let reason = seen["unknown"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("error 1044"), "{reason}");
}

fn a_wrong_password_is_refused(server: &MariaDb) {
    let run = server.probe("other", "ca.pem", &[]);
    let refused = &known(&run.probe, "login")["refused"];
    assert_eq!(refused["code"], 1045);
    assert_eq!(refused["state"], "28000");
    assert!(run.probe.get("session").is_none());
}

/// The doctor's own probe of both ends: the right password, and one that is another's.
fn the_doctor_logs_in_by_itself(server: &MariaDb) {
    let ca = server.file("ca.pem");
    let ca = ca.to_str().unwrap();
    let world = World::new(Some(server.port), server.port);
    let run = world.doctor(&["--ca", ca, "--other-ca", ca, "--quiet"]);
    for role in ["source", "target"] {
        let probe = run.probe(role);
        assert_eq!(known(probe, "login"), &json!({"accepted": {"danger_unverified": false}}));
        assert_eq!(known(&probe["session"], "current_user"), "dms@%");
        // Not of RDS, so RDS's own procedure isn't called.
        assert!(probe["session"].get("rds_configuration").is_none());
    }
    world.replays(&["--ca", ca, "--other-ca", ca, "--quiet"]);

    let file = world.file("password");
    fs::write(&file, "not the password\n").unwrap();
    let file = file.to_str().unwrap();
    let run = world.doctor(&["--ca", ca, "--target-password-file", file, "--quiet"]);
    assert_eq!(known(run.probe("target"), "login")["refused"]["code"], 1045);
    // A laptop's login says little of DMS's: whatever comes of it, it is no finding that ends in 0.
    assert!(matches!(run.code, Some(1 | 3)), "{:?}", run.code);
    let reason = run.probe("source")["login"]["seen"]["unknown"]["reason"].as_str().unwrap();
    assert!(reason.contains("no password was sent"), "{reason}");
}

fn a_wrong_ca_keeps_everybody_out_unless_danger_is_allowed(server: &MariaDb) {
    let run = server.probe("dms", "wrong.pem", &[]);
    assert!(run.probe["login"]["seen"].get("unknown").is_some());
    for (ca, unverified) in [("wrong.pem", true), ("ca.pem", false)] {
        let run = server.probe("dms", ca, &["--danger-allow-unverified-login"]);
        assert_eq!(
            known(&run.probe, "login"),
            &json!({"accepted": {"danger_unverified": unverified}}),
        );
    }
}

fn openssl_sees_the_same_chain(server: &MariaDb) {
    let output = Command::new("openssl")
        .args(["s_client", "-starttls", "mysql", "-showcerts", "-connect"])
        .arg(format!("127.0.0.1:{}", server.port))
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: openssl_sees_the_same_chain, there is no openssl here");
        return;
    };
    let theirs: Vec<String> = CertificateDer::pem_slice_iter(&output.stdout)
        .map(|certificate| STANDARD.encode(certificate.unwrap()))
        .collect();
    let run = probe(&format!("localhost:{}", server.port), &[]);
    let tls = known(&run.probe, "tls");
    assert_eq!(tls["session"]["chain"], json!(theirs));
    assert_eq!(theirs.len(), 2);
    let tls12 = known(&run.probe, "tls12");
    assert_eq!(tls12["session"]["chain"], json!(theirs));
}

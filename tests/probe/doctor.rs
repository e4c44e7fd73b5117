//! The doctor that looks for itself, at servers on loopback, with and without manners.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustls::version::TLS13;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    ALL, PASSWORD,
    certificates::Authority,
    known, no_login, reason,
    server::{Server, greeting, hang},
};

const FORMATS: [&str; 3] = ["terminal", "json", "junit"];

/// A folder with facts of a migration whose two ends are on loopback, and what a run leaves there.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// A healthy migration, but that its ends are on these ports of loopback. The source is none that
    /// speaks MySQL unless it has a port.
    pub(crate) fn new(source: Option<u16>, target: u16) -> Self {
        let patient =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patients/dedicated-nat-instance.json");
        let mut facts: Value = serde_json::from_str(&fs::read_to_string(patient).unwrap()).unwrap();
        facts["asked"]["tidb_as"] = "target".into();
        facts["probes"] = json!([]);
        let endpoints = facts["inventory"]["Endpoints"].as_array_mut().unwrap();
        for endpoint in endpoints.iter_mut() {
            let (port, engine) = match endpoint["EndpointType"].as_str() {
                Some("SOURCE") => (source.unwrap_or(1521), source.map_or("oracle", |_| "mysql")),
                _ => (target, "mysql"),
            };
            endpoint["ServerName"] = "localhost".into();
            endpoint["Port"] = port.into();
            endpoint["EngineName"] = engine.into();
        }
        facts["clusters"][0]["host"] = "localhost".into();
        facts["clusters"][0]["port"] = serde_json::json!({ "known": target });
        let world = Self { folder: TempDir::new().unwrap() };
        fs::write(world.file("before.json"), facts.to_string()).unwrap();
        world
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `doctor --probe` over these facts, with the planted password in the environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .args(["doctor", "--probe", "--facts"])
            .arg(self.file("before.json"))
            .arg("--save-facts")
            .arg(self.file("after.json"))
            .args(arguments)
            .env("TIDB_DMS_TARGET_PASSWORD", PASSWORD)
            .env("TIDB_DMS_SOURCE_PASSWORD", PASSWORD);
        command
    }

    pub(crate) fn doctor(&self, arguments: &[&str]) -> Run {
        let begin = Instant::now();
        let output = self.command(arguments).output().unwrap();
        self.run(&output, begin.elapsed())
    }

    /// The same report from the saved facts, byte for byte, in every format.
    pub(crate) fn replays(&self, arguments: &[&str]) {
        let live: Vec<(PathBuf, String)> = FORMATS
            .iter()
            .map(|format| {
                let file = self.file(&format!("live.{format}"));
                let report = format!("{format}={}", file.display());
                (file, report)
            })
            .collect();
        let mut all = arguments.to_vec();
        for (_, report) in &live {
            all.extend(["--report", report]);
        }
        let run = self.doctor(&all);
        let mut command = program();
        command.args(["doctor", "--facts"]).arg(self.file("after.json"));
        let again = |format: &str| self.file(&format!("again.{format}"));
        for format in FORMATS {
            command.arg("--report").arg(format!("{format}={}", again(format).display()));
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), run.code);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), run.stdout);
        for (format, (file, _)) in FORMATS.iter().zip(&live) {
            let (live, again) = (fs::read(file).unwrap(), fs::read(again(format)).unwrap());
            assert!(!live.is_empty() && live == again, "{format} differs");
            let text = String::from_utf8(live).unwrap();
            assert!(!text.contains(PASSWORD), "{text}");
        }
    }

    pub(crate) fn run(&self, output: &Output, took: Duration) -> Run {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let saved = fs::read_to_string(self.file("after.json")).unwrap_or_default();
        let run = Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            facts: serde_json::from_str(&saved).unwrap_or_default(),
            took,
        };
        for text in [&saved, &run.stdout, &run.stderr] {
            assert!(!text.contains(PASSWORD), "{text}");
        }
        run
    }
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidb-dms"));
    command.stdin(Stdio::null()).env("RUST_LOG", "trace").env_remove("COLUMNS");
    command
}

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) facts: Value,
    took: Duration,
}

impl Run {
    /// What was seen of one end.
    pub(crate) fn probe(&self, role: &str) -> &Value {
        let probes = self.facts["probes"].as_array().unwrap_or_else(|| panic!("{}", self.stderr));
        probes.iter().find(|probe| probe["role"] == role).unwrap_or_else(|| panic!("{probes:?}"))
    }

    /// What wasn't finished, in one line.
    pub(crate) fn unfinished(&self) -> String {
        self.facts["run"]["unfinished"].to_string()
    }

    /// It ended when it should: 5 % later at most, and the time that a process needs to start.
    pub(crate) fn in_time(&self, seconds: f64) {
        let took = self.took.as_secs_f64();
        assert!(took <= seconds * 1.05 + 0.2, "{took} s instead of {seconds} s");
    }
}

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ca_file(world: &World, authority: &Authority) -> String {
    let file = world.file("ca.pem");
    fs::write(&file, &authority.pem).unwrap();
    file.to_str().unwrap().to_owned()
}

/// What is to be seen in a probe.
type Look = fn(&Value);

#[test]
fn each_way_to_be_no_good_server_is_told() {
    let authority = Authority::new("right");
    let tls13 = Server::tls(&authority.identity(&["localhost"]), &[&TLS13]);
    let plain = Server::start(|mut stream, log| {
        stream.write_all(&greeting(false)).unwrap();
        crate::server::drain(&mut stream, &log.plain);
    });
    let garbage = Server::saying(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let wrong = Server::tls(&Authority::new("wrong").identity(&["localhost"]), ALL);
    let cases: [(u16, Look); 5] = [
        (closed_port(), |probe| {
            assert_eq!(known(probe, "tcp")[0]["outcome"], "refused");
            reason(probe, "login");
        }),
        (plain.port, |probe| {
            assert_eq!(known(probe, "tls"), "not_offered");
            assert!(reason(probe, "login").contains("no password is sent"));
        }),
        (garbage.port, |probe| {
            assert!(known(probe, "greeting")["not_mysql"].is_string());
            reason(probe, "login");
        }),
        (wrong.port, |probe| {
            assert!(reason(probe, "login").contains("doesn't vouch for the server"));
        }),
        (tls13.port, |probe| {
            assert_eq!(known(probe, "tls12")["refused"]["alert"], "protocol_version");
        }),
    ];
    for (port, look) in cases {
        let world = World::new(None, port);
        let ca = ca_file(&world, &authority);
        let run = world.doctor(&["--ca", &ca, "--quiet"]);
        assert_eq!(run.stderr, "");
        look(run.probe("target"));
        assert_eq!(run.facts["probes"].as_array().unwrap().len(), 1, "Oracle is left alone");
        assert_eq!(run.facts["run"]["unfinished"], Value::Null);
        // A laptop that can't reach a server proves nothing about DMS.
        assert!(matches!(run.code, Some(0 | 1 | 3)), "{:?} {}", run.code, run.stdout);
        assert!(!run.stdout.contains("would fail") || run.code == Some(1), "{}", run.stdout);
    }
    for server in [&plain, &wrong] {
        no_login(server);
    }
}

#[test]
fn both_ends_hang_and_the_time_is_kept() {
    let silent = Server::start(|_stream, _| hang());
    let world = World::new(Some(silent.port), silent.port);
    let run = world.doctor(&["--timeout", "2"]);
    run.in_time(2.0);
    assert!(matches!(run.code, Some(1 | 3)), "{:?}", run.code);
    for role in ["source", "target"] {
        let probe = run.probe(role);
        assert_eq!(known(probe, "tcp")[0]["outcome"], "connected");
        assert_eq!(known(probe, "greeting"), "timed_out");
    }
}

#[test]
fn what_is_not_finished_when_the_time_is_up_is_named() {
    // Words that come one by one: no step hangs, and all together last.
    let slow = Server::talking_tls(&Authority::new("a").identity(&["localhost"]), ALL, |_, _| {
        hang();
    });
    let authority = Authority::new("right");
    let greets_late = Server::start(move |mut stream, _| {
        thread::sleep(Duration::from_millis(400));
        let _ = stream.write_all(&greeting(true));
        hang();
    });
    let world = World::new(Some(slow.port), greets_late.port);
    let ca = ca_file(&world, &authority);
    let run = world.doctor(&["--ca", &ca, "--timeout", "1", "--report", "json"]);
    run.in_time(1.0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["taken_at"], run.facts["taken_at"]);
    for role in ["source", "target"] {
        let probe = run.probe(role);
        for look in ["tcp", "greeting", "tls", "tls12", "login"] {
            assert!(probe[look]["seen"].is_object(), "{role} {look}: {probe}");
        }
    }
}

/// A run that is under way.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn ctrl_c_ends_at_once_with_a_report() {
    let silent = Server::start(|_stream, _| hang());
    for format in FORMATS {
        let world = World::new(Some(silent.port), silent.port);
        let child = spawn(&mut world.command(&["--report", format, "--timeout", "50"]));
        thread::sleep(Duration::from_secs(1));
        interrupt(&child);
        let begin = Instant::now();
        let output = child.wait_with_output().unwrap();
        let run = world.run(&output, begin.elapsed());
        run.in_time(0.3);
        assert_eq!(run.code, Some(130), "{}", run.stderr);
        assert!(run.stdout.contains("was interrupted"), "{format}: {}", run.stdout);
        let says = match format {
            "json" => "\"exit_code\": 130",
            "junit" => "name=\"exit-code\" value=\"130\"",
            _ => "exit code 130",
        };
        assert!(run.stdout.contains(says), "{format}: {}", run.stdout);
        let unfinished = run.unfinished();
        for end in ["the source, localhost:", "the target, localhost:", "the run was interrupted"] {
            assert!(unfinished.contains(end), "{unfinished}");
        }
        assert_eq!(known(run.probe("target"), "tcp")[0]["outcome"], "connected");
        assert!(reason(run.probe("target"), "tls").contains("interrupted"));
    }
}

#[test]
fn progress_goes_to_standard_error() {
    let world = World::new(None, closed_port());
    let run = world.doctor(&[]);
    for step in ["DNS ✓", "TCP ✓", "TLS ✓", "login ✓"] {
        assert!(run.stderr.lines().any(|line| line.starts_with(step)), "{}", run.stderr);
    }
    let quiet = world.doctor(&["--quiet"]);
    assert_eq!(quiet.stderr, "");
    // Times differ from run to run, the rest doesn't.
    let first = |run: &Run| run.stdout.lines().nth(3).map(str::to_owned);
    assert_eq!(first(&run), first(&quiet));
    assert!(!run.stdout.contains("DNS ✓"));
}

/// The saved facts say the same again.
pub(crate) fn replay(world: &World, run: &Run) -> String {
    let output =
        program().args(["doctor", "--facts"]).arg(world.file("after.json")).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), run.stdout);
    assert_eq!(output.status.code(), run.code);
    run.stdout.clone()
}

#[test]
fn a_saved_run_says_the_same_again() {
    let authority = Authority::new("right");
    let server = Server::tls(&Authority::new("wrong").identity(&["localhost"]), ALL);
    let world = World::new(Some(closed_port()), server.port);
    let ca = ca_file(&world, &authority);
    world.replays(&["--ca", &ca, "--seat", "subnet-0e266294764325f99", "--other-ca", &ca]);
    let facts = fs::read_to_string(world.file("after.json")).unwrap();
    let facts: Value = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts["asked"]["seat"], "subnet-0e266294764325f99");
    assert_eq!(facts["asked"]["ca"], authority.pem);
    assert_eq!(facts["asked"]["other_ca"], authority.pem);
}

/// Runs on a terminal of its own, where somebody types.
fn on_a_terminal(world: &World, arguments: &[&str], typed: &str, prompt: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_tidb-dms");
    let facts = world.file("before.json");
    let saved = world.file("after.json");
    let mut line = format!(
        "{program} doctor --probe --facts {} --save-facts {}",
        facts.display(),
        saved.display()
    );
    for argument in arguments {
        line.push(' ');
        line.push_str(argument);
    }
    let mut child = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_remove("TIDB_DMS_TARGET_PASSWORD")
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let mut stdout = child.stdout.take()?;
    let mut seen = Vec::new();
    let mut byte = [0];
    // Typed when asked for, as a person does.
    while stdout.read(&mut byte).ok()? == 1 {
        seen.push(byte[0]);
        if seen.ends_with(prompt.as_bytes()) {
            // The echo goes off just after the question.
            thread::sleep(Duration::from_millis(300));
            stdin.write_all(typed.as_bytes()).unwrap();
        }
    }
    child.wait().unwrap();
    Some(String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn a_person_is_asked_without_echo() {
    let authority = Authority::new("right");
    let server = Server::tls(&authority.identity(&["localhost"]), ALL);
    let world = World::new(None, server.port);
    let ca = ca_file(&world, &authority);
    let prompt = "(the target; nothing to not log in): ";
    let typed = format!("{PASSWORD}\n");
    let arguments = ["--ca", &ca, "--timeout", "3"];
    let Some(shown) = on_a_terminal(&world, &arguments, &typed, prompt) else {
        eprintln!("skipped: a_person_is_asked_without_echo, no `script` here");
        return;
    };
    assert!(shown.contains("Password of dms at localhost"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    // The server got something inside of TLS, and it is that password's user.
    let inside = server.log.inside.lock().unwrap();
    assert!(inside.windows(3).any(|window| window == b"dms"), "{inside:?}");
    let text = fs::read_to_string(world.file("after.json")).unwrap();
    assert!(!text.contains(PASSWORD));
    let facts: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(known(&facts["probes"][0], "password_forbidden"), &json!([";", "{"]));
}

#[test]
fn whoever_types_nothing_does_not_log_in() {
    let authority = Authority::new("right");
    let server = Server::tls(&authority.identity(&["localhost"]), ALL);
    let world = World::new(None, server.port);
    let ca = ca_file(&world, &authority);
    let prompt = "nothing to not log in): ";
    if on_a_terminal(&world, &["--ca", &ca], "\n", prompt).is_none() {
        eprintln!("skipped: whoever_types_nothing_does_not_log_in, no `script` here");
        return;
    }
    no_login(&server);
    let text = fs::read_to_string(world.file("after.json")).unwrap();
    let facts: Value = serde_json::from_str(&text).unwrap();
    assert!(reason(&facts["probes"][0], "login").contains("TIDB_DMS_TARGET_PASSWORD"));
}

fn refused(arguments: &[&str], message: &str) {
    let output = program().arg("doctor").args(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?} {stderr}");
    assert!(stderr.contains(message), "{arguments:?} {stderr}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn what_means_nothing_is_an_error_of_use() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let empty = empty.to_str().unwrap();
    let missing = Path::new("/nonexistent");
    let missing = missing.to_str().unwrap();
    refused(&[], "name a migration (--task");
    refused(&["--tidb-host", "localhost"], "name a migration");
    let plan = ["--probe", "--subnets", "subnet-1", "--tidb-host", "localhost"];
    let with = |more: &[&'static str]| [&plan[..], more].concat();
    refused(&with(&["--timeout", "0"]), "--timeout");
    refused(&with(&["--seat", "vpc-1"]), "--seat");
    refused(&with(&["--no-probe"]), "--no-probe");
    refused(&with(&["--ca", "/nonexistent"]), "--ca: /nonexistent");
    refused(&with(&["--other-ca", "/nonexistent"]), "--other-ca: /nonexistent");
    refused(&with(&["--password", "x"]), "--password");
    for file in [empty, missing] {
        let arguments = [&plan[..], &["--target-password-file", file]].concat();
        refused(&arguments, &format!("--target-password-file: {file}"));
    }
}

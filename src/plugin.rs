//! Users' own checks: runs a plug-in, and takes nothing from it but an answer as agreed.
//!
//! What is asked and answered is [`tidb_dms_checks::plugin`]'s. Here a program is started with an
//! environment of its own, in the folder of the configuration that names it, without a shell and
//! without a search of PATH. Whatever goes wrong is the plug-in's result, and never a pass.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tidb_dms_checks::{
    facts::Facts,
    plugin::{Plugin, Question, VERSION},
    policy::Policy,
};

use crate::{cli::PluginEntry, report::plain};

/// The most that a plug-in may print as its answer.
const LONGEST_ANSWER: u64 = 4 << 20;
/// The most that is kept of what it prints to standard error.
const LONGEST_LOG: u64 = 64 << 10;
/// How long its log may take after it has ended: a program that it left behind may hold the pipe.
const LOG_WAIT: Duration = Duration::from_millis(200);
/// How often an ending program is looked at.
const TICK: Duration = Duration::from_millis(2);

/// Runs the plug-ins that are wanted, side by side. Their standard error goes to ours.
pub fn run(entries: &[PluginEntry], facts: &Facts, policy: &Policy) -> Vec<Plugin> {
    let wanted: Vec<&PluginEntry> =
        entries.iter().filter(|entry| policy.wants_category(entry.name())).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let question =
        Question { version: VERSION, facts: Cow::Borrowed(facts), policy: Cow::Borrowed(policy) };
    // A document of ours always writes.
    let question = Arc::new(serde_json::to_vec(&question).unwrap_or_default());
    let done: Vec<(Plugin, String)> = thread::scope(|scope| {
        let runs: Vec<_> = wanted
            .iter()
            .map(|entry| {
                let question = Arc::clone(&question);
                scope.spawn(move || ask(entry, question))
            })
            .collect();
        wanted
            .iter()
            .zip(runs)
            .map(|(entry, run)| {
                run.join().unwrap_or_else(|_| {
                    (Plugin::failed(entry.name(), "the run broke off"), String::new())
                })
            })
            .collect()
    });
    let mut plugins = Vec::new();
    for (plugin, log) in done {
        for line in log.lines() {
            // Whoever closed standard error doesn't want to know.
            let _ = writeln!(io::stderr(), "{}: {}", plugin.name, plain(line));
        }
        plugins.push(plugin);
    }
    plugins
}

/// Asks one plug-in. Gives back its log too.
fn ask(entry: &PluginEntry, question: Arc<Vec<u8>>) -> (Plugin, String) {
    let mut log = String::new();
    let plugin = match answer(entry, question, &mut log) {
        Ok(answer) => Plugin::read(entry.name(), &answer),
        Err(reason) => Plugin::failed(entry.name(), reason),
    };
    (plugin, log)
}

fn answer(
    entry: &PluginEntry,
    question: Arc<Vec<u8>>,
    log: &mut String,
) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + entry.timeout.0;
    let late = || format!("it gave no answer within {:?}", entry.timeout.0);
    let mut child = Running(start(entry)?);
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take())
    else {
        return Err("it has no standard streams".into());
    };
    // A plug-in may end without reading all of it.
    thread::spawn(move || stdin.write_all(&question));
    let output = read(stdout, LONGEST_ANSWER);
    let errors = read(stderr, LONGEST_LOG);
    let output = match output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(output) => Ok(output),
        Err(RecvTimeoutError::Timeout) => Err(late()),
        Err(RecvTimeoutError::Disconnected) => Err("what it prints can't be read".to_owned()),
    };
    let ended = output.is_ok() && child.ends_by(deadline);
    // What it left behind ends with it.
    let status = child.end();
    *log = errors
        .recv_timeout(LOG_WAIT)
        .map_or_else(|_| String::new(), |(log, _)| String::from_utf8_lossy(&log).into_owned());
    let (output, is_whole) = output?;
    if !is_whole {
        return Err(format!("it printed more than {} MiB", LONGEST_ANSWER >> 20));
    }
    if !ended {
        return Err(late());
    }
    let status = status.map_err(|error| format!("how it ended can't be told: {error}"))?;
    if !status.success() {
        let last = log.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.map_or_else(String::new, |line| format!(": {}", plain(line)));
        return Err(format!("it ended with {status}{last}"));
    }
    Ok(output)
}

/// Starts a plug-in with nothing of ours but PATH, HOME and what its entry names.
fn start(entry: &PluginEntry) -> Result<Child, String> {
    let program = entry.command.0.first().map_or("", String::as_str);
    let failed = |error: &io::Error| format!("it can't be started: {program}: {error}");
    let folder = if entry.folder.as_os_str().is_empty() { Path::new(".") } else { &entry.folder };
    // A path that is whole is what keeps PATH from being searched.
    let folder = std::path::absolute(folder).map_err(|error| failed(&error))?;
    let mut command = Command::new(folder.join(program));
    command
        .args(entry.command.0.iter().skip(1))
        .current_dir(&folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["PATH", "HOME"].into_iter().chain(entry.env.iter().map(String::as_str)) {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| failed(&error))
}

/// Reads a stream to its end in a thread of its own: what was read, and whether that is all.
fn read(stream: impl Read + Send + 'static, longest: u64) -> Receiver<(Vec<u8>, bool)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut stream = stream;
        let mut bytes = Vec::new();
        let done = stream.by_ref().take(longest).read_to_end(&mut bytes);
        let rest = done.and_then(|_| stream.read(&mut [0]));
        // Nobody may be waiting any more.
        let _ = sender.send((bytes, matches!(rest, Ok(0))));
    });
    receiver
}

/// A plug-in under way. It ends when this does.
struct Running(Child);

impl Running {
    /// Waits until it has ended by itself; says whether it has.
    fn ends_by(&mut self, deadline: Instant) -> bool {
        loop {
            if self.has_ended() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(TICK);
        }
    }

    /// Whether it has ended. It is left to be waited for, so that its number isn't given to another.
    #[cfg(unix)]
    fn has_ended(&mut self) -> bool {
        use rustix::process::{WaitId, WaitIdOptions, waitid};

        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        group(&self.0).is_none_or(|group| !matches!(waitid(WaitId::Pid(group), options), Ok(None)))
    }

    #[cfg(not(unix))]
    fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Ends it and everything that it has started, and tells how it ended.
    fn end(&mut self) -> io::Result<ExitStatus> {
        #[cfg(unix)]
        if let Some(group) = group(&self.0) {
            // One that has ended already is none that can be killed.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.0.kill();
        self.0.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // There is nobody left to tell.
            let _ = self.end();
        }
    }
}

/// The process group of a plug-in, which it leads.
#[cfg(unix)]
fn group(child: &Child) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(child.id()).ok()?)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use tempfile::TempDir;

    use super::*;

    /// A result that passes.
    const PASS: &str = r#"{"version": 1, "results": [{"id": "acme/x", "requirement": "r", "severity": "error",
        "why": "w", "fix": "f", "evidence": [{"resource": "version", "field": "a", "value": "b"}]}]}"#;

    fn facts() -> Facts {
        Facts::new("2026-11-24T10:02:00Z".parse().unwrap())
    }

    /// Runs a shell script as a plug-in: its results, its log, and how long it took.
    fn script_with(
        text: &str,
        timeout: Duration,
        change: impl FnOnce(&mut PluginEntry),
    ) -> (Plugin, String, Duration) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("checks.sh");
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("pass.json"), PASS).unwrap();
        let mut entry =
            PluginEntry::new("acme", &["./checks.sh", "--strict"], timeout, folder.path().into());
        change(&mut entry);
        let question = Question {
            version: VERSION,
            facts: Cow::Owned(facts()),
            policy: Cow::Owned(Policy::default()),
        };
        let question = Arc::new(serde_json::to_vec(&question).unwrap());
        let start = Instant::now();
        // Another test's fork may hold the script open for writing for a moment.
        loop {
            let (plugin, log) = ask(&entry, Arc::clone(&question));
            let busy = matches!(&plugin.results, Err(reason) if reason.contains("file busy"));
            if !busy {
                return (plugin, log, start.elapsed());
            }
        }
    }

    fn script(text: &str) -> Result<usize, String> {
        let (plugin, _, took) = script_with(text, Duration::from_secs(20), |_| {});
        assert!(took < Duration::from_secs(10), "{text}: {took:?}");
        plugin.results.map(|results| results.len())
    }

    #[test]
    fn an_answer_is_taken() {
        assert_eq!(script("cat >/dev/null; cat pass.json"), Ok(1));
        assert_eq!(script("cat pass.json"), Ok(1), "it needn't read");
        assert_eq!(script("test \"$1\" = --strict && cat pass.json"), Ok(1));
    }

    #[test]
    fn it_gets_facts_and_policy() {
        let text = "grep -q '\"taken_at\":\"2026-11-24T10:02:00Z\"' && cat pass.json";
        assert_eq!(script(text), Ok(1));
        assert_eq!(script("grep -q '^{\"version\":1,' && cat pass.json"), Ok(1));
        assert_eq!(script("grep -q '\"fail_on\":\"error\"' && cat pass.json"), Ok(1));
    }

    #[test]
    fn its_environment_is_empty_but_for_what_is_named() {
        let text = "env | cut -d= -f1 | grep -vx 'PATH\\|HOME\\|PWD\\|SHLVL\\|_\\|OLDPWD' >&2; cat pass.json";
        let (plugin, log, _) = script_with(text, Duration::from_secs(20), |_| {});
        assert!(plugin.results.is_ok());
        assert_eq!(log, "", "variables of ours");
        // Cargo sets this one for tests.
        let named = |entry: &mut PluginEntry| entry.env = vec!["CARGO_MANIFEST_DIR".into()];
        let (_, log, _) = script_with(text, Duration::from_secs(20), named);
        assert_eq!(log, "CARGO_MANIFEST_DIR\n");
    }

    #[test]
    fn path_isnt_searched_and_no_shell_is_asked() {
        for program in ["sh", "./checks.sh; cat pass.json", "../nowhere"] {
            let (plugin, _, _) = script_with("cat pass.json", Duration::from_secs(20), |entry| {
                entry.command.0 = vec![program.into(), "-c".into(), "cat pass.json".into()];
            });
            let reason = plugin.results.unwrap_err();
            assert!(reason.starts_with("it can't be started: "), "{reason}");
        }
    }

    #[test]
    fn one_that_dies_lies_or_prints_garbage_never_passes() {
        for (text, words) in [
            ("cat pass.json; exit 3", "ended with exit status: 3"),
            (
                "cat pass.json; echo first >&2; echo no licence >&2; exit 1",
                "exit status: 1: no licence",
            ),
            ("cat pass.json; kill -9 $$", "ended with signal: 9"),
            ("exit 0", "something else than JSON"),
            ("echo hello", "something else than JSON"),
            ("cat pass.json; echo and more", "something else than JSON"),
            ("head -c 60 pass.json", "something else than JSON"),
            ("printf '\\377\\376'", "something else than JSON"),
            ("echo '{\"version\": 9, \"results\": []}'", "version 9"),
            ("sed s/acme/dms/ pass.json", "no id of the form `acme/name`"),
        ] {
            let reason = script(text).unwrap_err();
            assert!(reason.contains(words), "{text}: {reason}");
        }
    }

    #[test]
    fn one_that_floods_is_cut_off() {
        let flood =
            "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done";
        let reason = script(&format!("yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa || {flood}"));
        assert_eq!(reason.unwrap_err(), "it printed more than 4 MiB");
        // On standard error it only loses its log's end.
        let text = "head -c 1000000 /dev/zero | tr '\\0' a >&2 || true; cat pass.json";
        let (plugin, log, _) = script_with(text, Duration::from_secs(20), |_| {});
        assert_eq!(plugin.results.map(|results| results.len()), Ok(1));
        assert_eq!(log.len(), 64 << 10);
    }

    #[test]
    fn one_that_hangs_ends_with_all_that_it_started() {
        for text in [
            "sleep 600",
            "cat pass.json; sleep 600",
            "cat pass.json; exec >&- 2>&-; sleep 600",
            "sleep 600 & cat pass.json; wait",
            "sleep 600 & cat pass.json",
            "trap '' TERM INT HUP; while :; do sleep 1; done",
        ] {
            let (plugin, _, took) = script_with(text, Duration::from_millis(600), |_| {});
            assert_eq!(plugin.results.unwrap_err(), "it gave no answer within 600ms", "{text}");
            assert!(took < Duration::from_secs(3), "{text}: {took:?}");
        }
    }

    #[test]
    fn what_it_leaves_behind_is_ended_too() {
        let folder = TempDir::new().unwrap();
        let mark = folder.path().join("pid");
        let text = format!(
            "sleep 600 >/dev/null 2>&1 </dev/null & echo $! >{}; cat pass.json",
            mark.display()
        );
        assert_eq!(script(&text), Ok(1));
        let pid = fs::read_to_string(&mark).unwrap();
        let state = || fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        // Whoever adopts it takes a moment to bury it.
        let gone = (0..200).any(|_| {
            thread::sleep(Duration::from_millis(10));
            let state = state();
            state.is_empty() || state.contains(") Z ")
        });
        assert!(gone, "{}", state());
    }
}

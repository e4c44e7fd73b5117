//! `tidb-dms.toml`: the arguments of `doctor` in a file. Strict, and errors name line and column.

use std::{
    fs,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::cli::{ArgumentError, DoctorArguments, nearest};

/// Why a configuration can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It isn't TOML, or has a key or a value that means nothing.
    #[error("{}:{line}:{column}: {message}", file.display())]
    Toml {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
}

/// Reads a configuration. Paths in it are relative to its own folder.
pub fn read(file: &Path) -> Result<DoctorArguments, ConfigError> {
    let text = fs::read_to_string(file)
        .map_err(|source| ConfigError::Io { file: file.to_owned(), source })?;
    let mut arguments = parse(file, &text)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    for plugin in &mut arguments.plugin {
        folder.clone_into(&mut plugin.folder);
    }
    let paths = arguments.facts.iter_mut().chain(&mut arguments.evidence);
    for path in paths.chain(&mut arguments.table_mappings).chain(&mut arguments.save_facts) {
        *path = folder.join(&*path);
    }
    for report in &mut arguments.report {
        if let Some((format, path)) = report.split_once('=').filter(|(_, path)| !path.is_empty()) {
            *report = format!("{format}={}", folder.join(path).display());
        }
    }
    // These may name a file, or say what they mean.
    let mut texts: Vec<&mut String> = arguments.ip_access_list.iter_mut().flatten().collect();
    texts.extend(&mut arguments.ca);
    #[cfg(feature = "live")]
    texts.extend(&mut arguments.other_ca);
    for text in texts {
        if folder.join(&*text).is_file() {
            *text = folder.join(&*text).display().to_string();
        }
    }
    #[cfg(feature = "live")]
    for path in arguments.source_password_file.iter_mut().chain(&mut arguments.target_password_file)
    {
        *path = folder.join(&*path);
    }
    Ok(arguments)
}

fn parse(file: &Path, text: &str) -> Result<DoctorArguments, ConfigError> {
    let mut arguments: DoctorArguments = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        refused(file, text, start, in_words(&error.message().replace('\n', " ")))
    })?;
    let mut names: Vec<&str> = Vec::new();
    for plugin in &arguments.plugin {
        if names.contains(&plugin.name()) {
            let message = format!("there are two plug-ins `{}`", plugin.name());
            return Err(refused(file, text, plugin.name.span().start, message));
        }
        names.push(plugin.name());
    }
    for level in &arguments.levels.0 {
        arguments.known(&level.name).map_err(|error: ArgumentError| {
            refused(file, text, level.span.start, error.to_string())
        })?;
    }
    for waiver in &mut arguments.waiver {
        let (line, column) = place(text, waiver.check.span().start);
        waiver.place = Some(format!("{}:{line}:{column}", file.display()));
    }
    Ok(arguments)
}

/// What the reader of TOML says, in words for whoever wrote the file.
fn in_words(message: &str) -> String {
    if let Some((key, rest)) =
        message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'))
    {
        let known = rest.split('`').skip(1).step_by(2);
        let meant = nearest(key, known);
        let meant = meant.map_or_else(String::new, |name| format!(" did you mean `{name}`?"));
        return format!("unknown key `{key}`;{meant} `tidb-dms init` writes all that there are");
    }
    [
        ("a sequence", "a list"),
        ("sequence", "a list"),
        ("u16", "a number"),
        ("nonzero u32", "a number"),
    ]
    .iter()
    .fold(message.to_owned(), |words, (theirs, ours)| words.replace(theirs, ours))
}

fn refused(file: &Path, text: &str, start: usize, message: String) -> ConfigError {
    let (line, column) = place(text, start);
    ConfigError::Toml { file: file.to_owned(), line, column, message }
}

/// Line and column of a byte, both from 1.
fn place(text: &str, start: usize) -> (usize, usize) {
    let before = text.get(..start).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |place| place + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(Path::new("tidb-dms.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_line_and_column() {
        assert!(
            message("task = \"a\"\ntsk = \"b\"\n")
                .starts_with("tidb-dms.toml:2:1: unknown key `tsk`; did you mean `task`?")
        );
        assert_eq!(
            message("facts = \"x\"\n"),
            "tidb-dms.toml:1:9: invalid type: string \"x\", expected a list"
        );
        assert!(message("tidb-port = \"x\"\n").starts_with("tidb-dms.toml:1:13: invalid type"));
        assert!(message("path = \"tunnel\"\n").starts_with("tidb-dms.toml:1:8: unknown variant"));
        assert!(message("task = \n").starts_with("tidb-dms.toml:1:8: "));
    }

    #[test]
    fn keys_are_the_flags() {
        let arguments = parse(
            Path::new("x"),
            "task = \"orders\"\nonly = [\"network\"]\ntidb-tier = \"serverless\"\n\
             publicly-accessible = false\nat = \"2026-11-24T10:02:00Z\"\n",
        )
        .unwrap();
        assert_eq!(arguments.task.as_deref(), Some("orders"));
        assert_eq!(arguments.publicly_accessible, Some(false));
        assert!(arguments.at.is_some());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let folder = std::env::temp_dir().join(format!("tidb-dms-config-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("list.txt"), "10.0.0.1\n").unwrap();
        fs::write(
            folder.join("tidb-dms.toml"),
            "evidence = [\"seen\"]\nreport = [\"terminal\", \"junit=out.xml\", \"json=/tmp/x\"]\n\
             ca = \"isrg-root-x1\"\nip-access-list = [\"203.0.113.7\", \"list.txt\"]\n",
        )
        .unwrap();
        let read = read(&folder.join("tidb-dms.toml")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        assert_eq!(read.evidence, [folder.join("seen")]);
        assert_eq!(read.report, ["terminal", &format!("junit={}", at("out.xml")), "json=/tmp/x"]);
        assert_eq!(read.ca.as_deref(), Some("isrg-root-x1"));
        assert_eq!(read.ip_access_list, Some(vec!["203.0.113.7".to_owned(), at("list.txt")]));
        fs::remove_dir_all(&folder).unwrap();
    }

    const WAIVER: &str = "[[waiver]]\ncheck = \"dms/ssl-mode\"\nsubject = \"orders\"\nreason = \"r\"\n\
                          owner = \"o\"\nuntil = 2026-12-31T00:00:00Z\n";

    #[test]
    fn levels_waivers_and_plugins_are_read() {
        let text = format!(
            "[levels]\ndms = \"advice\"\n\"dms/ssl-mode\" = \"warning\"\n\"acme/x\" = \"error\"\n\
             {WAIVER}[[plugin]]\nname = \"acme\"\ncommand = [\"./acme-checks\", \"--strict\"]\n\
             timeout = \"1m 30s\"\nenv = [\"ACME_TOKEN\"]\n"
        );
        let arguments = parse(Path::new("tidb-dms.toml"), &text).unwrap();
        let levels: Vec<&str> =
            arguments.levels.0.iter().map(|level| level.name.as_str()).collect();
        assert_eq!(levels, ["acme/x", "dms", "dms/ssl-mode"]);
        let waiver = &arguments.waiver[0];
        assert_eq!(waiver.check(), "dms/ssl-mode");
        assert_eq!(waiver.place.as_deref(), Some("tidb-dms.toml:6:9"));
        let plugin = &arguments.plugin[0];
        assert_eq!((plugin.name(), plugin.timeout.0.as_secs()), ("acme", 90));
        let text_time = WAIVER.replace("2026-12-31T00:00:00Z", "\"2026-12-31T00:00:00Z\"");
        let as_text = parse(Path::new("x"), &text_time).unwrap();
        assert_eq!(as_text.waiver[0].until.0, waiver.until.0);
    }

    #[test]
    fn what_is_missing_or_wrong_in_them_has_a_place() {
        let without = |line: &str| {
            let lines = WAIVER.lines().filter(|known| !known.starts_with(line));
            lines.fold(String::new(), |text, line| text + line + "\n")
        };
        for field in ["check", "subject", "reason", "owner", "until"] {
            let message = message(&without(field));
            let expected = format!("tidb-dms.toml:1:1: missing field `{field}`");
            assert_eq!(message, expected);
        }
        let with = |from: &str, to: &str| message(&WAIVER.replace(from, to));
        let utc = "time in UTC, such as 2026-12-31T00:00:00Z";
        for until in
            ["2026-12-31", "2026-12-31T00:00:00", "2026-12-31T00:00:00+02:00", "\"soon\"", "7"]
        {
            let message = with("2026-12-31T00:00:00Z", until);
            assert!(message.starts_with("tidb-dms.toml:6:9: "), "{message}");
            assert!(message.ends_with(utc), "{message}");
        }
        assert_eq!(with("\"r\"", "\"\""), "tidb-dms.toml:4:10: this must not be empty");
        assert!(with("owner", "owners").starts_with("tidb-dms.toml:5:1: unknown key `owners`"));
        assert_eq!(
            message("task = \"a\"\n[levels]\n\"network/routes\" = \"error\"\n"),
            "tidb-dms.toml:3:1: unknown check `network/routes`; did you mean `network/route`?"
        );
        assert!(
            message("[levels]\ndms = \"off\"\n")
                .starts_with("tidb-dms.toml:2:7: unknown variant `off`")
        );
        let plugin = |name: &str, command: &str, timeout: &str| {
            message(&format!(
                "[[plugin]]\nname = \"{name}\"\ncommand = {command}\ntimeout = \"{timeout}\"\n"
            ))
        };
        assert!(plugin("dms", "[\"x\"]", "1s").starts_with("tidb-dms.toml:2:8: `dms` can't be"));
        assert_eq!(plugin("a", "[]", "1s"), "tidb-dms.toml:3:11: this must name a program");
        for timeout in ["0s", "-1s", "1", "2h", "soon"] {
            let message = plugin("a", "[\"x\"]", timeout);
            assert!(
                message.starts_with("tidb-dms.toml:4:11: this must be a duration"),
                "{message}"
            );
        }
        let twice = "[[plugin]]\nname = \"a\"\ncommand = [\"x\"]\n";
        assert_eq!(
            message(&format!("{twice}{twice}")),
            "tidb-dms.toml:5:8: there are two plug-ins `a`"
        );
    }
}

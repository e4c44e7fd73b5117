//! `tidb-dms init`: a first configuration, with everything that can stand in it.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use thiserror::Error;

use crate::{cli::InitArguments, report};

/// What is written, part by part: comments say what a key is for, and keys behind `#` are ready to be
/// uncommented. A program that can't look for itself doesn't know the keys for it.
const PARTS: &[&str] = &[
    include_str!("init/facts.toml"),
    #[cfg(feature = "live")]
    include_str!("init/live.toml"),
    include_str!("init/report.toml"),
];

/// Why no configuration was written.
#[derive(Debug, Error)]
pub enum InitError {
    /// There is one.
    #[error("{}: already there; --force overwrites it", .0.display())]
    Exists(PathBuf),
    /// It can't be written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes it, and says so.
pub fn run(arguments: &InitArguments) -> Result<String, InitError> {
    let file = &arguments.file;
    let template = PARTS.concat();
    let io = |source| InitError::Io { file: file.clone(), source };
    if arguments.force {
        report::write(file, &template).map_err(io)?;
    } else {
        let mut new = File::create_new(file).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => InitError::Exists(file.clone()),
            _ => io(source),
        })?;
        new.write_all(template.as_bytes()).map_err(io)?;
    }
    let file = report::plain(&file.display().to_string());
    Ok(format!("wrote {file}; use it with: tidb-dms doctor --config {file}\n"))
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;
    use crate::{cli::DoctorArguments, config};

    fn arguments(folder: &tempfile::TempDir, force: bool) -> InitArguments {
        InitArguments { file: folder.path().join("tidb-dms.toml"), force }
    }

    /// The template with every key uncommented.
    fn uncommented() -> String {
        let template = PARTS.concat();
        let lines = template.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with([' ', '#']) => rest,
            _ => line,
        });
        lines.fold(String::new(), |text, line| text + line + "\n")
    }

    #[test]
    fn what_is_written_reads_back_and_says_nothing_yet() {
        let folder = tempfile::tempdir().unwrap();
        let arguments = arguments(&folder, false);
        run(&arguments).unwrap();
        let read = config::read(&arguments.file).unwrap();
        assert!(read.policy().unwrap().waivers.is_empty());
        assert!(read.task.is_none() && read.evidence.is_empty() && read.plugin.is_empty());
    }

    #[test]
    fn every_key_that_it_offers_is_one_and_every_key_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        std::fs::write(&file, uncommented()).unwrap();
        let read = config::read(&file).unwrap_or_else(|error| panic!("{error}\n{}", uncommented()));
        assert_eq!((read.waiver.len(), read.plugin.len()), (1, 1));
        assert!(read.policy().unwrap().levels.len() >= 2);
        let table: toml::Table = uncommented().parse().unwrap();
        let schema = serde_json::to_value(schema_for!(DoctorArguments)).unwrap();
        let keys = schema["properties"].as_object().unwrap();
        assert!(keys.len() > 30, "{}", keys.len());
        for key in keys.keys() {
            assert!(table.contains_key(key), "what init writes doesn't offer `{key}`");
        }
    }

    #[test]
    fn a_file_that_is_there_stays_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let file = arguments(&folder, false).file;
        std::fs::write(&file, "mine").unwrap();
        let error = run(&arguments(&folder, false)).unwrap_err().to_string();
        assert!(error.ends_with("already there; --force overwrites it"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        run(&arguments(&folder, true)).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), PARTS.concat());
        let nowhere = InitArguments { file: folder.path().join("a/b.toml"), force: false };
        assert!(matches!(run(&nowhere), Err(InitError::Io { .. })));
    }
}

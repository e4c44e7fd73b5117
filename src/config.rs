//! `tidb-dms.toml`: the arguments of `doctor` in a file. Strict, and errors name line and column.

use std::{
    fs,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::cli::DoctorArguments;

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
    let paths = arguments.facts.iter_mut().chain(&mut arguments.evidence);
    for path in paths.chain(&mut arguments.table_mappings).chain(&mut arguments.save_facts) {
        *path = folder.join(&*path);
    }
    #[cfg(feature = "live")]
    for path in arguments.source_password_file.iter_mut().chain(&mut arguments.target_password_file)
    {
        *path = folder.join(&*path);
    }
    Ok(arguments)
}

fn parse(file: &Path, text: &str) -> Result<DoctorArguments, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(""));
        let line_start = before.rfind('\n').map_or(0, |place| place + 1);
        ConfigError::Toml {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: error.message().replace('\n', " "),
        }
    })
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
                .starts_with("tidb-dms.toml:2:1: unknown field `tsk`")
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
}

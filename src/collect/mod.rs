//! Looking: turns what a user has or was sent into facts. Nothing in here judges.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tidb_dms_checks::facts::Facts;

#[cfg(feature = "live")]
pub mod aws;
mod document;
pub mod evidence;
pub mod facts;
mod foreign;
pub mod given;
mod hashes;
#[cfg(feature = "live")]
pub mod live;
mod loose;
#[cfg(feature = "live")]
pub mod probe;
mod settle;
mod text;
pub mod tidb_cloud;
mod transcript;
#[cfg(feature = "live")]
pub mod watch;

pub use loose::Loose;
pub use settle::settle;

/// Why facts could not be had from files.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The file system, or whoever writes into a pipe, refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was refused.
        source: io::Error,
    },
    /// JSON that is broken, or that isn't what AWS or this program writes.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in bytes.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A file that was named and is no evidence at all, such as the CLI's YAML, text or table output.
    #[error("{}: neither JSON nor another kind of evidence; what the AWS CLI prints with `--output json` is read", .0.display())]
    NotJson(PathBuf),
    /// A file that was named and can't be used, although it is a kind of evidence.
    #[error("{}: {reason}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that was named and has nothing in it.
    #[error("{}: empty file", .0.display())]
    EmptyFile(PathBuf),
    /// A folder below which there is no file.
    #[error("{}: no files in this folder", .0.display())]
    EmptyFolder(PathBuf),
    /// Files were read, and in none of them was a list that AWS prints and a check reads.
    #[error("{}: no AWS output found{why}", list(paths))]
    NothingFound {
        /// The files and folders.
        paths: Vec<PathBuf>,
        /// Why the first file that would have been evidence wasn't, if there is one.
        why: String,
    },
    /// A facts document among the evidence. Taken for evidence, what it says of extents, of
    /// clusters and of probes would be lost.
    #[error("{}: a facts document of tidb-dms; pass it with --facts", .0.display())]
    FactsAsEvidence(PathBuf),
    /// Something else where a facts document was expected.
    #[error("{}: not a facts document, it has no `version`; AWS CLI output goes with --evidence", .0.display())]
    NotFacts(PathBuf),
    /// A facts document of a version that this program doesn't know.
    #[error("{}: facts version {version}; this program reads version {}", path.display(), facts::READ)]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        version: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

impl CollectError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }

    fn json(path: &Path, error: serde_json::Error) -> Self {
        Self::json_from(path, error, text::Place::default())
    }

    /// `serde_json` writes the place behind the message; here it stands in front, as compilers do. It
    /// counts from where the document begins in its file.
    fn json_from(path: &Path, error: serde_json::Error, begin: text::Place) -> Self {
        if error.is_io() {
            return Self::io(path, error.into());
        }
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let message =
            text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let column = if line <= 1 { begin.column + column } else { column };
        let line = begin.line + line;
        let message = match message {
            "invalid unicode code point" => {
                "not UTF-8 here; the AWS CLI writes it after `chcp 65001` or with PYTHONUTF8=1"
            }
            message => message,
        };
        // A file's own words may hold anything, also what a terminal would obey.
        let message = hashes::without_value(message)
            .chars()
            .map(|letter| {
                if letter.is_control() {
                    letter.escape_default().to_string()
                } else {
                    letter.to_string()
                }
            })
            .collect();
        Self::Json { path: path.into(), line, column, message }
    }
}

/// Reads facts documents and evidence, and merges them into one body of facts.
///
/// Evidence is of now, or of `at`. Facts alone keep their own time, unless `at` says otherwise.
///
/// What doesn't say itself which end of which migration it is about comes beside them: [`settle`]
/// brings it in once the migration is known.
pub fn from_files(
    documents: &[PathBuf],
    evidence: &[PathBuf],
    at: Option<Timestamp>,
    notes: &mut Vec<String>,
) -> Result<(Facts, Loose), CollectError> {
    let mut facts: Option<Facts> = None;
    for document in documents {
        let more = facts::read(document)?;
        match &mut facts {
            Some(facts) => {
                notes.extend(facts.replaced_by(&more));
                facts.merge(more);
            }
            None => facts = Some(more),
        }
    }
    let now = at.unwrap_or_else(Timestamp::now);
    let mut facts = facts.unwrap_or_else(|| Facts::new(now));
    let mut loose = Loose::default();
    if !evidence.is_empty() {
        loose = evidence::read(evidence, now, &mut facts, notes)?;
    }
    if let Some(at) = at {
        facts.taken_at = at;
    }
    notes.extend(facts.inventory.conflicts.iter().map(|conflict| {
        format!(
            "{} {}: described twice, with different {}; which is newer can't be told, so neither \
             is believed",
            conflict.list,
            conflict.id,
            conflict.fields.join(", ")
        )
    }));
    Ok((facts, loose))
}

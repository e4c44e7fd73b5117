//! What one command is given to read: a file, or standard input.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

use super::text;

/// Where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Given {
    /// Standard input.
    Input,
    /// A file.
    File(PathBuf),
}

/// Why it can't be had.
#[derive(Debug, thiserror::Error)]
#[error("{given}: {source}")]
pub struct GivenError {
    /// Where it was to come from.
    given: Given,
    /// What was refused.
    source: io::Error,
}

impl Given {
    /// What an argument means: `-` and nothing are standard input.
    pub fn of(file: Option<&Path>) -> Self {
        match file {
            Some(file) if file != Path::new("-") => Self::File(file.to_owned()),
            _ => Self::Input,
        }
    }

    /// Its bytes. Somebody who sits before an empty line is told what is waited for.
    pub fn bytes(&self, what: &str) -> Result<Vec<u8>, GivenError> {
        let mut bytes = Vec::new();
        let read = match self {
            Self::Input => {
                let stdin = io::stdin();
                if stdin.is_terminal() {
                    // Whoever closed standard error doesn't want to know.
                    let _ = writeln!(io::stderr(), "paste {what}, then press Ctrl-D");
                }
                stdin.lock().read_to_end(&mut bytes)
            }
            Self::File(path) => File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
        };
        read.map_err(|source| self.error(source))?;
        Ok(bytes)
    }

    /// Its text, whatever encoding it is in, without a terminal's colours.
    pub fn text(&self, what: &str) -> Result<String, GivenError> {
        let bytes = self.bytes(what)?;
        let mut decoded = Vec::new();
        // Line by line: the reader of UTF-16 wants the buffer in front of it used.
        let read = text::open(bytes.as_slice()).and_then(|mut text| {
            while text.read_until(b'\n', &mut decoded)? > 0 {}
            Ok(())
        });
        read.map_err(|source| self.error(source))?;
        Ok(anstream::adapter::strip_str(&String::from_utf8_lossy(&decoded)).to_string())
    }

    fn error(&self, source: io::Error) -> GivenError {
        let given = self.clone();
        GivenError { given, source }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

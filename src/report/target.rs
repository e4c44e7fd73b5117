//! Where reports go: `--report FORMAT[=FILE]`.

use std::{fmt, path::PathBuf, str::FromStr};

use thiserror::Error;

/// A form that a report can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Text for people.
    Terminal,
    /// The whole report as a document.
    Json,
    /// `JUnit` XML.
    Junit,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Terminal, Self::Json, Self::Junit];

    /// As it is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Junit => "junit",
        }
    }
}

impl FromStr for Format {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Some(format) = Self::ALL.into_iter().find(|known| known.as_str() == text) {
            return Ok(format);
        }
        let name = super::plain(text);
        let near = Self::ALL
            .into_iter()
            .map(|known| (strsim::jaro_winkler(&name.to_lowercase(), known.as_str()), known))
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .filter(|(score, _)| *score > 0.7);
        Err(match near {
            Some((_, meant)) => TargetError::Misspelt { name, meant },
            None => TargetError::Unknown { name },
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One report: its form, and where it goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Its form.
    pub format: Format,
    /// The file; none is standard output.
    pub file: Option<PathBuf>,
}

/// What is wrong with a `--report` argument.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
pub enum TargetError {
    /// There is no such format, and none with a name like it.
    #[error("unknown report format `{name}`; there are terminal, json and junit")]
    Unknown {
        /// What was typed.
        name: String,
    },
    /// There is no such format, but one with a name like it.
    #[error(
        "unknown report format `{name}`; did you mean `{meant}`? (there are terminal, json and junit)"
    )]
    Misspelt {
        /// What was typed.
        name: String,
        /// What was probably meant.
        meant: Format,
    },
    /// There is an equals sign and nothing behind it.
    #[error("`{format}=` lacks the file's name; for standard output leave the `=` away")]
    NoFile {
        /// The format.
        format: Format,
    },
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format.parse()?, Some(file)),
            None => (text.parse()?, None),
        };
        if file == Some("") {
            return Err(TargetError::NoFile { format });
        }
        // These are standard output by another name, and count as it.
        let file = file
            .filter(|file| !["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(file))
            .map(PathBuf::from);
        Ok(Self { format, file })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}={}", self.format, file.display()),
            None => write!(f, "{}", self.format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        text.parse::<Target>()
            .map(|target| format!("{target:?}"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn targets_are_read() {
        let junit: Target = "junit=out/a=b.xml".parse().unwrap();
        assert_eq!(junit.format, Format::Junit);
        assert_eq!(junit.file, Some("out/a=b.xml".into()));
        for stdout in ["json", "json=-", "json=/dev/stdout"] {
            let target: Target = stdout.parse().unwrap();
            assert_eq!((target.format, target.file), (Format::Json, None), "{stdout}");
        }
    }

    #[test]
    fn errors_say_what_there_is() {
        assert_eq!(
            parsed("xml=a").unwrap_err(),
            "unknown report format `xml`; there are terminal, json and junit"
        );
        assert_eq!(
            parsed("jnuit").unwrap_err(),
            "unknown report format `jnuit`; did you mean `junit`? (there are terminal, json and junit)"
        );
        assert_eq!(
            parsed("JSON=a").unwrap_err(),
            "unknown report format `JSON`; did you mean `json`? (there are terminal, json and junit)"
        );
        assert!(parsed("json=").unwrap_err().contains("lacks the file's name"));
        assert!(parsed("").is_err());
    }
}

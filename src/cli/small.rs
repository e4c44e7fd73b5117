//! The arguments of the small commands, and values that are pairs.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

use super::SeverityName;

/// What is listed of the checks.
#[derive(Args, Debug)]
pub struct ChecksArguments {
    /// The compliance controls: the checks that prove each, and what AWS maps it to.
    #[arg(long, conflicts_with = "guide")]
    pub controls: bool,
    /// What TiDB Cloud's guide for AWS DMS asks for, and the checks that hold a migration to it.
    #[arg(long)]
    pub guide: bool,
}

/// The arguments of `iam-policy`.
#[derive(Args, Clone, Debug, Default)]
pub struct IamPolicyArguments {
    /// Only for these checks or categories.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not for these checks or categories.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Also allow what `doctor --test-connection` does: it lets DMS itself test the endpoints.
    #[arg(long)]
    pub test_connection: bool,
    /// Also allow to read secrets, for passwords that are kept there. A secret that is encrypted with a
    /// key of your own needs `kms:Decrypt` on that key too.
    #[arg(long)]
    pub secrets: bool,
}

/// The arguments of `init`.
#[derive(Args, Debug)]
pub struct InitArguments {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = "tidb-dms.toml")]
    pub file: PathBuf,
    /// Overwrite a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `CHECK=LEVEL`.
#[derive(Clone, Debug)]
pub struct LevelArgument {
    /// The check's id, or the category.
    pub name: String,
    /// The level.
    pub level: SeverityName,
}

impl FromStr for LevelArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, level) = text
            .split_once('=')
            .ok_or_else(|| "it takes a check and a level, such as dms/logging=error".to_owned())?;
        let level = SeverityName::from_str(level, false)
            .map_err(|_| format!("`{level}` is none of error, warning, advice"))?;
        Ok(Self { name: name.to_owned(), level })
    }
}

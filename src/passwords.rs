//! Where passwords come from: a file, the environment, a person. Never an argument, and they show
//! nowhere.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use thiserror::Error;
use tidb_dms_checks::facts::Role;

use crate::report;

/// Why there is no password where one was promised. What it holds isn't said.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// A file that can't be read.
    #[error("--{}-password-file: {}: {source}", role.as_str(), file.display())]
    File {
        /// Which end it is for.
        role: Role,
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that isn't text.
    #[error("--{}-password-file: {}: not UTF-8", role.as_str(), file.display())]
    FileNotText {
        /// Which end it is for.
        role: Role,
        /// The file.
        file: PathBuf,
    },
    /// A file without a password.
    #[error("--{}-password-file: {}: its first line is empty", role.as_str(), file.display())]
    FileEmpty {
        /// Which end it is for.
        role: Role,
        /// The file.
        file: PathBuf,
    },
    /// A variable that isn't text.
    #[error("{0}: not UTF-8")]
    VariableNotText(&'static str),
}

/// What was named as the place of one end's password.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// A file.
    File(&'a Path),
    /// A secret of Secrets Manager.
    Secret,
    /// None.
    Nothing,
}

impl<'a> Named<'a> {
    /// A file wins over a secret.
    pub fn of(file: Option<&'a Path>, secret: Option<&str>) -> Self {
        match (file, secret) {
            (Some(file), _) => Self::File(file),
            (None, Some(_)) => Self::Secret,
            (None, None) => Self::Nothing,
        }
    }
}

/// The passwords that are at hand when a run begins.
#[derive(Debug, Default)]
pub struct Passwords {
    source: Option<SecretString>,
    target: Option<SecretString>,
}

impl Passwords {
    /// Reads files where they are named, else the environment; not where a secret was named that has it.
    pub fn read(source: Named<'_>, target: Named<'_>) -> Result<Self, PasswordError> {
        let of = |role, named: Named<'_>| match named {
            Named::File(file) => from_file(role, file).map(Some),
            Named::Secret => Ok(None),
            Named::Nothing => from_environment(variable(role)),
        };
        Ok(Self { source: of(Role::Source, source)?, target: of(Role::Target, target)? })
    }

    /// The password of one end.
    pub const fn of(&self, role: Role) -> Option<&SecretString> {
        match role {
            Role::Source => self.source.as_ref(),
            Role::Target => self.target.as_ref(),
        }
    }
}

/// The environment variable of one end's password.
pub const fn variable(role: Role) -> &'static str {
    match role {
        Role::Source => "TIDB_DMS_SOURCE_PASSWORD",
        Role::Target => "TIDB_DMS_TARGET_PASSWORD",
    }
}

/// The first line of a file: editors end it, passwords don't hold an end of line.
fn from_file(role: Role, file: &Path) -> Result<SecretString, PasswordError> {
    let bytes = fs::read(file).map_err(|source| PasswordError::File {
        role,
        file: file.to_owned(),
        source,
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| PasswordError::FileNotText { role, file: file.to_owned() })?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.into()),
        None => Err(PasswordError::FileEmpty { role, file: file.to_owned() }),
    }
}

/// A variable that is set to nothing isn't set.
fn from_environment(name: &'static str) -> Result<Option<SecretString>, PasswordError> {
    match env::var_os(name).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(password)) => Ok((!password.is_empty()).then(|| password.into())),
        Some(Err(_)) => Err(PasswordError::VariableNotText(name)),
    }
}

/// Whether there is a person to ask.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Asks a person, without echo. An empty answer is none. Blocks.
pub fn ask(user: &str, host: &str, role: Role) -> io::Result<Option<SecretString>> {
    let prompt = format!(
        "Password of {} at {} (the {}; nothing to not log in): ",
        report::plain(user),
        report::plain(host),
        role.as_str(),
    );
    let answer = rpassword::prompt_password(prompt)?;
    Ok((!answer.is_empty()).then(|| answer.into()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_password_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        for (content, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\nremark\n", "secret"),
            (" a b ", " a b "),
        ] {
            fs::write(&file, content).unwrap();
            let read = Passwords::read(Named::Nothing, Named::File(&file)).unwrap();
            assert_eq!(read.of(Role::Target).unwrap().expose_secret(), password, "{content:?}");
        }
        for (content, message) in
            [(&b""[..], "first line is empty"), (b"\nx", "first line is empty"), (b"\xff", "UTF-8")]
        {
            fs::write(&file, content).unwrap();
            let error =
                Passwords::read(Named::File(&file), Named::Nothing).unwrap_err().to_string();
            assert!(error.starts_with("--source-password-file: "), "{error}");
            assert!(error.contains(message), "{error}");
        }
        let missing = folder.path().join("missing");
        assert!(Passwords::read(Named::File(&missing), Named::Nothing).is_err());
    }

    #[test]
    fn passwords_are_not_shown() {
        let passwords = Passwords { source: Some("hunter2!".into()), target: None };
        assert!(!format!("{passwords:?}").contains("hunter2"));
    }
}

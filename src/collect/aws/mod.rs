//! Looking at AWS (in the making).

use std::{collections::BTreeSet, time::Duration};

use secrecy::SecretString;
use tidb_dms_checks::facts::{Asked, Fact, Facts, Gap, inventory::dms::Connection};

use super::watch::Watch;

/// Where to look, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// A profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
}

/// Why AWS can't be looked at.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AwsError {
    /// Not there.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
    /// The list in which the named thing would stand could not be had.
    #[error("which migration it is can't be told: {} ({})", .0, .0.unlock)]
    NotSeen(Gap),
}

/// What a secret holds.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
    /// The host.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
}

/// One account and region.
#[derive(Clone, Debug)]
pub struct Aws(std::convert::Infallible);

/// Connects.
pub async fn connect(_: &Choice, _: &Asked) -> Result<Aws, AwsError> {
    Err(AwsError::NoCredentials("not built in yet".into()))
}

impl Aws {
    /// Looks.
    pub async fn look(
        &self,
        _: &Asked,
        _: &BTreeSet<&'static str>,
        _: &Watch,
    ) -> Result<Facts, AwsError> {
        match self.0 {}
    }

    /// A secret.
    pub async fn secret(&self, _: &str, _: &Watch) -> Fact<Secret> {
        match self.0 {}
    }

    /// A test.
    pub async fn test_connection(
        &self,
        _: &str,
        _: &str,
        _: Duration,
        _: &Watch,
    ) -> Fact<Connection> {
        match self.0 {}
    }
}

//! What a secret of Secrets Manager holds, but for the password itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, inventory::dms::Endpoint};

/// A secret that was read. A key that is not there, the secret lacks.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name or ARN, as a DMS endpoint or the user names it.
    pub id: String,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether it holds a password. What it is, is never a fact.
    #[serde(default)]
    pub has_password: bool,
    /// The host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

impl Secret {
    /// The keys that DMS reads and the secret lacks.
    pub fn lacks(&self) -> Vec<&'static str> {
        [
            ("username", self.username.is_some()),
            ("password", self.has_password),
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_there)| (!is_there).then_some(key))
        .collect()
    }
}

impl Facts {
    /// The secret that an endpoint takes its credentials from, where it was read.
    pub fn secret_of(&self, endpoint: &Endpoint) -> Option<&Secret> {
        let settings = endpoint.my_sql_settings.as_ref()?;
        let id = settings.secrets_manager_secret_id.as_deref()?;
        self.secrets.iter().find(|secret| secret.id == id)
    }
}

/// Of two looks at one secret the later wins.
pub(super) fn merge(into: &mut Vec<Secret>, from: Vec<Secret>) {
    for secret in from {
        match into.iter_mut().find(|known| known.id == secret.id) {
            Some(known) => *known = secret,
            None => into.push(secret),
        }
    }
}

//! A secret of Secrets Manager: what an endpoint of DMS, or the user, keeps there instead of typing it.

use secrecy::SecretString;
use serde::Deserialize;
use tidb_dms_checks::facts::{Fact, Gap, Unlock};

use super::{
    Aws,
    call::{Failure, Recorder},
};
use crate::collect::watch::{Event, Watch};

/// The IAM action, which only the user's own wish justifies.
const ACTION: &str = "secretsmanager:GetSecretValue";

/// What a secret holds, by the keys that DMS reads. A key that it lacks is `None`.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The user.
    pub username: Option<String>,
    /// The password, which never gets into facts, logs or reports.
    pub password: Option<SecretString>,
    /// The host.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
}

/// The JSON in a secret.
#[derive(Deserialize)]
struct Written {
    username: Option<String>,
    password: Option<String>,
    host: Option<String>,
    port: Option<Port>,
}

/// People and tools write the port as a number or as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Text(String),
}

impl Aws {
    /// Reads a secret, by name or ARN.
    pub async fn secret(&self, id: &str, watch: &Watch) -> Fact<Secret> {
        watch.tell(Event::Expected("AWS", 1));
        let recorder = Recorder::of_secret(ACTION, &self.effort);
        let request = self.secrets.get_secret_value().secret_id(id);
        let sent = request.customize().interceptor(recorder).send();
        let answer = watch.wait(sent).await;
        watch.tell(Event::Answered("AWS"));
        let failure = match answer {
            Ok(Ok(answer)) => {
                return match answer.secret_string() {
                    Some(text) => read(id, text),
                    None => Fact::Unknown(Gap::new(
                        id,
                        "the secret is binary, and DMS reads JSON",
                        Unlock::Nothing,
                    )),
                };
            }
            Ok(Err(error)) => Failure::of(&error),
            Err(_) => {
                self.effort.unfinished(ACTION);
                Failure::TimeUp
            }
        };
        Fact::Unknown(failure.gap(id, ACTION))
    }
}

/// Reads a secret's text. What is wrong with it is told without its words.
fn read(id: &str, text: &str) -> Fact<Secret> {
    let Ok(written) = serde_json::from_str::<Written>(text) else {
        return Fact::Unknown(Gap::new(
            id,
            "the secret isn't a JSON object with username, password, host and port",
            Unlock::Nothing,
        ));
    };
    let port = written.port.and_then(|port| match port {
        Port::Number(port) => Some(port),
        Port::Text(port) => port.trim().parse().ok(),
    });
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Fact::Known(Secret {
        username: filled(written.username),
        password: written.password.map(SecretString::from),
        host: filled(written.host),
        port,
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_read_by_the_keys_that_dms_reads() {
        let text = r#"{"username": "dms", "password": "p;w", "host": "tidb.example", "port": "4000", "engine": "mysql"}"#;
        let read = read("s", text);
        let secret = read.known().unwrap();
        assert_eq!(secret.username.as_deref(), Some("dms"));
        assert_eq!(secret.password.as_ref().unwrap().expose_secret(), "p;w");
        assert_eq!((secret.host.as_deref(), secret.port), (Some("tidb.example"), Some(4000)));
    }

    #[test]
    fn a_key_that_lacks_is_not_there() {
        let read = read("s", r#"{"username": "dms", "password": "x", "host": "", "port": 70000}"#);
        // A port that can't be one makes the whole secret unreadable for DMS too.
        assert!(read.known().is_none());
        let read = super::read("s", r#"{"username": "dms", "host": " ", "port": "x"}"#);
        let secret = read.known().unwrap();
        assert!(secret.host.is_none() && secret.port.is_none() && secret.password.is_none());
    }

    #[test]
    fn a_secrets_words_are_in_no_message() {
        let read = read("s", "hunter2 is the password");
        let said = format!("{:?}", read.gap().unwrap());
        assert!(!said.contains("hunter2"), "{said}");
        let known = super::read("s", r#"{"password": "hunter2"}"#);
        assert!(!format!("{known:?}").contains("hunter2"));
    }
}

//! Where the two APIs are, and the key to them.

use std::env;

use reqwest::Url;
use secrecy::SecretString;

const PUBLIC_KEY: &str = "TIDBCLOUD_PUBLIC_KEY";
const PRIVATE_KEY: &str = "TIDBCLOUD_PRIVATE_KEY";
const SERVERLESS: &str = "TIDBCLOUD_SERVERLESS_ENDPOINT";
const DEDICATED: &str = "TIDBCLOUD_DEDICATED_ENDPOINT";

/// An API key of TiDB Cloud. Its private half never leaves this machine, and shows nowhere.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The public half, which names it.
    pub public: String,
    /// The private half.
    pub private: SecretString,
}

/// Why the environment holds no key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeysError {
    /// One half alone.
    #[error("{given} is set and {missing} is not: set both or none")]
    Half {
        /// The variable that is set.
        given: &'static str,
        /// The other one.
        missing: &'static str,
    },
    /// Bytes that aren't text. Which they are isn't said.
    #[error("{0}: not UTF-8")]
    NotText(&'static str),
}

impl Keys {
    /// The key in the environment (`TIDBCLOUD_PUBLIC_KEY`, `TIDBCLOUD_PRIVATE_KEY`), if there is one.
    /// An empty variable is one that isn't set.
    pub fn from_environment() -> Result<Option<Self>, KeysError> {
        let half = |name: &'static str| match env::var(name) {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(KeysError::NotText(name)),
        };
        Self::of(half(PUBLIC_KEY)?, half(PRIVATE_KEY)?)
    }

    fn of(public: Option<String>, private: Option<String>) -> Result<Option<Self>, KeysError> {
        match (public, private) {
            (Some(public), Some(private)) => Ok(Some(Self { public, private: private.into() })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(KeysError::Half { given: PUBLIC_KEY, missing: PRIVATE_KEY }),
            (None, Some(_)) => Err(KeysError::Half { given: PRIVATE_KEY, missing: PUBLIC_KEY }),
        }
    }
}

/// Where the two APIs are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Services {
    /// That of Starter and Essential.
    pub(super) serverless: Url,
    /// That of Dedicated.
    pub(super) dedicated: Url,
}

/// Why an API isn't asked there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServiceError {
    /// Text that is no address of a web service.
    #[error("{variable}: not a URL of the form https://HOST[:PORT]")]
    NotUrl {
        /// The variable that says so.
        variable: &'static str,
    },
    /// An address to which answers would travel in the clear.
    #[error("{variable}: plain http goes to loopback and private addresses only; use https")]
    InTheClear {
        /// The variable that says so.
        variable: &'static str,
    },
}

impl Services {
    /// TiDB Cloud's own, unless the environment has others (`TIDBCLOUD_SERVERLESS_ENDPOINT`,
    /// `TIDBCLOUD_DEDICATED_ENDPOINT`).
    pub fn from_environment() -> Result<Self, ServiceError> {
        let other = |variable| match env::var(variable) {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(ServiceError::NotUrl { variable }),
        };
        Self::new(other(SERVERLESS)?.as_deref(), other(DEDICATED)?.as_deref())
    }

    /// TiDB Cloud's own, or others.
    pub fn new(serverless: Option<&str>, dedicated: Option<&str>) -> Result<Self, ServiceError> {
        Ok(Self {
            serverless: service(
                SERVERLESS,
                serverless.unwrap_or("https://serverless.tidbapi.com"),
            )?,
            dedicated: service(DEDICATED, dedicated.unwrap_or("https://dedicated.tidbapi.com"))?,
        })
    }
}

fn service(variable: &'static str, text: &str) -> Result<Url, ServiceError> {
    let not_url = ServiceError::NotUrl { variable };
    let url = Url::parse(text.trim()).map_err(|_| not_url.clone())?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && matches!(url.path(), "/" | "/v1beta1" | "/v1beta1/");
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) if is_bare => Ok(url),
        ("http", Some(host)) if is_bare && is_near(host) => Ok(url),
        ("http", Some(_)) if is_bare => Err(ServiceError::InTheClear { variable }),
        _ => Err(not_url),
    }
}

/// Whether a host is this machine, or an address that no router on the internet knows.
fn is_near(host: &str) -> bool {
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return address.is_loopback() || address.is_private();
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<std::net::Ipv6Addr>() {
        return address.is_loopback() || address.is_unique_local();
    }
    host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_has_two_halves() {
        let half = |text: &str| Some(text.to_owned());
        let keys = Keys::of(half("PUB"), half("hunter2")).unwrap().unwrap();
        assert_eq!(keys.private.expose_secret(), "hunter2");
        assert!(!format!("{keys:?}").contains("hunter2"));
        assert!(Keys::of(None, None).unwrap().is_none());
        assert_eq!(
            Keys::of(half("PUB"), None).unwrap_err().to_string(),
            "TIDBCLOUD_PUBLIC_KEY is set and TIDBCLOUD_PRIVATE_KEY is not: set both or none"
        );
        assert!(!Keys::of(None, half("hunter2")).unwrap_err().to_string().contains("hunter2"));
    }

    #[test]
    fn plain_http_goes_nowhere_far() {
        for text in [
            "https://serverless.tidbapi.com",
            "https://proxy.example.com:8443/",
            "http://127.0.0.1:4010",
            "http://localhost:4010/v1beta1",
            "http://[::1]:4010",
            "http://10.0.0.7",
            "http://192.168.7.7",
            "http://[fd00::7]",
        ] {
            assert!(Services::new(Some(text), None).is_ok(), "{text}");
        }
        for text in ["http://serverless.tidbapi.com", "http://44.210.0.50", "http://[2600::1]"] {
            assert_eq!(
                Services::new(None, Some(text)).unwrap_err().to_string(),
                "TIDBCLOUD_DEDICATED_ENDPOINT: plain http goes to loopback and private addresses \
                 only; use https",
                "{text}"
            );
        }
        for text in [
            "",
            "serverless.tidbapi.com",
            "ftp://127.0.0.1",
            "https://",
            "https://key:secret@serverless.tidbapi.com",
            "https://serverless.tidbapi.com/?a",
            "https://serverless.tidbapi.com/elsewhere",
        ] {
            let error = Services::new(Some(text), None).unwrap_err().to_string();
            assert_eq!(
                error, "TIDBCLOUD_SERVERLESS_ENDPOINT: not a URL of the form https://HOST[:PORT]",
                "{text}"
            );
        }
    }
}

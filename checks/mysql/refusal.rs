//! What a server means when it refuses a login, and of whom it says so.

use std::net::IpAddr;

use crate::facts::probe::ServerError;

/// Why a server refuses a login, as far as its words tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// No account with this password for this user and address: 1045, and MariaDB's 1698.
    Denied,
    /// The account that matched is locked.
    Locked,
    /// Its password has expired.
    Expired,
    /// No account lets this address in at all: 1130.
    HostNotAllowed,
    /// Starter and Essential: the user has no prefix.
    NoPrefix,
    /// Starter and Essential: the prefix isn't that of this cluster.
    WrongPrefix,
    /// The session isn't encrypted, and the server wants it to be.
    NotEncrypted,
    /// Starter: the free quota or the spending limit is used up.
    Quota,
    /// Anything else: it says nothing of the account.
    Other,
}

impl Refusal {
    /// Reads a refusal. TiDB Cloud's gateway answers several things with 1105, which only the text
    /// tells apart.
    pub(super) fn of(error: &ServerError) -> Self {
        let text = error.message.to_ascii_lowercase();
        match error.code {
            20003 => Self::WrongPrefix,
            _ if text.contains("missing user name prefix") => Self::NoPrefix,
            _ if text.contains("user name prefix does not match") => Self::WrongPrefix,
            3159 => Self::NotEncrypted,
            _ if text.contains("connections using insecure transport") => Self::NotEncrypted,
            _ if text.contains("usage quota being exhausted") => Self::Quota,
            1045 | 1698 => Self::Denied,
            3118 | 4151 => Self::Locked,
            1862 | 1820 => Self::Expired,
            1130 => Self::HostNotAllowed,
            _ => Self::Other,
        }
    }

    /// What it means, after the server's own words.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Denied => {
                "the password is wrong, there is no such user, or no account of that name lets this \
                 address in"
            }
            Self::Locked => "the account that matched this address is locked",
            Self::Expired => "the password of the account that matched this address has expired",
            Self::HostNotAllowed => "no account at all lets this address in",
            Self::NoPrefix => "the user has no prefix",
            Self::WrongPrefix => "the user's prefix is that of another cluster or branch",
            Self::NotEncrypted => {
                "something on the way ended TLS: the server saw a session without"
            }
            Self::Quota => "the cluster's usage quota is used up",
            Self::Other => "that says nothing of the account",
        }
    }
}

/// The client's address as the server saw it: `…'dms'@'52.1.2.3'…`, `Host '52.1.2.3' is not allowed`.
pub(super) fn client(message: &str) -> Option<IpAddr> {
    let lower = message.to_ascii_lowercase();
    let marks = ["'@'", "host '"];
    marks.iter().find_map(|mark| {
        let start = lower.find(mark)? + mark.len();
        let rest = message.get(start..)?;
        rest.get(..rest.find('\'')?)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_code_and_text() {
        for (code, message, expected) in [
            (
                1045,
                "Access denied for user 'dms'@'10.20.1.103' (using password: YES)",
                Refusal::Denied,
            ),
            (1698, "Access denied for user 'root'@'localhost'", Refusal::Denied),
            (3118, "Access denied for user 'dms'@'%'. Account is locked.", Refusal::Locked),
            (4151, "Access denied, this account is locked", Refusal::Locked),
            (1862, "Your password has expired. To log in you must change it", Refusal::Expired),
            (
                1130,
                "Host '203.0.113.9' is not allowed to connect to this MySQL server",
                Refusal::HostNotAllowed,
            ),
            (
                1105,
                "Missing user name prefix. See https://docs.pingcap.com/tidbcloud/select-cluster-tier#user-name-prefix",
                Refusal::NoPrefix,
            ),
            (20003, "User name prefix does not match the assigned keyspace.", Refusal::WrongPrefix),
            (
                1105,
                "Connections using insecure transport are prohibited. See https://…",
                Refusal::NotEncrypted,
            ),
            (
                3159,
                "Connections using insecure transport are prohibited while --require_secure_transport=ON.",
                Refusal::NotEncrypted,
            ),
            (
                1105,
                "Due to the usage quota being exhausted, access to the cluster '1' has been restricted",
                Refusal::Quota,
            ),
            (1105, "Unknown error", Refusal::Other),
            (1040, "Too many connections", Refusal::Other),
        ] {
            let error = ServerError { code, state: None, message: message.into() };
            assert_eq!(Refusal::of(&error), expected, "{code} {message}");
        }
    }

    #[test]
    fn the_server_names_the_client() {
        for (message, address) in [
            ("Access denied for user 'dms'@'52.1.2.3' (using password: YES)", Some("52.1.2.3")),
            ("Host '203.0.113.9' is not allowed to connect", Some("203.0.113.9")),
            ("Access denied for user 'dms'@'%'. Account is locked.", None),
            ("Access denied for user 'dms'@'nat.example.com' (using password: YES)", None),
            ("İ'dms'@'", None),
            ("Too many connections", None),
        ] {
            let address: Option<IpAddr> = address.map(|address| address.parse().unwrap());
            assert_eq!(client(message), address, "{message}");
        }
    }
}

//! What DNS, TCP, TLS and MySQL showed from somewhere, and what DMS said of itself.
//!
//! No probe of ours speaks for the replication: even one that ran in its subnet had its own security
//! group and its own public address. So each carries its vantage. That a peer refused, hung or talked
//! nonsense is something that was seen; a gap is what wasn't looked at, or couldn't be.

use std::{collections::BTreeMap, net::IpAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Role, look::Look};

/// Characters that DMS doesn't take in a password: `;` for MySQL-compatible endpoints, braces for
/// any, a comma unless the password comes from Secrets Manager.
pub const FORBIDDEN_IN_PASSWORDS: [char; 4] = [',', ';', '{', '}'];

/// What was seen of one endpoint from one place. A field that is not there was not looked at.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The host that was looked at, in lower case, without a final dot.
    pub host: String,
    /// The port.
    pub port: u16,
    /// From where.
    pub vantage: Vantage,
    /// The user that logged in, or tried to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which side of a migration the endpoint is meant to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What the resolver answered. Not there when the host is an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Look<DnsOutcome>>,
    /// What became of a TCP connection to each address, in the order of the addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Look<Vec<TcpAttempt>>>,
    /// What the server said first, before TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Look<GreetingOutcome>>,
    /// What a TLS handshake that offered TLS 1.2 and 1.3 showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Look<TlsOutcome>>,
    /// What a TLS handshake that offered TLS 1.2 alone showed, as DMS does. Only the alert
    /// `protocol_version` proves that the server doesn't speak it: other alerts may be about ciphers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls12: Option<Look<TlsOutcome>>,
    /// Which suite of TLS 1.2 the server chose where `tls12` was refused, and not for its version: of
    /// all AEAD suites, more than this program can go on with; or, where it refused these, of those of
    /// CBC mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls12_suites: Option<Look<HelloOutcome>>,
    /// Whether the server let the user in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Look<LoginOutcome>>,
    /// What the session showed, after the login.
    #[serde(default, skip_serializing_if = "MysqlSession::is_empty")]
    pub session: MysqlSession,
    /// Which of the characters that DMS forbids occur in the password: all that is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_forbidden: Option<Look<Vec<char>>>,
}

impl Probe {
    /// A probe that has seen nothing yet.
    pub fn new(host: &str, port: u16, vantage: Vantage) -> Self {
        Self {
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            port,
            vantage,
            user: None,
            role: None,
            dns: None,
            tcp: None,
            greeting: None,
            tls: None,
            tls12: None,
            tls12_suites: None,
            login: None,
            session: MysqlSession::default(),
            password_forbidden: None,
        }
    }

    /// What makes two probes looks at the same thing from the same place.
    fn subject(&self) -> (String, u16, &Vantage, Option<&'static str>, &Option<String>) {
        (
            self.host.trim_end_matches('.').to_ascii_lowercase(),
            self.port,
            &self.vantage,
            self.role.map(Role::as_str),
            &self.user,
        )
    }

    /// What a fact is about, in a sentence.
    fn about(&self) -> impl Fn(&str) -> String + use<> {
        let place = format!("{}:{}", self.host, self.port);
        move |what| format!("{what} of {place}")
    }
}

/// Declares what is done look by look.
macro_rules! looks {
    ($($field:ident = $name:literal,)*) => {
        impl Probe {
            /// Takes what another probe of the same thing knows; of two different known values the
            /// later wins, and where times can't tell it is a gap that names both. The same in either
            /// order.
            fn merge(&mut self, other: Self) {
                let of = self.about();
                $(Look::merge(&mut self.$field, other.$field, &of($name));)*
                self.session.merge(other.session, &of);
            }

            /// The known values that a merge drops for later ones.
            fn replaced(&self, other: &Self) -> Vec<String> {
                let of = self.about();
                let mut all = self.session.replaced(&other.session, &of);
                all.extend([$(
                    Look::replaced(self.$field.as_ref(), other.$field.as_ref(), &of($name)),
                )*]);
                all.into_iter().flatten().collect()
            }
        }
    };
}

looks! {
    dns = "the DNS answer",
    tcp = "the TCP connection",
    greeting = "the greeting",
    tls = "the TLS handshake",
    tls12 = "the TLS 1.2 handshake",
    tls12_suites = "the suites of TLS 1.2",
    login = "the login",
    password_forbidden = "the password",
}

/// Merges probes into others, and brings them into an order that doesn't tell who came first.
pub(super) fn merge(into: &mut Vec<Probe>, from: Vec<Probe>) {
    for probe in from {
        match into.iter_mut().find(|known| known.subject() == probe.subject()) {
            Some(known) => known.merge(probe),
            None => into.push(probe),
        }
    }
    into.sort_by(|one, other| one.subject().cmp(&other.subject()));
}

/// What a merge of probes drops, because a later look saw something else: a sentence each.
pub(super) fn replaced(into: &[Probe], from: &[Probe]) -> Vec<String> {
    from.iter()
        .filter_map(|probe| {
            let known = into.iter().find(|known| known.subject() == probe.subject())?;
            Some(known.replaced(probe))
        })
        .flatten()
        .collect()
}

/// Where a look was taken from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Vantage {
    /// Somewhere outside the VPC, or nobody said where.
    Elsewhere,
    /// A subnet that the replication may sit in.
    Seat(String),
}

/// What became of a question to DNS.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsOutcome {
    /// The name has addresses.
    Answer(DnsAnswer),
    /// There is no such name (NXDOMAIN).
    NoSuchName {
        /// The resolver that answered.
        resolver: String,
    },
    /// The name exists and has no IPv4 address.
    NoAddress {
        /// The resolver that answered.
        resolver: String,
    },
}

/// What a resolver answered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DnsAnswer {
    /// All addresses, in order.
    pub addresses: Vec<IpAddr>,
    /// The names on the way, CNAME by CNAME.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The resolver that answered.
    #[serde(default)]
    pub resolver: Option<String>,
}

/// A TCP connection to one address.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TcpAttempt {
    /// The address.
    pub address: IpAddr,
    /// What became of it.
    pub outcome: TcpOutcome,
}

/// What became of a TCP connection.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpOutcome {
    /// Something listens there.
    Connected,
    /// The host answered that nobody listens.
    Refused,
    /// Nobody answered in time.
    TimedOut,
    /// A router said that there is no way.
    Unreachable,
    /// The machine that looked wouldn't send: what its system said.
    NotSent(String),
}

/// What a MySQL server said first.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GreetingOutcome {
    /// A greeting.
    Greeting(Greeting),
    /// An error instead of a greeting, such as 1040 or 1130.
    Refused(ServerError),
    /// Something that no MySQL server says: what it looked like.
    NotMysql(String),
    /// The connection was closed or reset.
    Closed,
    /// Nothing came in time.
    TimedOut,
}

/// The greeting of a MySQL server.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Greeting {
    /// The version that the server gives itself.
    pub server_version: String,
    /// Whether it offers TLS.
    pub tls: bool,
    /// The authentication plug-in that it proposes.
    #[serde(default)]
    pub auth_plugin: Option<String>,
}

/// What became of a TLS handshake inside the MySQL protocol. Nobody's certificate was verified for
/// it, and nothing secret was sent over it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsOutcome {
    /// It was completed.
    Session(TlsSession),
    /// The greeting doesn't offer TLS.
    NotOffered,
    /// The server refused with an alert.
    Refused {
        /// The alert, `protocol_version`, `handshake_failure`, ….
        alert: String,
        /// What had been sent of the chain by then, DER in base64.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
    /// What came wasn't TLS, or not to the end.
    Broken {
        /// How.
        how: String,
        /// What had been sent of the chain by then, DER in base64.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        chain: Vec<String>,
    },
    /// The server fell silent in the middle.
    TimedOut,
}

/// What a completed TLS handshake showed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSession {
    /// `TLSv1.2`, `TLSv1.3`.
    pub protocol: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The whole chain as sent, DER in base64.
    pub chain: Vec<String>,
    /// Whether the server's signature proved that it holds the key of the first certificate. Without
    /// it the chain may be anybody's, replayed. Also false for a certificate that can't be read.
    pub key_proved: bool,
}

/// What a server answered to the first message of a handshake, which didn't go on from there.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HelloOutcome {
    /// It took one of the suites.
    Chosen {
        /// The version that it answered in, `TLSv1.2`, or an older one where it knows no newer.
        protocol: String,
        /// The cipher suite, by its IANA name.
        cipher: String,
    },
    /// It refused with an alert.
    Refused {
        /// The alert, `protocol_version`, `handshake_failure`, ….
        alert: String,
    },
    /// What came wasn't TLS, or not to the end: how.
    Broken(String),
    /// The server fell silent.
    TimedOut,
}

/// An error that a MySQL server sent.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerError {
    /// The code, such as 1045.
    pub code: u16,
    /// The SQL state, such as `28000`, where it was sent.
    #[serde(default)]
    pub state: Option<String>,
    /// The text.
    pub message: String,
}

/// What became of a login.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginOutcome {
    /// The server let the user in.
    Accepted {
        /// The login was made over TLS whose certificate wasn't verified, as `--danger-…` asked.
        #[serde(default)]
        danger_unverified: bool,
    },
    /// The server refused.
    Refused(ServerError),
    /// The conversation broke off.
    Broken(String),
    /// The server fell silent.
    TimedOut,
}

/// Declares the looks of a session, and how two sessions merge.
macro_rules! session {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $name:literal,)*) => {
        /// What a MySQL session showed, question by question: each may have been refused by itself.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct MysqlSession {
            $($(#[$doc])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $field: Option<Look<$type>>,)*
        }

        impl MysqlSession {
            /// Whether nothing was asked.
            pub fn is_empty(&self) -> bool {
                $(self.$field.is_none())&&*
            }

            fn merge(&mut self, other: Self, of: &impl Fn(&str) -> String) {
                $(Look::merge(&mut self.$field, other.$field, &of($name));)*
            }

            fn replaced(
                &self,
                other: &Self,
                of: &impl Fn(&str) -> String,
            ) -> Vec<Option<String>> {
                vec![$(
                    Look::replaced(self.$field.as_ref(), other.$field.as_ref(), &of($name)),
                )*]
            }
        }
    };
}

session! {
    /// `SELECT VERSION()`.
    version: String = "VERSION()",
    /// `SELECT CURRENT_USER()`: the account row that matched.
    current_user: String = "CURRENT_USER()",
    /// `SELECT CURRENT_ROLE()`; `NONE` where no role is active.
    current_role: String = "CURRENT_ROLE()",
    /// `SHOW GRANTS`, line by line, hashes cut.
    grants: Vec<String> = "SHOW GRANTS",
    /// The variables of a new session that checks read, those that the server has.
    variables: BTreeMap<String, String> = "the variables",
    /// The names in `SHOW COLLATION`.
    collations: Vec<String> = "SHOW COLLATION",
    /// `SHOW DATABASES`: the schemas that the user may see.
    schemas: Vec<String> = "SHOW DATABASES",
    /// Whether there is a schema `awsdms_control`.
    control_schema: bool = "the control schema",
    /// RDS's own `binlog retention hours`, as `mysql.rds_configuration` holds it; `NULL` where binary
    /// logs are purged as soon as they can be.
    binlog_retention: String = "the binlog retention hours",
}

/// What DMS said of itself.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The resource that it is about, by ARN or id.
    pub about: String,
    /// The text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    use crate::facts::{Fact, Facts, Gap, Unlock};

    fn at(minute: u8) -> Timestamp {
        format!("2026-11-24T10:{minute:02}:00Z").parse().unwrap()
    }

    fn probe() -> Probe {
        Probe::new("TiDB.example.", 4000, Vantage::Elsewhere)
    }

    fn facts(probes: Vec<Probe>) -> Facts {
        let mut facts = Facts::new(at(0));
        facts.probes = probes;
        facts
    }

    fn merged(one: &Facts, other: &Facts) -> Facts {
        let mut both = one.clone();
        both.merge(other.clone());
        both
    }

    fn role(minute: u8, role: &str) -> Probe {
        let mut probe = probe();
        probe.session.current_role = Some(Look::known(at(minute), 3, role.to_owned()));
        probe
    }

    #[test]
    fn a_known_fact_survives_in_either_order() {
        let mut one = role(1, "NONE");
        one.login = Some(Look::unknown(at(9), Gap::new("login", "no password", Unlock::Nothing)));
        let mut other = probe();
        other.login =
            Some(Look::known(at(2), 5, LoginOutcome::Accepted { danger_unverified: false }));
        other.session.version = Some(Look::known(at(2), 1, "8.0.11".into()));
        let (one, other) = (facts(vec![one]), facts(vec![other]));
        let both = merged(&one, &other);
        assert_eq!(both, merged(&other, &one));
        let [probe] = &both.probes[..] else { panic!() };
        assert!(probe.login.as_ref().unwrap().seen.known().is_some());
        assert!(probe.session.version.is_some() && probe.session.current_role.is_some());
    }

    #[test]
    fn of_two_known_values_the_later_wins() {
        let (one, other) = (facts(vec![role(1, "a")]), facts(vec![role(2, "b")]));
        for both in [merged(&one, &other), merged(&other, &one)] {
            let look = both.probes[0].session.current_role.clone().unwrap();
            assert_eq!(look, Look::known(at(2), 3, "b".to_owned()));
        }
        let note = "CURRENT_ROLE() of tidb.example:4000 was another at 2026-11-24T10:01:00Z; \
                    that of 2026-11-24T10:02:00Z counts";
        assert_eq!(one.replaced_by(&other), [note]);
        assert_eq!(other.replaced_by(&one), [note]);
        assert!(one.replaced_by(&one).is_empty());
    }

    #[test]
    fn where_times_cannot_tell_it_is_a_gap_that_names_both() {
        let all = [role(1, "a"), role(1, "b"), role(1, "c"), role(1, "a")]
            .map(|probe| facts(vec![probe]));
        let mut orders = vec![];
        for (a, b, c) in [(0, 1, 2), (2, 1, 0), (1, 2, 3), (1, 0, 2)] {
            orders.push(merged(&merged(&all[a], &all[b]), &all[c]));
            orders.push(merged(&all[a], &merged(&all[b], &all[c])));
        }
        for both in &orders {
            assert_eq!(both, &orders[0]);
        }
        let look = orders[0].probes[0].session.current_role.clone().unwrap();
        let Fact::Unknown(gap) = &look.seen else { panic!("{look:?}") };
        assert!(gap.reason.contains("\"a\"") && gap.reason.contains("\"c\""));
        assert_eq!(gap.about, "CURRENT_ROLE() of tidb.example:4000");
        // A later look settles it, and one that saw nothing doesn't.
        let settled = merged(&orders[0], &facts(vec![role(2, "b")]));
        let look = settled.probes[0].session.current_role.clone().unwrap();
        assert_eq!(look.seen, Fact::Known("b".to_owned()));
        assert_eq!(look.disputed, Vec::<String>::new());
    }

    #[test]
    fn two_places_stay_two_probes_in_one_order() {
        let seat = |name: &str| Probe::new("tidb.example", 4000, Vantage::Seat(name.into()));
        let one = facts(vec![seat("subnet-b"), probe()]);
        let other = facts(vec![seat("subnet-a"), seat("subnet-b")]);
        let both = merged(&one, &other);
        assert_eq!(both, merged(&other, &one));
        assert_eq!(both.probes.len(), 3);
    }

    #[test]
    fn a_probe_reads_and_writes_the_same() {
        let mut probe = role(1, "NONE");
        probe.user = Some("dms".into());
        probe.role = Some(Role::Target);
        probe.tcp = Some(Look::known(
            at(1),
            9,
            vec![TcpAttempt {
                address: "10.0.0.1".parse().unwrap(),
                outcome: TcpOutcome::NotSent("no buffer".into()),
            }],
        ));
        probe.password_forbidden = Some(Look::known(at(1), 0, vec![';']));
        let text = serde_json::to_string(&probe).unwrap();
        assert_eq!(serde_json::from_str::<Probe>(&text).unwrap(), probe);
        let old = r#"{"host": "h", "port": 1, "vantage": "elsewhere", "novelty": 1}"#;
        assert!(serde_json::from_str::<Probe>(old).is_err());
    }
}

//! Probing: DNS, TCP, TLS and MySQL of one endpoint, from wherever this program runs.
//!
//! What a peer does, also that it refuses, hangs or talks nonsense, is a fact: nothing in here has an
//! error type, and nothing takes longer than the deadline that it was given.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tidb_dms_checks::facts::{
    Fact, Gap, Look, Probe, Role, Unlock,
    probe::{DnsOutcome, FORBIDDEN_IN_PASSWORDS, TlsOutcome, Vantage},
};
use tokio::time::Instant;

mod dns;
mod greeting;
mod mysql;
mod tcp;
mod tls;
mod trust;

pub use trust::{NoCertificate, Trust};

/// What to probe, from where, as whom.
#[derive(Debug)]
pub struct Target {
    /// The host, a name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where this program runs.
    pub vantage: Vantage,
    /// Who logs in, if anybody does.
    pub account: Option<Account>,
    /// The one CA that the login's channel is verified with.
    pub trust: Option<Trust>,
    /// Log in although nobody verified who is at the other end. TLS it must be all the same.
    pub danger_allow_unverified_login: bool,
}

/// Who logs in.
#[derive(Debug)]
pub struct Account {
    /// The user.
    pub user: String,
    /// Its password, which shows nowhere.
    pub password: SecretString,
    /// Which side of the migration the endpoint is meant to be.
    pub role: Role,
}

/// A question under way: when it began, for its look.
#[derive(Clone, Copy)]
struct Begun {
    at: Timestamp,
    clock: Instant,
}

impl Begun {
    fn now() -> Self {
        Self { at: Timestamp::now(), clock: Instant::now() }
    }

    fn saw<T>(self, value: T) -> Look<T> {
        self.look(Fact::Known(value))
    }

    fn missed<T>(self, gap: Gap) -> Look<T> {
        self.look(Fact::Unknown(gap))
    }

    fn look<T>(self, seen: Fact<T>) -> Look<T> {
        let milliseconds = u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        Look { at: self.at, milliseconds, seen, disputed: Vec::new() }
    }
}

/// The time that a run has, handed out step by step: each gets an even share of what is left, so that
/// one that hangs doesn't starve the next.
struct Budget {
    end: Instant,
    steps: u32,
}

impl Budget {
    /// The end of the next step.
    fn next(&mut self) -> Instant {
        let now = Instant::now();
        let share = self.end.saturating_duration_since(now) / self.steps.max(1);
        self.steps = self.steps.saturating_sub(1);
        now + share
    }
}

/// Probes an endpoint within a time limit.
pub async fn probe(target: &Target, limit: Duration) -> Probe {
    let mut budget = Budget { end: Instant::now() + limit, steps: 4 };
    let mut probe = Probe::new(&target.host, target.port, target.vantage.clone());
    if let Some(account) = &target.account {
        probe.user = Some(account.user.clone());
        probe.role = Some(account.role);
        probe.password_forbidden = Some(Begun::now().saw(forbidden(&account.password)));
    }

    let addresses = if let Ok(address) = target.host.parse::<IpAddr>() {
        budget.steps -= 1;
        vec![address]
    } else {
        let look = dns::look(&probe.host, budget.next()).await;
        let addresses = match &look.seen {
            Fact::Known(DnsOutcome::Answer(answer)) => answer.addresses.clone(),
            _ => Vec::new(),
        };
        probe.dns = Some(look);
        addresses
    };
    if addresses.is_empty() {
        let reason = "no address of the host is known";
        probe.tcp = Some(Begun::now().missed(gap("the TCP connection", reason)));
        return without_connection(probe, target, reason);
    }

    let (look, connected) = tcp::look(&addresses, target.port, budget.next()).await;
    probe.tcp = Some(look);
    let Some((address, stream)) = connected else {
        return without_connection(probe, target, "no TCP connection came about");
    };

    let end = budget.next();
    let ((greeting, tls, verdict), tls12) = tokio::join!(
        tls::look(stream, &probe.host, target.trust.as_ref(), end),
        tls::look_at_tls12(address, target.port, &probe.host, end),
    );
    probe.greeting = Some(greeting);
    probe.tls = Some(tls);
    probe.tls12 = Some(tls12);

    if let Some(account) = &target.account {
        let tls = probe.tls.as_ref().and_then(|look| look.seen.known());
        match channel(target, tls, verdict) {
            Ok(channel) => {
                let place = mysql::Place { host: &probe.host, address, port: target.port };
                let (login, session) = mysql::look(&place, account, channel, budget.next()).await;
                probe.login = Some(login);
                probe.session = session;
            }
            Err(gap) => probe.login = Some(Begun::now().missed(gap)),
        }
    }
    probe
}

fn without_connection(mut probe: Probe, target: &Target, reason: &str) -> Probe {
    let begun = Begun::now();
    probe.greeting = Some(begun.missed(gap("the greeting", reason)));
    probe.tls = Some(begun.missed(gap("the TLS handshake", reason)));
    probe.tls12 = Some(begun.missed(gap("the TLS 1.2 handshake", reason)));
    if target.account.is_some() {
        probe.login = Some(begun.missed(gap("the login", reason)));
    }
    probe
}

fn gap(about: &str, reason: &str) -> Gap {
    Gap::new(about, reason, Unlock::Vantage("a place that reaches the server".into()))
}

/// Decides whether a login may be tried, and how its channel is to be verified.
///
/// The recorded handshake only saves a vain attempt, and says why: the login has a channel of its own,
/// which is verified again before anything secret is sent.
fn channel<'a>(
    target: &'a Target,
    tls: Option<&TlsOutcome>,
    verdict: Option<Result<(), String>>,
) -> Result<mysql::Channel<'a>, Gap> {
    let refuse = |reason: String, unlock: Unlock| Err(Gap::new("the login", reason, unlock));
    if !matches!(tls, Some(TlsOutcome::Session(_))) {
        return refuse(
            "no TLS session came about, and without TLS no password is sent".into(),
            Unlock::Vantage("a place that gets a TLS session with the server".into()),
        );
    }
    match (&target.trust, verdict) {
        (Some(trust), Some(Ok(()))) => Ok(mysql::Channel::Verified(trust)),
        _ if target.danger_allow_unverified_login => Ok(mysql::Channel::DangerUnverified),
        (Some(trust), Some(Err(cause))) => refuse(
            format!(
                "{} doesn't vouch for the server ({cause}), so no password was sent",
                trust.name
            ),
            Unlock::Flag("--ca".into()),
        ),
        _ => refuse(
            "no CA was given to verify the server with, so no password was sent".into(),
            Unlock::Flag("--ca".into()),
        ),
    }
}

/// All that is kept of a password.
fn forbidden(password: &SecretString) -> Vec<char> {
    FORBIDDEN_IN_PASSWORDS
        .into_iter()
        .filter(|letter| password.expose_secret().contains(*letter))
        .collect()
}

/// Makes what a server sent fit into a document: no more than a screenful.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 1000;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_that_hangs_leaves_the_next_its_share() {
        let begin = Instant::now();
        let mut budget = Budget { end: begin + Duration::from_secs(20), steps: 4 };
        assert_eq!(budget.next() - begin, Duration::from_secs(5));
        // This one took no time at all: its share goes to the others.
        assert_eq!(budget.next() - begin, Duration::from_secs(20) / 3, "a third of what is left");
        tokio::time::sleep_until(begin + Duration::from_secs(10)).await;
        assert_eq!(budget.next() - begin, Duration::from_secs(15));
        assert_eq!(budget.next() - begin, Duration::from_secs(20));
    }

    #[test]
    fn of_a_password_only_forbidden_characters_are_kept() {
        assert_eq!(forbidden(&"a;b{c".into()), [';', '{']);
        assert!(forbidden(&"harmless".into()).is_empty());
    }
}

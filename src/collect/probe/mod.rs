//! Probing: DNS, TCP, TLS and MySQL of one endpoint, from wherever this program runs.
//!
//! What a peer does, also that it refuses, hangs or talks nonsense, is a fact: nothing in here has an
//! error type, and nothing takes longer than the time that it was given.

use std::{fmt, net::IpAddr, pin::Pin, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tidb_dms_checks::facts::{
    Fact, Gap, Look, Probe, Role, Unlock,
    probe::{
        DnsOutcome, FORBIDDEN_IN_PASSWORDS, GreetingOutcome, HelloOutcome, TcpAttempt, TlsOutcome,
        Vantage,
    },
};
use tokio::time::Instant;

use super::watch::{Event, Over, Watch};

mod dns;
mod greeting;
mod hello;
mod mysql;
mod tcp;
mod tls;
mod trust;

pub use trust::{NoCertificate, Trust};

/// What to probe, and from where.
#[derive(Clone, Debug)]
pub struct Target {
    /// The host, a name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Which side of the migration the endpoint is, where that is known.
    pub role: Option<Role>,
    /// Where this program runs.
    pub vantage: Vantage,
    /// Log in although nobody verified who is at the other end. TLS it must be all the same.
    pub danger_allow_unverified_login: bool,
}

/// Who logs in, and how the server is known to be the right one. It may take a while to find out: a
/// probe has other things to look at meanwhile.
#[derive(Debug)]
pub struct Credentials<'a> {
    /// The one CA that the login's channel is verified with, or why there is none.
    pub trust: Result<Trust, Gap>,
    /// Who logs in, or why nobody can.
    pub account: Result<Account<'a>, Gap>,
}

/// Who logs in.
#[derive(Debug)]
pub struct Account<'a> {
    /// The user.
    pub user: String,
    /// Its password.
    pub password: Password<'a>,
}

/// A password, which shows nowhere.
pub enum Password<'a> {
    /// It is at hand.
    Known(SecretString),
    /// A person is asked for it, but only when a login is possible.
    Later(Pin<Box<dyn Future<Output = Result<SecretString, Gap>> + Send + 'a>>),
}

impl fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(_) => "Known(…)",
            Self::Later(_) => "Later(…)",
        })
    }
}

/// Who logs in, with everything that it takes.
struct User<'a> {
    name: &'a str,
    password: SecretString,
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

/// The time that a probe has, handed out step by step: each gets an even share of what is left, so
/// that one that hangs doesn't starve the next.
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

/// Probes an endpoint within a time limit of its own, and no longer than the run goes on. Gives what
/// was seen, and why it isn't all, where the run was over before.
pub async fn probe<'a>(
    target: &Target,
    credentials: impl Future<Output = Option<Credentials<'a>>>,
    limit: Duration,
    watch: &Watch,
) -> (Probe, Option<Over>) {
    let mut seen = Probe::new(&target.host, target.port, target.vantage.clone());
    seen.role = target.role;
    let over = watch.wait(look(&mut seen, target, credentials, limit, watch)).await.err();
    if let Some(over) = over {
        leave_off(&mut seen, over);
    }
    (seen, over)
}

async fn look<'a>(
    seen: &mut Probe,
    target: &Target,
    credentials: impl Future<Output = Option<Credentials<'a>>>,
    limit: Duration,
    watch: &Watch,
) {
    let mut budget = Budget { end: Instant::now() + limit.min(watch.left()), steps: 4 };
    let mut who = None;
    let connected = {
        let Probe {
            dns,
            tcp,
            greeting,
            tls,
            tls12,
            tls12_suites,
            login,
            user,
            password_forbidden,
            ..
        } = &mut *seen;
        let looks = Connection { dns, tcp, greeting, tls, tls12, tls12_suites };
        let connecting = connect(target, &mut budget, watch, looks);
        let asking = async {
            who = credentials.await;
            let Some(who) = &who else { return };
            watch.tell(Event::Expected(LOGIN, 1));
            match &who.account {
                Ok(account) => {
                    *user = Some(account.user.clone());
                    if let Password::Known(password) = &account.password {
                        *password_forbidden = Some(Begun::now().saw(forbidden(password)));
                    }
                }
                Err(gap) => *login = Some(Begun::now().missed(gap.clone())),
            }
        };
        // Whoever takes longer: the step after this gets its share of what is left then.
        tokio::join!(connecting, asking).0
    };
    let Some(Credentials { trust, account: Ok(account) }) = who else {
        if who.is_some() {
            watch.tell(Event::Answered(LOGIN));
        }
        return;
    };
    match connected {
        Ok(address) => {
            let tls = seen.tls.as_ref().and_then(|look| look.seen.known());
            match channel(target, tls, &trust) {
                Ok(channel) => {
                    log_in(seen, target, address, channel, account, &mut budget).await;
                }
                Err(gap) => seen.login = Some(Begun::now().missed(gap)),
            }
        }
        Err(reason) => seen.login = Some(Begun::now().missed(gap("the login", &reason))),
    }
    watch.tell(Event::Answered(LOGIN));
}

/// What progress calls the steps.
const DNS: &str = "DNS";
const TCP: &str = "TCP";
const TLS: &str = "TLS";
const LOGIN: &str = "login";

/// The looks of a connection.
struct Connection<'a> {
    dns: &'a mut Option<Look<DnsOutcome>>,
    tcp: &'a mut Option<Look<Vec<TcpAttempt>>>,
    greeting: &'a mut Option<Look<GreetingOutcome>>,
    tls: &'a mut Option<Look<TlsOutcome>>,
    tls12: &'a mut Option<Look<TlsOutcome>>,
    tls12_suites: &'a mut Option<Look<HelloOutcome>>,
}

/// Goes as far as TLS handshakes. Gives the address that answered, or why none did.
async fn connect(
    target: &Target,
    budget: &mut Budget,
    watch: &Watch,
    seen: Connection<'_>,
) -> Result<IpAddr, String> {
    let address = target.host.parse::<IpAddr>().ok();
    let steps = if address.is_some() { &[TCP, TLS][..] } else { &[DNS, TCP, TLS] };
    for step in steps {
        watch.tell(Event::Expected(step, 1));
    }
    let addresses = if let Some(address) = address {
        budget.steps -= 1;
        vec![address]
    } else {
        let look = dns::look(&target.host, budget.next()).await;
        watch.tell(Event::Answered(DNS));
        let addresses = match &look.seen {
            Fact::Known(DnsOutcome::Answer(answer)) => answer.addresses.clone(),
            _ => Vec::new(),
        };
        *seen.dns = Some(look);
        addresses
    };
    let (address, stream) = if addresses.is_empty() {
        let reason = "no address of the host is known";
        *seen.tcp = Some(Begun::now().missed(gap("the TCP connection", reason)));
        Err(reason.to_owned())
    } else {
        let (look, connected) = tcp::look(&addresses, target.port, budget.next()).await;
        let failed = look.seen.known().map_or_else(String::new, |tried| tcp::failed(tried));
        *seen.tcp = Some(look);
        connected.ok_or(failed)
    }
    .inspect_err(|reason| {
        let begun = Begun::now();
        *seen.greeting = Some(begun.missed(gap("the greeting", reason)));
        *seen.tls = Some(begun.missed(gap("the TLS handshake", reason)));
        *seen.tls12 = Some(begun.missed(gap("the TLS 1.2 handshake", reason)));
        watch.tell(Event::Answered(TCP));
        watch.tell(Event::Answered(TLS));
    })?;
    watch.tell(Event::Answered(TCP));
    let end = budget.next();
    tokio::join!(
        async {
            let (greeting, tls) = tls::look(stream, &target.host, end).await;
            *seen.greeting = Some(greeting);
            *seen.tls = Some(tls);
        },
        async {
            let (port, host) = (target.port, &target.host);
            let tls12 = seen.tls12.insert(tls::look_at_tls12(address, port, host, end).await);
            if tls::is_about_suites(tls12) {
                let look = tls::look_at_suites(address, port, host, tls12, end).await;
                *seen.tls12_suites = Some(look);
            }
        }
    );
    watch.tell(Event::Answered(TLS));
    Ok(address)
}

async fn log_in(
    seen: &mut Probe,
    target: &Target,
    address: IpAddr,
    channel: mysql::Channel<'_>,
    account: Account<'_>,
    budget: &mut Budget,
) {
    let password = match account.password {
        Password::Known(password) => password,
        Password::Later(ask) => {
            let begun = Instant::now();
            let answer = ask.await;
            // A person isn't a step that hangs.
            budget.end += begun.elapsed();
            match answer {
                Ok(password) => {
                    seen.password_forbidden = Some(Begun::now().saw(forbidden(&password)));
                    password
                }
                Err(gap) => {
                    seen.login = Some(Begun::now().missed(gap));
                    return;
                }
            }
        }
    };
    let place = mysql::Place { host: &target.host, address, port: target.port };
    let user = User { name: &account.user, password };
    let Probe { login, session, .. } = seen;
    mysql::look(&place, &user, channel, budget.next(), login, session).await;
}

/// Says of each look that wasn't finished that it wasn't.
fn leave_off(seen: &mut Probe, over: Over) {
    let begun = Begun::now();
    let reason = over.to_string();
    let unfinished = |about: &str| {
        let unlock = match over {
            Over::TimeUp(_) => Unlock::Flag("--timeout".into()),
            Over::Interrupted => Unlock::Flag("the same run, to its end".into()),
        };
        Gap::new(about, reason.clone(), unlock)
    };
    if seen.host.parse::<IpAddr>().is_err() && seen.dns.is_none() {
        seen.dns = Some(begun.missed(unfinished("the DNS answer")));
    }
    if seen.tcp.is_none() {
        seen.tcp = Some(begun.missed(unfinished("the TCP connection")));
    }
    if seen.greeting.is_none() {
        seen.greeting = Some(begun.missed(unfinished("the greeting")));
    }
    if seen.tls.is_none() {
        seen.tls = Some(begun.missed(unfinished("the TLS handshake")));
    }
    if seen.tls12.is_none() {
        seen.tls12 = Some(begun.missed(unfinished("the TLS 1.2 handshake")));
    }
    if seen.tls12_suites.is_none() && seen.tls12.as_ref().is_some_and(tls::is_about_suites) {
        seen.tls12_suites = Some(begun.missed(unfinished("the suites of TLS 1.2")));
    }
    if seen.login.is_none() && (seen.user.is_some() || seen.role.is_some()) {
        seen.login = Some(begun.missed(unfinished("the login")));
    }
}

fn gap(about: &str, reason: &str) -> Gap {
    Gap::new(about, reason, Unlock::Vantage("a place that reaches the server".into()))
}

/// Decides whether a login may be tried, and how its channel is to be verified.
///
/// The recorded handshake only saves a vain attempt, and says why: the login has a channel of its own,
/// which is verified again before anything secret is sent.
fn channel<'a>(
    target: &Target,
    tls: Option<&TlsOutcome>,
    trust: &'a Result<Trust, Gap>,
) -> Result<mysql::Channel<'a>, Gap> {
    let Some(TlsOutcome::Session(session)) = tls else {
        return Err(Gap::new(
            "the login",
            "no TLS session came about, and without TLS no password is sent",
            Unlock::Vantage("a place that gets a TLS session with the server".into()),
        ));
    };
    let refused = match trust {
        Ok(trust) => match trust.verify(session, &target.host) {
            Ok(()) => return Ok(mysql::Channel::Verified(trust)),
            Err(distrust) => Gap::new(
                "the login",
                format!(
                    "{} doesn't vouch for the server ({}), so no password was sent",
                    trust.name, distrust.cause
                ),
                if distrust.is_of_ca { Unlock::Flag("--ca".into()) } else { Unlock::Nothing },
            ),
        },
        Err(gap) => gap.clone(),
    };
    if target.danger_allow_unverified_login {
        return Ok(mysql::Channel::DangerUnverified);
    }
    Err(refused)
}

/// That nobody named a CA; `flag` does.
pub fn no_ca(flag: &str) -> Gap {
    Gap::new(
        "the login",
        "no CA was given to verify the server with, so no password was sent",
        Unlock::Flag(flag.into()),
    )
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

//! What a probe saw, in a few lines.

use std::{fmt::Write, path::Path};

use tidb_dms_checks::facts::{
    Fact, Look, Probe,
    probe::{
        DnsOutcome, GreetingOutcome, HelloOutcome, LoginOutcome, MysqlSession, ServerError,
        TcpAttempt, TcpOutcome, TlsOutcome, Vantage,
    },
};

use super::plain;

/// The summary of a probe and where its facts went. It judges nothing: that is the doctor's work.
pub fn render(probe: &Probe, file: &Path) -> String {
    let mut text = String::new();
    let from = match &probe.vantage {
        Vantage::Elsewhere => "from here".to_owned(),
        Vantage::Seat(subnet) => format!("from {subnet}"),
    };
    let _ = writeln!(text, "{}:{} seen {from}", probe.host, probe.port);
    let mut said = Vec::new();
    let mut line = |name: &str, what: Option<(String, bool)>| {
        let Some((what, seen)) = what else { return };
        // One cause is told once.
        if seen || !said.contains(&what) {
            let _ = writeln!(text, "  {name:8} {}", plain(&what));
            said.push(what);
        }
    };
    line("DNS", describe(probe.dns.as_ref(), dns));
    line("TCP", describe(probe.tcp.as_ref(), |attempts| tcp(attempts)));
    line("MySQL", describe(probe.greeting.as_ref(), greeting));
    line("TLS", describe(probe.tls.as_ref(), tls));
    line("TLS 1.2", describe(probe.tls12.as_ref(), tls));
    line("suites", describe(probe.tls12_suites.as_ref(), suites));
    line("login", describe(probe.login.as_ref(), login));
    if !probe.session.is_empty() {
        let _ = writeln!(text, "  {:8} {}", "", plain(&session(&probe.session)));
    }
    let file = file.display().to_string();
    let _ = writeln!(text, "saved to {}; tidb-dms doctor --facts … judges it", plain(&file));
    text
}

/// A look in words, and whether anything was seen.
fn describe<T>(look: Option<&Look<T>>, words: impl FnOnce(&T) -> String) -> Option<(String, bool)> {
    let look = look?;
    Some(match &look.seen {
        Fact::Known(value) => (format!("{} ({} ms)", words(value), look.milliseconds), true),
        Fact::Unknown(gap) => (format!("not seen: {}", gap.reason), false),
    })
}

fn dns(outcome: &DnsOutcome) -> String {
    match outcome {
        DnsOutcome::Answer(answer) => {
            let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
            let via = answer.aliases.last().map(|name| format!(" via {name}"));
            let by = answer.resolver.as_ref().map(|name| format!(", says {name}"));
            format!("{}{}{}", addresses.join(", "), via.unwrap_or_default(), by.unwrap_or_default())
        }
        DnsOutcome::NoSuchName { resolver } => format!("no such name, says {resolver}"),
        DnsOutcome::NoAddress { resolver } => format!("no IPv4 address, says {resolver}"),
    }
}

fn tcp(attempts: &[TcpAttempt]) -> String {
    let attempts: Vec<String> = attempts
        .iter()
        .map(|attempt| {
            let outcome = match &attempt.outcome {
                TcpOutcome::Connected => "connected",
                TcpOutcome::Refused => "refused",
                TcpOutcome::TimedOut => "no answer in time",
                TcpOutcome::Unreachable => "unreachable",
                TcpOutcome::NotSent(error) => error,
            };
            format!("{} {outcome}", attempt.address)
        })
        .collect();
    attempts.join(", ")
}

fn greeting(outcome: &GreetingOutcome) -> String {
    match outcome {
        GreetingOutcome::Greeting(greeting) => format!(
            "{}, {}",
            greeting.server_version,
            if greeting.tls { "offers TLS" } else { "offers no TLS" }
        ),
        GreetingOutcome::Refused(error) => server_error(error),
        GreetingOutcome::NotMysql(what) => format!("not a MySQL server: {what}"),
        GreetingOutcome::Closed => "closed the connection before its greeting".into(),
        GreetingOutcome::TimedOut => "no greeting in time".into(),
    }
}

fn tls(outcome: &TlsOutcome) -> String {
    match outcome {
        TlsOutcome::Session(session) => {
            let chain = match session.chain.len() {
                1 => "1 certificate".to_owned(),
                count => format!("{count} certificates"),
            };
            let proof = if session.key_proved {
                ""
            } else {
                ", without proof that the server holds the key"
            };
            format!("{}, {}, {chain}{proof}", session.protocol, session.cipher)
        }
        TlsOutcome::NotOffered => "not offered".into(),
        TlsOutcome::Refused { alert, .. } => format!("refused: {alert}"),
        TlsOutcome::Broken { how, .. } => format!("broken: {how}"),
        TlsOutcome::TimedOut => "the server fell silent".into(),
    }
}

fn suites(outcome: &HelloOutcome) -> String {
    match outcome {
        HelloOutcome::Chosen { protocol, cipher } => format!("takes {cipher} in {protocol}"),
        HelloOutcome::Refused { alert } => format!("refused: {alert}"),
        HelloOutcome::Broken(how) => format!("broken: {how}"),
        HelloOutcome::TimedOut => "the server fell silent".into(),
    }
}

fn login(outcome: &LoginOutcome) -> String {
    match outcome {
        LoginOutcome::Accepted { danger_unverified: false } => "let in".into(),
        LoginOutcome::Accepted { danger_unverified: true } => {
            "let in; nothing proved who the server is".into()
        }
        LoginOutcome::Refused(error) => server_error(error),
        LoginOutcome::Broken(how) => format!("broken off: {how}"),
        LoginOutcome::TimedOut => "the server fell silent".into(),
    }
}

fn server_error(error: &ServerError) -> String {
    format!("error {}: {}", error.code, error.message)
}

fn session(session: &MysqlSession) -> String {
    fn known<T>(look: Option<&Look<T>>) -> Option<&T> {
        look.and_then(|look| look.seen.known())
    }
    let mut parts = Vec::new();
    if let Some(user) = known(session.current_user.as_ref()) {
        parts.push(format!("as {user}"));
    }
    if let Some(role) = known(session.current_role.as_ref()) {
        parts.push(format!("role {role}"));
    }
    if let Some(version) = known(session.version.as_ref()) {
        parts.push(format!("on {version}"));
    }
    if let Some(grants) = known(session.grants.as_ref()) {
        parts.push(match grants.len() {
            1 => "1 grant".to_owned(),
            count => format!("{count} grants"),
        });
    }
    parts.join(", ")
}

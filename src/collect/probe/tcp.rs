//! TCP: whether something listens at each of the host's addresses.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

use tidb_dms_checks::facts::{
    Look,
    probe::{TcpAttempt, TcpOutcome},
};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::Begun;

/// More addresses than a TiDB Cloud host has; a name with more isn't one.
const MOST: usize = 16;

/// Connects to all addresses side by side. Gives the first of them, in their order, that connected.
pub(super) async fn look(
    addresses: &[IpAddr],
    port: u16,
    end: Instant,
) -> (Look<Vec<TcpAttempt>>, Option<(IpAddr, TcpStream)>) {
    let begun = Begun::now();
    let mut tries = JoinSet::new();
    for (place, address) in addresses.iter().copied().take(MOST).enumerate() {
        tries.spawn(async move { (place, address, connect(address, port, end).await) });
    }
    let mut done = tries.join_all().await;
    done.sort_by_key(|(place, ..)| *place);
    let mut attempts = Vec::new();
    let mut first = None;
    for (_, address, connected) in done {
        let outcome = match connected {
            Ok(stream) => {
                first.get_or_insert((address, stream));
                TcpOutcome::Connected
            }
            Err(outcome) => outcome,
        };
        attempts.push(TcpAttempt { address, outcome });
    }
    (begun.saw(attempts), first)
}

/// Why no connection came about.
pub(super) fn failed(attempts: &[TcpAttempt]) -> String {
    const SHOWN: usize = 2;
    let whys = attempts.iter().take(SHOWN).map(|TcpAttempt { address, outcome }| match outcome {
        TcpOutcome::Connected => format!("{address} took it"),
        TcpOutcome::Refused => format!("{address} refused it"),
        TcpOutcome::TimedOut => format!("{address} didn't answer in time"),
        TcpOutcome::Unreachable => format!("no way leads to {address}"),
        TcpOutcome::NotSent(said) => format!("{address}: {said}"),
    });
    let whys = whys.collect::<Vec<String>>().join(", ");
    let more = if attempts.len() > SHOWN { ", …" } else { "" };
    format!("no TCP connection came about ({whys}{more})")
}

/// Connects to one address.
pub(super) async fn connect(
    address: IpAddr,
    port: u16,
    end: Instant,
) -> Result<TcpStream, TcpOutcome> {
    match timeout_at(end, TcpStream::connect(SocketAddr::new(address, port))).await {
        Ok(Ok(stream)) => {
            // Only latency is at stake.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(outcome(&error)),
        Err(_) => Err(TcpOutcome::TimedOut),
    }
}

fn outcome(error: &io::Error) -> TcpOutcome {
    match error.kind() {
        // A reset in answer to the first packet is what some firewalls send for "refused".
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => TcpOutcome::Refused,
        ErrorKind::TimedOut => TcpOutcome::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => TcpOutcome::Unreachable,
        _ => TcpOutcome::NotSent(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_told_apart() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, TcpOutcome::Refused),
            (ErrorKind::TimedOut, TcpOutcome::TimedOut),
            (ErrorKind::HostUnreachable, TcpOutcome::Unreachable),
            (ErrorKind::NetworkUnreachable, TcpOutcome::Unreachable),
        ] {
            assert_eq!(outcome(&kind.into()), expected);
        }
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        assert!(matches!(outcome(&denied), TcpOutcome::NotSent(_)));
    }
}

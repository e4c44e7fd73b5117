//! Whether an account's host lets a client in from an address.

use std::net::{IpAddr, Ipv4Addr};

use super::pattern::{Dialect, Match, like};

/// What an account's host says of a client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A client from there matches.
    Admitted,
    /// It doesn't.
    Refused,
    /// The host is a name, and what it resolves to isn't known.
    ByName,
}

/// Matches the host of an account (`%`, `10.0.%`, a netmask, an address, a name, nothing at all)
/// against the address from which the server sees a client.
pub fn admits(host: &str, address: IpAddr) -> Admission {
    let verdict = |admitted| {
        if admitted { Admission::Admitted } else { Admission::Refused }
    };
    if host.is_empty() || host == "%" {
        return Admission::Admitted;
    }
    if let Some((network, mask)) = host.split_once('/') {
        return match (network.parse::<Ipv4Addr>(), mask_bits(mask), address) {
            (Ok(network), Some(mask), IpAddr::V4(address)) => {
                verdict(address.to_bits() & mask == network.to_bits())
            }
            _ => Admission::Refused,
        };
    }
    if let Ok(own) = host.parse::<IpAddr>() {
        return verdict(own == address);
    }
    if host.eq_ignore_ascii_case("localhost") {
        // Over TCP a server may or may not resolve the loopback address to this name.
        return if address.is_loopback() { Admission::ByName } else { Admission::Refused };
    }
    if like(host, &address.to_string(), Dialect::MariaDb) == Match::Yes {
        return Admission::Admitted;
    }
    let numeric = host.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '%' | '_'));
    if numeric { Admission::Refused } else { Admission::ByName }
}

/// Whether an account's host can only match addresses that no server on the internet ever sees: private
/// ones, and the machine's own. A name isn't told.
pub fn is_private(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let network = host.split_once('/').map_or(host, |(network, _)| network);
    if let Ok(address) = network.parse::<Ipv4Addr>() {
        return address.is_private() || address.is_loopback() || address.is_link_local();
    }
    // The whole numbers before the first wildcard.
    let before = &host[..host.find(['%', '_']).unwrap_or(0)];
    let numbers: Vec<u8> = before.rsplit_once('.').map_or_else(Vec::new, |(whole, _)| {
        whole.split('.').map_while(|number| number.parse().ok()).collect()
    });
    matches!(numbers.as_slice(), [10 | 127, ..] | [192, 168, ..] | [172, 16..=31, ..])
}

fn mask_bits(mask: &str) -> Option<u32> {
    if let Ok(mask) = mask.parse::<Ipv4Addr>() {
        return Some(mask.to_bits());
    }
    match mask.parse::<u32>().ok()? {
        0 => Some(0),
        bits @ 1..=32 => Some(u32::MAX << (32 - bits)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_hosts_are_private_for_sure() {
        for (host, expected) in [
            ("10.20.1.25", true),
            ("10.%", true),
            ("10.20.1._", true),
            ("192.168.%", true),
            ("172.16.1.0/255.255.255.0", true),
            ("172.31.%", true),
            ("127.0.0.1", true),
            ("localhost", true),
            ("1%", false),
            ("10%", false),
            ("192.%", false),
            ("172.3_.%", false),
            ("172.32.%", false),
            ("52.1.2.3", false),
            ("nat.example.com", false),
            ("%", false),
            ("%.10.%", false),
            ("", false),
        ] {
            assert_eq!(is_private(host), expected, "{host}");
        }
    }

    #[test]
    fn hosts_admit_addresses() {
        for (host, address, expected) in [
            ("%", "44.200.20.7", Admission::Admitted),
            ("", "44.200.20.7", Admission::Admitted),
            ("10.20.1.25", "44.200.20.7", Admission::Refused),
            ("44.200.20.7", "44.200.20.7", Admission::Admitted),
            ("10.20.%", "10.20.1.103", Admission::Admitted),
            ("10.20.%", "10.21.1.103", Admission::Refused),
            ("10.20.1._", "10.20.1.9", Admission::Admitted),
            ("172.16.1.0/255.255.255.0", "172.16.1.77", Admission::Admitted),
            ("172.16.1.0/255.255.255.0", "172.16.2.77", Admission::Refused),
            ("172.16.0.0/12", "172.31.2.77", Admission::Admitted),
            ("nat.example.com", "44.200.20.7", Admission::ByName),
            ("localhost", "44.200.20.7", Admission::Refused),
            ("2001:db8::1", "2001:db8::1", Admission::Admitted),
        ] {
            assert_eq!(admits(host, address.parse().unwrap()), expected, "{host} {address}");
        }
    }
}

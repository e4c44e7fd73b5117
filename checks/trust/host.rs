//! Whether a certificate carries a host name, as OpenSSL sees it and as the `MySQL` client asks:
//! `X509_check_host` without flags, then `X509_check_ip_asc`.

use std::net::IpAddr;

use super::certificate::{Certificate, San};

/// Where OpenSSL finds a host in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In a subject alternative name of the host's own kind.
    Named,
    /// Only in the common name, to which OpenSSL falls back when no DNS name is listed.
    CommonName,
    Nowhere,
}

pub(super) fn find(certificate: &Certificate, host: &str) -> Found {
    if let Ok(address) = host.parse::<IpAddr>()
        && certificate.san.contains(&San::Address(address))
    {
        return Found::Named;
    }
    let mut names = certificate.san.iter().filter_map(|name| match name {
        San::Dns(name) => Some(name),
        _ => None,
    });
    let has_names = names.clone().next().is_some();
    if names.any(|name| matches(name, host)) {
        Found::Named
    } else if !has_names && certificate.common_names.iter().any(|name| matches(name, host)) {
        Found::CommonName
    } else {
        Found::Nowhere
    }
}

/// OpenSSL's `equal_wildcard` with its default flags, which allow `f*.example.com`.
fn matches(pattern: &str, host: &str) -> bool {
    if let Some((prefix, suffix)) = wildcard(pattern)
        && !host.starts_with('.')
    {
        return wildcard_matches(prefix, suffix, host);
    }
    pattern.eq_ignore_ascii_case(host)
}

/// Splits a pattern at its star, if OpenSSL takes it as one: a single star, at an edge of the
/// first label, not in an IDNA label, with two more labels behind it.
fn wildcard(pattern: &str) -> Option<(&str, &str)> {
    let (prefix, suffix) = pattern.split_once('*')?;
    let labels: Vec<&str> = pattern.split('.').collect();
    let first = labels.first()?;
    let well_formed = labels.iter().all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'*')
    });
    let fits = well_formed
        && labels.len() >= 3
        && !suffix.contains('*')
        && first.contains('*')
        && (prefix.is_empty() || suffix.starts_with('.'))
        && !prefix.ends_with('-')
        && !is_idna(prefix);
    fits.then_some((prefix, suffix))
}

fn wildcard_matches(prefix: &str, suffix: &str, host: &str) -> bool {
    let (host, prefix, suffix) = (host.as_bytes(), prefix.as_bytes(), suffix.as_bytes());
    let Some(end) = host.len().checked_sub(suffix.len()).filter(|end| *end >= prefix.len()) else {
        return false;
    };
    if !host[..prefix.len()].eq_ignore_ascii_case(prefix)
        || !host[end..].eq_ignore_ascii_case(suffix)
    {
        return false;
    }
    let starred = &host[prefix.len()..end];
    let whole_label = prefix.is_empty() && suffix.starts_with(b".");
    if whole_label && starred.is_empty() {
        return false;
    }
    if !whole_label && host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--")) {
        return false;
    }
    starred == b"*" || starred.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

fn is_idna(label: &str) -> bool {
    label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn openssl_matches_these() {
        for (pattern, host) in [
            ("db.example.com", "DB.example.COM"),
            ("*.example.com", "db.example.com"),
            ("*.example.com", "xn--d1a.example.com"),
            ("d*.example.com", "db.example.com"),
            ("*b.example.com", "db.example.com"),
        ] {
            assert!(matches(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn openssl_refuses_these() {
        for (pattern, host) in [
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", ".example.com"),
            ("*.com", "example.com"),
            ("db.*.com", "db.example.com"),
            ("d*b.example.com", "dab.example.com"),
            ("*.*.example.com", "a.b.example.com"),
            ("x*.example.com", "xn--d1a.example.com"),
            ("db.example.com", "db.example.com."),
        ] {
            assert!(!matches(pattern, host), "{pattern} {host}");
        }
    }
}

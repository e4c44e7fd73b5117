//! The path that OpenSSL builds, by the rules of `X509_verify_cert` with its default flags.
//!
//! DMS verifies with OpenSSL, which doesn't search: it takes the first issuer that fits, from the
//! store before what was sent, and stands by that choice. So a chain that another verifier finds
//! a way through may be refused, and the other way round.

use jiff::Timestamp;

use super::certificate::{Certificate, Family};

/// A path from the server's certificate upwards.
#[derive(Debug)]
pub(super) struct Path<'a> {
    pub(super) steps: Vec<Step<'a>>,
    pub(super) end: End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) certificate: &'a Certificate,
    /// Its place in what was sent, or none when it comes from the CA file.
    pub(super) sent: Option<usize>,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In a self-signed certificate of the CA file.
    Anchor,
    /// In a self-signed certificate that isn't in the CA file.
    SelfSigned,
    /// In a certificate whose issuer is nowhere.
    IssuerMissing,
    /// Nowhere: certificates of the CA file issued each other, and OpenSSL goes round until it gives up.
    Circle,
}

/// What OpenSSL makes of a certificate's claim to be a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Ca,
    /// By an old habit: version 1 and self-signed, key usage or Netscape type without basic constraints.
    Doubtful,
    NotACa,
}

/// More paths than this are not followed; a caller that gets so many doesn't know them all.
pub(super) const LIMIT: usize = 64;

/// Builds the path. There may be several, since versions of OpenSSL differ: when the CA file holds
/// several certificates of one name that are in date, it depends on how they are sorted which is
/// found first; and OpenSSL 1.1 passes over an issuer whose key may not sign, where OpenSSL 3
/// takes it and refuses. None when nothing was sent.
pub(super) fn paths<'a>(
    sent: &'a [Certificate],
    store: &'a [Certificate],
    at: Timestamp,
) -> Vec<Path<'a>> {
    let mut paths = paths_by(sent, store, at, false);
    let picky = |one: &Certificate| one.may_sign == Some(false);
    if sent.iter().skip(1).chain(store).any(picky) {
        paths.extend(paths_by(sent, store, at, true));
    }
    paths
}

fn paths_by<'a>(
    sent: &'a [Certificate],
    store: &'a [Certificate],
    at: Timestamp,
    must_sign: bool,
) -> Vec<Path<'a>> {
    let passes = |step: &Step<'_>| !must_sign || step.certificate.may_sign != Some(false);
    let mut open: Vec<(Vec<Step<'a>>, bool)> = sent
        .first()
        .map(|certificate| (vec![Step { certificate, sent: Some(0) }], false))
        .into_iter()
        .collect();
    let mut paths = Vec::new();
    while let Some((steps, in_store)) = open.pop() {
        let Some(current) = steps.last().map(|step| step.certificate) else {
            continue;
        };
        if paths.len() == LIMIT {
            break;
        }
        if is_self_signed(current) {
            let known = in_store || store.iter().any(|anchor| anchor.is(current));
            let end = if known { End::Anchor } else { End::SelfSigned };
            paths.push(Path { steps, end });
            continue;
        }
        let stored =
            store.iter().map(|certificate| Step { certificate, sent: None }).filter(passes);
        let mut next = issuers_among(stored, &steps, at);
        let found = !next.is_empty();
        // Once it has gone over to the store, OpenSSL doesn't come back to what was sent.
        if !found && !in_store {
            let offered = sent
                .iter()
                .enumerate()
                .skip(1)
                .map(|(index, certificate)| Step { certificate, sent: Some(index) })
                .filter(passes);
            next = issuers_among(offered, &steps, at);
            next.truncate(1);
        }
        if next.is_empty() {
            paths.push(Path { steps, end: End::IssuerMissing });
            continue;
        }
        for step in next.into_iter().rev() {
            if steps.iter().any(|earlier| earlier.certificate.is(step.certificate)) {
                paths.push(Path { steps: steps.clone(), end: End::Circle });
                continue;
            }
            let mut longer = steps.clone();
            longer.push(step);
            open.push((longer, found));
        }
    }
    paths
}

/// The issuers that fit and are in date, else the one that ends last.
fn issuers_among<'a>(
    candidates: impl Iterator<Item = Step<'a>>,
    steps: &[Step<'a>],
    at: Timestamp,
) -> Vec<Step<'a>> {
    let Some(current) = steps.last().map(|step| step.certificate) else {
        return Vec::new();
    };
    let mut valid: Vec<Step<'a>> = Vec::new();
    let mut late: Option<Step<'a>> = None;
    for step in candidates {
        let certificate = step.certificate;
        // What was sent is used once; the store is asked anew each time.
        let used: &[Step<'_>] = if step.sent.is_some() { steps } else { &[] };
        let mut before = used.iter().chain(&valid);
        let seen = before.any(|earlier| earlier.certificate.is(certificate));
        if seen || !may_have_issued(certificate, current) {
            continue;
        }
        if !has_expired(certificate, at) && !is_not_yet_valid(certificate, at) {
            valid.push(step);
        } else if late.is_none_or(|late| late.certificate.not_after < certificate.not_after) {
            late = Some(step);
        }
    }
    if valid.is_empty() { late.into_iter().collect() } else { valid }
}

/// OpenSSL's `x509_likely_issued`: names, key identifiers and kinds of keys, but no signature.
fn may_have_issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    issuer.subject == certificate.issuer
        && key_identifiers_fit(issuer, certificate)
        && kinds_fit(issuer, certificate)
}

pub(super) fn is_self_signed(certificate: &Certificate) -> bool {
    certificate.subject == certificate.issuer
        && key_identifiers_fit(certificate, certificate)
        && (certificate.signature.is_empty() || kinds_fit(certificate, certificate))
}

fn kinds_fit(issuer: &Certificate, certificate: &Certificate) -> bool {
    match (issuer.key.family, certificate.signature_family()) {
        (Family::Other, Family::Other) => true,
        (key, signature) => key == signature,
    }
}

fn key_identifiers_fit(issuer: &Certificate, certificate: &Certificate) -> bool {
    let authority = &certificate.authority;
    let key = match (&authority.key, &issuer.subject_key) {
        (Some(wanted), Some(key)) => wanted == key,
        _ => true,
    };
    let serial = authority.serial.as_ref().is_none_or(|serial| *serial == issuer.serial);
    let name = authority.issuer.as_ref().is_none_or(|name| *name == issuer.issuer);
    key && serial && name
}

/// OpenSSL's `check_ca`.
pub(super) fn standing(certificate: &Certificate) -> Standing {
    match (certificate.may_sign, certificate.basic_constraints) {
        (Some(false), _) => Standing::NotACa,
        (_, Some(constraints)) if constraints.ca => Standing::Ca,
        (_, Some(_)) => Standing::NotACa,
        (Some(true), None) => Standing::Doubtful,
        (None, None) => {
            let old_root = certificate.version == 1 && is_self_signed(certificate);
            if old_root || certificate.netscape_type {
                Standing::Doubtful
            } else {
                Standing::NotACa
            }
        }
    }
}

/// OpenSSL calls a certificate expired in the very second in which it ends.
pub(super) fn has_expired(certificate: &Certificate, at: Timestamp) -> bool {
    certificate.not_after.as_second() <= at.as_second()
}

pub(super) fn is_not_yet_valid(certificate: &Certificate, at: Timestamp) -> bool {
    at.as_second() < certificate.not_before.as_second()
}

/// The first certificate of the path that has more CAs under it than it allows. CAs that name
/// themselves as issuer don't count.
pub(super) fn too_long<'a>(path: &Path<'a>) -> Option<Step<'a>> {
    let mut below: u32 = 0;
    for (index, step) in path.steps.iter().enumerate() {
        let constraints = step.certificate.basic_constraints;
        let limit = constraints.and_then(|constraints| constraints.path_length);
        if index > 0 && limit.is_some_and(|limit| below > limit) {
            return Some(*step);
        }
        if index > 0 && step.certificate.subject != step.certificate.issuer {
            below += 1;
        }
    }
    None
}

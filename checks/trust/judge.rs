//! From the path that OpenSSL would take to the causes of a refusal, all of them.

use std::net::IpAddr;

use jiff::Timestamp;
use rustls_pki_types::{ServerName, SignatureVerificationAlgorithm};

use crate::facts::{Gap, Unlock};

use super::authority::{self, Ca};
use super::certificate::Certificate;
use super::host::{self, Found};
use super::openssl::{self, End, Path, Standing, Step};
use super::read::{Chain, Tls12};
use super::signature::{Signed, signed_by};
use super::verifier::{self, Question};
use super::{Cause, Code, HOST_NAME, THE_CA, THE_CHAIN, Trust, day};

/// What would settle a doubt between the two verifiers.
fn second_opinion() -> Unlock {
    Unlock::Vantage("DMS itself: its connection test, in which OpenSSL decides".into())
}

fn output_of(command: &str) -> Unlock {
    Unlock::File(format!("the output of `{command}`"))
}

/// One judgement in the making.
pub(super) struct Judge<'a> {
    pub(super) chain: &'a Chain,
    pub(super) host: Option<&'a str>,
    pub(super) ca: &'a Ca,
    pub(super) at: Timestamp,
    pub(super) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

/// What one question brought up.
#[derive(Default)]
struct Findings {
    /// Causes that count when webpki refuses as well.
    causes: Vec<Cause>,
    /// What OpenSSL asks of a CA beyond webpki: it counts by itself.
    certain: Vec<Cause>,
    gaps: Vec<Gap>,
}

impl Judge<'_> {
    pub(super) fn judge(&self) -> Trust {
        let mut all = self.protocol();
        if self.ca.certificates.is_empty() {
            all.gaps.extend(self.ca.gaps(self.algorithms));
        }
        match openssl::paths(&self.chain.sent, &self.ca.certificates, self.at).as_slice() {
            [] => {
                all.causes.extend(self.ca.faults(self.at));
                all.gaps.push(Gap::new(
                    THE_CHAIN,
                    "no certificate of the server was seen",
                    output_of(
                        "openssl s_client -starttls mysql -showcerts -tls1_2 -connect HOST:PORT",
                    ),
                ));
            }
            paths => self.certificates(paths, &mut all),
        }
        Trust::new(all.causes, all.gaps, self.chain)
    }

    /// Asks both verifiers, and keeps as a cause only what neither lets pass.
    fn certificates(&self, paths: &[Path<'_>], all: &mut Findings) {
        let name = self.host.map(|host| (host, ServerName::try_from(host)));
        let opinion =
            verifier::ask(&self.question(), name.as_ref().and_then(|(_, n)| n.as_ref().ok()));

        let chain = self.one_of(paths);
        let silent = chain.causes.is_empty() && chain.certain.is_empty() && chain.gaps.is_empty();
        let unexplained = silent && all.gaps.is_empty();
        match &opinion.chain {
            Ok(()) => all.gaps.extend(chain.causes.into_iter().map(|cause| {
                let reason =
                    format!("OpenSSL would refuse it ({}), webpki accepts it", cause.detail);
                Gap::new(THE_CHAIN, reason, second_opinion())
            })),
            Err(reason) => {
                all.causes.extend(chain.causes);
                if unexplained {
                    let reason = format!("webpki refuses it ({reason}), OpenSSL may accept it");
                    all.gaps.push(Gap::new(THE_CHAIN, reason, second_opinion()));
                }
            }
        }
        all.causes.extend(chain.certain);
        all.gaps.extend(chain.gaps);

        match name {
            Some((host, Ok(_))) => self.name(host, &opinion.name, all),
            Some((host, Err(_))) => all.gaps.push(Gap::new(
                HOST_NAME,
                format!("`{}` is neither a host name nor an address", host.escape_debug()),
                Unlock::Flag("--host".into()),
            )),
            None => {}
        }
    }

    fn protocol(&self) -> Findings {
        let mut found = Findings::default();
        match &self.chain.tls12 {
            Tls12::Refused(words) => {
                let detail = format!("TLS 1.2 is not offered, and DMS speaks no other: {words}");
                found.causes.push(Cause::new(Code::Protocol, detail));
            }
            Tls12::Doubtful(words) => found.gaps.push(Gap::new(
                "TLS 1.2",
                format!("{words}; whether the server offers 1.2, which DMS needs, isn't shown"),
                output_of("openssl s_client -starttls mysql -tls1_2 -connect HOST:PORT"),
            )),
            Tls12::Offered | Tls12::Unseen => {}
        }
        found
    }

    fn name(&self, host: &str, opinion: &Result<(), String>, all: &mut Findings) {
        let Some(leaf) = self.chain.sent.first() else {
            return;
        };
        let found = host::find(leaf, host);
        let reason = match (found, opinion) {
            (Found::Named, Ok(())) => return,
            (Found::Nowhere, Err(_)) => {
                all.causes.push(Cause::new(Code::Hostname, self.not_named(leaf, host)));
                return;
            }
            (Found::CommonName, _) => {
                format!(
                    "{host} stands only in the certificate's common name: OpenSSL takes that, others don't"
                )
            }
            (Found::Named, Err(reason)) => {
                format!("OpenSSL finds {host} in the certificate, webpki doesn't ({reason})")
            }
            (Found::Nowhere, Ok(())) => {
                format!("webpki finds {host} in the certificate, OpenSSL doesn't")
            }
        };
        all.gaps.push(Gap::new(HOST_NAME, reason, second_opinion()));
    }

    fn not_named(&self, leaf: &Certificate, host: &str) -> String {
        const SHOWN: usize = 12;
        let names: Vec<String> = leaf.san.iter().take(SHOWN).map(ToString::to_string).collect();
        let detail = if names.is_empty() {
            format!("the certificate of {} has no alternative names, so not {host}", leaf.subject)
        } else {
            format!("{host} is not among the certificate's names: {}", names.join(", "))
        };
        let more = match leaf.san.len().saturating_sub(SHOWN) {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        let fits = |other: &Certificate| host::find(other, host) != Found::Nowhere;
        let hint = if let Some(index) = self.chain.sent.iter().position(fits) {
            format!("; certificate {} has it, but the server's comes first", index + 1)
        } else if host.parse::<IpAddr>().is_ok() {
            "; the endpoint must name the host, not its address".to_owned()
        } else {
            String::new()
        };
        format!("{detail}{more}{hint}")
    }

    /// The blocks that webpki may end in are those which OpenSSL would call anchors.
    fn question(&self) -> Question<'_> {
        let store = &self.ca.certificates;
        let anchors = store
            .iter()
            .filter(|one| self.is_own_ca(one) || authority::faults(one, self.at).is_empty())
            .collect();
        let helpers = store.iter().filter(|one| !openssl::is_self_signed(one)).collect();
        let (at, algorithms) = (self.at, self.algorithms);
        Question { sent: &self.chain.sent, anchors, helpers, at, algorithms }
    }

    /// A server's self-signed certificate that was imported as its own CA.
    fn is_own_ca(&self, certificate: &Certificate) -> bool {
        openssl::is_self_signed(certificate)
            && self.chain.sent.first().is_some_and(|leaf| leaf.is(certificate))
    }

    /// What every path that OpenSSL might take comes to, or else that it depends on the path.
    fn one_of(&self, paths: &[Path<'_>]) -> Findings {
        let mut all = paths.iter().map(|path| self.chain(path));
        let first = all.next().unwrap_or_default();
        let refuses = |one: &Findings| !one.causes.is_empty() || !one.certain.is_empty();
        let same = paths.len() < openssl::LIMIT && all.all(|one| refuses(&one) == refuses(&first));
        if same {
            return first;
        }
        let gap = Gap::new(
            THE_CA,
            "it holds several certificates of one name, and which of them OpenSSL takes decides",
            Unlock::File("a CA file with the one certificate needed".into()),
        );
        Findings { gaps: vec![gap], ..Findings::default() }
    }

    fn chain(&self, path: &Path<'_>) -> Findings {
        let mut found = Findings::default();
        let broken = self.signatures(path, &mut found);
        // Above a broken signature the path isn't this server's any more.
        let steps = &path.steps[..broken.unwrap_or(path.steps.len())];
        let root = steps.last().filter(|_| broken.is_none() && path.end == End::Anchor);
        let is_root =
            |step: &Step<'_>| root.is_some_and(|root| root.certificate.is(step.certificate));
        for step in steps {
            // What is wrong with the CA itself is said by its own faults.
            if !is_root(step) || steps.len() == 1 {
                self.step(*step, &mut found);
            }
        }
        for step in steps.iter().skip(1).filter(|step| !is_root(step)) {
            match openssl::standing(step.certificate) {
                Standing::Ca => {}
                Standing::NotACa => found.causes.push(Cause {
                    of_ca: step.sent.is_none(),
                    ..Cause::new(
                        Code::BadCa,
                        format!("{} issued the one before it and is not a CA", place(*step)),
                    )
                }),
                Standing::Doubtful => found.gaps.push(Gap::new(
                    THE_CHAIN,
                    format!("{} doesn't say in so many words that it is a CA", place(*step)),
                    second_opinion(),
                )),
            }
        }
        if broken.is_none()
            && let Some(step) = openssl::too_long(path)
        {
            let detail = format!("{} has more CAs under it than it allows", place(step));
            // webpki looks at the limit of a certificate sent, but not at that of an anchor.
            let list = if step.sent.is_none() { &mut found.certain } else { &mut found.causes };
            list.push(Cause::new(Code::BadCa, detail));
        }
        Self::purposes(steps, &mut found);
        let stored = steps.iter().filter(|step| step.sent.is_none());
        found
            .gaps
            .extend(stored.filter_map(|step| authority::gap(step.certificate, self.algorithms)));
        let faults = self.faults(root.map(|root| root.certificate));
        if broken.is_none() {
            self.end(path, !faults.is_empty(), &mut found);
        }
        found.certain.extend(faults);
        found
    }

    /// Checks each signature from the leaf upwards; gives the place of the first issuer whose key
    /// didn't make it.
    fn signatures(&self, path: &Path<'_>, found: &mut Findings) -> Option<usize> {
        for (index, pair) in path.steps.windows(2).enumerate() {
            let [below, issuer] = pair else { continue };
            match signed_by(below.certificate, issuer.certificate, self.algorithms) {
                Signed::Yes => {}
                Signed::CannotTell => found.gaps.push(Gap::new(
                    THE_CHAIN,
                    format!(
                        "the signature on {} can't be checked: its algorithm, or its issuer's key ({}), is one that only OpenSSL may take",
                        place(*below),
                        issuer.certificate.key.label
                    ),
                    second_opinion(),
                )),
                Signed::No => {
                    let name = &issuer.certificate.subject;
                    found.causes.push(if issuer.sent.is_none() {
                        Cause::new(
                            Code::WrongCa,
                            format!("{} names {name} as its issuer, but the CA of that name has another key", place(*below)),
                        )
                    } else {
                        Cause::new(
                            Code::IncompleteChain,
                            format!("{} names {name} as its issuer, but the one of that name that was sent has another key", place(*below)),
                        )
                    });
                    return Some(index + 1);
                }
            }
        }
        None
    }

    fn step(&self, step: Step<'_>, found: &mut Findings) {
        let certificate = step.certificate;
        let of_ca = step.sent.is_none();
        if openssl::has_expired(certificate, self.at) {
            let detail = format!("{} expired on {}", place(step), day(certificate.not_after));
            found.causes.push(Cause { of_ca, ..Cause::new(Code::Expired, detail) });
        }
        if openssl::is_not_yet_valid(certificate, self.at) {
            let detail =
                format!("{} is valid from {} only", place(step), day(certificate.not_before));
            found.causes.push(Cause { of_ca, ..Cause::new(Code::NotYetValid, detail) });
        }
        if !certificate.unreadable.is_empty() {
            let extensions = certificate.unreadable.join(", ");
            let reason =
                format!("{} has an extension that can't be read: {extensions}", place(step));
            found.gaps.push(Gap::new(THE_CHAIN, reason, second_opinion()));
        }
    }

    /// A TLS client of OpenSSL asks every certificate whether it is meant for servers. webpki
    /// doesn't look at key usage, nor at anything of an anchor, and `openssl verify` at neither.
    fn purposes(steps: &[Step<'_>], found: &mut Findings) {
        for step in steps {
            let certificate = step.certificate;
            let unfit = (step.sent == Some(0) && certificate.may_serve == Some(false))
                || (step.sent.is_none() && certificate.for_servers == Some(false));
            if unfit {
                let reason = format!("by its key usage, {} is not for TLS servers", place(*step));
                found.gaps.push(Gap::new(THE_CHAIN, reason, second_opinion()));
            }
        }
    }

    /// What is wrong with the CA: of the anchor that the path ends in, else of all its
    /// certificates when not one of them can be an anchor.
    fn faults(&self, root: Option<&Certificate>) -> Vec<Cause> {
        let store = &self.ca.certificates;
        if root.is_some_and(|root| self.is_own_ca(root)) {
            return Vec::new();
        }
        let bad = match root {
            Some(root) => vec![root],
            None if self.ca.faults(self.at).is_empty() => Vec::new(),
            None => store.iter().collect(),
        };
        let with_place = |certificate: &Certificate, cause: Cause| {
            let place = match self.chain.sent.iter().position(|sent| sent.is(certificate)) {
                Some(0) => "; it is the server's own certificate".to_owned(),
                Some(index) => format!("; it is certificate {} of the chain", index + 1),
                None => String::new(),
            };
            Cause::of_ca(cause.code, format!("{}{place}", cause.detail))
        };
        bad.into_iter()
            .flat_map(|certificate| {
                authority::faults(certificate, self.at)
                    .into_iter()
                    .map(move |cause| with_place(certificate, cause))
            })
            .collect()
    }

    /// Why the path doesn't end in the CA.
    fn end(&self, path: &Path<'_>, ca_is_bad: bool, found: &mut Findings) {
        let Some(top) = path.steps.last() else { return };
        let store = &self.ca.certificates;
        let name = &top.certificate.subject;
        let reaches_ca = path
            .steps
            .iter()
            .any(|step| step.sent.is_none() || store.iter().any(|one| one.is(step.certificate)));
        match path.end {
            End::Anchor if self.is_own_ca(top.certificate) => found.gaps.push(Gap::new(
                THE_CA,
                "the server's self-signed certificate is its own CA: OpenSSL takes that, whether DMS does isn't documented",
                second_opinion(),
            )),
            End::Anchor => {}
            End::SelfSigned if path.steps.len() == 1 => {
                let detail = format!("the server's certificate ({name}) is self-signed");
                found.causes.push(Cause::new(Code::SelfSigned, detail));
                if store.iter().any(|one| one.subject == *name) {
                    let detail = format!("the CA of the name {name} is another certificate");
                    found.causes.push(Cause::new(Code::WrongCa, detail));
                }
            }
            // The CA that was given stands in the middle of the chain: that it is no root explains it.
            _ if ca_is_bad && reaches_ca => {}
            End::SelfSigned => {
                let detail = if store.iter().any(|one| one.subject == *name) {
                    format!("the chain leads to another certificate of the name {name} than the CA")
                } else {
                    format!("the chain leads to {name}, which is self-signed; the CA is {}", self.ca.label())
                };
                found.causes.push(Cause::new(Code::WrongCa, detail));
            }
            End::Circle => found.causes.push(Cause::new(
                Code::WrongCa,
                "certificates of the CA file issued each other, and no root is above them".to_owned(),
            )),
            End::IssuerMissing => self.missing(*top, ca_is_bad, found),
        }
    }

    fn missing(&self, top: Step<'_>, ca_is_bad: bool, found: &mut Findings) {
        let issuer = &top.certificate.issuer;
        let mut cause = |code, detail: String| found.causes.push(Cause::new(code, detail));
        let ca = self.ca.label();
        let mut namesakes = self.ca.certificates.iter().filter(|one| one.subject == *issuer);
        if let Some(first) = namesakes.next() {
            let signed = |ca| signed_by(top.certificate, ca, self.algorithms) == Signed::Yes;
            let same_key = signed(first) || namesakes.any(signed);
            // With the right key, it is for its own faults that OpenSSL didn't take it.
            if same_key && ca_is_bad {
                return;
            }
            let other = if same_key { "certificate" } else { "key" };
            let detail = format!(
                "{} was issued by another {other} of the name {issuer} than the CA's",
                place(top)
            );
            return cause(Code::WrongCa, detail);
        }
        if self
            .chain
            .sent
            .iter()
            .skip(1)
            .any(|one| one.subject == *issuer && !one.is(top.certificate))
        {
            let detail = format!(
                "{} was issued by {issuer}, and what was sent under that name doesn't fit it",
                place(top)
            );
            return cause(Code::IncompleteChain, detail);
        }
        if self.chain.unshown > 0 {
            let reason =
                format!("the text lists {} more certificates than it shows", self.chain.unshown);
            found.gaps.push(Gap::new(
                THE_CHAIN,
                reason,
                output_of("openssl s_client -starttls mysql -showcerts -connect HOST:PORT"),
            ));
            return;
        }
        let last = match self.chain.sent.len() {
            1 => "the only certificate sent".to_owned(),
            count if top.sent == Some(count - 1) => "the last certificate sent".to_owned(),
            _ => place(top),
        };
        let missing = format!("{last} was issued by {issuer}, which is neither sent nor {ca}");
        // Of ISRG Root X1 it is known what stands under it.
        if self.ca.holds_isrg_root_x1() && self.ca.certificates.len() == 1 {
            if authority::is_isrg(top.certificate) {
                return cause(Code::IncompleteChain, missing);
            }
            if let Some(root) = authority::public_root(top.certificate, self.algorithms) {
                let name = root.subject;
                let detail = format!("the chain leads to {name}, a public root; the CA is {ca}");
                return cause(Code::WrongCa, detail);
            }
        }
        cause(Code::IncompleteChain, missing);
        let detail = format!(
            "{issuer} may be a root of its own or stand under one, and then {ca} is the wrong CA; without its certificate that can't be told"
        );
        cause(Code::WrongCa, detail);
    }
}

/// "certificate 2 (YE2)", or "Root YE of the CA file".
fn place(step: Step<'_>) -> String {
    let name = &step.certificate.subject;
    match step.sent {
        Some(0) => format!("the server's certificate ({name})"),
        Some(index) => format!("certificate {} ({name})", index + 1),
        None => format!("{name} of the CA file"),
    }
}

//! What a server presented, what DMS holds against it, and what verify-full says: judged once for all
//! the checks that share it.

use super::{Case, Server};
use crate::{
    facts::{Fact, Gap, Look, Probe, Unlock, probe::TlsOutcome},
    migration::Side,
    trust::{Ca, Chain, Trust, verify},
};

/// One server's certificates beside the one CA that DMS holds for it.
#[derive(Debug)]
pub(crate) struct Verification {
    /// The CA.
    pub(crate) authority: Fact<Authority>,
    /// The chain.
    pub(crate) presented: Fact<Presented>,
    /// What verify-full says. Where the CA isn't known, names and dates alone.
    pub(crate) trust: Fact<Trust>,
}

/// The one CA that DMS holds.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) source: Source,
    pub(crate) ca: Ca,
}

/// Who says which CA it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// The certificate that the endpoint names, by its ARN.
    Imported(String),
    /// The user, of a certificate that isn't imported yet.
    Asked,
    /// TiDB Cloud's documentation.
    Documented,
}

/// What a server sent.
#[derive(Clone, Debug)]
pub(crate) struct Presented {
    pub(crate) chain: Chain,
    /// Whether the server proved that it holds the first certificate's key.
    pub(crate) key_proved: bool,
}

impl Server<'_> {
    /// What DMS would make of its certificates, judged once.
    pub(crate) fn verification(&self, case: &Case<'_>) -> &Verification {
        self.verification.get_or_init(|| {
            let authority = authority(case, self);
            let presented = presented(case, self);
            let trust = match &presented {
                Fact::Known(presented) => {
                    let none = Ca::none();
                    let ca = authority.known().map_or(&none, |authority| &authority.ca);
                    Fact::Known(ask(case, self, &presented.chain, ca))
                }
                Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
            };
            Verification { authority, presented, trust }
        })
    }
}

/// What verify-full says of a chain at the time of the facts.
pub(crate) fn ask(case: &Case<'_>, server: &Server<'_>, chain: &Chain, ca: &Ca) -> Trust {
    let host = server.host.known().map(String::as_str);
    verify(chain, host, ca, case.facts.taken_at, case.signatures.0)
}

/// The CA that DMS holds: the endpoint's certificate, else what was asked of the cluster, else the one
/// that TiDB Cloud documents.
fn authority(case: &Case<'_>, server: &Server<'_>) -> Fact<Authority> {
    if let Side::Unseen(gap) = case.side(server.role) {
        return Fact::Unknown(gap.clone());
    }
    if let Some(arn) = attached(server) {
        return match imported(case, arn) {
            Ok(pem) => match Ca::read(pem.as_bytes()) {
                Ok(ca) => Fact::Known(Authority { source: Source::Imported(arn.to_owned()), ca }),
                Err(error) => Fact::Unknown(Gap::new(
                    arn,
                    format!("it can't be read: {error}"),
                    Unlock::IamAction("dms:DescribeCertificates".into()),
                )),
            },
            Err(gap) => Fact::Unknown(gap),
        };
    }
    let about = format!("the CA of {}", server.name);
    if !server.is_cluster() {
        return Fact::Unknown(Gap::new(
            about,
            "no certificate is attached to its endpoint",
            Unlock::File("its CA's certificate, imported into DMS".into()),
        ));
    }
    if let Some(ca) = asked(case) {
        return match ca {
            Ok(ca) => Fact::Known(Authority { source: Source::Asked, ca }),
            Err(gap) => Fact::Unknown(gap),
        };
    }
    if case.cluster.tier.known().is_some_and(|tier| tier.is_shared_gateway()) {
        return Fact::Known(Authority { source: Source::Documented, ca: Ca::isrg_root_x1() });
    }
    Fact::Unknown(Gap::new(about, "no certificate of it was given", Unlock::Flag("--ca".into())))
}

/// The certificate that a server's endpoint names.
pub(crate) fn attached<'a>(server: &Server<'a>) -> Option<&'a str> {
    server.endpoint?.certificate_arn.as_deref().filter(|arn| !arn.is_empty())
}

/// The text of a certificate in DMS.
pub(crate) fn imported<'a>(case: &Case<'a>, arn: &str) -> Result<&'a str, Gap> {
    let found = case.index.certificate(arn).or_gap(arn, "Certificates")?;
    found.certificate_pem.as_deref().ok_or_else(|| {
        Gap::new(
            arn,
            "its CertificatePem was not delivered",
            Unlock::IamAction("dms:DescribeCertificates".into()),
        )
    })
}

/// The CA that the user named.
pub(crate) fn asked(case: &Case<'_>) -> Option<Result<Ca, Gap>> {
    let text = case.facts.asked.ca.as_deref()?;
    if text.eq_ignore_ascii_case("isrg-root-x1") {
        return Some(Ok(Ca::isrg_root_x1()));
    }
    Some(Ca::read(text.as_bytes()).map_err(|error| {
        Gap::new("the CA", format!("it can't be read: {error}"), Unlock::Flag("--ca".into()))
    }))
}

/// The chain that DMS would be shown: of a handshake of TLS 1.2 if there was one, and of one that was
/// completed if there was one.
fn presented(case: &Case<'_>, server: &Server<'_>) -> Fact<Presented> {
    let of = |partial: bool| {
        server.witness(case, "the certificate chain", |probe| sent(server, probe, partial))
    };
    let sent = match of(false) {
        Fact::Unknown(gap) => match of(true) {
            Fact::Unknown(_) => Fact::Unknown(gap),
            known @ Fact::Known(_) => known,
        },
        known @ Fact::Known(_) => known,
    };
    match sent {
        Fact::Unknown(gap) => Fact::Unknown(gap),
        Fact::Known(((ders, key_proved), _)) => match Chain::from_base64(ders) {
            Ok(chain) => Fact::Known(Presented { chain, key_proved }),
            Err(error) => Fact::Unknown(Gap::new(
                format!("the certificate chain of {}", server.name),
                error.to_string(),
                Unlock::Vantage("DMS itself: its connection test, in which OpenSSL decides".into()),
            )),
        },
    }
}

type Sent<'p> = (&'p [String], bool);

/// What one probe saw of the chain.
fn sent<'p>(server: &Server<'_>, probe: &'p Probe, partial: bool) -> Option<Result<Sent<'p>, Gap>> {
    let looks: Vec<&'p Look<TlsOutcome>> =
        [&probe.tls12, &probe.tls].into_iter().flatten().collect();
    let outcomes = looks.iter().filter_map(|look| look.seen.known());
    let chain = outcomes.filter_map(|outcome| match outcome {
        TlsOutcome::Session(session) => Some((&session.chain[..], session.key_proved)),
        TlsOutcome::Refused { chain, .. } | TlsOutcome::Broken { chain, .. } if partial => {
            Some((&chain[..], false))
        }
        _ => None,
    });
    if let Some(sent) = chain.into_iter().find(|(chain, _)| !chain.is_empty()) {
        return Some(Ok(sent));
    }
    // The handshake that offers both versions tells best why there is none.
    let last = looks.last()?;
    Some(Err(match &last.seen {
        Fact::Unknown(gap) => gap.clone(),
        Fact::Known(outcome) => no_session(server, outcome),
    }))
}

/// Why a handshake shows nothing.
pub(crate) fn no_session(server: &Server<'_>, outcome: &TlsOutcome) -> Gap {
    let reason = match outcome {
        TlsOutcome::Session(_) => "no certificate was sent".to_owned(),
        TlsOutcome::NotOffered => "the server offers no TLS".to_owned(),
        TlsOutcome::Refused { alert, .. } => {
            format!("the server refused it with the alert {alert}")
        }
        TlsOutcome::Broken { how, .. } => format!("it broke off: {how}"),
        TlsOutcome::TimedOut => "the server fell silent".to_owned(),
    };
    Gap::new(
        format!("the TLS handshake of {}", server.name),
        reason,
        Unlock::Vantage("DMS itself: its connection test, in which OpenSSL decides".into()),
    )
}

impl Verification {
    /// The CA, where it is the certificate that the endpoint names.
    pub(crate) fn imported(&self) -> Option<&Authority> {
        self.authority.known().filter(|authority| matches!(authority.source, Source::Imported(_)))
    }

    /// What couldn't be told of a part, named after the server.
    pub(crate) fn gaps(&self, server: &Server<'_>, wanted: impl Fn(&str) -> bool) -> Vec<Gap> {
        let gaps = self.trust.known().map_or(&[][..], |trust| &trust.gaps);
        gaps.iter()
            .filter(|gap| wanted(&gap.about))
            .map(|gap| Gap { about: format!("{} of {}", gap.about, server.name), ..gap.clone() })
            .collect()
    }
}

//! Which certificate DMS should hold for a server.

use crate::{
    case::{
        Case, Server,
        verification::{ask, attached},
    },
    change::Change,
    facts::inventory::dms::Certificate,
    trust::{Ca, Cause, Verdict},
};

/// Lets DMS verify a server, with the certificate that its endpoint names already, where it does.
pub(crate) fn verify_with(case: &Case<'_>, server: &Server<'_>, mode: &str) -> Option<Change> {
    match attached(server) {
        Some(arn) => set(case, server, mode, Some(arn.to_owned()), false),
        // Somebody can import the right one by hand, where it isn't known which that is.
        None => attach(case, server, mode).or_else(|| set(case, server, mode, None, false)),
    }
}

/// Lets DMS verify a server with the right CA: one that it holds and that vouches for what the server
/// sent, else ISRG Root X1 where TiDB Cloud documents it. Nothing where the right CA isn't known.
pub(super) fn attach(case: &Case<'_>, server: &Server<'_>, mode: &str) -> Option<Change> {
    server.endpoint?;
    let known = case.facts.inventory.certificates.items.iter();
    let mut readable: Vec<(&Certificate, Ca)> = known
        .filter_map(|certificate| {
            let ca = Ca::read(certificate.certificate_pem.as_deref()?.as_bytes()).ok()?;
            Some((certificate, ca))
        })
        .collect();
    // The one with the fewest blocks, whatever order they were delivered in.
    readable.sort_by(|(one, first), (other, second)| {
        let blocks = |ca: &Ca| ca.certificates().len();
        (blocks(first), &one.certificate_arn).cmp(&(blocks(second), &other.certificate_arn))
    });
    let judged = server.verification(case);
    let chain = judged.presented.known().map(|presented| &presented.chain);
    let vouches = |ca: &Ca| {
        chain.is_some_and(|chain| {
            let trust = ask(case, server, chain, ca);
            // A wrong name or a late date is no fault of the CA's.
            trust.verdict == Verdict::Trusted
                || (trust.gaps.is_empty()
                    && trust.causes.iter().all(Cause::is_name_or_date_of_the_server))
        })
    };
    if let Some((certificate, _)) = readable.iter().find(|(_, ca)| vouches(ca)) {
        return set(case, server, mode, Some(certificate.certificate_arn.clone()), false);
    }
    let shared = case.cluster.tier.known().is_some_and(|tier| tier.is_shared_gateway());
    if !(server.is_cluster() && shared) {
        return None;
    }
    let is_right = |ca: &Ca| ca.holds_isrg_root_x1() && ca.certificates().len() == 1;
    let held = readable.iter().find(|(_, ca)| is_right(ca));
    let arn = held.map(|(certificate, _)| certificate.certificate_arn.clone());
    let import = arn.is_none();
    set(case, server, mode, arn, import)
}

fn set(
    case: &Case<'_>,
    server: &Server<'_>,
    mode: &str,
    certificate: Option<String>,
    import_isrg_root_x1: bool,
) -> Option<Change> {
    Some(Change::SetSslMode {
        region: case.region()?,
        endpoint: server.endpoint.map(|endpoint| endpoint.endpoint_arn.clone()),
        mode: mode.to_owned(),
        certificate,
        import_isrg_root_x1,
    })
}

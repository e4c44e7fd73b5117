//! The connection is encrypted and the server verified, where the way is public.

use crate::{
    case::Case,
    change::Change,
    check::{Check, Judge},
    facts::{Fact, Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
    tls,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/ssl-mode",
    requirement: "The DMS endpoint verifies the cluster's certificate wherever the way leads over the internet",
    severity: Severity::Error,
    why: "Starter and Essential refuse plain connections on the public endpoint. Dedicated lets them in, and every row crosses the internet in clear. Of the modes, verify-full alone makes sure who answers.",
    fix: "Set SSL mode verify-full, with ISRG Root X1 (Starter, Essential) or the cluster's own CA (Dedicated, Premium) as certificate.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-tidb-cloud-dms-endpoints",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html",
    ],
    controls: &["DMS.9"],
    needs: &needs::joined::<10>(&needs::SEATS, &["dms:DescribeCertificates"]),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some((place, mode)) = j.look(mode(case)) else {
        return;
    };
    j.note(place.as_str(), "SslMode", &mode);
    let mode = mode.to_ascii_lowercase();
    if mode == "verify-full" {
        return;
    }
    let Some(kind) = j.look(case.cluster.path.clone()) else {
        return;
    };
    let name = case.cluster.name();
    let finding = match (kind, mode.as_str()) {
        (PathKind::Public, "none") => {
            let Some(tier) = j.look(case.cluster.tier.clone()) else {
                // Whatever the tier: refused or in clear, it is broken.
                finding(j, case, format!("SSL mode is none: {name} refuses it, or the data crosses the internet in clear"), Severity::Error);
                return;
            };
            if tier.is_shared_gateway() {
                Some((format!("SSL mode is none, and {} refuses plain connections on the public endpoint", tier.name()), Severity::Error))
            } else {
                Some((format!("SSL mode is none: {} lets it in, and the data crosses the internet in clear", tier.name()), Severity::Error))
            }
        }
        (PathKind::Public, "require") => Some((
            "SSL mode is require, which is undocumented for MySQL and verifies nothing: anybody on the way can answer".to_owned(),
            Severity::Error,
        )),
        (PathKind::Public, "verify-ca") => Some((
            "SSL mode is verify-ca: the chain is checked, whose certificate it is isn't".to_owned(),
            Severity::Warning,
        )),
        (_, "none") => Some((
            format!("SSL mode is none: allowed by the guide over {}, and the data is in clear inside the VPC", kind.name()),
            Severity::Advice,
        )),
        (_, "require") => Some((
            "SSL mode is require, which is undocumented for MySQL and verifies nothing".to_owned(),
            Severity::Warning,
        )),
        (_, "verify-ca") => None,
        (_, other) => {
            j.gap(Gap::new(place, format!("its SSL mode `{other}` is none that this version knows"), Unlock::Nothing));
            None
        }
    };
    if let Some((message, level)) = finding {
        self::finding(j, case, message, level);
    }
}

fn finding(j: &mut Judgement, case: &Case<'_>, message: String, level: Severity) {
    let draft = j.fail(message).at(level);
    let server = case.cluster.role.known().map(|role| case.server(*role));
    let change = server.and_then(|server| tls::verify_with(case, &server, "verify-full"));
    let held = change.as_ref().and_then(|change| held(case, change));
    draft.changes(change);
    if let Some(name) = held {
        draft.advise(format!("Set SSL mode verify-full with {name}, which DMS holds already"));
    } else if let Some(tier) = case.cluster.tier.known() {
        draft.advise(if tier.is_shared_gateway() {
            "Import ISRG Root X1 (https://letsencrypt.org/certs/isrgrootx1.pem) into DMS, and set SSL \
             mode verify-full with it"
                .to_owned()
        } else {
            format!(
                "Download {}'s CA in the cluster's Connect dialog, import it into DMS, and set SSL mode \
                 verify-full with it",
                case.cluster.name()
            )
        });
    }
}

/// The name of the certificate that a change attaches, where DMS holds it.
fn held(case: &Case<'_>, change: &Change) -> Option<String> {
    let Change::SetSslMode { certificate: Some(arn), .. } = change else { return None };
    let mut all = case.facts.inventory.certificates.items.iter();
    let certificate = all.find(|certificate| certificate.certificate_arn == *arn)?;
    certificate.certificate_identifier.clone()
}

/// The mode, and where it stands.
fn mode(case: &Case<'_>) -> Fact<(String, String)> {
    if let Some(mode) = &case.facts.asked.ssl_mode {
        return Fact::Known(("asked".into(), mode.clone()));
    }
    match &case.cluster.role {
        Fact::Known(role) => case.server(*role).ssl_mode,
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
    }
}

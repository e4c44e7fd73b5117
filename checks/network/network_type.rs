//! IPv4.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::{Fact, defaults},
    judgement::Judgement,
    migration::Kind,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/network-type",
    requirement: "The replication instance's network type is IPv4",
    severity: Severity::Warning,
    why: "TiDB Cloud's endpoints have IPv4 addresses only; the guide asks for network type IPv4. A dual-stack instance may try IPv6 first.",
    fix: "Choose network type IPv4 for the replication instance.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-an-aws-dms-replication-instance",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.IPAddressing.html",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    match case.migration.kind {
        Kind::Config(_) => {
            j.not_applicable("a serverless replication has no network type");
            return;
        }
        Kind::Planned => {
            j.not_applicable("nothing exists yet: choose IPv4");
            return;
        }
        Kind::Task(..) | Kind::Instance(_) => {}
    }
    let Some(instance) = case.migration.instance() else {
        if let Fact::Unknown(gap) = &case.seats {
            j.gap(gap.clone());
        }
        return;
    };
    let arn = instance.replication_instance_arn.as_str();
    let pending =
        instance.pending_modified_values.as_ref().and_then(|values| values.network_type.as_deref());
    if let Some(pending) = pending.filter(|kind| !kind.eq_ignore_ascii_case("IPV4")) {
        j.fail(format!("The network type is going to be {pending}"));
    }
    match instance.network_type.as_deref() {
        Some(kind) if kind.eq_ignore_ascii_case("IPV4") => j.note(arn, "NetworkType", kind),
        Some(kind) => {
            j.fail(format!("The network type is {kind}, and TiDB Cloud answers on IPv4 only"));
            j.note(arn, "NetworkType", kind);
        }
        None => {
            j.assume(defaults::NETWORK_TYPE.assumed(arn));
            j.note(arn, "NetworkType", "not printed");
        }
    }
}

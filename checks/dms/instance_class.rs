//! An instance that is large enough.

use crate::{
    case::Case,
    change::DmsChange,
    check::{Check, Judge},
    facts::{Gap, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/instance-class",
    requirement: "The replication instance's class is dms.t3.large or larger",
    severity: Severity::Advice,
    why: "PingCAP's walkthroughs advise dms.t3.large or larger: smaller classes run out of memory during the load.",
    fix: "Choose dms.t3.large or larger.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/migrate-from-mysql-using-aws-dms",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.Types.html",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(instance) = super::instance(j, case) else {
        j.undecided_at(Severity::Advice);
        return;
    };
    j.undecided_at(Severity::Advice);
    let arn = instance.replication_instance_arn.as_str();
    let pending = instance
        .pending_modified_values
        .as_ref()
        .and_then(|values| values.replication_instance_class.as_deref());
    let Some(class) = pending.or(instance.replication_instance_class.as_deref()) else {
        j.gap(super::not_delivered(arn, "class", "dms:DescribeReplicationInstances"));
        return;
    };
    j.note(arn, "ReplicationInstanceClass", class);
    match is_small(class) {
        Some(false) => {}
        Some(true) => {
            let draft = j.fail(format!(
                "The replication instance is a {class}, which may run out of memory"
            ));
            if let Some(region) = case.region() {
                draft.change(DmsChange::ModifyInstance {
                    region,
                    instance: arn.to_owned(),
                    class: Some("dms.t3.large".into()),
                    engine_version: None,
                    auto_minor_version_upgrade: None,
                });
            }
        }
        None => j.gap(Gap::new(
            arn,
            format!("its class `{class}` is none that this version knows"),
            Unlock::Nothing,
        )),
    }
}

/// Whether a class is smaller than `large`; `None` for one that isn't written like a class.
fn is_small(class: &str) -> Option<bool> {
    let mut parts = class.strip_prefix("dms.")?.split('.');
    let (Some(_), Some(size), None) = (parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    match size {
        "nano" | "micro" | "small" | "medium" => Some(true),
        size if size.ends_with("large") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn large_is_large_enough() {
        for (class, outcome) in [
            ("dms.t3.large", Outcome::Pass),
            ("dms.r5.24xlarge", Outcome::Pass),
            ("dms.t3.medium", Outcome::Advice),
            ("dms.t2.micro", Outcome::Advice),
            ("dms.t9", Outcome::Unknown),
        ] {
            let place = "/inventory/ReplicationInstances/0/ReplicationInstanceClass";
            testing::check(CHECK.id, &[(&[(place, json!(class))], outcome, "")]);
        }
        let place = "/inventory/ReplicationInstances/0/PendingModifiedValues";
        let small = json!({"ReplicationInstanceClass": "dms.t3.small"});
        testing::check(CHECK.id, &[(&[(place, small)], Outcome::Advice, "dms.t3.small")]);
    }
}

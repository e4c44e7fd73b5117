//! The replication instance is there and stays as it is.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::{Gap, Unlock, inventory::dms::ReplicationInstance},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/instance-state",
    requirement: "The replication instance is available, and no change of it is waiting",
    severity: Severity::Error,
    why: "A task doesn't start on an instance that isn't available. A change that waits for the maintenance window restarts the instance in the middle of a load, and the instance to come isn't the one that was judged.",
    fix: "Wait until the instance is available, or mend what its status names; let waiting changes happen before the migration.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(instance) = super::instance(j, case) else {
        return;
    };
    let arn = instance.replication_instance_arn.as_str();
    for change in waiting(instance) {
        j.fail(format!("A change is waiting: {change}")).at(Severity::Warning);
    }
    let Some(status) = instance.replication_instance_status.as_deref() else {
        j.gap(super::not_delivered(arn, "status", "dms:DescribeReplicationInstances"));
        return;
    };
    j.note(arn, "ReplicationInstanceStatus", status);
    let (what, level, advice) = match status.to_ascii_lowercase().as_str() {
        "available" => return,
        "storage-full" => (
            "its storage is full, and nothing runs on it",
            Severity::Error,
            "Give the instance more storage, then wait until it is available",
        ),
        "incompatible-network" => (
            "AWS can't keep it in its network: a subnet without free addresses, a changed subnet group or security group",
            Severity::Error,
            "Mend the subnet group, or make a new instance in one that is whole",
        ),
        "incompatible-credentials" | "inaccessible-encryption-credentials" => (
            "its KMS key can't be used",
            Severity::Error,
            "Enable the key and DMS's access to it, or make a new instance with another key",
        ),
        "failed" | "deleting" | "deleted" => {
            ("no task runs on it", Severity::Error, "Make a new replication instance")
        }
        "creating"
        | "modifying"
        | "upgrading"
        | "rebooting"
        | "resetting-master-credentials"
        | "maintenance" => (
            "tests and tasks are refused until it is available",
            Severity::Warning,
            "Wait until the instance is available",
        ),
        _ => {
            j.gap(Gap::new(
                arn,
                format!("its status `{status}` is none that this version knows"),
                Unlock::Nothing,
            ));
            return;
        }
    };
    j.fail(format!("The replication instance is {status}: {what}")).at(level).advise(advice);
}

/// What waits for the maintenance window. The network type is told by a check of its own.
fn waiting(instance: &ReplicationInstance) -> Vec<String> {
    let Some(pending) = &instance.pending_modified_values else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    if let Some(class) = &pending.replication_instance_class {
        changes.push(format!("class {class}"));
    }
    if let Some(version) = &pending.engine_version {
        changes.push(format!("engine version {version}"));
    }
    match pending.multi_az {
        Some(true) => changes.push("a standby in another zone, whose way out counts too".into()),
        Some(false) => changes.push("the standby goes".into()),
        None => {}
    }
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const STATUS: &str = "/inventory/ReplicationInstances/0/ReplicationInstanceStatus";
    const PENDING: &str = "/inventory/ReplicationInstances/0/PendingModifiedValues";

    #[test]
    fn an_instance_is_available_or_what_it_says() {
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(STATUS, json!("storage-full"))], Outcome::Fail, "storage is full"),
                (&[(STATUS, json!("incompatible-network"))], Outcome::Fail, "network"),
                (&[(STATUS, json!("inaccessible-encryption-credentials"))], Outcome::Fail, "KMS"),
                // Not failed: it only takes time.
                (&[(STATUS, json!("modifying"))], Outcome::Warn, "until it is available"),
                (&[(STATUS, json!("daydreaming"))], Outcome::Unknown, "daydreaming"),
                (&[(STATUS, json!(null))], Outcome::Unknown, "status was not delivered"),
                (&[(PENDING, json!({}))], Outcome::Pass, ""),
                (
                    &[(PENDING, json!({"ReplicationInstanceClass": "dms.c5.large"}))],
                    Outcome::Warn,
                    "class dms.c5.large",
                ),
                (&[(PENDING, json!({"MultiAZ": true}))], Outcome::Warn, "standby"),
            ],
        );
    }
}

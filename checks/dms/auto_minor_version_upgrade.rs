//! AWS mends the engine by itself.

use crate::{
    case::Case,
    change::DmsChange,
    check::{Check, Judge},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/auto-minor-version-upgrade",
    requirement: "The replication instance takes minor engine upgrades by itself",
    severity: Severity::Advice,
    why: "Minor versions carry the mends of security and of bugs; Security Hub asks for it.",
    fix: "Turn automatic minor version upgrades on, and keep the maintenance window out of the migration's hours.",
    references: &["https://docs.aws.amazon.com/securityhub/latest/userguide/dms-controls.html"],
    controls: &["DMS.6"],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let instance = super::instance(j, case);
    j.undecided_at(Severity::Advice);
    let Some(instance) = instance else { return };
    let arn = instance.replication_instance_arn.as_str();
    let Some(on) = instance.auto_minor_version_upgrade else {
        j.gap(super::not_delivered(
            arn,
            "AutoMinorVersionUpgrade",
            "dms:DescribeReplicationInstances",
        ));
        return;
    };
    j.note(arn, "AutoMinorVersionUpgrade", on);
    if on {
        return;
    }
    let draft = j.fail("Automatic minor version upgrades are off");
    if let Some(region) = case.region() {
        draft.change(DmsChange::ModifyInstance {
            region,
            instance: arn.to_owned(),
            class: None,
            engine_version: None,
            auto_minor_version_upgrade: Some(true),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn it_is_on_off_or_not_seen() {
        let place = "/inventory/ReplicationInstances/0/AutoMinorVersionUpgrade";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(place, json!(false))], Outcome::Advice, "off"),
                (&[(place, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
    }
}

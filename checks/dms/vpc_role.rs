//! The role that DMS looks up by its name.

use serde_json::Value;

use crate::{
    case::Case,
    change::{DmsChange, VPC_POLICY, VPC_ROLE},
    check::{Check, Judge},
    facts::{
        Gap, Unlock,
        inventory::{Extent, iam::Role},
    },
    judgement::Judgement,
    migration::Kind,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/vpc-role",
    requirement: "The account has the role dms-vpc-role, which DMS may take and which may manage network interfaces",
    severity: Severity::Error,
    why: "DMS looks up exactly this name to put the replication into the VPC; a role of another name is never found (AccessDeniedFault: The IAM Role … is not configured properly).",
    fix: "Create dms-vpc-role with trust in dms.amazonaws.com and the policy AmazonDMSVPCManagementRole.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html",
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#prerequisites",
    ],
    controls: &[],
    needs: &needs::joined::<11>(&needs::SEATS, &["iam:GetRole", "iam:ListAttachedRolePolicies"]),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// Who must be trusted.
const SERVICE: &str = "dms.amazonaws.com";

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Warning);
    let list = &case.facts.inventory.roles;
    let account = account(case);
    let ours = |role: &&Role| {
        let of_role = role.arn.as_deref().and_then(|arn| arn.split(':').nth(4));
        account.is_none() || of_role.is_none() || account == of_role
    };
    // The name alone counts; a prefix or a suffix makes another role.
    let found = list.items.iter().filter(ours).find(|role| role.role_name == VPC_ROLE);
    let mend = |create: bool, trust: bool, attach: bool| {
        Some(DmsChange::MendVpcRole { region: case.region()?, create, trust, attach })
    };
    let Some(role) = found else {
        if let Some(gap) = list.gap() {
            j.gap(gap.clone());
            return;
        }
        // No account is without roles: that of DMS's service is one. Only who asked for this role by
        // its name may see none.
        let is_empty = list.items.is_empty();
        let was_asked_for = is_empty && list.extent == Extent::Whole;
        if !was_asked_for && list.items.iter().all(|role| !ours(&role)) {
            j.gap(Gap::new(
                VPC_ROLE,
                if is_empty {
                    "the list of roles that was delivered is empty, and no account's is"
                } else {
                    "the roles that were delivered are of other accounts"
                },
                Unlock::IamAction("iam:ListRoles".into()),
            ));
            return;
        }
        let alike: Vec<&str> = list
            .items
            .iter()
            .filter(ours)
            .map(|role| role.role_name.as_str())
            .filter(|name| name.to_ascii_lowercase().contains("dms-vpc"))
            .collect();
        for name in &alike {
            j.note(*name, "RoleName", name);
        }
        let draft = j.fail(if alike.is_empty() {
            format!("The account has no role {VPC_ROLE}")
        } else {
            format!(
                "The account has {}, and DMS looks up {VPC_ROLE} and nothing else",
                alike.join(", ")
            )
        });
        if let Some(change) = mend(true, true, true) {
            draft.change(change);
        }
        return;
    };
    j.note(VPC_ROLE, "RoleName", VPC_ROLE);
    judge_trust(j, role, mend(false, true, false));
    judge_policies(j, role, mend(false, false, true));
}

fn judge_trust(j: &mut Judgement, role: &Role, mend: Option<DmsChange>) {
    let document = role.assume_role_policy_document.as_ref();
    match document.and_then(trust) {
        Some(Trust::Whole) => j.note(VPC_ROLE, "AssumeRolePolicyDocument", SERVICE),
        Some(Trust::None) => {
            let draft = j.fail(format!("{VPC_ROLE} doesn't trust {SERVICE}"));
            if let Some(change) = mend {
                draft.change(change);
            }
        }
        Some(Trust::Conditional) => j.gap(Gap::new(
            VPC_ROLE,
            "its trust has conditions or exceptions that aren't judged here",
            Unlock::Nothing,
        )),
        None => j.gap(Gap::new(
            VPC_ROLE,
            "its trust policy was not delivered",
            Unlock::IamAction("iam:GetRole".into()),
        )),
    }
}

fn judge_policies(j: &mut Judgement, role: &Role, mend: Option<DmsChange>) {
    let Some(policies) = &role.attached_policies else {
        j.gap(Gap::new(
            VPC_ROLE,
            "its policies were not delivered",
            Unlock::IamAction("iam:ListAttachedRolePolicies".into()),
        ));
        return;
    };
    let name = policies
        .iter()
        .filter_map(|policy| policy.policy_name.as_deref())
        .find(|name| *name == VPC_POLICY);
    if let Some(name) = name {
        j.note(VPC_ROLE, "PolicyName", name);
        return;
    }
    // Another policy, or an inline one, may allow the same.
    let draft = j.fail(format!("{VPC_ROLE} has no policy {VPC_POLICY}")).at(Severity::Warning);
    if let Some(change) = mend {
        draft.change(change);
    }
}

/// Whether DMS may take a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trust {
    Whole,
    Conditional,
    None,
}

/// Reads a trust policy; `None` when it isn't one.
fn trust(document: &Value) -> Option<Trust> {
    let statements = match document.get("Statement")? {
        Value::Array(statements) => statements.as_slice(),
        statement => std::slice::from_ref(statement),
    };
    let holds = |value: Option<&Value>, wanted: &dyn Fn(&str) -> bool| match value {
        Some(Value::String(text)) => wanted(text),
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str().is_some_and(wanted)),
        _ => false,
    };
    let mut best = Trust::None;
    for statement in statements {
        if statement.get("NotPrincipal").is_some() || statement.get("NotAction").is_some() {
            return Some(Trust::Conditional);
        }
        // A statement says who may do what; one that doesn't was not delivered whole.
        let principal = statement.get("Principal")?;
        let action = statement.get("Action")?;
        if principal.as_object().is_some_and(serde_json::Map::is_empty) {
            return None;
        }
        let names_us = principal.as_str() == Some("*")
            || holds(principal.get("Service"), &|name| name == SERVICE);
        let action = holds(Some(action), &|name| {
            name.eq_ignore_ascii_case("sts:AssumeRole") || name == "sts:*" || name == "*"
        });
        if !names_us || !action {
            continue;
        }
        let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        if !allows {
            return Some(Trust::Conditional);
        }
        let has_condition = statement
            .get("Condition")
            .is_some_and(|condition| condition.as_object().is_none_or(|it| !it.is_empty()));
        best = match (best, has_condition) {
            (Trust::Whole, _) | (_, false) => Trust::Whole,
            (_, true) => Trust::Conditional,
        };
    }
    Some(best)
}

/// The account that the replication runs in.
fn account<'a>(case: &Case<'a>) -> Option<&'a str> {
    let arn = match case.migration.kind {
        Kind::Task(task, _) => task.replication_task_arn.as_str(),
        Kind::Instance(instance) => instance.replication_instance_arn.as_str(),
        Kind::Config(config) => config.replication_config_arn.as_str(),
        Kind::Planned => return None,
    };
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const ROLES: &str = "/inventory/Roles";
    const EXTENTS: &str = "/inventory/Extents";
    const TRUST: &str = "/inventory/Roles/0/AssumeRolePolicyDocument";
    const POLICIES: &str = "/inventory/Roles/0/AttachedPolicies";

    fn trusted(service: &Value, condition: &Value) -> Value {
        json!({"Statement": {"Effect": "Allow", "Principal": {"Service": service},
            "Action": "sts:AssumeRole", "Condition": condition}})
    }

    #[test]
    fn the_name_is_looked_up_exactly() {
        let dev = json!([{"RoleName": "dms-vpc-role-dev", "Arn": "arn:aws:iam::1:role/dms-vpc-role-dev"}]);
        let foreign =
            json!([{"RoleName": "dms-vpc-role", "Arn": "arn:aws:iam::2:role/dms-vpc-role"}]);
        let with_own = |foreign: &Value| json!([foreign[0], {"RoleName": "x", "Arn": "arn:aws:iam::1:role/x"}]);
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                // F-23.
                (&[(ROLES, dev)], Outcome::Fail, "dms-vpc-role-dev"),
                (
                    &[(ROLES, json!([])), (EXTENTS, json!({"Roles": "whole"}))],
                    Outcome::Fail,
                    "no role",
                ),
                (
                    &[(ROLES, json!([])), (EXTENTS, json!({"Roles": "assumed_whole"}))],
                    Outcome::Unknown,
                    "is empty",
                ),
                (&[(ROLES, foreign.clone())], Outcome::Unknown, "of other accounts"),
                (&[(ROLES, with_own(&foreign))], Outcome::Fail, "no role"),
                (&[(ROLES, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[(ROLES, json!(null))]).level(), Severity::Warning);
    }

    #[test]
    fn dms_may_take_it_and_it_may_manage_interfaces() {
        let both = json!(["ec2.amazonaws.com", "dms.amazonaws.com"]);
        let own = json!([{"PolicyName": "our-own"}]);
        testing::check(
            CHECK.id,
            &[
                (&[(TRUST, trusted(&both, &json!({})))], Outcome::Pass, ""),
                (
                    &[(TRUST, trusted(&json!("ec2.amazonaws.com"), &json!({})))],
                    Outcome::Fail,
                    "doesn't trust",
                ),
                (
                    &[(
                        TRUST,
                        trusted(
                            &json!("dms.amazonaws.com"),
                            &json!({"StringEquals": {"aws:SourceAccount": "1"}}),
                        ),
                    )],
                    Outcome::Unknown,
                    "conditions",
                ),
                (&[(TRUST, json!(null))], Outcome::Unknown, "trust policy"),
                (&[(POLICIES, own)], Outcome::Warn, "no policy"),
                (&[(POLICIES, json!(null))], Outcome::Unknown, "policies"),
            ],
        );
    }
}

//! `tidb-dms iam-policy`: the least policy with which `doctor` sees all that the selected checks need.
//!
//! It is made from the checks' own `needs`, so it can't fall behind them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidb_dms_checks::checks;

use crate::{
    cli::{ArgumentError, DoctorArguments, IamPolicyArguments},
    report,
};

/// Reads a secret's value: never without the user's own wish.
const SECRET: &str = "secretsmanager:GetSecretValue";
/// What a test of a connection writes, and where its result is read.
const TEST: &str = "dms:TestConnection";
const RESULT: &str = "dms:DescribeConnections";

/// Actions that take a resource, and which. All others list, and lists take `*` alone.
const RESOURCES: &[(&str, &[&str])] = &[
    ("iam:GetRole", &["arn:*:iam::*:role/dms-vpc-role"]),
    ("iam:ListAttachedRolePolicies", &["arn:*:iam::*:role/dms-vpc-role"]),
    ("kms:DescribeKey", &["arn:*:kms:*:*:key/*"]),
    (SECRET, &["arn:*:secretsmanager:*:*:secret:*"]),
    (TEST, &["arn:*:dms:*:*:rep:*", "arn:*:dms:*:*:endpoint:*"]),
];

/// Prints the policy.
pub fn run(arguments: &IamPolicyArguments) -> Result<u8, String> {
    let policy = policy(arguments).map_err(|error| error.to_string())?;
    let text = serde_json::to_string_pretty(&policy).map_err(|error| error.to_string())?;
    report::print(&format!("{text}\n")).map_err(|error| format!("standard output: {error}"))?;
    Ok(0)
}

/// The policy document.
pub fn policy(arguments: &IamPolicyArguments) -> Result<Value, ArgumentError> {
    let statements = by_resource(&actions(arguments)?);
    Ok(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// The IAM actions among the needs of the selected checks, and those that were asked for.
fn actions(arguments: &IamPolicyArguments) -> Result<BTreeSet<&'static str>, ArgumentError> {
    let selection = DoctorArguments {
        only: arguments.only.clone(),
        skip: arguments.skip.clone(),
        ..DoctorArguments::default()
    };
    let wanted = selection.policy()?;
    // Grants of a database have no colon.
    let mut actions: BTreeSet<&str> = checks()
        .filter(|check| wanted.wants(check))
        .flat_map(|check| check.needs)
        .copied()
        .filter(|need| need.contains(':') && !need.starts_with("mysql:") && *need != SECRET)
        .collect();
    if arguments.secrets {
        actions.insert(SECRET);
    }
    if arguments.test_connection {
        actions.extend([TEST, RESULT]);
    }
    Ok(actions)
}

/// One statement for all that lists, and one for each kind of resource.
fn by_resource(actions: &BTreeSet<&'static str>) -> Vec<Value> {
    let resources = |action: &str| {
        RESOURCES.iter().find(|(limited, _)| *limited == action).map(|(_, resources)| *resources)
    };
    let statement = |actions: Vec<&str>, resources: Value| json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
    let lists: Vec<&str> =
        actions.iter().copied().filter(|action| resources(action).is_none()).collect();
    let mut statements = Vec::new();
    if !lists.is_empty() {
        statements.push(statement(lists, json!("*")));
    }
    let mut done: Vec<&[&str]> = Vec::new();
    for limit in actions.iter().filter_map(|action| resources(action)) {
        if !done.contains(&limit) {
            done.push(limit);
            let of_limit = |action: &&str| resources(action) == Some(limit);
            let together = actions.iter().copied().filter(of_limit).collect();
            statements.push(statement(together, json!(limit)));
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(only: &[&str], change: impl Fn(&mut IamPolicyArguments)) -> Vec<Value> {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        let mut arguments = IamPolicyArguments { only, ..IamPolicyArguments::default() };
        change(&mut arguments);
        policy(&arguments).unwrap()["Statement"].as_array().unwrap().clone()
    }

    #[test]
    fn a_policy_holds_the_needs_of_the_selected_checks_and_nothing_else() {
        let statements = of(&["dms/vpc-role"], |_| {});
        let text = serde_json::to_string(&statements).unwrap();
        assert!(text.contains("iam:GetRole") && text.contains("role/dms-vpc-role"), "{text}");
        assert!(!text.contains("ec2:DescribeRouteTables") && !text.contains("kms:"), "{text}");
        assert_eq!(statements[0]["Resource"], "*");
        for action in statements[0]["Action"].as_array().unwrap() {
            assert!(action.as_str().unwrap().contains(":Describe"), "{action}");
        }
    }

    #[test]
    fn what_writes_or_reads_secrets_is_there_on_request_alone() {
        let plain = serde_json::to_string(&of(&[], |_| {})).unwrap();
        assert!(!plain.contains("GetSecretValue") && !plain.contains("TestConnection"), "{plain}");
        assert!(!plain.contains("mysql"), "{plain}");
        let more = of(&[], |arguments| {
            arguments.secrets = true;
            arguments.test_connection = true;
        });
        let test = more.iter().find(|statement| statement["Action"] == json!([TEST])).unwrap();
        assert_eq!(test["Resource"], json!(["arn:*:dms:*:*:rep:*", "arn:*:dms:*:*:endpoint:*"]));
        assert!(more.iter().any(|statement| statement["Action"] == json!([SECRET])));
    }

    #[test]
    fn a_test_needs_its_result() {
        let statements = of(&["dms/vpc-role"], |arguments| arguments.test_connection = true);
        let lists = statements[0]["Action"].as_array().unwrap();
        assert!(lists.contains(&json!(RESULT)));
    }

    #[test]
    fn an_unknown_check_is_an_error() {
        let arguments =
            IamPolicyArguments { only: vec!["network/routes".into()], ..Default::default() };
        let error = policy(&arguments).unwrap_err().to_string();
        assert!(error.contains("did you mean `network/route`"), "{error}");
    }
}

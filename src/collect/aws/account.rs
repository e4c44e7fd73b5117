//! What is asked of IAM and KMS: the role that DMS looks up by its name, and the keys of the migration.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    call::{Failure, read_json, read_xml, send},
    deliver::Listed,
    job::{Job, Look, pages},
};

/// The only name by which DMS looks for its role.
const ROLE: &str = "dms-vpc-role";
const GET_ROLE: &str = "iam:GetRole";
const LIST_POLICIES: &str = "iam:ListAttachedRolePolicies";
const DESCRIBE_KEY: &str = "kms:DescribeKey";

/// The role. All roles of its name, that is: no other is asked for, since no other counts.
pub(super) fn roles<'a>(look: &'a Look<'a>) -> Vec<Job<'a>> {
    vec![Job::new("Roles", GET_ROLE, async {
        let (found, policies) = tokio::join!(role(look), policies(look));
        match found {
            Ok(mut role) => {
                if let Ok(policies) = policies {
                    role["AttachedPolicies"] = Value::Array(policies);
                }
                Listed::whole(vec![role])
            }
            Err(Failure::NotFound) => Listed::default(),
            Err(failure) => Listed { items: Vec::new(), failure: Some(failure) },
        }
    })]
}

async fn role(look: &Look<'_>) -> Result<Value, Failure> {
    let body = send!(look, GET_ROLE, look.aws.iam.get_role().role_name(ROLE))?;
    let mut answer = read_xml(&body)?;
    let mut role = answer["GetRoleResult"]["Role"].take();
    if role["RoleName"].as_str().is_none() {
        return Err(Failure::Unreadable("there is no role in it".into()));
    }
    // IAM writes policy documents as they stand in a URL.
    if let Some(document) = role["AssumeRolePolicyDocument"].as_str() {
        let decoded = percent_encoding::percent_decode_str(document).decode_utf8_lossy();
        let policy: Value = serde_json::from_str(&decoded)
            .map_err(|error| Failure::Unreadable(format!("its trust policy: {error}")))?;
        role["AssumeRolePolicyDocument"] = policy;
    }
    Ok(role)
}

/// The role's managed policies, or why they can't be told.
async fn policies(look: &Look<'_>) -> Result<Vec<Value>, Failure> {
    if !look.needs(LIST_POLICIES) {
        return Err(Failure::NotFound);
    }
    let read = |body: &[u8]| {
        let mut answer = read_xml(body)?;
        let mut page = answer["ListAttachedRolePoliciesResult"].take();
        // An empty list of IAM's is an element without content.
        if page.is_object() && page.get("AttachedPolicies").is_none() {
            page["AttachedPolicies"] = json!([]);
        }
        Ok(page)
    };
    let listed = pages("AttachedPolicies", "Marker", read, |marker| async {
        send!(
            look,
            LIST_POLICIES,
            look.aws.iam.list_attached_role_policies().role_name(ROLE).set_marker(marker)
        )
    })
    .await;
    listed.failure.map_or(Ok(listed.items), Err)
}

/// The keys that the migration names.
pub(super) fn keys<'a>(look: &'a Look<'a>, keys: &BTreeSet<String>) -> Vec<Job<'a>> {
    let key = |key: &String| {
        let key = key.clone();
        Job::new("KmsKeys", DESCRIBE_KEY, async move {
            let request = look.aws.kms.describe_key().key_id(key);
            let answer = send!(look, DESCRIBE_KEY, request).and_then(|body| read_json(&body));
            // One that isn't found is a gap too: it was named, so there should be one.
            match answer {
                Ok(answer) => Listed::whole(vec![answer]),
                Err(failure) => Listed { items: Vec::new(), failure: Some(failure) },
            }
        })
    };
    keys.iter().map(key).collect()
}

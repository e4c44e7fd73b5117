//! What IAM and KMS say: the roles that DMS looks up by name, and the keys that it encrypts with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resource, shape::aws_shape};

aws_shape! {
    /// A role (`aws iam list-roles`, `get-role`), with its attached policies beside it.
    pub struct Role {
        /// Its name.
        pub role_name: String,
        /// Its ARN, which names the account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub arn: Option<String>,
        /// Who may take it: a policy document.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub assume_role_policy_document: Option<serde_json::Value>,
        /// Its managed policies, as `list-attached-role-policies` prints them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attached_policies: Option<Vec<AttachedPolicy>>,
    }
}

impl Resource for Role {
    fn id(&self) -> &str {
        &self.role_name
    }

    /// Every account has its own.
    fn second_id(&self) -> &str {
        self.arn.as_deref().unwrap_or("")
    }
}

aws_shape! {
    /// A managed policy of a role.
    pub struct AttachedPolicy {
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub policy_name: Option<String>,
        /// Its ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub policy_arn: Option<String>,
    }
}

aws_shape! {
    /// The answer of `aws kms describe-key`: one key.
    pub struct KmsKey {
        /// The key.
        pub key_metadata: KeyMetadata,
    }
}

impl Resource for KmsKey {
    fn id(&self) -> &str {
        &self.key_metadata.arn
    }
}

aws_shape! {
    /// A KMS key.
    pub struct KeyMetadata {
        /// Its ARN.
        pub arn: String,
        /// Its id.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub key_id: Option<String>,
        /// `Enabled`, `Disabled`, `PendingDeletion`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub key_state: Option<String>,
    }
}

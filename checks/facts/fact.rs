//! What was seen, and what was not: [`Fact`], [`Gap`] and [`Assumption`].

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;

/// Something that was looked for: seen, or not seen with the reason.
///
/// JSON: `{"known": …}` or `{"unknown": {"about", "reason", "unlock"}}`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// It was seen.
    Known(T),
    /// It was not seen.
    Unknown(Gap),
}

impl<T> Fact<T> {
    /// The value, where it was seen.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The gap, where nothing was seen.
    pub const fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(gap) => Some(gap),
        }
    }
}

/// Something that was not seen, why, and what would let us see it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Gap {
    /// The thing that was not seen: a resource, a list, a property.
    pub about: String,
    /// Why it was not seen.
    pub reason: String,
    /// What would let us see it.
    pub unlock: Unlock,
}

impl Gap {
    /// A gap about something, with the reason and the way out.
    pub fn new(about: impl Into<String>, reason: impl Into<String>, unlock: Unlock) -> Self {
        Self { about: about.into(), reason: reason.into(), unlock }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.reason)
    }
}

/// What would close a gap.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlock {
    /// An IAM action, such as `ec2:DescribeRouteTables`; offline, the output of that call.
    IamAction(String),
    /// A MySQL privilege.
    Grant(String),
    /// An argument of this program, such as `--ip-access-list`.
    Flag(String),
    /// A look from another place.
    Vantage(String),
    /// A login to that end of the migration, or what the account's own session shows.
    Login(Role),
    /// A file with the missing part.
    File(String),
    /// Nothing that a user could supply: it lies beyond what can be seen from outside.
    Nothing,
}

impl fmt::Display for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IamAction(action) => match cli_call(action) {
                Some(call) => write!(f, "the output of `{call}` (IAM action {action})"),
                None => write!(f, "IAM action {action}"),
            },
            Self::Grant(grant) => write!(f, "the privilege {grant}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Vantage(place) => write!(f, "a look from {place}"),
            Self::Login(role) => write!(f, "a login to the {}", role.as_str()),
            Self::File(file) => write!(f, "{file}"),
            Self::Nothing => write!(f, "nothing that can be seen from outside"),
        }
    }
}

/// The AWS CLI call of an IAM action: `ec2:DescribeVpcs` is `aws ec2 describe-vpcs`.
pub(crate) fn cli_call(action: &str) -> Option<String> {
    // Its output holds a password, which nobody is to send around.
    if action == "secretsmanager:GetSecretValue" {
        return None;
    }
    let (service, operation) = action.split_once(':')?;
    let mut call = format!("aws {service} ");
    for (index, letter) in operation.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            call.push('-');
        }
        call.push(letter.to_ascii_lowercase());
    }
    Some(call)
}

/// What nobody outside can see, or what an older AWS CLI didn't print: taken as given, and said so.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Assumption {
    /// The resource or thing.
    pub about: String,
    /// What is taken as given of it, as a short sentence.
    pub taken: String,
    /// Why it has to be taken.
    pub because: String,
}

impl Assumption {
    /// Takes something as given.
    pub fn new(
        about: impl Into<String>,
        taken: impl Into<String>,
        because: impl Into<String>,
    ) -> Self {
        Self { about: about.into(), taken: taken.into(), because: because.into() }
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.about, self.taken, self.because)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iam_action_names_its_cli_call() {
        let unlock = Unlock::IamAction("ec2:DescribeRouteTables".into());
        assert_eq!(
            unlock.to_string(),
            "the output of `aws ec2 describe-route-tables` (IAM action ec2:DescribeRouteTables)"
        );
    }

    #[test]
    fn facts_read_and_write_as_the_design_says() {
        let known: Fact<u8> = serde_json::from_str(r#"{"known": 4}"#).unwrap();
        assert_eq!(known, Fact::Known(4));
        let unknown: Fact<u8> = serde_json::from_str(
            r#"{"unknown": {"about": "a", "reason": "b", "unlock": {"flag": "--c"}}}"#,
        )
        .unwrap();
        assert_eq!(unknown.gap().unwrap().unlock, Unlock::Flag("--c".into()));
        assert_eq!(serde_json::to_string(&Unlock::Nothing).unwrap(), r#""nothing""#);
    }
}

//! A password that DMS takes.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::{Gap, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/password-characters",
    requirement: "The cluster user's password has none of the characters that DMS can't take",
    severity: Severity::Error,
    why: "DMS takes no semicolon in the password of a MySQL endpoint, no braces in any, and a comma only out of a secret; the login fails although the password is right.",
    fix: "Give the cluster's user a password without semicolons, braces and commas.",
    references: &["https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Endpoints.Creating.html"],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Advice);
    let Some(characters) = case.facts.asked.password_characters.as_deref() else {
        j.gap(Gap::new(
            "the cluster user's password",
            "not given, and which characters it has isn't known",
            Unlock::Flag("a password in the environment".into()),
        ));
        return;
    };
    j.note("asked", "password_characters", characters);
    let secret = case
        .tidb_endpoint()
        .and_then(|endpoint| endpoint.my_sql_settings.as_ref())
        .is_some_and(|settings| settings.secrets_manager_secret_id.is_some());
    let refused: Vec<String> = characters
        .chars()
        .filter(|letter| ";{}".contains(*letter) || (*letter == ',' && !secret))
        .map(String::from)
        .collect();
    if !refused.is_empty() {
        j.fail(format!("The password has characters that DMS can't take: {}", refused.join(" ")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn a_comma_needs_a_secret() {
        let place = "/asked/password_characters";
        let settings = "/inventory/Endpoints/1/MySQLSettings";
        let secret =
            json!({"SecretsManagerSecretId": "arn:aws:secretsmanager:us-east-1:1:secret:tidb"});
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "not given"),
                (&[(place, json!(""))], Outcome::Pass, ""),
                (&[(place, json!(";"))], Outcome::Fail, ";"),
                (&[(place, json!(","))], Outcome::Fail, ","),
                (&[(place, json!(",")), (settings, secret.clone())], Outcome::Pass, ""),
                (&[(place, json!("{}")), (settings, secret)], Outcome::Fail, "{ }"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[]).level(), Severity::Advice);
    }
}

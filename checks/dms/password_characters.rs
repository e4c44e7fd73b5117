//! A password that DMS takes.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::{Gap, Unlock, probe::LoginOutcome},
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
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Advice);
    let Some(characters) = characters(j, case) else {
        return;
    };
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

/// Which of the characters in question the password has: as was said, or as it was seen when it was
/// tried. Only one that was let in is the password of the cluster's user.
fn characters(j: &mut Judgement, case: &Case<'_>) -> Option<String> {
    if let Some(characters) = &case.facts.asked.password_characters {
        j.note("asked", "password_characters", characters);
        return Some(characters.clone());
    }
    let role = j.look(case.cluster.role.clone())?;
    let server = case.server(role);
    let login = j.look(crate::mysql::login(&server))?;
    let seen = login.probe.password_forbidden.as_ref().and_then(|look| look.seen.known());
    match (login.value, seen) {
        (LoginOutcome::Accepted { .. }, Some(characters)) => {
            let characters: String = characters.iter().collect();
            j.note(server.resource(), "forbidden characters in the password", &characters);
            Some(characters)
        }
        _ => {
            j.gap(Gap::new(
                "the cluster user's password",
                "none was let in whose characters were seen",
                Unlock::Login(role),
            ));
            None
        }
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
                (&[], Outcome::Unknown, "none was let in"),
                (&[(place, json!(""))], Outcome::Pass, ""),
                (&[(place, json!(";"))], Outcome::Fail, ";"),
                (&[(place, json!(","))], Outcome::Fail, ","),
                (&[(place, json!(",")), (settings, secret.clone())], Outcome::Pass, ""),
                (&[(place, json!("{}")), (settings, secret)], Outcome::Fail, "{ }"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[]).level(), Severity::Advice);
    }

    #[test]
    fn a_login_shows_the_characters_of_its_password() {
        let of_source = ("/probes/0/password_forbidden", testing::look(json!([";"])));
        let seen = |characters| ("/probes/1/password_forbidden", testing::look(characters));
        let refused = (
            "/probes/1/login",
            testing::look(json!({"refused": {"code": 1045, "message": "Access denied"}})),
        );
        testing::check(
            CHECK.id,
            &[
                (&[seen(json!([]))], Outcome::Pass, ""),
                (&[seen(json!([";"]))], Outcome::Fail, ";"),
                (&[of_source], Outcome::Unknown, "none was let in"),
                (&[seen(json!([])), refused], Outcome::Unknown, "none was let in"),
            ],
        );
    }
}

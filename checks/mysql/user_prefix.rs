//! User names of Starter and Essential begin with the cluster's prefix.

use crate::{
    case::{Case, Server},
    change::{DmsChange, EndpointFields},
    check::{Check, Judge, TestStep},
    facts::{Fact, Gap, Unlock, probe::LoginOutcome},
    judgement::Judgement,
    severity::Severity,
};

use super::refusal::Refusal;

pub(crate) static CHECK: Check = Check {
    id: "mysql/user-prefix",
    requirement: "On Starter and Essential the user name begins with the cluster's prefix",
    severity: Severity::Error,
    why: "Many clusters stand behind one gateway, which tells them apart by the prefix of the user name, as in 3pTAoNNegb47Uc8.dms. Without it the gateway refuses the login. Dedicated and Premium know no prefix.",
    fix: "Write the user name in the DMS endpoint with the prefix that the cluster's Connect dialog shows.",
    references: &["https://docs.pingcap.com/tidbcloud/select-cluster-tier#user-name-prefix"],
    controls: &[],
    needs: &crate::needs::MIGRATION,
    after: &["network/dns-class", "dms/host-and-port"],
    proved_by: Some(TestStep::Login),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    j.undecided_at(Severity::Warning);
    match &server.is_tidb {
        Fact::Known(true) => {}
        Fact::Known(false) => {
            j.not_applicable("it isn't the cluster");
            return;
        }
        Fact::Unknown(gap) => {
            j.gap(gap.clone());
            return;
        }
    }
    let Some(tier) = j.look(case.cluster.tier.clone()) else {
        return;
    };
    if !tier.is_shared_gateway() {
        j.not_applicable(format!("{} has no user name prefix", tier.name()));
        return;
    }
    let Some(user) = j.look(server.user.clone()) else {
        return;
    };
    j.note(server.resource(), "user", &user);
    let prefix = case.cluster_seen().and_then(|cluster| cluster.user_prefix.as_ref()?.known());
    if let Some(prefix) = prefix {
        j.note(case.cluster.name(), "user prefix", prefix);
    }
    let has_it = prefix.map(|prefix| begins_with(&user, prefix));
    let login = super::login(server);
    let refusal = match &login {
        Fact::Known(login) => match login.value {
            LoginOutcome::Accepted { .. } => {
                j.note(server.resource(), "login", format!("{user} was let in"));
                if has_it == Some(false) && user.contains('.') {
                    j.fail(format!(
                        "{user} was let in, and the prefix that is known of the cluster is {}: the \
                         user may be another cluster's or a branch's",
                        prefix.map_or("another", String::as_str)
                    ))
                    .at(Severity::Warning);
                }
                return;
            }
            LoginOutcome::Refused(error) => Some((Refusal::of(error), error)),
            LoginOutcome::Broken(_) | LoginOutcome::TimedOut => None,
        },
        Fact::Unknown(_) => None,
    };
    let found = match refusal {
        // The gateway knew which cluster was meant.
        Some((Refusal::Quota, error)) => {
            j.note(server.resource(), "login", &error.message);
            None
        }
        Some((Refusal::NoPrefix | Refusal::WrongPrefix, error)) => {
            Some((format!("The gateway refuses {user}: {}", error.message), Severity::Error))
        }
        _ if has_it == Some(true) => None,
        // Newer gateways may let a name without a prefix in.
        _ if !user.contains('.') => {
            Some((format!("The user name {user} has no prefix"), Severity::Warning))
        }
        _ if has_it == Some(false) => Some((
            format!(
                "The user name {user} doesn't begin with {}, the prefix that is known of the cluster",
                prefix.map_or("it", String::as_str)
            ),
            Severity::Warning,
        )),
        _ => {
            j.gap(Gap::new(
                format!("the prefix of {user}"),
                "whether it is this cluster's wasn't seen",
                Unlock::Login(server.role),
            ));
            None
        }
    };
    let Some((message, level)) = found else {
        return;
    };
    let draft = j.fail(message).at(level);
    if let (Some(prefix), Some(change)) =
        (prefix, prefix.and_then(|prefix| mended(case, server, &user, prefix)))
    {
        draft.advise(format!("Let the endpoint's user begin with {prefix}.")).change(change);
    }
}

fn begins_with(user: &str, prefix: &str) -> bool {
    user.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'))
}

/// The endpoint with the whole user name, where it has no prefix at all and stands in the endpoint.
fn mended(case: &Case<'_>, server: &Server<'_>, user: &str, prefix: &str) -> Option<DmsChange> {
    let endpoint = server.endpoint?;
    if user.contains('.') || endpoint.username.as_deref() != Some(user) {
        return None;
    }
    Some(DmsChange::ModifyEndpoint {
        region: case.region()?,
        endpoint: endpoint.endpoint_arn.clone(),
        fields: EndpointFields {
            user: Some(format!("{prefix}.{user}")),
            ..EndpointFields::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, look},
    };

    fn starter(user: &str, login: Value) -> Vec<(&'static str, Value)> {
        let host = "gateway01.us-east-1.prod.aws.tidbcloud.com";
        vec![
            ("/inventory/Endpoints/1/ServerName", json!(host)),
            ("/inventory/Endpoints/1/Username", json!(user)),
            ("/probes/1/host", json!(host)),
            ("/probes/1/user", json!(user)),
            ("/probes/1/login", login),
            ("/clusters/0", json!({"host": host, "tier": {"known": "starter"}})),
        ]
    }

    #[test]
    fn a_login_proves_it_and_the_gateway_says_what_is_wrong() {
        let refused =
            |code: u16, message: &str| look(json!({"refused": {"code": code, "message": message}}));
        let accepted = || look(json!({"accepted": {}}));
        let missing = || refused(1105, "Missing user name prefix. See https://…");
        let known = ("/clusters/0/user_prefix", json!({"known": "2vJqXfR7mKd3sWz"}));
        let with = |mut changes: Vec<(&'static str, Value)>| {
            changes.push(known.clone());
            changes
        };
        testing::check(
            CHECK.id,
            &[
                // Dedicated knows no prefix, and a dot in a name is a dot.
                (&[], Outcome::NotApplicable, ""),
                (
                    &[("/inventory/Endpoints/1/Username", json!("a.dms"))],
                    Outcome::NotApplicable,
                    "",
                ),
                (&starter("2vJqXfR7mKd3sWz.dms", accepted()), Outcome::Pass, ""),
                (&starter("2vJqXfR7mKd3sWz.dms", Value::Null), Outcome::Unknown, "this cluster's"),
                (&with(starter("2vJqXfR7mKd3sWz.dms", Value::Null)), Outcome::Pass, ""),
                (&with(starter("2vJqXfR7mKd3sWzdms", Value::Null)), Outcome::Warn, "has no prefix"),
                (&with(starter("other.dms", Value::Null)), Outcome::Warn, "doesn't begin with"),
                (&with(starter("other.dms", accepted())), Outcome::Warn, "another cluster's"),
                (&starter("dms", Value::Null), Outcome::Warn, "has no prefix"),
                (&starter("dms", accepted()), Outcome::Pass, ""),
                (&starter("dms", missing()), Outcome::Fail, "The gateway refuses dms"),
                (&with(starter("dms", missing())), Outcome::Fail, "Missing user name prefix"),
                (
                    &starter("x.dms", refused(20003, "User name prefix does not match …")),
                    Outcome::Fail,
                    "does not match",
                ),
                (
                    &starter("x.dms", refused(1045, "Access denied")),
                    Outcome::Unknown,
                    "wasn't seen",
                ),
            ],
        );
        let said = testing::say(CHECK.id, &with(starter("dms", missing())));
        let commands = said.commands();
        assert!(commands[0].ends_with("--username 2vJqXfR7mKd3sWz.dms"), "{commands:?}");
    }
}

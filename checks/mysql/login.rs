//! The server lets DMS's user in.

use std::net::IpAddr;

use crate::{
    case::{Case, Seen, Server},
    check::{Check, Judge, TestStep},
    facts::{
        Assumption, Gap, Unlock,
        inventory::dms::Connection,
        probe::{LoginOutcome, ServerError},
    },
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::refusal::{Refusal, client};

pub(crate) static CHECK: Check = Check {
    id: "mysql/login",
    requirement: "The server lets the user of the DMS endpoint in",
    severity: Severity::Error,
    why: "A wrong password, a locked account or a used-up quota end the connection test and the task alike. A refusal (1045) isn't a closed network: the server was reached.",
    fix: "Give the account and the DMS endpoint the same password; CREATE USER IF NOT EXISTS leaves the one of an existing account alone.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
        "https://docs.pingcap.com/tidbcloud/select-cluster-tier#user-name-prefix",
        "https://dev.mysql.com/doc/refman/8.4/en/connection-access.html",
    ],
    controls: &[],
    needs: &needs::WAY,
    after: &["network/dns-class", "dms/host-and-port", "mysql/user-prefix"],
    proved_by: Some(TestStep::Login),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    if let Some(test) = good_test(case, server) {
        // It has no date, so it proves nothing of today; not to have logged in is less grave then.
        j.note(test.endpoint_arn.as_str(), "Status", test.status.as_deref().unwrap_or(""));
        j.undecided_at(Severity::Warning);
    }
    let Some(login) = j.look(super::login(server)) else {
        return;
    };
    match login.value {
        LoginOutcome::Accepted { danger_unverified } => {
            judge_accepted(j, case, server, &login, *danger_unverified);
        }
        LoginOutcome::Refused(error) => judge_refused(j, case, server, error),
        LoginOutcome::Broken(how) => j.gap(gap(server, format!("it broke off: {how}"))),
        LoginOutcome::TimedOut => {
            j.gap(gap(server, "the server fell silent in the middle of it".into()));
        }
    }
}

fn judge_accepted(
    j: &mut Judgement,
    case: &Case<'_>,
    server: &Server<'_>,
    login: &Seen<'_, LoginOutcome>,
    danger_unverified: bool,
) {
    if let Some(gap) = super::other_server(case, server, login.probe) {
        j.gap(gap);
        return;
    }
    if danger_unverified {
        j.assume(Assumption::new(
            server.name.as_str(),
            "the server that let the user in is the right one",
            "nobody verified its certificate for the login, as asked",
        ));
    }
    j.assume(Assumption::new(
        server.name.as_str(),
        "the DMS endpoint has the password that was tried",
        "AWS doesn't show passwords",
    ));
    let user = server.user.known().map_or("the user", String::as_str);
    j.note(server.resource(), "login", format!("{user} was let in"));
}

fn judge_refused(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>, error: &ServerError) {
    let refusal = Refusal::of(error);
    let words = words(error);
    let user = server.user.known().map_or("the user", String::as_str);
    let from = client(&error.message);
    match refusal {
        // It is the same for every address and password.
        Refusal::Quota => {
            j.fail(format!("{} takes no new connections: {words}", server.name)).advise(
                "Raise the cluster's spending limit in the TiDB Cloud console, or wait for the new \
                 month",
            );
        }
        Refusal::Denied | Refusal::Locked | Refusal::Expired | Refusal::HostNotAllowed
            if is_from_dms(case, server, from) =>
        {
            let from = from.map(|address| address.to_string()).unwrap_or_default();
            let advice = match refusal {
                Refusal::Locked => "Unlock it: ALTER USER … ACCOUNT UNLOCK",
                Refusal::Expired | Refusal::Denied => {
                    "Set the password anew with ALTER USER … IDENTIFIED BY …, and the same one in \
                     the DMS endpoint"
                }
                _ => "Make an account whose host is %: the access list does the fencing",
            };
            j.assume(Assumption::new(
                server.name.as_str(),
                "the DMS endpoint has the password that was tried",
                "AWS doesn't show passwords",
            ));
            j.fail(format!(
                "{} refuses {user} from {from}, where DMS comes from too: {words}",
                server.name
            ))
            .advise(advice);
        }
        _ => j.gap(gap(server, format!("refused from here: {words} ({})", refusal.meaning()))),
    }
}

/// Whether the server saw the client at an address that DMS comes from: then it matches accounts alike.
fn is_from_dms(case: &Case<'_>, server: &Server<'_>, client: Option<IpAddr>) -> bool {
    let Some(IpAddr::V4(client)) = client else {
        return false;
    };
    super::origin(case, server).is_some_and(|origin| origin.addresses.contains(&client))
}

/// DMS's own last test of this endpoint from this instance, where it was successful and verified whom
/// it talked to.
fn good_test<'a>(case: &Case<'a>, server: &Server<'a>) -> Option<&'a Connection> {
    let endpoint = server.endpoint?;
    let instance = case.migration.instance()?.replication_instance_arn.as_str();
    if !endpoint.ssl_mode.as_deref()?.eq_ignore_ascii_case("verify-full") {
        return None;
    }
    case.facts.inventory.connections.items.iter().find(|test| {
        test.endpoint_arn == endpoint.endpoint_arn
            && test.replication_instance_arn == instance
            && test
                .status
                .as_deref()
                .is_some_and(|status| status.eq_ignore_ascii_case("successful"))
    })
}

fn words(error: &ServerError) -> String {
    format!("{} (error {})", error.message.trim_end_matches('.'), error.code)
}

fn gap(server: &Server<'_>, reason: String) -> Gap {
    let user = server.user.known().map_or("the user", String::as_str);
    Gap::new(format!("the login of {user} to {}", server.name), reason, Unlock::Login(server.role))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{judgement::Outcome, testing};

    const LOGIN: &str = "/probes/1/login";

    fn login(seen: Value) -> (&'static str, Value) {
        (LOGIN, testing::look(seen))
    }

    fn refused(code: u16, message: &str) -> (&'static str, Value) {
        login(json!({"refused": {"code": code, "message": message}}))
    }

    #[test]
    fn only_what_holds_for_dms_too_is_said() {
        let denied = |from: &str| {
            refused(1045, &format!("Access denied for user 'dms'@'{from}' (using password: YES)"))
        };
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                // The NAT gateway's address: DMS matches the same account.
                (&[denied("52.1.2.3")], Outcome::Fail, "from 52.1.2.3, where DMS comes from too"),
                (&[denied("203.0.113.9")], Outcome::Unknown, "the password is wrong"),
                (&[denied("nat.example.com")], Outcome::Unknown, "refused from here"),
                (
                    &[refused(1130, "Host '203.0.113.9' is not allowed to connect")],
                    Outcome::Unknown,
                    "no account at all",
                ),
                (&[refused(1862, "Your password has expired")], Outcome::Unknown, "has expired"),
                (
                    &[refused(1105, "Due to the usage quota being exhausted, access to …")],
                    Outcome::Fail,
                    "takes no new connections",
                ),
                (
                    &[refused(1105, "Connections using insecure transport are prohibited")],
                    Outcome::Unknown,
                    "ended TLS",
                ),
                (&[refused(4711, "no idea")], Outcome::Unknown, "no idea (error 4711)"),
                (&[login(json!("timed_out"))], Outcome::Unknown, "fell silent"),
                (&[login(json!({"broken": "EOF"}))], Outcome::Unknown, "EOF"),
                (&[(LOGIN, Value::Null)], Outcome::Unknown, "nobody tried it"),
                (
                    &[("/probes/1/user", json!("root"))],
                    Outcome::Unknown,
                    "login of dms to tidb: nobody tried it",
                ),
            ],
        );
    }

    /// DMS's own test has no date: it makes not knowing less grave, and decides nothing.
    #[test]
    fn an_undated_test_only_supports() {
        let unseen = (LOGIN, Value::Null);
        let said = testing::say(CHECK.id, std::slice::from_ref(&unseen));
        assert_eq!((said.outcome(), said.level()), (Outcome::Unknown, Severity::Warning));
        for change in [
            ("/inventory/Connections/1/Status", json!("failed")),
            ("/inventory/Endpoints/1/SslMode", json!("none")),
        ] {
            let said = testing::say(CHECK.id, &[unseen.clone(), change]);
            assert_eq!((said.outcome(), said.level()), (Outcome::Unknown, Severity::Error));
        }
    }

    #[test]
    fn whoever_answers_an_unverified_login_may_be_another() {
        let danger = login(json!({"accepted": {"danger_unverified": true}}));
        testing::check(CHECK.id, &[(std::slice::from_ref(&danger), Outcome::Pass, "")]);
        let mut private = testing::over_peering();
        private.push(("/probes/1/host", json!("private-tidb.abc.clusters.tidb-cloud.com")));
        testing::check_on(CHECK.id, &private, &[(&[danger], Outcome::Unknown, "another server")]);
    }
}

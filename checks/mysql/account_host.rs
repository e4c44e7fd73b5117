//! The account lets in the addresses that DMS comes from.

use std::net::IpAddr;

use crate::{
    case::{Case, Server},
    change::AccountChange,
    check::{Check, Judge, TestStep},
    facts::{Assumption, Fact, Gap, Unlock},
    grants::{self, Admission, admits, is_private},
    judgement::Judgement,
    severity::Severity,
};

use super::privileges;

pub(crate) static CHECK: Check = Check {
    id: "mysql/account-host",
    requirement: "The account's host lets in every address that the replication can come from",
    severity: Severity::Error,
    why: "A server picks the account by user and by the address that it sees: behind NAT that is the gateway's public one, and never the instance's own. An account for the wrong address is as good as none.",
    fix: "Give the account the host %: the cluster's access list does the fencing.",
    references: &[
        "https://docs.pingcap.com/tidb/stable/user-account-management",
        "https://dev.mysql.com/doc/refman/8.4/en/account-names.html",
        "https://dev.mysql.com/doc/refman/8.4/en/connection-access.html",
    ],
    controls: &[],
    needs: &[
        "ec2:DescribeSubnets",
        "ec2:DescribeRouteTables",
        "ec2:DescribeVpcs",
        "dms:DescribeReplicationInstances",
        "dms:DescribeReplicationSubnetGroups",
        "dms:DescribeReplicationConfigs",
        "dms:DescribeReplicationTasks",
        "dms:DescribeEndpoints",
        "ec2:DescribeNatGateways",
        "ec2:DescribeAddresses",
        "ec2:DescribeNetworkInterfaces",
    ],
    after: &["mysql/login", "network/route", "network/public-accessibility", "network/nat-gateway"],
    proved_by: Some(TestStep::Login),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let Some(Row { user, host }) = j.look(row(case, server)) else {
        return;
    };
    j.note(server.resource(), "account", format!("{user}@{host}"));
    if host.is_empty() || host == "%" {
        j.assume(Assumption::new(
            server.name.as_str(),
            format!("no other account named {user} fits DMS's address more closely than {user}@%"),
            "only the account that matched a login is seen",
        ));
        return;
    }
    if server.is_tidb.known() == Some(&true) && j.look(case.cluster.path.clone()).is_none() {
        return;
    }
    let account = format!("{user}@{host} on {}", server.name);
    let Some(origin) = super::origin(case, server) else {
        // DMS's own address counts there, which nobody can hold to.
        let message = format!(
            "{account} is tied to an address: DMS's own must fit it, and changes at a failover, a \
             change of class or maintenance"
        );
        found(j, server, &user, &host, message, Severity::Warning);
        return;
    };
    let admitted = |address: &std::net::Ipv4Addr| admits(&host, IpAddr::V4(*address));
    for address in &origin.addresses {
        j.note(server.resource(), "comes from", address);
    }
    if is_private(&host) {
        // F-13: over the public endpoint no private address is ever seen.
        let seen: Vec<String> = origin.addresses.iter().map(ToString::to_string).collect();
        let seen = if seen.is_empty() { "a public address".to_owned() } else { seen.join(", ") };
        let message =
            format!("{account} is for a private address, and the cluster sees DMS at {seen}");
        found(j, server, &user, &host, message, Severity::Error);
        return;
    }
    for gap in &origin.gaps {
        j.gap(gap.clone());
    }
    let of = |wanted: Admission| -> Vec<String> {
        let addresses = origin.addresses.iter();
        addresses.filter(|address| admitted(address) == wanted).map(ToString::to_string).collect()
    };
    let (refused, by_name) = (of(Admission::Refused), of(Admission::ByName));
    if !refused.is_empty() {
        j.gap(Gap::new(
            format!("the account of {user} for {}", refused.join(", ")),
            format!(
                "DMS comes from there, {user}@{host} doesn't let that in, and whether {user} has \
                 another account isn't seen"
            ),
            Unlock::Vantage(format!("a place behind {}", refused.join(", "))),
        ));
    }
    if !by_name.is_empty() {
        j.gap(Gap::new(
            format!("the account {user}@{host}"),
            format!("whether the server finds that name for {} isn't seen", by_name.join(", ")),
            Unlock::Vantage(format!("a place behind {}", by_name.join(", "))),
        ));
    }
    if j.is_clean() && !origin.unstable.is_empty() {
        let message = format!("{account} fits today: {}", origin.unstable.join("; "));
        found(j, server, &user, &host, message, Severity::Warning);
    }
}

/// The account that matched.
struct Row {
    user: String,
    host: String,
}

/// The account that a session of DMS's user matched, else the one that its grants name.
fn row(case: &Case<'_>, server: &Server<'_>) -> Fact<Row> {
    let seen = server.session("the account", |session| session.current_user.as_ref());
    let gap = match seen {
        Fact::Known(account) => {
            if let Some(gap) = super::other_server(case, server, account.probe) {
                return Fact::Unknown(gap);
            }
            // A user may hold an @, a host can't.
            match account.value.rsplit_once('@') {
                Some((user, host)) => {
                    return Fact::Known(Row { user: user.to_owned(), host: host.to_owned() });
                }
                None => Gap::new(
                    format!("the account on {}", server.name),
                    "the value of CURRENT_USER() can't be read",
                    Unlock::Login(server.role),
                ),
            }
        }
        Fact::Unknown(gap) => gap,
    };
    let grants = privileges::read(case, server).ok();
    let name = grants.as_ref().and_then(|(grants, _)| grants.account());
    match name.and_then(|name| Some((name.user.clone(), name.host.clone()?))) {
        Some((user, host)) => Fact::Known(Row { user, host }),
        None => Fact::Unknown(gap),
    }
}

fn found(
    j: &mut Judgement,
    server: &Server<'_>,
    user: &str,
    host: &str,
    message: String,
    level: Severity,
) {
    let draft = j.fail(message).at(level);
    if let Some(account) = privileges::place(server) {
        let family = grants::Server::parse(&privileges::version(server));
        draft
            .advise(format!(
                "An administrator of {} runs this; the cluster's access list does the fencing",
                server.name
            ))
            .change(AccountChange::Rename {
                account,
                from: host.to_owned(),
                to: "%".into(),
                statement: grants::rename(user, host, "%", &family),
            });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, look},
    };

    const ACCOUNT: &str = "/probes/1/session/current_user";
    const GRANTS: &str = "/probes/1/session/grants";

    fn of(host: &str) -> (&'static str, Value) {
        (ACCOUNT, look(json!(format!("dms@{host}"))))
    }

    /// F-13, and what may be another account's business.
    #[test]
    fn the_account_is_for_the_address_that_the_cluster_sees() {
        let pasted = [
            (ACCOUNT, Value::Null),
            (GRANTS, look(json!(["GRANT ALL PRIVILEGES ON *.* TO `dms`@`10.0.1.25`"]))),
        ];
        let no_nat = ("/inventory/NatGateways", Value::Null);
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[of("")], Outcome::Pass, ""),
                (&[of("52.1.2.3")], Outcome::Pass, ""),
                (&[of("52.1.%")], Outcome::Pass, ""),
                (
                    &[of("10.0.1.25")],
                    Outcome::Fail,
                    "dms@10.0.1.25 on tidb is for a private address, and the cluster sees DMS at 52.1.2.3",
                ),
                (&[of("10.%"), no_nat.clone()], Outcome::Fail, "private address"),
                (&pasted, Outcome::Fail, "dms@10.0.1.25"),
                (&[of("203.0.113.9")], Outcome::Unknown, "another account isn't seen"),
                (&[of("nat.example.com")], Outcome::Unknown, "finds that name"),
                (&[of("52.1.2.3"), no_nat.clone()], Outcome::Unknown, "NatGateways"),
                (&[of("%"), no_nat], Outcome::Pass, ""),
                (&[(ACCOUNT, look(json!("dms")))], Outcome::Pass, ""),
                (
                    &[(ACCOUNT, Value::Null), (GRANTS, Value::Null)],
                    Outcome::Unknown,
                    "nobody looked",
                ),
            ],
        );
        let said = testing::say(CHECK.id, &[of("10.0.1.25")]);
        assert_eq!(said.commands(), ["RENAME USER 'dms'@'10.0.1.25' TO 'dms'@'%';"]);
    }

    /// Over a private path DMS's own address counts: it may fit, and doesn't stay.
    #[test]
    fn an_account_for_the_instance_is_a_warning_on_a_private_path() {
        let mut peering = testing::over_peering();
        peering.push(("/probes/1/host", json!("private-tidb.abc.clusters.tidb-cloud.com")));
        testing::check_on(
            CHECK.id,
            &peering,
            &[
                (&[], Outcome::Pass, ""),
                (&[of("10.0.1.25")], Outcome::Warn, "failover"),
                (&[of("203.0.113.9")], Outcome::Warn, "failover"),
            ],
        );
        testing::check(
            CHECK.id,
            &[(
                &[("/probes/0/session/current_user", look(json!("dms@10.0.1.25")))],
                Outcome::Warn,
                "dms@10.0.1.25 on orders-db",
            )],
        );
    }
}

//! What DMS's own words say of the way, against what was computed.
//!
//! `Access denied for user 'u'@'<ip>'` (1045) and `Host '<ip>' is not allowed to connect` (1130) show
//! the address that the server saw, `dial tcp <ip>` the answer that DMS got from DNS (`aws-dms.md` §9).
//! They are the only looks that the replication itself took; where they contradict the model, nothing
//! that rests on it is believed. No such message has a date: it may be older than the network.

use std::{collections::BTreeSet, net::Ipv4Addr};

use ipnet::Ipv4Net;

use super::{Case, Seat, server::Server};
use crate::{
    facts::{Fact, Gap, Role, Unlock},
    migration::Kind,
    path::{Addresses, addresses::Relation},
};

/// What DMS saw on its way to the cluster.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// The addresses that the cluster saw it come from.
    clients: BTreeSet<Ipv4Addr>,
    /// The addresses that it went to.
    destinations: BTreeSet<Ipv4Addr>,
}

impl Witness {
    /// Reads what DMS said of the cluster's endpoint when it failed last.
    pub(super) fn new(case: &Case<'_>) -> Self {
        let mut witness = Self::default();
        let Some(&role) = case.cluster.role.known() else { return witness };
        for (message, about) in messages(case, role) {
            match about {
                About::Cluster => witness.read(message, |_| true, |_| true),
                About::EitherEnd => {
                    let other = match role {
                        Role::Source => Role::Target,
                        Role::Target => Role::Source,
                    };
                    let (cluster, other) = (case.server(role), case.server(other));
                    witness.read(
                        message,
                        |user| is_only(user, &cluster, &other),
                        |port| {
                            cluster.port.known() == Some(&port)
                                && other.port.known().is_some_and(|other| *other != port)
                        },
                    );
                }
            }
        }
        witness
    }

    fn read(
        &mut self,
        message: &str,
        is_user: impl Fn(&str) -> bool,
        is_port: impl Fn(u16) -> bool,
    ) {
        self.clients.extend(
            clients(message).into_iter().filter(|(user, _)| is_user(user)).map(|(_, it)| it),
        );
        self.destinations.extend(
            dialled(message).into_iter().filter(|(_, port)| is_port(*port)).map(|(it, _)| it),
        );
    }

    /// The destinations, unless DMS went somewhere else.
    pub(super) fn check_destinations(
        &self,
        computed: Fact<Vec<Addresses>>,
    ) -> Fact<Vec<Addresses>> {
        let Fact::Known(addresses) = &computed else { return computed };
        let is_known = |seen: &Ipv4Addr| {
            let seen = Ipv4Net::from(*seen);
            addresses.iter().any(|one| one.relation(seen) != Relation::Disjoint)
        };
        match self.destinations.iter().find(|seen| !is_known(seen)) {
            None => computed,
            Some(seen) => {
                let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                Fact::Unknown(disagreement(
                    "the cluster's address",
                    &format!("its last failure was on the way to {seen}"),
                    &format!("{} was computed", names.join(", ")),
                ))
            }
        }
    }

    /// Puts a gap into each seat's egress where the cluster saw DMS come from somewhere else. A set
    /// that isn't known to its end can't be contradicted.
    pub(super) fn check_egress(&self, seats: &mut [Seat<'_>]) {
        let mut computed: BTreeSet<Ipv4Addr> = BTreeSet::new();
        for seat in &*seats {
            match seat.path.known() {
                Some(path) if path.egress.is_known() => computed.extend(&path.egress.addresses),
                _ => return,
            }
        }
        let public = |seen: &&Ipv4Addr| Addresses::one(**seen).is_public();
        let stranger = self.clients.iter().filter(public).find(|seen| !computed.contains(*seen));
        let Some(seen) = stranger else { return };
        let names: Vec<String> = computed.iter().map(ToString::to_string).collect();
        let gap = disagreement(
            "the addresses that the replication leaves from",
            &format!("the cluster saw it come from {seen}"),
            &format!("{} was computed", names.join(", ")),
        );
        for seat in seats {
            if let Fact::Known(path) = &mut seat.path {
                path.egress.gaps.push(gap.clone());
            }
        }
    }
}

fn disagreement(about: &str, seen: &str, computed: &str) -> Gap {
    Gap::new(
        about,
        format!(
            "the model disagrees with what DMS saw: {seen}, and {computed}; DMS gives no date, so \
             that may be older than the network"
        ),
        Unlock::Flag("--test-connection".into()),
    )
}

/// Which end a message is about.
#[derive(Clone, Copy)]
enum About {
    Cluster,
    EitherEnd,
}

/// What DMS said when it failed last, and of which end.
fn messages<'a>(case: &Case<'a>, role: Role) -> Vec<(&'a str, About)> {
    let inventory = &case.facts.inventory;
    let mut found: Vec<(&str, About)> = Vec::new();
    let endpoint = case.side(role).endpoint().map(|endpoint| endpoint.endpoint_arn.as_str());
    let instance =
        case.migration.instance().map(|instance| instance.replication_instance_arn.as_str());
    let tests = inventory.connections.items.iter().filter(|test| {
        Some(&*test.endpoint_arn) == endpoint
            && Some(&*test.replication_instance_arn) == instance
            && is_failed(test.status.as_deref())
    });
    found.extend(
        tests.filter_map(|test| Some((test.last_failure_message.as_deref()?, About::Cluster))),
    );
    let subject = match case.migration.kind {
        Kind::Task(task, _) => {
            if is_failed(task.status.as_deref()) {
                let said = task.last_failure_message.iter().chain(&task.stop_reason);
                found.extend(said.map(|text| (text.as_str(), About::EitherEnd)));
            }
            Some(task.replication_task_arn.as_str())
        }
        Kind::Config(config) => {
            let arn = config.replication_config_arn.as_str();
            let replications = inventory.replications.items.iter().filter(|replication| {
                replication.replication_config_arn == arn
                    && is_failed(replication.status.as_deref())
            });
            let last = replications.filter_map(|it| it.failure_messages.as_ref()?.last());
            found.extend(last.map(|text| (text.as_str(), About::EitherEnd)));
            Some(arn)
        }
        Kind::Instance(_) | Kind::Planned => None,
    };
    // Words about an endpoint don't say from which instance it was tried.
    let of_subject = case.facts.messages.iter().filter(|it| Some(&*it.about) == subject);
    found.extend(of_subject.map(|message| (message.text.as_str(), About::EitherEnd)));
    found
}

/// A message outlives the failure that it is of; it counts as long as nothing succeeded since.
fn is_failed(status: Option<&str>) -> bool {
    status.is_some_and(|status| status.eq_ignore_ascii_case("failed"))
}

/// Whether a user is the cluster's, and surely not the other end's.
fn is_only(user: &str, cluster: &Server<'_>, other: &Server<'_>) -> bool {
    let is_not_other = other.speaks_mysql.known() == Some(&false)
        || other.user.known().is_some_and(|other| other != user);
    cluster.user.known().is_some_and(|cluster| cluster == user) && is_not_other
}

/// Users and client addresses of a 1045, and the addresses of a 1130, which names no user. In a 1044,
/// which goes on with the database, what stands behind the `@` is the account's host.
fn clients(message: &str) -> Vec<(String, Ipv4Addr)> {
    let strangers = message.split("Host '").skip(1).filter_map(|rest| {
        let (host, rest) = rest.split_once('\'')?;
        let is_1130 = rest.starts_with(" is not allowed to connect");
        Some((String::new(), host.parse().ok().filter(|_| is_1130)?))
    });
    let denied = message.split("Access denied for user '").skip(1).filter_map(|rest| {
        let (user, rest) = rest.split_once("'@'")?;
        let (host, rest) = rest.split_once('\'')?;
        let is_1045 = rest.trim_start().starts_with("(using password");
        Some((user.to_owned(), host.parse().ok().filter(|_| is_1045)?))
    });
    denied.chain(strangers).collect()
}

/// Addresses and ports of `dial tcp`.
fn dialled(message: &str) -> Vec<(Ipv4Addr, u16)> {
    message
        .split("dial tcp ")
        .skip(1)
        .filter_map(|rest| {
            let place = rest.split([' ', ',', ';', '\'', '"']).next()?.trim_end_matches(':');
            let (address, port) = place.split_once(':')?;
            Some((address.parse().ok()?, port.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{judgement::Outcome, testing};

    const ODBC: &str = "Test Endpoint failed: Application-Status: 1020912, Application-Detailed-Message: RetCode: SQL_ERROR SqlState: 28000 NativeError: 1045 Message: [MySQL][ODBC 8.0(w) Driver]Access denied for user 'dms'@'9.9.9.9' (using password: YES)";

    #[test]
    fn addresses_are_read_from_the_words_of_dms() {
        assert_eq!(clients(ODBC), [("dms".to_owned(), Ipv4Addr::new(9, 9, 9, 9))]);
        let refused = "NativeError: 1130 Message: Host '9.9.9.9' is not allowed to connect to this MySQL server";
        assert_eq!(clients(refused), [(String::new(), Ipv4Addr::new(9, 9, 9, 9))]);
        for none in [
            "Host '9.9.9.9' is blocked because of many connection errors",
            "Host 'ip-10-0-0-1.internal' is not allowed to connect to this MySQL server",
            "Access denied for user 'dms'@'9.9.9.9' to database 'awsdms_control'",
            "Access denied for user 'dms'@'%' (using password: YES)",
            "Access denied for user 'dms'@'ip-10-0-0-1.internal' (using password: NO)",
            "Access denied for user 'dms'@'9.9.9.9",
            "Access denied for user '",
        ] {
            assert_eq!(clients(none), [], "{none}");
        }
        let place = [(Ipv4Addr::new(10, 20, 0, 179), 3306)];
        for some in [
            "dial tcp 10.20.0.179:3306: connect: connection refused",
            "[DMS-00002] error: dial tcp 10.20.0.179:3306: i/o timeout",
            "\"dial tcp 10.20.0.179:3306\"",
        ] {
            assert_eq!(dialled(some), place, "{some}");
        }
        for none in ["dial tcp [2001:db8::1]:3306: i/o timeout", "dial tcp ", "dial tcp host:1"] {
            assert_eq!(dialled(none), [], "{none}");
        }
    }

    const LIST: &str = "access/list-covers-egress";
    const ROUTE: &str = "network/route";
    const STATUS: &str = "/inventory/Connections/1/Status";
    const MESSAGE: &str = "/inventory/Connections/1/LastFailureMessage";
    const SOURCE_STATUS: &str = "/inventory/Connections/0/Status";
    const SOURCE_MESSAGE: &str = "/inventory/Connections/0/LastFailureMessage";
    const TASK_STATUS: &str = "/inventory/ReplicationTasks/0/Status";
    const TASK_MESSAGE: &str = "/inventory/ReplicationTasks/0/LastFailureMessage";
    const SOURCE_USER: &str = "/inventory/Endpoints/0/Username";

    fn denied(user: &str, address: &str) -> Value {
        json!(format!(
            "NativeError: 1045 Access denied for user '{user}'@'{address}' (using password: YES)"
        ))
    }

    #[test]
    fn an_address_that_the_model_does_not_have_decides_nothing() {
        let (failed, passed) = (json!("failed"), json!("successful"));
        let stranger = denied("dms", "9.9.9.9");
        let known = denied("dms", "52.1.2.3");
        let mine = |status: &Value, message: &Value| {
            vec![(STATUS, status.clone()), (MESSAGE, message.clone())]
        };
        let of_task = |message: &Value, source_user: &str| {
            vec![
                (TASK_STATUS, json!("failed")),
                (TASK_MESSAGE, message.clone()),
                (SOURCE_USER, json!(source_user)),
            ]
        };
        for (changes, outcome, says) in [
            (mine(&failed, &stranger), Outcome::Unknown, "the model disagrees with what DMS saw"),
            (mine(&failed, &stranger), Outcome::Unknown, "52.1.2.3"),
            (mine(&failed, &known), Outcome::Pass, ""),
            (
                mine(&failed, &json!("Host '9.9.9.9' is not allowed to connect")),
                Outcome::Unknown,
                "it come from 9.9.9.9",
            ),
            // Which end refused it isn't said to a task.
            (
                of_task(&json!("Host '9.9.9.9' is not allowed to connect"), "reader"),
                Outcome::Pass,
                "",
            ),
            // A later test was good: the message is older still.
            (mine(&passed, &stranger), Outcome::Pass, ""),
            // Behind a proxy a server may see anything; a private address is nobody's egress.
            (mine(&failed, &denied("dms", "10.9.9.9")), Outcome::Pass, ""),
            // The source is reached another way.
            (
                vec![(SOURCE_STATUS, failed.clone()), (SOURCE_MESSAGE, stranger.clone())],
                Outcome::Pass,
                "",
            ),
            // A task talks to both ends: the user tells which one answered, if it can.
            (of_task(&stranger, "reader"), Outcome::Unknown, "9.9.9.9"),
            (of_task(&stranger, "dms"), Outcome::Pass, ""),
            (of_task(&denied("reader", "9.9.9.9"), "reader"), Outcome::Pass, ""),
        ] {
            testing::check(LIST, &[(&changes, outcome, says)]);
        }
    }

    #[test]
    fn a_destination_that_the_model_does_not_have_decides_nothing() {
        let host = "tidb.abc.clusters.tidb-cloud.com";
        let with = |answers: &[&str], dialled: &str| {
            let probe = json!([{"host": host, "port": 4000, "vantage": {"seat": "subnet-a"}, "dns": {
                "at": "2026-11-24T10:00:00Z", "seen": {"known": {"answer": {"addresses": answers}}}}}]);
            vec![
                ("/probes", probe),
                (STATUS, json!("failed")),
                (MESSAGE, json!(format!("dial tcp {dialled}:4000: i/o timeout"))),
            ]
        };
        for (changes, outcome, says) in [
            (with(&["44.1.1.1", "44.1.1.2"], "44.1.1.2"), Outcome::Pass, ""),
            (with(&["44.1.1.1"], "44.9.9.9"), Outcome::Unknown, "to 44.9.9.9, and 44.1.1.1"),
            (with(&["44.1.1.1"], "10.0.9.9"), Outcome::Unknown, "the model disagrees"),
        ] {
            testing::check(ROUTE, &[(&changes, outcome, says)]);
        }
        // Where nobody looked it up, any public address may be the one.
        let unresolved = |dialled: &str| {
            vec![
                (STATUS, json!("failed")),
                (MESSAGE, json!(format!("dial tcp {dialled}:4000: i/o timeout"))),
            ]
        };
        testing::check(ROUTE, &[(&unresolved("44.9.9.9"), Outcome::Pass, "")]);
        testing::check(ROUTE, &[(&unresolved("10.0.9.9"), Outcome::Unknown, "disagrees")]);
    }
}

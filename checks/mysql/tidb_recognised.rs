//! TiDB is known for what it is.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    facts::{Fact, Gap, cluster::HostName, probe::GreetingOutcome},
    judgement::Judgement,
    severity::Severity,
};

use super::privileges::is_tidb_version;

pub(crate) static CHECK: Check = Check {
    id: "mysql/tidb-recognised",
    requirement: "The TiDB end is known to be TiDB by its host name or by its version",
    severity: Severity::Warning,
    why: "TiDB answers as a MySQL 8.0.11 and shows binlog variables that mean nothing: what is right for MySQL is wrong for it, so each end is judged by what it is.",
    fix: "Say which end is TiDB with --tidb-as, and check the host name of that endpoint.",
    references: &["https://docs.pingcap.com/tidb/stable/mysql-compatibility"],
    controls: &[],
    needs: &crate::needs::MIGRATION,
    after: &["network/dns-class", "dms/host-and-port"],
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, _: &Case<'_>, server: &Server<'_>) {
    j.undecided_at(Severity::Advice);
    let by_name = server.host.known().filter(|host| HostName::read(host).is_some());
    if let Some(host) = by_name {
        j.note(server.resource(), "host", host);
    }
    let version = version(server);
    if let Fact::Known(version) = &version {
        j.note(server.resource(), "version", version);
    }
    let by_version = version.known().map(|version| is_tidb_version(version));
    match (&server.is_tidb, by_version) {
        (Fact::Known(true), _) if by_name.is_some() => {}
        (Fact::Known(true), Some(true)) => {}
        (Fact::Known(true), Some(false)) => {
            let version = version.known().map_or("", |version| *version);
            j.fail(format!(
                "{} is said to be TiDB, and neither its host name nor its version {version} says so",
                server.name
            ));
        }
        (Fact::Known(false), Some(true)) => {
            let version = version.known().map_or("", |version| *version);
            j.fail(format!(
                "{} is TiDB too, outside TiDB Cloud: it calls itself {version}",
                server.name
            ))
            .at(Severity::Advice)
            .advise("DMS copies its existing data only: it has no binlog");
        }
        (Fact::Known(false), _) => j.not_applicable("it isn't TiDB"),
        (Fact::Known(true), None) => {
            if let Fact::Unknown(gap) = version {
                j.gap(gap);
            }
        }
        // Which end is meant isn't known, so neither is whether this one should be TiDB.
        (Fact::Unknown(gap), _) => j.gap(gap.clone()),
    }
}

/// The version that the server gives itself, in a session or before the login.
fn version<'a>(server: &Server<'a>) -> Fact<&'a str> {
    let gap: Gap = match server.setting("the version", |session| session.version.as_ref()) {
        Fact::Known(version) => return Fact::Known(version.value),
        Fact::Unknown(gap) => gap,
    };
    match server.look("the greeting", |probe| probe.greeting.as_ref()) {
        Fact::Known(greeting) => match greeting.value {
            GreetingOutcome::Greeting(greeting) => Fact::Known(&greeting.server_version),
            _ => Fact::Unknown(gap),
        },
        Fact::Unknown(_) => Fact::Unknown(gap),
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

    const TARGET_VERSION: &str = "/probes/1/session/version";

    #[test]
    fn tidb_is_known_by_its_name_or_by_its_version() {
        let own = [
            ("/inventory/Endpoints/1/ServerName", json!("tidb.example.com")),
            ("/probes/1/host", json!("tidb.example.com")),
            ("/asked/tidb_host", json!("tidb.example.com")),
        ];
        let with = |version: Value| {
            let mut changes = own.to_vec();
            changes.push((TARGET_VERSION, version));
            changes
        };
        let greeting = || {
            let greeting =
                json!({"greeting": {"server_version": "8.0.11-TiDB-v8.5.4", "tls": true}});
            let mut changes = with(Value::Null);
            changes.push(("/probes/1/greeting", look(greeting)));
            changes
        };
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[("/probes", json!([]))], Outcome::Pass, ""),
                (&own, Outcome::Pass, ""),
                (&greeting(), Outcome::Pass, ""),
                (&with(look(json!("8.0.39"))), Outcome::Warn, "its version 8.0.39"),
                (&with(Value::Null), Outcome::Unknown, "nobody looked"),
                (
                    &[("/probes/0/session/version", look(json!("5.7.25-TiDB-v7.1.0")))],
                    Outcome::Advice,
                    "is TiDB too",
                ),
            ],
        );
    }
}

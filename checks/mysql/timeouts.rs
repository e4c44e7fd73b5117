//! Servers that wait for DMS.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    facts::Role,
    grants::Family,
    judgement::Judgement,
    severity::Severity,
};

use super::settings::{is_tidb, settings};

pub(crate) static CHECK: Check = Check {
    id: "mysql/timeouts",
    requirement: "The server waits at least 300 seconds before it cuts a connection of DMS off",
    severity: Severity::Warning,
    why: "DMS leaves a connection alone while the other end is slow. A server whose net_read_timeout, net_write_timeout or wait_timeout is shorter than that closes it: lost connection (2013), server has gone away (2006). In TiDB the first two do nothing.",
    fix: "Set net_read_timeout, net_write_timeout and wait_timeout to 300 or more.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.MySQL.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

/// Seconds; what AWS's premigration assessment `mysql-check-target-network-parameter` asks for.
const LEAST: u64 = 300;
const VARIABLES: [&str; 3] = ["net_read_timeout", "net_write_timeout", "wait_timeout"];

fn judge(j: &mut Judgement, _: &Case<'_>, server: &Server<'_>) {
    let not_here = "TiDB's net_read_timeout and net_write_timeout do nothing";
    if is_tidb(server) {
        j.not_applicable(not_here);
        return;
    }
    // The load is written to the target; from a source AWS reports less.
    let level = match server.role {
        Role::Target => Severity::Warning,
        Role::Source => Severity::Advice,
    };
    j.undecided_at(level);
    let Some(settings) = settings(j, server) else { return };
    if settings.family == Family::TiDb {
        j.not_applicable(not_here);
        return;
    }
    for name in VARIABLES {
        let Some(seconds) = settings.number(j, name) else { continue };
        if seconds < LEAST {
            let draft = j
                .fail(format!("{name} of {} is {seconds} s, and DMS wants {LEAST}", server.name))
                .at(level);
            settings.set(draft, name, &LEAST.to_string(), "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    #[test]
    fn servers_wait_five_minutes() {
        let source = |name, value| patient::probes(&[(name, value)], &[]);
        testing::check(
            CHECK.id,
            &[
                // The cluster's own are 30 and 60, and do nothing.
                (&[patient::probes(&[], &[])], Outcome::Pass, ""),
                (&[source("net_read_timeout", Some("299"))], Outcome::Advice, "299 s"),
                (&[source("net_write_timeout", Some("60"))], Outcome::Advice, "60 s"),
                (&[source("wait_timeout", Some("300"))], Outcome::Pass, ""),
                (&[source("wait_timeout", None)], Outcome::Unknown, "wait_timeout"),
                (&[source("wait_timeout", Some("long"))], Outcome::Unknown, "`long`"),
            ],
        );
        let target = |value| patient::out_of_tidb(&[("net_read_timeout", Some(value))]);
        testing::check_on(CHECK.id, &target("30"), &[(&[], Outcome::Warn, "30 s")]);
        testing::check_on(CHECK.id, &target("300"), &[(&[], Outcome::Pass, "")]);
        let said = testing::say(CHECK.id, &target("30"));
        assert_eq!(said.commands(), ["SET GLOBAL net_read_timeout = 300;"]);
        let tidb = said.rows.iter().find(|row| row.subject.kind == "source").unwrap();
        assert_eq!(tidb.outcome, Outcome::NotApplicable);
    }
}

//! What DMS found when it last tried.

use crate::{
    case::Case,
    change::DmsChange,
    check::{Check, Judge},
    facts::{Assumption, Gap, Role, Unlock, inventory::dms::Endpoint},
    judgement::Judgement,
    migration::Kind,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "dms/last-test",
    requirement: "DMS's own last test of each endpoint was successful",
    severity: Severity::Error,
    why: "DMS's test is the only one that speaks from the instance itself, and a task doesn't start without a successful one. The record has no date: an edit of the endpoint or the network makes it stale.",
    fix: "Mend what the message names, then test the endpoint again.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
        "https://docs.aws.amazon.com/dms/latest/APIReference/API_Connection.html",
    ],
    controls: &[],
    needs: &needs::joined::<6>(
        &needs::MIGRATION,
        &["dms:DescribeConnections", "dms:DescribeReplications"],
    ),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// How much of a message is shown.
const LONG: usize = 300;

fn judge(j: &mut Judgement, case: &Case<'_>) {
    if let Kind::Config(config) = case.migration.kind {
        judge_serverless(j, case, &config.replication_config_arn);
        return;
    }
    let Some(instance) = super::instance(j, case) else {
        return;
    };
    // A test that wasn't seen is no bad sign.
    j.undecided_at(Severity::Advice);
    let instance = instance.replication_instance_arn.as_str();
    for (role, endpoint) in super::both(j, case) {
        judge_endpoint(j, case, instance, role, endpoint);
    }
}

fn judge_endpoint(
    j: &mut Judgement,
    case: &Case<'_>,
    instance: &str,
    role: Role,
    endpoint: &Endpoint,
) {
    let arn = endpoint.endpoint_arn.as_str();
    let name = super::name(endpoint);
    let list = &case.facts.inventory.connections;
    let found = list
        .items
        .iter()
        .find(|test| test.endpoint_arn == arn && test.replication_instance_arn == instance);
    let again = case.region().map(|region| DmsChange::TestConnection {
        region,
        instance: instance.to_owned(),
        endpoint: arn.to_owned(),
    });
    let Some(test) = found else {
        if let Some(gap) = list.gap() {
            j.gap(gap.clone());
            return;
        }
        j.note(arn, "Connections", "");
        let draft = j
            .fail(format!("The {} {name} was never tested", role.as_str()))
            .at(Severity::Advice)
            .advise("Test it before the task starts, which needs a successful test");
        if let Some(change) = again {
            draft.change(change);
        }
        return;
    };
    let Some(status) = test.status.as_deref() else {
        j.gap(super::not_delivered(arn, "last test's status", "dms:DescribeConnections"));
        return;
    };
    j.note(arn, "Status", status);
    match status.to_ascii_lowercase().as_str() {
        "successful" if case.facts.fresh_test(instance, endpoint).is_some() => {}
        "successful" => j.assume(Assumption::new(
            name,
            "nothing changed since the last successful test",
            "DMS keeps no date with a test",
        )),
        "failed" => {
            let message = shortened(test.last_failure_message.as_deref().unwrap_or(""));
            let draft = j.fail(if message.is_empty() {
                format!("The last test of the {} {name} failed", role.as_str())
            } else {
                format!("The last test of the {} {name} failed: {message}", role.as_str())
            });
            draft.advise(
                "Mend what it names, then test again: a task doesn't start before a test succeeds",
            );
            if let Some(change) = again {
                draft.change(change);
            }
        }
        "testing" => {
            j.fail(format!("A test of {name} is under way"))
                .at(Severity::Advice)
                .advise("Wait for its end");
        }
        other => j.gap(Gap::new(
            arn,
            format!("the status `{other}` of its last test says nothing"),
            Unlock::IamAction("dms:TestConnection".into()),
        )),
    }
}

/// A serverless replication is tested when it starts.
fn judge_serverless(j: &mut Judgement, case: &Case<'_>, arn: &str) {
    j.undecided_at(Severity::Advice);
    let list = &case.facts.inventory.replications;
    let found = list.items.iter().find(|replication| replication.replication_config_arn == arn);
    let Some(replication) = found else {
        if let Some(gap) = list.gap() {
            j.gap(gap.clone());
        } else {
            j.not_applicable("a serverless replication is tested when it starts");
        }
        return;
    };
    let Some(status) = replication.status.as_deref() else {
        j.gap(super::not_delivered(arn, "status", "dms:DescribeReplications"));
        return;
    };
    if !status.eq_ignore_ascii_case("failed") {
        j.not_applicable("a serverless replication is tested when it starts");
        return;
    }
    j.note(arn, "Status", status);
    let messages = replication.failure_messages.as_deref().unwrap_or(&[]);
    let message = shortened(messages.last().map_or("", String::as_str));
    let at = messages.last().and_then(|message| endpoint_named(message));
    let at = at.map_or_else(String::new, |endpoint| format!(" at its endpoint {endpoint}"));
    j.fail(if message.is_empty() {
        format!("The serverless replication has failed{at}")
    } else {
        format!("The serverless replication has failed{at}: {message}")
    })
    .advise("Mend what the message names, then start it again");
}

/// The endpoint whose test a serverless replication failed with; the envelope names it.
fn endpoint_named(message: &str) -> Option<&str> {
    let (_, name) = message.split_once("for endpoint '")?;
    name.split_once('\'').map(|(name, _)| name)
}

/// The innermost part of DMS's message, on one line. The envelope is the same for every failure.
fn shortened(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<&str>>().join(" ");
    let inner = ["Application-Detailed-Message:", "Failure Message:"]
        .iter()
        .find_map(|mark| line.split_once(mark).map(|(_, inner)| inner.trim()))
        .unwrap_or(&line);
    if inner.chars().count() <= LONG {
        return inner.to_owned();
    }
    let mut short: String = inner.chars().take(LONG).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const TESTS: &str = "/inventory/Connections";
    const F_06: &str = "Test Endpoint failed: Application-Status: 1020912, Application-Message: Cannot connect to ODBC provider ODBC general error., Application-Detailed-Message: RetCode: SQL_ERROR SqlState: HY000 NativeError: 2003 Message: [MySQL][ODBC 8.0(w) Driver]Can't connect to MySQL server on '10.20.0.179' (111)";

    #[test]
    fn the_record_is_told_as_it_is() {
        let status = "/inventory/Connections/1/Status";
        let message = "/inventory/Connections/1/LastFailureMessage";
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    &[(status, json!("failed")), (message, json!(F_06))],
                    Outcome::Fail,
                    "target tidb failed: RetCode: SQL_ERROR",
                ),
                (&[(status, json!("testing"))], Outcome::Advice, "under way"),
                (&[(status, json!("deleting"))], Outcome::Unknown, "deleting"),
                (&[(TESTS, json!([]))], Outcome::Advice, "never tested"),
                // Not to have seen the list isn't to have seen an empty one.
                (&[(TESTS, json!(null))], Outcome::Unknown, "not delivered"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[(TESTS, json!(null))]).level(), Severity::Advice);
    }

    #[test]
    fn a_test_from_another_instance_says_nothing_of_this_one() {
        let other = "/inventory/Connections/1/ReplicationInstanceArn";
        let changes = [
            (other, json!("arn:aws:dms:us-east-1:1:rep:OTHER")),
            ("/inventory/Connections/1/Status", json!("failed")),
        ];
        testing::check(CHECK.id, &[(&changes, Outcome::Advice, "never tested")]);
    }

    /// F-01, F-04, F-06 and F-07: whatever the envelope, the words that tell the cause are shown, and
    /// nothing is made of them: 28000 isn't always a password, nor 101 a timeout.
    #[test]
    fn the_words_that_tell_the_cause_are_shown() {
        const F_01: &str = "Test connection failed for endpoint 'src-1' and replication config 'shop'. Failure Message: 'Test Endpoint failed: Application-Status: 1020912, Application-Message: Failed to connect  Network error has occurred, Application-Detailed-Message: RetCode: SQL_ERROR  SqlState: 08001 NativeError: 101 Message: [unixODBC]FATAL:  no pg_hba.conf entry for host \"10.20.1.64\", user \"dms\", database \"shop\", no encryption\n\nAdditional info:\nCode: [DMS-00100], Message: [no pg_hba.conf entry for host \"10.20.1.64\", user \"dms\", database \"shop\", no encryption], NativeErrorCode: [28000]'";
        const F_04: &str = "Test Endpoint failed: Application-Status: 1020912, Application-Message: Cannot connect to ODBC provider ODBC general error., Application-Detailed-Message: RetCode: SQL_ERROR SqlState: 28000 NativeError: 1045 Message: [MySQL][ODBC 8.0(w) Driver]Access denied for user 'dms'@'10.20.1.103' (using password: YES)";
        const F_07: &str = "NativeError: 2013 Message: Lost connection to MySQL server at 'waiting for initial communication packet', system error: 110";
        for (message, cause) in [
            (
                F_01,
                "no pg_hba.conf entry for host \"10.20.1.64\", user \"dms\", database \"shop\", no encryption",
            ),
            (F_04, "Access denied for user 'dms'@'10.20.1.103'"),
            (F_06, "Can't connect to MySQL server on '10.20.0.179' (111)"),
            (F_07, "'waiting for initial communication packet', system error: 110"),
        ] {
            let shown = shortened(message);
            assert!(shown.contains(cause) && !shown.contains('\n'), "{shown}");
        }
        assert_eq!(endpoint_named(F_01), Some("src-1"));
        assert_eq!(endpoint_named(F_04), None);
    }

    #[test]
    fn a_long_message_is_cut() {
        assert_eq!(shortened(&"x".repeat(999)).chars().count(), LONG + 1);
        assert!(shortened(F_06).starts_with("RetCode"));
    }
}

//! What `mysql/source-privileges` and `mysql/target-privileges` say of the recorded accounts: never
//! green where the server refused, never red where it let the account do its work, and what they print
//! mends it.

use serde_json::{Value, json};
use tidb_dms_checks::{
    change::{AccountChange, Change},
    examine,
    facts::Facts,
    judgement::Outcome,
    policy::Policy,
    report::Row,
};

use super::{Recorded, SCHEMAS};

const TARGET: &str = "mysql/target-privileges";
const SOURCE: &str = "mysql/source-privileges";
const ROLE: &str = "mysql/role-active";

#[derive(Default)]
struct Count {
    pass: usize,
    fail: usize,
    open: usize,
    mended: usize,
}

#[test]
fn what_the_checks_say_is_what_the_servers_did() {
    for recorded in Recorded::all() {
        let file = recorded.file;
        let mut count = Count::default();
        for account in recorded.accounts() {
            for schema in SCHEMAS {
                for (check, works) in [(TARGET, "target_works"), (SOURCE, "source_works")] {
                    let facts = facts(&recorded.document, account, schema, check == TARGET);
                    let what = format!("{file}: {}: {check} on {schema}", account["name"]);
                    // An account that couldn't log in may do nothing.
                    let works = account[works][schema].as_bool();
                    judge(&facts, check, works, &what, &mut count);
                }
            }
        }
        println!(
            "{file:34} pass {:4}  fail {:4}  can't tell {:4}  mended {:4}",
            count.pass, count.fail, count.open, count.mended
        );
        // Few are undecided, and something mends nearly every red row.
        assert!(count.open * 8 < count.pass + count.fail, "{file}: {} undecided", count.open);
        assert!(count.mended * 10 > count.fail * 9, "{file}: {} of {}", count.mended, count.fail);
    }
}

fn judge(facts: &Facts, check: &str, works: Option<bool>, what: &str, count: &mut Count) {
    let row = row(facts, check);
    match (row.outcome, works) {
        (Outcome::Pass, Some(true)) => count.pass += 1,
        (Outcome::Fail, Some(false)) => {
            count.fail += 1;
            count.mended += usize::from(mends(facts, &row, what));
        }
        (Outcome::Unknown | Outcome::Blocked, works) => {
            // Roles that aren't active are another row's finding, and that one is red.
            if row.by == [ROLE] && works.is_some() {
                assert_eq!(works, Some(false), "{what}");
            } else if works.is_some() {
                count.open += 1;
            }
        }
        (outcome, works) => panic!("{what}: {outcome:?}, and works is {works:?}: {row:?}"),
    }
}

/// Whether the repair turns the row green; the statements are the engine's own.
fn mends(facts: &Facts, broken: &Row, what: &str) -> bool {
    let changes = &broken.findings[0].remedy.changes;
    let Some(change) = changes.first() else {
        return false;
    };
    assert!(matches!(change, Change::Account(AccountChange::Grant { .. })), "{what}: {change:?}");
    let mut mended = facts.clone();
    change.apply(&mut mended);
    let after = row(&mended, &broken.check);
    assert_eq!(after.outcome, Outcome::Pass, "{what}: {changes:?}: {after:?}");
    true
}

/// The row of the end that the check is about.
fn row(facts: &Facts, check: &str) -> Row {
    let policy = Policy { only: vec![ROLE.into(), check.to_owned()], ..tidb_dms::default_policy() };
    let rows = examine(facts, &policy).unwrap().rows;
    let mut rows = rows.into_iter().filter(|row| row.check == check);
    rows.find(|row| row.outcome != Outcome::NotApplicable).unwrap()
}

/// A task that copies one schema, with a probe of the account that was recorded.
fn facts(recorded: &Value, account: &Value, schema: &str, as_target: bool) -> Facts {
    let look = |seen: &Value| match seen {
        Value::Object(error) => json!({"at": "2026-11-24T10:00:00Z", "seen": {"unknown":
            {"about": "SHOW GRANTS", "reason": format!("{error:?}"), "unlock": "nothing"}}}),
        seen => json!({"at": "2026-11-24T10:00:00Z", "seen": {"known": seen}}),
    };
    let is_tidb = recorded["kind"] == "tidb";
    let (probed, other) = ("one.example.com", "other.example.com");
    let (source, target) = if as_target { (other, probed) } else { (probed, other) };
    // Which end is TiDB Cloud's doesn't matter here, as long as it is the one that is TiDB.
    let tidb_as = if is_tidb == as_target { "target" } else { "source" };
    let mut session = json!({
        "version": look(&recorded["version"]),
        "variables": look(&recorded["variables"]),
    });
    if account["show_grants"].is_array() {
        session["grants"] = look(&account["show_grants"]);
    }
    if let Some(role) = account["current_role"].get(0) {
        session["current_role"] = look(&json!(role.as_str().unwrap_or("NONE")));
    }
    // In a rule of DMS an underscore is a wildcard.
    let rules =
        json!({"rules": [{"rule-type": "selection", "rule-id": "1", "rule-action": "include",
        "object-locator": {"schema-name": schema.replace('_', "[_]"), "table-name": "%"}}]})
        .to_string();
    serde_json::from_value(json!({
        "version": 1,
        "taken_at": "2026-11-24T10:02:00Z",
        "asked": {"tidb_as": tidb_as, "tidb_host": if tidb_as == "target" { target } else { source },
            "migration_type": "full-load"},
        "inventory": {
            "ReplicationTasks": [{"ReplicationTaskArn": "arn:aws:dms:us-east-1:1:task:K",
                "SourceEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S",
                "TargetEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T",
                "MigrationType": "full-load", "ReplicationTaskSettings": "{}", "TableMappings": rules}],
            "Endpoints": [
                {"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S", "EngineName": "mysql",
                    "ServerName": source, "Port": 3306, "Username": account["user"]},
                {"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T", "EngineName": "mysql",
                    "ServerName": target, "Port": 3306, "Username": account["user"]}]
        },
        "probes": [{"host": probed, "port": 3306, "vantage": "elsewhere", "user": account["user"],
            "session": session}]
    }))
    .unwrap()
}

//! Large objects that the task lets through fit into the target's rows and packets.

use serde_json::{Value, json};

use crate::{
    case::{Case, Server},
    change::ReplicationFields,
    check::{Check, Judge},
    dms,
    facts::{Assumption, Role},
    grants::Family,
    judgement::Judgement,
    severity::Severity,
};

use super::settings::{Keeper, Settings, is_shared_tier, settings, size};

pub(crate) static CHECK: Check = Check {
    id: "mysql/row-limits",
    requirement: "What the task's LOB settings let through fits into the target's packets and rows",
    severity: Severity::Warning,
    why: "A LOB longer than max_allowed_packet ends the connection (server has gone away), and TiDB takes no row longer than tidb_txn_entry_size_limit (error 8025, entry too large): 6 MiB unless it was raised, and 120 MiB at most. Limited LOB mode cuts at LobMaxSize; full LOB mode copies any size.",
    fix: "Raise the target's limit above the longest LOB, or bound LOBs by LimitedSizeLobMode and LobMaxSize, which cuts longer ones.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.TargetMetadata.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.MySQL.html",
        "https://docs.pingcap.com/tidb/stable/tidb-limitations",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

/// TiDB's limit where nobody set one: the default of its configuration, which TiDB Cloud hides.
const DEFAULT_ENTRY: u64 = 6 << 20;
/// The storage's own, `raft-entry-max-size`: above it more than one variable is to be changed.
const RAFT_ENTRY: u64 = 8 << 20;
/// The largest packet of any server.
const LARGEST_PACKET: u64 = 1 << 30;
/// What a statement and a row hold beside the LOB.
const BESIDE: u64 = 1 << 20;
/// DMS's documented default, KB.
const DEFAULT_LOB_MAX_SIZE: u64 = 32;

/// Which LOBs a task copies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lobs {
    /// None of them.
    None,
    /// Those up to a size, in KB; longer ones are cut.
    Limited(u64),
    /// All; those up to a size, in KB, with their row.
    Full { inline: u64 },
}

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    if server.role == Role::Source {
        j.not_applicable("DMS only reads from the source");
        return;
    }
    let Some((place, task)) = dms::settings(j, case) else { return };
    j.undecided_at(Severity::Warning);
    let metadata = dms::member(&task, "TargetMetadata").unwrap_or(&Value::Null);
    let lobs = lobs(metadata);
    for name in
        ["SupportLobs", "FullLobMode", "LimitedSizeLobMode", "LobMaxSize", "InlineLobMaxSize"]
    {
        if let Some(value) = dms::member(metadata, name) {
            j.note(place, name, value);
        }
    }
    batches(j, case, place, metadata, lobs);
    let Some(settings) = settings(j, server) else { return };
    let packet = settings.number(j, "max_allowed_packet");
    let entry = entry_limit(j, server, &settings);
    match lobs {
        Lobs::None => {}
        Lobs::Limited(kilobytes) => {
            if dms::member(metadata, "LobMaxSize").is_none() {
                j.assume(Assumption::new(
                    place,
                    format!("LOBs are cut at {DEFAULT_LOB_MAX_SIZE} KB"),
                    "the settings name no LobMaxSize, and that is DMS's default",
                ));
            }
            let longest = kilobytes.saturating_mul(1024);
            if let Some(packet) = packet.filter(|packet| longest >= *packet) {
                packet_too_small(j, case, server, &settings, longest, packet);
            }
            if let Some(entry) = entry.filter(|entry| longest >= *entry) {
                entry_too_small(j, case, server, &settings, longest, entry);
            }
        }
        Lobs::Full { inline } => {
            let inline = inline.saturating_mul(1024);
            if let Some(packet) = packet {
                if inline >= packet {
                    packet_too_small(j, case, server, &settings, inline, packet);
                } else if packet < LARGEST_PACKET && entry.is_none() {
                    j.fail(format!(
                        "FullLobMode copies LOBs of any size, and {} takes packets of {}",
                        server.name,
                        size(packet)
                    ))
                    .at(Severity::Advice)
                    .advise("Compare max_allowed_packet with the longest LOB of the source");
                }
            }
            if let Some(entry) = entry {
                j.fail(format!(
                    "FullLobMode copies LOBs of any size, and {} takes rows of {}",
                    server.name,
                    size(entry)
                ))
                .advise("Compare that with the longest row of the source; leave tables with longer ones out, or bound LOBs by LimitedSizeLobMode and LobMaxSize, which cuts longer ones");
            }
        }
    }
}

/// TiDB's limit for a row; `None` of another server, or where it wasn't seen.
fn entry_limit(j: &mut Judgement, server: &Server<'_>, settings: &Settings<'_, '_>) -> Option<u64> {
    const NAME: &str = "tidb_txn_entry_size_limit";
    if settings.family != Family::TiDb {
        return None;
    }
    // Before 7.6 there was the configuration alone.
    let set = if settings.has_since(&[(Family::TiDb, [7, 6, 0])]) {
        settings.number(j, NAME)?
    } else {
        0
    };
    if set > 0 {
        return Some(set);
    }
    j.assume(Assumption::new(
        server.resource(),
        "rows of up to 6 MiB are taken",
        "that is the default of txn-entry-size-limit, which a session can't see",
    ));
    Some(DEFAULT_ENTRY)
}

fn packet_too_small(
    j: &mut Judgement,
    case: &Case<'_>,
    server: &Server<'_>,
    settings: &Settings<'_, '_>,
    longest: u64,
    packet: u64,
) {
    let draft = j.fail(format!(
        "The task lets LOBs of {} through, and {} takes packets of {}",
        size(longest),
        server.name,
        size(packet)
    ));
    // Servers round down to whole KiB.
    let wanted = (longest + BESIDE).div_ceil(1024) * 1024;
    if wanted > LARGEST_PACKET || settings.keeper == Keeper::TidbCloud && is_shared_tier(case) {
        draft
            .advise("The target takes no larger packets: lower LobMaxSize, which cuts longer LOBs");
    } else {
        settings.set(draft, "max_allowed_packet", &wanted.to_string(), "");
    }
}

fn entry_too_small(
    j: &mut Judgement,
    case: &Case<'_>,
    server: &Server<'_>,
    settings: &Settings<'_, '_>,
    longest: u64,
    entry: u64,
) {
    let draft = j.fail(format!(
        "The task lets LOBs of {} through, and {} takes rows of {}",
        size(longest),
        server.name,
        size(entry)
    ));
    let wanted = longest + BESIDE;
    let can = settings.peek("tidb_txn_entry_size_limit").is_some()
        && wanted <= RAFT_ENTRY
        && !(settings.keeper == Keeper::TidbCloud && is_shared_tier(case));
    if can {
        settings.set(draft, "tidb_txn_entry_size_limit", &wanted.to_string(), "");
    } else {
        draft.advise("Ask the support of TiDB Cloud for a larger txn-entry-size-limit and raft-entry-max-size, or lower LobMaxSize, which cuts longer LOBs");
    }
}

fn batches(j: &mut Judgement, case: &Case<'_>, place: &str, metadata: &Value, lobs: Lobs) {
    if dms::member(metadata, "BatchApplyEnabled").and_then(flag) != Some(true) {
        return;
    }
    j.note(place, "BatchApplyEnabled", true);
    if !matches!(lobs, Lobs::Full { .. }) {
        return;
    }
    let draft = j
        .fail("BatchApplyEnabled works with limited LOB mode alone: with FullLobMode batches with LOBs fail, and changes are applied one by one")
        .at(Severity::Advice);
    draft.advise("Turn BatchApplyEnabled off, or FullLobMode");
    let fields = ReplicationFields {
        settings: Some(json!({"TargetMetadata": {"BatchApplyEnabled": false}}).to_string()),
        ..ReplicationFields::default()
    };
    if let Some(change) = dms::modify(case, fields) {
        draft.change(change);
    }
}

fn lobs(metadata: &Value) -> Lobs {
    let is = |name: &str| dms::member(metadata, name).and_then(flag);
    let kilobytes = |name: &str| dms::member(metadata, name).and_then(count);
    if is("SupportLobs") == Some(false) {
        Lobs::None
    } else if is("FullLobMode") == Some(true) {
        Lobs::Full { inline: kilobytes("InlineLobMaxSize").unwrap_or(0) }
    } else {
        Lobs::Limited(kilobytes("LobMaxSize").unwrap_or(DEFAULT_LOB_MAX_SIZE))
    }
}

/// Settings written by hand may quote what DMS writes bare.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => super::settings::switch(text),
        _ => None,
    }
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => super::settings::number(text),
        other => other.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const TASK: &str = "/inventory/ReplicationTasks/0/ReplicationTaskSettings";

    fn task(metadata: Value) -> (&'static str, Value) {
        let mut settings = json!({});
        settings["TargetMetadata"] = metadata;
        (TASK, settings.to_string().into())
    }

    fn limited(kilobytes: u64) -> (&'static str, Value) {
        task(json!({"SupportLobs": true, "FullLobMode": false, "LimitedSizeLobMode": true,
            "LobMaxSize": kilobytes, "InlineLobMaxSize": 0}))
    }

    #[test]
    fn lobs_fit_into_rows_of_tidb() {
        let target = |name, value| patient::probes(&[], &[(name, value)]);
        let healthy = || patient::probes(&[], &[]);
        let old = || {
            patient::probes(
                &[],
                &[("version", Some("5.7.25-TiDB-v7.1.3")), ("tidb_txn_entry_size_limit", None)],
            )
        };
        let starter = ("/clusters/0/tier", json!({"known": "starter"}));
        testing::check(
            CHECK.id,
            &[
                // Nothing is said of LOBs: 32 KB.
                (&[healthy()], Outcome::Pass, ""),
                (&[healthy(), limited(32)], Outcome::Pass, ""),
                (&[healthy(), limited(6143)], Outcome::Pass, ""),
                // 6 MiB of LOB alone fill the row.
                (&[healthy(), limited(6144)], Outcome::Warn, "rows of 6 MiB"),
                (&[healthy(), limited(6144), starter.clone()], Outcome::Warn, "rows of 6 MiB"),
                (
                    &[target("tidb_txn_entry_size_limit", Some("125829120")), limited(10240)],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[target("tidb_txn_entry_size_limit", Some("1048576")), limited(1024)],
                    Outcome::Warn,
                    "rows of 1 MiB",
                ),
                (
                    &[target("tidb_txn_entry_size_limit", None), limited(32)],
                    Outcome::Unknown,
                    "tidb_txn_entry_size_limit",
                ),
                (&[old(), limited(6144)], Outcome::Warn, "rows of 6 MiB"),
                (&[old(), limited(32)], Outcome::Pass, ""),
                (
                    &[target("max_allowed_packet", Some("16384")), limited(32)],
                    Outcome::Warn,
                    "packets of 16 KiB",
                ),
                (&[healthy(), task(json!({"FullLobMode": true}))], Outcome::Warn, "any size"),
                (&[healthy(), task(json!({"FullLobMode": "true"}))], Outcome::Warn, "any size"),
                (
                    &[healthy(), task(json!({"SupportLobs": false, "FullLobMode": true}))],
                    Outcome::Pass,
                    "",
                ),
                (&[healthy(), (TASK, json!(null))], Outcome::Unknown, "settings"),
            ],
        );
        let both = testing::say(CHECK.id, &[healthy(), limited(65536)]).text();
        assert!(both.contains("packets of 64 MiB") && both.contains("rows of 6 MiB"), "{both}");
        let commands = |changes: &[(&str, Value)]| testing::say(CHECK.id, changes).commands();
        assert_eq!(
            commands(&[healthy(), limited(6144)]),
            ["SET GLOBAL tidb_txn_entry_size_limit = 7340032;"]
        );
        // On a shared tier these are not the user's to set.
        assert!(commands(&[healthy(), limited(6144), starter]).is_empty());
        // TiKV's own limit isn't either.
        assert!(commands(&[healthy(), limited(7169)]).is_empty());
    }

    #[test]
    fn lobs_fit_into_packets_of_mysql() {
        let base = |packet| patient::out_of_tidb(&[("max_allowed_packet", Some(packet))]);
        testing::check_on(
            CHECK.id,
            &base("16777216"),
            &[
                (&[limited(16383)], Outcome::Pass, ""),
                (&[limited(16384)], Outcome::Warn, "packets of 16 MiB"),
                (&[task(json!({"FullLobMode": true}))], Outcome::Advice, "any size"),
                (
                    &[task(json!({"FullLobMode": true, "InlineLobMaxSize": 16384}))],
                    Outcome::Warn,
                    "packets of 16 MiB",
                ),
                (&[task(json!({"LobMaxSize": 32, "BatchApplyEnabled": true}))], Outcome::Pass, ""),
            ],
        );
        testing::check_on(
            CHECK.id,
            &base("1073741824"),
            &[
                (&[task(json!({"FullLobMode": true}))], Outcome::Pass, ""),
                (
                    &[task(json!({"FullLobMode": true, "BatchApplyEnabled": true}))],
                    Outcome::Advice,
                    "one by one",
                ),
            ],
        );
        let mut large = base("16777216");
        large.push(limited(16384));
        assert_eq!(
            testing::say(CHECK.id, &large).commands(),
            ["SET GLOBAL max_allowed_packet = 17825792;"]
        );
    }
}

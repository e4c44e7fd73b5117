//! Weighs one need in every world, and says why when the worlds disagree.

use super::account::{Account, Rows};
use crate::facts::{Gap, Unlock};

use super::answer::Verdict;
use super::privilege::Privileges;
use super::request::Need;
use super::rules::{Object, Outcome, View, World};
use super::unlock;

/// What a need came to.
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// Empty unless the verdict is `Lacking`.
    pub(super) missing: Privileges,
    /// Empty unless the verdict is `Unknown`.
    pub(super) gaps: Vec<Gap>,
}

/// Schemas that no migration takes along, so that a revoke there is of no account.
const SYSTEM_SCHEMAS: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// Weighs a need against the account, everything that is in doubt included.
pub(super) fn weigh(account: &Account, worlds: &[World], need: &Need) -> Finding {
    let views = views(account, worlds, need);
    let mut gaps = Vec::new();
    let verdict = match settled(&views, need) {
        Some(Outcome::Enough) if loses(account, need) => {
            gaps.extend(account.less.iter().cloned());
            Verdict::Unknown
        }
        Some(Outcome::Lacking) if need.unnamed => Verdict::Unknown,
        Some(Outcome::Lacking) if !account.more.is_empty() => {
            gaps.extend(account.more.iter().cloned());
            Verdict::Unknown
        }
        Some(Outcome::Enough) if need.unnamed && revoked_somewhere(account, need) => {
            Verdict::Unknown
        }
        Some(Outcome::Enough) => Verdict::Enough,
        Some(Outcome::Lacking) => Verdict::Lacking,
        _ => {
            gaps.extend(disagreements(worlds, &views, need));
            gaps.extend(unclear(worlds, &views, need));
            gaps.extend(account.more.iter().cloned());
            Verdict::Unknown
        }
    };
    if verdict == Verdict::Unknown && need.unnamed && gaps.is_empty() {
        gaps.push(Gap::new(
            "the selection",
            "it isn't said which schemas are meant, and not every schema is covered",
            unlock::selection(),
        ));
    }
    let missing =
        if verdict == Verdict::Lacking { missing(&views, need) } else { Privileges::new() };
    Finding { verdict, missing, gaps }
}

/// Whether the rows, taken at their word, are enough in every world; doubts of reading don't count.
pub(super) fn is_met(account: &Account, worlds: &[World], need: &Need) -> bool {
    settled(&views(account, worlds, need), need) == Some(Outcome::Enough)
}

/// The privileges of a need that aren't held in every world.
pub(super) fn not_certain(account: &Account, worlds: &[World], need: &Need) -> Privileges {
    uncertain(&views(account, worlds, need), need)
}

/// An object as messages name it.
pub(super) fn label(object: &Object) -> String {
    match object {
        Object::Global => "*.*".to_owned(),
        Object::Schema(schema) => schema.clone(),
        Object::Table(schema, table) => format!("{schema}.{table}"),
    }
}

fn views(account: &Account, worlds: &[World], need: &Need) -> Vec<View> {
    worlds.iter().map(|world| world.view(account, &need.object)).collect()
}

/// The outcome on which all worlds agree.
fn settled(views: &[View], need: &Need) -> Option<Outcome> {
    let mut outcomes = views.iter().map(|view| view.outcome(&need.privileges));
    let first = outcomes.next()?;
    outcomes.all(|outcome| outcome == first).then_some(first)
}

/// Whether a doubtful line could take the privileges away, or hide the row that gives them.
fn loses(account: &Account, need: &Need) -> bool {
    let nothing_revoked =
        Rows { revoked: account.own.revoked.clone(), ..Rows::default() } == Rows::default();
    let global = nothing_revoked && need.privileges.is_subset(&account.own.global);
    !account.less.is_empty() && (account.less_globally || !global)
}

fn revoked_somewhere(account: &Account, need: &Need) -> bool {
    account.own.revoked.iter().any(|(schema, taken)| {
        !SYSTEM_SCHEMAS.contains(&schema.to_ascii_lowercase().as_str())
            && !taken.is_disjoint(&need.privileges)
    })
}

/// What is surely missing; where each single privilege could be held but never all of them
/// together, those that aren't certain.
fn missing(views: &[View], need: &Need) -> Privileges {
    let held_somewhere: Privileges = views.iter().flat_map(|view| view.bounds().1).collect();
    let surely: Privileges = need.privileges.difference(&held_somewhere).copied().collect();
    if !surely.is_empty() {
        return surely;
    }
    uncertain(views, need)
}

/// What isn't held in every view.
fn uncertain(views: &[View], need: &Need) -> Privileges {
    let held = |privilege: &_| views.iter().all(|view| view.bounds().0.contains(privilege));
    need.privileges.iter().filter(|privilege| !held(privilege)).copied().collect()
}

/// One gap per setting that, changed alone, changes the outcome.
fn disagreements(worlds: &[World], views: &[View], need: &Need) -> Vec<Gap> {
    let about = label(&need.object);
    let outcome = |at: usize| views[at].outcome(&need.privileges);
    let gap = |reason: &str, unlock: Unlock| Gap::new(about.clone(), reason, unlock);
    let mut gaps = Vec::new();
    for (at, one) in worlds.iter().enumerate() {
        for (other_at, other) in worlds.iter().enumerate().skip(at + 1) {
            if outcome(at) == outcome(other_at) {
                continue;
            }
            let only = |changed: World| changed == *other;
            let found = if one.rules != other.rules {
                gap("servers of different families would decide differently", unlock::version())
            } else if only(World { partial_revokes: other.partial_revokes, ..one.clone() }) {
                let reason = "with partial_revokes on, `%` and `_` are literal in schema names; \
                              with it off, they are wildcards";
                gap(reason, unlock::partial_revokes())
            } else if only(World { fold_case: other.fold_case, ..one.clone() }) {
                gap(
                    "it depends on how the server treats letter case",
                    unlock::lower_case_table_names(),
                )
            } else if only(World { roles: other.roles, ..one.clone() }) {
                gap("it depends on which roles are active", unlock::current_role())
            } else {
                continue;
            };
            if !gaps.contains(&found) {
                gaps.push(found);
            }
        }
    }
    gaps
}

/// What keeps a single world from deciding.
fn unclear(worlds: &[World], views: &[View], need: &Need) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let about = label(&need.object);
    let grant = || unlock::grant(&uncertain(views, need), &about);
    for (world, view) in worlds.iter().zip(views) {
        if view.outcome(&need.privileges) != Outcome::Unclear {
            continue;
        }
        let mut add = |reason: String, unlock: Unlock| {
            let gap = Gap::new(about.clone(), reason, unlock);
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        };
        let rows: Vec<String> = view.overlap.iter().map(|row| format!("`{row}`.*")).collect();
        let rows = rows.join(" and ");
        match view.overlap.len() {
            0 => {}
            1 => add(format!("server versions differ in whether {rows} covers it"), grant()),
            _ if world.merges_roles() => add(
                format!(
                    "{rows} match, only one row counts per grantee, and with roles active it \
                     can't be seen whose rows these are"
                ),
                unlock::grantees(),
            ),
            _ => add(
                format!("{rows} match, only one of them counts, and their order can't be seen"),
                grant(),
            ),
        }
        if view.on_tables {
            let reason = "it is granted on single tables, which may or may not be all";
            add(reason.into(), unlock::tables());
        }
        if view.on_columns {
            let reason = "it is granted on columns, which may or may not be all of the table's";
            add(reason.into(), grant());
        }
    }
    gaps
}

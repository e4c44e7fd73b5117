//! Judging a migration by every check of the catalogue.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    checks, compliance, decide,
    facts::{Assumption, Fact, Facts, Gap, Index, Run, Unlock},
    judgement::{Conclusion, Judgement, Outcome},
    migration::{Migration, SelectError, migrations, select, with_what_was_asked},
    path::Trace,
    plugin::Plugin,
    policy::Policy,
    proof::Proofs,
    report::{OwnCheck, Rehearsal, Report, RootCause, Row, SeatPath, Subject, VERSION, Verdict},
    severity::Severity,
    waivers::{self, CHECK as WAIVER_CHECK},
};

/// Judges the migration that was asked for, or the only one that the facts hold.
pub fn examine(facts: &Facts, policy: &Policy) -> Result<Report, SelectError> {
    examine_with(facts, policy, &[])
}

/// The same with what the user's own checks say.
pub fn examine_with(
    facts: &Facts,
    policy: &Policy,
    plugins: &[Plugin],
) -> Result<Report, SelectError> {
    let believed = believed(facts);
    let facts = &*with_what_was_asked(&believed);
    let index = Index::new(&facts.inventory);
    let migration = select(facts, &index)?;
    let mut report = judge(facts, &index, migration, policy, plugins);
    report.rehearsal = rehearse(facts, policy, &report);
    Ok(report)
}

/// Judges every migration that the facts hold; time grows linearly with their number.
pub fn examine_all(facts: &Facts, policy: &Policy) -> Vec<Report> {
    let facts = &*believed(facts);
    let index = Index::new(&facts.inventory);
    migrations(facts, &index)
        .into_iter()
        .map(|migration| judge(facts, &index, migration, policy, &[]))
        .collect()
}

/// The facts without what contradicts itself.
fn believed(facts: &Facts) -> Cow<'_, Facts> {
    if facts.inventory.conflicts.is_empty() {
        return Cow::Borrowed(facts);
    }
    let mut facts = facts.clone();
    facts.inventory.forget_contradictions();
    Cow::Owned(facts)
}

fn judge<'a>(
    facts: &'a Facts,
    index: &'a Index<'a>,
    migration: Migration<'a>,
    policy: &Policy,
    plugins: &[Plugin],
) -> Report {
    let mut case = Case::new(facts, index, migration);
    case.signatures = policy.signatures;
    let servers = case.servers();
    let proofs = Proofs::new(&case, &servers);
    let mut rows: Vec<Row> = Vec::new();
    let mut assumptions = case.assumptions.clone();
    let mut left_out = 0;
    for check in checks() {
        if !policy.wants(check) {
            left_out += 1;
            continue;
        }
        for (subject, mut judgement) in judgements(check, &case, &servers) {
            proofs.settle(check, &subject, &mut judgement);
            let open = open_before(check, &subject, &rows);
            let conclusion =
                judgement.conclude(check.severity, policy.level(check.id), open, check.fix);
            add(&mut assumptions, conclusion.assumptions.clone());
            let mut row = row(check.id, subject, conclusion);
            for gap in &mut row.gaps {
                case.facts.inventory.explain(gap);
            }
            rows.push(row);
        }
    }
    let whole = Subject { kind: "migration".into(), id: case.migration.name() };
    let own_checks = own(facts, policy, plugins, &whole, &mut rows);
    // Only now, so that a waived row still explains what is behind it.
    let waivers = waivers::apply(policy, plugins, facts.taken_at, &mut rows);
    if let Some(judgement) = waivers.filter(|_| policy.wants(&WAIVER_CHECK)) {
        let (id, severity) = (WAIVER_CHECK.id, WAIVER_CHECK.severity);
        let conclusion =
            judgement.conclude(severity, policy.level(id), Vec::new(), WAIVER_CHECK.fix);
        rows.push(row(id, whole, conclusion));
    }
    let mut paths = Vec::new();
    for seat in case.seats.known().into_iter().flatten() {
        if let Some(path) = seat.path.known() {
            add(&mut assumptions, path.assumptions.clone());
            paths.push(SeatPath {
                seat: seat.id.clone(),
                role: seat.role.to_owned(),
                trace: Trace::from(path),
            });
        }
    }
    let mut counts: BTreeMap<String, usize> =
        Outcome::ALL.iter().map(|outcome| (outcome.as_str().to_owned(), 0)).collect();
    for row in &rows {
        *counts.entry(row.outcome.as_str().to_owned()).or_default() += 1;
    }
    let (verdict, exit_code) = answer(&rows, policy.fail_on);
    let decide::Plan { to_decide, then_perhaps } = decide::plan(&case, &rows);
    Report {
        version: VERSION,
        verdict,
        exit_code,
        taken_at: facts.taken_at,
        migration: case.summary(),
        names: case.names(),
        counts,
        left_out,
        root_causes: root_causes(&rows),
        to_decide,
        then_perhaps,
        rehearsal: None,
        rows,
        assumptions,
        paths,
        compliance: compliance::standings(&case, policy),
        own_checks,
        notes: facts.run.notes.clone(),
        run: Run { notes: Vec::new(), ..facts.run.clone() },
    }
}

fn add(assumptions: &mut Vec<Assumption>, more: Vec<Assumption>) {
    for assumption in more {
        if !assumptions.contains(&assumption) {
            assumptions.push(assumption);
        }
    }
}

fn row(check: &str, subject: Subject, conclusion: Conclusion) -> Row {
    Row {
        check: check.to_owned(),
        subject,
        outcome: conclusion.outcome,
        level: conclusion.level,
        findings: conclusion.findings,
        gaps: conclusion.gaps,
        evidence: conclusion.evidence,
        by: conclusion.by,
        reason: conclusion.reason,
        waived: None,
    }
}

/// Adds the rows of the user's own checks. Gives back what these checks say of themselves.
fn own(
    facts: &Facts,
    policy: &Policy,
    plugins: &[Plugin],
    whole: &Subject,
    rows: &mut Vec<Row>,
) -> Vec<OwnCheck> {
    let mut checks: Vec<OwnCheck> = Vec::new();
    for judged in plugins.iter().flat_map(|plugin| plugin.judgements(facts, policy)) {
        let check = judged.check;
        let level = policy.level(&check.id);
        let conclusion = judged.judgement.conclude(check.severity, level, Vec::new(), &check.fix);
        let subject = judged.subject.unwrap_or_else(|| whole.clone());
        rows.push(row(&check.id, subject, conclusion));
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    checks
}

/// A check's judgements, one for each subject. Where the seats weren't seen, there is one for all of
/// them, and it says so: no check vanishes from a report.
fn judgements(check: &Check, case: &Case<'_>, servers: &[Server<'_>]) -> Vec<(Subject, Judgement)> {
    let migration = || Subject { kind: "migration".into(), id: case.summary().name };
    let unseen = |gap: Gap| {
        let mut judgement = Judgement::default();
        judgement.gap(gap);
        vec![(migration(), judgement)]
    };
    match check.judge {
        Judge::Migration(judge) => {
            let mut judgement = Judgement::default();
            judge(&mut judgement, case);
            vec![(migration(), judgement)]
        }
        // What is about the configuration is judged when everything else is.
        Judge::Policy => Vec::new(),
        Judge::Seat(judge) => match &case.seats {
            Fact::Unknown(gap) => unseen(gap.clone()),
            Fact::Known(seats) if seats.is_empty() => unseen(Gap::new(
                "the replication's subnets",
                "none is known",
                Unlock::Flag("--subnets".into()),
            )),
            Fact::Known(seats) => seats
                .iter()
                .map(|seat| {
                    let mut judgement = Judgement::default();
                    judge(&mut judgement, case, seat);
                    (Subject { kind: "subnet".into(), id: seat.id.clone() }, judgement)
                })
                .collect(),
        },
        Judge::Endpoint(judge) => match &case.cluster.role {
            Fact::Unknown(gap) if servers.is_empty() => unseen(gap.clone()),
            _ => servers
                .iter()
                .map(|server| {
                    let mut judgement = Judgement::default();
                    match &server.speaks_mysql {
                        Fact::Known(true) => judge(&mut judgement, case, server),
                        Fact::Known(false) => judgement.not_applicable(format!(
                            "{} doesn't speak MySQL: only its DMS settings are judged",
                            server.name
                        )),
                        Fact::Unknown(gap) => judgement.gap(gap.clone()),
                    }
                    (
                        Subject { kind: server.role.as_str().into(), id: server.name.clone() },
                        judgement,
                    )
                })
                .collect(),
        },
    }
}

/// The checks that explain why something isn't known of a subject: those in `after` that are open,
/// and where one of them is itself blocked, what blocks it.
fn open_before(check: &Check, subject: &Subject, rows: &[Row]) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let before = rows.iter().filter(|row| {
        check.after.contains(&row.check.as_str())
            && row.outcome.is_open()
            && (row.subject == *subject
                || row.subject.kind == "migration"
                || row.subject.kind == "subnet" && subject.kind != "subnet"
                || subject.kind == "migration")
    });
    for row in before {
        let own = [row.check.clone()];
        let roots = if row.outcome == Outcome::Blocked { &row.by[..] } else { &own[..] };
        for root in roots {
            if !open.contains(root) {
                open.push(root.clone());
            }
        }
    }
    open
}

/// The verdict and the exit code: 1 for a finding at the threshold, 3 for something undecided there.
fn answer(rows: &[Row], fail_on: Severity) -> (Verdict, u8) {
    let found = rows.iter().any(|row| {
        row.outcome != Outcome::Waived
            && row.findings.iter().any(|finding| finding.level >= fail_on)
    });
    let undecided = rows.iter().any(|row| row.outcome.is_undecided() && row.level >= fail_on);
    match (found, undecided) {
        (true, _) => (Verdict::Fail, 1),
        (false, true) => (Verdict::Unknown, 3),
        (false, false) => (Verdict::Pass, 0),
    }
}

/// What is broken, each cause once for all the subjects that it breaks.
fn root_causes(rows: &[Row]) -> Vec<RootCause> {
    let mut causes: Vec<RootCause> = Vec::new();
    for row in rows.iter().filter(|row| row.outcome == Outcome::Fail) {
        for finding in row.findings.iter().filter(|finding| finding.level == Severity::Error) {
            let known = causes.iter_mut().find(|cause| cause.covers(&row.check, finding));
            match known {
                // Another check that the very same cure satisfies tells of the same cause.
                Some(cause) if cause.check != row.check => {}
                Some(cause) => {
                    cause.remedy.add(&finding.remedy);
                    if !cause.subjects.contains(&row.subject) {
                        cause.subjects.push(row.subject.clone());
                    }
                }
                None => causes.push(RootCause {
                    check: row.check.clone(),
                    subjects: vec![row.subject.clone()],
                    message: finding.message.clone(),
                    remedy: finding.remedy.clone(),
                    explains: Vec::new(),
                }),
            }
        }
    }
    // A cluster that isn't there, or not to be had by this way, is told before the way is blamed.
    let of_cluster = |cause: &RootCause| {
        matches!(cause.check.as_str(), "cluster/running" | "cluster/supports-path")
    };
    causes.sort_by_key(|cause| !of_cluster(cause));
    for cause in &mut causes {
        let mut explains: Vec<String> = rows
            .iter()
            .filter(|row| row.outcome == Outcome::Blocked && row.by.contains(&cause.check))
            .map(|row| row.check.clone())
            .collect();
        explains.dedup();
        cause.explains = explains;
    }
    causes
}

/// Applies every cure to the facts and judges again.
fn rehearse(facts: &Facts, policy: &Policy, report: &Report) -> Option<Rehearsal> {
    let cured: Vec<usize> = report
        .root_causes
        .iter()
        .enumerate()
        .filter(|(_, cause)| !cause.remedy.changes.is_empty())
        .map(|(place, _)| place + 1)
        .collect();
    if cured.is_empty() {
        return None;
    }
    let mut mended = facts.clone();
    // DMS tested the world as it is, not as it will be.
    mended.tests.clear();
    for cause in &report.root_causes {
        for change in &cause.remedy.changes {
            change.apply(&mut mended);
        }
    }
    let index = Index::new(&mended.inventory);
    let again = judge(&mended, &index, select(&mended, &index).ok()?, policy, &[]);
    let mut still_failing: Vec<String> = again
        .rows
        .iter()
        // A waiver that is no longer needed is no news of a world that isn't there yet.
        .filter(|row| row.outcome == Outcome::Fail && row.check != WAIVER_CHECK.id)
        .map(|row| row.check.clone())
        .collect();
    still_failing.dedup();
    let is_of_the_way = |row: &&Row| {
        ["network/", "access/", "cluster/"].iter().any(|category| row.check.starts_with(category))
    };
    let mut undecided: Vec<String> = again
        .rows
        .iter()
        .filter(|row| row.outcome.is_undecided() && row.level == Severity::Error)
        .filter(is_of_the_way)
        .map(|row| row.check.clone())
        .collect();
    undecided.dedup();
    Some(Rehearsal { cured, still_failing, undecided })
}

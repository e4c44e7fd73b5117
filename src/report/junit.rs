//! The report as JUnit XML, by the rules that its readers have in common.
//!
//! One suite per migration, flat. A case's `name` is the check's id; its `classname` holds the
//! migration and the subject, escaped so that no two cases share both. At most one of failure, error
//! and skipped per case, each with message, type and body. Warnings have no place in the format: below
//! the threshold they are a note on a pass. Times are of the facts or zero, so the same facts give the
//! same bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jiff::Timestamp;
use quick_junit::{
    NonSuccessKind, Property, Report as Document, TestCase, TestCaseStatus, TestSuite,
};
use tidb_dms_checks::{
    facts::{Gap, PathKind, Unlock},
    judgement::{Finding, Outcome},
    report::{Report, Row, Subject},
    severity::Severity,
};

use super::text::{is_sql, plain};

/// The name of the document and the root of every `classname`.
const ROOT: &str = "tidb-dms";

/// The case that stands where no check has one, since an empty suite breaks its readers.
const RUN: &str = "doctor/run";

/// The reports as one document. `fail_on` is the level from which a finding is a failure and an
/// undecided row an error.
pub fn render(reports: &[Report], fail_on: Severity) -> String {
    let names: Vec<&str> = reports.iter().map(|report| report.migration.name.as_str()).collect();
    let mut document = Document::new(ROOT);
    for (report, segment) in reports.iter().zip(segments(&names)) {
        document.add_test_suite(suite(report, &segment, fail_on));
    }
    if reports.is_empty() {
        let mut suite = TestSuite::new(ROOT);
        suite.add_test_case(case(
            RUN,
            ROOT.to_owned(),
            skipped("no-migration", "there was no migration to judge", ""),
        ));
        document.add_test_suite(suite);
    }
    print(&document)
}

/// What stands in the file until the run has finished: each selected check as an error.
pub fn unfinished(migration: &str, checks: &[String], taken_at: Timestamp) -> String {
    let message = "no result: the run did not finish";
    let mut suite = TestSuite::new(single_line(migration, ROOT));
    suite.extra.insert("timestamp".into(), iso(taken_at).into());
    let classname = format!("{ROOT}.{}.migration", escape(migration));
    let run = [RUN.to_owned()];
    let checks = if checks.is_empty() { &run } else { checks };
    for check in checks {
        let body = format!("{message}\nIt was interrupted, or it is still under way.");
        let status = status(NonSuccessKind::Error, "did-not-finish", message, &body);
        suite.add_test_case(case(check, classname.clone(), status));
    }
    let mut document = Document::new(ROOT);
    document.add_test_suite(suite);
    print(&document)
}

fn print(document: &Document) -> String {
    let mut document = document.clone();
    document.uuid = None;
    document.timestamp = None;
    document.time = Some(std::time::Duration::ZERO);
    for suite in &mut document.test_suites {
        suite.time = Some(std::time::Duration::ZERO);
    }
    // Writing into memory doesn't fail.
    document.to_string().unwrap_or_default()
}

fn suite(report: &Report, segment: &str, fail_on: Severity) -> TestSuite {
    let migration = &report.migration;
    let mut suite = TestSuite::new(single_line(&migration.name, ROOT));
    // The common schema wants no zone; the property says that it is UTC.
    suite.extra.insert("timestamp".into(), iso(report.taken_at).into());
    if let Some(host) = &migration.tidb_host {
        suite.extra.insert("hostname".into(), plain(host).into());
    }
    let path = migration.path.map(|path| match path {
        PathKind::Public => "public",
        PathKind::PrivateEndpoint => "private-endpoint",
        PathKind::VpcPeering => "vpc-peering",
    });
    let unfinished = &report.run.unfinished;
    let unfinished = (!unfinished.is_empty()).then(|| plain(&unfinished.join("; ")));
    let properties = [
        ("schema-version", Some(report.version.to_string())),
        ("tool-version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("region", migration.region.as_deref().map(plain)),
        ("path", path.map(str::to_owned)),
        ("taken-at-utc", Some(report.taken_at.to_string())),
        ("fail-on", Some(fail_on.as_str().to_owned())),
        ("exit-code", Some(report.exit_code.to_string())),
        ("checks-left-out", Some(report.left_out.to_string())),
        ("not-finished", unfinished),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            suite.add_property(Property::new(name, value));
        }
    }
    let red = red(report, fail_on);
    let mut taken = BTreeMap::new();
    for row in &report.rows {
        let mut classname = format!("{ROOT}.{segment}.{}", subject(&row.subject));
        // One check has one row per subject. Should a report break that, no case may vanish.
        let count: &mut usize = taken.entry((row.check.clone(), classname.clone())).or_default();
        *count += 1;
        if *count > 1 {
            let _ = write!(classname, "_n{count}");
        }
        let mut case = case(&row.check, classname, row_status(row, &red, fail_on));
        if let Some(note) = note(row, fail_on) {
            case.set_system_out(note);
        }
        suite.add_test_case(case);
    }
    if report.rows.is_empty() {
        let classname = format!("{ROOT}.{segment}.migration");
        let message = "no check was selected";
        let status = if report.exit_code == 0 {
            skipped("no-check", message, "")
        } else {
            status(NonSuccessKind::Error, "no-check", message, message)
        };
        suite.add_test_case(case(RUN, classname, status));
    }
    suite
}

fn case(check: &str, classname: String, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(single_line(check, RUN), status);
    case.set_classname(classname);
    case.set_time(std::time::Duration::ZERO);
    case
}

/// What a row is before the blocked ones are looked at.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Pass,
    Failure,
    Error,
    Skipped,
    Blocked,
}

fn kind(row: &Row, fail_on: Severity) -> Kind {
    match row.outcome {
        Outcome::Waived | Outcome::NotApplicable => Kind::Skipped,
        _ if row.findings.iter().any(|finding| finding.level >= fail_on) => Kind::Failure,
        Outcome::Unknown | Outcome::Blocked if row.level < fail_on => Kind::Skipped,
        Outcome::Unknown => Kind::Error,
        Outcome::Blocked => Kind::Blocked,
        // A failed row has a finding; without one, its outcome is all that is known of it.
        Outcome::Fail if row.findings.is_empty() => Kind::Failure,
        Outcome::Fail | Outcome::Warn | Outcome::Advice | Outcome::Pass => Kind::Pass,
    }
}

/// The checks that are red in this report by themselves.
fn red(report: &Report, fail_on: Severity) -> BTreeSet<&str> {
    report
        .rows
        .iter()
        .filter(|row| matches!(kind(row, fail_on), Kind::Failure | Kind::Error))
        .map(|row| row.check.as_str())
        .collect()
}

fn row_status(row: &Row, red: &BTreeSet<&str>, fail_on: Severity) -> TestCaseStatus {
    let reason = single_line(row.reason.as_deref().unwrap_or_default(), "no reason given");
    match kind(row, fail_on) {
        Kind::Pass => TestCaseStatus::success(),
        Kind::Failure => {
            let messages: Vec<String> = row
                .findings
                .iter()
                .filter(|finding| finding.level >= fail_on)
                .map(|finding| plain(&finding.message))
                .collect();
            let message = single_line(&messages.join("; "), "the requirement is broken");
            let kind = NonSuccessKind::Failure;
            status(kind, &row.check, &message, &body(&message, row))
        }
        Kind::Error => {
            let message = format!("undecided: {}", gaps(row));
            let kind = NonSuccessKind::Error;
            status(kind, &row.check, &message, &body(&message, row))
        }
        Kind::Blocked => {
            let by: Vec<String> = row.by.iter().map(|id| plain(id)).collect();
            let message = single_line(
                &format!("not evaluated because of {}", by.join(", ")),
                "not evaluated",
            );
            let body = body(&message, row);
            if row.by.iter().any(|id| red.contains(id.as_str())) {
                skipped("blocked", &message, &body)
            } else {
                status(NonSuccessKind::Error, &row.check, &message, &body)
            }
        }
        Kind::Skipped => match row.outcome {
            Outcome::Waived => {
                let message = format!("waived: {reason}");
                skipped("waived", &message, &body(&message, row))
            }
            Outcome::NotApplicable => {
                let message = format!("not applicable: {reason}");
                skipped("not-applicable", &message, &body(&message, row))
            }
            _ => {
                let message = format!("undecided: {}", gaps(row));
                skipped("undecided", &message, &body(&message, row))
            }
        },
    }
}

fn status(kind: NonSuccessKind, code: &str, message: &str, body: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    fill(&mut status, code, message, body);
    status
}

fn skipped(code: &str, message: &str, body: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    fill(&mut status, code, message, body);
    status
}

fn fill(status: &mut TestCaseStatus, code: &str, message: &str, body: &str) {
    status.set_message(message);
    status.set_type(single_line(code, RUN));
    status.set_description(if body.is_empty() { message } else { body });
}

fn gaps(row: &Row) -> String {
    let gaps: Vec<String> = row.gaps.iter().map(|gap| plain(&gap.to_string())).collect();
    single_line(&gaps.join("; "), "nothing was seen that would decide it")
}

/// The whole of a row, for readers that show the body only.
fn body(message: &str, row: &Row) -> String {
    let mut lines = vec![message.to_owned()];
    for finding in &row.findings {
        // A single finding's message stands above already.
        let said = usize::from(plain(&finding.message) == message);
        lines.extend(finding_lines(finding).into_iter().skip(said));
    }
    if let Some(reason) = &row.reason {
        lines.push(format!("reason: {}", plain(reason)));
    }
    lines.extend(row.gaps.iter().map(gap_line));
    lines.extend(evidence_lines(row));
    lines.join("\n")
}

fn finding_lines(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", finding.level.as_str(), plain(&finding.message))];
    if !finding.remedy.advice.is_empty() {
        lines.push(format!("fix: {}", plain(&finding.remedy.advice)));
    }
    lines.extend(finding.remedy.commands.iter().map(|command| {
        let command = plain(command);
        if is_sql(&command) { command } else { format!("$ {command}") }
    }));
    lines
}

fn gap_line(gap: &Gap) -> String {
    let what = plain(&gap.to_string());
    match &gap.unlock {
        Unlock::Nothing => format!("not seen: {what} (can't be seen from outside)"),
        unlock => format!("not seen: {what}; it would take {}", plain(&unlock.to_string())),
    }
}

fn evidence_lines(row: &Row) -> impl Iterator<Item = String> {
    row.evidence.iter().map(|evidence| {
        format!(
            "seen: {}: {} {}",
            plain(&evidence.resource),
            plain(&evidence.field),
            plain(&evidence.value)
        )
    })
}

/// What a pass has to say all the same: findings below the threshold.
fn note(row: &Row, fail_on: Severity) -> Option<String> {
    if kind(row, fail_on) != Kind::Pass || row.findings.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = row.findings.iter().flat_map(finding_lines).collect();
    lines.extend(evidence_lines(row));
    Some(lines.join("\n"))
}

/// Harmless text on one line, never empty.
fn single_line(text: &str, otherwise: &str) -> String {
    let line = plain(text).trim().to_owned();
    if line.is_empty() { otherwise.to_owned() } else { line }
}

/// `2026-11-24T10:02:00`, in UTC.
fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn subject(subject: &Subject) -> String {
    if subject.kind == "migration" {
        "migration".to_owned()
    } else {
        // A subnet that is called `migration` isn't the migration.
        match escape(&subject.id) {
            id if id == "migration" => "_n_migration".to_owned(),
            id => id,
        }
    }
}

/// Each migration's part of the classname; of equal names the later ones are numbered.
fn segments(names: &[&str]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    names
        .iter()
        .map(|name| {
            let count = seen.entry(name).or_default();
            *count += 1;
            match *count {
                1 => escape(name),
                count => format!("{}_n{count}", escape(name)),
            }
        })
        .collect()
}

/// A name as one part of a classname, in which a dot is structure. Letters, digits and hyphens stay, `_`
/// becomes `__`, anything else its code point in hex between underscores: `a.b` is `a_2e_b`. Different
/// names stay different.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '_' => escaped.push_str("__"),
            '-' => escaped.push('-'),
            _ if letter.is_ascii_alphanumeric() => escaped.push(letter),
            _ => {
                let _ = write!(escaped, "_{:x}_", u32::from(letter));
            }
        }
    }
    if escaped.is_empty() {
        // Nothing else is escaped to this.
        escaped.push_str("_n");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_keeps_names_apart() {
        assert_eq!(escape("orders-to-tidb"), "orders-to-tidb");
        assert_eq!(escape("a.b"), "a_2e_b");
        assert_eq!(escape("a_b"), "a__b");
        assert_eq!(escape("a_2e_b"), "a__2e__b");
        let alphabet = ['a', '2', 'e', '.', '_', 'n', '中'];
        let mut seen = BTreeMap::new();
        let mut words = vec![String::new()];
        for _ in 0..5 {
            words = words
                .iter()
                .flat_map(|word| alphabet.map(|letter| format!("{word}{letter}")))
                .collect();
            for word in &words {
                let before = seen.insert(escape(word), word.clone());
                assert_eq!(before, None, "{word}");
            }
        }
        assert!(seen.keys().all(|name| !name.contains('.')));
    }

    #[test]
    fn equal_migrations_have_cases_of_their_own() {
        assert_eq!(segments(&["a", "b", "a"]), ["a", "b", "a_n2"]);
    }
}

//! What all formats promise, tried on all samples.

use std::{collections::BTreeSet, process::Command};

use tidb_dms_checks::{
    facts::Assumption,
    judgement::Outcome,
    report::{Report, Row},
    severity::Severity,
};

use super::{
    json, junit, plain, samples, terminal,
    text::{Style, is_unsafe, width},
    trace,
};

const fn style(width: usize) -> Style {
    Style { width, colour: false }
}

#[test]
fn snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/snapshots/report");
    settings.set_prepend_module_to_snapshot(false);
    let _guard = settings.bind_to_scope();
    for (name, report) in samples::all() {
        for width in [80, 120] {
            let text = terminal::render(&report, &style(width), None);
            insta::assert_snapshot!(format!("{name}-terminal-{width}"), text);
        }
        let reports = [report];
        let text = junit::render(&reports, Severity::Error);
        insta::assert_snapshot!(format!("{name}-junit"), text);
        if matches!(name, "warnings" | "hostile") {
            insta::assert_snapshot!(format!("{name}-json"), json::render(&reports));
            let text = junit::render(&reports, Severity::Advice);
            insta::assert_snapshot!(format!("{name}-junit-fail-on-advice"), text);
        }
    }
    insta::assert_snapshot!("trace", trace::render(&samples::crooked(), &style(80)));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, report) in samples::all() {
        for columns in [40, 44, 60, 80, 100, 120] {
            let text = terminal::render(&report, &style(columns), Some("A demo."));
            for line in text.lines() {
                // An argument can't be broken: the terminal wraps it, and it can still be copied. Nor can
                // a statement of an IAM policy.
                let is_argument = line.starts_with("        ") && !line.trim().contains("  ")
                    || line.trim().starts_with("{\"Action\":");
                assert!(width(line) <= columns || is_argument, "{name}, {columns} columns: {line}");
            }
        }
    }
}

#[test]
fn what_is_to_know_is_numbered_as_it_stands() {
    let mut report = samples::warnings();
    report.rows.reverse();
    for report in samples::all().into_iter().map(|(_, report)| report).chain([report]) {
        let text = terminal::render(&report, &style(80), None);
        let numbers: Vec<usize> = text
            .lines()
            .filter_map(|line| {
                let (number, rest) = line.split_once(' ')?;
                rest.starts_with(['✗', '!', '·']).then(|| number.parse().ok()).flatten()
            })
            .collect();
        assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn as_much_is_taken_as_given_as_is_listed() {
    let mut report = samples::healthy();
    let again = Assumption { about: "another".into(), ..report.assumptions[0].clone() };
    report.assumptions.push(again);
    let text = terminal::render(&report, &style(80), None);
    let listed = text.lines().filter(|line| line.starts_with("  - ")).count().max(1);
    let noun = if listed == 1 { "thing that was" } else { "things that were" };
    let flowing = text.replace('\n', " ");
    assert!(flowing.contains(&format!("rests on {listed} {noun} taken as given")), "{text}");
}

#[test]
fn what_one_cure_mends_is_one_thing() {
    let mut report = samples::broken();
    let before = terminal::render(&report, &style(80), None);
    assert!(before.contains("3 things are broken"), "{before}");
    let place = report.rows.iter().position(|row| row.check == "dms/ssl-mode");
    let mut row = report.rows[place.expect("the sample has it")].clone();
    row.findings[0].message = "The same, of another subject".into();
    report.rows.push(row);
    let after = terminal::render(&report, &style(80), None);
    assert!(after.contains("3 things are broken"), "{after}");
    let mended = report.root_causes[2].remedy.commands.len();
    assert_eq!(after.matches("--ssl-mode verify-full").count(), mended.min(1), "{after}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    for (name, report) in samples::all() {
        let bare = terminal::render(&report, &style(80), None);
        let coloured = Style { width: 80, colour: true };
        let coloured = terminal::render(&report, &coloured, None);
        assert_ne!(bare, coloured);
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(bare, stripped, "{name}");
    }
}

#[test]
fn nothing_unsafe_leaves_in_any_format() {
    for (name, report) in samples::all() {
        let reports = [report];
        for text in [
            terminal::render(&reports[0], &style(80), None),
            json::render(&reports),
            junit::render(&reports, Severity::Error),
            trace::render(&reports[0].paths[0].trace, &style(80)),
        ] {
            let found = text.chars().find(|letter| *letter != '\n' && is_unsafe(*letter));
            assert_eq!(found, None, "{name}");
            assert!(text.ends_with('\n'), "{name}");
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for ((_, one), (_, other)) in samples::all().into_iter().zip(samples::all()) {
        let (one, other) = ([one], [other]);
        assert_eq!(json::render(&one), json::render(&other));
        assert_eq!(junit::render(&one, Severity::Error), junit::render(&other, Severity::Error));
        assert_eq!(
            terminal::render(&one[0], &style(80), None),
            terminal::render(&other[0], &style(80), None)
        );
    }
}

#[test]
fn json_reads_back_as_the_same_report() {
    for (name, mut report) in samples::all() {
        let read: Report = serde_json::from_str(&json::render(&[report.clone()])).unwrap();
        // What a repair has to change isn't printed.
        for path in &mut report.paths {
            for stop in &mut path.trace.stops {
                stop.blame = tidb_dms_checks::path::Blame::default();
            }
        }
        assert_eq!(read, report, "{name}");
    }
    let many = samples::all().into_iter().map(|(_, report)| report);
    let read: Vec<Report> = serde_json::from_str(&json::render(&many.collect::<Vec<_>>())).unwrap();
    assert_eq!(read.len(), samples::all().len());
}

#[test]
fn the_terminal_names_every_check_that_was_judged() {
    for (name, report) in samples::all() {
        // Wide enough that no name is broken.
        let text = terminal::render(&report, &style(2000), None);
        for row in &report.rows {
            let id = plain(&row.check);
            let check = id.split_once('/').map_or(id.as_str(), |(_, name)| name);
            assert!(text.contains(check), "{name}: {check}");
        }
    }
}

/// A case as a real XML parser sees it.
#[derive(Debug)]
struct Case {
    suite: String,
    classname: String,
    name: String,
    /// Tag, message, type and body of each child that says how it went.
    status: Vec<[String; 4]>,
    has_note: bool,
}

/// Suite, classname, name, status and whether there is a note.
type Read = (String, String, String, Vec<[String; 4]>, bool);

/// Reads with Python's parser, which is none of ours, and checks the totals on the way.
fn parse(xml: &str) -> Vec<Case> {
    const SCRIPT: &str = r"
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == 'testsuites', root.tag
def totals(node, cases):
    count = lambda tag: sum(case.find(tag) is not None for case in cases)
    wanted = dict(tests=len(cases), failures=count('failure'), errors=count('error'), skipped=count('skipped'))
    found = {key: int(node.get(key)) for key in wanted}
    assert found == wanted, (found, wanted)
    assert float(node.get('time')) == 0
totals(root, list(root.iter('testcase')))
out = []
for suite in root:
    assert suite.tag == 'testsuite' and suite.get('name')
    totals(suite, suite.findall('testcase'))
    assert suite.findall('testcase'), 'an empty suite'
    for case in suite.findall('testcase'):
        assert float(case.get('time')) == 0
        status = [[n.tag, n.get('message') or '', n.get('type') or '', n.text or '']
                  for n in case if n.tag in ('failure', 'error', 'skipped')]
        out.append([suite.get('name'), case.get('classname'), case.get('name'), status,
                    case.find('system-out') is not None])
json.dump(out, sys.stdout)
";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, xml.as_bytes()).unwrap();
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(file.reopen().unwrap())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let read: Vec<Read> = serde_json::from_slice(&output.stdout).unwrap();
    read.into_iter()
        .map(|(suite, classname, name, status, has_note)| Case {
            suite,
            classname,
            name,
            status,
            has_note,
        })
        .collect()
}

/// Rows that the user's threshold makes red, in the words of the exit codes.
fn counts(row: &Row, fail_on: Severity) -> bool {
    row.outcome != Outcome::Waived && row.findings.iter().any(|found| found.level >= fail_on)
}

#[test]
fn junit_says_what_the_exit_code_says() {
    for (name, report) in samples::all() {
        for fail_on in [Severity::Error, Severity::Warning, Severity::Advice] {
            let fails = report.rows.iter().any(|row| counts(row, fail_on));
            let open = |row: &Row| row.outcome.is_undecided() && row.level >= fail_on;
            let open = report.rows.iter().any(open);
            let cases = parse(&junit::render(std::slice::from_ref(&report), fail_on));
            let has = |tag: &str| {
                cases.iter().any(|case| case.status.iter().any(|status| status[0] == tag))
            };
            assert_eq!(has("failure"), fails, "{name}, {fail_on:?}");
            assert_eq!(has("failure") || has("error"), fails || open, "{name}, {fail_on:?}");
            if fail_on == Severity::Error {
                assert_eq!(has("failure") || has("error"), report.exit_code != 0);
                assert_eq!(has("failure"), report.exit_code == 1);
            }
        }
    }
}

#[test]
fn junit_keeps_the_contract_with_its_readers() {
    let reports: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
    for fail_on in [Severity::Error, Severity::Warning, Severity::Advice] {
        let cases = parse(&junit::render(&reports, fail_on));
        let rows: Vec<&Row> = reports.iter().flat_map(|report| &report.rows).collect();
        assert_eq!(cases.len(), rows.len());
        let mut seen = BTreeSet::new();
        for (case, row) in cases.iter().zip(rows) {
            assert_eq!(case.name, plain(&row.check).trim());
            assert!(seen.insert((case.classname.clone(), case.name.clone())), "{case:?}");
            assert_eq!(case.classname.split('.').count(), 3, "{case:?}");
            assert!(case.classname.starts_with("tidb-dms."));
            assert!(!case.suite.is_empty());
            assert!(case.status.len() <= 1, "{case:?}");
            for [_, message, kind, body] in &case.status {
                assert!(!message.is_empty() && !message.contains('\n'), "{case:?}");
                assert!(body.starts_with(message.as_str()), "{case:?}");
                assert!(!kind.is_empty());
                assert!(!["yaml", "symbol", "array", "integer", "file"].contains(&kind.as_str()));
            }
            let tag = case.status.first().map_or("pass", |status| &status[0]);
            let red = counts(row, fail_on);
            let expected: &[&str] = match row.outcome {
                Outcome::Waived | Outcome::NotApplicable => &["skipped"],
                _ if red => &["failure"],
                Outcome::Unknown if row.level >= fail_on => &["error"],
                Outcome::Unknown => &["skipped"],
                Outcome::Blocked => &["skipped", "error"],
                _ => &["pass"],
            };
            assert!(expected.contains(&tag), "{tag}: {row:?}");
            assert_eq!(case.has_note, tag == "pass" && !row.findings.is_empty());
        }
    }
}

#[test]
fn what_is_blocked_by_nothing_red_is_an_error() {
    let cases = parse(&junit::render(&[samples::blocked()], Severity::Error));
    let of = |check: &str| {
        let case = cases.iter().find(|case| case.name == check).unwrap();
        case.status[0].clone()
    };
    let [tag, message, ..] = of("access/list-covers-egress");
    assert_eq!(tag, "skipped");
    assert_eq!(message, "not evaluated because of network/nat-gateway");
    // Its blocker is undecided at advice level, so it is skipped itself.
    assert_eq!(of("access/egress-is-stable")[0], "skipped");
    assert_eq!(of("access/list-in-order")[0], "error");
    // A warning that can't be told doesn't count.
    assert_eq!(of("access/list-is-short")[0], "skipped");
}

#[test]
fn a_report_without_rows_still_has_a_case() {
    let mut report = samples::healthy();
    report.rows.clear();
    let cases = parse(&junit::render(&[report], Severity::Error));
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].status[0][0], "skipped");
    assert_eq!(parse(&junit::render(&[], Severity::Error)).len(), 1);
}

#[test]
fn a_run_that_did_not_finish_is_all_errors() {
    let taken_at = samples::healthy().taken_at;
    let checks = ["network/route".to_owned(), "dms/ssl-mode".to_owned()];
    let cases = parse(&junit::unfinished("a.b", &checks, taken_at));
    assert_eq!(cases.len(), 2);
    for case in &cases {
        let [tag, message, kind, body] = &case.status[0];
        assert_eq!(tag, "error");
        assert_eq!(message, "no result: the run did not finish");
        assert_eq!(kind, "did-not-finish");
        assert!(body.starts_with(message.as_str()));
        assert_eq!(case.classname, "tidb-dms.a_2e_b.migration");
    }
    assert_eq!(parse(&junit::unfinished("", &[], taken_at)).len(), 1);
}

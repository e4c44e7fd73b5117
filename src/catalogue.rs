//! `tidb-dms checks`, `explain` and `schema`: what the program knows of itself.

use std::{collections::BTreeSet, fmt::Write};

use schemars::schema_for;
use tidb_dms_checks::{
    WAIVER_CHECK,
    check::Check,
    checks, compliance,
    facts::Facts,
    grants, guide,
    path::{Code, Leg, Trace, owner},
    plugin::Contract,
    report::Report,
    trust::Trust,
};

use crate::{
    cli::{ArgumentError, DoctorArguments, SchemaDocument, nearest},
    report::{json, trace::place},
};

/// All checks, one a line: id, severity, requirement.
pub fn list() -> String {
    let width = checks().map(|check| check.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks() {
        let severity = check.severity.as_str();
        let _ = writeln!(text, "{:width$}  {severity:7}  {}", check.id, check.requirement);
    }
    text
}

/// The same as a Markdown table, for the README.
pub fn markdown() -> String {
    let mut text = String::from(
        "| check | level | what is true of a healthy migration |\n| --- | --- | --- |\n",
    );
    for check in checks() {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            check.id,
            check.severity.as_str(),
            check.requirement
        );
    }
    text
}

/// Compliance controls: the checks that prove each, and what AWS maps it to.
pub fn controls() -> String {
    let mut text = String::new();
    for control in compliance::CONTROLS {
        let checks: Vec<&str> = control.checks().collect();
        let _ = writeln!(text, "{}  {}", control.id, control.title);
        let _ = writeln!(text, "  checks    {}", checks.join(", "));
        let _ = writeln!(text, "  rule      {} (AWS Config)", control.rule);
        for standard in control.standards {
            let words = format!("{} {}", standard.name, standard.requirements.join(", "));
            let options = textwrap::Options::new(80)
                .word_splitter(textwrap::WordSplitter::NoHyphenation)
                .word_separator(textwrap::WordSeparator::AsciiSpace)
                .initial_indent("  maps to   ")
                .subsequent_indent("            ");
            let _ = writeln!(text, "{}", textwrap::fill(&words, options));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "AWS Security Hub's controls, as of {}", compliance::PAGE);
    text
}

/// What the guide asks for and the checks that hold a migration to it, as a Markdown table; the README
/// has it too.
pub fn guide() -> String {
    let mut text = String::from("| the guide asks | checks |\n| --- | --- |\n");
    for sentence in guide::SENTENCES {
        let checks: Vec<String> = sentence.checks.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(text, "| {} | {} |", sentence.asks, checks.join(", "));
    }
    text
}

/// What a check or a stop code is about.
pub fn explain(id: &str) -> Result<String, ArgumentError> {
    let all = || checks().chain([&WAIVER_CHECK]);
    if let Some(check) = all().find(|check| check.id.eq_ignore_ascii_case(id)) {
        return Ok(explain_check(check));
    }
    if let Some(code) = Code::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(id)) {
        return Ok(explain_code(*code));
    }
    let known = || all().map(|check| check.id).chain(Code::ALL.iter().map(|code| code.as_str()));
    let upper = id.to_ascii_uppercase();
    Err(ArgumentError::UnknownId {
        name: id.to_owned(),
        nearest: nearest(id, known()).or_else(|| nearest(&upper, known())),
    })
}

fn wrap(text: &mut String, words: &str) {
    let options = textwrap::Options::new(80).initial_indent("  ").subsequent_indent("  ");
    let _ = writeln!(text, "{}", textwrap::fill(words, options));
}

fn explain_check(check: &Check) -> String {
    let mut text = format!("{} ({})\n", check.id, check.severity.as_str());
    wrap(&mut text, check.requirement);
    for (heading, words) in [("why", check.why), ("how to satisfy it", check.fix)] {
        let _ = writeln!(text, "\n{heading}");
        wrap(&mut text, words);
    }
    let codes: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| Leg::ALL.iter().any(|leg| owner(**code, *leg) == check.id))
        .map(|code| code.as_str())
        .collect();
    for (heading, items) in [
        ("stop codes of trace", codes.as_slice()),
        ("what it needs to see", check.needs),
        ("judged after", check.after),
        ("controls", check.controls),
        ("references", check.references),
    ] {
        if !items.is_empty() {
            let _ = writeln!(text, "\n{heading}");
            for item in items {
                let _ = writeln!(text, "  {item}");
            }
        }
    }
    text
}

fn explain_code(code: Code) -> String {
    let mut text = format!("{}\n", code.as_str());
    wrap(&mut text, code.meaning());
    let _ = writeln!(text, "\nbelongs to");
    let places: BTreeSet<(&str, &str)> =
        Leg::ALL.iter().map(|leg| (owner(code, *leg), place(code, *leg))).collect();
    let columns = places.iter().map(|(check, _)| check.len()).max().unwrap_or(0);
    for (check, place) in places {
        let _ = writeln!(text, "  {check:columns$}  stopped {place}");
    }
    text
}

/// The JSON Schema of a document.
pub fn schema(document: SchemaDocument) -> String {
    let schema = match document {
        SchemaDocument::Facts => schema_for!(Facts),
        SchemaDocument::Report => schema_for!(Report),
        SchemaDocument::Trace => schema_for!(Trace),
        SchemaDocument::Grants => schema_for!(grants::Answer),
        SchemaDocument::Tls => schema_for!(Trust),
        SchemaDocument::Config => schema_for!(DoctorArguments),
        SchemaDocument::Plugin => schema_for!(Contract),
    };
    json::pretty(&schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_and_every_code_is_explained() {
        for check in checks() {
            assert!(explain(check.id).unwrap().contains(check.fix.split(' ').next().unwrap()));
        }
        for code in Code::ALL {
            assert!(explain(code.as_str()).unwrap().contains("  stopped "));
        }
        assert_eq!(
            explain("network/rout").unwrap_err().to_string(),
            "unknown check or stop code `network/rout`; did you mean `network/route`?"
        );
    }
}

//! Users' own checks: what a plug-in is asked, what it answers, and what becomes of the answer.
//!
//! A plug-in is a program of the user's. It gets a [`Question`] and gives an [`Answer`], both JSON.
//! Its results carry findings, gaps and evidence, never an outcome: the same function that derives the
//! outcome of our own checks derives theirs. Running it is none of this crate's business.

use std::{borrow::Cow, collections::BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    facts::{Facts, Gap, Unlock},
    judgement::{Evidence, Judgement},
    policy::{Policy, category},
    report::{OwnCheck, Subject},
    severity::Severity,
};

/// The version of the contract.
pub const VERSION: u32 = 1;

/// The contract: what stands on a plug-in's standard input, and what it prints.
#[derive(JsonSchema)]
pub struct Contract {
    /// Standard input.
    pub question: Question<'static>,
    /// Standard output.
    pub answer: Answer,
}

/// What a plug-in is asked.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Question<'a> {
    /// The version of the contract.
    pub version: u32,
    /// What was seen; `asked` in it is what was selected or planned.
    pub facts: Cow<'a, Facts>,
    /// What the user decided.
    pub policy: Cow<'a, Policy>,
}

/// What a plug-in answers. Members that aren't named here are refused, since a misspelt `findings`
/// would be a pass.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The version of the contract.
    pub version: u32,
    /// One for each check and subject.
    pub results: Vec<PluginResult>,
}

/// What a plug-in says of one check for one subject. It passes with evidence and without findings and
/// gaps; with none of the three it is unknown.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PluginResult {
    /// The check's id: the plug-in's name, a slash, and a name of lower-case letters, digits and `-`.
    pub id: String,
    /// A sentence that is true of a healthy migration.
    pub requirement: String,
    /// How bad a finding is, unless the finding or the user says otherwise.
    pub severity: Severity,
    /// What goes wrong without it.
    pub why: String,
    /// How to satisfy it.
    pub fix: String,
    /// What it was judged for; the migration, where there is none.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// What is broken.
    #[serde(default)]
    pub findings: Vec<PluginFinding>,
    /// What was not seen.
    #[serde(default)]
    pub gaps: Vec<PluginGap>,
    /// What the verdict rests on. A resource must be one that the facts name.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// Something that a plug-in found.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PluginFinding {
    /// What is broken.
    pub message: String,
    /// How bad it is, where that isn't the result's severity.
    #[serde(default)]
    pub level: Option<Severity>,
    /// How to mend it, where that isn't the result's `fix`.
    #[serde(default)]
    pub fix: Option<String>,
}

/// Something that a plug-in didn't see.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PluginGap {
    /// The thing that was not seen.
    pub about: String,
    /// Why it was not seen.
    pub reason: String,
    /// What would let us see it; nothing, where there is none.
    #[serde(default)]
    pub unlock: Option<Unlock>,
}

/// A plug-in that was run, with its results or the reason why there are none.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// Its name, the category of its checks.
    pub name: String,
    /// Its results.
    pub results: Result<Vec<PluginResult>, String>,
}

/// A judgement of a plug-in's, ready to be concluded.
pub(crate) struct Judged {
    pub(crate) check: OwnCheck,
    pub(crate) subject: Option<Subject>,
    pub(crate) judgement: Judgement,
}

impl Plugin {
    /// Reads what a plug-in has printed.
    pub fn read(name: &str, text: &[u8]) -> Self {
        Self { name: name.to_owned(), results: results(name, text) }
    }

    /// A plug-in that gave no answer, and why.
    pub fn failed(name: &str, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), results: Err(reason.into()) }
    }

    /// Its judgements as far as they are wanted. Where there are no results, or not one that was asked
    /// for by name, there is one that can't be decided and says why.
    pub(crate) fn judgements(&self, facts: &Facts, policy: &Policy) -> Vec<Judged> {
        if !policy.wants_category(&self.name) {
            return Vec::new();
        }
        let results = match &self.results {
            Ok(results) => results,
            Err(reason) => return vec![self.no_answer(reason)],
        };
        let is_missing = |id: &&String| {
            category(id) == self.name
                && **id != self.name
                && results.iter().all(|result| result.id != **id)
        };
        if let Some(id) = policy.only.iter().find(is_missing) {
            return vec![self.no_answer(&format!("it gave no result for {id}"))];
        }
        let document = serde_json::to_value(facts).unwrap_or_default();
        let mut names = BTreeSet::new();
        names_in(&document, &mut names);
        let wanted = results.iter().filter(|result| policy.wants_id(&result.id));
        wanted.map(|result| result.judged(&names)).collect()
    }

    fn no_answer(&self, reason: &str) -> Judged {
        let mut judgement = Judgement::default();
        judgement.gap(Gap::new(
            format!("the plug-in {}", self.name),
            reason,
            Unlock::File(format!("a plug-in {} that answers", self.name)),
        ));
        let check = OwnCheck {
            id: format!("{}/plugin", self.name),
            requirement: format!("The plug-in {} answers by its contract", self.name),
            severity: Severity::Error,
            why: "What a plug-in checks isn't known when it gives no answer that can be read.".into(),
            fix: "Mend the plug-in; `tidb-dms schema plugin` prints what it is asked and what it answers."
                .into(),
        };
        Judged { check, subject: None, judgement }
    }
}

impl PluginResult {
    fn judged(&self, names: &BTreeSet<&str>) -> Judged {
        let mut judgement = Judgement::default();
        for finding in &self.findings {
            let draft = judgement.fail(finding.message.as_str());
            if let Some(level) = finding.level {
                draft.at(level);
            }
            if let Some(fix) = &finding.fix {
                draft.advise(fix.as_str());
            }
        }
        for gap in &self.gaps {
            let unlock = gap.unlock.clone().unwrap_or(Unlock::Nothing);
            judgement.gap(Gap::new(gap.about.as_str(), gap.reason.as_str(), unlock));
        }
        for evidence in &self.evidence {
            if names.contains(evidence.resource.as_str()) {
                judgement.note(evidence.resource.as_str(), &evidence.field, &evidence.value);
            } else {
                judgement.gap(Gap::new(
                    &self.id,
                    format!("its evidence names {}, which isn't in the facts", evidence.resource),
                    Unlock::Nothing,
                ));
            }
        }
        Judged { check: self.check(), subject: self.subject.clone(), judgement }
    }

    fn check(&self) -> OwnCheck {
        OwnCheck {
            id: self.id.clone(),
            requirement: self.requirement.clone(),
            severity: self.severity,
            why: self.why.clone(),
            fix: self.fix.clone(),
        }
    }
}

/// Reads and mistrusts an answer: one thing that isn't as agreed, and none of it counts.
fn results(name: &str, text: &[u8]) -> Result<Vec<PluginResult>, String> {
    let version: Value = serde_json::from_slice(text)
        .map_err(|error| format!("it printed something else than JSON: {error}"))?;
    if let Some(version) = version.get("version").filter(|version| **version != VERSION) {
        return Err(format!(
            "it answers in version {version}; this program reads version {VERSION}"
        ));
    }
    let answer: Answer = serde_json::from_slice(text)
        .map_err(|error| format!("its answer isn't as agreed: {error}"))?;
    if answer.results.is_empty() {
        return Err("it gave no results".into());
    }
    let mut seen: Vec<&PluginResult> = Vec::new();
    for result in &answer.results {
        result.faults(name)?;
        if let Some(other) = seen.iter().find(|other| other.id == result.id) {
            if other.check() != result.check() {
                return Err(format!("it describes {} in two ways", result.id));
            }
            if seen.iter().any(|other| other.id == result.id && other.subject == result.subject) {
                return Err(format!("it judges {} twice for the same subject", result.id));
            }
        }
        seen.push(result);
    }
    Ok(answer.results)
}

impl PluginResult {
    fn faults(&self, plugin: &str) -> Result<(), String> {
        let rest = self.id.strip_prefix(plugin).and_then(|rest| rest.strip_prefix('/'));
        let is_name = |name: &str| {
            !name.is_empty()
                && name.chars().all(|letter| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
                })
        };
        if !rest.is_some_and(is_name) {
            return Err(format!("`{}` is no id of the form `{plugin}/name`", self.id));
        }
        let mut texts =
            vec![("requirement", &self.requirement), ("why", &self.why), ("fix", &self.fix)];
        texts.extend(self.findings.iter().map(|finding| ("message", &finding.message)));
        texts.extend(
            self.gaps.iter().flat_map(|gap| [("about", &gap.about), ("reason", &gap.reason)]),
        );
        texts.extend(self.evidence.iter().flat_map(|evidence| {
            [
                ("resource", &evidence.resource),
                ("field", &evidence.field),
                ("value", &evidence.value),
            ]
        }));
        texts.extend(
            self.subject.iter().flat_map(|subject| [("kind", &subject.kind), ("id", &subject.id)]),
        );
        match texts.iter().find(|(_, text)| text.trim().is_empty()) {
            Some((what, _)) => Err(format!("{} has an empty `{what}`", self.id)),
            None => Ok(()),
        }
    }
}

/// Whether a plug-in may have this name: no category of ours, and fit to stand before the slash.
pub fn is_free(name: &str) -> bool {
    const LATER: [&str; 3] = ["policy", "tls", "mysql"];
    let fits = name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    fits && !LATER.contains(&name) && crate::checks().all(|check| category(check.id) != name)
}

/// All texts in a document: values, and the names of members.
fn names_in<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            into.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, into)),
        Value::Object(members) => {
            for (name, value) in members {
                into.insert(name);
                names_in(value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        examine_with,
        judgement::Outcome,
        report::{Report, Verdict},
        testing,
    };

    /// A result that passes, with some members made otherwise.
    fn result(changes: &Value) -> Value {
        let mut result = json!({
            "id": "acme/tags", "requirement": "The instance is tagged", "severity": "error",
            "why": "Nobody knows whose it is.", "fix": "Tag it.",
            "evidence": [{"resource": "arn:aws:dms:us-east-1:1:rep:I", "field": "Tags", "value": "team"}],
        });
        for (name, value) in changes.as_object().unwrap() {
            result[name] = value.clone();
        }
        result
    }

    fn report(answer: &Value, policy: &Policy) -> Report {
        let plugin = Plugin::read("acme", answer.to_string().as_bytes());
        examine_with(&testing::facts(&[]), policy, &[plugin]).unwrap()
    }

    fn answer(results: &[Value]) -> Value {
        json!({"version": 1, "results": results})
    }

    #[test]
    fn one_function_derives_its_outcomes_too() {
        let gap = json!([{"about": "the tags", "reason": "not read"}]);
        let finding = |level: &str| json!([{"message": "no tag `team`", "level": level}]);
        for (changes, outcome, exit_code) in [
            (json!({}), Outcome::Pass, 0),
            (json!({"evidence": []}), Outcome::Unknown, 3),
            (json!({"gaps": gap}), Outcome::Unknown, 3),
            (json!({"severity": "advice", "gaps": gap}), Outcome::Unknown, 0),
            (json!({"findings": [{"message": "no tag `team`"}]}), Outcome::Fail, 1),
            (json!({"findings": finding("warning")}), Outcome::Warn, 0),
            (json!({"findings": finding("advice"), "gaps": gap}), Outcome::Unknown, 3),
            (
                json!({"evidence": [{"resource": "arn:of:nothing", "field": "a", "value": "b"}]}),
                Outcome::Unknown,
                3,
            ),
        ] {
            let report = report(&answer(&[result(&changes)]), &testing::without_probes());
            let row = report.rows.iter().find(|row| row.check == "acme/tags").unwrap();
            assert_eq!((row.outcome, report.exit_code), (outcome, exit_code), "{changes}");
            assert_eq!(row.subject.id, "orders-to-tidb");
            assert_eq!(report.own_checks[0].requirement, "The instance is tagged");
            assert_eq!(report.counts.values().sum::<usize>(), report.rows.len());
        }
    }

    #[test]
    fn the_users_levels_and_choices_hold_for_it() {
        let broken = answer(&[result(
            &json!({"findings": [{"message": "no tag", "fix": "Tag it twice."}]}),
        )]);
        let levels = |name: &str| Policy {
            levels: [(name.to_owned(), Severity::Advice)].into(),
            ..testing::without_probes()
        };
        for policy in [levels("acme"), levels("acme/tags")] {
            let report = report(&broken, &policy);
            let row = report.rows.iter().find(|row| row.check == "acme/tags").unwrap();
            assert_eq!((row.outcome, report.verdict), (Outcome::Advice, Verdict::Pass));
            assert_eq!(row.findings[0].remedy.advice, "Tag it twice.");
        }
        let skip = Policy {
            skip: vec!["acme/tags".into(), "tls".into(), "mysql".into()],
            ..testing::without_probes()
        };
        assert!(report(&broken, &skip).rows.iter().all(|row| row.check != "acme/tags"));
        for (only, rows) in [
            ("network/route", &[][..]),
            ("acme/tags", &["acme/tags"]),
            ("acme", &["acme/tags"]),
            ("acme/owner", &["acme/plugin"]),
        ] {
            let only = Policy { only: vec![only.into()], ..testing::without_probes() };
            let report = report(&broken, &only);
            let own = report.rows.iter().filter(|row| category(&row.check) == "acme");
            assert_eq!(own.map(|row| row.check.as_str()).collect::<Vec<_>>(), rows, "{only:?}");
        }
    }

    #[test]
    fn a_subject_of_its_own_has_a_row_of_its_own() {
        let of = |id: &str| result(&json!({"subject": {"kind": "subnet", "id": id}}));
        let report = report(&answer(&[of("subnet-a"), of("subnet-b")]), &testing::without_probes());
        let rows = report.rows.iter().filter(|row| row.check == "acme/tags");
        let subjects: Vec<&str> = rows.map(|row| row.subject.id.as_str()).collect();
        assert_eq!(subjects, ["subnet-a", "subnet-b"]);
        assert_eq!(report.own_checks.len(), 1);
    }

    #[test]
    fn an_answer_that_isnt_as_agreed_is_one_row_that_says_so() {
        let twice = answer(&[result(&json!({})), result(&json!({}))]);
        let differ = answer(&[
            result(&json!({})),
            result(&json!({"fix": "Tag.", "subject": {"kind": "subnet", "id": "subnet-a"}})),
        ]);
        for (answer, words) in [
            (json!("hello"), "as agreed"),
            (
                json!({"version": 2, "results": []}),
                "answers in version 2; this program reads version 1",
            ),
            (json!({"results": []}), "missing field `version`"),
            (json!({"version": 1}), "missing field `results`"),
            (answer(&[]), "no results"),
            (answer(&[result(&json!({"outcome": "pass"}))]), "unknown field `outcome`"),
            (answer(&[result(&json!({"finding": []}))]), "unknown field `finding`"),
            (answer(&[result(&json!({"id": "dms/ssl-mode"}))]), "no id of the form `acme/name`"),
            (answer(&[result(&json!({"id": "acme/"}))]), "no id of the form `acme/name`"),
            (answer(&[result(&json!({"id": "acmes/tags"}))]), "no id of the form `acme/name`"),
            (answer(&[result(&json!({"severity": "none"}))]), "unknown variant `none`"),
            (answer(&[result(&json!({"fix": " "}))]), "acme/tags has an empty `fix`"),
            (answer(&[result(&json!({"findings": [{"message": ""}]}))]), "empty `message`"),
            (twice, "judges acme/tags twice"),
            (differ, "describes acme/tags in two ways"),
        ] {
            let report = report(&answer, &testing::without_probes());
            let own: Vec<_> =
                report.rows.iter().filter(|row| category(&row.check) == "acme").collect();
            assert_eq!(own.len(), 1, "{answer}");
            assert_eq!((own[0].check.as_str(), own[0].outcome), ("acme/plugin", Outcome::Unknown));
            assert!(own[0].gaps[0].reason.contains(words), "{:?}", own[0].gaps);
            assert_eq!(report.exit_code, 3);
        }
    }

    #[test]
    fn names_of_ours_arent_free() {
        for (name, free) in [
            ("acme", true),
            ("acme-2", true),
            ("dms", false),
            ("mysql", false),
            ("policy", false),
            ("Acme", false),
            ("2acme", false),
            ("acme/x", false),
            ("", false),
        ] {
            assert_eq!(is_free(name), free, "{name}");
        }
    }
}

//! A check's verdict in the making, and the one function that derives its outcome.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    change::{Change, Remedy},
    facts::{Assumption, Fact, Gap},
    severity::Severity,
};

/// What a judge has put on record.
#[derive(Debug, Default)]
pub struct Judgement {
    findings: Vec<Draft>,
    gaps: Vec<Gap>,
    evidence: Vec<Evidence>,
    assumptions: Vec<Assumption>,
    not_applicable: Option<String>,
    undecided: Option<Severity>,
}

/// A finding in the making.
#[derive(Debug)]
pub struct Draft {
    message: String,
    level: Option<Severity>,
    advice: Option<String>,
    changes: Vec<Change>,
}

impl Draft {
    /// Gives it a level of its own, where one check finds graver and lighter things.
    pub fn at(&mut self, level: Severity) -> &mut Self {
        self.level = Some(level);
        self
    }

    /// Adds a repair.
    pub fn change(&mut self, change: impl Into<Change>) -> &mut Self {
        let change = change.into();
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
        self
    }

    /// Adds the repairs that there are.
    pub fn changes(&mut self, changes: impl IntoIterator<Item = Change>) -> &mut Self {
        for change in changes {
            self.change(change);
        }
        self
    }

    /// Says in words what to do.
    pub fn advise(&mut self, advice: impl Into<String>) -> &mut Self {
        self.advice = Some(advice.into());
        self
    }
}

impl Judgement {
    /// Looks at a fact: its value, or `None` with the gap on record.
    pub fn look<T>(&mut self, fact: Fact<T>) -> Option<T> {
        match fact {
            Fact::Known(value) => Some(value),
            Fact::Unknown(gap) => {
                self.gap(gap);
                None
            }
        }
    }

    /// Puts a gap on record.
    pub fn gap(&mut self, gap: Gap) {
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Puts the gaps on record that there are.
    pub fn gaps<'g>(&mut self, gaps: impl IntoIterator<Item = &'g Gap>) {
        for gap in gaps {
            self.gap(gap.clone());
        }
    }

    /// The gaps on record.
    pub(crate) fn unseen(&self) -> &[Gap] {
        &self.gaps
    }

    /// Puts evidence on record; it is shown on a pass too. `resource` and `value` are findable in
    /// the facts.
    pub fn note(
        &mut self,
        resource: impl Into<String>,
        field: &str,
        value: impl std::fmt::Display,
    ) {
        let evidence = Evidence {
            resource: resource.into(),
            field: field.to_owned(),
            value: value.to_string(),
        };
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }

    /// Puts an assumption on record.
    pub fn assume(&mut self, assumption: Assumption) {
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }

    /// Puts a finding on record. What was found before in the same words is the same finding: what
    /// mends it here is added to what mends it there.
    pub fn fail(&mut self, message: impl Into<String>) -> &mut Draft {
        let message = message.into();
        let known = self.findings.iter().position(|draft| draft.message == message);
        let place = known.unwrap_or_else(|| {
            self.findings.push(Draft { message, level: None, advice: None, changes: Vec::new() });
            self.findings.len() - 1
        });
        &mut self.findings[place]
    }

    /// Says that the requirement isn't about this migration, and why. It doesn't hide anything that
    /// was put on record otherwise.
    pub fn not_applicable(&mut self, reason: impl Into<String>) {
        self.not_applicable = Some(reason.into());
    }

    /// Says how grave it is not to know, where that isn't the check's own severity.
    pub fn undecided_at(&mut self, level: Severity) {
        self.undecided = Some(level);
    }

    /// Takes a witness who saw the requirement hold: what wasn't seen is settled, and what speaks
    /// against it at error level becomes a gap, since one of both is wrong. `severity` is the check's.
    pub(crate) fn settle(
        &mut self,
        witness: Evidence,
        severity: Severity,
        doubt: impl Fn(&str) -> Gap,
    ) {
        self.gaps.clear();
        let (against, lighter): (Vec<Draft>, Vec<Draft>) = std::mem::take(&mut self.findings)
            .into_iter()
            .partition(|draft| draft.level.unwrap_or(severity) == Severity::Error);
        self.findings = lighter;
        for draft in against {
            self.gap(doubt(&draft.message));
        }
        self.note(witness.resource, &witness.field, witness.value);
    }

    /// Whether nothing was found and nothing was missing.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.gaps.is_empty()
    }

    /// Derives the outcome, the one place where it is done.
    ///
    /// `severity` is the check's, unless the user's `override_` says otherwise: it also caps what a
    /// finding says of its own level. `open` are the checks in its `after`
    /// that are open for this subject; `fix` is the check's advice where a finding has none.
    pub(crate) fn conclude(
        self,
        severity: Severity,
        override_: Option<Severity>,
        open: Vec<String>,
        fix: &str,
    ) -> Conclusion {
        let severity = override_.unwrap_or(severity);
        let findings: Vec<Finding> = self
            .findings
            .into_iter()
            .map(|draft| Finding {
                level: draft
                    .level
                    .map_or(severity, |level| override_.map_or(level, |cap| level.min(cap))),
                message: draft.message,
                remedy: Remedy::of(draft.changes, draft.advice.unwrap_or_else(|| fix.to_owned())),
            })
            .collect();
        let worst = findings.iter().map(|finding| finding.level).max();
        let (outcome, reason) = match (worst, &self.not_applicable) {
            (Some(Severity::Error), _) => (Outcome::Fail, None),
            _ if !self.gaps.is_empty() && open.is_empty() => (Outcome::Unknown, None),
            _ if !self.gaps.is_empty() => (Outcome::Blocked, None),
            (Some(Severity::Warning), _) => (Outcome::Warn, None),
            (Some(Severity::Advice), _) => (Outcome::Advice, None),
            (None, Some(reason)) => (Outcome::NotApplicable, Some(reason.clone())),
            // A pass without evidence can't be built: what nobody looked at isn't known.
            (None, None) if self.evidence.is_empty() => (Outcome::Unknown, None),
            (None, None) => (Outcome::Pass, None),
        };
        let level = if outcome.is_undecided() {
            let grave = self.undecided.unwrap_or(severity);
            let grave = override_.map_or(grave, |cap| grave.min(cap));
            worst.map_or(grave, |worst| worst.max(grave))
        } else {
            worst.unwrap_or(severity)
        };
        let by = if outcome == Outcome::Blocked { open } else { Vec::new() };
        Conclusion {
            outcome,
            level,
            findings,
            gaps: self.gaps,
            evidence: self.evidence,
            assumptions: self.assumptions,
            by,
            reason,
        }
    }
}

/// What [`Judgement::conclude`] derives.
pub(crate) struct Conclusion {
    pub outcome: Outcome,
    pub level: Severity,
    pub findings: Vec<Finding>,
    pub gaps: Vec<Gap>,
    pub evidence: Vec<Evidence>,
    pub assumptions: Vec<Assumption>,
    pub by: Vec<String>,
    pub reason: Option<String>,
}

/// What became of a check for one subject, worst first.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The requirement is broken.
    Fail,
    /// It can't be told.
    Unknown,
    /// It can't be told, and an open check before it explains why.
    Blocked,
    /// Something at warning level.
    Warn,
    /// Something at advice level.
    Advice,
    /// The user waived it.
    Waived,
    /// The requirement holds.
    Pass,
    /// The requirement isn't about this migration.
    NotApplicable,
}

impl Outcome {
    /// All outcomes, worst first.
    pub const ALL: [Self; 8] = [
        Self::Fail,
        Self::Unknown,
        Self::Blocked,
        Self::Warn,
        Self::Advice,
        Self::Waived,
        Self::Pass,
        Self::NotApplicable,
    ];

    /// Whether it couldn't be decided.
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Unknown | Self::Blocked)
    }

    /// Whether something is left to do before later checks can lean on it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Fail | Self::Unknown | Self::Blocked)
    }

    /// As it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Blocked => "blocked",
            Self::Warn => "warn",
            Self::Advice => "advice",
            Self::Waived => "waived",
            Self::Pass => "pass",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// Something that is broken, with its cure.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Finding {
    /// What is broken, with the reader's own names and addresses.
    pub message: String,
    /// How bad it is.
    pub level: Severity,
    /// How to mend it.
    pub remedy: Remedy,
}

/// What a verdict rests on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Evidence {
    /// The resource, by its id.
    pub resource: String,
    /// What of it.
    pub field: String,
    /// The value.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Unlock;

    fn outcome(judge: impl FnOnce(&mut Judgement), open: &[&str]) -> Outcome {
        let mut judgement = Judgement::default();
        judge(&mut judgement);
        let open = open.iter().map(|id| (*id).to_owned()).collect();
        judgement.conclude(Severity::Error, None, open, "").outcome
    }

    fn gap() -> Gap {
        Gap::new("a", "b", Unlock::Nothing)
    }

    #[test]
    fn not_to_know_is_as_grave_as_the_judge_says() {
        let level = |judge: fn(&mut Judgement), cap: Option<Severity>| {
            let mut judgement = Judgement::default();
            judgement.gap(gap());
            judge(&mut judgement);
            let conclusion = judgement.conclude(Severity::Error, cap, Vec::new(), "");
            assert_eq!(conclusion.outcome, Outcome::Unknown);
            conclusion.level
        };
        let advice: fn(&mut Judgement) = |j| j.undecided_at(Severity::Advice);
        assert_eq!(level(|_| {}, None), Severity::Error);
        assert_eq!(level(advice, None), Severity::Advice);
        assert_eq!(level(advice, Some(Severity::Error)), Severity::Advice);
        let with_a_finding: fn(&mut Judgement) = |j| {
            j.undecided_at(Severity::Advice);
            j.fail("x").at(Severity::Warning);
        };
        assert_eq!(level(with_a_finding, None), Severity::Warning);
    }

    #[test]
    fn one_function_derives_the_outcome() {
        type Case = (fn(&mut Judgement), &'static [&'static str], Outcome);
        let cases: &[Case] = &[
            (|_| {}, &[], Outcome::Unknown),
            (|j| j.note("r", "f", "v"), &[], Outcome::Pass),
            (|j| j.gap(gap()), &[], Outcome::Unknown),
            (|j| j.gap(gap()), &["network/route"], Outcome::Blocked),
            (
                |j| {
                    j.fail("x").at(Severity::Error);
                },
                &["network/route"],
                Outcome::Fail,
            ),
            (
                |j| {
                    j.fail("x").at(Severity::Warning);
                },
                &[],
                Outcome::Warn,
            ),
            (
                |j| {
                    j.fail("x").at(Severity::Advice);
                },
                &[],
                Outcome::Advice,
            ),
            (|j| j.not_applicable("x"), &["network/route"], Outcome::NotApplicable),
            // A light finding doesn't hide that something graver can't be told.
            (
                |j| {
                    j.fail("x").at(Severity::Advice);
                    j.gap(gap());
                },
                &[],
                Outcome::Unknown,
            ),
            (
                |j| {
                    j.fail("x");
                    j.gap(gap());
                },
                &[],
                Outcome::Fail,
            ),
        ];
        for (index, (judge, open, expected)) in cases.iter().enumerate() {
            assert_eq!(outcome(judge, open), *expected, "case {index}");
        }
    }
}

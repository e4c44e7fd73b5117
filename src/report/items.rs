//! What a report has to say, numbered: root causes first, then what is also worth knowing.

use tidb_dms_checks::{
    change::Remedy,
    judgement::{Finding, Outcome},
    report::{Report, Subject},
    severity::Severity,
};

use super::text::plain;

/// Something to know, harmless for a terminal.
pub(super) struct Item {
    /// Its number; a root cause has its place among the root causes.
    pub number: usize,
    pub level: Severity,
    pub check: String,
    pub message: String,
    /// The subnets that it is about, where it isn't about all of them.
    pub seats: Vec<String>,
    pub advice: String,
    pub commands: Vec<String>,
    /// Checks that couldn't be decided because of it.
    pub explains: Vec<String>,
    /// Whether some part of the cure is beyond commands.
    part_without_command: bool,
    /// Whether the words are of this finding, and not what helps against the check's findings at large.
    has_own_words: bool,
}

impl Item {
    fn new(
        number: usize,
        level: Severity,
        check: &str,
        message: &str,
        subjects: &[Subject],
        remedy: &Remedy,
    ) -> Self {
        Self {
            number,
            level,
            check: plain(check),
            message: plain(message),
            seats: subjects.iter().filter_map(seat).collect(),
            advice: plain(&remedy.advice),
            commands: remedy.commands.clone(),
            explains: Vec::new(),
            part_without_command: remedy.changes.iter().any(|change| change.commands().is_empty()),
            has_own_words: tidb_dms_checks::checks()
                .any(|known| known.id == check && known.fix != remedy.advice),
        }
    }

    /// Whether the cure has to be said in words.
    pub(super) fn needs_words(&self) -> bool {
        !self.advice.is_empty()
            && (self.commands.is_empty() || self.part_without_command || self.has_own_words)
    }
}

fn seat(subject: &Subject) -> Option<String> {
    (subject.kind != "migration").then(|| plain(&subject.id))
}

/// All of them: gravest first, root causes by their number.
pub(super) fn items(report: &Report) -> Vec<Item> {
    let mut items: Vec<Item> = report
        .root_causes
        .iter()
        .enumerate()
        .map(|(index, cause)| {
            let level = level_of(report, &cause.check, &cause.message);
            let (check, message) = (&cause.check, &cause.message);
            let mut item =
                Item::new(index + 1, level, check, message, &cause.subjects, &cause.remedy);
            item.explains = cause.explains.iter().map(|check| plain(check)).collect();
            item
        })
        .collect();
    for row in &report.rows {
        if row.outcome == Outcome::Waived {
            continue;
        }
        for finding in &row.findings {
            if cause_of(report, &row.check, finding).is_some() {
                continue;
            }
            let (check, message) = (plain(&row.check), plain(&finding.message));
            if let Some(known) =
                items.iter_mut().find(|item| item.check == check && item.message == message)
            {
                if let Some(seat) = seat(&row.subject)
                    && !known.seats.contains(&seat)
                {
                    known.seats.push(seat);
                }
                continue;
            }
            let number = items.len() + 1;
            let subjects = std::slice::from_ref(&row.subject);
            items.push(Item::new(
                number,
                finding.level,
                &check,
                &message,
                subjects,
                &finding.remedy,
            ));
        }
    }
    for item in &mut items {
        let all = report
            .rows
            .iter()
            .filter(|row| row.check == item.check && row.subject.kind != "migration")
            .count();
        // Where it is about every seat there is nothing to tell apart.
        if item.seats.len() >= all {
            item.seats.clear();
        }
    }
    items.sort_by_key(|item| (std::cmp::Reverse(item.level), item.number));
    // The numbers of root causes stand in the report; the others count up as they are shown.
    let causes = report.root_causes.len();
    let others = items.iter_mut().filter(|item| item.number > causes);
    for (item, number) in others.zip(causes + 1..) {
        item.number = number;
    }
    items
}

/// The number of the root cause that a check's finding is of.
pub(super) fn cause_of(report: &Report, check: &str, finding: &Finding) -> Option<usize> {
    let place = report.root_causes.iter().position(|cause| cause.covers(check, finding))?;
    Some(place + 1)
}

fn level_of(report: &Report, check: &str, message: &str) -> Severity {
    report
        .rows
        .iter()
        .filter(|row| row.check == check)
        .flat_map(|row| &row.findings)
        .filter(|finding| finding.message == message)
        .map(|finding| finding.level)
        .max()
        .unwrap_or(Severity::Error)
}

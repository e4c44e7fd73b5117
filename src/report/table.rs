//! The table of all checks: what was seen, category by category.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{
    ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle, Width,
};
use tidb_dms_checks::{
    facts::Gap,
    judgement::Outcome,
    report::{Report, Row},
    severity::Severity,
};

use super::{
    items::{Item, cause_of},
    text::{Page, Tone, counted, cut, plain, width},
};

/// What resources are called, by their ARN.
pub(super) type Names = BTreeMap<String, String>;

/// How many pieces of evidence a line shows. The JSON report has all of them.
const SHOWN: usize = 3;

/// What evidence that was typed stands at.
const ASKED: &str = "asked";

/// The longest value that is shown whole.
const LONGEST: usize = 90;

/// The widest category and the widest name that get a column as wide as they are.
const WIDEST: (usize, usize) = (12, 34);

/// Bars and a frame. The rules between categories are drawn by [`print`].
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('┌', '─', '┬', '┐'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('└', '─', '┴', '┘'));

/// One line of the table: rows of one check with the same outcome and the same text.
struct Line {
    category: String,
    name: String,
    outcome: Outcome,
    what: String,
    subjects: Vec<(String, String)>,
}

/// Writes the table.
pub(super) fn write(page: &mut Page, report: &Report, items: &[Item]) {
    let lines = lines(report, items);
    let total = totals(report);
    let names: Vec<String> = lines.iter().map(|line| name(line, &total)).collect();
    let category_columns =
        lines.iter().map(|line| width(&line.category)).max().unwrap_or(0).min(WIDEST.0);
    let name_columns = names
        .iter()
        .map(|name| width(name))
        .max()
        .unwrap_or(0)
        .min(WIDEST.1)
        .min((page.columns() - category_columns - 10) / 2);

    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.force_no_tty();
    table.set_width(u16::try_from(page.columns()).unwrap_or(u16::MAX));
    let mut last = None;
    for (line, name) in lines.iter().zip(&names) {
        // The category stands once, at its first line.
        let category = if last == Some(&line.category) {
            String::new()
        } else {
            cut(&line.category, WIDEST.0)
        };
        last = Some(&line.category);
        table.add_row(vec![category, name.clone(), line.what.clone()]);
    }
    // Each column has one space on either side; four bars stand between and around.
    let fixed = [category_columns, name_columns];
    let rest = page.columns().saturating_sub(fixed.iter().sum::<usize>() + 10).max(9);
    let wanted = lines.iter().map(|line| width(&line.what)).max().unwrap_or(0);
    let columns = [fixed[0], fixed[1], rest.min(wanted.max(9))];
    table.set_constraints(columns.map(|columns| {
        let columns = u16::try_from(columns + 2).unwrap_or(u16::MAX);
        ColumnConstraint::Absolute(Width::Fixed(columns))
    }));
    print(page, &table, category_columns, &columns);
}

/// Prints the table's lines, with a rule above each category and marks in colour.
fn print(page: &mut Page, table: &Table, category_columns: usize, columns: &[usize; 3]) {
    let style = page.style();
    let rule = columns.map(|columns| "─".repeat(columns + 2));
    let rule = format!("├{}┼{}┼{}┤", rule[0], rule[1], rule[2]);
    let mut is_first = true;
    for line in table.lines() {
        let Some(inner) = line.strip_prefix("│ ") else {
            page.raw(&line);
            continue;
        };
        if !inner.starts_with(' ') {
            if !is_first {
                page.raw(&rule);
            }
            is_first = false;
        }
        // The mark is the first letter behind the category's column: bar, space, category, space, bar,
        // space.
        let mut at = 0;
        let place = line.char_indices().find_map(|(index, letter)| {
            if at >= category_columns + 5 {
                return Some((index, letter));
            }
            at += width(letter.encode_utf8(&mut [0; 4]));
            None
        });
        let toned = place.and_then(|(index, letter)| {
            let tone = tone_of(letter)?;
            let rest = &line[index + letter.len_utf8()..];
            rest.starts_with(' ').then(|| {
                let mark = style.paint(tone, &letter.to_string());
                format!("{}{mark}{rest}", &line[..index])
            })
        });
        page.raw(&toned.unwrap_or(line));
    }
}

const fn tone_of(mark: char) -> Option<Tone> {
    match mark {
        '✓' => Some(Tone::Good),
        '✗' => Some(Tone::Bad),
        '?' | '!' => Some(Tone::Doubtful),
        _ => None,
    }
}

const fn mark(outcome: Outcome) -> char {
    match outcome {
        Outcome::Fail => '✗',
        Outcome::Unknown | Outcome::Blocked => '?',
        Outcome::Warn => '!',
        Outcome::Advice => '·',
        Outcome::Waived => '~',
        Outcome::Pass => '✓',
        Outcome::NotApplicable => '–',
    }
}

/// The lines: categories, and the checks in each, in the order of the report.
fn lines(report: &Report, items: &[Item]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in &report.rows {
        let id = plain(&row.check);
        let (category, name) = id.split_once('/').unwrap_or(("", &id));
        let subject = (plain(&row.subject.kind), plain(&row.subject.id));
        let what = what(row, report, items);
        if let Some(known) = lines.iter_mut().find(|line| {
            line.category == category
                && line.name == name
                && line.outcome == row.outcome
                && line.what == what
        }) {
            known.subjects.push(subject);
            continue;
        }
        // Behind the last line of its check, else of its category.
        let place = lines
            .iter()
            .rposition(|line| line.category == category && line.name == name)
            .or_else(|| lines.iter().rposition(|line| line.category == category))
            .map_or(lines.len(), |place| place + 1);
        let line = Line {
            category: category.to_owned(),
            name: name.to_owned(),
            outcome: row.outcome,
            what,
            subjects: vec![subject],
        };
        lines.insert(place, line);
    }
    // That a check isn't about one end says nothing where it is about the other.
    let told: Vec<(String, String)> = lines
        .iter()
        .filter(|line| line.outcome != Outcome::NotApplicable)
        .map(|line| (line.category.clone(), line.name.clone()))
        .collect();
    lines.retain(|line| {
        line.outcome != Outcome::NotApplicable
            || !told.iter().any(|(category, name)| *category == line.category && *name == line.name)
    });
    lines
}

/// How many rows each check has.
fn totals(report: &Report) -> BTreeMap<String, usize> {
    let mut totals = BTreeMap::new();
    for row in &report.rows {
        *totals.entry(plain(&row.check)).or_default() += 1;
    }
    totals
}

/// The mark, the check's name, and for which subjects where there are several.
fn name(line: &Line, totals: &BTreeMap<String, usize>) -> String {
    let mark = mark(line.outcome);
    let id = if line.category.is_empty() {
        line.name.clone()
    } else {
        format!("{}/{}", line.category, line.name)
    };
    let total = totals.get(&id).copied().unwrap_or(1);
    let (kind, subject) = &line.subjects[0];
    let noun = match kind.as_str() {
        "subnet" => "subnets",
        "source" | "target" => "ends",
        _ => "subjects",
    };
    match line.subjects.len() {
        _ if total == 1 => format!("{mark} {}", line.name),
        1 => format!("{mark} {} ({subject})", line.name),
        count => format!("{mark} {} ({count} {noun})", line.name),
    }
}

/// What was seen, never "OK".
fn what(row: &Row, report: &Report, items: &[Item]) -> String {
    let names = &report.names;
    let reason = || row.reason.as_deref().map(plain).unwrap_or_default();
    match row.outcome {
        Outcome::NotApplicable => reason(),
        Outcome::Waived => format!("waived: {}", reason()),
        Outcome::Pass => evidence(row, names),
        Outcome::Fail | Outcome::Warn | Outcome::Advice => findings(row, report, items),
        Outcome::Blocked => {
            let by: Vec<String> = row.by.iter().map(|id| plain(id)).collect();
            format!("not evaluated because of {}", by.join(", "))
        }
        Outcome::Unknown => {
            let mut gaps: Vec<String> = row.gaps.iter().map(|gap| told(gap, names)).collect();
            gaps.dedup();
            if gaps.is_empty() {
                "nothing was seen that would decide it".to_owned()
            } else {
                shown(&gaps, "; ")
            }
        }
    }
}

/// A gap, of a resource by its name.
pub(super) fn told(gap: &Gap, names: &Names) -> String {
    let about = names.get(&gap.about).unwrap_or(&gap.about);
    plain(&format!("{about}: {}", gap.reason))
}

/// What was found stands above, with its number; here stands where.
fn findings(row: &Row, report: &Report, items: &[Item]) -> String {
    let names = &report.names;
    let check = plain(&row.check);
    let mut numbers: Vec<String> = row
        .findings
        .iter()
        .filter_map(|finding| {
            cause_of(report, &row.check, finding).or_else(|| {
                let message = plain(&finding.message);
                let known = |item: &&Item| item.check == check && item.message == message;
                items.iter().find(known).map(|item| item.number)
            })
        })
        .map(|number| number.to_string())
        .collect();
    let mut known = BTreeSet::new();
    numbers.retain(|number| known.insert(number.clone()));
    if numbers.is_empty() {
        return evidence(row, names);
    }
    let is_broken = row.findings.iter().any(|finding| finding.level == Severity::Error);
    let seen = if row.evidence.is_empty() || is_broken {
        String::new()
    } else {
        format!("; {}", evidence(row, names))
    };
    format!("see {}{seen}", numbers.join(" and "))
}

/// Each resource by its name, and once; that of the row's own subject stands beside it already.
fn evidence(row: &Row, names: &Names) -> String {
    let mut items: Vec<String> = Vec::new();
    let mut last = row.subject.id.as_str();
    for evidence in &row.evidence {
        let resource = names.get(&evidence.resource).unwrap_or(&evidence.resource).as_str();
        let value = names.get(&evidence.value).unwrap_or(&evidence.value);
        let value = if value.is_empty() { "none".to_owned() } else { cut(&plain(value), LONGEST) };
        let seen = format!("{} {value}", plain(&evidence.field));
        let resource = if resource == ASKED { "as given" } else { resource };
        let item = if resource == last { seen } else { format!("{}: {seen}", plain(resource)) };
        last = resource;
        if !items.contains(&item) {
            items.push(item);
        }
    }
    shown(&items, " · ")
}

/// The first few, and how many more there are.
fn shown(items: &[String], between: &str) -> String {
    if items.len() <= SHOWN {
        return items.join(between);
    }
    let more = counted(items.len() - SHOWN, "more", "more");
    format!("{}{between}{more}", items[..SHOWN].join(between))
}

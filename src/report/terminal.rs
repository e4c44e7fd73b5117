//! The report for people: the answer, what is broken and how to mend it, what would decide the rest,
//! then the details.

use std::{collections::BTreeSet, fmt::Write as _};

use tidb_dms_checks::{
    facts::Unlock,
    judgement::Outcome,
    path::Verdict as PathVerdict,
    report::{ControlStanding, How, Rehearsal, Report, SeatPath, Standing, ToDecide, Verdict},
    severity::Severity,
};

use super::{
    items::{Item, items},
    table::{self, Names, told},
    text::{Page, Style, Tone, counted, listed, plain, width},
    trace,
};

/// How many checks are named behind "would decide".
const NAMED: usize = 8;

/// The report as text. `banner` stands on top, such as that this is a demo.
pub fn render(report: &Report, style: &Style, banner: Option<&str>) -> String {
    let mut page = Page::new(*style);
    if let Some(banner) = banner {
        page.paragraph(0, Tone::Strong, &plain(banner));
        page.gap();
    }
    head(&mut page, report);
    page.gap();
    let items = items(report);
    verdict(&mut page, report, &items);
    for item in items.iter().filter(|item| item.level == Severity::Error) {
        page.gap();
        cause(&mut page, item);
    }
    for thing in &report.to_decide {
        page.gap();
        to_decide(&mut page, thing, &report.names);
    }
    then_perhaps(&mut page, &report.then_perhaps);
    if let Some(rehearsal) = &report.rehearsal {
        page.gap();
        rehearsed(&mut page, rehearsal);
    }
    let light: Vec<&Item> = items.iter().filter(|item| item.level != Severity::Error).collect();
    if !light.is_empty() {
        page.gap();
        page.paragraph(0, Tone::Strong, "Also worth knowing");
        for item in light {
            page.gap();
            cause(&mut page, item);
        }
    }
    if !report.rows.is_empty() {
        page.gap();
        table::write(&mut page, report, &items);
    }
    paths(&mut page, &report.paths);
    compliance(&mut page, &report.compliance);
    page.gap();
    foot(&mut page, report);
    page.finish()
}

fn head(page: &mut Page, report: &Report) {
    let migration = &report.migration;
    let judged = report.taken_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let parts: Vec<String> = [
        Some(plain(&migration.name)),
        migration.region.as_deref().map(plain),
        migration.migration_type.as_deref().map(plain),
        Some(format!("judged {judged}")),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect();
    page.paragraph(0, Tone::Strong, &parts.join(" · "));
    for (label, text) in [("source  ", &migration.source), ("target  ", &migration.target)] {
        if !text.is_empty() {
            page.labelled(label, Tone::Dim, Tone::Plain, &plain(text));
        }
    }
    if report.left_out > 0 {
        let text = format!(
            "{} by --only or --skip",
            counted(report.left_out, "check left out", "checks left out")
        );
        page.labelled("        ", Tone::Plain, Tone::Doubtful, &text);
    }
}

fn verdict(page: &mut Page, report: &Report, items: &[Item]) {
    let things = report.to_decide.as_slice();
    let count = |level| items.iter().filter(|item| item.level == level).count();
    match report.verdict {
        Verdict::Fail => {
            let broken = count(Severity::Error);
            let mut text = if broken > 0 {
                format!(
                    "✗ {}. {}",
                    if is_only_unsafe(report, items) {
                        "This migration isn't safe to start"
                    } else {
                        "This migration would fail"
                    },
                    counted(broken, "thing is broken", "things are broken")
                )
            } else {
                let light: Vec<String> = [
                    (count(Severity::Warning), "warning", "warnings"),
                    (count(Severity::Advice), "piece of advice", "pieces of advice"),
                ]
                .into_iter()
                .filter(|(count, _, _)| *count > 0)
                .map(|(count, one, many)| counted(count, one, many))
                .collect();
                format!(
                    "✗ Nothing here breaks the migration, but --fail-on counts lighter things: {}",
                    listed(&light)
                )
            };
            for part in undecided(things, " more") {
                text.push_str("; ");
                text.push_str(&part);
            }
            text.push('.');
            page.paragraph(0, Tone::Bad, &text);
        }
        Verdict::Unknown => {
            let mut text =
                "? It can't be told yet whether this migration works. Nothing broken was found"
                    .to_owned();
            for part in undecided(things, "") {
                text.push_str("; ");
                text.push_str(&part);
            }
            text.push('.');
            page.paragraph(0, Tone::Doubtful, &text);
        }
        Verdict::Pass => page.paragraph(0, Tone::Good, &proved(report)),
    }
}

/// Whether all that is broken is how the data is kept safe on its way: it would arrive, where the server takes
/// connections of that mode.
fn is_only_unsafe(report: &Report, items: &[Item]) -> bool {
    let mut broken = items.iter().filter(|item| item.level == Severity::Error);
    broken.all(|item| item.check == "dms/ssl-mode")
        && !report
            .rows
            .iter()
            .any(|row| row.check == "tls/ssl-mode-matches-server" && row.outcome == Outcome::Fail)
}

/// What would decide how many checks, for the verdict line; `more` where others were named before.
fn undecided(things: &[ToDecide], more: &str) -> Vec<String> {
    let checks = |nothing: bool| {
        things
            .iter()
            .filter(|thing| (thing.unlock == Unlock::Nothing) == nothing)
            .flat_map(|thing| thing.checks.iter())
            .collect::<BTreeSet<_>>()
    };
    let decidable = checks(false);
    let things = things.iter().filter(|thing| thing.unlock != Unlock::Nothing).count();
    let mut parts = Vec::new();
    if things > 0 {
        let things = counted(things, "thing", "things");
        let noun = if decidable.len() == 1 { "check" } else { "checks" };
        parts.push(format!("{things} would decide {}{more} {noun}", decidable.len()));
    }
    let rest = checks(true).difference(&decidable).count();
    if rest > 0 {
        let checks = counted(rest, "check", "checks");
        parts.push(format!("{checks} can't be decided from outside"));
    }
    parts
}

/// What was proved, and on what it rests.
fn proved(report: &Report) -> String {
    let things = report.to_decide.as_slice();
    let passed: BTreeSet<&str> = report
        .rows
        .iter()
        .filter(|row| row.outcome == Outcome::Pass)
        .map(|row| row.check.as_str())
        .collect();
    let mut passed = counted(passed.len(), "check holds", "checks hold");
    let waived = report.count(Outcome::Waived);
    if waived > 0 {
        let _ = write!(passed, " ({waived} waived)");
    }
    let arrive =
        report.paths.iter().filter(|path| path.trace.verdict == PathVerdict::Arrives).count();
    let mut text = if arrive > 0 && arrive == report.paths.len() {
        let to = match (&report.migration.tidb_host, report.migration.tidb_port) {
            (Some(host), Some(port)) => format!(" to {}:{port}", plain(host)),
            (Some(host), None) => format!(" to {}", plain(host)),
            _ => String::new(),
        };
        let seats = match arrive {
            1 => "from its subnet".to_owned(),
            2 => "from both subnets".to_owned(),
            count => format!("from all {count} subnets"),
        };
        let egress: BTreeSet<_> = report
            .paths
            .iter()
            .flat_map(|path| &path.trace.egress_addresses)
            .map(ToString::to_string)
            .collect();
        let leaving = if egress.is_empty() {
            String::new()
        } else {
            format!(", leaving as {}", listed(&Vec::from_iter(egress)))
        };
        format!("✓ Nothing broken: the path{to} stands {seats}{leaving}, and {passed}")
    } else {
        format!("✓ Nothing broken: {passed}")
    };
    if !report.assumptions.is_empty() {
        let things = counted(
            trace::grouped(&report.assumptions, &report.names).len(),
            "thing that was taken as given",
            "things that were taken as given",
        );
        let _ = write!(text, ". It rests on {things}, listed at the end");
    }
    for part in undecided(things, "") {
        text.push_str("; ");
        text.push_str(&part);
    }
    text.push('.');
    text
}

/// Something to know, with its cure.
fn cause(page: &mut Page, item: &Item) {
    let (tone, mark) = match item.level {
        Severity::Error => (Tone::Bad, '✗'),
        Severity::Warning => (Tone::Doubtful, '!'),
        Severity::Advice => (Tone::Plain, '·'),
    };
    let label = format!("{} {mark} ", item.number);
    // All bodies stand at the same place, whatever the number.
    let indent = width(&label);
    let room = page.columns() - indent;
    let style = page.style();
    let mut lines = super::text::wrap(&item.message, room);
    let last = lines.pop().unwrap_or_default();
    for (index, line) in lines.iter().enumerate() {
        let before = if index == 0 { label.clone() } else { " ".repeat(indent) };
        page.raw(&style.paint(tone, &format!("{before}{line}")));
    }
    let before = if lines.is_empty() { label } else { " ".repeat(indent) };
    let taken = indent + width(&last);
    let last = style.paint(tone, &format!("{before}{last}"));
    let check = style.paint(Tone::Dim, &item.check);
    if taken + 2 + width(&item.check) <= page.columns() {
        let air = page.columns() - taken - width(&item.check);
        page.raw(&format!("{last}{}{check}", " ".repeat(air)));
    } else {
        page.raw(&last);
        let air = page.columns().saturating_sub(width(&item.check)).max(indent);
        page.raw(&format!("{}{check}", " ".repeat(air)));
    }
    if !item.seats.is_empty() {
        page.paragraph(indent, Tone::Plain, &format!("for {}", listed(&item.seats)));
    }
    if item.needs_words() {
        page.paragraph(indent, Tone::Plain, &item.advice);
    }
    for command in &item.commands {
        page.command(indent, command);
    }
    if !item.explains.is_empty() {
        let text = format!("not evaluated because of this: {}", item.explains.join(", "));
        page.paragraph(indent, Tone::Dim, &text);
    }
}

fn to_decide(page: &mut Page, thing: &ToDecide, names: &Names) {
    let checks = counted(thing.checks.len(), "check", "checks");
    let has_call = thing.how.iter().any(|how| matches!(how, How::Command(_)));
    let title = match &thing.unlock {
        // The call itself stands below.
        Unlock::IamAction(action) if has_call => {
            format!("IAM action {}, or what this prints", plain(action))
        }
        // The command stands below.
        unlock => {
            let title = plain(&unlock.to_string());
            title.split_once(", with `").map_or(title.clone(), |(place, _)| place.to_owned())
        }
    };
    let text = match thing.unlock {
        Unlock::Nothing => format!("{checks} can't be decided from outside"),
        _ => format!("To decide {checks}: {title}"),
    };
    page.labelled("? ", Tone::Doubtful, Tone::Doubtful, &text);
    for how in &thing.how {
        match how {
            How::Command(command) => page.command(4, command),
            // In one line, so that it can be copied.
            How::Policy(statement) if statement.starts_with('{') => {
                let statement = page.style().paint(Tone::Dim, &plain(statement));
                page.raw(&format!("    {statement}"));
            }
            How::Policy(words) | How::Argument(words) | How::Words(words) => {
                let words = plain(words);
                if !title.contains(&words) {
                    page.paragraph(4, Tone::Plain, &words);
                }
            }
        }
    }
    for gap in &thing.gaps {
        page.paragraph(4, Tone::Plain, &told(gap, names));
    }
    let mut names: Vec<String> = thing.checks.iter().map(|check| plain(check)).collect();
    if names.len() > NAMED {
        let more = names.len() - (NAMED - 1);
        names.truncate(NAMED - 1);
        names.push(format!("and {more} more"));
    }
    page.paragraph(4, Tone::Dim, &names.join(", "));
}

fn then_perhaps(page: &mut Page, unlocks: &[Unlock]) {
    let names: Vec<String> = unlocks
        .iter()
        .map(|unlock| match unlock {
            Unlock::IamAction(action) => plain(action),
            unlock => plain(&unlock.to_string()),
        })
        .collect();
    if !names.is_empty() {
        let text = format!("what these show may ask for more: {}", names.join(", "));
        page.paragraph(2, Tone::Dim, &text);
    }
}

/// The controls: what is broken with the way out, and the rest in one line.
fn compliance(page: &mut Page, controls: &[ControlStanding]) {
    if controls.is_empty() {
        return;
    }
    page.gap();
    page.paragraph(0, Tone::Strong, "Compliance (AWS Security Hub)");
    for control in controls {
        let note = match control.standing {
            Standing::CannotBeMet => "; this topology can't meet it",
            Standing::Broken => "",
            Standing::Undecided | Standing::Met | Standing::NotApplicable => continue,
        };
        let because: Vec<String> = control.because.iter().map(|because| plain(because)).collect();
        let label = format!("  ! {}  ", plain(&control.control));
        // A name may be as long as whoever made the file liked.
        let fits = width(&label) < page.columns() / 2;
        let (label, before) = if fits { (label, String::new()) } else { ("  ! ".into(), label) };
        let text = format!("{}{}{note}", before.trim_start(), because.join("; "));
        page.labelled(&label, Tone::Doubtful, Tone::Plain, &text);
        if let Some(alternative) = &control.alternative {
            page.paragraph(width(&label), Tone::Dim, &plain(alternative));
        }
    }
    let parts: Vec<String> = [
        (Standing::Met, "met"),
        (Standing::Undecided, "undecided"),
        (Standing::NotApplicable, "not about this migration"),
    ]
    .into_iter()
    .filter_map(|(standing, word)| {
        let of_it = controls.iter().filter(|control| control.standing == standing);
        let names: Vec<String> = of_it.map(|control| plain(&control.control)).collect();
        (!names.is_empty()).then(|| format!("{word}: {}", names.join(", ")))
    })
    .collect();
    if !parts.is_empty() {
        page.paragraph(2, Tone::Dim, &parts.join(" · "));
    }
}

/// How many of the checks that can't be told after a rehearsal are named.
const OPEN_NAMED: usize = 3;

fn rehearsed(page: &mut Page, rehearsal: &Rehearsal) {
    let numbers: Vec<String> = rehearsal.cured.iter().map(ToString::to_string).collect();
    if numbers.is_empty() {
        return;
    }
    let numbers = listed(&numbers);
    let names = |checks: &[String]| {
        let mut names: Vec<String> =
            checks.iter().take(OPEN_NAMED).map(|check| plain(check)).collect();
        if checks.len() > OPEN_NAMED {
            names.push(format!("{} more", checks.len() - OPEN_NAMED));
        }
        listed(&names)
    };
    let text = match (&rehearsal.still_failing[..], &rehearsal.undecided[..]) {
        ([], []) => {
            format!("After {numbers} the path stands: rehearsed, nothing else turns red.")
        }
        ([], open) => format!(
            "After {numbers}, rehearsed, nothing else turns red; what can't be told then: {}.",
            names(open)
        ),
        (still, _) => {
            let still: Vec<String> = still.iter().map(|check| plain(check)).collect();
            format!("After {numbers}, rehearsed, still red: {}.", listed(&still))
        }
    };
    page.paragraph(2, Tone::Strong, &text);
}

/// The paths, each distinct way once.
fn paths(page: &mut Page, paths: &[SeatPath]) {
    let mut groups: Vec<Vec<&SeatPath>> = Vec::new();
    for path in paths {
        match groups.iter_mut().find(|group| same_way(group[0], path)) {
            Some(group) => group.push(path),
            None => groups.push(vec![path]),
        }
    }
    for group in groups {
        page.gap();
        let seats: Vec<String> = group
            .iter()
            .map(|path| match plain(&path.role) {
                role if role.is_empty() => plain(&path.seat),
                role => format!("{} ({role})", plain(&path.seat)),
            })
            .collect();
        let (tone, headline) = trace::headline(&group[0].trace);
        page.labelled("From ", Tone::Strong, Tone::Strong, &listed(&seats));
        page.paragraph(0, tone, &headline);
        let mut shown = group[0].trace.clone();
        let others = group[1..]
            .iter()
            .flat_map(|path| path.trace.hops.iter().filter(|hop| hop.id == path.seat))
            .cloned();
        let place = usize::from(shown.hops.first().is_some_and(|hop| hop.id == group[0].seat));
        shown.hops.splice(place..place, others);
        trace::write(page, &shown, 2);
    }
    if !paths.is_empty() {
        page.paragraph(2, Tone::Dim, "paths are judged for IPv4 only");
    }
}

/// Whether two seats' packets go the same way, but for the subnet that they start in.
fn same_way(one: &SeatPath, other: &SeatPath) -> bool {
    let rest = |path: &SeatPath| {
        let mut trace = path.trace.clone();
        trace.hops.retain(|hop| hop.id != path.seat);
        // What was taken as given stands once at the end of the report.
        trace.assumptions.clear();
        trace
    };
    rest(one) == rest(other)
}

fn foot(page: &mut Page, report: &Report) {
    let checks: BTreeSet<&str> = report.rows.iter().map(|row| row.check.as_str()).collect();
    let mut total = counted(checks.len(), "check", "checks");
    if report.rows.len() > checks.len() {
        total = format!("{} of {total}", counted(report.rows.len(), "result", "results"));
    }
    let parts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter_map(|outcome| {
            let count = report.count(outcome);
            let one = |one: &str, many: &str| counted(count, one, many);
            (count > 0).then(|| match outcome {
                Outcome::Fail => one("failed", "failed"),
                Outcome::Unknown => one("undecided", "undecided"),
                Outcome::Blocked => one("not evaluated", "not evaluated"),
                Outcome::Warn => one("warning", "warnings"),
                Outcome::Advice => one("with advice", "with advice"),
                Outcome::Waived => one("waived", "waived"),
                Outcome::Pass => one("passed", "passed"),
                Outcome::NotApplicable => one("doesn't apply", "don't apply"),
            })
        })
        .collect();
    let text = if report.rows.is_empty() {
        "No check was asked for.".to_owned()
    } else {
        format!("{total}: {}.", parts.join(", "))
    };
    let exit = format!("exit code {}", report.exit_code);
    let taken = 2 + width(&text);
    if taken + 4 + width(&exit) <= page.columns() {
        let air = page.columns() - taken - width(&exit);
        page.raw(&format!("  {text}{}{exit}", " ".repeat(air.min(8))));
    } else {
        page.paragraph(2, Tone::Plain, &text);
        page.paragraph(2, Tone::Plain, &exit);
    }
    trace::assumptions(page, &report.assumptions, &report.names, 2);
    for what in &report.run.unfinished {
        let named =
            report.names.iter().fold(what.clone(), |what, (arn, name)| what.replace(arn, name));
        page.labelled("  not finished: ", Tone::Doubtful, Tone::Plain, &plain(&named));
    }
    let calls: u32 = report.run.calls.values().sum();
    if calls > 0 {
        let again: u32 = report.run.retries.values().sum();
        let again = if again > 0 { format!(", {again} of them again") } else { String::new() };
        let times = counted(calls as usize, "time", "times");
        page.paragraph(2, Tone::Dim, &format!("AWS was asked {times}{again}"));
    }
    for note in &report.notes {
        page.labelled("  note: ", Tone::Dim, Tone::Dim, &plain(note));
    }
    if report.verdict != Verdict::Pass {
        page.paragraph(2, Tone::Dim, "why a check matters: tidb-dms explain CHECK");
    }
}

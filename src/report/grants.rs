//! The text of a judged `SHOW GRANTS`: what is missing, where, and the statements that mend it.

use std::collections::BTreeMap;

use tidb_dms_checks::{
    facts::{Gap, Unlock},
    grants::{Answer, Family, MigrationType, Privilege, Request, Role, Selection, Server, Verdict},
};

use super::text::{Page, Style, Tone, counted, listed, plain};

/// What was asked, as far as the text repeats it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The server.
    pub server: &'a Server,
    /// The server's version, as it was given.
    pub server_text: &'a str,
    /// What the account is for.
    pub request: &'a Request,
}

/// An answer as `tidb-dms grants` prints it.
pub fn render(answer: &Answer, asked: &Asked<'_>, style: &Style) -> String {
    let mut page = Page::new(*style);
    match answer.verdict {
        Verdict::Enough => page.labelled("✓ ", Tone::Good, Tone::Good, &enough(asked.request)),
        Verdict::Lacking => missing(&mut page, answer),
        Verdict::Unknown => page.labelled(
            "? ",
            Tone::Doubtful,
            Tone::Doubtful,
            &format!(
                "can't be told: {}",
                counted(answer.gaps.len(), "thing was not seen", "things were not seen")
            ),
        ),
    }
    for gap in &answer.gaps {
        page.labelled("  ? ", Tone::Doubtful, Tone::Plain, &gap_text(gap));
    }
    if !answer.inactive_roles.is_empty() {
        let roles: Vec<String> = answer.inactive_roles.iter().map(|role| plain(role)).collect();
        let text = format!("granted and not active: {}", listed(&roles));
        page.labelled("  ! ", Tone::Doubtful, Tone::Plain, &text);
    }
    for statement in &answer.grant {
        page.command(2, statement);
    }
    for note in answer.notes.iter().map(|note| plain(note)).chain(taken(asked)) {
        page.paragraph(2, Tone::Dim, &note);
    }
    page.finish()
}

/// What is enough for what.
fn enough(request: &Request) -> String {
    match request.role {
        Role::Target => {
            let mut all = objects(&request.selection);
            let control = plain(&request.control_schema);
            if !all.contains(&control) {
                all.push(control);
            }
            format!("enough for a target, on {}", listed(&all))
        }
        Role::Source => format!(
            "enough for a source, {}, on {}",
            load(request.migration_type),
            listed(&objects(&request.selection))
        ),
    }
}

fn objects(selection: &Selection) -> Vec<String> {
    if *selection == Selection::Unnamed {
        return vec!["every schema".to_owned()];
    }
    let schemas = selection.schemas().iter().map(|schema| plain(schema));
    let tables = selection.tables().iter();
    schemas.chain(tables.map(|(schema, table)| plain(&format!("{schema}.{table}")))).collect()
}

const fn load(kind: Option<MigrationType>) -> &'static str {
    match kind {
        None | Some(MigrationType::FullLoad) => "full load",
        Some(MigrationType::Cdc) => "CDC",
        Some(MigrationType::FullLoadAndCdc) => "full load and CDC",
    }
}

/// One line for each set of privileges, with everything that lacks it.
fn missing(page: &mut Page, answer: &Answer) {
    let mut order: Vec<&str> = Vec::new();
    let mut on: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for missing in &answer.missing {
        if !order.contains(&missing.on.as_str()) {
            order.push(&missing.on);
        }
        on.entry(&missing.on).or_default().push(&missing.privilege);
    }
    while let Some(first) = order.first() {
        let privileges = on[first].clone();
        let same: Vec<String> =
            order.extract_if(.., |object| on[object] == privileges).map(plain).collect();
        let is_all = privileges.len() == Privilege::TARGET.len();
        let list = if is_all && !answer.grant.is_empty() {
            // The statement below names them.
            format!("{}, … (all nine)", privileges[..2].join(", "))
        } else {
            privileges.join(", ")
        };
        let text = format!("lacking on {}: {list}", listed(&same));
        page.labelled("✗ ", Tone::Bad, Tone::Bad, &text);
    }
}

/// A gap, with what would close it; a flag with the query that gives its value.
fn gap_text(gap: &Gap) -> String {
    let Unlock::Flag(flag) = &gap.unlock else {
        return super::trace::gap_text(gap);
    };
    let value = match flag.as_str() {
        "--current-role" => " with what SELECT CURRENT_ROLE() prints",
        "--partial-revokes" => " with what SELECT @@partial_revokes prints",
        "--lower-case-table-names" => " with what SELECT @@lower_case_table_names prints",
        "--server" => " with what SELECT VERSION() prints",
        "--schemas" => " or --tables",
        "--tables" => " with every table that is migrated",
        _ => "",
    };
    format!("{}{value}", super::trace::gap_text(gap))
}

/// What the answer rests on beside the text.
fn taken(asked: &Asked<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let is_source = asked.request.role == Role::Source;
    let is_tidb = asked.server.family() == Family::TiDb;
    if is_source && !is_tidb && asked.request.migration_type.is_none() {
        notes.push("taken as given: a full load, nothing more (no --migration-type)".to_owned());
    }
    let follows = matches!(
        asked.request.migration_type,
        Some(MigrationType::Cdc | MigrationType::FullLoadAndCdc)
    );
    if is_source && is_tidb && follows {
        notes.push(
            "TiDB writes no MySQL binary log, so DMS can do a full load from it, whatever is granted"
                .to_owned(),
        );
    }
    if asked.server.family() == Family::Unrecognised {
        notes.push(format!(
            "`{}` is no server that is known here, so only what holds by the rules of TiDB, MySQL \
             and MariaDB alike is said",
            plain(asked.server_text)
        ));
    }
    notes
}

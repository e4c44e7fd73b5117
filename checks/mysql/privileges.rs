//! What the grants of DMS's account come to, for what this migration selects.
//!
//! Whatever isn't known of the request (the selection, the control schema, the migration type) is
//! played through: a verdict stands only where it is the same for every way in which it may be.

use std::iter;

use serde_json::Value;

use crate::{
    case::{Case, Seen, Server},
    change::{AccountChange, AccountPlace},
    dms::{self, attributes::Attributes, mappings::Mappings},
    facts::{Assumption, Fact, Gap, Role, Unlock, probe::GreetingOutcome},
    grants::{
        self, Answer, DEFAULT_CONTROL_SCHEMA, Grants, MigrationType, Missing, Options, Request,
        Selection, Verdict,
    },
    judgement::Judgement,
    migration::Kind,
};

use super::selected::{has_patterns, selected};

/// Where the facts come from.
pub(super) const NEEDS: &[&str] = &[
    "dms:DescribeReplicationInstances",
    "dms:DescribeReplicationSubnetGroups",
    "dms:DescribeReplicationConfigs",
    "dms:DescribeReplicationTasks",
    "dms:DescribeEndpoints",
    "SHOW GRANTS",
];

/// A name that nobody would choose stands for a control schema that wasn't seen.
const ANY_OTHER_SCHEMA: &str = "another control schema";
/// How many lines of `SHOW GRANTS` are shown.
const SHOWN: usize = 8;

/// What the grants come to.
pub(super) struct Weighed<'a> {
    pub(super) lines: &'a [String],
    pub(super) grants: Grants,
    pub(super) verdict: Verdict,
    /// What is missing however the request may be.
    missing: Vec<Missing>,
    gaps: Vec<Gap>,
    pub(super) statements: Vec<String>,
    notes: Vec<String>,
    assumptions: Vec<Assumption>,
}

impl Weighed<'_> {
    /// Whether roles that are granted and not active would mend it, or may.
    pub(super) fn wants_roles(&self) -> bool {
        self.verdict == Verdict::Lacking
            && self.statements.iter().any(|text| text.starts_with("SET DEFAULT ROLE"))
    }

    /// The account's name for sentences.
    fn account(&self, server: &Server<'_>) -> String {
        match (self.grants.account(), server.user.known()) {
            (Some(name), _) => name.to_string(),
            (None, Some(user)) => user.clone(),
            (None, None) => "the account".to_owned(),
        }
    }

    /// What is missing, object by object.
    fn shown(&self) -> String {
        let mut objects: Vec<(&str, Vec<&str>)> = Vec::new();
        for missing in &self.missing {
            match objects.iter_mut().find(|(on, _)| *on == missing.on) {
                Some((_, privileges)) => privileges.push(&missing.privilege),
                None => objects.push((&missing.on, vec![&missing.privilege])),
            }
        }
        let objects: Vec<String> = objects
            .iter()
            .map(|(on, privileges)| match privileges.len() {
                9 => format!("all nine privileges on {on}"),
                _ => format!("{} on {on}", privileges.join(", ")),
            })
            .collect();
        objects.join("; ")
    }
}

/// Judges one end's account.
pub(super) fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let weighed = match weigh(case, server) {
        Ok(weighed) => weighed,
        Err(gap) => {
            j.gap(gap);
            return;
        }
    };
    for line in weighed.lines.iter().take(SHOWN) {
        j.note(server.resource(), "SHOW GRANTS", line);
    }
    for assumption in &weighed.assumptions {
        j.assume(assumption.clone());
    }
    for gap in &weighed.gaps {
        j.gap(gap.clone());
    }
    if weighed.verdict != Verdict::Lacking {
        return;
    }
    if weighed.wants_roles() {
        // That is the finding of mysql/role-active; what the roles give shows once they are active.
        j.gap(Gap::new(
            format!("what {} may do on {}", weighed.account(server), server.name),
            format!(
                "without {} it lacks {}; what they give isn't seen while they aren't active",
                weighed.grants.inactive_roles().join(", "),
                weighed.shown()
            ),
            Unlock::Login(server.role),
        ));
        return;
    }
    let account = weighed.account(server);
    let draft = j.fail(format!("{account} on {} lacks {}", server.name, weighed.shown()));
    if let Some(place) = place(server)
        && !weighed.statements.is_empty()
    {
        let mut advice = format!("An administrator of {} runs this", server.name);
        for note in &weighed.notes {
            advice.push_str(". ");
            advice.push_str(note.trim_end_matches('.'));
        }
        let statements = weighed.statements.clone();
        draft.advise(advice).change(AccountChange::Grant { account: place, statements });
    }
}

/// Which account of which server.
pub(super) fn place(server: &Server<'_>) -> Option<AccountPlace> {
    Some(AccountPlace {
        host: server.host.known()?.clone(),
        port: *server.port.known()?,
        user: server.user.known()?.clone(),
    })
}

/// Weighs the grants of DMS's account; the gap says why they can't be weighed.
pub(super) fn weigh<'a>(case: &Case<'a>, server: &Server<'a>) -> Result<Weighed<'a>, Gap> {
    let (grants, lines) = read(case, server)?;
    let mut open = Vec::new();
    let mut assumptions = Vec::new();
    let (selections, doubt) = selections(case, server.role, &mut assumptions);
    open.extend(doubt);
    let controls = match server.role {
        Role::Source => vec![DEFAULT_CONTROL_SCHEMA.to_owned()],
        Role::Target => match control_schema(case, &mut assumptions) {
            Fact::Known(schema) => vec![schema],
            Fact::Unknown(gap) => {
                open.push(gap);
                vec![DEFAULT_CONTROL_SCHEMA.to_owned(), ANY_OTHER_SCHEMA.to_owned()]
            }
        },
    };
    let types = match (server.role, migration_type(case)) {
        (Role::Target, _) => vec![None],
        (Role::Source, Fact::Known(kind)) => vec![Some(kind)],
        (Role::Source, Fact::Unknown(gap)) => {
            open.push(gap);
            vec![Some(MigrationType::FullLoad), Some(MigrationType::FullLoadAndCdc)]
        }
    };
    let role = match server.role {
        Role::Source => grants::Role::Source,
        Role::Target => grants::Role::Target,
    };
    let mut answers = Vec::new();
    for selection in &selections {
        for control_schema in &controls {
            for migration_type in &types {
                answers.push(grants.judge(&Request {
                    role,
                    selection: selection.clone(),
                    control_schema: control_schema.clone(),
                    migration_type: *migration_type,
                }));
            }
        }
    }
    let (verdict, missing) = agreed(&answers);
    let is_unnamed = selections.contains(&Selection::Unnamed);
    let gaps = match verdict {
        Verdict::Enough => Vec::new(),
        Verdict::Lacking => open,
        Verdict::Unknown => {
            let of_engine = answers.iter().flat_map(|answer| &answer.gaps);
            let of_engine = of_engine
                .filter(|gap| !is_unnamed || gap.about != "the selection")
                .map(|gap| in_doctor(gap, server));
            open.into_iter().chain(of_engine).collect()
        }
    };
    let least = answers.into_iter().next();
    let (statements, notes) = least.map(|answer| (answer.grant, answer.notes)).unwrap_or_default();
    Ok(Weighed { lines, grants, verdict, missing, gaps, statements, notes, assumptions })
}

/// What all answers agree on, and what is missing in each of them.
fn agreed(answers: &[Answer]) -> (Verdict, Vec<Missing>) {
    let all = |verdict| answers.iter().all(|answer| answer.verdict == verdict);
    if all(Verdict::Enough) {
        return (Verdict::Enough, Vec::new());
    }
    let Some((first, others)) = answers.split_first() else {
        return (Verdict::Unknown, Vec::new());
    };
    let missing: Vec<Missing> = (first.missing.iter())
        .filter(|missing| others.iter().all(|answer| answer.missing.contains(missing)))
        .cloned()
        .collect();
    if all(Verdict::Lacking) && !missing.is_empty() {
        (Verdict::Lacking, missing)
    } else {
        (Verdict::Unknown, Vec::new())
    }
}

/// The grants of DMS's account, read by the rules of its server.
pub(super) fn read<'a>(
    case: &Case<'a>,
    server: &Server<'a>,
) -> Result<(Grants, &'a [String]), Gap> {
    let lines: Seen<'a, Vec<String>> =
        match server.session("the grants", |session| session.grants.as_ref()) {
            Fact::Known(lines) => lines,
            Fact::Unknown(gap) => return Err(gap),
        };
    if let Some(gap) = super::other_server(case, server, lines.probe) {
        return Err(gap);
    }
    let role = server.session("the active role", |session| session.current_role.as_ref());
    let variable = |name: &str| match server.variable(name) {
        Fact::Known(value) => value,
        Fact::Unknown(_) => None,
    };
    let options = Options {
        current_role: role.known().map(|role| role.value.clone()),
        partial_revokes: variable("partial_revokes")
            .map(|value| value.eq_ignore_ascii_case("ON") || value == "1"),
        lower_case_table_names: variable("lower_case_table_names")
            .and_then(|value| value.parse().ok()),
    };
    let version = version(server);
    let grants = Grants::read(&lines.value.join("\n"), &grants::Server::parse(&version), &options);
    Ok((grants, lines.value))
}

/// The version, in words that tell the family of servers.
pub(super) fn version(server: &Server<'_>) -> String {
    // VERSION() of Aurora is that of the MySQL that it speaks like.
    if let Fact::Known(Some(aurora)) = server.variable("aurora_version") {
        return format!("8.0.mysql_aurora.{aurora}");
    }
    let said = server
        .setting("the version", |session| session.version.as_ref())
        .known()
        .map(|version| version.value.clone());
    let said = said.or_else(|| {
        let greeting = server.look("the greeting", |probe| probe.greeting.as_ref());
        match greeting.known()?.value {
            GreetingOutcome::Greeting(greeting) => Some(greeting.server_version.clone()),
            _ => None,
        }
    });
    let is_tidb = server.is_tidb.known() == Some(&true);
    match said {
        // TiDB can be told to call itself something else.
        Some(version) if !is_tidb || is_tidb_version(&version) => version,
        _ if is_tidb => "TiDB".to_owned(),
        _ => String::new(),
    }
}

/// Whether a version string is TiDB's.
pub(super) fn is_tidb_version(version: &str) -> bool {
    version.to_ascii_lowercase().contains("tidb")
}

/// What the engine misses, in the words of this command.
fn in_doctor(gap: &Gap, server: &Server<'_>) -> Gap {
    let unlock = match &gap.unlock {
        Unlock::Flag(flag) if flag == "--schemas" || flag == "--tables" => {
            Unlock::Flag("--table-mappings".into())
        }
        Unlock::Flag(_) => Unlock::Login(server.role),
        other => other.clone(),
    };
    Gap::new(format!("{} on {}", gap.about, server.name), gap.reason.clone(), unlock)
}

/// What the task selects, by its names on one end. Where that isn't clear it is one of several, and the
/// gap says why.
fn selections(
    case: &Case<'_>,
    on: Role,
    assumptions: &mut Vec<Assumption>,
) -> (Vec<Selection>, Option<Gap>) {
    let mappings = match mappings(case) {
        Fact::Known(mappings) => mappings,
        Fact::Unknown(gap) => return (vec![Selection::Unnamed], Some(gap)),
    };
    let (merged, doubt) = match on {
        Role::Source => (None, None),
        Role::Target => one_database(case),
    };
    let merged = merged.map(|database| Selection::Schemas(vec![database]));
    if let (Some(merged), None) = (&merged, &doubt) {
        return (vec![merged.clone()], None);
    }
    match selection(case, &mappings, on, assumptions) {
        Fact::Known(selection) => (iter::once(selection).chain(merged).collect(), doubt),
        Fact::Unknown(gap) => (vec![Selection::Unnamed], Some(gap)),
    }
}

/// What the mappings select.
fn selection(
    case: &Case<'_>,
    mappings: &Mappings,
    on: Role,
    assumptions: &mut Vec<Assumption>,
) -> Fact<Selection> {
    let source = case.server(Role::Source);
    let schemas = match &source.speaks_mysql {
        Fact::Known(true) => {
            match source.session("the schemas", |session| session.schemas.as_ref()) {
                Fact::Known(seen) => Fact::Known(seen.value.clone()),
                Fact::Unknown(gap) => Fact::Unknown(gap),
            }
        }
        Fact::Known(false) => Fact::Unknown(Gap::new(
            format!("the schemas of {}", source.name),
            "it doesn't speak MySQL, so nobody could ask",
            Unlock::Flag("--table-mappings".into()),
        )),
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
    };
    let selection = selected(mappings, &schemas, &source.speaks_mysql, on);
    if has_patterns(mappings) && selection.known().is_some() {
        assumptions.push(Assumption::new(
            source.name.as_str(),
            "the task selects only schemas that DMS's user sees",
            "its rules name schemas by patterns, and the user sees no others",
        ));
    }
    selection
}

fn mappings(case: &Case<'_>) -> Fact<Mappings> {
    let asked = case.facts.asked.table_mappings.as_deref();
    let text = asked.or(match case.migration.kind {
        Kind::Task(task, _) => task.table_mappings.as_deref(),
        Kind::Config(config) => config.table_mappings.as_deref(),
        Kind::Instance(_) | Kind::Planned => None,
    });
    let gap = |reason: String| {
        Fact::Unknown(Gap::new(
            "what the task selects",
            reason,
            Unlock::Flag("--table-mappings".into()),
        ))
    };
    match text.map(Mappings::parse) {
        None => gap("no table mappings were seen".into()),
        Some(Err(error)) => gap(format!("the table mappings can't be read: {error}")),
        Some(Ok(mappings)) => Fact::Known(mappings),
    }
}

/// The one database that a target endpoint or the task merges everything into, if any; the gap says why
/// it may and may not.
fn one_database(case: &Case<'_>) -> (Option<String>, Option<Gap>) {
    let unclear = |name: &str, kind: &str, check: &str| {
        let gap = Gap::new(
            "what the task selects",
            format!("{kind} {name} may take the place of its schemas on the target; see {check}"),
            Unlock::Nothing,
        );
        (Some(name.to_owned()), Some(gap))
    };
    let settings = settings(case);
    let schema = settings
        .as_ref()
        .ok()
        .and_then(|value| dms::member(value, "TargetMetadata.TargetSchema"))
        .and_then(Value::as_str)
        .filter(|schema| !schema.is_empty());
    if let Some(schema) = schema {
        return unclear(schema, "TargetSchema", "dms/target-schema");
    }
    let Some(endpoint) = case.migration.target.endpoint() else {
        return (None, None);
    };
    let own = endpoint.my_sql_settings.as_ref();
    let database = own
        .and_then(|settings| settings.database_name.as_deref())
        .filter(|name| !name.is_empty())
        .or(endpoint.database_name.as_deref())
        .filter(|name| !name.is_empty());
    let Some(database) = database else {
        return (None, None);
    };
    let attributes = Attributes::of(endpoint);
    let kind = own
        .and_then(|settings| settings.target_db_type.as_deref())
        .or(attributes.get("targetDbType"))
        .unwrap_or("");
    if kind.replace('_', "-").eq_ignore_ascii_case("specific-database") {
        (Some(database.to_owned()), None)
    } else {
        unclear(database, "the endpoint's database", "dms/database-name")
    }
}

/// The schema for DMS's own tables.
fn control_schema(case: &Case<'_>, assumptions: &mut Vec<Assumption>) -> Fact<String> {
    if matches!(case.migration.kind, Kind::Instance(_) | Kind::Planned) {
        assumptions.push(Assumption::new(
            "the task",
            format!("its control schema is {DEFAULT_CONTROL_SCHEMA}"),
            "there is no task yet, and that is DMS's default",
        ));
        return Fact::Known(DEFAULT_CONTROL_SCHEMA.to_owned());
    }
    match settings(case) {
        Err(gap) => Fact::Unknown(gap),
        Ok(settings) => {
            let named = dms::member(&settings, "ControlTablesSettings.ControlSchema")
                .and_then(Value::as_str)
                .filter(|schema| !schema.is_empty());
            Fact::Known(named.unwrap_or(DEFAULT_CONTROL_SCHEMA).to_owned())
        }
    }
}

/// The settings of the task; the gap says why they can't be read.
fn settings(case: &Case<'_>) -> Result<Value, Gap> {
    let (place, text, action) = match case.migration.kind {
        Kind::Task(task, _) => (
            task.replication_task_arn.as_str(),
            task.replication_task_settings.as_deref(),
            "dms:DescribeReplicationTasks",
        ),
        Kind::Config(config) => (
            config.replication_config_arn.as_str(),
            config.replication_settings.as_deref(),
            "dms:DescribeReplicationConfigs",
        ),
        Kind::Instance(_) | Kind::Planned => return Ok(Value::Null),
    };
    let Some(text) = text else {
        return Err(dms::not_delivered(place, "settings", action));
    };
    serde_json::from_str(text).map_err(|error| {
        Gap::new(
            place,
            format!("its settings can't be read: {error}"),
            Unlock::IamAction(action.into()),
        )
    })
}

fn migration_type(case: &Case<'_>) -> Fact<MigrationType> {
    let gap = |reason: String| {
        Fact::Unknown(Gap::new(
            "the migration type",
            reason,
            Unlock::Flag("--migration-type".into()),
        ))
    };
    match case.migration_type().map(str::to_ascii_lowercase).as_deref() {
        Some("full-load") => Fact::Known(MigrationType::FullLoad),
        Some("cdc") => Fact::Known(MigrationType::Cdc),
        Some("full-load-and-cdc") => Fact::Known(MigrationType::FullLoadAndCdc),
        Some(other) => gap(format!("`{other}` is none that this version knows")),
        None => gap("it was not delivered".into()),
    }
}

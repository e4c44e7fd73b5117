//! Names that differ in letter case alone stay apart, and mappings write names as the source does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    dms::{
        mappings::{Mappings, Selection},
        pattern::matches,
    },
    facts::{Gap, Role, Unlock},
    grants::Family,
    judgement::Judgement,
    migration::{Kind, Side},
    severity::Severity,
};

use super::settings::{Settings, is_tidb, settings};

pub(crate) static CHECK: Check = Check {
    id: "mysql/letter-case",
    requirement: "Names that the target takes for one are one in the source, and the mappings write them as the source does",
    severity: Severity::Warning,
    why: "TiDB compares names without regard to letter case (lower_case_table_names is 2, always): of a source that tells Shop from shop, both are loaded into one schema, and tables of one name overwrite each other. DMS itself matches names by letter: a mapping in another case finds no table.",
    fix: "Write names in the mappings as the source has them, and rename by a transformation rule what would fall together.",
    references: &[
        "https://docs.pingcap.com/tidb/stable/system-variables",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Warning);
    let text = match mappings(case) {
        Text::Seen(text) => text,
        Text::Unseen(gap) => {
            j.gap(gap);
            return;
        }
        Text::NotYet => {
            for side in [&case.migration.source, &case.migration.target] {
                if let Side::Unseen(gap) = side {
                    j.gap(gap.clone());
                }
            }
            j.not_applicable("no table mappings were given");
            return;
        }
    };
    let role = case.cluster.role.known();
    if matches!(case.migration.source, Side::NotNamed) && role != Some(&Role::Source) {
        j.not_applicable("no source was named");
        return;
    }
    let (source, target) = (case.server(Role::Source), case.server(Role::Target));
    if source.speaks_mysql.known() == Some(&false) {
        j.not_applicable("the source isn't MySQL");
        return;
    }
    // What can't be read is told by dms/table-mappings.
    let Ok(mappings) = Mappings::parse(text) else {
        j.not_applicable("the table mappings can't be read");
        return;
    };
    let Some(of_source) = settings(j, &source) else { return };
    let Some(source_case) = mode(j, &of_source) else { return };
    let schemas = j.look(source.setting("SHOW DATABASES", |session| session.schemas.as_ref()));
    let Some(schemas) = schemas else { return };
    let schemas: Vec<&str> = schemas.value.iter().map(String::as_str).collect();
    written_otherwise(j, &source, &mappings, &schemas);
    mixed_on_a_folding_disk(j, case, &of_source, &source, source_case, &mappings);
    if source_case != 0 {
        // It holds no two names that differ in letter case alone.
        return;
    }
    let folds = if is_tidb(&target) {
        true
    } else if target.speaks_mysql.known() == Some(&false) {
        return;
    } else {
        let Some(of_target) = settings(j, &target) else { return };
        let Some(target_case) = mode(j, &of_target) else { return };
        target_case != 0
    };
    if folds {
        falling_together(j, (&source, &target), &mappings, &schemas, renames(text));
    }
}

/// The server's `lower_case_table_names`.
fn mode(j: &mut Judgement, settings: &Settings<'_, '_>) -> Option<u64> {
    settings.number(j, "lower_case_table_names")
}

/// Mappings that name what is there only in another letter case.
fn written_otherwise(
    j: &mut Judgement,
    source: &Server<'_>,
    mappings: &Mappings,
    schemas: &[&str],
) {
    for rule in mappings.selections.iter().filter(|rule| rule.include && names(&rule.schema, rule))
    {
        let wanted = rule.schema.as_str();
        if schemas.contains(&wanted) {
            continue;
        }
        let other = schemas.iter().find(|schema| schema.eq_ignore_ascii_case(wanted));
        if let Some(other) = other {
            j.note(source.resource(), "SHOW DATABASES", other);
            j.fail(format!(
                "The mappings take the schema {wanted}, and {} has {other}: DMS finds no table there",
                source.name
            ))
            .advise(format!("Write {other} in the table mappings"));
        }
    }
}

/// A source on a disk that doesn't tell letter cases apart can't be followed where names mix them.
fn mixed_on_a_folding_disk(
    j: &mut Judgement,
    case: &Case<'_>,
    settings: &Settings<'_, '_>,
    source: &Server<'_>,
    source_case: u64,
    mappings: &Mappings,
) {
    let kind = case.migration_type().map(str::to_ascii_lowercase);
    let follows = kind.is_some_and(|kind| kind != "full-load");
    if source_case != 2 || settings.family == Family::TiDb || !follows {
        return;
    }
    let mixed =
        |name: &str| name.chars().any(char::is_uppercase) && name.chars().any(char::is_lowercase);
    for rule in mappings.selections.iter().filter(|rule| rule.include && mixed(&rule.table)) {
        j.fail(format!(
            "{} keeps names on a disk that doesn't tell letter cases apart: DMS doesn't follow \
             changes of {}, whose name mixes them",
            source.name, rule.table
        ))
        .advise("Move such tables by a task of their own that loads existing data only");
    }
}

/// What the source tells apart and the target doesn't.
fn falling_together(
    j: &mut Judgement,
    (source, target): (&Server<'_>, &Server<'_>),
    mappings: &Mappings,
    schemas: &[&str],
    renames: bool,
) {
    let taken = |schema: &&&str| {
        let fits = |rule: &Selection| {
            if names(&rule.schema, rule) {
                rule.schema == **schema
            } else {
                matches(&rule.schema, schema)
            }
        };
        let everything = |rule: &Selection| !rule.literal && rule.table == "%";
        mappings.selections.iter().any(|rule| rule.include && fits(rule))
            && !mappings
                .selections
                .iter()
                .any(|rule| !rule.include && everything(rule) && fits(rule))
    };
    let taken: Vec<&str> = schemas.iter().filter(taken).copied().collect();
    let tables: Vec<String> = mappings
        .selections
        .iter()
        .filter(|rule| rule.include && names(&rule.schema, rule) && names(&rule.table, rule))
        .map(|rule| format!("{}.{}", rule.schema, rule.table))
        .collect();
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    let together = [("schemas", alike(&taken)), ("tables", alike(&tables))];
    for (kind, groups) in together {
        for group in groups {
            for name in &group {
                j.note(source.resource(), kind, name);
            }
            let list = group.join(" and ");
            if renames {
                j.gap(Gap::new(
                    format!("the {kind} {list}"),
                    format!(
                        "whether the transformation rules keep them apart in {} wasn't worked out",
                        target.name
                    ),
                    Unlock::Nothing,
                ));
            } else {
                j.fail(format!(
                    "{list} are {} {kind} in {} and one in {}",
                    if group.len() == 2 { "two".to_owned() } else { group.len().to_string() },
                    source.name,
                    target.name
                ))
                .at(Severity::Error)
                .advise("Rename all but one of them by a transformation rule, or leave them out");
            }
        }
    }
}

/// Names that are one without regard to letter case; the same name twice isn't two.
fn alike<'n>(names: &[&'n str]) -> Vec<Vec<&'n str>> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        let group = groups.entry(name.to_lowercase()).or_default();
        if !group.contains(name) {
            group.push(name);
        }
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// Whether a pattern of a rule is a name: `_` stands for any letter, and rarely is meant so.
fn names(pattern: &str, rule: &Selection) -> bool {
    rule.literal || !pattern.contains(['%', '['])
}

/// Whether some rule gives schemas or tables other names.
fn renames(text: &str) -> bool {
    let rules = serde_json::from_str::<Value>(text).ok();
    let rules = rules.as_ref().and_then(|rules| rules.get("rules")?.as_array());
    rules.into_iter().flatten().any(|rule| {
        let is = |name: &str, any: &[&str]| {
            rule.get(name)
                .and_then(Value::as_str)
                .is_some_and(|word| any.iter().any(|wanted| wanted.eq_ignore_ascii_case(word)))
        };
        is("rule-type", &["transformation"]) && is("rule-target", &["schema", "table"])
    })
}

enum Text<'a> {
    Seen(&'a str),
    Unseen(Gap),
    NotYet,
}

fn mappings<'a>(case: &Case<'a>) -> Text<'a> {
    let (place, text) = match (case.facts.asked.table_mappings.as_deref(), case.migration.kind) {
        (Some(text), _) => return Text::Seen(text),
        (None, Kind::Task(task, _)) => {
            (task.replication_task_arn.as_str(), task.table_mappings.as_deref())
        }
        (None, Kind::Config(config)) => {
            (config.replication_config_arn.as_str(), config.table_mappings.as_deref())
        }
        (None, Kind::Instance(_) | Kind::Planned) => return Text::NotYet,
    };
    text.map_or_else(
        || {
            Text::Unseen(Gap::new(
                place,
                "its table mappings were not delivered",
                Unlock::Flag("--table-mappings".into()),
            ))
        },
        Text::Seen,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const MAPPINGS: &str = "/inventory/ReplicationTasks/0/TableMappings";
    const SCHEMAS: &str = "/probes/0/session/schemas";

    fn schemas(names: &[&str]) -> (&'static str, Value) {
        (SCHEMAS, patient::look(json!(names)))
    }

    fn rules(rules: &[(&str, &str, &str)], transform: Option<&str>) -> (&'static str, Value) {
        let mut list: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(place, (action, schema, table))| {
                json!({"rule-type": "selection", "rule-id": (place + 1).to_string(), "rule-name": "r",
                    "rule-action": action, "object-locator": {"schema-name": schema, "table-name": table}})
            })
            .collect();
        if let Some(target) = transform {
            list.push(json!({"rule-type": "transformation", "rule-id": "9", "rule-name": "9",
                "rule-target": target, "rule-action": "add-prefix", "value": "x",
                "object-locator": {"schema-name": "Shop", "table-name": "%"}}));
        }
        (MAPPINGS, json!(json!({ "rules": list }).to_string()))
    }

    #[test]
    fn what_the_source_tells_apart_stays_apart() {
        let healthy = || patient::probes(&[], &[]);
        let both = || schemas(&["information_schema", "Shop", "shop"]);
        let all = ("include", "%", "%");
        testing::check(
            CHECK.id,
            &[
                (&[healthy()], Outcome::Pass, ""),
                (&[healthy(), both()], Outcome::Pass, ""),
                (&[healthy(), both(), rules(&[all], None)], Outcome::Fail, "Shop and shop are two"),
                (
                    &[
                        healthy(),
                        both(),
                        rules(&[("include", "Shop", "%"), ("include", "shop", "%")], None),
                    ],
                    Outcome::Fail,
                    "one in tidb",
                ),
                (
                    &[healthy(), both(), rules(&[all, ("exclude", "Shop", "%")], None)],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[healthy(), both(), rules(&[all], Some("schema"))],
                    Outcome::Unknown,
                    "transformation rules",
                ),
                (&[healthy(), both(), rules(&[all], Some("column"))], Outcome::Fail, "two"),
                (
                    &[
                        healthy(),
                        rules(
                            &[("include", "shop", "Orders"), ("include", "shop", "orders")],
                            None,
                        ),
                    ],
                    Outcome::Fail,
                    "shop.Orders and shop.orders are two tables",
                ),
                // A source that folds names itself has no two.
                (
                    &[
                        patient::probes(&[("lower_case_table_names", Some("1"))], &[]),
                        both(),
                        rules(&[all], None),
                    ],
                    Outcome::Pass,
                    "",
                ),
                (&[healthy(), (SCHEMAS, json!(null))], Outcome::Unknown, "SHOW DATABASES"),
                (
                    &[patient::probes(&[("lower_case_table_names", None)], &[])],
                    Outcome::Unknown,
                    "lower_case_table_names",
                ),
                (&[healthy(), (MAPPINGS, json!(null))], Outcome::Unknown, "table mappings"),
            ],
        );
    }

    #[test]
    fn mappings_write_names_as_the_source_does() {
        let healthy = || patient::probes(&[], &[]);
        testing::check(
            CHECK.id,
            &[
                (&[healthy(), rules(&[("include", "SHOP", "%")], None)], Outcome::Warn, "has shop"),
                // A schema that the user may not see is told by its privileges.
                (&[healthy(), rules(&[("include", "stock", "%")], None)], Outcome::Pass, ""),
                (&[healthy(), rules(&[("include", "SH%", "%")], None)], Outcome::Pass, ""),
            ],
        );
    }

    #[test]
    fn a_disk_that_folds_names_hides_changes() {
        let mac = || patient::probes(&[("lower_case_table_names", Some("2"))], &[]);
        let mixed = || rules(&[("include", "shop", "OrderLines")], None);
        let kind = "/inventory/ReplicationTasks/0/MigrationType";
        testing::check(
            CHECK.id,
            &[
                (&[mac(), mixed()], Outcome::Warn, "OrderLines"),
                (&[mac(), mixed(), (kind, json!("full-load"))], Outcome::Pass, ""),
                (&[patient::probes(&[], &[]), mixed()], Outcome::Pass, ""),
            ],
        );
    }

    #[test]
    fn a_target_that_tells_names_apart_takes_both() {
        let base = patient::out_of_tidb(&[]);
        testing::check_on(CHECK.id, &base, &[(&[], Outcome::Pass, "")]);
    }
}

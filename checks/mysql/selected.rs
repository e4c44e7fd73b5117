//! Which schemas and tables a task's rules take in, by their names on either end.
//!
//! A rule's schema is a pattern as soon as it has `%`, `_` or `[ab]`; then the source's own list of
//! schemas says which are meant. What can't be told is a gap, never a guess.

use std::collections::BTreeSet;

use crate::{
    dms::{
        mappings::{Mappings, SYSTEM_SCHEMAS, Selection as Rule, TIDB_SYSTEM_SCHEMA},
        pattern::{is_everything, matches, only_name},
        transformations::{schema_on_target, table_on_target},
    },
    facts::{Fact, Gap, Role, Unlock},
    grants::Selection,
};

/// What gaps of this module are about.
const ABOUT: &str = "what the task selects";

/// Whether the rules name schemas by patterns, so that the source's list decides.
pub(super) fn has_patterns(mappings: &Mappings) -> bool {
    mappings.selections.iter().any(|rule| rule.include && name_of(rule).is_none())
}

/// What is selected, by the names that it has on one end. `schemas` are those that DMS's user sees on
/// the source; `of_mysql` says whether the source has MySQL's system schemas, if that is known. They
/// are left out: no account is granted anything on them for a migration.
pub(super) fn selected(
    mappings: &Mappings,
    schemas: &Fact<Vec<String>>,
    of_mysql: &Fact<bool>,
    on: Role,
) -> Fact<Selection> {
    let parts = match on_source(mappings, schemas, of_mysql) {
        Ok(parts) => parts,
        Err(gap) => return Fact::Unknown(gap),
    };
    let parts = match on {
        Role::Source => parts,
        Role::Target => match on_target(mappings, &parts) {
            Ok(parts) => parts,
            Err(reason) => {
                return Fact::Unknown(Gap::new(
                    ABOUT,
                    reason,
                    Unlock::Flag("--table-mappings".into()),
                ));
            }
        },
    };
    Fact::Known(parts.into_selection())
}

/// Whole schemas, and single tables of others.
#[derive(Debug, Default)]
struct Parts {
    schemas: BTreeSet<String>,
    tables: BTreeSet<(String, String)>,
}

impl Parts {
    fn into_selection(mut self) -> Selection {
        self.tables.retain(|(schema, _)| !self.schemas.contains(schema));
        let schemas: Vec<String> = self.schemas.into_iter().collect();
        let tables: Vec<(String, String)> = self.tables.into_iter().collect();
        match (schemas.is_empty(), tables.is_empty()) {
            (_, true) => Selection::Schemas(schemas),
            (true, false) => Selection::Tables(tables),
            (false, false) => Selection::Both { schemas, tables },
        }
    }
}

/// The one schema that a rule names; `None` where it is a pattern.
fn name_of(rule: &Rule) -> Option<String> {
    if rule.literal { Some(rule.schema.clone()) } else { only_name(&rule.schema) }
}

fn on_source(
    mappings: &Mappings,
    schemas: &Fact<Vec<String>>,
    of_mysql: &Fact<bool>,
) -> Result<Parts, Gap> {
    let mut names = BTreeSet::new();
    for rule in mappings.selections.iter().filter(|rule| rule.include) {
        if let Some(name) = name_of(rule) {
            names.insert(name);
            continue;
        }
        let list = match schemas {
            Fact::Known(list) => list,
            Fact::Unknown(gap) => {
                return Err(Gap::new(
                    ABOUT,
                    format!(
                        "`{}` is a pattern, and the schemas of the source weren't seen: {}",
                        rule.schema, gap.reason
                    ),
                    gap.unlock.clone(),
                ));
            }
        };
        for schema in list {
            if matches(&rule.schema, schema) {
                if !is_everything(&rule.table) && !is_system(schema) {
                    return Err(unclear(format!(
                        "which of the schemas that `{}` fits have tables that fit `{}` wasn't seen",
                        rule.schema, rule.table
                    )));
                }
                names.insert(schema.clone());
            } else if matches(&rule.schema.to_lowercase(), &schema.to_lowercase()) {
                return Err(unclear(format!(
                    "whether the pattern `{}` fits the schema {schema} depends on the letters' case",
                    rule.schema
                )));
            }
        }
    }
    if names.iter().any(|name| is_system(name)) {
        match of_mysql {
            Fact::Known(true) => names.retain(|name| !is_system(name)),
            Fact::Known(false) => {}
            Fact::Unknown(gap) => return Err(gap.clone()),
        }
    }
    let mut parts = Parts::default();
    for name in names {
        take(mappings, &name, &mut parts)?;
    }
    if parts.schemas.is_empty() && parts.tables.is_empty() {
        let includes = mappings.selections.iter().any(|rule| rule.include);
        let reason = if includes {
            "no schema that DMS's user sees on the source fits the rules: they name others, or it may \
             see too little"
        } else {
            "the rules take nothing in; see dms/table-mappings"
        };
        return Err(Gap::new(ABOUT, reason, Unlock::Nothing));
    }
    Ok(parts)
}

/// What the rules take of one schema.
fn take(mappings: &Mappings, schema: &str, parts: &mut Parts) -> Result<(), Gap> {
    let mut excluded = Vec::new();
    let (mut whole, mut tables) = (false, Vec::new());
    for rule in &mappings.selections {
        let fits = if rule.literal { rule.schema == schema } else { matches(&rule.schema, schema) };
        if !fits {
            let small = |text: &str| text.to_lowercase();
            if !rule.include && matches(&small(&rule.schema), &small(schema)) {
                return Err(unclear(format!(
                    "whether the rule that excludes `{}` is about {schema} depends on the letters' \
                     case",
                    rule.schema
                )));
            }
            continue;
        }
        let table = if rule.literal { Some(rule.table.clone()) } else { only_name(&rule.table) };
        match (rule.include, table) {
            (false, _) => excluded.push(&rule.table),
            // A pattern of tables, which ones wasn't seen: the schema's own privileges cover them.
            (true, None) => whole = true,
            (true, Some(table)) => tables.push(table),
        }
    }
    if excluded.iter().any(|pattern| is_everything(pattern)) {
        return Ok(());
    }
    tables.retain(|table| !excluded.iter().any(|pattern| matches(pattern, table)));
    if whole {
        parts.schemas.insert(schema.to_owned());
    }
    parts.tables.extend(tables.into_iter().map(|table| (schema.to_owned(), table)));
    Ok(())
}

/// The same by the names on the target.
fn on_target(mappings: &Mappings, parts: &Parts) -> Result<Parts, String> {
    let rules = &mappings.transformations;
    let mut target = Parts::default();
    for schema in &parts.schemas {
        target.schemas.insert(schema_on_target(rules, schema)?);
    }
    for (schema, table) in &parts.tables {
        let renamed = schema_on_target(rules, schema)?;
        match table_on_target(rules, schema, table) {
            Ok(table) => target.tables.insert((renamed, table)),
            // The schema's own privileges cover a table of any name.
            Err(_) => target.schemas.insert(renamed),
        };
    }
    Ok(target)
}

fn is_system(schema: &str) -> bool {
    let schema = schema.to_ascii_lowercase();
    SYSTEM_SCHEMAS.contains(&schema.as_str()) || schema == TIDB_SYSTEM_SCHEMA
}

fn unclear(reason: String) -> Gap {
    Gap::new(ABOUT, reason, Unlock::Flag("--table-mappings".into()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Rules as `include shop.%`, `exclude …`, `explicit …`, or a transformation as JSON.
    fn mappings(rules: &[&str]) -> Mappings {
        let rules: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(place, text)| {
                if text.starts_with('{') {
                    let mut rule: Value = serde_json::from_str(text).unwrap();
                    rule["rule-type"] = "transformation".into();
                    return rule;
                }
                let (action, object) = text.split_once(' ').unwrap();
                let (schema, table) = object.split_once('.').unwrap();
                json!({"rule-type": "selection", "rule-id": (place + 1).to_string(),
                    "rule-name": "r", "rule-action": action,
                    "object-locator": {"schema-name": schema, "table-name": table}})
            })
            .collect();
        Mappings::parse(&json!({ "rules": rules }).to_string()).unwrap()
    }

    /// The selection as text, or why it can't be told.
    fn on(role: Role, rules: &[&str], list: Option<&[&str]>) -> String {
        let list = match list {
            Some(list) => Fact::Known(list.iter().map(|name| (*name).to_owned()).collect()),
            None => Fact::Unknown(Gap::new("x", "nobody looked", Unlock::Login(Role::Source))),
        };
        match selected(&mappings(rules), &list, &Fact::Known(true), role) {
            Fact::Unknown(gap) => format!("? {}", gap.reason),
            Fact::Known(selection) => {
                let schemas = selection.schemas().iter().map(|schema| format!("{schema}.*"));
                let tables = selection.tables().iter();
                let tables = tables.map(|(schema, table)| format!("{schema}.{table}"));
                schemas.chain(tables).collect::<Vec<String>>().join(" ")
            }
        }
    }

    const LIST: &[&str] = &["information_schema", "mysql", "crm_1", "crm_2", "shop", "test"];

    #[test]
    fn what_the_rules_select_on_the_source() {
        for (rules, list, expected) in [
            (&["include shop.%"][..], None, "shop.*"),
            (&["include shop.%"], Some(LIST), "shop.*"),
            (&["explicit shop.orders"], None, "shop.orders"),
            (&["include shop.orders", "include crm[_]1.%"], None, "crm_1.* shop.orders"),
            (&["include shop.%", "include shop.orders"], None, "shop.*"),
            (&["include shop.ord%"], None, "shop.*"),
            // An underscore is a wildcard of DMS's.
            (&["include crm_1.%"], None, "? `crm_1` is a pattern"),
            (&["include crm_1.%"], Some(LIST), "crm_1.*"),
            (&["include crm__.%"], Some(LIST), "crm_1.* crm_2.*"),
            (&["include crm[_][12].%"], Some(LIST), "crm_1.* crm_2.*"),
            (&["include %.%"], None, "? `%` is a pattern"),
            // System schemas are another check's; `test` is a user's (F-24).
            (&["include %.%"], Some(LIST), "crm_1.* crm_2.* shop.* test.*"),
            (&["include %.%", "exclude crm%.%"], Some(LIST), "shop.* test.*"),
            (
                &["exclude shop.%", "include %.%", "exclude test.t"],
                Some(LIST),
                "crm_1.* crm_2.* test.*",
            ),
            (&["include shop.a", "include shop.b", "exclude shop.b%"], None, "shop.a"),
            (&["include crm%.orders"], Some(LIST), "? which of the schemas"),
            (&["include nothing%.%"], Some(LIST), "? no schema"),
            (&["include Sh%.%"], Some(LIST), "? whether the pattern `Sh%` fits the schema shop"),
            (&["include shop.%", "exclude SHOP.%"], None, "? whether the rule that excludes"),
            (&["exclude shop.%"], Some(LIST), "? the rules take nothing in"),
        ] {
            let said = on(Role::Source, rules, list);
            let fits = if expected.starts_with('?') {
                said.starts_with(expected)
            } else {
                said == expected
            };
            assert!(fits, "{rules:?}: {said}");
        }
    }

    #[test]
    fn what_it_is_called_on_the_target() {
        let schema = |action: &str, of: &str, value: &str| {
            json!({"rule-target": "schema", "rule-action": action, "value": value,
                "object-locator": {"schema-name": of}})
            .to_string()
        };
        let table = json!({"rule-target": "table", "rule-action": "convert-uppercase",
            "object-locator": {"schema-name": "shop", "table-name": "%"}})
        .to_string();
        let odd = json!({"rule-target": "table", "rule-action": "explode",
            "object-locator": {"schema-name": "shop", "table-name": "%"}})
        .to_string();
        let rename = schema("rename", "shop", "store");
        let prefix = schema("add-prefix", "crm%", "new_");
        let upper = schema("convert-uppercase", "%", "");
        let merged = schema("rename", "%", "all");
        for (rules, list, expected) in [
            (vec!["include shop.%", &rename], None, "store.*"),
            (vec!["include other.%", &rename], None, "other.*"),
            (vec!["include crm%.%", &prefix], Some(LIST), "new_crm_1.* new_crm_2.*"),
            (vec!["include shop.%", &upper], None, "SHOP.*"),
            (vec!["include %.%", &merged], Some(LIST), "all.*"),
            (vec!["include shop.%", &rename, &upper], None, "? several transformation rules"),
            (vec!["include shop.orders", &rename, &table], None, "store.ORDERS"),
            (vec!["include shop.orders", &odd], None, "shop.*"),
            (vec!["include shop.%", &odd], None, "shop.*"),
        ] {
            let said = on(Role::Target, &rules, list);
            let fits = if expected.starts_with('?') {
                said.starts_with(expected)
            } else {
                said == expected
            };
            assert!(fits, "{rules:?}: {said}");
        }
        // On the source nothing is renamed.
        assert_eq!(on(Role::Source, &["include shop.%", &rename], None), "shop.*");
    }

    #[test]
    fn only_mysql_has_its_system_schemas() {
        let rules = mappings(&["include SYS.%", "include shop.%"]);
        let none = Fact::Known(Vec::new());
        let of = |of_mysql| match selected(&rules, &none, &of_mysql, Role::Target) {
            Fact::Known(selection) => selection.schemas().join(" "),
            Fact::Unknown(gap) => gap.reason,
        };
        assert_eq!(of(Fact::Known(true)), "shop");
        assert_eq!(of(Fact::Known(false)), "SYS shop");
        assert_eq!(
            of(Fact::Unknown(Gap::new("a", "engine unseen", Unlock::Nothing))),
            "engine unseen"
        );
    }

    #[test]
    fn a_pattern_is_known_by_its_wildcards() {
        assert!(has_patterns(&mappings(&["include crm_1.%"])));
        assert!(!has_patterns(&mappings(&["include shop.%", "exclude %.t"])));
    }
}

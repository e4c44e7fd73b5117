//! Transformation rules: the names that schemas and tables get on the target.
//!
//! AWS allows one action for one object and doesn't say what several do, so several different ones
//! are an answer that nobody has.

use serde_json::Value;

use super::pattern::matches;

/// A transformation rule that renames schemas or tables.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Transformation {
    /// What it is about.
    pub target: Target,
    /// The schemas, with wildcards, by their names on the source.
    pub schema: String,
    /// The tables, with wildcards; of every table where none is named.
    pub table: String,
    /// What becomes of the name.
    pub action: Action,
}

/// What a rule renames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// Schemas.
    Schema,
    /// Tables.
    Table,
}

/// What becomes of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// Another name.
    Rename(String),
    /// Something before it.
    AddPrefix(String),
    /// Something behind it.
    AddSuffix(String),
    /// A beginning taken away.
    RemovePrefix(String),
    /// An end taken away.
    RemoveSuffix(String),
    /// Another beginning.
    ReplacePrefix {
        /// The beginning that it has.
        old: String,
        /// The one that it gets.
        new: String,
    },
    /// Another end.
    ReplaceSuffix {
        /// The end that it has.
        old: String,
        /// The one that it gets.
        new: String,
    },
    /// Small letters.
    Lowercase,
    /// Capital letters.
    Uppercase,
    /// Something that this version doesn't know: what.
    Unrecognised(String),
}

impl Transformation {
    /// Reads a rule; `None` for one that isn't about schemas or tables.
    pub(super) fn parse(rule: &Value) -> Option<Self> {
        let word = |name: &str| rule.get(name).and_then(Value::as_str);
        let target = match word("rule-target")?.to_ascii_lowercase().as_str() {
            "schema" => Target::Schema,
            "table" => Target::Table,
            _ => return None,
        };
        let locator = |name: &str| {
            let locator = rule.get("object-locator")?;
            locator.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let action = Action::parse(
            word("rule-action").unwrap_or_default(),
            word("value"),
            word("old-value"),
        );
        Some(Self {
            target,
            schema: locator("schema-name").unwrap_or_else(|| "%".into()),
            table: locator("table-name").unwrap_or_else(|| "%".into()),
            action,
        })
    }

    /// Whether it is about this object.
    fn covers(&self, schema: &str, table: Option<&str>) -> bool {
        matches(&self.schema, schema) && table.is_none_or(|table| matches(&self.table, table))
    }

    /// The same, whatever the letters' case.
    fn may_cover(&self, schema: &str, table: Option<&str>) -> bool {
        let small = str::to_lowercase;
        matches(&small(&self.schema), &small(schema))
            && table.is_none_or(|table| matches(&small(&self.table), &small(table)))
    }
}

impl Action {
    fn parse(action: &str, value: Option<&str>, old: Option<&str>) -> Self {
        // A value may be an expression of DMS's own variables, which isn't a name.
        let plain = value.filter(|value| !value.contains('$')).map(str::to_owned);
        let known = match (action.to_ascii_lowercase().as_str(), plain, old) {
            ("rename", Some(value), _) => Some(Self::Rename(value)),
            ("add-prefix", Some(value), _) => Some(Self::AddPrefix(value)),
            ("add-suffix", Some(value), _) => Some(Self::AddSuffix(value)),
            ("remove-prefix", Some(value), _) => Some(Self::RemovePrefix(value)),
            ("remove-suffix", Some(value), _) => Some(Self::RemoveSuffix(value)),
            ("replace-prefix", Some(new), Some(old)) => {
                Some(Self::ReplacePrefix { old: old.into(), new })
            }
            ("replace-suffix", Some(new), Some(old)) => {
                Some(Self::ReplaceSuffix { old: old.into(), new })
            }
            ("convert-lowercase", _, _) => Some(Self::Lowercase),
            ("convert-uppercase", _, _) => Some(Self::Uppercase),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Unrecognised(action.to_owned()))
    }

    /// The name that comes out; the error is what can't be read.
    fn apply(&self, name: &str) -> Result<String, String> {
        let kept = |changed: Option<String>| changed.unwrap_or_else(|| name.to_owned());
        Ok(match self {
            Self::Rename(value) => value.clone(),
            Self::AddPrefix(value) => format!("{value}{name}"),
            Self::AddSuffix(value) => format!("{name}{value}"),
            Self::RemovePrefix(value) => kept(name.strip_prefix(value.as_str()).map(str::to_owned)),
            Self::RemoveSuffix(value) => kept(name.strip_suffix(value.as_str()).map(str::to_owned)),
            Self::ReplacePrefix { old, new } => {
                kept(name.strip_prefix(old.as_str()).map(|rest| format!("{new}{rest}")))
            }
            Self::ReplaceSuffix { old, new } => {
                kept(name.strip_suffix(old.as_str()).map(|rest| format!("{rest}{new}")))
            }
            Self::Lowercase => name.to_lowercase(),
            Self::Uppercase => name.to_uppercase(),
            Self::Unrecognised(action) => {
                return Err(format!("a transformation rule's action `{action}` can't be read"));
            }
        })
    }
}

/// The name of a schema on the target; the error says why it can't be told.
pub(crate) fn schema_on_target(rules: &[Transformation], schema: &str) -> Result<String, String> {
    renamed(rules, Target::Schema, schema, None)
}

/// The name of a table on the target; the error says why it can't be told.
pub(crate) fn table_on_target(
    rules: &[Transformation],
    schema: &str,
    table: &str,
) -> Result<String, String> {
    renamed(rules, Target::Table, schema, Some(table))
}

fn renamed(
    rules: &[Transformation],
    target: Target,
    schema: &str,
    table: Option<&str>,
) -> Result<String, String> {
    let name = table.unwrap_or(schema);
    let mut found: Option<String> = None;
    for rule in rules.iter().filter(|rule| rule.target == target) {
        if !rule.covers(schema, table) {
            if rule.may_cover(schema, table) {
                return Err(format!(
                    "whether a transformation rule is about {name} depends on the letters' case"
                ));
            }
            continue;
        }
        let after = rule.action.apply(name)?;
        if found.as_ref().is_some_and(|found| *found != after) {
            return Err(format!(
                "several transformation rules are about {name}, of which DMS allows one"
            ));
        }
        found = Some(after);
    }
    Ok(found.unwrap_or_else(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(target: &str, action: &str, schema: &str, value: &str, old: &str) -> Transformation {
        Transformation::parse(&json!({"rule-type": "transformation", "rule-target": target,
            "rule-action": action, "value": value, "old-value": old,
            "object-locator": {"schema-name": schema, "table-name": "t%"}}))
        .unwrap()
    }

    #[test]
    fn each_action_makes_its_name() {
        for (action, value, old, name, expected) in [
            ("rename", "store", "", "shop", "store"),
            ("add-prefix", "new_", "", "shop", "new_shop"),
            ("add-suffix", "_new", "", "shop", "shop_new"),
            ("remove-prefix", "sh", "", "shop", "op"),
            ("remove-prefix", "x", "", "shop", "shop"),
            ("remove-suffix", "op", "", "shop", "sh"),
            ("replace-prefix", "b", "sh", "shop", "bop"),
            ("replace-prefix", "b", "x", "shop", "shop"),
            ("replace-suffix", "ip", "op", "shop", "ship"),
            ("convert-lowercase", "", "", "SHOP", "shop"),
            ("Convert-Uppercase", "", "", "shop", "SHOP"),
        ] {
            let rules = [rule("schema", action, "%", value, old)];
            assert_eq!(schema_on_target(&rules, name).as_deref(), Ok(expected), "{action} {name}");
        }
    }

    #[test]
    fn only_the_rule_that_is_meant_counts() {
        let rules = [
            rule("schema", "rename", "shop", "store", ""),
            rule("table", "add-prefix", "shop", "x_", ""),
            rule("schema", "rename", "crm[_]1", "crm", ""),
        ];
        assert_eq!(schema_on_target(&rules, "shop").as_deref(), Ok("store"));
        assert_eq!(schema_on_target(&rules, "other").as_deref(), Ok("other"));
        assert_eq!(schema_on_target(&rules, "crm_1").as_deref(), Ok("crm"));
        assert_eq!(schema_on_target(&rules, "crmx1").as_deref(), Ok("crmx1"));
        assert_eq!(table_on_target(&rules, "shop", "t1").as_deref(), Ok("x_t1"));
        assert_eq!(table_on_target(&rules, "shop", "u1").as_deref(), Ok("u1"));
        let column = json!({"rule-target": "column", "rule-action": "remove-column"});
        assert_eq!(Transformation::parse(&column), None);
    }

    #[test]
    fn what_can_not_be_told_is_said() {
        for (rules, words) in [
            (
                vec![
                    rule("schema", "rename", "%", "a", ""),
                    rule("schema", "rename", "shop", "b", ""),
                ],
                "of which DMS allows one",
            ),
            (vec![rule("schema", "rename", "SHOP", "a", "")], "letters' case"),
            (vec![rule("schema", "explode", "%", "a", "")], "`explode` can't be read"),
            (vec![rule("schema", "rename", "%", "${schema-name}_x", "")], "can't be read"),
        ] {
            let error = schema_on_target(&rules, "shop").unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        // Two rules that agree leave no doubt.
        let twice =
            [rule("schema", "rename", "%", "a", ""), rule("schema", "rename", "shop", "a", "")];
        assert_eq!(schema_on_target(&twice, "shop").as_deref(), Ok("a"));
    }
}

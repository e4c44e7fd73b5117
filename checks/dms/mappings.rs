//! Table mappings: the JSON in which a task says what it copies.

use serde_json::Value;

use super::{
    pattern::{is_everything, matches, only_name},
    transformations::Transformation,
};

/// Schemas of the server's own. `test` is a user's (pingcap/docs#23700).
pub(crate) const SYSTEM_SCHEMAS: [&str; 4] =
    ["information_schema", "performance_schema", "mysql", "sys"];
/// One more that TiDB has.
pub(crate) const TIDB_SYSTEM_SCHEMA: &str = "metrics_schema";

/// The selection rules of a task.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mappings {
    /// The rules, in their order.
    pub selections: Vec<Selection>,
    /// The rules that rename schemas and tables.
    pub transformations: Vec<Transformation>,
    /// The highest rule id, for a rule that is added.
    pub highest_id: u64,
}

/// A selection rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Selection {
    /// Whether it takes tables in; else it leaves them out.
    pub include: bool,
    /// The schema, with wildcards.
    pub schema: String,
    /// The table, with wildcards.
    pub table: String,
    /// Whether the names are meant as they are written.
    pub literal: bool,
}

/// How much of a schema a task copies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// Nothing.
    Nothing,
    /// Tables whose names fit a pattern, if it has any.
    Some,
    /// All of it.
    All,
}

impl Mappings {
    /// Reads table mappings; the error says what is wrong with them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let rules =
            value.get("rules").and_then(Value::as_array).ok_or("they have no list `rules`")?;
        let mut mappings =
            Self { selections: Vec::new(), transformations: Vec::new(), highest_id: 0 };
        for rule in rules {
            let word = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or("");
            let id = rule.get("rule-id").and_then(|id| match id {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            });
            mappings.highest_id = mappings.highest_id.max(id.unwrap_or(0));
            if word("rule-type").eq_ignore_ascii_case("transformation") {
                mappings.transformations.extend(Transformation::parse(rule));
            }
            if !word("rule-type").eq_ignore_ascii_case("selection") {
                continue;
            }
            let locator = |name: &str| {
                rule.get("object-locator")
                    .and_then(|locator| locator.get(name))
                    .and_then(Value::as_str)
            };
            let action = word("rule-action").to_ascii_lowercase();
            let literal = action == "explicit";
            let include = match action.as_str() {
                "include" | "explicit" => true,
                "exclude" => false,
                other => {
                    return Err(format!("a selection rule has the action `{other}`"));
                }
            };
            let (Some(schema), Some(table)) = (locator("schema-name"), locator("table-name"))
            else {
                return Err("a selection rule doesn't name schema and table".into());
            };
            mappings.selections.push(Selection {
                include,
                schema: schema.to_owned(),
                table: table.to_owned(),
                literal,
            });
        }
        Ok(mappings)
    }

    /// Whether the rules that exclude surely leave out all that the others take in.
    pub(crate) fn takes_nothing(&self) -> bool {
        let covers = |pattern: &str, other: &str, is_literal: bool| {
            let name = if is_literal { Some(other.to_owned()) } else { only_name(other) };
            pattern == other
                || is_everything(pattern)
                || name.is_some_and(|name| matches(pattern, &name))
        };
        self.selections.iter().filter(|rule| rule.include).all(|rule| {
            self.selections.iter().filter(|other| !other.include).any(|other| {
                covers(&other.schema, &rule.schema, rule.literal)
                    && covers(&other.table, &rule.table, rule.literal)
            })
        })
    }

    /// How much of a schema these rules take, by its name in lower case. A rule that excludes wins over
    /// one that includes.
    pub(crate) fn extent(&self, schema: &str) -> Extent {
        let fits = |rule: &&Selection| {
            let pattern = rule.schema.to_ascii_lowercase();
            if rule.literal { pattern == schema } else { matches(&pattern, schema) }
        };
        let mut taken = Extent::Nothing;
        for rule in self.selections.iter().filter(fits) {
            let whole = !rule.literal && is_everything(&rule.table);
            match (rule.include, whole) {
                (false, true) => return Extent::Nothing,
                (true, true) => taken = Extent::All,
                (true, false) if taken == Extent::Nothing => taken = Extent::Some,
                _ => {}
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mappings(rules: &[(&str, &str, &str)]) -> Mappings {
        let rules: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(place, (action, schema, table))| {
                serde_json::json!({"rule-type": "selection", "rule-id": (place + 1).to_string(),
                    "rule-name": "r", "rule-action": action,
                    "object-locator": {"schema-name": schema, "table-name": table}})
            })
            .collect();
        Mappings::parse(&serde_json::json!({ "rules": rules }).to_string()).unwrap()
    }

    #[test]
    fn an_exclusion_wins_wherever_it_stands() {
        type Case = (&'static [(&'static str, &'static str, &'static str)], Extent);
        let cases: &[Case] = &[
            (&[("include", "shop", "%")], Extent::Nothing),
            (&[("include", "%", "%")], Extent::All),
            (&[("include", "MYSQL", "%")], Extent::All),
            (&[("include", "%", "orders")], Extent::Some),
            (&[("explicit", "mysql", "user")], Extent::Some),
            (&[("explicit", "%", "user")], Extent::Nothing),
            (&[("include", "%", "%"), ("exclude", "mysql", "%")], Extent::Nothing),
            (&[("exclude", "mysql", "%"), ("include", "%", "%")], Extent::Nothing),
            // Leaving out some tables leaves the schema in.
            (&[("include", "%", "%"), ("exclude", "mysql", "u%")], Extent::All),
        ];
        for (rules, expected) in cases {
            assert_eq!(mappings(rules).extent("mysql"), *expected, "{rules:?}");
        }
    }

    #[test]
    fn what_is_no_table_mapping_is_told() {
        for (text, message) in [
            ("{", "EOF"),
            ("{}", "no list `rules`"),
            (
                r#"{"rules": [{"rule-type": "selection", "rule-action": "include"}]}"#,
                "doesn't name schema and table",
            ),
            (r#"{"rules": [{"rule-type": "selection", "rule-action": "inklude"}]}"#, "`inklude`"),
        ] {
            let error = Mappings::parse(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        let other = r#"{"rules": [{"rule-type": "transformation", "rule-id": "7"}]}"#;
        let mappings = Mappings::parse(other).unwrap();
        assert_eq!((mappings.selections.len(), mappings.highest_id), (0, 7));
    }
}

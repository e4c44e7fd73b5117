//! The documents that others build on don't change unnoticed: their schemas are kept.
//!
//! Within a version, fields are only added. A change here is for the changelog.

use serde_json::Value;
use tidb_dms::{catalogue::schema, cli::SchemaDocument};

#[test]
fn schemas_are_what_they_were() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/schema");
    settings.set_prepend_module_to_snapshot(false);
    let _guard = settings.bind_to_scope();
    for (name, document) in [
        ("facts", SchemaDocument::Facts),
        ("report", SchemaDocument::Report),
        ("trace", SchemaDocument::Trace),
        ("grants", SchemaDocument::Grants),
        ("tls", SchemaDocument::Tls),
        // What the offline program is told of is a part of what can be said.
        (if cfg!(feature = "live") { "config" } else { "config-offline" }, SchemaDocument::Config),
        ("plugin", SchemaDocument::Plugin),
    ] {
        let mut shown: Value = serde_json::from_str(&schema(document)).unwrap();
        if name == "plugin" {
            // Its facts are the facts; their parts are kept once.
            let facts: Value = serde_json::from_str(&schema(SchemaDocument::Facts)).unwrap();
            let parts = shown["$defs"].as_object_mut().unwrap();
            parts.retain(|part, schema| facts["$defs"].get(part) != Some(schema));
        }
        // Whether members keep their order depends on features of dependencies.
        shown.sort_all_objects();
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&shown).unwrap());
    }
}

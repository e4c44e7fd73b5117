//! The documents that others build on don't change unnoticed: their schemas are kept.
//!
//! Within a version, fields are only added. A change here is for the changelog.

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
        ("config", SchemaDocument::Config),
        ("plugin", SchemaDocument::Plugin),
    ] {
        insta::assert_snapshot!(name, schema(document));
    }
}

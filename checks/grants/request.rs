//! What an endpoint needs of its account.

use super::privilege::{Privilege, Privileges};
use super::rules::Object;
use super::server::Server;

/// The schema for DMS's own tables, unless the task names another.
pub const DEFAULT_CONTROL_SCHEMA: &str = "awsdms_control";

/// What is asked of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which end of the migration the account serves.
    pub role: Role,
    /// What is migrated, under the names that it has on this server.
    pub selection: Selection,
    /// The schema for DMS's own tables; only a target needs it.
    pub control_schema: String,
    /// How the task runs; not knowing it asks for a full load only.
    pub migration_type: Option<MigrationType>,
}

/// Which end of the migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// DMS writes to it.
    Target,
    /// DMS reads from it.
    Source,
}

/// What is migrated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Nobody said; only a global privilege can then be enough.
    Unnamed,
    /// Whole schemas.
    Schemas(Vec<String>),
    /// Single tables, as schema and table.
    Tables(Vec<(String, String)>),
    /// Whole schemas, and single tables of others.
    Both {
        /// The schemas.
        schemas: Vec<String>,
        /// The tables, as schema and table.
        tables: Vec<(String, String)>,
    },
}

impl Selection {
    /// The whole schemas.
    pub fn schemas(&self) -> &[String] {
        match self {
            Self::Unnamed | Self::Tables(_) => &[],
            Self::Schemas(schemas) | Self::Both { schemas, .. } => schemas,
        }
    }

    /// The single tables.
    pub fn tables(&self) -> &[(String, String)] {
        match self {
            Self::Unnamed | Self::Schemas(_) => &[],
            Self::Tables(tables) | Self::Both { tables, .. } => tables,
        }
    }
}

/// How a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationType {
    /// `full-load`.
    FullLoad,
    /// `cdc`.
    Cdc,
    /// `full-load-and-cdc`.
    FullLoadAndCdc,
}

/// Settings that `SHOW GRANTS` doesn't tell; what isn't known is played through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The value of `SELECT CURRENT_ROLE()`; a NULL is `NULL`.
    pub current_role: Option<String>,
    /// The value of `SELECT @@partial_revokes`.
    pub partial_revokes: Option<bool>,
    /// The value of `SELECT @@lower_case_table_names`.
    pub lower_case_table_names: Option<u8>,
}

/// Privileges that are needed together on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) object: Object,
    pub(super) privileges: Privileges,
    /// Whether the object stands for schemas that nobody named.
    pub(super) unnamed: bool,
}

impl Request {
    /// A request with the default control schema.
    pub fn new(role: Role, selection: Selection) -> Self {
        Self {
            role,
            selection,
            control_schema: DEFAULT_CONTROL_SCHEMA.to_owned(),
            migration_type: None,
        }
    }

    /// The needs, in the order in which they are reported.
    pub(super) fn needs(&self, server: &Server) -> Vec<Need> {
        let mut needs = match self.role {
            Role::Target => self.target(),
            Role::Source => self.source(server),
        };
        let mut seen = Vec::new();
        needs.retain(|need| {
            let fresh = !seen.contains(need);
            seen.push(need.clone());
            fresh
        });
        needs
    }

    fn target(&self) -> Vec<Need> {
        let all = Privileges::from(Privilege::TARGET);
        // A table that doesn't exist yet is made by the schema's right.
        let of_schema = Privileges::from([Privilege::Create, Privilege::CreateTemporaryTables]);
        let of_table: Privileges = all.difference(&of_schema).copied().collect();
        let mut needs = Vec::new();
        if self.selection == Selection::Unnamed {
            needs.push(Need::unnamed(all.clone()));
        }
        let schemas = self.selection.schemas().iter();
        needs.extend(schemas.map(|schema| Need::schema(schema, all.clone())));
        for (schema, table) in self.selection.tables() {
            needs.push(Need::schema(schema, of_schema.clone()));
            needs.push(Need::table(schema, table, of_table.clone()));
        }
        needs.push(Need::schema(&self.control_schema, all));
        needs
    }

    fn source(&self, server: &Server) -> Vec<Need> {
        let select = Privileges::from([Privilege::Select]);
        let mut needs = Vec::new();
        if self.selection == Selection::Unnamed {
            needs.push(Need::unnamed(select.clone()));
        }
        let schemas = self.selection.schemas().iter();
        needs.extend(schemas.map(|schema| Need::schema(schema, select.clone())));
        let tables = self.selection.tables().iter();
        needs.extend(tables.map(|(schema, table)| Need::table(schema, table, select.clone())));
        let follows =
            matches!(self.migration_type, Some(MigrationType::Cdc | MigrationType::FullLoadAndCdc));
        if follows && server.writes_binary_log() {
            needs.push(Need {
                object: Object::Global,
                privileges: Privileges::from(Privilege::REPLICATION),
                unnamed: false,
            });
        }
        needs
    }
}

impl Need {
    fn unnamed(privileges: Privileges) -> Self {
        Self { object: Object::Global, privileges, unnamed: true }
    }

    fn schema(schema: &str, privileges: Privileges) -> Self {
        Self { object: Object::Schema(schema.to_owned()), privileges, unnamed: false }
    }

    fn table(schema: &str, table: &str, privileges: Privileges) -> Self {
        let object = Object::Table(schema.to_owned(), table.to_owned());
        Self { object, privileges, unnamed: false }
    }
}

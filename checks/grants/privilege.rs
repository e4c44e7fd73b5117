//! The privileges that a replication asks for, and what `ALL` means at each level.

use std::collections::BTreeSet;

/// A privilege that decides whether DMS can do its work.
///
/// Servers know many more; the others are read over, since no verdict hangs on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privilege {
    /// `ALTER`.
    Alter,
    /// `CREATE`; at schema level also the right to create that schema.
    Create,
    /// `CREATE TEMPORARY TABLES`, which no server grants on a single table.
    CreateTemporaryTables,
    /// `DROP`, which the default table preparation uses.
    Drop,
    /// `INDEX`.
    Index,
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `SELECT`.
    Select,
    /// `REPLICATION CLIENT`, which MariaDB calls `BINLOG MONITOR` since 10.5.2.
    ReplicationClient,
    /// `REPLICATION SLAVE`.
    ReplicationSlave,
}

/// A set of privileges, in the order in which they are printed.
pub type Privileges = BTreeSet<Privilege>;

/// Where a privilege is granted; what `ALL` covers depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Global,
    Schema,
    Table,
}

impl Privilege {
    /// The nine that a target needs on each of its schemas, in AWS's order.
    pub const TARGET: [Self; 9] = [
        Self::Alter,
        Self::Create,
        Self::CreateTemporaryTables,
        Self::Drop,
        Self::Index,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Select,
    ];

    /// The two that reading a binary log needs.
    pub const REPLICATION: [Self; 2] = [Self::ReplicationClient, Self::ReplicationSlave];

    /// Reads a name as servers print it, in any letter case; other names are `None`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "ALTER" => Self::Alter,
            "CREATE" => Self::Create,
            "CREATE TEMPORARY TABLES" => Self::CreateTemporaryTables,
            "DROP" => Self::Drop,
            "INDEX" => Self::Index,
            "INSERT" => Self::Insert,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "SELECT" => Self::Select,
            "REPLICATION CLIENT" | "BINLOG MONITOR" => Self::ReplicationClient,
            "REPLICATION SLAVE" | "REPLICATION REPLICA" => Self::ReplicationSlave,
            _ => return None,
        })
    }

    /// The name that every server but a newer MariaDB prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alter => "ALTER",
            Self::Create => "CREATE",
            Self::CreateTemporaryTables => "CREATE TEMPORARY TABLES",
            Self::Drop => "DROP",
            Self::Index => "INDEX",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Select => "SELECT",
            Self::ReplicationClient => "REPLICATION CLIENT",
            Self::ReplicationSlave => "REPLICATION SLAVE",
        }
    }
}

impl Level {
    /// What `ALL PRIVILEGES` gives here.
    pub(super) fn all(self) -> Privileges {
        let mut all = Privileges::from(Privilege::TARGET);
        match self {
            Self::Global => all.extend(Privilege::REPLICATION),
            Self::Schema => {}
            Self::Table => {
                all.remove(&Privilege::CreateTemporaryTables);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for privilege in Level::Global.all() {
            assert_eq!(Privilege::parse(privilege.name()), Some(privilege));
        }
        assert_eq!(Privilege::parse("Select"), Some(Privilege::Select));
        assert_eq!(Privilege::parse("BINLOG MONITOR"), Some(Privilege::ReplicationClient));
        assert_eq!(Privilege::parse("SLAVE MONITOR"), None);
        assert_eq!(Privilege::parse("DELETE HISTORY"), None);
    }

    #[test]
    fn all_depends_on_the_level() {
        assert_eq!(Level::Global.all().len(), 11);
        assert_eq!(Level::Schema.all().len(), 9);
        assert!(!Level::Table.all().contains(&Privilege::CreateTemporaryTables));
    }
}

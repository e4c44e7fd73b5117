//! Which server printed the grants: the rules by which it matches them differ.

use super::privilege::Privilege;

/// A server, as far as its version string tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    family: Family,
    /// Zero where the text names fewer numbers.
    version: [u32; 3],
}

/// The families whose rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// TiDB of any kind.
    TiDb,
    /// MySQL and what is built from it: Percona, RDS, `HeatWave`, Azure, Google.
    MySql,
    /// Aurora MySQL, where partial revokes can't be switched off since version 3.
    Aurora,
    /// MariaDB.
    MariaDb,
    /// Anything else: a verdict stands only where every family would agree.
    Unrecognised,
}

/// Products that speak the protocol, print a MySQL-like version and match grants in their own way.
const STRANGERS: [&str; 12] = [
    "oceanbase",
    "vitess",
    "planetscale",
    "starrocks",
    "doris",
    "singlestore",
    "memsql",
    "polardb",
    "tdsql",
    "dolt",
    "clickhouse",
    "proxysql",
];

impl Server {
    /// Reads what `SELECT VERSION()` or the AWS API says; it never fails, at worst the family is
    /// unrecognised.
    pub fn parse(text: &str) -> Self {
        let lower = text.trim().to_ascii_lowercase();
        if let Some((_, own)) = lower.split_once("tidb") {
            let own = own.trim_start_matches(|c: char| !c.is_ascii_digit());
            return Self { family: Family::TiDb, version: numbers(own) };
        }
        if STRANGERS.iter().any(|stranger| lower.contains(stranger)) {
            return Self { family: Family::Unrecognised, version: [0; 3] };
        }
        if lower.contains("mariadb") {
            // Old MariaDB hides its own number behind a `5.5.5-` that old replicas needed.
            let own = lower.strip_prefix("5.5.5-").unwrap_or(&lower);
            let own = own.trim_start_matches(|c: char| !c.is_ascii_digit());
            return Self { family: Family::MariaDb, version: numbers(own) };
        }
        if let Some((engine, own)) = lower.split_once("mysql_aurora.") {
            let own = numbers(own);
            let version = if own[0] == 0 { numbers(engine) } else { own };
            return Self { family: Family::Aurora, version };
        }
        let number = lower.trim_start_matches("mysql").trim_start();
        let version = numbers(number);
        let family = match version[0] {
            5 | 8 | 9 if number.contains('.') => Family::MySql,
            // MySQL has never had these numbers, and AWS names RDS for MariaDB by them alone.
            10..=12 if number.contains('.') => Family::MariaDb,
            _ => Family::Unrecognised,
        };
        Self { family, version }
    }

    /// The family whose rules hold.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Its own version, MariaDB's, Aurora's or TiDB's too; zero where the text names fewer numbers.
    pub fn version(&self) -> [u32; 3] {
        self.version
    }

    /// The name under which this server knows a privilege.
    pub fn name_of(&self, privilege: Privilege) -> &'static str {
        let renamed = self.family == Family::MariaDb && self.version >= [10, 5, 2];
        if renamed && privilege == Privilege::ReplicationClient {
            "BINLOG MONITOR"
        } else {
            privilege.name()
        }
    }

    /// Whether a binary log can be read from it at all; TiDB writes none.
    pub(super) fn writes_binary_log(&self) -> bool {
        self.family != Family::TiDb
    }

    /// What is sure of `partial_revokes` from the version alone; `None` is a setting to ask for.
    pub(super) fn partial_revokes(&self) -> Option<bool> {
        match self.family {
            Family::TiDb | Family::MariaDb => Some(false),
            // `8.0` alone may be any 8.0.
            Family::MySql if self.version[0] < 8 => Some(false),
            Family::MySql if self.version < [8, 0, 16] && self.version[2] > 0 => Some(false),
            Family::Aurora if self.version[0] < 3 => Some(false),
            Family::Aurora if self.version[0] == 3 => Some(true),
            Family::MySql | Family::Aurora | Family::Unrecognised => None,
        }
    }

    /// Whether rows are known to be ordered by how much they cover: MariaDB since May 2019.
    pub(super) fn ranks_by_reach(&self) -> bool {
        self.version >= [10, 3, 15]
    }

    /// Whether a lone `%` is known to come after `%x`: older MySQL ranks them alike.
    pub(super) fn ranks_lone_percent_last(&self) -> bool {
        self.family == Family::MySql && self.version >= [8, 1, 0]
    }

    /// Whether with roles active the first of several matching patterns is known to count alone:
    /// MySQL 8.0 began with all of them together, and changed in one of its later versions.
    pub(super) fn orders_patterns_by_name(&self) -> bool {
        self.family == Family::MySql && self.version >= [8, 1, 0]
    }
}

/// The first three numbers of a version, zero where there are fewer.
fn numbers(text: &str) -> [u32; 3] {
    let mut version = [0; 3];
    let head = text.split(|c: char| c != '.' && !c.is_ascii_digit()).next().unwrap_or_default();
    for (slot, part) in version.iter_mut().zip(head.split('.')) {
        *slot = part.parse().unwrap_or_default();
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        for (text, family, version) in [
            ("8.0.11-TiDB-v8.5.4", Family::TiDb, [8, 5, 4]),
            ("8.0.11-TiDB-v7.5.2-serverless", Family::TiDb, [7, 5, 2]),
            ("5.7.25-TiDB-v7.1.0", Family::TiDb, [7, 1, 0]),
            ("5.6.34-log", Family::MySql, [5, 6, 34]),
            ("8.0.39", Family::MySql, [8, 0, 39]),
            ("8.0.35-u1-cloud", Family::MySql, [8, 0, 35]),
            ("9.7.4-2", Family::MySql, [9, 7, 4]),
            ("8.0.mysql_aurora.3.05.2", Family::Aurora, [3, 5, 2]),
            ("5.7.mysql_aurora.2.11.2", Family::Aurora, [2, 11, 2]),
            ("10.11.19-MariaDB-0+deb12u1", Family::MariaDb, [10, 11, 19]),
            ("5.5.5-10.4.8-MariaDB-log", Family::MariaDb, [10, 4, 8]),
            ("10.6.14", Family::MariaDb, [10, 6, 14]),
            ("5.7.25-OceanBase-v4.2.1", Family::Unrecognised, [0, 0, 0]),
            ("", Family::Unrecognised, [0, 0, 0]),
            ("PostgreSQL 16.2", Family::Unrecognised, [0, 0, 0]),
        ] {
            assert_eq!(Server::parse(text), Server { family, version }, "{text}");
        }
    }

    #[test]
    fn what_the_version_says_of_partial_revokes() {
        let of = |text| Server::parse(text).partial_revokes();
        assert_eq!(of("5.7.44"), Some(false));
        assert_eq!(of("8.0.15"), Some(false));
        assert_eq!(of("8.0"), None);
        assert_eq!(of("8.0.39"), None);
        assert_eq!(of("8.0.mysql_aurora.3.05.2"), Some(true));
        assert_eq!(of("5.7.mysql_aurora.2.11.2"), Some(false));
        assert_eq!(of("10.11.19-MariaDB"), Some(false));
        assert_eq!(of("unheard-of"), None);
    }

    #[test]
    fn binlog_monitor_has_a_birthday() {
        let name = |text| Server::parse(text).name_of(Privilege::ReplicationClient);
        assert_eq!(name("10.5.1-MariaDB"), "REPLICATION CLIENT");
        assert_eq!(name("10.5.2-MariaDB"), "BINLOG MONITOR");
        assert_eq!(name("8.0.39"), "REPLICATION CLIENT");
    }
}

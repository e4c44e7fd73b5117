//! What a server says of its own settings, which kind of server it is, and how its settings are
//! changed there.
//!
//! A variable that a server of this family and version always has, and that isn't among those that
//! were delivered, wasn't seen; one that it doesn't have says nothing.

use std::{collections::BTreeMap, net::IpAddr};

use crate::{
    case::{Case, Server, is_rds},
    change::ServerChange,
    facts::{
        Fact, Gap, Probe, Tier, Unlock,
        cluster::HostName,
        probe::{DnsOutcome, GreetingOutcome, LoginOutcome, Vantage},
    },
    grants::{self, Family},
    judgement::{Draft, Judgement},
};

/// How a server's settings are changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Keeper {
    /// In parameter groups of RDS; of Aurora in those of the cluster.
    Rds,
    /// By SQL, as far as TiDB Cloud lets one.
    TidbCloud,
    /// By SQL, and in the server's own files.
    Owner,
}

/// The variables of a server, and what is known of their meaning there.
pub(super) struct Settings<'s, 'a> {
    server: &'s Server<'a>,
    variables: &'a BTreeMap<String, String>,
    /// The family.
    pub(super) family: Family,
    /// The family's own version; zero where it isn't known.
    pub(super) version: [u32; 3],
    /// Who changes its settings.
    pub(super) keeper: Keeper,
}

/// Looks at a server's variables; on record otherwise.
pub(super) fn settings<'s, 'a>(
    j: &mut Judgement,
    server: &'s Server<'a>,
) -> Option<Settings<'s, 'a>> {
    let seen = j.look(server.setting("the variables", |session| session.variables.as_ref()))?;
    if let Some(gap) = of_another(server, seen.probe) {
        j.gap(gap);
        return None;
    }
    let variables = seen.value;
    let (family, version) = family(server, Some(variables));
    let host = server.host.known().map_or("", String::as_str);
    let keeper = if is_rds(host) || family == Family::Aurora {
        Keeper::Rds
    } else if HostName::read(host).is_some() {
        Keeper::TidbCloud
    } else {
        Keeper::Owner
    };
    Some(Settings { server, variables, family, version, keeper })
}

/// Whether a server is TiDB, as far as its place and its version tell; without variables too.
pub(super) fn is_tidb(server: &Server<'_>) -> bool {
    server.is_tidb.known() == Some(&true) || family(server, None).0 == Family::TiDb
}

/// Whether changes are followed; `None` where the type isn't known, which then is on record.
pub(super) fn follows_changes(j: &mut Judgement, case: &Case<'_>) -> Option<bool> {
    migration_type(j, case).map(|kind| kind.follows)
}

/// Whether existing rows are loaded; `None` where the type isn't known, which then is on record.
pub(super) fn loads(j: &mut Judgement, case: &Case<'_>) -> Option<bool> {
    migration_type(j, case).map(|kind| kind.loads)
}

struct MigrationType {
    loads: bool,
    follows: bool,
}

fn migration_type(j: &mut Judgement, case: &Case<'_>) -> Option<MigrationType> {
    let reason = match case.migration_type().map(str::to_ascii_lowercase).as_deref() {
        Some("full-load") => return Some(MigrationType { loads: true, follows: false }),
        Some("cdc") => return Some(MigrationType { loads: false, follows: true }),
        Some("full-load-and-cdc") => return Some(MigrationType { loads: true, follows: true }),
        Some(other) => format!("`{other}` is none that this version knows"),
        None => "it was not delivered".to_owned(),
    };
    j.gap(Gap::new("the migration type", reason, Unlock::Flag("--migration-type".into())));
    None
}

impl<'a> Settings<'_, 'a> {
    /// A variable that every server of the family has; noted, or a gap.
    pub(super) fn text(&self, j: &mut Judgement, name: &str) -> Option<&'a str> {
        let value = self.optional(j, name);
        if value.is_none() {
            self.missing(j, name);
        }
        value
    }

    /// A variable that some servers don't have; noted where it is there.
    pub(super) fn optional(&self, j: &mut Judgement, name: &str) -> Option<&'a str> {
        let value = self.peek(name)?;
        j.note(self.server.resource(), name, value);
        Some(value)
    }

    /// A variable that is not worth a note.
    pub(super) fn peek(&self, name: &str) -> Option<&'a str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether a switch that every server of the family has is on; a gap where that can't be read.
    pub(super) fn is_on(&self, j: &mut Judgement, name: &str) -> Option<bool> {
        let value = self.text(j, name)?;
        let on = switch(value);
        if on.is_none() {
            self.unreadable(j, name, value);
        }
        on
    }

    /// A number that every server of the family has; a gap where it can't be read.
    pub(super) fn number(&self, j: &mut Judgement, name: &str) -> Option<u64> {
        let value = self.text(j, name)?;
        let number = number(value);
        if number.is_none() {
            self.unreadable(j, name, value);
        }
        number
    }

    /// Whether the server is of a family and of a version from which on it has something.
    pub(super) fn has_since(&self, since: &[(Family, [u32; 3])]) -> bool {
        since.iter().any(|(family, version)| self.family == *family && self.version >= *version)
    }

    fn missing(&self, j: &mut Judgement, name: &str) {
        j.gap(Gap::new(
            format!("{name} of {}", self.server.name),
            "it isn't among the variables that were delivered",
            Unlock::Login(self.server.role),
        ));
    }

    fn unreadable(&self, j: &mut Judgement, name: &str, value: &str) {
        j.gap(Gap::new(
            format!("{name} of {}", self.server.name),
            format!("`{value}` is nothing that this version can read"),
            Unlock::Nothing,
        ));
    }

    /// Says how a variable gets another value: as a change where SQL can, else in words. `also` is
    /// what is to be done with it.
    pub(super) fn set(&self, draft: &mut Draft, variable: &str, value: &str, also: &str) {
        let place = match (self.keeper, self.family) {
            (Keeper::Rds, Family::Aurora) if variable.starts_with("binlog") => {
                "the DB cluster parameter group"
            }
            (Keeper::Rds, Family::Aurora) => "the DB parameter group or the DB cluster's",
            (Keeper::Rds, _) => "the DB parameter group",
            (Keeper::TidbCloud | Keeper::Owner, _) => "",
        };
        let shown = if value.is_empty() { "nothing" } else { value };
        let words = if place.is_empty() {
            format!("Set {variable} to {shown}{also}")
        } else {
            format!("In {place} of {}, set {variable} to {shown}{also}", self.server.name)
        };
        // A statement says the same by itself.
        if self.keeper == Keeper::Rds || !also.is_empty() {
            draft.advise(words);
        }
        let (Some(host), Some(port)) = (self.server.host.known(), self.server.port.known()) else {
            return;
        };
        if self.keeper != Keeper::Rds {
            draft.change(ServerChange::SetGlobal {
                host: host.clone(),
                port: *port,
                variable: variable.to_owned(),
                value: value.to_owned(),
            });
        }
    }
}

/// Whether TiDB Cloud keeps this tier's variables to itself, as far as it is known.
pub(super) fn is_shared_tier(case: &Case<'_>) -> bool {
    matches!(case.cluster.tier.known(), Some(Tier::Starter | Tier::Essential))
}

/// A gap where what was seen may be another server's: a private name that was resolved elsewhere, and
/// no certificate that proves whose it is.
fn of_another(server: &Server<'_>, probe: &Probe) -> Option<Gap> {
    let login = probe.login.as_ref()?.seen.known()?;
    let unverified = matches!(login, LoginOutcome::Accepted { danger_unverified: true });
    let Some(DnsOutcome::Answer(answer)) = probe.dns.as_ref().and_then(|look| look.seen.known())
    else {
        return None;
    };
    let is_private = answer.addresses.iter().any(|address| match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(_) => false,
    });
    (unverified && is_private && probe.vantage == Vantage::Elsewhere).then(|| {
        Gap::new(
            format!("the settings of {}", server.name),
            "a private name led to a server whose certificate wasn't verified: it may be another",
            Unlock::Vantage("a subnet of the replication".into()),
        )
    })
}

fn family(server: &Server<'_>, variables: Option<&BTreeMap<String, String>>) -> (Family, [u32; 3]) {
    let of_variables = variables.and_then(|variables| variables.get("version")).cloned();
    let version = of_variables.or_else(|| version(server));
    let known = grants::Server::parse(version.as_deref().unwrap_or_default());
    let host = server.host.known().map_or("", String::as_str);
    if server.is_tidb.known() == Some(&true)
        || HostName::read(host).is_some()
        || known.family() == Family::TiDb
    {
        // A version that hides that it is TiDB isn't TiDB's own.
        let own = if known.family() == Family::TiDb { known.version() } else { [0; 3] };
        return (Family::TiDb, own);
    }
    let aurora = variables.and_then(|variables| variables.get("aurora_version"));
    let engine = server.endpoint.and_then(|endpoint| endpoint.engine_name.as_deref());
    let is_aurora = aurora.is_some()
        || known.family() == Family::Aurora
        || engine.is_some_and(|engine| engine.to_ascii_lowercase().starts_with("aurora"))
        || is_rds(host) && host.contains(".cluster-");
    if is_aurora {
        return (Family::Aurora, known.version());
    }
    (known.family(), known.version())
}

/// The version that the server gives itself, by any look.
fn version(server: &Server<'_>) -> Option<String> {
    let of_session = server.setting("VERSION()", |session| session.version.as_ref());
    if let Fact::Known(seen) = of_session {
        return Some(seen.value.clone());
    }
    match server.look("the greeting", |probe| probe.greeting.as_ref()) {
        Fact::Known(seen) => match seen.value {
            GreetingOutcome::Greeting(greeting) => Some(greeting.server_version.clone()),
            _ => None,
        },
        Fact::Unknown(_) => None,
    }
}

/// What a switch says.
pub(super) fn switch(value: &str) -> Option<bool> {
    match value.trim().to_ascii_uppercase().as_str() {
        "ON" | "1" | "TRUE" | "YES" => Some(true),
        "OFF" | "0" | "FALSE" | "NO" => Some(false),
        _ => None,
    }
}

/// What a number says; MariaDB writes some of them with decimals, which are cut.
pub(super) fn number(value: &str) -> Option<u64> {
    let value = value.trim();
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let plain = decimals.bytes().all(|digit| digit.is_ascii_digit());
    whole.parse().ok().filter(|_| plain)
}

/// Sizes as people read them.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match unit {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

/// What the last statement that assigns a session variable gives it, as it is written: without quotes
/// where it is one string. An assignment of the global variable is another's.
pub(super) fn assigned(sql: &str, name: &str) -> Option<String> {
    let mut found = None;
    for statement in split(sql, ';') {
        let Some(rest) = without_word(statement.trim(), "set") else { continue };
        for assignment in split(rest, ',') {
            let Some((left, right)) = assignment.split_once('=') else { continue };
            let left = left.trim().trim_end_matches(':').trim().to_ascii_lowercase();
            if session_variable(&left.replace('`', "")) != Some(name) {
                continue;
            }
            let value = right.trim();
            let quote = value.chars().next().filter(|letter| matches!(letter, '\'' | '"'));
            let inner = quote.and_then(|quote| {
                let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
                (!inner.contains(quote)).then_some(inner)
            });
            found = Some(inner.unwrap_or(value).to_owned());
        }
    }
    found
}

/// The name on the left of an assignment, where it is the session's.
fn session_variable(left: &str) -> Option<&str> {
    for global in ["global", "persist", "persist_only"] {
        if without_word(left, global).is_some() {
            return None;
        }
    }
    let name = ["session", "local"].into_iter().find_map(|word| without_word(left, word));
    let name = name.unwrap_or(left);
    let Some(name) = name.strip_prefix("@@") else { return Some(name) };
    match name.split_once('.') {
        Some(("session" | "local", name)) => Some(name),
        Some(_) => None,
        None => Some(name),
    }
}

/// Splits where a letter stands outside of quotes and parentheses.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut quote, mut depth, mut from) = (None, 0_u32, 0);
    for (place, letter) in text.char_indices() {
        match quote {
            Some(open) if open == letter => quote = None,
            Some(_) => {}
            None => match letter {
                '\'' | '"' | '`' => quote = Some(letter),
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ if letter == at && depth == 0 => {
                    parts.push(&text[from..place]);
                    from = place + letter.len_utf8();
                }
                _ => {}
            },
        }
    }
    parts.push(&text[from..]);
    parts
}

/// What follows a word, in any letter case.
fn without_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then(|| rest.trim_start())
}

#[cfg(test)]
pub(super) mod patient {
    //! Servers for the tests of these checks.

    use serde_json::{Map, Value, json};

    /// Variables that a test wants otherwise; no value takes one away.
    pub(crate) type Otherwise<'a> = &'a [(&'a str, Option<&'a str>)];

    const SOURCE: &[(&str, &str)] = &[
        ("binlog_checksum", "CRC32"),
        ("binlog_expire_logs_seconds", "2592000"),
        ("binlog_format", "ROW"),
        ("binlog_row_image", "FULL"),
        ("binlog_row_value_options", ""),
        ("binlog_transaction_compression", "OFF"),
        ("collation_server", "utf8mb4_0900_ai_ci"),
        ("innodb_read_only", "OFF"),
        ("local_infile", "OFF"),
        ("log_bin", "ON"),
        ("log_replica_updates", "ON"),
        ("lower_case_table_names", "0"),
        ("max_allowed_packet", "67108864"),
        ("net_read_timeout", "300"),
        ("net_write_timeout", "300"),
        ("read_only", "OFF"),
        ("server_id", "1830551"),
        (
            "sql_mode",
            "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
        ),
        ("super_read_only", "OFF"),
        ("version", "8.0.39"),
        ("wait_timeout", "28800"),
    ];
    const TARGET: &[(&str, &str)] = &[
        ("collation_server", "utf8mb4_bin"),
        ("innodb_read_only", "0"),
        ("lower_case_table_names", "2"),
        ("max_allowed_packet", "67108864"),
        ("net_read_timeout", "30"),
        ("net_write_timeout", "60"),
        ("read_only", "OFF"),
        (
            "sql_mode",
            "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION",
        ),
        ("super_read_only", "OFF"),
        ("tidb_restricted_read_only", "OFF"),
        ("tidb_super_read_only", "OFF"),
        ("tidb_txn_entry_size_limit", "0"),
        ("version", "8.0.11-TiDB-v8.5.4"),
        ("wait_timeout", "28800"),
    ];
    /// The source of the healthy migration.
    pub(crate) const RDS: &str = "orders.x.us-east-1.rds.amazonaws.com";
    const TIDB: &str = "tidb.abc.clusters.tidb-cloud.com";

    /// Both servers of the healthy migration, seen by logins, with some variables otherwise.
    pub(crate) fn probes(source: Otherwise<'_>, target: Otherwise<'_>) -> (&'static str, Value) {
        at(RDS, source, target)
    }

    /// The same with the source elsewhere.
    pub(crate) fn at(
        host: &str,
        source: Otherwise<'_>,
        target: Otherwise<'_>,
    ) -> (&'static str, Value) {
        let mut mysql = probe(host, 3306, "source", SOURCE, source);
        mysql["session"]["binlog_retention"] = look(json!("24"));
        ("/probes", json!([mysql, probe(TIDB, 4000, "target", TARGET, target)]))
    }

    /// The other way round: TiDB is loaded into a MySQL server elsewhere than in RDS.
    pub(crate) fn out_of_tidb(target: Otherwise<'_>) -> Vec<(&'static str, Value)> {
        out_of_tidb_to("db.example.com", target)
    }

    /// The same into a MySQL server at this host.
    pub(crate) fn out_of_tidb_to(
        host: &'static str,
        target: Otherwise<'_>,
    ) -> Vec<(&'static str, Value)> {
        vec![
            ("/inventory/Endpoints/0/ServerName", json!(TIDB)),
            ("/inventory/Endpoints/0/Port", json!(4000)),
            ("/inventory/Endpoints/1/ServerName", json!(host)),
            ("/inventory/Endpoints/1/Port", json!(3306)),
            ("/inventory/ReplicationTasks/0/MigrationType", json!("full-load")),
            (
                "/probes",
                json!([
                    probe(TIDB, 4000, "source", TARGET, &[]),
                    probe(host, 3306, "target", SOURCE, target)
                ]),
            ),
        ]
    }

    fn probe(
        host: &str,
        port: u16,
        role: &str,
        variables: &[(&str, &str)],
        otherwise: Otherwise<'_>,
    ) -> Value {
        let mut known: Map<String, Value> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        for (name, value) in otherwise {
            match value {
                Some(value) => known.insert((*name).to_owned(), json!(value)),
                None => known.remove(*name),
            };
        }
        let collations = if role == "target" {
            json!(["utf8mb4_bin", "utf8mb4_0900_ai_ci", "utf8mb4_general_ci"])
        } else {
            json!(["utf8mb4_0900_ai_ci", "utf8mb4_bin"])
        };
        json!({"host": host, "port": port, "vantage": "elsewhere", "user": "dms", "role": role,
            "login": look(json!({"accepted": {}})),
            "session": {
                "grants": look(json!(["GRANT USAGE ON *.* TO 'dms'@'%'"])),
                "variables": look(known.into()),
                "collations": look(collations),
                "schemas": look(json!(["information_schema", "shop"]))}})
    }

    /// A look that saw something.
    pub(crate) fn look(value: Value) -> Value {
        let mut look = json!({"at": "2026-11-24T10:00:00Z", "seen": {}});
        look["seen"]["known"] = value;
        look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_and_numbers_are_read_as_servers_write_them() {
        for (value, expected) in [
            ("ON", Some(true)),
            ("1", Some(true)),
            ("true", Some(true)),
            (" OFF ", Some(false)),
            ("0", Some(false)),
            ("No", Some(false)),
            ("", None),
            ("2", None),
            ("{TrueIfReplica}", None),
        ] {
            assert_eq!(switch(value), expected, "{value}");
        }
        for (value, expected) in [
            ("300", Some(300)),
            ("30.000000", Some(30)),
            ("0.5", Some(0)),
            ("", None),
            ("-1", None),
            ("64M", None),
            ("1.x", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
    }

    #[test]
    fn sizes_are_told_in_whole_units() {
        for (bytes, expected) in [
            (6 << 20, "6 MiB"),
            (1 << 30, "1 GiB"),
            (32 << 10, "32 KiB"),
            (1000, "1000 bytes"),
            ((6 << 20) + 1, "6291457 bytes"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn the_last_assignment_of_the_session_counts() {
        for (sql, expected) in [
            ("SET sql_mode='ANSI_QUOTES'", Some("ANSI_QUOTES")),
            ("set session SQL_MODE = \"\"", Some("")),
            ("SET @@sql_mode := 'A,B', time_zone='+00:00'", Some("A,B")),
            ("SET FOREIGN_KEY_CHECKS=0, sql_mode=''", Some("")),
            ("SET sql_mode='A'; SET @@session.sql_mode='B'", Some("B")),
            ("SET sql_mode=DEFAULT", Some("DEFAULT")),
            (
                "SET sql_mode=CONCAT(@@sql_mode, ',ANSI_QUOTES')",
                Some("CONCAT(@@sql_mode, ',ANSI_QUOTES')"),
            ),
            ("SET sql_mode='A' 'B'", Some("'A' 'B'")),
            // What a search for the words alone would take for the same.
            ("SET GLOBAL sql_mode='ANSI'", None),
            ("SET @@global.sql_mode='ANSI'", None),
            ("SET my_sql_mode='ANSI'", None),
            ("SELECT @@sql_mode", None),
            ("SET NAMES utf8mb4", None),
            ("", None),
        ] {
            assert_eq!(assigned(sql, "sql_mode").as_deref(), expected, "{sql}");
        }
    }
}

//! A MySQL login and what the session shows.
//!
//! The password leaves this machine only over TLS whose certificate the one CA of the case vouches
//! for: the client library verifies the login's own channel, built-in roots off, no plain text, no
//! Unix socket, and files that a server asks for (`LOAD DATA LOCAL`) it doesn't get.

use std::{collections::BTreeMap, net::IpAddr};

use mysql_async::{
    Conn, DriverError, Error, IoError, OptsBuilder, Row, SslOpts, Value, prelude::Queryable,
};
use secrecy::ExposeSecret;
use tidb_dms_checks::{
    case::{is_rds, is_rds_build},
    facts::{
        Gap, Look, Unlock,
        probe::{LoginOutcome, MysqlSession, ServerError},
    },
};
use tokio::time::{Instant, timeout_at};

use super::{Begun, User, shortened, trust::Trust};
use crate::collect::hashes::without_hashes;

/// DMS keeps its own tables here, unless it is told otherwise.
const CONTROL_SCHEMA: &str = "awsdms_control";

/// The variables that checks read. A server has only some of them.
const VARIABLES: &[&str] = &[
    "activate_all_roles_on_login",
    "aurora_version",
    "authentication_policy",
    "autocommit",
    "binlog_checksum",
    "binlog_expire_logs_seconds",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "binlog_row_value_options",
    "binlog_transaction_compression",
    "character_set_server",
    "collation_server",
    "connect_timeout",
    "default_authentication_plugin",
    "default_collation_for_utf8mb4",
    "expire_logs_days",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "gtid_mode",
    "gtid_strict_mode",
    "have_ssl",
    "innodb_lock_wait_timeout",
    "innodb_read_only",
    "interactive_timeout",
    "local_infile",
    "log_bin",
    "log_bin_compress",
    "log_replica_updates",
    "log_slave_updates",
    "lower_case_table_names",
    "max_allowed_packet",
    "max_connections",
    "max_user_connections",
    "net_read_timeout",
    "net_write_timeout",
    "partial_revokes",
    "read_only",
    "require_secure_transport",
    "server_id",
    "skip_name_resolve",
    "sql_mode",
    "sql_require_primary_key",
    "super_read_only",
    "system_time_zone",
    "tidb_enable_enhanced_security",
    "tidb_enable_foreign_key",
    "tidb_restricted_read_only",
    "tidb_skip_isolation_level_check",
    "tidb_super_read_only",
    "tidb_txn_entry_size_limit",
    "time_zone",
    "tls_version",
    "transaction_isolation",
    "tx_isolation",
    "version",
    "version_comment",
    "wait_timeout",
];

/// How long RDS and Aurora keep binary logs, which no variable tells.
const BINLOG_RETENTION: &str = "SELECT IFNULL(value, 'NULL') FROM mysql.rds_configuration \
                                WHERE name = 'binlog retention hours'";

/// Where the server is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) host: &'a str,
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

/// How the channel of a login is secured. It is TLS in any case.
#[derive(Clone, Copy, Debug)]
pub(super) enum Channel<'a> {
    /// Verified: the chain leads to this CA, and the name is the host's.
    Verified(&'a Trust),
    /// Whoever answers gets the password.
    DangerUnverified,
}

/// Logs in and asks around. What was seen stays, also where nobody waits for the rest.
pub(super) async fn look(
    place: &Place<'_>,
    account: &User<'_>,
    channel: Channel<'_>,
    end: Instant,
    login: &mut Option<Look<LoginOutcome>>,
    seen: &mut MysqlSession,
) {
    let begun = Begun::now();
    let connection = timeout_at(end, Conn::new(options(place, account, channel))).await;
    let (outcome, connection) = match connection {
        Err(_) => (LoginOutcome::TimedOut, None),
        Ok(Err(Error::Server(error))) => {
            let error = server_error(&error);
            (LoginOutcome::Refused(hushed(error, account)), None)
        }
        Ok(Err(error)) => (LoginOutcome::Broken(broken(&error)), None),
        Ok(Ok(connection)) => (
            LoginOutcome::Accepted {
                danger_unverified: matches!(channel, Channel::DangerUnverified),
            },
            Some(connection),
        ),
    };
    *login = Some(begun.saw(outcome));
    if let Some(connection) = connection {
        let mut session = Session { connection: Some(connection), account, end };
        session.ask_around(is_rds(place.host), seen).await;
        session.close().await;
    }
}

fn options(place: &Place<'_>, account: &User<'_>, channel: Channel<'_>) -> OptsBuilder {
    let tls = match channel {
        Channel::Verified(trust) => {
            SslOpts::default().with_disable_built_in_roots(true).with_root_certs(
                trust.certificates.iter().map(|certificate| certificate.to_vec().into()).collect(),
            )
        }
        // The library wants some roots also where it asks none of them.
        Channel::DangerUnverified => SslOpts::default().with_danger_accept_invalid_certs(true),
    };
    OptsBuilder::default()
        .ip_or_hostname(place.host)
        .resolved_ips(Some([place.address]))
        .tcp_port(place.port)
        .user(Some(account.name))
        .pass(Some(account.password.expose_secret()))
        .ssl_opts(tls)
        .prefer_socket(false)
        .enable_cleartext_plugin(false)
        .secure_auth(true)
        // What is given needn't be asked for.
        .max_allowed_packet(Some(16 * 1024 * 1024))
        .wait_timeout(Some(28_800))
}

/// A session, as long as it answers.
struct Session<'a> {
    connection: Option<Conn>,
    account: &'a User<'a>,
    end: Instant,
}

impl Session<'_> {
    async fn ask_around(&mut self, of_rds: bool, seen: &mut MysqlSession) {
        let names: Vec<String> = VARIABLES.iter().map(|name| format!("'{name}'")).collect();
        let variables = format!("SHOW VARIABLES WHERE Variable_name IN ({})", names.join(", "));
        seen.version = Some(self.one("SELECT VERSION()").await);
        seen.current_user = Some(self.one("SELECT CURRENT_USER()").await);
        seen.current_role = Some(self.one("SELECT CURRENT_ROLE()").await);
        seen.grants = Some(self.column("SHOW GRANTS", |line| Some(without_hashes(&line))).await);
        seen.variables = Some(self.pairs(&variables).await);
        seen.collations = Some(self.column("SHOW COLLATION", Some).await);
        seen.schemas = Some(self.column("SHOW DATABASES", Some).await);
        let variables = seen.variables.as_ref().and_then(|look| look.seen.known());
        let comment = variables.and_then(|known| known.get("version_comment"));
        if of_rds || comment.is_some_and(|comment| is_rds_build(comment)) {
            seen.binlog_retention = Some(self.one(BINLOG_RETENTION).await);
        }
        // Last, because it changes the session.
        seen.control_schema = Some(self.control_schema().await);
    }

    /// The first two columns of an answer, by the first in lower case.
    async fn pairs(&mut self, question: &str) -> Look<BTreeMap<String, String>> {
        self.ask(question, |rows| {
            let pair = |row: &Row| Some((text(row, 0)?.to_ascii_lowercase(), text(row, 1)?));
            Some(rows.iter().filter_map(pair).collect())
        })
        .await
    }

    /// The one value of a one-line answer; no value is `NONE`, as other servers say it.
    async fn one(&mut self, question: &str) -> Look<String> {
        self.ask(question, |rows| {
            let row = rows.first()?;
            Some(text(row, 0).unwrap_or_else(|| "NONE".into()))
        })
        .await
    }

    /// The first column of an answer.
    async fn column(
        &mut self,
        question: &str,
        each: impl Fn(String) -> Option<String>,
    ) -> Look<Vec<String>> {
        self.ask(question, |rows| Some(rows.iter().filter_map(|row| each(text(row, 0)?)).collect()))
            .await
    }

    async fn ask<T>(&mut self, question: &str, read: impl FnOnce(&[Row]) -> Option<T>) -> Look<T> {
        let begun = Begun::now();
        // A list of names needn't stand in a sentence.
        let about = question.split(" WHERE").next().unwrap_or(question);
        match self.rows(question).await {
            Ok(rows) => match read(&rows) {
                Some(value) => begun.saw(value),
                None => begun.missed(gap(about, "the answer was empty".into())),
            },
            Err(failure) => begun.missed(gap(about, failure.reason())),
        }
    }

    /// `USE` tells more than `SHOW DATABASES`, which hides what the user may not see.
    async fn control_schema(&mut self) -> Look<bool> {
        let begun = Begun::now();
        match self.rows(&format!("USE `{CONTROL_SCHEMA}`")).await {
            Ok(_) => begun.saw(true),
            Err(Failure::Server(error)) if error.code == 1049 => begun.saw(false),
            Err(failure) => {
                begun.missed(gap(&format!("whether {CONTROL_SCHEMA} exists"), failure.reason()))
            }
        }
    }

    async fn rows(&mut self, question: &str) -> Result<Vec<Row>, Failure> {
        let Some(connection) = &mut self.connection else {
            return Err(Failure::Gone("the session had ended".into()));
        };
        let failure = match timeout_at(self.end, connection.query(question)).await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(Error::Server(error))) => {
                let error = server_error(&error);
                return Err(Failure::Server(hushed(error, self.account)));
            }
            Ok(Err(error)) => Failure::Gone(broken(&error)),
            Err(_) => Failure::Gone("no answer in time".into()),
        };
        // Question and answer may be out of step now: nothing more is believed of this session.
        self.connection = None;
        Err(failure)
    }

    async fn close(self) {
        if let Some(connection) = self.connection {
            // The server may be too slow to take leave of.
            let _ = timeout_at(self.end, connection.disconnect()).await;
        }
    }
}

/// Why a question has no answer.
enum Failure {
    /// The server said no to this one.
    Server(ServerError),
    /// The session is over.
    Gone(String),
}

impl Failure {
    fn reason(&self) -> String {
        match self {
            Self::Server(error) => format!("error {}: {}", error.code, error.message),
            Self::Gone(reason) => reason.clone(),
        }
    }
}

fn gap(about: &str, reason: String) -> Gap {
    Gap::new(about, reason, Unlock::Nothing)
}

fn text(row: &Row, column: usize) -> Option<String> {
    match row.as_ref(column)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        other => Some(other.as_sql(true)),
    }
}

fn server_error(error: &mysql_async::ServerError) -> ServerError {
    ServerError {
        code: error.code,
        state: (!error.state.is_empty()).then(|| error.state.clone()),
        message: shortened(&error.message),
    }
}

/// A server that quotes the password back doesn't get it into our documents. One of a few letters
/// may be part of any message.
fn hushed(mut error: ServerError, account: &User<'_>) -> ServerError {
    let password = account.password.expose_secret();
    if password.chars().count() >= 4 && password != account.name {
        error.message = error.message.replace(password, "…");
    }
    error
}

/// What broke, without what the bytes were.
fn broken(error: &Error) -> String {
    match error {
        Error::Io(IoError::Tls(error)) => format!("TLS: {error}"),
        Error::Io(IoError::Io(error)) => error.to_string(),
        Error::Driver(DriverError::UnexpectedPacket { .. }) => "an unexpected packet came".into(),
        Error::Driver(error) => shortened(&error.to_string()),
        _ => "the client gave up".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_quotes_the_password_is_hushed() {
        let account = User { name: "dms", password: "hunter2!".into() };
        let error =
            ServerError { code: 1045, state: None, message: "wrong password hunter2!".into() };
        assert_eq!(hushed(error, &account).message, "wrong password …");
    }

    #[test]
    fn variables_are_asked_for_once_and_in_order() {
        assert!(VARIABLES.is_sorted());
        let mut once = VARIABLES.to_vec();
        once.dedup();
        assert_eq!(once.len(), VARIABLES.len());
    }
}

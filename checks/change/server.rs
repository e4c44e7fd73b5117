//! Repairs of a database server's own settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{
    Fact, Facts, Look,
    probe::{MysqlSession, Probe},
};

/// One repair of a server's settings, which an administrator of that server runs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerChange {
    /// Let RDS or Aurora keep binary logs.
    KeepBinaryLogs {
        /// The server's host.
        host: String,
        /// Its port.
        port: u16,
        /// For how long.
        hours: u32,
    },
    /// Set a global variable.
    SetGlobal {
        /// The server's host.
        host: String,
        /// Its port.
        port: u16,
        /// The variable.
        variable: String,
        /// The value, as the server shows it.
        value: String,
    },
}

impl ServerChange {
    /// The statements.
    pub(super) fn commands(&self) -> Vec<String> {
        match self {
            Self::KeepBinaryLogs { hours, .. } => {
                vec![format!(
                    "CALL mysql.rds_set_configuration('binlog retention hours', {hours});"
                )]
            }
            // A name that isn't one can't become a statement.
            Self::SetGlobal { variable, .. } if !is_name(variable) => Vec::new(),
            Self::SetGlobal { variable, value, .. } => {
                vec![format!("SET GLOBAL {variable} = {};", literal(value))]
            }
        }
    }

    /// The facts as they would be: what sessions of that server show.
    pub(super) fn apply(&self, facts: &mut Facts) {
        match self {
            Self::KeepBinaryLogs { host, port, hours } => {
                for session in sessions(facts, host, *port) {
                    if let Some(Look { seen: Fact::Known(text), .. }) =
                        &mut session.binlog_retention
                    {
                        *text = hours.to_string();
                    }
                }
            }
            Self::SetGlobal { host, port, variable, value } => {
                for session in sessions(facts, host, *port) {
                    if let Some(Look { seen: Fact::Known(variables), .. }) = &mut session.variables
                    {
                        variables.insert(variable.clone(), value.clone());
                    }
                }
            }
        }
    }
}

fn sessions<'a>(
    facts: &'a mut Facts,
    host: &'a str,
    port: u16,
) -> impl Iterator<Item = &'a mut MysqlSession> {
    let is_there = move |probe: &&mut Probe| probe.host == host && probe.port == port;
    facts.probes.iter_mut().filter(is_there).map(|probe| &mut probe.session)
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
}

/// A value in every family's grammar: numbers, ON and OFF bare, any other word as a string.
fn literal(value: &str) -> String {
    let is_number = !value.is_empty() && value.bytes().all(|letter| letter.is_ascii_digit());
    if is_number || value == "ON" || value == "OFF" {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(variable: &str, value: &str) -> Vec<String> {
        let (variable, value) = (variable.to_owned(), value.to_owned());
        ServerChange::SetGlobal { host: "h".into(), port: 1, variable, value }.commands()
    }

    #[test]
    fn values_stand_as_every_family_reads_them() {
        for (variable, value, statement) in [
            ("net_read_timeout", "300", "SET GLOBAL net_read_timeout = 300;"),
            ("local_infile", "ON", "SET GLOBAL local_infile = ON;"),
            ("binlog_format", "ROW", "SET GLOBAL binlog_format = 'ROW';"),
            ("binlog_row_value_options", "", "SET GLOBAL binlog_row_value_options = '';"),
            ("sql_mode", r"a'b\", r"SET GLOBAL sql_mode = 'a''b\\';"),
        ] {
            assert_eq!(set(variable, value), [statement]);
        }
        assert!(set("x = 1; DROP TABLE t; SET GLOBAL y", "1").is_empty());
    }

    #[test]
    fn rds_keeps_binary_logs_by_its_own_procedure() {
        let change = ServerChange::KeepBinaryLogs { host: "h".into(), port: 1, hours: 24 };
        assert_eq!(
            change.commands(),
            ["CALL mysql.rds_set_configuration('binlog retention hours', 24);"]
        );
    }
}

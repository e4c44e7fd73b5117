//! What can be typed.
//!
//! The arguments of `doctor` are also the keys of `tidb-dms.toml`: one struct reads both, so that no
//! flag can lack its key.

#[cfg(feature = "live")]
use std::num::NonZeroU32;
use std::{net::Ipv4Addr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

mod engines;
mod entries;
mod error;
mod meaning;
mod names;
#[cfg(feature = "live")]
mod probe;
mod small;
mod values;

pub use engines::{Destination, GrantsArguments, NameError, TlsArguments, TraceArguments};
pub use entries::{Levels, PluginEntry, WaiverEntry};
pub use error::ArgumentError;
pub use names::{MigrationType, OnOff, PathName, RoleName, SeverityName, SslMode, TierName};
#[cfg(feature = "live")]
pub use probe::{Place, ProbeArguments};
pub use small::{ChecksArguments, IamPolicyArguments, InitArguments, LevelArgument};
#[cfg(feature = "live")]
pub(crate) use values::certificate;
pub use values::nearest;
#[cfg(feature = "live")]
use values::seconds;

/// Tells, before a migration starts, whether AWS DMS will really reach and use a TiDB Cloud cluster,
/// and if not, what exactly to change.
///
/// Exit codes: 0 nothing broken and nothing undecided at error level; 1 something is broken; 2 the
/// program could not do its work; 3 something could not be decided; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "tidb-dms", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge a migration, existing or planned.
    ///
    /// Exit codes: 0 nothing broken and nothing undecided at error level; 1 something is broken; 2 the
    /// program could not do its work; 3 something could not be decided; 130 interrupted.
    Doctor(Box<DoctorCommand>),
    /// Look at one endpoint from here (DNS, TCP, TLS, MySQL) and save what was seen.
    #[cfg(feature = "live")]
    Probe(ProbeArguments),
    /// Follow a connection through the VPC, hop by hop.
    Trace(TraceArguments),
    /// Say whether a pasted SHOW GRANTS is enough for an endpoint of AWS DMS.
    ///
    /// Exit codes: 0 enough; 1 lacking; 2 the program could not do its work; 3 it can't be told.
    Grants(GrantsArguments),
    /// Say what verify-full would say of a server's certificate chain.
    ///
    /// Exit codes: 0 trusted; 1 refused; 2 the program could not do its work; 3 it can't be told.
    Tls(TlsArguments),
    /// Print the least IAM policy with which `doctor` sees all that the selected checks need.
    IamPolicy(IamPolicyArguments),
    /// List the checks.
    Checks(ChecksArguments),
    /// Write a `tidb-dms.toml` with everything that can stand in it, explained.
    Init(InitArguments),
    /// Explain a check, or a stop code of `trace`.
    Explain {
        /// A check id such as `network/route`, or a code such as `NO_ROUTE_TO_DESTINATION`.
        id: String,
    },
    /// Print the JSON Schema of a document.
    Schema {
        /// Which document.
        document: SchemaDocument,
    },
}

/// The documents that have a schema.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SchemaDocument {
    /// What `--save-facts` writes and `--facts` reads.
    Facts,
    /// What `doctor --report json` writes.
    Report,
    /// What `trace --json` writes.
    Trace,
    /// What `grants --json` writes.
    Grants,
    /// What `tls --json` writes.
    Tls,
    /// What `--config` reads.
    Config,
    /// What a plug-in is asked, and what it answers.
    Plugin,
}

/// `doctor` with the file that its arguments may also stand in.
#[derive(Args, Debug)]
pub struct DoctorCommand {
    /// Read arguments from this file too; what is typed wins.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The arguments.
    #[command(flatten)]
    pub arguments: DoctorArguments,
}

/// The arguments of `doctor`, and the keys of `tidb-dms.toml`.
#[derive(Args, Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    feature = "live",
    expect(clippy::struct_excessive_bools, reason = "each is a switch that can be typed")
)]
pub struct DoctorArguments {
    /// A facts document that an earlier run saved; may be given several times.
    #[arg(long, value_name = "FILE", help_heading = "What was seen")]
    pub facts: Vec<PathBuf>,
    /// AWS CLI output, a file or a folder with everything below it; may be given several times.
    #[arg(long, value_name = "PATH", help_heading = "What was seen")]
    pub evidence: Vec<PathBuf>,
    /// When the evidence was taken, as `2026-11-24T10:02:00Z`; now, if not given.
    #[arg(long, value_name = "TIME", help_heading = "What was seen")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// Judge a recorded, broken migration that is part of the program.
    #[arg(long, conflicts_with_all = ["facts", "evidence"], help_heading = "What was seen")]
    pub demo: bool,
    /// Save what was seen and asked, to be judged again with --facts.
    #[arg(long, value_name = "FILE", help_heading = "What was seen")]
    pub save_facts: Option<PathBuf>,

    /// The replication task, by id or ARN.
    #[arg(long, value_name = "ID", help_heading = "Which migration")]
    pub task: Option<String>,
    /// The replication instance, by id or ARN.
    #[arg(long, value_name = "ID", help_heading = "Which migration")]
    pub replication_instance: Option<String>,
    /// The serverless replication, by id or ARN of its configuration.
    #[arg(long, value_name = "ID", help_heading = "Which migration")]
    pub replication_config: Option<String>,
    /// The source endpoint, by id or ARN.
    #[arg(long, value_name = "ID", help_heading = "Which migration")]
    pub source_endpoint: Option<String>,
    /// The target endpoint, by id or ARN.
    #[arg(long, value_name = "ID", help_heading = "Which migration")]
    pub target_endpoint: Option<String>,

    /// The subnets that the replication will sit in.
    #[arg(long, value_name = "SUBNET", value_delimiter = ',', num_args = 1..,
          conflicts_with_all = ["task", "replication_instance", "replication_config"],
          help_heading = "A planned migration")]
    pub subnets: Option<Vec<String>>,
    /// The replication subnet group that it will sit in.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["subnets", "task", "replication_instance", "replication_config"],
        help_heading = "A planned migration"
    )]
    pub subnet_group: Option<String>,
    /// Its security groups.
    #[arg(long, value_name = "GROUP", value_delimiter = ',', num_args = 1..,
          help_heading = "A planned migration")]
    pub security_groups: Option<Vec<String>>,
    /// It will have a public address.
    #[arg(
        long,
        num_args = 0,
        default_missing_value = "true",
        conflicts_with = "serverless",
        help_heading = "A planned migration"
    )]
    pub publicly_accessible: Option<bool>,
    /// It will have no public address.
    #[arg(long, conflicts_with = "publicly_accessible", help_heading = "A planned migration")]
    #[serde(skip)]
    pub no_publicly_accessible: bool,
    /// It will be a serverless replication.
    #[arg(
        long,
        num_args = 0,
        default_missing_value = "true",
        help_heading = "A planned migration"
    )]
    pub serverless: Option<bool>,
    /// The endpoint's SSL mode.
    #[arg(long, value_name = "MODE", help_heading = "A planned migration")]
    pub ssl_mode: Option<SslMode>,
    /// The migration type.
    #[arg(long, value_name = "TYPE", help_heading = "A planned migration")]
    pub migration_type: Option<MigrationType>,
    /// The table mappings, a JSON file.
    #[arg(long, value_name = "FILE", help_heading = "A planned migration")]
    pub table_mappings: Option<PathBuf>,

    /// The cluster's host name.
    #[arg(long, value_name = "HOST", help_heading = "The TiDB Cloud cluster")]
    pub tidb_host: Option<String>,
    /// The cluster's port.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..),
          help_heading = "The TiDB Cloud cluster")]
    pub tidb_port: Option<u16>,
    /// The cluster's addresses, as the replication will resolve its name.
    #[arg(long, value_name = "IP", value_delimiter = ',', num_args = 1..,
          help_heading = "The TiDB Cloud cluster")]
    pub tidb_address: Option<Vec<Ipv4Addr>>,
    /// The cluster's user.
    #[arg(long, value_name = "USER", help_heading = "The TiDB Cloud cluster")]
    pub tidb_user: Option<String>,
    /// Which side TiDB is.
    #[arg(long, value_name = "SIDE", help_heading = "The TiDB Cloud cluster")]
    pub tidb_as: Option<RoleName>,
    /// The cluster's tier.
    #[arg(long, value_name = "TIER", help_heading = "The TiDB Cloud cluster")]
    pub tidb_tier: Option<TierName>,
    /// How the replication reaches the cluster.
    #[arg(long, value_name = "KIND", help_heading = "The TiDB Cloud cluster")]
    pub path: Option<PathName>,
    /// The cluster's IP access list: addresses, CIDRs, ranges start-end, or a file with one a line.
    #[arg(long, value_name = "ENTRY", value_delimiter = ',', num_args = 1..,
          help_heading = "The TiDB Cloud cluster")]
    pub ip_access_list: Option<Vec<String>>,
    /// The CA that verify-full is to trust: `isrg-root-x1`, or a PEM file.
    #[arg(long, value_name = "CA", help_heading = "The TiDB Cloud cluster")]
    pub ca: Option<String>,

    /// Look at AWS and at both ends of the migration, where --facts or --evidence are given too.
    /// Without them that is what happens anyway.
    #[cfg(feature = "live")]
    #[arg(long, help_heading = "Looking for itself")]
    pub live: bool,
    /// Look at both ends of the migration (DNS, TCP, TLS, MySQL), but not at AWS.
    #[cfg(feature = "live")]
    #[arg(long, help_heading = "Looking for itself")]
    pub probe: bool,
    /// Look at AWS alone.
    #[cfg(feature = "live")]
    #[arg(long, conflicts_with = "probe", help_heading = "Looking for itself")]
    pub no_probe: bool,
    /// The AWS profile.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "NAME", help_heading = "Looking for itself")]
    pub profile: Option<String>,
    /// The AWS region; it is in an ARN already.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "REGION", help_heading = "Looking for itself")]
    pub region: Option<String>,
    /// The subnet that this program runs in, if the replication may sit there too.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "SUBNET", value_parser = values::subnet,
          help_heading = "Looking for itself")]
    pub seat: Option<String>,
    /// Seconds after which all looking is over, whoever hangs; 60, if not given.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Looking for itself")]
    pub timeout: Option<NonZeroU32>,
    /// No progress on standard error.
    #[cfg(feature = "live")]
    #[arg(long, help_heading = "Looking for itself")]
    pub quiet: bool,
    /// Let DMS itself test both endpoints from the replication instance. It records the result.
    #[cfg(feature = "live")]
    #[arg(long, help_heading = "Looking for itself")]
    pub test_connection: bool,
    /// Seconds that DMS gets for its tests; 300, if not given.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Looking for itself")]
    pub test_timeout: Option<NonZeroU32>,
    /// A file whose first line is the password at the source. Else `TIDB_DMS_SOURCE_PASSWORD` has it,
    /// or the secret that the DMS endpoint names, or you are asked.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "FILE", help_heading = "Looking for itself")]
    pub source_password_file: Option<PathBuf>,
    /// A file whose first line is the password at the target. Else `TIDB_DMS_TARGET_PASSWORD` has it,
    /// or the secret that the DMS endpoint names, or you are asked.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "FILE", help_heading = "Looking for itself")]
    pub target_password_file: Option<PathBuf>,
    /// A secret of Secrets Manager with the credentials at the source, by name or ARN.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "SECRET", help_heading = "Looking for itself")]
    pub source_secret: Option<String>,
    /// A secret of Secrets Manager with the credentials at the target, by name or ARN.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "SECRET", help_heading = "Looking for itself")]
    pub target_secret: Option<String>,
    /// The CA that the end which isn't TiDB is verified with before anybody logs in: a PEM file, such
    /// as the bundle of RDS. Else it is the certificate that its DMS endpoint names.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "CA", help_heading = "Looking for itself")]
    pub other_ca: Option<String>,
    /// Log in over TLS although nothing proves who is at the other end.
    #[cfg(feature = "live")]
    #[arg(long, help_heading = "Looking for itself")]
    pub danger_allow_unverified_login: bool,

    /// A report, `terminal`, `json` or `junit`, to standard output or to a file; may be given several
    /// times.
    #[arg(long, value_name = "FORMAT[=FILE]", help_heading = "The report")]
    pub report: Vec<String>,
    /// Only these checks or categories.
    #[arg(long, value_name = "CHECK", value_delimiter = ',', help_heading = "The report")]
    pub only: Vec<String>,
    /// Not these checks or categories.
    #[arg(long, value_name = "CHECK", value_delimiter = ',', help_heading = "The report")]
    pub skip: Vec<String>,
    /// The level from which the run fails: `error`, `warning` or `advice`.
    #[arg(long, value_name = "LEVEL", help_heading = "The report")]
    pub fail_on: Option<SeverityName>,
    /// The level of a check or of a category, such as `dms/logging=error`; it wins over `[levels]`.
    #[arg(long, value_name = "CHECK=LEVEL", value_delimiter = ',', help_heading = "The report")]
    #[serde(skip)]
    pub level: Vec<LevelArgument>,
    /// Levels by check id or category: `error`, `warning` or `advice`; the id wins.
    #[arg(skip)]
    #[schemars(with = "std::collections::BTreeMap<String, SeverityName>")]
    pub levels: Levels,
    /// Rows that are taken as they are, for a time.
    #[arg(skip)]
    pub waiver: Vec<WaiverEntry>,
    /// Programs of the user's own that judge the facts too.
    #[arg(skip)]
    pub plugin: Vec<PluginEntry>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}

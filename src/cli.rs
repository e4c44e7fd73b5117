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
use thiserror::Error;
use tidb_dms_checks::{
    checks,
    facts::{Asked, cluster::NotAnEntry},
    policy::{Policy, WAIVER_CHECK, Waiver, category},
    severity::Severity,
};

use crate::{
    config::{Levels, PluginEntry, WaiverEntry},
    report::{Target, TargetError},
};

mod engines;
mod names;
mod small;
mod values;

pub use engines::{Destination, GrantsArguments, NameError, TlsArguments, TraceArguments};
pub use names::{MigrationType, OnOff, PathName, RoleName, SeverityName, SslMode, TierName};
pub use small::{ChecksArguments, InitArguments, LevelArgument};
pub use values::nearest;
#[cfg(feature = "live")]
pub(crate) use values::subnet;
use values::{access_list, did_you_mean, host, table_mappings};
pub(crate) use values::{certificate, holds_more_than_a_host};

/// Tells, before a migration starts, whether AWS DMS will really reach and use a TiDB Cloud cluster,
/// and if not, what exactly to change.
///
/// Exit codes: 0 nothing broken and nothing undecided at error level; 1 something is broken; 2 the
/// program could not do its work; 3 something could not be decided.
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
    Doctor(Box<DoctorCommand>),
    /// Look at one endpoint from here (DNS, TCP, TLS, MySQL) and save what was seen.
    #[cfg(feature = "live")]
    Probe(crate::probe::ProbeArguments),
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
    IamPolicy(crate::iam_policy::IamPolicyArguments),
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
          help_heading = "A planned migration")]
    pub subnets: Option<Vec<String>>,
    /// The replication subnet group that it will sit in.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "subnets",
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
    #[arg(long, value_name = "SECONDS", help_heading = "Looking for itself")]
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
    #[arg(long, value_name = "SECONDS", help_heading = "Looking for itself")]
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

/// Arguments that can be typed and mean nothing.
#[derive(Debug, Error)]
pub enum ArgumentError {
    /// An id of no check and no category.
    #[error("unknown check `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownCheck {
        /// What was typed.
        name: String,
        /// A name like it.
        nearest: Option<String>,
    },
    /// An id of no check and no stop code.
    #[error("unknown check or stop code `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownId {
        /// What was typed.
        name: String,
        /// A name like it.
        nearest: Option<String>,
    },
    /// Nothing to look at.
    #[error(
        "nothing to judge: give --evidence or --facts, or try --demo; this build can't look for itself"
    )]
    NothingGiven,
    /// An entry of the access list that is none.
    #[error("--ip-access-list: {0}")]
    AccessEntry(#[from] NotAnEntry),
    /// A line of an access list's file that is no entry.
    #[error("--ip-access-list: {}:{line}: {error}", file.display())]
    AccessLine {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        error: NotAnEntry,
    },
    /// A file that can't be read.
    #[error("{flag}: {}: {source}", file.display())]
    File {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Table mappings that aren't JSON.
    #[error("--table-mappings: {}:{}:{}: {source}", file.display(), source.line(), source.column())]
    TableMappings {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A PEM file without a certificate.
    #[error("{flag}: {}: neither `isrg-root-x1` nor a file with a PEM certificate", file.display())]
    NoCertificate {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        file: PathBuf,
    },
    /// A URL, or a host with its user.
    #[error("{0}: a host's name alone is needed, no URL and no user")]
    HostWithMore(&'static str),
    /// Something to look for that isn't named.
    #[error(
        "nothing to judge: name a migration (--task, --replication-instance, --replication-config, or \
         --tidb-host with --subnets for a planned one), give --evidence or --facts, or try --demo"
    )]
    NothingNamed,
    /// A report that can't be.
    #[error("--report: {0}")]
    Report(#[from] TargetError),
    /// A subnet that isn't there to be planned with.
    #[error("--subnets: `{0}` isn't among the subnets in these facts")]
    UnknownSubnet(String),
    /// A subnet group that isn't there to be planned with.
    #[error("--subnet-group: `{0}` isn't among the subnet groups in these facts")]
    UnknownSubnetGroup(String),
    /// A security group that isn't there to be planned with.
    #[error("--security-groups: `{0}` isn't among the security groups in these facts")]
    UnknownSecurityGroup(String),
    /// A trace can't start there.
    #[error("--from: `{0}` isn't in these facts")]
    UnknownPlace(String),
    /// A trace can't start there, because where it sits wasn't seen.
    #[error("--from: {0}")]
    UnseenPlace(String),
}

impl DoctorArguments {
    /// Lays what was typed over what a file says.
    #[must_use]
    pub fn over(self, file: Self) -> Self {
        fn list<T>(typed: Vec<T>, file: Vec<T>) -> Vec<T> {
            if typed.is_empty() { file } else { typed }
        }
        let publicly_accessible = if self.no_publicly_accessible {
            Some(false)
        } else {
            self.publicly_accessible.or(file.publicly_accessible)
        };
        let demo = self.demo || file.demo;
        // Evidence and facts are one body: where some are typed, the file's don't mix in.
        let typed = !self.facts.is_empty() || !self.evidence.is_empty();
        Self {
            facts: if typed { self.facts } else { file.facts },
            evidence: if typed { self.evidence } else { file.evidence },
            at: self.at.or(file.at),
            demo,
            save_facts: self.save_facts.or(file.save_facts),
            task: self.task.or(file.task),
            replication_instance: self.replication_instance.or(file.replication_instance),
            replication_config: self.replication_config.or(file.replication_config),
            source_endpoint: self.source_endpoint.or(file.source_endpoint),
            target_endpoint: self.target_endpoint.or(file.target_endpoint),
            subnets: self.subnets.or(file.subnets),
            subnet_group: self.subnet_group.or(file.subnet_group),
            security_groups: self.security_groups.or(file.security_groups),
            publicly_accessible,
            no_publicly_accessible: false,
            serverless: self.serverless.or(file.serverless),
            ssl_mode: self.ssl_mode.or(file.ssl_mode),
            migration_type: self.migration_type.or(file.migration_type),
            table_mappings: self.table_mappings.or(file.table_mappings),
            tidb_host: self.tidb_host.or(file.tidb_host),
            tidb_port: self.tidb_port.or(file.tidb_port),
            tidb_address: self.tidb_address.or(file.tidb_address),
            tidb_user: self.tidb_user.or(file.tidb_user),
            tidb_as: self.tidb_as.or(file.tidb_as),
            tidb_tier: self.tidb_tier.or(file.tidb_tier),
            path: self.path.or(file.path),
            ip_access_list: self.ip_access_list.or(file.ip_access_list),
            ca: self.ca.or(file.ca),
            #[cfg(feature = "live")]
            live: self.live || file.live,
            #[cfg(feature = "live")]
            probe: self.probe || (file.probe && !self.no_probe),
            #[cfg(feature = "live")]
            no_probe: self.no_probe || (file.no_probe && !self.probe),
            #[cfg(feature = "live")]
            profile: self.profile.or(file.profile),
            #[cfg(feature = "live")]
            region: self.region.or(file.region),
            #[cfg(feature = "live")]
            seat: self.seat.or(file.seat),
            #[cfg(feature = "live")]
            timeout: self.timeout.or(file.timeout),
            #[cfg(feature = "live")]
            quiet: self.quiet || file.quiet,
            #[cfg(feature = "live")]
            test_connection: self.test_connection || file.test_connection,
            #[cfg(feature = "live")]
            test_timeout: self.test_timeout.or(file.test_timeout),
            #[cfg(feature = "live")]
            source_password_file: self.source_password_file.or(file.source_password_file),
            #[cfg(feature = "live")]
            target_password_file: self.target_password_file.or(file.target_password_file),
            #[cfg(feature = "live")]
            source_secret: self.source_secret.or(file.source_secret),
            #[cfg(feature = "live")]
            target_secret: self.target_secret.or(file.target_secret),
            #[cfg(feature = "live")]
            other_ca: self.other_ca.or(file.other_ca),
            #[cfg(feature = "live")]
            danger_allow_unverified_login: self.danger_allow_unverified_login
                || file.danger_allow_unverified_login,
            report: list(self.report, file.report),
            only: list(self.only, file.only),
            skip: list(self.skip, file.skip),
            fail_on: self.fail_on.or(file.fail_on),
            level: list(self.level, file.level),
            // These stand in the file alone.
            levels: file.levels,
            waiver: file.waiver,
            plugin: file.plugin,
        }
    }

    /// What was asked, to be laid over the facts.
    pub fn asked(&self) -> Result<Asked, ArgumentError> {
        Ok(Asked {
            task: self.task.clone(),
            replication_instance: self.replication_instance.clone(),
            replication_config: self.replication_config.clone(),
            source_endpoint: self.source_endpoint.clone(),
            target_endpoint: self.target_endpoint.clone(),
            subnets: self.subnets.clone(),
            subnet_group: self.subnet_group.clone(),
            security_groups: self.security_groups.clone(),
            publicly_accessible: self.publicly_accessible,
            serverless: self.serverless,
            ssl_mode: self.ssl_mode.map(|mode| <&str>::from(mode).to_owned()),
            migration_type: self.migration_type.map(|kind| <&str>::from(kind).to_owned()),
            table_mappings: self.table_mappings.as_deref().map(table_mappings).transpose()?,
            tidb_host: self.tidb_host.as_deref().map(|it| host("--tidb-host", it)).transpose()?,
            tidb_port: self.tidb_port,
            tidb_addresses: self.tidb_address.clone(),
            tidb_user: self.tidb_user.clone(),
            tidb_as: self.tidb_as.map(Into::into),
            tidb_tier: self.tidb_tier.map(Into::into),
            path: self.path.map(Into::into),
            ip_access_list: self.ip_access_list.as_deref().map(access_list).transpose()?,
            ca: self.ca.as_deref().map(|ca| certificate("--ca", ca)).transpose()?,
            #[cfg(feature = "live")]
            other_ca: self
                .other_ca
                .as_deref()
                .map(|ca| certificate("--other-ca", ca))
                .transpose()?,
            #[cfg(feature = "live")]
            seat: self.seat.clone(),
            ..Asked::default()
        })
    }

    /// What the user decides.
    pub fn policy(&self) -> Result<Policy, ArgumentError> {
        let typed = self.level.iter().map(|level| &level.name);
        for name in self.only.iter().chain(&self.skip).chain(typed) {
            self.known(name)?;
        }
        let of_file = self.levels.0.iter().map(|level| (&level.name, level.level));
        let levels = of_file.chain(self.level.iter().map(|level| (&level.name, level.level)));
        Ok(Policy {
            only: self.only.clone(),
            skip: self.skip.clone(),
            fail_on: self.fail_on.map_or(Severity::Error, Into::into),
            levels: levels.map(|(name, level)| (name.clone(), level.into())).collect(),
            waivers: self.waiver.iter().map(waiver).collect(),
            ..crate::default_policy()
        })
    }

    /// Whether a name is one of a check or a category; of a plug-in's checks any may exist.
    pub(crate) fn known(&self, name: &str) -> Result<(), ArgumentError> {
        let own = || self.plugin.iter().map(PluginEntry::name);
        let ours = || {
            let waiver = [WAIVER_CHECK.id, WAIVER_CHECK.category()];
            checks().flat_map(|check| [check.id, check.category()]).chain(waiver)
        };
        if ours().any(|id| id == name) || own().any(|plugin| plugin == category(name)) {
            return Ok(());
        }
        let nearest = nearest(name, ours().chain(own()));
        Err(ArgumentError::UnknownCheck { name: name.to_owned(), nearest })
    }

    /// Where the reports go.
    pub fn targets(&self) -> Result<Vec<Target>, ArgumentError> {
        Ok(self.report.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
    }
}

fn waiver(entry: &WaiverEntry) -> Waiver {
    let is_known = checks().any(|check| check.id == entry.check());
    Waiver {
        check: entry.check().to_owned(),
        subject: entry.subject.0.clone(),
        reason: entry.reason.0.clone(),
        owner: entry.owner.0.clone(),
        until: entry.until.0,
        place: entry.place.clone(),
        meant: nearest(entry.check(), checks().map(|check| check.id)).filter(|_| !is_known),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_typed_wins_over_the_file() {
        let file = DoctorArguments {
            task: Some("a".into()),
            evidence: vec!["there".into()],
            publicly_accessible: Some(true),
            ..DoctorArguments::default()
        };
        let typed = DoctorArguments {
            task: Some("b".into()),
            no_publicly_accessible: true,
            ..DoctorArguments::default()
        };
        let both = typed.over(file);
        assert_eq!(both.task.as_deref(), Some("b"));
        assert_eq!(both.publicly_accessible, Some(false));
        assert_eq!(both.evidence, [PathBuf::from("there")]);
    }

    #[test]
    fn a_misspelt_check_is_an_error_with_a_hint() {
        let arguments =
            DoctorArguments { only: vec!["network/routes".into()], ..DoctorArguments::default() };
        assert_eq!(
            arguments.policy().unwrap_err().to_string(),
            "unknown check `network/routes`; did you mean `network/route`?"
        );
    }
}

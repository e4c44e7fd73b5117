//! What can be typed and means nothing.

use std::path::PathBuf;

use thiserror::Error;
use tidb_dms_checks::facts::cluster::NotAnEntry;

use super::values::did_you_mean;
use crate::report::TargetError;

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
    /// What is no entry of the access list, and no file of entries either.
    #[error("--ip-access-list: {0}, and there is no such file")]
    AccessEntryNorFile(NotAnEntry),
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
    /// A host and a port where a host goes.
    #[error("{flag}: only the name, `{host}`; the port goes with --tidb-port")]
    HostWithPort {
        /// The flag.
        flag: &'static str,
        /// The name.
        host: String,
    },
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

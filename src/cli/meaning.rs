//! What the arguments of `doctor` mean: what was asked, and what the user decides.

use tidb_dms_checks::{
    WAIVER_CHECK, checks,
    facts::Asked,
    policy::{Policy, Waiver, category},
    severity::Severity,
};

use super::{
    ArgumentError, DoctorArguments, PluginEntry, WaiverEntry,
    values::{access_list, certificate, host, nearest, table_mappings},
};
use crate::report::Target;

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
        // Whoever types which migration it is means that one as a whole.
        let named = [&self.task, &self.replication_instance, &self.replication_config];
        let named = named.iter().any(|name| name.is_some());
        let of_file = |name: Option<String>| if named { None } else { name };
        // Evidence and facts are one body: where some are typed, the file's don't mix in.
        let typed = !self.facts.is_empty() || !self.evidence.is_empty();
        Self {
            facts: if typed { self.facts } else { file.facts },
            evidence: if typed { self.evidence } else { file.evidence },
            at: self.at.or(file.at),
            demo,
            save_facts: self.save_facts.or(file.save_facts),
            task: self.task.or(of_file(file.task)),
            replication_instance: self.replication_instance.or(of_file(file.replication_instance)),
            replication_config: self.replication_config.or(of_file(file.replication_config)),
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
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_is_typed_wins_over_the_file() {
        let file = DoctorArguments {
            task: Some("a".into()),
            evidence: vec!["there".into()],
            publicly_accessible: Some(true),
            replication_instance: Some("etl-1".into()),
            ..DoctorArguments::default()
        };
        let typed = DoctorArguments {
            task: Some("b".into()),
            no_publicly_accessible: true,
            ..DoctorArguments::default()
        };
        let both = typed.over(file);
        assert_eq!(both.task.as_deref(), Some("b"));
        assert_eq!(both.replication_instance, None, "another task runs on another instance");
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

//! The whole program in one short function: collect, examine, report.

use std::{io, path::Path};

use jiff::Timestamp;
use thiserror::Error;
use tidb_dms_checks::{
    WAIVER_CHECK, checks, examine_with,
    facts::{Asked, Facts, Index, Lookup},
    migration::SelectError,
    policy::Policy,
};

use crate::{
    cli::{ArgumentError, DoctorArguments, DoctorCommand, PluginEntry},
    collect::{self, CollectError, Loose},
    config::{self, ConfigError},
    plugin,
    report::{self, Context, Outputs, ReportError, Style},
};

#[cfg(feature = "live")]
mod live;

/// A recorded, realistic, broken migration.
const DEMO: &str = include_str!("demo.json");

/// Why there is no verdict.
#[derive(Debug, Error)]
pub enum DoctorError {
    /// Arguments that mean nothing.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// Facts that can't be had.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// A configuration that can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recorded migration of the demo can't be read.
    #[error("the recorded migration is broken: {0}")]
    Demo(serde_json::Error),
    /// A report that can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Facts that can't be saved.
    #[error("--save-facts: {}: {source}", file.display())]
    Save {
        /// The file.
        file: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No migration, or more than one.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Looking can't begin, or AWS can't be looked at.
    #[cfg(feature = "live")]
    #[error(transparent)]
    Live(#[from] live::LiveError),
}

/// What a program ends with that was interrupted.
const INTERRUPTED: u8 = 130;

/// Judges a migration and writes its reports. Returns the exit code.
pub fn run(command: DoctorCommand) -> Result<u8, DoctorError> {
    let arguments = match &command.config {
        Some(file) => command.arguments.over(config::read(file)?),
        None => command.arguments.over(DoctorArguments::default()),
    };
    let policy = arguments.policy()?;
    let asked = arguments.asked()?;
    let demo = arguments.demo;
    if !demo && !looks(&arguments, &asked)? && !has_files(&arguments) {
        return Err(ArgumentError::NothingGiven.into());
    }
    let name = arguments.task.as_ref().or(arguments.replication_instance.as_ref());
    let name = name.or(arguments.replication_config.as_ref());
    let outputs = Outputs::prepare(
        arguments.targets()?,
        Context {
            checks: selected(&policy, &arguments.plugin),
            migration: name.cloned().unwrap_or_else(|| "migration".into()),
            taken_at: arguments.at.unwrap_or_else(Timestamp::now),
            fail_on: policy.fail_on,
            style: Style::of_stdout(),
            banner: None,
        },
    )?;

    let mut notes = Vec::new();
    let (mut facts, loose) = collect(&arguments, &mut notes)?;
    facts.asked.merge(asked);
    let (mut facts, interrupted) = look(facts, &arguments, &policy)?;
    collect::settle(loose, &mut facts, &mut notes);
    facts.run.note(notes);
    planned_places(&facts)?;
    if let Some(file) = &arguments.save_facts {
        save(file, &facts)?;
    }
    let plugins = plugin::run(&arguments.plugin, &facts, &policy);
    let mut report = match examine_with(&facts, &policy, &plugins) {
        Ok(report) => report,
        // It wasn't known yet which migration it is.
        Err(_) if interrupted => {
            outputs.did_not_finish("the run was interrupted")?;
            return Ok(INTERRUPTED);
        }
        Err(error) => return Err(error.into()),
    };
    // Every report says what the program ends with.
    if interrupted {
        report.exit_code = INTERRUPTED;
    }
    let banner = demo.then(|| {
        format!(
            "This is a demo: a recorded, broken migration. A real run would exit with {}.",
            report.exit_code
        )
    });
    let exit_code = if demo { 0 } else { report.exit_code };
    outputs.with_banner(banner).finish(&[report])?;
    Ok(exit_code)
}

const fn has_files(arguments: &DoctorArguments) -> bool {
    !arguments.facts.is_empty() || !arguments.evidence.is_empty()
}

/// Whether the program is to look for itself.
#[cfg(feature = "live")]
fn looks(arguments: &DoctorArguments, asked: &Asked) -> Result<bool, ArgumentError> {
    live::looks(arguments, asked)
}

/// Whether the program is to look for itself: this one can't.
#[cfg(not(feature = "live"))]
#[expect(clippy::unnecessary_wraps, reason = "the other one can fail")]
const fn looks(_: &DoctorArguments, _: &Asked) -> Result<bool, ArgumentError> {
    Ok(false)
}

/// What was seen besides, and whether somebody interrupted it.
#[cfg(feature = "live")]
fn look(
    facts: Facts,
    arguments: &DoctorArguments,
    policy: &Policy,
) -> Result<(Facts, bool), DoctorError> {
    Ok(live::look(facts, arguments, policy)?)
}

/// Nothing is seen besides.
#[cfg(not(feature = "live"))]
#[expect(clippy::unnecessary_wraps, reason = "the other one can fail")]
const fn look(facts: Facts, _: &DoctorArguments, _: &Policy) -> Result<(Facts, bool), DoctorError> {
    Ok((facts, false))
}

/// The ids of the checks that are to be judged; of plug-ins only their names are known before.
fn selected(policy: &Policy, plugins: &[PluginEntry]) -> Vec<String> {
    let ours = checks().filter(|check| policy.wants(check)).map(|check| check.id.to_owned());
    let own = plugins.iter().map(PluginEntry::name).filter(|name| policy.wants_category(name));
    let waivers = !policy.waivers.is_empty() && policy.wants(&WAIVER_CHECK);
    ours.chain(own.map(|name| format!("{name}/plugin")))
        .chain(waivers.then(|| WAIVER_CHECK.id.to_owned()))
        .collect()
}

/// Facts and evidence, merged; the demo's where it was asked for.
fn collect(
    arguments: &DoctorArguments,
    notes: &mut Vec<String>,
) -> Result<(Facts, Loose), DoctorError> {
    if arguments.demo {
        let facts = serde_json::from_str(DEMO).map_err(DoctorError::Demo)?;
        return Ok((facts, Loose::default()));
    }
    Ok(collect::from_files(&arguments.facts, &arguments.evidence, arguments.at, notes)?)
}

/// What a plan names must be in the facts: a misspelt subnet isn't a subnet that wasn't seen.
fn planned_places(facts: &Facts) -> Result<(), ArgumentError> {
    let index = Index::new(&facts.inventory);
    let is_there = |found: bool, list_given: bool| found || !list_given;
    let inventory = &facts.inventory;
    for id in facts.asked.subnets.iter().flatten() {
        // What is described twice is there, though it isn't believed.
        let found = inventory.subnets.items.iter().any(|subnet| subnet.subnet_id == *id);
        if !found && !inventory.subnets.was_looked_at_in_vain() {
            return Err(ArgumentError::UnknownSubnet(id.clone()));
        }
    }
    for id in facts.asked.security_groups.iter().flatten() {
        let groups = &inventory.security_groups;
        let given = !groups.items.is_empty() && !groups.was_looked_at_in_vain();
        if !is_there(groups.items.iter().any(|group| group.group_id == *id), given) {
            return Err(ArgumentError::UnknownSecurityGroup(id.clone()));
        }
    }
    if let Some(id) = &facts.asked.subnet_group
        && !matches!(index.subnet_group(id), Lookup::Found(_))
        && !inventory.replication_subnet_groups.was_looked_at_in_vain()
    {
        return Err(ArgumentError::UnknownSubnetGroup(id.clone()));
    }
    Ok(())
}

/// Saves facts; a run that dies leaves the file that was there.
fn save(file: &Path, facts: &Facts) -> Result<(), DoctorError> {
    let text = report::json::pretty(facts);
    report::write(file, &text).map_err(|source| DoctorError::Save { file: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use tidb_dms_checks::{examine, report::Verdict};

    use super::*;

    #[test]
    fn the_demo_shows_its_three_root_causes() {
        let facts: Facts = serde_json::from_str(DEMO).unwrap();
        let report = examine(&facts, &crate::default_policy()).unwrap();
        assert_eq!(report.verdict, Verdict::Fail);
        let causes: Vec<&str> =
            report.root_causes.iter().map(|cause| cause.check.as_str()).collect();
        assert_eq!(causes, ["network/nat-gateway", "access/list-covers-egress", "dms/ssl-mode"]);
    }

    #[test]
    fn saved_facts_read_back_the_same() {
        let facts: Facts = serde_json::from_str(DEMO).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("facts.json");
        save(&file, &facts).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    }
}

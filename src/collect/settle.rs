//! Settling evidence that doesn't say itself which end of the migration it is about.
//!
//! A wrong guess would be a false verdict. So a thing is settled only where one end fits and the other
//! doesn't, or where `source` or `target` in the file's name says which; else a note says what is
//! missing, and the checks say "can't tell".

use jiff::Timestamp;
use tidb_dms_checks::{
    case::Case,
    facts::{
        Facts, Gap, Index, Look, Probe, Role, Unlock,
        inventory::dms::{ReplicationConfig, ReplicationTask},
        probe::Vantage,
    },
    migration::{Kind, Migration, select},
};

use super::{
    loose::{Authority, Found, Handshake, Loose, Session},
    tidb_cloud,
};

/// One end of the migration, as far as the facts tell.
#[derive(Clone, Debug)]
struct End {
    role: Role,
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    /// Whether it is the cluster.
    is_tidb: Option<bool>,
    speaks_mysql: Option<bool>,
    /// Whether DMS's endpoint brings a certificate of its own.
    has_certificate: bool,
}

/// What the migration is, as far as it decides what is about it.
#[derive(Debug)]
struct Survey {
    ends: Vec<End>,
    /// Whether a side isn't named, so that anything may be about it.
    is_half: bool,
    /// The cluster's host, as it is spelled.
    cluster: Option<String>,
    /// The ARN of the task or the configuration, where there is one.
    replication: Option<String>,
    mappings: Option<String>,
    settings: Option<String>,
}

/// Brings in what is about the selected migration. Notes say what isn't, and why.
pub fn settle(loose: Loose, facts: &mut Facts, notes: &mut Vec<String>) {
    if loose.is_empty() {
        return;
    }
    attach_policies(&loose, facts, notes);
    let survey = match survey(facts) {
        Ok(survey) => survey,
        Err(error) => {
            for file in loose.files() {
                notes.push(format!("{file}: not used, {error}"));
            }
            return;
        }
    };
    clouds(&loose, &survey, facts, notes);
    parts(&loose, &survey, facts, notes);
    let at = facts.taken_at;
    for found in loose.grants {
        let probe = grants(&found.what, &survey, &found.file, at);
        add(probe, &found.file, facts, notes);
    }
    for found in loose.handshakes {
        let probe = handshake(&found.what, &survey, &found.file, at);
        add(probe, &found.file, facts, notes);
    }
    authorities(&loose.authorities, &survey, facts, notes);
}

impl Loose {
    /// The files of what only a migration settles.
    fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        files.extend(self.clouds.iter().map(|found| found.file.as_str()));
        files.extend(self.mappings.iter().map(|found| found.file.as_str()));
        files.extend(self.settings.iter().map(|found| found.file.as_str()));
        files.extend(self.grants.iter().map(|found| found.file.as_str()));
        files.extend(self.handshakes.iter().map(|found| found.file.as_str()));
        files.extend(self.authorities.iter().map(|found| found.file.as_str()));
        files.dedup();
        files
    }
}

fn survey(facts: &Facts) -> Result<Survey, String> {
    let index = Index::new(&facts.inventory);
    let migration = select(facts, &index).map_err(|error| error.to_string())?;
    let (replication, mappings, settings) = replication(&migration);
    let case = Case::new(facts, &index, migration);
    let ends: Vec<End> = case
        .servers()
        .into_iter()
        .map(|server| End {
            role: server.role,
            host: server.host.known().cloned(),
            port: server.port.known().copied(),
            user: server.user.known().cloned(),
            is_tidb: server.is_tidb.known().copied(),
            speaks_mysql: server.speaks_mysql.known().copied(),
            has_certificate: server
                .endpoint
                .and_then(|endpoint| endpoint.certificate_arn.as_ref())
                .is_some(),
        })
        .collect();
    Ok(Survey {
        is_half: ends.len() < 2,
        cluster: case.cluster.host.known().cloned(),
        ends,
        replication,
        mappings,
        settings,
    })
}

fn replication(migration: &Migration<'_>) -> (Option<String>, Option<String>, Option<String>) {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match migration.kind {
        Kind::Task(task, _) => (
            Some(task.replication_task_arn.clone()),
            filled(&task.table_mappings),
            filled(&task.replication_task_settings),
        ),
        Kind::Config(config) => (
            Some(config.replication_config_arn.clone()),
            filled(&config.table_mappings),
            filled(&config.replication_settings),
        ),
        Kind::Instance(_) | Kind::Planned => (None, None, None),
    }
}

/// How well a thing fits an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fit {
    /// It can't be about this end.
    No,
    /// It may be.
    Maybe,
    /// It names this end.
    Yes,
}

/// The end that a thing is about, where only one can be it.
fn choose<'e>(
    survey: &'e Survey,
    file: &str,
    fit: impl Fn(&End) -> Fit,
) -> Result<&'e End, String> {
    let fits: Vec<(&End, Fit)> = survey.ends.iter().map(|end| (end, fit(end))).collect();
    if let Some(role) = hint(file) {
        return match fits.iter().find(|(end, _)| end.role == role) {
            Some((end, Fit::Maybe | Fit::Yes)) => Ok(end),
            Some((_, Fit::No)) => {
                Err(format!("its name says {0}, and it can't be the {0}'s", role.as_str()))
            }
            None => Err(format!("its name says {}, which isn't named", role.as_str())),
        };
    }
    let mut able = fits.iter().filter(|(_, fit)| *fit != Fit::No);
    match (able.next(), able.next()) {
        (None, _) => Err("it fits neither end of the migration".into()),
        (Some((end, Fit::Yes)), None) => Ok(end),
        (Some((end, _)), None) => Err(format!(
            "whether it is the {0}'s can't be told; put `{0}` into the file's name",
            end.role.as_str()
        )),
        _ => Err("whether it is the source's or the target's can't be told; put `source` or \
                  `target` into the file's name"
            .into()),
    }
}

/// Which end a file's name says, if it says one.
fn hint(file: &str) -> Option<Role> {
    let name = file.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let says = |word: &str| {
        name.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|part| part == word)
    };
    match (says("source"), says("target")) {
        (true, false) => Some(Role::Source),
        (false, true) => Some(Role::Target),
        _ => None,
    }
}

/// A probe of an end, with nothing seen yet.
fn probe_of(end: &End) -> Result<Probe, String> {
    let missing = |what: &str, flag: &str| {
        let flag =
            if end.is_tidb == Some(true) { format!("; {flag} says it") } else { String::new() };
        format!("the {what} of the {} isn't known{flag}", end.role.as_str())
    };
    let host = end.host.as_deref().ok_or_else(|| missing("host", "--tidb-host"))?;
    let port = end.port.ok_or_else(|| missing("port", "--tidb-port"))?;
    let mut probe = Probe::new(host, port, Vantage::Elsewhere);
    probe.role = Some(end.role);
    Ok(probe)
}

fn add(probe: Result<Probe, String>, file: &str, facts: &mut Facts, notes: &mut Vec<String>) {
    match probe {
        Ok(probe) => {
            let mut seen = Facts::new(facts.taken_at);
            seen.probes.push(probe);
            facts.merge(seen);
        }
        Err(reason) => notes.push(format!("{file}: not used, {reason}")),
    }
}

fn grants(session: &Session, survey: &Survey, file: &str, at: Timestamp) -> Result<Probe, String> {
    let account = session.grants.account.as_ref();
    let account = account.ok_or("whose grants these are can't be told")?;
    let end = choose(survey, file, |end| {
        if end.speaks_mysql == Some(false)
            || (end.is_tidb == Some(true) && session.grants.is_backquoted)
        {
            return Fit::No;
        }
        match &end.user {
            Some(user) if *user == account.user => Fit::Yes,
            Some(_) => Fit::No,
            None => Fit::Maybe,
        }
    })
    .map_err(|reason| format!("these are grants of `{account}`, and {reason}"))?;
    let mut probe = probe_of(end)?;
    let place = format!("{}:{}", probe.host, probe.port);
    probe.user = Some(account.user.clone());
    let seen = &mut probe.session;
    seen.grants = Some(Look::known(at, 0, session.grants.lines.clone()));
    if account.host.is_some() {
        seen.current_user = Some(Look::known(at, 0, account.to_string()));
    }
    seen.version = Some(match &session.version {
        Some(version) => Look::known(at, 0, version.clone()),
        None => Look::unknown(
            at,
            Gap::new(
                format!("VERSION() of {place}"),
                "the text of SHOW GRANTS doesn't say which server printed it",
                Unlock::File("what SELECT VERSION() prints, in the file with SHOW GRANTS".into()),
            ),
        ),
    });
    seen.current_role = session.current_role.clone().map(|role| Look::known(at, 0, role));
    Ok(probe)
}

fn handshake(
    handshake: &Handshake,
    survey: &Survey,
    file: &str,
    at: Timestamp,
) -> Result<Probe, String> {
    let is_named = |end: &End| {
        let host = end.host.as_deref();
        host.is_some_and(|host| handshake.names.iter().any(|name| is_for(name, host)))
    };
    let end = choose(survey, file, |end| match (&handshake.place, end.host.as_deref()) {
        _ if end.speaks_mysql == Some(false) => Fit::No,
        (Some((to, port)), Some(host)) => {
            let is_there = to == host && end.port.is_none_or(|known| known == *port);
            if is_there { Fit::Yes } else { Fit::No }
        }
        // Another name is what a check would complain of, or another server's: the file has to say.
        (None, Some(_)) if hint(file).is_none() && !is_named(end) => Fit::No,
        (None, Some(_)) => Fit::Yes,
        (_, None) => Fit::Maybe,
    })
    .map_err(|reason| match &handshake.place {
        Some((host, port)) => format!("it is of {host}:{port}, and {reason}"),
        None => {
            format!("{reason}; the command line in the file, with its `-connect`, says it too")
        }
    })?;
    let mut probe = probe_of(end)?;
    let place = format!("{}:{}", probe.host, probe.port);
    probe.tls = handshake.tls.clone().map(|tls| match tls {
        Ok(outcome) => Look::known(at, 0, outcome),
        Err(reason) => Look::unknown(
            at,
            Gap::new(
                format!("the TLS handshake of {place}"),
                reason,
                Unlock::File(
                    "all that `openssl s_client -starttls mysql -showcerts` prints".into(),
                ),
            ),
        ),
    });
    probe.tls12 = handshake.tls12.clone().map(|outcome| Look::known(at, 0, outcome));
    Ok(probe)
}

/// Whether a certificate's name is good for a host; a star stands for one label.
fn is_for(name: &str, host: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    name == host
        || name
            .strip_prefix("*.")
            .is_some_and(|rest| host.split_once('.').is_some_and(|(_, tail)| tail == rest))
}

/// A CA that was sent along is the one to trust only where DMS doesn't say which it trusts.
fn authorities(
    found: &[Found<Authority>],
    survey: &Survey,
    facts: &mut Facts,
    notes: &mut Vec<String>,
) {
    // Both ends speak TLS with a CA of their own, unless one doesn't speak MySQL.
    let able = survey.ends.iter().filter(|end| end.speaks_mysql != Some(false)).count();
    let is_alone = able == 1 && !survey.is_half;
    let (mut cluster, mut other) = (Vec::new(), Vec::new());
    for found in found {
        let mut skip = |reason: &str| notes.push(format!("{}: not used, {reason}", found.file));
        if !found.what.is_root {
            skip(
                "it isn't one CA's own certificate; of a server's certificates send all that \
                 `openssl s_client -starttls mysql -showcerts` prints",
            );
            continue;
        }
        let end = choose(survey, &found.file, |end| match end.speaks_mysql {
            Some(false) => Fit::No,
            _ if is_alone => Fit::Yes,
            _ => Fit::Maybe,
        });
        let asked = |is_tidb| if is_tidb { &facts.asked.ca } else { &facts.asked.other_ca };
        match end.map(|end| (end, end.is_tidb)) {
            Err(reason) => skip(&reason),
            Ok((_, None)) => skip("which end is the cluster isn't known; --tidb-as says it"),
            Ok((_, Some(is_tidb))) if asked(is_tidb).is_some() => {
                skip("an argument says which CA is trusted");
            }
            Ok((end, _)) if end.has_certificate => {
                skip("the DMS endpoint names a certificate, and that is the one to judge");
            }
            Ok((_, Some(true))) => cluster.push(found),
            Ok((_, Some(false))) => other.push(found),
        }
    }
    let asked = &mut facts.asked;
    for (cas, place, flag) in
        [(cluster, &mut asked.ca, "--ca"), (other, &mut asked.other_ca, "--other-ca")]
    {
        match cas.as_slice() {
            [] => {}
            [one] => *place = Some(one.what.pem.clone()),
            several => {
                let files: Vec<&str> = several.iter().map(|found| found.file.as_str()).collect();
                notes.push(format!(
                    "{}: not used, of several CAs {flag} says which is trusted",
                    files.join(", ")
                ));
            }
        }
    }
}

/// What TiDB Cloud's API said of the cluster.
fn clouds(loose: &Loose, survey: &Survey, facts: &mut Facts, notes: &mut Vec<String>) {
    if loose.clouds.is_empty() {
        return;
    }
    let files: Vec<&str> = loose.clouds.iter().map(|found| found.file.as_str()).collect();
    let files = files.join(", ");
    let Some(host) = &survey.cluster else {
        notes.push(format!(
            "{files}: not used, the cluster's host isn't known; --tidb-host says it"
        ));
        return;
    };
    let user = survey.ends.iter().find(|end| end.is_tidb == Some(true));
    let user = user.and_then(|end| end.user.as_deref());
    let saved: Vec<_> = loose.clouds.iter().map(|found| found.what.clone()).collect();
    let mut said = Vec::new();
    if let Some(cluster) = tidb_cloud::saved_cluster(host, user, &saved, &mut said) {
        let mut seen = Facts::new(facts.taken_at);
        seen.clusters.push(cluster);
        facts.merge(seen);
    }
    notes.extend(said.into_iter().map(|said| format!("{files}: {said}")));
}

/// Mappings and settings: what AWS says of a task counts before what somebody has in a file.
fn parts(loose: &Loose, survey: &Survey, facts: &mut Facts, notes: &mut Vec<String>) {
    if let Some(text) = only(&loose.mappings, "table mappings", notes) {
        match &survey.mappings {
            Some(own) if !is_same(own, text) => notes.push(format!(
                "{}: not used, the replication has other table mappings",
                loose.mappings[0].file
            )),
            Some(_) => {}
            None if facts.asked.table_mappings.is_some() => {}
            None => facts.asked.table_mappings = Some(text.to_owned()),
        }
    }
    if let Some(text) = only(&loose.settings, "task settings", notes) {
        let file = &loose.settings[0].file;
        match (&survey.settings, &survey.replication) {
            (Some(own), _) if !is_same(own, text) => {
                notes.push(format!("{file}: not used, the replication has other settings"));
            }
            (Some(_), _) => {}
            (None, Some(arn)) => set_settings(arn, text, facts),
            (None, None) => {
                notes.push(format!("{file}: not used, no task is selected that has none"));
            }
        }
    }
}

fn set_settings(arn: &str, text: &str, facts: &mut Facts) {
    let inventory = &mut facts.inventory;
    let task = |task: &&mut ReplicationTask| task.replication_task_arn == arn;
    let config = |config: &&mut ReplicationConfig| config.replication_config_arn == arn;
    if let Some(task) = inventory.replication_tasks.items.iter_mut().find(task) {
        task.replication_task_settings = Some(text.to_owned());
    } else if let Some(config) = inventory.replication_configs.items.iter_mut().find(config) {
        config.replication_settings = Some(text.to_owned());
    }
}

/// The one text of a kind; several that differ are none.
fn only<'a>(found: &'a [Found<String>], what: &str, notes: &mut Vec<String>) -> Option<&'a str> {
    let first = found.first()?;
    if found.iter().all(|other| is_same(&first.what, &other.what)) {
        return Some(&first.what);
    }
    let files: Vec<&str> = found.iter().map(|found| found.file.as_str()).collect();
    notes.push(format!("{}: not used, these {what} differ", files.join(", ")));
    None
}

fn is_same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || (value(one).is_some() && value(one) == value(other))
}

/// A role's policies don't say whose they are; the file's name may.
fn attach_policies(loose: &Loose, facts: &mut Facts, notes: &mut Vec<String>) {
    for found in &loose.policies {
        let name = found.file.rsplit(['/', '\\']).next().unwrap_or_default();
        let mut roles = facts.inventory.roles.items.iter_mut();
        let role = roles.find(|role| !role.role_name.is_empty() && name.contains(&role.role_name));
        match role {
            Some(role) if role.attached_policies.is_none() => {
                role.attached_policies = Some(found.what.clone());
            }
            Some(_) => {}
            None => notes.push(format!(
                "{}: policies of a role, but not of which; put the name of a role that was \
                 delivered into the file's name",
                found.file
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_may_say_which_end() {
        for (file, role) in [
            ("from/customer/target-grants.txt", Some(Role::Target)),
            ("source.txt", Some(Role::Source)),
            ("C:\\\\x\\\\SOURCE_tls.txt", Some(Role::Source)),
            ("source-to-target.txt", None),
            ("targets.txt", None),
            ("source/grants.txt", None),
        ] {
            assert_eq!(hint(file), role, "{file}");
        }
    }

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(is_for("*.a.example", "x.A.example."));
        assert!(!is_for("*.a.example", "y.x.a.example"));
        assert!(!is_for("*.a.example", "a.example"));
        assert!(is_for("db.example", "db.example"));
    }
}

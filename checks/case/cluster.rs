//! What is known of the cluster of a migration: what was asked lies over what was seen, and both over
//! what the host name gives away.

use crate::{
    facts::{
        Assumption, Cluster, Fact, Facts, Gap, PathKind, Role, Tier, Unlock,
        cluster::{AccessEntry, HostName},
        inventory::dms::Endpoint,
    },
    migration::{Migration, Side},
};

/// The cluster of a migration.
#[derive(Clone, Debug)]
pub struct ClusterView {
    /// Which side it is.
    pub role: Fact<Role>,
    /// Its host name.
    pub host: Fact<String>,
    /// Its port.
    pub port: Fact<u16>,
    /// Its tier.
    pub tier: Fact<Tier>,
    /// How it is reached.
    pub path: Fact<PathKind>,
    /// Its region.
    pub region: Fact<String>,
    /// Its IP access list.
    pub access_list: Fact<Vec<AccessEntry>>,
    /// Whether its public endpoint is on.
    pub public_endpoint: Fact<bool>,
    /// What was taken as given.
    pub assumptions: Vec<Assumption>,
}

/// The host of an endpoint, which may stand in two places, or in its secret.
pub(super) fn server_name<'a>(facts: &'a Facts, endpoint: &'a Endpoint) -> Option<&'a str> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint
        .server_name
        .as_deref()
        .or_else(|| settings.and_then(|settings| settings.server_name.as_deref()))
        .filter(|host| !host.is_empty())
        .or_else(|| facts.secret_of(endpoint)?.host.as_deref())
}

/// The port of an endpoint, which may stand in two places, or in its secret.
pub(super) fn port(facts: &Facts, endpoint: &Endpoint) -> Option<u16> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint
        .port
        .or_else(|| settings.and_then(|settings| settings.port))
        .or_else(|| facts.secret_of(endpoint)?.port)
}

impl ClusterView {
    pub(super) fn new(facts: &Facts, migration: &Migration<'_>) -> Self {
        let mut assumptions = Vec::new();
        let role = role(facts, migration);
        let side = role.known().map(|role| match role {
            Role::Source => &migration.source,
            Role::Target => &migration.target,
        });
        let endpoint = side.and_then(Side::endpoint);
        let host = host(facts, side, endpoint);
        let seen = host
            .known()
            .and_then(|host| facts.clusters.iter().find(|cluster| cluster.host == *host));
        let name = host.known().and_then(|host| HostName::read(host));
        let name = name.as_ref();
        let port = port_fact(facts, migration, endpoint, &host, &mut assumptions);
        let tier = pick(
            facts.asked.tidb_tier,
            seen.and_then(|cluster| cluster.tier.as_ref()),
            name.and_then(|name| name.tier),
            || Gap::new("the cluster's tier", "its host name doesn't tell", flag("--tidb-tier")),
        );
        let path = pick(facts.asked.path, None, name.and_then(|name| name.path), || {
            Gap::new("the kind of path", "the cluster's host name doesn't tell", flag("--path"))
        });
        let region = pick(
            None,
            seen.and_then(|cluster| cluster.region.as_ref()),
            name.and_then(|name| name.region.clone()),
            || {
                Gap::new(
                    "the cluster's region",
                    "its host name doesn't tell",
                    Unlock::File("what the TiDB Cloud API says of the cluster".into()),
                )
            },
        );
        let access_list = pick(
            facts.asked.ip_access_list.clone(),
            seen.and_then(|cluster| cluster.access_list.as_ref()),
            None,
            || Gap::new("the cluster's IP access list", "not delivered", flag("--ip-access-list")),
        );
        let public_endpoint = public_endpoint(facts, seen, &host, &mut assumptions);
        Self { role, host, port, tier, path, region, access_list, public_endpoint, assumptions }
    }

    /// The host where it is known, for sentences.
    pub fn name(&self) -> &str {
        self.host.known().map_or("the cluster", String::as_str)
    }

    pub(super) fn describe(&self) -> String {
        let host = self.host.known().map_or("TiDB Cloud, host not named", String::as_str);
        match self.port.known() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

fn flag(name: &str) -> Unlock {
    Unlock::Flag(name.into())
}

/// What was asked, else what was seen, else what the name gives away.
fn pick<T: Clone>(
    asked: Option<T>,
    seen: Option<&Fact<T>>,
    hint: Option<T>,
    gap: impl FnOnce() -> Gap,
) -> Fact<T> {
    match (asked, seen, hint) {
        (Some(value), _, _) | (None, None | Some(Fact::Unknown(_)), Some(value)) => {
            Fact::Known(value)
        }
        (None, Some(seen), _) => seen.clone(),
        (None, None, None) => Fact::Unknown(gap()),
    }
}

/// Which side is TiDB: what was asked, else the one whose host name is TiDB Cloud's.
fn role(facts: &Facts, migration: &Migration<'_>) -> Fact<Role> {
    if let Some(role) = facts.asked.tidb_as {
        return Fact::Known(role);
    }
    let is_tidb = |side: &Side<'_>| {
        side.endpoint().and_then(|endpoint| server_name(facts, endpoint)).is_some_and(|host| {
            HostName::read(host).is_some()
                || facts
                    .asked
                    .tidb_host
                    .as_deref()
                    .is_some_and(|asked| asked.eq_ignore_ascii_case(host))
        })
    };
    match (is_tidb(&migration.source), is_tidb(&migration.target)) {
        (false, true) => Fact::Known(Role::Target),
        (true, false) => Fact::Known(Role::Source),
        (true, true) => Fact::Unknown(Gap::new(
            "which side is TiDB",
            "both endpoints are TiDB Cloud's: judge one, then the other",
            flag("--tidb-as"),
        )),
        (false, false) => Fact::Unknown(Gap::new(
            "which side is TiDB",
            "no endpoint that was seen has a host name of TiDB Cloud's",
            flag("--tidb-as"),
        )),
    }
}

fn host(facts: &Facts, side: Option<&Side<'_>>, endpoint: Option<&Endpoint>) -> Fact<String> {
    if let Some(host) = &facts.asked.tidb_host {
        return Fact::Known(host.clone());
    }
    if let Some(host) = endpoint.and_then(|endpoint| server_name(facts, endpoint)) {
        return Fact::Known(host.to_owned());
    }
    let secret = endpoint
        .and_then(|endpoint| endpoint.my_sql_settings.as_ref())
        .is_some_and(|settings| settings.secrets_manager_secret_id.is_some());
    Fact::Unknown(match side {
        Some(Side::Unseen(gap)) => gap.clone(),
        _ if secret => Gap::new(
            "the cluster's host name",
            "the endpoint keeps it in a secret",
            flag("--tidb-host"),
        ),
        _ => Gap::new("the cluster's host name", "not named", flag("--tidb-host")),
    })
}

fn port_fact(
    facts: &Facts,
    migration: &Migration<'_>,
    endpoint: Option<&Endpoint>,
    host: &Fact<String>,
    assumptions: &mut Vec<Assumption>,
) -> Fact<u16> {
    if let Some(port) = facts.asked.tidb_port.or_else(|| port(facts, endpoint?)) {
        return Fact::Known(port);
    }
    // An endpoint that wasn't seen, or not seen to be the cluster's, may have another port.
    let named =
        [&migration.source, &migration.target].iter().any(|side| !matches!(side, Side::NotNamed));
    if endpoint.is_some() || (named && facts.asked.tidb_host.is_none()) {
        return Fact::Unknown(Gap::new(
            "the cluster's port",
            "no endpoint that was seen shows it",
            flag("--tidb-port"),
        ));
    }
    assumptions.push(Assumption::new(
        host.known().map_or("the cluster", String::as_str),
        "the port is 4000",
        "no port was given; 4000 is TiDB Cloud's default",
    ));
    Fact::Known(4000)
}

fn public_endpoint(
    facts: &Facts,
    seen: Option<&Cluster>,
    host: &Fact<String>,
    assumptions: &mut Vec<Assumption>,
) -> Fact<bool> {
    match seen.and_then(|cluster| cluster.public_endpoint_enabled.as_ref()) {
        Some(Fact::Known(on)) => Fact::Known(*on),
        _ if facts.asked.ip_access_list.as_ref().is_some_and(|list| !list.is_empty()) => {
            // Whoever read the list off the console saw the public endpoint's page.
            assumptions.push(Assumption::new(
                host.known().map_or("the cluster", String::as_str),
                "the public endpoint is on",
                "an IP access list was given for it",
            ));
            Fact::Known(true)
        }
        Some(Fact::Unknown(gap)) => Fact::Unknown(gap.clone()),
        None => Fact::Unknown(Gap::new(
            "the cluster's public endpoint",
            "whether it is on was not delivered",
            flag("--ip-access-list"),
        )),
    }
}

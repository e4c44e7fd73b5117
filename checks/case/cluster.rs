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

/// The port of the gateways that Starter and Essential clusters share.
pub(crate) const GATEWAY_PORT: u16 = 4000;

/// What DMS fills in for a MySQL endpoint.
pub(crate) const MYSQL_PORT: u16 = 3306;

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
pub(crate) fn server_name<'a>(facts: &'a Facts, endpoint: &'a Endpoint) -> Option<&'a str> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint
        .server_name
        .as_deref()
        .or_else(|| settings.and_then(|settings| settings.server_name.as_deref()))
        // The check of the host tells of a blank that was pasted along.
        .map(str::trim)
        .filter(|host| !host.is_empty())
        .or_else(|| facts.secret_of(endpoint)?.host.as_deref())
}

/// The port of an endpoint, which may stand in two places, or in its secret.
pub(crate) fn port(facts: &Facts, endpoint: &Endpoint) -> Option<u16> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint
        .port
        .or_else(|| settings.and_then(|settings| settings.port))
        .or_else(|| facts.secret_of(endpoint)?.port)
}

/// Why something isn't known of an endpoint that keeps it in a secret.
pub(crate) fn in_secret(facts: &Facts, endpoint: &Endpoint, what: &str) -> Option<Gap> {
    let settings = endpoint.my_sql_settings.as_ref()?;
    let secret = settings.secrets_manager_secret_id.as_deref()?;
    let name = endpoint.endpoint_identifier.as_deref().unwrap_or(&endpoint.endpoint_arn);
    Some(if facts.secret_of(endpoint).is_some() {
        Gap::new(secret, format!("it doesn't hold the {what} of {name}"), Unlock::Nothing)
    } else {
        Gap::new(
            secret,
            format!("it holds the {what} of {name}, and nobody read it"),
            Unlock::IamAction("secretsmanager:GetSecretValue".into()),
        )
    })
}

impl ClusterView {
    pub(super) fn new(facts: &Facts, migration: &Migration<'_>) -> Self {
        let mut assumptions = Vec::new();
        let role = role(facts, migration);
        let side = role.known().map(|role| match role {
            Role::Source => &migration.source,
            Role::Target => &migration.target,
        });
        let host = host(facts, migration, &role, side);
        let seen = host.known().and_then(|host| facts.cluster(host));
        let name = host.known().and_then(|host| HostName::read(host));
        let name = name.as_ref();
        let port = port_fact(facts, migration, &role, &host, &mut assumptions);
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
        (false, false) => {
            let sides = [&migration.source, &migration.target];
            let hidden = sides.into_iter().filter_map(|side| {
                let endpoint = side.endpoint()?;
                let is_named = server_name(facts, endpoint).is_some();
                in_secret(facts, endpoint, "host name").filter(|_| !is_named)
            });
            Fact::Unknown(hidden.into_iter().next().unwrap_or_else(|| {
                Gap::new(
                    "which side is TiDB",
                    "no endpoint that was seen has a host name of TiDB Cloud's",
                    flag("--tidb-as"),
                )
            }))
        }
    }
}

fn host(
    facts: &Facts,
    migration: &Migration<'_>,
    role: &Fact<Role>,
    side: Option<&Side<'_>>,
) -> Fact<String> {
    if let Some(host) = &facts.asked.tidb_host {
        return Fact::Known(host.clone());
    }
    let endpoint = side.and_then(Side::endpoint);
    if let Some(host) = endpoint.and_then(|endpoint| server_name(facts, endpoint)) {
        return Fact::Known(host.to_owned());
    }
    let in_secret = endpoint.and_then(|endpoint| in_secret(facts, endpoint, "host name"));
    Fact::Unknown(match (side, in_secret) {
        (Some(Side::Unseen(gap)), _) => gap.clone(),
        (_, Some(gap)) => gap,
        _ => which_side(migration, role).unwrap_or_else(|| {
            Gap::new("the cluster's host name", "not named", flag("--tidb-host"))
        }),
    })
}

/// Where both endpoints were seen, all that isn't known of the cluster is which of them it is.
fn which_side(migration: &Migration<'_>, role: &Fact<Role>) -> Option<Gap> {
    let both = migration.source.endpoint().is_some() && migration.target.endpoint().is_some();
    match role {
        Fact::Unknown(gap) if both => Some(gap.clone()),
        _ => None,
    }
}

/// The port that the cluster listens on, as far as anybody said; else the one that DMS connects to.
fn port_fact(
    facts: &Facts,
    migration: &Migration<'_>,
    role: &Fact<Role>,
    host: &Fact<String>,
    assumptions: &mut Vec<Assumption>,
) -> Fact<u16> {
    let endpoint = role.known().and_then(|role| match role {
        Role::Source => migration.source.endpoint(),
        Role::Target => migration.target.endpoint(),
    });
    if let Some(port) =
        facts.asked.tidb_port.or_else(|| listens_on(facts, host)).or_else(|| port(facts, endpoint?))
    {
        return Fact::Known(port);
    }
    if let Some(gap) = endpoint
        .and_then(|endpoint| in_secret(facts, endpoint, "port"))
        .or_else(|| which_side(migration, role).filter(|_| facts.asked.tidb_host.is_none()))
    {
        return Fact::Unknown(gap);
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

/// The port that TiDB Cloud says that the cluster listens on; the shared gateways have one alone.
fn listens_on(facts: &Facts, host: &Fact<String>) -> Option<u16> {
    let host = host.known()?;
    let seen = facts.cluster(host).and_then(|cluster| cluster.port.as_ref()?.known().copied());
    let is_gateway = || HostName::read(host)?.tier.filter(|tier| tier.is_shared_gateway());
    seen.or_else(|| is_gateway().map(|_| GATEWAY_PORT))
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

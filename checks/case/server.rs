//! One end of a migration as a server that speaks MySQL: where it is, and what probes showed of it.

use std::{cell::OnceCell, net::IpAddr};

use crate::{
    facts::{
        Fact, Facts, Gap, Look, Lookup, PathKind, Probe, Role, Unlock,
        inventory::dms::Endpoint,
        probe::{DnsOutcome, LoginOutcome, MysqlSession, Vantage},
    },
    migration::Side,
    path::Addresses,
};

use super::{Case, cluster, verification::Verification};

/// One end of a migration.
#[derive(Debug)]
pub struct Server<'a> {
    /// Which end.
    pub role: Role,
    /// The DMS endpoint, where it was seen.
    pub endpoint: Option<&'a Endpoint>,
    /// Whether it is the TiDB Cloud cluster; not known where no host name was seen.
    pub is_tidb: Fact<bool>,
    /// Whether DMS speaks MySQL with it.
    pub speaks_mysql: Fact<bool>,
    /// Its name for sentences: the endpoint's identifier, or the host.
    pub name: String,
    /// The host that DMS connects to, in lower case, without a final dot.
    pub host: Fact<String>,
    /// The port.
    pub port: Fact<u16>,
    /// The user that DMS logs in as.
    pub user: Fact<String>,
    /// The SSL mode, behind the place where it stands: the endpoint's ARN, or `asked`.
    pub ssl_mode: Fact<(String, String)>,
    /// What was seen of it, looks from a seat before looks from elsewhere.
    pub probes: Vec<&'a Probe>,
    /// What DMS would make of its certificates, judged once.
    pub(crate) verification: OnceCell<Verification>,
}

/// A value that a probe saw, and the probe, which says from where.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a, T> {
    /// The value.
    pub value: &'a T,
    /// The probe.
    pub probe: &'a Probe,
}

impl<'a> Server<'a> {
    pub(super) fn new(case: &Case<'a>, role: Role) -> Self {
        let side = case.side(role);
        let endpoint = side.endpoint();
        let is_cluster = case.cluster.role.known() == Some(&role);
        // A secret has the first three; the rest stands on the endpoint itself.
        let in_secret = |endpoint: &Endpoint, what: &str| {
            let is_there = matches!(what, "host name" | "port" | "user");
            is_there.then(|| cluster::in_secret(case.facts, endpoint, what)).flatten()
        };
        let unseen = |what: &str| match side {
            Side::Unseen(gap) => gap.clone(),
            Side::Seen(endpoint) => in_secret(endpoint, what).unwrap_or_else(|| {
                Gap::new(
                    &endpoint.endpoint_arn,
                    format!("its {what} was not delivered"),
                    Unlock::IamAction("dms:DescribeEndpoints".into()),
                )
            }),
            Side::NotNamed => Gap::new(
                format!("the {} endpoint", role.as_str()),
                format!("its {what} was not given"),
                Unlock::Flag(format!("--{}-endpoint", role.as_str())),
            ),
        };
        let host = if is_cluster {
            case.cluster.host.clone()
        } else {
            match endpoint.and_then(|endpoint| cluster::server_name(case.facts, endpoint)) {
                Some(host) => Fact::Known(host.to_owned()),
                None => Fact::Unknown(unseen("host name")),
            }
        };
        let host = match host {
            Fact::Known(host) => Fact::Known(host.trim_end_matches('.').to_ascii_lowercase()),
            unknown @ Fact::Unknown(_) => unknown,
        };
        let port = if is_cluster {
            case.cluster.port.clone()
        } else {
            match endpoint.and_then(|endpoint| cluster::port(case.facts, endpoint)) {
                Some(port) => Fact::Known(port),
                None => Fact::Unknown(unseen("port")),
            }
        };
        let ssl_mode = ssl_mode(case, side, endpoint, is_cluster, role);
        let asked = case.facts.asked.tidb_user.as_deref().filter(|_| is_cluster);
        let user = match asked.or_else(|| user_name(case.facts, endpoint?)) {
            Some(user) => Fact::Known(user.to_owned()),
            None => Fact::Unknown(unseen("user")),
        };
        let speaks_mysql = match endpoint.and_then(|endpoint| endpoint.engine_name.as_deref()) {
            Some(engine) => Fact::Known(is_mysql(engine)),
            None if is_cluster => Fact::Known(true),
            None => Fact::Unknown(unseen("engine")),
        };
        let is_tidb = match &case.cluster.role {
            Fact::Known(_) => Fact::Known(is_cluster),
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        };
        let name = endpoint
            .and_then(|endpoint| endpoint.endpoint_identifier.clone())
            .or_else(|| host.known().cloned())
            .unwrap_or_else(|| role.as_str().to_owned());
        let probes = probes(case.facts, role, host.known(), port.known());
        let verification = OnceCell::new();
        Self {
            role,
            endpoint,
            is_tidb,
            speaks_mysql,
            name,
            host,
            port,
            user,
            ssl_mode,
            probes,
            verification,
        }
    }

    /// Whether it is the TiDB Cloud cluster, as far as is known.
    pub fn is_cluster(&self) -> bool {
        self.is_tidb.known() == Some(&true)
    }

    /// The best look at something: the first that saw it, else the first gap, else a gap of our own.
    pub fn look<T>(
        &self,
        what: &str,
        of: impl Fn(&'a Probe) -> Option<&'a Look<T>>,
    ) -> Fact<Seen<'a, T>> {
        self.look_among(&self.probes, what, of, &self.unlook())
    }

    /// The best look at what a session of the user showed that DMS logs in as. What another user saw
    /// is no answer: accounts differ.
    pub fn session<T>(
        &self,
        what: &str,
        of: impl Fn(&'a MysqlSession) -> Option<&'a Look<T>>,
    ) -> Fact<Seen<'a, T>> {
        let user = self.user.known();
        let probes: Vec<&'a Probe> = self
            .probes
            .iter()
            .copied()
            .filter(|probe| match (user, &probe.user) {
                (Some(user), Some(seen)) => user == seen,
                _ => true,
            })
            .collect();
        self.look_among(&probes, what, |probe| of(&probe.session), &Unlock::Login(self.role))
    }

    /// The best look at what any session showed, whoever logged in: the server's own settings.
    pub fn setting<T>(
        &self,
        what: &str,
        of: impl Fn(&'a MysqlSession) -> Option<&'a Look<T>>,
    ) -> Fact<Seen<'a, T>> {
        self.look_among(&self.probes, what, |probe| of(&probe.session), &Unlock::Login(self.role))
    }

    /// A variable of a new session; `Known(None)` where the server has none of that name.
    pub fn variable(&self, name: &str) -> Fact<Option<&'a str>> {
        match self.setting(name, |session| session.variables.as_ref()) {
            Fact::Known(seen) => Fact::Known(seen.value.get(name).map(String::as_str)),
            Fact::Unknown(gap) => Fact::Unknown(gap),
        }
    }

    /// What probes show of the server itself, the best first. `of` answers with a value, with the reason
    /// why a probe shows none, or with nothing where it didn't look. What may have been another server
    /// of this name doesn't count.
    pub fn witness<T>(
        &self,
        case: &Case<'_>,
        what: &str,
        of: impl Fn(&'a Probe) -> Option<Result<T, Gap>>,
    ) -> Fact<(T, &'a Probe)> {
        let mut gap = None;
        for &probe in &self.probes {
            let Some(seen) = of(probe) else { continue };
            match self.is_met_by(case, probe).and(seen) {
                Ok(value) => return Fact::Known((value, probe)),
                Err(unseen) => gap = gap.or(Some(unseen)),
            }
        }
        Fact::Unknown(match (gap, &self.host) {
            (Some(gap), _) => gap,
            (None, Fact::Unknown(gap)) => gap.clone(),
            (None, Fact::Known(_)) => {
                Gap::new(format!("{what} of {}", self.name), "nobody looked", self.unlook())
            }
        })
    }

    /// Whether a probe met the server that DMS would meet: from a seat, or under a name that leads
    /// everywhere to the same public address. A private name may be another server's elsewhere, unless
    /// that one has proved its name before it let the user in.
    fn is_met_by(&self, case: &Case<'_>, probe: &Probe) -> Result<(), Gap> {
        if is_seat(case, &probe.vantage) {
            return Ok(());
        }
        let path = case.path_kind().filter(|_| self.is_cluster());
        let is_public = match path {
            Some(kind) => kind == PathKind::Public,
            None => leads_to_public_addresses(probe),
        };
        let login = probe.login.as_ref().and_then(|login| login.seen.known());
        let is_proved = matches!(login, Some(LoginOutcome::Accepted { danger_unverified: false }));
        if is_public || is_proved {
            return Ok(());
        }
        // Whether it is one of the replication's subnets may be what wasn't seen.
        if let Vantage::Seat(subnet) = &probe.vantage {
            if let Fact::Unknown(gap) = &case.seats {
                return Err(gap.clone());
            }
            if let Lookup::Unseen(gap) = case.index.subnet(subnet) {
                return Err(gap);
            }
        }
        let (host, port) = (&probe.host, probe.port);
        Err(Gap::new(
            format!("{host}:{port}"),
            "it was seen from outside the replication's subnets, where a private name may lead to \
             another server",
            Unlock::Vantage(format!(
                "a subnet of the replication, with `tidb-dms probe {host}:{port} --seat SUBNET`"
            )),
        ))
    }

    /// The resource that evidence names: the endpoint's ARN, or the host.
    pub fn resource(&self) -> &str {
        match (self.endpoint, &self.host) {
            (Some(endpoint), _) => &endpoint.endpoint_arn,
            (None, Fact::Known(host)) => host,
            (None, Fact::Unknown(_)) => self.role.as_str(),
        }
    }

    /// What lets us look at it without logging in.
    pub(crate) fn unlook(&self) -> Unlock {
        let place = match (self.host.known(), self.port.known()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.clone(),
            (None, _) => return Unlock::Flag(format!("--{}-endpoint", self.role.as_str())),
        };
        Unlock::Vantage(format!("a place that reaches it, with `tidb-dms probe {place}`"))
    }

    fn look_among<T>(
        &self,
        probes: &[&'a Probe],
        what: &str,
        of: impl Fn(&'a Probe) -> Option<&'a Look<T>>,
        unlock: &Unlock,
    ) -> Fact<Seen<'a, T>> {
        let mut gap = None;
        for &probe in probes {
            let Some(look) = of(probe) else { continue };
            match &look.seen {
                Fact::Known(value) => return Fact::Known(Seen { value, probe }),
                Fact::Unknown(unknown) => gap = gap.or(Some(unknown)),
            }
        }
        Fact::Unknown(match (gap, &self.host) {
            (Some(gap), _) | (None, Fact::Unknown(gap)) => gap.clone(),
            (None, Fact::Known(_)) => {
                let reason =
                    if probes.iter().any(was_kept_out) { "nobody got in" } else { "nobody looked" };
                Gap::new(format!("{what} of {}", self.name), reason, unlock.clone())
            }
        })
    }
}

/// Whether a probe wanted to log in, and couldn't.
fn was_kept_out(probe: &&Probe) -> bool {
    let login = probe.login.as_ref().map(|look| look.seen.known());
    login.is_some_and(|seen| !matches!(seen, Some(LoginOutcome::Accepted { .. })))
}

/// Whether somebody looked from a subnet of the replication's, or from one beside it in its VPC.
pub(crate) fn is_seat(case: &Case<'_>, vantage: &Vantage) -> bool {
    let Vantage::Seat(subnet) = vantage else {
        return false;
    };
    let is_own = case.seats.known().into_iter().flatten().any(|seat| seat.id == *subnet);
    let vpc = || match case.index.subnet(subnet) {
        Lookup::Found(subnet) => Some(subnet.vpc_id.as_str()),
        _ => None,
    };
    is_own || (case.vpc().is_some() && case.vpc() == vpc())
}

fn leads_to_public_addresses(probe: &Probe) -> bool {
    let is_public = |address: &IpAddr| match address {
        IpAddr::V4(address) => Addresses::one(*address).is_public(),
        IpAddr::V6(_) => false,
    };
    if let Ok(address) = probe.host.parse() {
        return is_public(&address);
    }
    match probe.dns.as_ref().and_then(|look| look.seen.known()) {
        Some(DnsOutcome::Answer(answer)) => answer.addresses.iter().all(is_public),
        _ => false,
    }
}

/// What DMS does about TLS, and where that is said: what was asked of the cluster, else the endpoint.
fn ssl_mode(
    case: &Case<'_>,
    side: &Side<'_>,
    endpoint: Option<&Endpoint>,
    is_cluster: bool,
    role: Role,
) -> Fact<(String, String)> {
    if let Some(mode) = case.facts.asked.ssl_mode.as_ref().filter(|_| is_cluster) {
        return Fact::Known(("asked".into(), mode.clone()));
    }
    let unlock = if is_cluster {
        Unlock::Flag("--ssl-mode".into())
    } else {
        Unlock::IamAction("dms:DescribeEndpoints".into())
    };
    let not_given = |about: String| Gap::new(about, "its SSL mode was not delivered", unlock);
    match (side, endpoint) {
        (Side::Unseen(gap), _) => Fact::Unknown(gap.clone()),
        (_, Some(endpoint)) => match &endpoint.ssl_mode {
            Some(mode) => Fact::Known((endpoint.endpoint_arn.clone(), mode.clone())),
            None => Fact::Unknown(not_given(endpoint.endpoint_arn.clone())),
        },
        _ if is_cluster => Fact::Unknown(not_given("the DMS endpoint of the cluster".into())),
        _ => Fact::Unknown(not_given(format!("the DMS {} endpoint", role.as_str()))),
    }
}

/// The probes of a place that were not meant for the other end.
fn probes<'a>(
    facts: &'a Facts,
    role: Role,
    host: Option<&String>,
    port: Option<&u16>,
) -> Vec<&'a Probe> {
    let mut probes: Vec<&Probe> = facts
        .probes
        .iter()
        .filter(|probe| {
            Some(&probe.host) == host
                && Some(&probe.port) == port
                && probe.role.is_none_or(|meant| meant == role)
        })
        .collect();
    // Stable: among equals the order of the facts stays.
    probes.sort_by_key(|probe| (probe.role.is_none(), probe.vantage == Vantage::Elsewhere));
    probes
}

/// The user of an endpoint, which may stand in two places, or in its secret.
fn user_name<'a>(facts: &'a Facts, endpoint: &'a Endpoint) -> Option<&'a str> {
    let settings = endpoint.my_sql_settings.as_ref();
    endpoint
        .username
        .as_deref()
        .or_else(|| settings.and_then(|settings| settings.username.as_deref()))
        .filter(|user| !user.is_empty())
        .or_else(|| facts.secret_of(endpoint)?.username.as_deref())
}

/// Whether an engine of DMS speaks MySQL.
pub(crate) fn is_mysql(engine: &str) -> bool {
    matches!(engine.to_ascii_lowercase().as_str(), "mysql" | "mariadb" | "aurora" | "aurora-mysql")
}

/// Whether a host is one that RDS or Aurora gave.
pub fn is_rds(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.ends_with(".rds.amazonaws.com") || host.ends_with(".rds.amazonaws.com.cn")
}

/// Whether a `version_comment` is one that RDS has, which others may have too: it tells a server of RDS
/// that hides behind a name of one's own.
pub fn is_rds_build(comment: &str) -> bool {
    comment == "Source distribution" || comment.contains("aws.amazon.com/rds")
}

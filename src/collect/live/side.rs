//! What there is to probe at one end of a migration, as far as the facts tell.

use tidb_dms_checks::{
    case::{Case, Server},
    facts::{Asked, Facts, Gap, Index, Role, Tier, Unlock, cluster::HostName},
    migration::select,
};

use super::Authorities;
use crate::collect::probe::{NoCertificate, Trust, no_ca};

/// TiDB Cloud's port, where nothing names another.
const PORT: u16 = 4000;

/// One end of a migration as something to log in to.
#[derive(Debug)]
pub(super) struct Side {
    /// The host, where an endpoint or a flag names it.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The user that DMS logs in as.
    pub user: Option<String>,
    /// The secret that its DMS endpoint names.
    pub secret: Option<String>,
    /// What it is verified with.
    pub trust: Result<Trust, Gap>,
}

/// Host and port of the cluster where flags alone tell both, so that nobody waits for AWS to say so.
pub(super) fn at_once(asked: &Asked, role: Role) -> Option<(String, u16)> {
    // Which end it is may be one that AWS has to name.
    let is_this = match asked.tidb_as {
        Some(side) => side == role,
        None => role == Role::Target && names_nothing(asked),
    };
    let host = asked.tidb_host.clone().filter(|_| is_this)?;
    let port = asked.tidb_port.or_else(|| names_nothing(asked).then_some(PORT))?;
    Some((host, port))
}

/// Whether nothing of DMS is named, whose endpoints could say otherwise.
const fn names_nothing(asked: &Asked) -> bool {
    asked.task.is_none()
        && asked.replication_instance.is_none()
        && asked.replication_config.is_none()
        && asked.source_endpoint.is_none()
        && asked.target_endpoint.is_none()
}

/// An end of the migration that the facts hold, or why there is nothing to probe.
pub(super) fn of(facts: &Facts, role: Role, authorities: &Authorities) -> Result<Side, String> {
    let index = Index::new(&facts.inventory);
    let migration = match select(facts, &index) {
        Ok(migration) => migration,
        Err(error) => return of_flags(&facts.asked, role, authorities).ok_or(error.to_string()),
    };
    let case = Case::new(facts, &index, migration);
    let servers = case.servers();
    let Some(server) = servers.into_iter().find(|server| server.role == role) else {
        return Err("no endpoint is named".into());
    };
    if server.speaks_mysql.known() == Some(&false) {
        return Err("its engine doesn't speak MySQL".into());
    }
    let is_tidb = server.is_tidb.known() == Some(&true);
    let shared_gateway = is_tidb
        && case
            .cluster
            .tier
            .known()
            .copied()
            .or_else(|| HostName::read(server.host.known()?)?.tier)
            .is_some_and(Tier::is_shared_gateway);
    Ok(Side {
        host: server.host.known().cloned(),
        port: server.port.known().copied(),
        user: server.user.known().cloned(),
        secret: server
            .endpoint
            .and_then(|endpoint| endpoint.my_sql_settings.as_ref())
            .and_then(|settings| settings.secrets_manager_secret_id.clone()),
        trust: trust(&index, &server, is_tidb, shared_gateway, authorities),
    })
}

/// The cluster as flags describe it, where there is no migration to be had.
fn of_flags(asked: &Asked, role: Role, authorities: &Authorities) -> Option<Side> {
    let (host, port) = at_once(asked, role)?;
    let shared_gateway =
        HostName::read(&host).and_then(|name| name.tier).is_some_and(Tier::is_shared_gateway);
    let trust = match &authorities.cluster {
        Some(trust) => Ok(trust.clone()),
        None if shared_gateway => isrg(),
        None => Err(no_ca("--ca")),
    };
    let (host, port) = (Some(host), Some(port));
    Some(Side { host, port, user: asked.tidb_user.clone(), secret: None, trust })
}

/// The one CA: what was given, else the certificate that the DMS endpoint names, else that of a
/// shared gateway.
fn trust(
    index: &Index<'_>,
    server: &Server<'_>,
    is_tidb: bool,
    shared_gateway: bool,
    authorities: &Authorities,
) -> Result<Trust, Gap> {
    let (given, flag) =
        if is_tidb { (&authorities.cluster, "--ca") } else { (&authorities.other, "--other-ca") };
    if let Some(trust) = given {
        return Ok(trust.clone());
    }
    let gap = |about: &str, reason: String| Gap::new(about, reason, Unlock::Flag(flag.into()));
    if let Some(arn) = server.endpoint.and_then(|endpoint| endpoint.certificate_arn.as_deref()) {
        let certificate = index.certificate(arn).or_gap(arn, "Certificates")?;
        let name = certificate.certificate_identifier.as_deref().unwrap_or(arn);
        let Some(pem) = &certificate.certificate_pem else {
            return Err(gap(name, "its PEM text was not delivered; a wallet isn't read".into()));
        };
        return Trust::from_pem(name, pem).map_err(|error| gap(name, error.to_string()));
    }
    if shared_gateway { isrg() } else { Err(no_ca(flag)) }
}

fn isrg() -> Result<Trust, Gap> {
    Trust::isrg_root_x1().map_err(|error: NoCertificate| {
        Gap::new("ISRG Root X1", error.to_string(), Unlock::Flag("--ca".into()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STARTER: &str = "gateway01.us-east-1.prod.aws.tidbcloud.com";

    fn asked(json: serde_json::Value) -> Asked {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn flags_alone_tell_where_the_cluster_is() {
        let dedicated = "tidb.x.clusters.tidb-cloud.com";
        for (flags, role, port) in [
            (json!({"tidb_host": dedicated, "tidb_as": "target"}), Role::Target, Some(4000)),
            (json!({"tidb_host": dedicated, "tidb_as": "target"}), Role::Source, None),
            (json!({"tidb_host": dedicated}), Role::Target, Some(4000)),
            (json!({"tidb_host": dedicated, "tidb_port": 3306}), Role::Target, Some(3306)),
            // AWS may say which end it is, and which port it has.
            (json!({"tidb_host": dedicated, "task": "orders"}), Role::Target, None),
            (
                json!({"tidb_host": dedicated, "task": "orders", "tidb_as": "target"}),
                Role::Target,
                None,
            ),
            (
                json!({"tidb_host": dedicated, "task": "orders", "tidb_as": "target",
                    "tidb_port": 4000}),
                Role::Target,
                Some(4000),
            ),
            (json!({"tidb_as": "target"}), Role::Target, None),
        ] {
            let found = at_once(&asked(flags.clone()), role).map(|(_, port)| port);
            assert_eq!(found, port, "{flags} {role:?}");
        }
    }

    fn facts(certificate: &serde_json::Value, engine: &str, host: &str) -> Facts {
        serde_json::from_value(json!({
            "version": 1,
            "taken_at": "2026-11-24T10:00:00Z",
            "inventory": {
                "ReplicationTasks": [{"ReplicationTaskArn": "arn:task", "SourceEndpointArn": "arn:s",
                    "TargetEndpointArn": "arn:t"}],
                "Endpoints": [
                    {"EndpointArn": "arn:s", "EngineName": engine, "ServerName": "db.example",
                        "Port": 3306, "Username": "reader"},
                    {"EndpointArn": "arn:t", "EngineName": "mysql", "ServerName": host,
                        "Port": 4000, "Username": "dms", "CertificateArn": "arn:c"},
                ],
                "Certificates": [certificate],
            },
        }))
        .unwrap()
    }

    #[test]
    fn an_end_has_the_certificate_that_its_endpoint_names() {
        let isrg = include_str!("../probe/isrg-root-x1.pem");
        let none = Authorities::default();
        let with = |certificate: serde_json::Value| {
            facts(&certificate, "mysql", "tidb.x.clusters.tidb-cloud.com")
        };
        let named = json!({"CertificateArn": "arn:c", "CertificateIdentifier": "ca",
            "CertificatePem": isrg});
        let side = of(&with(named), Role::Target, &none).unwrap();
        assert_eq!(side.trust.unwrap().name, "ca");
        assert_eq!((side.port, side.user.as_deref()), (Some(4000), Some("dms")));
        for certificate in [
            json!({"CertificateArn": "arn:c"}),
            json!({"CertificateArn": "arn:c", "CertificatePem": "nonsense"}),
            json!({"CertificateArn": "arn:other"}),
        ] {
            assert!(of(&with(certificate), Role::Target, &none).unwrap().trust.is_err());
        }
        // What the user names wins; the other end has nothing that would vouch for it.
        let given = Authorities { cluster: Trust::isrg_root_x1().ok(), other: None };
        let unnamed = with(json!({"CertificateArn": "arn:c"}));
        let side = of(&unnamed, Role::Target, &given).unwrap();
        assert_eq!(side.trust.unwrap().name, "ISRG Root X1");
        assert!(of(&unnamed, Role::Source, &given).unwrap().trust.is_err());
    }

    #[test]
    fn a_shared_gateway_has_its_ca_and_other_engines_are_left_alone() {
        let mut facts = facts(&json!({"CertificateArn": "arn:c"}), "oracle", STARTER);
        facts.inventory.endpoints.items[1].certificate_arn = None;
        let none = Authorities::default();
        assert!(of(&facts, Role::Target, &none).unwrap().trust.is_ok());
        assert!(of(&facts, Role::Source, &none).unwrap_err().contains("engine"));
    }
}

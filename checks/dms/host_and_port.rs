//! The endpoint leads to the cluster and to its port.

use crate::{
    case::{
        Case,
        cluster::{MYSQL_PORT, in_secret},
    },
    change::{DmsChange, EndpointFields},
    check::{Check, Judge},
    facts::{Assumption, Fact, Gap, Unlock, cluster::HostName, inventory::dms::Endpoint},
    judgement::Judgement,
    needs,
    severity::Severity,
};

use super::attributes::{port, server_name};

/// What TiDB Cloud listens on, unless a Dedicated cluster was made with another port.
const DEFAULT_PORT: u16 = 4000;

pub(crate) static CHECK: Check = Check {
    id: "dms/host-and-port",
    requirement: "The DMS endpoint names the cluster's host and the cluster's port",
    severity: Severity::Error,
    why: "DMS fills in 3306 for MySQL, and TiDB Cloud listens on 4000: the connection is refused or times out.",
    fix: "Copy host and port from the cluster's Connect dialog into the endpoint.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/tidb-cloud-connect-aws-dms#create-tidb-cloud-dms-endpoints",
        "https://docs.pingcap.com/tidbcloud/connect-via-standard-connection",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let Some(endpoint) = super::of_cluster(j, case) else {
        return;
    };
    if let (Some(seen), None) = (case.facts.secret_of(endpoint), server_name(endpoint)) {
        judge_host(j, case, endpoint, seen.host.as_deref(), true);
        judge_port(j, case, endpoint, seen.port, true);
        return;
    }
    if server_name(endpoint).is_none()
        && let Some(gap) = in_secret(case.facts, endpoint, "host name and port")
    {
        // What the secret lacks is told by the check of secrets.
        j.undecided_at(Severity::Warning);
        j.gap(gap);
        return;
    }
    judge_host(j, case, endpoint, server_name(endpoint), false);
    judge_port(j, case, endpoint, port(endpoint), false);
    judge_both_places(j, endpoint);
}

/// Host and port may stand in two places, where AWS prints the same. Which of two different ones counts
/// isn't documented.
fn judge_both_places(j: &mut Judgement, endpoint: &Endpoint) {
    let Some(settings) = &endpoint.my_sql_settings else {
        return;
    };
    let differ = |one: Option<&str>, other: Option<&str>| match (one, other) {
        (Some(one), Some(other)) => {
            let plain = |host: &str| host.trim().trim_end_matches('.').to_ascii_lowercase();
            (plain(one) != plain(other)).then(|| format!("`{one}` and `{other}`"))
        }
        _ => None,
    };
    let filled = |host: &Option<String>| host.clone().filter(|host| !host.trim().is_empty());
    let (one, other) = (filled(&endpoint.server_name), filled(&settings.server_name));
    let hosts = differ(one.as_deref(), other.as_deref());
    let ports = match (endpoint.port, settings.port) {
        (Some(one), Some(other)) if one != other => Some(format!("{one} and {other}")),
        _ => None,
    };
    for (what, both) in [("hosts", hosts), ("ports", ports)] {
        if let Some(both) = both {
            j.gap(Gap::new(
                endpoint.endpoint_arn.as_str(),
                format!("it names two {what}, {both}: which counts can't be told"),
                Unlock::IamAction("dms:DescribeEndpoints".into()),
            ));
        }
    }
}

fn judge_host(
    j: &mut Judgement,
    case: &Case<'_>,
    endpoint: &Endpoint,
    host: Option<&str>,
    in_secret: bool,
) {
    let arn = endpoint.endpoint_arn.as_str();
    let Some(host) = host else {
        j.gap(super::not_delivered(arn, "host", "dms:DescribeEndpoints"));
        return;
    };
    j.note(arn, "ServerName", host);
    let wanted = case.facts.asked.tidb_host.as_deref();
    let same = |one: &str, other: &str| {
        one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
    };
    let odd = |letter: char| !letter.is_ascii_alphanumeric() && !"-._".contains(letter);
    let message = match wanted {
        _ if host.contains(odd) => format!(
            "The host of {} is `{host}`, which is no host name: no blanks, no scheme, no port",
            super::name(endpoint)
        ),
        Some(wanted) if !same(wanted, host) => {
            format!("{} leads to {host}, not to {wanted}", super::name(endpoint))
        }
        _ => {
            judge_kind(j, case, host);
            return;
        }
    };
    let right = wanted.map(str::to_owned);
    let draft = j.fail(message);
    if in_secret {
        draft.advise("Put the cluster's host into the secret");
    } else if let (Some(region), Some(server)) = (case.region(), right) {
        draft.change(DmsChange::ModifyEndpoint {
            region,
            endpoint: arn.to_owned(),
            fields: EndpointFields { server: Some(server), ..EndpointFields::default() },
        });
    }
}

/// A cluster has one host name for each kind of path. The patterns are hints, so this never fails.
fn judge_kind(j: &mut Judgement, case: &Case<'_>, host: &str) {
    let of_name = HostName::read(host).and_then(|name| name.path);
    let (Some(of_name), Some(asked)) = (of_name, case.facts.asked.path) else {
        return;
    };
    if of_name != asked {
        j.fail(format!(
            "{host} looks like the name for the {}, and the way is to be the {}",
            of_name.name(),
            asked.name()
        ))
        .at(Severity::Warning)
        .advise(format!(
            "Copy the host for the {} from the cluster's Connect dialog",
            asked.name()
        ));
    }
}

fn judge_port(
    j: &mut Judgement,
    case: &Case<'_>,
    endpoint: &Endpoint,
    port: Option<u16>,
    in_secret: bool,
) {
    let arn = endpoint.endpoint_arn.as_str();
    let name = super::name(endpoint);
    let Some(port) = port else {
        j.gap(super::not_delivered(arn, "port", "dms:DescribeEndpoints"));
        return;
    };
    j.note(arn, "Port", port);
    let seen = case
        .cluster
        .host
        .known()
        .and_then(|host| case.facts.cluster(host))
        .and_then(|cluster| cluster.port.clone());
    let shared = case.cluster.tier.known().is_some_and(|tier| tier.is_shared_gateway());
    let wanted = match (case.facts.asked.tidb_port, seen) {
        (Some(asked), _) => asked,
        (None, Some(Fact::Known(seen))) => seen,
        (None, Some(Fact::Unknown(gap))) => {
            j.gap(gap);
            return;
        }
        (None, None) if shared => DEFAULT_PORT,
        (None, None) if port == DEFAULT_PORT => {
            j.assume(Assumption::new(
                case.cluster.name(),
                "it listens on port 4000",
                "that is TiDB Cloud's default, and the cluster's port was not delivered",
            ));
            return;
        }
        (None, None) => {
            // A Dedicated cluster may have been made with any port, 3306 too.
            let unlock = Unlock::Flag("--tidb-port".into());
            let (level, reason) = if port == MYSQL_PORT {
                j.fail(format!(
                    "{name} goes to port 3306, which DMS fills in by itself; TiDB Cloud listens on \
                     4000 unless the cluster was made otherwise"
                ))
                .at(Severity::Warning);
                (Severity::Error, "whether it really listens on 3306 was not delivered")
            } else {
                (Severity::Warning, "which port it listens on was not delivered")
            };
            j.undecided_at(level);
            j.gap(Gap::new(case.cluster.name(), reason, unlock));
            return;
        }
    };
    if port == wanted {
        return;
    }
    let draft = j.fail(format!(
        "{name} goes to port {port}, and {} listens on {wanted}",
        case.cluster.name()
    ));
    if in_secret {
        draft.advise(format!("Put port {wanted} into the secret"));
    } else if let Some(region) = case.region() {
        draft.change(DmsChange::ModifyEndpoint {
            region,
            endpoint: arn.to_owned(),
            fields: EndpointFields { port: Some(wanted), ..EndpointFields::default() },
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const HOST: &str = "/inventory/Endpoints/1/ServerName";
    const PORT: &str = "/inventory/Endpoints/1/Port";

    #[test]
    fn the_port_is_the_cluster_s() {
        let starter =
            [(HOST, json!("gateway01.us-east-1.prod.aws.tidbcloud.com")), (PORT, json!(3306))];
        let unseen =
            json!({"unknown": {"about": "the port", "reason": "denied", "unlock": "nothing"}});
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                // Starter has no other port.
                (&starter, Outcome::Fail, "listens on 4000"),
                // A Dedicated cluster may really have it; nobody knows until it is told.
                (&[(PORT, json!(3306))], Outcome::Unknown, "really listens on 3306"),
                (&[(PORT, json!(3306)), ("/asked/tidb_port", json!(3306))], Outcome::Pass, ""),
                (
                    &[(PORT, json!(3306)), ("/asked/tidb_port", json!(4000))],
                    Outcome::Fail,
                    "listens on 4000",
                ),
                (&[("/clusters/0/port", json!({"known": 4001}))], Outcome::Fail, "4001"),
                (&[("/clusters/0/port", unseen)], Outcome::Unknown, "denied"),
                (&[(PORT, json!(4001))], Outcome::Unknown, "which port"),
                (&[(PORT, json!(null))], Outcome::Unknown, "port was not delivered"),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[(PORT, json!(3306))]).level(), Severity::Error);
    }

    #[test]
    fn the_host_is_the_cluster_s() {
        let asked = "/asked/tidb_host";
        testing::check(
            CHECK.id,
            &[
                (&[(asked, json!("TIDB.abc.clusters.tidb-cloud.com."))], Outcome::Pass, ""),
                (
                    &[
                        (asked, json!("tidb.xyz.clusters.tidb-cloud.com")),
                        ("/asked/tidb_as", json!("target")),
                    ],
                    Outcome::Fail,
                    "not to tidb.xyz",
                ),
                (
                    &[
                        (HOST, json!(" tidb.abc.clusters.tidb-cloud.com")),
                        ("/asked/tidb_as", json!("target")),
                    ],
                    Outcome::Fail,
                    "no host name",
                ),
                (&[("/asked/path", json!("vpc-peering"))], Outcome::Warn, "looks like"),
            ],
        );
    }

    /// A blank that was pasted along, or another letter case, makes no other cluster of it.
    #[test]
    fn however_the_host_is_written_the_cluster_is_known() {
        let blank = [(HOST, json!(" tidb.abc.clusters.tidb-cloud.com "))];
        testing::check(CHECK.id, &[(&blank, Outcome::Fail, "no host name: no blanks")]);
        let upper = (HOST, json!("TiDB.abc.clusters.TiDB-Cloud.com"));
        let list = ("/clusters/0/access_list", json!({"known": ["203.0.113.0/24"]}));
        let changes = [upper, list];
        testing::check("access/list-covers-egress", &[(&changes, Outcome::Fail, "52.1.2.3")]);
    }

    /// What DMS filled in is mended here; nobody opens a way to a port where nothing listens.
    #[test]
    fn the_way_is_judged_for_the_port_that_the_cluster_listens_on() {
        let rules = json!([{"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
        let group = ("/inventory/SecurityGroups/0/IpPermissionsEgress", rules);
        let wrong = (PORT, json!(3306));
        let known = ("/clusters/0/port", json!({"known": 4000}));
        let gateway = (HOST, json!("gateway01.us-east-1.prod.aws.tidbcloud.com"));
        for right in [known, gateway] {
            let changes = [group.clone(), wrong.clone(), right];
            testing::check("network/security-group", &[(&changes, Outcome::Pass, "")]);
            assert_eq!(testing::say(CHECK.id, &changes).outcome(), Outcome::Fail);
        }
        // A Dedicated cluster may listen there: the group is in the way, and the port comes first.
        let said = testing::say("network/security-group", &[group, wrong]);
        assert_eq!(said.outcome(), Outcome::Fail);
        assert!(said.commands().is_empty(), "{:?}", said.commands());
        let advice = &said.rows[0].findings[0].remedy.advice;
        assert!(advice.contains("3306") && advice.contains("dms/host-and-port"), "{advice}");
    }

    #[test]
    fn the_settings_have_host_and_port_too() {
        let settings = json!({"ServerName": "tidb.abc.clusters.tidb-cloud.com", "Port": 4000});
        let changes = [
            (HOST, json!(null)),
            (PORT, json!(null)),
            ("/inventory/Endpoints/1/MySQLSettings", settings),
        ];
        testing::check(CHECK.id, &[(&changes, Outcome::Pass, "")]);
        let secret =
            json!({"SecretsManagerSecretId": "arn:aws:secretsmanager:us-east-1:1:secret:tidb"});
        let changes = [
            (HOST, json!(null)),
            (PORT, json!(null)),
            ("/asked/tidb_as", json!("target")),
            ("/inventory/Endpoints/1/MySQLSettings", secret),
        ];
        testing::check(
            CHECK.id,
            &[(&changes, Outcome::Unknown, "it holds the host name and port of tidb")],
        );
    }

    #[test]
    fn two_places_that_differ_decide_nothing() {
        let settings = |host: &str, port: u16| {
            ("/inventory/Endpoints/1/MySQLSettings", json!({"ServerName": host, "Port": port}))
        };
        testing::check(
            CHECK.id,
            &[
                (&[settings("TIDB.abc.clusters.tidb-cloud.com", 4000)], Outcome::Pass, ""),
                (&[settings("", 4000)], Outcome::Pass, ""),
                (&[settings("db.example", 4000)], Outcome::Unknown, "two hosts"),
                (
                    &[settings("tidb.abc.clusters.tidb-cloud.com", 3306)],
                    Outcome::Unknown,
                    "two ports",
                ),
            ],
        );
    }
}

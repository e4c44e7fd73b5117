//! A secret that holds all that DMS needs, and that the replication can fetch.

use crate::{
    case::{Case, Seat, region_of_arn},
    check::{Check, Judge},
    facts::{
        Gap, Lookup, Unlock,
        inventory::{
            dms::{Endpoint, MySqlSettings},
            ec2::VpcEndpoint,
        },
    },
    judgement::Judgement,
    needs,
    path::{Addresses, Path, trace},
    severity::Severity,
};

use super::attributes::{Attributes, server_name};

pub(crate) static CHECK: Check = Check {
    id: "dms/secret",
    requirement: "The secret of an endpoint is complete, in the replication's region, and within its reach",
    severity: Severity::Error,
    why: "DMS fetches host, port, user and password from the secret, by the replication's own way to Secrets Manager. An interface endpoint with private DNS takes that name over for the whole VPC: then its security group decides, not the NAT gateway.",
    fix: "Keep username, password, host and port (4000) in a secret of the same region, name a role that may read it, and let the replication reach Secrets Manager on 443.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_VPC_Endpoints.html",
    ],
    controls: &[],
    needs: &needs::joined::<21>(
        &needs::WAY,
        &["ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls", "secretsmanager:GetSecretValue"],
    ),
    after: &[
        "network/route",
        "network/nat-gateway",
        "network/internet-gateway",
        "network/public-accessibility",
        "network/security-group",
        "network/network-acl",
        "network/block-public-access",
    ],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// The port of Secrets Manager.
const HTTPS: u16 = 443;

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // What the secret holds isn't shown by AWS's lists, and a login tells it soon enough.
    j.undecided_at(Severity::Warning);
    let mut used: Vec<(&Endpoint, &MySqlSettings, &str)> = Vec::new();
    for (_, endpoint) in super::both(j, case) {
        if let Some(settings) = &endpoint.my_sql_settings
            && let Some(secret) = settings.secrets_manager_secret_id.as_deref()
        {
            used.push((endpoint, settings, secret));
        }
    }
    if used.is_empty() {
        j.not_applicable("no MySQL endpoint that was seen takes its credentials from a secret");
        return;
    }
    for (endpoint, settings, secret) in &used {
        judge_secret(j, case, endpoint, settings, secret);
    }
    let elsewhere = used.iter().all(|(endpoint, ..)| {
        Attributes::of(endpoint).get("secretsManagerEndpointOverride").is_some()
    });
    if elsewhere {
        j.gap(Gap::new(
            "the way to Secrets Manager",
            "secretsManagerEndpointOverride names another endpoint, which isn't followed here",
            Unlock::Nothing,
        ));
        return;
    }
    for seat in case.seats.known().into_iter().flatten() {
        judge_way(j, case, seat);
    }
    if let Some(gap) = case.seats.gap() {
        j.gap(gap.clone());
    }
}

fn judge_secret(
    j: &mut Judgement,
    case: &Case<'_>,
    endpoint: &Endpoint,
    settings: &MySqlSettings,
    secret: &str,
) {
    let arn = endpoint.endpoint_arn.as_str();
    let name = super::name(endpoint);
    j.note(arn, "SecretsManagerSecretId", secret);
    if settings.secrets_manager_access_role_arn.is_none() {
        j.gap(super::not_delivered(arn, "SecretsManagerAccessRoleArn", "dms:DescribeEndpoints"));
    }
    if secret.contains("secret:rds!") || secret.starts_with("rds!") {
        j.fail(format!("The secret of {name} is managed by RDS: it holds no host and no port"))
            .advise("Make a secret of your own with username, password, host and port");
    } else if let Some(seen) = case.facts.secret_of(endpoint) {
        let lacks = seen.lacks();
        if lacks.is_empty() {
            j.note(secret, "keys", "username, password, host, port");
        } else {
            j.fail(format!("The secret of {name} lacks {}", lacks.join(", ")))
                .advise("Keep username, password, host and port (4000) in the secret");
        }
    } else {
        j.gap(Gap::new(
            secret,
            "whether it holds username, password, host and port was not seen",
            Unlock::IamAction("secretsmanager:GetSecretValue".into()),
        ));
    }
    let region = secret.starts_with("arn:").then(|| region_of_arn(secret)).flatten();
    if let (Some(theirs), Some(ours)) = (region, case.region())
        && theirs != ours
    {
        j.fail(format!("The secret of {name} is in {theirs}, and DMS runs in {ours}"))
            .advise("Copy the secret into the replication's region");
    }
    if server_name(endpoint).is_some() || endpoint.username.is_some() {
        j.fail(format!("{name} has both a secret and typed-in connection data"))
            .at(Severity::Warning)
            .advise("Keep one of the two");
    }
}

/// The way from a seat to Secrets Manager: the endpoint that has taken its name over, else the internet.
fn judge_way(j: &mut Judgement, case: &Case<'_>, seat: &Seat<'_>) {
    let Some(source) = seat.source.known() else {
        if let Some(gap) = seat.source.gap() {
            j.gap(gap.clone());
        }
        return;
    };
    let Some(region) = case.region() else { return };
    let vpc = source.subnet.vpc_id.as_str();
    let own = endpoint_of(case, vpc, &region);
    if own.is_none()
        && let Some(gap) = case.facts.inventory.vpc_endpoints.gap()
    {
        // One that wasn't seen may have taken the name over.
        j.gap(gap.clone());
        return;
    }
    let destinations = match own {
        None => vec![Addresses::AnyPublic],
        Some(endpoint) => {
            j.note(
                endpoint.vpc_endpoint_id.as_str(),
                "ServiceName",
                endpoint.service_name.as_deref().unwrap_or(""),
            );
            let addresses = addresses(case, endpoint);
            if addresses.is_empty() {
                j.gap(Gap::new(
                    endpoint.vpc_endpoint_id.as_str(),
                    "the addresses of its interfaces were not delivered",
                    Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
                ));
                return;
            }
            addresses
        }
    };
    let path = trace(case.index, source, &destinations, HTTPS);
    for doubt in &path.doubts {
        j.gap(doubt.gap.clone());
    }
    report_stops(j, seat, &path, own);
}

/// What stops the way to the cluster stops this one too, and is told there.
fn report_stops(j: &mut Judgement, seat: &Seat<'_>, path: &Path, own: Option<&VpcEndpoint>) {
    let told = seat.path.known().map_or(&[][..], |path| &path.stops);
    for stop in &path.stops {
        let is_told = told
            .iter()
            .any(|known| known.code == stop.code && known.leg == stop.leg && known.at == stop.at);
        if is_told {
            j.gap(Gap::new(
                "the way to Secrets Manager",
                format!("{} stops it too", stop.at),
                Unlock::Nothing,
            ));
            continue;
        }
        j.fail(format!("{} can't reach Secrets Manager: {}", seat.id, stop.detail)).advise(
            match own {
                Some(endpoint) => format!(
                    "Let the replication's security group in on 443 at {}",
                    endpoint.vpc_endpoint_id
                ),
                None => "Give the subnet a way out on 443, or an interface endpoint for Secrets \
                     Manager; with private DNS it takes the name over for the whole VPC"
                    .to_owned(),
            },
        );
    }
}

fn endpoint_of<'a>(case: &Case<'a>, vpc: &str, region: &str) -> Option<&'a VpcEndpoint> {
    let service = format!("com.amazonaws.{region}.secretsmanager");
    case.facts.inventory.vpc_endpoints.items.iter().find(|endpoint| {
        endpoint.vpc_id.as_deref() == Some(vpc)
            && endpoint.service_name.as_deref() == Some(&service)
            && endpoint.private_dns_enabled == Some(true)
    })
}

fn addresses(case: &Case<'_>, endpoint: &VpcEndpoint) -> Vec<Addresses> {
    let ids = endpoint.network_interface_ids.iter().flatten();
    ids.filter_map(|id| match case.index.interface(id) {
        Lookup::Found(interface) => {
            let address = interface.private_ip_address.as_deref()?.parse().ok()?;
            Some(Addresses::one(address))
        }
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{judgement::Outcome, testing};

    const SETTINGS: &str = "/inventory/Endpoints/1/MySQLSettings";

    fn secret(id: &str) -> Vec<(&'static str, Value)> {
        let role = "arn:aws:iam::1:role/secret";
        vec![
            (SETTINGS, json!({"SecretsManagerSecretId": id, "SecretsManagerAccessRoleArn": role})),
            ("/inventory/Endpoints/1/ServerName", json!(null)),
            ("/inventory/Endpoints/1/Username", json!(null)),
            ("/asked/tidb_as", json!("target")),
            ("/asked/tidb_host", json!("tidb.abc.clusters.tidb-cloud.com")),
        ]
    }

    fn endpoint(groups: &Value) -> Vec<(&'static str, Value)> {
        vec![
            (
                "/inventory/VpcEndpoints",
                json!([{"VpcEndpointId": "vpce-s", "VpcEndpointType": "Interface", "VpcId": "vpc-1",
                "ServiceName": "com.amazonaws.us-east-1.secretsmanager", "State": "available", "SubnetIds": ["subnet-b"],
                "NetworkInterfaceIds": ["eni-s"], "PrivateDnsEnabled": true}]),
            ),
            (
                "/inventory/NetworkInterfaces",
                json!([{"NetworkInterfaceId": "eni-s", "SubnetId": "subnet-b", "VpcId": "vpc-1",
                "PrivateIpAddress": "10.0.2.77", "InterfaceType": "vpc_endpoint", "Status": "in-use", "Groups": [{"GroupId": "sg-s"}]}]),
            ),
            (
                "/inventory/SecurityGroups/1",
                json!({"GroupId": "sg-s", "VpcId": "vpc-1", "IpPermissions": groups}),
            ),
        ]
    }

    #[test]
    fn a_secret_is_whole_and_near() {
        let ours = secret("arn:aws:secretsmanager:us-east-1:1:secret:tidb-x");
        let abroad = secret("arn:aws:secretsmanager:eu-west-1:1:secret:tidb-x");
        let rds = secret("arn:aws:secretsmanager:us-east-1:1:secret:rds!cluster-x");
        let mixed = &ours[..1];
        let said = testing::say(CHECK.id, &ours);
        assert_eq!((said.outcome(), said.level()), (Outcome::Unknown, Severity::Warning));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::NotApplicable, ""),
                (&ours, Outcome::Unknown, "username, password, host and port"),
                (&abroad, Outcome::Fail, "in eu-west-1"),
                (&rds, Outcome::Fail, "managed by RDS"),
                (mixed, Outcome::Unknown, "has both"),
            ],
        );
    }

    /// An endpoint with private DNS is the way, however well the NAT gateway works.
    #[test]
    fn an_interface_endpoint_takes_the_name_over() {
        let ours = secret("arn:aws:secretsmanager:us-east-1:1:secret:tidb-x");
        let with = |groups: Value| -> Vec<(&str, Value)> {
            ours.iter().cloned().chain(endpoint(&groups)).collect()
        };
        let open = with(
            json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]),
        );
        testing::check(
            CHECK.id,
            &[
                (&open, Outcome::Unknown, "username"),
                (&with(json!([])), Outcome::Fail, "can't reach Secrets Manager"),
            ],
        );
    }

    /// A cause that stops the cluster's way too is red once.
    #[test]
    fn what_is_told_already_is_not_told_twice() {
        let mut changes = secret("arn:aws:secretsmanager:us-east-1:1:secret:tidb-x");
        changes.push(("/inventory/RouteTables/0/Routes/1", json!(null)));
        let said = testing::say(CHECK.id, &changes);
        assert_eq!(said.outcome(), Outcome::Unknown, "{}", said.text());
        assert!(said.text().contains("stops it too"), "{}", said.text());
    }
}

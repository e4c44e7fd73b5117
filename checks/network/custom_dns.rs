//! Name servers that know the cluster's name.

use crate::{
    case::Case,
    check::{Check, Judge, TestStep},
    facts::{Gap, Lookup, PathKind, Unlock, inventory::ec2::IpPermission},
    judgement::Judgement,
    migration::Kind,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/custom-dns",
    requirement: "The replication asks the VPC's own resolver for names",
    severity: Severity::Error,
    why: "Name servers of one's own must be reached on port 53 through security groups and network ACLs, which the VPC's resolver needs no leave from, and they know no private name of an interface endpoint unless they ask the VPC.",
    fix: "Take DnsNameServers off the replication, or make sure that those servers answer to the cluster's name with the right address.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_BestPractices.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html",
    ],
    controls: &[],
    needs: &needs::joined::<12>(
        &needs::SEATS,
        &["ec2:DescribeVpcs", "ec2:DescribeDhcpOptions", "ec2:DescribeSecurityGroups"],
    ),
    after: &[],
    proved_by: Some(TestStep::Cluster),
    judge: Judge::Migration(judge),
};

/// The VPC's resolver by its other address.
const LINK_LOCAL: &str = "169.254.169.253";

/// The name servers that the replication was given, with the resource.
pub(super) fn of_replication<'a>(case: &Case<'a>) -> Option<(&'a str, &'a str)> {
    let (place, servers) = match case.migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => {
            (instance.replication_instance_arn.as_str(), instance.dns_name_servers.as_deref())
        }
        Kind::Config(config) => (
            config.replication_config_arn.as_str(),
            config.compute_config.as_ref()?.dns_name_servers.as_deref(),
        ),
        Kind::Task(_, None) | Kind::Planned => return None,
    };
    let servers = servers.filter(|servers| !servers.trim().is_empty())?;
    Some((place, servers))
}

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // The VPC's resolver is the rule; not to have seen its options is no bad sign.
    j.undecided_at(Severity::Advice);
    if let Some((place, servers)) = of_replication(case) {
        j.note(place, "DnsNameServers", servers);
        let is_foreign = |server: &&str| case.vpc().is_none_or(|vpc| !is_of_vpc(case, vpc, server));
        let servers: Vec<&str> = servers.split(',').map(str::trim).collect();
        let foreign: Vec<&str> = servers.iter().copied().filter(is_foreign).collect();
        report(j, case, &foreign, foreign.len() == servers.len());
        return;
    }
    let Some(vpc) = case.vpc() else {
        j.gap(super::no_vpc(case));
        return;
    };
    let found = match case.index.vpc(vpc).or_gap(vpc, "Vpcs") {
        Ok(found) => found,
        Err(gap) => {
            j.gap(gap);
            return;
        }
    };
    let Some(id) = found.dhcp_options_id.as_deref() else {
        j.gap(Gap::new(
            vpc,
            "its DhcpOptionsId was not delivered",
            Unlock::IamAction("ec2:DescribeVpcs".into()),
        ));
        return;
    };
    j.note(vpc, "DhcpOptionsId", id);
    let list = &case.facts.inventory.dhcp_options;
    let options = list.items.iter().find(|options| options.dhcp_options_id == id);
    let Some(options) = options else {
        j.gap(list.gap().cloned().unwrap_or_else(|| {
            Gap::new(
                id,
                "not among the DhcpOptions that were delivered",
                Unlock::IamAction("ec2:DescribeDhcpOptions".into()),
            )
        }));
        return;
    };
    let servers: Vec<&str> = options
        .dhcp_configurations
        .iter()
        .flatten()
        .filter(|option| option.key.as_deref() == Some("domain-name-servers"))
        .flat_map(|option| option.values.iter().flatten())
        .filter_map(|value| value.value.as_deref())
        .collect();
    for server in &servers {
        j.note(id, "domain-name-servers", server);
    }
    if servers.is_empty() {
        j.gap(Gap::new(
            id,
            "it names no domain-name-servers, and what is asked for names then isn't documented",
            Unlock::Nothing,
        ));
        return;
    }
    let foreign: Vec<&str> =
        servers.iter().copied().filter(|server| !is_of_vpc(case, vpc, server)).collect();
    report(j, case, &foreign, foreign.len() == servers.len());
}

/// Says what servers that aren't the VPC's own mean, where there are any.
fn report(j: &mut Judgement, case: &Case<'_>, servers: &[&str], are_alone: bool) {
    if servers.is_empty() {
        return;
    }
    let (are, they, reached) =
        if servers.len() == 1 { ("is", "it", "it") } else { ("are", "they", "them") };
    let servers = servers.join(", ");
    let name = case.cluster.name();
    let private =
        matches!(case.path_kind(), Some(PathKind::PrivateEndpoint | PathKind::VpcPeering));
    let so = if private {
        format!("{they} must answer with its private address")
    } else {
        format!("{they} must know its address, and be reached on port 53")
    };
    if let Some(groups) = closed_groups(case) {
        let beside = if are_alone { "" } else { " beside the VPC's own resolver" };
        let draft = j.fail(format!(
            "{servers} {are} asked for {name}{beside}, and no outbound rule of {groups} lets port 53 \
             out to {reached}"
        ));
        draft.advise(format!("Let udp and tcp 53 out to {servers} in {groups}"));
        // The VPC's own answers all the same, perhaps after a wait.
        if !are_alone {
            draft.at(Severity::Warning);
        }
        return;
    }
    j.fail(format!("{servers} {are} asked for {name}: {so}")).at(Severity::Warning);
}

/// The security groups of a seat, where surely none of their rules is for port 53. Only the VPC's own
/// resolver is asked past them.
fn closed_groups(case: &Case<'_>) -> Option<String> {
    case.seats.known()?.iter().find_map(|seat| {
        let groups = seat.source.known()?.groups.as_ref()?.known()?;
        let is_closed = |id: &String| match case.index.security_group(id) {
            Lookup::Found(group) => group
                .ip_permissions_egress
                .as_ref()
                .is_some_and(|rules| rules.iter().all(|rule| !may_be_for_dns(rule))),
            _ => false,
        };
        (!groups.is_empty() && groups.iter().all(is_closed)).then(|| groups.join(", "))
    })
}

fn may_be_for_dns(rule: &IpPermission) -> bool {
    match (rule.ip_protocol.as_deref(), rule.from_port, rule.to_port) {
        (Some("tcp" | "6" | "udp" | "17"), Some(from), Some(to)) => {
            from == -1 || (from..=to).contains(&53)
        }
        (Some("icmp" | "1" | "icmpv6" | "58"), ..) => false,
        _ => true,
    }
}

/// Whether a server is the VPC's own resolver: by name, or the VPC's first address plus two.
pub(super) fn is_of_vpc(case: &Case<'_>, vpc: &str, server: &str) -> bool {
    if server.eq_ignore_ascii_case("AmazonProvidedDNS") || server == LINK_LOCAL {
        return true;
    }
    let Lookup::Found(vpc) = case.index.vpc(vpc) else {
        return false;
    };
    let base = vpc.cidr_block.as_deref().and_then(|cidr| cidr.parse::<ipnet::Ipv4Net>().ok());
    base.is_some_and(|net| {
        let resolver = u32::from(net.network()).checked_add(2).map(std::net::Ipv4Addr::from);
        server.parse().ok() == resolver
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    #[test]
    fn the_vpc_s_resolver_has_three_names() {
        let servers = "/inventory/ReplicationInstances/0/DnsNameServers";
        let option = "/inventory/DhcpOptions/0/DhcpConfigurations/0/Values";
        let value = |server: &str| json!([{ "Value": server }]);
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(option, value("10.0.0.2"))], Outcome::Pass, ""),
                (&[(option, value("169.254.169.253"))], Outcome::Pass, ""),
                (&[(option, value("10.9.9.9"))], Outcome::Warn, "10.9.9.9"),
                (&[(servers, json!("10.9.9.9,10.9.9.8"))], Outcome::Warn, "10.9.9.8 are asked for"),
                (&[(servers, json!("10.0.0.2"))], Outcome::Pass, ""),
                (&[("/inventory/DhcpOptions", json!(null))], Outcome::Unknown, "not delivered"),
                (
                    &[("/inventory/Vpcs/0/DhcpOptionsId", json!(null))],
                    Outcome::Unknown,
                    "DhcpOptionsId",
                ),
            ],
        );
        // Past its own resolver everything goes by the security groups.
        let rules = "/inventory/SecurityGroups/0/IpPermissionsEgress";
        let rule = |protocol: &str, port: u16| {
            json!([{"IpProtocol": protocol, "FromPort": port, "ToPort": port,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        };
        let own = (servers, json!("10.9.9.9"));
        testing::check(
            CHECK.id,
            &[
                (&[own.clone(), (rules, rule("tcp", 4000))], Outcome::Fail, "of sg-1 lets port 53"),
                (&[own.clone(), (rules, json!([]))], Outcome::Fail, "of sg-1 lets port 53"),
                (&[own.clone(), (rules, rule("udp", 53))], Outcome::Warn, "10.9.9.9 is asked for"),
                // What wasn't seen closes nothing.
                (&[own.clone(), (rules, json!(null))], Outcome::Warn, "reached on port 53"),
                (&[(servers, json!("10.0.0.2")), (rules, rule("tcp", 4000))], Outcome::Pass, ""),
            ],
        );
        let said = testing::say(CHECK.id, &[("/inventory/DhcpOptions", json!(null))]);
        assert_eq!(said.level(), Severity::Advice);
    }

    #[test]
    fn beside_the_vpc_s_own_resolver_another_does_little_harm() {
        const VALUES: &str = "/inventory/DhcpOptions/0/DhcpConfigurations/0/Values";
        let rules = "/inventory/SecurityGroups/0/IpPermissionsEgress";
        let closed = json!([{"IpProtocol": "tcp", "FromPort": 4000, "ToPort": 4000,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
        let closed = (rules, closed);
        let values = |servers: &[&str]| {
            let list: Vec<_> = servers.iter().map(|server| json!({"Value": server})).collect();
            (VALUES, json!(list))
        };
        testing::check(
            CHECK.id,
            &[
                (&[closed.clone(), values(&["10.0.1.53"])], Outcome::Fail, "lets port 53 out"),
                (
                    &[closed.clone(), values(&["AmazonProvidedDNS", "10.0.1.53"])],
                    Outcome::Warn,
                    "beside the VPC's own",
                ),
                (&[closed, values(&["10.0.0.2"])], Outcome::Pass, ""),
                (&[values(&[])], Outcome::Unknown, "names no domain-name-servers"),
            ],
        );
    }
}

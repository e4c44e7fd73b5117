//! Each server's name resolves.

use crate::{
    case::{Case, Server, is_seat},
    check::{Check, Judge, TestStep},
    facts::{
        Fact, Gap, Probe, Unlock,
        probe::{DnsAnswer, DnsOutcome},
    },
    judgement::Judgement,
    severity::Severity,
};

use super::custom_dns;

pub(crate) static CHECK: Check = Check {
    id: "network/dns-resolves",
    requirement: "The host name of each endpoint resolves to an IPv4 address",
    severity: Severity::Error,
    why: "DMS can't connect to a name that leads nowhere: a misspelt host, a deleted cluster, or a private name of an interface endpoint without private DNS.",
    fix: "Take the host name from the cluster's Connect dialog; for a private endpoint enable private DNS on it, and DNS hostnames and resolution in the VPC.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html",
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
    ],
    controls: &[],
    needs: &[
        "dms:DescribeReplicationInstances",
        "dms:DescribeReplicationSubnetGroups",
        "dms:DescribeReplicationConfigs",
        "dms:DescribeReplicationTasks",
        "dms:DescribeEndpoints",
        "ec2:DescribeVpcs",
        "ec2:DescribeSubnets",
    ],
    after: &["network/vpc-dns-attributes"],
    proved_by: Some(TestStep::Login),
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let Some(host) = j.look(server.host.clone()) else {
        return;
    };
    if host.parse::<std::net::IpAddr>().is_ok() {
        j.not_applicable(format!("{host} is an address"));
        return;
    }
    let seen = server.witness(case, "the DNS answer", |probe| {
        let look = probe.dns.as_ref()?;
        Some(match &look.seen {
            Fact::Known(outcome) => Ok(outcome),
            Fact::Unknown(gap) => Err(gap.clone()),
        })
    });
    let looks = server.probes.iter().filter_map(|probe| probe.dns.as_ref()?.seen.known());
    if looks.count() == 0 {
        // That nobody looked is no bad sign.
        j.undecided_at(Severity::Warning);
    }
    let Some((outcome, probe)) = j.look(seen) else {
        return;
    };
    let (resolver, what) = match outcome {
        DnsOutcome::Answer(answer) => return j.note(server.resource(), "addresses", shown(answer)),
        DnsOutcome::NoSuchName { resolver } => (resolver, "no such name"),
        DnsOutcome::NoAddress { resolver } => (resolver, "no IPv4 address of that name"),
    };
    j.note(server.resource(), "resolver", resolver);
    if is_asked_by_dms(case, probe, resolver) {
        j.fail(format!("{host} leads nowhere: {resolver}, which DMS asks too, knows {what}"));
        return;
    }
    j.gap(Gap::new(
        host,
        format!("{resolver} knows {what}, and DMS may ask another resolver"),
        Unlock::Vantage("a subnet of the replication, through the VPC's own resolver".into()),
    ));
}

/// Whether a resolver is the one that the replication asks: its VPC's own, from inside, and no name
/// server of its own was given to it.
fn is_asked_by_dms(case: &Case<'_>, probe: &Probe, resolver: &str) -> bool {
    let address = resolver.trim_end_matches(":53");
    is_seat(case, &probe.vantage)
        && custom_dns::of_replication(case).is_none()
        && case.vpc().is_some_and(|vpc| custom_dns::is_of_vpc(case, vpc, address))
}

fn shown(answer: &DnsAnswer) -> String {
    let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    addresses.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, both_probed},
    };

    const DNS: &str = "/probes/0/dns/seen";
    const VANTAGE: &str = "/probes/0/vantage";

    fn nothing(resolver: &str) -> (&'static str, Value) {
        (DNS, json!({"known": {"no_such_name": {"resolver": resolver}}}))
    }

    #[test]
    fn a_name_that_leads_nowhere_is_told_by_the_resolver_that_dms_asks() {
        let dns = "/inventory/ReplicationInstances/0/DnsNameServers";
        let elsewhere = (VANTAGE, json!("elsewhere"));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Unknown, "nobody looked"),
                (&[both_probed()], Outcome::Pass, ""),
                (&[both_probed(), nothing("10.0.0.2")], Outcome::Fail, "leads nowhere"),
                (&[both_probed(), nothing("10.0.0.2:53")], Outcome::Fail, "leads nowhere"),
                // Another resolver may know less, and DMS may ask another.
                (&[both_probed(), nothing("9.9.9.9")], Outcome::Unknown, "another resolver"),
                (&[both_probed(), nothing("10.0.0.2"), elsewhere.clone()], Outcome::Unknown, ""),
                (
                    &[both_probed(), nothing("10.0.0.2"), (dns, json!("10.9.9.9"))],
                    Outcome::Unknown,
                    "another resolver",
                ),
                // A public name is the same everywhere.
                (&[both_probed(), elsewhere], Outcome::Pass, ""),
            ],
        );
        assert_eq!(testing::say(CHECK.id, &[]).level(), Severity::Warning);
        let said = testing::say(CHECK.id, &[both_probed(), nothing("9.9.9.9")]);
        assert_eq!(said.level(), Severity::Error);
    }

    #[test]
    fn a_private_name_is_told_from_inside() {
        let (path, mut seen) = both_probed();
        seen[0]["host"] = json!("gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com");
        let elsewhere = [(path, seen.clone()), (VANTAGE, json!("elsewhere"))];
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&[(path, seen)], Outcome::Pass, ""),
                (&elsewhere, Outcome::Unknown, "outside the replication's subnets"),
            ],
        );
    }
}

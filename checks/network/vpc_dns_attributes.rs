//! The VPC resolves names.

use crate::{
    case::Case,
    change::PlaceChange,
    check::{Check, Judge},
    facts::{Gap, PathKind, Unlock},
    judgement::Judgement,
    needs,
    severity::Severity,
};

pub(crate) static CHECK: Check = Check {
    id: "network/vpc-dns-attributes",
    requirement: "The VPC has DNS resolution on, and DNS hostnames too where the way is private",
    severity: Severity::Error,
    why: "Without enableDnsSupport the VPC resolves no name. Private names of interface endpoints need enableDnsHostnames as well, which is off in VPCs that were made by hand.",
    fix: "Turn DNS resolution and DNS hostnames on in the VPC.",
    references: &[
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html",
        "https://docs.pingcap.com/tidbcloud/set-up-private-endpoint-connections",
        "https://docs.pingcap.com/tidbcloud/set-up-vpc-peering-connections",
    ],
    controls: &[],
    needs: &needs::joined::<10>(&needs::SEATS, &["ec2:DescribeVpcAttribute"]),
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    // Support is on by default, hostnames aren't: not to know is grave where hostnames are needed.
    let kind = case.path_kind();
    j.undecided_at(match kind {
        Some(PathKind::PrivateEndpoint) => Severity::Error,
        Some(PathKind::VpcPeering) | None => Severity::Warning,
        Some(PathKind::Public) => Severity::Advice,
    });
    let Some(vpc) = case.vpc() else {
        j.gap(super::no_vpc(case));
        return;
    };
    let Some(kind) = j.look(case.cluster.path.clone()) else {
        return;
    };
    let attributes = match case.index.vpc_attributes(vpc).or_gap(vpc, "VpcAttributes") {
        Ok(attributes) => attributes,
        Err(gap) => {
            j.gap(gap);
            return;
        }
    };
    let own_servers = super::custom_dns::of_replication(case).is_some();
    let support =
        look(j, vpc, "EnableDnsSupport", attributes.enable_dns_support.as_ref().map(|it| it.value));
    let hostnames = match kind {
        PathKind::Public => None,
        _ => look(
            j,
            vpc,
            "EnableDnsHostnames",
            attributes.enable_dns_hostnames.as_ref().map(|it| it.value),
        ),
    };
    let mend = |support: bool, hostnames: bool| {
        Some(PlaceChange::EnableVpcDns {
            region: case.region()?,
            vpc: vpc.to_owned(),
            support,
            hostnames,
        })
    };
    if support == Some(false) {
        let draft = j.fail(format!("DNS resolution is off in {vpc}: no name resolves"));
        // Servers of the customer's own answer all the same.
        if own_servers {
            draft.at(Severity::Warning);
        }
        if let Some(change) = mend(true, false) {
            draft.change(change);
        }
    }
    if hostnames == Some(false) {
        let draft = j.fail(format!(
            "DNS hostnames are off in {vpc}: private names of endpoints don't resolve"
        ));
        // Whether the name of a peered cluster needs them was never shown.
        if kind == PathKind::VpcPeering || own_servers {
            draft.at(Severity::Warning);
        }
        if let Some(change) = mend(false, true) {
            draft.change(change);
        }
    }
}

fn look(j: &mut Judgement, vpc: &str, field: &str, value: Option<bool>) -> Option<bool> {
    match value {
        Some(value) => j.note(vpc, field, value),
        None => j.gap(Gap::new(
            vpc,
            format!("its {field} was not delivered; one call tells one attribute"),
            Unlock::IamAction("ec2:DescribeVpcAttribute".into()),
        )),
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const SUPPORT: &str = "/inventory/VpcAttributes/0/EnableDnsSupport/Value";
    const HOSTNAMES: &str = "/inventory/VpcAttributes/0/EnableDnsHostnames/Value";
    const ALL: &str = "/inventory/VpcAttributes";

    #[test]
    fn a_private_endpoint_needs_both() {
        testing::check_on(
            CHECK.id,
            &testing::over_private_endpoint(),
            &[
                (&[], Outcome::Pass, ""),
                (&[(SUPPORT, json!(false))], Outcome::Fail, "no name resolves"),
                (&[(HOSTNAMES, json!(false))], Outcome::Fail, "hostnames are off"),
                (
                    &[("/inventory/VpcAttributes/0/EnableDnsHostnames", json!(null))],
                    Outcome::Unknown,
                    "EnableDnsHostnames",
                ),
                (&[(ALL, json!(null))], Outcome::Unknown, "not seen"),
            ],
        );
    }

    #[test]
    fn the_public_endpoint_needs_resolution_alone() {
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (&[(HOSTNAMES, json!(false))], Outcome::Pass, ""),
                (&[(SUPPORT, json!(false))], Outcome::Fail, "no name resolves"),
                (&[(ALL, json!(null))], Outcome::Unknown, ""),
            ],
        );
        let said = testing::say(CHECK.id, &[(ALL, json!(null))]);
        assert_eq!(said.level(), Severity::Advice);
    }

    #[test]
    fn peering_is_not_known_to_need_hostnames() {
        let base = testing::over_peering();
        testing::check_on(
            CHECK.id,
            &base,
            &[
                (&[], Outcome::Pass, ""),
                (&[(HOSTNAMES, json!(false))], Outcome::Warn, "hostnames are off"),
                (&[(SUPPORT, json!(false))], Outcome::Fail, "no name resolves"),
            ],
        );
    }
}

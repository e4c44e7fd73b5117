//! The Automated Internet Firewall between a VPC and its internet gateway (2026).
//!
//! It inspects packets on their way to the gateway, and for some subnets it translates addresses: then
//! a packet without a public address gets out, and one with a public address leaves as another. What
//! its policy lets through, no describe call says. So nothing is known behind it, neither way.

use super::{
    route::Chosen,
    walk::{Sender, way_of},
};
use crate::facts::{Gap, Index, Lookup, Unlock};

/// The firewall that a packet to the internet gateway meets, as the gap that it leaves.
pub(super) fn inspection(
    index: &Index<'_>,
    sender: &Sender<'_>,
    chosen: &Chosen<'_>,
) -> Option<Gap> {
    let way = way_of(chosen);
    if let Some(firewall) = &chosen.route.igw_firewall {
        let about = firewall.firewall_arn.as_deref().unwrap_or(sender.vpc);
        let reason = format!("an automated firewall inspects the packets that take {way}");
        return Some(Gap::new(about, reason, Unlock::Nothing));
    }
    // A VPC that wasn't seen is a gap of its own.
    let Lookup::Found(vpc) = index.vpc(sender.vpc) else {
        return None;
    };
    let firewall = vpc.network_firewall_associations.iter().flatten().next()?;
    let treatment =
        sender.subnet.and_then(|subnet| subnet.network_firewall_connectivity_type.as_deref());
    if matches!(treatment, Some("exclude" | "az-unsupported")) {
        return None;
    }
    let about = firewall.firewall_arn.as_deref().unwrap_or(sender.vpc);
    let status = firewall.firewall_onboarding_status.as_deref().unwrap_or("of unknown status");
    let reason = format!(
        "{} has an automated firewall ({status}) on the way to the internet that {way} takes",
        sender.vpc
    );
    Some(Gap::new(about, reason, Unlock::Nothing))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use serde_json::{Value, json};

    use crate::{
        facts::{Index, Inventory},
        path::{Addresses, Path, Source, Verdict, trace},
    };

    /// An instance behind an internet gateway, with a public address or without.
    fn traced(vpc: &Value, subnet: &Value, route: &Value, public: Option<&str>) -> Path {
        let mut world = json!({
            "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
            "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}],
            "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1",
                "Associations": [{"Main": true}],
                "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1",
                    "State": "active"}]}],
            "InternetGateways": [{"InternetGatewayId": "igw-1",
                "Attachments": [{"State": "available", "VpcId": "vpc-1"}]}],
            "NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1",
                "Associations": [{"SubnetId": "subnet-1"}],
                "Entries": [
                    {"RuleNumber": 100, "Egress": true, "CidrBlock": "0.0.0.0/0",
                        "Protocol": "-1", "RuleAction": "allow"},
                    {"RuleNumber": 100, "Egress": false, "CidrBlock": "0.0.0.0/0",
                        "Protocol": "-1", "RuleAction": "allow"}]}],
            "SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1", "IpPermissions": [],
                "IpPermissionsEgress": [
                    {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1",
                "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.0.9", "Status": "in-use",
                "Groups": [{"GroupId": "sg-1"}]}],
            "Addresses": []
        });
        if let Some(public) = public {
            world["NetworkInterfaces"][0]["Association"] =
                json!({"PublicIp": public, "AllocationId": "eipalloc-1", "IpOwnerId": "1"});
        }
        for (place, fields) in
            [("/Vpcs/0", vpc), ("/Subnets/0", subnet), ("/RouteTables/0/Routes/0", route)]
        {
            let target = world.pointer_mut(place).unwrap().as_object_mut().unwrap();
            target.extend(fields.as_object().unwrap().clone());
        }
        let inventory: Inventory = serde_json::from_value(world).unwrap();
        let index = Index::new(&inventory);
        let source = Source::find(&index, "eni-1").unwrap();
        let to = Addresses::one(Ipv4Addr::new(8, 8, 8, 8));
        trace(&index, &source, &[to], 4000)
    }

    /// Nothing is known behind a firewall: not that a packet with a public address arrives, nor as
    /// whom; and not that one without is stopped, since the firewall may translate it.
    #[test]
    fn behind_a_firewall_nothing_is_known() {
        let nothing = json!({});
        let firewall = json!({"NetworkFirewallAssociations": [
            {"FirewallArn": "arn:f", "FirewallOnboardingStatus": "active"}]});
        let route = json!({"IgwFirewall": {"FirewallArn": "arn:f", "Status": "active"}});
        let flexible = json!({"NetworkFirewallConnectivityType": "flexible"});
        for (vpc, subnet, route) in [
            (&firewall, &nothing, &nothing),
            (&firewall, &flexible, &nothing),
            (&nothing, &nothing, &route),
        ] {
            for public in [Some("54.0.0.1"), None] {
                let path = traced(vpc, subnet, route, public);
                assert_eq!(path.verdict(), Verdict::Unknown, "{:?}", path.stops);
                assert!(path.egress.addresses.is_empty());
                assert_eq!(path.doubts[0].gap.about, "arn:f");
            }
        }
    }

    #[test]
    fn without_a_firewall_a_public_address_decides() {
        let nothing = json!({});
        let none = json!({"NetworkFirewallAssociations": []});
        let firewall = json!({"NetworkFirewallAssociations": [{"FirewallArn": "arn:f"}]});
        let exclude = json!({"NetworkFirewallConnectivityType": "exclude"});
        let unsupported = json!({"NetworkFirewallConnectivityType": "az-unsupported"});
        for (vpc, subnet) in [
            (&nothing, &nothing),
            (&none, &nothing),
            (&firewall, &exclude),
            (&firewall, &unsupported),
        ] {
            let path = traced(vpc, subnet, &nothing, Some("54.0.0.1"));
            assert_eq!(path.verdict(), Verdict::Arrives, "{:?}", path.doubts);
            let path = traced(vpc, subnet, &nothing, None);
            assert_eq!(path.verdict(), Verdict::Stopped);
        }
    }
}

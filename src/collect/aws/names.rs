//! What the elements of EC2's XML are called in AWS's JSON, where it isn't the same word with a capital
//! letter, and what they hold, where it isn't text. `tests/aws-model` compares this table with AWS's
//! own model.

/// What an element holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Text, or further elements.
    Other,
    /// A list, which may be empty.
    List,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
}

use Kind::{Flag, List, Number, Other};

/// Labels of the customer's own: nothing rests on them, and they stay out of the facts.
pub(super) const CUT: &str = "tagSet";

/// The element, its name in JSON, and what it holds.
#[rustfmt::skip]
pub(super) const ELEMENTS: &[(&str, &str, Kind)] = &[
    ("addressesSet", "Addresses", List),
    ("associatedSubnetSet", "AssociatedSubnets", List),
    ("associationSet", "Associations", List),
    ("attachedApplianceSet", "AttachedAppliances", List),
    ("attachmentSet", "Attachments", List),
    ("cidrBlockAssociationSet", "CidrBlockAssociationSet", List),
    ("cidrBlockSet", "CidrBlockSet", List),
    ("default", "IsDefault", Flag),
    ("denyAllIgwTraffic", "DenyAllIgwTraffic", Flag),
    ("deviceIndex", "DeviceIndex", Number),
    ("dhcpConfigurationSet", "DhcpConfigurations", List),
    ("dhcpOptionsSet", "DhcpOptions", List),
    ("dnsEntrySet", "DnsEntries", List),
    ("egress", "Egress", Flag),
    ("entrySet", "Entries", List),
    ("from", "From", Number),
    ("fromPort", "FromPort", Number),
    ("groupSet", "Groups", List),
    ("groups", "UserIdGroupPairs", List),
    ("instanceState", "State", Other),
    ("instancesSet", "Instances", List),
    ("internetGatewaySet", "InternetGateways", List),
    ("ipPermissions", "IpPermissions", List),
    ("ipPermissionsEgress", "IpPermissionsEgress", List),
    ("ipRanges", "IpRanges", List),
    ("ipv4PrefixSet", "Ipv4Prefixes", List),
    ("ipv6AddressesSet", "Ipv6Addresses", List),
    ("ipv6PrefixSet", "Ipv6Prefixes", List),
    ("main", "Main", Flag),
    ("mapPublicIpOnLaunch", "MapPublicIpOnLaunch", Flag),
    ("natGatewayAddressSet", "NatGatewayAddresses", List),
    ("natGatewaySet", "NatGateways", List),
    ("networkAclSet", "NetworkAcls", List),
    ("networkFirewallAssociationSet", "NetworkFirewallAssociations", List),
    ("networkInterfaceIdSet", "NetworkInterfaceIds", List),
    ("networkInterfaceSet", "NetworkInterfaces", List),
    ("payerResponsibilitySet", "PayerResponsibilities", List),
    ("prefixListIds", "PrefixListIds", List),
    ("primary", "Primary", Flag),
    ("privateDnsEnabled", "PrivateDnsEnabled", Flag),
    ("privateIpAddressesSet", "PrivateIpAddresses", List),
    ("reservationSet", "Reservations", List),
    ("routeSet", "Routes", List),
    ("routeTableIdSet", "RouteTableIds", List),
    ("routeTableSet", "RouteTables", List),
    ("ruleNumber", "RuleNumber", Number),
    ("securityGroupInfo", "SecurityGroups", List),
    ("sourceDestCheck", "SourceDestCheck", Flag),
    ("subnetIdSet", "SubnetIds", List),
    ("subnetSet", "Subnets", List),
    ("to", "To", Number),
    ("toPort", "ToPort", Number),
    ("valueSet", "Values", List),
    ("vpcEndpointSet", "VpcEndpoints", List),
    ("vpcPeeringConnectionSet", "VpcPeeringConnections", List),
    ("vpcSet", "Vpcs", List),
];

/// The JSON name of an element, and what it holds.
pub(super) fn of(element: &str) -> (String, Kind) {
    if let Ok(place) = ELEMENTS.binary_search_by_key(&element, |(name, ..)| name) {
        let (_, name, kind) = ELEMENTS[place];
        return (name.to_owned(), kind);
    }
    let mut letters = element.chars();
    let name = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters);
    (name.collect(), Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_of_the_table_is_found() {
        for (element, name, kind) in ELEMENTS {
            assert_eq!(of(element), ((*name).to_owned(), *kind));
        }
        assert_eq!(of("vpcId"), ("VpcId".to_owned(), Other));
        assert_eq!(of(""), (String::new(), Other));
    }
}

//! What is asked of EC2: each list once for all VPCs of the migration, and what they refer to.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, VpcAttributeName};
use futures_util::future::join_all;
use serde_json::json;
use tidb_dms_checks::facts::Inventory;

use super::{
    call::{Failure, read_xml, send},
    deliver::Listed,
    job::{Job, Look, pages},
};

/// The most that EC2 gives at once.
const PAGE: i32 = 1000;
/// Of route tables it gives fewer.
const PAGE_OF_TABLES: i32 = 100;
/// Of prefix lists too.
const PAGE_OF_ENTRIES: i32 = 100;

/// A list of EC2, page by page, of what matches one filter.
macro_rules! list {
    ($look:ident, $key:literal, $action:literal, $page:expr, $operation:ident, $filter:ident, $name:literal, $values:expr
     $(, $further:ident($value:expr))*) => {{
        let filter = filter($name, $values);
        Job::new(
            $key,
            $action,
            pages($key, "NextToken", read_xml, move |token| {
                let filter = filter.clone();
                async move {
                    send!(
                        $look,
                        $action,
                        $look.aws.ec2.$operation().$filter(filter)
                            .max_results($page)
                            .set_next_token(token)
                            $(.$further($value))*
                    )
                }
            }),
        )
    }};
}

fn filter(name: &str, values: &BTreeSet<String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.iter().cloned().collect())).build()
}

/// The subnets of a plan, which tell its VPC. By a filter: an unknown id is then no error.
pub(super) fn planned_subnets<'a>(look: &'a Look<'a>, ids: &[String]) -> Job<'a> {
    let ids = ids.iter().cloned().collect();
    list!(
        look,
        "Subnets",
        "ec2:DescribeSubnets",
        PAGE,
        describe_subnets,
        filters,
        "subnet-id",
        &ids
    )
}

/// The lists of VPCs that refer to further things.
#[rustfmt::skip]
pub(super) fn leading<'a>(look: &'a Look<'a>, vpcs: &BTreeSet<String>) -> Vec<Job<'a>> {
    let mut jobs = referring(look, vpcs);
    jobs.extend([
        list!(look, "VpcPeeringConnections", "ec2:DescribeVpcPeeringConnections", PAGE, describe_vpc_peering_connections, filters, "requester-vpc-info.vpc-id", vpcs),
        list!(look, "VpcPeeringConnections", "ec2:DescribeVpcPeeringConnections", PAGE, describe_vpc_peering_connections, filters, "accepter-vpc-info.vpc-id", vpcs),
    ]);
    jobs
}

/// The other lists of VPCs. With those that lead, 15 calls for one VPC, of which two are its attributes.
#[rustfmt::skip]
pub(super) fn of_vpcs<'a>(look: &'a Look<'a>, vpcs: &BTreeSet<String>) -> Vec<Job<'a>> {
    let mut jobs = standing(look, vpcs);
    jobs.extend([
        list!(look, "InternetGateways", "ec2:DescribeInternetGateways", PAGE, describe_internet_gateways, filters, "attachment.vpc-id", vpcs),
        list!(look, "NatGateways", "ec2:DescribeNatGateways", PAGE, describe_nat_gateways, filter, "vpc-id", vpcs),
        Job::new("Addresses", "ec2:DescribeAddresses", addresses(look)),
        Job::new("VpcAttributes", "ec2:DescribeVpcAttribute", attributes(look, vpcs.clone())),
    ]);
    jobs
}

/// What of a peer's VPC lies on the way: packets that come in there meet its tables, rules and
/// interfaces, and no gateway.
pub(super) fn of_peers<'a>(look: &'a Look<'a>, vpcs: &BTreeSet<String>) -> Vec<Job<'a>> {
    let mut jobs = referring(look, vpcs);
    jobs.extend(standing(look, vpcs));
    jobs
}

#[rustfmt::skip]
fn referring<'a>(look: &'a Look<'a>, vpcs: &BTreeSet<String>) -> Vec<Job<'a>> {
    vec![
        list!(look, "Vpcs", "ec2:DescribeVpcs", PAGE, describe_vpcs, filters, "vpc-id", vpcs),
        list!(look, "RouteTables", "ec2:DescribeRouteTables", PAGE_OF_TABLES, describe_route_tables, filters, "vpc-id", vpcs),
        list!(look, "SecurityGroups", "ec2:DescribeSecurityGroups", PAGE, describe_security_groups, filters, "vpc-id", vpcs),
    ]
}

#[rustfmt::skip]
fn standing<'a>(look: &'a Look<'a>, vpcs: &BTreeSet<String>) -> Vec<Job<'a>> {
    vec![
        list!(look, "Subnets", "ec2:DescribeSubnets", PAGE, describe_subnets, filters, "vpc-id", vpcs),
        list!(look, "NetworkAcls", "ec2:DescribeNetworkAcls", PAGE, describe_network_acls, filters, "vpc-id", vpcs),
        list!(look, "NetworkInterfaces", "ec2:DescribeNetworkInterfaces", PAGE, describe_network_interfaces, filters, "vpc-id", vpcs, include_managed_resources(true)),
        list!(look, "VpcEndpoints", "ec2:DescribeVpcEndpoints", PAGE, describe_vpc_endpoints, filters, "vpc-id", vpcs),
        list!(look, "Reservations", "ec2:DescribeInstances", PAGE, describe_instances, filters, "vpc-id", vpcs),
    ]
}

/// What routes, rules and VPCs refer to.
pub(super) fn of_references<'a>(
    look: &'a Look<'a>,
    lists: &BTreeSet<String>,
    options: &BTreeSet<String>,
) -> Vec<Job<'a>> {
    const ENTRIES: &str = "ec2:GetManagedPrefixListEntries";
    let mut jobs: Vec<Job<'a>> = lists
        .iter()
        .map(|id| Job::new("PrefixListEntries", ENTRIES, entries(look, id.clone())))
        .collect();
    if lists.is_empty() {
        // Nothing refers to one, so all of those that matter are there.
        jobs.push(Job::new("PrefixListEntries", ENTRIES, async { Listed::default() }));
    }
    if !options.is_empty() {
        jobs.push(list!(
            look,
            "DhcpOptions",
            "ec2:DescribeDhcpOptions",
            PAGE,
            describe_dhcp_options,
            filters,
            "dhcp-options-id",
            options
        ));
    }
    jobs
}

/// Elastic addresses: of the region, since they have no filter by VPC, and never in pages.
async fn addresses(look: &Look<'_>) -> Listed {
    pages("Addresses", "NextToken", read_xml, |_| async {
        send!(look, "ec2:DescribeAddresses", look.aws.ec2.describe_addresses())
    })
    .await
}

/// Two attributes of each VPC, one call each.
async fn attributes(look: &Look<'_>, vpcs: BTreeSet<String>) -> Listed {
    let mut listed = Listed::default();
    let both = |vpc: String| async move {
        let (support, hostnames) = tokio::join!(
            attribute(look, &vpc, VpcAttributeName::EnableDnsSupport, "EnableDnsSupport"),
            attribute(look, &vpc, VpcAttributeName::EnableDnsHostnames, "EnableDnsHostnames"),
        );
        (vpc, [("EnableDnsSupport", support), ("EnableDnsHostnames", hostnames)])
    };
    for (vpc, answers) in join_all(vpcs.into_iter().map(both)).await {
        let mut item = json!({ "VpcId": vpc });
        for (name, answer) in answers {
            match answer {
                Ok(value) => item[name] = json!({ "Value": value }),
                Err(failure) => listed.failure = listed.failure.or(Some(failure)),
            }
        }
        listed.items.push(item);
    }
    listed
}

async fn attribute(
    look: &Look<'_>,
    vpc: &str,
    name: VpcAttributeName,
    key: &str,
) -> Result<bool, Failure> {
    let body = send!(
        look,
        "ec2:DescribeVpcAttribute",
        look.aws.ec2.describe_vpc_attribute().vpc_id(vpc).attribute(name)
    )?;
    match read_xml(&body)?[key]["Value"].as_str() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(Failure::Unreadable(format!("there is no {key} in it"))),
    }
}

/// The entries of one prefix list, with its id beside them, which AWS doesn't repeat.
async fn entries(look: &Look<'_>, id: String) -> Listed {
    let listed = pages("Entries", "NextToken", read_xml, |token| {
        let request = look
            .aws
            .ec2
            .get_managed_prefix_list_entries()
            .prefix_list_id(&id)
            .max_results(PAGE_OF_ENTRIES)
            .set_next_token(token);
        async move { send!(look, "ec2:GetManagedPrefixListEntries", request) }
    })
    .await;
    // A part of a list is no list: an address may be in the rest.
    let items = match listed.failure {
        None => vec![json!({ "PrefixListId": id, "Entries": listed.items })],
        Some(_) => Vec::new(),
    };
    Listed { items, failure: listed.failure }
}

/// The prefix lists that routes and rules name.
pub(super) fn prefix_lists(inventory: &Inventory) -> BTreeSet<String> {
    let routes =
        inventory.route_tables.items.iter().flat_map(|table| table.routes.iter().flatten());
    let rules = inventory.security_groups.items.iter().flat_map(|group| {
        group.ip_permissions.iter().chain(&group.ip_permissions_egress).flatten()
    });
    let of_rules = rules.flat_map(|rule| &rule.prefix_list_ids);
    routes
        .filter_map(|route| route.destination_prefix_list_id.clone())
        .chain(of_rules.filter_map(|list| list.prefix_list_id.clone()))
        .collect()
}

/// The DHCP options that VPCs name. `default` stands for none.
pub(super) fn dhcp_options(inventory: &Inventory) -> BTreeSet<String> {
    let options = inventory.vpcs.items.iter().filter_map(|vpc| vpc.dhcp_options_id.clone());
    options.filter(|id| id != "default").collect()
}

/// The VPCs behind the peering connections that a route of ours names, where they are in the same
/// account and region: others can't be looked at.
pub(super) fn peers(inventory: &Inventory, ours: &BTreeSet<String>) -> BTreeSet<String> {
    let routes =
        inventory.route_tables.items.iter().flat_map(|table| table.routes.iter().flatten());
    let named: BTreeSet<&str> =
        routes.filter_map(|route| route.vpc_peering_connection_id.as_deref()).collect();
    let connections = inventory.vpc_peering_connections.items.iter();
    connections
        .filter(|connection| named.contains(connection.vpc_peering_connection_id.as_str()))
        .filter_map(|connection| {
            let sides =
                [connection.requester_vpc_info.as_ref()?, connection.accepter_vpc_info.as_ref()?];
            let is_near = sides[0].owner_id.is_some()
                && sides[0].owner_id == sides[1].owner_id
                && sides[0].region == sides[1].region;
            let other = sides.into_iter().filter_map(|side| side.vpc_id.clone());
            is_near.then(|| other.filter(|vpc| !ours.contains(vpc)))
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn inventory(json: Value) -> Inventory {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_referred_to_is_found() {
        let seen = inventory(json!({
            "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [
                {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}]}],
            "SecurityGroups": [{"GroupId": "sg-1",
                "IpPermissions": [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-2"}]}],
                "IpPermissionsEgress": [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-1"}]}]}],
            "Vpcs": [{"VpcId": "vpc-1", "DhcpOptionsId": "dopt-1"}, {"VpcId": "vpc-2", "DhcpOptionsId": "default"}],
        }));
        assert_eq!(Vec::from_iter(prefix_lists(&seen)), ["pl-1", "pl-2"]);
        assert_eq!(Vec::from_iter(dhcp_options(&seen)), ["dopt-1"]);
    }

    #[test]
    fn a_peer_is_looked_at_where_a_route_leads_there_and_it_is_ours() {
        let connection = |id: &str, other: Value| {
            json!({"VpcPeeringConnectionId": id, "AccepterVpcInfo": other,
                "RequesterVpcInfo": {"VpcId": "vpc-1", "OwnerId": "1", "Region": "us-east-1"}})
        };
        let seen = inventory(json!({
            "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [
                {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1"},
                {"DestinationCidrBlock": "10.2.0.0/16", "VpcPeeringConnectionId": "pcx-2"},
                {"DestinationCidrBlock": "10.3.0.0/16", "VpcPeeringConnectionId": "pcx-3"}]}],
            "VpcPeeringConnections": [
                connection("pcx-1", json!({"VpcId": "vpc-near", "OwnerId": "1", "Region": "us-east-1"})),
                connection("pcx-2", json!({"VpcId": "vpc-foreign", "OwnerId": "2", "Region": "us-east-1"})),
                connection("pcx-3", json!({"VpcId": "vpc-far", "OwnerId": "1", "Region": "eu-west-1"})),
                connection("pcx-4", json!({"VpcId": "vpc-aside", "OwnerId": "1", "Region": "us-east-1"}))],
        }));
        let ours = BTreeSet::from(["vpc-1".to_owned()]);
        assert_eq!(Vec::from_iter(peers(&seen, &ours)), ["vpc-near"]);
    }
}

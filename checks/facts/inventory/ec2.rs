//! What EC2 says of a VPC. Names and shapes are AWS's own (`aws ec2 describe-…`, `PascalCase`).
//!
//! A field is `None` where AWS or an older CLI didn't print it; what then holds stands in
//! [`crate::facts::defaults`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Part, Resource, Shape, Unrecognised};

/// Derives, names and serde settings that every AWS shape shares.
macro_rules! aws_shape {
    ($(#[$doc:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub struct $name { $($body)* }
    };
}
pub(super) use aws_shape;

/// Says which list of the inventory a resource stands in and by which field it is known.
macro_rules! resource {
    ($name:ident, $field:ident) => {
        impl Resource for $name {
            fn id(&self) -> &str {
                &self.$field
            }
        }
    };
}
pub(super) use resource;

const TAGS: (&str, &str) = ("Tags", "labels of the customer's own");

aws_shape! {
    /// A VPC (`describe-vpcs`).
    pub struct Vpc {
        /// `vpc-…`.
        pub vpc_id: String,
        /// The primary IPv4 CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// Every IPv4 CIDR with its state.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block_association_set: Option<Vec<VpcCidrBlockAssociation>>,
        /// The account that owns it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub owner_id: Option<String>,
        /// Block Public Access of the VPC as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub block_public_access_states: Option<BlockPublicAccessStates>,
        /// Encryption control, whose mode `enforce` may drop traffic at gateways.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub encryption_control: Option<EncryptionControl>,
        /// Automated Internet Firewalls between the VPC and its internet gateway (2026); empty
        /// where it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_firewall_associations: Option<Vec<NetworkFirewallAssociation>>,
        /// The DHCP options set, which may replace the VPC resolver.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dhcp_options_id: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<Vpc>,
    }
}
resource!(Vpc, vpc_id);
impl Shape for Vpc {
    const NAME: &'static str = "Vpc";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("InstanceTenancy", "about the hosts that instances run on"),
        ("Ipv6CidrBlockAssociationSet", "DMS reaches TiDB Cloud over IPv4"),
        ("IsDefault", "a default VPC routes like any other"),
        ("State", "a pending VPC has no subnets yet"),
    ];
}

aws_shape! {
    /// One IPv4 CIDR of a VPC.
    pub struct VpcCidrBlockAssociation {
        /// The CIDR.
        pub cidr_block: String,
        /// Its state; `associated` is in use.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block_state: Option<State>,
    }
}

aws_shape! {
    /// `{"State": …}`, as EC2 writes several of its states.
    pub struct State {
        /// The state's name.
        pub state: String,
    }
}

aws_shape! {
    /// VPC Block Public Access, exclusions already resolved by AWS.
    pub struct BlockPublicAccessStates {
        /// `off`, `block-bidirectional` or `block-ingress`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub internet_gateway_block_mode: Option<String>,
    }
}

aws_shape! {
    /// VPC encryption control.
    pub struct EncryptionControl {
        /// `monitor` or `enforce`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mode: Option<String>,
    }
}

aws_shape! {
    /// An Automated Internet Firewall of a VPC.
    pub struct NetworkFirewallAssociation {
        /// The firewall.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_arn: Option<String>,
        /// `pending`, `active` or `disabling`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_onboarding_status: Option<String>,
        /// `monitor` or `enforce`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_mode: Option<String>,
    }
}

aws_shape! {
    /// Two attributes of a VPC (`describe-vpc-attribute`, one call each).
    pub struct VpcAttributes {
        /// `vpc-…`.
        pub vpc_id: String,
        /// Whether the VPC resolver answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub enable_dns_support: Option<AttributeBooleanValue>,
        /// Whether private DNS names of endpoints are served.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub enable_dns_hostnames: Option<AttributeBooleanValue>,
    }
}
resource!(VpcAttributes, vpc_id);

/// `{"Value": true}`. Without a value it would say nothing, so there is no default.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttributeBooleanValue {
    /// The attribute's value.
    pub value: bool,
}

aws_shape! {
    /// A subnet (`describe-subnets`).
    pub struct Subnet {
        /// `subnet-…`.
        pub subnet_id: String,
        /// The VPC that it is part of.
        pub vpc_id: String,
        /// Its IPv4 CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// Its zone's name, which differs between accounts.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone: Option<String>,
        /// Its zone's id, the same in every account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone_id: Option<String>,
        /// Whether instances launched here get a public address; replication instances don't ask.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub map_public_ip_on_launch: Option<bool>,
        /// VPC Block Public Access for this subnet.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub block_public_access_states: Option<BlockPublicAccessStates>,
        /// What the VPC's Automated Internet Firewall does with the subnet: `flexible`,
        /// `outbound-only`, `bidirectional`, `exclude`, `az-unsupported`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_firewall_connectivity_type: Option<String>,
        /// Names the region and account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_arn: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<Subnet>,
    }
}
resource!(Subnet, subnet_id);
impl Shape for Subnet {
    const NAME: &'static str = "Subnet";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("AssignIpv6AddressOnCreation", "DMS reaches TiDB Cloud over IPv4"),
        ("AvailableIpAddressCount", "room for new interfaces, not for packets"),
        ("CustomerOwnedIpv4Pool", "about Outposts"),
        ("DefaultForAz", "a default subnet routes like any other"),
        ("EnableDns64", "about IPv6"),
        ("EnableLniAtDeviceIndex", "about Outposts"),
        ("Ipv6CidrBlockAssociationSet", "DMS reaches TiDB Cloud over IPv4"),
        ("Ipv6Native", "a subnet with an IPv4 CIDR isn't"),
        ("MapCustomerOwnedIpOnLaunch", "about Outposts"),
        ("OutpostArn", "an Outpost's subnet has the same route table and network ACL"),
        ("OwnerId", "a shared subnet routes the same for every participant"),
        ("PrivateDnsNameOptionsOnLaunch", "host names of instances"),
        ("State", "pending lasts for seconds"),
        ("Type", "names the service that a subnet was made for; routing is the same"),
    ];
}

aws_shape! {
    /// A route table (`describe-route-tables`).
    pub struct RouteTable {
        /// `rtb-…`.
        pub route_table_id: String,
        /// The VPC that it is part of.
        pub vpc_id: String,
        /// Which subnets and gateways use it, and whether it is the main table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub associations: Option<Vec<RouteTableAssociation>>,
        /// Its routes.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub routes: Option<Vec<Route>>,
    }
}
resource!(RouteTable, route_table_id);

aws_shape! {
    /// A use of a route table.
    pub struct RouteTableAssociation {
        /// Whether this makes it the VPC's main table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub main: Option<bool>,
        /// The subnet that uses it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// The gateway that uses it (edge association): not a subnet's table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub gateway_id: Option<String>,
        /// Whether the association holds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub association_state: Option<State>,
    }
}

impl RouteTableAssociation {
    /// Whether it is in force. An older CLI prints no state: AWS lists what is associated.
    pub fn holds(&self) -> bool {
        self.association_state.as_ref().is_none_or(|association| {
            association.state.is_empty() || association.state.eq_ignore_ascii_case("associated")
        })
    }
}

aws_shape! {
    /// A route: one destination, one target.
    pub struct Route {
        /// Destination, IPv4.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub destination_cidr_block: Option<String>,
        /// Destination, IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub destination_ipv6_cidr_block: Option<String>,
        /// Destination, a prefix list.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub destination_prefix_list_id: Option<String>,
        /// Target: `local`, an internet or virtual private gateway, or a gateway endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub gateway_id: Option<String>,
        /// Target: a NAT gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nat_gateway_id: Option<String>,
        /// Target: an interface, of a NAT instance or an appliance.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_id: Option<String>,
        /// The instance of that interface.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub instance_id: Option<String>,
        /// Target: a peering connection.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_peering_connection_id: Option<String>,
        /// Target: a transit gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub transit_gateway_id: Option<String>,
        /// Target: an egress-only internet gateway, for IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub egress_only_internet_gateway_id: Option<String>,
        /// Target: a local gateway of an Outpost.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub local_gateway_id: Option<String>,
        /// Target: a carrier gateway of a Wavelength zone.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub carrier_gateway_id: Option<String>,
        /// Target: a Cloud WAN core network.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub core_network_arn: Option<String>,
        /// Target: an Oracle Database@AWS network.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub odb_network_arn: Option<String>,
        /// Next hop of a route that VPC Route Server advertised.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_address: Option<String>,
        /// The automated firewall that inspects this internet gateway route.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub igw_firewall: Option<IgwFirewall>,
        /// How it came to be: `CreateRouteTable`, `CreateRoute`, `EnableVgwRoutePropagation`,
        /// `Advertisement`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub origin: Option<String>,
        /// `active`, `blackhole` or `filtered`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<Route>,
    }
}
impl Shape for Route {
    const NAME: &'static str = "Route";
    const IRRELEVANT: &'static [(&'static str, &'static str)] =
        &[("InstanceOwnerId", "whose the instance is doesn't change the way")];
}

aws_shape! {
    /// The automated internet firewall on an internet gateway route (2026).
    pub struct IgwFirewall {
        /// The firewall.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub firewall_arn: Option<String>,
        /// `pending`, `active` or `disabling`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

aws_shape! {
    /// An internet gateway (`describe-internet-gateways`).
    pub struct InternetGateway {
        /// `igw-…`.
        pub internet_gateway_id: String,
        /// The VPC that it is attached to, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachments: Option<Vec<InternetGatewayAttachment>>,
    }
}
resource!(InternetGateway, internet_gateway_id);

aws_shape! {
    /// An egress-only internet gateway, for IPv6 (`describe-egress-only-internet-gateways`).
    pub struct EgressOnlyInternetGateway {
        /// `eigw-…`.
        pub egress_only_internet_gateway_id: String,
        /// The VPC that it is attached to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachments: Option<Vec<InternetGatewayAttachment>>,
    }
}
resource!(EgressOnlyInternetGateway, egress_only_internet_gateway_id);

aws_shape! {
    /// An attachment of a gateway to a VPC.
    pub struct InternetGatewayAttachment {
        /// `available` in real answers, `attached` in the model's enum.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// The VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
    }
}

aws_shape! {
    /// A NAT gateway, zonal or regional (`describe-nat-gateways`).
    pub struct NatGateway {
        /// `nat-…`.
        pub nat_gateway_id: String,
        /// The VPC that it serves.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its own subnet; a regional one has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// `pending`, `failed`, `available`, `deleting`, `deleted`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// `public` or `private`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub connectivity_type: Option<String>,
        /// `zonal` or `regional`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_mode: Option<String>,
        /// Whether AWS adds addresses to a regional one by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub auto_scaling_ips: Option<String>,
        /// Whether AWS extends a regional one to new zones by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub auto_provision_zones: Option<String>,
        /// A regional one's own route table.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub route_table_id: Option<String>,
        /// Its addresses.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nat_gateway_addresses: Option<Vec<NatGatewayAddress>>,
        /// Appliances that its traffic passes.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attached_appliances: Option<Vec<AttachedAppliance>>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub failure_code: Option<String>,
        /// Why it failed, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub failure_message: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<NatGateway>,
    }
}
resource!(NatGateway, nat_gateway_id);
impl Shape for NatGateway {
    const NAME: &'static str = "NatGateway";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("CreateTime", "age doesn't change the way"),
        ("DeleteTime", "the state says it"),
        ("ProvisionedBandwidth", "reserved by AWS, not in use"),
    ];
}

aws_shape! {
    /// One address of a NAT gateway.
    pub struct NatGatewayAddress {
        /// The elastic IP address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_ip: Option<String>,
        /// The address in its subnet.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip: Option<String>,
        /// Its interface.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_id: Option<String>,
        /// Its allocation.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocation_id: Option<String>,
        /// `succeeded` is in use; `failed` and those on the way aren't.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

aws_shape! {
    /// An appliance that a NAT gateway's traffic passes.
    pub struct AttachedAppliance {
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub appliance_arn: Option<String>,
        /// `attached`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachment_state: Option<String>,
    }
}

aws_shape! {
    /// A network ACL (`describe-network-acls`).
    pub struct NetworkAcl {
        /// `acl-…`.
        pub network_acl_id: String,
        /// The VPC that it is part of.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Whether it is the VPC's default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub is_default: Option<bool>,
        /// The subnets that it guards.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub associations: Option<Vec<NetworkAclAssociation>>,
        /// Its rules, both directions, in no order.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub entries: Option<Vec<NetworkAclEntry>>,
    }
}
resource!(NetworkAcl, network_acl_id);

aws_shape! {
    /// A subnet that a network ACL guards.
    pub struct NetworkAclAssociation {
        /// The subnet.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
    }
}

aws_shape! {
    /// A rule of a network ACL.
    pub struct NetworkAclEntry {
        /// Rules are tried in ascending order; 32767 is the implicit deny.
        pub rule_number: i64,
        /// Whether it is about packets that leave the subnet.
        pub egress: bool,
        /// The other side, IPv4.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// The other side, IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ipv6_cidr_block: Option<String>,
        /// A protocol number as text; `-1` is all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub protocol: Option<String>,
        /// The destination ports; not there for all protocols.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub port_range: Option<PortRange>,
        /// `allow` or `deny`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub rule_action: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<NetworkAclEntry>,
    }
}
impl Shape for NetworkAclEntry {
    const NAME: &'static str = "NetworkAclEntry";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[("IcmpTypeCode", "MySQL is TCP")];
}

aws_shape! {
    /// A range of ports, both ends included.
    pub struct PortRange {
        /// First port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub from: Option<i64>,
        /// Last port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub to: Option<i64>,
    }
}

aws_shape! {
    /// A security group (`describe-security-groups`).
    pub struct SecurityGroup {
        /// `sg-…`.
        pub group_id: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group_name: Option<String>,
        /// The VPC that it is part of.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// What may come in. An empty list lets nothing in; an absent one wasn't seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_permissions: Option<Vec<IpPermission>>,
        /// What may go out. An empty list lets nothing out; an absent one wasn't seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_permissions_egress: Option<Vec<IpPermission>>,
    }
}
resource!(SecurityGroup, group_id);

aws_shape! {
    /// A rule of a security group.
    pub struct IpPermission {
        /// `tcp`, `6`, `-1`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_protocol: Option<String>,
        /// First port; not there for all protocols.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub from_port: Option<i64>,
        /// Last port.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub to_port: Option<i64>,
        /// Other sides by IPv4 CIDR.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub ip_ranges: Vec<IpRange>,
        /// Other sides by security group: matches private addresses of its members alone.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub user_id_group_pairs: Vec<UserIdGroupPair>,
        /// Other sides by prefix list.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub prefix_list_ids: Vec<PrefixListId>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<IpPermission>,
    }
}
impl Shape for IpPermission {
    const NAME: &'static str = "IpPermission";
    const IRRELEVANT: &'static [(&'static str, &'static str)] =
        &[("Ipv6Ranges", "DMS reaches TiDB Cloud over IPv4")];
}

aws_shape! {
    /// An IPv4 CIDR of a security group rule.
    pub struct IpRange {
        /// The CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_ip: Option<String>,
    }
}

aws_shape! {
    /// A security group that a security group rule refers to.
    pub struct UserIdGroupPair {
        /// `sg-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group_id: Option<String>,
    }
}

aws_shape! {
    /// A prefix list that a security group rule refers to.
    pub struct PrefixListId {
        /// `pl-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prefix_list_id: Option<String>,
    }
}

aws_shape! {
    /// A network interface (`describe-network-interfaces`).
    pub struct NetworkInterface {
        /// `eni-…`.
        pub network_interface_id: String,
        /// The subnet that it stands in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// The VPC that it stands in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its zone.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub availability_zone: Option<String>,
        /// Its primary private address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_address: Option<String>,
        /// All its private addresses with the public ones on them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_addresses: Option<Vec<NetworkInterfacePrivateIpAddress>>,
        /// The public address on the primary private one.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub association: Option<NetworkInterfaceAssociation>,
        /// What it is attached to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachment: Option<NetworkInterfaceAttachment>,
        /// Its security groups. An empty list means that nothing filters here.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub groups: Option<Vec<GroupIdentifier>>,
        /// `interface`, `nat_gateway`, `vpc_endpoint`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub interface_type: Option<String>,
        /// Whether packets of others are dropped here. A NAT instance needs it off.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub source_dest_check: Option<bool>,
        /// `in-use`, `available` (attached to nothing), …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// Whether it is cut off from internet gateways.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub deny_all_igw_traffic: Option<bool>,
        /// What its maker wrote; DMS writes `DMSNetworkInterface`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub description: Option<String>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<NetworkInterface>,
    }
}
resource!(NetworkInterface, network_interface_id);
impl Shape for NetworkInterface {
    const NAME: &'static str = "NetworkInterface";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        ("AssociatedSubnets", "further subnets of trunk interfaces, not of DMS or endpoints"),
        ("AvailabilityZoneId", "the subnet says it"),
        ("ConnectionTrackingConfiguration", "timeouts of idle connections"),
        ("Ipv4Prefixes", "delegated prefixes of container hosts"),
        ("Ipv6Address", "DMS reaches TiDB Cloud over IPv4"),
        ("Ipv6Addresses", "DMS reaches TiDB Cloud over IPv4"),
        ("Ipv6Native", "an interface with an IPv4 address isn't"),
        ("Ipv6Prefixes", "DMS reaches TiDB Cloud over IPv4"),
        ("MacAddress", "below IP"),
        ("Operator", "who manages it"),
        ("OutpostArn", "where the host stands"),
        ("OwnerId", "who pays"),
        ("PrivateDnsName", "a name for the address that we have"),
        ("PublicDnsName", "a name for the address that we have"),
        ("PublicIpDnsNameOptions", "names, not routes"),
        ("RequesterId", "who asked for it"),
        ("RequesterManaged", "who manages it"),
        ("TagSet", "labels of the customer's own"),
    ];
}

aws_shape! {
    /// One private address of an interface.
    pub struct NetworkInterfacePrivateIpAddress {
        /// The address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_address: Option<String>,
        /// Whether connections leave from it by default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub primary: Option<bool>,
        /// The public address on it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub association: Option<NetworkInterfaceAssociation>,
    }
}

aws_shape! {
    /// A public address on a private one.
    pub struct NetworkInterfaceAssociation {
        /// The public address.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_ip: Option<String>,
        /// The elastic IP's allocation; not there for an address that AWS lends.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocation_id: Option<String>,
        /// `amazon` for an address that AWS lends, else the owner's account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ip_owner_id: Option<String>,
    }
}

aws_shape! {
    /// What an interface is attached to.
    pub struct NetworkInterfaceAttachment {
        /// The instance, if it is one of the customer's.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub instance_id: Option<String>,
        /// 0 is the primary interface.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub device_index: Option<i64>,
        /// `attached`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
    }
}

aws_shape! {
    /// A security group's id.
    pub struct GroupIdentifier {
        /// `sg-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub group_id: Option<String>,
    }
}

aws_shape! {
    /// An elastic IP address (`describe-addresses`).
    pub struct Address {
        /// The public address.
        pub public_ip: String,
        /// `eipalloc-…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocation_id: Option<String>,
        /// The interface that it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_id: Option<String>,
        /// The private address that it is on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_ip_address: Option<String>,
        /// `rnat` for an address that a regional NAT gateway took by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service_managed: Option<String>,
    }
}
impl Resource for Address {
    /// A carrier's address in a Wavelength zone has an allocation and no public address.
    fn id(&self) -> &str {
        match self.public_ip.as_str() {
            "" => self.allocation_id.as_deref().unwrap_or(""),
            address => address,
        }
    }
}

aws_shape! {
    /// A set of DHCP options (`describe-dhcp-options`).
    pub struct DhcpOptions {
        /// `dopt-…`.
        pub dhcp_options_id: String,
        /// The options.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dhcp_configurations: Option<Vec<DhcpConfiguration>>,
    }
}
resource!(DhcpOptions, dhcp_options_id);

aws_shape! {
    /// One DHCP option.
    pub struct DhcpConfiguration {
        /// `domain-name-servers`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub key: Option<String>,
        /// Its values.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub values: Option<Vec<AttributeValue>>,
    }
}

aws_shape! {
    /// `{"Value": …}`.
    pub struct AttributeValue {
        /// The value.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub value: Option<String>,
    }
}

aws_shape! {
    /// A VPC endpoint (`describe-vpc-endpoints`).
    pub struct VpcEndpoint {
        /// `vpce-…`.
        pub vpc_endpoint_id: String,
        /// `Interface`, `Gateway`, `GatewayLoadBalancer`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_endpoint_type: Option<String>,
        /// The VPC that it stands in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// The service that it leads to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub service_name: Option<String>,
        /// `available`, `pendingAcceptance`, …; letter case differs between calls.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// The subnets that its interfaces stand in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_ids: Option<Vec<String>>,
        /// Its interfaces.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interface_ids: Option<Vec<String>>,
        /// Its security groups.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub groups: Option<Vec<GroupIdentifier>>,
        /// Whether the service's own names lead here inside the VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub private_dns_enabled: Option<bool>,
        /// The names that lead here.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dns_entries: Option<Vec<DnsEntry>>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<VpcEndpoint>,
    }
}
resource!(VpcEndpoint, vpc_endpoint_id);
impl Shape for VpcEndpoint {
    const NAME: &'static str = "VpcEndpoint";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("CreationTimestamp", "age doesn't change the way"),
        ("DnsOptions", "which names it publishes; the names themselves are read"),
        ("FailureReason", "the state says it"),
        ("IpAddressType", "its interfaces' addresses say it"),
        ("Ipv4Prefixes", "of service networks"),
        ("Ipv6Prefixes", "DMS reaches TiDB Cloud over IPv4"),
        ("LastError", "the state says it"),
        ("OwnerId", "who pays"),
        ("PayerResponsibilities", "who pays"),
        ("PolicyDocument", "judged by AWS's own services, not by TiDB Cloud's"),
        ("RequesterManaged", "who manages it"),
        ("ResourceConfigurationArn", "of resource endpoints"),
        ("RouteTableIds", "the route tables say it"),
        ("ServiceNetworkArn", "of service networks"),
        ("ServiceRegion", "the service's name says it"),
    ];
}

aws_shape! {
    /// A name that leads to an endpoint.
    pub struct DnsEntry {
        /// The name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub dns_name: Option<String>,
    }
}

aws_shape! {
    /// A peering connection (`describe-vpc-peering-connections`).
    pub struct VpcPeeringConnection {
        /// `pcx-…`.
        pub vpc_peering_connection_id: String,
        /// The side that was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub accepter_vpc_info: Option<VpcPeeringConnectionVpcInfo>,
        /// The side that asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub requester_vpc_info: Option<VpcPeeringConnectionVpcInfo>,
        /// `active` carries packets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<VpcPeeringConnectionStatus>,
        /// Fields that nobody has reviewed.
        #[serde(flatten)]
        pub unrecognised: Unrecognised<VpcPeeringConnection>,
    }
}
resource!(VpcPeeringConnection, vpc_peering_connection_id);
impl Shape for VpcPeeringConnection {
    const NAME: &'static str = "VpcPeeringConnection";
    const IRRELEVANT: &'static [(&'static str, &'static str)] = &[
        TAGS,
        ("ExpirationTime", "of a request that nobody accepted; the status says it"),
        ("MultipathResilienceStatus", "how it fails over, not where it leads"),
    ];
}

aws_shape! {
    /// One side of a peering connection.
    pub struct VpcPeeringConnectionVpcInfo {
        /// The VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its account.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub owner_id: Option<String>,
        /// Its region.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub region: Option<String>,
        /// Its primary CIDR; there only while the connection is active.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
        /// All its CIDRs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block_set: Option<Vec<CidrBlock>>,
    }
}

aws_shape! {
    /// `{"CidrBlock": …}`.
    pub struct CidrBlock {
        /// The CIDR.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr_block: Option<String>,
    }
}

aws_shape! {
    /// The status of a peering connection.
    pub struct VpcPeeringConnectionStatus {
        /// `active`, `pending-acceptance`, `rejected`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub code: Option<String>,
    }
}

aws_shape! {
    /// A managed prefix list, without its entries. `describe-managed-prefix-lists` prints it under
    /// the key `PrefixLists`, which the older call has too: from files it comes as [`PrefixList`].
    pub struct ManagedPrefixList {
        /// `pl-…`.
        pub prefix_list_id: String,
        /// Its name; AWS's own are `com.amazonaws.…`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prefix_list_name: Option<String>,
        /// `IPv4` or `IPv6`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub address_family: Option<String>,
    }
}
resource!(ManagedPrefixList, prefix_list_id);

aws_shape! {
    /// The entries of a prefix list (`get-managed-prefix-list-entries`), with the list's id beside
    /// them, which AWS doesn't print.
    pub struct PrefixListEntries {
        /// `pl-…`.
        pub prefix_list_id: String,
        /// The entries.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub entries: Option<Vec<PrefixListEntry>>,
        /// There are more entries: these are one page of them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub next_token: Option<String>,
    }
}
resource!(PrefixListEntries, prefix_list_id);

aws_shape! {
    /// One CIDR of a prefix list.
    pub struct PrefixListEntry {
        /// The CIDR, IPv4 or IPv6.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidr: Option<String>,
    }
}

aws_shape! {
    /// A prefix list as the older `describe-prefix-lists` prints it, with its CIDRs; without them,
    /// as `describe-managed-prefix-lists` does.
    pub struct PrefixList {
        /// `pl-…`.
        pub prefix_list_id: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub prefix_list_name: Option<String>,
        /// Its CIDRs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cidrs: Option<Vec<String>>,
    }
}
resource!(PrefixList, prefix_list_id);

aws_shape! {
    /// An attachment of a transit gateway (`describe-transit-gateway-attachments`,
    /// `describe-transit-gateway-vpc-attachments`).
    pub struct TransitGatewayAttachment {
        /// `tgw-attach-…`.
        pub transit_gateway_attachment_id: String,
        /// The transit gateway.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub transit_gateway_id: Option<String>,
        /// The VPC, in the VPC form.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// What is attached, in the general form.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub resource_id: Option<String>,
        /// `available`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<String>,
        /// The subnets that it stands in, in the VPC form.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_ids: Option<Vec<String>>,
    }
}
resource!(TransitGatewayAttachment, transit_gateway_attachment_id);

aws_shape! {
    /// A reservation (`describe-instances`): one launch of instances.
    pub struct Reservation {
        /// `r-…`.
        pub reservation_id: String,
        /// Its instances.
        pub instances: Vec<Instance>,
    }
}
impl Resource for Reservation {
    /// A filter on instances splits a reservation, and one instance may be described twice.
    const PARTS: &'static [Part] = &[Part {
        field: "Instances",
        id: "InstanceId",
        list: "Reservations",
        comes_in_pieces: true,
        parts: &[Part {
            field: "NetworkInterfaces",
            id: "NetworkInterfaceId",
            list: "NetworkInterfaces",
            comes_in_pieces: false,
            parts: &[],
        }],
    }];

    fn id(&self) -> &str {
        &self.reservation_id
    }
}

aws_shape! {
    /// An instance; here for NAT instances, and as a place to trace from.
    pub struct Instance {
        /// `i-…`.
        pub instance_id: String,
        /// `running` answers packets.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub state: Option<InstanceState>,
        /// Its subnet; a terminated one has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub subnet_id: Option<String>,
        /// Its VPC.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vpc_id: Option<String>,
        /// Its interfaces, as `describe-instances` prints them.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub network_interfaces: Option<Vec<NetworkInterface>>,
    }
}
resource!(Instance, instance_id);

aws_shape! {
    /// An instance's state.
    pub struct InstanceState {
        /// `running`, `stopped`, …
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
    }
}

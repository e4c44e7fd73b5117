//! A healthy world, as AWS CLI output, and how to make it ill.
//!
//! `vpc-a` (10.0.0.0/16) holds a private subnet whose default route leads to a NAT gateway in a
//! public subnet, an interface endpoint in a subnet of its own, and a NAT instance that nobody uses;
//! it is peered with `vpc-p` (10.9.0.0/16). `i-seat` sits in the private subnet, `i-public` in
//! the public one.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

pub(super) use crate::path::Verdict;
use crate::{
    facts::{Index, Inventory},
    path::{Addresses, Code, Leg, Path, Source, Stop, trace},
};

/// The cluster's public address.
pub(super) const CLUSTER: &str = "44.210.0.50";
/// The interface endpoint's address.
pub(super) const ENDPOINT: &str = "10.0.3.30";
/// An instance's address in the peer's VPC.
pub(super) const PEER: &str = "10.9.1.40";

#[derive(Clone)]
pub(super) struct World {
    pub(super) json: Value,
    pub(super) from: String,
    pub(super) to: Vec<Addresses>,
}

impl World {
    /// `i-seat` goes to the cluster by the NAT gateway.
    pub(super) fn private() -> Self {
        Self::new("i-seat", CLUSTER)
    }

    /// `i-public` goes to the cluster by the internet gateway.
    pub(super) fn public() -> Self {
        Self::new("i-public", CLUSTER)
    }

    /// `i-seat` goes to the interface endpoint.
    pub(super) fn endpoint() -> Self {
        Self::new("i-seat", ENDPOINT)
    }

    /// `i-seat` goes to the peer's VPC.
    pub(super) fn peering() -> Self {
        Self::new("i-seat", PEER).route("rtb-private", "10.9.0.0/16", "pcx-a")
    }

    /// `i-seat` goes to the cluster by the NAT instance.
    pub(super) fn nat_instance() -> Self {
        Self::private().route("rtb-private", "0.0.0.0/0", "eni-forward")
    }

    fn new(from: &str, to: &str) -> Self {
        Self { json: healthy(), from: from.into(), to: vec![Addresses::one(to.parse().unwrap())] }
    }

    /// Starts elsewhere.
    pub(super) fn from(mut self, from: &str) -> Self {
        self.from = from.into();
        self
    }

    /// Goes elsewhere: an address, a network, `public`, or several of them with commas.
    pub(super) fn to(mut self, to: &str) -> Self {
        self.to = to
            .split(',')
            .map(|to| match to.parse::<Ipv4Addr>() {
                Ok(address) => Addresses::one(address),
                Err(_) if to == "public" => Addresses::AnyPublic,
                Err(_) => Addresses::Net(to.parse().unwrap()),
            })
            .collect();
        self
    }

    /// The resource with this id.
    pub(super) fn at(&mut self, id: &str) -> &mut Map<String, Value> {
        self.json
            .as_object_mut()
            .unwrap()
            .values_mut()
            .filter_map(Value::as_array_mut)
            .flatten()
            .find_map(|resource| find(resource, id))
            .unwrap_or_else(|| panic!("no {id}"))
    }

    /// Merges a patch into a resource: a null removes a field.
    pub(super) fn patch(mut self, id: &str, patch: Value) -> Self {
        merge(self.at(id), patch);
        self
    }

    /// Merges a patch into the whole.
    pub(super) fn merge(mut self, patch: Value) -> Self {
        merge(self.json.as_object_mut().unwrap(), patch);
        self
    }

    /// Changes the whole in any other way.
    pub(super) fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        edit(&mut self.json);
        self
    }

    /// Adds a resource to a list.
    pub(super) fn add(mut self, list: &str, resource: Value) -> Self {
        self.json[list].as_array_mut().unwrap().push(resource);
        self
    }

    /// Removes a resource. Its list stays what it was: the resource doesn't exist.
    pub(super) fn gone(mut self, id: &str) -> Self {
        for list in self.json.as_object_mut().unwrap().values_mut() {
            if let Some(list) = list.as_array_mut() {
                list.retain(|resource| own_id(resource) != Some(id));
            }
        }
        self
    }

    /// Removes a resource, and its list is partial: the resource was not seen.
    pub(super) fn unseen(self, list: &str, id: &str) -> Self {
        self.gone(id).partial(list)
    }

    /// Makes a list partial.
    pub(super) fn partial(mut self, list: &str) -> Self {
        self.json["Extents"][list] =
            json!({"partial": {"about": list, "reason": "has more pages", "unlock": "nothing"}});
        self
    }

    /// A list that was not delivered.
    pub(super) fn without(mut self, list: &str) -> Self {
        self.json.as_object_mut().unwrap().remove(list).unwrap();
        self
    }

    /// Sets the route of a table to a destination; the table's others stay.
    pub(super) fn route(mut self, table: &str, destination: &str, target: &str) -> Self {
        let routes = self.at(table)["Routes"].as_array_mut().unwrap();
        let new = route(destination, target);
        routes.retain(|old| {
            ["DestinationCidrBlock", "DestinationPrefixListId"]
                .iter()
                .all(|key| old.get(key).is_none() || old.get(key) != new.get(key))
        });
        routes.push(new);
        self
    }

    /// Merges a patch into the route of a table to a destination.
    pub(super) fn patch_route(mut self, table: &str, destination: &str, patch: Value) -> Self {
        let routes = self.at(table)["Routes"].as_array_mut().unwrap();
        let route = routes
            .iter_mut()
            .find(|route| {
                route["DestinationCidrBlock"] == destination
                    || route["DestinationPrefixListId"] == destination
            })
            .unwrap();
        merge(route.as_object_mut().unwrap(), patch);
        self
    }

    /// A table's only routes, beside the local one.
    pub(super) fn routes(mut self, table: &str, routes: &[(&str, &str)]) -> Self {
        let local = self.at(table)["Routes"][0].clone();
        let mut new = vec![local];
        new.extend(routes.iter().map(|(to, target)| route(to, target)));
        self.at(table).insert("Routes".into(), new.into());
        self
    }

    /// A network ACL of these rules alone, with AWS's last one, for one subnet.
    pub(super) fn acl(mut self, subnet: &str, rules: &[Rule]) -> Self {
        let vpc = self.at(subnet)["VpcId"].clone();
        for acl in self.json["NetworkAcls"].as_array_mut().unwrap() {
            let associations = acl["Associations"].as_array_mut().unwrap();
            associations.retain(|association| association["SubnetId"] != subnet);
        }
        let mut entries: Vec<Value> = rules.iter().map(Rule::entry).collect();
        entries.extend([OUT, IN].map(|way| all(32767, way, DENY).entry()));
        self.add(
            "NetworkAcls",
            json!({
                "NetworkAclId": format!("acl-of-{subnet}"), "VpcId": vpc, "IsDefault": false,
                "Associations": [{"SubnetId": subnet}], "Entries": entries,
            }),
        )
    }

    /// A security group's rules of one direction (`IpPermissions`, `IpPermissionsEgress`).
    pub(super) fn rules(self, group: &str, direction: &str, rules: Value) -> Self {
        let mut world = self;
        world.at(group).insert(direction.into(), rules);
        world
    }

    pub(super) fn inventory(&self) -> Inventory {
        serde_json::from_value(self.json.clone()).unwrap()
    }

    pub(super) fn trace(&self) -> Path {
        trace_in(&self.inventory(), &self.from, &self.to, 4000)
    }

    /// It arrives, and the other side sees exactly these addresses.
    #[track_caller]
    pub(super) fn arrives(&self, egress: &[&str]) -> Path {
        let path = self.trace();
        assert_eq!(path.verdict(), Verdict::Arrives, "{path:#?}");
        assert!(path.egress.gaps.is_empty(), "{:#?}", path.egress);
        let seen: Vec<String> = path.egress.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(seen, egress);
        path
    }

    /// It is stopped by this alone.
    #[track_caller]
    pub(super) fn stopped(&self, code: Code, leg: Leg, at: &str) -> Path {
        let path = self.trace();
        let stops: Vec<(Code, Leg, &str)> = path.stops.iter().map(key).collect();
        assert_eq!(stops, [(code, leg, at)], "{path:#?}");
        path
    }

    /// It is stopped by all of these.
    #[track_caller]
    pub(super) fn stopped_by(&self, expected: &[(Code, Leg, &str)]) -> Path {
        let path = self.trace();
        let mut stops: Vec<(Code, Leg, &str)> = path.stops.iter().map(key).collect();
        let mut expected = expected.to_vec();
        stops.sort_unstable();
        expected.sort_unstable();
        assert_eq!(stops, expected, "{path:#?}");
        path
    }

    /// It can't be told, and a gap is about this, for this reason (a part of the text).
    #[track_caller]
    pub(super) fn unknown(&self, about: &str, reason: &str) -> Path {
        let path = self.trace();
        assert_eq!(path.verdict(), Verdict::Unknown, "{path:#?}");
        assert!(
            path.doubts
                .iter()
                .any(|doubt| doubt.gap.about == about && doubt.gap.reason.contains(reason)),
            "no gap about {about} that says {reason}: {:#?}",
            path.doubts
        );
        path
    }
}

fn key(stop: &Stop) -> (Code, Leg, &str) {
    (stop.code, stop.leg, stop.at.as_str())
}

pub(super) fn trace_in(inventory: &Inventory, from: &str, to: &[Addresses], port: u16) -> Path {
    let index = Index::new(inventory);
    let source = Source::find(&index, from).unwrap_or_else(|error| panic!("{error:?}"));
    trace(&index, &source, to, port)
}

/// The field that a resource is known by.
pub(super) const IDS: [&str; 14] = [
    "PublicIp",
    "NetworkInterfaceId",
    "NetworkAclId",
    "NatGatewayId",
    "InternetGatewayId",
    "RouteTableId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
    "InstanceId",
    "ReservationId",
    "PrefixListId",
    "GroupId",
    "SubnetId",
    "VpcId",
];

pub(super) fn own_id(resource: &Value) -> Option<&str> {
    IDS.iter().find_map(|key| match resource.get(key) {
        // A regional NAT gateway has a route table and an address stands on an interface.
        Some(Value::String(id)) if *key != "RouteTableId" || resource.get("Routes").is_some() => {
            Some(id.as_str())
        }
        _ => None,
    })
}

fn find<'a>(resource: &'a mut Value, id: &str) -> Option<&'a mut Map<String, Value>> {
    if own_id(resource) == Some(id) {
        return resource.as_object_mut();
    }
    resource
        .get_mut("Instances")?
        .as_array_mut()?
        .iter_mut()
        .find(|instance| instance["InstanceId"] == id)?
        .as_object_mut()
}

/// A JSON merge patch (RFC 7396).
fn merge(into: &mut Map<String, Value>, patch: Value) {
    let Value::Object(patch) = patch else { panic!("a patch is an object") };
    for (key, value) in patch {
        match value {
            Value::Null => {
                into.remove(&key);
            }
            Value::Object(_) => {
                let inner = into.entry(key).or_insert_with(|| json!({}));
                if !inner.is_object() {
                    *inner = json!({});
                }
                merge(inner.as_object_mut().unwrap(), value);
            }
            value => {
                into.insert(key, value);
            }
        }
    }
}

/// A route; the target's id says which field it stands in.
pub(super) fn route(destination: &str, target: &str) -> Value {
    let to = if destination.starts_with("pl-") {
        "DestinationPrefixListId"
    } else if destination.contains(':') {
        "DestinationIpv6CidrBlock"
    } else {
        "DestinationCidrBlock"
    };
    let field = match target.split('-').next().unwrap() {
        "nat" => "NatGatewayId",
        "eni" => "NetworkInterfaceId",
        "i" => "InstanceId",
        "pcx" => "VpcPeeringConnectionId",
        "tgw" => "TransitGatewayId",
        "eigw" => "EgressOnlyInternetGatewayId",
        "lgw" => "LocalGatewayId",
        "cagw" => "CarrierGatewayId",
        "arn:aws:networkmanager::1:core" => "CoreNetworkArn",
        "arn:aws:odb:us" => "OdbNetworkArn",
        text if text.starts_with(|letter: char| letter.is_ascii_digit()) => "IpAddress",
        _ => "GatewayId",
    };
    json!({to: destination, field: target, "Origin": "CreateRoute", "State": "active"})
}

/// Which way a rule of a network ACL is for.
pub(super) const OUT: bool = true;
pub(super) const IN: bool = false;
pub(super) const ALLOW: &str = "allow";
pub(super) const DENY: &str = "deny";

/// A rule of a network ACL.
#[derive(Clone)]
pub(super) struct Rule(Value);

impl Rule {
    fn entry(&self) -> Value {
        self.0.clone()
    }

    /// Changes it.
    pub(super) fn with(mut self, patch: Value) -> Self {
        merge(self.0.as_object_mut().unwrap(), patch);
        self
    }
}

/// All traffic, from and to everywhere.
pub(super) fn all(number: i64, egress: bool, action: &str) -> Rule {
    Rule(json!({
        "RuleNumber": number, "Egress": egress, "Protocol": "-1", "CidrBlock": "0.0.0.0/0",
        "RuleAction": action,
    }))
}

/// TCP to a range of ports, from or to a network.
pub(super) fn tcp(number: i64, egress: bool, action: &str, net: &str, ports: (u16, u16)) -> Rule {
    all(number, egress, action).with(json!({
        "Protocol": "6", "CidrBlock": net, "PortRange": {"From": ports.0, "To": ports.1},
    }))
}

fn healthy() -> Value {
    let subnet = |id: &str, vpc: &str, cidr: &str| {
        json!({
            "SubnetId": id, "VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": "us-east-1a",
            "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        })
    };
    let table = |id: &str, vpc: &str, cidr: &str, associations: Value, route_: Option<Value>| {
        let local = json!({
            "DestinationCidrBlock": cidr, "GatewayId": "local", "Origin": "CreateRouteTable",
            "State": "active",
        });
        let routes: Vec<Value> = [local].into_iter().chain(route_).collect();
        json!({"RouteTableId": id, "VpcId": vpc, "Associations": associations, "Routes": routes})
    };
    let used_by = |subnet: &str| json!([{"Main": false, "SubnetId": subnet, "AssociationState": {"State": "associated"}}]);
    let acl = |id: &str, vpc: &str, subnets: &[&str]| {
        let associations: Vec<Value> =
            subnets.iter().map(|subnet| json!({"SubnetId": subnet})).collect();
        let entries: Vec<Value> = [OUT, IN]
            .into_iter()
            .flat_map(|way| [all(100, way, ALLOW).entry(), all(32767, way, DENY).entry()])
            .collect();
        json!({
            "NetworkAclId": id, "VpcId": vpc, "IsDefault": true, "Associations": associations,
            "Entries": entries,
        })
    };
    let everything = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    let group = |id: &str, vpc: &str, inbound: &Value| {
        json!({
            "GroupId": id, "VpcId": vpc, "IpPermissions": inbound,
            "IpPermissionsEgress": everything,
        })
    };
    let interfaces = [
        interface("seat", "vpc-a", "subnet-private", "10.0.1.10", None),
        interface("public", "vpc-a", "subnet-public", "10.0.2.20", Some("54.0.0.20")),
        interface("forward", "vpc-a", "subnet-public", "10.0.2.30", Some("54.0.0.30")),
        interface("peer", "vpc-p", "subnet-peer", PEER, None),
        json!({
            "NetworkInterfaceId": "eni-endpoint", "SubnetId": "subnet-endpoint", "VpcId": "vpc-a",
            "PrivateIpAddress": ENDPOINT, "InterfaceType": "vpc_endpoint", "Status": "in-use",
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": ENDPOINT}],
            "SourceDestCheck": true, "Groups": [{"GroupId": "sg-endpoint"}],
            "Attachment": {"Status": "attached"},
        }),
        json!({
            "NetworkInterfaceId": "eni-nat", "SubnetId": "subnet-public", "VpcId": "vpc-a",
            "PrivateIpAddress": "10.0.2.5", "InterfaceType": "nat_gateway", "Status": "in-use",
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.2.5",
                "Association": {"PublicIp": "3.3.3.3", "AllocationId": "eipalloc-nat"}}],
            "SourceDestCheck": false, "Groups": [], "Attachment": {"Status": "attached"},
            "Association": {"PublicIp": "3.3.3.3", "AllocationId": "eipalloc-nat"},
        }),
    ];
    let reservations: Vec<Value> = interfaces
        .iter()
        .filter_map(|interface| {
            let id = interface["Attachment"]["InstanceId"].as_str()?;
            let mut inside = interface.clone();
            let attachment = inside["Attachment"].as_object_mut().unwrap();
            attachment.remove("InstanceId");
            Some(json!({"ReservationId": format!("r-{id}"), "Instances": [{
                "InstanceId": id, "State": {"Name": "running"},
                "SubnetId": interface["SubnetId"], "VpcId": interface["VpcId"],
                "NetworkInterfaces": [inside],
            }]}))
        })
        .collect();
    json!({
        "Vpcs": [
            {"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16"},
            {"VpcId": "vpc-p", "CidrBlock": "10.9.0.0/16"},
        ],
        "Subnets": [
            subnet("subnet-private", "vpc-a", "10.0.1.0/24"),
            subnet("subnet-public", "vpc-a", "10.0.2.0/24"),
            subnet("subnet-endpoint", "vpc-a", "10.0.3.0/24"),
            subnet("subnet-peer", "vpc-p", "10.9.1.0/24"),
        ],
        "RouteTables": [
            table("rtb-private", "vpc-a", "10.0.0.0/16", used_by("subnet-private"),
                Some(route("0.0.0.0/0", "nat-a"))),
            table("rtb-public", "vpc-a", "10.0.0.0/16", used_by("subnet-public"),
                Some(route("0.0.0.0/0", "igw-a"))),
            table("rtb-main", "vpc-a", "10.0.0.0/16", json!([{"Main": true}]), None),
            table("rtb-peer", "vpc-p", "10.9.0.0/16", json!([{"Main": true}]),
                Some(route("10.0.0.0/16", "pcx-a"))),
        ],
        "InternetGateways": [{"InternetGatewayId": "igw-a",
            "Attachments": [{"State": "available", "VpcId": "vpc-a"}]}],
        "NatGateways": [{
            "NatGatewayId": "nat-a", "VpcId": "vpc-a", "SubnetId": "subnet-public",
            "State": "available", "ConnectivityType": "public", "NatGatewayAddresses": [{
                "PublicIp": "3.3.3.3", "PrivateIp": "10.0.2.5", "NetworkInterfaceId": "eni-nat",
                "AllocationId": "eipalloc-nat", "Status": "succeeded"}],
        }],
        "NetworkAcls": [
            acl("acl-a", "vpc-a", &["subnet-private", "subnet-public", "subnet-endpoint"]),
            acl("acl-p", "vpc-p", &["subnet-peer"]),
        ],
        "SecurityGroups": [
            group("sg-seat", "vpc-a", &json!([])),
            group("sg-public", "vpc-a", &json!([])),
            group("sg-forward", "vpc-a", &everything),
            group("sg-endpoint", "vpc-a", &everything),
            group("sg-peer", "vpc-p", &everything),
        ],
        "NetworkInterfaces": interfaces,
        "Reservations": reservations,
        "Addresses": [],
        "VpcEndpoints": [{
            "VpcEndpointId": "vpce-a", "VpcEndpointType": "Interface", "VpcId": "vpc-a",
            "State": "available", "NetworkInterfaceIds": ["eni-endpoint"],
        }],
        "VpcPeeringConnections": [{
            "VpcPeeringConnectionId": "pcx-a", "Status": {"Code": "active"},
            "RequesterVpcInfo": {"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16",
                "CidrBlockSet": [{"CidrBlock": "10.0.0.0/16"}]},
            "AccepterVpcInfo": {"VpcId": "vpc-p", "CidrBlock": "10.9.0.0/16",
                "CidrBlockSet": [{"CidrBlock": "10.9.0.0/16"}]},
        }],
        "PrefixListEntries": [],
        "Extents": {},
    })
}

/// An instance's interface.
pub(super) fn interface(
    name: &str,
    vpc: &str,
    subnet: &str,
    address: &str,
    public: Option<&str>,
) -> Value {
    let mut interface = json!({
        "NetworkInterfaceId": format!("eni-{name}"), "SubnetId": subnet, "VpcId": vpc,
        "PrivateIpAddress": address, "InterfaceType": "interface", "Status": "in-use",
        "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address}],
        "SourceDestCheck": name != "forward", "Groups": [{"GroupId": format!("sg-{name}")}],
        "Attachment": {"InstanceId": format!("i-{name}"), "DeviceIndex": 0, "Status": "attached"},
    });
    if let Some(public) = public {
        let association = json!({"PublicIp": public, "IpOwnerId": "amazon"});
        interface["PrivateIpAddresses"][0]["Association"] = association.clone();
        interface["Association"] = association;
    }
    interface
}

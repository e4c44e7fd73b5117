//! The inventory by id, by place and by address, built once for all the questions asked of it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::Ipv4Addr,
};

use super::{
    Gap, Unlock,
    inventory::{
        Inventory, List, Resource,
        dms::{
            Certificate, Endpoint, ReplicationConfig, ReplicationInstance, ReplicationSubnetGroup,
        },
        ec2::{
            Instance, InternetGateway, NatGateway, NetworkAcl, NetworkInterface, RouteTable,
            SecurityGroup, Subnet, Vpc, VpcAttributes, VpcEndpoint, VpcPeeringConnection,
        },
    },
};

mod interfaces;

/// The answer to a look-up.
#[derive(Clone, Debug)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It isn't there, and the list is all that there is (or taken to be).
    Absent,
    /// It isn't there, but the list isn't all that there is, or two descriptions contradict.
    Unseen(Gap),
}

impl<T> Lookup<T> {
    /// What was found; an absence is turned into a gap, for things that something else refers to.
    pub fn or_gap(self, id: &str, list: &str) -> Result<T, Gap> {
        match self {
            Self::Found(found) => Ok(found),
            Self::Absent => Err(Gap::new(
                id,
                format!("not among the {list} that were delivered"),
                unlock_of(list),
            )),
            Self::Unseen(gap) => Err(gap),
        }
    }
}

/// The IAM action that delivers a list.
pub(crate) fn unlock_of(list: &str) -> Unlock {
    Inventory::LISTS
        .iter()
        .find(|(key, _)| *key == list)
        .map_or(Unlock::Nothing, |(_, action)| Unlock::IamAction((*action).into()))
}

/// The inventory, indexed.
pub struct Index<'a> {
    /// What is indexed.
    pub inventory: &'a Inventory,
    conflicts: HashSet<(&'a str, &'a str)>,
    vpcs: HashMap<&'a str, &'a Vpc>,
    vpc_attributes: HashMap<&'a str, &'a VpcAttributes>,
    subnets: HashMap<&'a str, &'a Subnet>,
    route_tables: HashMap<&'a str, &'a RouteTable>,
    tables_of_vpc: HashMap<&'a str, Vec<&'a RouteTable>>,
    tables_of_subnet: HashMap<&'a str, Vec<&'a RouteTable>>,
    internet_gateways: HashMap<&'a str, &'a InternetGateway>,
    nat_gateways: HashMap<&'a str, &'a NatGateway>,
    acls_of_subnet: HashMap<&'a str, Vec<&'a NetworkAcl>>,
    security_groups: HashMap<&'a str, &'a SecurityGroup>,
    interfaces: HashMap<&'a str, &'a NetworkInterface>,
    /// By VPC and private address; the VPC is empty where it wasn't seen.
    interfaces_by_private: HashMap<(&'a str, Ipv4Addr), BTreeSet<&'a str>>,
    /// Interfaces of a VPC that may have addresses which weren't seen.
    interfaces_with_more: HashMap<&'a str, &'a str>,
    interfaces_by_public: HashMap<Ipv4Addr, BTreeSet<&'a str>>,
    elastic_addresses: HashMap<&'a str, Vec<Ipv4Addr>>,
    endpoints_of_interface: HashMap<&'a str, &'a VpcEndpoint>,
    peerings: HashMap<&'a str, &'a VpcPeeringConnection>,
    prefix_lists: HashMap<&'a str, Vec<&'a str>>,
    pages_of_prefix_lists: HashSet<&'a str>,
    instances: HashMap<&'a str, &'a Instance>,
    instances_of_interface: HashMap<&'a str, &'a str>,
    replication_instances: HashMap<&'a str, &'a ReplicationInstance>,
    replication_configs: HashMap<&'a str, &'a ReplicationConfig>,
    subnet_groups: HashMap<&'a str, &'a ReplicationSubnetGroup>,
    endpoints: HashMap<&'a str, &'a Endpoint>,
    certificates: HashMap<&'a str, &'a Certificate>,
}

fn by_id<T: Resource>(list: &List<T>) -> HashMap<&str, &T> {
    list.items.iter().map(|item| (item.id(), item)).collect()
}

impl<'a> Index<'a> {
    /// Indexes an inventory; linear in its size.
    pub fn new(inventory: &'a Inventory) -> Self {
        let mut index = Self {
            inventory,
            conflicts: inventory
                .conflicts
                .iter()
                .map(|conflict| (conflict.list.as_str(), conflict.id.as_str()))
                .collect(),
            vpcs: by_id(&inventory.vpcs),
            vpc_attributes: by_id(&inventory.vpc_attributes),
            subnets: by_id(&inventory.subnets),
            route_tables: by_id(&inventory.route_tables),
            tables_of_vpc: HashMap::new(),
            tables_of_subnet: HashMap::new(),
            internet_gateways: by_id(&inventory.internet_gateways),
            nat_gateways: by_id(&inventory.nat_gateways),
            acls_of_subnet: HashMap::new(),
            security_groups: by_id(&inventory.security_groups),
            interfaces: HashMap::new(),
            interfaces_by_private: HashMap::new(),
            interfaces_with_more: HashMap::new(),
            interfaces_by_public: HashMap::new(),
            elastic_addresses: HashMap::new(),
            endpoints_of_interface: HashMap::new(),
            peerings: by_id(&inventory.vpc_peering_connections),
            prefix_lists: HashMap::new(),
            pages_of_prefix_lists: HashSet::new(),
            instances: HashMap::new(),
            instances_of_interface: HashMap::new(),
            replication_instances: by_id(&inventory.replication_instances),
            replication_configs: by_id(&inventory.replication_configs),
            subnet_groups: by_id(&inventory.replication_subnet_groups),
            endpoints: by_id(&inventory.endpoints),
            certificates: by_id(&inventory.certificates),
        };
        index.place();
        index.address();
        index
    }

    /// Fills what is found by place.
    fn place(&mut self) {
        for table in &self.inventory.route_tables.items {
            self.tables_of_vpc.entry(&table.vpc_id).or_default().push(table);
            for association in table.associations.iter().flatten() {
                if let Some(subnet) = &association.subnet_id
                    && association.holds()
                {
                    self.tables_of_subnet.entry(subnet).or_default().push(table);
                }
            }
        }
        for acl in &self.inventory.network_acls.items {
            for association in acl.associations.iter().flatten() {
                if let Some(subnet) = &association.subnet_id {
                    let acls = self.acls_of_subnet.entry(subnet).or_default();
                    // One that was delivered twice is one.
                    if !acls.contains(&acl) {
                        acls.push(acl);
                    }
                }
            }
        }
        for endpoint in &self.inventory.vpc_endpoints.items {
            for interface in endpoint.network_interface_ids.iter().flatten() {
                self.endpoints_of_interface.insert(interface, endpoint);
            }
        }
        for list in &self.inventory.prefix_list_entries.items {
            if list.next_token.is_some() {
                self.pages_of_prefix_lists.insert(&list.prefix_list_id);
            }
            // An entry without its CIDR could be any: the list is then as good as not seen.
            if let Some(entries) = &list.entries
                && entries.iter().all(|entry| entry.cidr.is_some())
            {
                self.prefix_lists
                    .entry(&list.prefix_list_id)
                    .or_default()
                    .extend(entries.iter().filter_map(|entry| entry.cidr.as_deref()));
            }
        }
        for list in &self.inventory.prefix_lists.items {
            if let Some(cidrs) = &list.cidrs {
                let known = self.prefix_lists.entry(&list.prefix_list_id).or_default();
                if known.is_empty() {
                    known.extend(cidrs.iter().map(String::as_str));
                }
            }
        }
        for reservation in &self.inventory.reservations.items {
            for instance in &reservation.instances {
                self.instances.insert(&instance.instance_id, instance);
                for interface in instance.network_interfaces.iter().flatten() {
                    self.instances_of_interface
                        .insert(&interface.network_interface_id, &instance.instance_id);
                }
            }
        }
    }

    /// Fills what is found by address. An interface that `describe-instances` alone printed counts
    /// too; where both lists have it, the list of interfaces says more.
    fn address(&mut self) {
        let of_instances = self
            .instances
            .values()
            .flat_map(|instance| instance.network_interfaces.iter().flatten());
        for interface in of_instances.chain(&self.inventory.network_interfaces.items) {
            self.interfaces.insert(&interface.network_interface_id, interface);
        }
        for address in &self.inventory.addresses.items {
            if let (Some(interface), Ok(public)) =
                (address.network_interface_id.as_deref(), address.public_ip.parse())
            {
                self.elastic_addresses.entry(interface).or_default().push(public);
                self.interfaces_by_public.entry(public).or_default().insert(interface);
            }
        }
        for (id, interface) in &self.interfaces {
            let vpc = match (&interface.vpc_id, &interface.subnet_id) {
                (Some(vpc), _) => vpc.as_str(),
                (None, Some(subnet)) => {
                    self.subnets.get(subnet.as_str()).map_or("", |subnet| subnet.vpc_id.as_str())
                }
                (None, None) => "",
            };
            for address in private_addresses(interface) {
                self.interfaces_by_private.entry((vpc, address)).or_default().insert(id);
            }
            if !shows_all_addresses(interface) {
                let known = self.interfaces_with_more.entry(vpc).or_insert(id);
                *known = (*known).min(id);
            }
            for address in associated_addresses(interface) {
                self.interfaces_by_public.entry(address).or_default().insert(id);
            }
        }
    }

    fn answer<T>(&self, id: &str, found: Option<T>, list: &str, gap: Option<&Gap>) -> Lookup<T> {
        if self.conflicts.contains(&(list, id)) {
            let fields = self
                .inventory
                .conflicts
                .iter()
                .find(|conflict| conflict.list == list && conflict.id == id)
                .map(|conflict| conflict.fields.join(", "))
                .unwrap_or_default();
            return Lookup::Unseen(Gap::new(
                id,
                format!("described twice, with different {fields}: which is newer can't be told"),
                unlock_of(list),
            ));
        }
        match (found, gap) {
            (Some(found), _) => Lookup::Found(found),
            (None, None) => Lookup::Absent,
            (None, Some(gap)) => {
                Lookup::Unseen(Gap::new(id, format!("not seen: {gap}"), gap.unlock.clone()))
            }
        }
    }

    /// A VPC.
    pub fn vpc(&self, id: &str) -> Lookup<&'a Vpc> {
        self.answer(id, self.vpcs.get(id).copied(), "Vpcs", self.inventory.vpcs.gap())
    }

    /// A VPC's DNS attributes.
    pub fn vpc_attributes(&self, id: &str) -> Lookup<&'a VpcAttributes> {
        let gap = self.inventory.vpc_attributes.gap();
        self.answer(id, self.vpc_attributes.get(id).copied(), "VpcAttributes", gap)
    }

    /// A subnet.
    pub fn subnet(&self, id: &str) -> Lookup<&'a Subnet> {
        let found = self.subnets.get(id).copied();
        if found.is_some_and(|subnet| subnet.vpc_id.is_empty()) {
            return Lookup::Unseen(Gap::new(
                id,
                "the VPC that it is part of was not delivered",
                unlock_of("Subnets"),
            ));
        }
        self.answer(id, found, "Subnets", self.inventory.subnets.gap())
    }

    /// A route table.
    pub fn route_table(&self, id: &str) -> Lookup<&'a RouteTable> {
        let gap = self.inventory.route_tables.gap();
        self.answer(id, self.route_tables.get(id).copied(), "RouteTables", gap)
    }

    /// The route tables of a VPC.
    pub fn tables_of_vpc(&self, vpc: &str) -> &[&'a RouteTable] {
        self.tables_of_vpc.get(vpc).map_or(&[], Vec::as_slice)
    }

    /// The route tables that are explicitly associated with a subnet.
    pub fn tables_of_subnet(&self, subnet: &str) -> &[&'a RouteTable] {
        self.tables_of_subnet.get(subnet).map_or(&[], Vec::as_slice)
    }

    /// An internet gateway.
    pub fn internet_gateway(&self, id: &str) -> Lookup<&'a InternetGateway> {
        let gap = self.inventory.internet_gateways.gap();
        self.answer(id, self.internet_gateways.get(id).copied(), "InternetGateways", gap)
    }

    /// A NAT gateway.
    pub fn nat_gateway(&self, id: &str) -> Lookup<&'a NatGateway> {
        let gap = self.inventory.nat_gateways.gap();
        self.answer(id, self.nat_gateways.get(id).copied(), "NatGateways", gap)
    }

    /// The network ACL that guards a subnet. Every subnet has exactly one.
    pub fn acl_of_subnet(&self, subnet: &str) -> Result<&'a NetworkAcl, Gap> {
        let acls = self.acls_of_subnet.get(subnet).map_or(&[][..], Vec::as_slice);
        let list = &self.inventory.network_acls;
        match acls {
            [acl] => self
                .answer(&acl.network_acl_id, Some(*acl), "NetworkAcls", None)
                .or_gap(&acl.network_acl_id, "NetworkAcls"),
            [] => Err(Gap::new(
                format!("the network ACL of {subnet}"),
                list.gap().map_or_else(
                    || "no network ACL that was delivered guards this subnet".to_owned(),
                    |gap| format!("not seen: {gap}"),
                ),
                unlock_of("NetworkAcls"),
            )),
            several => Err(Gap::new(
                format!("the network ACL of {subnet}"),
                format!(
                    "{} network ACLs claim this subnet, which can't be at one time",
                    several.len()
                ),
                unlock_of("NetworkAcls"),
            )),
        }
    }

    /// A security group.
    pub fn security_group(&self, id: &str) -> Lookup<&'a SecurityGroup> {
        let gap = self.inventory.security_groups.gap();
        self.answer(id, self.security_groups.get(id).copied(), "SecurityGroups", gap)
    }

    /// A network interface.
    pub fn interface(&self, id: &str) -> Lookup<&'a NetworkInterface> {
        let gap = self.inventory.network_interfaces.gap();
        self.answer(id, self.interfaces.get(id).copied(), "NetworkInterfaces", gap)
    }

    /// The one interface that has an address. Several can't have it at one time.
    fn one_of(
        &self,
        address: &str,
        interfaces: &BTreeSet<&'a str>,
    ) -> Lookup<&'a NetworkInterface> {
        match interfaces.iter().collect::<Vec<_>>().as_slice() {
            [interface] => self.interface(interface),
            several => Lookup::Unseen(Gap::new(
                address,
                format!(
                    "{} interfaces claim this address, which can't be at one time",
                    several.len()
                ),
                unlock_of("NetworkInterfaces"),
            )),
        }
    }

    /// The instance that an interface is attached to. `describe-instances` says it by place.
    pub fn instance_of_interface(&self, interface: &'a NetworkInterface) -> Option<&'a str> {
        interface
            .attachment
            .as_ref()
            .and_then(|attachment| attachment.instance_id.as_deref())
            .or_else(|| {
                self.instances_of_interface.get(interface.network_interface_id.as_str()).copied()
            })
    }

    /// The public addresses on an interface's primary private address.
    pub fn public_addresses(&self, interface: &NetworkInterface) -> Vec<Ipv4Addr> {
        let mut addresses: Vec<Ipv4Addr> = interface
            .association
            .iter()
            .chain(
                interface
                    .private_ip_addresses
                    .iter()
                    .flatten()
                    .filter(|address| address.primary.unwrap_or(false))
                    .filter_map(|address| address.association.as_ref()),
            )
            .filter_map(|association| association.public_ip.as_deref()?.parse().ok())
            .collect();
        if addresses.is_empty()
            && private_addresses(interface).len() <= 1
            && let Some(elastic) =
                self.elastic_addresses.get(interface.network_interface_id.as_str())
        {
            addresses.extend(elastic);
        }
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// The VPC endpoint that an interface is part of.
    pub fn endpoint_of_interface(&self, id: &str) -> Lookup<&'a VpcEndpoint> {
        match self.endpoints_of_interface.get(id) {
            Some(endpoint) => {
                self.answer(&endpoint.vpc_endpoint_id, Some(*endpoint), "VpcEndpoints", None)
            }
            None => self.answer(
                &format!("the VPC endpoint of {id}"),
                None,
                "VpcEndpoints",
                self.inventory.vpc_endpoints.gap(),
            ),
        }
    }

    /// A peering connection.
    pub fn peering(&self, id: &str) -> Lookup<&'a VpcPeeringConnection> {
        let gap = self.inventory.vpc_peering_connections.gap();
        self.answer(id, self.peerings.get(id).copied(), "VpcPeeringConnections", gap)
    }

    /// The CIDRs of a prefix list, both families, as text.
    pub fn prefix_list(&self, id: &str) -> Result<&[&'a str], Gap> {
        let lists = &self.inventory.prefix_list_entries;
        if self.pages_of_prefix_lists.contains(id) {
            return Err(Gap::new(
                id,
                "its entries came in pages, and whether all of them are there can't be told",
                unlock_of("PrefixListEntries"),
            ));
        }
        match self.prefix_lists.get(id) {
            Some(cidrs) => self
                .answer(id, Some(cidrs.as_slice()), "PrefixListEntries", None)
                .or_gap(id, "PrefixListEntries")
                .and_then(|cidrs| {
                    self.answer(id, Some(cidrs), "PrefixLists", None).or_gap(id, "PrefixLists")
                }),
            None => Err(Gap::new(
                id,
                format!(
                    "its entries were not seen: {}",
                    lists.gap().map_or("not delivered", |gap| gap.reason.as_str())
                ),
                unlock_of("PrefixListEntries"),
            )),
        }
    }

    /// An instance.
    pub fn instance(&self, id: &str) -> Lookup<&'a Instance> {
        let gap = self.inventory.reservations.gap();
        self.answer(id, self.instances.get(id).copied(), "Reservations", gap)
    }

    /// A replication instance, by ARN.
    pub fn replication_instance(&self, arn: &str) -> Lookup<&'a ReplicationInstance> {
        let gap = self.inventory.replication_instances.gap();
        let found = self.replication_instances.get(arn).copied();
        self.answer(arn, found, "ReplicationInstances", gap)
    }

    /// A serverless replication's configuration, by ARN.
    pub fn replication_config(&self, arn: &str) -> Lookup<&'a ReplicationConfig> {
        let gap = self.inventory.replication_configs.gap();
        let found = self.replication_configs.get(arn).copied();
        self.answer(arn, found, "ReplicationConfigs", gap)
    }

    /// A replication subnet group.
    pub fn subnet_group(&self, id: &str) -> Lookup<&'a ReplicationSubnetGroup> {
        let gap = self.inventory.replication_subnet_groups.gap();
        let found = self.subnet_groups.get(id).copied();
        self.answer(id, found, "ReplicationSubnetGroups", gap)
    }

    /// A DMS endpoint, by ARN.
    pub fn endpoint(&self, arn: &str) -> Lookup<&'a Endpoint> {
        let gap = self.inventory.endpoints.gap();
        self.answer(arn, self.endpoints.get(arn).copied(), "Endpoints", gap)
    }

    /// A certificate imported into DMS, by ARN.
    pub fn certificate(&self, arn: &str) -> Lookup<&'a Certificate> {
        let gap = self.inventory.certificates.gap();
        self.answer(arn, self.certificates.get(arn).copied(), "Certificates", gap)
    }
}

/// All private addresses of an interface.
pub(crate) fn private_addresses(interface: &NetworkInterface) -> Vec<Ipv4Addr> {
    let mut addresses: Vec<Ipv4Addr> = interface
        .private_ip_address
        .iter()
        .chain(
            interface
                .private_ip_addresses
                .iter()
                .flatten()
                .filter_map(|address| address.private_ip_address.as_ref()),
        )
        .filter_map(|address| address.parse().ok())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Whether a description shows all private addresses of an interface.
fn shows_all_addresses(interface: &NetworkInterface) -> bool {
    interface.private_ip_addresses.as_ref().is_some_and(|addresses| {
        addresses.iter().all(|address| address.private_ip_address.is_some())
    })
}

/// All public addresses that an interface's own description shows.
fn associated_addresses(interface: &NetworkInterface) -> impl Iterator<Item = Ipv4Addr> {
    interface
        .association
        .iter()
        .chain(
            interface
                .private_ip_addresses
                .iter()
                .flatten()
                .filter_map(|address| address.association.as_ref()),
        )
        .filter_map(|association| association.public_ip.as_deref()?.parse().ok())
}

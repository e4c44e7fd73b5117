//! Where a trace starts: a subnet, an interface, an instance or a replication's seat.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{addresses::Addresses, filter::groups_of, route::subnet_of_interface};
use crate::facts::{
    Assumption, Fact, Gap, Index, Lookup, Unlock,
    inventory::ec2::{NetworkInterface, Subnet},
};

/// What an internet gateway would translate the source's packets to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PublicAddress {
    /// These addresses.
    Known(Vec<Ipv4Addr>),
    /// None, with the reason.
    None(String),
    /// It will have one, not known today.
    NotYet(Gap),
    /// Whether it has one was not seen.
    Unknown(Gap),
    /// It is taken as given that it has one.
    Assumed,
}

impl PublicAddress {
    /// What an internet gateway would translate an interface's packets to.
    pub(super) fn of(index: &Index<'_>, interface: &NetworkInterface) -> Self {
        let id = &interface.network_interface_id;
        let public = index.public_addresses(interface);
        if interface.deny_all_igw_traffic == Some(true) {
            Self::None(format!("{id} is cut off from internet gateways"))
        } else if !public.is_empty() {
            Self::Known(public)
        } else if interface.association.is_some() {
            Self::Unknown(Gap::new(
                id.as_str(),
                "its public address was not delivered",
                Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
            ))
        } else {
            Self::None(format!("{id} has no public address"))
        }
    }
}

/// Whether the public address of an interface is an elastic IP, which stays.
pub(super) fn is_elastic(interface: &NetworkInterface) -> bool {
    interface.association.as_ref().is_some_and(|association| association.allocation_id.is_some())
}

/// Where a trace starts.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// The subnet.
    pub subnet: &'a Subnet,
    /// The interface, where there is one.
    pub interface: Option<&'a NetworkInterface>,
    /// The private address, where it is known.
    pub address: Option<Ipv4Addr>,
    /// The security groups; `None` when it is taken as given that they let the packet out.
    pub groups: Option<Fact<Vec<String>>>,
    /// The public address.
    pub public: PublicAddress,
    /// Whether that public address is an elastic IP, which stays.
    pub elastic: bool,
    /// What is taken as given of it.
    pub assumptions: Vec<Assumption>,
}

/// Why a trace can't start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SourceError {
    /// Nothing in the facts has this id.
    NotFound(String),
    /// It was found, and where it sits was not seen.
    NoSubnet(Gap),
}

impl<'a> Source<'a> {
    /// A place by its id: a subnet, an interface or an instance.
    pub fn find(index: &Index<'a>, id: &str) -> Result<Self, SourceError> {
        match id.split('-').next() {
            Some("subnet") => Self::subnet(index, id),
            Some("eni") => Self::interface(index, id),
            _ => Self::instance(index, id),
        }
    }

    /// A bare subnet: security group and public address are taken as given.
    pub fn subnet(index: &Index<'a>, id: &str) -> Result<Self, SourceError> {
        match index.subnet(id) {
            Lookup::Found(subnet) => Ok(Self {
                subnet,
                interface: None,
                address: None,
                groups: None,
                public: PublicAddress::Assumed,
                elastic: false,
                assumptions: Vec::new(),
            }),
            Lookup::Absent => Err(SourceError::NotFound(id.to_owned())),
            Lookup::Unseen(gap) => Err(SourceError::NoSubnet(gap)),
        }
    }

    /// A network interface.
    pub fn interface(index: &Index<'a>, id: &str) -> Result<Self, SourceError> {
        let interface = match index.interface(id) {
            Lookup::Found(interface) => interface,
            Lookup::Absent => return Err(SourceError::NotFound(id.to_owned())),
            Lookup::Unseen(gap) => return Err(SourceError::NoSubnet(gap)),
        };
        Self::of_interface(index, interface)
    }

    /// An instance, by its primary interface.
    pub fn instance(index: &Index<'a>, id: &str) -> Result<Self, SourceError> {
        let instance = match index.instance(id) {
            Lookup::Found(instance) => instance,
            Lookup::Absent => return Err(SourceError::NotFound(id.to_owned())),
            Lookup::Unseen(gap) => return Err(SourceError::NoSubnet(gap)),
        };
        let of_list = index.inventory.network_interfaces.items.iter().filter(|interface| {
            interface
                .attachment
                .as_ref()
                .is_some_and(|attachment| attachment.instance_id.as_deref() == Some(id))
        });
        let primary =
            of_list.chain(instance.network_interfaces.iter().flatten()).min_by_key(|interface| {
                interface
                    .attachment
                    .as_ref()
                    .and_then(|attachment| attachment.device_index)
                    .unwrap_or(i64::MAX)
            });
        match primary {
            Some(interface) => Self::of_interface(index, interface),
            None => Err(SourceError::NoSubnet(Gap::new(
                id,
                "it has no network interface in what was delivered",
                Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
            ))),
        }
    }

    fn of_interface(
        index: &Index<'a>,
        interface: &'a NetworkInterface,
    ) -> Result<Self, SourceError> {
        Ok(Self {
            subnet: subnet_of_interface(index, interface).map_err(SourceError::NoSubnet)?,
            interface: Some(interface),
            address: interface
                .private_ip_address
                .as_deref()
                .and_then(|address| address.parse().ok()),
            groups: Some(match groups_of(interface) {
                Ok(groups) => Fact::Known(groups),
                Err(gap) => Fact::Unknown(gap),
            }),
            public: PublicAddress::of(index, interface),
            elastic: is_elastic(interface),
            assumptions: Vec::new(),
        })
    }

    /// The private addresses that it may have: the one that is known, else any of the subnet.
    pub(super) fn addresses(&self) -> Option<Addresses> {
        match self.address {
            Some(address) => Some(Addresses::one(address)),
            None => self
                .subnet
                .cidr_block
                .as_deref()?
                .parse::<Ipv4Net>()
                .ok()
                .map(|net| Addresses::Net(net.trunc())),
        }
    }
}

//! Which network interface has an address.

use std::net::Ipv4Addr;

use super::{Index, Lookup, unlock_of};
use crate::facts::{Gap, inventory::ec2::NetworkInterface};

impl<'a> Index<'a> {
    /// The interface that has a private address in a VPC.
    pub fn interface_by_private(
        &self,
        vpc: &str,
        address: Ipv4Addr,
    ) -> Lookup<&'a NetworkInterface> {
        let unseen = |about: &str, reason: String| {
            Lookup::Unseen(Gap::new(about, reason, unlock_of("NetworkInterfaces")))
        };
        match self.interfaces_by_private.get(&(vpc, address)) {
            Some(interfaces) => self.one_of(&address.to_string(), interfaces),
            None if self.interfaces_by_private.contains_key(&("", address)) => unseen(
                &address.to_string(),
                "the VPC of the interface that has it was not delivered".into(),
            ),
            None => match [vpc, ""].iter().find_map(|vpc| self.interfaces_with_more.get(vpc)) {
                Some(interface) => unseen(
                    interface,
                    format!(
                        "not all of its private addresses were delivered: {address} may be one"
                    ),
                ),
                None => match self.hidden_interface(vpc) {
                    Some(interface) => unseen(
                        interface,
                        format!(
                            "a VPC endpoint names it, and it was not delivered: {address} may be its"
                        ),
                    ),
                    None if self.is_shared(vpc) => unseen(
                        &address.to_string(),
                        format!("{vpc} is another account's, whose interfaces aren't shown"),
                    ),
                    None => self.answer(
                        &address.to_string(),
                        None,
                        "NetworkInterfaces",
                        self.inventory.network_interfaces.gap(),
                    ),
                },
            },
        }
    }

    /// An interface of a VPC endpoint in this VPC that was not delivered. AWS shows interfaces to the
    /// account alone that owns them, and managed ones only who asks for them.
    fn hidden_interface(&self, vpc: &str) -> Option<&'a str> {
        let endpoints = self.inventory.vpc_endpoints.items.iter();
        let mut named = endpoints
            .filter(|endpoint| endpoint.vpc_id.as_deref().is_none_or(|other| other == vpc))
            .flat_map(|endpoint| endpoint.network_interface_ids.iter().flatten());
        named.find(|id| !self.interfaces.contains_key(id.as_str())).map(String::as_str)
    }

    /// Whether a VPC is of another account than DMS, which is shown only what it has in it itself.
    fn is_shared(&self, vpc: &str) -> bool {
        let owner = self.vpcs.get(vpc).and_then(|vpc| vpc.owner_id.as_deref());
        let instances = self.inventory.replication_instances.items.iter();
        let configs = self.inventory.replication_configs.items.iter();
        let mut accounts = instances
            .map(|instance| instance.replication_instance_arn.as_str())
            .chain(configs.map(|config| config.replication_config_arn.as_str()))
            .filter_map(|arn| arn.split(':').nth(4))
            .peekable();
        owner.is_some_and(|owner| {
            accounts.peek().is_some() && accounts.all(|account| account != owner)
        })
    }

    /// The interface that has a public address. Absent is every address that none of those that were
    /// delivered has, whether or not they are all that there are.
    pub fn interface_by_public(&self, address: Ipv4Addr) -> Lookup<&'a NetworkInterface> {
        match self.interfaces_by_public.get(&address) {
            Some(interfaces) => match self.one_of(&address.to_string(), interfaces) {
                Lookup::Absent => Lookup::Unseen(Gap::new(
                    address.to_string(),
                    "the interface that has it is not among those that were delivered",
                    unlock_of("NetworkInterfaces"),
                )),
                answer => answer,
            },
            None => Lookup::Absent,
        }
    }
}

//! Sets of addresses and of ports, and how a rule stands to them.

use std::{fmt, net::Ipv4Addr};

use ipnet::Ipv4Net;

/// The addresses that a packet may have: one, some of a subnet, or any public one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Addresses {
    /// Exactly one address where the prefix is 32, otherwise an unknown one of this network.
    Net(Ipv4Net),
    /// Any public IPv4 address: the cluster's isn't known.
    #[default]
    AnyPublic,
}

/// How the network of a rule stands to a set of addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Relation {
    /// It holds all of them.
    Covers,
    /// It holds none of them.
    Disjoint,
    /// It holds some of them and not others, so what the rule does can't be told.
    Splits,
}

/// IPv4 space that no public server answers from.
const NOT_PUBLIC: [(Ipv4Addr, u8); 8] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Whether a network lies wholly in space that no public server answers from.
pub(crate) fn is_not_public(net: Ipv4Net) -> bool {
    NOT_PUBLIC
        .iter()
        .any(|(base, prefix)| Ipv4Net::new(*base, *prefix).is_ok_and(|space| space.contains(&net)))
}

impl Addresses {
    /// One address.
    pub fn one(address: Ipv4Addr) -> Self {
        Self::Net(Ipv4Net::from(address))
    }

    /// How a rule's network stands to these addresses.
    pub fn relation(&self, rule: Ipv4Net) -> Relation {
        match self {
            Self::Net(net) if rule.contains(net) => Relation::Covers,
            Self::Net(net) if net.contains(&rule) => Relation::Splits,
            Self::Net(_) => Relation::Disjoint,
            Self::AnyPublic if rule.prefix_len() == 0 => Relation::Covers,
            Self::AnyPublic if is_not_public(rule) => Relation::Disjoint,
            Self::AnyPublic => Relation::Splits,
        }
    }

    /// The one address, where it is one.
    pub fn single(&self) -> Option<Ipv4Addr> {
        match self {
            Self::Net(net) if net.prefix_len() == 32 => Some(net.addr()),
            _ => None,
        }
    }

    /// Whether an internet gateway would carry packets to them.
    pub fn is_public(&self) -> bool {
        match self {
            Self::Net(net) => !is_not_public(*net),
            Self::AnyPublic => true,
        }
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(net) if net.prefix_len() == 32 => write!(f, "{}", net.addr()),
            Self::Net(net) => write!(f, "{net}"),
            Self::AnyPublic => write!(f, "any public address"),
        }
    }
}

/// A set of TCP ports, as ranges in ascending order that don't touch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// The ports that answers come back to. AWS doesn't document DMS's own range; a NAT gateway uses
    /// all of it, so all of it is asked for (`aws-dms.md` §4.6).
    pub(crate) const EPHEMERAL: (u16, u16) = (1024, 65535);

    /// All ports that answers may come back to.
    pub(crate) fn ephemeral() -> Self {
        Self(vec![Self::EPHEMERAL])
    }

    /// Adds a range behind the others.
    pub(crate) fn push(&mut self, from: u16, to: u16) {
        match self.0.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 >= u32::from(from) => *last = to.max(*last),
            _ => self.0.push((from, to)),
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|(from, to)| u32::from(*to) - u32::from(*from) + 1).sum()
    }

    /// The ports that are in both.
    #[must_use]
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for (from, to) in &self.0 {
            for (other_from, other_to) in &other.0 {
                let (from, to) = (*from.max(other_from), *to.min(other_to));
                if from <= to {
                    both.push(from, to);
                }
            }
        }
        both
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "none");
        }
        for (index, (from, to)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            if from == to {
                write!(f, "{comma}{from}")?;
            } else {
                write!(f, "{comma}{from}–{to}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_splits_or_misses() {
        let one = Addresses::one("44.210.0.50".parse().unwrap());
        let seat = Addresses::Net("10.0.1.0/24".parse().unwrap());
        for (addresses, rule, relation) in [
            (one, "0.0.0.0/0", Relation::Covers),
            (one, "44.210.0.50/32", Relation::Covers),
            (one, "44.210.0.51/32", Relation::Disjoint),
            (seat, "10.0.0.0/16", Relation::Covers),
            (seat, "10.0.1.0/24", Relation::Covers),
            (seat, "10.0.1.128/25", Relation::Splits),
            (seat, "10.0.2.0/24", Relation::Disjoint),
            (Addresses::AnyPublic, "0.0.0.0/0", Relation::Covers),
            (Addresses::AnyPublic, "0.0.0.0/1", Relation::Splits),
            (Addresses::AnyPublic, "10.0.0.0/8", Relation::Disjoint),
            (Addresses::AnyPublic, "172.31.0.0/16", Relation::Disjoint),
            (Addresses::AnyPublic, "44.210.0.50/32", Relation::Splits),
        ] {
            let rule: Ipv4Net = rule.parse().unwrap();
            assert_eq!(addresses.relation(rule), relation, "{addresses} and {rule}");
        }
    }

    #[test]
    fn ports_intersect_and_count() {
        let mut mine = Ports::default();
        mine.push(1024, 2000);
        mine.push(2001, 3000);
        mine.push(5000, 5000);
        assert_eq!(mine.to_string(), "1024–3000, 5000");
        let mut theirs = Ports::default();
        theirs.push(2500, 6000);
        assert_eq!(mine.intersection(&theirs).to_string(), "2500–3000, 5000");
        assert_eq!(mine.intersection(&theirs).count(), 502);
        assert_eq!(Ports::ephemeral().count(), 64512);
        assert_eq!(mine.intersection(&Ports::default()).to_string(), "none");
    }
}

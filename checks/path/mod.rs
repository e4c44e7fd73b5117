//! Where a packet goes: route tables, gateways, filters, and the address that the other side sees.
//!
//! [`trace`] follows one TCP connection from a seat to a destination and back, over IPv4. It has three
//! ends, never two: the packet arrives, it is stopped (at what, by which rule), or it can't be told.
//! A stop beats a gap. It walks on past a stop that is independent of the next hop, so that
//! independent faults all show. Rule book: `aws-dms.md` §4 and §10.

use std::{collections::BTreeSet, net::Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Assumption, Gap, Index, Unlock};

pub(crate) mod addresses;
mod code;
mod deliver;
mod filter;
mod firewall;
mod gateway;
mod nat;
mod nat_instance;
mod pass;
mod peering;
mod record;
pub(crate) mod route;
mod source;
#[cfg(test)]
mod tests;
mod walk;

pub use addresses::Addresses;
pub use code::{Code, Leg, owner};
pub use source::{PublicAddress, Source, SourceError};

/// How a trace ends.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The packet arrives and the answer comes back.
    Arrives,
    /// It can't be told.
    Unknown,
    /// It is stopped.
    Stopped,
}

/// A thing that the packet passes.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Hop {
    /// What it is: `subnet`, `route-table`, `nat-gateway`, …
    pub kind: String,
    /// Its AWS id, or an address where it has none.
    pub id: String,
    /// What happens there, in the words of a network engineer.
    pub detail: String,
}

/// Where the packet is stopped.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Stop {
    /// Why.
    pub code: Code,
    /// On which part of the way.
    pub leg: Leg,
    /// The resource that stops it.
    pub at: String,
    /// What happens, in words.
    pub detail: String,
    /// What to change, for repairs; not part of the printed trace.
    #[serde(skip)]
    #[schemars(skip)]
    pub blame: Blame,
}

/// What was not seen, and what it might have stopped.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Doubt {
    /// The gap.
    #[serde(flatten)]
    pub gap: Gap,
    /// The stop that it may hide.
    pub code: Code,
    /// On which part of the way.
    pub leg: Leg,
}

/// Something that doesn't stop the packet and that one should know.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PathFinding {
    /// The code of the stop that it nearly is.
    pub code: Code,
    /// On which part of the way.
    pub leg: Leg,
    /// The resource.
    pub at: String,
    /// What it is, in words.
    pub detail: String,
}

/// What a repair has to change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Blame {
    /// Nothing that a repair could name.
    #[default]
    Nothing,
    /// A route table, for the destination that it doesn't carry.
    Route {
        /// The table.
        table: String,
        /// The VPC.
        vpc: String,
        /// The route that is to blame, by its destination; `None` where no route matches.
        destination: Option<String>,
        /// Where a route to the destination should go to: the destination itself.
        wanted: Addresses,
    },
    /// Security groups in one direction.
    Groups {
        /// The groups.
        groups: Vec<String>,
        /// Whether outbound.
        egress: bool,
        /// The other side.
        peer: Addresses,
    },
    /// A network ACL in one direction.
    Acl {
        /// The ACL.
        acl: String,
        /// Whether outbound.
        egress: bool,
        /// The other side.
        peer: Addresses,
        /// The destination ports.
        ports: (u16, u16),
    },
    /// An internet gateway that isn't attached to this VPC.
    InternetGateway {
        /// The gateway of the route.
        gateway: String,
        /// The VPC that it should be attached to.
        vpc: String,
        /// Whether it is attached elsewhere.
        attached_elsewhere: bool,
    },
    /// An interface whose source/destination check is on.
    SourceDestCheck {
        /// The interface.
        interface: String,
    },
    /// A subnet under Block Public Access.
    BlockPublicAccess {
        /// The subnet.
        subnet: String,
        /// Whether an exclusion for egress is enough.
        egress_is_enough: bool,
    },
}

/// The addresses from which the other side sees the packet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Egress {
    /// The addresses.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Why they aren't known, or not all of them.
    pub gaps: Vec<Gap>,
    /// Why they may change by themselves.
    pub unstable: Vec<String>,
    /// Elastic IP addresses among them, which stay.
    pub elastic: BTreeSet<Ipv4Addr>,
}

impl Egress {
    /// Whether the addresses are all known.
    pub fn is_known(&self) -> bool {
        self.gaps.is_empty() && !self.addresses.is_empty()
    }
}

/// Where a packet goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path {
    /// What it passes, in the order of the way.
    pub hops: Vec<Hop>,
    /// What stops it.
    pub stops: Vec<Stop>,
    /// What was not seen and could stop it.
    pub doubts: Vec<Doubt>,
    /// What was taken as given.
    pub assumptions: Vec<Assumption>,
    /// What one should know although it doesn't stop the packet.
    pub findings: Vec<PathFinding>,
    /// From where the other side sees it.
    pub egress: Egress,
    /// NAT gateways on the way.
    pub nat_gateways: Vec<String>,
    /// Internet gateways on the way.
    pub internet_gateways: Vec<String>,
    /// Peering connections on the way.
    pub peerings: Vec<String>,
    /// Interface endpoints at the end of the way.
    pub endpoints: Vec<String>,
    /// Whether it leaves through an internet gateway with the seat's own public address.
    pub leaves_by_own_address: bool,
    /// Whether the way is known to its end: an internet gateway, an interface, the other side of a
    /// peering connection, or the certainty that nobody is there.
    pub complete: bool,
}

impl Path {
    /// How it ends: a stop beats a gap.
    pub fn verdict(&self) -> Verdict {
        if !self.stops.is_empty() {
            Verdict::Stopped
        } else if !self.doubts.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Arrives
        }
    }

    /// Adds another path: the way to another address of the same destination, or from another seat.
    pub fn join(&mut self, other: Self) {
        fn add<T: PartialEq>(into: &mut Vec<T>, from: Vec<T>) {
            for item in from {
                if !into.contains(&item) {
                    into.push(item);
                }
            }
        }
        add(&mut self.hops, other.hops);
        add(&mut self.stops, other.stops);
        add(&mut self.doubts, other.doubts);
        add(&mut self.assumptions, other.assumptions);
        add(&mut self.findings, other.findings);
        self.egress.addresses.extend(other.egress.addresses);
        self.egress.elastic.extend(other.egress.elastic);
        add(&mut self.egress.gaps, other.egress.gaps);
        add(&mut self.egress.unstable, other.egress.unstable);
        add(&mut self.nat_gateways, other.nat_gateways);
        add(&mut self.internet_gateways, other.internet_gateways);
        add(&mut self.peerings, other.peerings);
        add(&mut self.endpoints, other.endpoints);
        self.leaves_by_own_address |= other.leaves_by_own_address;
        self.complete &= other.complete;
    }
}

/// A trace as it is printed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Trace {
    /// The version of this form.
    pub version: u32,
    /// How it ends.
    pub verdict: Verdict,
    /// What the packet passes.
    pub hops: Vec<Hop>,
    /// What stops it.
    pub stops: Vec<Stop>,
    /// What was not seen and could stop it.
    pub gaps: Vec<Doubt>,
    /// What was taken as given.
    pub assumptions: Vec<Assumption>,
    /// What one should know although it doesn't stop the packet.
    pub findings: Vec<PathFinding>,
    /// The addresses from which the other side sees it.
    pub egress_addresses: Vec<Ipv4Addr>,
}

impl From<&Path> for Trace {
    fn from(path: &Path) -> Self {
        Self {
            version: 1,
            verdict: path.verdict(),
            hops: path.hops.clone(),
            stops: path.stops.clone(),
            gaps: path.doubts.clone(),
            assumptions: path.assumptions.clone(),
            findings: path.findings.clone(),
            egress_addresses: path.egress.addresses.iter().copied().collect(),
        }
    }
}

/// Without a destination nothing can be told.
fn no_destination() -> Path {
    let gap = Gap::new(
        "destination",
        "the address to go to isn't known",
        Unlock::Flag("--tidb-address".into()),
    );
    Path {
        doubts: vec![Doubt { gap: gap.clone(), code: Code::NoRouteToDestination, leg: Leg::Seat }],
        egress: Egress { gaps: vec![gap], ..Egress::default() },
        ..Path::default()
    }
}

/// Follows a TCP connection from a source to `port` of each destination, and back.
///
/// Several destinations are the addresses of one host: the worst of them counts.
pub fn trace(
    index: &Index<'_>,
    source: &Source<'_>,
    destinations: &[Addresses],
    port: u16,
) -> Path {
    let mut paths =
        destinations.iter().map(|destination| walk::walk(index, source, *destination, port));
    let Some(mut path) = paths.next() else {
        return no_destination();
    };
    for other in paths {
        path.join(other);
    }
    path
}

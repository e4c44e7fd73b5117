//! What network ACLs and security groups let through.
//!
//! Rules: `aws-dms.md` §4.6 and §4.7.

use ipnet::Ipv4Net;

use super::addresses::{Addresses, Ports, Relation};
use crate::facts::{
    Gap, Index, Unlock,
    inventory::ec2::{IpPermission, NetworkAcl, NetworkAclEntry, NetworkInterface},
};

/// What a network ACL does with packets of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct AclAnswer {
    /// Ports that are let through.
    pub allowed: Ports,
    /// Those, and the ports of which it can't be told.
    pub possible: Ports,
    /// Why it can't be told of them.
    pub gaps: Vec<Gap>,
    /// The rules that allow, by number.
    pub allowing: Vec<i64>,
    /// The rules that deny, by number.
    pub denying: Vec<i64>,
}

/// How a rule stands to a packet.
enum Match {
    Yes,
    No,
    Maybe(String),
}

/// Asks a network ACL about TCP packets from or to `peer`, with a destination port in `ports`: rules
/// in ascending order, the first that matches decides, none means deny.
pub(crate) fn ask_acl(
    acl: &NetworkAcl,
    egress: bool,
    peer: &Addresses,
    ports: (u16, u16),
) -> AclAnswer {
    let mut answer = AclAnswer::default();
    let unlock = || Unlock::IamAction("ec2:DescribeNetworkAcls".into());
    let Some(entries) = &acl.entries else {
        answer.gaps.push(Gap::new(
            acl.network_acl_id.as_str(),
            "its rules were not delivered",
            unlock(),
        ));
        answer.possible.push(ports.0, ports.1);
        return answer;
    };
    let mut rules: Vec<&NetworkAclEntry> = entries
        .iter()
        .filter(|entry| entry.egress == egress && entry.ipv6_cidr_block.is_none())
        .collect();
    rules.sort_by_key(|entry| entry.rule_number);

    for (from, to) in slices(&rules, ports) {
        // Which ends are possible for this slice of ports, and which rules make it uncertain.
        let (mut may_pass, mut may_stop, mut doubts) = (None, None, Vec::new());
        let mut decided = false;
        for rule in &rules {
            let allow = match rule.rule_action.as_deref() {
                Some("allow") => true,
                Some("deny") => false,
                _ => {
                    doubts.push(format!("rule {} says neither allow nor deny", rule.rule_number));
                    continue;
                }
            };
            let sure = match acl_match(rule, peer, from) {
                Match::No => continue,
                Match::Yes => true,
                Match::Maybe(why) => {
                    doubts.push(why);
                    false
                }
            };
            let end = if allow { &mut may_pass } else { &mut may_stop };
            end.get_or_insert(rule.rule_number);
            if sure {
                decided = true;
                break;
            }
        }
        if !decided {
            may_stop.get_or_insert(32767);
        }
        match (may_pass, may_stop) {
            (Some(rule), None) if rule_certain(&doubts) => {
                answer.allowed.push(from, to);
                answer.possible.push(from, to);
                answer.allowing.push(rule);
            }
            (None, Some(rule)) if rule_certain(&doubts) => {
                answer.denying.push(rule);
            }
            _ => {
                answer.possible.push(from, to);
                answer.gaps.push(Gap::new(
                    acl.network_acl_id.as_str(),
                    doubts.first().cloned().unwrap_or_default(),
                    unlock(),
                ));
            }
        }
    }
    for rules in [&mut answer.allowing, &mut answer.denying] {
        rules.sort_unstable();
        rules.dedup();
    }
    answer.gaps.dedup();
    answer
}

/// An end that every possible reading agrees on is certain, unless a rule's action wasn't seen.
fn rule_certain(doubts: &[String]) -> bool {
    !doubts.iter().any(|doubt| doubt.ends_with("neither allow nor deny"))
}

/// Cuts a range of ports where any rule begins or ends, so that within a slice all ports fare alike.
fn slices(rules: &[&NetworkAclEntry], (from, to): (u16, u16)) -> Vec<(u16, u16)> {
    let mut cuts = vec![from];
    for range in rules.iter().filter_map(|rule| rule.port_range.as_ref()) {
        let begins = range.from.and_then(|port| u16::try_from(port).ok());
        let behind = range.to.and_then(|port| u16::try_from(port.saturating_add(1)).ok());
        cuts.extend(begins.into_iter().chain(behind).filter(|port| *port > from && *port <= to));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let ends: Vec<u16> = cuts.iter().skip(1).map(|port| port - 1).chain([to]).collect();
    cuts.into_iter().zip(ends).collect()
}

fn acl_match(rule: &NetworkAclEntry, peer: &Addresses, port: u16) -> Match {
    let number = rule.rule_number;
    let all_protocols = match rule.protocol.as_deref() {
        Some("-1" | "all") => true,
        Some("6" | "tcp") => false,
        Some(_) => return Match::No,
        None => return Match::Maybe(format!("the protocol of rule {number} was not seen")),
    };
    if !all_protocols {
        match &rule.port_range {
            Some(range) => {
                let inside = |bound: Option<i64>| bound.map(|bound| i64::from(port).cmp(&bound));
                match (inside(range.from), inside(range.to)) {
                    (Some(low), Some(high)) if low.is_lt() || high.is_gt() => return Match::No,
                    (Some(_), Some(_)) => {}
                    _ => {
                        return Match::Maybe(format!(
                            "the port range of rule {number} was not seen whole"
                        ));
                    }
                }
            }
            None => return Match::Maybe(format!("the port range of rule {number} was not seen")),
        }
    }
    let Some(net) = rule.cidr_block.as_deref().and_then(|cidr| cidr.parse::<Ipv4Net>().ok()) else {
        return Match::Maybe(format!("the CIDR of rule {number} was not seen"));
    };
    match peer.relation(net) {
        Relation::Disjoint => Match::No,
        Relation::Splits => Match::Maybe(format!(
            "rule {number} ({} {net}) takes some of {peer} and not others",
            rule.rule_action.as_deref().unwrap_or("")
        )),
        Relation::Covers => match rule.unrecognised.gaps("").next() {
            Some(gap) => Match::Maybe(format!("rule {number}: {}", gap.reason)),
            None => Match::Yes,
        },
    }
}

/// Which security groups the other side has, for rules that refer to a group.
#[derive(Clone, Debug)]
pub(crate) enum PeerGroups {
    /// The other side is seen by a public address, or behind NAT: such rules never match.
    Never,
    /// These.
    Known(Vec<String>),
    /// It wasn't seen.
    Unknown,
}

/// The other side of a security group's rule.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its addresses, as seen from here.
    pub addresses: Addresses,
    /// Its security groups.
    pub groups: PeerGroups,
}

/// What a set of security groups does with TCP to a port.
#[derive(Clone, Debug)]
pub(crate) enum GroupsAnswer {
    /// A rule lets it through.
    Allowed {
        /// The group.
        group: String,
        /// The rule, in words.
        rule: String,
    },
    /// No rule does.
    Denied {
        /// Whether the groups have any rule in this direction.
        any_rule: bool,
    },
    /// It can't be told.
    Unknown(Vec<Gap>),
}

/// The security groups of an interface, by id. An empty list filters nothing.
pub(crate) fn groups_of(interface: &NetworkInterface) -> Result<Vec<String>, Gap> {
    interface
        .groups
        .as_ref()
        .and_then(|groups| groups.iter().map(|group| group.group_id.clone()).collect())
        .ok_or_else(|| {
            Gap::new(
                interface.network_interface_id.as_str(),
                "its security groups were not delivered",
                Unlock::IamAction("ec2:DescribeNetworkInterfaces".into()),
            )
        })
}

/// Asks security groups about TCP to `port`, from or to `peer`: the union of their rules, and what
/// no rule names is dropped.
pub(crate) fn ask_groups(
    index: &Index<'_>,
    groups: &[String],
    egress: bool,
    peer: &Peer,
    port: u16,
) -> GroupsAnswer {
    let mut gaps = Vec::new();
    let mut any_rule = false;
    for id in groups {
        let group = match index.security_group(id).or_gap(id, "SecurityGroups") {
            Ok(group) => group,
            Err(gap) => {
                gaps.push(gap);
                continue;
            }
        };
        let rules = if egress { &group.ip_permissions_egress } else { &group.ip_permissions };
        let Some(rules) = rules else {
            gaps.push(Gap::new(
                id.as_str(),
                format!("its {} rules were not delivered", direction(egress)),
                Unlock::IamAction("ec2:DescribeSecurityGroups".into()),
            ));
            continue;
        };
        any_rule |= !rules.is_empty();
        for rule in rules {
            match permission_match(index, rule, peer, port) {
                PermissionMatch::Yes(rule) => {
                    return GroupsAnswer::Allowed { group: id.clone(), rule };
                }
                PermissionMatch::No => {}
                PermissionMatch::Maybe(why) => gaps.extend(why.into_iter().map(|gap| Gap {
                    about: if gap.about.is_empty() { id.clone() } else { gap.about },
                    ..gap
                })),
            }
        }
    }
    if gaps.is_empty() { GroupsAnswer::Denied { any_rule } } else { GroupsAnswer::Unknown(gaps) }
}

/// `outbound` or `inbound`, as the console says.
pub(crate) const fn direction(egress: bool) -> &'static str {
    if egress { "outbound" } else { "inbound" }
}

enum PermissionMatch {
    Yes(String),
    No,
    Maybe(Vec<Gap>),
}

fn permission_match(
    index: &Index<'_>,
    rule: &IpPermission,
    peer: &Peer,
    port: u16,
) -> PermissionMatch {
    let gap = |reason: String| {
        Gap::new("", reason, Unlock::IamAction("ec2:DescribeSecurityGroups".into()))
    };
    let ports = match rule.ip_protocol.as_deref() {
        Some("-1" | "all") => "all traffic".to_owned(),
        Some("tcp" | "6") => match (rule.from_port, rule.to_port) {
            (Some(-1), _) => "all tcp".to_owned(),
            (Some(from), Some(to)) => {
                if !(from..=to).contains(&i64::from(port)) {
                    return PermissionMatch::No;
                }
                if from == to { format!("tcp {from}") } else { format!("tcp {from}–{to}") }
            }
            _ => return PermissionMatch::Maybe(vec![gap("a rule's ports were not seen".into())]),
        },
        Some(_) => return PermissionMatch::No,
        None => return PermissionMatch::Maybe(vec![gap("a rule's protocol was not seen".into())]),
    };
    let mut doubts = Vec::new();
    let mut found = None;
    for range in &rule.ip_ranges {
        let Some(net) = range.cidr_ip.as_deref().and_then(|cidr| cidr.parse::<Ipv4Net>().ok())
        else {
            doubts.push(gap("a rule's CIDR was not seen".into()));
            continue;
        };
        match peer.addresses.relation(net) {
            Relation::Covers => found = Some(format!("{ports} {net}")),
            Relation::Splits => doubts.push(gap(format!(
                "its rule {ports} {net} takes some of {} and not others",
                peer.addresses
            ))),
            Relation::Disjoint => {}
        }
    }
    for list in &rule.prefix_list_ids {
        let Some(id) = &list.prefix_list_id else {
            doubts.push(gap("a rule's prefix list was not seen".into()));
            continue;
        };
        match index.prefix_list(id) {
            Ok(cidrs) => {
                for net in cidrs.iter().filter_map(|cidr| cidr.parse::<Ipv4Net>().ok()) {
                    match peer.addresses.relation(net) {
                        Relation::Covers => found = Some(format!("{ports} {id} ({net})")),
                        Relation::Splits => doubts.push(gap(format!(
                            "its rule {ports} {id} takes some of {} and not others",
                            peer.addresses
                        ))),
                        Relation::Disjoint => {}
                    }
                }
            }
            Err(gap) => doubts.push(gap),
        }
    }
    for pair in &rule.user_id_group_pairs {
        match &peer.groups {
            PeerGroups::Never => {}
            PeerGroups::Known(groups) => match &pair.group_id {
                Some(id) if groups.contains(id) => {
                    found = Some(format!("{ports} from members of {id}"));
                }
                Some(_) => {}
                None => doubts.push(gap("the group of a rule was not seen".into())),
            },
            PeerGroups::Unknown => doubts.push(gap(format!(
                "its rule {ports} is for members of {}, and whether {} is one was not seen",
                pair.group_id.as_deref().unwrap_or("a group"),
                peer.addresses
            ))),
        }
    }
    doubts.extend(rule.unrecognised.gaps(""));
    match found {
        Some(_) if !rule.unrecognised.is_empty() => PermissionMatch::Maybe(doubts),
        Some(text) => PermissionMatch::Yes(text),
        None if doubts.is_empty() => PermissionMatch::No,
        None => PermissionMatch::Maybe(doubts),
    }
}

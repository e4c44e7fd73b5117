//! The text of a trace: where a packet goes, hop by hop, in the words of a network engineer.

use std::collections::BTreeMap;

use tidb_dms_checks::{
    facts::{Assumption, Gap, Unlock},
    path::{Code, Hop, Leg, Stop, Trace, Verdict},
};

use super::{
    table::Names,
    text::{Page, Style, Tone, counted, listed, plain, width},
};

/// The widest id that details still stand beside.
const ID_COLUMNS: usize = 26;

/// A trace as `tidb-dms trace` prints it.
pub fn render(trace: &Trace, style: &Style) -> String {
    let mut page = Page::new(*style);
    let (tone, headline) = headline(trace);
    page.paragraph(0, tone, &headline);
    write(&mut page, trace, 2);
    assumptions(&mut page, &trace.assumptions, &Names::new(), 2);
    page.paragraph(2, Tone::Dim, "judged for IPv4 only");
    page.finish()
}

/// How a trace ends, as one line.
pub(super) fn headline(trace: &Trace) -> (Tone, String) {
    match trace.verdict {
        Verdict::Arrives => (Tone::Good, "✓ arrives, and the answer comes back".to_owned()),
        Verdict::Stopped => {
            let mut places: Vec<String> = Vec::new();
            for stop in &trace.stops {
                let place = place(stop.code, stop.leg).to_owned();
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            (Tone::Bad, format!("✗ stopped {}", listed(&places)))
        }
        Verdict::Unknown => (
            Tone::Doubtful,
            format!(
                "? can't be told: {} not seen",
                counted(trace.gaps.len(), "thing was", "things were")
            ),
        ),
    }
}

/// Where a packet is stopped, in words.
pub(crate) const fn place(code: Code, leg: Leg) -> &'static str {
    match (code, leg) {
        (Code::EniSgRulesMismatch | Code::SgHasNoRules, Leg::Seat) => {
            "by the security groups it starts in"
        }
        (Code::EniSgRulesMismatch | Code::SgHasNoRules, Leg::Nat) => {
            "by the NAT instance's security groups"
        }
        (Code::EniSgRulesMismatch | Code::SgHasNoRules, Leg::Endpoint) => {
            "by the private endpoint's security groups"
        }
        (Code::EniSgRulesMismatch | Code::SgHasNoRules, Leg::Peer) => {
            "by the security groups in the peer VPC"
        }
        (Code::EniSgRulesMismatch | Code::SgHasNoRules, Leg::Destination) => {
            "by the destination's security groups"
        }
        (Code::SubnetAclRestriction, Leg::Seat) => "by the network ACL of the subnet it starts in",
        (Code::SubnetAclRestriction, Leg::Nat) => "by the network ACL of the NAT gateway's subnet",
        (Code::SubnetAclRestriction, Leg::Endpoint) => {
            "by the network ACL of the private endpoint's subnet"
        }
        (Code::SubnetAclRestriction, Leg::Peer) => "by a network ACL in the peer VPC",
        (Code::SubnetAclRestriction, Leg::Destination) => {
            "by the network ACL of the destination's subnet"
        }
        (Code::VpcBlockPublicAccessEnabled, _) => "by VPC Block Public Access",
        (
            Code::IgwNotAttached
            | Code::IgwPublicIpAssociationForEgress
            | Code::IgwDestinationAddressNotInRfc1918Egress,
            _,
        ) => "at the internet gateway",
        (
            Code::NatConnectivityPrivate | Code::NatRoutesToItself | Code::NgwRequiresSourceInVpc,
            _,
        )
        | (Code::BadState, Leg::Nat) => "at the NAT gateway",
        (Code::EniSourceDestCheckRestriction, _) => "at the NAT instance",
        (Code::PcxNotActive | Code::PcxRequiresAddressInVpcCidr, _) => "at the peering connection",
        (Code::AddressNotInUse, _) => "at the destination: nobody has that address",
        (_, Leg::Seat) => "in the subnet it starts in",
        (_, Leg::Nat) => "in the NAT gateway's subnet",
        (_, Leg::Endpoint) => "at the private endpoint",
        (_, Leg::Peer) => "in the peer VPC",
        (_, Leg::Destination) => "at the destination",
    }
}

/// Everything between the headline and what was taken as given.
pub(super) fn write(page: &mut Page, trace: &Trace, indent: usize) {
    let column = trace
        .hops
        .iter()
        .map(|hop| width(&plain(&hop.id)))
        .chain(trace.stops.iter().map(|stop| width(&plain(&stop.at))))
        .filter(|width| *width <= ID_COLUMNS)
        .max()
        .unwrap_or(0);
    let mut stops: Vec<Option<&Stop>> = trace.stops.iter().map(Some).collect();
    for (index, hop) in trace.hops.iter().enumerate() {
        let last_of_its_id = !trace.hops[index + 1..].iter().any(|later| later.id == hop.id);
        write_hop(page, hop, &mut stops, last_of_its_id, indent, column);
    }
    for stop in stops.into_iter().flatten() {
        line(page, &stop.at, Tone::Bad, &stop_text(stop), indent, column);
    }
    if !trace.egress_addresses.is_empty() {
        let addresses: Vec<String> =
            trace.egress_addresses.iter().map(ToString::to_string).collect();
        let once = if trace.verdict == Verdict::Stopped { " once mended" } else { "" };
        let text = format!("leaves as {}{once}", listed(&addresses));
        page.paragraph(indent, Tone::Plain, &text);
    }
    let mut seen: Vec<&Gap> = Vec::new();
    for doubt in &trace.gaps {
        if !seen.contains(&&doubt.gap) {
            seen.push(&doubt.gap);
            let label = format!("{}? ", " ".repeat(indent));
            page.labelled(&label, Tone::Doubtful, Tone::Plain, &gap_text(&doubt.gap));
        }
    }
    for finding in &trace.findings {
        let label = format!("{}! ", " ".repeat(indent));
        let text = format!(
            "{}: {} ({})",
            plain(&finding.at),
            plain(&finding.detail),
            finding.code.as_str()
        );
        page.labelled(&label, Tone::Doubtful, Tone::Plain, &text);
    }
}

/// A hop with the stops at it. The walk marks with `✗` the part of a hop that a stop speaks of; the
/// stop says the same with its code, so it takes that part's place.
fn write_hop(
    page: &mut Page,
    hop: &Hop,
    stops: &mut [Option<&Stop>],
    last_of_its_id: bool,
    indent: usize,
    column: usize,
) {
    let mut mine = stops.iter_mut().filter(|stop| stop.is_some_and(|stop| stop.at == hop.id));
    let mut said: Vec<&Stop> = Vec::new();
    let mut kept: Vec<&str> = Vec::new();
    for part in hop.detail.split("   ") {
        if part.starts_with('✗')
            && let Some(stop) = mine.next().and_then(Option::take)
        {
            said.push(stop);
        } else {
            // Without a stop of its own it is a consequence of one, or a doubt that stands below.
            kept.push(part.trim_start_matches("✗ "));
        }
    }
    if last_of_its_id {
        said.extend(mine.filter_map(Option::take));
    }
    let mut id = hop.id.as_str();
    if !kept.is_empty() {
        line(page, id, Tone::Plain, &plain(&kept.join("   ")), indent, column);
        id = "";
    }
    for stop in said {
        line(page, id, Tone::Bad, &stop_text(stop), indent, column);
        id = "";
    }
}

fn stop_text(stop: &Stop) -> String {
    format!("✗ {}: {}", stop.code.as_str(), plain(&stop.detail))
}

/// One line: the id in its column, the detail beside it; under it where the id is too long.
fn line(page: &mut Page, id: &str, tone: Tone, detail: &str, indent: usize, column: usize) {
    let id = plain(id);
    let before = " ".repeat(indent);
    if width(&id) > column {
        page.paragraph(indent, Tone::Plain, &id);
        page.paragraph(indent + column + 2, tone, detail);
    } else {
        let label = format!("{before}{id}{}", " ".repeat(column + 2 - width(&id)));
        page.labelled(&label, Tone::Plain, tone, detail);
    }
}

/// A gap, with what would close it.
pub(super) fn gap_text(gap: &Gap) -> String {
    let what = format!("{}: {}", plain(&gap.about), plain(&gap.reason));
    match &gap.unlock {
        Unlock::Nothing => format!("{what} (can't be seen from outside)"),
        unlock => format!("{what}; it would take {}", plain(&unlock.to_string())),
    }
}

/// What was taken as given, things with the same reason together.
pub(super) fn assumptions(
    page: &mut Page,
    assumptions: &[Assumption],
    names: &Names,
    indent: usize,
) {
    let texts = grouped(assumptions, names);
    if texts.is_empty() {
        return;
    }
    let label = format!("{}taken as given: ", " ".repeat(indent));
    if let [one] = texts.as_slice() {
        page.labelled(&label, Tone::Dim, Tone::Dim, one);
        return;
    }
    page.paragraph(indent, Tone::Dim, "taken as given:");
    for text in texts {
        let label = format!("{}- ", " ".repeat(indent));
        page.labelled(&label, Tone::Dim, Tone::Dim, &text);
    }
}

/// What was taken as given, each thing once, in the order of first appearance; resources by their names.
pub(super) fn grouped(assumptions: &[Assumption], names: &Names) -> Vec<String> {
    let mut order: Vec<(String, String)> = Vec::new();
    let mut about: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for assumption in assumptions {
        let key = (plain(&assumption.taken), plain(&assumption.because));
        if !order.contains(&key) {
            order.push(key.clone());
        }
        let list = about.entry(key).or_default();
        let item = plain(names.get(&assumption.about).unwrap_or(&assumption.about));
        if !list.contains(&item) {
            list.push(item);
        }
    }
    order
        .into_iter()
        .map(|key| {
            let items = about.get(&key).map(|list| listed(list)).unwrap_or_default();
            format!("{items}: {} ({})", key.0, key.1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, net::Ipv4Addr, path::PathBuf};

    use tidb_dms_checks::{
        facts::{Index, Inventory},
        path::{Addresses, Source, trace},
    };

    use super::*;

    /// The trace of a recorded packet world.
    fn world(file: &PathBuf) -> Trace {
        let mut world: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let members = world.as_object_mut().unwrap();
        members.remove("Fate");
        let question = members.remove("Question").unwrap();
        let inventory: Inventory = serde_json::from_value(world).unwrap();
        let index = Index::new(&inventory);
        let source = Source::find(&index, question["from"].as_str().unwrap()).unwrap();
        let to: Ipv4Addr = question["to"].as_str().unwrap().parse().unwrap();
        let port = u16::try_from(question["port"].as_u64().unwrap()).unwrap();
        Trace::from(&trace(&index, &source, &[Addresses::one(to)], port))
    }

    #[test]
    fn every_hop_and_every_stop_of_the_recorded_worlds_is_told_once() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/packets");
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|file| file.extension().is_some_and(|name| name == "json"))
            .collect();
        files.sort();
        for file in &files {
            let trace = world(file);
            let style = Style { width: 80, colour: false };
            let text = render(&trace, &style);
            let marks = text.lines().skip(1).map(|line| line.matches('✗').count());
            assert_eq!(marks.sum::<usize>(), trace.stops.len(), "{text}");
            for stop in &trace.stops {
                assert!(text.contains(stop.code.as_str()), "{text}");
            }
            for hop in &trace.hops {
                assert!(text.contains(&hop.id), "{text}");
            }
            assert!(text.lines().all(|line| width(line) <= 80), "{text}");
            assert_eq!(text.matches("IPv4 only").count(), 1);
        }
    }
}

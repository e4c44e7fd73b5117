//! What a walk puts on record.

use super::{
    Blame, Doubt, Hop, Stop,
    code::{Code, Leg},
    route::Chosen,
    walk::{Sender, Walk},
};
use crate::facts::{
    Assumption, Gap, Unlock,
    inventory::ec2::{RouteTable, Subnet, Vpc},
};

impl<'a> Walk<'a, '_> {
    pub(super) fn unrecognised_of_vpc(&mut self, vpc: &Vpc, leg: Leg) {
        let gaps = vpc.unrecognised.gaps(&vpc.vpc_id).collect();
        self.doubts(gaps, Code::CannotRoute, leg);
    }

    /// A stop that a route is to blame for.
    pub(super) fn stop_at_route(
        &mut self,
        code: Code,
        sender: &Sender<'a>,
        table: &RouteTable,
        chosen: &Chosen<'_>,
        mut detail: String,
    ) {
        if let Some((prefix, target)) = &chosen.captures_from {
            detail = format!(
                "{detail}; it is more specific than {prefix} → {} and captures {}",
                target.name(),
                self.destination
            );
        }
        let blame = self.blame_route(sender, table, chosen);
        self.stop(code, sender.leg, &table.route_table_id, detail, blame);
    }

    /// The route that was chosen, as what is to blame.
    pub(super) fn blame_route(
        &self,
        sender: &Sender<'a>,
        table: &RouteTable,
        chosen: &Chosen<'_>,
    ) -> Blame {
        let route = chosen.route;
        let destination = route.destination_cidr_block.as_ref();
        let destination = destination.or(route.destination_prefix_list_id.as_ref());
        Blame::Route {
            table: table.route_table_id.clone(),
            vpc: sender.vpc.to_owned(),
            destination: Some(destination.cloned().unwrap_or_default()),
            wanted: self.destination,
        }
    }

    pub(super) fn hop(&mut self, kind: &str, id: &str, detail: String) {
        let hop = Hop { kind: kind.to_owned(), id: id.to_owned(), detail };
        if self.path.hops.last() != Some(&hop) {
            self.path.hops.push(hop);
        }
    }

    pub(super) fn hop_subnet(&mut self, subnet: &Subnet) {
        let parts: Vec<&str> = [&subnet.cidr_block, &subnet.availability_zone]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        self.hop("subnet", &subnet.subnet_id, parts.join(", "));
        let gaps: Vec<Gap> = subnet.unrecognised.gaps(&subnet.subnet_id).collect();
        self.doubts(gaps, Code::CannotRoute, Leg::Seat);
    }

    /// Records a stop; while it isn't certain that the packet comes this way, a doubt.
    pub(super) fn stop(&mut self, code: Code, leg: Leg, at: &str, detail: String, blame: Blame) {
        if self.certain {
            let stop = Stop { code, leg, at: at.to_owned(), detail, blame };
            if !self.path.stops.contains(&stop) {
                self.path.stops.push(stop);
            }
        } else {
            let reason = format!("if the packet comes this way, it is stopped: {detail}");
            self.doubt(Gap::new(at, reason, Unlock::Nothing), code, leg);
        }
    }

    /// While some of the sender's addresses weren't seen, what filters by them can't be told.
    pub(super) fn more_addresses(&mut self, sender: &Sender<'a>) {
        let gaps = sender.more_addresses.iter().cloned().collect();
        self.doubts(gaps, Code::CannotRoute, sender.leg);
    }

    pub(super) fn doubt(&mut self, gap: Gap, code: Code, leg: Leg) {
        let doubt = Doubt { gap, code, leg };
        if !self.path.doubts.contains(&doubt) {
            self.path.doubts.push(doubt);
        }
    }

    pub(super) fn doubts(&mut self, gaps: Vec<Gap>, code: Code, leg: Leg) {
        for gap in gaps {
            self.doubt(gap, code, leg);
        }
    }

    pub(super) fn assume(&mut self, assumption: Assumption) {
        if !self.path.assumptions.contains(&assumption) {
            self.path.assumptions.push(assumption);
        }
    }
}

//! The cluster itself.

use crate::{
    case::Case,
    check::Check,
    facts::{Fact, Gap, Unlock},
    judgement::Judgement,
};

mod private_endpoint_accepted;
mod public_endpoint_enabled;
mod running;
mod supports_path;
mod vpc_peering_active;

pub(crate) const CHECKS: &[&Check] = &[
    &running::CHECK,
    &supports_path::CHECK,
    &public_endpoint_enabled::CHECK,
    &private_endpoint_accepted::CHECK,
    &vpc_peering_active::CHECK,
];

/// Looks at something that TiDB Cloud alone can tell.
fn look<T>(j: &mut Judgement, case: &Case<'_>, fact: Option<Fact<T>>, what: &str) -> Option<T> {
    match fact {
        Some(fact) => j.look(fact),
        None => {
            j.gap(Gap::new(
                case.cluster.name(),
                format!("{what} not delivered"),
                Unlock::File("what the TiDB Cloud API says of the cluster".into()),
            ));
            None
        }
    }
}

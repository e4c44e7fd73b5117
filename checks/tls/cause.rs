//! Which check each cause of a refusal belongs to.

use crate::{
    case::{
        Case, Server,
        verification::{Verification, asked},
    },
    facts::{Assumption, Tier},
    trust::{Ca, Cause, Code},
};

/// Which check a cause of a refusal belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    Certificate,
    Chain,
    HostName,
    Validity,
}

/// The CA that a server's certificates should stand under, as somebody says who knows without having
/// seen them.
pub(super) struct Expected {
    /// Whether this CA is that one; not known where only what it isn't is documented.
    pub(super) is_it: Option<bool>,
    /// The sentence, for when the chain was not seen.
    pub(super) assumption: Assumption,
    /// What to say of another CA.
    pub(super) otherwise: String,
}

/// Whether a CA is the one that somebody who knows says it must be; nothing where nobody says.
pub(super) fn expected(case: &Case<'_>, server: &Server<'_>, ca: &Ca) -> Option<Expected> {
    if !server.is_cluster() {
        return None;
    }
    let name = case.cluster.name();
    let say = |is_it, ca: &str, who: &str| Expected {
        is_it,
        assumption: Assumption::new(
            name,
            format!("its certificate stands under {ca}"),
            format!("{who}, and its chain was not seen"),
        ),
        otherwise: format!("it isn't {ca}, under which {name} is certified"),
    };
    if let Some(Ok(asked)) = asked(case) {
        return Some(say(Some(ca.shares_a_root_with(&asked)), "the CA of --ca", "--ca says so"));
    }
    let documented = "TiDB Cloud documents it";
    Some(match case.cluster.tier.known()? {
        tier if tier.is_shared_gateway() => {
            say(Some(ca.holds_isrg_root_x1()), "ISRG Root X1", documented)
        }
        Tier::Dedicated | Tier::Premium => {
            let is_public = ca.holds_isrg_root_x1() && ca.certificates().len() == 1;
            say(is_public.then_some(false), "the cluster's own CA", documented)
        }
        _ => return None,
    })
}

impl Verification {
    /// The causes of a refusal that belong to a check.
    pub(super) fn causes<'v>(
        &'v self,
        case: &Case<'_>,
        server: &Server<'_>,
        owner: Owner,
    ) -> Vec<&'v Cause> {
        let causes = self.trust.known().map_or(&[][..], |trust| &trust.causes);
        if causes.is_empty() {
            return Vec::new();
        }
        let imported = self.imported();
        // A CA that is known to be the right one isn't to blame for a chain that leads elsewhere.
        let blame = imported.is_some_and(|authority| {
            expected(case, server, &authority.ca).and_then(|expected| expected.is_it) != Some(true)
        });
        let has = |code| causes.iter().any(|cause| cause.code == code && !cause.of_ca);
        let owner_of = |cause: &Cause| match cause.code {
            Code::Hostname => Owner::HostName,
            _ if cause.of_ca && imported.is_some() => Owner::Certificate,
            _ if cause.of_ca => Owner::Chain,
            Code::WrongCa if blame => Owner::Certificate,
            // Either the CA is the wrong one or an issuer wasn't sent, and that can't be told: one cause.
            Code::IncompleteChain if blame && has(Code::WrongCa) => Owner::Certificate,
            Code::Expired | Code::NotYetValid => Owner::Validity,
            Code::WrongCa
            | Code::SelfSigned
            | Code::IncompleteChain
            | Code::BadCa
            | Code::Protocol => Owner::Chain,
        };
        causes.iter().filter(|cause| owner_of(cause) == owner).collect()
    }
}

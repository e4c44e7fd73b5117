//! Clusters of which something, or everything, isn't known.

use tidb_dms_checks::facts::{
    Cluster, Fact, Gap, Unlock,
    cluster::{AccessEntry, PrivateEndpoint, VpcPeering},
};

/// What TiDB Cloud could have said, in a file.
pub(super) fn file() -> Unlock {
    Unlock::File("what the TiDB Cloud API says of the cluster".into())
}

/// Declares what is done field by field: its name in a sentence, and what else would tell it.
macro_rules! fields {
    ($($field:ident: $type:ty = $name:literal, $unlock:expr;)*) => {
        /// Fields of a cluster, for those who name one.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[expect(non_camel_case_types, reason = "each is named after its field")]
        pub(super) enum Field { $($field,)* }

        impl Field {
            #[cfg(any(test, feature = "live"))]
            const ALL: &[Self] = &[$(Self::$field,)*];

            /// That it isn't known. What a failed call doesn't unlock itself, the user may know.
            pub(super) fn gap(self, host: &str, reason: &str, unlock: Option<Unlock>) -> Gap {
                match self {
                    $(Self::$field => Gap::new(
                        format!("{} of {host}", $name),
                        reason,
                        unlock.unwrap_or_else(|| $unlock),
                    ),)*
                }
            }

            /// Says in a cluster that it isn't known.
            #[cfg(any(test, feature = "live"))]
            fn set_unknown(self, cluster: &mut Cluster, reason: &str, unlock: Option<Unlock>) {
                let gap = self.gap(&cluster.host, reason, unlock);
                match self {
                    $(Self::$field => cluster.$field = Some(Fact::Unknown(gap)),)*
                }
            }
        }

        /// What several clusters have in common, any of which may be the one that was meant.
        fn common(host: &str, clusters: &[Cluster], reason: &str) -> Cluster {
            Cluster {
                host: host.to_owned(),
                $($field: agreed::<$type>(
                    clusters.iter().map(|cluster| cluster.$field.as_ref()),
                    || Field::$field.gap(host, reason, None),
                ),)*
            }
        }

        /// What several answers say of one cluster.
        pub(super) fn joined(host: &str, answers: &[Cluster]) -> Cluster {
            Cluster {
                host: host.to_owned(),
                $($field: together::<$type>(
                    answers.iter().filter_map(|answer| answer.$field.as_ref()),
                    || Field::$field.gap(host, CONTRADICT, Some(file())),
                ),)*
            }
        }
    };
}

/// Why nothing is believed that two answers tell differently.
pub(super) const CONTRADICT: &str =
    "answers of TiDB Cloud contradict each other, and which is newer can't be told";

fields! {
    tier: tidb_dms_checks::facts::Tier = "the tier", Unlock::Flag("--tidb-tier".into());
    state: String = "the state", file();
    region: String = "the region", file();
    public_endpoint_enabled: bool = "the public endpoint", Unlock::Flag("--ip-access-list".into());
    access_list: Vec<AccessEntry> = "the IP access list", Unlock::Flag("--ip-access-list".into());
    port: u16 = "the port", Unlock::Flag("--tidb-port".into());
    cloud_provider: String = "the cloud provider", file();
    private_service: String = "the private endpoint service", file();
    private_service_zones: Vec<String> = "the zones of the private endpoint service", file();
    private_endpoints: Vec<PrivateEndpoint> = "the private endpoint connections", file();
    vpc_peerings: Vec<VpcPeering> = "the VPC peerings", file();
    user_prefix: String = "the user name prefix", file();
}

fn agreed<'a, T: Clone + PartialEq + 'a>(
    mut facts: impl Iterator<Item = Option<&'a Fact<T>>>,
    gap: impl FnOnce() -> Gap,
) -> Option<Fact<T>> {
    let first = facts.next()?;
    let mut unknown = first.filter(|fact| fact.known().is_none());
    let mut differ = false;
    for fact in facts {
        differ |= fact.and_then(Fact::known) != first.and_then(Fact::known);
        unknown = unknown.or_else(|| fact.filter(|fact| fact.known().is_none()));
    }
    match (unknown, differ) {
        (Some(unknown), _) => Some(unknown.clone()),
        (None, true) => Some(Fact::Unknown(gap())),
        (None, false) => first.cloned(),
    }
}

/// What any of several facts knows; it isn't known where two know something else.
fn together<'a, T: Clone + PartialEq + 'a>(
    facts: impl Iterator<Item = &'a Fact<T>>,
    gap: impl FnOnce() -> Gap,
) -> Option<Fact<T>> {
    let mut result: Option<&Fact<T>> = None;
    for fact in facts {
        match (result.and_then(Fact::known), fact.known()) {
            (Some(one), Some(other)) if one != other => return Some(Fact::Unknown(gap())),
            (None, Some(_)) => result = Some(fact),
            _ => result = result.or(Some(fact)),
        }
    }
    result.cloned()
}

/// One of several clusters was meant, and which can't be told: what they have in common is known of it.
pub(super) fn one_of(host: &str, mut clusters: Vec<Cluster>, reason: &str) -> Cluster {
    match clusters.len() {
        1 => clusters.remove(0),
        _ => common(host, &clusters, reason),
    }
}

/// A cluster of which TiDB Cloud could have told something, and told nothing. What its tier doesn't
/// have isn't missing: Starter and Essential tell no connections and have no peering, Dedicated has
/// no user name prefix.
#[cfg(any(test, feature = "live"))]
pub(super) fn unknown(host: &str, reason: &str, unlock: Option<&Unlock>) -> Cluster {
    use Field::{private_endpoints, user_prefix, vpc_peerings};
    let mut cluster = Cluster { host: host.to_owned(), ..Cluster::default() };
    let tier = tidb_dms_checks::facts::cluster::HostName::read(host).and_then(|name| name.tier);
    for field in Field::ALL {
        let has = match (field, tier) {
            (private_endpoints | vpc_peerings, Some(tier)) => !tier.is_shared_gateway(),
            (user_prefix, Some(tier)) => tier.is_shared_gateway(),
            _ => true,
        };
        if has {
            field.set_unknown(&mut cluster, reason, unlock.cloned());
        }
    }
    cluster
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: &str = "gateway01.us-east-1.prod.aws.tidbcloud.com";

    fn cluster(state: &str, prefix: Option<&str>) -> Cluster {
        Cluster {
            host: GATEWAY.into(),
            state: Some(Fact::Known(state.into())),
            user_prefix: prefix.map(|prefix| Fact::Known(prefix.into())),
            ..Cluster::default()
        }
    }

    #[test]
    fn of_several_only_what_they_share_is_known() {
        let one = cluster("ACTIVE", Some("a"));
        let both = vec![one.clone(), cluster("ACTIVE", Some("b"))];
        let shared = one_of(GATEWAY, both, "there are two");
        assert_eq!(shared.state, Some(Fact::Known("ACTIVE".into())));
        let gap = shared.user_prefix.unwrap().gap().unwrap().clone();
        assert_eq!(gap.reason, "there are two");
        assert_eq!(gap.about, format!("the user name prefix of {GATEWAY}"));
        assert_eq!(shared.access_list, None, "nobody looked");

        let mut unseen = cluster("ACTIVE", None);
        unseen.state = Some(Fact::Unknown(Gap::new("state", "denied", Unlock::Nothing)));
        let shared = one_of(GATEWAY, vec![one.clone(), unseen], "there are two");
        assert_eq!(shared.state.unwrap().gap().unwrap().reason, "denied");
        assert!(shared.user_prefix.unwrap().known().is_none(), "one has it, the other doesn't say");

        assert_eq!(one_of(GATEWAY, vec![one.clone()], "unused"), one);
    }

    #[test]
    fn answers_about_one_cluster_add_up_until_they_contradict() {
        let unseen = Cluster {
            state: Some(Fact::Unknown(Gap::new("state", "denied", Unlock::Nothing))),
            ..cluster("", Some("a"))
        };
        for answers in [
            [cluster("ACTIVE", Some("a")), unseen.clone()],
            [unseen.clone(), cluster("ACTIVE", Some("a"))],
            [cluster("ACTIVE", Some("a")), cluster("ACTIVE", None)],
        ] {
            assert_eq!(joined(GATEWAY, &answers), cluster("ACTIVE", Some("a")));
        }
        let both = joined(GATEWAY, &[cluster("ACTIVE", Some("a")), cluster("PAUSED", Some("a"))]);
        assert_eq!(both.state.unwrap().gap().unwrap().reason, CONTRADICT);
        assert_eq!(both.user_prefix, Some(Fact::Known("a".into())));
    }

    #[test]
    fn what_a_tier_does_not_have_is_not_missing() {
        let shared = unknown(GATEWAY, "refused", None);
        assert!(shared.private_endpoints.is_none() && shared.vpc_peerings.is_none());
        assert!(shared.user_prefix.is_some());
        let list = shared.access_list.unwrap();
        assert_eq!(list.gap().unwrap().unlock, Unlock::Flag("--ip-access-list".into()));

        let dedicated = unknown("tidb.x.clusters.tidb-cloud.com", "slow", Some(&Unlock::Nothing));
        assert!(dedicated.user_prefix.is_none() && dedicated.vpc_peerings.is_some());
        assert_eq!(dedicated.access_list.unwrap().gap().unwrap().unlock, Unlock::Nothing);

        let anything = unknown("db.example.com", "refused", None);
        assert!(anything.user_prefix.is_some() && anything.vpc_peerings.is_some());
    }
}

//! What the answers of both APIs say of a cluster.
//!
//! A region may have its provider in front, a name may end with a dot, and what isn't said is a gap.

use tidb_dms_checks::facts::{
    Cluster, Fact, Tier,
    cluster::{AccessEntry, PrivateEndpoint, VpcPeering},
};

use super::{
    answers::{
        Connection, Dedicated, LinkService, NodeGroup, Peering, Port, PublicSetting, Serverless,
    },
    merge::Field,
};

/// Two host names are the same whatever their letter case and a final dot.
pub(crate) fn is_host(one: &str, other: &str) -> bool {
    let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
    !one.is_empty() && plain(one) == plain(other)
}

/// A region without its cloud, and its cloud, where the text has it: `regions/aws-us-east-1`.
pub(crate) fn region(text: &str) -> (&str, Option<&str>) {
    let text = text.strip_prefix("regions/").unwrap_or(text);
    match text.split_once('-') {
        Some((cloud @ ("aws" | "gcp" | "azure" | "alicloud"), rest)) => (rest, Some(cloud)),
        _ => (text, None),
    }
}

/// A member of an answer that is there, or the gap that it isn't.
fn said<T>(value: Option<T>, field: Field, host: &str) -> Fact<T> {
    match value {
        Some(value) => Fact::Known(value),
        None => Fact::Unknown(field.gap(host, "TiDB Cloud's answer doesn't say", None)),
    }
}

fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// An access list, or the gap that one of its entries can't be read: what that lets in isn't known.
fn list<'a>(
    entries: impl Iterator<Item = Option<(&'a str, Option<&'a str>)>>,
    host: &str,
) -> Fact<Vec<AccessEntry>> {
    let mut list = Vec::new();
    for entry in entries {
        let text = match entry {
            Some((start, Some(end))) => format!("{start}-{end}"),
            Some((cidr, None)) => cidr.to_owned(),
            None => String::new(),
        };
        match text.parse() {
            Ok(entry) => list.push(entry),
            Err(error) => {
                let reason = format!("one of its entries can't be read: {error}");
                return Fact::Unknown(Field::access_list.gap(host, &reason, None));
            }
        }
    }
    Fact::Known(list)
}

impl Serverless {
    /// Whether clients reach it by this name.
    pub(crate) fn serves(&self, host: &str) -> bool {
        self.named(host).is_some()
    }

    /// Whether it shows no name at all, as one that isn't ready.
    #[cfg(any(test, feature = "live"))]
    pub(crate) fn is_nameless(&self) -> bool {
        let endpoints = self.endpoints.as_ref();
        let public = endpoints.and_then(|both| both.public.as_ref()?.host.as_ref());
        let private = endpoints.and_then(|both| both.private.as_ref()?.host.as_ref());
        [public, private].into_iter().flatten().all(String::is_empty)
    }

    /// Its endpoint of this name: the name and the port.
    fn named(&self, host: &str) -> Option<(&str, Option<Port>)> {
        let endpoints = self.endpoints.as_ref()?;
        let public = endpoints.public.as_ref().map(|public| (public.host.as_deref(), public.port));
        let private = endpoints.private.as_ref();
        let private = private.map(|private| (private.host.as_deref(), private.port));
        let mut named = [public, private].into_iter().flatten();
        named.find_map(|(name, port)| Some((name.filter(|name| is_host(name, host))?, port)))
    }

    /// What it says, as of one of its names. A branch doesn't say of itself what its cluster does.
    pub(crate) fn cluster(&self, host: &str, parent: Option<&Self>) -> Cluster {
        let of = parent.unwrap_or(self);
        let endpoints = self.endpoints.clone().unwrap_or_default();
        let public = endpoints.public.as_ref();
        let aws = endpoints.private.as_ref().and_then(|private| private.aws.as_ref());
        let (region, provider) = of.place();
        let port = self.named(host).and_then(|(_, port)| port);
        let service = aws.and_then(|aws| filled(aws.service_name.as_ref()));
        let zones = aws.and_then(|aws| aws.availability_zone.clone());
        let zones = zones.filter(|zones| !zones.is_empty());
        // Go's and protobuf's writers leave `false` out.
        let enabled = public.filter(|public| public.host.is_some());
        let enabled = enabled.map(|public| public.disabled != Some(true));
        let networks = public.and_then(|public| public.authorized_networks.as_ref());
        let networks = networks.map(|networks| {
            networks.iter().map(|range| {
                let start = range.start_ip_address.as_deref()?;
                Some((start, Some(range.end_ip_address.as_deref()?)))
            })
        });
        Cluster {
            host: host.to_owned(),
            tier: Some(said(of.tier(), Field::tier, host)),
            state: Some(said(filled(self.state.as_ref()), Field::state, host)),
            region: Some(said(region, Field::region, host)),
            public_endpoint_enabled: Some(said(enabled, Field::public_endpoint_enabled, host)),
            access_list: Some(match networks {
                Some(networks) => list(networks, host),
                None => said(None, Field::access_list, host),
            }),
            port: Some(said(port.and_then(Port::number), Field::port, host)),
            cloud_provider: Some(said(provider, Field::cloud_provider, host)),
            private_service: Some(said(service, Field::private_service, host)),
            private_service_zones: Some(said(zones, Field::private_service_zones, host)),
            // Its rules for private endpoints aren't told, and it has no peering.
            private_endpoints: None,
            vpc_peerings: None,
            user_prefix: Some(said(filled(self.user_prefix.as_ref()), Field::user_prefix, host)),
        }
    }

    /// The tier, by whichever of its two names is there.
    fn tier(&self) -> Option<Tier> {
        let plan = filled(self.service_plan.as_ref()).or(filled(self.cluster_plan.as_ref()))?;
        match plan.to_ascii_lowercase().as_str() {
            "starter" => Some(Tier::Starter),
            "essential" => Some(Tier::Essential),
            "premium" => Some(Tier::Premium),
            _ => None,
        }
    }

    fn place(&self) -> (Option<String>, Option<String>) {
        let Some(place) = &self.region else {
            return (None, None);
        };
        let id = filled(place.region_id.as_ref()).or(filled(place.name.as_ref()));
        let (code, cloud) = id.as_deref().map_or(("", None), region);
        let provider = filled(place.cloud_provider.as_ref()).or(filled(place.provider.as_ref()));
        let provider = provider.or(cloud.map(str::to_owned)).map(|cloud| cloud.to_lowercase());
        ((!code.is_empty()).then(|| code.to_owned()), provider)
    }
}

/// What only further calls tell of a Dedicated cluster, each as its call left it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) public: Option<Fact<PublicSetting>>,
    pub(crate) service: Option<Fact<LinkService>>,
    pub(crate) connections: Option<Fact<Vec<Connection>>>,
    pub(crate) peerings: Option<Fact<Vec<Peering>>>,
}

impl Dedicated {
    fn groups(&self) -> impl Iterator<Item = &NodeGroup> {
        let setting = self.tidb_node_setting.as_ref();
        setting.and_then(|setting| setting.tidb_node_groups.as_ref()).into_iter().flatten()
    }

    /// The groups that clients reach by this name.
    pub(crate) fn groups_serving(&self, host: &str) -> impl Iterator<Item = &NodeGroup> {
        self.groups().filter(move |group| {
            group
                .endpoints
                .iter()
                .flatten()
                .any(|endpoint| is_host(endpoint.host.as_deref().unwrap_or_default(), host))
        })
    }

    /// Whether it shows no name at all, as one that isn't ready.
    #[cfg(feature = "live")]
    pub(crate) fn is_nameless(&self) -> bool {
        let endpoints = self.groups().flat_map(|group| group.endpoints.iter().flatten());
        endpoints.filter_map(|endpoint| endpoint.host.as_ref()).all(String::is_empty)
    }

    /// The project that it is in, which peerings are asked for by.
    #[cfg(any(test, feature = "live"))]
    pub(crate) fn project(&self) -> Option<&str> {
        self.labels.as_ref()?.project.as_deref()
    }

    /// What it and further calls say, as of one name of one of its groups.
    pub(crate) fn cluster(&self, group: &NodeGroup, host: &str, details: Details) -> Cluster {
        let mut endpoints = group.endpoints.iter().flatten();
        let endpoint =
            endpoints.find(|endpoint| is_host(endpoint.host.as_deref().unwrap_or_default(), host));
        let (code, cloud) = self.region_id.as_deref().map_or(("", None), region);
        let provider = filled(self.cloud_provider.as_ref()).or(cloud.map(str::to_owned));
        let port = endpoint.and_then(|endpoint| endpoint.port?.number());
        let port = port.or(self.port.and_then(Port::number));
        // A group can rest while the others of its cluster work.
        let rests = filled(group.state.as_ref()).filter(|state| state == "PAUSED");
        let mut cluster = Cluster {
            host: host.to_owned(),
            tier: Some(Fact::Known(Tier::Dedicated)),
            state: Some(said(rests.or(filled(self.state.as_ref())), Field::state, host)),
            region: Some(said((!code.is_empty()).then(|| code.to_owned()), Field::region, host)),
            port: Some(said(port, Field::port, host)),
            cloud_provider: Some(said(provider, Field::cloud_provider, host)),
            ..Cluster::default()
        };
        if let Some(public) = details.public {
            let (enabled, list) = public_facts(public, host);
            (cluster.public_endpoint_enabled, cluster.access_list) = (Some(enabled), Some(list));
        }
        if let Some(service) = details.service {
            let (service, zones) = service_facts(service, host);
            (cluster.private_service, cluster.private_service_zones) = (Some(service), Some(zones));
        }
        cluster.private_endpoints = details.connections.map(private_endpoints);
        cluster.vpc_peerings = details.peerings.map(|fact| self.vpc_peerings(fact));
        cluster
    }

    /// A project's clusters of one region share a VPC, so peerings of other regions aren't its.
    fn vpc_peerings(&self, fact: Fact<Vec<Peering>>) -> Fact<Vec<VpcPeering>> {
        let own = self.region_id.as_deref().map(|own| region(own).0);
        let is_here = |peering: &Peering| {
            let there = peering.tidb_cloud_region_id.as_deref().map(|there| region(there).0);
            there.is_none() || own.is_none() || there == own
        };
        map(fact, |peerings| {
            peerings.into_iter().filter(|peering| is_here(peering)).map(VpcPeering::from).collect()
        })
    }
}

/// Whether the public endpoint is on, and who may come.
pub(crate) fn public_facts(
    setting: Fact<PublicSetting>,
    host: &str,
) -> (Fact<bool>, Fact<Vec<AccessEntry>>) {
    match setting {
        Fact::Unknown(gap) => {
            let list = Field::access_list.gap(host, &gap.reason, Some(gap.unlock.clone()));
            (Fact::Unknown(gap), Fact::Unknown(list))
        }
        Fact::Known(setting) => {
            // A list that isn't set and one without entries are written alike.
            let entries = setting.ip_access_list.iter().flatten();
            let entries = entries.map(|entry| Some((entry.cidr_notation.as_deref()?, None)));
            let enabled = said(setting.enabled, Field::public_endpoint_enabled, host);
            (enabled, list(entries, host))
        }
    }
}

/// The name of the endpoint service, and its zones.
pub(crate) fn service_facts(
    service: Fact<LinkService>,
    host: &str,
) -> (Fact<String>, Fact<Vec<String>>) {
    let field = Field::private_service_zones;
    match service {
        Fact::Unknown(gap) => {
            let zones = field.gap(host, &gap.reason, Some(gap.unlock.clone()));
            (Fact::Unknown(gap), Fact::Unknown(zones))
        }
        Fact::Known(service) => {
            let zones = service.available_zones.filter(|zones| !zones.is_empty());
            let name = filled(service.service_name.as_ref());
            (said(name, Field::private_service, host), said(zones, field, host))
        }
    }
}

/// The private endpoints that TiDB Cloud knows of. Those without an id are nobody's.
pub(crate) fn private_endpoints(fact: Fact<Vec<Connection>>) -> Fact<Vec<PrivateEndpoint>> {
    map(fact, |connections| {
        let known = connections.into_iter().filter_map(|connection| {
            Some(PrivateEndpoint {
                endpoint_id: filled(connection.endpoint_id.as_ref())?,
                state: filled(connection.endpoint_state.as_ref()),
                message: filled(connection.message.as_ref()),
            })
        });
        known.collect()
    })
}

impl From<Peering> for VpcPeering {
    fn from(peering: Peering) -> Self {
        Self {
            connection_id: filled(peering.aws_vpc_peering_connection_id.as_ref()),
            state: filled(peering.state.as_ref()),
            customer_vpc_id: filled(peering.customer_vpc_id.as_ref()),
            customer_vpc_cidr: filled(peering.customer_vpc_cidr.as_ref()),
            tidb_cloud_vpc_cidr: filled(peering.tidb_cloud_vpc_cidr.as_ref()),
        }
    }
}

pub(crate) fn map<T, U>(fact: Fact<T>, change: impl FnOnce(T) -> U) -> Fact<U> {
    match fact {
        Fact::Known(value) => Fact::Known(change(value)),
        Fact::Unknown(gap) => Fact::Unknown(gap),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const GATEWAY: &str = "gateway01.us-east-1.prod.aws.tidbcloud.com";

    fn serverless(patch: Value) -> Serverless {
        let mut cluster = json!({
            "clusterId": "10000000000000000001",
            "region": {"name": "regions/aws-us-east-1", "regionId": "aws-us-east-1", "cloudProvider": "aws"},
            "endpoints": {
                "public": {"host": GATEWAY, "port": 4000, "disabled": false, "authorizedNetworks": [
                    {"startIpAddress": "203.0.113.0", "endIpAddress": "203.0.113.255", "displayName": "office"}]},
                "private": {"host": "gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com", "port": 4000,
                    "aws": {"serviceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1", "availabilityZone": ["use1-az1"]}}},
            "rootPassword": "hunter2",
            "version": "v7.5.2", "userPrefix": "3pTAoNNegb47Uc8", "state": "ACTIVE",
            "clusterPlan": "STARTER", "servicePlan": "Starter"});
        patched(&mut cluster, patch);
        serde_json::from_value(cluster).unwrap()
    }

    /// A JSON merge patch.
    fn patched(into: &mut Value, patch: Value) {
        match patch {
            Value::Object(members) => {
                for (key, value) in members {
                    patched(&mut into[key], value);
                }
            }
            value => *into = value,
        }
    }

    #[test]
    fn a_starter_cluster_says_all_that_is_read() {
        let cluster = serverless(json!({})).cluster(GATEWAY, None);
        let range: AccessEntry = "203.0.113.0/24".parse().unwrap();
        assert_eq!(
            cluster,
            Cluster {
                host: GATEWAY.into(),
                tier: Some(Fact::Known(Tier::Starter)),
                state: Some(Fact::Known("ACTIVE".into())),
                region: Some(Fact::Known("us-east-1".into())),
                public_endpoint_enabled: Some(Fact::Known(true)),
                access_list: Some(Fact::Known(vec![range])),
                port: Some(Fact::Known(4000)),
                cloud_provider: Some(Fact::Known("aws".into())),
                private_service: Some(Fact::Known(
                    "com.amazonaws.vpce.us-east-1.vpce-svc-1".into()
                )),
                private_service_zones: Some(Fact::Known(vec!["use1-az1".into()])),
                private_endpoints: None,
                vpc_peerings: None,
                user_prefix: Some(Fact::Known("3pTAoNNegb47Uc8".into())),
            }
        );
    }

    #[test]
    fn what_an_answer_leaves_out_is_a_gap() {
        let cluster = serverless(json!({
            "servicePlan": null, "clusterPlan": null, "userPrefix": "", "state": null,
            "endpoints": {"public": {"authorizedNetworks": null, "disabled": null}, "private": null},
        }))
        .cluster(GATEWAY, None);
        assert!(cluster.tier.unwrap().gap().is_some());
        assert!(cluster.state.unwrap().gap().is_some());
        assert!(cluster.user_prefix.unwrap().gap().is_some());
        assert!(cluster.access_list.unwrap().gap().is_some(), "not everybody, not nobody");
        assert!(cluster.private_service.unwrap().gap().is_some());
        assert_eq!(cluster.public_endpoint_enabled, Some(Fact::Known(true)));
    }

    #[test]
    fn older_answers_are_read_as_well() {
        for (patch, region, provider) in [
            (
                json!({"region": {"regionId": "us-east-1", "cloudProvider": "AWS"}}),
                "us-east-1",
                "aws",
            ),
            (
                json!({"region": {"regionId": null, "cloudProvider": null, "provider": "AWS"}}),
                "us-east-1",
                "aws",
            ),
            (
                json!({"region": {"regionId": "alicloud-ap-southeast-1", "cloudProvider": null}}),
                "ap-southeast-1",
                "alicloud",
            ),
        ] {
            let cluster = serverless(patch.clone()).cluster(GATEWAY, None);
            assert_eq!(cluster.region, Some(Fact::Known(region.into())), "{patch}");
            assert_eq!(cluster.cloud_provider, Some(Fact::Known(provider.into())), "{patch}");
        }
        let plans = json!({"servicePlan": null, "clusterPlan": "ESSENTIAL"});
        assert_eq!(serverless(plans).tier(), Some(Tier::Essential));
        assert_eq!(serverless(json!({"servicePlan": "BYOC"})).tier(), None);
    }

    #[test]
    fn a_port_may_be_text_and_nonsense_is_not_known() {
        for (port, known) in [
            (json!(4000), Some(4000)),
            (json!("4000"), Some(4000)),
            (json!(-2_147_483_648_i64), None),
            (json!(0), None),
            (json!("four"), None),
            (json!([1]), None),
            (json!(null), None),
        ] {
            let patch = json!({"endpoints": {"public": {"port": port.clone()}}});
            let cluster = serverless(patch).cluster(GATEWAY, None);
            assert_eq!(cluster.port.unwrap().known().copied(), known, "{port}");
        }
    }

    #[test]
    fn names_are_compared_as_names() {
        let cluster = serverless(json!({}));
        assert!(cluster.serves("GATEWAY01.us-east-1.prod.aws.tidbcloud.com."));
        assert!(cluster.serves("gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com"));
        assert!(!cluster.serves("gateway02.us-east-1.prod.aws.tidbcloud.com"));
        assert!(!cluster.is_nameless());
        let starting = serverless(json!({"endpoints": {"public": {"host": ""}, "private": null}}));
        assert!(starting.is_nameless() && !starting.serves(""));
    }

    #[test]
    fn an_entry_that_cannot_be_read_spoils_the_list() {
        for (start, end) in [("10.0.0.9", "10.0.0.1"), ("2001:db8::1", "2001:db8::2"), ("", "")] {
            let networks = json!([{"startIpAddress": start, "endIpAddress": end},
                {"startIpAddress": "1.2.3.4", "endIpAddress": "1.2.3.4"}]);
            let patch = json!({"endpoints": {"public": {"authorizedNetworks": networks}}});
            let list = serverless(patch).cluster(GATEWAY, None).access_list.unwrap();
            assert!(list.gap().unwrap().reason.contains("can't be read"), "{start} {end}");
        }
    }

    fn dedicated() -> Dedicated {
        serde_json::from_value(json!({
            "clusterId": "7", "regionId": "aws-us-west-2", "cloudProvider": "aws", "port": 4001,
            "state": "ACTIVE", "labels": {"tidb.cloud/organization": "1", "tidb.cloud/project": "2"},
            "tidbNodeSetting": {"nodeSpecKey": "8C16G", "tidbNodeGroups": [
                {"tidbNodeGroupId": "0", "state": "ACTIVE", "endpoints": [
                    {"host": "tidb.x.clusters.tidb-cloud.com", "port": 4001, "connectionType": "PUBLIC"},
                    {"host": "private-tidb.x.clusters.tidb-cloud.com", "port": 4001, "connectionType": "VPC_PEERING"},
                    {"host": null, "port": 4001, "connectionType": "PRIVATE_ENDPOINT"}]},
                {"tidbNodeGroupId": "1", "state": "PAUSED", "endpoints": [
                    {"host": "tidb.y.clusters.tidb-cloud.com", "port": 4001, "connectionType": "PUBLIC"}]}]}
        }))
        .unwrap()
    }

    #[test]
    fn a_group_of_a_dedicated_cluster_has_names_of_its_own() {
        let cluster = dedicated();
        assert_eq!(cluster.project(), Some("2"));
        for (host, state) in [
            ("private-tidb.x.clusters.tidb-cloud.com", "ACTIVE"),
            ("tidb.y.clusters.tidb-cloud.com", "PAUSED"),
        ] {
            let group = cluster.groups_serving(host).next().unwrap();
            let facts = cluster.cluster(group, host, Details::default());
            assert_eq!(facts.state, Some(Fact::Known(state.into())), "{host}");
            assert_eq!(facts.port, Some(Fact::Known(4001)));
            assert_eq!(facts.region, Some(Fact::Known("us-west-2".into())));
            assert_eq!(facts.access_list, None, "nobody asked");
        }
        assert_eq!(cluster.groups_serving("tidb.z.clusters.tidb-cloud.com").count(), 0);
    }

    #[test]
    fn the_access_list_of_a_group_has_cidrs() {
        let setting = |value: Value| Fact::Known(serde_json::from_value(value).unwrap());
        let (on, list) = public_facts(
            setting(json!({"enabled": true, "ipAccessList": [
                {"cidrNotation": "52.1.2.3/32", "description": "nat"}, {"cidrNotation": "0.0.0.0/32"}]})),
            "h",
        );
        assert_eq!(on, Fact::Known(true));
        let list = list.known().unwrap().clone();
        assert_eq!(list.len(), 2);
        assert!(!list[1].is_anywhere(), "nobody, not everybody");

        let (on, list) = public_facts(setting(json!({"enabled": null, "ipAccessList": null})), "h");
        assert!(on.gap().is_some());
        assert_eq!(list, Fact::Known(Vec::new()));

        let (_, list) = public_facts(setting(json!({"ipAccessList": [{"description": "?"}]})), "h");
        assert!(list.gap().is_some());
    }

    #[test]
    fn peerings_of_other_regions_lead_elsewhere() {
        let peerings: Vec<Peering> = serde_json::from_value(json!([
            {"tidbCloudRegionId": "aws-us-west-2", "customerVpcId": "vpc-1", "state": "ACTIVE",
             "customerVpcCidr": "10.0.0.0/16", "tidbCloudVpcCidr": "10.250.0.0/16",
             "awsVpcPeeringConnectionId": "pcx-1"},
            {"tidbCloudRegionId": "aws-us-east-1", "customerVpcId": "vpc-2", "state": "ACTIVE"},
            {"customerVpcId": "vpc-3", "awsVpcPeeringConnectionId": null}]))
        .unwrap();
        let found = dedicated().vpc_peerings(Fact::Known(peerings));
        let found = found.known().unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].tidb_cloud_vpc_cidr.as_deref(), Some("10.250.0.0/16"));
        assert_eq!(found[1].customer_vpc_id.as_deref(), Some("vpc-3"));
        assert_eq!(found[1].connection_id, None);
    }
}

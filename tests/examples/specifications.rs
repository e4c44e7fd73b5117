//! Asks servers that another program made from TiDB Cloud's published specifications, and says whether
//! their answers are read: `specifications SERVERLESS-URL DEDICATED-URL`. `.ci/shared` starts the servers.
#![expect(clippy::unwrap_used, reason = "what is missing fails, as in a test")]

use std::time::Duration;

use tidb_dms::collect::{
    tidb_cloud::{Keys, Services, Sought, search},
    watch::Watch,
};
use tidb_dms_checks::facts::{Cluster, Fact, Gap, Tier};

#[expect(clippy::print_stdout, reason = "it says that all was read")]
fn main() {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    let [serverless, dedicated] = urls.as_slice() else {
        panic!("two URLs are needed: SERVERLESS-URL DEDICATED-URL");
    };
    of_serverless(ask(serverless, NOBODY));
    of_dedicated(ask(NOBODY, dedicated));
    println!("tidb-cloud-api: what is answered by the specifications is read");
}

const NOBODY: &str = "http://127.0.0.1:1";

/// The cluster that the specifications' own examples describe.
fn ask(serverless: &str, dedicated: &str) -> Cluster {
    let services = Services::new(Some(serverless), Some(dedicated)).unwrap();
    let sought = [Sought { host: "string".into(), user: Some("string.dms".into()) }];
    let keys = Keys { public: "a-public-half".into(), private: "a-private-half".into() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts = runtime.block_on(async {
        let watch = Watch::new(Duration::from_mins(1), |_| {});
        search(&services, &sought, &keys, &watch).await
    });
    let text = serde_json::to_string(&facts).unwrap();
    assert!(!text.contains("my-shining-password"), "{text}");
    facts.clusters[0].clone()
}

fn of_serverless(cluster: Cluster) {
    assert_eq!(known(cluster.tier), Tier::Starter);
    assert_eq!(known(cluster.state), "CREATING");
    assert_eq!(known(cluster.region), "us-west-2");
    assert_eq!(known(cluster.cloud_provider), "aws");
    assert!(!known(cluster.public_endpoint_enabled));
    assert!(gap(cluster.access_list).reason.contains("`string-string` is not"));
    assert_eq!(known(cluster.private_service), "string");
    assert_eq!(known(cluster.user_prefix), "string");
}

fn of_dedicated(cluster: Cluster) {
    assert_eq!(known(cluster.tier), Tier::Dedicated);
    assert_eq!(known(cluster.state), "CREATING");
    assert_eq!(known(cluster.port), 4000, "the specification's example is text");
    assert!(known(cluster.public_endpoint_enabled));
    assert!(gap(cluster.access_list).reason.contains("`string` is not"));
    assert_eq!(known(cluster.private_service_zones), ["use1-az1", "use1-az4", "use1-az6"]);
    assert_eq!(known(cluster.private_endpoints)[0].endpoint_id, "vpce-0a1b2c3d4e5f6g7h8");
    assert!(known(cluster.vpc_peerings).is_empty(), "of a region called string");
}

fn known<T: Clone>(fact: Option<Fact<T>>) -> T {
    let fact = fact.unwrap();
    fact.known().cloned().unwrap_or_else(|| panic!("{}", fact.gap().unwrap()))
}

fn gap<T: std::fmt::Debug>(fact: Option<Fact<T>>) -> Gap {
    let fact = fact.unwrap();
    fact.gap().cloned().unwrap_or_else(|| panic!("{fact:?}"))
}

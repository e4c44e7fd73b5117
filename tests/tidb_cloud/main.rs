//! The TiDB Cloud APIs, asked over real HTTP: a server on loopback that demands a digest, checks it by
//! code of its own (with `curl --digest` as a witness that it does so rightly), and answers in the
//! shapes of the published specifications.
#![cfg(feature = "live")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod server;

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use server::{Algorithm, Answer, Door, PRIVATE, PUBLIC, Server};
use tidb_dms::collect::{
    tidb_cloud::{Keys, Services, Sought, search},
    watch::Watch,
};
use tidb_dms_checks::facts::{Cluster, Fact, Facts, Gap, Tier, Unlock};

const GATEWAY: &str = "gateway01.us-east-1.prod.aws.tidbcloud.com";
const PUBLIC_HOST: &str = "tidb.muznnz1umf3p.clusters.tidb-cloud.com";

/// A Starter cluster as the API shows it.
fn starter(id: &str, prefix: &str) -> Value {
    json!({
        "name": format!("clusters/{id}"), "clusterId": id, "displayName": format!("cluster {id}"),
        "region": {"name": "regions/aws-us-east-1", "regionId": "aws-us-east-1",
            "cloudProvider": "aws", "displayName": "N. Virginia (us-east-1)", "provider": "aws"},
        "spendingLimit": {"monthly": 0}, "version": "v7.5.2-serverless",
        "endpoints": {
            "public": {"host": GATEWAY, "port": 4000, "disabled": false, "authorizedNetworks": [
                {"startIpAddress": "52.1.2.0", "endIpAddress": "52.1.2.9", "displayName": id}]},
            "private": {"host": "gateway01-privatelink.us-east-1.prod.aws.tidbcloud.com",
                "port": 4000, "aws": {"serviceName": "com.amazonaws.vpce.us-east-1.vpce-svc-03",
                "availabilityZone": ["use1-az1"]}}},
        "rootPassword": "r00t-of-the-answer", "createdBy": "somebody@example.com",
        "userPrefix": prefix, "state": "ACTIVE", "clusterPlan": "STARTER",
        "servicePlan": "Starter", "labels": {"tidb.cloud/project": "163469"}})
}

/// A Dedicated cluster as the API shows it.
fn dedicated() -> Value {
    json!({
        "name": "clusters/379661", "clusterId": "379661", "displayName": "orders",
        "regionId": "aws-us-east-1", "cloudProvider": "aws", "port": 4000, "state": "ACTIVE",
        "labels": {"tidb.cloud/organization": "1", "tidb.cloud/project": "137264"},
        "tidbNodeSetting": {"nodeSpecKey": "8C16G", "tidbNodeGroups": [
            {"name": "tidbNodeGroups/191", "tidbNodeGroupId": "191", "clusterId": "379661",
             "nodeCount": 2, "isDefaultGroup": true, "state": "ACTIVE", "endpoints": [
                {"host": PUBLIC_HOST, "port": 4000, "connectionType": "PUBLIC"},
                {"host": "private-tidb.muznnz1umf3p.clusters.tidb-cloud.com", "port": 4000,
                 "connectionType": "VPC_PEERING"},
                {"host": null, "port": 4000, "connectionType": "PRIVATE_ENDPOINT"}]}]},
        "version": "v8.5.2", "annotations": {"tidb.cloud/has-set-password": "true"}})
}

const CLUSTERS: &str = "/v1beta1/clusters?pageSize=100";
const SETTING: &str = "/v1beta1/clusters/379661/tidbNodeGroups/191/publicEndpointSetting";
const SERVICE: &str = "/v1beta1/clusters/379661/tidbNodeGroups/191/privateLinkService";
const CONNECTIONS: &str =
    "/v1beta1/clusters/379661/tidbNodeGroups/191/privateEndpointConnections?pageSize=100";
const PEERINGS: &str = "/v1beta1/vpcPeerings?cloudProvider=aws&projectId=137264&pageSize=100";

/// All that is asked about a Dedicated cluster.
fn dedicated_answers() -> BTreeMap<String, Answer> {
    let answers = [
        (CLUSTERS, json!({"clusters": [dedicated()], "totalSize": 1, "nextPageToken": ""})),
        (
            SETTING,
            json!({"name": "tidbNodeGroups/191/publicEndpointSetting", "tidbNodeGroupId": "191",
                "enabled": true,
                "ipAccessList": [{"cidrNotation": "52.1.2.3/32", "description": "nat"}]}),
        ),
        (
            SERVICE,
            json!({"name": "tidbNodeGroups/191/privateLinkService", "tidbNodeGroupId": "191",
                "serviceName": "com.amazonaws.vpce.us-east-1.vpce-svc-12",
                "serviceDnsName": "privatelink-191.muznnz1umf3p.clusters.tidb-cloud.com",
                "availableZones": ["use1-az1", "use1-az4"], "state": "ACTIVE"}),
        ),
        (
            CONNECTIONS,
            json!({"privateEndpointConnections": [
                {"tidbNodeGroupId": "191", "privateEndpointConnectionId": "1", "clusterId": "379661",
                 "endpointId": "vpce-0a1b2c3d4e5f6a7b8", "endpointState": "FAILED",
                 "message": "not found", "host": "", "port": 4000}], "totalSize": 1}),
        ),
        (
            PEERINGS,
            json!({"vpcPeerings": [
                {"vpcPeeringId": "1", "tidbCloudRegionId": "aws-us-east-1",
                 "customerRegionId": "aws-us-east-1", "customerAccountId": "111122223333",
                 "customerVpcId": "vpc-1", "customerVpcCidr": "10.0.0.0/16",
                 "tidbCloudVpcCidr": "10.250.0.0/20", "state": "PENDING",
                 "awsVpcPeeringConnectionId": "pcx-1"},
                {"tidbCloudRegionId": "aws-us-west-2", "customerVpcId": "vpc-2",
                 "state": "ACTIVE"}], "totalSize": 2}),
        ),
    ];
    answers.into_iter().map(|(path, body)| (path.to_owned(), Answer::ok(&body))).collect()
}

/// All that is asked about Starter clusters.
fn starter_answers(clusters: &[Value]) -> BTreeMap<String, Answer> {
    // A list shows less than asking for one cluster does.
    let listed: Vec<Value> = clusters
        .iter()
        .map(|cluster| {
            let mut cluster = cluster.clone();
            cluster["endpoints"]["public"]["authorizedNetworks"] = Value::Null;
            cluster
        })
        .collect();
    let mut answers = BTreeMap::from([(
        CLUSTERS.to_owned(),
        Answer::ok(&json!({"clusters": listed, "totalSize": listed.len()})),
    )]);
    for cluster in clusters {
        let id = cluster["clusterId"].as_str().unwrap();
        answers.insert(format!("/v1beta1/clusters/{id}?view=FULL"), Answer::ok(cluster));
        answers.insert(
            format!("/v1beta1/clusters/{id}/branches?pageSize=100"),
            Answer::ok(&json!({"branches": [], "totalSize": 0})),
        );
    }
    answers
}

fn keys() -> Keys {
    Keys { public: PUBLIC.into(), private: PRIVATE.into() }
}

fn sought(host: &str, user: Option<&str>) -> Sought {
    Sought { host: host.into(), user: user.map(str::to_owned) }
}

/// Asks one server as if it were both.
fn ask(server: &Server, sought: &[Sought], keys: &Keys, limit: Duration) -> Facts {
    let url = server.url();
    let services = Services::new(Some(&url), Some(&url)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts = runtime.block_on(async {
        let watch = Watch::new(limit, |_| {});
        search(&services, sought, keys, &watch).await
    });
    // Whatever happened: the private half went nowhere, and came back from nowhere.
    let text = serde_json::to_string(&facts).unwrap();
    for secret in [PRIVATE, "wr0ng-private-key", "r00t-of-the-answer"] {
        assert!(!text.contains(secret), "{text}");
    }
    for asked in server.asked() {
        assert!(!asked.head.contains(PRIVATE), "{}", asked.head);
        assert!(!asked.head.contains("Basic"), "{}", asked.head);
    }
    facts
}

const MINUTE: Duration = Duration::from_mins(1);

fn one(server: &Server, host: &str, user: Option<&str>) -> Cluster {
    let mut facts = ask(server, &[sought(host, user)], &keys(), MINUTE);
    assert_eq!(facts.clusters.len(), 1);
    facts.clusters.remove(0)
}

fn known<T: Clone>(fact: Option<Fact<T>>) -> T {
    let fact = fact.unwrap();
    fact.known().cloned().unwrap_or_else(|| panic!("{}", fact.gap().unwrap()))
}

fn gap<T: std::fmt::Debug>(fact: Option<Fact<T>>) -> Gap {
    let fact = fact.unwrap();
    fact.gap().cloned().unwrap_or_else(|| panic!("{fact:?}"))
}

#[test]
fn digests_are_those_of_the_standard() {
    // RFC 7616 §3.9.1.
    for (algorithm, response) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let ours = algorithm.response(
            ["Mufasa", "http-auth@example.org", "Circle of Life"],
            ["GET", "/dir/index.html"],
            [
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            ],
        );
        assert_eq!(ours, response, "{algorithm:?}");
    }
}

/// The server lets in whom another program's digest lets in, and nobody else.
#[test]
fn curl_agrees_with_the_server() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let server = Server::start(Door::Digest(algorithm), dedicated_answers());
        for (password, code) in [(PRIVATE, "200"), ("wr0ng-private-key", "401")] {
            let output = Command::new("curl")
                .args(["--silent", "--digest", "--user", &format!("{PUBLIC}:{password}")])
                .args(["--output", "/dev/null", "--write-out", "%{http_code}", "--noproxy", "*"])
                .arg(server.url() + CLUSTERS)
                .output();
            let Ok(output) = output else {
                eprintln!("skipped: curl_agrees_with_the_server: curl is missing");
                return;
            };
            assert_eq!(String::from_utf8_lossy(&output.stdout), code, "{algorithm:?}");
        }
    }
}

#[test]
fn a_user_name_tells_starter_clusters_apart() {
    for door in
        [Door::Digest(Algorithm::Md5), Door::Digest(Algorithm::Sha256), Door::OneTime, Door::Open]
    {
        let clusters = [starter("100", "3pTAoNNegb47Uc8"), starter("200", "28cDWcUJJiewaQ7")];
        let server = Server::start(door, starter_answers(&clusters));
        let cluster = one(&server, GATEWAY, Some("28cDWcUJJiewaQ7.dms"));
        assert_eq!(known(cluster.user_prefix), "28cDWcUJJiewaQ7", "{door:?}");
        assert_eq!(known(cluster.tier), Tier::Starter);
        assert_eq!(known(cluster.state), "ACTIVE");
        assert_eq!(known(cluster.region), "us-east-1");
        assert!(known(cluster.public_endpoint_enabled));
        assert_eq!(known(cluster.access_list)[0].to_string(), "52.1.2.0-52.1.2.9");
        assert_eq!(known(cluster.private_service_zones), ["use1-az1"]);
        assert_eq!(cluster.private_endpoints, None);
    }
}

#[test]
fn without_a_user_name_only_what_all_share_is_known() {
    let clusters = [starter("100", "3pTAoNNegb47Uc8"), starter("200", "28cDWcUJJiewaQ7")];
    let server = Server::start(Door::Digest(Algorithm::Md5), starter_answers(&clusters));
    let cluster = one(&server, GATEWAY, None);
    assert_eq!(known(cluster.state), "ACTIVE");
    assert_eq!(known(cluster.port), 4000);
    let reason = gap(cluster.user_prefix).reason;
    assert!(reason.starts_with("2 clusters and branches of this API key share"), "{reason}");

    let mut clusters = clusters;
    clusters[1]["state"] = json!("MODIFYING");
    clusters[1]["endpoints"]["public"]["authorizedNetworks"] = json!([]);
    let server = Server::start(Door::Open, starter_answers(&clusters));
    let cluster = one(&server, GATEWAY, None);
    assert!(gap(cluster.state).reason.contains("which is meant"));
    assert_eq!(gap(cluster.access_list).unlock, Unlock::Flag("--ip-access-list".into()));

    // The only one is the one.
    let server = Server::start(Door::Open, starter_answers(&clusters[..1]));
    assert_eq!(known(one(&server, GATEWAY, None).user_prefix), "3pTAoNNegb47Uc8");
}

#[test]
fn a_prefix_of_nobody_is_no_cluster() {
    let clusters = [starter("100", "3pTAoNNegb47Uc8")];
    let server = Server::start(Door::Open, starter_answers(&clusters));
    let cluster = one(&server, GATEWAY, Some("4xxxxxxxxxxxxxx.dms"));
    let gap = gap(cluster.state);
    assert!(gap.reason.contains("has the user name prefix `4xxxxxxxxxxxxxx`"), "{}", gap.reason);
}

#[test]
fn a_branch_is_found_by_its_prefix() {
    let mut branch = starter("", "4branchbranchbr");
    branch["branchId"] = json!("bran-1");
    branch["clusterId"] = json!("100");
    branch["endpoints"]["public"]["disabled"] = json!(true);
    for member in ["region", "clusterPlan", "servicePlan"] {
        branch.as_object_mut().unwrap().remove(member);
    }
    let mut answers = starter_answers(&[starter("100", "3pTAoNNegb47Uc8")]);
    let path = "/v1beta1/clusters/100/branches?pageSize=100";
    answers.insert(path.into(), Answer::ok(&json!({"branches": [branch]})));
    let server = Server::start(Door::Open, answers.clone());
    let cluster = one(&server, GATEWAY, Some("4branchbranchbr.dms"));
    assert!(!known(cluster.public_endpoint_enabled));
    assert_eq!(known(cluster.tier), Tier::Starter, "its cluster's");
    assert_eq!(known(cluster.region), "us-east-1");
    // Without a user name it may be either.
    let cluster = one(&server, GATEWAY, None);
    assert!(gap(cluster.public_endpoint_enabled).reason.contains("which is meant"));

    // Nor is a cluster alone while its branches weren't seen.
    answers.insert(path.into(), Answer::status(403, "{}"));
    let server = Server::start(Door::Open, answers);
    let reason = gap(one(&server, GATEWAY, None).state).reason;
    assert!(reason.contains("not all clusters behind"), "{reason}");
    assert_eq!(known(one(&server, GATEWAY, Some("3pTAoNNegb47Uc8.x")).state), "ACTIVE");
}

#[test]
fn a_dedicated_cluster_is_asked_for_all_it_has() {
    let server = Server::start(Door::Digest(Algorithm::Md5), dedicated_answers());
    let facts = ask(&server, &[sought(PUBLIC_HOST, Some("root"))], &keys(), MINUTE);
    let cluster = facts.clusters[0].clone();
    assert_eq!(cluster.host, PUBLIC_HOST);
    assert_eq!(known(cluster.tier), Tier::Dedicated);
    assert!(known(cluster.public_endpoint_enabled));
    assert_eq!(known(cluster.access_list)[0].to_string(), "52.1.2.3/32");
    assert_eq!(known(cluster.private_service), "com.amazonaws.vpce.us-east-1.vpce-svc-12");
    assert_eq!(known(cluster.private_service_zones), ["use1-az1", "use1-az4"]);
    let endpoint = &known(cluster.private_endpoints)[0];
    assert_eq!(endpoint.state.as_deref(), Some("FAILED"));
    assert_eq!(endpoint.message.as_deref(), Some("not found"));
    let peerings = known(cluster.vpc_peerings);
    assert_eq!(peerings.len(), 1, "the other is of another region");
    assert_eq!(peerings[0].tidb_cloud_vpc_cidr.as_deref(), Some("10.250.0.0/20"));
    assert_eq!(cluster.user_prefix, None);

    // One call for each, and one round trip more for the first challenge.
    let mut calls = [SERVICE, CONNECTIONS, SETTING, CLUSTERS, PEERINGS];
    calls.sort_unstable();
    assert_eq!(server.answered(), calls);
    assert_eq!(server.asked().len(), 6);
    assert_eq!(facts.run.calls.values().sum::<u32>(), 5);
    assert_eq!(facts.run.calls["tidbcloud:ListVpcPeerings"], 1);
}

#[test]
fn lists_come_in_pages() {
    let mut answers = dedicated_answers();
    let mut other = dedicated();
    other["tidbNodeSetting"]["tidbNodeGroups"][0]["endpoints"][0]["host"] = json!("elsewhere");
    answers.insert(
        CLUSTERS.into(),
        Answer::ok(&json!({"clusters": [other], "nextPageToken": "a b&c"})),
    );
    let second = format!("{CLUSTERS}&pageToken=a+b%26c");
    answers.insert(second.clone(), Answer::ok(&json!({"clusters": [dedicated()]})));
    let server = Server::start(Door::Digest(Algorithm::Sha256), answers.clone());
    assert_eq!(known(one(&server, PUBLIC_HOST, None).state), "ACTIVE");

    // A page that is missing may hold it.
    answers.insert(second.clone(), Answer::status(500, ""));
    let server = Server::start(Door::Open, answers.clone());
    let reason = gap(one(&server, PUBLIC_HOST, None).state).reason;
    assert_eq!(reason, "TiDB Cloud answered 500 to ListClusters");

    // Pages that lead back to themselves end all the same.
    answers.insert(second, Answer::ok(&json!({"clusters": [], "nextPageToken": "a b&c"})));
    let server = Server::start(Door::Open, answers);
    let reason = gap(one(&server, PUBLIC_HOST, None).state).reason;
    assert_eq!(reason, "ListClusters has no end of pages");
}

/// A call that fails leaves gaps of its own, and the rest is known.
#[test]
fn a_call_may_fail_alone() {
    let message = r#"{"code":7,"message":"role \u001b[31mviewer","details":[]}"#;
    for (path, status, body, about, reason) in [
        (
            SETTING,
            404,
            "",
            "access_list",
            "TiDB Cloud has nothing to tell by GetPublicEndpointSetting",
        ),
        (
            SETTING,
            403,
            message,
            "public_endpoint_enabled",
            "the API key has no right to GetPublicEndpointSetting (role \u{1b}[31mviewer)",
        ),
        (
            SERVICE,
            200,
            "[]",
            "private_service",
            "the answer to GetPrivateLinkService is no JSON object",
        ),
        (
            SERVICE,
            200,
            r#"{"availableZones": 7}"#,
            "private_service_zones",
            "the answer to GetPrivateLinkService is none that the API documents (line 1, column 20)",
        ),
        (
            CONNECTIONS,
            429,
            "",
            "private_endpoints",
            "the API key's calls are used up, again in 23 s",
        ),
        (PEERINGS, 302, "", "vpc_peerings", "TiDB Cloud answered 302 to ListVpcPeerings"),
        (
            PEERINGS,
            400,
            &format!("{{\"message\": \"{PRIVATE}\"}}"),
            "vpc_peerings",
            "TiDB Cloud answered 400 to ListVpcPeerings (…)",
        ),
    ] {
        let mut answers = dedicated_answers();
        let mut answer = Answer::status(status, body);
        answer.headers.push(("X-Ratelimit-Reset", "23".into()));
        answer.headers.push(("Location", "http://127.0.0.1:1/".into()));
        answers.insert(path.into(), answer);
        let server = Server::start(Door::Digest(Algorithm::Md5), answers);
        let cluster = serde_json::to_value(one(&server, PUBLIC_HOST, None)).unwrap();
        assert_eq!(cluster[about]["unknown"]["reason"], reason, "{path} {status}");
        let gaps: Vec<&String> = cluster
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| value.get("unknown").is_some())
            .map(|(name, _)| name)
            .collect();
        let twins = [SETTING, SERVICE].contains(&path);
        assert_eq!(gaps.len(), if twins { 2 } else { 1 }, "{gaps:?}");
    }
}

#[test]
fn a_wrong_key_says_so() {
    let wrong = Keys { public: PUBLIC.into(), private: "wr0ng-private-key".into() };
    let server = Server::start(Door::Digest(Algorithm::Md5), dedicated_answers());
    let facts = ask(&server, &[sought(PUBLIC_HOST, None)], &wrong, MINUTE);
    let gap = gap(facts.clusters[0].state.clone());
    assert_eq!(gap.reason, "TiDB Cloud doesn't take the API key (public_key not found)");
    assert!(matches!(&gap.unlock, Unlock::Flag(flag) if flag.contains("TIDBCLOUD_PRIVATE_KEY")));
    assert_eq!(server.asked().len(), 2, "a key that was refused isn't tried again");
}

#[test]
fn a_server_that_wants_the_key_itself_does_not_get_it() {
    let server = Server::start(Door::Basic, dedicated_answers());
    let reason = gap(one(&server, PUBLIC_HOST, None).state).reason;
    assert!(reason.contains("asked for no digest"), "{reason}");
    assert!(server.asked().iter().all(|it| !it.head.to_lowercase().contains("authorization")));

    let server = Server::start(Door::Stale, dedicated_answers());
    let reason = gap(one(&server, PUBLIC_HOST, None).state).reason;
    assert!(reason.contains("stale"), "{reason}");
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_host_of_nobody_is_told_with_what_may_be_it() {
    let mut paused = dedicated();
    paused["state"] = json!("PAUSED");
    for endpoint in
        paused["tidbNodeSetting"]["tidbNodeGroups"][0]["endpoints"].as_array_mut().unwrap()
    {
        endpoint["host"] = json!("");
    }
    for (clusters, reason) in [
        (json!([]), "the API key sees 0 Dedicated clusters, none with this host"),
        (
            json!([paused]),
            "the API key sees 1 Dedicated cluster, none with this host; orders (PAUSED) shows no \
             host now",
        ),
    ] {
        let answers =
            BTreeMap::from([(CLUSTERS.to_owned(), Answer::ok(&json!({"clusters": clusters})))]);
        let server = Server::start(Door::Open, answers);
        let cluster = one(&server, PUBLIC_HOST, None);
        assert_eq!(gap(cluster.state).reason, reason);
        assert!(gap(cluster.vpc_peerings).reason.contains("none with"));
    }
}

/// Whose name doesn't tell the tier is asked for on both sides.
#[test]
fn a_name_of_ones_own_is_looked_for_everywhere() {
    let server = Server::start(Door::Open, BTreeMap::new());
    let cluster = one(&server, "db.example.com", None);
    let reason = gap(cluster.tier).reason;
    assert_eq!(reason.matches("has nothing to tell by ListClusters").count(), 2, "{reason}");

    let mut own = starter("100", "3pTAoNNegb47Uc8");
    own["endpoints"]["public"]["host"] = json!("db.example.com");
    let server = Server::start(Door::Open, starter_answers(&[own]));
    assert_eq!(known(one(&server, "db.example.com", None).tier), Tier::Starter);
}

#[test]
fn a_server_that_hangs_ends_with_the_run() {
    let mut answers = dedicated_answers();
    answers.get_mut(PEERINGS).unwrap().after = Duration::from_secs(30);
    let server = Server::start(Door::Digest(Algorithm::Md5), answers);
    let begin = Instant::now();
    let facts = ask(&server, &[sought(PUBLIC_HOST, None)], &keys(), Duration::from_secs(1));
    assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
    assert_eq!(known(facts.clusters[0].state.clone()), "ACTIVE");
    let reason = gap(facts.clusters[0].vpc_peerings.clone()).reason;
    assert_eq!(reason, "ListVpcPeerings was not finished in time");
    assert_eq!(facts.run.unfinished, ["tidbcloud:ListVpcPeerings"]);
}

#[test]
fn nobody_there_is_a_gap() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}");
    let services = Services::new(None, Some(&url)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts = runtime.block_on(async {
        let watch = Watch::new(MINUTE, |_| {});
        search(&services, &[sought(PUBLIC_HOST, None)], &keys(), &watch).await
    });
    let reason = gap(facts.clusters[0].state.clone()).reason;
    assert!(reason.starts_with("ListClusters got no answer: "), "{reason}");
    assert!(reason.to_lowercase().contains("refused"), "{reason}");
}

//! What a successful test of DMS itself proves.
//!
//! DMS's test speaks from the replication instance, with the endpoint's own settings. One that was made
//! because we asked has a time, so it is of the present: it proves the way, the access list and the login at
//! once, and the certificates too where it verified them. It proves nothing of another seat.

use crate::{
    case::{Case, Seat, Server, cluster},
    check::{Check, TestStep},
    facts::{Gap, Tested, Unlock},
    judgement::{Evidence, Judgement},
    report::Subject,
};

/// The fresh, successful tests of a migration's endpoints.
#[derive(Default)]
pub(crate) struct Proofs<'a> {
    tests: Vec<Proof<'a>>,
    /// The seat where the instance sits today.
    seat: Option<String>,
}

struct Proof<'a> {
    test: &'a Tested,
    server: String,
    is_cluster: bool,
    is_verified: bool,
}

impl<'a> Proofs<'a> {
    pub(crate) fn new(case: &Case<'a>, servers: &[Server<'a>]) -> Self {
        let Some(instance) = case.migration.instance() else { return Self::default() };
        let proof = |server: &Server<'a>| {
            let endpoint = server.endpoint?;
            // What was asked or is known otherwise may be another place than the one that was tested.
            let host = cluster::server_name(case.facts, endpoint)?;
            let port = cluster::port(case.facts, endpoint)?;
            let is_tested = server
                .host
                .known()
                .is_some_and(|known| host.trim_end_matches('.').eq_ignore_ascii_case(known))
                && server.port.known() == Some(&port)
                && case.facts.asked.tidb_user.is_none();
            if !is_tested {
                return None;
            }
            let test = case
                .facts
                .fresh_test(&instance.replication_instance_arn, endpoint)
                .filter(|test| test.successful)?;
            let mode = endpoint.ssl_mode.as_deref().unwrap_or_default();
            Some(Proof {
                test,
                server: server.name.clone(),
                is_cluster: server.is_tidb.known() == Some(&true),
                is_verified: mode.eq_ignore_ascii_case("verify-full"),
            })
        };
        let seats: &[Seat<'_>] = case.seats.known().map_or(&[], Vec::as_slice);
        let today = seats.iter().find(|seat| seat.role == "today");
        Self {
            tests: servers.iter().filter_map(proof).collect(),
            seat: today.map(|seat| seat.id.clone()),
        }
    }

    /// Lets a test answer what it proves.
    pub(crate) fn settle(&self, check: &Check, subject: &Subject, judgement: &mut Judgement) {
        let Some(proof) = self.tests.iter().find(|proof| self.proves(proof, check, subject)) else {
            return;
        };
        let test = proof.test;
        let witness = Evidence {
            resource: test.endpoint_arn.clone(),
            field: "tested by DMS".into(),
            value: test.at.to_string(),
        };
        judgement.settle(witness, check.severity, |against| {
            Gap::new(
                proof.server.as_str(),
                format!(
                    "the model disagrees with what DMS saw: its test at {} was successful, and {against}",
                    test.at
                ),
                Unlock::Nothing,
            )
        });
    }

    fn proves(&self, proof: &Proof<'_>, check: &Check, subject: &Subject) -> bool {
        let Some(step) = check.proved_by else { return false };
        match step {
            TestStep::Way => proof.is_cluster && self.seat.as_ref() == Some(&subject.id),
            TestStep::Cluster => proof.is_cluster,
            TestStep::Login => subject.id == proof.server,
            TestStep::Certificates => subject.id == proof.server && proof.is_verified,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{judgement::Outcome, testing};

    const ROUTE: (&str, Value) = ("/inventory/RouteTables", Value::Null);
    const ENDPOINT: &str = "arn:aws:dms:us-east-1:1:endpoint:T";

    /// A test of the endpoint as it is once these things were changed.
    fn test_of(changes: &[(&str, Value)], at: &str, successful: bool) -> (&'static str, Value) {
        let facts = testing::facts(changes);
        let mut endpoints = facts.inventory.endpoints.items.iter();
        let endpoint = endpoints.find(|endpoint| endpoint.endpoint_arn == ENDPOINT).unwrap();
        let test = json!({"at": at, "successful": successful, "endpoint_arn": ENDPOINT,
            "replication_instance_arn": "arn:aws:dms:us-east-1:1:rep:I", "endpoint": endpoint});
        ("/tests", json!([test]))
    }

    fn test(at: &str, successful: bool) -> (&'static str, Value) {
        test_of(&[], at, successful)
    }

    fn good() -> (&'static str, Value) {
        test("2026-11-24T10:03:00Z", true)
    }

    #[test]
    fn a_fresh_success_proves_what_was_not_seen() {
        let no_probes = ("/probes", json!([]));
        let standby = [
            ("/inventory/ReplicationInstances/0/MultiAZ", json!(true)),
            ("/inventory/ReplicationInstances/0/SecondaryAvailabilityZone", json!("us-east-1b")),
        ];
        let with_standby = [&standby[..], &[ROUTE, good()]].concat();
        let verify_ca = ("/inventory/Endpoints/1/SslMode", json!("verify-ca"));
        let of_verify_ca = test_of(std::slice::from_ref(&verify_ca), "2026-11-24T10:03:00Z", true);
        for (check, changes, outcome) in [
            ("network/route", &[ROUTE][..], Outcome::Unknown),
            ("network/route", &[ROUTE, good()], Outcome::Pass),
            ("network/route", &[ROUTE, test("2026-11-24T09:00:00Z", true)], Outcome::Unknown),
            ("network/route", &[ROUTE, test("2026-11-24T10:03:00Z", false)], Outcome::Unknown),
            // It was made from another seat.
            ("network/route", &with_standby, Outcome::Unknown),
            ("access/list-covers-egress", &[ROUTE, good()], Outcome::Pass),
            ("mysql/target-privileges", &[no_probes.clone(), good()], Outcome::Unknown),
            ("tls/chain-trusted", &[no_probes.clone(), good()], Outcome::Pass),
            (
                "tls/chain-trusted",
                &[no_probes, verify_ca.clone(), of_verify_ca.clone()],
                Outcome::Unknown,
            ),
            // What was tested is the endpoint as it was then.
            ("network/route", &[ROUTE, verify_ca.clone(), of_verify_ca], Outcome::Pass),
            ("network/route", &[ROUTE, verify_ca, good()], Outcome::Unknown),
        ] {
            let row = testing::say(check, changes);
            assert_eq!(row.outcome(), outcome, "{check} with {changes:?}");
        }
    }

    #[test]
    fn it_proves_nothing_of_another_host_or_port() {
        for another in [
            ("/asked/tidb_host", json!("tidb.xyz.clusters.tidb-cloud.com")),
            ("/asked/tidb_port", json!(4001)),
            ("/asked/tidb_user", json!("other")),
        ] {
            let row = testing::say("network/route", &[ROUTE, good(), another.clone()]);
            assert_eq!(row.outcome(), Outcome::Unknown, "{another:?}");
        }
    }

    #[test]
    fn where_it_contradicts_the_model_nothing_is_told() {
        let list = ("/clusters/0/access_list", json!({"known": ["203.0.113.0/24"]}));
        testing::check(
            "access/list-covers-egress",
            &[
                (std::slice::from_ref(&list), Outcome::Fail, "52.1.2.3"),
                (
                    &[list.clone(), good()],
                    Outcome::Unknown,
                    "the model disagrees with what DMS saw",
                ),
            ],
        );
    }

    /// Which suites DMS has its own test shows best.
    #[test]
    fn it_decides_about_suites_that_no_source_tells_of() {
        let (path, mut seen) = testing::probes();
        seen[0]["tls12"] = testing::look(json!({"refused": {"alert": "handshake_failure"}}));
        let cipher = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384";
        let chosen = json!({"chosen": {"protocol": "TLSv1.2", "cipher": cipher}});
        seen[0]["tls12_suites"] = testing::look(chosen);
        testing::check(
            "tls/protocol",
            &[
                (&[(path, seen.clone())], Outcome::Unknown, cipher),
                (&[(path, seen), good()], Outcome::Pass, ""),
            ],
        );
    }

    #[test]
    fn its_age_is_known() {
        let assumed = |changes: &[_]| {
            let report = crate::examine(&testing::facts(changes), &testing::without_probes());
            let assumptions = report.unwrap().assumptions;
            assumptions.iter().filter(|it| it.taken.contains("last successful test")).count()
        };
        assert_eq!((assumed(&[]), assumed(&[good()])), (2, 1));
    }
}

//! Compliance: what becomes of AWS Security Hub's controls for DMS, and of the standards that AWS maps
//! them to.
//!
//! A control isn't a check: the guide's own topologies break some. A public instance in a public subnet
//! reaches the cluster and breaks DMS.1; a private endpoint with SSL mode none works and breaks DMS.9.
//! So each control is judged by itself, on the resources of this migration, as AWS words it.

use crate::{
    case::Case,
    checks,
    dms::logging,
    facts::{PathKind, Role, inventory::dms::ReplicationInstance},
    judgement::Judgement,
    migration::{Kind, Side},
    policy::Policy,
    report::{ControlStanding, Standing},
};

/// A control of AWS Security Hub.
pub struct Control {
    /// Its id, `DMS.1`.
    pub id: &'static str,
    /// Its title, as Security Hub words it.
    pub title: &'static str,
    /// The AWS Config rule behind it.
    pub rule: &'static str,
    /// What AWS maps it to: the related requirements on the control's page.
    pub standards: &'static [Standard],
    /// What is judged.
    judge: fn(&Case<'_>, &mut Verdict),
}

/// Requirements of one standard.
pub struct Standard {
    /// The standard, as AWS writes it.
    pub name: &'static str,
    /// Its requirements.
    pub requirements: &'static [&'static str],
}

const LOGGING: &[Standard] = &[
    Standard {
        name: "NIST.800-53.r5",
        requirements: &[
            "AC-2(4)", "AC-4(26)", "AC-6(9)", "AU-10", "AU-12", "AU-2", "AU-3", "AU-6(3)",
            "AU-6(4)", "CA-7", "SC-7(9)", "SI-3(8)", "SI-4(20)", "SI-7(8)",
        ],
    },
    Standard { name: "PCI DSS v4.0.1", requirements: &["10.4.2"] },
];

/// The page that the controls and their related requirements are taken from.
pub const PAGE: &str = "https://docs.aws.amazon.com/securityhub/latest/userguide/dms-controls.html";

/// The controls that checks prove.
pub static CONTROLS: &[Control] = &[
    Control {
        id: "DMS.1",
        title: "Database Migration Service replication instances should not be public",
        rule: "dms-replication-not-public",
        standards: &[
            Standard {
                name: "NIST.800-53.r5",
                requirements: &[
                    "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                    "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)", "SC-7(9)",
                ],
            },
            Standard {
                name: "PCI DSS v3.2.1",
                requirements: &["1.2.1", "1.3.1", "1.3.2", "1.3.4", "1.3.6"],
            },
            Standard { name: "PCI DSS v4.0.1", requirements: &["1.4.4"] },
        ],
        judge: not_public,
    },
    Control {
        id: "DMS.6",
        title: "DMS replication instances should have automatic minor version upgrade enabled",
        rule: "dms-auto-minor-version-upgrade-check",
        standards: &[
            Standard {
                name: "NIST.800-53.r5",
                requirements: &["SI-2", "SI-2(2)", "SI-2(4)", "SI-2(5)"],
            },
            Standard { name: "PCI DSS v4.0.1", requirements: &["6.3.3"] },
        ],
        judge: upgrades_itself,
    },
    Control {
        id: "DMS.7",
        title: "DMS replication tasks for the target database should have logging enabled",
        rule: "dms-replication-task-targetdb-logging",
        standards: LOGGING,
        judge: |case, verdict| logs(case, verdict, &["TARGET_APPLY", "TARGET_LOAD"]),
    },
    Control {
        id: "DMS.8",
        title: "DMS replication tasks for the source database should have logging enabled",
        rule: "dms-replication-task-sourcedb-logging",
        standards: LOGGING,
        judge: |case, verdict| logs(case, verdict, &["SOURCE_CAPTURE", "SOURCE_UNLOAD"]),
    },
    Control {
        id: "DMS.9",
        title: "DMS endpoints should use SSL",
        rule: "dms-endpoint-ssl-configured",
        standards: &[
            Standard {
                name: "NIST.800-53.r5",
                requirements: &[
                    "AC-4", "SC-13", "SC-23", "SC-23(3)", "SC-7(4)", "SC-8", "SC-8(1)", "SC-8(2)",
                ],
            },
            Standard { name: "PCI DSS v4.0.1", requirements: &["4.2.1"] },
        ],
        judge: encrypted,
    },
];

/// A control's verdict in the making: one entry for each resource.
#[derive(Default)]
struct Verdict {
    entries: Vec<(Standing, String)>,
    alternative: Option<&'static str>,
}

impl Verdict {
    fn say(&mut self, standing: Standing, because: impl Into<String>) {
        self.entries.push((standing, because.into()));
    }

    /// The worst entry counts, and only entries like it are told.
    fn conclude(self) -> (Standing, Vec<String>) {
        let worst = self.entries.iter().map(|(standing, _)| *standing).min();
        let worst = worst.unwrap_or(Standing::Undecided);
        let because = self.entries.into_iter().filter(|(standing, _)| *standing == worst);
        (worst, because.map(|(_, because)| because).collect())
    }
}

impl Control {
    /// The checks of the catalogue that prove it.
    pub fn checks(&self) -> impl Iterator<Item = &'static str> {
        let id = self.id;
        checks().filter(move |check| check.controls.contains(&id)).map(|check| check.id)
    }

    /// What AWS maps it to, one by one: `PCI DSS v4.0.1 4.2.1`.
    pub fn requirements(&self) -> impl Iterator<Item = String> {
        self.standards.iter().flat_map(|standard| {
            standard
                .requirements
                .iter()
                .map(|requirement| format!("{} {requirement}", standard.name))
        })
    }
}

/// What becomes of each control that a wanted check proves.
pub(crate) fn standings(case: &Case<'_>, policy: &Policy) -> Vec<ControlStanding> {
    let wanted = CONTROLS.iter().filter(|control| control.checks().any(|id| policy.wants_id(id)));
    wanted
        .map(|control| {
            let mut verdict = Verdict::default();
            (control.judge)(case, &mut verdict);
            let alternative = verdict.alternative.map(str::to_owned);
            let (standing, because) = verdict.conclude();
            let is_broken = matches!(standing, Standing::Broken | Standing::CannotBeMet);
            ControlStanding {
                control: control.id.to_owned(),
                title: control.title.to_owned(),
                standing,
                because,
                alternative: alternative.filter(|_| is_broken),
                checks: control.checks().map(str::to_owned).collect(),
                standards: control.requirements().collect(),
            }
        })
        .collect()
}

/// The replication instance; where there is none, that is said.
fn instance<'a>(case: &Case<'a>, verdict: &mut Verdict) -> Option<&'a ReplicationInstance> {
    match case.migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => return Some(instance),
        Kind::Task(..) => verdict.say(Standing::Undecided, "the replication instance was not seen"),
        Kind::Config(_) => verdict.say(
            Standing::NotApplicable,
            "it is about replication instances, and this replication is serverless",
        ),
        Kind::Planned => {
            verdict.say(Standing::NotApplicable, "there is no replication instance yet");
        }
    }
    None
}

/// DMS.1.
fn not_public(case: &Case<'_>, verdict: &mut Verdict) {
    let (name, public) = match case.migration.kind {
        Kind::Planned if case.is_serverless() => {
            verdict.say(Standing::NotApplicable, "a serverless replication is never public");
            return;
        }
        Kind::Planned => ("the planned instance", case.facts.asked.publicly_accessible),
        _ => {
            let Some(instance) = instance(case, verdict) else { return };
            let name = instance.replication_instance_identifier.as_deref();
            (name.unwrap_or(&instance.replication_instance_arn), instance.publicly_accessible)
        }
    };
    match public {
        None => {
            verdict.say(Standing::Undecided, format!("PubliclyAccessible of {name} was not seen"));
        }
        Some(false) => verdict.say(Standing::Met, format!("{name} has no public address")),
        Some(true) => {
            // Without its public address such an instance would not get out at all.
            let is_its_way_out = case.seats.known().is_some_and(|seats| {
                seats
                    .iter()
                    .any(|seat| seat.path.known().is_some_and(|path| path.leaves_by_own_address))
            });
            if is_its_way_out {
                verdict.alternative = Some(
                    "Private subnets: route them to a NAT gateway whose Elastic IP is on the \
                     cluster's IP access list, or reach the cluster by a private endpoint (Dedicated: \
                     also by VPC peering); the instance has to be made anew without a public address",
                );
                verdict.say(
                    Standing::CannotBeMet,
                    format!("{name} is public, and leaves by its own public address"),
                );
            } else {
                verdict.alternative = Some(
                    "Make the instance anew without a public address: its way doesn't need one",
                );
                verdict.say(Standing::Broken, format!("{name} is public"));
            }
        }
    }
}

/// DMS.6.
fn upgrades_itself(case: &Case<'_>, verdict: &mut Verdict) {
    let Some(instance) = instance(case, verdict) else { return };
    let name = instance.replication_instance_identifier.as_deref();
    let name = name.unwrap_or(&instance.replication_instance_arn);
    match instance.auto_minor_version_upgrade {
        None => verdict
            .say(Standing::Undecided, format!("AutoMinorVersionUpgrade of {name} was not seen")),
        Some(true) => verdict.say(Standing::Met, format!("{name} takes minor upgrades by itself")),
        Some(false) => {
            verdict.alternative = Some("Turn automatic minor version upgrades on");
            verdict.say(Standing::Broken, format!("{name} takes no minor upgrades by itself"));
        }
    }
}

/// DMS.7 and DMS.8, which differ in the components that they ask for.
fn logs(case: &Case<'_>, verdict: &mut Verdict, components: &[&str]) {
    match case.migration.kind {
        Kind::Task(..) => {}
        Kind::Config(_) => {
            verdict.say(
                Standing::NotApplicable,
                "it is about replication tasks, and this replication is serverless",
            );
            return;
        }
        Kind::Instance(_) | Kind::Planned => {
            verdict.say(Standing::NotApplicable, "there is no task yet");
            return;
        }
    }
    let name = case.migration.name();
    let mut judgement = Judgement::default();
    let Some(log) = logging::log(&mut judgement, case) else {
        verdict.say(Standing::Undecided, format!("the logging of {name} was not seen"));
        return;
    };
    let alternative = "Turn logging on, for these components at severity DEFAULT or finer";
    if !log.is_on {
        verdict.alternative = Some(alternative);
        verdict.say(Standing::Broken, format!("{name} writes no log"));
        return;
    }
    let coarse: Vec<String> = log
        .coarse
        .iter()
        .filter(|(id, _)| components.iter().any(|known| known.eq_ignore_ascii_case(id)))
        .map(|(id, severity)| format!("{name} logs {id} at {severity}"))
        .collect();
    if coarse.is_empty() {
        verdict.say(Standing::Met, format!("{name} logs {}", components.join(" and ")));
    }
    for because in coarse {
        verdict.alternative = Some(alternative);
        verdict.say(Standing::Broken, because);
    }
}

/// DMS.9.
fn encrypted(case: &Case<'_>, verdict: &mut Verdict) {
    let sides = [(Role::Source, &case.migration.source), (Role::Target, &case.migration.target)];
    for (role, side) in sides {
        let is_cluster = case.cluster.role.known() == Some(&role);
        let asked = case.facts.asked.ssl_mode.as_deref().filter(|_| is_cluster);
        let (name, mode) = match side {
            Side::Seen(endpoint) => {
                let name =
                    endpoint.endpoint_identifier.as_deref().unwrap_or(&endpoint.endpoint_arn);
                if crate::dms::speaks_mysql(endpoint) != Some(true)
                    && endpoint.ssl_mode.as_deref().is_none_or(|mode| mode == "none")
                {
                    let engine = endpoint.engine_name.as_deref().unwrap_or("an engine not seen");
                    verdict.say(
                        Standing::Undecided,
                        format!("{name} ({engine}): not every engine has an SSL mode of its own"),
                    );
                    continue;
                }
                (name.to_owned(), asked.or(endpoint.ssl_mode.as_deref()))
            }
            Side::Unseen(_) => (format!("the {} endpoint", role.as_str()), asked),
            Side::NotNamed if asked.is_some() => {
                (format!("the planned {} endpoint", role.as_str()), asked)
            }
            Side::NotNamed if is_cluster && !matches!(case.migration.kind, Kind::Planned) => {
                (format!("the {} endpoint", role.as_str()), None)
            }
            Side::NotNamed => continue,
        };
        match mode {
            None => verdict.say(Standing::Undecided, format!("SslMode of {name} was not seen")),
            Some(mode) if !mode.eq_ignore_ascii_case("none") => {
                verdict.say(Standing::Met, format!("{name} has SSL mode {mode}"));
            }
            Some(_) => plain(case, verdict, &name, is_cluster),
        }
    }
    if verdict.entries.is_empty() {
        verdict.say(Standing::NotApplicable, "there is no DMS endpoint yet");
    }
}

/// An endpoint with SSL mode none.
fn plain(case: &Case<'_>, verdict: &mut Verdict, name: &str, is_cluster: bool) {
    let private = case.path_kind().filter(|kind| {
        is_cluster && matches!(kind, PathKind::PrivateEndpoint | PathKind::VpcPeering)
    });
    if let Some(kind) = private {
        verdict.alternative = Some(
            "Keep the private way and encrypt on it: SSL mode verify-full with the cluster's CA, by the \
             host name that its certificate carries",
        );
        verdict.say(
            Standing::CannotBeMet,
            format!("{name} has SSL mode none, which the guide allows over {}", kind.name()),
        );
    } else {
        verdict.alternative.get_or_insert("Set SSL mode verify-full with the server's CA");
        verdict.say(Standing::Broken, format!("{name} has SSL mode none"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{examine, testing};

    fn standing(id: &str, changes: &[(&str, Value)]) -> ControlStanding {
        let report = examine(&testing::facts(changes), &Policy::default()).unwrap();
        report.compliance.into_iter().find(|control| control.control == id).unwrap()
    }

    const INSTANCE: &str = "/inventory/ReplicationInstances/0";
    const SETTINGS: &str = "/inventory/ReplicationTasks/0/ReplicationTaskSettings";
    const SOURCE: &str = "/inventory/Endpoints/0/SslMode";
    const TARGET: &str = "/inventory/Endpoints/1/SslMode";

    /// The same, on a serverless replication.
    fn serverless() -> Vec<(&'static str, Value)> {
        vec![
            ("/inventory/ReplicationTasks", json!([])),
            (
                "/inventory/ReplicationConfigs",
                json!([{"ReplicationConfigArn": "arn:aws:dms:us-east-1:1:replication-config:C",
                    "SourceEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:S",
                    "TargetEndpointArn": "arn:aws:dms:us-east-1:1:endpoint:T",
                    "ReplicationType": "full-load", "ReplicationSettings": "{}"}]),
            ),
            ("/asked/replication_config", json!("arn:aws:dms:us-east-1:1:replication-config:C")),
        ]
    }

    type Case<'a> = (&'a str, Vec<(&'a str, Value)>, Standing, &'a str);

    #[test]
    fn controls_stand_as_aws_words_them() {
        let settings = |logging: &str| json!(format!("{{\"Logging\":{logging}}}"));
        let coarse = |id: &str| {
            settings(&format!(
                "{{\"EnableLogging\":true,\"LogComponents\":[{{\"Id\":\"{id}\",\"Severity\":\"LOGGER_SEVERITY_ERROR\"}}]}}"
            ))
        };
        let public = "/inventory/ReplicationInstances/0/PubliclyAccessible";
        let minor = "/inventory/ReplicationInstances/0/AutoMinorVersionUpgrade";
        let to_gateway = (
            "/inventory/RouteTables/0/Routes/1",
            json!({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active", "Origin": "CreateRoute"}),
        );
        let mut private = testing::over_private_endpoint();
        private.extend([(SOURCE, json!("verify-ca")), (TARGET, json!("none"))]);
        let mut peering = testing::over_peering();
        peering.extend([(SOURCE, json!("verify-ca")), (TARGET, json!("none"))]);
        let cases: Vec<Case<'_>> = vec![
            ("DMS.1", vec![], Standing::Met, "etl has no public address"),
            ("DMS.1", vec![(public, json!(null))], Standing::Undecided, "was not seen"),
            ("DMS.1", vec![(public, json!(true))], Standing::Broken, "etl is public"),
            (
                "DMS.1",
                vec![(public, json!(true)), to_gateway],
                Standing::CannotBeMet,
                "leaves by its own",
            ),
            (
                "DMS.1",
                vec![("/inventory/ReplicationInstances", json!(null))],
                Standing::Undecided,
                "not seen",
            ),
            ("DMS.1", serverless(), Standing::NotApplicable, "serverless"),
            ("DMS.6", vec![], Standing::Met, "etl takes minor upgrades"),
            ("DMS.6", vec![(minor, json!(false))], Standing::Broken, "no minor upgrades"),
            ("DMS.6", vec![(minor, json!(null))], Standing::Undecided, "was not seen"),
            ("DMS.6", serverless(), Standing::NotApplicable, "serverless"),
            ("DMS.7", vec![], Standing::Met, "TARGET_APPLY and TARGET_LOAD"),
            (
                "DMS.7",
                vec![(SETTINGS, settings("{\"EnableLogging\":false}"))],
                Standing::Broken,
                "no log",
            ),
            ("DMS.7", vec![(SETTINGS, settings("{}"))], Standing::Undecided, "was not seen"),
            ("DMS.7", vec![(SETTINGS, json!(null))], Standing::Undecided, "was not seen"),
            ("DMS.7", vec![(SETTINGS, coarse("TARGET_LOAD"))], Standing::Broken, "TARGET_LOAD at"),
            ("DMS.7", vec![(SETTINGS, coarse("SOURCE_UNLOAD"))], Standing::Met, ""),
            ("DMS.7", serverless(), Standing::NotApplicable, "serverless"),
            ("DMS.8", vec![(SETTINGS, coarse("TARGET_LOAD"))], Standing::Met, ""),
            (
                "DMS.8",
                vec![(SETTINGS, coarse("SOURCE_UNLOAD"))],
                Standing::Broken,
                "SOURCE_UNLOAD at",
            ),
            // The source of the healthy migration is plain: Security Hub looks at every endpoint.
            ("DMS.9", vec![], Standing::Broken, "orders-db has SSL mode none"),
            ("DMS.9", vec![(SOURCE, json!("require"))], Standing::Met, "SSL mode require"),
            (
                "DMS.9",
                vec![(SOURCE, json!("verify-ca")), (TARGET, json!("none"))],
                Standing::Broken,
                "tidb has SSL mode none",
            ),
            (
                "DMS.9",
                vec![(SOURCE, json!("verify-ca")), (TARGET, json!(null))],
                Standing::Undecided,
                "SslMode of tidb",
            ),
            (
                "DMS.9",
                vec![(SOURCE, json!("verify-ca")), ("/inventory/Endpoints/1", json!(null))],
                Standing::Undecided,
                "not seen",
            ),
            (
                "DMS.9",
                vec![("/inventory/Endpoints/0/EngineName", json!("s3"))],
                Standing::Undecided,
                "not every engine",
            ),
            ("DMS.9", private, Standing::CannotBeMet, "allows over private endpoint"),
            ("DMS.9", peering, Standing::CannotBeMet, "allows over VPC peering"),
        ];
        for (id, changes, expected, words) in cases {
            let found = standing(id, &changes);
            assert_eq!(found.standing, expected, "{id} {changes:?}: {:?}", found.because);
            assert!(found.because.join("; ").contains(words), "{id}: {:?}", found.because);
            let is_broken = matches!(expected, Standing::Broken | Standing::CannotBeMet);
            assert_eq!(found.alternative.is_some(), is_broken, "{id} {changes:?}");
        }
        assert!(standing("DMS.1", &[(INSTANCE, json!(null))]).standing == Standing::Undecided);
    }

    #[test]
    fn controls_and_checks_name_each_other() {
        for control in CONTROLS {
            assert!(control.checks().count() > 0, "{} is proved by no check", control.id);
            assert!(control.requirements().count() > 0, "{}", control.id);
        }
        for check in checks() {
            for id in check.controls {
                assert!(CONTROLS.iter().any(|control| control.id == *id), "{}: {id}", check.id);
            }
        }
    }

    #[test]
    fn controls_of_checks_that_were_left_out_arent_judged() {
        let policy = Policy { only: vec!["dms/logging".into()], ..Policy::default() };
        let report = examine(&testing::facts(&[]), &policy).unwrap();
        let controls: Vec<&str> =
            report.compliance.iter().map(|control| control.control.as_str()).collect();
        assert_eq!(controls, ["DMS.7", "DMS.8"]);
    }
}

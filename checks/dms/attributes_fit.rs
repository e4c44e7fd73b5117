//! Every attribute stands on the endpoint that it is for.

use crate::{
    case::Case,
    change::{DmsChange, EndpointFields},
    check::{Check, Judge},
    facts::{Role, inventory::dms::Endpoint},
    judgement::Judgement,
    migration::Kind,
    needs,
    severity::Severity,
};

use super::attributes::Attributes;

pub(crate) static CHECK: Check = Check {
    id: "dms/attributes-fit",
    requirement: "Every extra connection attribute and setting belongs to the kind of endpoint that it stands on",
    severity: Severity::Error,
    why: "DMS refuses some attributes on the wrong side (Invalid value 'parallelLoadThreads' for extra connection attributes) and passes over others without a word.",
    fix: "Move the attribute to the endpoint that it is for, or remove it.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html",
    ],
    controls: &[],
    needs: &needs::MIGRATION,
    after: &[],
    proved_by: None,
    judge: Judge::Migration(judge),
};

/// What an attribute is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum For {
    Source,
    Target,
    Both,
}

/// The attributes of MySQL endpoints; `aws-dms.md` §1.3 and §2.
const KNOWN: [(&str, For); 18] = [
    ("afterConnectScript", For::Both),
    ("cleanSourceMetadataOnMismatch", For::Source),
    ("cleanSrcMetadataOnMismatch", For::Source),
    ("connectionTimeout", For::Both),
    ("eventsPollInterval", For::Source),
    ("executeTimeout", For::Source),
    ("ignoreOpenXaTransactionsCheck", For::Source),
    ("initstmt", For::Target),
    ("loadUsingCSV", For::Target),
    ("maxFileSize", For::Target),
    ("parallelLoadThreads", For::Target),
    ("secretsManagerEndpointOverride", For::Both),
    ("serverTimezone", For::Source),
    ("skipTableSuspensionForPartitionDdl", For::Source),
    ("targetDbType", For::Target),
    ("authenticationMethod", For::Both),
    ("serverName", For::Both),
    ("port", For::Both),
];

/// The one that DMS was seen to refuse on a source (F-05).
const REFUSED_ON_SOURCE: &str = "parallelLoadThreads";

fn judge(j: &mut Judgement, case: &Case<'_>) {
    j.undecided_at(Severity::Warning);
    let mut any = false;
    for (role, endpoint) in super::both(j, case) {
        if super::speaks_mysql(endpoint) == Some(false) {
            continue;
        }
        any |= judge_authentication(j, case, endpoint);
        any |= judge_endpoint(j, case, role, endpoint);
    }
    if !any {
        j.not_applicable("no MySQL endpoint that was seen has extra connection attributes");
    }
}

/// IAM authentication is RDS's and Aurora's.
fn judge_authentication(j: &mut Judgement, case: &Case<'_>, endpoint: &Endpoint) -> bool {
    let method = endpoint
        .my_sql_settings
        .as_ref()
        .and_then(|settings| settings.authentication_method.as_deref());
    let Some(method) = method else { return false };
    j.note(endpoint.endpoint_arn.as_str(), "AuthenticationMethod", method);
    if method.eq_ignore_ascii_case("iam") && super::is_tidb(case, endpoint) {
        j.fail(format!(
            "{} logs in by IAM, which RDS and Aurora take and TiDB Cloud doesn't",
            super::name(endpoint)
        ))
        .advise("Log in with a user name and a password");
    } else if method.eq_ignore_ascii_case("iam") {
        judge_engine_of_iam(j, case, endpoint);
    }
    true
}

/// DMS logs in by IAM from engine 3.6.1 on; `aws-dms.md` §1.3. A serverless replication and an instance
/// that is yet to be made have a new one.
fn judge_engine_of_iam(j: &mut Judgement, case: &Case<'_>, endpoint: &Endpoint) {
    let not_delivered =
        |arn: &str| super::not_delivered(arn, "engine version", "dms:DescribeReplicationInstances");
    let instance = match case.migration.kind {
        Kind::Task(_, Some(instance)) | Kind::Instance(instance) => instance,
        Kind::Task(task, None) => {
            let arn = task.replication_instance_arn.as_deref();
            return j.gap(not_delivered(arn.unwrap_or("the replication instance")));
        }
        Kind::Config(_) | Kind::Planned => return,
    };
    let arn = instance.replication_instance_arn.as_str();
    let version = instance.engine_version.as_deref();
    let Some((version, numbers)) = version.and_then(|it| Some((it, super::engine_numbers(it)?)))
    else {
        return j.gap(not_delivered(arn));
    };
    j.note(arn, "EngineVersion", version);
    if numbers < [3, 6, 1] {
        j.fail(format!(
            "{} logs in by IAM, which DMS does from engine 3.6.1 on; this is {version}",
            super::name(endpoint)
        ))
        .advise(
            "Upgrade the replication instance to 3.6.1, or log in with a user name and a password",
        );
    }
}

fn judge_endpoint(j: &mut Judgement, case: &Case<'_>, role: Role, endpoint: &Endpoint) -> bool {
    let arn = endpoint.endpoint_arn.as_str();
    let name = super::name(endpoint);
    let attributes = Attributes::of(endpoint);
    // The values may hold anything; the names are evidence enough.
    for (attribute, _) in &attributes.list {
        j.note(arn, "ExtraConnectionAttributes", attribute);
    }
    let mut misplaced: Vec<&str> = Vec::new();
    let mut refused = false;
    let mut quiet: Vec<&str> = Vec::new();
    for (attribute, _) in &attributes.list {
        let purpose = KNOWN
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(attribute))
            .map(|(_, purpose)| *purpose);
        match (purpose, role) {
            (None, _) => {
                j.fail(format!(
                    "{name}: {attribute} is no attribute of MySQL endpoints that this version knows"
                ))
                .at(Severity::Advice)
                .advise("Compare its spelling with AWS's page");
            }
            (Some(For::Target), Role::Source) if attribute.eq_ignore_ascii_case("initstmt") => {
                quiet.push(attribute);
            }
            (Some(For::Target), Role::Source) => {
                refused |= attribute.eq_ignore_ascii_case(REFUSED_ON_SOURCE);
                misplaced.push(attribute);
            }
            (Some(For::Source), Role::Target) => misplaced.push(attribute),
            _ => {}
        }
    }
    if !misplaced.is_empty() {
        let other = match role {
            Role::Source => "target",
            Role::Target => "source",
        };
        let level = if refused { Severity::Error } else { Severity::Warning };
        let draft = j
            .fail(format!(
                "{name}: {} belongs on a {other} endpoint, and this is a {}",
                misplaced.join(", "),
                role.as_str()
            ))
            .at(level)
            .advise(format!("Remove {} here", misplaced.join(", ")));
        if let Some(region) = case.region().filter(|_| attributes.is_whole()) {
            draft.change(DmsChange::ModifyEndpoint {
                region,
                endpoint: arn.to_owned(),
                fields: EndpointFields {
                    attributes: Some(attributes.without(&misplaced)),
                    ..EndpointFields::default()
                },
            });
        }
    }
    for attribute in quiet {
        j.fail(format!("{name}: {attribute} does nothing on a source"))
            .at(Severity::Advice)
            .advise("It is the target that needs it");
    }
    for part in &attributes.malformed {
        j.note(arn, "ExtraConnectionAttributes", part);
        j.fail(format!("{name}: the attribute `{part}` has no value"))
            .at(Severity::Warning)
            .advise("Write attributes as name=value, apart by semicolons");
    }
    for attribute in &attributes.with_blanks {
        j.fail(format!("{name}: there are blanks around {attribute}"))
            .at(Severity::Warning)
            .advise("Write name=value without blanks");
    }
    !attributes.list.is_empty() || !attributes.malformed.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{judgement::Outcome, testing};

    const SOURCE: &str = "/inventory/Endpoints/0/ExtraConnectionAttributes";
    const TARGET: &str = "/inventory/Endpoints/1/ExtraConnectionAttributes";
    /// F-05 as it was reported.
    const F_05: &str =
        "eventsPollInterval=5;parallelLoadThreads=5;initstmt=SET FOREIGN_KEY_CHECKS=0";

    #[test]
    fn an_attribute_of_the_target_on_the_source() {
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    &[(SOURCE, json!(F_05))],
                    Outcome::Fail,
                    "parallelLoadThreads belongs on a target",
                ),
                // Supported for MySQL, on a target.
                (
                    &[(TARGET, json!("ParallelLoadThreads=5;INITSTMT=SET FOREIGN_KEY_CHECKS=0"))],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[(SOURCE, json!("initstmt=SET FOREIGN_KEY_CHECKS=0"))],
                    Outcome::Advice,
                    "does nothing",
                ),
                (&[(TARGET, json!(F_05))], Outcome::Warn, "eventsPollInterval belongs on a source"),
                (
                    &[(TARGET, json!("Initsmt=SET FOREIGN_KEY_CHECKS=0"))],
                    Outcome::Advice,
                    "Initsmt",
                ),
                (
                    &[(TARGET, json!("Initstmt = SET FOREIGN_KEY_CHECKS=0"))],
                    Outcome::Warn,
                    "blanks",
                ),
                (&[(TARGET, json!("loadUsingCSV"))], Outcome::Warn, "no value"),
                (&[(TARGET, json!(null))], Outcome::NotApplicable, ""),
                (
                    &[
                        (SOURCE, json!(F_05)),
                        ("/inventory/Endpoints/0/EngineName", json!("oracle")),
                    ],
                    Outcome::Pass,
                    "",
                ),
            ],
        );
        let said = testing::say(CHECK.id, &[(SOURCE, json!(F_05))]);
        assert!(
            said.commands()[0].ends_with(
                "--extra-connection-attributes 'eventsPollInterval=5;initstmt=SET FOREIGN_KEY_CHECKS=0;'"
            ),
            "{:?}",
            said.commands()
        );
    }

    #[test]
    fn tidb_takes_no_iam_tokens() {
        let settings = json!({"AuthenticationMethod": "iam"});
        testing::check(
            CHECK.id,
            &[(&[("/inventory/Endpoints/1/MySQLSettings", settings)], Outcome::Fail, "IAM")],
        );
    }

    #[test]
    fn dms_logs_in_by_iam_from_3_6_1_on() {
        let iam = ("/inventory/Endpoints/0/MySQLSettings", json!({"AuthenticationMethod": "iam"}));
        let version = "/inventory/ReplicationInstances/0/EngineVersion";
        let instances = "/inventory/ReplicationInstances";
        for ((place, seen), outcome, words) in [
            ((version, json!("3.5.4")), Outcome::Fail, "from engine 3.6.1 on"),
            ((version, json!("3.6.1")), Outcome::Pass, ""),
            ((version, json!("3.10.0")), Outcome::Pass, ""),
            ((version, json!("newest")), Outcome::Unknown, "engine version"),
            ((version, json!(null)), Outcome::Unknown, "engine version"),
            ((instances, json!(null)), Outcome::Unknown, "engine version"),
        ] {
            testing::check(CHECK.id, &[(&[iam.clone(), (place, seen)], outcome, words)]);
        }
    }
}

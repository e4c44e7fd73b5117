//! The target knows the collations of the source.

use crate::{
    case::Case,
    check::{Check, Judge},
    facts::Role,
    judgement::Judgement,
    migration::Side,
    severity::Severity,
};

use super::settings::settings;

pub(crate) static CHECK: Check = Check {
    id: "mysql/collations",
    requirement: "The target knows the collation that tables of the source have by default",
    severity: Severity::Warning,
    why: "Tables keep their collation on the way, and a target that doesn't know it refuses to create them (error 1273). MySQL 8's default utf8mb4_0900_ai_ci is unknown to TiDB before 7.4 and to MySQL 5.7; TiDB knows some fifteen, and latin1_swedish_ci isn't one.",
    fix: "Upgrade the target, give the source's tables a collation that it knows, or create the tables there beforehand and load without dropping them.",
    references: &[
        "https://docs.pingcap.com/tidbcloud/migrate-from-mysql-using-aws-dms",
        "https://docs.pingcap.com/tidb/stable/character-set-and-collation",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Migration(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>) {
    let role = case.cluster.role.known();
    for (side, of) in
        [(&case.migration.source, Role::Source), (&case.migration.target, Role::Target)]
    {
        if matches!(side, Side::NotNamed) && role.is_some() && role != Some(&of) {
            j.not_applicable(format!("no {} was named", of.as_str()));
            return;
        }
    }
    let (source, target) = (case.server(Role::Source), case.server(Role::Target));
    for server in [&source, &target] {
        if server.speaks_mysql.known() == Some(&false) {
            j.not_applicable(format!("{} isn't MySQL: DMS chooses the collations", server.name));
            return;
        }
    }
    // Its tables' own collations aren't looked at.
    let collation = settings(j, &source).and_then(|settings| settings.text(j, "collation_server"));
    let known = j.look(target.setting("SHOW COLLATION", |session| session.collations.as_ref()));
    let (Some(collation), Some(known)) = (collation, known) else { return };
    let name = known.value.iter().find(|name| name.eq_ignore_ascii_case(collation));
    match name {
        Some(name) => j.note(target.resource(), "SHOW COLLATION", name),
        None => {
            let what = settings(j, &target)
                .and_then(|settings| settings.optional(j, "version"))
                .map_or_else(String::new, |version| format!(" ({version})"));
            j.fail(format!(
                "{}{what} doesn't know {collation}, the default of {}: tables that have it can't \
                 be created there",
                target.name, source.name
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const COLLATIONS: &str = "/probes/1/session/collations";

    #[test]
    fn the_target_knows_the_source_s_default() {
        let source = |value| patient::probes(&[("collation_server", value)], &[]);
        let old = || {
            let (pointer, probes) =
                patient::probes(&[], &[("version", Some("5.7.25-TiDB-v6.5.3"))]);
            [
                (pointer, probes),
                (COLLATIONS, patient::look(json!(["utf8mb4_bin", "utf8mb4_general_ci"]))),
            ]
        };
        testing::check(
            CHECK.id,
            &[
                (&[patient::probes(&[], &[])], Outcome::Pass, ""),
                (&old(), Outcome::Warn, "TiDB-v6.5.3) doesn't know utf8mb4_0900_ai_ci"),
                (&[source(Some("latin1_swedish_ci"))], Outcome::Warn, "latin1_swedish_ci"),
                (&[source(Some("UTF8MB4_BIN"))], Outcome::Pass, ""),
                (&[source(None)], Outcome::Unknown, "collation_server"),
                (
                    &[patient::probes(&[], &[]), (COLLATIONS, json!(null))],
                    Outcome::Unknown,
                    "SHOW COLLATION",
                ),
                (
                    &[
                        source(Some("latin1_swedish_ci")),
                        ("/inventory/Endpoints/0/EngineName", json!("oracle")),
                    ],
                    Outcome::NotApplicable,
                    "",
                ),
            ],
        );
    }
}

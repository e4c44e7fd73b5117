//! The target takes the files that DMS loads.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    dms::attributes::Attributes,
    facts::{Role, Tier},
    grants::Family,
    judgement::Judgement,
    severity::Severity,
};

use super::settings::{loads, settings};

pub(crate) static CHECK: Check = Check {
    id: "mysql/local-infile",
    requirement: "The target takes LOAD DATA LOCAL, or DMS is told to insert rows instead",
    severity: Severity::Error,
    why: "A full load writes CSV files and sends them with LOAD DATA LOCAL INFILE. With local_infile off each of them is refused (error 1148, 3948). With loadUsingCSV=false DMS inserts rows, which is slower, and limits TIME to 00:00:00–23:59:59. TiDB has no such switch: its local_infile does nothing.",
    fix: "Set local_infile to ON on the target, or `loadUsingCSV=false` among the target endpoint's extra connection attributes.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.MySQL.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.MySQL.html",
        "https://docs.pingcap.com/tidbcloud/limited-sql-features",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    if server.role == Role::Source {
        j.not_applicable("DMS loads files into the target alone");
        return;
    }
    j.undecided_at(Severity::Warning);
    let mut aside = Judgement::default();
    let loads = loads(&mut aside, case);
    if loads == Some(false) {
        j.not_applicable("a task for changes alone loads no files");
        return;
    }
    let attributes = server.endpoint.map(Attributes::of);
    let csv = attributes.as_ref().and_then(|attributes| attributes.get("loadUsingCSV"));
    if let Some(csv) = csv {
        j.note(server.resource(), "loadUsingCSV", csv);
        if csv.eq_ignore_ascii_case("false") {
            return;
        }
    }
    let Some(settings) = settings(j, server) else { return };
    if settings.family == Family::TiDb {
        settings.optional(j, "local_infile");
        settings.text(j, "version");
        if case.cluster.tier.known() == Some(&Tier::Premium) {
            j.fail(format!(
                "{} is a Premium cluster, of which TiDB Cloud's documents say that LOAD DATA LOCAL \
                 from a local path is blocked; whether that is about DMS isn't clear",
                server.name
            ))
            .at(Severity::Warning)
            .advise("Try LOAD DATA LOCAL with a small file; where it is refused, set loadUsingCSV=false on the target endpoint");
        }
        return;
    }
    match settings.is_on(j, "local_infile") {
        Some(true) | None => {}
        // It doesn't matter to a task that only follows changes.
        Some(false) if loads.is_none() => {
            super::settings::loads(j, case);
        }
        Some(false) => {
            let draft = j.fail(format!(
                "local_infile of {} is off: it refuses the files that DMS loads",
                server.name
            ));
            settings.set(
                draft,
                "local_infile",
                "ON",
                ", or loadUsingCSV=false on the target endpoint",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const ATTRIBUTES: &str = "/inventory/Endpoints/1/ExtraConnectionAttributes";
    const KIND: &str = "/inventory/ReplicationTasks/0/MigrationType";

    #[test]
    fn tidb_has_no_such_switch() {
        let cluster = "/clusters/0/tier";
        testing::check(
            CHECK.id,
            &[
                (&[patient::probes(&[], &[])], Outcome::Pass, ""),
                (&[patient::probes(&[], &[("local_infile", Some("OFF"))])], Outcome::Pass, ""),
                (
                    &[patient::probes(&[], &[]), (cluster, json!({"known": "premium"}))],
                    Outcome::Warn,
                    "Premium",
                ),
                (
                    &[
                        patient::probes(&[], &[]),
                        (cluster, json!({"known": "premium"})),
                        (ATTRIBUTES, json!("loadUsingCSV=false")),
                    ],
                    Outcome::Pass,
                    "",
                ),
                (&[("/probes", json!([]))], Outcome::Unknown, "nobody looked"),
            ],
        );
    }

    #[test]
    fn other_targets_are_told_to_take_files() {
        let with = |value| patient::out_of_tidb(&[("local_infile", value)]);
        for (base, outcome, words) in [
            (with(Some("ON")), Outcome::Pass, ""),
            (with(Some("1")), Outcome::Pass, ""),
            (with(Some("OFF")), Outcome::Fail, "refuses the files"),
            (with(Some("0")), Outcome::Fail, "refuses the files"),
            (with(Some("maybe")), Outcome::Unknown, "`maybe`"),
            (with(None), Outcome::Unknown, "isn't among the variables"),
        ] {
            testing::check_on(CHECK.id, &base, &[(&[], outcome, words)]);
        }
        testing::check_on(
            CHECK.id,
            &with(Some("OFF")),
            &[
                (&[(ATTRIBUTES, json!("LOADUSINGCSV=False"))], Outcome::Pass, ""),
                (&[(ATTRIBUTES, json!("loadUsingCSV=true"))], Outcome::Fail, "refuses"),
                (&[(KIND, json!("cdc"))], Outcome::NotApplicable, ""),
                (&[(KIND, json!(null))], Outcome::Unknown, "migration type"),
            ],
        );
        let own = testing::say(CHECK.id, &with(Some("OFF")));
        assert_eq!(own.commands(), ["SET GLOBAL local_infile = ON;"]);
        // Nobody may set variables of RDS by SQL.
        let rds = patient::out_of_tidb_to(patient::RDS, &[("local_infile", Some("OFF"))]);
        let rds = testing::say(CHECK.id, &rds);
        assert_eq!((rds.outcome(), rds.commands()), (Outcome::Fail, vec![]));
        let finding = rds.rows.iter().find_map(|row| row.findings.first()).unwrap();
        assert!(finding.remedy.advice.contains("DB parameter group"), "{finding:?}");
    }
}

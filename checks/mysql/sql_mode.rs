//! The target reads DMS's SQL as DMS means it, and zero dates as the source does.

use crate::{
    case::{Case, Server},
    check::{Check, Judge},
    dms::attributes::sql_after_connecting,
    facts::{Gap, Role, Unlock},
    judgement::Judgement,
    severity::Severity,
};

use super::settings::{assigned, settings};

pub(crate) static CHECK: Check = Check {
    id: "mysql/sql-mode",
    requirement: "The target's sql_mode leaves double quotes to strings, and takes the zero dates that the source may hold",
    severity: Severity::Error,
    why: "Under ANSI_QUOTES the LOAD DATA statement that DMS writes is a syntax error, and no table is loaded. Where the source allows 0000-00-00 and the target doesn't, DMS writes NULL instead.",
    fix: "Take ANSI_QUOTES out of the target's sql_mode, or set sql_mode in the target endpoint's Initstmt.",
    references: &[
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Troubleshooting.html",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html",
        "https://dev.mysql.com/doc/refman/8.0/en/sql-mode.html",
    ],
    controls: &[],
    needs: super::SETTINGS_NEEDS,
    after: super::AFTER_LOGIN,
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

/// `ANSI_QUOTES` itself, and the modes of old servers that hold it.
const ANSI_QUOTES: [&str; 7] =
    ["ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"];
/// The modes that refuse dates with zeros, where one of the strict ones stands with them.
const ZERO_DATES: [&str; 3] = ["NO_ZERO_DATE", "NO_ZERO_IN_DATE", "TRADITIONAL"];
const STRICT: [&str; 3] = ["STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"];

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    if server.role == Role::Source {
        zero_dates(j, case, server);
        return;
    }
    j.undecided_at(Severity::Warning);
    let own = match by_the_endpoint(j, server) {
        Own::Sets(mode) => Some(mode),
        Own::Unreadable => return,
        Own::Nothing => None,
    };
    let set_by_endpoint = own.is_some();
    let settings = settings(j, server);
    let mode = match (own, &settings) {
        (Some(mode), _) => mode,
        (None, Some(settings)) => match settings.text(j, "sql_mode") {
            Some(mode) => mode.to_owned(),
            None => return,
        },
        (None, None) => return,
    };
    let modes: Vec<&str> = words(&mode).collect();
    if has(&modes, &ANSI_QUOTES) {
        let place =
            if set_by_endpoint { "the target endpoint's own SQL" } else { server.name.as_str() };
        let draft = j.fail(format!(
            "sql_mode of {place} holds ANSI_QUOTES: the LOAD DATA statements of DMS are refused"
        ));
        if let (Some(settings), false) = (&settings, set_by_endpoint) {
            let rest: Vec<&str> = modes
                .iter()
                .copied()
                .filter(|mode| !ANSI_QUOTES.iter().any(|ansi| ansi.eq_ignore_ascii_case(mode)))
                .collect();
            settings.set(draft, "sql_mode", &rest.join(","), "");
        }
    }
}

/// Advice only: whether the source holds such dates can't be seen.
fn zero_dates(j: &mut Judgement, case: &Case<'_>, source: &Server<'_>) {
    j.undecided_at(Severity::Advice);
    let target = case.server(Role::Target);
    let mut aside = Judgement::default();
    let own = match by_the_endpoint(&mut aside, &target) {
        Own::Sets(mode) => Some(mode),
        Own::Nothing => settings(&mut aside, &target)
            .and_then(|settings| settings.peek("sql_mode").map(str::to_owned)),
        Own::Unreadable => None,
    };
    let Some(mode) = own else {
        let about = format!("sql_mode of {}", target.name);
        let own = Gap::new(about, "what dates it takes wasn't seen", Unlock::Login(Role::Target));
        j.gap(aside.unseen().first().cloned().unwrap_or(own));
        return;
    };
    j.note(target.resource(), "sql_mode", &mode);
    if !refuses_zero_dates(&words(&mode).collect::<Vec<_>>()) {
        return;
    }
    let Some(settings) = settings(j, source) else { return };
    let Some(mode) = settings.text(j, "sql_mode") else { return };
    if !refuses_zero_dates(&words(mode).collect::<Vec<_>>()) {
        j.fail(format!(
            "{} allows dates with zeros such as 0000-00-00, and {} refuses them: DMS writes NULL \
             instead",
            source.name, target.name
        ))
        .at(Severity::Advice)
        .advise("Look for such dates in the source; where NULL isn't right, set a sql_mode without NO_ZERO_DATE and NO_ZERO_IN_DATE in the target endpoint's Initstmt");
    }
}

fn refuses_zero_dates(modes: &[&str]) -> bool {
    has(modes, &ZERO_DATES) && has(modes, &STRICT)
}

fn words(mode: &str) -> impl Iterator<Item = &str> {
    mode.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn has(modes: &[&str], any: &[&str]) -> bool {
    modes.iter().any(|mode| any.iter().any(|wanted| wanted.eq_ignore_ascii_case(mode)))
}

/// What the endpoint itself does to its sessions' mode.
enum Own {
    Sets(String),
    Nothing,
    /// On record as a gap.
    Unreadable,
}

fn by_the_endpoint(j: &mut Judgement, server: &Server<'_>) -> Own {
    let Some(endpoint) = server.endpoint else { return Own::Nothing };
    let mut set = Vec::new();
    for (field, sql) in sql_after_connecting(endpoint) {
        let Some(sql) = sql else { continue };
        if let Some(mode) = assigned(sql, "sql_mode") {
            j.note(server.resource(), field, sql);
            set.push((field, mode));
        }
    }
    let plain = |mode: &str| {
        mode.chars().all(|letter| letter.is_ascii_alphanumeric() || "_, ".contains(letter))
            && !mode.eq_ignore_ascii_case("default")
    };
    match set.as_slice() {
        [] => Own::Nothing,
        [(_, mode)] if plain(mode) => Own::Sets(mode.clone()),
        [(field, _)] => {
            j.gap(Gap::new(
                server.resource(),
                format!("its {field} sets sql_mode to something that has to be computed"),
                Unlock::Nothing,
            ));
            Own::Unreadable
        }
        _ => {
            j.gap(Gap::new(
                server.resource(),
                "Initstmt and AfterConnectScript both set sql_mode; which runs last isn't documented",
                Unlock::Nothing,
            ));
            Own::Unreadable
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::settings::patient, *};
    use crate::{judgement::Outcome, testing};

    const ATTRIBUTES: &str = "/inventory/Endpoints/1/ExtraConnectionAttributes";
    const SETTINGS: &str = "/inventory/Endpoints/1/MySQLSettings";

    #[test]
    fn double_quotes_are_for_strings() {
        let with = |mode| patient::probes(&[], &[("sql_mode", mode)]);
        let ansi = "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ANSI";
        testing::check(
            CHECK.id,
            &[
                (&[patient::probes(&[], &[])], Outcome::Pass, ""),
                (&[with(Some(""))], Outcome::Pass, ""),
                (&[with(Some("ansi_quotes"))], Outcome::Fail, "LOAD DATA"),
                (&[with(Some(ansi))], Outcome::Fail, "ANSI_QUOTES"),
                (&[with(None)], Outcome::Unknown, "sql_mode of tidb"),
                // The endpoint's own SQL is what counts in its sessions.
                (
                    &[
                        with(Some(ansi)),
                        (ATTRIBUTES, json!("Initstmt=SET FOREIGN_KEY_CHECKS=0, sql_mode=''")),
                    ],
                    Outcome::Pass,
                    "",
                ),
                (
                    &[with(Some("")), (ATTRIBUTES, json!("Initstmt=SET sql_mode='ANSI_QUOTES'"))],
                    Outcome::Fail,
                    "endpoint's own SQL",
                ),
                (
                    &[
                        with(Some("")),
                        (
                            SETTINGS,
                            json!({"AfterConnectScript": "SET SESSION sql_mode=CONCAT(@@sql_mode, ',ANSI_QUOTES')"}),
                        ),
                    ],
                    Outcome::Unknown,
                    "computed",
                ),
                (
                    &[
                        with(Some("")),
                        (ATTRIBUTES, json!("Initstmt=SET sql_mode=''")),
                        (SETTINGS, json!({"AfterConnectScript": "SET sql_mode='ANSI'"})),
                    ],
                    Outcome::Unknown,
                    "both",
                ),
                (&[("/probes", json!([]))], Outcome::Unknown, "nobody looked"),
            ],
        );
        let said = testing::say(CHECK.id, &[with(Some(ansi))]);
        assert_eq!(
            said.commands(),
            ["SET GLOBAL sql_mode = 'REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE';"]
        );
    }

    #[test]
    fn zero_dates_are_the_source_s_to_hold() {
        let source = |mode| patient::probes(&[("sql_mode", mode)], &[]);
        let maria = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER";
        let without = patient::probes(
            &[("sql_mode", Some(maria))],
            &[("sql_mode", Some("STRICT_TRANS_TABLES"))],
        );
        testing::check(
            CHECK.id,
            &[
                (&[source(Some(maria))], Outcome::Advice, "NULL instead"),
                // Zero modes without a strict one only warn.
                (&[source(Some("NO_ZERO_DATE,NO_ZERO_IN_DATE"))], Outcome::Advice, "NULL"),
                (&[source(Some("TRADITIONAL"))], Outcome::Pass, ""),
                (&[source(None)], Outcome::Unknown, "sql_mode of orders-db"),
                (&[without], Outcome::Pass, ""),
                (
                    &[source(Some(maria)), ("/inventory/Endpoints/0/EngineName", json!("oracle"))],
                    Outcome::Pass,
                    "",
                ),
            ],
        );
    }
}

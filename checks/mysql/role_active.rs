//! Roles that are granted are active from login on.

use crate::{
    case::{Case, Server},
    change::AccountChange,
    check::{Check, Judge},
    facts::{Fact, Gap, Unlock},
    judgement::Judgement,
    severity::Severity,
};

use super::privileges;

pub(crate) static CHECK: Check = Check {
    id: "mysql/role-active",
    requirement: "Roles that the account needs are active from login on",
    severity: Severity::Error,
    why: "A role that is granted and not active gives DMS nothing, and DMS never runs SET ROLE: its session has the default roles alone.",
    fix: "An administrator makes the role a default role of the account.",
    references: &[
        "https://docs.pingcap.com/tidb/stable/role-based-access-control",
        "https://dev.mysql.com/doc/refman/8.4/en/set-default-role.html",
    ],
    controls: &[],
    needs: privileges::NEEDS,
    after: &["mysql/login"],
    proved_by: None,
    judge: Judge::Endpoint(judge),
};

fn judge(j: &mut Judgement, case: &Case<'_>, server: &Server<'_>) {
    let weighed = match privileges::weigh(case, server) {
        Ok(weighed) => weighed,
        Err(gap) => {
            j.gap(gap);
            return;
        }
    };
    let granted = weighed.grants.roles();
    let lines = weighed.lines.iter();
    for line in lines.filter(|line| granted.is_empty() || !line.contains(" ON ")).take(4) {
        j.note(server.resource(), "SHOW GRANTS", line);
    }
    let active = server.session("the active role", |session| session.current_role.as_ref());
    if let Fact::Known(active) = &active {
        j.note(server.resource(), "CURRENT_ROLE()", active.value);
    }
    if !granted.is_empty() && !weighed.grants.knows_active_roles() {
        match active {
            Fact::Unknown(gap) => j.gap(gap),
            Fact::Known(_) => j.gap(Gap::new(
                format!("the active roles on {}", server.name),
                "the value of CURRENT_ROLE() can't be read",
                Unlock::Login(server.role),
            )),
        }
        return;
    }
    let inactive = weighed.grants.inactive_roles();
    if inactive.is_empty() {
        if granted.is_empty() && weighed.grants.account().is_none() {
            j.gap(Gap::new(
                format!("the roles on {}", server.name),
                "the grants don't say whose they are",
                Unlock::Login(server.role),
            ));
        }
        return;
    }
    let roles = inactive.join(", ");
    if !weighed.wants_roles() {
        j.fail(format!("{roles} {} granted on {} and not active", is(&inactive), server.name))
            .at(Severity::Advice)
            .advise("Nothing that DMS needs hangs on it; DMS gets nothing from it either");
        return;
    }
    // What the roles give shows in the next session: nobody has seen it yet.
    j.gap(Gap::new(
        format!(
            "what {roles} {} on {}",
            if inactive.len() == 1 { "gives" } else { "give" },
            server.name
        ),
        "it shows only in a session in which it is active",
        Unlock::Login(server.role),
    ));
    let draft = j.fail(format!(
        "{roles} {} granted on {} and not active: DMS gets nothing from it",
        is(&inactive),
        server.name
    ));
    let statement = weighed.statements.first().map_or("", String::as_str);
    if let (Some(account), Some(active)) = (privileges::place(server), list(statement)) {
        draft
            .advise(format!(
                "An administrator of {} runs this, then DMS logs in anew; what the role itself \
                 lacks shows then",
                server.name
            ))
            .change(AccountChange::ActivateRoles {
                account,
                role: server.role,
                active: active.to_owned(),
                statements: weighed.statements.clone(),
            });
    }
}

const fn is(roles: &[String]) -> &'static str {
    if roles.len() == 1 { "is" } else { "are" }
}

/// The roles of `SET DEFAULT ROLE …`.
fn list(statement: &str) -> Option<&str> {
    let rest = statement.strip_prefix("SET DEFAULT ROLE ")?;
    let end = rest.rfind(" TO ").or_else(|| rest.rfind(" FOR "))?;
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        judgement::Outcome,
        testing::{self, look},
    };

    const GRANTS: &str = "/probes/1/session/grants";
    const ROLE: &str = "/probes/1/session/current_role";

    #[test]
    fn a_role_that_is_not_active_gives_nothing() {
        let role = (
            GRANTS,
            look(json!(["GRANT USAGE ON *.* TO 'dms'@'%'", "GRANT 'loader'@'%' TO 'dms'@'%'"])),
        );
        let enough = (
            GRANTS,
            look(json!([
                "GRANT ALL PRIVILEGES ON *.* TO 'dms'@'%'",
                "GRANT 'loader'@'%' TO 'dms'@'%'"
            ])),
        );
        let active = (ROLE, look(json!("`loader`@`%`")));
        testing::check(
            CHECK.id,
            &[
                (&[], Outcome::Pass, ""),
                (
                    std::slice::from_ref(&role),
                    Outcome::Fail,
                    "loader@% is granted on tidb and not active",
                ),
                (&[role.clone(), active.clone()], Outcome::Pass, ""),
                (&[role.clone(), (ROLE, Value::Null)], Outcome::Unknown, "nobody looked"),
                (std::slice::from_ref(&enough), Outcome::Advice, "not active"),
                (&[enough.clone(), active], Outcome::Pass, ""),
                (&[(GRANTS, Value::Null)], Outcome::Unknown, "nobody looked"),
                (&[(GRANTS, look(json!([])))], Outcome::Unknown, "whose they are"),
            ],
        );
        assert_eq!(
            testing::say(CHECK.id, std::slice::from_ref(&role)).commands(),
            ["SET DEFAULT ROLE 'loader'@'%' TO 'dms'@'%';"]
        );
    }

    /// F-18: MariaDB prints the active role's own lines.
    #[test]
    fn mariadb_prints_the_role_s_own_lines() {
        let lines = look(json!([
            "GRANT `dms_role` TO `dms`@`%`",
            "GRANT USAGE ON *.* TO `dms`@`%` IDENTIFIED BY PASSWORD '…'",
            "SET DEFAULT ROLE `dms_role` FOR `dms`@`%`",
            "GRANT USAGE ON *.* TO `dms_role`",
            "GRANT SELECT, BINLOG MONITOR, REPLICATION SLAVE ON *.* TO `dms_role`"
        ]));
        let inactive = look(json!([
            "GRANT `dms_role` TO `dms`@`%`",
            "GRANT USAGE ON *.* TO `dms`@`%` IDENTIFIED BY PASSWORD '…'"
        ]));
        let version = ("/probes/0/session/version", look(json!("10.11.19-MariaDB")));
        let role = |role: &str| ("/probes/0/session/current_role", look(json!(role)));
        let grants = "/probes/0/session/grants";
        let off = [version.clone(), (grants, inactive), role("NONE")];
        testing::check(
            CHECK.id,
            &[
                (&[version.clone(), (grants, lines.clone()), role("dms_role")], Outcome::Pass, ""),
                (&off, Outcome::Fail, "dms_role is granted"),
            ],
        );
        assert_eq!(
            testing::say(CHECK.id, &off).commands(),
            ["SET DEFAULT ROLE `dms_role` FOR `dms`@`%`;"]
        );
        testing::check(
            "mysql/source-privileges",
            &[(&[version, (grants, lines), role("dms_role")], Outcome::Pass, "")],
        );
    }
}

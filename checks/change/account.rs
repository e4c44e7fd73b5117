//! Repairs of the account that DMS logs in as. Their statements come from the grants engine, which
//! writes names as the server's own grammar wants them; an administrator of that server runs them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{
        Fact, Facts, Gap, Look, Role, Unlock,
        probe::{MysqlSession, Probe},
    },
    grants,
};

/// One repair of an account.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    /// Make granted roles active from login on.
    ActivateRoles {
        /// Whose.
        #[serde(flatten)]
        account: AccountPlace,
        /// The end of the migration.
        role: Role,
        /// The roles that are active then, as `CURRENT_ROLE()` would list them.
        active: String,
        /// The statements.
        statements: Vec<String>,
    },
    /// Grant privileges.
    Grant {
        /// To whom.
        #[serde(flatten)]
        account: AccountPlace,
        /// The statements.
        statements: Vec<String>,
    },
    /// Let the account in from other hosts.
    Rename {
        /// Which.
        #[serde(flatten)]
        account: AccountPlace,
        /// The host that it has.
        from: String,
        /// The one that it gets.
        to: String,
        /// The statement.
        statement: String,
    },
}

/// An account of a server.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct AccountPlace {
    /// The server's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user's name.
    pub user: String,
}

impl AccountChange {
    /// The statements.
    pub(super) fn commands(&self) -> Vec<String> {
        match self {
            Self::ActivateRoles { statements, .. } | Self::Grant { statements, .. } => {
                statements.clone()
            }
            Self::Rename { statement, .. } => vec![statement.clone()],
        }
    }

    /// The facts as they would be: what sessions of that account show.
    pub(super) fn apply(&self, facts: &mut Facts) {
        match self {
            // What a role gives shows in the next session, and not before.
            Self::ActivateRoles { account, role, active, .. } => {
                for session in account.sessions(facts) {
                    if let Some(value) = known(&mut session.current_role) {
                        value.clone_from(active);
                    }
                    if let Some(grants) = &mut session.grants {
                        grants.seen = Fact::Unknown(Gap::new(
                            "SHOW GRANTS",
                            "the role wasn't active yet when it was asked",
                            Unlock::Login(*role),
                        ));
                    }
                }
            }
            Self::Grant { account, statements } => {
                for session in account.sessions(facts) {
                    if let Some(lines) = known(&mut session.grants) {
                        *lines = grants::after(lines, statements);
                    }
                }
            }
            Self::Rename { account, from, to, .. } => {
                let user = account.user.clone();
                for session in account.sessions(facts) {
                    if let Some(value) = known(&mut session.current_user)
                        && *value == format!("{user}@{from}")
                    {
                        *value = format!("{user}@{to}");
                    }
                    for line in known(&mut session.grants).into_iter().flatten() {
                        for quote in ["'", "`", "\"", ""] {
                            let name =
                                |host: &str| format!("{quote}{user}{quote}@{quote}{host}{quote}");
                            *line = line.replace(&name(from), &name(to));
                        }
                    }
                }
            }
        }
    }
}

impl AccountPlace {
    /// What sessions of this account showed.
    fn sessions<'f>(&self, facts: &'f mut Facts) -> impl Iterator<Item = &'f mut MysqlSession> {
        let wanted = self.clone();
        let of = move |probe: &&mut Probe| {
            probe.host == wanted.host
                && probe.port == wanted.port
                && probe.user.as_ref().is_none_or(|user| *user == wanted.user)
        };
        facts.probes.iter_mut().filter(of).map(|probe| &mut probe.session)
    }
}

fn known<T>(look: &mut Option<Look<T>>) -> Option<&mut T> {
    match &mut look.as_mut()?.seen {
        Fact::Known(value) => Some(value),
        Fact::Unknown(_) => None,
    }
}

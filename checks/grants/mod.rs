//! What `SHOW GRANTS` allows, per server family.
//!
//! [`Grants::read`] takes the text in any form in which people paste it; [`Grants::judge`] says
//! whether it is enough for an endpoint of AWS DMS, and [`Grants::may`] answers for one privilege.
//!
//! - `lines` frees statements from the client's frames, `lexer` and `parse` read them;
//! - `account` sorts them by grantee;
//! - `rules` knows how a family of servers matches rows, `pattern` how names match;
//! - `verdict` weighs a need in every world that the unseen settings leave open;
//! - `remedy` finds the least statements that mend it, and rehearses them.
//!
//! A verdict is given only where it holds in every one of those worlds.

mod account;
mod answer;
mod host;
mod lexer;
mod lines;
mod parse;
mod pasted;
mod pattern;
mod privilege;
mod rehearse;
mod remedy;
mod request;
mod rules;
mod server;
mod unlock;
mod verdict;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;

use account::Account;
use remedy::Remedy;
use request::Need;
use rules::World;

pub use answer::{Answer, Holding, Missing, Verdict};
pub use host::{Admission, admits, is_private};
pub use parse::Name;
pub use pasted::{Pasted, pasted};
pub use privilege::{Privilege, Privileges};
pub use rehearse::after;
pub use request::{DEFAULT_CONTROL_SCHEMA, MigrationType, Options, Request, Role, Selection};
pub use rules::Object;
pub use server::{Family, Server};

/// An account's grants, read and ready to be asked.
#[derive(Clone, Debug)]
pub struct Grants {
    account: Account,
    server: Server,
    options: Options,
    worlds: Vec<World>,
}

/// Judges a pasted `SHOW GRANTS` in one go.
pub fn judge(text: &str, server: &Server, request: &Request, options: &Options) -> Answer {
    Grants::read(text, server, options).judge(request)
}

/// The statement that gives an account another host; its privileges stay.
pub fn rename(user: &str, from: &str, to: &str, server: &Server) -> String {
    let name = |host: &str| {
        let name = Name { user: user.to_owned(), host: Some(host.to_owned()) };
        remedy::quoted_name(&name, server)
    };
    format!("RENAME USER {} TO {};", name(from), name(to))
}

impl Grants {
    /// Reads the text; it never fails, what can't be read turns into gaps.
    pub fn read(text: &str, server: &Server, options: &Options) -> Self {
        let account = Account::read(text, server, options.current_role.as_deref());
        let worlds = remedy::worlds_of(&account, server, options);
        Self { account, server: server.clone(), options: options.clone(), worlds }
    }

    /// Whose grants these are, if the text says so.
    pub fn account(&self) -> Option<&Name> {
        self.account.name.as_ref()
    }

    /// Roles that are granted to the account itself, active or not.
    pub fn roles(&self) -> Vec<String> {
        self.account.granted.iter().map(ToString::to_string).collect()
    }

    /// Whether it is known which roles are active.
    pub fn knows_active_roles(&self) -> bool {
        matches!(self.account.activity, account::Activity::Known(_))
    }

    /// Roles that are granted and known not to be active.
    pub fn inactive_roles(&self) -> Vec<String> {
        self.account.inactive().iter().map(ToString::to_string).collect()
    }

    /// Whether the account may do this on that object.
    pub fn may(&self, privilege: Privilege, object: &Object) -> Holding {
        let need = Need {
            object: object.clone(),
            privileges: Privileges::from([privilege]),
            unnamed: false,
        };
        let finding = verdict::weigh(&self.account, &self.worlds, &need);
        match finding.verdict {
            Verdict::Enough => Holding::Held,
            Verdict::Lacking => Holding::Lacking,
            Verdict::Unknown => Holding::Unknown(finding.gaps),
        }
    }

    /// Whether the account is enough for an endpoint, and what mends it if not.
    pub fn judge(&self, request: &Request) -> Answer {
        let needs = request.needs(&self.server);
        let (mut missing, mut gaps) = (Vec::new(), Vec::new());
        let mut verdict = Verdict::Enough;
        for need in &needs {
            let finding = verdict::weigh(&self.account, &self.worlds, need);
            verdict = verdict.and(finding.verdict);
            missing.extend(finding.missing.into_iter().map(|privilege| Missing {
                privilege: self.server.name_of(privilege).to_owned(),
                on: verdict::label(&need.object),
            }));
            for gap in finding.gaps {
                if !gaps.contains(&gap) {
                    gaps.push(gap);
                }
            }
        }
        let remedy = self.remedy(verdict, &needs, &request.control_schema).unwrap_or_default();
        let mut notes = remedy.notes;
        if verdict == Verdict::Lacking {
            notes.extend(self.rows_that_do_not_show());
        }
        Answer {
            version: 1,
            verdict,
            missing,
            inactive_roles: self.inactive_roles(),
            gaps,
            grant: remedy.statements,
            notes,
        }
    }

    /// Servers look at the schema and table rows of every account of this name whose host covers
    /// this one; `SHOW GRANTS` shows those of the account itself.
    fn rows_that_do_not_show(&self) -> Option<String> {
        let name = self.account.name.as_ref()?;
        let host = name.host.as_deref().filter(|host| !matches!(*host, "" | "%"))?;
        Some(format!(
            "What another account named {} holds on schemas counts here too if its host covers \
             {host}, and SHOW GRANTS doesn't show it.",
            name.user
        ))
    }

    fn remedy(&self, verdict: Verdict, needs: &[Need], control_schema: &str) -> Option<Remedy> {
        let in_doubt = !self.account.more.is_empty() || !self.account.less.is_empty();
        if verdict == Verdict::Enough || (verdict == Verdict::Unknown && in_doubt) {
            return None;
        }
        let named: Vec<Need> = needs.iter().filter(|need| !need.unnamed).cloned().collect();
        let activated = (verdict == Verdict::Lacking)
            .then(|| remedy::activate(&self.account, &self.server, &self.options, &named))
            .flatten();
        activated.or_else(|| {
            remedy::grant(&self.account, &self.server, &self.worlds, &named, control_schema)
        })
    }
}

impl std::fmt::Display for Name {
    /// Writes the name as `user@host`, or alone where it has no host.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{}@{host}", self.user),
            None => f.write_str(&self.user),
        }
    }
}

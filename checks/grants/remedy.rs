//! The least statements that make an account enough, in the server's own grammar.
//!
//! Each statement is tried on a copy of the account before it is printed: a grant that a
//! better-ranked row would hide, or that itself would hide a row, is never offered as a cure.

use std::collections::BTreeSet;

use super::account::{Account, Activity};
use super::parse::Name;
use super::pattern::{escaped, has_wildcard_characters, is_exactly};
use super::privilege::{Privilege, Privileges};
use super::request::{Need, Options};
use super::rules::{Object, Rules, World, worlds};
use super::server::{Family, Server};
use super::verdict::{is_met, not_certain};

/// Statements, and what to say beside them.
#[derive(Default)]
pub(super) struct Remedy {
    pub(super) statements: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Activates granted roles by default, where that can be the whole cure.
pub(super) fn activate(
    account: &Account,
    server: &Server,
    options: &Options,
    needs: &[Need],
) -> Option<Remedy> {
    let name = account.name.as_ref()?;
    let inactive = account.inactive();
    let Activity::Known(active) = &account.activity else {
        return None;
    };
    let mariadb = server.family() == Family::MariaDb;
    // MariaDB has one active role at a time, so a second one would push the first out.
    if inactive.is_empty() || (mariadb && inactive.len() + active.len() > 1) {
        return None;
    }
    let roles: BTreeSet<Name> = active.iter().chain(&inactive).cloned().collect();
    if inactive.iter().all(|role| account.roles.contains_key(role)) {
        let mut rehearsal = account.clone();
        rehearsal.activity = Activity::Known(roles.clone());
        let worlds = worlds_of(&rehearsal, server, options);
        if !needs.iter().all(|need| is_met(&rehearsal, &worlds, need)) {
            return None;
        }
    }
    let list: Vec<String> = roles.iter().map(|role| quoted_name(role, server)).collect();
    let to = if mariadb { "FOR" } else { "TO" };
    Some(Remedy {
        statements: vec![format!(
            "SET DEFAULT ROLE {} {to} {};",
            list.join(", "),
            quoted_name(name, server)
        )],
        notes: vec![
            "An administrator runs this; it takes effect at the account's next login. What the \
             role itself lacks shows then."
                .to_owned(),
        ],
    })
}

/// Grants what isn't certain, and revokes rows only where no grant can help.
pub(super) fn grant(
    account: &Account,
    server: &Server,
    worlds: &[World],
    needs: &[Need],
    control_schema: &str,
) -> Option<Remedy> {
    let mut plan = Plan {
        account: account.clone(),
        name: account.name.clone()?,
        server,
        worlds,
        needs,
        control_schema,
        revoked: Vec::new(),
        granted: Vec::new(),
        notes: Vec::new(),
    };
    // Every round closes a need or removes a row; needs can be reopened by a removed row.
    let rounds = needs.len() * 2 + account.own.schemas.len();
    for _ in 0..=rounds {
        let Some(need) = needs.iter().find(|need| !is_met(&plan.account, worlds, need)) else {
            return Some(plan.render());
        };
        if !plan.close(need) && !plan.revoke_overlap(need) {
            return None;
        }
    }
    None
}

/// The worlds that an account's options leave open.
pub(super) fn worlds_of(account: &Account, server: &Server, options: &Options) -> Vec<World> {
    worlds(account, server, options.partial_revokes, options.lower_case_table_names)
}

/// A name as this server writes one in a statement.
pub(super) fn quoted_name(name: &Name, server: &Server) -> String {
    let quote = |part: &str| {
        let plain = !part.contains(['\'', '\\']);
        if server.family() == Family::TiDb && plain {
            format!("'{part}'")
        } else {
            backquoted(part)
        }
    };
    match &name.host {
        Some(host) => format!("{}@{}", quote(&name.user), quote(host)),
        None => quote(&name.user),
    }
}

struct Plan<'a> {
    account: Account,
    name: Name,
    server: &'a Server,
    worlds: &'a [World],
    needs: &'a [Need],
    control_schema: &'a str,
    revoked: Vec<(String, bool)>,
    granted: Vec<(Object, Privileges)>,
    notes: Vec<String>,
}

impl Plan<'_> {
    /// Closes a need by the smallest grant that works, opens no other and takes nothing away.
    fn close(&mut self, need: &Need) -> bool {
        let lacking = not_certain(&self.account, self.worlds, need);
        let global = &self.account.own.global;
        let whole: Privileges = need.privileges.difference(global).copied().collect();
        for object in self.spellings(&need.object) {
            for privileges in [&lacking, &whole, &need.privileges] {
                let privileges = self.with_what_it_hides(need, &object, privileges);
                let after = self.with_grant(&object, &privileges);
                let kept = |other: &Need| {
                    is_met(&after, self.worlds, other) || !is_met(&self.account, self.worlds, other)
                };
                if is_met(&after, self.worlds, need) && self.needs.iter().all(kept) {
                    self.note_hiding(need, &object);
                    self.account = after;
                    self.note_grant(object, &privileges);
                    return true;
                }
            }
        }
        false
    }

    /// The account as it would be after a grant.
    fn with_grant(&self, object: &Object, privileges: &Privileges) -> Account {
        let mut after = self.account.clone();
        match object {
            Object::Global => after.own.global.extend(privileges),
            Object::Schema(row) => {
                after.own.schemas.entry(row.clone()).or_default().held.extend(privileges);
                // On MySQL such a grant lifts a partial revoke of the same name. One of an active
                // role stays and cuts the grant, if the name has wildcard characters.
                let stays =
                    self.worlds.iter().any(World::merges_roles) && has_wildcard_characters(row);
                if let Some(taken) = after.own.revoked.get_mut(row).filter(|_| !stays) {
                    taken.retain(|privilege| !privileges.contains(privilege));
                }
            }
            Object::Table(schema, table) => {
                let key = (schema.clone(), table.clone());
                after.own.tables.entry(key).or_default().held.extend(privileges);
            }
        }
        after
    }

    /// A new row takes the place of a pattern's, so it must carry what the account had from that.
    fn with_what_it_hides(
        &self,
        need: &Need,
        object: &Object,
        privileges: &Privileges,
    ) -> Privileges {
        let everything = Need { privileges: Privileges::from(Privilege::TARGET), ..need.clone() };
        let after = self.with_grant(object, privileges);
        let before = not_certain(&self.account, self.worlds, &everything);
        let lost = not_certain(&after, self.worlds, &everything);
        privileges | &lost.difference(&before).copied().collect()
    }

    /// Says that a new row hides another, of which only the nine are known.
    fn note_hiding(&mut self, need: &Need, object: &Object) {
        let (Object::Schema(row), Object::Schema(schema)) = (object, &need.object) else {
            return;
        };
        if self.account.own.schemas.contains_key(row) {
            return;
        }
        let hidden: BTreeSet<&str> = self
            .worlds
            .iter()
            .flat_map(|world| world.matching(&self.account.own, schema))
            .map(|(row, ..)| row)
            .collect();
        for pattern in hidden {
            self.notes.push(format!(
                "On {schema} the new row hides {}.*; if the account needs there what that row \
                 gives beside the nine privileges of a target, grant it too.",
                backquoted(pattern)
            ));
        }
    }

    /// Removes the account's rows that match a need's schema without being its own.
    fn revoke_overlap(&mut self, need: &Need) -> bool {
        let (Object::Schema(schema) | Object::Table(schema, _)) = &need.object else {
            return false;
        };
        // Rows that may be a role's can't be revoked from the account.
        if self.worlds.iter().any(World::merges_roles) {
            return false;
        }
        let rows: BTreeSet<String> = self
            .worlds
            .iter()
            .flat_map(|world| world.matching(&self.account.own, schema))
            .map(|(row, ..)| row.to_owned())
            .filter(|row| !self.is_own_row(row, schema))
            .collect();
        for row in &rows {
            let grantable = self.account.own.schemas.remove(row).is_some_and(|row| row.grantable);
            self.revoked.push((row.clone(), grantable));
            self.granted.retain(|(object, _)| *object != Object::Schema(row.clone()));
        }
        !rows.is_empty()
    }

    /// The rows under which an object may be granted, the closest first.
    fn spellings(&self, object: &Object) -> Vec<Object> {
        let Object::Schema(schema) = object else {
            return vec![object.clone()];
        };
        let mut rows: Vec<String> = (self.account.own.schemas.keys())
            .filter(|row| self.is_own_row(row, schema))
            .cloned()
            .collect();
        // The control schema is granted as AWS writes it; that works on every server.
        if schema != self.control_schema {
            rows.push(escaped(schema));
        }
        rows.push(schema.clone());
        rows.into_iter().map(Object::Schema).collect()
    }

    /// Whether a row is meant for this one schema.
    fn is_own_row(&self, row: &str, schema: &str) -> bool {
        let tidb = self.worlds.iter().any(|world| world.rules == Rules::TiDb);
        let same = if tidb { row.to_lowercase() == schema.to_lowercase() } else { row == schema };
        same || is_exactly(row, schema, !tidb)
    }

    fn note_grant(&mut self, object: Object, privileges: &Privileges) {
        match self.granted.iter_mut().find(|(known, _)| *known == object) {
            Some((_, set)) => set.extend(privileges),
            None => self.granted.push((object, privileges.clone())),
        }
    }

    fn render(self) -> Remedy {
        let account = quoted_name(&self.name, self.server);
        let mut remedy = Remedy { statements: Vec::new(), notes: self.notes };
        for (row, grantable) in &self.revoked {
            let row = backquoted(row);
            remedy.statements.push(format!("REVOKE ALL PRIVILEGES ON {row}.* FROM {account};"));
            if *grantable {
                remedy.statements.push(format!("REVOKE GRANT OPTION ON {row}.* FROM {account};"));
            }
            remedy.notes.push(format!(
                "Only one matching row counts, so no grant helps beside {row}.*; revoking it takes \
                 away what it gives on other schemas too."
            ));
        }
        for (object, privileges) in &self.granted {
            let on = match object {
                Object::Global => "*.*".to_owned(),
                Object::Schema(row) => format!("{}.*", backquoted(row)),
                Object::Table(schema, table) => {
                    format!("{}.{}", backquoted(schema), backquoted(table))
                }
            };
            let list: Vec<&str> =
                privileges.iter().map(|privilege| self.server.name_of(*privilege)).collect();
            remedy.statements.push(format!("GRANT {} ON {on} TO {account};", list.join(", ")));
        }
        remedy
    }
}

fn backquoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

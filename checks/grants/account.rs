//! Whose grants these are: the account, its roles, the public.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Gap, Unlock};

use super::lines::{Lines, lines};
use super::parse::{Grantee, Name, Place, Statement, role_list, statement};
use super::privilege::Privileges;
use super::server::{Family, Server};
use super::unlock;

/// What one grantee holds, row by row as the server stores it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) global: Privileges,
    /// By the name as granted; a row that only holds the grant option is empty, and still matches.
    pub(super) schemas: BTreeMap<String, SchemaRow>,
    pub(super) tables: BTreeMap<(String, String), TableRow>,
    /// What a partial revoke takes from the global privileges, by literal schema name.
    pub(super) revoked: BTreeMap<String, Privileges>,
}

/// A row of schema privileges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SchemaRow {
    pub(super) held: Privileges,
    pub(super) grantable: bool,
}

/// A row of table privileges, and those held on some columns only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TableRow {
    pub(super) held: Privileges,
    pub(super) columns: Privileges,
}

/// An account as a pasted `SHOW GRANTS` describes it.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Missing when the text doesn't say whose grants these are.
    pub(super) name: Option<Name>,
    pub(super) own: Rows,
    pub(super) public: Rows,
    /// The rows of roles that the text prints under their own names.
    pub(super) roles: BTreeMap<Name, Rows>,
    /// Roles granted to the account itself.
    pub(super) granted: Vec<Name>,
    /// Roles granted to roles.
    nested: Vec<(Name, Name)>,
    pub(super) activity: Activity,
    /// Why the account may hold more than the text says.
    pub(super) more: Vec<Gap>,
    /// Why it may hold less.
    pub(super) less: Vec<Gap>,
    /// Whether even a global privilege is in doubt.
    pub(super) less_globally: bool,
}

/// Which of the granted roles are active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Known(BTreeSet<Name>),
    /// Nobody said; the text may still show the rows of these.
    Unknown(BTreeSet<Name>),
}

impl Account {
    /// Reads the text; `current_role` is what `SELECT CURRENT_ROLE()` gave.
    pub(super) fn read(text: &str, server: &Server, current_role: Option<&str>) -> Self {
        let mut reading = Reading::new(lines(text), server.family());
        let name = reading.account_name();
        let mut account = Self {
            own: name.as_ref().and_then(|name| reading.rows.remove(name)).unwrap_or_default(),
            public: std::mem::take(&mut reading.public),
            granted: Vec::new(),
            nested: Vec::new(),
            roles: BTreeMap::new(),
            activity: Activity::Known(BTreeSet::new()),
            more: Vec::new(),
            less: Vec::new(),
            less_globally: reading.torn_revoke,
            name,
        };
        for (role, to) in std::mem::take(&mut reading.edges) {
            if Some(&to) == account.name.as_ref() {
                account.granted.push(role);
            } else {
                account.nested.push((role, to));
            }
        }
        account.roles = std::mem::take(&mut reading.rows);
        account.note_reading(&reading);
        account.settle_roles(server.family(), &reading.defaults, current_role);
        account
    }

    /// The active roles that the text prints rows for, and whose rows they inherit.
    pub(super) fn active_rows(&self) -> BTreeSet<Name> {
        let (Activity::Known(active) | Activity::Unknown(active)) = &self.activity;
        self.closure(active)
    }

    /// Granted roles that are known not to be active.
    pub(super) fn inactive(&self) -> Vec<Name> {
        let Activity::Known(active) = &self.activity else {
            return Vec::new();
        };
        let active = self.closure(active);
        self.granted.iter().filter(|role| !active.contains(role)).cloned().collect()
    }

    /// Roles and the roles granted to them, to any depth.
    pub(super) fn closure(&self, roles: &BTreeSet<Name>) -> BTreeSet<Name> {
        let mut all = roles.clone();
        loop {
            let more: Vec<Name> = self
                .nested
                .iter()
                .filter(|(role, to)| all.contains(to) && !all.contains(role))
                .map(|(role, _)| role.clone())
                .collect();
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    fn note_reading(&mut self, reading: &Reading) {
        let mut doubt = |about: &str, reason: &str, unlock: Unlock| {
            let gap = Gap::new(about, reason, unlock);
            self.more.push(gap.clone());
            self.less.push(gap);
        };
        if reading.accounts.is_empty() {
            let reason = if reading.errors > 0 {
                "SHOW GRANTS was answered with an error; that says nothing about the privileges"
            } else {
                "the text holds no grant of an account; no rows are not the same as no privileges"
            };
            doubt("SHOW GRANTS", reason, unlock::show_grants());
            self.less_globally = true;
            return;
        }
        if reading.accounts.len() > 1 {
            doubt(
                "SHOW GRANTS",
                "the text holds the grants of several accounts, and doesn't say which one logs in",
                unlock::show_grants(),
            );
            self.less_globally = true;
        }
        if reading.torn {
            doubt(
                "SHOW GRANTS",
                "a line speaks of granting or revoking and can't be read to its end",
                unlock::show_grants(),
            );
        }
        if reading.errors > 0 {
            doubt(
                "SHOW GRANTS",
                "an error stands among the grants, so lines may be missing",
                unlock::show_grants(),
            );
        }
    }

    /// Decides which roles are active, or records why it can't be told.
    fn settle_roles(
        &mut self,
        family: Family,
        defaults: &BTreeSet<Name>,
        current_role: Option<&str>,
    ) {
        let told = current_role.map(role_list);
        let shown: BTreeSet<Name> =
            self.granted.iter().filter(|role| self.roles.contains_key(role)).cloned().collect();
        let gap = |reason: &str| Gap::new("roles", reason, unlock::current_role());
        match told {
            Some(Some(names)) => {
                let active: BTreeSet<Name> =
                    names.into_iter().map(|name| self.as_granted(name)).collect();
                // MariaDB prints an active role's rows under the role's name; others merge them
                // into the account's own.
                let unseen = active.iter().any(|role| !self.roles.contains_key(role));
                if matches!(family, Family::MariaDb | Family::Unrecognised) && unseen {
                    self.more.push(gap("an active role's own grants aren't in the text"));
                }
                self.activity = Activity::Known(active);
            }
            Some(None) => {
                self.more.push(gap("the value given for CURRENT_ROLE() can't be read"));
                self.activity = Activity::Unknown(shown);
            }
            None if self.granted.is_empty() => {}
            // A default role is active from login on, and its rows are there.
            None if !defaults.is_empty() && defaults.is_subset(&shown) => {
                self.activity = Activity::Known(defaults.clone());
            }
            None => {
                if shown.len() < self.granted.len() {
                    self.more.push(gap("roles are granted, and it isn't known which are active"));
                }
                self.activity = Activity::Unknown(shown);
            }
        }
    }

    /// A role under the name that its grant used: `r` and `r@%` are the same role.
    fn as_granted(&self, name: Name) -> Name {
        let known = self.granted.iter().chain(self.nested.iter().map(|(role, _)| role));
        known.chain(self.roles.keys()).find(|role| same_role(role, &name)).cloned().unwrap_or(name)
    }
}

fn same_role(one: &Name, other: &Name) -> bool {
    fn host(name: &Name) -> &str {
        name.host.as_deref().unwrap_or("%")
    }
    one.user == other.user && host(one) == host(other)
}

/// Statements sorted by grantee, before it is known who of them is the account.
struct Reading {
    family: Family,
    rows: BTreeMap<Name, Rows>,
    public: Rows,
    edges: Vec<(Name, Name)>,
    defaults: BTreeSet<Name>,
    accounts: BTreeSet<Name>,
    errors: usize,
    torn: bool,
    torn_revoke: bool,
}

impl Reading {
    fn new(lines: Lines, family: Family) -> Self {
        let mut reading = Self {
            family,
            rows: BTreeMap::new(),
            public: Rows::default(),
            edges: Vec::new(),
            defaults: BTreeSet::new(),
            accounts: BTreeSet::new(),
            errors: lines.errors,
            torn: lines.doubtful,
            // A line that only speaks of a grant may as well speak of a revoke.
            torn_revoke: lines.doubtful,
        };
        for line in lines.statements {
            if let Some(statement) = statement(&line) {
                reading.add(statement);
            } else {
                reading.torn = true;
                let gives = line.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("GRANT"));
                reading.torn_revoke |= !gives;
            }
        }
        let roles: BTreeSet<&Name> = reading.edges.iter().map(|(role, _)| role).collect();
        let has_host = |name: &Name| name.host.is_some();
        reading.accounts = (reading.rows.keys())
            .chain(reading.edges.iter().map(|(_, to)| to))
            .filter(|name| has_host(name) && !roles.contains(name))
            .cloned()
            .collect();
        reading
    }

    fn add(&mut self, statement: Statement) {
        match statement {
            Statement::Grant { place, held, columns, grantable, to } => {
                for rows in to {
                    let rows = self.rows_of(rows);
                    match place.clone() {
                        Place::Global => rows.global.extend(&held),
                        Place::Schema(schema) => {
                            let row = rows.schemas.entry(schema).or_default();
                            row.held.extend(&held);
                            row.grantable |= grantable;
                        }
                        Place::Table(schema, table) => {
                            let row = rows.tables.entry((schema, table)).or_default();
                            row.held.extend(&held);
                            row.columns.extend(&columns);
                        }
                    }
                }
            }
            Statement::Revoke { place: Place::Schema(schema), taken, from } => {
                // Only MySQL has partial revokes; elsewhere such a line is a riddle.
                let riddle = matches!(self.family, Family::TiDb | Family::MariaDb);
                self.torn |= riddle;
                self.torn_revoke |= riddle;
                for grantee in from {
                    let rows = self.rows_of(grantee);
                    rows.revoked.entry(schema.clone()).or_default().extend(&taken);
                }
            }
            Statement::Revoke { .. } => {
                self.torn = true;
                self.torn_revoke = true;
            }
            Statement::Roles { roles, to } => {
                for grantee in to {
                    let Grantee::Name(name) = grantee else {
                        continue;
                    };
                    let to = self.normal(name);
                    for role in &roles {
                        self.edges.push((self.normal(role.clone()), to.clone()));
                    }
                }
            }
            Statement::DefaultRole { role, .. } => {
                self.defaults.extend(role.map(|role| self.normal(role)));
            }
            Statement::Beside => {}
        }
    }

    fn rows_of(&mut self, grantee: Grantee) -> &mut Rows {
        match grantee {
            Grantee::Public => &mut self.public,
            Grantee::Name(name) => {
                let name = self.normal(name);
                self.rows.entry(name).or_default()
            }
        }
    }

    /// Outside MariaDB a name without a host is one with the host `%`.
    fn normal(&self, mut name: Name) -> Name {
        if matches!(self.family, Family::TiDb | Family::MySql | Family::Aurora) {
            name.host.get_or_insert_with(|| "%".into());
        }
        name
    }

    fn account_name(&self) -> Option<Name> {
        let mut accounts = self.accounts.iter();
        let first = accounts.next()?;
        accounts.next().is_none().then(|| first.clone())
    }
}

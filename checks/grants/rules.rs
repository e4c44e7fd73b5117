//! How each family of servers turns rows into privileges.
//!
//! Within one level a server looks at **one** matching row per grantee, never at the union; levels
//! and grantees add up. What can't be known (a setting, the order of rows) is played through: a
//! [`World`] fixes the settings, and a [`View`] lists the sets that may result in it. Only what is
//! the same in all of them is said.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, Activity, Rows};
use super::pattern::{Dialect, Match, has_wildcard_characters, like, mariadb_rank, mysql_rank};
use super::privilege::{Privilege, Privileges};
use super::server::{Family, Server};

/// What privileges are needed on, or asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// The whole server, `*.*`.
    Global,
    /// A schema as a whole, with the tables that will come.
    Schema(String),
    /// One table: its schema, its name.
    Table(String, String),
}

/// One way in which the settings that weren't seen may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) partial_revokes: bool,
    pub(super) fold_case: bool,
    pub(super) roles: bool,
}

/// The order in which a family looks at matching rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// The first row of an order that can't be seen.
    TiDb,
    /// The longest part before the first wildcard; with roles active a name without wildcard
    /// characters, and else the first pattern in the order of bytes, where 8.0 began with all of them.
    MySql { lone_percent_last: bool, patterns_by_name: bool },
    /// The pattern that covers the fewest names; before 2019 it ordered rows as MySQL does.
    MariaDb { sure: bool },
}

/// The sets of privileges that may be held on an object, and why there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) choices: Vec<Privileges>,
    /// Rows that match and differ, where the order between them isn't known.
    pub(super) overlap: BTreeSet<String>,
    /// Privileges that are held on single tables, which may or may not be all that matter.
    pub(super) on_tables: bool,
    /// Privileges that are held on columns, which may or may not be all there are.
    pub(super) on_columns: bool,
}

/// What a view says of a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Enough,
    Lacking,
    Unclear,
}

/// Every way in which the settings may stand, given what is known of them.
pub(super) fn worlds(
    account: &Account,
    server: &Server,
    partial_revokes: Option<bool>,
    lower_case_table_names: Option<u8>,
) -> Vec<World> {
    let rules = match server.family() {
        Family::TiDb => vec![Rules::TiDb],
        Family::MySql | Family::Aurora => {
            vec![Rules::MySql {
                lone_percent_last: server.ranks_lone_percent_last(),
                patterns_by_name: server.orders_patterns_by_name(),
            }]
        }
        Family::MariaDb => vec![Rules::MariaDb { sure: server.ranks_by_reach() }],
        Family::Unrecognised => {
            vec![
                Rules::TiDb,
                Rules::MySql { lone_percent_last: false, patterns_by_name: false },
                Rules::MariaDb { sure: false },
            ]
        }
    };
    let both = |known: Option<bool>| known.map_or_else(|| vec![false, true], |known| vec![known]);
    let partial = if has_revokes(account) && server.partial_revokes() != Some(false) {
        // The server wouldn't print such a line with the setting off.
        Some(true)
    } else {
        server.partial_revokes().or(partial_revokes)
    };
    let fold = lower_case_table_names.map(|setting| setting != 0);
    let active = match &account.activity {
        Activity::Known(active) => Some(!active.is_empty()),
        Activity::Unknown(_) => None,
    };
    let mut out = Vec::new();
    for rules in rules {
        let mysql = matches!(rules, Rules::MySql { .. });
        let tidb = rules == Rules::TiDb;
        for partial_revokes in both(if mysql { partial } else { Some(false) }) {
            for fold_case in both(if tidb { Some(true) } else { fold }) {
                for roles in both(active) {
                    out.push(World { rules, partial_revokes, fold_case, roles });
                }
            }
        }
    }
    out
}

fn has_revokes(account: &Account) -> bool {
    !account.own.revoked.is_empty()
}

impl World {
    /// What the account may hold on an object.
    pub(super) fn view(&self, account: &Account, object: &Object) -> View {
        let mut view = View::new();
        for grantee in self.grantees(account) {
            self.add_grantee(&mut view, &grantee, object);
        }
        if let Object::Schema(schema) | Object::Table(schema, _) = object {
            self.add_tables(&mut view, account, schema, object);
        }
        view
    }

    /// The rows of this grantee whose schema name matches, with how sure the match is.
    pub(super) fn matching<'a>(
        &self,
        rows: &'a Rows,
        schema: &str,
    ) -> Vec<(&'a str, &'a Privileges, Match)> {
        rows.schemas
            .iter()
            .map(|(row, held)| (row.as_str(), &held.held, self.matches(row, schema)))
            .filter(|(_, _, matched)| *matched != Match::No)
            .collect()
    }

    /// Whether rows of the account's own list may in truth be those of several grantees.
    pub(super) fn merges_roles(&self) -> bool {
        self.roles && !matches!(self.rules, Rules::MariaDb { .. })
    }

    /// Whose rows count, each looked at for itself.
    fn grantees(&self, account: &Account) -> Vec<Grantee> {
        let active = if self.roles { account.active_rows() } else { BTreeSet::new() };
        let of_roles = active.iter().filter_map(|role| account.roles.get(role));
        let own = Grantee { rows: account.own.clone(), merged: self.merges_roles() };
        let public = Grantee { rows: account.public.clone(), merged: false };
        match self.rules {
            Rules::TiDb => {
                let roles = of_roles.map(|rows| Grantee { rows: rows.clone(), merged: false });
                [own, public].into_iter().chain(roles).collect()
            }
            // MySQL builds one map of privileges over the account and its active roles.
            Rules::MySql { .. } => {
                let mut own = own;
                of_roles.for_each(|rows| own.rows.merge(rows));
                vec![own, public]
            }
            // A role of MariaDB inherits the rows of the roles granted to it, one row per name.
            Rules::MariaDb { .. } => {
                let mut role = Grantee { rows: Rows::default(), merged: false };
                of_roles.for_each(|rows| role.rows.merge(rows));
                vec![own, role, public]
            }
        }
    }

    fn add_grantee(&self, view: &mut View, grantee: &Grantee, object: &Object) {
        let rows = &grantee.rows;
        let (Object::Schema(schema) | Object::Table(schema, _)) = object else {
            view.add(&rows.global);
            return;
        };
        let taken = self.taken(rows, schema);
        view.add(&rows.global.difference(&taken).copied().collect());
        let matching = self.matching(rows, schema);
        let sure: Vec<_> = matching.iter().filter(|row| row.2 == Match::Yes).copied().collect();
        let mut choices = self.choose(&sure, grantee.merged);
        if sure.len() < matching.len() {
            choices.extend(self.choose(&matching, grantee.merged));
        }
        if self.merges_roles() && !taken.is_empty() {
            // With roles active a revoke may also cut what a schema row gives.
            let cut = |choice: &Privileges| choice.difference(&taken).copied().collect();
            let cut: Vec<Privileges> = choices.iter().map(cut).collect();
            choices.extend(cut);
        }
        if choices.iter().any(|choice| *choice != choices[0]) {
            view.overlap.extend(matching.iter().map(|row| row.0.to_owned()));
        }
        view.multiply(&choices);
    }

    /// What partial revokes take from the global privileges on this schema.
    fn taken(&self, rows: &Rows, schema: &str) -> Privileges {
        let mut taken = Privileges::new();
        for (revoked, privileges) in &rows.revoked {
            if self.same(revoked, schema) {
                taken.extend(privileges);
            }
        }
        taken
    }

    /// The sets that the matching rows of one grantee may come to.
    fn choose(&self, rows: &[(&str, &Privileges, Match)], merged: bool) -> Vec<Privileges> {
        let all = || rows.iter().flat_map(|row| row.1.iter().copied()).collect::<Privileges>();
        let best = |rank: &dyn Fn(&str) -> (usize, usize, usize, usize)| {
            let first = rows.iter().map(|row| rank(row.0)).min();
            rows.iter()
                .filter(|row| Some(rank(row.0)) == first)
                .map(|row| row.1.clone())
                .collect::<Vec<_>>()
        };
        if rows.is_empty() {
            return vec![Privileges::new()];
        }
        match self.rules {
            // Each grantee behind the merged rows has its own first row: anything between
            // nothing and everything.
            Rules::TiDb if merged && rows.len() > 1 => vec![Privileges::new(), all()],
            Rules::TiDb => rows.iter().map(|row| row.1.clone()).collect(),
            Rules::MySql { patterns_by_name, .. } if merged => {
                let literal = rows.iter().find(|row| !has_wildcard_characters(row.0));
                let first = literal.or_else(|| rows.iter().min_by_key(|row| row.0));
                let mut choices: Vec<_> = first.map(|row| row.1.clone()).into_iter().collect();
                if literal.is_none() && !patterns_by_name {
                    choices.push(all());
                }
                choices
            }
            Rules::MySql { lone_percent_last, .. } => {
                best(&|row| (128 - mysql_rank(row, lone_percent_last), 0, 0, 0))
            }
            Rules::MariaDb { sure } => {
                let mut choices = best(&mariadb_rank);
                if !sure {
                    choices.extend(best(&|row| (128 - mysql_rank(row, false), 0, 0, 0)));
                }
                choices
            }
        }
    }

    fn add_tables(&self, view: &mut View, account: &Account, schema: &str, object: &Object) {
        let columns_count = self.rules != Rules::TiDb;
        let mut tables: BTreeMap<String, (Privileges, Privileges)> = BTreeMap::new();
        for grantee in self.grantees(account) {
            for ((of, table), row) in &grantee.rows.tables {
                if self.same(of, schema) {
                    let entry = tables.entry(self.folded(table)).or_default();
                    entry.0.extend(&row.held);
                    if columns_count {
                        entry.1.extend(&row.columns);
                    }
                }
            }
        }
        if let Object::Table(_, table) = object {
            if let Some((held, columns)) = tables.get(&self.folded(table)) {
                view.add(held);
                view.on_columns |= view.may_add(columns);
            }
            return;
        }
        // Grants on single tables never show whether they are all of a schema's tables. A task may
        // write to one table only; to read a schema is to read them all, and one is taken not to
        // be all. No number of tables gives CREATE on the schema.
        let enough = |privilege: Privilege| match privilege {
            Privilege::Create => usize::MAX,
            Privilege::Select => 2,
            _ => 1,
        };
        let perhaps: Privileges = Privilege::TARGET
            .into_iter()
            .filter(|privilege| {
                let on = |(held, columns): &&(Privileges, Privileges)| {
                    held.contains(privilege) || columns.contains(privilege)
                };
                tables.values().filter(on).count() >= enough(*privilege)
            })
            .collect();
        view.on_tables |= view.may_add(&perhaps);
    }

    fn matches(&self, row: &str, schema: &str) -> Match {
        if self.partial_revokes {
            // MySQL's map of roles compares such rows without regard to letter case.
            let folds = self.roles && has_wildcard_characters(row);
            let same = if folds {
                row.to_lowercase() == schema.to_lowercase()
            } else {
                self.same(row, schema)
            };
            return if same { Match::Yes } else { Match::No };
        }
        let dialect = match self.rules {
            Rules::TiDb => Dialect::TiDb,
            Rules::MySql { .. } => Dialect::MySql,
            Rules::MariaDb { .. } => Dialect::MariaDb,
        };
        let folded = || like(&row.to_lowercase(), &schema.to_lowercase(), dialect);
        let matched = if self.fold_case { folded() } else { like(row, schema, dialect) };
        let Rules::MySql { patterns_by_name, .. } = self.rules else {
            return matched;
        };
        if !self.roles {
            return matched;
        }
        // MySQL's map of roles takes a name without wildcard characters as it is written. 8.0 began
        // with one that compares patterns without regard to letter case.
        let (now, before) = if has_wildcard_characters(row) {
            (matched, folded())
        } else {
            (if self.same(row, schema) { Match::Yes } else { Match::No }, matched)
        };
        if patterns_by_name || now == before { now } else { Match::Unsure }
    }

    fn same(&self, one: &str, other: &str) -> bool {
        self.folded(one) == self.folded(other)
    }

    fn folded(&self, name: &str) -> String {
        if self.fold_case { name.to_lowercase() } else { name.to_owned() }
    }
}

/// Rows that are looked at together.
struct Grantee {
    rows: Rows,
    /// Whether they may stem from several grantees whose roles are active.
    merged: bool,
}

impl Rows {
    fn merge(&mut self, other: &Self) {
        self.global.extend(&other.global);
        for (schema, row) in &other.schemas {
            self.schemas.entry(schema.clone()).or_default().held.extend(&row.held);
        }
        for (table, row) in &other.tables {
            let entry = self.tables.entry(table.clone()).or_default();
            entry.held.extend(&row.held);
            entry.columns.extend(&row.columns);
        }
    }
}

impl View {
    fn new() -> Self {
        Self {
            choices: vec![Privileges::new()],
            overlap: BTreeSet::new(),
            on_tables: false,
            on_columns: false,
        }
    }

    /// What all choices have, and what at least one has.
    pub(super) fn bounds(&self) -> (Privileges, Privileges) {
        let mut all = self.choices[0].clone();
        let mut any = Privileges::new();
        for choice in &self.choices {
            all.retain(|privilege| choice.contains(privilege));
            any.extend(choice);
        }
        (all, any)
    }

    /// Whether the need is met whichever choice is the true one.
    pub(super) fn outcome(&self, needs: &Privileges) -> Outcome {
        let met = self.choices.iter().filter(|choice| needs.is_subset(choice)).count();
        match met {
            0 => Outcome::Lacking,
            met if met == self.choices.len() => Outcome::Enough,
            _ => Outcome::Unclear,
        }
    }

    fn add(&mut self, privileges: &Privileges) {
        for choice in &mut self.choices {
            choice.extend(privileges);
        }
    }

    fn multiply(&mut self, by: &[Privileges]) {
        let mut out: Vec<Privileges> = Vec::new();
        for choice in &self.choices {
            for more in by {
                let set = choice | more;
                if !out.contains(&set) {
                    out.push(set);
                }
            }
        }
        self.choices = out;
    }

    /// Adds what may be held or not; says whether that makes a difference.
    fn may_add(&mut self, privileges: &Privileges) -> bool {
        let differs = self.choices.iter().any(|choice| !privileges.is_subset(choice));
        self.multiply(&[Privileges::new(), privileges.clone()]);
        differs
    }
}

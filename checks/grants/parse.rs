//! Reads single statements as `SHOW GRANTS` prints them, of any server and age.
//!
//! What stands behind the grantee (passwords, `REQUIRE`, limits) is dropped unread, except that a
//! grant option keeps a row alive.

use super::lexer::{Kind, Token, tokens};
use super::privilege::{Level, Privilege, Privileges};

/// A user or a role; a role of MariaDB has no host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The user's or the role's name.
    pub user: String,
    /// The host pattern; `None` where none was written.
    pub host: Option<String>,
}

/// To whom a statement grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grantee {
    Name(Name),
    /// MariaDB's everybody.
    Public,
}

/// Where privileges are granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Global,
    Schema(String),
    Table(String, String),
}

/// One statement that bears on a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Grant {
        place: Place,
        held: Privileges,
        columns: Privileges,
        grantable: bool,
        to: Vec<Grantee>,
    },
    Revoke {
        place: Place,
        taken: Privileges,
        from: Vec<Grantee>,
    },
    Roles {
        roles: Vec<Name>,
        to: Vec<Grantee>,
    },
    DefaultRole {
        role: Option<Name>,
        account: Name,
    },
    /// A proxy, a routine, a setting: understood, and beside the point.
    Beside,
}

/// Reads a statement; `None` is a line that begins like one and can't be read to its end.
pub(super) fn statement(line: &str) -> Option<Statement> {
    let tokens = tokens(line);
    let mut cursor = Cursor { tokens: &tokens };
    if cursor.word("GRANT") {
        grant(&mut cursor)
    } else if cursor.word("REVOKE") {
        revoke(&mut cursor)
    } else if cursor.word("SET") {
        Some(default_role(&mut cursor).unwrap_or(Statement::Beside))
    } else {
        None
    }
}

/// Reads a list of roles as `CURRENT_ROLE()` shows it; `NONE` and `NULL` are an empty list.
pub(super) fn role_list(text: &str) -> Option<Vec<Name>> {
    let tokens = tokens(text);
    let mut cursor = Cursor { tokens: &tokens };
    if tokens.is_empty() || (tokens.len() == 1 && cursor.any_word(&["NONE", "NULL"])) {
        return Some(Vec::new());
    }
    let roles = cursor.names()?;
    cursor.tokens.is_empty().then_some(roles)
}

fn grant(cursor: &mut Cursor<'_>) -> Option<Statement> {
    if cursor.peek_word("PROXY") {
        return Some(Statement::Beside);
    }
    let Some(items) = cursor.privileges_before_on() else {
        let roles = cursor.names()?;
        return cursor
            .word("TO")
            .then(|| cursor.grantees())
            .flatten()
            .map(|to| Statement::Roles { roles, to });
    };
    let Some(place) = cursor.place()? else {
        return Some(Statement::Beside);
    };
    if !cursor.word("TO") {
        return None;
    }
    let to = cursor.grantees()?;
    let (held, columns) = sets(&items, &place);
    Some(Statement::Grant { place, held, columns, grantable: cursor.has_grant_option(), to })
}

fn revoke(cursor: &mut Cursor<'_>) -> Option<Statement> {
    let items = cursor.privileges_before_on()?;
    let Some(place) = cursor.place()? else {
        return Some(Statement::Beside);
    };
    if !cursor.word("FROM") {
        return None;
    }
    let from = cursor.grantees()?;
    let (taken, _) = sets(&items, &place);
    Some(Statement::Revoke { place, taken, from })
}

fn default_role(cursor: &mut Cursor<'_>) -> Option<Statement> {
    if !cursor.word("DEFAULT") || !cursor.word("ROLE") {
        return None;
    }
    let role = if cursor.word("NONE") { None } else { Some(cursor.name()?) };
    let account = cursor.word("FOR").then(|| cursor.name()).flatten()?;
    Some(Statement::DefaultRole { role, account })
}

/// One entry of a privilege list: its words, and whether columns followed.
struct Item {
    name: String,
    columns: bool,
}

/// What a list gives on whole objects, and what on columns only.
fn sets(items: &[Item], place: &Place) -> (Privileges, Privileges) {
    let level = match place {
        Place::Global => Level::Global,
        Place::Schema(_) => Level::Schema,
        Place::Table(..) => Level::Table,
    };
    let all = level.all();
    let (mut held, mut columns) = (Privileges::new(), Privileges::new());
    for item in items {
        if !item.columns && matches!(item.name.as_str(), "ALL" | "ALL PRIVILEGES") {
            held.extend(&all);
        } else if let Some(privilege) = Privilege::parse(&item.name).filter(|p| all.contains(p)) {
            if item.columns { &mut columns } else { &mut held }.insert(privilege);
        }
    }
    (held, columns)
}

/// A walk over the tokens of one statement.
struct Cursor<'a> {
    tokens: &'a [Token],
}

impl Cursor<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn peek_word(&self, keyword: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is_word(keyword))
    }

    fn word(&mut self, keyword: &str) -> bool {
        let found = self.peek_word(keyword);
        if found {
            self.next();
        }
        found
    }

    fn any_word(&mut self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.word(keyword))
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let found = self.tokens.first().is_some_and(|token| token.is_symbol(symbol));
        if found {
            self.next();
        }
        found
    }

    /// The privilege list up to `ON`; without one this is no grant of privileges, and nothing is
    /// taken.
    fn privileges_before_on(&mut self) -> Option<Vec<Item>> {
        let (mut depth, mut item) = (0_usize, Item { name: String::new(), columns: false });
        let mut items = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            match &token.kind {
                Kind::Symbol('(') => (depth, item.columns) = (depth + 1, true),
                Kind::Symbol(')') => depth = depth.checked_sub(1)?,
                Kind::Symbol(',') if depth == 0 => {
                    items.push(std::mem::replace(
                        &mut item,
                        Item { name: String::new(), columns: false },
                    ));
                }
                Kind::Word(word) if depth == 0 && word.eq_ignore_ascii_case("ON") => {
                    items.push(item);
                    self.tokens = &self.tokens[at + 1..];
                    return Some(items);
                }
                Kind::Word(word) if depth == 0 => {
                    if !item.name.is_empty() {
                        item.name.push(' ');
                    }
                    item.name.push_str(&word.to_ascii_uppercase());
                }
                _ if depth > 0 => {}
                _ => return None,
            }
        }
        None
    }

    /// The object after `ON`: `Some(None)` is a routine, where no table privilege can be granted.
    #[expect(clippy::option_option, reason = "unreadable and irrelevant are two answers")]
    fn place(&mut self) -> Option<Option<Place>> {
        let named = |token: Option<&Token>| {
            token.is_some_and(|token| matches!(token.kind, Kind::Word(_) | Kind::Quoted(_)))
        };
        // A keyword is one only where a name follows it: a schema may be called `function`.
        if named(self.tokens.get(1)) {
            if self.any_word(&["FUNCTION", "PROCEDURE", "PACKAGE", "LIBRARY"]) {
                return Some(None);
            }
            self.word("TABLE");
        }
        if self.symbol('*') {
            return (self.symbol('.') && self.symbol('*')).then_some(Some(Place::Global));
        }
        let schema = self.plain_name()?;
        if !self.symbol('.') {
            return None;
        }
        if self.symbol('*') {
            return Some(Some(Place::Schema(schema)));
        }
        let table = self.plain_name()?;
        Some(Some(Place::Table(schema, table)))
    }

    fn plain_name(&mut self) -> Option<String> {
        match &self.next()?.kind {
            Kind::Word(name) | Kind::Quoted(name) => Some(name.clone()),
            Kind::Symbol(_) | Kind::Unclosed => None,
        }
    }

    fn grantees(&mut self) -> Option<Vec<Grantee>> {
        let mut out = Vec::new();
        loop {
            out.push(if self.word("PUBLIC") {
                Grantee::Public
            } else {
                Grantee::Name(self.name()?)
            });
            if !self.symbol(',') {
                return Some(out);
            }
        }
    }

    fn names(&mut self) -> Option<Vec<Name>> {
        let mut out = vec![self.name()?];
        while self.symbol(',') {
            out.push(self.name()?);
        }
        Some(out)
    }

    /// A user or role with or without a host; bare names may hold dots.
    fn name(&mut self) -> Option<Name> {
        let user = self.run()?;
        let host = if self.symbol('@') { Some(self.run().unwrap_or_default()) } else { None };
        Some(Name { user, host })
    }

    /// A quoted string, or bare words and dots without a blank between them.
    fn run(&mut self) -> Option<String> {
        if let Kind::Quoted(text) = &self.tokens.first()?.kind {
            let text = text.clone();
            self.next();
            return Some(text);
        }
        let mut out = String::new();
        while let Some(token) = self.tokens.first() {
            match &token.kind {
                _ if token.spaced && !out.is_empty() => break,
                Kind::Word(word) => out.push_str(word),
                Kind::Symbol('.') => out.push('.'),
                _ => break,
            }
            self.next();
        }
        (!out.is_empty()).then_some(out)
    }

    fn has_grant_option(&self) -> bool {
        self.tokens.windows(2).any(|pair| pair[0].is_word("GRANT") && pair[1].is_word("OPTION"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(user: &str, host: &str) -> Name {
        Name { user: user.into(), host: Some(host.into()) }
    }

    fn on(line: &str) -> (Place, Privileges, Privileges, Vec<Grantee>) {
        match statement(line) {
            Some(Statement::Grant { place, held, columns, to, .. }) => (place, held, columns, to),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn one_grant_in_many_spellings() {
        let wanted = (
            Place::Schema("shop".into()),
            Privileges::from([Privilege::Select, Privilege::Insert]),
            Privileges::new(),
            vec![Grantee::Name(name("dms", "%"))],
        );
        for line in [
            "GRANT SELECT, INSERT ON `shop`.* TO `dms`@`%`",
            "GRANT SELECT,INSERT ON shop.* TO 'dms'@'%'",
            "grant Select, Insert on \"shop\".* to \"dms\"@\"%\" WITH GRANT OPTION;",
            "GRANT INSERT, SELECT, SHOW VIEW ON shop.* TO dms@% REQUIRE SSL",
            "GRANT SELECT, INSERT ON `shop`.* TO `dms`@`%` IDENTIFIED BY PASSWORD '*ABC",
        ] {
            assert_eq!(on(line), wanted, "{line}");
        }
    }

    #[test]
    fn columns_are_not_tables() {
        for line in [
            "GRANT SELECT(a, b), UPDATE ON `s`.`t` TO 'u'@'%'",
            "GRANT SELECT (`a`, `b)`), UPDATE ON s.t TO 'u'@'%'",
        ] {
            let (place, held, columns, _) = on(line);
            assert_eq!(place, Place::Table("s".into(), "t".into()), "{line}");
            assert_eq!(held, Privileges::from([Privilege::Update]), "{line}");
            assert_eq!(columns, Privileges::from([Privilege::Select]), "{line}");
        }
    }

    #[test]
    fn all_by_level() {
        assert_eq!(on("GRANT ALL PRIVILEGES ON *.* TO 'u'@'%'").1, Level::Global.all());
        assert_eq!(on("GRANT ALL ON `s`.* TO 'u'@'%'").1, Level::Schema.all());
        assert_eq!(on("GRANT ALL PRIVILEGES ON s.t TO u").1, Level::Table.all());
    }

    #[test]
    fn other_statements() {
        assert_eq!(
            statement("GRANT `r`@`%`,`r2`@`%` TO `u`@`%` WITH ADMIN OPTION"),
            Some(Statement::Roles {
                roles: vec![name("r", "%"), name("r2", "%")],
                to: vec![Grantee::Name(name("u", "%"))]
            })
        );
        assert_eq!(
            statement("SET DEFAULT ROLE `r` FOR `u`@`%`"),
            Some(Statement::DefaultRole {
                role: Some(Name { user: "r".into(), host: None }),
                account: name("u", "%")
            })
        );
        for beside in [
            "GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
            "GRANT EXECUTE ON FUNCTION `s`.`f` TO `u`@`%`",
            "GRANT EXECUTE ON PACKAGE BODY `s`.`f` TO `u`@`%`",
            "SET NAMES utf8mb4",
        ] {
            assert_eq!(statement(beside), Some(Statement::Beside), "{beside}");
        }
        assert_eq!(on("GRANT SELECT ON `function`.* TO u").0, Place::Schema("function".into()));
        assert_eq!(
            statement("REVOKE INSERT ON `s`.* FROM `u`@`%`"),
            Some(Statement::Revoke {
                place: Place::Schema("s".into()),
                taken: Privileges::from([Privilege::Insert]),
                from: vec![Grantee::Name(name("u", "%"))]
            })
        );
        for torn in
            ["GRANT SELECT, INS", "GRANT SELECT ON `sh", "REVOKE INSERT", "DENY SELECT ON *.* TO u"]
        {
            assert_eq!(statement(torn), None, "{torn}");
        }
    }

    #[test]
    fn accounts() {
        let to = |line: &str| on(line).3;
        assert_eq!(to("GRANT USAGE ON *.* TO PUBLIC"), [Grantee::Public]);
        assert_eq!(
            to("GRANT USAGE ON *.* TO 3pTA.root@10.0.%"),
            [Grantee::Name(name("3pTA.root", "10.0.%"))]
        );
        assert_eq!(
            to("GRANT USAGE ON *.* TO u@172.16.1.0/255.255.255.0"),
            [Grantee::Name(name("u", "172.16.1.0/255.255.255.0"))]
        );
        assert_eq!(to("GRANT USAGE ON *.* TO 'u'@''"), [Grantee::Name(name("u", ""))]);
    }

    #[test]
    fn current_role_lists() {
        assert_eq!(role_list("NONE"), Some(vec![]));
        assert_eq!(role_list(" null "), Some(vec![]));
        assert_eq!(role_list("`r1`@`%`,`r2`@`%`"), Some(vec![name("r1", "%"), name("r2", "%")]));
        assert_eq!(role_list("dms_role"), Some(vec![Name { user: "dms_role".into(), host: None }]));
        assert_eq!(role_list("`r1` `r2`"), None);
    }
}

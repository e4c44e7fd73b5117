//! How a schema name in a grant matches a schema, and which of two patterns goes first.

/// Whether a row's schema name covers a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// Versions of the same server are known, or likely, to differ here.
    Unsure,
}

/// How a family reads a pattern where `LIKE` leaves room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A backslash protects every character, or in some versions only wildcards and itself.
    TiDb,
    /// A backslash protects every character.
    MariaDb,
    /// As `MariaDb`, but its walk changed between versions where a name ends early.
    MySql,
}

/// A schema name as a grant writes it, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Literal(char),
    One,
    Many,
}

/// Whether `name` has a wildcard character at all, escaped or not: MySQL sorts rows by this.
pub(super) fn has_wildcard_characters(name: &str) -> bool {
    name.contains(['_', '%'])
}

/// Matches a row against a schema by the rules of `LIKE`.
pub(super) fn like(row: &str, schema: &str, dialect: Dialect) -> Match {
    let pieces = pieces(row, true);
    let name: Vec<char> = schema.chars().collect();
    let matched = covers(&pieces, &name);
    let unsteady = match dialect {
        Dialect::TiDb => {
            covers(&self::pieces(row, false), &name) != matched
                || counts_bytes(&pieces, schema, matched)
        }
        Dialect::MariaDb => counts_bytes(&pieces, schema, matched),
        Dialect::MySql => {
            ends_early(&pieces, &name)
                || counts_bytes(&pieces, schema, matched)
                || covers(&without_ones_after_many(&pieces), &name) != matched
        }
    };
    match matched {
        _ if unsteady => Match::Unsure,
        true => Match::Yes,
        false => Match::No,
    }
}

/// Whether the row can cover no schema but this one.
pub(super) fn is_exactly(row: &str, schema: &str, any_escape: bool) -> bool {
    let mut pieces = pieces(row, any_escape).into_iter();
    let mut name = schema.chars();
    pieces.by_ref().all(|piece| matches!(piece, Piece::Literal(c) if name.next() == Some(c)))
        && name.next().is_none()
}

/// The pattern that covers exactly this schema.
pub(super) fn escaped(schema: &str) -> String {
    let mut out = String::with_capacity(schema.len());
    for c in schema.chars() {
        if matches!(c, '_' | '%' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// MySQL's order: literal names first, then by the length before the first wildcard.
///
/// A larger rank goes first; rows of one rank can come in any order.
pub(super) fn mysql_rank(row: &str, lone_percent_last: bool) -> usize {
    let mut chars = row.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '%' if lone_percent_last && row == "%" => return 1,
            '%' | '_' => return (at + 2).min(127),
            _ => {}
        }
    }
    128
}

/// MariaDB's order: by how many names a pattern can cover, fewest first.
///
/// A smaller rank goes first. MariaDB breaks ties by the length before the first wildcard, but
/// not the same way in every version, so rows of one rank are taken to come in any order.
pub(super) fn mariadb_rank(row: &str) -> (usize, usize, usize, usize) {
    const LONGEST_NAME: usize = 64;
    let (mut literals, mut ones, mut manys) = (0, 0, 0);
    let mut before = None;
    for piece in pieces(row, true) {
        match piece {
            Piece::Literal(_) => literals += 1,
            Piece::One => ones += 1,
            Piece::Many if before == Some(Piece::Many) => {}
            Piece::Many => manys += 1,
        }
        before = Some(piece);
    }
    let free = if manys > 0 { LONGEST_NAME.saturating_sub(literals + ones) } else { 0 };
    if free > ones { (free, 1, manys, ones) } else { (ones, 0, free, manys) }
}

fn pieces(row: &str, any_escape: bool) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '%' => Piece::Many,
            '_' => Piece::One,
            '\\' => match chars.peek().copied() {
                Some(next) if any_escape || matches!(next, '%' | '_' | '\\') => {
                    chars.next();
                    Piece::Literal(next)
                }
                _ => Piece::Literal('\\'),
            },
            _ => Piece::Literal(c),
        });
    }
    out
}

/// `LIKE` without recursion: the classic walk that remembers the last `%`.
fn covers(pieces: &[Piece], name: &[char]) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        match pieces.get(piece) {
            Some(Piece::Many) => {
                retry = Some((piece + 1, at));
                piece += 1;
            }
            Some(Piece::One) => (piece, at) = (piece + 1, at + 1),
            Some(Piece::Literal(c)) if *c == name[at] => (piece, at) = (piece + 1, at + 1),
            _ => {
                let Some((after, from)) = retry else {
                    return false;
                };
                (piece, at) = (after, from + 1);
                retry = Some((after, from + 1));
            }
        }
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::Many)
}

/// Whether the name ends right on a `_` with pattern left over: MySQL's own walk stops there, with
/// answers that changed between versions. A `_` right after a `%` is looked at in another place.
fn ends_early(pieces: &[Piece], name: &[char]) -> bool {
    (1..pieces.len()).any(|end| {
        let (walked, left) = pieces.split_at(end);
        let before = walked.iter().rev().find(|piece| **piece != Piece::One);
        walked[end - 1] == Piece::One
            && (before != Some(&Piece::Many) || left.iter().all(|piece| *piece == Piece::Many))
            && covers(walked, name)
    })
}

/// The pattern as MySQL 9.7 walks it: a `_` after a `%` asks for a character to be left and doesn't
/// take it, so that `%_shop` covers `shop`.
fn without_ones_after_many(pieces: &[Piece]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len();
        if last || *piece != Piece::One || out.last() != Some(&Piece::Many) {
            out.push(*piece);
        }
    }
    out
}

/// Whether it matters that a `_` is a character here and a byte there.
fn counts_bytes(pieces: &[Piece], schema: &str, matched: bool) -> bool {
    if schema.is_ascii() || !pieces.contains(&Piece::One) {
        return false;
    }
    let wide = |text: &str| text.bytes().map(char::from).collect::<Vec<char>>();
    let bytes: Vec<Piece> = pieces
        .iter()
        .flat_map(|piece| match piece {
            Piece::Literal(c) => {
                wide(c.encode_utf8(&mut [0; 4])).into_iter().map(Piece::Literal).collect()
            }
            other => vec![*other],
        })
        .collect();
    covers(&bytes, &wide(schema)) != matched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_servers_do() {
        for (row, schema, expected) in [
            ("app", "app", Match::Yes),
            ("app", "apple", Match::No),
            ("app%", "app", Match::Yes),
            ("app%", "apple", Match::Yes),
            ("%", "anything", Match::Yes),
            ("my_app", "my_app", Match::Yes),
            ("my_app", "myxapp", Match::Yes),
            ("my\\_app", "my_app", Match::Yes),
            ("my\\_app", "myxapp", Match::No),
            ("a__", "app", Match::Yes),
            ("a__", "apple", Match::No),
            ("%pp%", "apple", Match::Yes),
            ("a%p%x", "apple", Match::No),
            ("m%_app", "my_app", Match::Yes),
            ("ap_%", "app", Match::Unsure),
            ("ap_le", "app", Match::Unsure),
            ("_", "ä", Match::Unsure),
        ] {
            assert_eq!(like(row, schema, Dialect::MySql), expected, "{row} on {schema}");
        }
        // MySQL 9.7.4 lets these in, older ones don't.
        for (row, schema) in [
            ("%_shop", "shop"),
            ("%_%shop", "shop"),
            ("s%_hop", "shop"),
            ("%_shop%", "shop"),
            ("%_____", "shop"),
            ("%_my_shop", "my_shop"),
        ] {
            assert_eq!(like(row, schema, Dialect::MySql), Match::Unsure, "{row} on {schema}");
            assert_eq!(like(row, schema, Dialect::MariaDb), Match::No, "{row} on {schema}");
        }
        for (row, schema) in
            [("shop%_", "shop"), ("_%shop", "shop"), ("%_shop_", "shop"), ("%s_shop", "shop")]
        {
            assert_eq!(like(row, schema, Dialect::MySql), Match::No, "{row} on {schema}");
        }
        assert_eq!(like("%_op", "shop", Dialect::MySql), Match::Yes);
        assert_eq!(like("ap_%", "app", Dialect::MariaDb), Match::Yes);
        assert_eq!(like("ap_le", "app", Dialect::MariaDb), Match::No);
        assert_eq!(like("ap_%", "app", Dialect::TiDb), Match::Yes);
        assert_eq!(like("a\\pp", "app", Dialect::MySql), Match::Yes);
        // TiDB 8.5.3 lets these in or not as MariaDB does; older ones read the backslash as a character.
        assert_eq!(like("a\\pp", "app", Dialect::TiDb), Match::Unsure);
        assert_eq!(like("a\\pp", "a\\pp", Dialect::TiDb), Match::Unsure);
        assert_eq!(like("a\\pp", "apple", Dialect::TiDb), Match::No);
        // And it takes a `_` for a byte.
        assert_eq!(like("sch_n", "schön", Dialect::TiDb), Match::Unsure);
        assert_eq!(like("sch__n", "schön", Dialect::TiDb), Match::Unsure);
        assert_eq!(like("sch%n", "schön", Dialect::TiDb), Match::Yes);
        assert_eq!(like("schön", "schön", Dialect::TiDb), Match::Yes);
    }

    #[test]
    fn exact_rows() {
        assert!(is_exactly("my\\_app", "my_app", true));
        assert!(!is_exactly("my_app", "my_app", true));
        assert!(is_exactly(&escaped("a_b%c\\d"), "a_b%c\\d", true));
        assert!(is_exactly(&escaped("a_b%c\\d"), "a_b%c\\d", false));
        assert!(!is_exactly("app", "apple", true));
    }

    #[test]
    fn orders() {
        assert!(mysql_rank("app", true) > mysql_rank("app%", true));
        assert!(mysql_rank("app%", true) > mysql_rank("a%", true));
        assert!(mysql_rank("a%", true) > mysql_rank("%", true));
        assert!(mysql_rank("app%", true) > mysql_rank("a__", true));
        assert!(mysql_rank("%x", true) > mysql_rank("%", true));
        assert_eq!(mysql_rank("%x", false), mysql_rank("%", false));
        assert_eq!(mysql_rank("a\\_b", true), 128);
        assert!(mariadb_rank("app") < mariadb_rank("a__"));
        assert!(mariadb_rank("a__") < mariadb_rank("app%"));
        assert!(mariadb_rank("app%") < mariadb_rank("a%"));
        assert!(mariadb_rank("a%") < mariadb_rank("%"));
        assert_eq!(mariadb_rank("abc_"), mariadb_rank("a_bc"));
    }
}

//! Cuts one statement into tokens; nothing of it is kept that the parser doesn't ask for.

/// A token, and whether a blank stood before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) spaced: bool,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare run of characters: a keyword, a name, a piece of a host.
    Word(String),
    /// A quoted name or string, quotes taken off.
    Quoted(String),
    /// One of `, ( ) . @ * ;`.
    Symbol(char),
    /// A quote that is never closed.
    Unclosed,
}

/// Reads tokens to the end of the line.
pub(super) fn tokens(line: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = line.chars().peekable();
    let mut spaced = true;
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            spaced = true;
            continue;
        }
        let kind = if is_quote(c) {
            chars.next();
            quoted(&mut chars, c)
        } else if is_symbol(c) {
            chars.next();
            Kind::Symbol(c)
        } else {
            let mut word = String::new();
            while let Some(c) =
                chars.next_if(|c| !c.is_whitespace() && !is_quote(*c) && !is_symbol(*c))
            {
                word.push(c);
            }
            Kind::Word(word)
        };
        out.push(Token { kind, spaced });
        spaced = false;
    }
    out
}

impl Token {
    /// Whether this is the bare keyword, in any letter case; a quoted name never is one.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether this is the symbol.
    pub(super) fn is_symbol(&self, symbol: char) -> bool {
        self.kind == Kind::Symbol(symbol)
    }
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> Kind {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.next_if_eq(&quote).is_some() {
            text.push(quote);
        } else {
            return Kind::Quoted(text);
        }
    }
    Kind::Unclosed
}

fn is_quote(c: char) -> bool {
    matches!(c, '`' | '\'' | '"')
}

fn is_symbol(c: char) -> bool {
    matches!(c, ',' | '(' | ')' | '.' | '@' | '*' | ';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_every_kind() {
        let kinds: Vec<Kind> =
            tokens("`a``b` 'c''d' \"e\" f `g").into_iter().map(|token| token.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Quoted("a`b".into()),
                Kind::Quoted("c'd".into()),
                Kind::Quoted("e".into()),
                Kind::Word("f".into()),
                Kind::Unclosed
            ]
        );
    }
}

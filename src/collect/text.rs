//! Files as people's machines write them: UTF-8 with or without a byte order mark, or UTF-16, which
//! is what `>` writes in Windows PowerShell.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// What a file is, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// It begins as a JSON object or list does.
    Json,
    /// It begins otherwise.
    Other,
    /// There is nothing in it, or white space alone.
    Empty,
}

/// A text to read as UTF-8.
pub(super) type Text<'a> = BufReader<Counted<'a>>;

/// How far a text has been read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Place {
    /// The lines that are behind.
    pub(super) line: usize,
    /// The bytes of this line that are behind.
    pub(super) column: usize,
}

/// Where `text` stands.
pub(super) fn place(text: &Text) -> Place {
    let counted = text.get_ref();
    let at = counted.read - text.buffer().len();
    let behind = counted.starts.iter().take_while(|start| **start <= at).count();
    let start = behind.checked_sub(1).map_or(counted.start, |last| counted.starts[last]);
    Place { line: counted.lines + behind, column: at - start }
}

/// Remembers where lines begin in the part of a text that was read last.
pub(super) struct Counted<'a> {
    text: Box<dyn Read + 'a>,
    /// How many bytes were read.
    read: usize,
    /// How many lines ended before the last part, and where the last of these ended.
    lines: usize,
    start: usize,
    /// Where lines begin in the last part.
    starts: Vec<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.text.read(buffer)?;
        self.lines += self.starts.len();
        self.start = self.starts.last().copied().unwrap_or(self.start);
        let breaks = buffer[..length].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let read = self.read;
        self.starts.clear();
        self.starts.extend(breaks.map(|(place, _)| read + place + 1));
        self.read += length;
        Ok(length)
    }
}

/// Larger than what decides about a file, small enough for thousands of them.
const BUFFER: usize = 64 * 1024;

/// How much of a file tells what it is.
const START: u64 = 512;

/// Opens a text, whatever encoding it is in.
pub(super) fn open<'a>(mut file: impl Read + 'a) -> io::Result<Text<'a>> {
    let mut start = Vec::new();
    // A pipe may bring its first bytes one at a time, and it takes some to know a text.
    file.by_ref().take(START).read_to_end(&mut start)?;
    let (mark, is_utf16): (usize, Option<Unit>) = match start[..] {
        [0xEF, 0xBB, 0xBF, ..] => (3, None),
        [0xFF, 0xFE, ..] => (2, Some(u16::from_le_bytes)),
        [0xFE, 0xFF, ..] => (2, Some(u16::from_be_bytes)),
        [b'{' | b'[', 0, ..] => (0, Some(u16::from_le_bytes)),
        [0, b'{' | b'[', ..] => (0, Some(u16::from_be_bytes)),
        _ => (0, None),
    };
    start.drain(..mark);
    let bytes = Cursor::new(start).chain(file);
    let text: Box<dyn Read + 'a> = match is_utf16 {
        Some(unit) => Box::new(Utf16 {
            units: Units { bytes: BufReader::with_capacity(BUFFER, bytes), unit },
            held: None,
        }),
        None => Box::new(bytes),
    };
    let counted = Counted { text, read: 0, lines: 0, start: 0, starts: Vec::new() };
    Ok(BufReader::with_capacity(BUFFER, counted))
}

/// Looks at how a text begins behind white space, and leaves it there.
///
/// A list that begins with a word is the head of a section in TOML or INI, not JSON.
pub(super) fn kind(text: &mut Text) -> io::Result<Kind> {
    loop {
        let bytes = text.fill_buf()?;
        let blank =
            bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
        let is_end = bytes.is_empty();
        let kind = match &bytes[blank..] {
            [] if is_end => Kind::Empty,
            // White space alone so far; what follows decides.
            [] => {
                text.consume(blank);
                continue;
            }
            [b'{', ..] => Kind::Json,
            [b'[', rest @ ..] if begins_a_list(rest) => Kind::Json,
            _ => Kind::Other,
        };
        text.consume(blank);
        return Ok(kind);
    }
}

fn begins_a_list(rest: &[u8]) -> bool {
    let rest = rest
        .iter()
        .position(|byte| !byte.is_ascii_whitespace() && *byte != b'[')
        .map_or(&[][..], |place| &rest[place..]);
    match rest {
        [] | [b'{' | b'"' | b']' | b'-' | b'0'..=b'9', ..] => true,
        word => ["true", "false", "null"].iter().any(|value| word.starts_with(value.as_bytes())),
    }
}

type Unit = fn([u8; 2]) -> u16;

/// The code units of a UTF-16 text. A half one at the end is an error.
struct Units<R> {
    bytes: BufReader<R>,
    unit: Unit,
}

impl<R: Read> Units<R> {
    fn next(&mut self) -> io::Result<Option<u16>> {
        let mut pair = [0; 2];
        if self.bytes.fill_buf()?.is_empty() {
            return Ok(None);
        }
        self.bytes.read_exact(&mut pair)?;
        Ok(Some((self.unit)(pair)))
    }
}

/// A UTF-16 text, read as UTF-8.
struct Utf16<R> {
    units: Units<R>,
    /// A unit that was read to see whether it completes a pair, and doesn't.
    held: Option<u16>,
}

impl<R: Read> Utf16<R> {
    fn next_char(&mut self) -> io::Result<Option<char>> {
        let Some(first) =
            self.held.take().map_or_else(|| self.units.next(), |unit| Ok(Some(unit)))?
        else {
            return Ok(None);
        };
        let mut pair = vec![first];
        if (0xD800..0xDC00).contains(&first) {
            match self.units.next()? {
                Some(second) if (0xDC00..0xE000).contains(&second) => pair.push(second),
                other => self.held = other,
            }
        }
        let letter = char::decode_utf16(pair)
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .next();
        Ok(letter)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut length = 0;
        // Behind a `BufReader` the buffer is always long enough for some letters.
        while buffer.len() - length >= 4 {
            let Some(letter) = self.next_char()? else {
                break;
            };
            length += letter.encode_utf8(&mut buffer[length..]).len();
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_knows_where_it_stands() {
        let long = "x".repeat(3 * BUFFER);
        let content = format!("ab\n{long}\ncd\n");
        let mut text = open(content.as_bytes()).unwrap();
        let mut byte = [0];
        let mut expected = Place::default();
        for (at, letter) in content.bytes().enumerate() {
            if at < 600 || at % 1000 == 0 || at > long.len() {
                assert_eq!(place(&text), expected, "{at}");
            }
            text.read_exact(&mut byte).unwrap();
            expected = match letter {
                b'\n' => Place { line: expected.line + 1, column: 0 },
                _ => Place { column: expected.column + 1, ..expected },
            };
        }
        assert_eq!(place(&text), Place { line: 3, column: 0 });
    }
}

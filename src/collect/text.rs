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
pub(super) type Text<'a> = BufReader<Box<dyn Read + 'a>>;

/// How far a text has been read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Place {
    /// The lines that are behind.
    pub(super) line: usize,
    /// The bytes of this line that are behind.
    pub(super) column: usize,
}

/// A text that knows how far it has been read.
pub(super) struct Placed<R> {
    text: R,
    pub(super) place: Place,
}

impl<R> Placed<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, place: Place::default() }
    }

    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.place = Place { line: self.place.line + 1, column: 0 };
            } else {
                self.place.column += 1;
            }
        }
    }
}

impl<R: BufRead> Read for Placed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.text.read(buffer)?;
        self.pass(&buffer[..length]);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Placed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.text.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        let passed =
            self.text.fill_buf().map_or_else(|_| Vec::new(), |bytes| bytes[..length].to_vec());
        self.pass(&passed);
        self.text.consume(length);
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
    Ok(BufReader::with_capacity(BUFFER, text))
}

/// Looks at how a text begins behind white space, and leaves it there.
///
/// A list that begins with a word is the head of a section in TOML or INI, not JSON.
pub(super) fn kind(text: &mut impl BufRead) -> io::Result<Kind> {
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

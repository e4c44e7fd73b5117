//! Text for people: data made harmless, wrapping, and commands that can be copied.

use std::fmt::Write as _;

use textwrap::{Options, WordSplitter, WrapAlgorithm, core::display_width};

/// Below this nothing can be laid out.
const NARROWEST: usize = 40;

/// How wide a report is, and whether it may have colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
}

impl Style {
    /// What a file gets: 80 columns, no colour.
    pub const FILE: Self = Self { width: 80, colour: false };

    /// What standard output can show: the terminal's width within reason; colour only on a terminal,
    /// and only where `NO_COLOR` and its like don't forbid it.
    pub fn of_stdout() -> Self {
        let width = terminal_size::terminal_size_of(std::io::stdout())
            .map_or(80, |(width, _)| usize::from(width.0));
        let choice = anstream::AutoStream::choice(&std::io::stdout());
        Self { width: width.clamp(NARROWEST, 120), colour: choice != anstream::ColorChoice::Never }
    }

    /// The width that is worked with: below it nothing can be laid out.
    pub(super) fn columns(&self) -> usize {
        self.width.max(NARROWEST)
    }

    /// Text in a tone.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let style = tone.style();
        if !self.colour || text.is_empty() || style.is_plain() {
            return text.to_owned();
        }
        format!("{style}{text}{style:#}")
    }
}

/// What a piece of text is to the reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    /// Just text.
    Plain,
    /// Something to see first.
    Strong,
    /// Something to see last.
    Dim,
    /// Good.
    Good,
    /// Broken.
    Bad,
    /// Undecided, or a warning.
    Doubtful,
}

impl Tone {
    fn style(self) -> anstyle::Style {
        use anstyle::AnsiColor::{Green, Red, Yellow};
        match self {
            Self::Plain => anstyle::Style::new(),
            Self::Strong => anstyle::Style::new().bold(),
            Self::Dim => anstyle::Style::new().dimmed(),
            Self::Good => anstyle::Style::new().fg_color(Some(Green.into())),
            Self::Bad => anstyle::Style::new().fg_color(Some(Red.into())).bold(),
            Self::Doubtful => anstyle::Style::new().fg_color(Some(Yellow.into())),
        }
    }
}

/// Makes a string from a server, from AWS or from a file harmless for a terminal: one line, no escape
/// sequences, no control characters, nothing that reorders or hides what is around it.
///
/// Complete escape sequences vanish; of an incomplete one only the escape character is replaced, so
/// that it can't swallow what follows. Line breaks and tabs become a space, anything else that has no
/// business in a name or a message becomes `�`.
pub fn plain(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        if matches!(letter, '\u{1b}' | '\u{9b}' | '\u{9d}')
            && let Some(end) = sequence_end(letter, after)
        {
            rest = &after[end..];
            continue;
        }
        rest = after;
        match letter {
            '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                if !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            _ if is_unsafe(letter) => clean.push('\u{fffd}'),
            _ => clean.push(letter),
        }
    }
    clean
}

/// Whether a character controls a terminal, or reorders or hides text.
pub(super) fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'
                | '\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Where an escape sequence ends, in bytes of what follows its introducer; `None` if it doesn't.
fn sequence_end(introducer: char, after: &str) -> Option<usize> {
    let (kind, start) = match introducer {
        '\u{9b}' => ('[', 0),
        '\u{9d}' => (']', 0),
        _ => {
            let kind = after.chars().next()?;
            (kind, kind.len_utf8())
        }
    };
    let body = &after[start..];
    match kind {
        '[' => {
            let end = body.find(|letter: char| !matches!(letter, ' '..='?'))?;
            let last = body[end..].chars().next()?;
            matches!(last, '@'..='~').then_some(start + end + 1)
        }
        // A string ends with its terminator. Another control character before that, and it is no
        // string: what looks like one must not swallow what stands behind it.
        ']' | 'P' | 'X' | '^' | '_' => {
            let end = body.find(char::is_control)?;
            let terminator = ["\u{7}", "\u{1b}\\", "\u{9c}"]
                .iter()
                .find(|terminator| body[end..].starts_with(**terminator))?;
            Some(start + end + terminator.len())
        }
        ' '..='/' => {
            let last = body.chars().next()?;
            matches!(last, '0'..='~').then_some(start + 1)
        }
        '0'..='~' => Some(start),
        _ => None,
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    display_width(text)
}

/// Cuts a text to some columns, with `…` where something was cut off.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if width(&short) + width(letter.encode_utf8(&mut [0; 4])) >= columns {
            break;
        }
        short.push(letter);
    }
    short.push('…');
    short
}

/// Text broken into lines of at most `columns`. Ids and addresses aren't broken unless they have to.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let options = Options::new(columns.max(10))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// A command in lines that can be copied as they are: a shell command is broken between arguments with
/// ` \`, an SQL statement between words. The first line of a shell command starts with `$ `.
pub(super) fn command(command: &str, columns: usize) -> Vec<String> {
    let command = plain(command);
    if is_sql(&command) {
        return statement(&command, columns);
    }
    let units = units(&command);
    let mut lines = Vec::new();
    let mut line = String::from("$");
    let mut is_empty = true;
    for unit in units {
        // Two columns are kept for the backslash.
        if !is_empty && width(&line) + 1 + width(&unit) + 2 > columns {
            let _ = write!(line, " \\");
            lines.push(std::mem::replace(&mut line, "   ".into()));
        }
        let _ = write!(line, " {unit}");
        is_empty = false;
    }
    lines.push(line);
    lines
}

/// An SQL statement, broken at blanks that aren't in quotes: a broken name would be another name.
fn statement(statement: &str, columns: usize) -> Vec<String> {
    let mut quote = None;
    let words = statement.split(|letter| {
        match quote {
            None if matches!(letter, '`' | '\'' | '"') => quote = Some(letter),
            Some(open) if open == letter => quote = None,
            _ => {}
        }
        letter == ' ' && quote.is_none()
    });
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Whether a command is for the server, and not for a shell.
pub(super) fn is_sql(command: &str) -> bool {
    let first = command.split(' ').next().unwrap_or_default();
    command.ends_with(';')
        && first.len() > 2
        && first.bytes().all(|letter| letter.is_ascii_uppercase())
}

/// The arguments of a shell command, an option with its value as one where that isn't too long.
fn units(command: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    for argument in arguments(command) {
        match units.last_mut() {
            Some(last)
                if last.starts_with("--")
                    && !last.contains(' ')
                    && !argument.starts_with('-')
                    && last.len() + argument.len() < 70 =>
            {
                last.push(' ');
                last.push_str(argument);
            }
            _ => units.push(argument.to_owned()),
        }
    }
    units
}

/// Splits a command at spaces that aren't quoted.
fn arguments(command: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut start = 0;
    for (at, letter) in command.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quote != Some('\'') => escaped = true,
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            ' ' if quote.is_none() => {
                arguments.push(&command[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(&command[start..]);
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

/// `1 check`, `2 checks`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Lines of a report, wrapped and toned.
pub(super) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    pub(super) fn columns(&self) -> usize {
        self.style.columns()
    }

    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// A line as it is.
    pub(super) fn raw(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line; never two, and none on top.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Wrapped text behind an indent.
    pub(super) fn paragraph(&mut self, indent: usize, tone: Tone, text: &str) {
        self.labelled(&" ".repeat(indent), Tone::Plain, tone, text);
    }

    /// Wrapped text behind a label; its further lines stand under its first.
    pub(super) fn labelled(&mut self, label: &str, label_tone: Tone, tone: Tone, text: &str) {
        let indent = width(label);
        let room = self.columns().saturating_sub(indent);
        for (index, line) in wrap(text, room).iter().enumerate() {
            let before =
                if index == 0 { self.style.paint(label_tone, label) } else { " ".repeat(indent) };
            let line = self.style.paint(tone, line);
            self.raw(&format!("{before}{line}"));
        }
    }

    /// A command behind an indent.
    pub(super) fn command(&mut self, indent: usize, text: &str) {
        for line in command(text, self.columns().saturating_sub(indent)) {
            self.raw(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_escape_characters_never_reach_the_terminal() {
        let cases = [
            ("subnet-0a11", "subnet-0a11"),
            ("a\u{1b}[31mred\u{1b}[0mb", "aredb"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended", "\u{fffd}]0;never ended"),
            ("\u{9b}2Jx", "x"),
            ("\u{1b}cx", "x"),
            ("\u{1b}", "\u{fffd}"),
            ("\u{1b}[", "\u{fffd}["),
            ("a\r\nb\tc", "a b c"),
            ("a\0b\u{7f}c\u{8}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
            ("\u{202e}gnp.exe", "\u{fffd}gnp.exe"),
            ("a\u{2066}b\u{200b}c", "a\u{fffd}b\u{fffd}c"),
            ("数据库 🦀 é", "数据库 🦀 é"),
        ];
        for (from, to) in cases {
            assert_eq!(plain(from), to, "{from:?}");
            assert_eq!(plain(to), to, "twice");
        }
    }

    #[test]
    fn no_sequence_of_hostile_characters_passes() {
        let alphabet = ['\u{1b}', '[', ']', 'P', '3', ';', 'm', '\u{7}', '\\', '\u{9b}', 'é', ' '];
        let mut seed: u32 = 7;
        for _ in 0..20_000 {
            let text: String = (0..8)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    alphabet[(seed >> 16) as usize % alphabet.len()]
                })
                .collect();
            assert!(!plain(&text).chars().any(is_unsafe), "{text:?}");
        }
    }

    #[test]
    fn commands_break_between_arguments_and_mean_the_same() {
        let line = "NAT=$(aws ec2 create-nat-gateway --region us-east-1 --subnet-id subnet-0c30 \
                    --allocation-id \"$A B\" --query NatGateway.NatGatewayId --output text)";
        let lines = command(line, 60);
        assert!(lines.iter().all(|line| width(line) <= 60), "{lines:#?}");
        let joined: Vec<&str> = lines
            .iter()
            .map(|line| line.trim_start_matches("$ ").trim_end_matches('\\').trim())
            .collect();
        assert_eq!(joined.join(" "), line);
    }

    #[test]
    fn sql_has_no_prompt_and_no_backslash() {
        let lines = command("GRANT SELECT, INSERT ON `shop`.* TO 'dms'@'%';", 30);
        assert_eq!(lines, ["GRANT SELECT, INSERT ON", "`shop`.* TO 'dms'@'%';"]);
        let lines = command("GRANT SELECT ON `a  b c`.* TO `d e`@'%';", 17);
        assert_eq!(lines, ["GRANT SELECT ON", "`a  b c`.* TO", "`d e`@'%';"]);
    }

    #[test]
    fn wide_letters_count_twice() {
        assert_eq!(cut("数据库数据库", 5), "数据…");
        assert_eq!(cut("abc", 3), "abc");
    }
}

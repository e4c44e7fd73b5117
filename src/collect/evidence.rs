//! Evidence: what a customer sends in files. AWS CLI output above all; also `SHOW GRANTS`, the output
//! of `openssl s_client`, certificates, answers of TiDB Cloud's API, a task's settings and mappings.
//!
//! A file is known by what it holds, never by its name. JSON is read as it streams in: what no check
//! reads is never held, so memory follows what is kept and not how large a file is.

use std::{
    collections::{BTreeSet, HashSet},
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufRead, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::de::DeserializeSeed;
use serde_json::json;
use tidb_dms_checks::facts::{
    Facts, Gap, Inventory, Unlock,
    inventory::{
        Extent,
        ec2::{PrefixListEntries, VpcAttributes},
        iam::{AttachedPolicy, KmsKey, Role},
    },
};

use super::{
    CollectError,
    document::{Contents, Document},
    foreign,
    loose::{self, Found, Loose, Part},
    text::{self, Kind, Place},
    tidb_cloud::Saved,
    transcript::{self, Printed},
};

/// Reads files, and folders with everything below them, as one body of evidence, and merges it into
/// the facts. Notes say what was left aside, one line each.
///
/// Files are read in the order of their names, so that the same evidence gives the same facts. What
/// a folder holds besides evidence is passed over; a file that was named itself has to be evidence.
/// What doesn't say itself which end of which migration it is about is returned, to be settled once
/// that is known.
pub fn read<P: AsRef<Path>>(
    paths: &[P],
    taken_at: Timestamp,
    into: &mut Facts,
    notes: &mut Vec<String>,
) -> Result<Loose, CollectError> {
    let mut reading = Reading {
        inventory: Inventory::default(),
        loose: Loose::default(),
        unread: BTreeSet::new(),
        is_found: false,
        broken: None,
        notes,
    };
    for path in paths {
        reading.path(path.as_ref())?;
    }
    if !reading.is_found {
        let paths = paths.iter().map(|path| path.as_ref().into()).collect();
        return Err(CollectError::NothingFound { paths, why: reading.broken.unwrap_or_default() });
    }
    if !reading.unread.is_empty() {
        let keys: Vec<String> = reading.unread.into_iter().collect();
        let note = format!("no check reads {}", keys.join(", "));
        reading.notes.push(note);
    }
    let mut evidence = Facts::new(taken_at);
    evidence.inventory = reading.inventory;
    into.merge(evidence);
    Ok(reading.loose)
}

/// What a file turned out to hold.
enum Held {
    /// Evidence.
    Read,
    /// Evidence that can't be used, with the reason.
    Broken(String),
    /// Something else.
    Other,
    /// Nothing.
    Empty,
}

/// No text of a session or a handshake is longer than this.
const LONGEST: u64 = 8 * 1024 * 1024;

/// How many unread keys a note lists.
const UNREAD: usize = 64;

/// Evidence while it is being read.
struct Reading<'a> {
    /// The lists as delivered, resources that were seen twice still standing twice.
    inventory: Inventory,
    loose: Loose,
    unread: BTreeSet<String>,
    is_found: bool,
    /// The first file that would be evidence, and why it isn't.
    broken: Option<String>,
    notes: &'a mut Vec<String>,
}

impl Reading<'_> {
    fn note(&mut self, path: &Path, what: &str) {
        self.notes.push(format!("{}: {what}", path.display()));
    }

    /// Reads a path that was named.
    fn path(&mut self, path: &Path) -> Result<(), CollectError> {
        let io = |error| CollectError::io(path, error);
        if !fs::metadata(path).map_err(io)?.is_dir() {
            // A pipe is as good as a file.
            return match self.file(path)? {
                Held::Read => Ok(()),
                Held::Other => Err(CollectError::NotJson(path.into())),
                Held::Broken(reason) => Err(CollectError::Text { path: path.into(), reason }),
                Held::Empty => Err(CollectError::EmptyFile(path.into())),
            };
        }
        let mut entered = HashSet::from([path.canonicalize().map_err(io)?]);
        if self.folder(path, &mut entered)? == 0 {
            return Err(CollectError::EmptyFolder(path.into()));
        }
        Ok(())
    }

    /// Reads all files below a folder, and says how many there are. Links are followed, but no
    /// folder is entered twice.
    fn folder(
        &mut self,
        folder: &Path,
        entered: &mut HashSet<PathBuf>,
    ) -> Result<usize, CollectError> {
        let mut files = 0;
        for path in entries(folder).map_err(|error| CollectError::io(folder, error))? {
            let io = |error| CollectError::io(&path, error);
            let Ok(metadata) = fs::metadata(&path) else {
                self.note(&path, "skipped, a link that leads nowhere");
                continue;
            };
            if metadata.is_dir() {
                if entered.insert(path.canonicalize().map_err(io)?) {
                    files += self.folder(&path, entered)?;
                }
                continue;
            }
            files += 1;
            if !metadata.is_file() {
                // A pipe that nobody writes to would hold us for ever.
                self.note(&path, "skipped, not a regular file");
                continue;
            }
            match self.file(&path)? {
                Held::Read => {}
                Held::Other => self.note(&path, "skipped, no kind of evidence"),
                Held::Broken(reason) => {
                    self.note(&path, &format!("skipped, {reason}"));
                    self.broken.get_or_insert_with(|| format!("; {}: {reason}", path.display()));
                }
                Held::Empty => self.note(&path, "skipped, empty"),
            }
        }
        Ok(files)
    }

    /// Reads a file: JSON, one document or several, one after another, or a text.
    fn file(&mut self, path: &Path) -> Result<Held, CollectError> {
        let io = |error| CollectError::io(path, error);
        let file = File::open(path).map_err(io)?;
        self.stream(path, file)
    }

    fn stream(&mut self, path: &Path, file: impl Read) -> Result<Held, CollectError> {
        let io = |error| CollectError::io(path, error);
        let mut text = text::open(file).map_err(io)?;
        if let Some(what) = foreign::by_its_start(text.fill_buf().map_err(io)?) {
            return Ok(Held::Broken(what.into()));
        }
        let mut is_read = false;
        loop {
            match text::kind(&mut text).map_err(io)? {
                Kind::Json => {
                    let begin = text::place(&text);
                    let contents = Document(&mut self.inventory)
                        .deserialize(&mut serde_json::Deserializer::from_reader(&mut text))
                        .map_err(|error| CollectError::json_from(path, error, begin))?;
                    self.contents(path, contents, "")?;
                    is_read = true;
                }
                Kind::Empty if is_read => return Ok(Held::Read),
                Kind::Empty => return Ok(Held::Empty),
                Kind::Other => {
                    let line = text::place(&text).line;
                    let held = self.text(path, text, line)?;
                    if is_read && !matches!(held, Held::Read) {
                        let what =
                            format!("from line {} on it is no evidence, and left aside", line + 1);
                        self.note(path, &what);
                        return Ok(Held::Read);
                    }
                    return Ok(held);
                }
            }
        }
    }

    /// Reads a text that a client or `openssl` printed, or a session at a terminal. `lines` are before
    /// it in its file.
    fn text(
        &mut self,
        path: &Path,
        text: impl BufRead,
        lines: usize,
    ) -> Result<Held, CollectError> {
        let io = |error| CollectError::io(path, error);
        let mut bytes = Vec::new();
        let mut text = text.take(LONGEST);
        // Line by line: the reader of UTF-16 wants the buffer in front of it used.
        while text.read_until(b'\n', &mut bytes).map_err(io)? > 0 {}
        if text.limit() == 0 {
            return Ok(Held::Broken(
                "it doesn't begin as JSON does, and is too long for another kind of evidence"
                    .into(),
            ));
        }
        let plain = anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string();
        // `--query` prints table mappings and settings as the text that they are.
        if plain.starts_with('"')
            && let Ok(inner) = serde_json::from_str::<String>(&plain)
        {
            return self.stream(path, inner.as_bytes());
        }
        let printed = transcript::printed(&plain);
        self.session(path, &printed, lines)?;
        let is_session = !printed.is_empty();
        let plain = transcript::rest(&plain, &printed);
        Ok(match self.loose.take_text(path, &plain) {
            Ok(is_known) => {
                self.is_found |= is_known;
                match foreign::by_its_text(&plain) {
                    _ if is_known || is_session => Held::Read,
                    Some(what) => Held::Broken(what),
                    None => Held::Other,
                }
            }
            Err(reason) => Held::Broken(reason),
        })
    }

    /// Reads the JSON that commands printed in a session.
    fn session(
        &mut self,
        path: &Path,
        all: &[Printed<'_>],
        lines: usize,
    ) -> Result<(), CollectError> {
        for printed in all {
            let begin = Place { line: lines + printed.line, column: 0 };
            if let Some(error) = &printed.error {
                let line = begin.line + error.line();
                self.note(
                    path,
                    &format!(
                        "what `{}` printed is broken at line {line}, and not read",
                        printed.command
                    ),
                );
                for (key, _) in Inventory::LISTS {
                    if printed.json.contains(&format!("\"{key}\"")) {
                        self.incomplete(
                            key,
                            format!("what was printed in {} is broken", path.display()),
                        );
                    }
                }
                continue;
            }
            let contents = Document(&mut self.inventory)
                .deserialize(&mut serde_json::Deserializer::from_str(printed.json))
                .map_err(|error| CollectError::json_from(path, error, begin))?;
            if printed.is_selective() {
                for key in &contents.lists {
                    self.incomplete(
                        key,
                        format!("the command in {} asked for some of them only", path.display()),
                    );
                }
            }
            self.contents(path, contents, &printed.command)?;
        }
        Ok(())
    }

    /// Says that a list isn't whole, and that the whole of it would help.
    fn incomplete(&mut self, key: &str, reason: String) {
        let unlock = match unlock(key) {
            Unlock::Nothing => Unlock::Nothing,
            call => Unlock::File(format!("{call}, whole")),
        };
        self.limit(key, Gap::new(key, reason, unlock));
    }

    /// Sorts in what a document is, when it isn't AWS's lists.
    fn document(&mut self, path: &Path, contents: &mut Contents) -> bool {
        let members = &mut contents.members;
        let file = path.display().to_string();
        let mut is_found = false;
        let role =
            members.remove("Role").and_then(|role| serde_json::from_value::<Role>(role).ok());
        if let Some(role) = role {
            is_found = true;
            self.inventory.roles.items.push(role);
            self.one_at_a_time("Roles", "one answer is about one role");
        }
        let key = members.remove("KeyMetadata").map(|key| json!({ "KeyMetadata": key }));
        if let Some(Ok(key)) = key.map(serde_json::from_value::<KmsKey>) {
            is_found = true;
            self.inventory.kms_keys.items.push(key);
            self.one_at_a_time("KmsKeys", "one answer is about one key");
        }
        let policies = members.remove("AttachedPolicies");
        if let Some(Ok(what)) = policies.map(serde_json::from_value::<Vec<AttachedPolicy>>) {
            is_found = true;
            self.loose.policies.push(Found { file: file.clone(), what });
        }
        match loose::part(members) {
            Some(Part::Mappings(what)) => self.loose.mappings.push(Found { file, what }),
            Some(Part::Settings(what)) => self.loose.settings.push(Found { file, what }),
            None => match Saved::of(members) {
                Some(what) => self.loose.clouds.push(Found { file, what }),
                None => {
                    contents.unread.extend(std::mem::take(members).into_keys());
                    return is_found;
                }
            },
        }
        true
    }

    /// Sorts in what a document holds besides its lists. The command that printed it may be known.
    fn contents(
        &mut self,
        path: &Path,
        mut contents: Contents,
        command: &str,
    ) -> Result<(), CollectError> {
        if contents.is_facts() {
            return Err(CollectError::FactsAsEvidence(path.into()));
        }
        let is_page = contents.next_page.is_some();
        let mut is_found = !contents.lists.is_empty();
        is_found |= self.document(path, &mut contents);
        if is_page {
            for key in &contents.lists {
                self.incomplete(key, format!("{} is one page of several", path.display()));
            }
        }
        if contents.has_vpc_attributes() {
            is_found = true;
            self.inventory.vpc_attributes.items.push(VpcAttributes {
                vpc_id: contents.vpc.unwrap_or_default(),
                enable_dns_support: contents.dns_support,
                enable_dns_hostnames: contents.dns_hostnames,
            });
            self.one_at_a_time("VpcAttributes", "one answer is about one VPC");
        }
        if let Some(entries) = contents.entries {
            is_found = true;
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let named = || prefix_list_in(command).or_else(|| prefix_list_in(name));
            match contents.prefix_list.or_else(named) {
                Some(prefix_list_id) => {
                    let list = &mut self.inventory.prefix_list_entries;
                    list.items.push(PrefixListEntries {
                        prefix_list_id,
                        entries: Some(entries),
                        next_token: contents.next_page,
                    });
                    self.one_at_a_time("PrefixListEntries", "one answer is about one list");
                }
                None => self.note(
                    path,
                    "entries of a prefix list, but not of which; put its id (pl-…) into the \
                     file's name",
                ),
            }
        }
        if is_found {
            let room = UNREAD.saturating_sub(self.unread.len());
            self.unread.extend(contents.unread.into_iter().take(room));
        } else {
            match foreign::by_its_members(&contents.unread, contents.is_list) {
                Some(what) => {
                    self.note(path, &format!("not read, it is {what}"));
                    self.broken
                        .get_or_insert_with(|| format!("; {}: it is {what}", path.display()));
                }
                None => self.note(path, "holds nothing that is read"),
            }
        }
        self.is_found |= is_found;
        Ok(())
    }

    /// A call that answers about one thing doesn't tell of others.
    fn one_at_a_time(&mut self, key: &str, reason: &str) {
        self.limit(key, Gap::new(key, reason, unlock(key)));
    }

    /// Says that a list isn't all that there is. A missing page stays the reason once it is one.
    fn limit(&mut self, key: &str, gap: Gap) {
        if let Some(extent) = self.inventory.extent_mut(key)
            && !matches!(extent, Extent::Partial(gap) if matches!(gap.unlock, Unlock::File(_)))
        {
            *extent = Extent::Partial(gap);
        }
    }
}

/// The call that delivers a list.
fn unlock(key: &str) -> Unlock {
    let action = |(_, action): &(&str, &str)| Unlock::IamAction((*action).into());
    Inventory::LISTS.iter().find(|(list, _)| *list == key).map_or(Unlock::Nothing, action)
}

/// What stands in a folder, in the order of names, without what is hidden.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// The prefix list that a file's name or a command names, if it is exactly one.
fn prefix_list_in(name: &str) -> Option<String> {
    let mut found = BTreeSet::new();
    for (place, _) in name.match_indices("pl-") {
        let is_start = !name[..place].ends_with(|letter: char| letter.is_ascii_alphanumeric());
        let id: String =
            name[place + "pl-".len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
        if is_start && !id.is_empty() {
            found.insert(format!("pl-{id}"));
        }
    }
    match found.len() {
        1 => found.pop_first(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_list_is_named_by_the_file() {
        for (name, id) in [
            ("pl-0123abcd.json", Some("pl-0123abcd")),
            ("us-east-1_pl-63a5400a.json", Some("pl-63a5400a")),
            ("entries of pl-corp (1).txt", Some("pl-corp")),
            ("pl-1-again-pl-1.json", Some("pl-1")),
            ("pl-1 and pl-2.json", None),
            ("sampl-1.json", None),
            ("pl-.json", None),
            ("entries.json", None),
        ] {
            assert_eq!(prefix_list_in(name).as_deref(), id, "{name}");
        }
    }
}

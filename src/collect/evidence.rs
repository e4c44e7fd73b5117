//! Evidence: what a customer sends in files. AWS CLI output above all; also `SHOW GRANTS`, the output
//! of `openssl s_client`, certificates, answers of TiDB Cloud's API, a task's settings and mappings.
//!
//! A file is known by what it holds, never by its name. JSON is read as it streams in: what no check
//! reads is never held, so memory follows what is kept and not how large a file is.

use std::{
    collections::{BTreeSet, HashSet},
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
    loose::{self, Found, Loose, Part},
    text::{self, Kind},
    tidb_cloud::Saved,
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
        match text::kind(&mut text).map_err(io)? {
            Kind::Json => {}
            Kind::Empty => return Ok(Held::Empty),
            Kind::Other => return self.text(path, text).map_err(io),
        }
        let mut documents = serde_json::Deserializer::from_reader(text);
        loop {
            let contents = Document(&mut self.inventory)
                .deserialize(&mut documents)
                .map_err(|error| CollectError::json(path, error))?;
            self.contents(path, contents)?;
            match documents.end() {
                Ok(()) => return Ok(Held::Read),
                Err(error) if error.is_io() => return Err(CollectError::json(path, error)),
                // Something follows: the next turn says whether it is a document.
                Err(_) => {}
            }
        }
    }

    /// Reads a text that a client or `openssl` printed.
    fn text(&mut self, path: &Path, mut text: impl BufRead) -> io::Result<Held> {
        if is_packed(text.fill_buf()?) {
            return Ok(Held::Broken("it is packed: unpack it first".into()));
        }
        let mut bytes = Vec::new();
        let mut text = text.take(LONGEST);
        // Line by line: the reader of UTF-16 wants the buffer in front of it used.
        while text.read_until(b'\n', &mut bytes)? > 0 {}
        if text.limit() == 0 {
            return Ok(Held::Other);
        }
        Ok(match self.loose.take_text(path, &String::from_utf8_lossy(&bytes)) {
            Ok(true) => {
                self.is_found = true;
                Held::Read
            }
            Ok(false) if is_yaml(&bytes) => {
                Held::Broken("it is YAML: save what the AWS CLI prints with `--output json`".into())
            }
            Ok(false) => Held::Other,
            Err(reason) => Held::Broken(reason),
        })
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

    /// Sorts in what a document holds besides its lists.
    fn contents(&mut self, path: &Path, mut contents: Contents) -> Result<(), CollectError> {
        if contents.is_facts() {
            return Err(CollectError::FactsAsEvidence(path.into()));
        }
        let is_page = contents.next_page.is_some();
        let mut is_found = !contents.lists.is_empty();
        is_found |= self.document(path, &mut contents);
        if is_page {
            for key in &contents.lists {
                let reason = format!("{} is one page of several", path.display());
                let unlock = match unlock(key) {
                    Unlock::Nothing => Unlock::Nothing,
                    call => Unlock::File(format!("{call}, whole")),
                };
                self.limit(key, Gap::new(key, reason, unlock));
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
            match contents.prefix_list.or_else(|| prefix_list_of(path)) {
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
            self.note(path, "holds nothing that is read");
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

/// Whether a file begins as gzip's and zip's do.
fn is_packed(start: &[u8]) -> bool {
    start.starts_with(&[0x1F, 0x8B]) || start.starts_with(b"PK\x03\x04")
}

/// Whether a text begins as an answer of AWS in YAML, with the name of a list.
fn is_yaml(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("---"));
    let name =
        first.and_then(|line| line.trim_end().trim_end_matches("[]").trim_end().strip_suffix(':'));
    name.is_some_and(|name| Inventory::LISTS.iter().any(|(list, _)| *list == name))
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

/// The prefix list that a file is named after, if it is exactly one.
fn prefix_list_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
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
            assert_eq!(prefix_list_of(Path::new(name)).as_deref(), id, "{name}");
        }
    }
}

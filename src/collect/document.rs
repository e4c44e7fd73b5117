//! One JSON document that may be AWS CLI output, read key by key into the inventory.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use tidb_dms_checks::facts::inventory::{
    Delivery, Inventory,
    ec2::{AttributeBooleanValue, PrefixListEntry},
};

use super::{foreign::WITHOUT_IDS, loose, tidb_cloud};

/// Reads a document: its lists go into the inventory as they come, the rest is said.
pub(super) struct Document<'a>(pub(super) &'a mut Inventory);

/// What a document holds besides the items of its lists.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The keys of the lists that went into the inventory.
    pub(super) lists: Vec<String>,
    /// Keys that nothing reads.
    pub(super) unread: Vec<String>,
    /// Says that the lists go on elsewhere.
    pub(super) next_page: Option<String>,
    /// What the document as a whole is about, in calls that answer about one thing.
    pub(super) vpc: Option<String>,
    /// `describe-vpc-attribute --attribute enableDnsSupport`.
    pub(super) dns_support: Option<AttributeBooleanValue>,
    /// `describe-vpc-attribute --attribute enableDnsHostnames`.
    pub(super) dns_hostnames: Option<AttributeBooleanValue>,
    /// The list that the entries are of, which AWS doesn't print and a thoughtful user adds.
    pub(super) prefix_list: Option<String>,
    /// `get-managed-prefix-list-entries`.
    pub(super) entries: Option<Vec<PrefixListEntry>>,
    /// The members by which other documents than AWS's lists are known, and what those hold.
    pub(super) members: BTreeMap<String, Value>,
    /// Whether it is a list.
    pub(super) is_list: bool,
    /// Those of [`MARKS`] that are among its keys.
    marks: Vec<&'static str>,
}

/// Keys by which this program's own documents are known.
const MARKS: [&str; 5] = ["version", "taken_at", "verdict", "Extents", "Conflicts"];

impl Contents {
    /// Whether it is a facts document, or the inventory out of one. Reports have a version and a
    /// time too.
    pub(super) fn is_facts(&self) -> bool {
        let has = |mark| self.marks.contains(&mark);
        has("Extents") || has("Conflicts") || (has("version") && has("taken_at") && !has("verdict"))
    }

    /// Whether it is the answer of `describe-vpc-attribute`.
    pub(super) const fn has_vpc_attributes(&self) -> bool {
        self.vpc.is_some() && (self.dns_support.is_some() || self.dns_hostnames.is_some())
    }
}

/// How many unread keys are worth remembering: a document that is keyed by ids may have millions.
const UNREAD: usize = 16;

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Contents;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Contents, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Contents;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON object")
    }

    /// Lists at the top come of `--query`; they don't say what they are lists of.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Contents, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Contents { is_list: true, ..Contents::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Contents, A::Error> {
        let mut contents = Contents::default();
        while let Some(key) = map.next_key::<String>()? {
            match self.0.deliver(&key, &mut map)? {
                Delivery::List => contents.lists.push(key),
                Delivery::Null => {}
                Delivery::OtherService => {
                    contents.unread.push(format!("{key} of another service"));
                }
                Delivery::Nameless => contents.unread.push(format!("{key}{WITHOUT_IDS}")),
                Delivery::Unread => contents.take(key, &mut map)?,
            }
        }
        Ok(contents)
    }
}

impl Contents {
    /// Takes a member that is no list of the inventory.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        match key.as_str() {
            "NextToken" | "Marker" => {
                if let Some(token) = map.next_value::<Text>()?.filled() {
                    self.next_page = Some(token);
                }
                return Ok(());
            }
            "VpcId" => {
                self.vpc = map.next_value::<Text>()?.filled();
                return Ok(());
            }
            "PrefixListId" => {
                self.prefix_list = map.next_value::<Text>()?.filled();
                return Ok(());
            }
            "EnableDnsSupport" => {
                self.dns_support = map.next_value()?;
                return Ok(());
            }
            "EnableDnsHostnames" => {
                self.dns_hostnames = map.next_value()?;
                return Ok(());
            }
            "Entries" => {
                // A network ACL on its own has entries too; they have no `Cidr`.
                let entries: Vec<Entry> = map.next_value::<Option<_>>()?.unwrap_or_default();
                self.entries = entries.into_iter().map(Entry::of_prefix_list).collect();
                if self.entries.is_some() {
                    return Ok(());
                }
            }
            _ if is_member(&key) => {
                self.members.insert(key, map.next_value()?);
                return Ok(());
            }
            _ => self.marks.extend(MARKS.iter().find(|mark| **mark == key)),
        }
        // `Entries` that are another call's have been read above.
        if key != "Entries" {
            map.next_value::<IgnoredAny>()?;
        }
        if key != "ResponseMetadata" && self.unread.len() < UNREAD {
            self.unread.push(key);
        }
        Ok(())
    }
}

/// Answers of AWS about one thing, and documents of TiDB Cloud and of a migration, have members that
/// are read once the document as a whole shows what it is.
fn is_member(key: &str) -> bool {
    matches!(key, "Role" | "AttachedPolicies" | "KeyMetadata" | "rules")
        || loose::SETTINGS.contains(&key)
        || tidb_cloud::MEMBERS.contains(&key)
}

/// A member that is text where it is AWS's, and may be anything elsewhere.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Other(IgnoredAny),
}

impl Text {
    fn filled(self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Text(_) | Self::Other(_) => None,
        }
    }
}

/// An item of a list called `Entries`, which isn't a prefix list's alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Prefix {
        #[serde(rename = "Cidr")]
        cidr: String,
    },
    Other(IgnoredAny),
}

impl Entry {
    fn of_prefix_list(self) -> Option<PrefixListEntry> {
        match self {
            Self::Prefix { cidr } => Some(PrefixListEntry { cidr: Some(cidr) }),
            Self::Other(_) => None,
        }
    }
}

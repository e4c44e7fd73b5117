//! The keys of `tidb-dms.toml` that are no flags: levels, waivers, plug-ins.

use std::{ops::Range, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use tidb_dms_checks::plugin;
use toml::{Spanned, value::Datetime};

use super::SeverityName;

/// `[levels]`: levels by check id or category.
#[derive(Clone, Debug, Default)]
pub struct Levels(pub Vec<LevelEntry>);

/// One line of `[levels]`.
#[derive(Clone, Debug)]
pub struct LevelEntry {
    /// The check's id, or the category.
    pub name: String,
    /// The level.
    pub level: SeverityName,
    /// Where the name stands, in bytes.
    pub(crate) span: Range<usize>,
}

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lines;

        impl<'de> Visitor<'de> for Lines {
            type Value = Levels;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of check ids and levels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Levels, A::Error> {
                let mut levels = Vec::new();
                while let Some(name) = map.next_key::<Spanned<String>>()? {
                    let level = map.next_value()?;
                    let span = name.span();
                    levels.push(LevelEntry { name: name.into_inner(), level, span });
                }
                Ok(Levels(levels))
            }
        }

        deserializer.deserialize_map(Lines)
    }
}

/// `[[waiver]]`: a row that is taken as it is, for a time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaiverEntry {
    /// The check's id.
    #[schemars(with = "String")]
    pub(crate) check: Spanned<Words>,
    /// What the check was judged for: the migration's name, or a subnet's id.
    pub subject: Words,
    /// Why it is taken as it is.
    pub reason: Words,
    /// Who answers for it.
    pub owner: Words,
    /// The time from which it waives nothing any more, in UTC, by the facts' own time.
    #[schemars(with = "String")]
    pub until: Until,
    /// Where it stands, as `file:line:column`.
    #[serde(skip)]
    pub place: Option<String>,
}

impl WaiverEntry {
    /// The check's id.
    pub fn check(&self) -> &str {
        &self.check.get_ref().0
    }
}

/// `[[plugin]]`: a program of the user's own that judges the facts too.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PluginEntry {
    /// Its name; the ids of its checks begin with it and a slash.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<PluginName>,
    /// The program and its arguments. The program's path is relative to this file; PATH isn't searched,
    /// and no shell is asked.
    pub command: Command,
    /// How long it may take, such as `10s`, which is the default.
    #[serde(default)]
    #[schemars(with = "String")]
    pub timeout: Timeout,
    /// Variables of the environment that are handed on, beside PATH and HOME.
    #[serde(default)]
    pub env: Vec<String>,
    /// The folder of the file.
    #[serde(skip)]
    pub folder: PathBuf,
}

impl PluginEntry {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name.get_ref().0
    }

    /// An entry as the file would give it.
    #[cfg(test)]
    pub(crate) fn new(name: &str, command: &[&str], timeout: Duration, folder: PathBuf) -> Self {
        Self {
            name: Spanned::new(0..0, PluginName(name.to_owned())),
            command: Command(command.iter().map(|word| (*word).to_owned()).collect()),
            timeout: Timeout(timeout),
            env: Vec::new(),
            folder,
        }
    }
}

/// Text that says something.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Words(pub String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Err(D::Error::custom("this must not be empty"));
        }
        Ok(Self(text))
    }
}

/// A time in UTC, as TOML's own or as text.
#[derive(Clone, Copy, Debug)]
pub struct Until(pub Timestamp);

impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InUtc;

        impl<'de> Visitor<'de> for InUtc {
            type Value = String;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time in UTC, such as 2026-12-31T00:00:00Z")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
                Ok(Datetime::deserialize(MapAccessDeserializer::new(map))?.to_string())
            }
        }

        let text = deserializer.deserialize_any(InUtc)?;
        let is_utc = text.ends_with(['Z', 'z']);
        let time = text.parse().ok().filter(|_| is_utc);
        time.map(Self).ok_or_else(|| {
            let message = format!("`{text}` is no time in UTC, such as 2026-12-31T00:00:00Z");
            D::Error::custom(message)
        })
    }
}

/// A name that is free for a plug-in.
#[derive(Clone, Debug)]
pub(crate) struct PluginName(String);

impl<'de> Deserialize<'de> for PluginName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if plugin::is_free(&name) {
            return Ok(Self(name));
        }
        Err(D::Error::custom(format!(
            "`{name}` can't be a plug-in's name: it takes lower-case letters, digits and `-`, and no \
             category of this program"
        )))
    }
}

/// A program and its arguments.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Command(pub Vec<String>);

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        if words.first().is_none_or(|program| program.trim().is_empty()) {
            return Err(D::Error::custom("this must name a program"));
        }
        Ok(Self(words))
    }
}

/// How long a plug-in may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeout(pub Duration);

impl Default for Timeout {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const LONGEST: Duration = Duration::from_hours(1);
        let text = String::deserialize(deserializer)?;
        let span = text.parse::<SignedDuration>().ok();
        let span = span.and_then(|span| Duration::try_from(span).ok());
        span.filter(|span| !span.is_zero() && *span <= LONGEST)
            .map(Self)
            .ok_or_else(|| D::Error::custom("this must be a duration up to 1h, such as `10s`"))
    }
}

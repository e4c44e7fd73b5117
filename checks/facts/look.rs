//! One question to the world: when it was asked, how long the answer took, and what was seen.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Gap, Unlock};

/// A fact with its time.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Look<T> {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// How long it took.
    #[serde(default)]
    pub milliseconds: u64,
    /// What was seen.
    pub seen: Fact<T>,
    /// Known values of the same time that contradict each other; then nothing is believed.
    #[serde(default = "none::<T>", skip_serializing_if = "Vec::is_empty")]
    pub disputed: Vec<T>,
}

impl<T> Look<T> {
    /// Something was seen.
    pub const fn known(at: Timestamp, milliseconds: u64, value: T) -> Self {
        Self { at, milliseconds, seen: Fact::Known(value), disputed: Vec::new() }
    }

    /// Nothing was seen.
    pub const fn unknown(at: Timestamp, gap: Gap) -> Self {
        Self { at, milliseconds: 0, seen: Fact::Unknown(gap), disputed: Vec::new() }
    }

    /// Whether it holds any value, believed or disputed.
    const fn has_value(&self) -> bool {
        matches!(self.seen, Fact::Known(_)) || !self.disputed.is_empty()
    }
}

impl<T: PartialEq + Serialize> Look<T> {
    /// Merges another look at the same thing. Of two known values the later wins; of the same time
    /// none is believed, and the gap names them. The same in whatever order looks come.
    pub(super) fn merge(into: &mut Option<Self>, from: Option<Self>, about: &str) {
        *into = match (into.take(), from) {
            (Some(one), Some(other)) => Some(one.with(other, about)),
            (one, other) => one.or(other),
        };
    }

    /// Says so where a merge of two looks drops a known value for a later, different one.
    pub(super) fn replaced(
        one: Option<&Self>,
        other: Option<&Self>,
        about: &str,
    ) -> Option<String> {
        let (one, other) = (one?, other?);
        let differ = one.at != other.at && one.seen.known()? != other.seen.known()?;
        let (first, last) = (one.at.min(other.at), one.at.max(other.at));
        differ.then(|| format!("{about} was another at {first}; that of {last} counts"))
    }

    fn with(self, other: Self, about: &str) -> Self {
        match (self.has_value(), other.has_value()) {
            (true, false) => self,
            (false, true) => other,
            (true, true) if self.at != other.at => {
                if self.at > other.at {
                    self
                } else {
                    other
                }
            }
            (true, true) => self.against(other, about),
            (false, false) => {
                let age = |look: &Self| (look.at, look.seen.gap().cloned(), look.milliseconds);
                if age(&self) >= age(&other) { self } else { other }
            }
        }
    }

    /// Two looks of the same time that both have values.
    fn against(self, other: Self, about: &str) -> Self {
        let (at, milliseconds) = (self.at, self.milliseconds.max(other.milliseconds));
        let mut values: Vec<(String, T)> = Vec::new();
        for look in [self, other] {
            let known = match look.seen {
                Fact::Known(value) => Some(value),
                Fact::Unknown(_) => None,
            };
            for value in known.into_iter().chain(look.disputed) {
                if values.iter().all(|(_, seen)| *seen != value) {
                    // A document of ours always writes.
                    values.push((serde_json::to_string(&value).unwrap_or_default(), value));
                }
            }
        }
        values.sort_by(|one, other| one.0.cmp(&other.0));
        let names: Vec<String> = values.iter().map(|(text, _)| shortened(text)).collect();
        let mut values: Vec<T> = values.into_iter().map(|(_, value)| value).collect();
        let (seen, disputed) = match values.len() {
            1 => (Fact::Known(values.remove(0)), Vec::new()),
            _ => (
                Fact::Unknown(Gap::new(
                    about,
                    format!("looks of {at} contradict each other: {}", names.join(", ")),
                    Unlock::Vantage("the same place, once more".into()),
                )),
                values,
            ),
        };
        Self { at, milliseconds, seen, disputed }
    }
}

/// Values may be whole certificate chains; a gap is a sentence.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}

/// The default of [`Look::disputed`]; `Default` itself would ask for one of `T` too.
const fn none<T>() -> Vec<T> {
    Vec::new()
}

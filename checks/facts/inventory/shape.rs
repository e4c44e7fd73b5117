//! What AWS shapes share, and the fields that AWS printed and nobody here has reviewed.
//!
//! For the shapes that decide a path, every field is either read, or listed as irrelevant with its
//! reason, or else its presence is a gap that names it. `Route.IgwFirewall` came in 2026 and changed
//! what an internet gateway route means: the next such field must not pass unseen.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::Value;

use crate::facts::{Gap, Unlock};

/// Derives, names and serde settings that every AWS shape shares.
macro_rules! aws_shape {
    ($(#[$doc:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub struct $name { $($body)* }
    };
}
pub(super) use aws_shape;

/// Says which list of the inventory a resource stands in and by which field it is known.
macro_rules! resource {
    ($name:ident, $field:ident $(, speaking: $speaking:expr)?) => {
        impl Resource for $name {
            $(const SPEAKING: &'static [&'static str] = $speaking;)?

            fn id(&self) -> &str {
                &self.$field
            }
        }
    };
}
pub(super) use resource;

/// A shape that decides a path, with the fields of it that were reviewed and don't matter.
pub trait Shape {
    /// The shape's name in AWS's API model.
    const NAME: &'static str;
    /// Fields that change nothing for the path, each with its reason.
    const IRRELEVANT: &'static [(&'static str, &'static str)];
}

/// The fields of a shape that are neither read nor reviewed.
pub struct Unrecognised<S> {
    fields: BTreeMap<String, Value>,
    shape: PhantomData<S>,
}

impl<S: Shape> Unrecognised<S> {
    /// A gap for each field that nobody has reviewed, naming the resource.
    pub fn gaps(&self, resource: &str) -> impl Iterator<Item = Gap> {
        self.fields.keys().map(move |field| {
            Gap::new(
                resource,
                format!("{}.{field} is a field that this version doesn't know", S::NAME),
                Unlock::Flag("a newer tidb-dms".into()),
            )
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<S> Clone for Unrecognised<S> {
    fn clone(&self) -> Self {
        Self { fields: self.fields.clone(), shape: PhantomData }
    }
}

impl<S> Default for Unrecognised<S> {
    fn default() -> Self {
        Self { fields: BTreeMap::new(), shape: PhantomData }
    }
}

impl<S> fmt::Debug for Unrecognised<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields.fmt(f)
    }
}

impl<S> PartialEq for Unrecognised<S> {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl<'de, S: Shape> Deserialize<'de> for Unrecognised<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<S>(PhantomData<S>);

        impl<'de, S: Shape> Visitor<'de> for Fields<S> {
            type Value = Unrecognised<S>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if S::IRRELEVANT.iter().any(|(irrelevant, _)| *irrelevant == name) {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let value = map.next_value::<Value>()?;
                    if !says_nothing(&value) {
                        fields.insert(name, value);
                    }
                }
                Ok(Unrecognised { fields, shape: PhantomData })
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A null, an empty string, list or object is how tools print that a field isn't there.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl<S> Serialize for Unrecognised<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<S: Shape> JsonSchema for Unrecognised<S> {
    fn schema_name() -> Cow<'static, str> {
        format!("Unrecognised{}", S::NAME).into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// Any further field is allowed; the reviewed ones are listed, so that `tests/aws-model` can
    /// compare them with AWS's own model.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let irrelevant: BTreeMap<&str, &str> = S::IRRELEVANT.iter().copied().collect();
        json_schema!({
            "type": "object",
            "additionalProperties": true,
            "x-aws-shape": S::NAME,
            "x-irrelevant": irrelevant,
        })
    }
}

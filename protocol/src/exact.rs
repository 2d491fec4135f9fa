//! Deserializing a value as the exact text of its JSON where a format can give that, else from its parts.
//!
//! `serde_json` hands out the text only to whom it meets directly. Inside `#[serde(flatten)]`, `tag` and `untagged`
//! serde has buffered the value before, and another format has no JSON text at all.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

/// A type whose JSON can be written from what a format gives instead.
pub(crate) trait FromParts {
    /// Reads the value and writes it as JSON.
    fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error>;
}

/// The JSON of the next value: its very text, or what `T` makes of its parts.
pub(crate) fn json<'de, T: FromParts, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Box<RawValue>, D::Error> {
    Box::<RawValue>::deserialize(AsText::<_, T>(deserializer, PhantomData))
}

/// Raw JSON asks for a newtype. `serde_json` answers with the text, every other deserializer with what is inside.
struct AsText<D, T>(D, PhantomData<T>);

impl<'de, D: Deserializer<'de>, T: FromParts> Deserializer<'de> for AsText<D, T> {
    type Error = D::Error;

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(
            name,
            TextOrParts {
                name,
                visitor,
                parts: PhantomData::<T>,
            },
        )
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct TextOrParts<V, T> {
    name: &'static str,
    visitor: V,
    parts: PhantomData<T>,
}

impl<'de, V: Visitor<'de>, T: FromParts> Visitor<'de> for TextOrParts<V, T> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, text: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(text)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, parts: D) -> Result<V::Value, D::Error> {
        let text = T::json(parts)?;
        serde_json::Deserializer::from_reader(text.as_bytes())
            .deserialize_newtype_struct(self.name, self.visitor)
            .map_err(Error::custom)
    }
}

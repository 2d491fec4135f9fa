//! One level of a JSON text: the fields of an object, or the items of an array, each as the text that it is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::DecodeError;

/// What a text is.
pub(super) enum Level {
    Object,
    Array,
    Value,
}

/// Calls `each` with what stands one level down: the fields of an object, or the items of an array, which have no name.
pub(super) fn walk<'a>(
    text: &'a str,
    each: &mut dyn FnMut(Option<Cow<'a, str>>, &'a RawValue),
) -> Result<Level, DecodeError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let level = json.deserialize_any(Walk(each));
    level
        .and_then(|level| json.end().map(|()| level))
        .map_err(|e| DecodeError::NotJson {
            line: e.line(),
            column: e.column(),
        })
}

/// It takes every type: what is no object and no array is for the caller to refuse, in this crate's words.
struct Walk<'w, 'a>(&'w mut dyn FnMut(Option<Cow<'a, str>>, &'a RawValue));

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    type Value = Level;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<Level, A::Error> {
        while let Some((Name(name), raw)) = fields.next_entry()? {
            (self.0)(Some(name), raw);
        }
        Ok(Level::Object)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Level, A::Error> {
        while let Some(raw) = items.next_element()? {
            (self.0)(None, raw);
        }
        Ok(Level::Array)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Level, E> {
        Ok(Level::Value)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Level, E> {
        Ok(Level::Value)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Level, E> {
        Ok(Level::Value)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Level, E> {
        Ok(Level::Value)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Level, E> {
        Ok(Level::Value)
    }

    fn visit_unit<E: Error>(self) -> Result<Level, E> {
        Ok(Level::Value)
    }
}

/// A field's name, borrowed when it holds no escape.
pub(super) struct Name<'a>(pub(super) Cow<'a, str>);

impl<'a> Deserialize<'a> for Name<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Name<'a>, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl<'a> Visitor<'a> for NameVisitor {
    type Value = Name<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'a str) -> Result<Name<'a>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'a>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

//! Metadata: a JSON object that the backend attaches and everybody else passes on untouched.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::amount::same_number;
use crate::exact;
use crate::json;

/// Most bytes of JSON that metadata may have: 8 KiB.
pub const MAX_METADATA_BYTES: usize = 8 * 1024;
/// Most levels of objects and arrays, the outer object included.
pub const MAX_METADATA_DEPTH: usize = 16;

/// A JSON object, kept as its text.
///
/// Two are equal when they mean the same: the order of fields, spaces and the spelling of numbers do
/// not matter. What arrives in a transfer may be over the limits (a reader is lenient); what is built
/// or sent may not.
///
/// # Serde
/// `serde_json` reads and writes the exact text. Inside `#[serde(flatten)]`, `tag` and `untagged`, and in a
/// [`serde_json::Value`], fields are sorted, and numbers are integers of 64 bits or doubles. A format that is not for
/// people to read (CBOR, MessagePack) gets the text as a string, and it stays exact.
///
/// ```
/// use transfer_status_protocol::Metadata;
/// let metadata = Metadata::from_json(r#"{"order":{"lines":[1,2.50]}}"#).unwrap();
/// assert_eq!(metadata, Metadata::from_json(r#"{ "order": {"lines": [1, 2.5]} }"#).unwrap());
/// assert_eq!(metadata.to_value()["order"]["lines"][0], 1);
/// ```
#[derive(Clone)]
pub struct Metadata(Box<RawValue>);

/// Why a JSON text cannot be metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMetadata {
    /// Not JSON, or JSON with a number or a string that not every reader can hold.
    #[error("the metadata is not valid JSON; send a JSON object")]
    NotJson,
    /// JSON of another type.
    #[error("the metadata is not a JSON object; put the value into one")]
    NotAnObject,
    /// Over 8 KiB.
    #[error("the metadata is over 8 KiB of JSON; send less")]
    TooLarge,
    /// Over 16 levels.
    #[error("the metadata is nested over 16 levels deep; flatten it")]
    TooDeep,
}

impl Metadata {
    /// Takes a JSON object, within the limits.
    ///
    /// # Errors
    /// [`InvalidMetadata`], which says what is wrong.
    pub fn from_json(text: &str) -> Result<Metadata, InvalidMetadata> {
        if text.len() > MAX_METADATA_BYTES {
            return Err(InvalidMetadata::TooLarge);
        }
        let raw = RawValue::from_string(text.to_owned()).map_err(|_| InvalidMetadata::NotJson)?;
        let metadata = Metadata::read(raw)?;
        metadata.check_limits()?;
        Ok(metadata)
    }

    /// Takes anything that serializes as a JSON object, within the limits.
    ///
    /// # Errors
    /// [`InvalidMetadata`], which says what is wrong.
    pub fn from_serialize(value: &impl Serialize) -> Result<Metadata, InvalidMetadata> {
        Metadata::from_json(&serde_json::to_string(value).map_err(|_| InvalidMetadata::NotJson)?)
    }

    /// The object as JSON, as it was given.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// The object as a value. Fractions become doubles.
    pub fn to_value(&self) -> Value {
        // `read` has parsed this very text into a value.
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }

    /// Reads the object into a type of the caller.
    ///
    /// # Errors
    /// When the object does not have the shape that the type asks for.
    pub fn deserialize_into<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }

    /// Whether it may be sent: size and depth.
    pub(crate) fn check_limits(&self) -> Result<(), InvalidMetadata> {
        if self.0.get().len() > MAX_METADATA_BYTES {
            Err(InvalidMetadata::TooLarge)
        } else if depth(self.0.get()) > MAX_METADATA_DEPTH {
            Err(InvalidMetadata::TooDeep)
        } else {
            Ok(())
        }
    }

    /// Reads a field's JSON.
    pub(crate) fn from_raw(raw: &RawValue) -> Option<Metadata> {
        Metadata::read(raw.to_owned()).ok()
    }

    /// Parses once in full: raw JSON is not checked for lone surrogates, numbers beyond a double, or
    /// depth, and everything below relies on these.
    fn read(raw: Box<RawValue>) -> Result<Metadata, InvalidMetadata> {
        match json::Value::read(raw.get()) {
            Some(json::Value::Object) => Ok(Metadata(raw)),
            Some(_) => Err(InvalidMetadata::NotAnObject),
            None => Err(InvalidMetadata::NotJson),
        }
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Metadata) -> bool {
        same(&self.0, &other.0)
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get())
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_str(self.0.get())
        }
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
        let raw = if deserializer.is_human_readable() {
            exact::json::<Metadata, D>(deserializer)?
        } else {
            RawValue::from_string(String::deserialize(deserializer)?).map_err(D::Error::custom)?
        };
        Metadata::read(raw).map_err(D::Error::custom)
    }
}

impl exact::FromParts for Metadata {
    fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            // From a format that is not for people to read, where serde has buffered it.
            Value::String(text) => text,
            value => value.to_string(),
        })
    }
}

/// Levels of objects and arrays in a text that is known to be JSON.
fn depth(json: &str) -> usize {
    let (mut level, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Whether two JSON texts mean the same, numbers compared as exact decimals. The recursion is bounded:
/// `Metadata::read` takes fewer than 128 levels.
fn same(a: &RawValue, b: &RawValue) -> bool {
    let (a, b) = (a.get(), b.get());
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => both(object(a), object(b), |a, b| {
            a.len() == b.len()
                && a.iter()
                    .zip(&b)
                    .all(|((ka, va), (kb, vb))| ka == kb && same(va, vb))
        }),
        (Some(b'['), Some(b'[')) => both(json::items(a), json::items(b), |a, b| {
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a, b))
        }),
        (Some(b'"'), Some(b'"')) => both(json::Value::read(a), json::Value::read(b), |a, b| a == b),
        (Some(b'-' | b'0'..=b'9'), Some(b'-' | b'0'..=b'9')) => same_number(a, b),
        _ => a == b,
    }
}

fn both<T>(a: Option<T>, b: Option<T>, same: impl FnOnce(T, T) -> bool) -> bool {
    a.zip(b).is_some_and(|(a, b)| same(a, b))
}

/// Of a field that is given twice the last one counts.
fn object(text: &str) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    let mut object = BTreeMap::new();
    for (name, value) in json::entries(text)? {
        object.insert(name, value);
    }
    Some(object)
}

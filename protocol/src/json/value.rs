//! One JSON value, and what a field may be read as.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::walk::Name;

/// One JSON value. Of an object or array it says that all in it can be read: no number is beyond a double, no character
/// half, nothing nested over 127 levels deep.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// An integer from 0.
    Unsigned(u64),
    /// An integer below 0.
    Negative(i64),
    /// Another number, as the nearest double.
    Double(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An object.
    Object,
    /// An array.
    Array,
}

impl<'a> Value<'a> {
    /// Reads one value, and nothing before or after it; `None` when it cannot be read.
    pub fn read(text: &'a str) -> Option<Value<'a>> {
        serde_json::from_str(text).ok()
    }
}

/// What a field's JSON is read as.
pub trait FromValue: Sized {
    /// The value; `None` when it is of another type, or not one that there may be.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<String> {
        match value {
            Value::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<bool> {
        match value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value<'_>) -> Option<u64> {
        match value {
            Value::Unsigned(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<i64> {
        match value {
            Value::Unsigned(number) => number.try_into().ok(),
            Value::Negative(number) => Some(number),
            _ => None,
        }
    }
}

/// A number from 0 of which the fraction is cut off, and what is beyond the type is its largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub u64);

impl FromValue for Whole {
    fn from_value(value: Value<'_>) -> Option<Whole> {
        match value {
            Value::Unsigned(number) => Some(Whole(number)),
            // A cast to an integer cuts off the fraction, and stops at the largest one.
            Value::Double(number) if number.is_sign_positive() => Some(Whole(number as u64)),
            _ => None,
        }
    }
}

impl<'a> Deserialize<'a> for Value<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Value<'a>, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'a> Visitor<'a> for ValueVisitor {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<Value<'a>, A::Error> {
        while fields.next_entry::<Name<'a>, Value<'a>>()?.is_some() {}
        Ok(Value::Object)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Value<'a>, A::Error> {
        while items.next_element::<Value<'a>>()?.is_some() {}
        Ok(Value::Array)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value<'a>, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'a>, E> {
        Ok(Value::Negative(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'a>, E> {
        Ok(Value::Unsigned(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value<'a>, E> {
        Ok(Value::Double(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Value<'a>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'a>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }
}

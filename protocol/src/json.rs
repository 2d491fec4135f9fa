//! How the crate and the server read and write JSON: one level at a time, fields as the text that they are, errors
//! without the input.
//!
//! One visitor reads every object and list, and [`Value`] whatever is in them. A derived reader is compiled anew for each
//! struct, for each way to hold the text, and with serde's message on every type that it does not expect: thirty of them
//! were a twelfth of the Worker.

mod value;
mod walk;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

pub use self::value::{FromValue, Value, Whole};
use self::walk::{Level, walk};
use crate::error::DecodeError;

/// Reads one JSON object, and nothing before or after it: the text of each field in `names`, in their order. Others are
/// passed over.
///
/// # Errors
/// [`DecodeError::NotJson`], or [`DecodeError::NotAnObject`] when it is another type or gives a named field twice.
///
/// ```
/// use transfer_status_protocol::json;
/// let [id, version] = json::fields(r#"{"version":3,"id":"a","more":[]}"#, ["id", "version"]).unwrap();
/// assert_eq!(json::required::<String>(id, "id", "a string").unwrap(), "a");
/// assert_eq!(json::optional::<u64>(version, "version", "an integer").unwrap(), Some(3));
/// ```
pub fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], DecodeError> {
    let mut found = [None; N];
    match find(text, &names, &mut found)? {
        Found::Once => Ok(found),
        Found::Twice => Err(DecodeError::NotAnObject),
    }
}

/// [`fields`] of what is not this protocol's: of a field that is given twice the last one counts.
///
/// # Errors
/// [`DecodeError::NotJson`] or [`DecodeError::NotAnObject`].
pub fn last_fields<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], DecodeError> {
    let mut found = [None; N];
    find(text, &names, &mut found)?;
    Ok(found)
}

enum Found {
    Once,
    Twice,
}

fn find<'a>(text: &'a str, names: &[&str], found: &mut [Option<&'a RawValue>]) -> Result<Found, DecodeError> {
    let mut how_often = Found::Once;
    let level = walk(text, &mut |name, raw| {
        let place = names.iter().position(|known| name.as_deref() == Some(*known));
        if let Some(place) = place.and_then(|place| found.get_mut(place))
            && place.replace(raw).is_some()
        {
            how_often = Found::Twice;
        }
    })?;
    match level {
        Level::Object => Ok(how_often),
        Level::Array | Level::Value => Err(DecodeError::NotAnObject),
    }
}

/// Every field of a JSON object with its text, as they stand there; `None` when it is something else.
pub fn entries(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let mut entries = Vec::new();
    let level = walk(text, &mut |name, raw| {
        entries.extend(name.map(|name| (name, raw)))
    });
    matches!(level, Ok(Level::Object)).then_some(entries)
}

/// The text of every item of a JSON array; `None` when it is something else.
pub fn items(text: &str) -> Option<Vec<&RawValue>> {
    let mut items = Vec::new();
    let level = walk(text, &mut |_, raw| items.push(raw));
    matches!(level, Ok(Level::Array)).then_some(items)
}

/// Reads one required field; `null` counts as missing.
///
/// # Errors
/// [`DecodeError::Missing`] or [`DecodeError::Invalid`], which says what is `expected`.
pub fn required<T: FromValue>(
    raw: Option<&RawValue>,
    field: &'static str,
    expected: &'static str,
) -> Result<T, DecodeError> {
    optional(raw, field, expected)?.ok_or(DecodeError::Missing { field })
}

/// Reads one optional field; `null` counts as absent.
///
/// # Errors
/// [`DecodeError::Invalid`], which says what is `expected`.
pub fn optional<T: FromValue>(
    raw: Option<&RawValue>,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<T>, DecodeError> {
    optional_text(raw, field, expected, |raw| {
        Value::read(raw.get()).and_then(T::from_value)
    })
}

/// Reads one optional field by its text; `null` counts as absent.
pub(crate) fn optional_text<T>(
    raw: Option<&RawValue>,
    field: &'static str,
    expected: &'static str,
    read: impl FnOnce(&RawValue) -> Option<T>,
) -> Result<Option<T>, DecodeError> {
    match present(raw) {
        None => Ok(None),
        Some(raw) => read(raw).map(Some).ok_or_else(|| invalid(raw, field, expected)),
    }
}

/// A field that is there and not `null`.
pub(crate) fn present(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}

/// The error of a field, which says so where its text was cut in the middle of a character.
fn invalid(raw: &RawValue, field: &'static str, expected: &'static str) -> DecodeError {
    let expected = match has_half_a_character(raw.get()) {
        true => WHOLE_CHARACTERS,
        false => expected,
    };
    DecodeError::Invalid { field, expected }
}

const WHOLE_CHARACTERS: &str = "whole characters: a \\ud800 to \\udfff stands alone in it, half of an emoji, say; cut texts \
     between characters";

/// Whether one of the two escapes that make up a character beyond U+FFFF stands without the other.
fn has_half_a_character(json: &str) -> bool {
    let mut awaited = false;
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let unit = escape
            .strip_prefix("\\u")
            .and_then(|digits| u16::from_str_radix(digits.get(..4)?, 16).ok());
        let follows = awaited && before.is_empty();
        match unit {
            Some(0xdc00..=0xdfff) if follows => awaited = false,
            Some(0xdc00..=0xdfff) => return true,
            _ if awaited => return true,
            Some(0xd800..=0xdbff) => awaited = true,
            _ => {}
        }
        // An escaped backslash is no beginning of an escape.
        rest = escape
            .get(if unit.is_some() { 6 } else { 2 }..)
            .unwrap_or_default();
    }
    awaited
}

/// Writes a value of this crate as compact JSON.
pub(crate) fn write(value: &impl Serialize) -> String {
    // Text, integers and JSON that was checked when its type was made: no serializer here can fail.
    serde_json::to_string(value).expect("values of this crate are always JSON")
}

#[cfg(test)]
mod tests;

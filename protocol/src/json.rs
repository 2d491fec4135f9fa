//! How the crate reads and writes JSON: whole objects only, fields one by one, errors without the input.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::DecodeError;

/// Reads one JSON object, and nothing before or after it, into a struct of raw fields.
///
/// serde would also fill a struct from an array; the protocol has no such form.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DecodeError> {
    let first = text.trim_start_matches([' ', '\t', '\n', '\r']).chars().next();
    match serde_json::from_str(text) {
        Ok(value) if first == Some('{') => Ok(value),
        Err(e) if !e.is_data() => Err(DecodeError::NotJson {
            line: e.line(),
            column: e.column(),
        }),
        // Raw fields take any value, so what is left is another JSON type or a field given twice.
        _ => Err(DecodeError::NotAnObject),
    }
}

/// Reads one required field; `null` counts as missing.
pub(crate) fn required<T: DeserializeOwned>(
    raw: Option<&RawValue>,
    field: &'static str,
    expected: &'static str,
) -> Result<T, DecodeError> {
    optional(raw, field, expected)?.ok_or(DecodeError::Missing { field })
}

/// Reads one optional field; `null` counts as absent.
pub(crate) fn optional<T: DeserializeOwned>(
    raw: Option<&RawValue>,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<T>, DecodeError> {
    match raw {
        None => Ok(None),
        Some(raw) => serde_json::from_str(raw.get()).map_err(|_| DecodeError::Invalid { field, expected }),
    }
}

/// Reads one optional field by its text; `null` counts as absent.
pub(crate) fn optional_text<T>(
    raw: Option<&RawValue>,
    field: &'static str,
    expected: &'static str,
    read: impl FnOnce(&RawValue) -> Option<T>,
) -> Result<Option<T>, DecodeError> {
    match raw.filter(|raw| raw.get() != "null") {
        None => Ok(None),
        Some(raw) => read(raw)
            .map(Some)
            .ok_or(DecodeError::Invalid { field, expected }),
    }
}

/// Writes a value of this crate as compact JSON.
pub(crate) fn write(value: &impl Serialize) -> String {
    // Text, integers and JSON that was checked when its type was made: no serializer here can fail.
    serde_json::to_string(value).expect("values of this crate are always JSON")
}

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
        Some(raw) => serde_json::from_str(raw.get()).map_err(|_| invalid(raw, field, expected)),
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
        Some(raw) => read(raw).map(Some).ok_or_else(|| invalid(raw, field, expected)),
    }
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
mod tests {
    use super::has_half_a_character;

    #[test]
    fn half_a_character_is_found_and_nothing_else_is_taken_for_one() {
        for half in [
            r#""\ud83d""#,
            r#""\udc00""#,
            r#""\ud83dx""#,
            r#""\ud83d x\ude00""#,
            r#""\ud83d\n""#,
            r#""\udc00\ud83d""#,
            r#""\ud83d\ud83d\ude00""#,
            r#"{"a":["\ud83d"]}"#,
        ] {
            assert!(has_half_a_character(half), "{half}");
        }
        for whole in [
            r#""\ud83d\ude00""#,
            r#""\\ud83d""#,
            r#""\\\\ud83d""#,
            r#""é \u0000 \n""#,
            "7",
            "",
            "\\u",
            "\\",
        ] {
            assert!(!has_half_a_character(whole), "{whole}");
        }
    }
}

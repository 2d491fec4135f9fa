//! One setting's value, as the platform holds it: text, or JSON of any type.

use std::ops::RangeInclusive;

use worker::js_sys::Array;
use worker::wasm_bindgen::{JsCast, JsValue};

use super::ConfigError;

/// A value that is set. `vars` of `wrangler.jsonc` may hold any JSON; secrets are text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A string.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A list of strings.
    List(Vec<String>),
    /// JSON that no setting takes.
    Other,
}

impl Value {
    /// Reads what JavaScript holds; `None` where nothing is set: `undefined` and `null`.
    pub(super) fn of(value: &JsValue) -> Option<Self> {
        if value.is_undefined() || value.is_null() {
            return None;
        }
        let list = || {
            let list = value.dyn_ref::<Array>()?.iter();
            list.map(|item| item.as_string()).collect::<Option<Vec<_>>>()
        };
        Some(if let Some(text) = value.as_string() {
            Self::Text(text)
        } else if let Some(flag) = value.as_bool() {
            Self::Flag(flag)
        } else if let Some(number) = value.as_f64() {
            Self::Number(number)
        } else {
            list().map_or(Self::Other, Self::List)
        })
    }
}

/// Every setting by its name.
pub(super) struct Values<F>(pub(super) F);

impl<F: Fn(&'static str) -> Option<Value>> Values<F> {
    /// A secret, without the white space around it. One that is blank counts as unset.
    pub(super) fn secret(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.trim().to_owned())),
            Some(_) => Err(bad(name, "text, not another type of JSON")),
        }
    }

    /// Yes or no; `default` where it is not set.
    pub(super) fn switch(
        &self,
        name: &'static str,
        default: bool,
        expected: &'static str,
    ) -> Result<bool, ConfigError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Flag(flag)) => Ok(flag),
            Some(Value::Text(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "false" | "0" | "off" | "no" => Ok(false),
                "true" | "1" | "on" | "yes" => Ok(true),
                _ => Err(bad(name, expected)),
            },
            Some(_) => Err(bad(name, expected)),
        }
    }

    /// A whole number within its bounds; `default` where it is not set.
    pub(super) fn number(
        &self,
        name: &'static str,
        default: u32,
        bounds: RangeInclusive<u32>,
        expected: &'static str,
    ) -> Result<u32, ConfigError> {
        let number = match self.get(name) {
            None => return Ok(default),
            Some(Value::Text(text)) => text.trim().parse().ok(),
            // A cast stops at the bounds of the type, and takes what is no number for 0: only a whole one stays itself.
            Some(Value::Number(number)) => Some(number as u32).filter(|whole| f64::from(*whole) == number),
            Some(_) => None,
        };
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| bad(name, expected))
    }

    /// Texts with commas between, or a list of them.
    pub(super) fn list(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<Vec<String>>, ConfigError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.split(',').map(str::to_owned).collect())),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(_) => Err(bad(name, expected)),
        }
    }

    /// One of the names that the platform knows, in either case.
    pub(super) fn one_of(
        &self,
        name: &'static str,
        known: &[&'static str],
        expected: &'static str,
    ) -> Result<Option<&'static str>, ConfigError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => {
                let text = text.trim().to_ascii_lowercase();
                let found = known.iter().find(|known| **known == text);
                found.copied().map(Some).ok_or_else(|| bad(name, expected))
            }
            Some(_) => Err(bad(name, expected)),
        }
    }

    fn get(&self, name: &'static str) -> Option<Value> {
        (self.0)(name).filter(|value| !matches!(value, Value::Text(text) if text.trim().is_empty()))
    }
}

/// The error of a setting that means nothing.
pub(super) fn bad(name: &'static str, expected: &'static str) -> ConfigError {
    ConfigError::BadSetting { name, expected }
}

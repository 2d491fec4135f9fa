//! Points in time as the wire has them: RFC 3339, UTC, milliseconds.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::{FromValue, Value};

/// A point in time, to the millisecond, within the years 0000 to 9999 that RFC 3339 can write.
///
/// ```
/// use transfer_status_protocol::Timestamp;
/// let at: Timestamp = "2024-01-15T11:30:00+01:00".parse().unwrap();
/// assert_eq!(at.unix_millis(), 1_705_314_600_000);
/// assert_eq!(at.to_string(), "2024-01-15T10:30:00.000Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `0000-01-01T00:00:00.000Z`.
    pub const MIN: Timestamp = Timestamp(-62_167_219_200_000);
    /// `9999-12-31T23:59:59.999Z`.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// The time that many milliseconds after 1970-01-01T00:00:00Z; beyond [`MIN`](Self::MIN) and
    /// [`MAX`](Self::MAX), the nearer of the two.
    pub const fn from_unix_millis(millis: i64) -> Timestamp {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Timestamp(millis)
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // chrono covers 262,000 years to either side, so the default is never used.
        let at = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time; write it like 2024-01-15T10:30:00.000Z")]
pub struct InvalidTimestamp;

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads RFC 3339 with any offset; digits past the milliseconds are cut off.
    ///
    /// In the spelling that JavaScript's `Date` reads too: `T` and `Z` in upper case, a plain minus, no leap second.
    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        let is_leap_second = text.get(17..19) == Some("60");
        if !text.is_ascii() || text.get(10..11) != Some("T") || text.ends_with('z') || is_leap_second {
            return Err(InvalidTimestamp);
        }
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?;
        let millis = at.timestamp_millis();
        if (Self::MIN.0..=Self::MAX.0).contains(&millis) {
            Ok(Timestamp(millis))
        } else {
            Err(InvalidTimestamp)
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value<'_>) -> Option<Timestamp> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn every_reader_takes_the_same_spellings() {
        for (text, millis) in [
            ("2024-01-15T10:30:00Z", 1_705_314_600_000),
            ("2024-01-15T10:30:00.000Z", 1_705_314_600_000),
            ("2024-01-15T11:30:00+01:00", 1_705_314_600_000),
            ("2024-01-15T10:30:00.1239Z", 1_705_314_600_123),
        ] {
            let read = text.parse().map(Timestamp::unix_millis);
            assert_eq!(read, Ok(millis), "{text}");
        }
        for text in [
            "2024-01-15t10:30:00Z",
            "2024-01-15 10:30:00Z",
            "2024-01-15T10:30:00z",
            "2024-01-15T10:30:60Z",
            "2024-01-15T10:30:00\u{2212}01:00",
            "2024-02-30T10:30:00Z",
            "2024-01-15T24:00:00Z",
            "2024-01-15T10:30:00",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}

//! Amounts of money: exact decimal numbers that leave as they came in.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::exact;

/// Most characters an amount may have.
pub const MAX_AMOUNT_LENGTH: usize = 64;

/// A finite JSON number, kept as its text so that it never turns into another value.
///
/// Two amounts are equal when their exact decimal values are.
///
/// # Serde
/// `serde_json` reads and writes the exact text, at the top level and inside any type with derived implementations.
/// Inside `#[serde(flatten)]`, `tag` and `untagged`, and in a [`serde_json::Value`], serde holds a number as an integer
/// of 64 bits or a double: `12.10` reads as `12.1`, and what has more digits than a double becomes the nearest one. A
/// format that is not for people to read (CBOR, MessagePack) gets the text as a string, and it stays exact.
///
/// ```
/// use transfer_status_protocol::Amount;
/// let amount: Amount = "12.10".parse().unwrap();
/// assert_eq!(amount, Amount::try_from(12.1).unwrap());
/// assert_ne!(amount, "12.100000000000000001".parse().unwrap());
/// assert!("1e400".parse::<Amount>().is_err());
/// ```
#[derive(Clone)]
pub struct Amount(String);

impl Amount {
    /// The number as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest double: for display and comparison, not for accounts.
    pub fn as_f64(&self) -> f64 {
        // The text was checked to be a finite number.
        self.0.parse().unwrap_or_default()
    }
}

/// Why a text or number is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAmount {
    /// Not a number as JSON writes it.
    #[error("an amount is a JSON number; write it like 12.10")]
    NotANumber,
    /// Over 64 characters.
    #[error("an amount has at most 64 characters; write it shorter")]
    TooLong,
    /// Infinite, or its exponent is beyond what any reader can hold.
    #[error("the amount is out of range; it must fit a double")]
    OutOfRange,
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Amount, InvalidAmount> {
        if text.len() > MAX_AMOUNT_LENGTH {
            return Err(InvalidAmount::TooLong);
        }
        match Decimal::parse(text)?.fits_a_double() {
            true => Ok(Amount(text.to_owned())),
            false => Err(InvalidAmount::OutOfRange),
        }
    }
}

impl TryFrom<f64> for Amount {
    type Error = InvalidAmount;

    /// Takes the shortest decimal that stands for this double.
    fn try_from(number: f64) -> Result<Amount, InvalidAmount> {
        if !number.is_finite() {
            return Err(InvalidAmount::OutOfRange);
        }
        serde_json::to_string(&number)
            .map_err(|_| InvalidAmount::NotANumber)?
            .parse()
    }
}

impl From<u64> for Amount {
    fn from(number: u64) -> Amount {
        Amount(number.to_string())
    }
}

impl From<i64> for Amount {
    fn from(number: i64) -> Amount {
        Amount(number.to_string())
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Amount) -> bool {
        same_number(&self.0, &other.0)
    }
}

impl Eq for Amount {}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_str(&self.0);
        }
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let text = if deserializer.is_human_readable() {
            exact::json::<Amount, D>(deserializer)?.get().parse()
        } else {
            String::deserialize(deserializer)?.parse()
        };
        text.map_err(Error::custom)
    }
}

impl exact::FromParts for Amount {
    fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(Number).map(|amount| amount.0)
    }
}

/// Takes a number as a format gives it, and the string that [`Amount`] is in a format that is not for people to read:
/// serde does not tell one from the other once it has buffered a value.
struct Number;

impl<'de> Visitor<'de> for Number {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a finite number of up to 64 characters")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Amount, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Amount, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Amount, E> {
        number.try_into().map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(E::custom)
    }

    /// With `serde_json`'s feature `arbitrary_precision`, a buffered number is a map that only its own type reads.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Amount, A::Error> {
        serde_json::Number::deserialize(MapAccessDeserializer::new(map))?
            .to_string()
            .parse()
            .map_err(A::Error::custom)
    }
}

/// Whether two JSON numbers stand for the same exact decimal value.
pub(crate) fn same_number(a: &str, b: &str) -> bool {
    match (Decimal::parse(a), Decimal::parse(b)) {
        (Ok(a), Ok(b)) => a == b,
        // An exponent too long to be worked with: only the same text is surely the same number.
        _ => a == b,
    }
}

/// The least whole number that no finite double is nearest to: 2^1024 - 2^970, half a step above the largest double.
const TOO_LARGE: &str = "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";

/// `digits × 10^exponent`, with no zero at either end of `digits`; zero has none and no sign.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number by the grammar of RFC 8259, section 6.
    fn parse(text: &str) -> Result<Decimal, InvalidAmount> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            Some(_) => return Err(InvalidAmount::NotANumber),
            None => (mantissa, ""),
        };
        if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(InvalidAmount::NotANumber);
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let dropped = all.len() - digits.len();
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Decimal {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        // A text's length is far below i64::MAX, and the exponent has at most four digits.
        let exponent = exponent + dropped as i64 - fraction.len() as i64;
        Ok(Decimal {
            negative,
            digits: digits.to_owned(),
            exponent,
        })
    }

    /// Whether the nearest double is finite. Told by the digits: reading a double takes tables of ten kilobytes.
    fn fits_a_double(&self) -> bool {
        // As many digits as stand before the point.
        let whole = self.digits.len() as i64 + self.exponent;
        match whole.cmp(&(TOO_LARGE.len() as i64)) {
            Ordering::Less => true,
            Ordering::Greater => false,
            // Of equal length before the point, so they compare as texts do; the shorter of two alike is the smaller.
            Ordering::Equal => self.digits.as_str() < TOO_LARGE,
        }
    }
}

fn read_exponent(text: &str) -> Result<i64, InvalidAmount> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_digits(digits) {
        return Err(InvalidAmount::NotANumber);
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > 4 {
        return Err(InvalidAmount::OutOfRange);
    }
    let magnitude = significant
        .bytes()
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Ok(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

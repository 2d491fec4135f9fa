//! A transfer: its id, its status, and what is known about it.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::amount::Amount;
use crate::error::DecodeError;
use crate::exact;
use crate::json;
use crate::metadata::Metadata;
use crate::timestamp::Timestamp;

/// Most characters of a transfer id.
pub const MAX_TRANSFER_ID_LENGTH: usize = 128;

/// Names a transfer: 1 to 128 of `A-Z a-z 0-9 . _ ~ : -`, and not `.` or `..`.
///
/// So it can stand in a URL path as it is.
///
/// ```
/// use transfer_status_protocol::TransferId;
/// assert_eq!(TransferId::new("transfer-123").unwrap().as_str(), "transfer-123");
/// assert!(TransferId::new("../x").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(String);

/// The text is not a transfer id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a transfer id; use 1 to 128 of A-Z a-z 0-9 . _ ~ : - and not . or ..")]
pub struct InvalidTransferId;

impl TransferId {
    /// Takes a text that is an id.
    ///
    /// # Errors
    /// [`InvalidTransferId`] when it is too long or has another character in it.
    pub fn new(id: impl Into<String>) -> Result<TransferId, InvalidTransferId> {
        let id = id.into();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:-".contains(&byte);
        if (1..=MAX_TRANSFER_ID_LENGTH).contains(&id.len())
            && id.bytes().all(legal)
            && !matches!(id.as_str(), "." | "..")
        {
            Ok(TransferId(id))
        } else {
            Err(InvalidTransferId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for TransferId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for TransferId {
    type Err = InvalidTransferId;

    fn from_str(id: &str) -> Result<TransferId, InvalidTransferId> {
        TransferId::new(id)
    }
}

impl json::FromValue for TransferId {
    fn from_value(value: json::Value<'_>) -> Option<TransferId> {
        TransferId::new(String::from_value(value)?).ok()
    }
}

impl Serialize for TransferId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TransferId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TransferId, D::Error> {
        TransferId::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Where a transfer stands (PROTOCOL.md, section 2).
///
/// ```
/// use transfer_status_protocol::Status;
/// assert_eq!("completed".parse(), Ok(Status::Completed));
/// assert!("refunded".parse::<Status>().is_err());
/// assert_eq!(Status::from_name("refunded").as_str(), "refunded");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Created; nothing has moved yet.
    Pending,
    /// The bank is at work.
    Processing,
    /// The money arrived. Final.
    Completed,
    /// It will not arrive. Final.
    Failed,
    /// Called off. Final.
    Cancelled,
    /// A status that this version does not know, kept by name. A reader takes it; no update may set it.
    Other(UnknownStatus),
}

/// The name of a status that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownStatus(String);

impl UnknownStatus {
    /// The name as it was received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The word is no status that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a status; use pending, processing, completed, failed or cancelled")]
pub struct InvalidStatus;

impl Status {
    /// Reads a name and keeps one that is not known.
    pub fn from_name(name: &str) -> Status {
        name.parse()
            .unwrap_or_else(|InvalidStatus| Status::Other(UnknownStatus(name.to_owned())))
    }

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Other(name) => name.as_str(),
        }
    }

    /// Whether nothing can follow it. A status that is not known is not taken for final.
    pub fn is_final(&self) -> bool {
        matches!(self, Status::Completed | Status::Failed | Status::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = InvalidStatus;

    /// Reads one of the five known names.
    fn from_str(name: &str) -> Result<Status, InvalidStatus> {
        match name {
            "pending" => Ok(Status::Pending),
            "processing" => Ok(Status::Processing),
            "completed" => Ok(Status::Completed),
            "failed" => Ok(Status::Failed),
            "cancelled" => Ok(Status::Cancelled),
            _ => Err(InvalidStatus),
        }
    }
}

impl json::FromValue for Status {
    fn from_value(value: json::Value<'_>) -> Option<Status> {
        match value {
            json::Value::Text(name) => Some(Status::from_name(&name)),
            _ => None,
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        Ok(Status::from_name(&String::deserialize(deserializer)?))
    }
}

/// A transfer as it is stored and told (PROTOCOL.md, section 1).
///
/// Reading is lenient: fields that are not known are ignored, sizes are not judged, and `version` may
/// be absent, as with the earlier service.
///
/// # Serde
/// A transfer can stand in any type that derives serde's traits, inside `#[serde(flatten)]`, `tag` and `untagged` too,
/// and in other formats than JSON. Where its amount and metadata stay exact, and where numbers pass through a double,
/// is told at [`Amount`] and [`Metadata`].
///
/// ```
/// use transfer_status_protocol::{Status, Transfer};
/// let text = r#"{"id":"transfer-123","status":"completed","updatedAt":"2024-01-15T10:30:00.000Z"}"#;
/// let transfer = Transfer::decode(text).unwrap();
/// assert_eq!(transfer.status, Status::Completed);
/// assert_eq!(transfer.encode(), text);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Transfer {
    /// Its name.
    pub id: TransferId,
    /// Where it stands.
    pub status: Status,
    /// A text for people, up to 1,024 characters.
    pub message: Option<String>,
    /// How much; the backend knows the currency.
    pub amount: Option<Amount>,
    /// Who receives, up to 128 characters.
    pub merchant_id: Option<String>,
    /// Who pays, up to 128 characters.
    pub customer_id: Option<String>,
    /// When it last changed; never goes backwards within a transfer.
    pub updated_at: Timestamp,
    /// What the backend attached.
    pub metadata: Option<Metadata>,
    /// 1 for the first accepted update, then +1 for each change; 0 for "announced, nothing reported
    /// yet"; `None` from a service that counts none.
    pub version: Option<u64>,
}

impl Transfer {
    /// A transfer with its required fields only.
    pub fn new(id: TransferId, status: Status, updated_at: Timestamp) -> Transfer {
        Transfer {
            id,
            status,
            message: None,
            amount: None,
            merchant_id: None,
            customer_id: None,
            updated_at,
            metadata: None,
            version: None,
        }
    }

    /// A transfer that somebody may watch and no update has reached: pending, version 0.
    pub fn announced(id: TransferId, now: Timestamp) -> Transfer {
        Transfer {
            version: Some(0),
            ..Transfer::new(id, Status::Pending, now)
        }
    }

    /// The transfer as JSON.
    pub fn encode(&self) -> String {
        json::write(self)
    }

    /// Reads a transfer from JSON.
    ///
    /// # Errors
    /// [`DecodeError`], which names the field.
    pub fn decode(text: &str) -> Result<Transfer, DecodeError> {
        let [
            id,
            status,
            message,
            amount,
            merchant_id,
            customer_id,
            updated_at,
            metadata,
            version,
        ] = json::fields(
            text,
            [
                "id",
                "status",
                "message",
                "amount",
                "merchantId",
                "customerId",
                "updatedAt",
                "metadata",
                "version",
            ],
        )?;
        Ok(Transfer {
            id: json::required(id, "id", "1 to 128 of A-Z a-z 0-9 . _ ~ : -")?,
            status: json::required(status, "status", "a string")?,
            message: json::optional(message, "message", "a string")?,
            amount: json::optional_text(
                amount,
                "amount",
                "a finite number of up to 64 characters",
                |raw| raw.get().parse().ok(),
            )?,
            merchant_id: json::optional(merchant_id, "merchantId", "a string")?,
            customer_id: json::optional(customer_id, "customerId", "a string")?,
            updated_at: json::required(updated_at, "updatedAt", "a time like 2024-01-15T10:30:00.000Z")?,
            metadata: json::optional_text(metadata, "metadata", "a JSON object", Metadata::from_raw)?,
            version: json::optional(version, "version", "an integer from 0")?,
        })
    }
}

impl Serialize for Transfer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A format that is not for people to read may write no names, so that only its place tells what a field is.
        let every = !serializer.is_human_readable();
        let given = [
            self.message.is_some(),
            self.amount.is_some(),
            self.merchant_id.is_some(),
            self.customer_id.is_some(),
            self.metadata.is_some(),
            self.version.is_some(),
        ];
        let optional = given.iter().filter(|given| every || **given).count();
        let mut fields = serializer.serialize_struct("Transfer", 3 + optional)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("status", &self.status)?;
        field(&mut fields, every, "message", &self.message)?;
        field(&mut fields, every, "amount", &self.amount)?;
        field(&mut fields, every, "merchantId", &self.merchant_id)?;
        field(&mut fields, every, "customerId", &self.customer_id)?;
        fields.serialize_field("updatedAt", &self.updated_at)?;
        field(&mut fields, every, "metadata", &self.metadata)?;
        field(&mut fields, every, "version", &self.version)?;
        fields.end()
    }
}

fn field<S: SerializeStruct, T: Serialize>(
    fields: &mut S,
    every: bool,
    name: &'static str,
    value: &Option<T>,
) -> Result<(), S::Error> {
    if every || value.is_some() {
        fields.serialize_field(name, value)
    } else {
        fields.skip_field(name)
    }
}

impl<'de> Deserialize<'de> for Transfer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Transfer, D::Error> {
        if !deserializer.is_human_readable() {
            return Parts::deserialize(deserializer).map(Transfer::from);
        }
        let raw = exact::json::<Transfer, D>(deserializer)?;
        Transfer::decode(raw.get()).map_err(D::Error::custom)
    }
}

impl exact::FromParts for Transfer {
    fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Ok(Transfer::from(Parts::deserialize(deserializer)?).encode())
    }
}

/// A transfer where its JSON is not at hand. The fields stand in the order in which they are written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    id: TransferId,
    status: Status,
    message: Option<String>,
    amount: Option<Amount>,
    merchant_id: Option<String>,
    customer_id: Option<String>,
    updated_at: Timestamp,
    metadata: Option<Metadata>,
    version: Option<u64>,
}

impl From<Parts> for Transfer {
    fn from(parts: Parts) -> Transfer {
        Transfer {
            id: parts.id,
            status: parts.status,
            message: parts.message,
            amount: parts.amount,
            merchant_id: parts.merchant_id,
            customer_id: parts.customer_id,
            updated_at: parts.updated_at,
            metadata: parts.metadata,
            version: parts.version,
        }
    }
}

//! What a backend posts to `/update`: a new status, and which other fields change.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::amount::Amount;
use crate::error::DecodeError;
use crate::json::{self, FromValue};
use crate::metadata::{InvalidMetadata, Metadata};
use crate::transfer::{Status, TransferId};

/// Most bytes of an update's body: 16 KiB.
pub const MAX_UPDATE_BYTES: usize = 16 * 1024;
/// Most characters of a message.
pub const MAX_MESSAGE_LENGTH: usize = 1024;
/// Most characters of a merchant's or customer's id.
pub const MAX_PARTY_ID_LENGTH: usize = 128;

/// What an update does to one field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leaves it as it is: the field is absent.
    #[default]
    Keep,
    /// Removes it: the field is `null`.
    Remove,
    /// Sets it.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field is left as it is.
    pub fn is_keep(&self) -> bool {
        matches!(self, Patch::Keep)
    }

    /// The value to set, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Patch::Set(value) => Some(value),
            Patch::Keep | Patch::Remove => None,
        }
    }

    /// Reads a field's JSON: `null` removes, which is not the same as an absent field.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`], which says what is `expected`.
    pub fn read(
        raw: Option<&RawValue>,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Patch<T>, DecodeError>
    where
        T: FromValue,
    {
        Ok(Patch::of(raw, json::optional(raw, field, expected)?))
    }

    fn of(raw: Option<&RawValue>, value: Option<T>) -> Patch<T> {
        match (raw, value) {
            (None, _) => Patch::Keep,
            (_, None) => Patch::Remove,
            (_, Some(value)) => Patch::Set(value),
        }
    }

    /// Does to a field what the patch says.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Patch::Keep => {}
            Patch::Remove => *field = None,
            Patch::Set(value) => *field = Some(value),
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

/// A change of a transfer, as its backend reports it.
///
/// ```
/// use transfer_status_protocol::{Status, TransferId, Update};
/// let update = Update::new(TransferId::new("transfer-123").unwrap(), Status::Completed)
///     .with_message("Payment successful")
///     .with_amount("12.10".parse().unwrap());
/// let body = update.encode().unwrap();
/// assert_eq!(
///     body,
///     br#"{"transferId":"transfer-123","status":"completed","message":"Payment successful","amount":12.10}"#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Update {
    /// Which transfer.
    pub transfer_id: TransferId,
    /// Where it stands now.
    pub status: Status,
    /// A text for people, up to 1,024 characters.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub message: Patch<String>,
    /// How much.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub amount: Patch<Amount>,
    /// Who receives, 1 to 128 characters.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub merchant_id: Patch<String>,
    /// Who pays, 1 to 128 characters.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub customer_id: Patch<String>,
    /// What to attach.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub metadata: Patch<Metadata>,
    /// The version that this update builds on; 0 for "nobody has reported it yet". `None` overwrites whatever another
    /// writer of the same status has reported in between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

/// Why an update cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUpdate {
    /// The status is one that no update may set.
    #[error(
        "the status is not one an update may set; use pending, processing, completed, failed or cancelled"
    )]
    UnknownStatus,
    /// The message is over 1,024 characters.
    #[error("message is over 1,024 characters; shorten it")]
    MessageTooLong,
    /// The merchant's id is empty or over 128 characters.
    #[error("merchantId is not 1 to 128 characters; shorten it, or leave it out")]
    MerchantId,
    /// The customer's id is empty or over 128 characters.
    #[error("customerId is not 1 to 128 characters; shorten it, or leave it out")]
    CustomerId,
    /// The metadata is over its limits.
    #[error(transparent)]
    Metadata(#[from] InvalidMetadata),
}

impl Update {
    /// A change of the status that leaves all else as it is.
    pub fn new(transfer_id: TransferId, status: Status) -> Update {
        Update {
            transfer_id,
            status,
            message: Patch::Keep,
            amount: Patch::Keep,
            merchant_id: Patch::Keep,
            customer_id: Patch::Keep,
            metadata: Patch::Keep,
            if_version: None,
        }
    }

    /// Sets the text for people.
    pub fn with_message(mut self, message: impl Into<String>) -> Update {
        self.message = Patch::Set(message.into());
        self
    }

    /// Sets the amount.
    pub fn with_amount(mut self, amount: Amount) -> Update {
        self.amount = Patch::Set(amount);
        self
    }

    /// Sets who receives.
    pub fn with_merchant_id(mut self, merchant_id: impl Into<String>) -> Update {
        self.merchant_id = Patch::Set(merchant_id.into());
        self
    }

    /// Sets who pays.
    pub fn with_customer_id(mut self, customer_id: impl Into<String>) -> Update {
        self.customer_id = Patch::Set(customer_id.into());
        self
    }

    /// Attaches metadata.
    pub fn with_metadata(mut self, metadata: Metadata) -> Update {
        self.metadata = Patch::Set(metadata);
        self
    }

    /// Makes it count only if the transfer is still at this version; 0 for "nobody has reported it yet".
    ///
    /// At any other version nothing changes, and the answer is a conflict with the current transfer. An update that
    /// would change nothing is answered as usual, so that sending it again after a lost answer is safe.
    ///
    /// ```
    /// use transfer_status_protocol::{Status, TransferId, Update};
    /// let id = TransferId::new("transfer-123").unwrap();
    /// let body = Update::new(id, Status::Processing).with_if_version(2).encode().unwrap();
    /// assert_eq!(body, br#"{"transferId":"transfer-123","status":"processing","ifVersion":2}"#);
    /// ```
    pub fn with_if_version(mut self, version: u64) -> Update {
        self.if_version = Some(version);
        self
    }

    /// The body to sign and send: encode once, sign these bytes, send these bytes.
    ///
    /// # Errors
    /// [`InvalidUpdate`] for what the server would refuse.
    pub fn encode(&self) -> Result<Vec<u8>, InvalidUpdate> {
        // Fields within their limits stay below MAX_UPDATE_BYTES, however they are escaped.
        self.check().map(|()| json::write(self).into_bytes())
    }

    fn check(&self) -> Result<(), InvalidUpdate> {
        let party = |id: &Patch<String>| {
            id.value()
                .is_none_or(|id| !id.is_empty() && id.chars().count() <= MAX_PARTY_ID_LENGTH)
        };
        if matches!(self.status, Status::Other(_)) {
            return Err(InvalidUpdate::UnknownStatus);
        }
        if self
            .message
            .value()
            .is_some_and(|text| text.chars().count() > MAX_MESSAGE_LENGTH)
        {
            return Err(InvalidUpdate::MessageTooLong);
        }
        if !party(&self.merchant_id) {
            return Err(InvalidUpdate::MerchantId);
        }
        if !party(&self.customer_id) {
            return Err(InvalidUpdate::CustomerId);
        }
        self.metadata
            .value()
            .map_or(Ok(()), Metadata::check_limits)
            .map_err(InvalidUpdate::Metadata)
    }
}

#[cfg(feature = "hmac")]
mod decode {
    use serde_json::value::RawValue;

    use super::{InvalidUpdate, MAX_UPDATE_BYTES, Patch, Update};
    use crate::error::DecodeError;
    use crate::json;
    use crate::metadata::Metadata;
    use crate::sign::Verified;

    const STATUS: &str = "one of pending, processing, completed, failed, cancelled";
    const MESSAGE: &str = "a string of up to 1,024 characters, or null";
    const AMOUNT: &str = "a finite number of up to 64 characters, or null";
    const PARTY: &str = "a string of 1 to 128 characters, or null";
    const METADATA: &str = "a JSON object of up to 8 KiB and 16 levels, or null";
    const IF_VERSION: &str = "the version that the update builds on: an integer, 0 for none yet";

    impl Update {
        /// Reads an update from bytes whose signature was verified, and holds it to the limits.
        ///
        /// # Errors
        /// [`DecodeError`], which names the field.
        pub fn decode<B: AsRef<[u8]>>(body: &Verified<B>) -> Result<Update, DecodeError> {
            let body = body.get().as_ref();
            if body.len() > MAX_UPDATE_BYTES {
                return Err(DecodeError::TooLarge {
                    limit: MAX_UPDATE_BYTES,
                });
            }
            let [
                transfer_id,
                status,
                message,
                amount,
                merchant_id,
                customer_id,
                metadata,
                if_version,
            ] = json::fields(
                std::str::from_utf8(body).map_err(|_| DecodeError::NotUtf8)?,
                [
                    "transferId",
                    "status",
                    "message",
                    "amount",
                    "merchantId",
                    "customerId",
                    "metadata",
                    "ifVersion",
                ],
            )?;
            let id = "1 to 128 of A-Z a-z 0-9 . _ ~ : -";
            let update = Update {
                transfer_id: json::required(transfer_id, "transferId", id)?,
                status: json::required(status, "status", STATUS)?,
                message: Patch::read(message, "message", MESSAGE)?,
                amount: patch_text(amount, "amount", AMOUNT, |raw| raw.get().parse().ok())?,
                merchant_id: Patch::read(merchant_id, "merchantId", PARTY)?,
                customer_id: Patch::read(customer_id, "customerId", PARTY)?,
                metadata: patch_text(metadata, "metadata", METADATA, Metadata::from_raw)?,
                if_version: json::optional(if_version, "ifVersion", IF_VERSION)?,
            };
            update.check().map_err(|reason| match reason {
                InvalidUpdate::UnknownStatus => DecodeError::Invalid {
                    field: "status",
                    expected: STATUS,
                },
                InvalidUpdate::MessageTooLong => DecodeError::Invalid {
                    field: "message",
                    expected: MESSAGE,
                },
                InvalidUpdate::MerchantId => DecodeError::Invalid {
                    field: "merchantId",
                    expected: PARTY,
                },
                InvalidUpdate::CustomerId => DecodeError::Invalid {
                    field: "customerId",
                    expected: PARTY,
                },
                InvalidUpdate::Metadata(_) => DecodeError::Invalid {
                    field: "metadata",
                    expected: METADATA,
                },
            })?;
            Ok(update)
        }
    }

    fn patch_text<T>(
        raw: Option<&RawValue>,
        field: &'static str,
        expected: &'static str,
        read: impl FnOnce(&RawValue) -> Option<T>,
    ) -> Result<Patch<T>, DecodeError> {
        Ok(Patch::of(raw, json::optional_text(raw, field, expected, read)?))
    }
}

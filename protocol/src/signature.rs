//! Subscription signatures: what a client shows to watch one transfer until it expires
//! (PROTOCOL.md, section 5). Clients pass it on as text; backends mint it and servers verify it.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::json::{self, FromValue};

#[cfg(feature = "hmac")]
mod mac;

#[cfg(feature = "hmac")]
pub use self::mac::{Claims, InvalidClaims, SubscriptionError, mint, open, seal, verify, verify_claims};

/// The WebSocket subprotocol, which the server answers with.
pub const SUBPROTOCOL: &str = "transfer-status.v1";
/// What the subprotocol item that carries a signature starts with.
pub const SIGNATURE_PROTOCOL_PREFIX: &str = "signature.";
/// Most characters of a signature.
pub const MAX_SIGNATURE_LENGTH: usize = 2048;

/// A subscription signature, as opaque text. Debug shows nothing of it, and it cannot be printed or
/// compared by accident.
///
/// ```
/// use transfer_status_protocol::Signature;
/// let signature = Signature::new("abc.def").unwrap();
/// assert_eq!(signature.to_protocol(), "signature.YWJjLmRlZg");
/// assert_eq!(format!("{signature:?}"), "Signature([redacted])");
/// ```
#[derive(Clone)]
pub struct Signature(Zeroizing<String>);

/// The text cannot be a subscription signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a subscription signature; pass on the text that the backend handed out, as it is")]
pub struct InvalidSignature;

impl Signature {
    /// Takes the text that a backend handed out: 1 to 2,048 printable ASCII characters.
    ///
    /// # Errors
    /// [`InvalidSignature`] when it is empty, too long, or has another character in it.
    pub fn new(text: impl Into<String>) -> Result<Signature, InvalidSignature> {
        let text = Zeroizing::new(text.into());
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if printable && (1..=MAX_SIGNATURE_LENGTH).contains(&text.len()) {
            Ok(Signature(text))
        } else {
            Err(InvalidSignature)
        }
    }

    /// The text in clear: for a header, a message or a QR code, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The item of `Sec-WebSocket-Protocol` that carries the signature:
    /// `signature.<base64url without padding>`.
    pub fn to_protocol(&self) -> String {
        format!(
            "{SIGNATURE_PROTOCOL_PREFIX}{}",
            URL_SAFE_NO_PAD.encode(self.0.as_bytes())
        )
    }

    /// Reads one item of `Sec-WebSocket-Protocol`; `None` when it is not one that carries a signature.
    ///
    /// ```
    /// use transfer_status_protocol::Signature;
    /// let header = "transfer-status.v1, signature.YWJjLmRlZg";
    /// let signature = header.split(',').find_map(Signature::from_protocol).unwrap().unwrap();
    /// assert_eq!(signature.expose(), "abc.def");
    /// ```
    pub fn from_protocol(item: &str) -> Option<Result<Signature, InvalidSignature>> {
        let encoded = item.trim().strip_prefix(SIGNATURE_PROTOCOL_PREFIX)?;
        let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| InvalidSignature);
        Some(
            decoded
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| InvalidSignature))
                .and_then(Self::new),
        )
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature([redacted])")
    }
}

impl FromValue for Signature {
    fn from_value(value: json::Value<'_>) -> Option<Signature> {
        Signature::new(String::from_value(value)?).ok()
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Signature, D::Error> {
        Signature::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What a signature says, in the order in which it is written. One serializer writes it in one way only, so a
/// signature can be put together again from the facts and the MAC.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts<'a> {
    pub(crate) transfer_request_id: Cow<'a, str>,
    pub(crate) merchant_id: Cow<'a, str>,
    pub(crate) expiry: u64,
}

impl Facts<'_> {
    /// The part of a signature before the dot.
    pub(crate) fn encode(&self) -> String {
        STANDARD.encode(json::write(self))
    }

    /// Reads what [`encode`](Self::encode) wrote; `None` for what it surely did not write.
    pub(crate) fn decode(encoded: &str) -> Option<Facts<'static>> {
        serde_json::from_slice(&STANDARD.decode(encoded).ok()?).ok()
    }
}

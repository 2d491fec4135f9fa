//! Subscription signatures: what a client shows to watch one transfer until it expires
//! (contract, "Signatures"). Clients pass it on as text; backends mint it and servers verify it.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::json;

#[cfg(feature = "hmac")]
pub use self::mac::{Claims, InvalidClaims, TokenError, mint, open, seal, verify, verify_claims};

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

#[cfg(feature = "hmac")]
mod mac {
    use base64::Engine;
    use base64::alphabet;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    use hmac::Mac;
    use serde::Deserialize;

    use super::{Facts, Signature};
    use crate::error::ErrorCode;
    use crate::json;
    use crate::sign::{Key, KeyRing, Verified};
    use crate::transfer::TransferId;
    use crate::update::MAX_PARTY_ID_LENGTH;

    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );

    /// What a subscription signature says: who may watch what, and until when.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Claims {
        transfer_id: TransferId,
        merchant_id: String,
        expiry: u64,
    }

    /// The merchant's id is empty or too long.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
    #[error("merchantId is not 1 to 128 characters; use another")]
    pub struct InvalidClaims;

    impl Claims {
        /// Lets whoever holds the signature watch this transfer up to and including `expiry`, in Unix
        /// seconds.
        ///
        /// # Errors
        /// [`InvalidClaims`] when the merchant's id is not 1 to 128 characters.
        pub fn new(
            transfer_id: TransferId,
            merchant_id: impl Into<String>,
            expiry: u64,
        ) -> Result<Claims, InvalidClaims> {
            let merchant_id = merchant_id.into();
            if merchant_id.is_empty() || merchant_id.chars().count() > MAX_PARTY_ID_LENGTH {
                return Err(InvalidClaims);
            }
            Ok(Claims {
                transfer_id,
                merchant_id,
                expiry,
            })
        }

        /// The transfer that may be watched.
        pub fn transfer_id(&self) -> &TransferId {
            &self.transfer_id
        }

        /// The merchant whose backend gave the right.
        pub fn merchant_id(&self) -> &str {
            &self.merchant_id
        }

        /// The last second in which the signature is valid, in Unix seconds.
        pub fn expiry(&self) -> u64 {
            self.expiry
        }
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        transfer_request_id: String,
        merchant_id: String,
        expiry: u64,
    }

    /// Makes the subscription signature that a backend hands to its client.
    ///
    /// ```
    /// use transfer_status_protocol::{TransferId, sign::{Key, KeyRing}, token::{self, Claims}};
    /// let key = Key::new("test-secret").unwrap();
    /// let transfer_id = TransferId::new("transfer-123").unwrap();
    /// let claims = Claims::new(transfer_id.clone(), "merchant-1", 1_732_950_839).unwrap();
    /// let signature = token::mint(&key, &claims);
    /// assert_eq!(token::verify(&KeyRing::new(key), &signature, &transfer_id, 1_732_950_839), Ok(claims));
    /// ```
    pub fn mint(key: &Key, claims: &Claims) -> Signature {
        let payload = json::write(&Facts {
            transfer_request_id: claims.transfer_id.as_str().into(),
            merchant_id: claims.merchant_id.as_str().into(),
            expiry: claims.expiry,
        });
        // Base64 and a dot, of at most 128 and six times 128 characters and a number.
        Signature::new(seal(key, &payload)).expect("claims are bounded")
    }

    /// Signs a text in the form of a signature: `<base64 of the text>.<base64url of its MAC>`.
    ///
    /// ```
    /// use transfer_status_protocol::{sign::{Key, KeyRing}, token};
    /// let key = Key::new("test-secret").unwrap();
    /// let token = token::seal(&key, "caf\u{e9}");
    /// assert_eq!(token::open(&KeyRing::new(key), &token).unwrap().get(), "caf\u{e9}");
    /// ```
    pub fn seal(key: &Key, text: &str) -> String {
        let encoded = STANDARD.encode(text);
        let mac = URL_SAFE_NO_PAD.encode(key.mac(&[encoded.as_bytes()]).finalize().into_bytes());
        format!("{encoded}.{mac}")
    }

    /// Why a subscription signature is refused.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum TokenError {
        /// It does not have the form of one.
        #[error("the signature is malformed; pass on the text that the backend handed out, as it is")]
        Malformed,
        /// It was not made with a key that is accepted.
        #[error("the signature is wrong; ask the backend for one made with the current secret")]
        BadSignature,
        /// It is for another transfer.
        #[error("the signature is for another transfer; ask the backend for one for this transfer")]
        WrongTransfer,
        /// Its time is over.
        #[error("the signature has expired; ask the backend for a fresh one")]
        Expired,
    }

    impl TokenError {
        /// The code to answer with.
        pub const fn code(&self) -> ErrorCode {
            ErrorCode::Unauthorized
        }

        /// Whether a fresh signature for the same transfer would do.
        pub const fn is_retryable(&self) -> bool {
            matches!(self, TokenError::Expired)
        }
    }

    /// Verifies that a signature lets its holder watch this transfer now.
    ///
    /// The MAC covers the encoded text as it was sent; only a `+` that a query string turned into a
    /// space is put back. Nothing is parsed before the MAC was found right.
    ///
    /// # Errors
    /// [`TokenError`]: a caller gets `unauthorized` for each.
    pub fn verify(
        keys: &KeyRing,
        signature: &Signature,
        transfer_id: &TransferId,
        now_unix_seconds: u64,
    ) -> Result<Claims, TokenError> {
        let payload = payload(keys, signature)?;
        if payload.transfer_request_id != transfer_id.as_str() {
            return Err(TokenError::WrongTransfer);
        }
        claims(transfer_id.clone(), payload, now_unix_seconds)
    }

    /// [`verify`] for a caller that asks afterwards what the signature is for: a list of its merchant's
    /// transfers, say.
    ///
    /// # Errors
    /// [`TokenError`], but never [`TokenError::WrongTransfer`].
    pub fn verify_claims(
        keys: &KeyRing,
        signature: &Signature,
        now_unix_seconds: u64,
    ) -> Result<Claims, TokenError> {
        let payload = payload(keys, signature)?;
        let transfer_id =
            TransferId::new(payload.transfer_request_id.as_str()).map_err(|_| TokenError::Malformed)?;
        claims(transfer_id, payload, now_unix_seconds)
    }

    /// Verifies what [`seal`] made and gives the text: what it says, and whether that is still valid, is the
    /// caller's matter.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] or [`TokenError::BadSignature`].
    pub fn open(keys: &KeyRing, token: &str) -> Result<Verified<String>, TokenError> {
        let (payload, mac) = token.split_once('.').ok_or(TokenError::Malformed)?;
        let payload = payload.replace(' ', "+");
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| TokenError::Malformed)?;
        if payload.is_empty() || mac.is_empty() {
            return Err(TokenError::Malformed);
        }
        if !keys.accepts(&[payload.as_bytes()], &mac) {
            return Err(TokenError::BadSignature);
        }
        LENIENT
            .decode(payload.replace('-', "+").replace('_', "/"))
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Verified::by_caller)
            .ok_or(TokenError::Malformed)
    }

    fn payload(keys: &KeyRing, signature: &Signature) -> Result<Payload, TokenError> {
        let text = open(keys, signature.expose())?;
        json::object(text.get()).map_err(|_| TokenError::Malformed)
    }

    fn claims(
        transfer_id: TransferId,
        payload: Payload,
        now_unix_seconds: u64,
    ) -> Result<Claims, TokenError> {
        if payload.merchant_id.chars().count() > MAX_PARTY_ID_LENGTH {
            return Err(TokenError::Malformed);
        }
        if now_unix_seconds > payload.expiry {
            return Err(TokenError::Expired);
        }
        Ok(Claims {
            transfer_id,
            merchant_id: payload.merchant_id,
            expiry: payload.expiry,
        })
    }
}

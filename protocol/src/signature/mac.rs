//! Minting and verifying subscription signatures, for the server and for backends (PROTOCOL.md, section 5).

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::Mac;

use super::{Facts, Signature};
use crate::error::{DecodeError, ErrorCode};
use crate::json::{self, Whole};
use crate::sign::{Key, KeyRing, MAC_LENGTH, Verified};
use crate::transfer::TransferId;
use crate::update::MAX_PARTY_ID_LENGTH;

/// From here on an expiry is milliseconds by mistake: as seconds, it would be in the year 5138.
const MILLISECONDS: u64 = 100_000_000_000;

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

/// Why no signature can be made with these claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClaims {
    /// The merchant's id is empty or too long.
    #[error("merchantId is not 1 to 128 characters; use another")]
    MerchantId,
    /// The expiry is milliseconds by mistake: 100,000,000,000 or more.
    #[error("expiry is in milliseconds; give Unix seconds")]
    ExpiryInMilliseconds,
}

impl Claims {
    /// Lets whoever holds the signature watch this transfer up to and including `expiry`, in Unix
    /// seconds.
    ///
    /// # Errors
    /// [`InvalidClaims`] when the merchant's id is not 1 to 128 characters, or the expiry is in milliseconds.
    pub fn new(
        transfer_id: TransferId,
        merchant_id: impl Into<String>,
        expiry: u64,
    ) -> Result<Claims, InvalidClaims> {
        let merchant_id = merchant_id.into();
        if merchant_id.is_empty() || merchant_id.chars().count() > MAX_PARTY_ID_LENGTH {
            return Err(InvalidClaims::MerchantId);
        }
        if expiry >= MILLISECONDS {
            return Err(InvalidClaims::ExpiryInMilliseconds);
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

/// Makes the subscription signature that a backend hands to its client.
///
/// ```
/// use transfer_status_protocol::{TransferId, sign::{Key, KeyRing}, signature::{self, Claims}};
/// let key = Key::new("test-secret").unwrap();
/// let transfer_id = TransferId::new("transfer-123").unwrap();
/// let claims = Claims::new(transfer_id.clone(), "merchant-1", 1_732_950_839).unwrap();
/// let signature = signature::mint(&key, &claims);
/// assert_eq!(signature::verify(&KeyRing::new(key), &signature, &transfer_id, 1_732_950_839), Ok(claims));
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
/// use transfer_status_protocol::{sign::{Key, KeyRing}, signature};
/// let key = Key::new("test-secret").unwrap();
/// let token = signature::seal(&key, "caf\u{e9}");
/// assert_eq!(signature::open(&KeyRing::new(key), &token).unwrap().get(), "caf\u{e9}");
/// ```
pub fn seal(key: &Key, text: &str) -> String {
    let encoded = STANDARD.encode(text);
    let mac = URL_SAFE_NO_PAD.encode(key.mac(&[encoded.as_bytes()]).finalize().into_bytes());
    format!("{encoded}.{mac}")
}

/// Why a subscription signature is refused. What is malformed is told with what it should be: most who read it
/// have made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// There is no dot in it, or nothing on one side of it.
    #[error(
        "the signature is malformed: it is not <payload>.<MAC>; pass on the text that the backend handed out, as it \
         is"
    )]
    Malformed,
    /// The part after the dot cannot be the MAC.
    #[error(
        "the signature is malformed: the part after the dot {found}; make it the HMAC-SHA256 of the part before the \
         dot, in base64url without padding, 43 characters"
    )]
    MalformedMac {
        /// What it looks like.
        found: &'static str,
    },
    /// The part before the dot is signed, and is no text in base64.
    #[error(
        "the signature is malformed: the part before the dot is not base64 of JSON in UTF-8, in one line; encode it so"
    )]
    MalformedPayload,
    /// The payload is signed, and one of its fields is not what it should be.
    #[error("the signature is malformed: in its payload, {0}")]
    MalformedField(DecodeError),
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

impl SubscriptionError {
    /// The code to answer with: `expired` for a signature that was right and is too old, else `unauthorized`.
    pub const fn code(&self) -> ErrorCode {
        match self {
            SubscriptionError::Expired => ErrorCode::Expired,
            _ => ErrorCode::Unauthorized,
        }
    }

    /// Whether a fresh signature for the same transfer would do.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, SubscriptionError::Expired)
    }
}

/// Verifies that a signature lets its holder watch this transfer now.
///
/// The MAC covers the encoded text as it was sent; only a `+` that a query string turned into a
/// space is put back. Nothing is parsed before the MAC was found right.
///
/// # Errors
/// [`SubscriptionError`], whose [`code`](SubscriptionError::code) a caller gets. What is malformed or for another transfer is
/// told so, whether or not it has expired too.
pub fn verify(
    keys: &KeyRing,
    signature: &Signature,
    transfer_id: &TransferId,
    now_unix_seconds: u64,
) -> Result<Claims, SubscriptionError> {
    let payload = Payload::open(keys, signature)?;
    if payload.transfer_request_id != transfer_id.as_str() {
        return Err(SubscriptionError::WrongTransfer);
    }
    payload.claims(transfer_id.clone(), now_unix_seconds)
}

/// [`verify`] for a caller that asks afterwards what the signature is for: a list of its merchant's
/// transfers, say.
///
/// # Errors
/// [`SubscriptionError`], but never [`SubscriptionError::WrongTransfer`].
pub fn verify_claims(
    keys: &KeyRing,
    signature: &Signature,
    now_unix_seconds: u64,
) -> Result<Claims, SubscriptionError> {
    let payload = Payload::open(keys, signature)?;
    let transfer_id = TransferId::new(payload.transfer_request_id.as_str())
        .map_err(|_| invalid("transferRequestId", TRANSFER))?;
    payload.claims(transfer_id, now_unix_seconds)
}

/// Verifies what [`seal`] made and gives the text. What it says, and whether that is still valid, is for the caller
/// to judge.
///
/// # Errors
/// [`SubscriptionError::Malformed`], [`SubscriptionError::MalformedMac`], [`SubscriptionError::BadSignature`] or
/// [`SubscriptionError::MalformedPayload`].
pub fn open(keys: &KeyRing, token: &str) -> Result<Verified<String>, SubscriptionError> {
    let (payload, mac) = token.split_once('.').ok_or(SubscriptionError::Malformed)?;
    if payload.is_empty() || mac.is_empty() {
        return Err(SubscriptionError::Malformed);
    }
    let payload = payload.replace(' ', "+");
    if !keys.accepts(&[payload.as_bytes()], &read_mac(mac)?) {
        return Err(SubscriptionError::BadSignature);
    }
    LENIENT
        .decode(payload.replace('-', "+").replace('_', "/"))
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(Verified::by_caller)
        .ok_or(SubscriptionError::MalformedPayload)
}

fn read_mac(text: &str) -> Result<Vec<u8>, SubscriptionError> {
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(mac) if mac.len() == MAC_LENGTH => Ok(mac),
        _ => Err(SubscriptionError::MalformedMac {
            found: match text.len() {
                64 if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => "is in hex",
                43 | 44 if text.contains(['+', '/', '=', ' ']) => "is in plain base64",
                _ => "is not a MAC",
            },
        }),
    }
}

const TRANSFER: &str = "the transfer's id, a string";
const MERCHANT: &str = "a string of up to 128 characters";
const EXPIRY: &str = "Unix seconds, a number from 0";

/// What a signature says, as far as it can be read.
struct Payload {
    transfer_request_id: String,
    merchant_id: String,
    expiry: u64,
}

impl Payload {
    fn open(keys: &KeyRing, signature: &Signature) -> Result<Payload, SubscriptionError> {
        Payload::read(open(keys, signature.expose())?.get()).map_err(SubscriptionError::MalformedField)
    }

    fn read(text: &str) -> Result<Payload, DecodeError> {
        let [transfer_request_id, merchant_id, expiry] =
            json::fields(text, ["transferRequestId", "merchantId", "expiry"])?;
        let payload = Payload {
            transfer_request_id: json::required(transfer_request_id, "transferRequestId", TRANSFER)?,
            merchant_id: json::required(merchant_id, "merchantId", MERCHANT)?,
            expiry: whole_seconds(json::required(expiry, "expiry", EXPIRY)?)?,
        };
        if payload.merchant_id.chars().count() > MAX_PARTY_ID_LENGTH {
            return Err(DecodeError::Invalid {
                field: "merchantId",
                expected: MERCHANT,
            });
        }
        Ok(payload)
    }

    fn claims(self, transfer_id: TransferId, now_unix_seconds: u64) -> Result<Claims, SubscriptionError> {
        if now_unix_seconds > self.expiry {
            return Err(SubscriptionError::Expired);
        }
        Ok(Claims {
            transfer_id,
            merchant_id: self.merchant_id,
            expiry: self.expiry,
        })
    }
}

/// What is milliseconds by mistake would be valid for thousands of years.
fn whole_seconds(Whole(seconds): Whole) -> Result<u64, DecodeError> {
    match seconds < MILLISECONDS {
        true => Ok(seconds),
        false => Err(DecodeError::Invalid {
            field: "expiry",
            expected: "Unix seconds, not milliseconds",
        }),
    }
}

fn invalid(field: &'static str, expected: &'static str) -> SubscriptionError {
    SubscriptionError::MalformedField(DecodeError::Invalid { field, expected })
}

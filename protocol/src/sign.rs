//! Update signatures: keys, signing, and verifying bytes before anything parses them
//! (PROTOCOL.md, section 4).

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::ErrorCode;

/// The header that holds the update's signature.
pub const SIGNATURE_HEADER: &str = "x-signature";
/// The header that holds the time of signing, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "x-timestamp";
/// How far from the server's clock a timestamp may be, in seconds, to either side.
pub const TIMESTAMP_TOLERANCE_SECONDS: u64 = 300;

/// Bytes of an HMAC-SHA256.
pub(crate) const MAC_LENGTH: usize = 32;

/// A secret key. Debug shows nothing of it, and its memory is wiped with the last clone.
#[derive(Clone)]
pub struct Key(Arc<Zeroizing<Vec<u8>>>);

/// The key has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is empty; give at least one byte, better 32 random ones")]
pub struct InvalidKey;

impl Key {
    /// Takes the bytes of a secret.
    ///
    /// # Errors
    /// [`InvalidKey`] when there are none.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Key, InvalidKey> {
        let secret = secret.as_ref();
        if secret.is_empty() {
            Err(InvalidKey)
        } else {
            Ok(Key(Arc::new(Zeroizing::new(secret.to_vec()))))
        }
    }

    /// A MAC that has taken in `parts`, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// The keys a verifier accepts: the current one and, while keys are rotated, the previous one.
#[derive(Debug, Clone)]
pub struct KeyRing {
    current: Key,
    previous: Option<Key>,
}

impl KeyRing {
    /// Accepts one key.
    pub fn new(current: Key) -> KeyRing {
        KeyRing {
            current,
            previous: None,
        }
    }

    /// Also accepts what the previous key signed.
    pub fn with_previous(mut self, previous: Key) -> KeyRing {
        self.previous = Some(previous);
        self
    }

    /// The key to sign with.
    pub fn current(&self) -> &Key {
        &self.current
    }

    /// Whether one of the keys made this MAC: all of its bytes, compared in constant time.
    pub(crate) fn accepts(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .any(|key| key.mac(parts).verify_slice(mac).is_ok())
    }
}

/// Signs updates.
///
/// ```
/// use transfer_status_protocol::sign::{Key, Signer};
/// let signer = Signer::new(Key::new("test-secret").unwrap());
/// assert_eq!(signer.sign(b"{}"), "2f59040b63b7200598444239da2c9a4f3abc5c434259b23126d72514dab8cd09");
/// ```
#[derive(Debug, Clone)]
pub struct Signer {
    key: Key,
}

impl Signer {
    /// Signs with this key.
    pub fn new(key: Key) -> Signer {
        Signer { key }
    }

    /// The signature of a body alone, as lower-case hex. Prefer [`sign_at`](Self::sign_at): what it
    /// signs cannot be replayed later.
    pub fn sign(&self, body: &[u8]) -> String {
        base16ct::lower::encode_string(&self.key.mac(&[body]).finalize().into_bytes())
    }

    /// The signature of a body and the time of signing, as lower-case hex. Send the same seconds, in
    /// decimal, in [`TIMESTAMP_HEADER`].
    pub fn sign_at(&self, unix_seconds: u64, body: &[u8]) -> String {
        let seconds = unix_seconds.to_string();
        base16ct::lower::encode_string(
            &self
                .key
                .mac(&[seconds.as_bytes(), b".", body])
                .finalize()
                .into_bytes(),
        )
    }
}

/// Bytes that carried a valid signature. [`verify`] makes one; a part of a service that gets them from
/// another part, which did verify them, says so with [`Verified::by_caller`].
pub struct Verified<B>(B);

impl<B> Verified<B> {
    /// Takes bytes that another part of the same service has verified: its edge, say, before it passed
    /// them on to the object that holds the transfer. Never for bytes as a client sent them.
    pub fn by_caller(body: B) -> Verified<B> {
        Verified(body)
    }

    /// The bytes.
    pub fn get(&self) -> &B {
        &self.0
    }

    /// The bytes, given back.
    pub fn into_inner(self) -> B {
        self.0
    }
}

impl<B> fmt::Debug for Verified<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(..)")
    }
}

/// Whether an update may come without a timestamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimestampPolicy {
    /// It may, as existing backends do.
    #[default]
    Optional,
    /// It may not (`REQUIRE_TIMESTAMP=true`).
    Required,
}

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The signature is not 64 hex digits.
    #[error("the signature is not 64 hex digits; send the HMAC-SHA256 of the body in hex")]
    MalformedSignature,
    /// The timestamp is not a decimal number of Unix seconds.
    #[error("the timestamp is not in Unix seconds; send decimal digits only")]
    MalformedTimestamp,
    /// The timestamp has 13 digits: milliseconds by mistake.
    #[error("the timestamp is in milliseconds; sign and send Unix seconds, which have 10 digits")]
    TimestampInMilliseconds,
    /// The signature is not of these bytes by a key that is accepted.
    #[error(
        "the signature does not match; sign the exact bytes that are sent, \"<X-Timestamp>.<body>\" or the body alone \
         where there is no X-Timestamp, with the shared secret"
    )]
    BadSignature,
    /// There is a timestamp, and the signature is of the body without it.
    #[error("the signature is of the body alone; beside X-Timestamp, sign \"<X-Timestamp>.<body>\"")]
    SignedWithoutTimestamp,
    /// Timestamps are required and there is none.
    #[error("the timestamp is missing; sign \"<Unix seconds>.<body>\" and send the seconds along")]
    MissingTimestamp,
    /// The update was signed over 300 s ago.
    #[error("the timestamp is over 300 s old; check the clock and sign again")]
    TooOld,
    /// The update claims to be signed over 300 s in the future.
    #[error("the timestamp is over 300 s ahead; check the clock and sign again")]
    TooFarAhead,
}

impl VerifyError {
    /// The code to answer with.
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::Unauthorized
    }
}

/// Verifies a body as it was received, by its two headers.
///
/// Whether a timestamp is fresh is judged after the signature, so that only a holder of the key learns
/// it. The signed bytes hold the timestamp as it was sent.
///
/// # Errors
/// [`VerifyError`]: a caller gets `unauthorized` for each.
pub fn verify<B: AsRef<[u8]>>(
    keys: &KeyRing,
    body: B,
    signature: &str,
    timestamp: Option<&str>,
    now_unix_seconds: u64,
    policy: TimestampPolicy,
) -> Result<Verified<B>, VerifyError> {
    let mut mac = [0; MAC_LENGTH];
    let mac = match base16ct::mixed::decode(signature, &mut mac) {
        Ok(mac) if mac.len() == MAC_LENGTH => mac,
        _ => return Err(VerifyError::MalformedSignature),
    };
    let signed_at = timestamp.map(read_seconds).transpose()?;
    let accepted = match timestamp {
        Some(text) => keys.accepts(&[text.as_bytes(), b".", body.as_ref()], mac),
        None => keys.accepts(&[body.as_ref()], mac),
    };
    if !accepted {
        return Err(if timestamp.is_some() && keys.accepts(&[body.as_ref()], mac) {
            VerifyError::SignedWithoutTimestamp
        } else {
            VerifyError::BadSignature
        });
    }
    match signed_at {
        None if policy == TimestampPolicy::Required => Err(VerifyError::MissingTimestamp),
        Some(at) if now_unix_seconds.saturating_sub(at) > TIMESTAMP_TOLERANCE_SECONDS => {
            Err(VerifyError::TooOld)
        }
        Some(at) if at.saturating_sub(now_unix_seconds) > TIMESTAMP_TOLERANCE_SECONDS => {
            Err(VerifyError::TooFarAhead)
        }
        _ => Ok(Verified(body)),
    }
}

/// Digits only: what else `u64` would read (a sign) is refused, so nothing but digits precedes the dot.
fn read_seconds(text: &str) -> Result<u64, VerifyError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::MalformedTimestamp);
    }
    match text.parse() {
        Ok(1_000_000_000_000..=9_999_999_999_999) => Err(VerifyError::TimestampInMilliseconds),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err(VerifyError::MalformedTimestamp),
    }
}

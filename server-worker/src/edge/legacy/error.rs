//! What the earlier API refuses besides what every request may be refused for.

use transfer_status_protocol::signature::SubscriptionError;
use transfer_status_protocol::{DecodeError, ErrorCode};

/// Why a request of the earlier API was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LegacyError {
    /// A read with nothing to prove the right to it.
    #[error("no token; add `token=…` to the query, as the backend handed it out")]
    NoToken,
    /// An update with nothing to prove the right to it, in either API.
    #[error("no token; send {{\"token\":\"…\"}}, or sign the body and send X-Signature")]
    NoUpdateToken,
    /// Not of the form of a token, or its payload is not UTF-8.
    #[error(
        "the token is malformed; send base64(JSON in UTF-8), a dot, and base64url of that text's HMAC-SHA256"
    )]
    Malformed,
    /// It was not made with a key that is accepted.
    #[error("the token's MAC does not match; make it over the base64 text, with the update key")]
    BadMac,
    /// Its time is over.
    #[error("the token has expired; make one with a later expiry")]
    Expired,
    /// `REQUIRE_TIMESTAMP=true`, and the token would be good for ever.
    #[error("the token has no expiry, and this server requires one; add `expiry` in Unix seconds")]
    NoExpiry,
    /// `REQUIRE_TIMESTAMP=true`, and the token would be good for long.
    #[error(
        "the token's expiry is over a day ahead, which this server takes no more; make it sooner, in Unix seconds"
    )]
    ExpiryTooFar,
    /// A signed payload, or another body, that says something wrong.
    #[error(transparent)]
    Body(DecodeError),
    /// No id in the query.
    #[error("id is missing; add `id=…` to the query")]
    NoId,
    /// Not a number.
    #[error("limit is not valid; send a whole number, at most 200 are shown")]
    BadLimit,
    /// `LEGACY_OPEN_SCAN` is not on.
    #[error(
        "scan reports without proof are off; set LEGACY_OPEN_SCAN=on on the server, or send transferId, scanned and \
         the transfer's signature to /scan"
    )]
    OpenScanIsOff,
}

impl LegacyError {
    /// The word on the wire.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            Self::NoToken
            | Self::NoUpdateToken
            | Self::Malformed
            | Self::BadMac
            | Self::Expired
            | Self::NoExpiry
            | Self::ExpiryTooFar => ErrorCode::Unauthorized,
            Self::Body(error) => error.code(),
            Self::NoId | Self::BadLimit => ErrorCode::BadRequest,
            Self::OpenScanIsOff => ErrorCode::Forbidden,
        }
    }
}

impl From<SubscriptionError> for LegacyError {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::BadSignature => Self::BadMac,
            SubscriptionError::Expired => Self::Expired,
            _ => Self::Malformed,
        }
    }
}

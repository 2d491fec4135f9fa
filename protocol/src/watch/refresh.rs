//! What passes between a watch and the source of its signatures.

use std::fmt::{self, Display};

use crate::request::TransferRequest;
use crate::signature::Signature;
use crate::timestamp::Timestamp;

/// Most characters that are kept of a cause.
const MAX_CAUSE: usize = 512;

/// Why a fresh signature is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshReason {
    /// The watch began with none.
    Missing,
    /// The one at hand has expired.
    Expired,
}

impl RefreshReason {
    /// The name: `missing` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Expired => "expired",
        }
    }
}

impl Display for RefreshReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a signature source gives: a signature and, where it is known, when it expires.
#[derive(Debug, Clone)]
pub struct FreshSignature {
    pub(super) signature: Signature,
    pub(super) expires: Option<Timestamp>,
}

impl FreshSignature {
    /// A signature whose expiry is not known.
    pub const fn new(signature: Signature) -> Self {
        Self {
            signature,
            expires: None,
        }
    }

    /// From when on it is no longer valid, by the clock of the device: the watch asks for another in time.
    #[must_use]
    pub const fn expires(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }
}

impl From<Signature> for FreshSignature {
    fn from(signature: Signature) -> Self {
        Self::new(signature)
    }
}

impl From<TransferRequest> for FreshSignature {
    fn from(request: TransferRequest) -> Self {
        // The second named by `expiry` is the last in which it is valid.
        let end_ms = request.expiry.saturating_add(1).saturating_mul(1_000);
        let end_ms = i64::try_from(end_ms).unwrap_or(i64::MAX);
        Self {
            expires: Some(Timestamp::from_unix_millis(end_ms)),
            signature: request.signature,
        }
    }
}

/// Why a signature source has no signature to give, with the cause in its own words.
///
/// The cause is shown to the user as it is, in [`ProblemKind::SignatureRefresh`](super::ProblemKind): it should hold no
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not this time (the backend is out of reach, say): the source is asked again after a while.
    #[error("no fresh signature this time: {cause}")]
    Retry {
        /// What went wrong.
        cause: String,
    },
    /// There is none any more (the payment was called off, say): the watch ends.
    #[error("no signature is available any more: {cause}")]
    Refused {
        /// Why there is none.
        cause: String,
    },
}

impl SignatureError {
    /// Not this time: ask again after a while.
    ///
    /// ```
    /// use transfer_status_protocol::watch::SignatureError;
    ///
    /// let answer = std::fs::read_to_string("/no/such/file").map_err(SignatureError::retry);
    /// assert!(answer.unwrap_err().to_string().contains("No such file"));
    /// ```
    pub fn retry(cause: impl Display) -> Self {
        Self::Retry {
            cause: shortened(&cause),
        }
    }

    /// There is none any more: the watch ends.
    pub fn refused(cause: impl Display) -> Self {
        Self::Refused {
            cause: shortened(&cause),
        }
    }
}

fn shortened(cause: &dyn Display) -> String {
    cause.to_string().chars().take(MAX_CAUSE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_request_is_valid_through_its_last_second() {
        let request: TransferRequest = serde_json::from_str(
            r#"{"transferRequestId":"order-1042","merchantId":"m-7","expiry":1700000000,"signature":"a.b"}"#,
        )
        .unwrap();
        let expires = |request| FreshSignature::from(request).expires;
        let end = Timestamp::from_unix_millis(1_700_000_001_000);
        assert_eq!(expires(request.clone()), Some(end));
        let for_ever = TransferRequest {
            expiry: u64::MAX,
            ..request
        };
        assert_eq!(expires(for_ever), Some(Timestamp::MAX));
    }

    #[test]
    fn a_cause_is_kept_and_bounded() {
        let SignatureError::Retry { cause } = SignatureError::retry("é".repeat(10_000)) else {
            panic!()
        };
        assert_eq!(cause.chars().count(), MAX_CAUSE);
        assert_eq!(
            SignatureError::refused("called off").to_string(),
            "no signature is available any more: called off"
        );
    }
}

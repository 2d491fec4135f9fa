//! Why an update was not stored.

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::InvalidUpdate;

use crate::error::TransportError;

/// Why [`Publisher::publish`](crate::Publisher::publish) gave up. `message` is what the service said.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// 409: the transfer does not go from its status to the one given, most often because it is final.
    #[error("the transfer is already {}: {message}", .current.status)]
    Conflict {
        /// The transfer as it is stored.
        current: Box<Transfer>,
        /// What the service said.
        message: String,
    },
    /// 401: the key is not the service's, or the clocks are more than 300 s apart.
    #[error("the service refused the signature; check HMAC_SECRET and this machine's clock: {message}")]
    Unauthorized {
        /// What the service said.
        message: String,
    },
    /// 400: the service does not accept the update's fields.
    #[error("the service refused the update: {message}")]
    BadRequest {
        /// What the service said.
        message: String,
    },
    /// 413: the encoded update is larger than the service takes, 16 KiB.
    #[error("the update is too large, shorten message or metadata: {message}")]
    TooLarge {
        /// What the service said.
        message: String,
    },
    /// 429: too many requests.
    #[error("the service asks to slow down: {message}")]
    RateLimited {
        /// How long to wait at least.
        retry_after: Option<Duration>,
        /// What the service said.
        message: String,
    },
    /// 500, 502, 503, 504: the service, or what stands before it, cannot serve now.
    #[error("the service cannot serve now (HTTP {status}): {message}")]
    Unavailable {
        /// The HTTP status.
        status: StatusCode,
        /// How long to wait at least.
        retry_after: Option<Duration>,
        /// What the service said.
        message: String,
    },
    /// No answer in the time of one attempt. Whether the update arrived is not known.
    #[error("the service did not answer in time")]
    TimedOut,
    /// No usable answer. Unless it is [`TransportError::Connect`], whether the update arrived is not known.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer that this service does not give: most often the URL is another's.
    #[error("unexpected answer (HTTP {status}), check the service's URL: {message}")]
    UnexpectedResponse {
        /// The HTTP status.
        status: StatusCode,
        /// What was wrong with it, or what the service said.
        message: String,
    },
    /// The service would refuse the update; it was not sent.
    #[error("the update cannot be sent: {0}")]
    Invalid(#[from] InvalidUpdate),
}

impl PublishError {
    /// Whether sending the same update again may succeed. The publisher has already tried, as its policy says.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::TimedOut => true,
            Self::Transport(error) => error.is_retryable(),
            Self::Conflict { .. }
            | Self::Unauthorized { .. }
            | Self::BadRequest { .. }
            | Self::TooLarge { .. }
            | Self::UnexpectedResponse { .. }
            | Self::Invalid(_) => false,
        }
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

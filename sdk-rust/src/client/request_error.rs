//! Why a request of a client was not answered as it should be.

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use transfer_status_protocol::error::ErrorCode;

use crate::answer::{Meaning, Refusal};
use crate::attempts::AttemptError;
use crate::error::TransportError;

/// Why [`Client::get`](crate::Client::get) or [`Client::scan`](crate::Client::scan) gave up.
///
/// `code` and `message` are what the service said, where the answer is the service's own. Where it is not, `code` is
/// `None` and `message` says so: what a proxy or an edge writes is never shown as the service's word.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// 401 of the service: the signature is wrong, or for another transfer.
    #[error("the service refused the signature: {message}")]
    #[non_exhaustive]
    Unauthorized {
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// 401 of the service: the signature was right, and is too old. Get a fresh one from your backend.
    #[error("the signature has expired, get a fresh one: {message}")]
    #[non_exhaustive]
    Expired {
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// 403 of the service: it does not allow this, whatever is proved.
    #[error("the service does not allow it: {message}")]
    #[non_exhaustive]
    Forbidden {
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// 429: too many requests.
    #[error("too many requests (HTTP 429), slow down: {message}")]
    #[non_exhaustive]
    RateLimited {
        /// How long to wait at least.
        retry_after: Option<Duration>,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// The service, or what stands before it, cannot serve now: 408, 425, and 5xx but 501, 505 and 511.
    #[error("the service cannot serve now (HTTP {status}): {message}")]
    #[non_exhaustive]
    Unavailable {
        /// The HTTP status.
        status: StatusCode,
        /// How long to wait at least.
        retry_after: Option<Duration>,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// No answer in time.
    #[error("the service did not answer in time")]
    TimedOut,
    /// No usable answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer that the service does not give to such a request: most often the URL is another's, or a proxy, a
    /// firewall or an access product answered.
    #[error("unexpected answer (HTTP {status}), check the service's URL: {message}")]
    #[non_exhaustive]
    UnexpectedResponse {
        /// The HTTP status.
        status: StatusCode,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What was wrong with it, or what the service said.
        message: String,
    },
}

impl RequestError {
    pub(super) fn new(status: StatusCode, refusal: Refusal) -> Self {
        let Refusal {
            meaning,
            code,
            message,
            retry_after,
            ..
        } = refusal;
        match meaning {
            Meaning::Unauthorized => Self::Unauthorized { code, message },
            Meaning::Expired => Self::Expired { code, message },
            Meaning::Forbidden => Self::Forbidden { code, message },
            Meaning::RateLimited => Self::RateLimited {
                retry_after,
                code,
                message,
            },
            Meaning::Unavailable => Self::Unavailable {
                status,
                retry_after,
                code,
                message,
            },
            Meaning::BadRequest | Meaning::Conflict | Meaning::TooLarge | Meaning::Unexpected => {
                Self::UnexpectedResponse {
                    status,
                    code,
                    message,
                }
            }
        }
    }

    /// Whether the same request may succeed later, with nothing else changed. It was tried again already.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::TimedOut => true,
            Self::Transport(error) => error.is_retryable(),
            Self::Unauthorized { .. }
            | Self::Expired { .. }
            | Self::Forbidden { .. }
            | Self::UnexpectedResponse { .. } => false,
        }
    }

    /// The code in the service's own error body: [`ErrorCode::Other`] for one that this version does not know, `None`
    /// when there was no such body.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Unauthorized { code, .. }
            | Self::Expired { code, .. }
            | Self::Forbidden { code, .. }
            | Self::RateLimited { code, .. }
            | Self::Unavailable { code, .. }
            | Self::UnexpectedResponse { code, .. } => *code,
            Self::TimedOut | Self::Transport(_) => None,
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

impl AttemptError for RequestError {
    const TIMED_OUT: Self = Self::TimedOut;

    fn is_retryable(&self) -> bool {
        self.is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after()
    }
}

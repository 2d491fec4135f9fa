//! Why a request was not answered as it should be.

use std::time::Duration;

use js_sys::Date;
use thiserror::Error;
use transfer_status_protocol::answer::{Meaning, Refusal};
use transfer_status_protocol::error::ErrorCode;
use transfer_status_protocol::session::Cause;
use transfer_status_protocol::watch::{Answer, retry_after_ms};

/// Why [`Client::get`](crate::Client::get) or [`Client::scan`](crate::Client::scan) gave up.
///
/// `code` and `message` are what the service said, where the answer is the service's own. Where it is not, `code` is
/// `None` and `message` says so: what a proxy or an edge writes is never shown as the service's word.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
        /// How long to wait at least, where the page may read it.
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
        status: u16,
        /// How long to wait at least, where the page may read it.
        retry_after: Option<Duration>,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// No answer within ten seconds.
    #[error("the service did not answer in time")]
    TimedOut,
    /// No answer, and a browser tells no cause: no network, another name, a certificate, an origin that is not allowed.
    #[error("the service cannot be reached; check the network, the URL and the allowed origins")]
    Unreachable,
    /// An answer that the service does not give to such a request: most often the URL is another's, or a proxy or a
    /// portal answered.
    #[error("unexpected answer (HTTP {status}), check the service's URL: {message}")]
    #[non_exhaustive]
    UnexpectedResponse {
        /// The HTTP status; 0 for a redirect, whose status a browser does not show.
        status: u16,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What was wrong with it, or what the service said.
        message: String,
    },
}

impl RequestError {
    /// An answer that is no success.
    pub(crate) fn refused(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        let Refusal {
            meaning,
            code,
            message,
            ..
        } = Refusal::read(status, answer.body);
        let unix_ms = Date::now() as i64;
        let retry_after = answer
            .retry_after
            .and_then(|value| retry_after_ms(value, answer.date, unix_ms))
            .map(|ms| Duration::from_millis(ms.into()));
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

    /// An answer that is not to this request.
    pub(crate) fn unexpected(status: u16, message: &str) -> Self {
        Self::UnexpectedResponse {
            status,
            code: None,
            message: message.to_owned(),
        }
    }

    /// No answer.
    pub(crate) fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::Timeout => Self::TimedOut,
            Cause::Redirect(status) => Self::unexpected(
                status,
                "it is a redirect, and what carries a signature is sent to no other address",
            ),
            _ => Self::Unreachable,
        }
    }

    /// Whether the same request may succeed later, with nothing else changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::TimedOut | Self::Unreachable => true,
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
            Self::TimedOut | Self::Unreachable => None,
        }
    }
}

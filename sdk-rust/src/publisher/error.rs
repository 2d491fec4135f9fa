//! Why an update was not stored.

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use transfer_status_protocol::error::ErrorCode;
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::{InvalidUpdate, Patch, Update};

use super::clock::ClockSkew;
use crate::attempts::AttemptError;
use crate::error::TransportError;

/// Why [`Publisher::publish`](crate::Publisher::publish) gave up.
///
/// `code` and `message` are what the service said, where the answer is the service's own. Where it is not, `code` is
/// `None` and `message` says so: what a proxy or an edge writes is never shown as the service's word.
///
/// | what to do with the update | errors |
/// |---|---|
/// | send it again, later | [`is_retryable`](PublishError::is_retryable) |
/// | keep it, let a person mend the settings, send it again | neither |
/// | put it aside: it is refused for good | [`is_final`](PublishError::is_final) |
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// 409: the transfer does not go from its status to the one given, most often because it is final; or it is not at
    /// the version that the update's `ifVersion` names.
    #[error("{}", conflict(.current.as_deref(), .message))]
    #[non_exhaustive]
    Conflict {
        /// The transfer as it is stored; `None` when the answer does not say it in a way that can be read.
        current: Option<Box<Transfer>>,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// 401 of the service: the key is not the service's, or the clocks are more than 300 s apart.
    #[error("the service refused the signature; {}: {message}", .clock.advice())]
    #[non_exhaustive]
    Unauthorized {
        /// How far this machine's clock is from that of the answer's `Date`.
        clock: ClockSkew,
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// 400 of the service: it does not accept the update's fields.
    #[error("the service refused the update: {message}")]
    #[non_exhaustive]
    BadRequest {
        /// What kind of error the service says it is.
        code: Option<ErrorCode>,
        /// What the service said.
        message: String,
    },
    /// 413 of the service: the encoded update is larger than the service takes, 16 KiB.
    #[error("the update is too large, shorten message or metadata: {message}")]
    #[non_exhaustive]
    TooLarge {
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
    /// The service, or what stands before it, cannot serve now: 408, 425, and 5xx but 501, 505 and 511. Of these, 520
    /// to 527 and 530 are the troubles of Cloudflare's edge.
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
    /// No answer in the time of one attempt, or no free connection until the deadline. Whether the update arrived is
    /// not known.
    #[error("the service did not answer in time")]
    TimedOut,
    /// No usable answer. Unless it is [`TransportError::Connect`] or [`TransportError::Certificate`], whether the update
    /// arrived is not known.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer that the service does not give to an update: most often the URL is another's, or a proxy, a firewall
    /// or an access product answered.
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
    /// The service would refuse the update; it was not sent.
    #[error("the update cannot be sent: {0}")]
    Invalid(#[from] InvalidUpdate),
    /// This machine's clock is before 1970, so nothing can be signed; the update was not sent.
    #[error("this machine's clock is before 1970; set it")]
    Clock,
}

impl PublishError {
    /// Whether sending the same update again may succeed, with nothing else changed. The publisher has already tried,
    /// as its policy says.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::TimedOut => true,
            Self::Transport(error) => error.is_retryable(),
            Self::Conflict { .. }
            | Self::Unauthorized { .. }
            | Self::BadRequest { .. }
            | Self::TooLarge { .. }
            | Self::UnexpectedResponse { .. }
            | Self::Invalid(_)
            | Self::Clock => false,
        }
    }

    /// Whether this update is refused for good: it is not to be sent again, whatever the operator mends.
    ///
    /// A wrong key, a wrong URL, a certificate or a clock are not final: once mended, the same update is taken. Nor is a
    /// 409 that is not the service's own.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Conflict { code, .. } => code.is_some(),
            Self::BadRequest { .. } | Self::TooLarge { .. } | Self::Invalid(_) => true,
            Self::Unauthorized { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::TimedOut
            | Self::Transport(_)
            | Self::UnexpectedResponse { .. }
            | Self::Clock => false,
        }
    }

    /// The code in the service's own error body: [`ErrorCode::Other`] for one that this version does not know, `None`
    /// when there was no such body.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Conflict { code, .. }
            | Self::Unauthorized { code, .. }
            | Self::BadRequest { code, .. }
            | Self::TooLarge { code, .. }
            | Self::RateLimited { code, .. }
            | Self::Unavailable { code, .. }
            | Self::UnexpectedResponse { code, .. } => *code,
            Self::TimedOut | Self::Transport(_) | Self::Invalid(_) | Self::Clock => None,
        }
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The transfer as it is stored, where a conflict says it.
    pub fn current(&self) -> Option<&Transfer> {
        match self {
            Self::Conflict { current, .. } => current.as_deref(),
            _ => None,
        }
    }

    /// Whether this is a conflict with a transfer that already says all that `update` says: the same status, and the
    /// same value in each field that the update gives. What it leaves out does not matter.
    ///
    /// A service of this version answers such an update with 200; an older one may refuse it when it comes again.
    pub fn is_already_there(&self, update: &Update) -> bool {
        fn says<T: PartialEq>(stored: &Option<T>, patch: &Patch<T>) -> bool {
            patch.is_keep() || stored.as_ref() == patch.value()
        }
        self.current().is_some_and(|stored| {
            stored.id == update.transfer_id
                && stored.status == update.status
                && says(&stored.message, &update.message)
                && says(&stored.amount, &update.amount)
                && says(&stored.merchant_id, &update.merchant_id)
                && says(&stored.customer_id, &update.customer_id)
                && says(&stored.metadata, &update.metadata)
        })
    }
}

impl AttemptError for PublishError {
    const TIMED_OUT: Self = Self::TimedOut;

    fn is_retryable(&self) -> bool {
        self.is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after()
    }
}

fn conflict(current: Option<&Transfer>, message: &str) -> String {
    match current {
        Some(current) => format!("the transfer is already {}: {message}", current.status),
        None => format!("the update conflicts with the transfer as it is stored (HTTP 409): {message}"),
    }
}

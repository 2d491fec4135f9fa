//! What can go wrong, as enums a caller can match on.
//!
//! No variant holds or prints a secret, a signature or a URL given by the caller.

mod cause;
mod proxy;

use std::error::Error as StdError;

#[cfg(feature = "client")]
use http::StatusCode;
use http_body_util::LengthLimitError;
use thiserror::Error;
use transfer_status_protocol::endpoint::InvalidUrl;
#[cfg(feature = "client")]
use transfer_status_protocol::session::Cause;

pub use self::cause::TransportCause;
pub(crate) use self::cause::{DnsError, classify};
pub(crate) use self::proxy::ProxyError;
use crate::transport::MAX_ANSWER;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a [`Client`](crate::Client) or [`Publisher`](crate::Publisher) could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The service's URL cannot be used.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// The TLS configuration cannot be used.
    #[error("the TLS configuration cannot be used: {0}")]
    Tls(String),
    /// A duration of the client makes no sense.
    #[cfg(feature = "client")]
    #[error(transparent)]
    Timing(#[from] transfer_status_protocol::watch::InvalidTiming),
    /// The proxy, or what the environment says of it, cannot be used.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// A client was built outside a tokio runtime.
    #[error("no tokio runtime; build the client within one, it carries the watches")]
    NoRuntime,
}

/// A request that got no usable answer from the service.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection; [`TransportError::cause`] says why. Nothing was sent.
    #[error("could not connect to the service: {}", classify(.0.as_ref()))]
    Connect(#[source] BoxError),
    /// The service's certificate was not accepted. Nothing was sent, and trying again does not help.
    #[error("the service's certificate was refused; check the host name, the clock and the trusted roots")]
    Certificate(#[source] BoxError),
    /// The connection broke before the whole answer was there.
    #[error("the connection broke before the answer was complete")]
    Interrupted(#[source] BoxError),
    /// The request cannot be formed.
    #[error("the request cannot be formed")]
    Request(#[source] http::Error),
    /// The answer is larger than any the service sends.
    #[error("the answer is larger than {limit} bytes; check the service's URL")]
    AnswerTooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
}

impl TransportError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Interrupted(_) => true,
            Self::Certificate(_) | Self::Request(_) | Self::AnswerTooLarge { .. } => false,
        }
    }

    /// Why the service was not reached, or `None` where it was. A link that broke in mid-exchange has a cause too.
    pub fn cause(&self) -> Option<TransportCause> {
        match self {
            Self::Connect(error) | Self::Certificate(error) | Self::Interrupted(error) => {
                Some(classify(error.as_ref()))
            }
            Self::Request(_) | Self::AnswerTooLarge { .. } => None,
        }
    }

    pub(crate) fn from_http(error: hyper_util::client::legacy::Error) -> Self {
        let connecting = error.is_connect();
        let error: BoxError = error.into();
        if classify(error.as_ref()) == TransportCause::Certificate {
            Self::Certificate(error)
        } else if connecting {
            Self::Connect(error)
        } else {
            Self::Interrupted(error)
        }
    }

    pub(crate) fn from_body(error: BoxError) -> Self {
        match error.is::<LengthLimitError>() {
            true => Self::AnswerTooLarge { limit: MAX_ANSWER },
            false => Self::Interrupted(error),
        }
    }
}

/// Why a socket could not be had.
#[cfg(feature = "client")]
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error("the request cannot be formed")]
    Request,
    #[error("could not connect")]
    Connect(#[source] BoxError),
    #[error("the handshake failed")]
    Handshake(#[source] hyper::Error),
    #[error("the upgrade was answered with HTTP status {status}")]
    Answered {
        status: StatusCode,
        retry_after: Option<String>,
        date: Option<String>,
    },
    #[error("the answer is not that of a WebSocket server: {0} is missing or wrong")]
    NotWebSocket(&'static str),
}

#[cfg(feature = "client")]
impl DialError {
    /// What it says of the way to the service; an HTTP answer says more than that.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Request => Cause::Unreachable,
            Self::Connect(error) => way_of(error.as_ref()),
            // Somebody speaks there, and not HTTP.
            Self::Handshake(error) if error.is_parse() => Cause::NotTheService,
            Self::Handshake(error) => classify(error).into(),
            Self::Answered { status, .. } => Cause::of_status(status.as_u16()),
            Self::NotWebSocket(_) => Cause::NotTheService,
        }
    }
}

#[cfg(feature = "client")]
impl TransportError {
    /// What a poll that failed says of the way to the service.
    pub(crate) fn poll_cause(&self) -> Cause {
        match self {
            Self::AnswerTooLarge { .. } => Cause::NotTheService,
            Self::Connect(error) | Self::Certificate(error) | Self::Interrupted(error) => {
                way_of(error.as_ref())
            }
            Self::Request(_) => Cause::Unreachable,
        }
    }
}

/// What a failed dial or a broken exchange says of the way to the service, through a proxy or not.
#[cfg(feature = "client")]
fn way_of(error: &(dyn StdError + 'static)) -> Cause {
    let found = ProxyError::find(error);
    found.map_or_else(|| classify(error).into(), ProxyError::cause)
}

#[cfg(feature = "client")]
impl From<TransportCause> for Cause {
    fn from(cause: TransportCause) -> Self {
        match cause {
            TransportCause::Dns => Self::Dns,
            TransportCause::Refused => Self::Refused,
            TransportCause::Unreachable => Self::Unreachable,
            TransportCause::Timeout => Self::Timeout,
            TransportCause::Certificate => Self::Certificate,
            TransportCause::Tls => Self::Tls,
            TransportCause::Proxy => Self::Unreachable,
        }
    }
}

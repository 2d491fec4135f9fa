//! What can go wrong, as enums a caller can match on.
//!
//! No variant holds or prints a secret, a signature or a URL given by the caller.

use std::error::Error as StdError;
use std::io;

#[cfg(feature = "client")]
use http::StatusCode;
use http_body_util::LengthLimitError;
use thiserror::Error;
use transfer_status_protocol::watch::InvalidUrl;

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
    /// A client was built outside a tokio runtime.
    #[error("no tokio runtime; build the client within one, it carries the watches")]
    NoRuntime,
}

/// A request that got no usable answer from the service.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection: name not found, refused, unreachable, TLS failed on the way.
    #[error("could not connect to the service")]
    Connect(#[source] BoxError),
    /// The service's certificate was not accepted. Trying again does not help.
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

    pub(crate) fn from_http(error: hyper_util::client::legacy::Error) -> Self {
        let connecting = error.is_connect();
        let error: BoxError = error.into();
        if is_certificate_error(error.as_ref()) {
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

/// Looks through the chain, and into each `io::Error`, which hides what it wraps from `source()`.
fn is_certificate_error(error: &(dyn StdError + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(inner) => is_certificate_error(inner),
        None => error.source().is_some_and(is_certificate_error),
    }
}

/// Why a socket could not be had. For the log: the session only needs to know that it failed.
#[cfg(feature = "client")]
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error("the request cannot be formed")]
    Request,
    #[error("could not connect")]
    Connect(#[source] BoxError),
    #[error("the handshake failed")]
    Handshake(#[source] hyper::Error),
    #[error("the upgrade was refused with HTTP status {0}")]
    Refused(StatusCode),
    #[error("the answer is not that of a WebSocket server: {0} is missing or wrong")]
    NotWebSocket(&'static str),
}

//! Why a proxy did not lead to the service.

#[cfg(feature = "client")]
use std::error::Error as StdError;

use http::StatusCode;
use thiserror::Error;
#[cfg(feature = "client")]
use transfer_status_protocol::session::Cause;

use super::BoxError;
#[cfg(feature = "client")]
use super::classify;

/// What went wrong before there was a tunnel. Says nothing of the service.
#[derive(Debug, Error)]
pub(crate) enum ProxyError {
    #[error("the proxy cannot be reached")]
    Unreachable(#[source] BoxError),
    #[error("the proxy answered with HTTP status {0}")]
    Answered(StatusCode),
    #[error("the proxy broke off")]
    Broken(#[source] hyper::Error),
    #[error("the proxy refused")]
    Socks(#[source] BoxError),
    #[error("the proxy cannot be asked for such a host")]
    Request,
}

#[cfg(feature = "client")]
impl ProxyError {
    /// The one in the chain of `error`.
    pub(super) fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// What it says of the way to the service, in PROTOCOL.md's words: these know no proxies.
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Unreachable(error) => classify(error.as_ref()).into(),
            Self::Answered(status) => Cause::of_status(status.as_u16()),
            // Somebody speaks there, and not HTTP.
            Self::Broken(error) if error.is_parse() => Cause::NotTheService,
            Self::Broken(error) => classify(error).into(),
            Self::Socks(_) | Self::Request => Cause::Unreachable,
        }
    }
}

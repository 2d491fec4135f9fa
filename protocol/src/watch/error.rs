//! What can go wrong before and in a watch. Nothing here holds or prints a secret, a signature or a URL.

use crate::close::CloseCode;

/// Why a watch ended without a final status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The server refused, or closed with a code that makes trying again pointless.
    #[error("the server ended the watch with close code {code}: {}", .message.as_deref().unwrap_or(.code.meaning()))]
    Refused {
        /// The close code, contract section "WebSocket".
        code: CloseCode,
        /// What the server said before it closed.
        message: Option<String>,
    },
    /// The signature source has no signature to give any more.
    #[error("no fresh signature is to be had; create a new transfer request")]
    SignatureRefused,
    /// The watch was closed on this side.
    #[error("the watch was closed before a final status")]
    Closed,
    /// The runtime that carried the watch has shut down.
    #[error("the runtime that carried the watch has shut down")]
    Stopped,
}

/// Why a signature source has no signature to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not this time (the backend is out of reach, say): ask again after a while.
    #[error("no fresh signature could be had this time")]
    Retry,
    /// There is none to be had (the payment was called off, say): the watch ends.
    #[error("no signature is to be had any more")]
    Refused,
}

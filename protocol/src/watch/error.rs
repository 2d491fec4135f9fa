//! Why a watch ended. Nothing here holds or prints a secret, a signature or a URL.

use crate::close::CloseCode;

/// Why a watch ended without the status that was waited for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The server refused, or closed with a code that makes trying again pointless.
    #[error("the server ended the watch with close code {code}: {}", .message.as_deref().unwrap_or(.code.meaning()))]
    Refused {
        /// The close code (PROTOCOL.md, "Close codes"); a refusal that a poll met has the code of a socket.
        code: CloseCode,
        /// What the server said before it closed.
        message: Option<String>,
    },
    /// There is no signature, or the signature source has none to give any more.
    #[error("no fresh signature is available; create a new transfer request")]
    SignatureRefused,
    /// The watch was closed on this side.
    #[error("the watch was closed before a final status")]
    Closed,
    /// The transfer reached its final status, and it is not the one that was waited for.
    #[error("the transfer has reached its final status, which is not the one that was waited for")]
    Finished,
    /// The runtime that carried the watch has shut down.
    #[error("the runtime that carried the watch has shut down")]
    Stopped,
}

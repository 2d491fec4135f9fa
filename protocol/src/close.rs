//! Close codes of the socket, and what a client does about each (PROTOCOL.md, "Close codes").

use core::fmt;

/// The code of a WebSocket close, RFC 6455 section 7.4 and PROTOCOL.md's 44xx range.
///
/// ```
/// use transfer_status_protocol::close::{CloseAction, CloseCode};
///
/// assert_eq!(CloseCode::new(1001).action(), CloseAction::Retry { not_before_ms: 0 });
/// assert_eq!(CloseCode::UNAUTHORIZED.action(), CloseAction::Stop);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

/// What a client does after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAction {
    /// Nothing can come any more, or trying again cannot help.
    Stop,
    /// Connect again with backoff, but not before so many milliseconds have passed.
    Retry {
        /// The least wait in milliseconds; backoff and its jitter come on top.
        not_before_ms: u32,
    },
    /// Ask the host for a fresh signature, then connect; stop where the host has no way to get one.
    RefreshSignature,
}

impl CloseCode {
    /// A final status was delivered, or the user closed.
    pub const NORMAL: Self = Self(1000);
    /// The close frame carried no code. Never sent, only reported.
    pub const NO_STATUS: Self = Self(1005);
    /// The link broke with no close frame. Never sent, only reported.
    pub const ABNORMAL: Self = Self(1006);
    /// The server failed.
    pub const INTERNAL: Self = Self(1011);
    /// The server cannot serve now.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// A message that is not of the protocol.
    pub const BAD_MESSAGE: Self = Self(4400);
    /// The signature is wrong, or for another transfer.
    pub const UNAUTHORIZED: Self = Self(4401);
    /// The page's origin is not in `ALLOWED_ORIGINS`.
    pub const FORBIDDEN_ORIGIN: Self = Self(4403);
    /// The transfer was deleted.
    pub const DELETED: Self = Self(4404);
    /// No `subscribe` message within 10 s.
    pub const SUBSCRIBE_TIMEOUT: Self = Self(4408);
    /// The signature has expired, at the start or within 60 s of its expiry.
    pub const SIGNATURE_EXPIRED: Self = Self(4410);
    /// A message over 4 KiB.
    pub const TOO_LARGE: Self = Self(4413);
    /// Too many watchers of this transfer, or too many attempts.
    pub const RATE_LIMITED: Self = Self(4429);

    /// How long a client stays away after [`CloseCode::RATE_LIMITED`], in milliseconds.
    pub const RATE_LIMITED_PAUSE_MS: u32 = 10_000;

    /// Wraps a code as it came from the socket.
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The number on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// What a client does after this code: PROTOCOL.md's table.
    pub const fn action(self) -> CloseAction {
        match self {
            Self::NORMAL
            | Self::BAD_MESSAGE
            | Self::UNAUTHORIZED
            | Self::FORBIDDEN_ORIGIN
            | Self::DELETED
            | Self::TOO_LARGE => CloseAction::Stop,
            Self::SIGNATURE_EXPIRED => CloseAction::RefreshSignature,
            Self::RATE_LIMITED => CloseAction::Retry {
                not_before_ms: Self::RATE_LIMITED_PAUSE_MS,
            },
            // PROTOCOL.md: "any other not below" is the network, a deploy or overload.
            Self(_) => CloseAction::Retry { not_before_ms: 0 },
        }
    }

    /// What the code means and what to do, for an error shown to a developer.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NORMAL => "the server closed the watch",
            Self::BAD_MESSAGE => {
                "the server did not understand a message; update the client or check the URL"
            }
            Self::UNAUTHORIZED => {
                "the signature is wrong or for another transfer; create a new transfer request and check \
                 SUBSCRIBE_HMAC_SECRET on both sides"
            }
            Self::FORBIDDEN_ORIGIN => {
                "this page's origin is not allowed; add it to ALLOWED_ORIGINS on the server"
            }
            Self::DELETED => "the transfer was deleted; create a new transfer request",
            Self::SUBSCRIBE_TIMEOUT => "no subscribe message within 10 s",
            Self::SIGNATURE_EXPIRED => {
                "the signature has expired; give the client a way to get a fresh one, or create a new transfer \
                 request"
            }
            Self::TOO_LARGE => "a message was over 4 KiB",
            Self::RATE_LIMITED => "too many watchers or attempts; the client will come back",
            Self::TRY_AGAIN_LATER | Self::INTERNAL => {
                "the server cannot serve now; the client will come back"
            }
            Self(_) => "the connection was lost; the client will come back",
        }
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseAction, CloseCode};

    #[test]
    fn the_table_is_that_of_the_protocol() {
        for stop in [1000, 4400, 4401, 4403, 4404, 4413] {
            assert_eq!(CloseCode::new(stop).action(), CloseAction::Stop, "{stop}");
        }
        for retry in [
            0, 999, 1001, 1002, 1005, 1006, 1011, 1012, 1013, 1015, 3000, 4000, 4408, 4499, 65_535,
        ] {
            assert_eq!(
                CloseCode::new(retry).action(),
                CloseAction::Retry { not_before_ms: 0 },
                "{retry}"
            );
        }
        assert_eq!(
            CloseCode::new(4429).action(),
            CloseAction::Retry {
                not_before_ms: 10_000
            }
        );
        assert_eq!(CloseCode::new(4410).action(), CloseAction::RefreshSignature);
    }
}

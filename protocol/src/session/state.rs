//! Where the session stands: one enum for the socket, one for the polls beside it.

/// The socket's side of the session. One value at a time; nothing shadows it. The number of the socket, or of the
/// request for a signature, stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The host was asked for a fresh signature.
    Refreshing,
    /// The host was asked to dial.
    Connecting,
    /// The socket is open.
    Open(Phase),
    /// Backing off: [`super::timer::Timer::Reconnect`] ends the wait, a hint may end it earlier.
    Waiting(Next),
    /// The server closed as if all was done, yet no final status was seen: polls find out.
    Confirming,
    /// The host is frozen: nothing happens until it is back.
    Suspended(Next),
    /// The end.
    Closed,
}

/// How far an open socket has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No snapshot has come.
    Silent,
    /// A snapshot came: the link is live.
    Live,
    /// The snapshot has held: backoff was earned back.
    Held,
}

/// What follows a wait or a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next socket.
    Connect,
    /// A fresh signature, then the next socket.
    Refresh,
}

/// The polls over HTTP, beside the socket attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polling {
    /// The socket does, or is still believed to.
    Off,
    /// Between two polls; whether the last one was answered.
    Resting { answered: bool },
    /// A poll is under way; whether the one before was answered.
    Asking { answered: bool },
}

impl Polling {
    pub(super) fn answered(self) -> bool {
        matches!(
            self,
            Self::Resting { answered: true } | Self::Asking { answered: true }
        )
    }
}

impl State {
    /// The host holds or dials a socket.
    pub(super) fn has_socket(self) -> bool {
        matches!(self, Self::Connecting | Self::Open(_))
    }

    /// The current socket's snapshot has held.
    pub(super) fn has_held(self) -> bool {
        matches!(self, Self::Open(Phase::Held))
    }

    /// A snapshot has come over the current socket.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Open(Phase::Live | Phase::Held))
    }
}

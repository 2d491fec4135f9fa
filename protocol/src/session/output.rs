//! What goes into the session and what comes out of it, as plain values.

use core::mem;

use super::timer::Time;
use crate::close::CloseCode;

/// Names one socket. An input that names a socket other than the current one is ignored, so that a late
/// event of a dropped socket does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnId(u32);

/// Names one poll; an answer to any but the one under way is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PollId(u32);

/// Names one request for a fresh signature; an answer to any but the one under way is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureId(u32);

macro_rules! number {
    ($($name:ident),*) => {$(
        impl $name {
            /// The id with this number: for a binding that hands ids over as numbers.
            pub const fn from_number(number: u32) -> Self {
                Self(number)
            }

            /// The number: for a log, or for a binding.
            pub const fn number(self) -> u32 {
                self.0
            }
        }
    )*};
}
number!(ConnId, PollId, SignatureId);

/// One frame from the server, as far as the session cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<S, N> {
    /// A `status` message: the whole transfer.
    Snapshot(S),
    /// The answer to a ping.
    Pong,
    /// Something for the user that changes no state here: a `scan` message, an `error` message.
    Notice(N),
    /// A message type from the future: skipped.
    Unknown,
    /// Not a message of the protocol: the link is given up, and the next one's first frame heals.
    Malformed,
}

/// What became of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollAnswer<S> {
    /// 200 with the transfer.
    Snapshot(S),
    /// 304.
    NotModified,
    /// Refused **by the service's own error body**: the same status from a captive portal is `Failed`.
    Refused(Refusal),
    /// Anything else, and no answer at all.
    Failed(Failure),
}

/// Why the service itself refuses the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The signature is wrong or for another transfer: `unauthorized`, as a close with 4401.
    Unauthorized,
    /// The signature was right and is too old: `expired`, as a close with 4410.
    Expired,
    /// The page's origin may not: `forbidden`, as a close with 4403.
    Forbidden,
}

impl Refusal {
    /// The close code that says the same over a socket.
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::Unauthorized => CloseCode::UNAUTHORIZED,
            Self::Expired => CloseCode::SIGNATURE_EXPIRED,
            Self::Forbidden => CloseCode::FORBIDDEN_ORIGIN,
        }
    }
}

/// An attempt, of a socket or of a poll, that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, as far as the host knows.
    pub cause: Cause,
    /// What `Retry-After` asked for, in milliseconds.
    pub retry_after_ms: Option<u32>,
}

impl From<Cause> for Failure {
    /// A failure for which nobody asked for a pause.
    fn from(cause: Cause) -> Self {
        Self {
            cause,
            retry_after_ms: None,
        }
    }
}

/// What keeps a watch from being live (PROTOCOL.md, section 9). What stands beside it as text, such as the field
/// that cannot be read, is the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// There is no way there; also where the host learns no cause, as in a browser.
    Unreachable,
    /// Connecting, the first status, a pong or a poll took too long.
    Timeout,
    /// A success that is not the service's: a page, a portal.
    NotTheService,
    /// A frame or an answer that cannot be read.
    Malformed,
    /// Too many watchers of this transfer, or too many attempts.
    TooManyWatchers,
    /// There is no fresh signature, or those that came are expired.
    SignatureRefresh,
    /// 3xx in place of a socket or of an answer; 0 where the host does not see which.
    Redirect(u16),
    /// Another HTTP status that is no success.
    Http(u16),
    /// The socket ended before its first status had held.
    Closed(CloseCode),
    /// The name is not found.
    Dns,
    /// The connection was refused.
    Refused,
    /// The certificate is not trusted, out of date or another host's.
    Certificate,
    /// TLS failed otherwise.
    Tls,
}

impl Cause {
    /// The cause that an HTTP status other than a success stands for.
    pub const fn of_status(status: u16) -> Self {
        match status {
            300..400 => Self::Redirect(status),
            _ => Self::Http(status),
        }
    }
}

/// What stands between the watch and being live, since when, and what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub cause: Cause,
    /// When the first attempt failed for this cause.
    pub since: Time,
    /// How many attempts have failed since then, from 1.
    pub attempts: u32,
    /// When the next attempt begins; `None` while one is under way.
    pub next_attempt: Option<Time>,
}

/// What became of the request for a fresh signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAnswer {
    /// The host holds a signature and will present it from now on.
    Ready,
    /// Not this time: ask again after a while.
    Failed,
    /// There is none any more (the payment was called off, say): stop.
    Refused,
}

/// A hint from the host about the world outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hint {
    /// The host believes that it has a network again.
    Online,
    /// The host believes that it has lost its network. Only a rumour: it makes the session probe.
    Offline,
    /// The page became visible, or came back from the back-forward cache.
    Visible,
    /// The network is another one, from Wi-Fi to mobile, say.
    NetworkChanged,
    /// The host is about to be frozen: the socket goes, and nothing happens until it is back. The host may give up
    /// a poll or a question for a signature that is under way; its answer would be ignored.
    Suspend,
    /// The host is back from being frozen. Acts as `Foreground`, which wakes a suspended session too, as `Visible`
    /// does.
    Resume,
    /// The app came to the foreground.
    Foreground,
}

/// What the host has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<S, N> {
    /// Forget this socket now; try to send a close frame with the code, but wait for nothing.
    Drop(ConnId, CloseCode),
    /// Ask for a fresh signature, answer with `handle_signature`.
    RefreshSignature(SignatureId),
    /// Dial and present the signature, answer with `handle_opened` or `handle_closed`.
    Connect(ConnId),
    /// Send the ping text.
    SendPing(ConnId),
    /// `GET /transfer/{id}` with this version in `If-None-Match`, answer with `handle_poll`. A poll that is
    /// still under way may be given up: only the newest one's answer counts.
    Poll(PollId, Option<u64>),
    /// Tell the user.
    Event(Event<S, N>),
    /// Nothing more to do. Call `handle_timeout` at that time, or wait for an input when there is none.
    Wait(Option<Time>),
}

/// What the user is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<S, N> {
    /// News of the transfer: each version at most once, never an older one after a newer one.
    Update(S),
    /// What keeps the watch from being live is new, has been met again, or is gone.
    Problem(Option<Problem>),
    /// The state of the connection has changed.
    Connection(Connection),
    /// A frame that was passed through.
    Notice(N),
    /// The end: no output follows but `Wait(None)`.
    Closed(CloseReason),
}

/// How news travels at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Connection {
    /// No snapshot has come yet.
    Connecting,
    /// The socket is open and has brought a snapshot.
    Live,
    /// There is no socket now; what was shown may be out of date.
    Reconnecting,
    /// Socket attempts fail, but polls are answered: news comes with a few seconds' delay.
    Polling,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The final status was delivered, or one whose name this client does not know and that the server calls the last.
    Final,
    /// The user closed.
    User,
    /// The host has no fresh signature.
    SignatureRefused,
    /// The server refused or closed with a code that makes trying again pointless.
    Server(CloseCode),
}

/// The outputs that a mutation has brought about and the host has not taken yet.
///
/// One slot a kind is enough: there is one socket, one poll and one signature request at a time, and of two
/// snapshots only the newer one matters.
#[derive(Debug)]
pub(super) struct Pending<S, N> {
    pub(super) drop: Option<ConnId>,
    pub(super) refresh: bool,
    pub(super) connect: bool,
    pub(super) ping: bool,
    pub(super) poll: bool,
    pub(super) notice: Option<N>,
    pub(super) update: Option<S>,
    pub(super) closed: Option<CloseReason>,
}

impl<S, N> Pending<S, N> {
    pub(super) const fn new() -> Self {
        Self {
            drop: None,
            refresh: false,
            connect: false,
            ping: false,
            poll: false,
            notice: None,
            update: None,
            closed: None,
        }
    }

    /// Forgets a socket: one that the host has not been asked for yet needs no drop.
    pub(super) fn drop_socket(&mut self, conn: ConnId) {
        self.ping = false;
        if !mem::take(&mut self.connect) {
            self.drop = Some(conn);
        }
    }

    /// The host has taken all there was.
    pub(super) fn is_empty(&self) -> bool {
        self.drop.is_none()
            && !(self.refresh || self.connect || self.ping || self.poll)
            && self.notice.is_none()
            && self.update.is_none()
            && self.closed.is_none()
    }
}

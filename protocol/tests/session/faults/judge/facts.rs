//! What the judge knows: plain facts of the trace.

use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, CloseReason, ConnId, Failure, Frame, Hint, PollAnswer, PollId, SignatureAnswer, SignatureId,
};

/// What a client is told. A signature comes with the time of its expiry by the host's clock, where the host knows it.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Start(Option<u64>),
    Opened(ConnId),
    Frame(ConnId, Frame<Seen, ()>),
    Closed(ConnId, CloseCode),
    Failed(ConnId, Failure),
    Poll(PollId, PollAnswer<Seen>),
    Signature(SignatureId, SignatureAnswer, Option<u64>),
    Hint(Hint),
    Timeout,
    Close,
}

/// The socket that the host dials or holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Socket {
    pub(super) conn: ConnId,
    pub(super) dialled: u64,
    pub(super) opened: Option<u64>,
    /// When its first status came.
    pub(super) status: Option<u64>,
    /// The client has looked at the clock once the first status had held for 5 s.
    pub(super) held: bool,
    /// When it opened or something last came in.
    pub(super) heard: u64,
    /// When the ping that is out was sent, and when the link counts as dead.
    pub(super) ping: Option<(u64, u64)>,
    /// A hint has brought about a poll beside a ping since something last came in.
    pub(super) polled_beside: bool,
}

impl Socket {
    pub(super) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    /// For how long nothing has come in.
    pub(super) fn silence(&self, now: u64) -> u64 {
        now - self.heard
    }
}

/// A close with 1000 before a final status, and what it means has not been found out yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Confirming {
    pub(super) since: u64,
    /// The client was suspended meanwhile or cannot poll: whether it looks on or connects is its own affair.
    pub(super) is_free: bool,
}

/// A count of which the trace tells only that it lies between two numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) least: u32,
    pub(super) most: u32,
}

impl Span {
    pub(super) fn add(&mut self) {
        self.least += 1;
        self.most += 1;
    }

    /// One more, or begun anew.
    pub(super) fn add_or_reset(&mut self) {
        self.least = 0;
        self.most += 1;
    }

    /// One more, or not.
    pub(super) fn may_add(&mut self) {
        self.most += 1;
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_known(&self) -> bool {
        self.least == self.most
    }
}

/// Full jitter fills its window: so many waits in a row that all end in the same eighth are no chance (1 in 10^12).
#[derive(Debug, Default)]
pub(super) struct Evenness {
    early: u32,
    late: u32,
}

impl Evenness {
    const MOST: u32 = 14;

    /// A wait that nothing cut short ended `waited` into a window of `window` milliseconds; `false` when it is one
    /// too many of a kind.
    pub(super) fn note(&mut self, waited: u64, window: u64) -> bool {
        self.early = if waited * 8 <= window { self.early + 1 } else { 0 };
        self.late = if waited * 8 >= window * 7 {
            self.late + 1
        } else {
            0
        };
        self.early < Self::MOST && self.late < Self::MOST
    }

    /// Something cut a wait short: what is left is no fair sample.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What is known of the step that is judged.
#[derive(Debug, Default)]
pub(super) struct Moment {
    /// The input lets the client look at the clock.
    pub(super) serves: bool,
    /// Something may have been due by time alone.
    pub(super) was_due: bool,
    pub(super) was_live: bool,
    /// By how much the host's clock was set back since the last input.
    pub(super) stepped_back: u64,
    pub(super) hint: Option<Hint>,
    /// The hint found an open link silent for 3 s or more; the same for any silence.
    pub(super) found_silent: bool,
    pub(super) found_open: bool,
    /// The hint found no socket, or one that was lost in the same step.
    pub(super) found_none: bool,
    /// A socket was given up for a reason of its own.
    pub(super) dropped: bool,
    pub(super) ends: bool,
    pub(super) ended: bool,
    pub(super) must_end: Option<CloseReason>,
    /// It may end so, or go on: an answer came too late to count.
    pub(super) may_end: Option<CloseReason>,
    pub(super) malformed: bool,
    /// What the service says of the signature lets the client drop its socket.
    pub(super) expired: bool,
    /// The same, if an answer counts that need not.
    pub(super) may_be_expired: bool,
    /// What came in: a snapshot, whether it came too late to count, and a notice.
    pub(super) snapshot: Option<Seen>,
    pub(super) snapshot_is_late: bool,
    pub(super) status_by_socket: bool,
    /// This is the last state, and was found out to be.
    pub(super) must_show: Option<Seen>,
    pub(super) notice: bool,
    /// Why attempts failed in this step, and polls.
    pub(super) failed: Vec<Cause>,
    pub(super) poll_failed: Vec<Cause>,
    pub(super) poll_answered: bool,
    pub(super) polled: bool,
    pub(super) updated: bool,
    pub(super) told_problem: bool,
}

impl Moment {
    /// An attempt or a poll has failed in this step.
    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty() || !self.poll_failed.is_empty()
    }
}

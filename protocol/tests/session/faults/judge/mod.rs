//! The judge of one client: PROTOCOL.md's "A client's duties", held against what can be seen from outside.
//!
//! The judge sees a trace: each input with its time, what the client answered to it, and when it wants to be woken.
//! From these it keeps facts ("the socket was dialled then"), and holds each sentence as an invariant over them:
//! what **may** be done now, and by when something **must** be done. Where jitter or the document leaves a choice it
//! holds bounds, and where it cannot be known from outside what the client must think (had the snapshot held, when
//! the close came in the very moment?) it grants both. It does not know how a client is built.
//!
//! Times are in milliseconds that the client can know of: a clock that was set back has not run meanwhile.

mod answers;
mod backoff;
mod ending;
mod facts;
mod hints;
mod news;
mod polling;
mod problems;
mod signature;
mod sockets;
mod step;
mod trace;

pub(crate) use facts::Input;

use crate::seen::Seen;
use facts::{Confirming, Evenness, Moment, Socket, Span};
use problems::Obstacles;
use signature::Expiry;
use std::collections::VecDeque;
use transfer_status_protocol::session::{CloseReason, Connection, Hint, PollId, Problem, SignatureId};

#[derive(Debug)]
pub(super) struct Judge {
    can_refresh: bool,
    /// The host's clock at the last input.
    clock: u64,
    /// The clock has been set back: a time that was named before may seem to lie ahead.
    set_back: bool,
    /// The time that the client can know of.
    now: u64,
    moment: Moment,
    /// When the client wants to be woken.
    wake: Option<u64>,

    socket: Option<Socket>,
    /// When a socket or a signature was last asked for.
    last_attempt: Option<u64>,
    /// When an attempt may have begun that suspend took back before it was seen.
    unseen_attempt: Option<u64>,
    /// By when the next attempt must begin.
    attempt_by: Option<u64>,
    /// The wait under way, for its evenness.
    wait: Option<(u64, u64)>,
    waits: Evenness,
    /// No socket before that: the server asked for it.
    socket_pause: u64,
    /// Failed socket attempts in a row.
    failures: Span,
    /// Waits since backoff was last earned back.
    rounds: Span,
    /// Attempts that hints cut short since a snapshot held.
    redials: u32,

    poll: Option<(PollId, u64)>,
    /// After it went out a status came over the socket, a doubt was over or a fresh signature came: its answer may be used,
    /// or not.
    poll_is_moot: bool,
    last_poll: Option<u64>,
    /// The last poll's rest ends within this.
    rest: (u64, u64),
    rest_is_fair: bool,
    rests: Evenness,
    poll_by: Option<u64>,
    /// A poll that a hint brought about and the spacing holds back.
    hint_poll: Option<u64>,
    poll_pause: u64,
    /// The same, if an answer counts that need not.
    poll_may_pause: u64,
    /// A hint's poll waits for that pause to end, or for a fresh signature.
    held_back: bool,
    poll_failures: Span,
    polls_anew: u32,
    /// A poll was answered since there was last a link, and none has failed after it.
    poll_answered: bool,

    question: Option<(SignatureId, u64)>,
    /// The service refuses the signature as expired, or there is none yet.
    unusable: bool,
    /// The same, if an answer counts that need not.
    may_be_unusable: bool,
    /// The host has handed in a fresh signature, and no status has come by it yet.
    fresh: bool,
    expires: Option<Expiry>,

    confirming: Option<Confirming>,
    suspended: bool,

    shown: Option<Seen>,
    told: Option<Connection>,
    problem: Option<Problem>,
    obstacles: Obstacles,
    end: Option<CloseReason>,
    tail: VecDeque<trace::Step>,
}

impl Judge {
    pub(super) fn new(can_refresh: bool, unsigned: bool, clock: u64) -> Self {
        Self {
            can_refresh,
            clock,
            set_back: false,
            now: 0,
            moment: Moment::default(),
            wake: None,
            socket: None,
            last_attempt: None,
            unseen_attempt: None,
            attempt_by: None,
            wait: None,
            waits: Evenness::default(),
            socket_pause: 0,
            failures: Span::default(),
            rounds: Span::default(),
            redials: 0,
            poll: None,
            poll_is_moot: false,
            last_poll: None,
            rest: (0, 0),
            rest_is_fair: false,
            rests: Evenness::default(),
            poll_by: None,
            hint_poll: None,
            poll_pause: 0,
            poll_may_pause: 0,
            held_back: false,
            poll_failures: Span::default(),
            polls_anew: 0,
            poll_answered: false,
            question: None,
            unusable: unsigned,
            may_be_unusable: false,
            fresh: false,
            expires: None,
            confirming: None,
            suspended: false,
            shown: None,
            told: None,
            problem: None,
            obstacles: Obstacles::default(),
            end: None,
            tail: VecDeque::new(),
        }
    }

    /// The link is open and has brought a status.
    fn is_live(&self) -> bool {
        self.socket.is_some_and(|socket| socket.status.is_some())
    }

    fn hint(&self) -> Option<Hint> {
        self.moment.hint
    }

    /// What the world around wants to know: why it ended, what was shown last, and until when the server has asked for
    /// a pause, from now.
    pub(super) fn end(&self) -> Option<CloseReason> {
        self.end
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    pub(super) fn shown(&self) -> Option<Seen> {
        self.shown
    }

    /// The socket is open, or what stands for it.
    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some_and(|socket| socket.is_open())
    }

    pub(super) fn told(&self) -> Option<Connection> {
        self.told
    }

    pub(super) fn pause_left(&self) -> u64 {
        self.socket_pause
            .max(self.polls_may_pause())
            .saturating_sub(self.now)
    }
}

//! What keeps the watch from being live, kept until a status comes: nothing fails in silence.

use super::output::{Cause, Problem};
use super::timer::Time;

/// Which way to the service an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Over a socket, or to the signature that it needs.
    Socket,
    /// By a poll.
    Poll,
}

/// The problem at hand. Both ways to the service may be blocked, each by something else; the user is told one.
#[derive(Debug)]
pub(super) struct Problems {
    socket: Option<Cause>,
    poll: Option<Cause>,
    since: Time,
    attempts: u32,
    /// The user has not been told yet.
    pub(super) is_news: bool,
}

impl Problems {
    pub(super) const fn new() -> Self {
        Self {
            socket: None,
            poll: None,
            since: Time::from_millis(0),
            attempts: 0,
            is_news: false,
        }
    }

    /// What the user is told: what a poll has met, for polls are the last resort, unless it has learned nothing.
    fn shown(&self) -> Option<Cause> {
        match self.poll {
            None | Some(Cause::Unreachable) if self.socket.is_some() => self.socket,
            poll => poll,
        }
    }

    /// An attempt has failed.
    pub(super) fn failed(&mut self, now: Time, way: Way, cause: Cause) {
        let before = self.shown();
        match way {
            Way::Socket => self.socket = Some(cause),
            Way::Poll => self.poll = Some(cause),
        }
        self.changed_from(before, now);
        self.attempts = self.attempts.saturating_add(1);
        self.is_news = true;
    }

    /// Polls are answered.
    pub(super) fn poll_answered(&mut self, now: Time) {
        let before = self.shown();
        self.poll = None;
        self.changed_from(before, now);
    }

    /// A status has come.
    pub(super) fn gone(&mut self) {
        if self.shown().is_some() {
            *self = Self {
                is_news: true,
                ..Self::new()
            };
        }
    }

    pub(super) fn shift_back(&mut self, ms: u64) {
        self.since = self.since.before(ms);
    }

    fn changed_from(&mut self, before: Option<Cause>, now: Time) {
        if self.shown() != before {
            self.since = now;
            self.attempts = 0;
            self.is_news = true;
        }
    }

    /// The problem as it is told, with the time of the next attempt.
    pub(super) fn told(&self, next_attempt: Option<Time>) -> Option<Problem> {
        self.shown().map(|cause| Problem {
            cause,
            since: self.since,
            attempts: self.attempts.max(1),
            next_attempt,
        })
    }
}

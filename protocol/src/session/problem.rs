//! What keeps the watch from being live, kept until a status comes: nothing fails in silence.

use super::output::Cause;
use super::timer::Time;

/// Which way to the service an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Over a socket, or to the signature that it needs.
    Socket,
    /// By a poll.
    Poll,
}

/// What one way has met, as often as it has met it in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) cause: Cause,
    pub(super) since: Time,
    pub(super) attempts: u32,
}

/// The problem at hand. Both ways to the service may be blocked, each by something else; the user is told one.
#[derive(Debug)]
pub(super) struct Problems {
    socket: Option<Met>,
    poll: Option<Met>,
    /// The user has not been told yet.
    pub(super) is_news: bool,
}

impl Problems {
    pub(super) const fn new() -> Self {
        Self {
            socket: None,
            poll: None,
            is_news: false,
        }
    }

    /// What the user is told: what a poll has met, for polls are the last resort, unless it has learned little.
    pub(super) fn shown(&self) -> Option<Met> {
        match (self.socket, self.poll) {
            (Some(socket), Some(poll)) if socket.cause == poll.cause => Some(joined(socket, poll)),
            (_, poll) if self.shows_poll() => poll,
            (socket, _) => socket,
        }
    }

    fn shows_poll(&self) -> bool {
        self.poll.is_some_and(|met| {
            self.socket.is_none() || !matches!(met.cause, Cause::Unreachable | Cause::Timeout)
        })
    }

    /// An attempt has failed: the user is told, with the time of the next one, also where the cause is the same still.
    pub(super) fn failed(&mut self, now: Time, way: Way, cause: Cause) {
        let (met, other) = self.ways(way);
        match met {
            Some(met) if met.cause == cause => met.attempts = met.attempts.saturating_add(1),
            _ => {
                hand_over(met, other);
                *met = Some(Met {
                    cause,
                    since: now,
                    attempts: 1,
                });
            }
        }
        self.is_news = true;
    }

    /// Polls are answered, or go no more.
    pub(super) fn without_poll(&mut self) {
        let told = self.shown();
        let (poll, socket) = self.ways(Way::Poll);
        hand_over(poll, socket);
        self.is_news |= self.shown() != told;
    }

    /// What `way` has met, and what the other one has.
    fn ways(&mut self, way: Way) -> (&mut Option<Met>, &mut Option<Met>) {
        match way {
            Way::Socket => (&mut self.socket, &mut self.poll),
            Way::Poll => (&mut self.poll, &mut self.socket),
        }
    }

    /// A status has come.
    pub(super) fn gone(&mut self) {
        self.is_news |= self.shown().is_some();
        self.socket = None;
        self.poll = None;
    }
}

/// One way has met its cause no more: where the other one still does, the problem goes on there, with all its attempts.
fn hand_over(met: &mut Option<Met>, other: &mut Option<Met>) {
    if let (Some(met), Some(other)) = (met.take(), other)
        && met.cause == other.cause
    {
        *other = joined(*other, met);
    }
}

/// A cause that stands in both ways is one problem: since it was first met, with the attempts of both.
fn joined(one: Met, other: Met) -> Met {
    Met {
        cause: one.cause,
        since: one.since.min(other.since),
        attempts: one.attempts.saturating_add(other.attempts),
    }
}

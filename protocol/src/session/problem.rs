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
    pub(super) fn shown(&self) -> Option<&Met> {
        if self.shows_poll() {
            &self.poll
        } else {
            &self.socket
        }
        .as_ref()
    }

    fn shows_poll(&self) -> bool {
        self.poll.is_some_and(|met| {
            self.socket.is_none() || !matches!(met.cause, Cause::Unreachable | Cause::Timeout)
        })
    }

    /// An attempt has failed: the user is told, with the time of the next one, also where the cause is the same still.
    pub(super) fn failed(&mut self, now: Time, way: Way, cause: Cause) {
        let met = match way {
            Way::Socket => &mut self.socket,
            Way::Poll => &mut self.poll,
        };
        match met {
            Some(met) if met.cause == cause => met.attempts = met.attempts.saturating_add(1),
            _ => {
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
        self.is_news |= self.shows_poll();
        self.poll = None;
    }

    /// A status has come.
    pub(super) fn gone(&mut self) {
        self.is_news |= self.shown().is_some();
        self.socket = None;
        self.poll = None;
    }
}

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

/// The problem at hand. Both ways to the service may be blocked, each by something else; the user is told one. A cause
/// that both meet is one problem, since it was first met and with the attempts of both.
#[derive(Debug)]
pub(super) struct Problems {
    socket: Option<Met>,
    /// Nothing while polls meet what the socket does.
    poll: Option<Met>,
    /// Polls meet what the socket does.
    is_shared: bool,
    /// The user has not been told yet.
    pub(super) is_news: bool,
}

impl Problems {
    pub(super) const fn new() -> Self {
        Self {
            socket: None,
            poll: None,
            is_shared: false,
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
        self.is_news = true;
        let is_socket = way == Way::Socket;
        if self.is_shared && !meets(&self.socket, cause) {
            // The problem goes on the other way, with all its attempts.
            self.is_shared = false;
            if is_socket {
                self.poll = self.socket;
                self.socket = None;
            }
        } else if meets(if is_socket { &self.poll } else { &self.socket }, cause) {
            self.is_shared = true;
            if is_socket {
                self.socket = self.poll;
            }
            self.poll = None;
        }
        let met = if is_socket || self.is_shared {
            &mut self.socket
        } else {
            &mut self.poll
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
    }

    /// Polls are answered, or go no more.
    pub(super) fn without_poll(&mut self) {
        self.is_news |= self.shows_poll();
        self.is_shared = false;
        self.poll = None;
    }

    /// A status has come.
    pub(super) fn gone(&mut self) {
        self.is_news |= self.shown().is_some();
        self.is_shared = false;
        self.socket = None;
        self.poll = None;
    }
}

fn meets(met: &Option<Met>, cause: Cause) -> bool {
    met.is_some_and(|met| met.cause == cause)
}

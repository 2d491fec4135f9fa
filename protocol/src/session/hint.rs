//! What a host says of the world: the network is back, the app is seen again, the device goes to sleep.
//!
//! However hints come, they cannot keep the session from connecting or from polling: an attempt that they cut short
//! counts as a failed one, so that polls begin, and what was cut short more than once is given longer each time.

use super::output::{Cause, Hint};
use super::problem::Way;
use super::state::{Next, Polling, State};
use super::timer::{Time, Timer};
use super::{Session, Snapshot};

/// So many attempts in a row may be cut short at the same age: three that failed bring the polls.
const EVEN_REDIALS: u8 = 2;

impl<S: Snapshot, N> Session<S, N> {
    /// One hint, after the timers that were due.
    pub(super) fn hinted(&mut self, hint: Hint) {
        match (self.state, hint) {
            (State::Closed, _) => {}
            (_, Hint::Suspend) => self.suspend(),
            (State::Suspended(next), Hint::Visible | Hint::Foreground | Hint::Resume) => self.wake(next),
            (State::Suspended(_), _) => {}
            // An offline event is a rumour: whoever waits or dials goes on.
            (State::Open(_), Hint::Offline) => {
                self.probe(self.config.probe_timeout_ms);
            }
            (_, Hint::Offline) => {}
            (State::Open(_), _) => self.doubt(),
            (State::Connecting, _) => {
                self.redial();
                if !matches!(self.polling, Polling::Off) {
                    self.poll_at_once();
                }
            }
            (State::Waiting(next), _) => self.hasten(next),
            (State::Confirming, _) => self.poll_at_once(),
            (State::Refreshing, _) => {}
        }
    }

    /// An open link that has been silent: it is asked, and beside it a poll brings the news in one round trip
    /// whatever the link is.
    fn doubt(&mut self) {
        if self.now.since(self.heard_at) >= u64::from(self.config.probe_after_ms) {
            let begun = self.probe(self.config.probe_timeout_ms);
            if begun {
                self.start(Timer::PollAnew, self.config.redial_after_ms);
            }
            let polled = self.last_poll.is_some_and(|at| at >= self.probed_at);
            if begun || !polled || !matches!(self.polling, Polling::Off) {
                self.poll_at_once();
            }
        }
    }

    /// What was dialled a while ago may have been dialled over a network that is gone: dial anew. It counts as a
    /// failed attempt. A dial that waits for its place has met no network yet, and keeps it.
    fn redial(&mut self) {
        if self.timers.get(Timer::Connect).is_none() {
            return;
        }
        let age = grown(
            self.config.redial_after_ms,
            self.redials.saturating_sub(EVEN_REDIALS),
        );
        if self.attempt_plus(age).max(self.pause_until) <= self.now {
            self.redials = self.redials.saturating_add(1);
            self.failures = self.failures.saturating_add(1);
            self.problems.failed(self.now, Way::Socket, Cause::Timeout);
            self.release();
            self.connect();
            self.poll_when_refused();
        }
    }

    /// Who waits does what it waits for at once, and polls.
    fn hasten(&mut self, next: Next) {
        let at = self.soonest_attempt();
        self.sooner(Timer::Reconnect, at);
        if next == Next::Connect {
            self.poll_at_once();
        }
    }

    /// Polls now, or as soon as spacing and a pause that the server asked for allow. A young poll goes on.
    fn poll_at_once(&mut self) {
        if self.must_refresh() {
            return;
        }
        self.poll_failures = 0;
        if matches!(self.polling, Polling::Asking { .. }) {
            let age = grown(self.config.redial_after_ms, self.polls_anew);
            if self
                .last_poll
                .is_some_and(|at| at.after(age).max(self.poll_pause_until) <= self.now)
            {
                self.polls_anew = self.polls_anew.saturating_add(1);
                self.poll();
            }
        } else {
            let spaced = self
                .last_poll
                .map_or(self.now, |at| at.after(self.config.hint_spacing_ms));
            let at = spaced.max(self.poll_pause_until);
            if self.timers.get(Timer::Poll).is_none() {
                self.timers.set(Timer::Poll, at.max(self.now));
            }
            self.sooner(Timer::Poll, at);
        }
    }

    /// The host is about to be frozen: the socket goes, and no timer stays.
    fn suspend(&mut self) {
        let next = match self.state {
            State::Closed | State::Suspended(_) => return,
            State::Refreshing | State::Waiting(Next::Refresh) => Next::Refresh,
            State::Connecting | State::Open(_) | State::Waiting(Next::Connect) | State::Confirming => {
                Next::Connect
            }
        };
        self.release();
        self.pending.refresh = false;
        self.pending.poll = false;
        self.polling = Polling::Off;
        self.timers.clear_all();
        self.state = State::Suspended(next);
    }

    /// The host is back: connect and poll, as at any other hint.
    fn wake(&mut self, next: Next) {
        self.state = State::Waiting(next);
        self.timers.set(Timer::Reconnect, self.soonest_attempt());
        self.hasten(next);
    }

    /// When a hint may bring the next attempt about.
    fn soonest_attempt(&self) -> Time {
        self.attempt_plus(self.config.hint_spacing_ms)
            .max(self.pause_until)
    }

    /// So long after the last attempt began, or now.
    fn attempt_plus(&self, ms: u32) -> Time {
        self.last_attempt
            .map_or(self.now, |at| at.after(ms))
            .max(self.now)
    }

    /// Moves a deadline that is set forward to `at`, or to now.
    fn sooner(&mut self, timer: Timer, at: Time) {
        let at = at.max(self.now);
        if self.timers.get(timer).is_some_and(|due| due > at) {
            self.timers.set(timer, at);
        }
    }
}

/// `ms`, doubled so many times.
fn grown(ms: u32, times: u8) -> u32 {
    ms.saturating_mul(1 << times.min(8))
}

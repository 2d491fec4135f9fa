//! Polling over HTTP while sockets are refused, and the last poll after a close that came too early.

use super::output::{CloseReason, PollAnswer, PollId};
use super::state::{Polling, State};
use super::timer::Timer;
use super::{Session, Snapshot};
use crate::close::CloseCode;

impl<S: Snapshot, N> Session<S, N> {
    /// Starts polling once enough socket attempts in a row have failed.
    pub(super) fn poll_when_refused(&mut self) {
        if self.polling == Polling::Off && self.failures >= self.config.poll_after_failures {
            self.poll();
        }
    }

    /// Asks for one poll.
    pub(super) fn poll(&mut self) {
        let id = PollId::from_number(self.fresh_id());
        self.polling = Polling::Asking {
            id,
            answered: self.polling.answered(),
        };
        self.pending.poll = Some(id);
        self.last_poll = Some(self.now);
        self.timers.clear(Timer::Poll);
        self.timers
            .set(Timer::PollAnswer, self.now.after(self.config.poll_timeout_ms));
    }

    pub(super) fn poll_answered(&mut self, answer: PollAnswer<S>) {
        self.timers.clear(Timer::PollAnswer);
        let answered = matches!(answer, PollAnswer::Snapshot(_) | PollAnswer::NotModified);
        // A pause that a socket was asked for does not slow the polls: they stand in for that socket.
        let mut rested = self.now;
        if matches!(answer, PollAnswer::RateLimited) {
            rested = self.now.after(CloseCode::RATE_LIMITED_PAUSE_MS);
            self.pause_until = self.pause_until.max(rested);
        }
        self.polling = Polling::Resting { answered };
        let interval = self.backoff.jittered(self.config.poll_interval_ms);
        self.timers.set(Timer::Poll, rested.after(interval));
        match answer {
            PollAnswer::Snapshot(snapshot) => self.deliver(snapshot),
            PollAnswer::Unauthorized => self.signature_refused(),
            PollAnswer::NotModified | PollAnswer::RateLimited | PollAnswer::Failed => {}
        }
        if self.state == State::Confirming {
            self.finish(CloseReason::Server(CloseCode::NORMAL));
        }
    }

    /// The socket brings the news again.
    pub(super) fn stop_polling(&mut self) {
        self.polling = Polling::Off;
        self.pending.poll = None;
        self.timers.clear(Timer::Poll);
        self.timers.clear(Timer::PollAnswer);
    }

    /// A poll learned that the signature is no good: a socket attempt under way would learn the same.
    fn signature_refused(&mut self) {
        if self.state != State::Confirming {
            self.let_go();
            self.refresh_or(CloseReason::Server(CloseCode::UNAUTHORIZED));
        }
    }
}

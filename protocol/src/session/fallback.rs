//! Polling over HTTP: while sockets are refused, beside a socket that is in doubt, and after a close with 1000 that
//! came too early.

use super::output::{Cause, CloseReason, PollAnswer, Refusal};
use super::problem::Way;
use super::snapshot::Stage;
use super::state::{Polling, State};
use super::timer::Timer;
use super::{Session, Snapshot};

impl<S: Snapshot, N> Session<S, N> {
    /// Starts polling once enough socket attempts in a row have failed.
    pub(super) fn poll_when_refused(&mut self) {
        if matches!(self.polling, Polling::Off) && self.failures >= self.config.poll_after_failures {
            self.poll_unless_paused();
        }
    }

    /// Polls, as soon as a pause that the server asked for is over.
    pub(super) fn poll_unless_paused(&mut self) {
        if self.poll_pause_until <= self.now {
            return self.poll();
        }
        self.polling = Polling::Resting {
            answered: self.polling.answered(),
        };
        let spread = self.backoff.up_to(self.config.poll_interval_ms);
        self.timers.set(Timer::Poll, self.poll_pause_until.after(spread));
    }

    /// Asks for one poll, unless it could only be refused: connecting gets the signature that it takes.
    pub(super) fn poll(&mut self) {
        if self.must_refresh() {
            return self.stop_polling();
        }
        self.poll_id = self.fresh_id();
        self.polling = Polling::Asking {
            answered: self.polling.answered(),
        };
        self.pending.poll = true;
        self.last_poll = Some(self.now);
        self.timers.clear(Timer::Poll);
        self.start(Timer::PollAnswer, self.config.poll_timeout_ms);
    }

    /// A poll beside a link in doubt that has been out for long may hang on a connection that died with the link's.
    pub(super) fn ask_old_poll_anew(&mut self) {
        let is_out = self
            .timers
            .get(Timer::PollAnswer)
            .is_some_and(|due| due > self.now);
        let asked_by = self.last_poll.map(|at| at.after(self.config.redial_after_ms));
        if is_out && asked_by.is_some_and(|by| by <= self.now) {
            self.poll_unless_paused();
        }
    }

    pub(super) fn poll_answered(&mut self, answer: PollAnswer<S>) {
        self.timers.clear(Timer::PollAnswer);
        self.polls_anew = 0;
        match answer {
            PollAnswer::Snapshot(snapshot) => {
                let stage = snapshot.order().stage;
                self.problems.without_poll();
                self.is_fresh = false;
                self.rest(true);
                self.deliver(snapshot);
                self.confirmed(stage);
            }
            PollAnswer::NotModified => match self.seen {
                Some(seen) => {
                    self.problems.without_poll();
                    self.is_fresh = false;
                    self.rest(true);
                    self.confirmed(seen.stage);
                }
                // Nobody has named a version that this could refer to.
                None => self.poll_answered(PollAnswer::Failed(Cause::of_status(304).into())),
            },
            PollAnswer::Refused(refusal) => self.poll_refused(refusal),
            PollAnswer::Failed(failure) => {
                self.poll_failures = self.poll_failures.saturating_add(1);
                let pause = self.pause_asked(failure);
                self.poll_pause_until = self.poll_pause_until.max(self.now.after(pause));
                if !self.state.is_live() {
                    self.problems.failed(self.now, Way::Poll, failure.cause);
                }
                self.rest(false);
            }
        }
    }

    /// Sets the time of the next poll, where there is to be one.
    fn rest(&mut self, answered: bool) {
        let goes_on = matches!(self.state, State::Confirming)
            || (!self.state.is_live() && self.failures >= self.config.poll_after_failures);
        if !goes_on {
            return self.stop_polling();
        }
        self.polling = Polling::Resting { answered };
        if answered {
            self.poll_failures = 0;
        }
        let interval = self.config.poll_interval_ms;
        let rested = self.now.after(match self.poll_failures {
            0 => self.backoff.jittered(interval),
            failures => self.backoff.doubled(interval, failures, self.config.poll_cap_ms),
        });
        // Who was told to stay away comes back spread out, too.
        let at = if self.poll_pause_until > rested {
            self.poll_pause_until.after(self.backoff.up_to(interval))
        } else {
            rested
        };
        self.timers.set(Timer::Poll, at);
    }

    /// After a close with 1000 an answer decides: the end, or a loss like any other. A final status that was news has
    /// ended the session by now.
    fn confirmed(&mut self, stage: Stage) {
        if matches!(self.state, State::Confirming) {
            match stage {
                Stage::Unknown => self.finish(CloseReason::Final),
                Stage::Open | Stage::Final => self.not_the_end(),
            }
        }
    }

    /// The socket brings the news again.
    pub(super) fn stop_polling(&mut self) {
        self.polling = Polling::Off;
        self.poll_failures = 0;
        self.pending.poll = false;
        self.timers.clear(Timer::Poll);
        self.timers.clear(Timer::PollAnswer);
    }

    /// A poll learned that the signature is no good: a socket attempt under way would learn the same.
    fn poll_refused(&mut self, refusal: Refusal) {
        self.release();
        self.timers.clear(Timer::Confirm);
        match refusal {
            Refusal::Expired => self.expired(),
            Refusal::Unauthorized | Refusal::Forbidden => {
                self.finish(CloseReason::Server(refusal.close_code()));
            }
        }
    }
}

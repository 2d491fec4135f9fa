//! When the next attempt begins.
//!
//! PROTOCOL.md: "Backoff: full jitter, base 500 ms, doubling, cap 30 s, reset only after the first snapshot has held
//! for 5 s; retry for as long as the user wants the transfer, with no cap on attempts."
//! "`Retry-After` (seconds or a date) is obeyed, on polls and on refused upgrades whose status the client can see, up to
//! 5 minutes, and for what was asked: a poll's holds polls, an upgrade's the socket. A 429 without it is a 4429: 10 s."

use super::Judge;
use super::facts::{Socket, Span};
use transfer_status_protocol::session::{Cause, Failure};

const BASE: u64 = 500;
const CAP: u64 = 30_000;
const HELD: u64 = 5_000;
const LONGEST_PAUSE: u64 = 300_000;
pub(super) const RATE_LIMITED: u64 = 10_000;

impl Judge {
    /// The pause that the server asked for with this failure.
    pub(super) fn pause_of(failure: Failure) -> u64 {
        match (failure.retry_after_ms, failure.cause) {
            (Some(asked), _) => u64::from(asked).min(LONGEST_PAUSE),
            (None, Cause::Http(429)) => RATE_LIMITED,
            (None, _) => 0,
        }
    }

    /// A socket or an attempt is lost, and the server asks for this pause.
    pub(super) fn lost(&mut self, socket: &Socket, pause: u64) {
        self.count(socket);
        self.back_off(pause);
    }

    /// What this loss means for the count of failures and for backoff.
    fn count(&mut self, socket: &Socket) {
        match socket.status {
            None => self.failures.add(),
            Some(_) if socket.held => {
                self.failures = Span { least: 0, most: 1 };
                self.rounds.reset();
            }
            Some(status) => {
                self.failures.add_or_reset();
                if self.now >= status + HELD {
                    self.rounds.least = 0;
                }
            }
        }
    }

    /// An attempt ended otherwise: a failure in a row, or not one.
    pub(super) fn ended_otherwise(&mut self, socket: Option<&Socket>) {
        if let Some(socket) = socket {
            self.count(socket);
        }
        self.failures.least = 0;
        self.failures.most += 1;
    }

    /// "an attempt of 2 s or more is dialled anew, and counts as a failed one"
    pub(super) fn redialled(&mut self) {
        self.failures.add();
        self.rounds.may_add();
        self.redials += 1;
        self.moment.failed.push(Cause::Timeout);
        self.attempt_by = Some(self.now.max(self.socket_pause));
        self.wait = None;
        self.waits.forget();
    }

    /// The most that the next wait takes.
    pub(super) fn longest_wait(&self) -> u64 {
        (BASE << self.rounds.most.min(20)).min(CAP)
    }

    /// A fresh signature is there: nothing but the server's pause holds the client back, and no longer than a wait.
    pub(super) fn connect_soon(&mut self) {
        self.attempt_by = Some(self.now.max(self.socket_pause) + self.longest_wait());
    }

    /// A wait begins. The pause that was asked for holds sockets, also against hints.
    pub(super) fn back_off(&mut self, pause: u64) {
        self.socket_pause = self.socket_pause.max(self.now + pause);
        let from = self.now.max(self.socket_pause);
        let window = self.longest_wait();
        self.attempt_by = Some(from + window);
        self.wait = (self.rounds.is_known() && from == self.now).then_some((from, window));
        self.rounds.add();
    }

    /// An attempt begins: a socket is dialled or a signature asked for.
    pub(super) fn attempts(&mut self) {
        let now = self.now;
        self.check(
            now >= self.socket_pause,
            "\"`Retry-After` is obeyed … an upgrade's the socket\", and 4429 \"no sooner than 10 s\"",
        );
        let spaced = self.last_attempt.is_none_or(|last| now >= last + Self::SPACING);
        self.check(
            spaced || self.moment.hint.is_none() || self.moment.was_due,
            "a hint connects \"no sooner than 500 ms after the last attempt began\"",
        );
        if let Some((from, window)) = self.wait.take() {
            let even = match self.wake == Some(now) && self.moment.hint.is_none() {
                true => self.waits.note(now - from, window),
                false => {
                    self.waits.forget();
                    true
                }
            };
            self.check(even, "\"full jitter\": waits fill their window");
        }
        self.last_attempt = Some(now);
        self.attempt_by = None;
        if self.confirming.take().is_some() {
            self.failures.may_add();
            self.rounds.may_add();
        }
    }

    /// When a hint may bring about the next attempt after this one.
    pub(super) fn spaced(&self, last: Option<u64>) -> u64 {
        let last = last.max(self.unseen_attempt);
        self.now.max(last.map_or(0, |last| last + Self::SPACING))
    }

    /// A hint makes whoever waits connect at once.
    pub(super) fn hasten_attempt(&mut self) {
        let soonest = self.spaced(self.last_attempt).max(self.socket_pause);
        self.attempt_by = Some(self.attempt_by.map_or(soonest, |by| by.min(soonest)));
        if self.wait.take().is_some() {
            self.waits.forget();
        }
    }

    pub(super) fn attempt_musts(&self, musts: &mut Vec<(u64, &'static str)>) {
        if self.socket.is_some() || self.question.is_some() {
            return;
        }
        match (self.confirming, self.attempt_by) {
            (Some(confirming), _) => musts.push((
                confirming.since + 60_000 + self.longest_wait(),
                "1000 before a final status: \"Poll … for up to a minute\", then \"the 1000 [is] a 1001\"",
            )),
            (None, Some(by)) => musts.push((by, "the next attempt: backoff, or a hint's \"at once\"")),
            (None, None) => self.fail("a client that has no socket goes on: \"with no cap on attempts\""),
        }
    }
}

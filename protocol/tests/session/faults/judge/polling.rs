//! Polls: when they must go out, when they may, and how long they rest.
//!
//! PROTOCOL.md: "After 3 failed socket attempts in a row it polls `GET /transfer/{id}` every 3 s (with `If-None-Match`,
//! jittered) while it goes on trying the socket. A poll has 10 s to be answered. One that fails doubles the pause (up to
//! 6 s, 12, 24, 30, with full jitter); an answer or a hint sets it back."

use super::Judge;
use super::facts::Span;
use transfer_status_protocol::session::{Cause, Hint, PollAnswer, PollId};

pub(super) const ANSWER: u64 = 10_000;
/// "every 3 s, jittered": a fifth either way.
const REST: (u64, u64) = (2_400, 3_600);
const REST_CAP: u64 = 30_000;
const AFTER_FAILURES: u32 = 3;

impl Judge {
    /// "One that fails doubles the pause"
    pub(super) fn poll_failed(&mut self, pause: u64) {
        self.poll_answered = false;
        self.poll_pause = self.poll_pause.max(self.now + pause);
        self.poll_failures.add();
        self.rest_from_now();
    }

    pub(super) fn rest_from_now(&mut self) {
        let from = self.now.max(self.poll_pause);
        let longest = |failures: u32| match failures {
            0 => REST.1,
            failures => (3_000 << failures.min(10)).min(REST_CAP),
        };
        let shortest = match self.poll_failures {
            Span { least: 0, most: 0 } => REST.0,
            _ => 0,
        };
        self.rest = (from + shortest, from + longest(self.poll_failures.most));
        self.poll_by = self.poll_by.map(|_| self.rest.1);
        self.rest_is_fair = self.poll_failures.is_known() && from == self.now;
    }

    /// No poll is owed before that.
    pub(super) fn polls_may_pause(&self) -> u64 {
        self.poll_pause.max(self.poll_may_pause)
    }

    /// "A poll has 10 s to be answered": whoever looks at the clock later knows that this one has failed.
    pub(super) fn count_an_overdue_poll(&mut self) {
        let now = self.now;
        if self.poll.take_if(|(_, asked)| now >= *asked + ANSWER).is_some() {
            if std::mem::take(&mut self.poll_is_moot) {
                return self.heard_moot(&PollAnswer::Failed(Cause::Timeout.into()));
            }
            self.moment.poll_failed.push(Cause::Timeout);
            self.poll_failed(0);
        }
    }

    pub(super) fn saw_poll(&mut self, id: PollId, known: Option<u64>) {
        let now = self.now;
        self.check(!self.suspended, "a suspended client does not poll");
        self.check_may_present("a poll");
        self.check(
            known == self.shown.and_then(|seen| seen.order.version),
            "polls \"with `If-None-Match`\" of what was shown",
        );
        self.check(
            now >= self.poll_pause,
            "\"`Retry-After` is obeyed … a poll's holds polls\"",
        );
        let polled = std::mem::replace(&mut self.moment.polled, true);
        self.check(!polled, "one poll at a time");
        let hinted = self.hint().is_some_and(|hint| hint != Hint::Offline)
            && !(self.moment.found_open && !self.moment.found_silent && self.is_live());
        let deferred = self.held_back || self.hint_poll.is_some_and(|at| now >= at);
        let polling = self.confirming.is_some() || (self.failures.most >= AFTER_FAILURES && !self.is_live());
        // Beyond the sentences, and against none: the poll beside a ping may hang on a connection that died with the
        // link, so it may be asked anew while no answer to the ping has come, and when the link is found dead.
        let in_doubt = self.socket.is_some_and(|socket| socket.polled_beside);
        let found_dead = self.moment.dropped && self.moment.failed.contains(&Cause::Timeout);
        let found_dead = (found_dead || in_doubt) && self.poll.is_some();
        self.check(
            hinted || deferred || polling || found_dead,
            "polls \"After 3 failed socket attempts in a row\", or on a hint; \"silent for less: nothing\"",
        );
        if let Some((_, asked)) = self.poll.filter(|_| !self.poll_is_moot) {
            self.check(
                (hinted || found_dead) && now - asked >= Self::OLD,
                "only a hint, or a link that is dead or in doubt, asks anew, and only \"a poll that has been out for 2 s or more\"",
            );
        } else if !hinted && !deferred && !found_dead && self.poll_by.is_some() {
            self.check(now >= self.rest.0, "polls \"every 3 s\"");
        }
        let spaced = self.last_poll.is_none_or(|last| now >= last + Self::SPACING);
        self.check(
            spaced || self.moment.hint.is_none() || self.moment.was_due,
            "a hint polls \"no sooner than 500 ms after the last attempt began\"",
        );
        let fair = self.rest_is_fair && !hinted && !deferred && self.wake == Some(now) && self.poll.is_none();
        let even = match fair && polling {
            true => self
                .rests
                .note(now - self.rest.0.min(now), self.rest.1 - self.rest.0),
            false => {
                self.rests.forget();
                true
            }
        };
        self.check(even, "\"full jitter\": pauses between polls fill their window");
        self.polls_anew += u32::from(self.poll.is_some());
        self.poll = Some((id, now));
        self.poll_is_moot = false;
        self.last_poll = Some(now);
        self.poll_by = None;
        self.hint_poll = None;
        self.held_back = false;
        self.rest_is_fair = false;
    }

    /// A status came over the socket, or polls are no use for now.
    pub(super) fn stop_polls(&mut self) {
        self.obstacles.no_polls();
        self.poll_is_moot = true;
        self.poll_by = None;
        self.hint_poll = None;
        self.poll_answered = false;
        self.rests.forget();
        self.rest_is_fair = false;
    }

    /// A hint makes whoever rests between polls poll at once, and "sets [the pause] back".
    pub(super) fn hasten_polls(&mut self) {
        let soonest = self.spaced(self.last_poll).max(self.polls_may_pause());
        self.rest.0 = self.rest.0.min(soonest);
        self.rest_is_fair = false;
        self.rests.forget();
        if (self.moment.found_open && !self.moment.found_silent) || self.may_be_expired() {
            // "silent for less: nothing", and yet it may be resting between polls. No poll with an expired signature.
            self.poll_failures.least = 0;
            return;
        }
        self.poll_failures.reset();
        self.rest.1 = self.rest.1.min(soonest);
        if let Some(by) = &mut self.poll_by {
            *by = (*by).min(soonest);
        }
    }

    /// Polls must be under way now, as far as the trace can tell.
    pub(super) fn must_poll(&self) -> bool {
        let wanted = self.failures.least >= AFTER_FAILURES || self.confirming.is_some_and(|it| !it.is_free);
        wanted && !self.is_live() && !self.may_be_expired()
    }

    pub(super) fn poll_musts(&mut self, musts: &mut Vec<(u64, &'static str)>) {
        if self.may_be_expired() {
            self.hint_poll = None;
        }
        if let Some(by) = self.hint_poll {
            musts.push((
                by,
                "a hint's poll, \"no sooner than 500 ms after the last attempt began\"",
            ));
        }
        if !self.must_poll() {
            self.poll_by = None;
            return;
        }
        match self.poll {
            Some((_, asked)) => {
                let failures = (self.poll_failures.most + 1).min(10);
                let longest = (3_000 << failures).min(REST_CAP);
                musts.push((asked + ANSWER + longest, "\"A poll has 10 s to be answered\""));
            }
            None => {
                // Whoever was asked for a pause may come back spread over a rest.
                let spread = if self.polls_may_pause() > 0 {
                    self.polls_may_pause() + REST.1
                } else {
                    0
                };
                let by = *self.poll_by.get_or_insert(self.now.max(self.rest.1).max(spread));
                musts.push((
                    by,
                    "\"After 3 failed socket attempts in a row it polls … every 3 s\"; after failed ones up to 6, 12, \
                     24, 30 s",
                ));
            }
        }
    }
}

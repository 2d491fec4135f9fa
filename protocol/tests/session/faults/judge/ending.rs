//! When it is over, and when it is not.
//!
//! PROTOCOL.md's table of close codes: 1000, 4400, 4401, 4403, 4404 and 4413 "stops", 4410 "asks for a fresh signature if
//! it was given a way to, else stops", 4429 "retries, no sooner than 10 s", every other "retries with backoff".
//! "A poll answered with `unauthorized` or `forbidden` by the service's own body stops the client as 4401 or 4403 would,
//! and `expired` acts as 4410".
//! "1000 before a final status. Poll until an answer comes, with backoff, for up to a minute. A final status, or one whose
//! name the client does not know, is shown and is the end; `pending`, `processing` or no answer makes the 1000 a 1001: a
//! client stops only where it knows that it is over."

use super::Judge;
use super::backoff::RATE_LIMITED;
use super::facts::{Confirming, Socket};
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Cause, CloseReason, Refusal, Stage};

const CONFIRM: u64 = 60_000;

impl Judge {
    pub(super) fn closed(&mut self, socket: &Socket, code: CloseCode) {
        match code.get() {
            1000 => self.doubt(),
            4400 | 4401 | 4403 | 4404 | 4413 => self.must_stop(code),
            4410 => self.expired(Some(socket)),
            number => {
                let held = socket.status.is_some_and(|status| self.now >= status + 5_000);
                if held && !socket.held {
                    self.obstacles.may_have_failed();
                }
                // "`unreachable` (also where a browser tells no cause)": a browser closes with 1006 what it could not open.
                let cause = match number {
                    4429 => Some(Cause::TooManyWatchers),
                    1006 if !socket.is_open() => Some(Cause::Unreachable),
                    _ => (!held).then_some(Cause::Closed(code)),
                };
                self.moment.failed.extend(cause);
                self.lost(socket, if number == 4429 { RATE_LIMITED } else { 0 });
            }
        }
    }

    pub(super) fn must_stop(&mut self, code: CloseCode) {
        self.moment.must_end = Some(CloseReason::Server(code));
    }

    /// A close with 1000, and what was shown is not final: polls tell.
    fn doubt(&mut self) {
        let now = self.now;
        // Whoever cannot poll, for the signature has expired, may take it for a 1001 at once.
        self.confirming = Some(Confirming {
            since: now,
            is_free: self.may_be_expired(),
        });
        if self.may_be_expired() {
            self.obstacles.may_have_failed();
        }
        self.wait = None;
        self.waits.forget();
        self.rest = (self.rest.0.min(now), self.rest.1.min(now));
        self.rest_is_fair = false;
        self.poll_by = (self.polls_may_pause() <= now).then_some(now);
    }

    /// A poll has been answered with this state of the transfer.
    pub(super) fn decide(&mut self, seen: Option<Seen>) {
        if self.confirming.is_none() {
            return;
        }
        match seen.map(|seen| seen.order.stage) {
            Some(Stage::Final) => {}
            Some(Stage::Unknown) => {
                self.moment.must_end = Some(CloseReason::Final);
                self.moment.must_show = seen;
            }
            Some(Stage::Open) | None => self.go_on(),
        }
    }

    /// "makes the 1000 a 1001"
    fn go_on(&mut self) {
        self.obstacles.may_have_failed();
        // Whoever was free to look elsewhere may have a hint's poll ahead.
        self.held_back |= self.confirming.take().is_some_and(|it| it.is_free);
        self.poll_is_moot = true;
        self.hint_poll = None;
        self.ended_otherwise(None);
        self.back_off(0);
    }

    /// Whoever looks at the clock after a minute goes on.
    pub(super) fn count_an_overdue_confirmation(&mut self) {
        if self.confirming.is_some_and(|it| self.now >= it.since + CONFIRM) {
            self.go_on();
        }
    }

    /// What a refusal by the service's own body means.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Expired => self.expired(None),
            Refusal::Unauthorized | Refusal::Forbidden => self.must_stop(refusal.close_code()),
        }
    }

    pub(super) fn saw_end(&mut self, reason: CloseReason) {
        self.end = Some(reason);
        self.moment.ended = true;
    }

    pub(super) fn check_end(&self) {
        let is_final = self.shown.is_some_and(|seen| seen.order.stage == Stage::Final);
        let must = match is_final {
            true => Some(CloseReason::Final),
            false => self.moment.must_end,
        };
        if self.end != must && (self.end.is_none() || self.end != self.moment.may_end) {
            self.fail(&format!(
                "\"a client stops only where it knows that it is over\", and there always: must end {must:?}, ended {:?}",
                self.end
            ));
        }
        if self.end.is_some() {
            self.check(self.socket.is_none(), "a closed client has no socket");
        }
    }
}

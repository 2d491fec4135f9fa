//! Hints, suspend and resume.
//!
//! PROTOCOL.md: "Every hint acts after the timers that were due. Waiting, refreshing or resting between polls: connect
//! and poll at once (no sooner than 500 ms after the last attempt began, nor within a pause that the server asked for).
//! Dialling: an attempt of 2 s or more is dialled anew, and counts as a failed one; a young one goes on; a poll that has
//! been out for 2 s or more is asked anew. Connected and silent for 3 s or more: ping with a deadline of 2.5 s, and one
//! poll beside it, so that the news is there in one round trip whatever the socket is; silent for less: nothing.
//! `offline` is a rumour: it makes an open link ping, with the same deadline and no poll, and stops nothing. Suspend drops
//! the socket and rests, with no timer left; only resume, foreground and visible wake it, all three as foreground.
//! However hints come, they cannot keep a client from connecting or from polling."

use super::Judge;
use crate::seen::Seen;
use transfer_status_protocol::session::{Hint, Output, Time};

/// How old an attempt or a poll must be for a hint to replace it, after so many in a row that hints have replaced. What is
/// replaced again and again must be older each time: hints "cannot keep a client from connecting or from polling".
const DIALLED_ANEW: &[u64] = &[2_000, 2_000, 2_000, 4_000, 8_000];
const ASKED_ANEW: &[u64] = &[2_000, 4_000, 8_000];
const SILENT: u64 = 3_000;

impl Judge {
    /// How old an attempt or a poll is that a hint replaces.
    pub(super) const OLD: u64 = 2_000;
    /// The least between the beginnings of two attempts, the later one of which a hint brings about.
    pub(super) const SPACING: u64 = 500;

    fn is_young(age: u64, replaced: u32, old: &[u64]) -> bool {
        old.get(replaced as usize).is_none_or(|old| age < *old)
    }

    pub(super) fn heard_hint(&mut self, hint: Hint) {
        self.moment.hint = Some(hint);
        match hint {
            Hint::Suspend if !self.suspended => self.suspend(),
            Hint::Resume | Hint::Foreground | Hint::Visible if self.suspended => {
                self.suspended = false;
                self.attempt_by = Some(u64::MAX);
                if let Some(confirming) = &mut self.confirming {
                    confirming.since = self.now;
                }
            }
            _ => {}
        }
        if self.suspended {
            return;
        }
        // What was due comes first: a wait that was over has ended in an attempt before the hint.
        self.moment.found_none = self.socket.is_none() && !self.moment.was_due;
        self.moment.found_open = self.socket.is_some_and(|socket| socket.is_open());
        self.moment.found_silent = self
            .socket
            .is_some_and(|socket| socket.is_open() && socket.silence(self.now) >= SILENT);
        if hint != Hint::Offline {
            self.hasten_polls();
        }
    }

    fn suspend(&mut self) {
        self.suspended = true;
        self.obstacles.may_have_failed();
        if self.moment.was_due {
            // What was due comes first: an attempt may have begun of which nothing is seen.
            self.unseen_attempt = Some(self.now);
        }
        self.poll = None;
        self.question = None;
        self.attempt_by = None;
        self.wait = None;
        self.waits.forget();
        self.stop_polls();
        let socket = self.socket;
        self.ended_otherwise(socket.as_ref());
        self.rounds.may_add();
        if let Some(confirming) = &mut self.confirming {
            confirming.is_free = true;
        }
    }

    /// A suspended client says nothing at all.
    pub(super) fn check_rests_suspended(&self, outputs: &[Output<Seen, ()>], until: Option<Time>) {
        self.check(
            outputs.is_empty() && until.is_none(),
            "\"Suspend … rests, with no timer left; only resume, foreground and visible wake it\"",
        );
    }

    pub(super) fn check_after_hint(&mut self) {
        let Some(hint) = self.hint() else { return };
        let now = self.now;
        if hint == Hint::Offline {
            if self.moment.found_open && self.socket.is_some_and(|socket| socket.silence(now) >= SILENT) {
                self.probed();
            }
            return;
        }
        match self.socket {
            Some(socket) if socket.is_open() => {
                if self.moment.found_silent && socket.silence(now) >= SILENT {
                    self.probed();
                    self.check_polled(!socket.polled_beside);
                    if let Some(socket) = &mut self.socket {
                        socket.polled_beside = true;
                    }
                }
            }
            Some(socket) => {
                self.check(
                    Self::is_young(now - socket.dialled, self.redials, DIALLED_ANEW),
                    "\"an attempt of 2 s or more is dialled anew\"",
                );
                // Where the link was lost in this very step its wait may have been none at all.
                let waited = socket.dialled == now && self.moment.found_none && !self.moment.dropped;
                self.check_polled(waited);
            }
            None => {
                if self.confirming.is_none_or(|it| it.is_free) && self.question.is_none() {
                    self.hasten_attempt();
                }
                self.check_polled(true);
            }
        }
    }

    /// After a hint that asks for a poll, a young one is out, or the spacing holds it back for a moment. One that is out
    /// and old must be asked anew whoever asked for it.
    fn check_polled(&mut self, owed: bool) {
        let now = self.now;
        if self.polls_may_pause() > now || self.may_be_expired() {
            // The hint's poll may come once the pause is over and the signature fresh; owed it is no more.
            self.held_back = true;
            return;
        }
        match self.poll {
            Some(_) if self.poll_is_moot => self.held_back = true,
            Some((_, asked)) => self.check(
                Self::is_young(now - asked, self.polls_anew, ASKED_ANEW),
                "\"a poll that has been out for 2 s or more is asked anew\"",
            ),
            None if owed => {
                self.hint_poll = Some(self.spaced(self.last_poll));
            }
            None => {}
        }
    }
}

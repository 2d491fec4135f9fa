//! What the answer to a poll says: of the transfer, of the signature, and of the way to the service.

use super::Judge;
use super::polling::ANSWER;
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, PollAnswer, PollId, Refusal};

impl Judge {
    pub(super) fn heard_poll(&mut self, id: PollId, answer: &PollAnswer<Seen>) {
        let Some((_, asked)) = self.poll.take_if(|(asked, _)| *asked == id) else {
            return;
        };
        let moot = std::mem::take(&mut self.poll_is_moot);
        let late = self.now >= asked + ANSWER;
        if self.unusable || moot {
            // What was asked before a status came, or before the service refused the signature, may be used, or not.
            return self.heard_moot(answer);
        }
        match answer {
            PollAnswer::Failed(failure) => {
                self.moment.poll_failed.push(failure.cause);
                self.poll_failed(Self::pause_of(*failure));
            }
            PollAnswer::Snapshot(seen) => {
                self.moment.snapshot = Some(*seen);
                self.moment.snapshot_is_late = late;
                self.poll_succeeded(late);
                self.decide(Some(*seen));
            }
            PollAnswer::NotModified => {
                self.poll_succeeded(late);
                self.decide(self.shown);
            }
            PollAnswer::Refused(refusal) => {
                self.moment.poll_answered = true;
                self.refused(*refusal);
            }
        }
    }

    pub(super) fn heard_moot(&mut self, answer: &PollAnswer<Seen>) {
        self.obstacles.may_have_failed();
        let mut pause = 0;
        match answer {
            PollAnswer::Snapshot(seen) => {
                self.moment.snapshot = Some(*seen);
                self.moment.snapshot_is_late = true;
                self.poll_answered = true;
            }
            PollAnswer::NotModified => self.poll_answered = true,
            PollAnswer::Refused(Refusal::Expired) if self.can_refresh => {
                self.may_be_unusable = true;
                self.moment.may_be_expired = true;
                self.rounds.may_add();
                self.attempt_by = self.attempt_by.map(|by| by.max(self.now + self.longest_wait()));
            }
            PollAnswer::Refused(refusal) => {
                self.moment.may_end = Some(CloseReason::Server(refusal.close_code()));
            }
            PollAnswer::Failed(failure) => {
                self.poll_failures.may_add();
                pause = Self::pause_of(*failure);
                self.poll_may_pause = self.poll_may_pause.max(self.now + pause);
            }
        }
        let before = self.rest;
        self.rest_from_now();
        self.rest = (self.rest.0.min(before.0), before.1.max(self.rest.1 + pause));
        self.poll_by = self.poll_by.map(|_| self.rest.1);
        self.rest_is_fair = false;
    }

    fn poll_succeeded(&mut self, late: bool) {
        self.fresh = false;
        self.poll_answered = true;
        self.moment.poll_answered = true;
        if !self.is_live() {
            self.polls_anew = 0;
        }
        match late {
            false => self.poll_failures.reset(),
            true => self.poll_failures.add_or_reset(),
        }
        self.rest_from_now();
    }
}

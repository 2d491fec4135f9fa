//! The signature: never an expired one where a fresh one can be had, and no lack of patience with whoever makes it.
//!
//! PROTOCOL.md, close code 4410: "signature expired … asks for a fresh signature if it was given a way to, else stops".

use super::Judge;
use super::facts::Socket;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Cause, CloseReason, Hint, SignatureAnswer, SignatureId};

/// `Config::signature_timeout_ms`: how long the host may take. PROTOCOL.md leaves it to the client.
const ANSWER: u64 = 30_000;

/// When the signature expires.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    /// By the host's clock.
    clock: u64,
    /// By the time that the client can know of.
    now: u64,
    /// The clock was set back, and the client hears of that and of the signature in one: it may take it for so much shorter.
    vague: u64,
}

impl Judge {
    pub(super) fn signature_expires(&mut self, at: Option<u64>) {
        self.expires = at.map(|at| Expiry {
            clock: at,
            now: self.now + at.saturating_sub(self.clock),
            vague: self.moment.stepped_back,
        });
    }

    /// The signature is known to be of no use. A fresh one may be good whatever the host's clock says, which may be wrong:
    /// the service knows.
    fn is_expired(&self) -> bool {
        let over = |it: Expiry| self.clock > it.clock && self.now > it.now;
        self.unusable || (self.can_refresh && !self.fresh && self.expires.is_some_and(over))
    }

    /// The same, as the client may think whose clock was set back or whose signature expires in this millisecond.
    pub(super) fn may_be_expired(&self) -> bool {
        let over = |it: Expiry| self.clock + it.vague >= it.clock || self.now + it.vague >= it.now;
        let known = !self.fresh && self.expires.is_some_and(over);
        self.unusable || self.may_be_unusable || (self.can_refresh && known)
    }

    pub(super) fn check_may_present(&self, what: &str) {
        self.check(
            !self.is_expired(),
            &format!("{what} with a signature that is known to be expired"),
        );
    }

    /// The service says, over a socket or in answer to a poll, that the signature has expired.
    pub(super) fn expired(&mut self, socket: Option<&Socket>) {
        if !self.can_refresh {
            return self.must_stop(CloseCode::SIGNATURE_EXPIRED);
        }
        if self.question.is_some() {
            // It is asked for already.
            return;
        }
        if self.fresh {
            self.moment.failed.push(Cause::SignatureRefresh);
        }
        self.moment.expired = true;
        self.unusable = true;
        self.confirming = None;
        self.stop_polls();
        let socket = socket.copied().or(self.socket);
        self.ended_otherwise(socket.as_ref());
        self.back_off(0);
    }

    pub(super) fn saw_refresh(&mut self, id: SignatureId) {
        self.check(!self.suspended, "a suspended client asks for no signature");
        self.check(
            self.can_refresh && self.may_be_expired(),
            "a fresh signature is asked for where there is a way, and only when the present one is expired",
        );
        self.check(
            self.socket.is_none(),
            "no socket goes on while a signature is asked for",
        );
        if let Some((_, asked)) = self.question {
            let hinted = self.hint().is_some_and(|hint| hint != Hint::Offline);
            self.check(
                hinted && self.now - asked >= Self::OLD,
                "one question for a signature at a time",
            );
        }
        self.attempts();
        // What a poll says of the signature that is to be replaced is of no use.
        self.poll = None;
        self.poll_is_moot = false;
        self.question = Some((id, self.now));
    }

    pub(super) fn count_an_overdue_question(&mut self) {
        let now = self.now;
        if self
            .question
            .take_if(|(_, asked)| now >= *asked + ANSWER)
            .is_some()
        {
            self.refresh_failed();
        }
    }

    fn refresh_failed(&mut self) {
        self.obstacles.no_polls();
        self.moment.failed.push(Cause::SignatureRefresh);
        self.back_off(0);
    }

    pub(super) fn heard_signature(&mut self, id: SignatureId, answer: SignatureAnswer, expires: Option<u64>) {
        if self.question.take_if(|(asked, _)| *asked == id).is_none() {
            return;
        }
        match answer {
            SignatureAnswer::Ready => {
                self.fresh = true;
                self.signature_expires(expires);
                self.unusable = false;
                self.may_be_unusable = false;
                self.connect_soon();
            }
            SignatureAnswer::Failed => self.refresh_failed(),
            SignatureAnswer::Refused => self.moment.must_end = Some(CloseReason::SignatureRefused),
        }
    }

    pub(super) fn signature_musts(&self, musts: &mut Vec<(u64, &'static str)>) {
        if let Some((_, asked)) = self.question {
            musts.push((
                asked + ANSWER + self.longest_wait(),
                "a host that does not answer is asked again",
            ));
        }
    }
}

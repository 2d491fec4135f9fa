//! The server: what it tells, and what it answers to what reaches it.

use super::super::network::{End, Parcel, Signature};
use super::super::schedule::{Dials, Polls, Signatures};
use super::{Link, World};
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{Cause, Frame, PollAnswer, Refusal, SignatureAnswer, Stage};

impl World {
    pub(super) fn publish(&mut self, later: u64, stage: Stage, is_over: bool) {
        if !self.history.is_over {
            self.history.publish(later, stage, is_over);
            for at in 0..self.links.len() {
                self.tell_state(at);
            }
            self.close_what_is_over();
        }
    }

    /// The state as it stands goes over this link.
    fn tell_state(&mut self, at: usize) {
        let frame = self.history.tell().map_or(Frame::Notice(()), Frame::Snapshot);
        self.tell_over(at, frame);
    }

    fn close_what_is_over(&mut self) {
        if self.history.is_over {
            for link in self.links.extract_if(.., |link| !link.dead && !link.mute) {
                let closed = Parcel::Closed(link.end, CloseCode::NORMAL);
                self.network.send(self.now, closed);
            }
        }
    }

    pub(super) fn tell(&mut self, frame: &Frame<Seen, ()>) {
        for at in 0..self.links.len() {
            self.tell_over(at, frame.clone());
        }
    }

    fn tell_over(&mut self, at: usize, frame: Frame<Seen, ()>) {
        let link = &self.links[at];
        if !link.dead && !link.mute {
            self.network.send(self.now, Parcel::Frame(link.end, frame));
        }
    }

    pub(super) fn close(&mut self, code: CloseCode) {
        for link in self.links.extract_if(.., |link| !link.dead) {
            self.network.send(self.now, Parcel::Closed(link.end, code));
        }
    }

    pub(super) fn polled(&self, known: Option<u64>, signature: Signature) -> Option<PollAnswer<Seen>> {
        let answer = match self.polls {
            Polls::Lost => return None,
            Polls::Failed(failure) => PollAnswer::Failed(failure),
            Polls::Unauthorized => PollAnswer::Refused(Refusal::Unauthorized),
            Polls::Forbidden => PollAnswer::Refused(Refusal::Forbidden),
            Polls::Answered if !self.is_good(signature) => PollAnswer::Refused(Refusal::Expired),
            Polls::Answered => match self.history.tell() {
                None => PollAnswer::Failed(Cause::Http(404).into()),
                Some(state) if known.is_some() && known == state.order.version => PollAnswer::NotModified,
                Some(state) => PollAnswer::Snapshot(state),
            },
        };
        Some(answer)
    }

    pub(super) fn signed(&self) -> Option<(SignatureAnswer, Signature, Option<i64>)> {
        let good = |until| Signature {
            number: self.good_from,
            until,
        };
        let bad = Signature {
            number: self.good_from - 1,
            until: 0,
        };
        Some(match self.signatures {
            Signatures::Lost => return None,
            Signatures::Failed => (SignatureAnswer::Failed, bad, None),
            Signatures::Refused => (SignatureAnswer::Refused, bad, None),
            Signatures::Ready => (SignatureAnswer::Ready, good(u64::MAX), None),
            Signatures::Lasting(ms) => (SignatureAnswer::Ready, good(self.now + ms), Some(ms as i64)),
            Signatures::BornExpired { known } => (SignatureAnswer::Ready, bad, known.then_some(-60_000)),
        })
    }

    fn is_good(&self, signature: Signature) -> bool {
        signature.number >= self.good_from && self.now <= signature.until
    }

    /// A dial has reached the server.
    pub(super) fn dialled(&mut self, end: End, signature: Signature) {
        let (now, dials, is_good) = (self.now, self.dials, self.is_good(signature));
        match dials {
            Dials::Lost => return,
            Dials::Failed(failure) => return self.network.send(now, Parcel::Failed(end, failure)),
            _ => {}
        }
        self.network.send(now, Parcel::Opened(end));
        let mut refuse = |code| {
            self.network.send(now, Parcel::Frame(end, Frame::Notice(())));
            self.network.send(now, Parcel::Closed(end, code));
        };
        match dials {
            Dials::Refused(code) => return refuse(CloseCode::new(code)),
            Dials::Answered if !is_good => return refuse(CloseCode::SIGNATURE_EXPIRED),
            Dials::Stranded => self.network.send(now, Parcel::Frame(end, Frame::Notice(()))),
            _ => {}
        }
        self.links.push(Link {
            end,
            mute: matches!(dials, Dials::Mute | Dials::Stranded),
            dead: false,
        });
        if dials == Dials::Answered {
            self.tell_state(self.links.len() - 1);
            self.close_what_is_over();
        }
    }
}

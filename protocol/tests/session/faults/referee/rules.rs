//! The rules: what each input means for the model.

use super::{Link, Polls, Referee, Stage};
use crate::faults::expected::Window;
use crate::seen::Seen;
use transfer_status_protocol::close::{CloseAction, CloseCode};
use transfer_status_protocol::session::{
    CloseReason, ConnId, Frame, Hint, PollAnswer, PollId, SignatureAnswer, SignatureId,
};

impl Referee {
    pub(super) fn opened(&mut self, opened: ConnId) {
        if let Stage::Dialling { conn, .. } = self.stage
            && conn == opened
        {
            let (opened, heard) = (self.now, self.now);
            let link = Link {
                opened,
                greeted: false,
                live: None,
                held: false,
                heard,
                pinged: None,
            };
            self.stage = Stage::Open { conn, link };
        }
    }

    pub(super) fn frame(&mut self, of: ConnId, frame: Frame<Seen, ()>) {
        let Stage::Open { conn, link } = &mut self.stage else {
            return;
        };
        if *conn != of {
            return;
        }
        link.heard = self.now;
        link.pinged = None;
        match frame {
            Frame::Snapshot(seen) => {
                link.greeted = true;
                if link.live.is_none() {
                    link.live = Some(self.now);
                    self.was_live = true;
                    self.stop_polls();
                }
                self.snapshot(seen);
            }
            Frame::Notice(()) => {
                link.greeted = true;
                self.due.notice = true;
            }
            Frame::Pong | Frame::Unknown => {}
            Frame::Malformed => self.given_up(),
        }
    }

    /// The first snapshot is news, and where both have a version it alone decides. The order of the old
    /// service's snapshots is left to the user, who is judged by what really happened.
    fn snapshot(&mut self, seen: Seen) {
        self.due.news = match self
            .shown
            .map(|shown| shown.order.version.zip(seen.order.version))
        {
            None => Some(Some(seen)),
            Some(Some((shown, version))) => Some((version > shown).then_some(seen)),
            Some(None) => None,
        };
        if seen.order.is_final {
            self.end(CloseReason::Final);
        }
    }

    fn given_up(&mut self) {
        self.due.drop = self.conn();
        self.due.ping = None;
        self.lost(CloseCode::ABNORMAL);
    }

    pub(super) fn lost(&mut self, code: CloseCode) {
        let held = matches!(
            self.stage,
            Stage::Open {
                link: Link { held: true, .. },
                ..
            }
        );
        match code.action() {
            CloseAction::Stop => {
                assert_eq!(code, CloseCode::NORMAL, "the schedules have no other");
                self.stage = Stage::Confirming;
                self.polls = Polls::Now;
            }
            CloseAction::RefreshSignature => self.sign_or(code),
            CloseAction::Retry { not_before_ms } => {
                self.failures += u32::from(!held);
                self.wait(not_before_ms.into(), false);
                self.poll_if_refused();
            }
        }
    }

    fn poll_if_refused(&mut self) {
        if self.failures >= 3 && self.polls == Polls::Off {
            self.polls = Polls::Now;
        }
    }

    fn stop_polls(&mut self) {
        self.polls = Polls::Off;
        self.polls_answered = false;
    }

    fn sign_or(&mut self, code: CloseCode) {
        match self.can_refresh {
            true => self.wait(0, true),
            false => {
                self.stage = Stage::Ended;
                self.end_as(CloseReason::Server(code));
            }
        }
    }

    fn wait(&mut self, pause: u64, sign: bool) {
        self.pause_until = self.pause_until.max(self.now + pause);
        let from = self.pause_until.max(self.now);
        let ceiling = (500_u64 << self.rounds.min(20)).min(self.now + 30_000 - from);
        self.rounds += 1;
        self.stage = Stage::Waiting {
            window: Window {
                from,
                to: from + ceiling,
            },
            sign,
        };
        if sign {
            self.stop_polls();
        }
    }

    pub(super) fn end(&mut self, reason: CloseReason) {
        if self.stage != Stage::Ended {
            self.due.drop = self.conn();
            self.end_as(reason);
        }
    }

    fn end_as(&mut self, reason: CloseReason) {
        self.stage = Stage::Ended;
        self.polls = Polls::Off;
        self.due.end = Some(reason);
    }

    pub(super) fn poll_answered(&mut self, id: PollId, answer: PollAnswer<Seen>) {
        if !matches!(self.polls, Polls::Asking { id: asked, .. } if asked == id) {
            return;
        }
        self.polls_answered = matches!(answer, PollAnswer::Snapshot(_) | PollAnswer::NotModified);
        let mut rested = self.now;
        if answer == PollAnswer::RateLimited {
            rested += 10_000;
            self.pause_until = self.pause_until.max(rested);
        }
        self.polls = Polls::Resting(Window {
            from: rested + 2_400,
            to: rested + 3_600,
        });
        let confirming = self.stage == Stage::Confirming;
        match answer {
            PollAnswer::Snapshot(seen) => self.snapshot(seen),
            PollAnswer::Unauthorized if !confirming => {
                self.due.drop = self.conn();
                self.sign_or(CloseCode::UNAUTHORIZED);
            }
            _ => {}
        }
        if self.stage == Stage::Confirming {
            self.end(CloseReason::Server(CloseCode::NORMAL));
        }
    }

    pub(super) fn signature_answered(&mut self, answered: SignatureId, answer: SignatureAnswer) {
        let Stage::Signing { id, .. } = self.stage else {
            return;
        };
        if id != answered {
            return;
        }
        match answer {
            SignatureAnswer::Ready => {
                self.stage = Stage::Waiting {
                    window: Window::at(self.now),
                    sign: false,
                };
                self.due.served = true;
                self.poll_if_refused();
            }
            SignatureAnswer::Failed => self.wait(0, true),
            SignatureAnswer::Refused => self.end(CloseReason::SignatureRefused),
        }
    }

    pub(super) fn hint(&mut self, hint: Hint) {
        let now = self.now;
        match (&mut self.stage, hint) {
            (Stage::Open { conn, link }, _) => {
                if link.pinged.is_none() {
                    link.pinged = Some(now);
                    self.due.ping = Some(*conn);
                }
            }
            (_, Hint::Offline) => {}
            (Stage::Dialling { conn, since }, Hint::Online | Hint::NetworkChanged) => {
                if (*since + 2_000).max(self.pause_until) <= now {
                    self.due.drop = Some(*conn);
                    self.stage = Stage::Waiting {
                        window: Window::at(now),
                        sign: false,
                    };
                }
            }
            (stage, _) => {
                let soonest = now.max(self.pause_until);
                if let Stage::Waiting { window, .. } = stage {
                    window.hasten(soonest.max(self.last_attempt + 500));
                }
                if let Polls::Resting(window) = &mut self.polls {
                    window.hasten(soonest.max(self.last_poll + 500));
                }
            }
        }
        self.serve();
    }

    /// Time has passed: what ends comes before what begins.
    pub(super) fn serve(&mut self) {
        let now = self.now;
        self.due.served = true;
        let dead = match self.stage {
            Stage::Dialling { since, .. } => since + 10_000 <= now,
            Stage::Open { link, .. } => {
                let mute = !link.greeted && link.opened + 10_000 <= now;
                mute || link.pinged.is_some_and(|pinged| pinged + 10_000 <= now)
            }
            _ => false,
        };
        if dead {
            self.given_up();
        }
        if matches!(self.stage, Stage::Signing { since, .. } if since + 30_000 <= now) {
            self.wait(0, true);
        }
        if let Polls::Asking { id, since } = self.polls
            && since + 10_000 <= now
        {
            self.poll_answered(id, PollAnswer::Failed);
        }
        if let Stage::Open { conn, link } = &mut self.stage {
            if link.live.is_some_and(|live| live + 5_000 <= now) && !link.held {
                link.held = true;
                self.failures = 0;
                self.rounds = 0;
            }
            if link.pinged.is_none() && link.heard + 20_000 <= now {
                link.pinged = Some(now);
                self.due.ping = Some(*conn);
            }
        }
    }
}

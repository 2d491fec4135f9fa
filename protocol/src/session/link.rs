//! The life of a socket: asked for, open, live, held, lost; and the wait before the next.

use super::output::{CloseReason, ConnId, Frame, SignatureId};
use super::state::{Next, Phase, State};
use super::timer::Timer;
use super::{Session, Snapshot};
use crate::close::{CloseAction, CloseCode};

impl<S: Snapshot, N> Session<S, N> {
    pub(super) fn connect(&mut self) {
        let conn = ConnId::from_number(self.fresh_id());
        self.state = State::Connecting(conn);
        self.pending.connect = Some(conn);
        self.last_attempt = Some(self.now);
        self.timers
            .set(Timer::Connect, self.now.after(self.config.connect_timeout_ms));
    }

    pub(super) fn sign(&mut self) {
        let id = SignatureId::from_number(self.fresh_id());
        self.state = State::Signing(id);
        self.pending.refresh = Some(id);
        self.last_attempt = Some(self.now);
        self.timers
            .set(Timer::Signature, self.now.after(self.config.signature_timeout_ms));
    }

    pub(super) fn opened(&mut self, conn: ConnId) {
        self.state = State::Open(conn, Phase::Silent);
        self.timers.clear(Timer::Connect);
        self.timers.set(
            Timer::FirstFrame,
            self.now.after(self.config.first_frame_timeout_ms),
        );
        self.heard();
    }

    pub(super) fn frame(&mut self, conn: ConnId, phase: Phase, frame: Frame<S, N>) {
        self.heard();
        match frame {
            Frame::Snapshot(snapshot) => {
                self.timers.clear(Timer::FirstFrame);
                if matches!(phase, Phase::Silent | Phase::Greeted) {
                    self.state = State::Open(conn, Phase::Live);
                    self.was_live = true;
                    self.timers
                        .set(Timer::Held, self.now.after(self.config.held_after_ms));
                    self.stop_polling();
                }
                self.deliver(snapshot);
            }
            Frame::Notice(notice) => {
                self.pending.notice = Some(notice);
                if phase == Phase::Silent {
                    self.timers.clear(Timer::FirstFrame);
                    self.state = State::Open(conn, Phase::Greeted);
                }
            }
            // A pong proves the link, but says nothing of the transfer: `FirstFrame` stays.
            Frame::Pong | Frame::Unknown => {}
            Frame::Malformed => self.abandon(),
        }
    }

    /// Something came in: the link lives, silence starts anew.
    fn heard(&mut self) {
        self.timers.clear(Timer::Pong);
        self.timers
            .set(Timer::Idle, self.now.after(self.config.ping_after_ms));
    }

    /// Silence has lasted: ask.
    pub(super) fn idle(&mut self) {
        if let State::Open(conn, _) = self.state {
            self.probe(conn);
        }
    }

    /// Sends a ping, unless one is out already.
    pub(super) fn probe(&mut self, conn: ConnId) {
        if self.timers.get(Timer::Pong).is_none() {
            self.pending.ping = Some(conn);
            self.timers.clear(Timer::Idle);
            self.timers
                .set(Timer::Pong, self.now.after(self.config.pong_timeout_ms));
        }
    }

    /// The snapshot has held: the server is well, backoff starts anew.
    pub(super) fn held(&mut self) {
        if let State::Open(conn, Phase::Live) = self.state {
            self.state = State::Open(conn, Phase::Held);
            self.failures = 0;
            self.backoff.earn_back();
        }
    }

    /// A changed network: what was dialled over the old one is lost, so dial anew, at no cost to backoff.
    pub(super) fn redial(&mut self) {
        let soonest = self
            .last_attempt
            .map_or(self.now, |at| at.after(self.config.redial_after_ms));
        if soonest.max(self.pause_until) <= self.now {
            self.let_go();
            self.connect();
        }
    }

    /// Gives the current socket up without waiting for its close, and goes on as after any loss.
    pub(super) fn abandon(&mut self) {
        let had_held = self.state.has_held();
        self.let_go();
        self.lose(had_held, CloseCode::ABNORMAL);
    }

    /// Tells the host to forget the current socket, if there is one.
    pub(super) fn let_go(&mut self) {
        if let Some(conn) = self.state.conn() {
            self.pending.drop_socket(conn, CloseCode::NORMAL);
            self.socket_gone();
        }
    }

    /// There is no socket any more: nothing of it stays.
    pub(super) fn socket_gone(&mut self) {
        self.pending.ping = None;
        for timer in Timer::OF_LINK {
            self.timers.clear(timer);
        }
        self.state = State::Waiting(Next::Connect);
    }

    /// The funnel: a socket was lost, for whatever cause, and the code decides what follows.
    pub(super) fn lose(&mut self, had_held: bool, code: CloseCode) {
        match code.action() {
            CloseAction::Stop if code == CloseCode::NORMAL => self.confirm(),
            CloseAction::Stop => self.finish(CloseReason::Server(code)),
            CloseAction::RefreshSignature => self.refresh_or(CloseReason::Server(code)),
            CloseAction::Retry { not_before_ms } => {
                if !had_held {
                    self.failures = self.failures.saturating_add(1);
                }
                self.wait(Next::Connect, not_before_ms);
                self.poll_when_refused();
            }
        }
    }

    /// The signature is no good any more: get another, or end for `reason`.
    pub(super) fn refresh_or(&mut self, reason: CloseReason) {
        match self.config.can_refresh {
            true => self.wait(Next::Sign, 0),
            false => self.finish(reason),
        }
    }

    /// Backs off. Polls need a good signature too, so they rest while a fresh one is awaited.
    pub(super) fn wait(&mut self, next: Next, not_before_ms: u32) {
        self.pause_until = self.pause_until.max(self.now.after(not_before_ms));
        // What is left of a pause that was asked for earlier, too: it is no longer than a `u32` holds.
        let pause = self.pause_until.since(self.now) as u32;
        let wait = self.backoff.next(&self.config, pause);
        if next == Next::Sign {
            self.stop_polling();
        }
        self.state = State::Waiting(next);
        self.timers.set(Timer::Reconnect, self.now.after(wait));
    }

    /// The wait is over.
    pub(super) fn reconnect(&mut self) {
        match self.state {
            State::Waiting(Next::Connect) => self.connect(),
            State::Waiting(Next::Sign) => self.sign(),
            State::Signing(_)
            | State::Connecting(_)
            | State::Open(..)
            | State::Confirming
            | State::Closed => {}
        }
    }

    /// The server says that all is done. Where no final status was seen, a last poll finds out.
    fn confirm(&mut self) {
        self.state = State::Confirming;
        self.poll();
    }
}

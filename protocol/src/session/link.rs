//! The life of a socket: asked for, open, live, held, lost; and the wait before the next.

use super::output::{Cause, CloseReason, ConnId, Failure, Frame};
use super::problem::Way;
use super::state::{Next, Phase, Polling, State};
use super::timer::Timer;
use super::{Session, Snapshot};
use crate::close::{CloseAction, CloseCode};

impl<S: Snapshot, N> Session<S, N> {
    /// Whether the signature is known to have expired and the host can get another. One that it has just got is
    /// presented all the same: the clock that judges it may be wrong.
    pub(super) fn must_refresh(&self) -> bool {
        let expired = self.expires.is_some_and(|at| at <= self.now);
        expired && self.config.can_refresh && !self.is_fresh
    }

    /// Dials, or asks for the signature that it takes.
    pub(super) fn connect(&mut self) {
        if self.must_refresh() {
            return self.refresh();
        }
        self.attempt_id = self.fresh_id();
        self.state = State::Connecting;
        self.pending.connect = true;
        self.attempt_begins();
    }

    /// A dial goes out now.
    pub(super) fn attempt_begins(&mut self) {
        self.last_attempt = Some(self.now);
        self.start(Timer::Connect, self.config.connect_timeout_ms);
    }

    /// Asks the host for a fresh signature. A poll that is out presents the one before: its answer says nothing.
    pub(super) fn refresh(&mut self) {
        self.stop_polling();
        self.attempt_id = self.fresh_id();
        self.state = State::Refreshing;
        self.pending.refresh = true;
        self.last_attempt = Some(self.now);
        self.start(Timer::Signature, self.config.signature_timeout_ms);
    }

    pub(super) fn opened(&mut self) {
        self.state = State::Open(Phase::Silent);
        self.redials = 0;
        self.timers.clear(Timer::Connect);
        self.start(Timer::FirstFrame, self.config.first_frame_timeout_ms);
        self.heard();
    }

    pub(super) fn frame(&mut self, phase: Phase, frame: Frame<S, N>) {
        self.heard();
        match frame {
            Frame::Snapshot(snapshot) => {
                self.timers.clear(Timer::FirstFrame);
                if phase == Phase::Silent {
                    self.state = State::Open(Phase::Live);
                    self.is_fresh = false;
                    self.start(Timer::Held, self.config.held_after_ms);
                    self.stop_polling();
                    self.problems.gone();
                }
                self.deliver(snapshot);
            }
            // All of these prove the link, but say nothing of the transfer: `FirstFrame` stays.
            Frame::Notice(notice) => self.pending.notice = Some(notice),
            Frame::Pong | Frame::Unknown => {}
            Frame::Malformed => self.abandon(Cause::Malformed),
        }
    }

    /// Something came in: the link lives, silence starts anew.
    fn heard(&mut self) {
        self.heard_at = self.now;
        self.timers.clear(Timer::Pong);
        self.timers.clear(Timer::PollAnew);
        self.start(Timer::Idle, self.config.ping_after_ms);
    }

    /// Silence has lasted: ask.
    pub(super) fn idle(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.probe(self.config.pong_timeout_ms);
        }
    }

    /// Sends a ping, unless one is out already. Either way something has to come in within `deadline_ms`; `false`
    /// where it had to before.
    pub(super) fn probe(&mut self, deadline_ms: u32) -> bool {
        let by = self.now.after(deadline_ms);
        match self.timers.get(Timer::Pong) {
            Some(at) if at <= by => return false,
            Some(_) => {}
            None => self.pending.ping = true,
        }
        self.probed_at = self.now;
        self.timers.clear(Timer::Idle);
        self.timers.set(Timer::Pong, by);
        true
    }

    /// The snapshot has held: the server is well, backoff starts anew.
    pub(super) fn held(&mut self) {
        if matches!(self.state, State::Open(Phase::Live)) {
            self.state = State::Open(Phase::Held);
            self.failures = 0;
            self.backoff.earn_back();
        }
    }

    /// No frame came after a ping.
    pub(super) fn found_dead(&mut self) {
        self.abandon(Cause::Timeout);
        self.ask_old_poll_anew();
    }

    /// Gives the current socket up without waiting for its close, and goes on as after any loss.
    pub(super) fn abandon(&mut self, cause: Cause) {
        let had_held = self.state.has_held();
        self.release();
        self.lost(had_held, CloseCode::ABNORMAL, Some(cause), 0);
    }

    /// Tells the host to forget the current socket, if there is one.
    pub(super) fn release(&mut self) {
        if self.state.has_socket() {
            self.pending.drop_socket(ConnId::from_number(self.attempt_id));
            self.socket_gone();
        }
    }

    /// There is no socket any more: nothing of it stays.
    pub(super) fn socket_gone(&mut self) {
        self.pending.ping = false;
        for timer in Timer::OF_LINK {
            self.timers.clear(timer);
        }
        self.state = State::Waiting(Next::Connect);
    }

    /// What a close says of the way to the service; `None` where the socket had served well.
    pub(super) fn cause_of(&self, code: CloseCode) -> Option<Cause> {
        match (self.state, code) {
            (_, CloseCode::RATE_LIMITED) => Some(Cause::TooManyWatchers),
            (State::Open(Phase::Held), _) => None,
            // A host that knows no more than this: a browser.
            (State::Connecting, CloseCode::ABNORMAL) => Some(Cause::Unreachable),
            _ => Some(Cause::Closed(code)),
        }
    }

    /// A socket was lost, for whatever cause, and the code decides what follows, no sooner than `pause_ms`.
    pub(super) fn lost(&mut self, had_held: bool, code: CloseCode, cause: Option<Cause>, pause_ms: u32) {
        match code.action() {
            CloseAction::Stop if code == CloseCode::NORMAL => {
                self.count_failure(had_held);
                self.confirm();
            }
            CloseAction::Stop => self.finish(CloseReason::Server(code)),
            CloseAction::RefreshSignature => self.expired(),
            CloseAction::Retry { not_before_ms } => {
                self.count_failure(had_held);
                if let Some(cause) = cause {
                    self.problems.failed(self.now, Way::Socket, cause);
                }
                self.wait(Next::Connect, not_before_ms.max(pause_ms));
                self.poll_when_refused();
            }
        }
    }

    fn count_failure(&mut self, had_held: bool) {
        if !had_held {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// The signature has expired: get another, or end.
    pub(super) fn expired(&mut self) {
        if self.config.can_refresh {
            if self.is_fresh {
                self.problems
                    .failed(self.now, Way::Socket, Cause::SignatureRefresh);
            }
            self.wait(Next::Refresh, 0);
        } else {
            self.finish(CloseReason::Server(CloseCode::SIGNATURE_EXPIRED));
        }
    }

    /// The host could not get a fresh signature: ask again after a while.
    pub(super) fn refresh_failed(&mut self) {
        self.problems
            .failed(self.now, Way::Socket, Cause::SignatureRefresh);
        self.wait(Next::Refresh, 0);
    }

    /// The pause that a failed attempt was asked to make, in milliseconds: what `Retry-After` said, within bounds,
    /// and after 429 without it what 4429 asks for.
    pub(super) fn pause_asked(&self, failure: Failure) -> u32 {
        let unsaid = match failure.cause {
            Cause::Http(429) => CloseCode::RATE_LIMITED_PAUSE_MS,
            _ => 0,
        };
        failure
            .retry_after_ms
            .unwrap_or(unsaid)
            .min(self.config.retry_after_cap_ms)
    }

    /// Backs off. Polls need a good signature too, so they rest while a fresh one is awaited.
    pub(super) fn wait(&mut self, next: Next, not_before_ms: u32) {
        self.pause_until = self.pause_until.max(self.now.after(not_before_ms));
        // What is left of a pause that was asked for earlier, too: it is no longer than a `u32` holds.
        let pause = self.pause_until.since(self.now) as u32;
        let wait = self.backoff.next(&self.config, pause);
        if next == Next::Refresh {
            self.stop_polling();
            self.problems.without_poll();
        }
        self.state = State::Waiting(next);
        self.start(Timer::Reconnect, wait);
    }

    /// The wait is over.
    pub(super) fn reconnect(&mut self) {
        match self.state {
            State::Waiting(Next::Connect) => self.connect(),
            State::Waiting(Next::Refresh) => self.refresh(),
            State::Refreshing
            | State::Connecting
            | State::Open(_)
            | State::Confirming
            | State::Suspended(_)
            | State::Closed => {}
        }
    }

    /// The server says that all is done, yet no final status was seen: polls find out, for a while.
    fn confirm(&mut self) {
        if self.must_refresh() {
            return self.wait(Next::Refresh, 0);
        }
        self.state = State::Confirming;
        self.start(Timer::Confirm, self.config.confirm_within_ms);
        if !matches!(self.polling, Polling::Asking { .. }) {
            self.poll_unless_paused();
        }
    }

    /// The close with 1000 was not the end: it was a loss like any other.
    pub(super) fn not_the_end(&mut self) {
        self.timers.clear(Timer::Confirm);
        self.wait(Next::Connect, 0);
        if self.failures < self.config.poll_after_failures {
            self.stop_polling();
        }
    }
}

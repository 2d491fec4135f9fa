//! The client, sans-IO: it is told what happened and says what to do. **A newcomer starts here.**
//!
//! [`Session`] knows no socket, no clock and no source of randomness. A driver (tokio, a browser, a phone)
//! does one thing in a loop: it reports one input (`handle_*`, with the time), then drains
//! [`Session::poll_output`] and carries out what it says, until it says [`Output::Wait`].
//!
//! ```
//! use transfer_status_protocol::session::{Config, Event, Frame, Order, Output, Session, Snapshot, Stage, Time};
//!
//! #[derive(Debug, Clone, PartialEq, Eq)]
//! struct Seen(u64);
//! impl Snapshot for Seen {
//!     fn order(&self) -> Order {
//!         Order { version: Some(self.0), updated_at_ms: 0, stage: Stage::Open }
//!     }
//! }
//!
//! let start = Time::from_millis(0);
//! let mut session = Session::<Seen, ()>::new(Config::DEFAULT, start, 42);
//! let Output::Connect(conn) = session.poll_output() else { panic!("the first thing is to connect") };
//! // … the driver tells the user "connecting", dials, and reports:
//! session.handle_opened(start.after(80), conn);
//! session.handle_frame(start.after(95), conn, Frame::Snapshot(Seen(3)));
//! let mut updates = 0;
//! loop {
//!     match session.poll_output() {
//!         Output::Event(Event::Update(seen)) => { assert_eq!(seen, Seen(3)); updates += 1; }
//!         Output::Wait(until) => { assert_eq!(until, Some(start.after(5_095))); break }
//!         _ => {}
//!     }
//! }
//! assert_eq!(updates, 1);
//! ```
//!
//! How it moves, by file: [`state`](self) holds where it stands, `timer` the deadlines, `backoff` the waits,
//! `snapshot` what is news, `link` the life of a socket, `fallback` the polls, `hint` what the host says of the world,
//! `problem` what stands in the way. A socket is lost in two steps: `release` makes the host forget it, `lost` decides
//! what follows, whatever the cause.
//!
//! The session allocates nothing, formats nothing and uses no floats: a browser gets it as a few kilobytes.

mod backoff;
mod config;
mod fallback;
mod hint;
mod link;
mod output;
mod problem;
mod snapshot;
mod state;
mod timer;

pub use config::Config;
pub use output::{
    Cause, CloseReason, ConnId, Connection, Event, Failure, Frame, Hint, Output, PollAnswer, PollId, Problem,
    Refusal, SignatureAnswer, SignatureId,
};
pub use snapshot::{Order, Snapshot, Stage};
pub use timer::Time;

use core::mem;

use crate::close::CloseCode;
use backoff::Backoff;
use output::Pending;
use problem::Problems;
use state::{Polling, State};
use timer::{Timer, Timers};

/// The client of one transfer.
///
/// `S` is the snapshot that it carries to the user, `N` a notice that it only passes through.
#[derive(Debug)]
pub struct Session<S, N> {
    config: Config,
    state: State,
    polling: Polling,
    timers: Timers,
    backoff: Backoff,
    /// Socket attempts in a row that ended before their snapshot had held.
    failures: u8,
    /// Attempts that hints cut short since a socket last opened.
    redials: u8,
    /// Polls in a row that failed.
    poll_failures: u8,
    /// Polls in a row that hints asked anew.
    polls_anew: u8,
    /// The newest snapshot that the user was or is about to be shown.
    seen: Option<Order>,
    /// The signature came from the host on request, and has brought no snapshot yet.
    is_fresh: bool,
    /// When the signature expires, by the host's clock.
    expires: Option<Time>,
    told: Option<Connection>,
    problems: Problems,
    pending: Pending<S, N>,
    /// The number of the socket, or of the request for a signature, that was asked for last.
    attempt_id: u32,
    /// The number of the poll that was asked for last.
    poll_id: u32,
    /// The number that was given last.
    last_id: u32,
    /// The time, by a clock that never goes back: each deadline and each moment kept here is of it.
    now: Time,
    /// So many milliseconds the host's clock is behind that one: it has stepped back by as much.
    behind_ms: u64,
    /// When a socket or a signature was last asked for.
    last_attempt: Option<Time>,
    /// When a poll was last asked for.
    last_poll: Option<Time>,
    /// When something last came in over the socket, or it opened.
    heard_at: Time,
    /// When the socket was last asked whether it lives.
    probed_at: Time,
    /// The server asked for a pause of sockets until then: no hint cuts it short.
    pause_until: Time,
    /// The server asked for a pause of polls until then.
    poll_pause_until: Time,
}

impl<S: Snapshot, N> Session<S, N> {
    /// A session that begins at once: drain [`Session::poll_output`] right after.
    ///
    /// `seed` is for jitter; it must differ from client to client, but need not be secret.
    pub fn new(config: Config, now: Time, seed: u64) -> Self {
        let mut session = Self::unstarted(config);
        session.begin(now, seed);
        session
    }

    /// A session that waits for [`Session::begin`] and does nothing until then. A `static` can hold it: the
    /// WebAssembly module does, which saves the code that would build one.
    pub const fn unstarted(config: Config) -> Self {
        Self {
            config,
            state: State::Closed,
            polling: Polling::Off,
            timers: Timers::new(),
            backoff: Backoff::new(0),
            failures: 0,
            redials: 0,
            poll_failures: 0,
            polls_anew: 0,
            seen: None,
            is_fresh: false,
            expires: None,
            told: None,
            problems: Problems::new(),
            pending: Pending::new(),
            attempt_id: 0,
            poll_id: 0,
            last_id: 0,
            now: Time::from_millis(0),
            behind_ms: 0,
            last_attempt: None,
            last_poll: None,
            heard_at: Time::from_millis(0),
            probed_at: Time::from_millis(0),
            pause_until: Time::from_millis(0),
            poll_pause_until: Time::from_millis(0),
        }
    }

    /// The configuration of an unstarted session, for what its host learns only then.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Begins an unstarted session, once; `seed` as in [`Session::new`].
    pub fn begin(&mut self, now: Time, seed: u64) {
        self.backoff = Backoff::new(seed);
        self.now = now;
        if self.config.starts_unsigned {
            self.refresh();
        } else {
            self.connect();
        }
    }

    /// When the signature that the host presents from now on expires, if it knows: an expired one is not presented
    /// where a fresh one can be had. Say it right after the start, and before a [`SignatureAnswer::Ready`].
    pub fn signature_expires(&mut self, at: Option<Time>) {
        self.expires = at.map(|at| at.later(self.behind_ms));
    }

    /// The socket is open: the WebSocket handshake is done.
    pub fn handle_opened(&mut self, now: Time, conn: ConnId) {
        self.advance(now);
        if matches!(self.state, State::Connecting) && conn.number() == self.attempt_id {
            self.opened();
        }
    }

    /// The host has no place yet for the dial that it was asked for: the attempt has not begun, and nothing runs against
    /// it until [`Session::handle_dialling`] says that it has. Say it while the outputs are drained.
    pub fn dial_waits(&mut self, conn: ConnId) {
        if matches!(self.state, State::Connecting) && conn.number() == self.attempt_id {
            self.timers.clear(Timer::Connect);
        }
    }

    /// The dial that had to wait begins.
    pub fn handle_dialling(&mut self, now: Time, conn: ConnId) {
        self.advance(now);
        if matches!(self.state, State::Connecting) && conn.number() == self.attempt_id {
            self.attempt_begins();
        }
    }

    /// One frame came in over the socket.
    pub fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Frame<S, N>) {
        self.advance(now);
        if let State::Open(phase) = self.state
            && conn.number() == self.attempt_id
        {
            self.frame(phase, frame);
        }
    }

    /// The socket was closed, with or without a close frame; without one the code is [`CloseCode::ABNORMAL`].
    pub fn handle_closed(&mut self, now: Time, conn: ConnId, code: CloseCode) {
        self.advance(now);
        if self.state.has_socket() && conn.number() == self.attempt_id {
            let (had_held, cause) = (self.state.has_held(), self.cause_of(code));
            self.socket_gone();
            self.lost(had_held, code, cause, 0);
        }
    }

    /// The socket could not be had, for a reason that the host knows.
    pub fn handle_failed(&mut self, now: Time, conn: ConnId, failure: Failure) {
        self.advance(now);
        if self.state.has_socket() && conn.number() == self.attempt_id {
            self.socket_gone();
            let pause = self.pause_asked(failure);
            self.lost(false, CloseCode::ABNORMAL, Some(failure.cause), pause);
        }
    }

    /// A poll was answered, or failed.
    pub fn handle_poll(&mut self, now: Time, id: PollId, answer: PollAnswer<S>) {
        self.advance(now);
        if matches!(self.polling, Polling::Asking { .. }) && id.number() == self.poll_id {
            self.poll_answered(answer);
        }
    }

    /// The host has a fresh signature, or could not get one.
    pub fn handle_signature(&mut self, now: Time, id: SignatureId, answer: SignatureAnswer) {
        self.advance(now);
        if matches!(self.state, State::Refreshing) && id.number() == self.attempt_id {
            self.timers.clear(Timer::Signature);
            match answer {
                SignatureAnswer::Ready => {
                    self.is_fresh = true;
                    self.connect();
                    self.poll_when_refused();
                }
                SignatureAnswer::Failed => self.refresh_failed(),
                SignatureAnswer::Refused => self.finish(CloseReason::SignatureRefused),
            }
        }
    }

    /// The host has heard something about the network, the page or the app. What was due comes first.
    pub fn handle_hint(&mut self, now: Time, hint: Hint) {
        self.advance(now);
        self.serve_timers();
        self.hinted(hint);
        self.serve_timers();
    }

    /// The time that [`Output::Wait`] named has come. Calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        self.serve_timers();
    }

    /// The user wants no more of this transfer.
    pub fn close(&mut self, now: Time) {
        self.advance(now);
        self.finish(CloseReason::User);
    }

    /// The next thing to do. Call it after each input until it says [`Output::Wait`].
    // A driver calls it in one place. Inlined there, the output need not be built in memory.
    #[inline(always)]
    pub fn poll_output(&mut self) -> Output<S, N> {
        // Sockets first, so that an old one is gone before a new one comes.
        if let Some(conn) = self.pending.drop.take() {
            return Output::Drop(conn, CloseCode::NORMAL);
        }
        if mem::take(&mut self.pending.refresh) {
            return Output::RefreshSignature(SignatureId::from_number(self.attempt_id));
        }
        if mem::take(&mut self.pending.connect) {
            return Output::Connect(ConnId::from_number(self.attempt_id));
        }
        if mem::take(&mut self.pending.ping) {
            return Output::SendPing(ConnId::from_number(self.attempt_id));
        }
        if mem::take(&mut self.pending.poll) {
            let known_version = self.seen.and_then(|seen| seen.version);
            return Output::Poll(PollId::from_number(self.poll_id), known_version);
        }
        if let Some(notice) = self.pending.notice.take() {
            return Output::Event(Event::Notice(notice));
        }
        if let Some(update) = self.pending.update.take() {
            return Output::Event(Event::Update(update));
        }
        if self.problems.is_news {
            self.problems.is_news = false;
            return Output::Event(Event::Problem(self.problem()));
        }
        if let Some(connection) = self.connection()
            && self.told.replace(connection) != Some(connection)
        {
            return Output::Event(Event::Connection(connection));
        }
        if let Some(reason) = self.pending.closed.take() {
            return Output::Event(Event::Closed(reason));
        }
        Output::Wait(self.timers.next().map(|at| self.told_time(at)))
    }

    /// What the user is told of the problem at hand.
    // Inlined, it need not be built in memory either.
    #[inline(always)]
    fn problem(&self) -> Option<Problem> {
        self.problems.shown().map(|met| Problem {
            cause: met.cause,
            since: self.told_time(met.since),
            attempts: met.attempts,
            next_attempt: self.next_attempt().map(|at| self.told_time(at)),
        })
    }

    /// How news travels now; `None` once closed.
    fn connection(&self) -> Option<Connection> {
        match self.state {
            State::Closed => None,
            state if state.is_live() => Some(Connection::Live),
            _ if self.polling.answered() => Some(Connection::Polling),
            _ if self.seen.is_some() => Some(Connection::Reconnecting),
            _ => Some(Connection::Connecting),
        }
    }

    /// When the next attempt begins; `None` while one is under way.
    fn next_attempt(&self) -> Option<Time> {
        let under_way = matches!(self.state, State::Refreshing | State::Connecting | State::Open(_))
            || matches!(self.polling, Polling::Asking { .. });
        if under_way {
            return None;
        }
        match (self.timers.get(Timer::Reconnect), self.timers.get(Timer::Poll)) {
            (Some(reconnect), Some(poll)) => Some(reconnect.min(poll)),
            (reconnect, poll) => reconnect.or(poll),
        }
    }

    /// Takes the input's time. A clock that stepped back goes on from where it was: at worst the wait under way starts
    /// anew.
    fn advance(&mut self, now: Time) {
        debug_assert!(
            self.pending.is_empty() && !self.problems.is_news,
            "the outputs of one input are drained before the next"
        );
        let now = now.later(self.behind_ms);
        self.behind_ms += self.now.since(now);
        self.now = self.now.max(now);
    }

    /// A moment as the host's clock has it.
    fn told_time(&self, at: Time) -> Time {
        at.before(self.behind_ms)
    }

    /// Sets a deadline: so many milliseconds from now.
    #[inline(never)]
    fn start(&mut self, timer: Timer, ms: u32) {
        self.timers.set(timer, self.now.after(ms));
    }

    fn serve_timers(&mut self) {
        // Each timer at most once a call: a configuration of zeros cannot keep this going for ever.
        for _ in Timer::ALL {
            let Some(timer) = self.timers.take_due(self.now) else {
                return;
            };
            match timer {
                Timer::Connect | Timer::FirstFrame => self.abandon(Cause::Timeout),
                Timer::Pong => self.found_dead(),
                Timer::Signature => self.refresh_failed(),
                Timer::PollAnswer => self.poll_answered(PollAnswer::Failed(Cause::Timeout.into())),
                Timer::Confirm => self.not_the_end(),
                Timer::Held => self.held(),
                Timer::Idle => self.idle(),
                Timer::PollAnew => self.ask_old_poll_anew(),
                Timer::Reconnect => self.reconnect(),
                Timer::Poll => self.poll(),
            }
        }
    }

    /// Shows a snapshot to the user if it is news, and ends with the final one.
    fn deliver(&mut self, snapshot: S) {
        let order = snapshot.order();
        if !order.is_news_after(self.seen) {
            return;
        }
        self.seen = Some(order);
        self.problems.gone();
        self.pending.update = Some(snapshot);
        if order.stage == Stage::Final {
            self.finish(CloseReason::Final);
        }
    }

    /// The end: the socket goes, no timer stays, the user is told once.
    fn finish(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.release();
        self.pending.refresh = false;
        self.pending.poll = false;
        self.pending.closed = Some(reason);
        self.polling = Polling::Off;
        self.timers.clear_all();
        self.state = State::Closed;
    }

    fn fresh_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }
}

//! A session and the peer it talks to: a script moves the peer, `advance` moves the time.

use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, CloseReason, Config, ConnId, Connection, Event, Failure, Frame, Hint, Output, PollAnswer, PollId,
    Problem, Session, SignatureAnswer, SignatureId, Time,
};

/// Where the host's clock stands when a session begins.
const START: u64 = 1_000_000_000_000;

/// One thing the session did, with the milliseconds since the start.
pub(crate) type At<T> = (u64, T);

/// A session, its host and its peer. The host checks that it is never asked to hold two sockets.
pub(crate) struct Pair {
    session: Session<Seen, &'static str>,
    /// Milliseconds since the start, as they pass.
    now: u64,
    /// Where the clock would have stood at the start: a clock set back has started earlier.
    start: u64,
    /// When the session wants to be woken, by the clock.
    wake: Option<Time>,
    socket: Option<ConnId>,
    /// The host makes no more dials at a time: each waits.
    pub(crate) is_crowded: bool,
    pub(crate) dials: Vec<At<ConnId>>,
    pub(crate) drops: Vec<At<ConnId>>,
    pub(crate) pings: Vec<At<ConnId>>,
    pub(crate) polls: Vec<At<(PollId, Option<u64>)>>,
    pub(crate) refreshes: Vec<At<SignatureId>>,
    pub(crate) events: Vec<Event<Seen, &'static str>>,
}

/// A host that can get a fresh signature.
pub(crate) const CAN_REFRESH: Config = Config {
    can_refresh: true,
    ..Config::DEFAULT
};

/// A poll that failed for no reason that is known.
pub(crate) const FAILED: PollAnswer<Seen> = PollAnswer::Failed(Failure {
    cause: Cause::Unreachable,
    retry_after_ms: None,
});

/// A poll that was answered 429 and nothing more.
pub(crate) const RATE_LIMITED: PollAnswer<Seen> = PollAnswer::Failed(Failure {
    cause: Cause::Http(429),
    retry_after_ms: None,
});

/// A failure of this status that asks for a pause.
pub(crate) fn told_to_pause(status: u16, retry_after_ms: u32) -> Failure {
    Failure {
        cause: Cause::Http(status),
        retry_after_ms: Some(retry_after_ms),
    }
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(Config::DEFAULT, 7)
    }

    pub(crate) fn with(config: Config, seed: u64) -> Self {
        let mut pair = Self {
            session: Session::new(config, Time::from_millis(START), seed),
            now: 0,
            start: START,
            wake: None,
            socket: None,
            is_crowded: false,
            dials: Vec::new(),
            drops: Vec::new(),
            pings: Vec::new(),
            polls: Vec::new(),
            refreshes: Vec::new(),
            events: Vec::new(),
        };
        pair.drain();
        pair
    }

    /// A pair whose socket is open and has brought version 1.
    pub(crate) fn live() -> Self {
        Self::new().made_live()
    }

    pub(crate) fn made_live(mut self) -> Self {
        self.open();
        self.snapshot(1);
        self
    }

    /// Milliseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// When the session wants to be woken, in milliseconds since the start.
    pub(crate) fn wake(&self) -> Option<u64> {
        self.wake.map(|at| at.as_millis() - self.start)
    }

    /// What the host's clock shows.
    fn clock(&self) -> Time {
        Time::from_millis(self.start + self.now)
    }

    /// Lets `ms` pass, waking the session whenever it asked for it.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        for _ in 0..100_000 {
            match self.wake() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.timeout();
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!(
            "the session never rests: it wants to be woken at {:?}, now is {}",
            self.wake(),
            self.now()
        );
    }

    /// Lets `ms` pass with the host frozen, so that nothing wakes the session.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.now += ms;
    }

    /// Someone sets the host's clock back.
    pub(crate) fn set_clock_back(&mut self, ms: u64) {
        self.start -= ms;
    }

    /// Lets time pass, from wake to wake, until `done`; returns how long that took.
    pub(crate) fn until(&mut self, done: impl Fn(&Self) -> bool) -> u64 {
        let from = self.now;
        for _ in 0..1_000 {
            if done(self) {
                return self.now - from;
            }
            let wake = self
                .wake()
                .expect("what is awaited never comes: the session has ended");
            self.advance(wake.saturating_sub(self.now));
        }
        panic!("what is awaited does not come: now is {}", self.now);
    }

    /// Lets time pass until the next dial.
    pub(crate) fn until_dial(&mut self) -> u64 {
        let dials = self.dials.len();
        self.until(|pair| pair.dials.len() > dials)
    }

    /// Lets time pass until the next request for a signature.
    pub(crate) fn until_refresh(&mut self) -> u64 {
        let asked = self.refreshes.len();
        self.until(|pair| pair.refreshes.len() > asked)
    }

    /// The socket that the host holds or dials.
    pub(crate) fn conn(&self) -> ConnId {
        self.socket.expect("the host holds a socket")
    }

    pub(crate) fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    /// The dial that waited begins.
    pub(crate) fn begin_dial(&mut self) {
        self.begin_dial_of(self.conn());
    }

    pub(crate) fn begin_dial_of(&mut self, conn: ConnId) {
        self.session.handle_dialling(self.clock(), conn);
        self.drain();
    }

    pub(crate) fn open(&mut self) {
        self.session.handle_opened(self.clock(), self.conn());
        self.drain();
    }

    pub(crate) fn snapshot(&mut self, version: u64) {
        self.frame(Frame::Snapshot(Seen::version(version)));
    }

    pub(crate) fn frame(&mut self, frame: Frame<Seen, &'static str>) {
        self.frame_of(self.conn(), frame);
    }

    pub(crate) fn frame_of(&mut self, conn: ConnId, frame: Frame<Seen, &'static str>) {
        self.session.handle_frame(self.clock(), conn, frame);
        self.drain();
    }

    /// The peer closes the socket, or refuses it.
    pub(crate) fn lose(&mut self, code: u16) {
        let conn = self.socket.take().expect("the host holds a socket");
        self.closed(conn, code);
    }

    pub(crate) fn closed(&mut self, conn: ConnId, code: u16) {
        self.session
            .handle_closed(self.clock(), conn, CloseCode::new(code));
        self.drain();
    }

    /// The socket could not be had.
    pub(crate) fn refuse(&mut self, failure: Failure) {
        let conn = self.socket.take().expect("the host dials");
        self.session.handle_failed(self.clock(), conn, failure);
        self.drain();
    }

    /// The signature that the host presents expires so many milliseconds from now.
    pub(crate) fn expires_in(&mut self, ms: u32) {
        let at = self.clock().after(ms);
        self.session.signature_expires(Some(at));
    }

    /// So many attempts fail in a row, the next one each after its wait. The last one's wait has begun.
    pub(crate) fn fail(&mut self, attempts: usize) {
        for attempt in 0..attempts {
            if attempt > 0 {
                self.until_dial();
            }
            self.lose(1006);
        }
    }

    /// The answer to the newest poll.
    pub(crate) fn answer_poll(&mut self, answer: PollAnswer<Seen>) {
        let &(_, (id, _)) = self.polls.last().expect("a poll was asked for");
        self.answer_poll_of(id, answer);
    }

    pub(crate) fn answer_poll_of(&mut self, id: PollId, answer: PollAnswer<Seen>) {
        self.session.handle_poll(self.clock(), id, answer);
        self.drain();
    }

    /// The answer to the newest request for a signature.
    pub(crate) fn answer_signature(&mut self, answer: SignatureAnswer) {
        let &(_, id) = self.refreshes.last().expect("a signature was asked for");
        self.answer_signature_of(id, answer);
    }

    pub(crate) fn answer_signature_of(&mut self, id: SignatureId, answer: SignatureAnswer) {
        self.session.handle_signature(self.clock(), id, answer);
        self.drain();
    }

    pub(crate) fn hint(&mut self, hint: Hint) {
        self.session.handle_hint(self.clock(), hint);
        self.drain();
    }

    pub(crate) fn timeout(&mut self) {
        self.session.handle_timeout(self.clock());
        self.drain();
    }

    pub(crate) fn close(&mut self) {
        self.session.close(self.clock());
        self.drain();
    }

    /// The versions that the user was shown.
    pub(crate) fn shown(&self) -> Vec<u64> {
        let shown = self.events.iter().filter_map(|event| match event {
            Event::Update(seen) => Some(seen.truth),
            _ => None,
        });
        shown.collect()
    }

    /// The states of the connection that the user was told.
    pub(crate) fn told(&self) -> Vec<Connection> {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Connection(connection) => Some(*connection),
            _ => None,
        });
        told.collect()
    }

    /// The problems that the user was told, and their ends.
    pub(crate) fn problems(&self) -> Vec<Option<Problem>> {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Problem(problem) => Some(*problem),
            _ => None,
        });
        told.collect()
    }

    /// The causes that the user was told, each once where it was told in a row.
    pub(crate) fn causes(&self) -> Vec<Option<Cause>> {
        let mut causes = Vec::from_iter(self.problems().iter().map(|told| told.map(|told| told.cause)));
        causes.dedup();
        causes
    }

    /// Milliseconds since the start, of a time that the session names.
    pub(crate) fn since_start(&self, time: Time) -> u64 {
        time.as_millis() - self.start
    }

    /// Why the session ended; checks that it was told once and last.
    pub(crate) fn end(&self) -> Option<CloseReason> {
        let last = self.events.len().checked_sub(1);
        let mut ends = self
            .events
            .iter()
            .enumerate()
            .filter_map(|(at, event)| match event {
                Event::Closed(reason) => Some((at, *reason)),
                _ => None,
            });
        let (at, reason) = ends.next()?;
        assert_eq!(
            (ends.next(), Some(at)),
            (None, last),
            "the end is told once and last"
        );
        Some(reason)
    }

    fn drain(&mut self) {
        let now = self.now;
        for _ in 0..16 {
            match self.session.poll_output() {
                Output::Wait(until) => {
                    self.wake = until;
                    return;
                }
                Output::Drop(conn, _) => {
                    assert_eq!(
                        self.socket.take(),
                        Some(conn),
                        "only the current socket is dropped"
                    );
                    self.drops.push((now, conn));
                }
                Output::Connect(conn) => {
                    assert_eq!(self.socket.replace(conn), None, "never two sockets");
                    self.dials.push((now, conn));
                    if self.is_crowded {
                        self.session.dial_waits(conn);
                    }
                }
                Output::SendPing(conn) => {
                    assert_eq!(self.socket, Some(conn), "a ping on the current socket");
                    self.pings.push((now, conn));
                }
                Output::Poll(id, known) => self.polls.push((now, (id, known))),
                Output::RefreshSignature(id) => self.refreshes.push((now, id)),
                Output::Event(event) => self.events.push(event),
            }
        }
        panic!("the session never says that it waits");
    }
}

//! The driver that every host shares: it feeds the session, reads what came from the service, and keeps what the user
//! is told. Sans-IO: a [`Host`] carries out what is to be done.
//!
//! A host does one thing in a loop: it waits for something to happen or for the time that [`Step::Wait`] names, and
//! gives it to [`Driver::handle`] with the time. While it is handled the driver calls the host's methods.

use std::sync::Arc;
use std::time::Duration;

use super::read::{Notice, failure_of, read_frame, read_poll};
use super::{Answer, Event, FreshSignature, Problem, ProblemKind, RefreshReason, SignatureError, WatchState};
use crate::close::CloseCode;
use crate::session::{
    self, Cause, Config, ConnId, Event as SessionEvent, Failure, Frame, Hint, Output, PollAnswer, PollId,
    Session, SignatureAnswer, SignatureId, Time,
};
use crate::signature::Signature;
use crate::timestamp::Timestamp;
use crate::transfer::{Transfer, TransferId};

/// The longest that a host sleeps before it looks at the clock again: its timers may stand still while the device
/// sleeps, and its clock does not.
const LONGEST_SLEEP_MS: u64 = 5_000;

/// Both clocks of a host, read together.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Of the clock that counts sleep.
    pub at: Time,
    /// Of the wall clock, in milliseconds since the Unix epoch.
    pub unix_ms: i64,
}

/// What a watch starts with.
#[derive(Debug)]
pub struct Start {
    /// The transfer to watch.
    pub transfer_id: TransferId,
    /// The signature to begin with; without one the host is asked first.
    pub signature: Option<FreshSignature>,
    /// The host has a way to fresh signatures.
    pub can_refresh: bool,
    /// Durations. What it says of signatures is set by the fields above.
    pub config: Config,
    /// For jitter; it must differ from watch to watch.
    pub seed: u64,
}

/// One thing that happened to a host.
#[derive(Debug)]
pub enum Input<'a> {
    /// A dial that had to wait, see [`Attempt::Waits`], begins.
    Dialling(ConnId),
    /// The socket is open.
    Opened(ConnId),
    /// A text came in.
    Text(ConnId, &'a str),
    /// Something came in that is no text, with what is wrong with it: `binary`, say.
    NoText(ConnId, &'static str),
    /// The socket was closed, [`CloseCode::ABNORMAL`] without a close frame.
    Closed(ConnId, CloseCode),
    /// No socket came about.
    Failed(ConnId, Cause),
    /// An HTTP answer came in place of a socket.
    Answered(ConnId, Answer<'a>),
    /// A poll was answered, or failed.
    Polled(PollId, Result<Answer<'a>, Cause>),
    /// The signature source has answered.
    Refreshed(SignatureId, Result<FreshSignature, SignatureError>),
    /// The world outside has changed.
    Hint(Hint),
    /// The user wants no more of the transfer.
    Close,
    /// The time to wait for has come.
    Due,
}

/// What a driver is run by: it dials, drops, pings, polls, asks and tells, and decides nothing.
///
/// What a method starts is reported by an [`Input`] with the same id. What it replaces need not be reported any more.
pub trait Host {
    /// Dial the transfer's socket and present `signature`.
    fn dial(&mut self, conn: ConnId, signature: &Signature) -> Attempt;
    /// Forget this socket or dial; try to send a close frame with `code`, but wait for nothing.
    fn drop_socket(&mut self, conn: ConnId, code: CloseCode);
    /// Send [`PING`](crate::message::PING).
    fn ping(&mut self, conn: ConnId);
    /// `GET /transfer/{id}`, with this version in `If-None-Match` if there is one. After `within` it is to be given up,
    /// so that one that hangs holds no connection.
    fn poll(&mut self, id: PollId, known_version: Option<u64>, signature: &Signature, within: Duration);
    /// Ask the signature source.
    fn refresh(&mut self, id: SignatureId, reason: RefreshReason);
    /// Tell the user: what is new, in order, and all that there is. `news` is empty where only counters have changed.
    fn tell(&mut self, news: &[Event], state: &WatchState);
}

/// Whether a dial goes out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It has begun.
    Begun,
    /// The host makes no more at a time: [`Input::Dialling`] tells when this one begins, and its deadlines with it.
    Waits,
}

/// What a host does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Wait for something to happen; at the latest after so long, if there is a time, say [`Input::Due`].
    Wait(Option<Duration>),
    /// The watch has ended: nothing is to be done any more.
    Over,
}

/// The client of one transfer, on whatever host.
#[derive(Debug)]
pub struct Driver {
    session: Session<Transfer, Notice>,
    transfer_id: TransferId,
    can_refresh: bool,
    signature: Option<Signature>,
    state: WatchState,
    news: Vec<Event>,
    /// A counter has changed since the host was told last.
    counted: bool,
    /// What could not be read last.
    field: Option<String>,
    poll_timeout: Duration,
    /// Why there is no fresh signature.
    refusal: Refusal,
    /// When the problem at hand began, by both clocks, which need not run alike.
    since: Option<(Time, Timestamp)>,
    began: Time,
    /// The socket that is dialled, and not open yet.
    dialled: Option<ConnId>,
    has_opened: bool,
}

/// How the last request for a fresh signature went.
#[derive(Debug)]
enum Refusal {
    /// It was not answered.
    Asked,
    /// The source has given one.
    Given,
    /// The source gave none, with its cause.
    Said(String),
}

impl Driver {
    /// Begins to watch.
    pub fn start(start: Start, now: Now, host: &mut impl Host) -> (Self, Step) {
        let mut session = Session::unstarted(Config {
            can_refresh: start.can_refresh,
            starts_unsigned: start.signature.is_none(),
            ..start.config
        });
        let expires = start.signature.as_ref().and_then(|fresh| fresh.expires);
        session.signature_expires(expires.map(|at| now.time_of(at)));
        session.begin(now.at, start.seed);
        let mut driver = Self {
            session,
            transfer_id: start.transfer_id,
            can_refresh: start.can_refresh,
            signature: start.signature.map(|fresh| fresh.signature),
            state: WatchState::default(),
            news: Vec::new(),
            counted: false,
            field: None,
            poll_timeout: Duration::from_millis(start.config.poll_timeout_ms.into()),
            refusal: Refusal::Given,
            since: None,
            began: now.at,
            dialled: None,
            has_opened: false,
        };
        let step = driver.carry_out(now, host);
        (driver, step)
    }

    /// Takes one thing that happened, and has the host do what follows.
    pub fn handle(&mut self, now: Now, input: Input<'_>, host: &mut impl Host) -> Step {
        match input {
            Input::Dialling(conn) => self.session.handle_dialling(now.at, conn),
            Input::Opened(conn) => {
                self.state.stats.reconnects += u64::from(self.has_opened);
                self.has_opened = true;
                self.dialled.take_if(|dialled| *dialled == conn);
                self.session.handle_opened(now.at, conn);
            }
            Input::Text(conn, text) => {
                self.count(|stats| &mut stats.frames);
                let frame = read_frame(text, &self.transfer_id).unwrap_or_else(|field| {
                    self.field = Some(field);
                    Frame::Malformed
                });
                if matches!(frame, Frame::Snapshot(_)) {
                    self.has_status(now);
                }
                self.session.handle_frame(now.at, conn, frame);
            }
            Input::NoText(conn, what) => {
                self.count(|stats| &mut stats.frames);
                self.field = Some(what.to_owned());
                self.session.handle_frame(now.at, conn, Frame::Malformed);
            }
            Input::Closed(conn, code) => {
                self.not_dialled(conn);
                self.session.handle_closed(now.at, conn, code);
            }
            Input::Failed(conn, cause) => {
                self.not_dialled(conn);
                self.session.handle_failed(now.at, conn, cause.into());
            }
            Input::Answered(conn, answer) => {
                self.not_dialled(conn);
                let failure = failure_of(&answer, now.unix_ms);
                self.session.handle_failed(now.at, conn, failure);
            }
            Input::Polled(id, answer) => self.polled(now, id, answer),
            Input::Refreshed(id, answer) => self.refreshed(now, id, answer),
            Input::Hint(hint) => self.session.handle_hint(now.at, hint),
            Input::Close => self.session.close(now.at),
            Input::Due => self.session.handle_timeout(now.at),
        }
        self.carry_out(now, host)
    }

    fn polled(&mut self, now: Now, id: PollId, answer: Result<Answer<'_>, Cause>) {
        let answer = match answer {
            Ok(answer) => {
                let polled = read_poll(&answer, &self.transfer_id, now.unix_ms);
                match &polled.answer {
                    PollAnswer::Snapshot(_) => self.has_status(now),
                    PollAnswer::Refused(_) => self.state.refusal = polled.words,
                    PollAnswer::NotModified => {}
                    PollAnswer::Failed(_) if polled.words.is_some() => self.field = polled.words,
                    PollAnswer::Failed(_) => {}
                }
                polled.answer
            }
            Err(cause) => PollAnswer::Failed(Failure::from(cause)),
        };
        if matches!(answer, PollAnswer::Failed(_)) {
            self.count(|stats| &mut stats.failed_polls);
        }
        self.session.handle_poll(now.at, id, answer);
    }

    fn refreshed(&mut self, now: Now, id: SignatureId, answer: Result<FreshSignature, SignatureError>) {
        let answer = match answer {
            Ok(fresh) => {
                self.refusal = Refusal::Given;
                self.session
                    .signature_expires(fresh.expires.map(|at| now.time_of(at)));
                self.signature = Some(fresh.signature);
                SignatureAnswer::Ready
            }
            Err(SignatureError::Retry { cause }) => {
                self.refusal = Refusal::Said(cause);
                SignatureAnswer::Failed
            }
            Err(SignatureError::Refused { cause }) => {
                self.refusal = Refusal::Said(cause);
                SignatureAnswer::Refused
            }
        };
        self.session.handle_signature(now.at, id, answer);
    }

    /// Drains the session's outputs, which come one by one until it says wait.
    fn carry_out(&mut self, now: Now, host: &mut impl Host) -> Step {
        let mut unanswerable = None;
        let due = loop {
            match self.session.poll_output() {
                Output::Drop(conn, code) => {
                    self.not_dialled(conn);
                    host.drop_socket(conn, code);
                }
                Output::RefreshSignature(id) if self.can_refresh => {
                    self.count(|stats| &mut stats.refreshes);
                    self.refusal = Refusal::Asked;
                    let reason = match self.signature {
                        None => RefreshReason::Missing,
                        Some(_) => RefreshReason::Expired,
                    };
                    host.refresh(id, reason);
                }
                Output::RefreshSignature(id) => unanswerable = Some(id),
                Output::Connect(conn) => {
                    // The session asks for a signature before it dials, so there is one.
                    if let Some(signature) = &self.signature {
                        if host.dial(conn, signature) == Attempt::Waits {
                            self.session.dial_waits(conn);
                        }
                        self.dialled = Some(conn);
                        self.count(|stats| &mut stats.dials);
                    }
                }
                Output::SendPing(conn) => host.ping(conn),
                Output::Poll(id, known) => {
                    if let Some(signature) = &self.signature {
                        host.poll(id, known, signature, self.poll_timeout);
                        self.count(|stats| &mut stats.polls);
                    }
                }
                Output::Event(event) => self.note(now, event),
                Output::Wait(due) => match unanswerable.take() {
                    Some(id) => self
                        .session
                        .handle_signature(now.at, id, SignatureAnswer::Refused),
                    None => break due,
                },
            }
        };
        if self.counted || !self.news.is_empty() {
            host.tell(&self.news, &self.state);
            self.counted = false;
            self.news.clear();
        }
        if self.state.is_closed() {
            return Step::Over;
        }
        Step::Wait(due.map(|due| Duration::from_millis(due.since(now.at).min(LONGEST_SLEEP_MS))))
    }

    /// Keeps what the session tells, for the host to tell.
    fn note(&mut self, now: Now, event: SessionEvent<Transfer, Notice>) {
        let event = match event {
            SessionEvent::Update(transfer) => Event::Status(Arc::new(transfer)),
            SessionEvent::Problem(problem) => {
                Event::Problem(problem.map(|problem| self.in_full(now, problem)))
            }
            SessionEvent::Connection(connection) => Event::Connection(connection),
            SessionEvent::Notice(Notice::Scan(scan)) => Event::Scan(scan),
            SessionEvent::Notice(Notice::Error(body)) => {
                self.state.refusal = Some(body.message.clone());
                Event::ServerError(body)
            }
            SessionEvent::Closed(reason) => Event::Closed(reason),
        };
        self.state.record(event.clone());
        self.news.push(event);
    }

    /// A problem with the words that stand beside it, by the clock on the wall.
    fn in_full(&mut self, now: Now, problem: session::Problem) -> Problem {
        let kind = match problem.cause {
            Cause::Dns => ProblemKind::Dns,
            Cause::Refused => ProblemKind::Refused,
            Cause::Unreachable => ProblemKind::Unreachable,
            Cause::Timeout => ProblemKind::Timeout,
            Cause::Certificate => ProblemKind::Certificate,
            Cause::Tls => ProblemKind::Tls,
            Cause::Redirect(0) => ProblemKind::Redirect { status: None },
            Cause::Redirect(status) => ProblemKind::Redirect { status: Some(status) },
            Cause::Http(status) => ProblemKind::Http { status },
            Cause::NotTheService => ProblemKind::NotTheService,
            Cause::Closed(code) => ProblemKind::Closed { code },
            Cause::Malformed => ProblemKind::Malformed {
                field: self.field.clone().unwrap_or_default(),
            },
            Cause::TooManyWatchers => ProblemKind::TooManyWatchers,
            Cause::SignatureRefresh => ProblemKind::SignatureRefresh {
                cause: Some(match &self.refusal {
                    Refusal::Asked => "the signature source has not answered in time".to_owned(),
                    Refusal::Given => "the service takes none of those that came".to_owned(),
                    Refusal::Said(cause) => cause.clone(),
                }),
            },
        };
        let since = match self.since {
            Some((at, since)) if at == problem.since => since,
            _ => now.timestamp_of(problem.since),
        };
        self.since = Some((problem.since, since));
        Problem {
            kind,
            since,
            attempts: problem.attempts,
            next_attempt: problem.next_attempt.map(|at| now.timestamp_of(at)),
        }
    }

    /// A status has come: what the server said before it explains no later end.
    fn has_status(&mut self, now: Now) {
        self.state.refusal = None;
        if self.state.stats.first_status_after.is_none() {
            let after = Duration::from_millis(now.at.since(self.began));
            self.state.stats.first_status_after = Some(after);
        }
        self.counted = true;
    }

    fn not_dialled(&mut self, conn: ConnId) {
        if self.dialled.take_if(|dialled| *dialled == conn).is_some() {
            self.count(|stats| &mut stats.failed_dials);
        }
    }

    fn count(&mut self, counter: impl FnOnce(&mut super::Stats) -> &mut u64) {
        *counter(&mut self.state.stats) += 1;
        self.counted = true;
    }
}

impl Now {
    /// The session's time of a point on the wall clock.
    fn time_of(self, at: Timestamp) -> Time {
        let ahead = at.unix_millis().saturating_sub(self.unix_ms);
        Time::from_millis(self.at.as_millis().saturating_add_signed(ahead))
    }

    /// The point on the wall clock of a session's time.
    fn timestamp_of(self, at: Time) -> Timestamp {
        let ahead = match at.since(self.at) {
            0 => -i128::from(self.at.since(at)),
            ahead => i128::from(ahead),
        };
        let millis = i128::from(self.unix_ms) + ahead;
        let nearest = if ahead < 0 { i64::MIN } else { i64::MAX };
        Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(nearest))
    }
}

#[cfg(test)]
mod tests;

//! A reference model of the session, told the same inputs: it says what must come out and by when.
//!
//! It is written the other way round: no timers that are set and cleared, but the times at which things
//! happened, and windows where jitter leaves a choice. Its time is the sum of all steps forward, so a clock
//! that is set back needs no care in it.

mod rules;

use super::expected::{Due, Window};
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    CloseReason, ConnId, Connection, Event, Frame, Hint, Output, PollAnswer, PollId, SignatureAnswer,
    SignatureId, Time,
};

/// One input of the session.
#[derive(Debug, Clone)]
pub(super) enum Input {
    Start,
    Opened(ConnId),
    Frame(ConnId, Frame<Seen, ()>),
    Closed(ConnId, CloseCode),
    Poll(PollId, PollAnswer<Seen>),
    Signature(SignatureId, SignatureAnswer),
    Hint(Hint),
    Timeout,
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Dialling {
        conn: ConnId,
        since: u64,
    },
    Open {
        conn: ConnId,
        link: Link,
    },
    /// The next thing comes within the window: a dial, or a request for a signature.
    Waiting {
        window: Window,
        sign: bool,
    },
    Signing {
        id: SignatureId,
        since: u64,
    },
    Confirming,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Link {
    opened: u64,
    /// A notice or a snapshot came.
    greeted: bool,
    live: Option<u64>,
    held: bool,
    heard: u64,
    pinged: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Polls {
    Off,
    Now,
    Asking { id: PollId, since: u64 },
    Resting(Window),
}

#[derive(Debug)]
pub(super) struct Referee {
    can_refresh: bool,
    reading: u64,
    now: u64,
    stage: Stage,
    polls: Polls,
    polls_answered: bool,
    rounds: u32,
    failures: u32,
    pause_until: u64,
    last_attempt: u64,
    last_poll: u64,
    was_live: bool,
    told: Option<Connection>,
    shown: Option<Seen>,
    due: Due,
}

impl Referee {
    pub(super) fn new(can_refresh: bool, reading: u64) -> Self {
        // Nothing was attempted before, so nothing keeps its distance from it.
        let now = 100_000;
        Self {
            can_refresh,
            reading,
            now,
            stage: Stage::Waiting {
                window: Window::at(now),
                sign: false,
            },
            polls: Polls::Off,
            polls_answered: false,
            rounds: 0,
            failures: 0,
            pause_until: 0,
            last_attempt: 0,
            last_poll: 0,
            was_live: false,
            told: None,
            shown: None,
            due: Due::default(),
        }
    }

    pub(super) fn input(&mut self, reading: u64, input: &Input) {
        self.now += reading.saturating_sub(self.reading);
        self.reading = reading;
        match (*input).clone() {
            Input::Start => self.due.served = true,
            Input::Opened(conn) => self.opened(conn),
            Input::Frame(conn, frame) => self.frame(conn, frame),
            Input::Closed(conn, code) if self.conn() == Some(conn) => self.lost(code),
            Input::Closed(..) => {}
            Input::Poll(id, answer) => self.poll_answered(id, answer),
            Input::Signature(id, answer) => self.signature_answered(id, answer),
            Input::Hint(hint) => self.hint(hint),
            Input::Timeout => self.serve(),
            Input::Close => self.end(CloseReason::User),
        }
    }

    /// Checks one output, other than the wait that ends them.
    pub(super) fn output(&mut self, output: &Output<Seen, ()>) {
        let now = self.now;
        match (output, self.stage, self.polls) {
            (Output::Drop(conn, _), ..) => {
                assert_eq!(self.due.drop.take(), Some(*conn), "drops for no reason")
            }
            (Output::Connect(conn), Stage::Waiting { window, sign: false }, _) => {
                assert!(window.from <= now, "dials {} ms too early", window.from - now);
                self.last_attempt = now;
                self.stage = Stage::Dialling {
                    conn: *conn,
                    since: now,
                };
            }
            (Output::RefreshSignature(id), Stage::Waiting { window, sign: true }, _) => {
                assert!(
                    window.from <= now,
                    "asks for a signature {} ms too early",
                    window.from - now
                );
                self.last_attempt = now;
                self.stage = Stage::Signing { id: *id, since: now };
            }
            (Output::SendPing(conn), ..) => {
                assert_eq!(self.due.ping.take(), Some(*conn), "pings for no reason")
            }
            (Output::Poll(id, known), _, Polls::Now | Polls::Resting(_)) => {
                if let Polls::Resting(window) = self.polls {
                    assert!(window.from <= now, "polls {} ms too early", window.from - now);
                }
                assert_eq!(
                    *known,
                    self.shown.and_then(|seen| seen.order.version),
                    "asks for what is known"
                );
                self.last_poll = now;
                self.polls = Polls::Asking { id: *id, since: now };
            }
            (Output::Event(Event::Update(seen)), ..) => {
                assert!(
                    self.due.news.is_none_or(|news| news == Some(*seen)),
                    "shows what is no news: {seen:?}"
                );
                self.due.news = None;
                self.shown = Some(*seen);
            }
            (Output::Event(Event::Connection(connection)), ..) => {
                assert_ne!(
                    self.told.replace(*connection),
                    Some(*connection),
                    "tells the same twice"
                );
            }
            (Output::Event(Event::Closed(reason)), ..) => {
                assert_eq!(self.due.end.take(), Some(*reason), "ends for no reason");
            }
            (Output::Event(Event::Notice(())), ..) => assert!(std::mem::take(&mut self.due.notice)),
            (output, stage, polls) => panic!("{output:?} in {stage:?}, {polls:?}"),
        }
    }

    /// All outputs of one input were seen: nothing may be missing, and the wake must be the right one.
    pub(super) fn rest(&mut self, until: Option<Time>) {
        let due = std::mem::take(&mut self.due);
        due.assert_met();
        assert_ne!(self.polls, Polls::Now, "does not poll");
        if due.served {
            assert!(
                self.window().is_none_or(|window| window.to > self.now),
                "should have gone on from waiting"
            );
            let overdue = matches!(self.polls, Polls::Resting(window) if window.to <= self.now);
            assert!(!overdue, "should have polled");
        }
        if self.stage != Stage::Ended {
            assert_eq!(self.told, Some(self.connection()), "tells how news travels");
        }
        let wake = until.map(|until| (self.now + until.as_millis()).saturating_sub(self.reading));
        Window::assert_wakes(&self.timers(), wake);
    }

    fn connection(&self) -> Connection {
        match self.stage {
            Stage::Open {
                link: Link { live: Some(_), .. },
                ..
            } => Connection::Live,
            _ if self.polls_answered => Connection::Polling,
            _ if self.was_live => Connection::Reconnecting,
            _ => Connection::Connecting,
        }
    }

    fn conn(&self) -> Option<ConnId> {
        match self.stage {
            Stage::Dialling { conn, .. } | Stage::Open { conn, .. } => Some(conn),
            _ => None,
        }
    }

    fn window(&self) -> Option<Window> {
        match self.stage {
            Stage::Waiting { window, .. } => Some(window),
            _ => None,
        }
    }

    /// When each thing that time alone brings about is due.
    fn timers(&self) -> Vec<Window> {
        let mut timers = Vec::new();
        match self.stage {
            Stage::Dialling { since, .. } => timers.push(Window::at(since + 10_000)),
            Stage::Open { link, .. } => {
                timers.push(Window::at(
                    link.pinged.map_or(link.heard + 20_000, |pinged| pinged + 10_000),
                ));
                timers.extend((!link.greeted).then_some(Window::at(link.opened + 10_000)));
                timers.extend(
                    link.live
                        .filter(|_| !link.held)
                        .map(|live| Window::at(live + 5_000)),
                );
            }
            Stage::Waiting { window, .. } => timers.push(window),
            Stage::Signing { since, .. } => timers.push(Window::at(since + 30_000)),
            Stage::Confirming | Stage::Ended => {}
        }
        match self.polls {
            Polls::Asking { since, .. } => timers.push(Window::at(since + 10_000)),
            Polls::Resting(window) => timers.push(window),
            Polls::Off | Polls::Now => {}
        }
        timers
    }
}

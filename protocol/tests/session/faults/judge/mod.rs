//! The judge of one client: PROTOCOL.md's "A client's duties", held against what can be seen from outside.
//!
//! The judge sees a trace: each input with its time, what the client answered to it, and when it wants to be woken.
//! From these it keeps facts ("the socket was dialled then"), and holds each sentence as an invariant over them:
//! what **may** be done now, and by when something **must** be done. Where jitter or the document leaves a choice it
//! holds bounds, and where it cannot be known from outside what the client must think (had the snapshot held, when
//! the close came in the very moment?) it grants both. It does not know how a client is built.
//!
//! Times are in milliseconds that the client can know of: a clock that was set back has not run meanwhile.

mod backoff;
mod ending;
mod facts;
mod hints;
mod news;
mod polling;
mod problems;
mod signature;
mod sockets;

pub(super) use facts::Input;

use crate::seen::Seen;
use facts::{Confirming, Evenness, Moment, Socket, Span};
use problems::Obstacles;
use signature::Expiry;
use std::collections::VecDeque;
use transfer_status_protocol::session::{
    CloseReason, Connection, Event, Hint, Output, PollId, Problem, SignatureId, Time,
};

/// What was said and done in one step, for a failure's message.
type Told = (u64, Input, Vec<Output<Seen, ()>>, Option<u64>);

/// How much of the trace a failure tells.
const TAIL: usize = 24;

#[derive(Debug)]
pub(super) struct Judge {
    can_refresh: bool,
    /// The host's clock at the last input.
    clock: u64,
    /// The clock has been set back: a time that was named before may seem to lie ahead.
    set_back: bool,
    /// The time that the client can know of.
    now: u64,
    moment: Moment,
    /// When the client wants to be woken.
    wake: Option<u64>,

    socket: Option<Socket>,
    /// When a socket or a signature was last asked for.
    last_attempt: Option<u64>,
    /// When an attempt may have begun that suspend took back before it was seen.
    unseen_attempt: Option<u64>,
    /// By when the next attempt must begin.
    attempt_by: Option<u64>,
    /// The wait under way, for its evenness.
    wait: Option<(u64, u64)>,
    waits: Evenness,
    /// No socket before that: the server asked for it.
    socket_pause: u64,
    /// Failed socket attempts in a row.
    failures: Span,
    /// Waits since backoff was last earned back.
    rounds: Span,
    /// Attempts that hints cut short since a snapshot held.
    redials: u32,

    poll: Option<(PollId, u64)>,
    /// After it went out a status came over the socket, a doubt was over or a fresh signature came: its answer may be used,
    /// or not.
    poll_is_moot: bool,
    last_poll: Option<u64>,
    /// The last poll's rest ends within this.
    rest: (u64, u64),
    rest_is_fair: bool,
    rests: Evenness,
    poll_by: Option<u64>,
    /// A poll that a hint brought about and the spacing holds back.
    hint_poll: Option<u64>,
    poll_pause: u64,
    /// The same, if an answer counts that need not.
    poll_may_pause: u64,
    /// A hint's poll waits for that pause to end, or for a fresh signature.
    held_back: bool,
    poll_failures: Span,
    polls_anew: u32,
    /// A poll was answered since there was last a link, and none has failed after it.
    poll_answered: bool,

    question: Option<(SignatureId, u64)>,
    /// The service refuses the signature as expired, or there is none yet.
    unusable: bool,
    /// The same, if an answer counts that need not.
    may_be_unusable: bool,
    /// The host has handed in a fresh signature, and no status has come by it yet.
    fresh: bool,
    expires: Option<Expiry>,

    confirming: Option<Confirming>,
    suspended: bool,

    shown: Option<Seen>,
    told: Option<Connection>,
    problem: Option<Problem>,
    obstacles: Obstacles,
    end: Option<CloseReason>,
    tail: VecDeque<Told>,
}

impl Judge {
    pub(super) fn new(can_refresh: bool, unsigned: bool, clock: u64) -> Self {
        Self {
            can_refresh,
            clock,
            set_back: false,
            now: 0,
            moment: Moment::default(),
            wake: None,
            socket: None,
            last_attempt: None,
            unseen_attempt: None,
            attempt_by: None,
            wait: None,
            waits: Evenness::default(),
            socket_pause: 0,
            failures: Span::default(),
            rounds: Span::default(),
            redials: 0,
            poll: None,
            poll_is_moot: false,
            last_poll: None,
            rest: (0, 0),
            rest_is_fair: false,
            rests: Evenness::default(),
            poll_by: None,
            hint_poll: None,
            poll_pause: 0,
            poll_may_pause: 0,
            held_back: false,
            poll_failures: Span::default(),
            polls_anew: 0,
            poll_answered: false,
            question: None,
            unusable: unsigned,
            may_be_unusable: false,
            fresh: false,
            expires: None,
            confirming: None,
            suspended: false,
            shown: None,
            told: None,
            problem: None,
            obstacles: Obstacles::default(),
            end: None,
            tail: VecDeque::new(),
        }
    }

    /// One input, all that the client answered to it, and when it wants to be woken.
    pub(super) fn step(
        &mut self,
        clock: u64,
        input: &Input,
        outputs: &[Output<Seen, ()>],
        until: Option<Time>,
    ) {
        let stepped_back = self.clock.saturating_sub(clock);
        self.set_back |= stepped_back > 0;
        self.now += clock.saturating_sub(self.clock);
        self.clock = clock;
        let wake = until.map(|until| self.now + until.as_millis().saturating_sub(clock));
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail
            .push_back((self.now, input.clone(), outputs.to_vec(), wake));

        self.moment = Moment {
            serves: matches!(input, Input::Timeout | Input::Hint(_)),
            was_due: self.wake.is_some_and(|wake| wake <= self.now),
            was_live: self.is_live(),
            stepped_back,
            ends: outputs
                .iter()
                .any(|output| matches!(output, Output::Event(Event::Closed(_)))),
            ..Moment::default()
        };
        if let Some(end) = self.end {
            self.check(
                outputs.is_empty() && until.is_none(),
                &format!("nothing follows the end, {end:?}"),
            );
            return;
        }
        if self.suspended && !matches!(input, Input::Close | Input::Hint(_)) {
            return self.check_rests_suspended(outputs, until);
        }
        let slept = self.suspended;
        self.hear(input);
        if slept && self.suspended && !matches!(input, Input::Close) {
            return self.check_rests_suspended(outputs, until);
        }
        for output in outputs {
            self.see(output);
        }
        self.rest(wake);
        self.wake = wake;
    }

    fn hear(&mut self, input: &Input) {
        if self.moment.serves {
            self.count_an_overdue_poll();
            self.count_an_overdue_question();
            self.count_an_overdue_confirmation();
        }
        match input {
            Input::Start(expires) => {
                self.attempt_by = Some(self.now);
                self.signature_expires(*expires);
            }
            Input::Opened(conn) => self.heard_opened(*conn),
            Input::Frame(conn, frame) => self.heard_frame(*conn, frame),
            Input::Closed(conn, code) => self.heard_closed(*conn, *code),
            Input::Failed(conn, failure) => self.heard_failed(*conn, *failure),
            Input::Poll(id, answer) => self.heard_poll(*id, answer),
            Input::Signature(id, answer, expires) => self.heard_signature(*id, *answer, *expires),
            Input::Hint(hint) => self.heard_hint(*hint),
            Input::Timeout => {}
            Input::Close => self.moment.must_end = Some(CloseReason::User),
        }
    }

    fn see(&mut self, output: &Output<Seen, ()>) {
        self.check(
            !self.moment.ended,
            &format!("nothing is told after the end, yet {output:?}"),
        );
        match output {
            Output::Drop(conn, _) => self.saw_drop(*conn),
            Output::Connect(conn) => self.saw_connect(*conn),
            Output::RefreshSignature(id) => self.saw_refresh(*id),
            Output::SendPing(conn) => self.saw_ping(*conn),
            Output::Poll(id, known) => self.saw_poll(*id, *known),
            Output::Event(Event::Update(seen)) => self.saw_update(*seen),
            Output::Event(Event::Connection(connection)) => self.saw_connection(*connection),
            Output::Event(Event::Problem(problem)) => self.saw_problem(*problem),
            Output::Event(Event::Notice(())) => self.saw_notice(),
            Output::Event(Event::Closed(reason)) => self.saw_end(*reason),
            Output::Wait(_) => self.fail("a wait in the middle"),
        }
    }

    /// All was seen: nothing may be missing, and the client must be woken in time for what must come.
    fn rest(&mut self, wake: Option<u64>) {
        self.check_end();
        self.check_news();
        if self.end.is_some() {
            return self.check(wake.is_none(), "a closed client has no timer");
        }
        if self.suspended {
            self.check(wake.is_none(), "\"Suspend … rests, with no timer left\"");
            return self.check(self.socket.is_none(), "\"Suspend drops the socket\"");
        }
        self.check_after_hint();
        self.check_problem(wake);
        if self.moment.serves {
            self.check(
                wake.is_none_or(|wake| wake > self.now),
                "a client that was woken rests",
            );
            self.note_held();
        }
        let mut musts = Vec::with_capacity(6);
        self.socket_musts(&mut musts);
        self.attempt_musts(&mut musts);
        self.signature_musts(&mut musts);
        self.poll_musts(&mut musts);
        for (by, what) in musts {
            let served = by > self.now || !self.moment.serves;
            let woken = wake.is_some_and(|wake| wake <= by.max(self.now));
            if !served || !woken {
                self.fail(&format!("by {by} ms: {what}; the client wakes at {wake:?}"));
            }
        }
    }

    /// The link is open and has brought a status.
    fn is_live(&self) -> bool {
        self.socket.is_some_and(|socket| socket.status.is_some())
    }

    fn hint(&self) -> Option<Hint> {
        self.moment.hint
    }

    fn check(&self, holds: bool, rule: &str) {
        if !holds {
            self.fail(rule);
        }
    }

    fn fail(&self, rule: &str) -> ! {
        panic!(
            "{rule}\nat {} ms, socket {:?}, attempt by {:?}, failures {:?}, poll {:?} by {:?}, trace:{}",
            self.now,
            self.socket,
            self.attempt_by,
            self.failures,
            self.poll,
            self.poll_by,
            self.trace()
        );
    }

    /// The last steps, for a failure's message.
    pub(super) fn trace(&self) -> String {
        let mut trace = String::new();
        for (now, input, outputs, wake) in &self.tail {
            trace += &format!("\n{now:>12}  {input:?}");
            for output in outputs {
                trace += &format!("\n{:>16}{output:?}", "→ ");
            }
            trace += &format!("\n{:>16}wakes at {wake:?}", "→ ");
        }
        trace
    }

    /// What the world around wants to know: why it ended, what was shown last, and until when the server has asked for
    /// a pause, from now.
    pub(super) fn end(&self) -> Option<CloseReason> {
        self.end
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    pub(super) fn shown(&self) -> Option<Seen> {
        self.shown
    }

    pub(super) fn told(&self) -> Option<Connection> {
        self.told
    }

    pub(super) fn pause_left(&self) -> u64 {
        self.socket_pause
            .max(self.polls_may_pause())
            .saturating_sub(self.now)
    }
}

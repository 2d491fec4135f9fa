//! One step of the trace: what was heard, what was seen, and what must be so once all is said.

use super::Judge;
use super::facts::{Input, Moment};
use crate::seen::Seen;
use transfer_status_protocol::session::{CloseReason, Event, Output, Time};

impl Judge {
    /// One input, all that the client answered to it, and when it wants to be woken.
    pub(in crate::faults) fn step(
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
        self.note(input, outputs, wake);

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
}

//! One client: the session, its judge, and what its host holds.

use super::judge::{Input, Judge};
use super::network::Signature;
use crate::seen::Seen;
use transfer_status_protocol::session::{Config, ConnId, Connection, Output, Session, Time};

pub(super) struct Client {
    session: Session<Seen, ()>,
    pub(super) judge: Judge,
    /// When the session wants to be woken, in the world's time.
    pub(super) wake: Option<u64>,
    /// The socket that the host holds or dials.
    pub(super) held: Option<ConnId>,
    pub(super) signature: Signature,
    /// The device sleeps or the tab is frozen until then.
    pub(super) thaws: u64,
    /// For how long the client has called itself live with no word of the server, by the time that it can know of.
    unproved: u64,
    was_live: bool,
    known: u64,
}

/// "no frame for 10 s after it means the link is dead", after 20 s of silence. Whoever follows may hear of the link from a
/// leader that is about to find this out, and then find it out itself. A jump of the clock counts as this much.
const UNPROVED: u64 = 30_000 + 30_000 + JUMP;
const JUMP: u64 = 21_000;

impl Client {
    /// A client that begins now; returns what it does first.
    pub(super) fn begin(
        config: Config,
        clock: u64,
        seed: u64,
        signature: Signature,
        lifetime: Option<u64>,
    ) -> (Self, Vec<Output<Seen, ()>>) {
        let mut client = Self {
            session: Session::new(config, Time::from_millis(clock), seed),
            judge: Judge::new(config.can_refresh, config.starts_unsigned, clock),
            wake: None,
            held: None,
            signature,
            thaws: 0,
            unproved: 0,
            was_live: false,
            known: 0,
        };
        let expires = lifetime.map(|lifetime| clock + lifetime);
        client.session.signature_expires(expires.map(Time::from_millis));
        let outputs = client.drain(0, clock, &Input::Start(expires));
        (client, outputs)
    }

    /// Tells the session, drains it, and has the judge look at it.
    pub(super) fn input(&mut self, now: u64, clock: u64, input: Input) -> Vec<Output<Seen, ()>> {
        let (session, at) = (&mut self.session, Time::from_millis(clock));
        match input.clone() {
            Input::Start(_) => {}
            Input::Opened(conn) => session.handle_opened(at, conn),
            Input::Frame(conn, frame) => session.handle_frame(at, conn, frame),
            Input::Closed(conn, code) => session.handle_closed(at, conn, code),
            Input::Failed(conn, failure) => session.handle_failed(at, conn, failure),
            Input::Poll(id, answer) => session.handle_poll(at, id, answer),
            Input::Signature(id, answer, expires) => {
                session.signature_expires(expires.map(Time::from_millis));
                session.handle_signature(at, id, answer);
            }
            Input::Hint(hint) => session.handle_hint(at, hint),
            Input::Timeout => session.handle_timeout(at),
            Input::Close => session.close(at),
        }
        self.drain(now, clock, &input)
    }

    fn drain(&mut self, now: u64, clock: u64, input: &Input) -> Vec<Output<Seen, ()>> {
        let mut outputs = Vec::new();
        for _ in 0..12 {
            match self.session.poll_output() {
                Output::Wait(until) => {
                    let at = Time::from_millis(clock);
                    self.wake = until.map(|until| now + until.since(at));
                    self.judge.step(clock, input, &outputs, until);
                    self.count_unproved(now);
                    return outputs;
                }
                output => outputs.push(output),
            }
        }
        panic!("the session never says that it waits: {outputs:?}");
    }

    /// The server proved so many milliseconds ago that it is there.
    pub(super) fn proved(&mut self, ago: u64) {
        self.unproved = self.unproved.min(ago);
    }

    /// PROTOCOL.md: "nobody vouches for a socket that it does not have".
    fn count_unproved(&mut self, now: u64) {
        let passed = self.judge.now() - self.known;
        self.known += passed;
        if self.was_live {
            self.unproved += passed.min(JUMP);
        }
        let live = self.judge.end().is_none() && self.judge.told() == Some(Connection::Live);
        self.was_live = live;
        assert!(
            !live || self.unproved <= UNPROVED,
            "live, and no word of the server for {} ms, by {now}, proof of {}: {}",
            self.unproved,
            now - self.unproved,
            self.judge.trace()
        );
    }
}

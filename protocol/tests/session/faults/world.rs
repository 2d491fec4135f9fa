//! The server, the host and the time: carries a schedule out and shows every step to the judges.

use super::link::{History, Network, Parcel};
use super::referee::{Input, Referee};
use super::schedule::{Dials, Fault, Polls, Schedule, Signatures, Stray};
use super::user::User;
use crate::seen::Seen;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    CloseReason, Config, ConnId, Frame, Output, PollAnswer, Session, SignatureAnswer, Time,
};

/// After the faults, the user sees the final status within this: the longest silence until a dead link is
/// found (30 s) or a lost request given up (30 s), and two waits of backoff.
const HEALS_WITHIN: u64 = 95_000;

const USUAL_LATENCY: u64 = 20;

/// The server's end of a socket.
struct Link {
    conn: ConnId,
    /// Pings are answered, but no word of the transfer comes.
    mute: bool,
    dead: bool,
}

pub(super) struct World {
    session: Session<Seen, ()>,
    referee: Referee,
    user: User,
    now: u64,
    /// Where the host's clock would have stood at the start.
    clock_start: u64,
    wake: Option<u64>,
    thaws: u64,
    timer_first: bool,
    network: Network,
    history: History,
    link: Option<Link>,
    /// The socket that the host holds or dials.
    held: Option<ConnId>,
    dials: Dials,
    polls: Polls,
    signatures: Signatures,
    /// The signature that the host holds, and the oldest one that is still good.
    signature: u64,
    good_from: u64,
}

impl World {
    /// Carries out the schedule, then lets all be well until the end; returns what the user was shown.
    pub(super) fn run(schedule: &Schedule) -> Vec<u64> {
        let mut world = Self::new(schedule);
        world.drain();
        for step in &schedule.steps {
            world.advance(step.after);
            world.strike(&step.fault);
        }
        world.heal();
        world.advance(HEALS_WITHIN);
        world.judge(schedule);
        world.user.shown
    }

    fn new(schedule: &Schedule) -> Self {
        let clock_start = 1_000_000_000_000;
        let config = Config {
            can_refresh: schedule.can_refresh,
            ..Config::DEFAULT
        };
        let mut referee = Referee::new(schedule.can_refresh, clock_start);
        referee.input(clock_start, &Input::Start);
        Self {
            session: Session::new(config, Time::from_millis(clock_start), schedule.seed),
            referee,
            user: User::default(),
            now: 0,
            clock_start,
            wake: None,
            thaws: 0,
            timer_first: true,
            network: Network::new(USUAL_LATENCY),
            history: History::new(schedule),
            link: None,
            held: None,
            dials: Dials::Answered,
            polls: Polls::Answered,
            signatures: Signatures::Ready,
            signature: 1,
            good_from: 1,
        }
    }

    fn judge(&mut self, schedule: &Schedule) {
        let struck = |cause: fn(&Fault) -> bool| schedule.steps.iter().any(|step| cause(&step.fault));
        let excused = match self.user.end() {
            Some(CloseReason::Final) => true,
            Some(CloseReason::User) => struck(|fault| matches!(fault, Fault::UserClose)),
            Some(CloseReason::Server(CloseCode::NORMAL)) => {
                struck(|fault| matches!(fault, Fault::CloseEarly))
            }
            Some(CloseReason::Server(CloseCode::SIGNATURE_EXPIRED | CloseCode::UNAUTHORIZED)) => {
                !schedule.can_refresh && self.signature < self.good_from
            }
            Some(_) | None => false,
        };
        let (end, shown) = (self.user.end(), &self.user.shown);
        assert!(excused, "the final status was not seen: {end:?}, shown {shown:?}");
        assert_eq!(self.wake, None);
        // Whatever is still said to a closed session: the referee expects nothing of it.
        for hint in [
            Input::Timeout,
            Input::Hint(transfer_status_protocol::session::Hint::Online),
            Input::Close,
        ] {
            self.input(hint);
        }
    }

    /// Lets so much time pass.
    fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        for _ in 0..200_000 {
            let arrival = self.network.next_arrival(self.thaws);
            let timer = self.wake.map(|wake| wake.max(self.thaws));
            let timer_is_next = match (timer, arrival) {
                (Some(timer), Some((_, at))) => timer < at || (timer == at && self.timer_first),
                (timer, _) => timer.is_some(),
            };
            let next = if timer_is_next {
                timer
            } else {
                arrival.map(|(_, at)| at)
            };
            let Some(at) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            match arrival
                .filter(|_| !timer_is_next)
                .and_then(|(key, _)| self.network.take(key))
            {
                Some(parcel) => self.arrive(parcel),
                None => self.input(Input::Timeout),
            }
        }
        panic!("the session never rests");
    }

    fn strike(&mut self, fault: &Fault) {
        match *fault {
            Fault::Publish { later } => self.publish(later, false),
            Fault::Finish => self.publish(0, true),
            Fault::Latency(latency) => self.network.latency = latency,
            Fault::Dials(dials) => self.dials = dials,
            Fault::Polls(polls) => self.polls = polls,
            Fault::Signatures(signatures) => self.signatures = signatures,
            Fault::Expire => {
                self.good_from = self.signature + 1;
                self.close(CloseCode::SIGNATURE_EXPIRED);
            }
            Fault::Cut => {
                if let Some(link) = self.link.take_if(|link| !link.dead) {
                    self.network.lose(link.conn);
                    self.network
                        .send(self.now, Parcel::Closed(link.conn, CloseCode::ABNORMAL));
                }
            }
            Fault::HalfOpen => {
                if let Some(link) = &mut self.link {
                    link.dead = true;
                    self.network.lose(link.conn);
                }
            }
            Fault::Close(code) => self.close(CloseCode::new(code)),
            Fault::CloseEarly => self.close(CloseCode::NORMAL),
            Fault::Send(Stray::Notice) => self.tell(Frame::Notice(())),
            Fault::Send(Stray::Unknown) => self.tell(Frame::Unknown),
            Fault::Send(Stray::Malformed) => self.tell(Frame::Malformed),
            Fault::Send(Stray::Pong) => self.tell(Frame::Pong),
            Fault::Replay { back } => {
                self.tell(self.history.tell(back).map_or(Frame::Notice(()), Frame::Snapshot))
            }
            Fault::Reorder => {
                if let Some(link) = &self.link {
                    self.network.reorder(link.conn);
                }
            }
            Fault::Replace => {
                self.history.old_service = !self.history.old_service;
                self.close(CloseCode::new(1012));
            }
            Fault::Sleep { ms, timer_first } => {
                self.thaws = self.thaws.max(self.now) + ms;
                self.timer_first = timer_first;
            }
            Fault::ClockForward(ms) => self.clock_start += ms,
            Fault::ClockBack(ms) => self.clock_start -= ms,
            // A frozen host neither hints nor calls.
            _ if self.now < self.thaws => {}
            Fault::Hint(hint) => self.input(Input::Hint(hint)),
            Fault::Timeout => self.input(Input::Timeout),
            Fault::UserClose => self.input(Input::Close),
        }
    }

    fn heal(&mut self) {
        self.advance(self.thaws.saturating_sub(self.now));
        self.network.latency = USUAL_LATENCY;
        self.dials = Dials::Answered;
        self.polls = Polls::Answered;
        self.signatures = Signatures::Ready;
        self.publish(0, true);
    }

    fn publish(&mut self, later: u64, is_final: bool) {
        if !self.history.is_final() {
            self.history.publish(later, is_final);
            self.tell_state();
        }
    }

    /// Tells the state over the link, and closes it after the final one.
    fn tell_state(&mut self) {
        self.tell(self.history.tell(0).map_or(Frame::Notice(()), Frame::Snapshot));
        if self.history.is_final() && self.link.as_ref().is_some_and(|link| !link.mute) {
            self.close(CloseCode::NORMAL);
        }
    }

    fn tell(&mut self, frame: Frame<Seen, ()>) {
        if let Some(link) = &self.link
            && !link.dead
            && !link.mute
        {
            self.network.send(self.now, Parcel::Frame(link.conn, frame));
        }
    }

    fn close(&mut self, code: CloseCode) {
        if let Some(link) = self.link.take_if(|link| !link.dead) {
            self.network.send(self.now, Parcel::Closed(link.conn, code));
        }
    }

    fn arrive(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Dial(conn, signature) if self.held == Some(conn) => self.dialled(conn, signature),
            Parcel::Dial(..) => {}
            Parcel::Ping(conn) => {
                if self
                    .link
                    .as_ref()
                    .is_some_and(|link| link.conn == conn && !link.dead)
                {
                    self.network.send(self.now, Parcel::Frame(conn, Frame::Pong));
                }
            }
            Parcel::PollRequest(id, known, signature) => {
                let answer = match (self.polls, self.history.tell(0)) {
                    (Polls::Lost, _) => return,
                    (Polls::RateLimited, _) => PollAnswer::RateLimited,
                    (Polls::Answered, _) if signature < self.good_from => PollAnswer::Unauthorized,
                    (Polls::Failed, _) | (Polls::Answered, None) => PollAnswer::Failed,
                    (Polls::Answered, Some(state)) => match known.is_some() && known == state.order.version {
                        true => PollAnswer::NotModified,
                        false => PollAnswer::Snapshot(state),
                    },
                };
                self.network.send(self.now, Parcel::PollAnswer(id, answer));
            }
            Parcel::SignatureRequest(id) => match self.signatures {
                Signatures::Lost => {}
                Signatures::Failed => {
                    self.network
                        .send(self.now, Parcel::SignatureAnswer(id, SignatureAnswer::Failed));
                }
                Signatures::Ready => {
                    self.network
                        .send(self.now, Parcel::SignatureAnswer(id, SignatureAnswer::Ready));
                }
            },
            Parcel::Opened(conn) => self.input(Input::Opened(conn)),
            Parcel::Frame(conn, frame) => self.input(Input::Frame(conn, frame)),
            Parcel::Closed(conn, code) => {
                self.held.take_if(|held| *held == conn);
                self.input(Input::Closed(conn, code));
            }
            Parcel::PollAnswer(id, answer) => self.input(Input::Poll(id, answer)),
            Parcel::SignatureAnswer(id, answer) => {
                if answer == SignatureAnswer::Ready {
                    self.signature = self.good_from;
                }
                self.input(Input::Signature(id, answer));
            }
        }
    }

    /// A dial has reached the server.
    fn dialled(&mut self, conn: ConnId, signature: u64) {
        let (dials, expired) = (self.dials, signature < self.good_from);
        if dials == Dials::Lost {
            return;
        }
        if dials == Dials::Failed {
            return self
                .network
                .send(self.now, Parcel::Closed(conn, CloseCode::ABNORMAL));
        }
        self.network.send(self.now, Parcel::Opened(conn));
        self.link = Some(Link {
            conn,
            mute: dials == Dials::Mute,
            dead: false,
        });
        match dials {
            Dials::Refused(code) => {
                self.tell(Frame::Notice(()));
                self.close(CloseCode::new(code));
            }
            Dials::Answered if expired => {
                self.tell(Frame::Notice(()));
                self.close(CloseCode::SIGNATURE_EXPIRED);
            }
            Dials::Answered => self.tell_state(),
            Dials::Lost | Dials::Failed | Dials::Mute => {}
        }
    }

    fn input(&mut self, input: Input) {
        let clock = Time::from_millis(self.clock_start + self.now);
        self.referee.input(clock.as_millis(), &input);
        let session = &mut self.session;
        match input {
            Input::Start => {}
            Input::Opened(conn) => session.handle_opened(clock, conn),
            Input::Frame(conn, frame) => session.handle_frame(clock, conn, frame),
            Input::Closed(conn, code) => session.handle_closed(clock, conn, code),
            Input::Poll(id, answer) => session.handle_poll(clock, id, answer),
            Input::Signature(id, answer) => session.handle_signature(clock, id, answer),
            Input::Hint(hint) => session.handle_hint(clock, hint),
            Input::Timeout => session.handle_timeout(clock),
            Input::Close => session.close(clock),
        }
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..10 {
            let output = self.session.poll_output();
            if let Output::Wait(until) = output {
                self.referee.rest(until);
                let clock = Time::from_millis(self.clock_start + self.now);
                self.wake = until.map(|until| self.now + until.since(clock));
                return;
            }
            self.referee.output(&output);
            self.carry_out(output);
        }
        panic!("the session never says that it waits");
    }

    fn carry_out(&mut self, output: Output<Seen, ()>) {
        let now = self.now;
        match output {
            Output::Drop(conn, _) => {
                assert_eq!(self.held.take(), Some(conn), "drops a socket that is not there");
                self.link.take_if(|link| link.conn == conn);
            }
            Output::Connect(conn) => {
                assert_eq!(self.held.replace(conn), None, "two sockets");
                self.network.send(now, Parcel::Dial(conn, self.signature));
            }
            Output::SendPing(conn) => self.network.send(now, Parcel::Ping(conn)),
            Output::Poll(id, known) => self
                .network
                .send(now, Parcel::PollRequest(id, known, self.signature)),
            Output::RefreshSignature(id) => self.network.send(now, Parcel::SignatureRequest(id)),
            Output::Event(event) => self.user.told(&event),
            Output::Wait(_) => {}
        }
    }
}

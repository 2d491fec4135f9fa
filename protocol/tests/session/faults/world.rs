//! The server, the hosts and the time: carries a schedule out and has a judge look at every step of every client.

use super::client::Client;
use super::history::History;
use super::judge::Input;
use super::network::{End, Network, Parcel, Signature};
use super::schedule::{Dials, Fault, Heal, Polls, Schedule, Signatures, Stray};
use super::share::{Effect, Share};
use crate::seen::Seen;
use std::collections::VecDeque;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, Config, Frame, Hint, Output, PollAnswer, Refusal, SignatureAnswer, Stage,
};

/// After the faults, and after the pauses that the server asked for, the user sees the final status within this:
/// three sockets that hang and their waits (120 s), a poll that was lost and its rest (40 s), a signature that was not
/// answered and its wait (60 s), a minute of doubt about a 1000.
const HEALS_WITHIN: u64 = 280_000;

/// Of the schedules.
const LONGEST_LATENCY: u64 = 14_000;

const USUAL_LATENCY: u64 = 20;

/// The server's end of a socket.
struct Link {
    end: End,
    /// Pings are answered, but no word of the transfer comes.
    mute: bool,
    dead: bool,
}

pub(super) struct World {
    clients: Vec<Client>,
    share: Option<Share>,
    now: u64,
    /// Where the hosts' clock would have stood at the start.
    clock_start: u64,
    timer_first: bool,
    network: Network,
    history: History,
    links: Vec<Link>,
    dials: Dials,
    polls: Polls,
    signatures: Signatures,
    /// The oldest signature that is still good.
    good_from: u64,
    /// For how long what arrives has waited for a frozen client.
    waited: u64,
    dice: fastrand::Rng,
}

impl World {
    /// Carries out the schedule, then lets all be well until the end.
    pub(super) fn run(schedule: &Schedule) {
        let mut world = Self::new(schedule);
        for step in &schedule.steps {
            world.advance(step.after);
            world.strike(&step.fault);
        }
        world.heal(schedule.heal);
        world.judge(schedule.heal);
    }

    fn new(schedule: &Schedule) -> Self {
        let mut world = Self {
            clients: Vec::new(),
            share: (schedule.tabs > 1).then(|| Share::new(schedule.tabs, schedule.seed)),
            now: 0,
            clock_start: 1_000_000_000_000,
            timer_first: true,
            network: Network::new(USUAL_LATENCY),
            history: History::new(schedule.old_service),
            links: Vec::new(),
            dials: Dials::Answered,
            polls: Polls::Answered,
            signatures: Signatures::Ready,
            good_from: 1,
            waited: 0,
            dice: fastrand::Rng::with_seed(schedule.seed),
        };
        let config = Config {
            can_refresh: schedule.can_refresh,
            starts_unsigned: schedule.starts_unsigned,
            ..Config::DEFAULT
        };
        let signature = Signature {
            number: 1,
            until: schedule.lifetime.unwrap_or(u64::MAX),
        };
        let lifetime = schedule.lifetime.filter(|_| !schedule.starts_unsigned);
        for tab in 0..schedule.tabs {
            let seed = schedule.seed.wrapping_add(tab as u64);
            let (client, outputs) = Client::begin(config, world.clock_start, seed, signature, lifetime);
            world.clients.push(client);
            world.carry_out(tab, outputs);
        }
        world
    }

    /// Everybody has seen the end: the last status, or a refusal that the judge found right. Where no socket gets
    /// through, a client cannot know that a status whose name it does not know is the last, nor that a service was
    /// restored and has counted to the very version that was shown: 304 says that nothing has changed.
    fn judge(&mut self, heal: Heal) {
        for tab in 0..self.clients.len() {
            let client = &self.clients[tab];
            let (end, shown, last) = (client.judge.end(), client.judge.shown(), self.history.holds());
            let told = self.history.tell().map(|told| told.order);
            let seems_last = shown.is_some_and(|shown| {
                let is_unnamed = last.order.stage == Stage::Unknown;
                let is_same = shown.order.version.is_some() && shown.order.version == last.order.version;
                is_same || (is_unnamed && told.is_none_or(|told| !told.is_news_after(Some(shown.order))))
            });
            assert!(
                end.is_some() || (heal.only_polls && seems_last),
                "client {tab} has not seen the end, but {shown:?} of {last:?}: {}",
                client.judge.trace()
            );
            self.input(tab, Input::Close);
            assert_eq!(self.clients[tab].wake, None);
            // Whatever is still said to a closed session: nothing follows.
            for input in [Input::Timeout, Input::Hint(Hint::Online), Input::Close] {
                self.input(tab, input);
            }
        }
    }

    /// Lets so much time pass.
    fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        for _ in 0..200_000 {
            let thaws: Vec<u64> = self.clients.iter().map(|client| client.thaws).collect();
            let arrival = self.network.next_arrival(&thaws);
            let timers = self.clients.iter().enumerate();
            let timers = timers.filter_map(|(tab, client)| Some((client.wake?.max(client.thaws), tab)));
            let timer = timers.min().filter(|(timer, _)| {
                arrival.is_none_or(|(_, at)| *timer < at || (*timer == at && self.timer_first))
            });
            let next = timer.map_or(arrival.map(|(_, at)| at), |(at, _)| Some(at));
            let Some(at) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            match (timer, arrival) {
                (Some((_, tab)), _) => self.input(tab, Input::Timeout),
                (None, Some((key, _))) => {
                    self.waited = self.now - key.0;
                    if let Some(parcel) = self.network.take(key) {
                        self.arrive(parcel);
                    }
                }
                (None, None) => {}
            }
        }
        panic!("the sessions never rest");
    }

    fn strike(&mut self, fault: &Fault) {
        match *fault {
            Fault::Publish { later } => self.publish(later, Stage::Open, false),
            Fault::Finish { known: true } => self.publish(0, Stage::Final, true),
            Fault::Finish { known: false } => self.publish(0, Stage::Unknown, true),
            Fault::Restore { back } => {
                self.history.restore(back);
                self.close(CloseCode::new(1012));
            }
            Fault::Latency(latency) => self.network.latency = latency,
            Fault::Dials(dials) => self.dials = dials,
            Fault::Polls(polls) => self.polls = polls,
            Fault::Signatures(signatures) => self.signatures = signatures,
            Fault::Expire => {
                self.good_from += 1;
                self.close(CloseCode::SIGNATURE_EXPIRED);
            }
            Fault::Cut => {
                for link in self.links.extract_if(.., |link| !link.dead) {
                    self.network.lose(link.end);
                    let closed = Parcel::Closed(link.end, CloseCode::ABNORMAL);
                    self.network.send(self.now, closed);
                }
            }
            Fault::HalfOpen => {
                for link in &mut self.links {
                    link.dead = true;
                    self.network.lose(link.end);
                }
            }
            Fault::Close(code) => self.close(CloseCode::new(code)),
            Fault::Send(stray) => self.tell(&match stray {
                Stray::Notice => Frame::Notice(()),
                Stray::Unknown => Frame::Unknown,
                Stray::Malformed => Frame::Malformed,
                Stray::Pong => Frame::Pong,
            }),
            Fault::Replay { back } => {
                self.tell(&self.history.told(back).map_or(Frame::Notice(()), Frame::Snapshot));
            }
            Fault::Reorder => self.links.iter().for_each(|link| self.network.reorder(link.end)),
            Fault::Replace => {
                self.history.old_service = !self.history.old_service;
                self.close(CloseCode::new(1012));
            }
            Fault::Sleep {
                ms,
                timer_first,
                counted,
            } => self.sleep(ms, timer_first, counted),
            Fault::Freeze { tab, ms } => {
                // A single client is the device's only program: its freezing is a sleep.
                if let Some(client) = self.clients.get_mut(tab) {
                    client.thaws = client.thaws.max(self.now + ms);
                }
            }
            Fault::ClockForward(ms) => self.clock_start += ms,
            Fault::ClockBack(ms) => self.clock_start -= ms,
            Fault::Hint(hint) => self.hint(hint),
            Fault::Hints { hint, times, every } => {
                for _ in 0..times {
                    self.hint(hint);
                    self.advance(every);
                }
            }
            Fault::Timeout => self.all_awake(|| Input::Timeout),
            Fault::UserClose => {
                if self.clients[0].thaws <= self.now {
                    self.input(0, Input::Close);
                }
            }
        }
    }

    fn sleep(&mut self, ms: u64, timer_first: bool, counted: bool) {
        self.timer_first = timer_first;
        for client in &mut self.clients {
            client.thaws = client.thaws.max(self.now) + ms;
            if !counted {
                client.wake = client.wake.map(|wake| wake + ms);
            }
        }
        if !counted {
            self.clock_start -= ms;
        }
    }

    /// A hint reaches every tab, or only one. A frozen host neither hints nor calls.
    fn hint(&mut self, hint: Hint) {
        match self.share.is_some() && self.dice.bool() {
            false => self.all_awake(|| Input::Hint(hint)),
            true => {
                let tab = self.dice.usize(0..self.clients.len());
                if self.clients[tab].thaws <= self.now {
                    self.input(tab, Input::Hint(hint));
                }
            }
        }
    }

    fn all_awake(&mut self, input: impl Fn() -> Input) {
        for tab in 0..self.clients.len() {
            if self.clients[tab].thaws <= self.now {
                self.input(tab, input());
            }
        }
    }

    fn heal(&mut self, heal: Heal) {
        let thaws = self.clients.iter().map(|client| client.thaws).max();
        self.advance(thaws.unwrap_or(0).saturating_sub(self.now));
        self.network.latency = heal.latency;
        self.dials = if heal.only_polls {
            Dials::Lost
        } else {
            Dials::Answered
        };
        self.polls = Polls::Answered;
        self.signatures = Signatures::Ready;
        self.publish(0, Stage::Final, true);
        self.all_awake(|| Input::Hint(Hint::Resume));
        let arrived = self.now + 2 * LONGEST_LATENCY;
        // Tabs may have to wait for each other: one after the other holds the lock.
        let heals_within = HEALS_WITHIN * self.clients.len() as u64;
        let mut end = self.now + heals_within;
        while self.now < end && self.clients.iter().any(|client| client.judge.end().is_none()) {
            match heal.hints {
                Some((hint, every)) => {
                    self.hint(hint);
                    self.advance(every);
                }
                None => self.advance(5_000),
            }
            if self.now <= arrived {
                // What was under way may still ask for a pause.
                let pauses = self.clients.iter().map(|client| client.judge.pause_left()).max();
                end = end.max(self.now + pauses.unwrap_or(0) + heals_within);
            }
        }
    }

    fn publish(&mut self, later: u64, stage: Stage, is_over: bool) {
        if !self.history.is_over {
            self.history.publish(later, stage, is_over);
            for at in 0..self.links.len() {
                self.tell_state(at);
            }
            self.close_what_is_over();
        }
    }

    /// The state as it stands goes over this link.
    fn tell_state(&mut self, at: usize) {
        let frame = self.history.tell().map_or(Frame::Notice(()), Frame::Snapshot);
        self.tell_over(at, frame);
    }

    fn close_what_is_over(&mut self) {
        if self.history.is_over {
            for link in self.links.extract_if(.., |link| !link.dead && !link.mute) {
                let closed = Parcel::Closed(link.end, CloseCode::NORMAL);
                self.network.send(self.now, closed);
            }
        }
    }

    fn tell(&mut self, frame: &Frame<Seen, ()>) {
        for at in 0..self.links.len() {
            self.tell_over(at, frame.clone());
        }
    }

    fn tell_over(&mut self, at: usize, frame: Frame<Seen, ()>) {
        let link = &self.links[at];
        if !link.dead && !link.mute {
            self.network.send(self.now, Parcel::Frame(link.end, frame));
        }
    }

    fn close(&mut self, code: CloseCode) {
        for link in self.links.extract_if(.., |link| !link.dead) {
            self.network.send(self.now, Parcel::Closed(link.end, code));
        }
    }

    fn arrive(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Dial((tab, conn), signature) => {
                if self.clients[tab].held == Some(conn) {
                    self.dialled((tab, conn), signature);
                }
            }
            Parcel::Ping(end) => {
                if self.links.iter().any(|link| link.end == end && !link.dead) {
                    self.network.send(self.now, Parcel::Frame(end, Frame::Pong));
                }
            }
            Parcel::PollRequest(tab, id, known, signature) => {
                if let Some(answer) = self.polled(known, signature) {
                    self.network.send(self.now, Parcel::PollAnswer(tab, id, answer));
                }
            }
            Parcel::SignatureRequest(tab, id) => {
                if let Some((answer, signature, lifetime)) = self.signed() {
                    let answer = Parcel::SignatureAnswer(tab, id, answer, signature, lifetime);
                    self.network.send(self.now, answer);
                }
            }
            Parcel::Opened(end) => self.shared(end, Input::Opened(end.1), |share| share.opened(end)),
            Parcel::Frame(end, frame) => {
                let (now, told) = (self.now, frame.clone());
                self.clients[end.0].proved(0);
                self.shared(end, Input::Frame(end.1, told), |share| {
                    share.frame(end, frame, now)
                });
            }
            Parcel::Closed(end, code) => {
                self.shared(end, Input::Closed(end.1, code), |share| {
                    share.closed(end, code, Input::Closed(end.1, code))
                });
            }
            Parcel::Failed(end, failure) => {
                let code = CloseCode::ABNORMAL;
                self.shared(end, Input::Failed(end.1, failure), |share| {
                    share.closed(end, code, Input::Failed(end.1, failure))
                });
            }
            Parcel::Granted(end) => self.shared(end, Input::Timeout, |share| share.granted(end)),
            Parcel::Message(end, _, word) => {
                let newest = self.clients[end.0].judge.shown();
                self.shared(end, Input::Timeout, |share| share.message(end, word, newest));
            }
            Parcel::PollAnswer(tab, id, answer) => self.input(tab, Input::Poll(id, answer)),
            Parcel::SignatureAnswer(tab, id, answer, signature, lifetime) => {
                if answer == SignatureAnswer::Ready {
                    self.clients[tab].signature = signature;
                }
                let expires = lifetime.map(|lifetime| self.clock().saturating_add_signed(lifetime));
                self.input(tab, Input::Signature(id, answer, expires));
            }
        }
    }

    /// What a socket says goes to the client that has it for itself, or to the layer that shares it.
    fn shared(&mut self, end: End, alone: Input, tell: impl FnOnce(&mut Share) -> Vec<Effect>) {
        match &mut self.share {
            None => {
                if matches!(alone, Input::Closed(..) | Input::Failed(..)) {
                    self.clients[end.0].held.take_if(|held| *held == end.1);
                }
                self.input(end.0, alone);
            }
            Some(share) => {
                let effects = tell(share);
                self.take_effect(effects);
            }
        }
    }

    fn take_effect(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Tell(end, input) => {
                    if matches!(input, Input::Closed(..) | Input::Failed(..)) {
                        self.clients[end.0].held.take_if(|held| *held == end.1);
                    }
                    self.input(end.0, input);
                }
                Effect::Proved(tab, at) => {
                    let ago = self.now.saturating_sub(at + self.waited);
                    self.clients[tab].proved(ago);
                }
                Effect::Dial(end) => {
                    let dial = Parcel::Dial(end, self.clients[end.0].signature);
                    self.network.send(self.now, dial);
                }
                Effect::Ping(end) => self.network.send(self.now, Parcel::Ping(end)),
                Effect::Drop(end) => self.links.retain(|link| link.end != end),
                Effect::Send(delay, parcel) => self.network.send_after(self.now, delay, parcel),
            }
        }
    }

    fn polled(&self, known: Option<u64>, signature: Signature) -> Option<PollAnswer<Seen>> {
        let answer = match self.polls {
            Polls::Lost => return None,
            Polls::Failed(failure) => PollAnswer::Failed(failure),
            Polls::Unauthorized => PollAnswer::Refused(Refusal::Unauthorized),
            Polls::Forbidden => PollAnswer::Refused(Refusal::Forbidden),
            Polls::Answered if !self.is_good(signature) => PollAnswer::Refused(Refusal::Expired),
            Polls::Answered => match self.history.tell() {
                None => PollAnswer::Failed(Cause::Http(404).into()),
                Some(state) if known.is_some() && known == state.order.version => PollAnswer::NotModified,
                Some(state) => PollAnswer::Snapshot(state),
            },
        };
        Some(answer)
    }

    fn signed(&self) -> Option<(SignatureAnswer, Signature, Option<i64>)> {
        let good = |until| Signature {
            number: self.good_from,
            until,
        };
        let bad = Signature {
            number: self.good_from - 1,
            until: 0,
        };
        Some(match self.signatures {
            Signatures::Lost => return None,
            Signatures::Failed => (SignatureAnswer::Failed, bad, None),
            Signatures::Refused => (SignatureAnswer::Refused, bad, None),
            Signatures::Ready => (SignatureAnswer::Ready, good(u64::MAX), None),
            Signatures::Lasting(ms) => (SignatureAnswer::Ready, good(self.now + ms), Some(ms as i64)),
            Signatures::BornExpired { known } => (SignatureAnswer::Ready, bad, known.then_some(-60_000)),
        })
    }

    fn is_good(&self, signature: Signature) -> bool {
        signature.number >= self.good_from && self.now <= signature.until
    }

    /// A dial has reached the server.
    fn dialled(&mut self, end: End, signature: Signature) {
        let (now, dials, is_good) = (self.now, self.dials, self.is_good(signature));
        match dials {
            Dials::Lost => return,
            Dials::Failed(failure) => return self.network.send(now, Parcel::Failed(end, failure)),
            _ => {}
        }
        self.network.send(now, Parcel::Opened(end));
        let mut refuse = |code| {
            self.network.send(now, Parcel::Frame(end, Frame::Notice(())));
            self.network.send(now, Parcel::Closed(end, code));
        };
        match dials {
            Dials::Refused(code) => return refuse(CloseCode::new(code)),
            Dials::Answered if !is_good => return refuse(CloseCode::SIGNATURE_EXPIRED),
            Dials::Stranded => self.network.send(now, Parcel::Frame(end, Frame::Notice(()))),
            _ => {}
        }
        self.links.push(Link {
            end,
            mute: matches!(dials, Dials::Mute | Dials::Stranded),
            dead: false,
        });
        if dials == Dials::Answered {
            self.tell_state(self.links.len() - 1);
            self.close_what_is_over();
        }
    }

    fn clock(&self) -> u64 {
        self.clock_start + self.now
    }

    fn input(&mut self, tab: usize, input: Input) {
        let (now, clock) = (self.now, self.clock());
        let outputs = self.clients[tab].input(now, clock, input);
        self.carry_out(tab, outputs);
    }

    fn carry_out(&mut self, tab: usize, outputs: Vec<Output<Seen, ()>>) {
        let now = self.now;
        for output in outputs {
            let client = &mut self.clients[tab];
            let signature = client.signature;
            match output {
                Output::Drop(conn, _) => {
                    assert_eq!(client.held.take(), Some(conn), "drops a socket that is not there");
                    self.links.retain(|link| link.end != (tab, conn));
                    if let Some(share) = &mut self.share {
                        let effects = share.dropped((tab, conn));
                        self.take_effect(effects);
                    }
                }
                Output::Connect(conn) => {
                    assert_eq!(client.held.replace(conn), None, "two sockets");
                    match &mut self.share {
                        None => self.network.send(now, Parcel::Dial((tab, conn), signature)),
                        Some(share) => {
                            let effects = share.connect((tab, conn));
                            self.take_effect(effects);
                        }
                    }
                }
                Output::SendPing(conn) => match &mut self.share {
                    None => self.network.send(now, Parcel::Ping((tab, conn))),
                    Some(share) => {
                        let effects = share.ping((tab, conn));
                        self.take_effect(effects);
                    }
                },
                Output::Poll(id, known) => {
                    self.network
                        .send(now, Parcel::PollRequest(tab, id, known, signature));
                }
                Output::RefreshSignature(id) => self.network.send(now, Parcel::SignatureRequest(tab, id)),
                Output::Event(_) | Output::Wait(_) => {}
            }
        }
    }
}

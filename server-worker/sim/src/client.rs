//! A host under the real session: it dials, polls, asks and shows, over a network that fails.

use std::collections::HashMap;

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, Config, ConnId, Event, Failure, Frame, Hint, Order, Output, PollAnswer, PollId, Refusal, Session,
    SignatureAnswer, SignatureId, Snapshot, Stage, Time,
};
use transfer_status_protocol::signature::{self, Claims, Signature};
use transfer_status_protocol::{ServerMessage, Transfer};

use crate::fault::Fault;
use crate::judge::State;
use crate::plan::{Kind, Ms, START};
use crate::room::{Call, End};
use crate::world::{Ev, World};

/// What comes to a client over a link.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    Opened,
    Frame(String),
    Pong,
    Closed(u16),
    Failed,
}

/// What was shown, and where the session believes it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    order: Order,
    state: State,
}

impl Snapshot for Seen {
    fn order(&self) -> Order {
        self.order
    }
}

/// What is known of a signature by who made it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mint {
    /// Which of the service's keys; `None`: none of them.
    pub(crate) key: Option<usize>,
    /// The last Unix second.
    pub(crate) expiry: i64,
}

struct Link {
    is_dead: bool,
    latency: Ms,
    last_in: Ms,
    last_out: Ms,
    first_frame: Option<Ms>,
}

pub(crate) struct Client {
    session: Session<Seen, ()>,
    /// When the session wants to be woken; the number tells the latest wish apart.
    wake: Option<Ms>,
    wish: u64,
    links: HashMap<u32, Link>,
    signature: Signature,
    pub(crate) mint: Mint,
    pub(crate) frozen_until: Ms,
    pub(crate) offline_until: Ms,
    pub(crate) clock: Ms,
    pub(crate) is_closed: bool,
    counted: i64,
    /// A link that had held is gone since then.
    lost_held: Option<Ms>,
}

impl Client {
    pub(crate) fn has_timer(&self) -> bool {
        self.wake.is_some()
    }
}

impl World {
    fn mint(&self, c: usize) -> (Signature, Mint) {
        let client = &self.plan.clients[c];
        let key = (!client.is_forged).then_some(self.key);
        let expiry = (self.now / 1_000) + client.lifetime;
        let id = self.ids[client.transfer].clone();
        let claims = Claims::new(id, "merchant", u64::try_from(expiry).unwrap_or(0));
        let key_made = match key {
            Some(key) => &self.keys[key],
            None => &self.forger,
        };
        let signature = claims.map(|claims| signature::mint(key_made, &claims));
        // Fixed ids and an expiry in seconds: there is nothing to refuse.
        let signature = signature.unwrap_or_else(|_| unreachable!("the claims are valid"));
        (signature, Mint { key, expiry })
    }

    pub(crate) fn begin_client(&mut self, c: usize) {
        let (signature, mint) = self.mint(c);
        let mut config = Config {
            can_refresh: self.plan.clients[c].can_refresh,
            ..Config::DEFAULT
        };
        match self.fault {
            Some(Fault::NoBackoff) => config.backoff_cap_ms = 500,
            Some(Fault::BackoffNeverReset) => config.held_after_ms = u32::MAX,
            Some(Fault::NoHeartbeat) => config.ping_after_ms = u32::MAX,
            Some(Fault::NeverPolls) => config.poll_after_failures = u8::MAX,
            _ => {}
        }
        let seed = match self.fault {
            Some(Fault::NoJitter) => 7,
            _ => self.rng.u64(..),
        };
        let clock = 0;
        let start = Time::from_millis(1_000_000_000);
        let session = Session::new(config, start, seed);
        self.clients[c] = Some(Client {
            session,
            wake: None,
            wish: 0,
            links: HashMap::new(),
            signature,
            mint,
            frozen_until: 0,
            offline_until: 0,
            clock: START + clock - 1_000_000_000 + (self.now - START),
            is_closed: false,
            counted: 0,
            lost_held: None,
        });
        self.drain(c);
    }

    /// Tells the session something, and does what it says.
    fn feed(&mut self, c: usize, tell: impl FnOnce(&mut Session<Seen, ()>, Time)) {
        let now = self.now;
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        let time = Time::from_millis(u64::try_from(now - client.clock).unwrap_or(0));
        tell(&mut client.session, time);
        self.drain(c);
    }

    fn drain(&mut self, c: usize) {
        loop {
            let Some(client) = &mut self.clients[c] else {
                return;
            };
            match client.session.poll_output() {
                Output::Drop(conn, _) => self.drop_link((c, conn.number())),
                Output::Connect(conn) => self.dial((c, conn.number())),
                Output::SendPing(conn) => self.ping((c, conn.number())),
                Output::Poll(id, known) => self.poll(c, id.number(), known),
                Output::RefreshSignature(id) => {
                    let after = self.rng.i64(20..600);
                    self.after(
                        after,
                        Ev::Signature {
                            client: c,
                            id: id.number(),
                        },
                    );
                }
                Output::Event(Event::Update(seen)) => {
                    let transfer = self.plan.clients[c].transfer;
                    self.note(|| format!("client {c} shows {} {}", seen.state.version, seen.state.status));
                    self.judge.shown(c, transfer, seen.state);
                }
                Output::Event(Event::Closed(reason)) => {
                    client.is_closed = true;
                    let (key, expiry) = (client.mint.key, client.mint.expiry);
                    let is_over = self.now > expiry * 1_000 - 5_000 && !self.plan.clients[c].can_refresh;
                    let may = key.is_none_or(|key| key + 1 < self.key) || is_over;
                    self.note(|| format!("client {c} stops: {reason:?}"));
                    self.judge.stopped(c, &format!("{reason:?}"), may);
                }
                Output::Event(_) => {}
                Output::Wait(at) => {
                    client.wish += 1;
                    client.wake =
                        at.map(|at| client.clock + i64::try_from(at.as_millis()).unwrap_or(i64::MAX / 2));
                    let (wish, wake) = (client.wish, client.wake);
                    if let Some(wake) = wake {
                        self.at(wake.max(self.now), Ev::Timer { client: c, wish });
                    }
                    return;
                }
            }
        }
    }

    pub(crate) fn timer(&mut self, c: usize, wish: u64) {
        let Some(client) = &self.clients[c] else { return };
        if client.wish == wish {
            match self.now < client.frozen_until {
                true => self.at(client.frozen_until, Ev::Timer { client: c, wish }),
                false => self.feed(c, |session, time| session.handle_timeout(time)),
            }
        }
    }

    fn is_cut(&self, c: usize) -> bool {
        let offline = self.clients[c]
            .as_ref()
            .is_some_and(|client| self.now < client.offline_until);
        offline || self.now < self.partition_until
    }

    fn latency(&mut self) -> Ms {
        let slow = if self.now < self.slow_network.1 {
            self.slow_network.0
        } else {
            0
        };
        let most = self.plan.latency + slow;
        self.rng.i64(1..most + 2)
    }

    fn dial(&mut self, end: End) {
        let (c, conn) = end;
        self.judge.attempted(c);
        let is_cut = self.is_cut(c);
        let (now, latency) = (self.now, self.latency());
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        if let Some(at) = client.lost_held.take() {
            self.judge.redialled(c, now - at);
        }
        let link = Link {
            is_dead: false,
            latency,
            last_in: 0,
            last_out: 0,
            first_frame: None,
        };
        client.links.insert(conn, link);
        if self.plan.clients[c].only_polls || is_cut {
            let after = self.rng.i64(10..400);
            // Some networks refuse, others only swallow.
            if self.rng.u8(..3) > 0 {
                self.after(
                    after,
                    Ev::ToClient {
                        end,
                        word: Word::Failed,
                    },
                );
            }
            return;
        }
        self.after(latency, Ev::Dialled { end });
    }

    /// The signature's judge at the edge: the server's own.
    fn admit(&self, c: usize) -> Result<u64, u16> {
        let Some(client) = &self.clients[c] else {
            return Err(4400);
        };
        let id = &self.ids[self.plan.clients[c].transfer];
        if self.fault == Some(Fault::UnprovenToldAll) {
            return Ok(u64::try_from(client.mint.expiry).unwrap_or(0));
        }
        let now = u64::try_from(self.now / 1_000).unwrap_or(0);
        match signature::verify(&self.ring(), &client.signature, id, now) {
            Ok(claims) => Ok(claims.expiry()),
            Err(error) if error.code() == transfer_status_protocol::ErrorCode::Expired => Err(4410),
            Err(_) => Err(4401),
        }
    }

    pub(crate) fn dialled(&mut self, end: End) {
        let r = self.plan.clients[end.0].transfer;
        match self.admit(end.0) {
            Ok(expiry) => {
                if let Some(client) = &self.clients[end.0] {
                    let mint = client.mint;
                    self.proofs.insert(end, (mint, self.key));
                }
                self.call(r, Call::Watch { end, expiry });
            }
            Err(code) => self.refuse_watch(end, code),
        }
    }

    pub(crate) fn refuse_watch(&mut self, end: End, code: u16) {
        self.send_to_client(end, Word::Opened);
        self.send_to_client(end, Word::Closed(code));
    }

    /// Sends over a link; what is sent over a dead one is lost.
    pub(crate) fn send_to_client(&mut self, end: End, word: Word) {
        let extra = self.rng.i64(0..4);
        let is_cut = self.is_cut(end.0);
        let now = self.now;
        let Some(link) = self.clients[end.0]
            .as_mut()
            .and_then(|client| client.links.get_mut(&end.1))
        else {
            return;
        };
        if is_cut {
            link.is_dead = true;
        }
        if !link.is_dead {
            let at = (now + link.latency + extra).max(link.last_in);
            link.last_in = at;
            self.at(at, Ev::ToClient { end, word });
        }
    }

    pub(crate) fn arrives(&mut self, end: End, word: Word) {
        let now = self.now;
        let fault = self.fault;
        let Some(client) = &mut self.clients[end.0] else {
            return;
        };
        if now < client.frozen_until {
            let at = client.frozen_until;
            return self.at(at, Ev::ToClient { end, word });
        }
        let Some(link) = client.links.get_mut(&end.1) else {
            return;
        };
        if link.is_dead {
            return;
        }
        let conn = ConnId::from_number(end.1);
        match word {
            Word::Opened => self.feed(end.0, |session, time| session.handle_opened(time, conn)),
            Word::Pong => self.feed(end.0, |session, time| {
                session.handle_frame(time, conn, Frame::Pong)
            }),
            Word::Frame(text) if fault == Some(Fault::FinalLostOn1000) && text.contains("completed") => {
                self.note(|| format!("client {} loses {text}", end.0));
            }
            Word::Frame(text) => {
                let frame = match ServerMessage::decode(&text) {
                    Ok(ServerMessage::Status(transfer)) => {
                        link.first_frame.get_or_insert(now);
                        client.counted += 1;
                        match seen(&transfer, fault, client.counted) {
                            Some(seen) => Frame::Snapshot(seen),
                            None => Frame::Malformed,
                        }
                    }
                    Ok(_) => Frame::Notice(()),
                    Err(_) => Frame::Malformed,
                };
                self.feed(end.0, |session, time| session.handle_frame(time, conn, frame));
            }
            Word::Closed(1000) if fault == Some(Fault::FinalLostOn1000) => {
                client.links.remove(&end.1);
                self.feed(end.0, |session, time| session.close(time));
            }
            Word::Closed(code) => {
                // Whose signature may be over asks for a fresh one first.
                let may_refresh = self.plan.clients[end.0].lifetime < 86_400;
                let held = link.first_frame.is_some_and(|at| now - at >= 6_000);
                client.links.remove(&end.1);
                if held {
                    self.judge.may_begin_anew(end.0);
                    if code == 1006
                        && !may_refresh
                        && let Some(client) = &mut self.clients[end.0]
                    {
                        client.lost_held = Some(now);
                    }
                }
                let code = CloseCode::new(code);
                self.feed(end.0, |session, time| session.handle_closed(time, conn, code));
            }
            Word::Failed => {
                client.links.remove(&end.1);
                let failure = Failure::from(Cause::Unreachable);
                self.feed(end.0, |session, time| session.handle_failed(time, conn, failure));
            }
        }
    }

    fn ping(&mut self, end: End) {
        let is_cut = self.is_cut(end.0);
        let now = self.now;
        let Some(link) = self.clients[end.0]
            .as_mut()
            .and_then(|client| client.links.get_mut(&end.1))
        else {
            return;
        };
        if is_cut {
            link.is_dead = true;
        }
        if !link.is_dead {
            let at = (now + link.latency).max(link.last_out);
            link.last_out = at;
            self.at(at, Ev::Pinged { end });
        }
    }

    /// The network's edge answers, without waking anything.
    pub(crate) fn pinged(&mut self, end: End) {
        let r = self.plan.clients[end.0].transfer;
        if self.rooms[r]
            .sockets
            .get(&end)
            .is_some_and(|socket| socket.is_open)
        {
            self.send_to_client(end, Word::Pong);
        }
    }

    fn drop_link(&mut self, end: End) {
        let is_cut = self.is_cut(end.0);
        let now = self.now;
        let Some(client) = &mut self.clients[end.0] else {
            return;
        };
        if let Some(link) = client.links.remove(&end.1)
            && !link.is_dead
            && !is_cut
        {
            self.at((now + link.latency).max(link.last_out), Ev::Dropped { end });
        }
    }

    fn poll(&mut self, c: usize, id: u32, known: Option<u64>) {
        self.judge.polled(c);
        let latency = self.latency();
        if self.is_cut(c) {
            let after = self.rng.i64(10..400);
            if self.rng.u8(..3) > 0 {
                self.after(
                    after,
                    Ev::PollAnswered {
                        client: c,
                        id,
                        status: 0,
                        body: String::new(),
                    },
                );
            }
            return;
        }
        self.after(latency, Ev::Polled { client: c, id, known });
    }

    pub(crate) fn polled(&mut self, c: usize, id: u32, known: Option<u64>) {
        let r = self.plan.clients[c].transfer;
        match self.admit(c) {
            Ok(_) => {
                if let Some(client) = &self.clients[c] {
                    self.poll_proofs.insert(c, (client.mint, self.key));
                }
                self.call(
                    r,
                    Call::Read {
                        client: c,
                        poll: id,
                        known,
                    },
                );
            }
            Err(code) => self.poll_leaves(c, id, code, String::new()),
        }
    }

    pub(crate) fn poll_leaves(&mut self, client: usize, id: u32, status: u16, body: String) {
        let latency = self.latency();
        if !self.is_cut(client) {
            self.after(
                latency,
                Ev::PollAnswered {
                    client,
                    id,
                    status,
                    body,
                },
            );
        }
    }

    pub(crate) fn poll_answered(&mut self, c: usize, id: u32, status: u16, body: String) {
        let fault = self.fault;
        let now = self.now;
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        if now < client.frozen_until {
            let at = client.frozen_until;
            return self.at(
                at,
                Ev::PollAnswered {
                    client: c,
                    id,
                    status,
                    body,
                },
            );
        }
        client.counted += 1;
        let answer = match status {
            200 => match Transfer::decode(&body)
                .ok()
                .and_then(|transfer| seen(&transfer, fault, client.counted))
            {
                Some(seen) => PollAnswer::Snapshot(seen),
                None => PollAnswer::Failed(Cause::Malformed.into()),
            },
            304 => PollAnswer::NotModified,
            4401 => PollAnswer::Refused(Refusal::Unauthorized),
            4410 => PollAnswer::Refused(Refusal::Expired),
            0 => PollAnswer::Failed(Cause::Unreachable.into()),
            status => PollAnswer::Failed(Failure {
                cause: Cause::of_status(status),
                retry_after_ms: Some(1_000),
            }),
        };
        self.feed(c, |session, time| {
            session.handle_poll(time, PollId::from_number(id), answer)
        });
    }

    pub(crate) fn signature_made(&mut self, c: usize, id: u32) {
        let fails = !self.is_healed && self.rng.u8(..6) == 0;
        if !fails {
            let (signature, mint) = self.mint(c);
            if let Some(client) = &mut self.clients[c] {
                client.signature = signature;
                client.mint = mint;
            }
        }
        let answer = if fails {
            SignatureAnswer::Failed
        } else {
            SignatureAnswer::Ready
        };
        self.feed(c, |session, time| {
            session.handle_signature(time, SignatureId::from_number(id), answer)
        });
    }

    pub(crate) fn hint(&mut self, c: usize, hint: Hint) {
        self.note(|| format!("client {c} is told {hint:?}"));
        self.judge.may_begin_anew(c);
        if let Some(client) = &mut self.clients[c] {
            client.lost_held = None;
        }
        self.feed(c, |session, time| session.handle_hint(time, hint));
    }

    pub(crate) fn clock_steps(&mut self, c: usize, by: Ms) {
        self.judge.may_begin_anew(c);
        if let Some(client) = &mut self.clients[c] {
            client.clock -= by;
            client.lost_held = None;
        }
        self.feed(c, |session, time| session.handle_timeout(time));
    }

    /// The links of a client die unnoticed, or are reset.
    pub(crate) fn links_fail(&mut self, c: usize, is_noticed: bool) {
        let Some(client) = &mut self.clients[c] else {
            return;
        };
        let mut conns: Vec<_> = client.links.keys().copied().collect();
        conns.sort_unstable();
        for conn in conns {
            let end = (c, conn);
            if is_noticed {
                self.send_to_client(end, Word::Closed(1006));
                self.after(5, Ev::Dropped { end });
            } else if let Some(link) = self.clients[c]
                .as_mut()
                .and_then(|client| client.links.get_mut(&conn))
            {
                link.is_dead = true;
            }
        }
    }

    pub(crate) fn sleep(&mut self, c: usize, ms: Ms) {
        match self.plan.clients[c].kind {
            // It is frozen without a word, and its links die.
            Kind::Phone => {
                self.links_fail(c, false);
                self.judge.may_begin_anew(c);
                if let Some(client) = &mut self.clients[c] {
                    client.frozen_until = self.now + ms;
                    client.lost_held = None;
                }
            }
            _ => {
                self.hint(c, Hint::Suspend);
                self.after(
                    ms,
                    Ev::Hint {
                        client: c,
                        hint: Hint::Resume,
                    },
                );
            }
        }
    }
}

fn seen(transfer: &Transfer, fault: Option<Fault>, counted: i64) -> Option<Seen> {
    let mut order = transfer.order();
    if fault == Some(Fault::OlderAfterNewer) {
        order = Order {
            version: None,
            updated_at_ms: counted,
            stage: order.stage,
        };
        if order.stage == Stage::Unknown {
            return None;
        }
    }
    Some(Seen {
        order,
        state: State::of_transfer(&transfer.encode())?,
    })
}

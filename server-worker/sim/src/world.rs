//! The time: carries a plan out, one event after the other, until nothing is left to be done.

use std::collections::{BTreeMap, HashMap};

use transfer_status_protocol::session::Hint;
use transfer_status_protocol::sign::{Key, KeyRing};
use transfer_status_protocol::{Status, TransferId, Update};

use crate::client::{Client, Mint, Word};
use crate::domain::outbox::Mark;
use crate::fault::Fault;
use crate::isolate::{Queue, Shard};
use crate::judge::{Judge, Violation};
use crate::kv::Kv;
use crate::plan::{Ms, Plan, START, What};
use crate::room::{Asked, Call, End, Out, Room};
use crate::server::room::batch::Sender;

/// After the faults a client has seen the end within this: see the session's own judge.
const HEALS_WITHIN: Ms = 400_000;
/// Rooms empty within this: safety alarm, settling, retries.
const EMPTIES_WITHIN: Ms = 4 * 3_600_000;
/// So long a call may wait for the archive.
const UNDER_WAY_MS: Ms = 5_000;
/// So far a strike sets an object's clock.
const MOST_SKEW_MS: Ms = 3_000;
const MOST_EVENTS: usize = 3_000_000;
/// A backend gives up waiting for an answer after this, and sends again.
const ANSWERED_WITHIN: Ms = 10_000;

pub(crate) enum Ev {
    Strike(usize),
    Heal,
    Report {
        update: usize,
    },
    Reported {
        update: usize,
        attempt: u32,
    },
    Unanswered {
        update: usize,
        attempt: u32,
    },
    Answered {
        update: usize,
        attempt: u32,
        status: u16,
        body: String,
    },
    Begin {
        client: usize,
    },
    Timer {
        client: usize,
        wish: u64,
    },
    Dialled {
        end: End,
    },
    ToClient {
        end: End,
        word: Word,
    },
    Pinged {
        end: End,
    },
    Dropped {
        end: End,
    },
    Polled {
        client: usize,
        id: u32,
        known: Option<u64>,
    },
    PollAnswered {
        client: usize,
        id: u32,
        status: u16,
        body: String,
    },
    Signature {
        client: usize,
        id: u32,
    },
    Hint {
        client: usize,
        hint: Hint,
    },
    Commit {
        room: usize,
        incarnation: u32,
    },
    Break {
        room: usize,
        incarnation: u32,
    },
    Alarm {
        room: usize,
        at: Ms,
    },
    AlarmAgain {
        room: usize,
    },
    Heard {
        room: usize,
        incarnation: u32,
        asked: Asked,
        text: Option<Option<String>>,
    },
    Wrote {
        room: usize,
        incarnation: u32,
        mark: Mark,
        ok: bool,
    },
    Send {
        room: usize,
        incarnation: u32,
        shard: u16,
        sender: Sender,
    },
    Sent {
        room: usize,
        incarnation: u32,
        shard: u16,
        sender: Sender,
        ok: bool,
    },
    ShardPut {
        shard: u16,
        lines: String,
    },
    ListTimeout {
        room: usize,
        incarnation: u32,
        token: u64,
    },
}

/// A backend's report on its way.
#[derive(Clone, Copy, Default)]
struct Report {
    attempt: u32,
    is_done: bool,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) fault: Option<Fault>,
    pub(crate) now: Ms,
    queue: BTreeMap<(Ms, u64), Ev>,
    count: u64,
    pub(crate) rng: fastrand::Rng,
    pub(crate) ids: Vec<TransferId>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) shards: Vec<Shard>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) senders: Vec<Option<usize>>,
    pub(crate) tokens: u64,
    pub(crate) kv: Kv,
    pub(crate) clients: Vec<Option<Client>>,
    reports: Vec<Report>,
    pub(crate) judge: Judge,
    pub(crate) keys: Vec<Key>,
    pub(crate) forger: Key,
    pub(crate) key: usize,
    pub(crate) proofs: HashMap<End, (Mint, usize)>,
    pub(crate) poll_proofs: HashMap<usize, (Mint, usize)>,
    pub(crate) partition_until: Ms,
    pub(crate) slow_network: (Ms, Ms),
    pub(crate) alarms_late: (Ms, Ms),
    /// So late alarms have ever been.
    latest_alarm: Ms,
    pub(crate) is_healed: bool,
    deploys: Vec<Ms>,
    trace: Option<Vec<String>>,
}

/// How a world went.
#[derive(Debug)]
pub struct Outcome {
    /// The first promise that was not kept.
    pub violation: Option<Violation>,
    /// What happened, one line an event, where that was asked for.
    pub trace: Vec<String>,
    /// How many events there were.
    pub events: u64,
}

/// Lets a world happen, with a fault or with none.
pub fn run(plan: &Plan, fault: Option<Fault>, traced: bool) -> Outcome {
    let mut world = World::new(plan, fault, traced);
    world.live();
    Outcome {
        violation: world.judge.found().cloned(),
        trace: world.trace.unwrap_or_default(),
        events: world.count,
    }
}

impl World {
    fn new(plan: &Plan, fault: Option<Fault>, traced: bool) -> Self {
        let mut plan = plan.clone();
        let end = plan.end();
        for transfer in 0..plan.transfers {
            plan.updates.push(crate::plan::Update {
                at: end + 10 + transfer as Ms,
                transfer,
                status: "completed",
                message: None,
                if_version: None,
                again: None,
            });
        }
        let key = |n: u8| Key::new([n; 32]).unwrap_or_else(|_| unreachable!("32 bytes are a key"));
        let id = |n: usize| {
            TransferId::new(format!("transfer-{n}")).unwrap_or_else(|_| unreachable!("it is an id"))
        };
        let rooms = (0..plan.transfers).map(|_| Room {
            is_old: plan.begins_old,
            ..Room::default()
        });
        let mut world = Self {
            fault,
            now: START,
            queue: BTreeMap::new(),
            count: 0,
            rng: fastrand::Rng::with_seed(plan.seed ^ 0xA11C_E5ED),
            ids: (0..plan.transfers).map(id).collect(),
            rooms: rooms.collect(),
            shards: (0..plan.shards).map(|_| Shard::default()).collect(),
            queues: (0..plan.shards).map(|_| Queue::default()).collect(),
            senders: vec![None; usize::from(plan.shards)],
            tokens: 0,
            kv: Kv::new(plan.kv_caches),
            clients: plan.clients.iter().map(|_| None).collect(),
            reports: vec![Report::default(); plan.updates.len()],
            judge: Judge::new(plan.transfers),
            keys: (1..=4).map(key).collect(),
            forger: key(99),
            key: 0,
            proofs: HashMap::new(),
            poll_proofs: HashMap::new(),
            partition_until: 0,
            slow_network: (0, 0),
            alarms_late: (0, 0),
            latest_alarm: 0,
            is_healed: false,
            deploys: Vec::new(),
            trace: traced.then(Vec::new),
            plan,
        };
        for n in 0..world.plan.updates.len() {
            let (at, again) = (world.plan.updates[n].at, world.plan.updates[n].again);
            world.at(START + at, Ev::Report { update: n });
            if let Some(again) = again {
                world.at(
                    START + at + again,
                    Ev::Reported {
                        update: n,
                        attempt: 0,
                    },
                );
            }
        }
        for n in 0..world.plan.clients.len() {
            let at = world.plan.clients[n].at;
            world.at(START + at, Ev::Begin { client: n });
        }
        for n in 0..world.plan.strikes.len() {
            let at = world.plan.strikes[n].at;
            world.at(START + at, Ev::Strike(n));
        }
        world.at(START + end, Ev::Heal);
        world
    }

    pub(crate) fn at(&mut self, at: Ms, event: Ev) {
        self.count += 1;
        self.queue.insert((at.max(self.now), self.count), event);
    }

    pub(crate) fn after(&mut self, ms: Ms, event: Ev) {
        self.at(self.now.saturating_add(ms.max(0)), event);
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>10} ms  {}", self.now - START, what()));
        }
    }

    /// What the service takes.
    pub(crate) fn ring(&self) -> KeyRing {
        let ring = KeyRing::new(self.keys[self.key].clone());
        let before = match self.fault {
            Some(Fault::PreviousKeyRefused) => None,
            Some(Fault::RotationNotNoticed) => self.key.checked_sub(2).or(self.key.checked_sub(1)),
            _ => self.key.checked_sub(1),
        };
        match before {
            Some(before) => ring.with_previous(self.keys[before].clone()),
            None => ring,
        }
    }

    fn live(&mut self) {
        let end = START + self.plan.end() + 100;
        self.until(end + HEALS_WITHIN);
        for c in 0..self.clients.len() {
            if self.judge.found().is_none()
                && self.clients[c].as_ref().is_some_and(|client| !client.is_closed)
            {
                self.judge.goes_on(c);
            }
        }
        self.judge.judge_attempts();
        if self.plan.is_storm {
            for at in self.deploys.clone() {
                self.judge.judge_crowd(at);
            }
        }
        self.until(end + EMPTIES_WITHIN);
        if self.judge.found().is_none() {
            self.check_end();
        }
    }

    fn check_end(&mut self) {
        for (update, report) in self.reports.clone().iter().enumerate() {
            if !report.is_done {
                self.judge.unanswered(update);
            }
        }
        for shard in &mut self.shards {
            shard.break_down();
        }
        self.look();
        for r in 0..self.rooms.len() {
            let archive = self.kv.truth(r, self.now);
            let shard = usize::from(crate::server::recent::shard::of(
                self.ids[r].as_str(),
                self.plan.shards,
            ));
            let listed = self.shards[shard].shown(self.ids[r].as_str());
            self.judge.ended(r, archive.as_deref(), listed.as_deref());
            let room = &self.rooms[r];
            if room.durable != Default::default() || room.alarm_runs {
                let left = room.durable.clone();
                self.judge.left(|| format!("room {r} still holds {left:?}"));
            }
            if self.rooms[r].sockets.values().any(|socket| socket.is_open) {
                self.judge.left(|| format!("room {r} still has open sockets"));
            }
        }
        for c in 0..self.clients.len() {
            if self.clients[c].as_ref().is_some_and(Client::has_timer) {
                self.judge.left(|| format!("client {c} still has a timer"));
            }
        }
        if self.fault != Some(Fault::RetentionNeverEnds) {
            let now = self.now + 1;
            for shard in &mut self.shards {
                shard.expire(now);
            }
        }
        let is_left = self.shards.iter_mut().any(|shard| shard.expire(0));
        if is_left {
            self.judge
                .left(|| "the list still shows what has outlived the archive".to_owned());
        }
    }

    fn until(&mut self, end: Ms) {
        let mut left = MOST_EVENTS;
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= end
            && self.judge.found().is_none()
        {
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.judge.now = at;
            self.happens(event);
            left -= 1;
            if left == 0 {
                self.judge.left(|| "the world never rests".to_owned());
            }
        }
        self.now = end;
        self.judge.now = end;
    }

    fn is_now(&self, room: usize, incarnation: u32) -> bool {
        self.rooms[room].incarnation == incarnation
    }

    fn happens(&mut self, event: Ev) {
        match event {
            Ev::Strike(n) => self.strike(n),
            Ev::Heal => self.heal(),
            Ev::Report { update } => self.report(update),
            Ev::Reported { update, attempt } => {
                let r = self.plan.updates[update].transfer;
                self.call(r, Call::Update { update, attempt });
            }
            Ev::Unanswered { update, attempt } => {
                let report = self.reports[update];
                if !report.is_done && report.attempt == attempt {
                    self.report(update);
                }
            }
            Ev::Answered {
                update,
                attempt,
                status,
                body,
            } => self.answered(update, attempt, status, &body),
            Ev::Begin { client } => self.begin_client(client),
            Ev::Timer { client, wish } => self.timer(client, wish),
            Ev::Dialled { end } => self.dialled(end),
            Ev::ToClient { end, word } => self.arrives(end, word),
            Ev::Pinged { end } => self.pinged(end),
            Ev::Dropped { end } => {
                let r = self.plan.clients[end.0].transfer;
                self.rooms[r].sockets.remove(&end);
            }
            Ev::Polled { client, id, known } => self.polled(client, id, known),
            Ev::PollAnswered {
                client,
                id,
                status,
                body,
            } => self.poll_answered(client, id, status, body),
            Ev::Signature { client, id } => self.signature_made(client, id),
            Ev::Hint { client, hint } => self.hint(client, hint),
            Ev::Commit { room, incarnation } => self.committed(room, incarnation),
            Ev::Break { room, incarnation } if self.is_now(room, incarnation) => self.break_room(room),
            Ev::Alarm { room, at } => self.alarm_came(room, at),
            Ev::AlarmAgain { room } => self.on_alarm(room),
            Ev::Heard {
                room,
                incarnation,
                asked,
                text,
            } => self.heard(room, incarnation, asked, text),
            Ev::Wrote {
                room,
                incarnation,
                mark,
                ok,
            } if self.is_now(room, incarnation) => self.wrote(room, mark, ok),
            Ev::Send {
                room,
                incarnation,
                shard,
                sender,
            } if self.is_now(room, incarnation) => {
                self.send(room, shard, sender);
            }
            Ev::Sent {
                room,
                incarnation,
                shard,
                sender,
                ok,
            } if self.is_now(room, incarnation) => {
                self.sent(room, shard, sender, ok);
            }
            Ev::ShardPut { shard, lines } => self.shards[usize::from(shard)].put(&lines, self.fault),
            Ev::ListTimeout {
                room,
                incarnation,
                token,
            } => self.list_answered(room, incarnation, token, false),
            Ev::Break { .. } | Ev::Wrote { .. } | Ev::Send { .. } | Ev::Sent { .. } => {}
        }
    }

    // ---- backends

    pub(crate) fn update_of(&self, n: usize) -> Update {
        let plan = &self.plan.updates[n];
        let mut update = Update::new(self.ids[plan.transfer].clone(), Status::from_name(plan.status));
        if let Some(message) = plan.message {
            update = update.with_message(format!("step {message}"));
        }
        match plan.if_version {
            Some(version) => update.with_if_version(version),
            None => update,
        }
    }

    fn report(&mut self, n: usize) {
        self.reports[n].attempt += 1;
        let attempt = self.reports[n].attempt;
        let after = self.rng.i64(2..60);
        self.after(after, Ev::Reported { update: n, attempt });
        self.after(ANSWERED_WITHIN, Ev::Unanswered { update: n, attempt });
    }

    fn answered(&mut self, n: usize, attempt: u32, status: u16, body: &str) {
        self.note(|| format!("update {n} is answered {status}"));
        let transfer = self.plan.updates[n].transfer;
        if status == 200 {
            self.judge.acknowledged(transfer, body);
        }
        match status {
            200 | 409 => self.reports[n].is_done = true,
            _ if self.reports[n].attempt == attempt => {
                let after = self.rng.i64(500..2_000);
                self.after(after, Ev::Unanswered { update: n, attempt });
            }
            _ => {}
        }
    }

    // ---- what leaves a room

    pub(crate) fn send_out(&mut self, r: usize, out: Out) {
        match out {
            Out::Answer {
                update,
                attempt,
                status,
                body,
            } => {
                let after = self.rng.i64(2..60);
                self.after(
                    after,
                    Ev::Answered {
                        update,
                        attempt,
                        status,
                        body,
                    },
                );
            }
            Out::Opened(end) => self.send_to_client(end, Word::Opened),
            Out::Frame(end, text) => {
                self.check_proof(end.0, self.proofs.get(&end).copied());
                self.send_to_client(end, Word::Frame(text));
            }
            Out::Close(end, code) => {
                self.note(|| format!("room {r} closes a socket of client {} with {code}", end.0));
                self.check_close(end, code);
                self.send_to_client(end, Word::Closed(code));
            }
            Out::Read {
                client,
                poll,
                status,
                body,
            } => {
                if status == 200 {
                    self.check_proof(client, self.poll_proofs.get(&client).copied());
                }
                self.poll_leaves(client, poll, status, body);
            }
        }
    }

    /// What the maker of the signature knows of it, against what the service does with it.
    fn check_proof(&mut self, client: usize, proof: Option<(Mint, usize)>) {
        let Some((mint, accepted_with)) = proof else {
            return self.judge.told_without_proof(client, "it has shown nothing");
        };
        match mint.key {
            None => self.judge.told_without_proof(client, "its signature is forged"),
            Some(key) if key + 1 < accepted_with => {
                self.judge
                    .told_without_proof(client, "the key of its signature was taken back");
            }
            Some(_) => {}
        }
        // A call goes on that came in time, an object's clock is not the edge's, and what is written has to be durable
        // first.
        if self.now > (mint.expiry + 1) * 1_000 + UNDER_WAY_MS + MOST_SKEW_MS + 500 {
            self.judge.told_without_proof(client, "its signature has expired");
        }
    }

    /// 4410 comes within 60 s of the expiry, and as much later as the platform's alarms do.
    fn check_close(&mut self, end: End, code: u16) {
        let Some((mint, _)) = self.proofs.get(&end).copied() else {
            return;
        };
        let late = self.latest_alarm + MOST_SKEW_MS + 500;
        if code == 4410 && self.now > (mint.expiry + 1) * 1_000 + 60_000 + late {
            self.judge.closed_late(end.0);
        }
    }

    // ---- what goes wrong

    fn strike(&mut self, n: usize) {
        let what = self.plan.strikes[n].what.clone();
        self.note(|| format!("{what:?}"));
        let now = self.now;
        match what {
            What::Reset(c) => self.links_fail(c, true),
            What::HalfOpen(c) => self.links_fail(c, false),
            What::Offline(c, ms) => {
                if let Some(client) = &mut self.clients[c] {
                    client.offline_until = now + ms;
                    self.hint(c, Hint::Offline);
                    self.after(
                        ms,
                        Ev::Hint {
                            client: c,
                            hint: Hint::Online,
                        },
                    );
                }
            }
            What::Partition(ms) => self.partition_until = now + ms,
            What::SlowNetwork(latency, ms) => self.slow_network = (latency, now + ms),
            What::Sleep(c, ms) => self.sleep(c, ms),
            What::ClientClock(c, by) => self.clock_steps(c, by),
            What::Hint(c, kind) => {
                let hint = match kind {
                    0 => Hint::Online,
                    1 => Hint::Visible,
                    2 => Hint::NetworkChanged,
                    3 => Hint::Foreground,
                    _ => Hint::Offline,
                };
                self.hint(c, hint);
            }
            What::Evict(r) => self.evict(r),
            What::Break(r) => self.break_room(r),
            What::BreakInEvent(r) => self.rooms[r].breaks_next = true,
            What::ServerClock(r, by) => self.rooms[r].skew = by,
            What::AlarmsLate(ms) => {
                self.alarms_late = (ms, now + 600_000);
                self.latest_alarm = self.latest_alarm.max(ms);
            }
            What::AlarmAgain(r) => self.on_alarm(r),
            What::Deploy => self.deploy(),
            What::KvDown(ms) => self.kv.down_until = now + ms,
            What::KvHangs(ms) => self.kv.hangs_until = now + ms,
            What::KvSlow(delay, ms) => self.kv.slow = (delay, now + ms),
            What::KvLosesNext => self.kv.loses_next = true,
            What::KvBusy(ms) => self.kv.busy_until = now + ms,
            What::ShardDown(s, ms) => self.shards[usize::from(s)].down_until = now + ms,
            What::ShardBreaks(s) => self.shards[usize::from(s)].break_down(),
            What::Look => self.look(),
            What::RotateKeys => self.key = (self.key + 1).min(self.keys.len() - 1),
        }
    }

    /// Every object ends, and what isolates share with them.
    fn deploy(&mut self) {
        self.deploys.push(self.now);
        for r in 0..self.rooms.len() {
            self.break_room(r);
            self.rooms[r].is_old = false;
        }
        for shard in &mut self.shards {
            shard.break_down();
        }
        for queue in &mut self.queues {
            *queue = Queue::default();
        }
        self.senders.fill(None);
    }

    fn heal(&mut self) {
        self.note(|| "all is well from here on".to_owned());
        self.is_healed = true;
        self.partition_until = 0;
        self.slow_network = (0, 0);
        self.alarms_late.1 = 0;
        self.kv.heal();
        for shard in &mut self.shards {
            shard.down_until = 0;
        }
        if self.plan.begins_old {
            self.deploy();
        }
        for c in 0..self.clients.len() {
            if let Some(client) = &mut self.clients[c] {
                client.offline_until = 0;
                client.frozen_until = self.now;
                self.hint(c, Hint::Resume);
            }
        }
    }
}

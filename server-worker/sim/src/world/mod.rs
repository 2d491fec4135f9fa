//! The time: carries a plan out, one event after the other, until nothing is left to be done.

mod backend;
mod end;
mod event;
mod leaving;
mod strikes;

use std::collections::{BTreeMap, HashMap};

use transfer_status_protocol::TransferId;
use transfer_status_protocol::sign::{Key, KeyRing};

use crate::client::{Client, Mint};
use crate::fault::Fault;
use crate::isolate::Queue;
use crate::judge::{Judge, Violation};
use crate::kv::Kv;
use crate::look::{Look, MOST_SHARDS};
use crate::plan::{Ms, Plan, START};
use crate::room::{Call, End, Room};
use crate::shard::Shard;

pub(crate) use event::Ev;

/// After the faults a client has seen the end within this: see the session's own judge.
const HEALS_WITHIN: Ms = 400_000;
/// Rooms empty within this: safety alarm, settling, retries.
const EMPTIES_WITHIN: Ms = 4 * 3_600_000;
/// So long a signature is good for at most.
const LONGEST_LIFETIME: Ms = 86_400_000;
/// So long a call may wait for the archive.
const UNDER_WAY_MS: Ms = 5_000;
/// So far a strike sets an object's clock.
const MOST_SKEW_MS: Ms = 3_000;
const MOST_EVENTS: usize = 3_000_000;
/// A backend gives up waiting for an answer after this, and sends again.
const ANSWERED_WITHIN: Ms = 10_000;
/// And the admin, whose request may wait for the archive and the list.
const DELETED_WITHIN: Ms = 60_000;

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
    /// When all has been said, and all has gone wrong, that was planned.
    pub(crate) end: Ms,
    queue: BTreeMap<(Ms, u64), Ev>,
    count: u64,
    pub(crate) rng: fastrand::Rng,
    pub(crate) ids: Vec<TransferId>,
    pub(crate) rooms: Vec<Room>,
    /// As many as there may ever be; the list is spread over the first of them.
    pub(crate) shards: Vec<Shard>,
    pub(crate) list_shards: u16,
    pub(crate) looks: Vec<Look>,
    /// The last look has shown the list.
    pub(crate) looked_well: bool,
    pub(crate) queues: Vec<Queue>,
    pub(crate) senders: Vec<Option<usize>>,
    pub(crate) tokens: u64,
    pub(crate) kv: Kv,
    pub(crate) clients: Vec<Option<Client>>,
    reports: Vec<Report>,
    deletions: Vec<Report>,
    pub(crate) opened: HashMap<End, Ms>,
    /// The lengths of the frames that wait for a client whose link takes nothing any more.
    pub(crate) unsent: HashMap<End, Vec<usize>>,
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
    pub(crate) fn new(plan: &Plan, fault: Option<Fault>, traced: bool) -> Self {
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
        for transfer in plan.deleted_last.clone() {
            // When nobody watches any more.
            let at = end + HEALS_WITHIN + 1_000;
            plan.deletions.push(crate::plan::Deletion { at, transfer });
        }
        let key = |n: u8| Key::new([n; 32]).unwrap_or_else(|_| unreachable!("32 bytes are a key"));
        let id = |n: usize| {
            TransferId::new(format!("transfer-{n}")).unwrap_or_else(|_| unreachable!("it is an id"))
        };
        let rooms = (0..plan.transfers).map(|_| Room {
            is_old: plan.begins_old,
            shards: plan.shards,
            ..Room::default()
        });
        let mut world = Self {
            fault,
            now: START,
            end: START + end,
            queue: BTreeMap::new(),
            count: 0,
            rng: fastrand::Rng::with_seed(plan.seed ^ 0xA11C_E5ED),
            ids: (0..plan.transfers).map(id).collect(),
            rooms: rooms.collect(),
            shards: (0..MOST_SHARDS).map(|_| Shard::default()).collect(),
            list_shards: plan.shards,
            looks: Vec::new(),
            looked_well: false,
            queues: (0..MOST_SHARDS).map(|_| Queue::default()).collect(),
            senders: vec![None; usize::from(MOST_SHARDS)],
            tokens: 0,
            kv: Kv::new(plan.kv_caches),
            clients: plan.clients.iter().map(|_| None).collect(),
            reports: vec![Report::default(); plan.updates.len()],
            deletions: vec![Report::default(); plan.deletions.len()],
            opened: HashMap::new(),
            unsent: HashMap::new(),
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
        for n in 0..world.plan.deletions.len() {
            let at = world.plan.deletions[n].at;
            world.at(START + at, Ev::Delete { deletion: n });
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

    pub(crate) fn until(&mut self, end: Ms) {
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

    pub(crate) fn is_now(&self, room: usize, incarnation: u32) -> bool {
        self.rooms[room].incarnation == incarnation
    }

    pub(crate) fn happens(&mut self, event: Ev) {
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
            Ev::HandIn { room, incarnation } if self.is_now(room, incarnation) => {
                self.hand_in_in_turn(room);
            }
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
                delivery,
                mark,
                ok,
            } if self.is_now(room, incarnation) => self.wrote(room, delivery, mark, ok),
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
            Ev::ShardPut(delivered) => self.shard_put(delivered),
            Ev::Announced(delivered) => self.announced(delivered),
            Ev::ShardAsked { look, shard } => self.shard_asked(look, shard),
            Ev::ShardAnswers { look, answer } => self.shard_answered(look, answer),
            Ev::HandedOver {
                shard,
                life,
                sent,
                ok,
            } => self.handed_over(shard, life, sent, ok),
            Ev::Leave { shard, shards, life } => self.leave_shard(shard, shards, life),
            Ev::Left { life, ok } => self.shard_left(life, ok),
            Ev::JoinsDeploy { room } => {
                self.break_room(room);
                self.rooms[room].shards = self.list_shards;
            }
            Ev::ListTimeout { waiting } => self.list_answered(waiting, false),
            Ev::Unarchived {
                room,
                incarnation,
                delivery,
                ok,
            } if self.is_now(room, incarnation) => self.unarchived(room, delivery, ok),
            Ev::Unlisted {
                room,
                incarnation,
                delivery,
                removed,
                ok,
            } if self.is_now(room, incarnation) => self.unlisted(room, delivery, removed, ok),
            Ev::Delete { deletion } => self.send_deletion(deletion),
            Ev::DeleteArrives { deletion, attempt } => {
                let r = self.plan.deletions[deletion].transfer;
                self.call(r, Call::Delete { deletion, attempt });
            }
            Ev::DeleteUnanswered { deletion, attempt } => {
                let report = self.deletions[deletion];
                if !report.is_done && report.attempt == attempt {
                    self.send_deletion(deletion);
                }
            }
            Ev::DeleteAnswered {
                deletion,
                attempt,
                status,
            } => self.deletion_answered(deletion, attempt, status),
            Ev::Unarchived { .. } | Ev::Unlisted { .. } => {}
            Ev::Break { .. } | Ev::Wrote { .. } | Ev::HandIn { .. } | Ev::Send { .. } | Ev::Sent { .. } => {}
        }
    }
}

//! A room's way to the list, by the batch of its isolate, as the server's `room/listing.rs` has it.

use std::cell::Cell;
use std::rc::Rc;

use super::Task;
use crate::domain::outbox::{Known, Mark};
use crate::domain::record::Record;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::room::POLICY;
use crate::server::recent::index::moving;
use crate::server::room::batch::{Change, MOST_BYTES, Next, Role, Sender};
use crate::world::{Ev, World};

pub(crate) const ARRIVES_WITHIN_MS: Ms = 15_000;

/// Who waits to hear whether a change has arrived: a room, its incarnation, its delivery and what that waits for.
pub(crate) type Waiting = (usize, u32, u64, u64);

/// A change for the list, to be handed in once it is durable.
pub(crate) struct HandIn {
    mark: Mark,
    line: String,
    known: Rc<Cell<Known>>,
    waiting: Option<Waiting>,
}

impl World {
    pub(crate) fn hand_in(&mut self, r: usize, record: &Record, waiting: Option<Waiting>) {
        let task = HandIn {
            mark: record.mark(),
            line: moving::change(&record.listed(), 0),
            known: Rc::clone(&self.memory(r).known),
            waiting,
        };
        match self.rooms[r].commits {
            true => self.rooms[r].after_commit.push(Task::HandIn(task)),
            false => self.hand_in_now(r, task),
        }
    }

    pub(crate) fn hand_in_now(&mut self, r: usize, task: HandIn) {
        let shard = crate::server::recent::shard::of(self.ids[r].as_str(), self.rooms[r].shards);
        let change = Change {
            id: self.ids[r].as_str().into(),
            mark: task.mark,
            text: task.line,
            receipt: task.known,
            waiting: task.waiting.into_iter().collect(),
        };
        let now = self.room_now(r);
        let queue = &mut self.queues[usize::from(shard)];
        let space = MOST_BYTES.saturating_sub(queue.bytes());
        match queue.put(change, space, now) {
            Role::Sender(sender) => self.send(r, shard, sender),
            Role::Joined => {}
            Role::Refused => {
                if let Some(waiting) = task.waiting {
                    self.list_answered(waiting, false);
                }
            }
        }
    }

    /// Sends a shard's batch on, as the room that does.
    pub(crate) fn send(&mut self, r: usize, shard: u16, sender: Sender) {
        let now = self.room_now(r);
        let incarnation = self.rooms[r].incarnation;
        self.senders[usize::from(shard)] = Some(r);
        match self.queues[usize::from(shard)].next(sender, now) {
            Next::Done => self.senders[usize::from(shard)] = None,
            Next::Pause(pause) => self.after(
                pause,
                Ev::Send {
                    room: r,
                    incarnation,
                    shard,
                    sender,
                },
            ),
            Next::Send(lines) => {
                let answer = Ev::Sent {
                    room: r,
                    incarnation,
                    shard,
                    sender,
                    ok: true,
                };
                self.call_shard(shard, lines, answer);
            }
        }
    }

    pub(crate) fn sent(&mut self, r: usize, shard: u16, sender: Sender, ok: bool) {
        let now = self.room_now(r);
        let queue = &mut self.queues[usize::from(shard)];
        if ok || self.fault == Some(Fault::BatchLostOnFailure) {
            let arrived = queue.arrived(sender, now);
            for change in arrived {
                let mut known = change.receipt.get();
                known.note_listed(change.mark);
                change.receipt.set(known);
                for waiting in change.waiting {
                    self.list_answered(waiting, true);
                }
            }
            return self.send(r, shard, sender);
        }
        let (_, waiting) = queue.failed(sender);
        self.senders[usize::from(shard)] = None;
        for waiting in waiting {
            self.list_answered(waiting, false);
        }
        if let Some(record) = self.row(r) {
            let at = POLICY.retry(record.mark().updated_at, now);
            self.arm(r, at);
        }
    }

    pub(crate) fn list_answered(&mut self, (r, incarnation, id, token): Waiting, arrived: bool) {
        if self.rooms[r].incarnation != incarnation {
            return;
        }
        self.tokens += 1;
        let next = self.tokens;
        if let Some(delivery) = self.memory(r).deliveries.get_mut(&id)
            && delivery.token == token
        {
            delivery.token = next;
            delivery.failed.index = !arrived;
            self.deliver(r, id);
        }
    }
}

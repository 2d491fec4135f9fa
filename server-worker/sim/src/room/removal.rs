//! A deletion in its room, as the server's `room/removal.rs` has it.

use super::{Out, POLICY, Task};
use crate::domain::outbox::Known;
use crate::domain::removal::Tombstone;
use crate::domain::stored::Stored;
use crate::fault::Fault;
use crate::server::recent::index::moving;
use crate::world::{Ev, World};

/// A call that waits for the delivery to do its part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deletion {
    deletion: usize,
    attempt: u32,
    /// A delivery has begun since it came.
    pub(crate) has_run: bool,
}

impl World {
    pub(crate) fn delete(&mut self, r: usize, deletion: usize, attempt: u32, stored: Option<Stored>) {
        let now = self.room_now(r);
        let answer = |status| Out::Deleted {
            deletion,
            attempt,
            status,
        };
        match stored.as_ref().and_then(Stored::record) {
            Some(record) => {
                let tombstone = Tombstone::of(record.mark(), now);
                self.arm(r, POLICY.safety(now));
                let current = &mut self.rooms[r].current;
                current.row = None;
                current.settled = None;
                current.deleted = Some(tombstone);
                self.judge.removed(r);
                self.touched(r);
                self.memory(r).stored = Some(Stored::Nowhere);
                self.knows(r, |known| *known = Known::default());
                if self.fault != Some(Fault::DeletedSocketsStay) {
                    let open = self.rooms[r].sockets.iter().filter(|(_, socket)| socket.is_open);
                    let ends: Vec<_> = open.map(|(end, _)| *end).collect();
                    for end in ends {
                        self.close(r, end, 4404);
                    }
                }
            }
            None if self.is_removal_owed(r) => {}
            None => return self.leave(r, answer(404)),
        }
        self.memory(r).deletions.push(Deletion {
            deletion,
            attempt,
            has_run: false,
        });
        if !self.is_delivering(r) {
            self.begin_delivery(r);
        }
    }

    fn is_removal_owed(&self, r: usize) -> bool {
        let tombstone = self.rooms[r].current.deleted;
        tombstone.is_some_and(|tombstone| tombstone.is_owed)
    }

    /// A delivery has ended: answers the deletions that have waited for it; whether one waits for another.
    pub(crate) fn deletions_end(&mut self, r: usize) -> bool {
        let is_owed = self.is_removal_owed(r);
        let waiting = std::mem::take(&mut self.memory(r).deletions);
        let (answered, waiting): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|deletion| deletion.has_run || !is_owed);
        let goes_on = !waiting.is_empty();
        self.memory(r).deletions = waiting;
        for Deletion {
            deletion, attempt, ..
        } in answered
        {
            let status = if is_owed { 503 } else { 204 };
            self.leave(
                r,
                Out::Deleted {
                    deletion,
                    attempt,
                    status,
                },
            );
        }
        goes_on
    }

    /// Takes what lies elsewhere away, once it is durable that it has to go.
    pub(crate) fn remove_elsewhere(&mut self, r: usize, id: u64) {
        match self.rooms[r].commits {
            true => self.rooms[r].after_commit.push(Task::Remove(id)),
            false => self.remove_now(r, id),
        }
    }

    pub(crate) fn remove_now(&mut self, r: usize, id: u64) {
        let (delay, ok) = match self.fault {
            Some(Fault::DeletionForgetsTheArchive) => (1, true),
            _ => self.write_kv(r, None),
        };
        let incarnation = self.rooms[r].incarnation;
        self.after(
            delay,
            Ev::Unarchived {
                room: r,
                incarnation,
                delivery: id,
                ok,
            },
        );
    }

    /// The archive has answered; now the list.
    pub(crate) fn unarchived(&mut self, r: usize, id: u64, archived: bool) {
        let Some(tombstone) = self.rooms[r].current.deleted else {
            return self.goes_on(r, id, |_| {});
        };
        let shard = crate::server::recent::shard::of(self.ids[r].as_str(), self.rooms[r].shards);
        let lines = match self.fault {
            Some(Fault::DeletionForgetsTheList) => String::new(),
            _ => moving::removal(self.ids[r].as_str(), tombstone.deleted_at),
        };
        let answer = Ev::Unlisted {
            room: r,
            incarnation: self.rooms[r].incarnation,
            delivery: id,
            removed: tombstone,
            ok: archived,
        };
        self.call_shard(shard, lines, answer);
    }

    /// Both have answered.
    pub(crate) fn unlisted(&mut self, r: usize, id: u64, removed: Tombstone, ok: bool) {
        self.knows(r, Known::note_removed);
        let tombstone = self.rooms[r].current.deleted;
        let tombstone = tombstone.filter(|tombstone| tombstone.is_settled_by(removed));
        if ok && let Some(tombstone) = tombstone {
            match self.row(r) {
                Some(_) => {
                    self.rooms[r].current.deleted = None;
                    self.touched(r);
                }
                None => {
                    let done =
                        Some(tombstone.done()).filter(|_| self.fault != Some(Fault::TombstoneGoesAtOnce));
                    self.memory(r).stored = Some(Stored::Nowhere);
                    self.forget_all(r, done);
                }
            }
        }
        self.goes_on(r, id, |failed| failed.removal = !ok || failed.removal);
    }

    /// The archive was looked at for the last time.
    pub(crate) fn looked_last(&mut self, r: usize, id: u64, text: Option<Option<String>>) {
        match text {
            // An update may have come during the wait, and another deletion after it.
            Some(None)
                if self.rooms[r]
                    .current
                    .deleted
                    .is_none_or(|tombstone| tombstone.is_owed) =>
            {
                self.goes_on(r, id, |_| {});
            }
            Some(None) => {
                self.memory(r).stored = Some(Stored::Nowhere);
                self.forget_all(r, None);
                self.goes_on(r, id, |_| {});
            }
            // A write that was under way has come after all.
            Some(Some(_)) => {
                if let Some(delivery) = self.memory(r).deliveries.get_mut(&id) {
                    delivery.failed.removal = true;
                }
                self.remove_elsewhere(r, id);
            }
            None => self.goes_on(r, id, |failed| failed.removal = true),
        }
    }
}

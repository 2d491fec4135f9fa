//! What a room stores and what it knows to be stored, as the server's `room/storage.rs` and `room/mod.rs` have it.

use std::rc::Rc;

use super::{POLICY, Store};
use crate::domain::attachment::Attachment;
use crate::domain::outbox::Known;
use crate::domain::record::Record;
use crate::domain::removal::Tombstone;
use crate::domain::stored::Stored;
use crate::domain::timeline;
use crate::fault::Fault;
use crate::world::World;

impl World {
    /// What the room can tell by itself.
    pub(crate) fn stored_here(&mut self, r: usize) -> Option<Stored> {
        if let Some(stored) = &self.memory(r).stored {
            return Some(stored.clone());
        }
        let now = self.room_now(r);
        let room = &self.rooms[r];
        let settled = timeline::decode(room.current.settled.as_deref());
        let record = room
            .current
            .row
            .as_deref()
            .and_then(|row| Record::from_row(row, settled.ok()?));
        let is_blank = || {
            let open = room.sockets.values().filter(|socket| socket.is_open);
            open.map(|socket| Attachment::decode(&socket.attachment, now))
                .any(|known| matches!(known, Some((Attachment::Watching { blank: true, .. }, _))))
        };
        let found = Stored::here(record, room.current.deleted, is_blank)?;
        self.memory(r).stored = Some(found.clone());
        Some(found)
    }

    /// The room's own record, as far as it was looked up.
    pub(crate) fn row(&self, r: usize) -> Option<Rc<Record>> {
        let stored = self.rooms[r].memory.as_ref()?.stored.as_ref()?;
        stored.row().cloned()
    }

    /// Notes something of what the others have.
    pub(crate) fn knows(&mut self, r: usize, note: impl FnOnce(&mut Known)) {
        let cell = &self.memory(r).known;
        let mut known = cell.get();
        note(&mut known);
        cell.set(known);
    }

    pub(crate) fn save(&mut self, r: usize, record: &Record, replaces: bool) {
        let room = &mut self.rooms[r];
        if replaces {
            room.current.settled = None;
        }
        if record.timeline.has_just_settled() {
            room.current.settled = Some(record.timeline.encode_settled());
        }
        let row = record.row();
        let archive_failed = self.kv.last_trouble.is_some_and(|at| self.now < at + 90_000);
        self.judge.written(r, &row, archive_failed);
        let current = &mut self.rooms[r].current;
        current.row = Some(row);
        current.deleted = current.deleted.filter(|tombstone| tombstone.is_owed);
        self.touched(r);
    }

    /// Deletes all that is stored here but for `tombstone`.
    pub(crate) fn forget_all(&mut self, r: usize, tombstone: Option<Tombstone>) {
        self.note(|| format!("room {r} empties"));
        let copy = self.kv.truth(r, self.now);
        if self.rooms[r].current.row.is_some() {
            self.judge.emptied(r, copy.as_deref());
        }
        let alarm = (self.fault == Some(Fault::AlarmNeverEnds)).then_some(self.now + POLICY.retry_ms);
        self.rooms[r].current = Store {
            alarm: alarm.or(tombstone.map(Tombstone::end)),
            deleted: tombstone,
            ..Store::default()
        };
        self.touched(r);
    }
}

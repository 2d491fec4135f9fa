//! The platform around a room: a commit and what it holds back until then, the end of an object, its sleep.

use super::{Memory, Out, Task};
use crate::fault::Fault;
use crate::plan::Ms;
use crate::world::{Ev, World};

impl World {
    pub(crate) fn room_now(&self, r: usize) -> Ms {
        self.now + self.rooms[r].skew
    }

    pub(crate) fn memory(&mut self, r: usize) -> &mut Memory {
        self.rooms[r].memory.get_or_insert_default()
    }

    /// Lets something leave, once what was written is durable.
    pub(crate) fn leave(&mut self, r: usize, out: Out) {
        let is_gated = self.rooms[r].commits && self.fault != Some(Fault::NoOutputGate);
        match is_gated {
            true => self.rooms[r].gated.push(out),
            false => self.send_out(r, out),
        }
    }

    /// Something in the store has changed: it is durable a moment later.
    pub(crate) fn touched(&mut self, r: usize) {
        if !std::mem::replace(&mut self.rooms[r].commits, true) {
            let after = self.rng.i64(1..12) + if self.rng.u8(..16) == 0 { 300 } else { 0 };
            let incarnation = self.rooms[r].incarnation;
            if std::mem::take(&mut self.rooms[r].breaks_next) {
                let at = self.rng.i64(0..after);
                self.after(at, Ev::Break { room: r, incarnation });
            }
            self.after(after, Ev::Commit { room: r, incarnation });
        }
    }

    pub(crate) fn committed(&mut self, r: usize, incarnation: u32) {
        let room = &mut self.rooms[r];
        if room.incarnation != incarnation {
            return;
        }
        room.commits = false;
        if std::mem::take(&mut room.alarm_done) {
            room.alarm_runs = false;
        }
        let alarm_moved = room.durable.alarm != room.current.alarm;
        room.durable = room.current.clone();
        let (gated, tasks) = (
            std::mem::take(&mut room.gated),
            std::mem::take(&mut room.after_commit),
        );
        if let Some(at) = room.durable.alarm.filter(|_| alarm_moved) {
            self.schedule_alarm(r, at);
        }
        self.judge.durable(r);
        for out in gated {
            self.send_out(r, out);
        }
        for task in tasks {
            match task {
                Task::HandIn(task) => self.hand_in_now(r, task),
                Task::Remove(id) => self.remove_now(r, id),
            }
        }
    }

    pub(crate) fn schedule_alarm(&mut self, r: usize, at: Ms) {
        // The platform's clock is not the object's.
        let late = self.rng.i64(0..50)
            + if self.now < self.alarms_late.1 {
                self.alarms_late.0
            } else {
                0
            };
        self.at((at.max(self.now)) + late, Ev::Alarm { room: r, at });
    }

    /// The object ends in the middle of whatever it does, and its sockets with it.
    pub(crate) fn break_room(&mut self, r: usize) {
        self.note(|| format!("room {r} breaks"));
        let room = &mut self.rooms[r];
        room.incarnation += 1;
        room.memory = None;
        room.current = room.durable.clone();
        room.commits = false;
        room.alarm_done = false;
        room.gated.clear();
        room.after_commit.clear();
        let sockets = std::mem::take(&mut room.sockets);
        let repeats = room.alarm_runs;
        let row = room.durable.row.clone();
        self.judge.broken(r, row.as_deref());
        for (end, socket) in sockets {
            if socket.is_open {
                self.send_to_client(end, crate::client::Word::Closed(1006));
            }
        }
        if repeats {
            self.after(2_000, Ev::AlarmAgain { room: r });
        }
    }

    /// The object sleeps; sockets stay, memory goes. It does so only with nothing under way.
    pub(crate) fn evict(&mut self, r: usize) {
        let room = &self.rooms[r];
        let is_busy = room.commits
            || room.alarm_runs
            || room
                .memory
                .as_ref()
                .is_some_and(|memory| memory.waiting > 0 || !memory.deliveries.is_empty());
        if !is_busy && !self.is_sender(r) {
            self.note(|| format!("room {r} sleeps"));
            let room = &mut self.rooms[r];
            room.memory = None;
            room.incarnation += 1;
        }
    }
}

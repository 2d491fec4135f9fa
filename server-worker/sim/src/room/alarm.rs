//! A room's alarm: set, and come, as the server's `room/alarm.rs` has it.

use crate::domain::alarm;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::world::World;

impl World {
    pub(crate) fn alarm_came(&mut self, r: usize, at: Ms) {
        if self.rooms[r].durable.alarm != Some(at) {
            return;
        }
        self.rooms[r].durable.alarm = None;
        if self.rooms[r].current.alarm == Some(at) {
            self.rooms[r].current.alarm = None;
        }
        self.on_alarm(r);
    }

    pub(crate) fn on_alarm(&mut self, r: usize) {
        self.note(|| format!("room {r}'s alarm comes"));
        self.rooms[r].alarm_runs = true;
        self.rooms[r].alarm_done = false;
        let next_socket = self.sweep(r);
        // What `settle_accounts` does.
        let _ = self.stored_here(r);
        if self.row(r).is_none() && self.rooms[r].current.deleted.is_none() {
            match next_socket {
                Some(at) => self.arm(r, at),
                None if self.first_socket(r).is_none() => self.forget_all(r, None),
                None => {}
            }
            return self.alarm_ends(r);
        }
        if self.fault == Some(Fault::AlarmTakenForAFact)
            && let Some(record) = self.row(r)
        {
            self.knows(r, |known| known.note_listed(record.mark()));
        }
        match self.is_delivering(r) {
            true => self.memory(r).deliver_again = true,
            false => self.begin_delivery(r),
        }
    }

    /// An alarm has been handled once what its handler wrote is durable.
    pub(crate) fn alarm_ends(&mut self, r: usize) {
        let room = &mut self.rooms[r];
        match room.commits {
            true => room.alarm_done = room.alarm_runs,
            false => room.alarm_runs = false,
        }
    }

    /// Sees to it that an alarm comes no later than `at`.
    pub(crate) fn arm(&mut self, r: usize, at: Ms) {
        if let Some(at) = alarm::no_later_than(self.rooms[r].current.alarm, at) {
            self.set_alarm(r, at);
        }
    }

    pub(crate) fn set_alarm(&mut self, r: usize, at: Ms) {
        if self.rooms[r].current.alarm != Some(at) {
            self.rooms[r].current.alarm = Some(at);
            self.touched(r);
        }
    }
}

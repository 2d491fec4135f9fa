//! A room's delivery: one at a time, which looks at what is stored anew before each step, as the server's
//! `room/delivery.rs` and `room/listing.rs` do. Each step is the server's own `Policy` that says so.

use std::rc::Rc;

use transfer_status_protocol::Timestamp;

use super::listing::ARRIVES_WITHIN_MS;
use crate::domain::outbox::{Copied, Failed, Known, Mark, SETTLE_MS, Step, Written};
use crate::domain::reconcile::{Confirmed, confirm};
use crate::domain::record::Record;
use crate::domain::removal::Turn;
use crate::domain::stored::Stored;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::room::{Asked, POLICY};
use crate::server::room::pace::{self, Pace};
use crate::world::{Ev, World};

const ARCHIVE_WITHIN_MS: Ms = 10_000;

/// A delivery that is under way.
pub(crate) struct Delivery {
    pub(crate) token: u64,
    pub(crate) failed: Failed,
}

/// What a delivery asks the archive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    Copy,
    Before,
    /// Whether it has a deleted transfer again.
    LastLook,
}

impl World {
    pub(crate) fn deliver_soon(&mut self, r: usize, record: &Rc<Record>) {
        let now = self.room_now(r);
        let incarnation = self.rooms[r].incarnation;
        let memory = self.memory(r);
        let (turn, pace) = memory.pace.change(now);
        memory.pace = pace;
        match turn {
            pace::Turn::Now => self.hand_in(r, record, None),
            pace::Turn::After(pause) => self.after(pause, Ev::HandIn { room: r, incarnation }),
            pace::Turn::Along => {}
        }
        if record.held().is_urgent() && !self.is_delivering(r) {
            self.begin_delivery(r);
        }
    }

    /// The pause after a hand-in is over.
    pub(crate) fn hand_in_in_turn(&mut self, r: usize) {
        let now = self.room_now(r);
        let memory = self.memory(r);
        memory.pace = Pace::HandedIn(now);
        let known = memory.known.get();
        if let Some(record) = self.row(r)
            && !known.is_listed(record.mark())
        {
            self.hand_in(r, &record, None);
        }
    }

    /// Whether a delivery is under way, which takes along what comes in the meantime.
    pub(crate) fn is_delivering(&mut self, r: usize) -> bool {
        self.fault != Some(Fault::TwoDeliveries) && !self.memory(r).deliveries.is_empty()
    }

    pub(crate) fn begin_delivery(&mut self, r: usize) {
        self.tokens += 1;
        let id = self.tokens;
        let memory = self.memory(r);
        for deletion in &mut memory.deletions {
            deletion.has_run = true;
        }
        let delivery = Delivery {
            token: id,
            failed: Failed::default(),
        };
        memory.deliveries.insert(id, delivery);
        self.deliver(r, id);
    }

    pub(crate) fn deliver(&mut self, r: usize, id: u64) {
        let now = self.room_now(r);
        let incarnation = self.rooms[r].incarnation;
        let row = self.row(r);
        let here = (
            row.as_ref().map(|record| record.held()),
            self.rooms[r].current.deleted,
        );
        let first_socket = self.first_socket(r);
        let memory = self.memory(r);
        let known = memory.known.get();
        let Some(delivery) = memory.deliveries.get(&id) else {
            return;
        };
        let (token, failed) = (delivery.token, delivery.failed);
        let turn = POLICY.turn(here, &known, failed, first_socket, now);
        self.note(|| format!("room {r}: {turn:?}"));
        let (mut step, record) = match (turn, row) {
            (Turn::Deliver(step), Some(record)) => (step, record),
            (Turn::Remove, _) => return self.remove_elsewhere(r, id),
            (Turn::Verify, _) if self.fault == Some(Fault::NoLastLook) => {
                self.forget_all(r, None);
                return self.goes_on(r, id, |_| {});
            }
            (Turn::Verify, _) => {
                return self.ask_kv(r, ARCHIVE_WITHIN_MS, Asked::Delivery(id, Question::LastLook));
            }
            (Turn::Wait(at), _) => {
                self.arm(r, first_socket.map_or(at, |due| due.min(at)));
                return self.delivery_ends(r, id);
            }
            (Turn::Done | Turn::Deliver(_), _) => return self.delivery_ends(r, id),
        };
        let held = record.held();
        if self.fault == Some(Fault::NoReadBack)
            && step == Step::Ask
            && matches!(known.archive, Copied::Has { mark, .. } if mark == held.mark)
        {
            step = Step::Empty;
        }
        match step {
            Step::List => {
                let waiting = (r, incarnation, id, token);
                self.after(ARRIVES_WITHIN_MS, Ev::ListTimeout { waiting });
                self.hand_in(r, &record, Some(waiting));
            }
            Step::Confirm => self.ask_kv(r, ARCHIVE_WITHIN_MS, Asked::Delivery(id, Question::Before)),
            Step::Ask => self.ask_kv(r, ARCHIVE_WITHIN_MS, Asked::Delivery(id, Question::Copy)),
            Step::Write => {
                let is_listed = known.is_listed(held.mark);
                let mut text = record.archive(now, is_listed);
                if self.rooms[r].is_old {
                    // The release before did not say when it wrote, nor what the list had.
                    text = text
                        .split(",\"archivedAt\"")
                        .next()
                        .unwrap_or_default()
                        .to_owned()
                        + "}";
                }
                let (delay, ok) = self.write_kv(r, Some(text));
                let mark = held.mark;
                self.memory(r).waiting += 1;
                self.after(
                    delay,
                    Ev::Wrote {
                        room: r,
                        incarnation,
                        delivery: id,
                        mark,
                        ok,
                    },
                );
            }
            Step::Empty => {
                self.memory(r).stored = Some(Stored::Archived(record));
                self.forget_all(r, None);
                self.delivery_ends(r, id);
            }
            Step::Wait(at) => {
                self.arm(r, first_socket.map_or(at, |due| due.min(at)));
                self.delivery_ends(r, id);
            }
            Step::Rest(at) => {
                let set_for = self.rooms[r].current.alarm;
                if let Some(at) = POLICY.rest(set_for, at, first_socket, held.is_final) {
                    self.set_alarm(r, at);
                }
                self.delivery_ends(r, id);
            }
        }
    }

    /// Writes to the archive, or deletes there.
    pub(crate) fn write_kv(&mut self, r: usize, text: Option<String>) -> (Ms, bool) {
        let (delay, ok) = self.kv.put(&mut self.rng, r, text, self.now, ARCHIVE_WITHIN_MS);
        let incarnation = self.rooms[r].incarnation;
        self.judge.archive_write(r, incarnation, self.now + delay);
        (delay, ok.is_some())
    }

    pub(crate) fn delivery_ends(&mut self, r: usize, id: u64) {
        let memory = self.memory(r);
        memory.deliveries.remove(&id);
        let goes_on = std::mem::take(&mut memory.deliver_again);
        let goes_on = self.deletions_end(r) || goes_on;
        match goes_on && !self.is_delivering(r) {
            true => self.begin_delivery(r),
            false => self.alarm_ends(r),
        }
    }

    pub(crate) fn wrote(&mut self, r: usize, id: u64, mark: Mark, ok: bool) {
        let now = self.room_now(r);
        self.memory(r).waiting -= 1;
        if ok {
            self.knows(r, |known| known.note_written(mark, now));
        }
        self.goes_on(r, id, |failed| failed.archive = !ok);
    }

    /// A step has been taken, and how it went is noted.
    pub(crate) fn goes_on(&mut self, r: usize, id: u64, note: impl FnOnce(&mut Failed)) {
        if let Some(delivery) = self.memory(r).deliveries.get_mut(&id) {
            note(&mut delivery.failed);
            self.deliver(r, id);
        }
    }

    pub(crate) fn delivery_heard(
        &mut self,
        r: usize,
        id: u64,
        question: Question,
        text: Option<Option<String>>,
    ) {
        let failed = match question {
            Question::LastLook => return self.looked_last(r, id, text),
            Question::Before => !self.confirmed(r, text),
            Question::Copy => match text {
                None => true,
                Some(text) => {
                    self.copy_heard(r, text);
                    false
                }
            },
        };
        self.goes_on(r, id, |known| known.archive = failed);
    }

    pub(crate) fn copy_heard(&mut self, r: usize, text: Option<String>) {
        let now = self.room_now(r);
        // The delivery has looked at this record before it asked; it looks again before it acts.
        let Some(record) = self.row(r) else { return };
        let copy = text.and_then(|text| Record::from_archive(&text));
        let written = match (copy, self.fault) {
            (Some(copy), Some(Fault::OldCopyIsThisOne)) => copy.written(&copy.record),
            (_, Some(Fault::AnyCopyIsProof)) => Some(Written {
                at: now - SETTLE_MS,
                is_listed: false,
            }),
            (copy, _) => copy.and_then(|copy| copy.written(&record)),
        };
        self.knows(r, |known| known.note_read(record.mark(), written, now));
    }

    /// What the archive had before a first update that did not wait for it; `false`: it is still not known.
    pub(crate) fn confirmed(&mut self, r: usize, text: Option<Option<String>>) -> bool {
        let Some(text) = text else { return false };
        let Some(held) = self.row(r).filter(|record| record.unconfirmed.is_some()) else {
            return true;
        };
        let copy = text.and_then(|text| Record::from_archive(&text));
        let copy = copy.filter(|_| self.fault != Some(Fault::NeverReconciled));
        let now = self.room_now(r);
        let archived = copy.as_ref().map(|copy| &copy.record);
        let record = match confirm(&held, archived, Timestamp::from_unix_millis(now)) {
            Confirmed::Merged(merged) => {
                let merged = Rc::new(merged);
                self.arm(r, POLICY.safety(now));
                self.save(r, &merged, true);
                self.knows(r, Known::note_changed);
                self.tell(r, &merged);
                merged
            }
            Confirmed::Alone(record) => {
                self.judge.confirmed(r);
                Rc::new(record)
            }
        };
        self.memory(r).stored = Some(Stored::Here(record));
        true
    }
}

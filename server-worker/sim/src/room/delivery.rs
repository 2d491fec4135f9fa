//! A room's delivery: one at a time, which looks at what is stored anew before each step, as the server's
//! `room/delivery.rs` and `room/listing.rs` do. Each step is the server's own `Policy` that says so.

use std::rc::Rc;

use transfer_status_protocol::Timestamp;

use super::listing::ARRIVES_WITHIN_MS;
use crate::domain::outbox::{Copied, Failed, Known, Mark, SETTLE_MS, Step, Written};
use crate::domain::reconcile::{Confirmed, confirm};
use crate::domain::record::Record;
use crate::domain::stored::Stored;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::room::{Asked, POLICY};
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
}

impl World {
    pub(crate) fn deliver_soon(&mut self, r: usize, record: &Rc<Record>) {
        self.hand_in(r, record, None);
        if record.held().is_urgent() && self.memory(r).delivery.is_none() {
            self.begin_delivery(r);
        }
    }

    pub(crate) fn begin_delivery(&mut self, r: usize) {
        self.tokens += 1;
        let token = self.tokens;
        self.memory(r).delivery = Some(Delivery {
            token,
            failed: Failed::default(),
        });
        self.deliver(r);
    }

    pub(crate) fn deliver(&mut self, r: usize) {
        let now = self.room_now(r);
        let incarnation = self.rooms[r].incarnation;
        let Some(record) = self.row(r) else {
            return self.delivery_ends(r);
        };
        let held = record.held();
        let first_socket = self.first_socket(r);
        let memory = self.memory(r);
        let known = memory.known.get();
        let Some(delivery) = &memory.delivery else { return };
        let (token, failed) = (delivery.token, delivery.failed);
        let mut step = POLICY.next(held, &known, failed, first_socket, now);
        if self.fault == Some(Fault::NoReadBack)
            && step == Step::Ask
            && matches!(known.archive, Copied::Has { mark, .. } if mark == held.mark)
        {
            step = Step::Empty;
        }
        self.note(|| format!("room {r}: {step:?}"));
        match step {
            Step::List => {
                self.after(
                    ARRIVES_WITHIN_MS,
                    Ev::ListTimeout {
                        room: r,
                        incarnation,
                        token,
                    },
                );
                self.hand_in(r, &record, Some((r, incarnation, token)));
            }
            Step::Confirm => self.ask_kv(r, ARCHIVE_WITHIN_MS, Asked::Delivery(Question::Before)),
            Step::Ask => self.ask_kv(r, ARCHIVE_WITHIN_MS, Asked::Delivery(Question::Copy)),
            Step::Write => {
                let written = Rc::clone(&record);
                let is_listed = known.is_listed(held.mark);
                let mut text = written.archive(now, is_listed);
                if self.rooms[r].is_old {
                    // The release before did not say when it wrote, nor what the list had.
                    text = text
                        .split(",\"archivedAt\"")
                        .next()
                        .unwrap_or_default()
                        .to_owned()
                        + "}";
                }
                let (delay, ok) = self.kv.put(&mut self.rng, r, text, self.now, ARCHIVE_WITHIN_MS);
                let mark = held.mark;
                let ok = ok.is_some();
                self.memory(r).waiting += 1;
                self.after(
                    delay,
                    Ev::Wrote {
                        room: r,
                        incarnation,
                        mark,
                        ok,
                    },
                );
            }
            Step::Empty => {
                self.memory(r).stored = Some(Stored::Archived(record));
                self.forget_all(r);
                self.delivery_ends(r);
            }
            Step::Wait(at) => {
                self.arm(r, first_socket.map_or(at, |due| due.min(at)));
                self.delivery_ends(r);
            }
            Step::Rest(at) => {
                let set_for = self.rooms[r].current.alarm;
                if let Some(at) = POLICY.rest(set_for, at, first_socket, held.is_final) {
                    self.set_alarm(r, at);
                }
                self.delivery_ends(r);
            }
        }
    }

    pub(crate) fn delivery_ends(&mut self, r: usize) {
        let memory = self.memory(r);
        memory.delivery = None;
        match std::mem::take(&mut memory.deliver_again) {
            true => self.begin_delivery(r),
            false => self.alarm_ends(r),
        }
    }

    pub(crate) fn wrote(&mut self, r: usize, mark: Mark, ok: bool) {
        let now = self.room_now(r);
        let memory = self.memory(r);
        memory.waiting -= 1;
        if ok {
            self.knows(r, |known| known.note_written(mark, now));
        }
        if let Some(delivery) = &mut self.memory(r).delivery {
            delivery.failed.archive = !ok;
            self.deliver(r);
        }
    }

    pub(crate) fn delivery_heard(&mut self, r: usize, question: Question, text: Option<Option<String>>) {
        let failed = match question {
            Question::Before => !self.confirmed(r, text),
            Question::Copy => match text {
                None => true,
                Some(text) => {
                    self.copy_heard(r, text);
                    false
                }
            },
        };
        if let Some(delivery) = &mut self.memory(r).delivery {
            delivery.failed.archive = failed;
            self.deliver(r);
        }
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

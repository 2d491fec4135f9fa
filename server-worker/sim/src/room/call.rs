//! A call to a room, from its look-up to its answer, as the server's `room/mod.rs` has it.

use std::rc::Rc;

use transfer_status_protocol::{Timestamp, Transfer};

use super::{Asked, Call, Out, POLICY, READ_WITHIN_MS, UPDATE_WAITS_MS};
use crate::domain::ledger::Outcome;
use crate::domain::outbox::Known;
use crate::domain::record::Record;
use crate::domain::stored::{self, Stored};
use crate::fault::Fault;
use crate::plan::Ms;
use crate::world::{Ev, World};

impl World {
    /// A call has come.
    pub(crate) fn call(&mut self, r: usize, call: Call) {
        match &call {
            Call::Update { update, .. } if self.plan.updates[*update].if_version.is_some() => {
                let _ = self.stored_here(r);
                if self.row(r).is_some_and(|record| record.unconfirmed.is_some()) {
                    return self.ask_kv(r, READ_WITHIN_MS, Asked::Confirm(call));
                }
                self.look_up(r, call, READ_WITHIN_MS);
            }
            // The release before does not know the call.
            Call::Delete { .. } if self.rooms[r].is_old => self.refuse(r, call, 503),
            Call::Update { .. } if self.fault == Some(Fault::FirstUpdateNeedsArchive) => {
                self.look_up(r, call, READ_WITHIN_MS);
            }
            Call::Update { .. } => self.look_up(r, call, UPDATE_WAITS_MS),
            _ => self.look_up(r, call, READ_WITHIN_MS),
        }
    }

    pub(crate) fn look_up(&mut self, r: usize, call: Call, limit: Ms) {
        match self.stored_here(r) {
            Some(stored) => self.go_on(r, call, Some(stored)),
            None => self.ask_kv(r, limit, Asked::LookUp(call)),
        }
    }

    /// Asks the archive on behalf of a call or of the delivery.
    pub(crate) fn ask_kv(&mut self, r: usize, limit: Ms, asked: Asked) {
        let (delay, text) = self.kv.get(&mut self.rng, r, self.now, limit);
        let incarnation = self.rooms[r].incarnation;
        self.memory(r).waiting += 1;
        self.after(
            delay,
            Ev::Heard {
                room: r,
                incarnation,
                asked,
                text,
            },
        );
    }

    pub(crate) fn heard(&mut self, r: usize, incarnation: u32, asked: Asked, text: Option<Option<String>>) {
        if self.rooms[r].incarnation != incarnation {
            return;
        }
        self.memory(r).waiting -= 1;
        let text = match text {
            None if self.fault == Some(Fault::FailedReadIsAMiss) => Some(None),
            text => text,
        };
        match asked {
            Asked::LookUp(call) => {
                let stored = match text {
                    Some(text) => {
                        let copy = text.and_then(|text| Record::from_archive(&text));
                        let found = Stored::elsewhere(copy);
                        Some(self.memory(r).stored.get_or_insert(found).clone())
                    }
                    None => {
                        let is_update = matches!(&call, Call::Update { update, .. }
                            if self.plan.updates[*update].if_version.is_none());
                        if !is_update || self.fault == Some(Fault::FirstUpdateNeedsArchive) {
                            return self.refuse(r, call, 503);
                        }
                        self.memory(r).stored.clone()
                    }
                };
                self.go_on(r, call, stored);
            }
            Asked::Confirm(call) => match self.confirmed(r, text) {
                true => self.look_up(r, call, READ_WITHIN_MS),
                false => self.refuse(r, call, 503),
            },
            Asked::Delivery(id, what) => self.delivery_heard(r, id, what, text),
        }
    }

    /// There is no answer to this call.
    pub(crate) fn refuse(&mut self, r: usize, call: Call, status: u16) {
        match call {
            Call::Update { update, attempt } => {
                if self.plan.updates[update].if_version.is_none() {
                    self.judge.update_refused(r);
                }
                self.leave(
                    r,
                    Out::Answer {
                        update,
                        attempt,
                        status,
                        body: String::new(),
                    },
                );
            }
            Call::Delete { deletion, attempt } => self.leave(
                r,
                Out::Deleted {
                    deletion,
                    attempt,
                    status,
                },
            ),
            Call::Watch { end, .. } => self.refuse_watch(end, 1013),
            Call::Read { client, poll, .. } => {
                self.leave(
                    r,
                    Out::Read {
                        client,
                        poll,
                        status,
                        body: String::new(),
                    },
                );
            }
        }
    }

    pub(crate) fn go_on(&mut self, r: usize, call: Call, stored: Option<Stored>) {
        match call {
            Call::Update { update, attempt } => self.update(r, update, attempt, stored),
            Call::Delete { deletion, attempt } => self.delete(r, deletion, attempt, stored),
            Call::Watch { end, expiry } => self.watch(r, end, expiry, stored),
            Call::Read { client, poll, known } => {
                let record = self.shown(r, stored.as_ref());
                let (status, body) = match known == Some(record.version()) {
                    true => (304, String::new()),
                    false => (200, record.doc.clone()),
                };
                self.leave(
                    r,
                    Out::Read {
                        client,
                        poll,
                        status,
                        body,
                    },
                );
            }
        }
    }

    pub(crate) fn shown(&self, r: usize, stored: Option<&Stored>) -> Rc<Record> {
        match stored.and_then(Stored::record) {
            Some(record) => Rc::clone(record),
            None => {
                let now = Timestamp::from_unix_millis(self.room_now(r));
                Rc::new(Record::announced(Transfer::announced(self.ids[r].clone(), now)))
            }
        }
    }

    pub(crate) fn update(&mut self, r: usize, u: usize, attempt: u32, stored: Option<Stored>) {
        let now = self.room_now(r);
        let update = self.update_of(u);
        let tombstone = self.rooms[r].current.deleted;
        let tombstone = tombstone.filter(|_| self.fault != Some(Fault::NewLifeInThePast));
        let faulty = self.faulty(stored.as_ref(), now);
        let stored = faulty.or(stored);
        let (status, body) = match stored::apply(stored.as_ref(), tombstone, update, None, now) {
            Outcome::Applied(record) => {
                let record = Rc::new(record);
                if self.fault != Some(Fault::AckBeforeAlarm) {
                    self.arm(r, POLICY.safety(now));
                }
                self.save(r, &record, false);
                self.memory(r).stored = Some(Stored::Here(Rc::clone(&record)));
                self.knows(r, Known::note_changed);
                self.tell(r, &record);
                self.deliver_soon(r, &record);
                (200, record.doc.clone())
            }
            Outcome::Unchanged(record) => (200, record.doc.clone()),
            Outcome::Conflict { .. } => (409, String::new()),
        };
        self.leave(
            r,
            Out::Answer {
                update: u,
                attempt,
                status,
                body,
            },
        );
    }

    /// What is applied to in place of what is stored, where that is the fault.
    pub(crate) fn faulty(&self, stored: Option<&Stored>, now: Ms) -> Option<Stored> {
        let record = stored?.record()?;
        let mut transfer = record.transfer.clone();
        match self.fault? {
            Fault::FinalOverwritten if transfer.status.is_final() => {
                transfer.status = transfer_status_protocol::Status::Pending;
            }
            Fault::VersionGapAfterRestore if now % 7 == 0 => {
                transfer.version = transfer.version.map(|version| version + 1);
            }
            _ => return None,
        }
        let changed = Record::changed(transfer, None, None);
        Some(Stored::Here(Rc::new(Record {
            unconfirmed: record.unconfirmed.clone(),
            ..changed
        })))
    }
}

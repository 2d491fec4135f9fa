//! A room as the platform runs it: what it stores, its memory, its sockets and its alarm. What it does with them is what
//! the server's `room` does, and what is decided is decided by the server's own `domain`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use transfer_status_protocol::{Timestamp, Transfer};

use crate::domain::alarm;
use crate::domain::attachment::Attachment;
use crate::domain::ledger::Outcome;
use crate::domain::outbox::{Known, Policy};
use crate::domain::pulse::Pulse;
use crate::domain::record::Record;
use crate::domain::standing::{FirstDue, Look, Over, in_time};
use crate::domain::stored::{self, Stored};
use crate::domain::timeline;
use crate::domain::view::View;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::world::{Ev, World};

/// As `config` has them unless set.
pub(crate) const POLICY: Policy = Policy {
    retry_ms: 900_000,
    quiet_ms: 3_600_000,
    grace_ms: 300_000,
};
const READ_WITHIN_MS: Ms = 5_000;
const UPDATE_WAITS_MS: Ms = 1_000;

/// What is stored: one commit writes all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Store {
    pub(crate) row: Option<String>,
    pub(crate) settled: Option<String>,
    pub(crate) alarm: Option<Ms>,
}

/// What a room has in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) stored: Option<Stored>,
    pub(crate) known: Rc<Cell<Known>>,
    /// Before when no socket's time is over.
    pub(crate) first_due: FirstDue,
    pub(crate) delivery: Option<crate::delivery::Delivery>,
    /// The alarm has come while a delivery was under way, which may have looked before.
    pub(crate) deliver_again: bool,
    /// Calls that wait for something elsewhere.
    pub(crate) waiting: usize,
}

/// A socket at the room's end.
#[derive(Debug, Clone)]
pub(crate) struct Socket {
    pub(crate) attachment: String,
    pub(crate) is_open: bool,
}

/// A client's attempt, by its number.
pub(crate) type End = (usize, u32);

#[derive(Default)]
pub(crate) struct Room {
    pub(crate) durable: Store,
    pub(crate) current: Store,
    pub(crate) commits: bool,
    pub(crate) incarnation: u32,
    pub(crate) memory: Option<Memory>,
    pub(crate) sockets: BTreeMap<End, Socket>,
    /// What the platform holds back until the write is durable.
    pub(crate) gated: Vec<Out>,
    pub(crate) after_commit: Vec<crate::delivery::HandIn>,
    /// An alarm is being handled: the platform repeats it when the object ends meanwhile.
    pub(crate) alarm_runs: bool,
    /// It has been handled, as soon as what was written is durable.
    pub(crate) alarm_done: bool,
    pub(crate) skew: Ms,
    pub(crate) breaks_next: bool,
    pub(crate) is_old: bool,
}

/// What leaves a room.
#[derive(Debug, Clone)]
pub(crate) enum Out {
    Answer {
        update: usize,
        attempt: u32,
        status: u16,
        body: String,
    },
    Opened(End),
    Frame(End, String),
    Close(End, u16),
    Read {
        client: usize,
        poll: u32,
        status: u16,
        body: String,
    },
}

/// A call that a room has to finish.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Update {
        update: usize,
        attempt: u32,
    },
    Watch {
        end: End,
        expiry: u64,
    },
    Read {
        client: usize,
        poll: u32,
        known: Option<u64>,
    },
}

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
    fn touched(&mut self, r: usize) {
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
            self.hand_in_now(r, task);
        }
    }

    fn schedule_alarm(&mut self, r: usize, at: Ms) {
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
                .is_some_and(|memory| memory.waiting > 0 || memory.delivery.is_some());
        if !is_busy && !self.is_sender(r) {
            self.note(|| format!("room {r} sleeps"));
            let room = &mut self.rooms[r];
            room.memory = None;
            room.incarnation += 1;
        }
    }

    // ---- the alarm

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
        if self.row(r).is_none() {
            match next_socket {
                Some(at) => self.arm(r, at),
                None if self.first_socket(r).is_none() => self.forget_all(r),
                None => {}
            }
            return self.alarm_ends(r);
        }
        if self.fault == Some(Fault::AlarmTakenForAFact)
            && let Some(record) = self.row(r)
        {
            self.knows(r, |known| known.note_listed(record.mark()));
        }
        match self.memory(r).delivery.is_some() {
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

    /// Closes every socket whose time is over; when the next is to be looked at.
    fn sweep(&mut self, r: usize) -> Option<Ms> {
        let now = self.room_now(r);
        let open = self.rooms[r].sockets.iter().filter(|(_, socket)| socket.is_open);
        let known = open.map(|(end, socket)| {
            let known = Attachment::decode(&socket.attachment, now);
            (*end, known.map(|(attachment, _)| attachment))
        });
        let look = Look::at(known, now);
        self.memory(r).first_due = look.first_due;
        for (end, why) in look.over {
            match why {
                Over::Expired if self.fault == Some(Fault::ExpiryNotEnforced) => {}
                Over::Expired => self.close(r, end, 4410),
                Over::Unsubscribed => self.close(r, end, 4408),
                Over::Unreadable => self.close(r, end, 1012),
            }
        }
        look.next_alarm
    }

    /// As the server's `close_overdue`.
    fn close_overdue(&mut self, r: usize) {
        let now = self.room_now(r);
        let is_left_out = self.fault == Some(Fault::ExpiryLeftToTheAlarm);
        if !is_left_out && self.memory(r).first_due.may_have_come(now) {
            self.sweep(r);
        }
    }

    pub(crate) fn first_socket(&self, r: usize) -> Option<Ms> {
        let now = self.room_now(r);
        let open = self.rooms[r].sockets.values().filter(|socket| socket.is_open);
        open.map(|socket| {
            let known = Attachment::decode(&socket.attachment, now).map(|(attachment, _)| attachment);
            known.and_then(Attachment::alarm_at).unwrap_or(i64::MAX)
        })
        .min()
    }

    fn close(&mut self, r: usize, end: End, code: u16) {
        if let Some(socket) = self.rooms[r].sockets.get_mut(&end) {
            socket.is_open = false;
        }
        self.leave(r, Out::Close(end, code));
    }

    // ---- what is stored

    /// What the room can tell by itself.
    pub(crate) fn stored_here(&mut self, r: usize) -> Option<Stored> {
        if let Some(stored) = &self.memory(r).stored {
            return Some(stored.clone());
        }
        let now = self.room_now(r);
        let room = &self.rooms[r];
        let settled = room
            .current
            .settled
            .as_deref()
            .map(serde_json::from_str)
            .transpose();
        let record = room
            .current
            .row
            .as_deref()
            .and_then(|row| Record::from_row(row, settled.ok()?.unwrap_or_default()));
        let is_blank = || {
            let open = room.sockets.values().filter(|socket| socket.is_open);
            open.map(|socket| Attachment::decode(&socket.attachment, now))
                .any(|known| matches!(known, Some((Attachment::Watching { blank: true, .. }, _))))
        };
        let found = Stored::here(record, None, is_blank)?;
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
            room.current.settled = Some(timeline::encode(record.timeline.settled()));
        }
        let row = record.row();
        let archive_failed = self.kv.last_trouble.is_some_and(|at| self.now < at + 90_000);
        self.judge.written(r, &row, archive_failed);
        self.rooms[r].current.row = Some(row);
        self.touched(r);
    }

    /// Deletes all that is stored here.
    pub(crate) fn forget_all(&mut self, r: usize) {
        self.note(|| format!("room {r} empties"));
        let copy = self.kv.truth(r, self.now);
        if self.rooms[r].current.row.is_some() {
            self.judge.emptied(r, copy.as_deref());
        }
        let alarm = (self.fault == Some(Fault::AlarmNeverEnds)).then_some(self.now + POLICY.retry_ms);
        self.rooms[r].current = Store {
            alarm,
            ..Store::default()
        };
        self.touched(r);
    }

    // ---- calls

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
            Call::Update { .. } if self.fault == Some(Fault::FirstUpdateNeedsArchive) => {
                self.look_up(r, call, READ_WITHIN_MS);
            }
            Call::Update { .. } => self.look_up(r, call, UPDATE_WAITS_MS),
            _ => self.look_up(r, call, READ_WITHIN_MS),
        }
    }

    fn look_up(&mut self, r: usize, call: Call, limit: Ms) {
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
            Asked::Delivery(what) => self.delivery_heard(r, what, text),
        }
    }

    /// There is no answer to this call.
    fn refuse(&mut self, r: usize, call: Call, status: u16) {
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

    fn go_on(&mut self, r: usize, call: Call, stored: Option<Stored>) {
        match call {
            Call::Update { update, attempt } => self.update(r, update, attempt, stored),
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

    fn shown(&self, r: usize, stored: Option<&Stored>) -> Rc<Record> {
        match stored.and_then(Stored::record) {
            Some(record) => Rc::clone(record),
            None => {
                let now = Timestamp::from_unix_millis(self.room_now(r));
                Rc::new(Record::announced(Transfer::announced(self.ids[r].clone(), now)))
            }
        }
    }

    fn watch(&mut self, r: usize, end: End, expiry: u64, stored: Option<Stored>) {
        let now = self.room_now(r);
        let blank = matches!(stored, Some(Stored::Nowhere));
        let attachment = Attachment::Watching {
            expiry,
            blank,
            view: View::Current,
        };
        let mut text = attachment.encode(Pulse::new(now));
        if self.rooms[r].is_old {
            // The release before kept no pulse.
            text = text.split(",\"heard\"").next().unwrap_or_default().to_owned() + "}";
        }
        let record = self.shown(r, stored.as_ref());
        let is_final = record.transfer.status.is_final();
        self.rooms[r].sockets.insert(
            end,
            Socket {
                attachment: text,
                is_open: true,
            },
        );
        let memory = self.memory(r);
        memory.first_due = memory.first_due.with(attachment);
        self.leave(r, Out::Opened(end));
        // It may have come while the transfer was looked up.
        if in_time(Some(attachment), now).is_err() {
            return self.close(r, end, 4410);
        }
        self.leave(r, Out::Frame(end, View::Current.status_frame(&record)));
        if is_final {
            return self.close(r, end, 1000);
        }
        let safety = POLICY.safety(now);
        if let Some(at) = attachment.alarm_at() {
            self.arm(r, at.min(safety));
        }
    }

    fn update(&mut self, r: usize, u: usize, attempt: u32, stored: Option<Stored>) {
        let now = self.room_now(r);
        let update = self.update_of(u);
        let faulty = self.faulty(stored.as_ref(), now);
        let stored = faulty.or(stored);
        let (status, body) = match stored::apply(stored.as_ref(), None, update, None, now) {
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
    fn faulty(&self, stored: Option<&Stored>, now: Ms) -> Option<Stored> {
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

    pub(crate) fn tell(&mut self, r: usize, record: &Rc<Record>) {
        self.close_overdue(r);
        let frame = View::Current.status_frame(record);
        // A socket that is closing refuses.
        let open = self.rooms[r].sockets.iter().filter(|(_, socket)| socket.is_open);
        let ends: Vec<_> = open.map(|(end, _)| *end).collect();
        for end in ends {
            self.leave(r, Out::Frame(end, frame.clone()));
            if record.transfer.status.is_final() {
                self.close(r, end, 1000);
            }
        }
    }
}

/// Why the archive was asked.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    LookUp(Call),
    Confirm(Call),
    Delivery(crate::delivery::Question),
}

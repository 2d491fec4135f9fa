//! A room's watchers: let in, told, and closed when their time is over, as the server's `room/sockets.rs` has it.

use std::rc::Rc;

use super::{End, Out, POLICY, Socket};
use crate::domain::attachment::Attachment;
use crate::domain::pulse::Pulse;
use crate::domain::record::Record;
use crate::domain::standing::{Look, Over, in_time};
use crate::domain::stored::Stored;
use crate::domain::view::View;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::world::World;

impl World {
    /// Closes every socket whose time is over; when the next is to be looked at.
    pub(crate) fn sweep(&mut self, r: usize) -> Option<Ms> {
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
    pub(crate) fn close_overdue(&mut self, r: usize) {
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

    pub(crate) fn close(&mut self, r: usize, end: End, code: u16) {
        if let Some(socket) = self.rooms[r].sockets.get_mut(&end) {
            socket.is_open = false;
        }
        self.leave(r, Out::Close(end, code));
    }

    pub(crate) fn watch(&mut self, r: usize, end: End, expiry: u64, stored: Option<Stored>) {
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
        self.say(r, end, &View::Current.status_frame(&record));
        if is_final {
            return self.close(r, end, 1000);
        }
        let safety = POLICY.safety(now);
        if let Some(at) = attachment.alarm_at() {
            self.arm(r, at.min(safety));
        }
    }

    pub(crate) fn tell(&mut self, r: usize, record: &Rc<Record>) {
        self.close_overdue(r);
        let frame = View::Current.status_frame(record);
        // A socket that is closing refuses.
        let open = self.rooms[r].sockets.iter().filter(|(_, socket)| socket.is_open);
        let ends: Vec<_> = open.map(|(end, _)| *end).collect();
        for end in ends {
            self.say(r, end, &frame);
            if record.transfer.status.is_final() {
                self.close(r, end, 1000);
            }
        }
    }
}

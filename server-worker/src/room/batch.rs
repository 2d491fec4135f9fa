//! Changes on their way to one shard of the recent index, of all rooms of an isolate: a batch. Pure.
//!
//! A call to a shard costs more than all else that an update does, so there is one under way at a time, and one
//! begins no sooner than a moment after the last has ended. A room that has a change adds it and goes on; only
//! the one that finds nobody sending does, until the batch is empty. With little to do a change leaves at once;
//! under load one call takes dozens along, and of a transfer only its newest.
//!
//! What is in here is a copy: each room's alarm sees to what is lost with the isolate.

use std::mem;
use std::rc::Rc;

use crate::domain::outbox::Mark;

/// The pause between two calls, in milliseconds.
pub(crate) const PAUSE_MS: i64 = 100;
/// One that sends and has not moved for so long has ended with its object.
const LOST_AFTER_MS: i64 = 10_000;
/// Most changes of one call, and most of their bytes but for one.
const MOST_AT_ONCE: usize = 256;
const MOST_BYTES_AT_ONCE: usize = 512 * 1024;
/// Most bytes that wait in all batches of an isolate, one a shard, which share 128 MB with whatever else it holds.
pub(crate) const MOST_BYTES: usize = 4 * 1024 * 1024;

/// One transfer's change. `R` is how its room is told that it has arrived, `W` how those are called that wait to
/// hear whether it did.
#[derive(Debug)]
pub(crate) struct Change<R, W> {
    /// The transfer's id.
    pub(crate) id: Rc<str>,
    /// Which state of it.
    pub(crate) mark: Mark,
    /// What the shard is told.
    pub(crate) text: String,
    /// Where its arrival is noted.
    pub(crate) receipt: R,
    /// Who waits.
    pub(crate) waiting: Vec<W>,
}

/// Who sends. One that was taken for lost and comes back sends no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sender(u64);

/// What falls to somebody who has added a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nobody sends: the newcomer does.
    Sender(Sender),
    /// Somebody sends it along.
    Joined,
    /// There are too many already: the room's alarm will see to it.
    Refused,
}

/// What the sender does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send this, the changes' texts, and tell how that went.
    Send(String),
    /// Pause for so many milliseconds.
    Pause(i64),
    /// Nothing is left, and the sender is none any more.
    Done,
}

/// The batch.
#[derive(Debug)]
pub(crate) struct Batch<R, W> {
    /// The oldest first. They are few, but while a shard is down.
    changes: Vec<Change<R, W>>,
    bytes: usize,
    /// What is being sent.
    away: Vec<Change<R, W>>,
    /// Who sends, and when it was last seen.
    sent_by: Option<(Sender, i64)>,
    senders: u64,
    not_before: i64,
}

impl<R, W> Default for Batch<R, W> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            bytes: 0,
            away: Vec::new(),
            sent_by: None,
            senders: 0,
            not_before: i64::MIN,
        }
    }
}

impl<R, W> Batch<R, W> {
    /// Takes a change in at `now`, in Unix milliseconds, where there is `room` for so many more bytes to wait.
    pub(crate) fn put(&mut self, mut change: Change<R, W>, room: usize, now: i64) -> Role {
        // Seen later than now: the clock was set back.
        let moving = |(_, seen): (Sender, i64)| now.saturating_sub(seen).abs() < LOST_AFTER_MS;
        let is_sent_by = self.sent_by.is_some_and(moving);
        if !is_sent_by {
            // What a lost sender was sending may not have arrived.
            self.take_back();
        }
        let away = self.away.iter_mut().find(|away| away.id == change.id);
        if let Some(away) = away.filter(|away| !change.mark.is_news_after(away.mark)) {
            away.waiting.append(&mut change.waiting);
        } else if !self.keep(change, room) {
            return Role::Refused;
        }
        if is_sent_by {
            return Role::Joined;
        }
        self.senders += 1;
        let sender = Sender(self.senders);
        self.sent_by = Some((sender, now));
        Role::Sender(sender)
    }

    /// What the sender does at `now`.
    pub(crate) fn next(&mut self, sender: Sender, now: i64) -> Next {
        if !self.is_by(sender) {
            return Next::Done;
        }
        if self.changes.is_empty() {
            self.sent_by = None;
            return Next::Done;
        }
        self.sent_by = Some((sender, now));
        // A clock that was set back must not hold anybody up.
        self.not_before = self.not_before.min(now.saturating_add(PAUSE_MS));
        let pause = self.not_before.saturating_sub(now);
        if pause > 0 {
            return Next::Pause(pause);
        }
        let (mut text, mut count) = (String::new(), 0);
        for change in self.changes.iter().take(MOST_AT_ONCE) {
            if !text.is_empty() && text.len() + change.text.len() > MOST_BYTES_AT_ONCE {
                break;
            }
            text.push_str(&change.text);
            count += 1;
        }
        self.bytes -= text.len();
        self.away = self.changes.drain(..count).collect();
        Next::Send(text)
    }

    /// The call has ended well at `now`; the sender goes on. These have arrived.
    pub(crate) fn arrived(&mut self, sender: Sender, now: i64) -> Vec<Change<R, W>> {
        if !self.is_by(sender) {
            return Vec::new();
        }
        self.sent_by = Some((sender, now));
        self.not_before = now.saturating_add(PAUSE_MS);
        mem::take(&mut self.away)
    }

    /// The call has failed: its changes wait for whoever sends next, and the sender is none any more. The ids of these
    /// transfers are for the log, and these who waited are to be told.
    pub(crate) fn failed(&mut self, sender: Sender) -> (Vec<Rc<str>>, Vec<W>) {
        if !self.is_by(sender) {
            return (Vec::new(), Vec::new());
        }
        self.sent_by = None;
        let ids = self.away.iter().map(|change| Rc::clone(&change.id)).collect();
        let waiting = self.away.iter_mut().flat_map(|change| change.waiting.drain(..));
        let waiting = waiting.collect();
        self.take_back();
        (ids, waiting)
    }

    /// How many bytes wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_by(&self, sender: Sender) -> bool {
        self.sent_by.is_some_and(|(known, _)| known == sender)
    }

    fn take_back(&mut self) {
        for change in mem::take(&mut self.away) {
            // They had their place before.
            self.keep(change, MOST_BYTES_AT_ONCE);
        }
    }

    /// Of two changes of a transfer the newer one stays. `false` when there is no place.
    fn keep(&mut self, mut change: Change<R, W>, room: usize) -> bool {
        if let Some(known) = self.changes.iter_mut().find(|known| known.id == change.id) {
            if change.mark.is_news_after(known.mark) {
                mem::swap(known, &mut change);
                self.bytes = self.bytes - change.text.len() + known.text.len();
            }
            known.waiting.append(&mut change.waiting);
        } else if change.text.len() <= room {
            self.bytes += change.text.len();
            self.changes.push(change);
        } else {
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests;

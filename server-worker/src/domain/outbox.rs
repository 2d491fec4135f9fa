//! What a room still owes to the rest of the service, and what it does next. Pure.
//!
//! A change is owed to the recent index; a final transfer, and one that has been quiet for a day, is owed to the
//! archive. What has arrived is not written down, for that would cost a row: the archive's copy says itself when it was
//! written and whether the index had the transfer by then, and a room that has slept asks for it. An alarm is set with
//! each commit and stands until nothing is owed; its time says nothing about what has arrived.
//!
//! A room empties once the archive was read back with just what the room holds, no sooner than five minutes after it was
//! written there. Five minutes cover what KV may lag, and what it remembers of a key that was not there.

use serde::Serialize;
use transfer_status_protocol::Timestamp;

/// The archive is read back no sooner than so long after it was written.
pub(crate) const SETTLE_MS: i64 = 300_000;
/// A read is good for so long as the proof that a room needs before it empties.
const PROOF_MS: i64 = 60_000;
/// The shortest pause before another attempt.
const FIRST_RETRY_MS: i64 = 1_000;
/// The longest.
const LAST_RETRY_MS: i64 = 900_000;
/// A room that would empty but for its sockets is told when the last one goes. Where a deploy has broken that one off
/// and nobody came back, it looks again within so long.
const LATER_MS: i64 = 86_400_000;

/// The waits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// So long after a commit the alarm sees to it that nothing was lost, and so long a retry waits at most.
    pub(crate) retry_ms: i64,
    /// A transfer that has not changed for so long is archived as it stands.
    pub(crate) quiet_ms: i64,
    /// A room keeps its transfer for so long after the last change, beside the archive.
    pub(crate) grace_ms: i64,
}

/// Which state of a transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// When it came to be, in Unix milliseconds.
    pub(crate) updated_at: i64,
    /// Its version.
    pub(crate) version: u64,
}

impl Mark {
    /// Whether this is news to who knows of `known`: a later version, or one of a record begun anew, which is lower and
    /// comes later.
    pub(crate) fn is_news_after(self, known: Self) -> bool {
        self.version > known.version || self.updated_at > known.updated_at
    }
}

/// What a room holds, as far as the outbox asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Which state.
    pub(crate) mark: Mark,
    /// Whether it is the last one.
    pub(crate) is_final: bool,
    /// Whether the archive was asked before the first update was taken; else it has to be reconciled with it.
    pub(crate) is_confirmed: bool,
}

impl Held {
    /// Whether its delivery begins with the change, and not with the alarm.
    pub(crate) fn is_urgent(self) -> bool {
        self.is_final || !self.is_confirmed
    }
}

/// What is known of the archive's copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Copied {
    /// Nothing yet: the room has slept.
    #[default]
    Unknown,
    /// It is another state, or there is none.
    Behind,
    /// It is this state.
    Has {
        /// Which.
        mark: Mark,
        /// When it was written there, in Unix milliseconds.
        written_at: i64,
        /// When it was last read there, in Unix milliseconds.
        read_at: Option<i64>,
    },
}

/// What a room knows of the others, for as long as it is awake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The latest state that the recent index has.
    pub(crate) index: Option<Mark>,
    /// The archive's copy.
    pub(crate) archive: Copied,
}

impl Known {
    /// Whether the index has this state, or a later one.
    pub(crate) fn is_listed(&self, mark: Mark) -> bool {
        self.index.is_some_and(|index| !mark.is_news_after(index))
    }

    /// Notes that the index has this state.
    pub(crate) fn note_listed(&mut self, mark: Mark) {
        if !self.is_listed(mark) {
            self.index = Some(mark);
        }
    }

    /// Notes that the room holds another state than the archive can have.
    pub(crate) fn note_changed(&mut self) {
        self.archive = Copied::Behind;
    }

    /// Notes that what a deleted transfer had left was removed: where the id has a new life, that may have gone too, from
    /// the archive with its key and from a list that had slept with the entry's row.
    pub(crate) fn note_removed(&mut self) {
        *self = Self {
            index: None,
            archive: Copied::Behind,
        };
    }

    /// Notes a write to the archive that was answered well at `now`: it may land as late as this.
    pub(crate) fn note_written(&mut self, mark: Mark, now: i64) {
        self.archive = Copied::Has {
            mark,
            written_at: now,
            read_at: None,
        };
    }

    /// Notes what a read of the archive at `now` has shown: when just this state was written there; `None`: it is another
    /// one, or there is none.
    pub(crate) fn note_read(&mut self, mark: Mark, written: Option<Written>, now: i64) {
        self.archive = Copied::Behind;
        if let Some(Written { at, is_listed }) = written {
            if is_listed {
                self.note_listed(mark);
            }
            self.archive = Copied::Has {
                mark,
                written_at: at,
                read_at: Some(now),
            };
        }
    }
}

/// What a copy in the archive says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// When it was written there, in Unix milliseconds.
    pub(crate) at: i64,
    /// Whether the recent index had the state by then.
    pub(crate) is_listed: bool,
}

/// Which parts have failed since the delivery began: they are let alone until its next attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The recent index.
    pub(crate) index: bool,
    /// The archive.
    pub(crate) archive: bool,
    /// The removal of a deleted transfer from either.
    pub(crate) removal: bool,
}

/// Since when parts have not taken what they are owed, as far as a room has noticed for as long as it is awake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Failing {
    /// The recent index.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Timestamp>,
    /// The archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<Timestamp>,
}

impl Failing {
    /// The same after a step at `now`, with what has failed by then.
    pub(crate) fn after(self, step: Step, failed: Failed, now: i64) -> Self {
        let since = |has_failed: bool, since: Option<Timestamp>| {
            has_failed.then(|| since.unwrap_or(Timestamp::from_unix_millis(now)))
        };
        match step {
            Step::List => Self {
                list: since(failed.index, self.list),
                ..self
            },
            Step::Confirm | Step::Ask | Step::Write => Self {
                archive: since(failed.archive, self.archive),
                ..self
            },
            Step::Empty | Step::Wait(_) | Step::Rest(_) => self,
        }
    }

    /// Whether nothing fails.
    pub(crate) fn is_none(&self) -> bool {
        self.list.is_none() && self.archive.is_none()
    }
}

/// What a room does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Hand the state to the recent index.
    List,
    /// Ask the archive what it had before this life's first update, which did not wait for it.
    Confirm,
    /// Read the archive's copy.
    Ask,
    /// Write the state to the archive.
    Write,
    /// Delete all that is stored here.
    Empty,
    /// Nothing until then.
    Wait(i64),
    /// Nothing until then, and the next alarm within a retry's time after it will do.
    Rest(i64),
}

impl Policy {
    /// What the room does at `now`; `first_socket` is when the first of its sockets is to be looked at.
    pub(crate) fn next(
        &self,
        held: Held,
        known: &Known,
        failed: Failed,
        first_socket: Option<i64>,
        now: i64,
    ) -> Step {
        let retry = Step::Wait(self.retry(held.mark.updated_at, now));
        let is_listed = known.is_listed(held.mark);
        let quiet_at = held.mark.updated_at.saturating_add(self.quiet_ms);
        let is_ripe = held.is_confirmed && (held.is_final || now >= quiet_at);
        // A copy in the archive may tell that the index has it too, which spares a call.
        let may_tell = is_ripe && known.archive == Copied::Unknown && !failed.archive;
        if !is_listed && !failed.index && !may_tell {
            return Step::List;
        }
        if failed.archive {
            return retry;
        }
        if !held.is_confirmed {
            return Step::Confirm;
        }
        if !is_ripe {
            return if is_listed { Step::Rest(quiet_at) } else { retry };
        }
        let (written_at, read_at) = match known.archive {
            Copied::Unknown => return Step::Ask,
            Copied::Has {
                mark,
                written_at,
                read_at,
            } if mark == held.mark => (written_at, read_at),
            Copied::Has { .. } | Copied::Behind => return Step::Write,
        };
        if !is_listed {
            return retry;
        }
        let settled = written_at.saturating_add(SETTLE_MS);
        let empty_at = held.mark.updated_at.saturating_add(self.grace_ms).max(settled);
        if now < empty_at {
            return Step::Rest(empty_at);
        }
        if let Some(due) = first_socket {
            let soonest = now.saturating_add(FIRST_RETRY_MS);
            return Step::Wait(due.max(soonest).min(now.saturating_add(LATER_MS)));
        }
        match read_at {
            Some(read_at) if read_at >= settled && now < read_at.saturating_add(PROOF_MS) => Step::Empty,
            _ => Step::Ask,
        }
    }

    /// Whether nothing but sockets may keep the room from emptying at `now`, as far as time tells.
    pub(crate) fn is_over(&self, held: Held, now: i64) -> bool {
        let quiet_ms = if held.is_final { 0 } else { self.quiet_ms };
        let rests_ms = self.grace_ms.max(quiet_ms.saturating_add(SETTLE_MS));
        held.is_confirmed && now >= held.mark.updated_at.saturating_add(rests_ms)
    }

    /// The latest alarm that a commit at `now` is safe with.
    pub(crate) fn safety(&self, now: i64) -> i64 {
        now.saturating_add(self.retry_ms)
    }

    /// When to try again what failed at `now`: after as long as it has been owed, since `owed_since`, which doubles with
    /// each attempt and needs no memory.
    pub(crate) fn retry(&self, owed_since: i64, now: i64) -> i64 {
        let most = self.retry_ms.clamp(FIRST_RETRY_MS, LAST_RETRY_MS);
        let age = now.saturating_sub(owed_since).clamp(FIRST_RETRY_MS, most);
        now.saturating_add(age)
    }
}

#[cfg(test)]
mod tests;

//! A room as the platform runs it: what it stores, its memory, its sockets and its alarm. What it does with them is what
//! the server's `room` does, and what is decided is decided by the server's own `domain`.

mod alarm;
mod call;
pub(crate) mod delivery;
pub(crate) mod listing;
mod platform;
pub(crate) mod removal;
mod sockets;
mod stored;
mod telling;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::domain::outbox::{Known, Policy};
use crate::domain::removal::Tombstone;
use crate::domain::standing::FirstDue;
use crate::domain::stored::Stored;
use crate::plan::Ms;
use crate::server::room::pace::Pace;
use delivery::{Delivery, Question};
use listing::HandIn;
use removal::Deletion;
pub(crate) use telling::MOST_UNREAD;

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
    pub(crate) deleted: Option<Tombstone>,
    pub(crate) alarm: Option<Ms>,
}

/// What a room has in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) stored: Option<Stored>,
    pub(crate) known: Rc<Cell<Known>>,
    /// When it has handed in for the list.
    pub(crate) pace: Pace,
    /// Before when no socket's time is over.
    pub(crate) first_due: FirstDue,
    /// The delivery that is under way, by its number. Only a fault makes it two.
    pub(crate) deliveries: BTreeMap<u64, Delivery>,
    /// Deletions that wait for the delivery to do its part.
    pub(crate) deletions: Vec<Deletion>,
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
    pub(crate) after_commit: Vec<Task>,
    /// An alarm is being handled: the platform repeats it when the object ends meanwhile.
    pub(crate) alarm_runs: bool,
    /// It has been handled, as soon as what was written is durable.
    pub(crate) alarm_done: bool,
    pub(crate) skew: Ms,
    pub(crate) breaks_next: bool,
    pub(crate) is_old: bool,
    /// Over how many shards its deploy spreads the list.
    pub(crate) shards: u16,
}

/// What waits until what was written is durable, for it reaches others by another way than the platform's gate.
pub(crate) enum Task {
    HandIn(HandIn),
    /// A delivery takes a deleted transfer out of the archive and off the list.
    Remove(u64),
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
    Deleted {
        deletion: usize,
        attempt: u32,
        status: u16,
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
    Delete {
        deletion: usize,
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

/// Why the archive was asked.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    LookUp(Call),
    Confirm(Call),
    Delivery(u64, Question),
}

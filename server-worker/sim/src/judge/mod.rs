//! What PROTOCOL.md promises, as rules about what is seen from outside. Nothing here knows how it is kept: states are read
//! out of the JSON that was stored, sent or shown, by `state` alone. Each rule quotes its sentence.

mod list;
mod rules;
mod state;
mod transfer;
mod watcher;

use std::collections::{BTreeMap, HashSet};

use crate::plan::Ms;

use rules::CLEAN;
pub(crate) use state::State;

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The sentence.
    pub rule: &'static str,
    /// What happened.
    pub detail: String,
    /// When, in milliseconds since the world began.
    pub at: i64,
}

#[derive(Default)]
struct Facts {
    /// What is written in the room, and what of it is durable.
    current: Option<State>,
    durable: Option<State>,
    /// Written and not durable yet; `None` stands for a deletion.
    fresh: Vec<Option<State>>,
    /// What was durable before a deletion.
    past: HashSet<State>,
    /// When a deletion was last durable.
    deleted_at: Option<Ms>,
    /// When somebody was first told that it is gone.
    told_gone_at: Option<Ms>,
    /// When somebody first saw it in the list.
    shown_at: Option<Ms>,
    /// The archive is being written: by which life of the room, until when.
    archive_write: Option<(u32, Ms)>,
    /// What was ever durable: only that may be seen.
    known: HashSet<State>,
    /// The room has its own copy.
    is_here: bool,
    /// Reports were taken while the archive could not be asked, and are not reconciled yet.
    is_unconfirmed: bool,
    /// The end, once it was durable.
    ended_as: Option<String>,
    acknowledged: u64,
}

#[derive(Default)]
struct Watcher {
    shown: Option<State>,
    closed: Option<String>,
    attempts: Vec<Ms>,
    polls: Vec<Ms>,
    hints: Vec<Ms>,
}

pub(crate) struct Judge {
    pub(crate) now: Ms,
    transfers: Vec<Facts>,
    watchers: BTreeMap<usize, Watcher>,
    found: Option<Violation>,
}

impl Judge {
    pub(crate) fn new(transfers: usize) -> Self {
        Self {
            now: 0,
            transfers: (0..transfers).map(|_| Facts::default()).collect(),
            watchers: BTreeMap::new(),
            found: None,
        }
    }

    pub(crate) fn found(&self) -> Option<&Violation> {
        self.found.as_ref()
    }

    pub(crate) fn violate(&mut self, rule: &'static str, detail: impl FnOnce() -> String) {
        if self.found.is_none() {
            self.found = Some(Violation {
                rule,
                detail: detail(),
                at: self.now - crate::plan::START,
            });
        }
    }

    /// Something stays behind.
    pub(crate) fn left(&mut self, what: impl FnOnce() -> String) {
        self.violate(CLEAN, what);
    }
}

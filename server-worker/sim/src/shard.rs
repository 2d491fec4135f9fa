//! One shard of the list: its rows, in memory what it lists, and how it takes in what is delivered to it.

use std::collections::BTreeMap;

use transfer_status_protocol::Transfer;

use crate::fault::Fault;
use crate::look::Upkeep;
use crate::plan::Ms;
use crate::server::recent::index::moving::{Line, Sent};
use crate::server::recent::index::{Index, Pages, Put};
use crate::world::{Ev, World};

/// Where changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Rooms,
    /// A shard that had them before.
    Shard,
}

/// So long the call to another shard, or from it, takes at most.
pub(crate) const WITHIN_MS: Ms = 8_000;

/// Lines on their way to a shard.
pub(crate) struct Delivered {
    shard: u16,
    lines: String,
    source: Source,
    /// After how long what is heard by whoever sends them, unless the answer is lost.
    answer: Option<(Ms, Box<Ev>)>,
    /// Of the shard that announces itself first: in which life, and how often it was emptied.
    as_of: (u32, u32),
}

/// One shard: its rows, and in memory what it lists.
#[derive(Default)]
pub(crate) struct Shard {
    pages: BTreeMap<u32, String>,
    deleted: BTreeMap<String, Ms>,
    /// Over how many shards the list was spread when that was last written down.
    spread: Option<u16>,
    memory: Option<Index>,
    /// Each life of the object has its own: what is under way ends with it.
    pub(crate) life: u32,
    /// In memory: the number of shards that every entry is known to be in its place for, and when entries last left.
    pub(crate) in_place_for: Option<u16>,
    /// Of the first shard: how many there are by those that have announced themselves since it last saw to them.
    pub(crate) announced: u16,
    /// How often all that it had stored was deleted.
    emptied: u32,
    pub(crate) moved_at: Option<Ms>,
    pub(crate) upkeep: Option<Upkeep>,
    pub(crate) down_until: Ms,
}

impl Shard {
    pub(crate) fn index(&mut self) -> &mut Index {
        let (pages, deleted) = (&self.pages, &self.deleted);
        self.memory.get_or_insert_with(|| {
            let mut index = Index::default();
            for (page, text) in pages {
                index.restore(*page, text);
            }
            for (id, deleted_at) in deleted {
                index.remember_deleted(id, *deleted_at);
            }
            index
        })
    }

    pub(crate) fn break_down(&mut self) {
        self.memory = None;
        self.life += 1;
        self.in_place_for = None;
        self.announced = 0;
        self.moved_at = None;
        self.upkeep = None;
    }

    pub(crate) fn write(&mut self, page: u32) {
        let text = self.index().page(page);
        self.pages.insert(page, text);
    }

    pub(crate) fn put(&mut self, lines: &str, source: Source, fault: Option<Fault>) {
        for line in lines.lines() {
            let doc = match Line::read(line) {
                Line::Change { listed, .. } => listed,
                Line::Removal { id, deleted_at } => {
                    if let Some(deleted_at) = deleted_at {
                        self.delete(id, deleted_at, (source, fault));
                    }
                    continue;
                }
            };
            let Ok(transfer) = Transfer::decode(doc) else {
                continue;
            };
            let put = match source {
                Source::Rooms => self.index().put(&transfer, doc.to_owned()),
                Source::Shard => self.index().put_unconfirmed(&transfer, doc.to_owned()),
            };
            if let Put::Listed { write: Some(page) } | Put::Unsure { write: Some(page) } = put
                && fault != Some(Fault::ShardForgets)
            {
                self.write(page);
            }
        }
    }

    fn delete(&mut self, id: &str, deleted_at: Ms, (source, fault): (Source, Option<Fault>)) {
        let pages = match fault {
            Some(Fault::ListForgetsDeletions) => Pages::from_iter(self.index().take_off(id)),
            _ => {
                let known = self.deleted.entry(id.to_owned()).or_insert(deleted_at);
                *known = deleted_at.max(*known);
                match source {
                    Source::Rooms => self.index().delete(id, deleted_at),
                    Source::Shard => self.index().delete_unconfirmed(id, deleted_at),
                }
            }
        };
        for page in pages {
            self.write(page);
        }
    }

    /// Lets go of what another shard has, unless it has changed meanwhile.
    pub(crate) fn handed_over(&mut self, sent: Vec<Sent>) {
        let gone = self.index().let_go_of(sent);
        for page in gone.pages {
            self.write(page);
        }
        for id in gone.deletions {
            self.deleted.remove(&*id);
        }
    }

    /// Leaves nothing where all that it had was handed over; `false` when something has come meanwhile.
    pub(crate) fn leave(&mut self) -> bool {
        let is_empty = self.index().is_empty();
        if is_empty {
            self.pages.clear();
            self.memory = None;
            self.in_place_for = None;
            self.emptied += 1;
        }
        is_empty
    }

    fn note_announced(&mut self, shards: u16) {
        self.announced = shards.max(self.announced);
        self.spread = self.spread.map(|before| before.max(shards));
    }

    pub(crate) fn spread(&self) -> Option<u16> {
        self.spread
    }

    pub(crate) fn save_spread(&mut self, shards: u16) {
        self.spread = Some(shards);
    }

    pub(crate) fn shown(&mut self, id: &str) -> Option<String> {
        self.index().get(id).map(|entry| entry.doc.clone())
    }

    /// Lets go of what has outlived the archive; whether anything is left.
    pub(crate) fn expire(&mut self, before: Ms) -> bool {
        let pages = self.index().expire(before);
        let (_, of_deletions) = self.index().forget_deleted(i64::MAX);
        for page in pages.into_iter().chain(of_deletions) {
            self.write(page);
        }
        !self.index().is_empty()
    }
}

impl World {
    /// Sends lines to a shard that does not hear of them when it `is_down`; whoever sends them hears the answer after
    /// `delay`, or, where that is `lost`, that the call has failed, after so long.
    pub(crate) fn deliver_to_shard(
        &mut self,
        (shard, lines, source): (u16, String, Source),
        (is_down, lost): (bool, Option<Ms>),
        delay: Ms,
        answer: Ev,
    ) {
        let arrives = delay / 2;
        let answer = match lost {
            Some(within) => {
                self.after(within, answer.failed());
                None
            }
            None => Some((delay - arrives, Box::new(answer))),
        };
        if !is_down {
            let delivered = Delivered {
                shard,
                lines,
                source,
                answer,
                as_of: (0, 0),
            };
            self.after(arrives, Ev::ShardPut(delivered));
        }
    }

    /// A room's call. Where it is lost, or its answer, the room learns so soon, or once it has waited for long enough.
    pub(crate) fn call_shard(&mut self, shard: u16, lines: String, answer: Ev) {
        let is_down = self.now < self.shards[usize::from(shard)].down_until;
        let delay = self.rng.i64(2..60);
        let loses_answer = self.rng.u8(..32) == 0;
        let lost = is_down || loses_answer;
        let within = if lost && self.rng.bool() { WITHIN_MS } else { delay };
        self.deliver_to_shard(
            (shard, lines, Source::Rooms),
            (is_down, lost.then_some(within)),
            delay,
            answer,
        );
    }

    /// Lines have arrived. A shard that has nothing tells the first one that it is there, before it takes them.
    pub(crate) fn shard_put(&mut self, mut delivered: Delivered) {
        let s = delivered.shard;
        let shard = &mut self.shards[usize::from(s)];
        if s == 0 || !shard.index().is_empty() || self.fault == Some(Fault::ShardComesUnannounced) {
            return self.take_in(delivered);
        }
        delivered.as_of = (shard.life, shard.emptied);
        if self.now < self.shards[0].down_until {
            return self.not_taken(delivered, WITHIN_MS);
        }
        let after = self.rng.i64(1..30);
        self.shards[0].note_announced(s + 1);
        self.after(after, Ev::Announced(delivered));
    }

    pub(crate) fn announced(&mut self, delivered: Delivered) {
        let shard = &self.shards[usize::from(delivered.shard)];
        match delivered.as_of {
            (life, _) if life != shard.life => self.not_taken(delivered, 1),
            (_, emptied) if emptied != shard.emptied => self.shard_put(delivered),
            _ => self.take_in(delivered),
        }
    }

    fn take_in(&mut self, delivered: Delivered) {
        self.shards[usize::from(delivered.shard)].put(&delivered.lines, delivered.source, self.fault);
        if let Some((after, answer)) = delivered.answer {
            self.after(after, *answer);
        }
    }

    fn not_taken(&mut self, delivered: Delivered, after: Ms) {
        if let Some((_, answer)) = delivered.answer {
            self.after(after, answer.failed());
        }
    }
}

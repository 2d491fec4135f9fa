//! What rooms share: the batches of their isolate, and the shards of the list that take them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use transfer_status_protocol::Transfer;

use crate::domain::outbox::Known;
use crate::domain::record::Record;
use crate::domain::stored::Stored;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::room::listing::Waiting;
use crate::server::recent::index::{Index, Put};
use crate::server::room::batch::Batch;
use crate::world::World;

pub(crate) type Queue = Batch<Rc<Cell<Known>>, Waiting>;

/// One shard: its rows, and in memory what it lists.
#[derive(Default)]
pub(crate) struct Shard {
    pages: BTreeMap<u32, String>,
    deleted: BTreeMap<String, Ms>,
    memory: Option<Index>,
    pub(crate) down_until: Ms,
}

impl Shard {
    fn index(&mut self) -> &mut Index {
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
    }

    fn write(&mut self, page: u32) {
        let text = self.index().page(page);
        self.pages.insert(page, text);
    }

    pub(crate) fn put(&mut self, lines: &str, fault: Option<Fault>) {
        for line in lines.lines() {
            let (head, doc) = line.split_once(' ').unwrap_or_default();
            if let Some(deleted_at) = head.strip_prefix('-').and_then(|at| at.parse().ok()) {
                self.delete(doc, deleted_at, fault);
                continue;
            }
            if let Ok(transfer) = Transfer::decode(doc)
                && let Put::Listed { write: Some(page) } = self.index().put(&transfer, doc.to_owned())
                && fault != Some(Fault::ShardForgets)
            {
                self.write(page);
            }
        }
    }

    fn delete(&mut self, id: &str, deleted_at: Ms, fault: Option<Fault>) {
        let page = match fault {
            Some(Fault::ListForgetsDeletions) => self.index().take_off(id),
            _ => {
                self.deleted.insert(id.to_owned(), deleted_at);
                self.index().delete(id, deleted_at)
            }
        };
        if let Some(page) = page {
            self.write(page);
        }
    }

    pub(crate) fn shown(&mut self, id: &str) -> Option<String> {
        self.index().get(id).map(|entry| entry.doc.clone())
    }

    /// Lets go of what has outlived the archive; whether anything is left.
    pub(crate) fn expire(&mut self, before: Ms) -> bool {
        let pages = self.index().expire(before);
        for page in pages {
            self.write(page);
        }
        self.index().forget_deleted(i64::MAX);
        !self.index().is_empty()
    }
}

impl World {
    pub(crate) fn is_sender(&self, r: usize) -> bool {
        self.senders.contains(&Some(r))
    }

    /// What the list shows of a transfer, where it is looked for.
    pub(crate) fn listed(&mut self, r: usize) -> Option<String> {
        let id = self.ids[r].as_str();
        let shard = crate::server::recent::shard::of(id, self.plan.shards);
        self.shards[usize::from(shard)].shown(id)
    }

    /// Somebody looks at the list: rooms are asked for what may have gone on unseen.
    pub(crate) fn look(&mut self) {
        for s in 0..self.shards.len() {
            let now = self.now;
            let ids = self.shards[s].index().unconfirmed(100, now);
            for id in ids {
                let Some(r) = self.ids.iter().position(|known| known.as_str() == &*id) else {
                    continue;
                };
                let stored = match self.rooms[r].commits {
                    // Its answer is held back; nobody waits for it.
                    true => None,
                    false => self.stored_here(r).or_else(|| {
                        let (_, text) = self.kv.get(&mut self.rng, r, now, 2_000);
                        let copy = text?;
                        let copy = copy.and_then(|copy| Record::from_archive(&copy));
                        Some(Stored::elsewhere(copy))
                    }),
                };
                let shard = &mut self.shards[s];
                match stored {
                    Some(Stored::Nowhere) => {
                        if let Some(page) = shard.index().take_off(&id) {
                            shard.write(page);
                        }
                    }
                    Some(Stored::Here(record) | Stored::Archived(record)) => {
                        let doc = record.listed();
                        if let Put::Listed { write: Some(page) } = shard.index().put(&record.transfer, doc) {
                            shard.write(page);
                        }
                        shard.index().confirm(&id);
                    }
                    _ => shard.index().note_silent(&id, now),
                }
            }
            for page in self.shards[s].index().asked(now) {
                self.shards[s].write(page);
            }
        }
    }
}

//! One shard of the list: its rows, and in memory what it lists.

use std::collections::BTreeMap;
use std::rc::Rc;

use transfer_status_protocol::Transfer;

use crate::fault::Fault;
use crate::look::Upkeep;
use crate::plan::Ms;
use crate::server::recent::index::{Index, Put};

/// Where changes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Rooms,
    /// A shard that had them before.
    Shard,
}

/// What was sent to another shard: of which transfer, and which state.
pub(crate) type Sent = (Rc<str>, u64, Ms);

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
        self.moved_at = None;
        self.upkeep = None;
    }

    pub(crate) fn write(&mut self, page: u32) {
        let text = self.index().page(page);
        self.pages.insert(page, text);
    }

    pub(crate) fn put(&mut self, lines: &str, source: Source, fault: Option<Fault>) {
        for line in lines.lines() {
            let (head, doc) = line.split_once(' ').unwrap_or_default();
            if let Some(deleted_at) = head.strip_prefix('-').and_then(|at| at.parse().ok()) {
                self.delete(doc, deleted_at, fault);
                continue;
            }
            let Ok(transfer) = Transfer::decode(doc) else {
                continue;
            };
            let put = match source {
                Source::Rooms => self.index().put(&transfer, doc.to_owned()),
                Source::Shard => self.index().put_unconfirmed(&transfer, doc.to_owned()),
            };
            if let Put::Listed { write: Some(page) } = put
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

    /// Takes entries off that another shard has, unless they have changed meanwhile.
    pub(crate) fn handed_over(&mut self, sent: &[Sent]) {
        for (id, version, updated_at) in sent {
            let entry = self.index().get(id);
            if entry.is_some_and(|entry| (entry.version, entry.updated_at) == (*version, *updated_at))
                && let Some(page) = self.index().take_off(id)
            {
                self.write(page);
            }
        }
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
        for page in pages {
            self.write(page);
        }
        self.index().forget_deleted(i64::MAX);
        !self.index().is_empty()
    }
}

//! One shard of the recent index: the newest transfers, newest first. Pure.
//!
//! Bounded twice, by count and by bytes; the oldest give way. Each entry has a slot, and fifty slots are a
//! page, which is the row that is written: whoever is new takes the slot of the oldest, so that nothing is
//! ever deleted, and a wake reads few rows.
//!
//! Only a transfer's first version is sure to be written with it; later ones are written with the next
//! newcomer of their page. So an entry that was read from its row and is not final may have gone on since:
//! it is unconfirmed until its room was asked, which is done when somebody looks. A page remembers when all of its
//! entries were last confirmed: one that was quiet for an hour before has not changed unseen since, for a change that
//! comes so late is written at once.
//!
//! Of a deleted transfer the list remembers for two days that it was, so that nothing late brings it back; where the shards
//! are others meanwhile, that goes along with what they hand each other.

mod confirmed;
mod entry;
mod listing;
pub(crate) mod moving;
mod pages;
mod slots;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use transfer_status_protocol::Transfer;

use self::confirmed::MOST_BEHIND_MS;
use self::entry::mark_of;
pub(crate) use self::entry::{Entry, Place};
pub(crate) use self::listing::Filter;
use self::pages::PAGE;
pub(crate) use self::pages::Pages;

/// Most transfers of a shard.
pub(crate) const MOST_ENTRIES: usize = 10_000;
/// How long a deletion is remembered: by then every shard has handed over once what belongs elsewhere.
const MOST_DELETED_MS: i64 = 2 * 86_400_000;
/// Most bytes of their JSON: shards share 128 MB with whatever else runs beside them.
pub(crate) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What became of a transfer that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is listed at this version or a later one, or is older than all that is kept.
    Known,
    /// The list changed.
    Listed {
        /// The page that is to be written for it.
        write: Option<u32>,
    },
    /// It was deleted, as far as is known here. Whether there has been a new one since, its room is to say.
    Unsure {
        /// The page that is to be written for it.
        write: Option<u32>,
    },
}

/// The list.
#[derive(Debug)]
pub(crate) struct Index {
    entries: HashMap<Rc<str>, Entry>,
    order: BTreeSet<Place>,
    /// Who has which slot.
    slots: Vec<Option<Rc<str>>>,
    free: Vec<u32>,
    /// When all entries of a page were last confirmed.
    asked: Vec<Option<i64>>,
    /// Who is still named by the row of a page that it is no longer on: the page has not been written since.
    left: Vec<(Rc<str>, u32)>,
    /// Which transfers were deleted, and up to when they had been what they were.
    deleted: HashMap<Rc<str>, i64>,
    bytes: usize,
    most_entries: usize,
    most_bytes: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self::bounded(MOST_ENTRIES, MOST_BYTES)
    }
}

impl Index {
    /// An empty list with other bounds.
    pub(crate) fn bounded(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeSet::new(),
            slots: Vec::new(),
            free: Vec::new(),
            asked: Vec::new(),
            left: Vec::new(),
            deleted: HashMap::new(),
            bytes: 0,
            most_entries,
            most_bytes,
        }
    }

    /// Takes a transfer in as its room has it.
    pub(crate) fn put(&mut self, transfer: &Transfer, doc: String) -> Put {
        match self.is_deleted(transfer.id.as_str(), transfer.updated_at.unix_millis()) {
            true => Put::Known,
            false => self.take_in(transfer, doc),
        }
    }

    /// Takes a transfer in unless it is no news, or older than all where there is no space.
    fn take_in(&mut self, transfer: &Transfer, doc: String) -> Put {
        let mark = mark_of(transfer);
        let known = self.entries.get(transfer.id.as_str());
        if known.is_some_and(|known| !mark.is_news_after(known.mark())) {
            return Put::Known;
        }
        let updated_at = mark.updated_at;
        if known.is_none() && self.entries.len() >= self.most_entries {
            let oldest = self.order.first();
            if oldest
                .is_some_and(|oldest| (oldest.updated_at, &*oldest.id) > (updated_at, transfer.id.as_str()))
            {
                return Put::Known;
            }
        }
        let written = known.and_then(|known| known.written);
        // The room of a final entry is not asked again, so what comes after one, as of a record that was made one with the
        // archive's, is written. So is a life after a deletion, which may be known elsewhere and come later.
        let is_written_at_once = known.is_some_and(|known| {
            known.status.is_final()
                || known.version >= mark.version
                || !self.is_shown(transfer.id.as_str(), known)
        });
        let behind = is_written_at_once
            || written.is_none_or(|written| updated_at.saturating_sub(written.updated_at) > MOST_BEHIND_MS);
        self.insert(transfer, doc, written);
        self.shrink();
        let entry = self.entries.get(transfer.id.as_str()).filter(|_| behind);
        Put::Listed {
            write: entry.map(|entry| entry.slot / PAGE),
        }
    }

    /// [`Index::put`] of an entry that another shard has had, which knows no more than its row: it may be of a life before
    /// a deletion, with a higher version, and there may have been a new life since.
    pub(crate) fn put_unconfirmed(&mut self, transfer: &Transfer, doc: String) -> Put {
        let known = self.entries.get(transfer.id.as_str());
        if known.is_some_and(|known| known.updated_at > transfer.updated_at.unix_millis()) {
            return Put::Known;
        }
        let is_deleted = self.is_deleted(transfer.id.as_str(), transfer.updated_at.unix_millis());
        let put = self.take_in(transfer, doc);
        if let (Put::Listed { .. }, Some(entry)) = (put, self.entries.get_mut(transfer.id.as_str())) {
            entry.confirmed = !is_deleted && entry.status.is_final();
        }
        match put {
            Put::Listed { write } if is_deleted => Put::Unsure { write },
            put => put,
        }
    }

    /// Whether what a transfer was at `updated_at` has been deleted.
    fn is_deleted(&self, id: &str, updated_at: i64) -> bool {
        self.deleted
            .get(id)
            .is_some_and(|deleted_at| *deleted_at >= updated_at)
    }

    /// Whether an entry counts: one from before a deletion is kept where its row may not tell of a new life since, until
    /// its room was asked.
    fn is_shown(&self, id: &str, entry: &Entry) -> bool {
        !self.is_deleted(id, entry.updated_at)
    }

    /// Whether there are entries that do not count, and whose rooms are to be asked.
    pub(crate) fn is_unsure(&self) -> bool {
        self.deleted.keys().any(|id| {
            let entry = self.entries.get(id);
            entry.is_some_and(|entry| !entry.confirmed && !self.is_shown(id, entry))
        })
    }

    /// Takes a deleted transfer off the list, in every state up to `deleted_at`, as its room says, and remembers that; gives
    /// the pages that are to be written, of which an old one may name it still.
    pub(crate) fn delete(&mut self, id: &str, deleted_at: i64) -> Pages {
        self.remember_deleted(id, deleted_at);
        let left = self.left.iter().filter(|(of, _)| &**of == id);
        let mut pages: Pages = left.map(|(_, page)| *page).collect();
        if self
            .entries
            .get(id)
            .is_some_and(|entry| !self.is_shown(id, entry))
        {
            pages.extend(self.take_off(id));
        }
        pages
    }

    /// [`Index::delete`] as another shard remembers it. An entry that was read from its row may have had a new life unseen
    /// since: it is no longer shown, and its room is asked.
    pub(crate) fn delete_unconfirmed(&mut self, id: &str, deleted_at: i64) -> Pages {
        if self.entries.get(id).is_none_or(|entry| entry.confirmed) {
            return self.delete(id, deleted_at);
        }
        self.remember_deleted(id, deleted_at);
        Pages::default()
    }

    /// Notes a deletion as it was remembered.
    pub(crate) fn remember_deleted(&mut self, id: &str, deleted_at: i64) {
        let known = self.deleted.entry(id.into()).or_insert(deleted_at);
        *known = deleted_at.max(*known);
    }

    /// Forgets deletions that are so old that nothing of theirs can be under way, and with them what old rows still name;
    /// tells up to when, and gives the pages that are to be written.
    pub(crate) fn forget_deleted(&mut self, now: i64) -> (i64, Pages) {
        let before = now.saturating_sub(MOST_DELETED_MS);
        let forgotten = self.deleted.extract_if(|_, deleted_at| *deleted_at < before);
        let forgotten: Vec<_> = forgotten.collect();
        let mut pages = Pages::default();
        for (id, deleted_at) in forgotten {
            let entry = self.entries.get(&id);
            if entry.is_some_and(|entry| entry.confirmed && entry.updated_at <= deleted_at) {
                pages.extend(self.take_off(&id));
            }
        }
        (before, pages)
    }

    /// Takes a transfer off the list; gives the page that is to be written.
    pub(crate) fn take_off(&mut self, id: &str) -> Option<u32> {
        let slot = self.remove(&id.into())?;
        self.free.push(slot);
        Some(slot / PAGE)
    }

    /// Takes every transfer off the list that has not changed since `before`; gives the pages that are to be written.
    pub(crate) fn expire(&mut self, before: i64) -> Pages {
        let mut pages = Pages::default();
        while let Some(oldest) = self.order.first().filter(|oldest| oldest.updated_at < before) {
            let id = Rc::clone(&oldest.id);
            match self.take_off(&id) {
                Some(page) => pages.extend(Some(page)),
                None => break,
            }
        }
        pages
    }

    /// Whether it holds nothing worth a row.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.deleted.is_empty()
    }

    /// The entry of a transfer.
    pub(crate) fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id).filter(|entry| self.is_shown(id, entry))
    }
}

#[cfg(test)]
mod tests;

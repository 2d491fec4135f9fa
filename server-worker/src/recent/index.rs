//! One shard of the recent index: the newest transfers, newest first. Pure.
//!
//! Bounded twice, by count and by bytes; the oldest give way. Each entry has a slot, the row that it is
//! kept in: an entry that changes writes its row again, a new one takes the row of the oldest, so that
//! nothing is ever deleted and a change is never more than one row.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use transfer_status_protocol::{Status, Transfer};

/// Most transfers of a shard.
pub(crate) const MOST_ENTRIES: usize = 10_000;
/// Most bytes of their JSON: shards share 128 MB with whatever else runs beside them.
pub(crate) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A listed transfer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The row that is its own.
    pub(crate) slot: u32,
    /// The version that is listed.
    pub(crate) version: u64,
    /// When it came to be, in Unix milliseconds.
    pub(crate) updated_at: i64,
    /// Its status.
    pub(crate) status: Status,
    /// Who receives.
    pub(crate) merchant_id: Option<String>,
    /// The transfer without its metadata, as JSON.
    pub(crate) doc: String,
}

/// A place in the list: newest first, and by id among those of the same millisecond.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// `updatedAt` in Unix milliseconds.
    pub(crate) updated_at: i64,
    /// The transfer's id.
    pub(crate) id: Rc<str>,
}

/// Which transfers are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only those in this status.
    pub(crate) status: Option<String>,
    /// Only those of this merchant.
    pub(crate) merchant_id: Option<String>,
}

impl Filter {
    fn admits(&self, entry: &Entry) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| status == entry.status.as_str())
            && (self.merchant_id.is_none() || self.merchant_id == entry.merchant_id)
    }
}

/// What became of a transfer that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is listed at this version or a later one, or is older than all that is kept.
    Known,
    /// The list changed.
    Listed {
        /// Whether its row is to be written: for the first version that is seen, and for the last.
        write: bool,
    },
}

/// The list.
#[derive(Debug)]
pub(crate) struct Index {
    entries: HashMap<Rc<str>, Entry>,
    order: BTreeSet<Place>,
    free: Vec<u32>,
    next_slot: u32,
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
            free: Vec::new(),
            next_slot: 0,
            bytes: 0,
            most_entries,
            most_bytes,
        }
    }

    /// Takes a transfer in as its room has it.
    pub(crate) fn put(&mut self, transfer: &Transfer, doc: String) -> Put {
        let version = transfer.version.unwrap_or(0);
        let known = self.entries.get(transfer.id.as_str());
        if known.is_some_and(|known| known.version >= version) {
            return Put::Known;
        }
        let updated_at = transfer.updated_at.unix_millis();
        if known.is_none() && self.entries.len() >= self.most_entries {
            let oldest = self.order.first();
            if oldest
                .is_some_and(|oldest| (oldest.updated_at, &*oldest.id) > (updated_at, transfer.id.as_str()))
            {
                return Put::Known;
            }
        }
        let write = known.is_none() || transfer.status.is_final();
        self.insert(transfer, doc, None);
        self.shrink();
        Put::Listed { write }
    }

    /// Takes a row in as it was read; of two rows with one transfer the later version counts.
    pub(crate) fn restore(&mut self, slot: u32, transfer: &Transfer, doc: String) {
        self.next_slot = self.next_slot.max(slot.saturating_add(1));
        let known = self.entries.get(transfer.id.as_str());
        if known.is_some_and(|known| known.version >= transfer.version.unwrap_or(0)) {
            self.free.push(slot);
            return;
        }
        self.insert(transfer, doc, Some(slot));
        self.shrink();
    }

    fn insert(&mut self, transfer: &Transfer, doc: String, slot: Option<u32>) {
        let id: Rc<str> = transfer.id.as_str().into();
        let old = self.remove(&id);
        let slot = match (slot, old) {
            (Some(slot), old) => {
                self.free.extend(old);
                slot
            }
            (None, Some(own)) => own,
            (None, None) => self.take_slot(),
        };
        self.bytes += doc.len();
        let updated_at = transfer.updated_at.unix_millis();
        self.order.insert(Place {
            updated_at,
            id: Rc::clone(&id),
        });
        let entry = Entry {
            slot,
            version: transfer.version.unwrap_or(0),
            updated_at,
            status: transfer.status.clone(),
            merchant_id: transfer.merchant_id.clone(),
            doc,
        };
        self.entries.insert(id, entry);
    }

    /// A slot for a new entry: a free one, else the oldest entry's, else one that was never used.
    fn take_slot(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        if self.entries.len() >= self.most_entries
            && let Some(oldest) = self.order.first().map(|place| Rc::clone(&place.id))
            && let Some(slot) = self.remove(&oldest)
        {
            return slot;
        }
        let slot = self.next_slot;
        self.next_slot = self.next_slot.saturating_add(1);
        slot
    }

    /// Takes an entry out and gives its slot.
    fn remove(&mut self, id: &Rc<str>) -> Option<u32> {
        let entry = self.entries.remove(id)?;
        self.bytes -= entry.doc.len();
        self.order.remove(&Place {
            updated_at: entry.updated_at,
            id: Rc::clone(id),
        });
        Some(entry.slot)
    }

    /// Lets the oldest go until the bounds hold. The newest stays in any case.
    fn shrink(&mut self) {
        while self.entries.len() > self.most_entries
            || (self.bytes > self.most_bytes && self.entries.len() > 1)
        {
            let Some(oldest) = self.order.first().map(|place| Rc::clone(&place.id)) else {
                return;
            };
            let slot = self.remove(&oldest);
            self.free.extend(slot);
        }
    }

    /// The entry of a transfer.
    pub(crate) fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// At most `limit` of those that `filter` admits, newest first, from after `before` on.
    pub(crate) fn list<'a>(
        &'a self,
        filter: &'a Filter,
        before: Option<&Place>,
        limit: usize,
    ) -> impl Iterator<Item = (&'a Place, &'a Entry)> {
        let places = match before {
            Some(before) => self.order.range(..before.clone()),
            None => self.order.range::<Place, _>(..),
        };
        places
            .rev()
            .filter_map(|place| Some((place, self.entries.get(&place.id)?)))
            .filter(|(_, entry)| filter.admits(entry))
            .take(limit)
    }

    /// How many are in each status.
    pub(crate) fn by_status(&self) -> BTreeMap<&str, u64> {
        self.entries.values().fold(BTreeMap::new(), |mut counts, entry| {
            *counts.entry(entry.status.as_str()).or_insert(0) += 1;
            counts
        })
    }
}

#[cfg(test)]
mod tests;

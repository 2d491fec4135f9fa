//! One shard of the recent index: the newest transfers, newest first. Pure.
//!
//! Bounded twice, by count and by bytes; the oldest give way. Each entry has a slot, and fifty slots are a
//! page, which is the row that is written: whoever is new takes the slot of the oldest, so that nothing is
//! ever deleted, and a wake reads few rows.
//!
//! Only a transfer's first version is sure to be written with it; later ones are written with the next
//! newcomer of their page. So an entry that was read from its row and is not final may have gone on since:
//! it is unconfirmed until its room was asked, which is done when somebody looks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;
use std::rc::Rc;

use serde_json::value::RawValue;
use transfer_status_protocol::{Status, Transfer};

/// Most transfers of a shard.
pub(crate) const MOST_ENTRIES: usize = 10_000;
/// Slots of a page.
const PAGE: u32 = 50;
/// A page that is behind by more than this is written: a transfer that has been forgotten must not change
/// unseen. In milliseconds.
const MOST_BEHIND_MS: i64 = 3_600_000;
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
    /// `updated_at` as its page has it.
    written_at: i64,
    /// Whether this is what the transfer's room has, as far as one knows.
    confirmed: bool,
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
        let written_at = known.map(|known| known.written_at);
        let behind = written_at.is_none_or(|at| updated_at.saturating_sub(at) > MOST_BEHIND_MS);
        self.insert(transfer, doc, written_at.unwrap_or(i64::MIN));
        self.shrink();
        let entry = self.entries.get(transfer.id.as_str()).filter(|_| behind);
        Put::Listed {
            write: entry.map(|entry| entry.slot / PAGE),
        }
    }

    /// What is written of a page: an array of transfers, with `null` for a free slot. It counts as written.
    pub(crate) fn page(&mut self, page: u32) -> String {
        let mut text = String::from("[");
        for slot in (page * PAGE)..(page + 1) * PAGE {
            if text.len() > 1 {
                text.push(',');
            }
            let id = self.slots.get(slot as usize).cloned().flatten();
            match id.and_then(|id| self.entries.get_mut(&id)) {
                Some(entry) => {
                    entry.written_at = entry.updated_at;
                    text.push_str(&entry.doc);
                }
                None => text.push_str("null"),
            }
        }
        text.push(']');
        text
    }

    /// Takes a page in as it was read, lower pages first; of two entries of one transfer the later version counts. What cannot
    /// be read is passed over: it is listed again with its next change.
    pub(crate) fn restore(&mut self, page: u32, text: &str) {
        let docs: Vec<Option<&RawValue>> = serde_json::from_str(text).unwrap_or_default();
        let first = page.saturating_mul(PAGE);
        let end = first.saturating_add(PAGE) as usize;
        if self.slots.len() < end {
            let unseen = u32::try_from(self.slots.len()).unwrap_or(first)..first;
            self.free.extend(unseen);
            self.slots.resize(end, None);
        }
        for (slot, doc) in (first..)
            .zip(docs.into_iter().chain(iter::repeat(None)))
            .take(PAGE as usize)
        {
            let transfer = doc.and_then(|doc| Transfer::decode(doc.get()).ok());
            let version = |transfer: &Transfer| transfer.version.unwrap_or(0);
            let known =
                |transfer: &Transfer| self.entries.get(transfer.id.as_str()).map(|known| known.version);
            match (transfer, doc) {
                (Some(transfer), Some(doc)) if known(&transfer) < Some(version(&transfer)) => {
                    let old = self.remove(&transfer.id.as_str().into());
                    self.free.extend(old);
                    // The one that is taken next.
                    self.free.push(slot);
                    self.insert(&transfer, doc.get().to_owned(), transfer.updated_at.unix_millis());
                    if let Some(entry) = self.entries.get_mut(transfer.id.as_str()) {
                        entry.confirmed = transfer.status.is_final();
                    }
                    self.shrink();
                }
                _ => self.free.push(slot),
            }
        }
    }

    /// At most `limit` of those that may have gone on unseen, newest first.
    pub(crate) fn unconfirmed(&self, limit: usize) -> Vec<Rc<str>> {
        let newest = self.order.iter().rev();
        let unconfirmed = newest.filter(|place| self.get(&place.id).is_some_and(|entry| !entry.confirmed));
        unconfirmed
            .take(limit)
            .map(|place| Rc::clone(&place.id))
            .collect()
    }

    /// Notes that an entry is what its room has.
    pub(crate) fn confirm(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.confirmed = true;
        }
    }

    fn insert(&mut self, transfer: &Transfer, doc: String, written_at: i64) {
        let id: Rc<str> = transfer.id.as_str().into();
        let slot = self.remove(&id).unwrap_or_else(|| self.take_slot());
        self.bytes += doc.len();
        let updated_at = transfer.updated_at.unix_millis();
        self.order.insert(Place {
            updated_at,
            id: Rc::clone(&id),
        });
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(Rc::clone(&id));
        }
        let entry = Entry {
            slot,
            version: transfer.version.unwrap_or(0),
            updated_at,
            status: transfer.status.clone(),
            merchant_id: transfer.merchant_id.clone(),
            doc,
            written_at,
            confirmed: true,
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
        self.slots.push(None);
        // There are no more slots than entries and a page.
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes an entry out and gives its slot.
    fn remove(&mut self, id: &Rc<str>) -> Option<u32> {
        let entry = self.entries.remove(id)?;
        self.bytes -= entry.doc.len();
        self.order.remove(&Place {
            updated_at: entry.updated_at,
            id: Rc::clone(id),
        });
        if let Some(place) = self.slots.get_mut(entry.slot as usize) {
            *place = None;
        }
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
    pub(crate) fn by_status(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for entry in self.entries.values() {
            let status = entry.status.as_str();
            match counts.get_mut(status) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(status.to_owned(), 1);
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests;

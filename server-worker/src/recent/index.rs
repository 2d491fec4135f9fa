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
//! Of a deleted transfer the list remembers for a day that it was, so that nothing late brings it back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transfer_status_protocol::{Status, Transfer};

use super::shard;
use crate::domain::outbox::Mark;

/// Most transfers of a shard.
pub(crate) const MOST_ENTRIES: usize = 10_000;
/// Slots of a page.
const PAGE: u32 = 50;
/// A page that is behind by more than this is written: a transfer that has been forgotten must not change
/// unseen. In milliseconds.
const MOST_BEHIND_MS: i64 = 3_600_000;
/// And for so much longer it is not trusted that it has not: clocks of two machines may differ.
const SKEW_MS: i64 = 300_000;
/// How long a deletion is remembered.
const MOST_DELETED_MS: i64 = 86_400_000;
/// A room that did not answer is not asked again for so long.
const ASK_AGAIN_MS: i64 = 60_000;
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
    /// Who pays.
    pub(crate) customer_id: Option<String>,
    /// The transfer without its metadata, as JSON.
    pub(crate) doc: String,
    /// What its page has of it; `None`: nothing.
    written: Option<Mark>,
    /// Whether this is what the transfer's room has, as far as one knows.
    confirmed: bool,
    /// Its room is not asked before this Unix millisecond.
    ask_after: i64,
}

impl Entry {
    fn mark(&self) -> Mark {
        Mark {
            updated_at: self.updated_at,
            version: self.version,
        }
    }

    /// Whether nothing can have happened to it unseen since `asked_at`, when it was confirmed.
    fn is_settled(&self, asked_at: i64) -> bool {
        let quiet = MOST_BEHIND_MS + SKEW_MS;
        self.status.is_final() || self.updated_at.saturating_add(quiet) < asked_at
    }
}

/// What a page's row holds besides its entries.
#[derive(Serialize, Deserialize)]
struct Footer {
    /// When all of its entries were confirmed, in Unix milliseconds.
    asked: i64,
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
    /// Only those of this customer.
    pub(crate) customer_id: Option<String>,
    /// Only those that changed last at this Unix millisecond or later.
    pub(crate) from: Option<i64>,
    /// Only those that changed last before this Unix millisecond.
    pub(crate) to: Option<i64>,
}

impl Filter {
    fn admits(&self, entry: &Entry) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| status == entry.status.as_str())
            && (self.merchant_id.is_none() || self.merchant_id == entry.merchant_id)
            && (self.customer_id.is_none() || self.customer_id == entry.customer_id)
            && self.to.is_none_or(|to| entry.updated_at < to)
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
    /// When all entries of a page were last confirmed.
    asked: HashMap<u32, i64>,
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
            asked: HashMap::new(),
            deleted: HashMap::new(),
            bytes: 0,
            most_entries,
            most_bytes,
        }
    }

    /// Takes a transfer in as its room has it.
    pub(crate) fn put(&mut self, transfer: &Transfer, doc: String) -> Put {
        let mark = mark_of(transfer);
        let known = self.entries.get(transfer.id.as_str());
        if known.is_some_and(|known| !mark.is_news_after(known.mark())) || self.is_deleted(transfer) {
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
        // archive's, is written.
        let follows_final = known.is_some_and(|known| known.status.is_final());
        let behind = follows_final
            || written.is_none_or(|written| updated_at.saturating_sub(written.updated_at) > MOST_BEHIND_MS);
        self.insert(transfer, doc, written);
        self.shrink();
        let entry = self.entries.get(transfer.id.as_str()).filter(|_| behind);
        Put::Listed {
            write: entry.map(|entry| entry.slot / PAGE),
        }
    }

    /// [`Index::put`] of an entry that another shard has had, which knows no more than its row.
    pub(crate) fn put_unconfirmed(&mut self, transfer: &Transfer, doc: String) -> Put {
        let put = self.put(transfer, doc);
        if let (Put::Listed { .. }, Some(entry)) = (put, self.entries.get_mut(transfer.id.as_str())) {
            entry.confirmed = entry.status.is_final();
        }
        put
    }

    fn is_deleted(&self, transfer: &Transfer) -> bool {
        let deleted_at = self.deleted.get(transfer.id.as_str());
        deleted_at.is_some_and(|deleted_at| *deleted_at >= transfer.updated_at.unix_millis())
    }

    /// Takes a deleted transfer off the list, in every state up to `deleted_at`, and remembers that; gives the page that
    /// is to be written.
    pub(crate) fn delete(&mut self, id: &str, deleted_at: i64) -> Option<u32> {
        self.remember_deleted(id, deleted_at);
        let entry = self.entries.get(id);
        entry.filter(|entry| entry.updated_at <= deleted_at)?;
        self.take_off(id)
    }

    /// Notes a deletion as it was remembered.
    pub(crate) fn remember_deleted(&mut self, id: &str, deleted_at: i64) {
        let known = self.deleted.entry(id.into()).or_insert(deleted_at);
        *known = deleted_at.max(*known);
    }

    /// Forgets deletions that are so old that nothing of theirs can be under way; tells up to when.
    pub(crate) fn forget_deleted(&mut self, now: i64) -> i64 {
        let before = now.saturating_sub(MOST_DELETED_MS);
        self.deleted.retain(|_, deleted_at| *deleted_at >= before);
        before
    }

    /// Takes a transfer off the list; gives the page that is to be written.
    pub(crate) fn take_off(&mut self, id: &str) -> Option<u32> {
        let slot = self.remove(&id.into())?;
        self.free.push(slot);
        Some(slot / PAGE)
    }

    /// Takes every transfer off the list that has not changed since `before`; gives the pages that are to be written.
    pub(crate) fn expire(&mut self, before: i64) -> BTreeSet<u32> {
        let mut pages = BTreeSet::new();
        while let Some(oldest) = self.order.first().filter(|oldest| oldest.updated_at < before) {
            let id = Rc::clone(&oldest.id);
            match self.take_off(&id) {
                Some(page) => pages.insert(page),
                None => break,
            };
        }
        pages
    }

    /// Whether it holds nothing worth a row.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.deleted.is_empty()
    }

    /// The transfers that belong to another one of `shards`, by its number, where this is the one with `number`.
    pub(crate) fn misplaced(&self, number: u16, shards: u16) -> BTreeMap<u16, Vec<Rc<str>>> {
        let mut misplaced: BTreeMap<u16, Vec<Rc<str>>> = BTreeMap::new();
        for id in self.entries.keys() {
            let place = shard::of(id, shards);
            if place != number {
                misplaced.entry(place).or_default().push(Rc::clone(id));
            }
        }
        misplaced
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
                    entry.written = Some(entry.mark());
                    text.push_str(&entry.doc);
                }
                None => text.push_str("null"),
            }
        }
        if let Some(asked) = self.asked.get(&page) {
            // After the slots, where an earlier release does not look.
            text.push_str(&format!(r#",{{"asked":{asked}}}"#));
        }
        text.push(']');
        text
    }

    /// Notes that rooms were asked at `now`, and gives the pages that are worth writing for what they answered: a wake
    /// has fewer to ask then.
    pub(crate) fn asked(&mut self, now: i64) -> Vec<u32> {
        let mut worth = Vec::new();
        let pages = u32::try_from(self.slots.len()).unwrap_or(u32::MAX) / PAGE;
        for page in 0..=pages {
            let slots = (page * PAGE) as usize..((page + 1) * PAGE) as usize;
            let slots = self.slots.get(slots.start..slots.end.min(self.slots.len()));
            let ids = slots.unwrap_or_default().iter().flatten();
            let entries: Vec<_> = ids.filter_map(|id| self.entries.get(id)).collect();
            let before = self.asked.get(&page).copied().unwrap_or(i64::MIN);
            let is_behind = |entry: &&Entry| entry.written != Some(entry.mark());
            let settles = |entry: &&Entry| !entry.is_settled(before) && entry.is_settled(now);
            let all_confirmed = entries.iter().all(|entry| entry.confirmed);
            if entries.iter().any(is_behind) || (all_confirmed && entries.iter().any(settles)) {
                worth.push(page);
                if all_confirmed {
                    self.asked.insert(page, now);
                }
            }
        }
        worth
    }

    /// Takes a page in as it was read, lower pages first; of two entries of one transfer the later one counts. What cannot
    /// be read is passed over: it is listed again with its next change.
    pub(crate) fn restore(&mut self, page: u32, text: &str) {
        let mut docs: Vec<Option<&RawValue>> = serde_json::from_str(text).unwrap_or_default();
        if docs.len() > PAGE as usize
            && let Some(Some(footer)) = docs.pop()
            && let Ok(Footer { asked }) = serde_json::from_str(footer.get())
        {
            self.asked.insert(page, asked);
        }
        let asked = self.asked.get(&page).copied().unwrap_or(i64::MIN);
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
            let is_news = |transfer: &Transfer| {
                let known = self.entries.get(transfer.id.as_str());
                known.is_none_or(|known| mark_of(transfer).is_news_after(known.mark()))
            };
            match (transfer, doc) {
                (Some(transfer), Some(doc)) if is_news(&transfer) => {
                    let old = self.remove(&transfer.id.as_str().into());
                    self.free.extend(old);
                    // The one that is taken next.
                    self.free.push(slot);
                    self.insert(&transfer, doc.get().to_owned(), Some(mark_of(&transfer)));
                    if let Some(entry) = self.entries.get_mut(transfer.id.as_str()) {
                        entry.confirmed = entry.is_settled(asked);
                    }
                    self.shrink();
                }
                _ => self.free.push(slot),
            }
        }
    }

    /// At most `limit` of those that may have gone on unseen, newest first, and whose rooms may be asked at `now`.
    pub(crate) fn unconfirmed(&self, limit: usize, now: i64) -> Vec<Rc<str>> {
        let newest = self.order.iter().rev();
        let unconfirmed = newest.filter(|place| {
            self.get(&place.id)
                .is_some_and(|entry| !entry.confirmed && entry.ask_after <= now)
        });
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

    /// Notes that an entry's room did not answer at `now`: it is left alone for a while.
    pub(crate) fn note_silent(&mut self, id: &str, now: i64) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.ask_after = now.saturating_add(ASK_AGAIN_MS);
        }
    }

    fn insert(&mut self, transfer: &Transfer, doc: String, written: Option<Mark>) {
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
            customer_id: transfer.customer_id.clone(),
            doc,
            written,
            confirmed: true,
            ask_after: i64::MIN,
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
        let from = filter.from.unwrap_or(i64::MIN);
        places
            .rev()
            .take_while(move |place| place.updated_at >= from)
            .filter_map(|place| Some((place, self.entries.get(&place.id)?)))
            .filter(|(_, entry)| filter.admits(entry))
            .take(limit)
    }

    /// How many of those that `filter` admits are in each status.
    pub(crate) fn by_status(&self, filter: &Filter) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (_, entry) in self.list(filter, None, usize::MAX) {
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

fn mark_of(transfer: &Transfer) -> Mark {
    Mark {
        updated_at: transfer.updated_at.unix_millis(),
        version: transfer.version.unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;

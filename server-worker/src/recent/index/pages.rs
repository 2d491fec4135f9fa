//! The list as rows: fifty slots are a page, written and read as one text.

use std::{iter, vec};

use transfer_status_protocol::{Transfer, json};

use super::Index;
use super::entry::mark_of;

/// Slots of a page.
pub(super) const PAGE: u32 = 50;

/// Pages that are to be written, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages(Vec<u32>);

impl Extend<u32> for Pages {
    fn extend<T: IntoIterator<Item = u32>>(&mut self, pages: T) {
        for page in pages {
            // There are no more of them than 200.
            if !self.0.contains(&page) {
                self.0.push(page);
            }
        }
    }
}

impl FromIterator<u32> for Pages {
    fn from_iter<T: IntoIterator<Item = u32>>(pages: T) -> Self {
        let mut all = Self::default();
        all.extend(pages);
        all
    }
}

impl IntoIterator for Pages {
    type Item = u32;
    type IntoIter = vec::IntoIter<u32>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Index {
    /// When all entries of a page were last confirmed, in Unix milliseconds.
    pub(super) fn asked_at(&self, page: u32) -> Option<i64> {
        self.asked.get(page as usize).copied().flatten()
    }

    pub(super) fn note_asked(&mut self, page: u32, now: i64) {
        let page = page as usize;
        if self.asked.len() <= page {
            self.asked.resize(page + 1, None);
        }
        if let Some(asked) = self.asked.get_mut(page) {
            *asked = Some(now);
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
                    entry.written = Some(entry.mark());
                    text.push_str(&entry.doc);
                }
                None => text.push_str("null"),
            }
        }
        if let Some(asked) = self.asked_at(page) {
            // After the slots, where an earlier release does not look.
            text.push_str(&format!(r#",{{"asked":{asked}}}"#));
        }
        text.push(']');
        self.left.retain(|(_, left)| *left != page);
        text
    }

    /// Takes a page in as it was read, lower pages first; of two entries of one transfer the later one counts. What cannot
    /// be read is passed over: it is listed again with its next change.
    pub(crate) fn restore(&mut self, page: u32, text: &str) {
        let mut docs = json::items(text).unwrap_or_default();
        // After the slots: when all of its entries were confirmed, in Unix milliseconds.
        if docs.len() > PAGE as usize
            && let Some(footer) = docs.pop()
            && let Ok([asked]) = json::fields(footer.get(), ["asked"])
            && let Ok(asked) = json::required(asked, "asked", "an integer")
        {
            self.note_asked(page, asked);
        }
        let asked = self.asked_at(page).unwrap_or(i64::MIN);
        let first = page.saturating_mul(PAGE);
        let end = first.saturating_add(PAGE) as usize;
        if self.slots.len() < end {
            let unseen = u32::try_from(self.slots.len()).unwrap_or(first)..first;
            self.free.extend(unseen);
            self.slots.resize(end, None);
        }
        for (slot, doc) in (first..)
            .zip(docs.into_iter().map(Some).chain(iter::repeat(None)))
            .take(PAGE as usize)
        {
            let transfer = doc.and_then(|doc| Transfer::decode(doc.get()).ok());
            let is_news = |transfer: &Transfer| {
                let known = self.entries.get(transfer.id.as_str());
                known.is_none_or(|known| mark_of(transfer).is_news_after(known.mark()))
            };
            match (transfer, doc) {
                (Some(transfer), Some(doc)) if is_news(&transfer) => {
                    let id = transfer.id.as_str().into();
                    let old = self.remove(&id);
                    self.leave(&id, old);
                    // The one that is taken next.
                    self.free.push(slot);
                    self.insert(&transfer, doc.get().to_owned(), Some(mark_of(&transfer)));
                    if let Some(entry) = self.entries.get_mut(transfer.id.as_str()) {
                        entry.confirmed = entry.is_settled(asked);
                    }
                    self.shrink();
                }
                (Some(transfer), _) => self.leave(&transfer.id.as_str().into(), Some(slot)),
                _ => self.free.push(slot),
            }
        }
    }
}

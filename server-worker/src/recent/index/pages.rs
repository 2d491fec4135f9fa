//! The list as rows: fifty slots are a page, written and read as one text.

use std::iter;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transfer_status_protocol::Transfer;

use super::Index;
use super::entry::mark_of;

/// Slots of a page.
pub(super) const PAGE: u32 = 50;

/// What a page's row holds besides its entries.
#[derive(Serialize, Deserialize)]
struct Footer {
    /// When all of its entries were confirmed, in Unix milliseconds.
    asked: i64,
}

impl Index {
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
}

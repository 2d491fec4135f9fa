//! Who has which slot: whoever is new takes a free one, else the oldest entry's, so that nothing is ever deleted.

use std::rc::Rc;

use transfer_status_protocol::Transfer;

use super::Index;
use super::entry::{Entry, Place};
use super::pages::PAGE;
use crate::domain::outbox::Mark;

impl Index {
    /// Takes an entry in, as what its room has, in the slot of the transfer's last one or in one of its own.
    pub(super) fn insert(&mut self, transfer: &Transfer, doc: String, written: Option<Mark>) {
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
    pub(super) fn remove(&mut self, id: &Rc<str>) -> Option<u32> {
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

    /// Frees a slot whose page is not written now, so that its row goes on naming who had it.
    pub(super) fn leave(&mut self, id: &Rc<str>, slot: Option<u32>) {
        if let Some(slot) = slot {
            self.free.push(slot);
            self.left.push((Rc::clone(id), slot / PAGE));
        }
    }

    /// Lets the oldest go until the bounds hold. The newest stays in any case.
    pub(super) fn shrink(&mut self) {
        while self.entries.len() > self.most_entries
            || (self.bytes > self.most_bytes && self.entries.len() > 1)
        {
            let Some(oldest) = self.order.first().map(|place| Rc::clone(&place.id)) else {
                return;
            };
            let slot = self.remove(&oldest);
            self.leave(&oldest, slot);
        }
    }
}

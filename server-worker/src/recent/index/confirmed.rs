//! Which entries are what their rooms have, as far as one knows: the others' rooms are asked when somebody looks.

use std::rc::Rc;

use super::Index;
use super::entry::Entry;
use super::pages::PAGE;

/// A page that is behind by more than this is written: a transfer that has been forgotten must not change
/// unseen. In milliseconds.
pub(super) const MOST_BEHIND_MS: i64 = 3_600_000;
/// And for so much longer it is not trusted that it has not: clocks of two machines may differ.
const SKEW_MS: i64 = 300_000;
/// A room that did not answer is not asked again for so long.
const ASK_AGAIN_MS: i64 = 60_000;

impl Entry {
    /// Whether nothing can have happened to it unseen since `asked_at`, when it was confirmed.
    pub(super) fn is_settled(&self, asked_at: i64) -> bool {
        let quiet = MOST_BEHIND_MS + SKEW_MS;
        self.status.is_final() || self.updated_at.saturating_add(quiet) < asked_at
    }
}

impl Index {
    /// At most `limit` of those that may have gone on unseen, newest first, and whose rooms may be asked at `now`.
    pub(crate) fn unconfirmed(&self, limit: usize, now: i64) -> Vec<Rc<str>> {
        let newest = self.order.iter().rev();
        let unconfirmed = newest.filter(|place| {
            self.entries
                .get(&place.id)
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
            let before = self.asked_at(page).unwrap_or(i64::MIN);
            let is_behind = |entry: &&Entry| entry.written != Some(entry.mark());
            let settles = |entry: &&Entry| !entry.is_settled(before) && entry.is_settled(now);
            let all_confirmed = entries.iter().all(|entry| entry.confirmed);
            if entries.iter().any(is_behind) || (all_confirmed && entries.iter().any(settles)) {
                worth.push(page);
                if all_confirmed {
                    self.note_asked(page, now);
                }
            }
        }
        worth
    }
}

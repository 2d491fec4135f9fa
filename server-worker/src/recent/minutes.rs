//! Updates a minute over the last hour, for the operator's chart. Pure.

use super::index::{Entry, Place};

/// How many minutes are counted.
pub(crate) const MINUTES: usize = 60;
const MINUTE_MS: i64 = 60_000;

/// Counts by minute; what is older than an hour falls out.
#[derive(Debug, Clone)]
pub(crate) struct Minutes {
    counts: [u32; MINUTES],
    /// The minute of the last count, since 1970.
    newest: i64,
}

impl Default for Minutes {
    fn default() -> Self {
        Self {
            counts: [0; MINUTES],
            newest: 0,
        }
    }
}

impl Minutes {
    /// What can be told of a list: the minute in which each entry last changed.
    pub(crate) fn of<'a>(entries: impl Iterator<Item = (&'a Place, &'a Entry)>) -> Self {
        let mut minutes = Self::default();
        for (place, _) in entries {
            minutes.count(place.updated_at);
        }
        minutes
    }

    /// Counts one update at this time, in Unix milliseconds.
    pub(crate) fn count(&mut self, at: i64) {
        let minute = at.div_euclid(MINUTE_MS);
        self.advance(minute);
        if minute > self.newest - MINUTES as i64
            && let Some(count) = self.counts.get_mut(place(minute))
        {
            *count = count.saturating_add(1);
        }
    }

    /// The last 60 minutes, oldest first; the last is the one that runs at `now`.
    pub(crate) fn until(&self, now: i64) -> [u32; MINUTES] {
        let mut current = self.clone();
        current.advance(now.div_euclid(MINUTE_MS));
        let first = place(current.newest + 1);
        current.counts.rotate_left(first);
        current.counts
    }

    /// Makes room up to this minute.
    fn advance(&mut self, minute: i64) {
        let gone = minute.saturating_sub(self.newest).clamp(0, MINUTES as i64);
        for step in 1..=gone {
            if let Some(count) = self.counts.get_mut(place(minute - gone + step)) {
                *count = 0;
            }
        }
        self.newest = self.newest.max(minute);
    }
}

fn place(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(MINUTES as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MINUTE_MS, MINUTES, Minutes};

    const NOW: i64 = 1_700_000_000_000;

    proptest! {
        #[test]
        fn each_update_is_counted_in_its_minute_for_an_hour(
            ago in prop::collection::vec(0..90 * MINUTE_MS, 0..50),
        ) {
            let mut minutes = Minutes::default();
            for ago in &ago {
                minutes.count(NOW - ago);
            }
            let now = NOW.div_euclid(MINUTE_MS);
            let expected: Vec<_> = (0..MINUTES as i64)
                .map(|place| now - 59 + place)
                .map(|minute| ago.iter().filter(|ago| (NOW - **ago).div_euclid(MINUTE_MS) == minute).count())
                .map(|count| u32::try_from(count).unwrap())
                .collect();
            prop_assert_eq!(minutes.until(NOW).to_vec(), expected);
            prop_assert_eq!(minutes.until(NOW + 200 * MINUTE_MS), [0; MINUTES]);
        }
    }
}

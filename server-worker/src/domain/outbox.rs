//! What a room still owes to the rest of the service, and when it looks again. Pure.
//!
//! A change is owed to the recent index; a final transfer, and one that has been quiet for an hour, is owed
//! to the archive. What has arrived is not written down, for that would cost a row: both sides ignore what
//! they have, so that a room that does not know sends again. An alarm is set with the commit itself and
//! stands until everything has arrived; a final transfer then gets one more, at which the room empties.

/// The waits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// So long after a commit the alarm sees to it that nothing was lost, and so long a retry waits at most.
    pub(crate) retry_ms: i64,
    /// A transfer that has not changed for so long is archived as it stands.
    pub(crate) quiet_ms: i64,
    /// A room keeps a final transfer for so long beside the archive, which may lag elsewhere.
    pub(crate) grace_ms: i64,
}

/// The shortest pause before another attempt.
const FIRST_RETRY_MS: i64 = 1_000;
/// The longest.
const LAST_RETRY_MS: i64 = 900_000;

/// What a room holds, as far as the outbox asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// The stored version.
    pub(crate) version: u64,
    /// Whether it is the last one.
    pub(crate) is_final: bool,
    /// When it was stored, in Unix milliseconds.
    pub(crate) updated_at: i64,
}

/// The versions that are known to have arrived; 0 after a wake, when nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// In the recent index.
    pub(crate) index: u64,
    /// In the archive.
    pub(crate) archive: u64,
}

impl Delivered {
    /// And this version to the index.
    pub(crate) fn with_index(self, version: u64) -> Self {
        Self {
            index: self.index.max(version),
            ..self
        }
    }

    /// And this version to the archive.
    pub(crate) fn with_archive(self, version: u64) -> Self {
        Self {
            archive: self.archive.max(version),
            ..self
        }
    }
}

/// What is to be sent now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    /// The transfer, to the recent index.
    pub(crate) index: bool,
    /// The transfer with its timeline, to the archive.
    pub(crate) archive: bool,
}

impl Owed {
    /// Nothing to do.
    pub(crate) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Policy {
    /// What has to be sent at `now`.
    pub(crate) fn owed(&self, held: Held, delivered: Delivered, now: i64) -> Owed {
        let ripe = held.is_final || now >= held.updated_at.saturating_add(self.quiet_ms);
        Owed {
            index: delivered.index < held.version,
            archive: ripe && delivered.archive < held.version,
        }
    }

    /// The latest alarm that a commit at `now` is safe with.
    pub(crate) fn safety(&self, now: i64) -> i64 {
        now.saturating_add(self.retry_ms)
    }

    /// When to try again what failed at `now`: after as long as it has been owed, which doubles with each
    /// attempt and needs no memory.
    pub(crate) fn retry(&self, held: Held, now: i64) -> i64 {
        let most = self.retry_ms.clamp(FIRST_RETRY_MS, LAST_RETRY_MS);
        let age = now.saturating_sub(held.updated_at).clamp(FIRST_RETRY_MS, most);
        now.saturating_add(age)
    }

    /// When to look again, once nothing is owed at the moment; `None`: only when something happens.
    pub(crate) fn rest(&self, held: Held, delivered: Delivered) -> Option<i64> {
        if held.is_final {
            Some(self.farewell(held))
        } else if delivered.archive < held.version {
            Some(held.updated_at.saturating_add(self.quiet_ms))
        } else {
            None
        }
    }

    /// When the room of a final transfer empties. An alarm for exactly this time is only ever set once the
    /// archive and the index have the transfer, so that its coming proves that they do.
    pub(crate) fn farewell(&self, held: Held) -> i64 {
        held.updated_at.saturating_add(self.grace_ms)
    }

    /// Whether the room may empty at `now`.
    pub(crate) fn may_empty(&self, held: Held, delivered: Delivered, now: i64) -> bool {
        held.is_final
            && delivered.index >= held.version
            && delivered.archive >= held.version
            && now >= self.farewell(held)
    }

    /// Keeps an alarm for anything else off the time that means the farewell.
    pub(crate) fn beside_farewell(&self, held: Held, at: i64) -> i64 {
        if at == self.farewell(held) {
            at.saturating_add(1)
        } else {
            at
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Delivered, Held, Owed, Policy};

    const DAY: i64 = 86_400_000;
    const HOUR: i64 = 3_600_000;
    const NOW: i64 = 1_700_000_000_000;
    const POLICY: Policy = Policy {
        retry_ms: 900_000,
        quiet_ms: HOUR,
        grace_ms: DAY,
    };

    fn held(version: u64, is_final: bool) -> Held {
        Held {
            version,
            is_final,
            updated_at: NOW,
        }
    }

    fn all(version: u64) -> Delivered {
        Delivered {
            index: version,
            archive: version,
        }
    }

    #[test]
    fn a_change_is_owed_to_the_index_at_once_and_to_the_archive_when_it_is_the_last() {
        let nothing = Delivered::default();
        for (is_final, archive) in [(false, false), (true, true)] {
            let owed = POLICY.owed(held(1, is_final), nothing, NOW);
            assert_eq!(owed, Owed { index: true, archive });
        }
        assert!(POLICY.owed(held(3, true), all(3), NOW).is_nothing());
        assert!(
            !POLICY.owed(held(4, false), all(3), NOW).is_nothing(),
            "the next version is owed anew"
        );
    }

    #[test]
    fn a_transfer_that_has_gone_quiet_is_archived_once_as_it_stands() {
        let indexed = Delivered { index: 2, archive: 0 };
        let stuck = held(2, false);
        assert!(POLICY.owed(stuck, indexed, NOW + HOUR - 1).is_nothing());
        assert_eq!(POLICY.rest(stuck, indexed), Some(NOW + HOUR));
        assert!(POLICY.owed(stuck, indexed, NOW + HOUR).archive);
        assert_eq!(
            POLICY.rest(stuck, all(2)),
            None,
            "after that it costs nothing to wait"
        );
    }

    #[test]
    fn a_room_empties_a_day_after_the_end_and_only_when_all_has_arrived() {
        let end = held(3, true);
        assert_eq!(POLICY.rest(end, all(3)), Some(NOW + DAY));
        assert!(POLICY.may_empty(end, all(3), NOW + DAY));
        assert!(!POLICY.may_empty(end, all(3), NOW + DAY - 1));
        for missing in [
            Delivered { index: 2, archive: 3 },
            Delivered { index: 3, archive: 2 },
        ] {
            assert!(!POLICY.may_empty(end, missing, NOW + 2 * DAY));
        }
        assert!(!POLICY.may_empty(held(3, false), all(3), NOW + 2 * DAY));
    }

    #[test]
    fn attempts_that_fail_come_at_doubling_pauses_up_to_a_quarter_of_an_hour() {
        let held = held(1, true);
        let mut now = NOW;
        let mut pauses = Vec::new();
        for _ in 0..14 {
            let next = POLICY.retry(held, now);
            pauses.push((next - now) / 1_000);
            now = next;
        }
        assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    proptest! {
        #[test]
        fn no_other_alarm_can_be_taken_for_the_farewell(at in NOW - 5..NOW + 5, grace_ms in 0..5_i64) {
            let policy = Policy { grace_ms, ..POLICY };
            let held = held(1, true);
            let moved = policy.beside_farewell(held, at);
            prop_assert_ne!(moved, policy.farewell(held));
            prop_assert!((at..=at + 1).contains(&moved));
        }

        #[test]
        fn a_network_that_is_well_at_last_ends_with_an_empty_room(
            failures in prop::collection::vec((any::<bool>(), any::<bool>()), 0..20),
        ) {
            let held = held(3, true);
            let (mut delivered, mut now) = (Delivered::default(), NOW);
            let mut failures = failures.into_iter();
            for _ in 0..30 {
                let owed = POLICY.owed(held, delivered, now);
                if owed.is_nothing() {
                    break;
                }
                let (index_fails, archive_fails) = failures.next().unwrap_or_default();
                if owed.index && !index_fails {
                    delivered.index = 3;
                }
                if owed.archive && !archive_fails {
                    delivered.archive = 3;
                }
                if index_fails || archive_fails {
                    let next = POLICY.retry(held, now);
                    prop_assert!((1..=900_000).contains(&(next - now)));
                    now = next;
                }
            }
            prop_assert_eq!(delivered, all(3));
            let last = POLICY.rest(held, delivered).unwrap();
            prop_assert!(POLICY.may_empty(held, delivered, last.max(now)));
        }
    }
}

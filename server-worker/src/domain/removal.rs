//! What is left of a deleted transfer, and what its room's delivery turns to. Pure.

use crate::domain::outbox::{Failed, Held, Known, Mark, Policy, Step};

/// What is left of a deleted transfer is kept for so long: by then whatever was under way has ended, and no copy of KV's
/// caches shows it any more.
const TOMBSTONE_MS: i64 = 900_000;

/// What is left of a deleted transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tombstone {
    /// Later than every state of the transfer, in Unix milliseconds.
    pub(crate) deleted_at: i64,
    /// Whether the archive or the list may still have something of it.
    pub(crate) is_owed: bool,
}

impl Tombstone {
    /// Of a transfer that is deleted at `now` and whose last state is `last`.
    pub(crate) fn of(last: Mark, now: i64) -> Self {
        Self {
            deleted_at: now.max(last.updated_at.saturating_add(1)),
            is_owed: true,
        }
    }

    /// The same once nothing lies elsewhere any more.
    #[must_use]
    pub(crate) fn done(self) -> Self {
        Self {
            is_owed: false,
            ..self
        }
    }

    /// Whether nothing is owed any more once what `removed` stands for was removed: the id may have had another life since, and
    /// another deletion.
    pub(crate) fn is_settled_by(self, removed: Self) -> bool {
        self.is_owed && self.deleted_at == removed.deleted_at
    }

    /// When it is looked at for the last time.
    pub(crate) fn end(self) -> i64 {
        self.deleted_at.saturating_add(TOMBSTONE_MS)
    }
}

/// The time, but later than all that was here before a deletion: what comes after that is news to everybody.
pub(crate) fn after_deletion(tombstone: Option<Tombstone>, now: i64) -> i64 {
    match tombstone {
        Some(tombstone) => now.max(tombstone.deleted_at.saturating_add(1)),
        None => now,
    }
}

/// What a room's delivery does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing at all is owed.
    Done,
    /// Take the deleted transfer off the list and out of the archive.
    Remove,
    /// Look whether the archive has it again, by a write that was under way.
    Verify,
    /// Nothing until then.
    Wait(i64),
    /// A step of the transfer that is here.
    Deliver(Step),
}

impl Policy {
    /// What the room does at `now`. The transfer that is here goes on while what is left of the one before it cannot be
    /// removed.
    pub(crate) fn turn(
        &self,
        (held, tombstone): (Option<Held>, Option<Tombstone>),
        known: &Known,
        failed: Failed,
        first_socket: Option<i64>,
        now: i64,
    ) -> Turn {
        match (held, tombstone) {
            (Some(_), Some(tombstone)) if tombstone.is_owed && !failed.removal => Turn::Remove,
            (Some(held), _) => Turn::Deliver(self.next(held, known, failed, first_socket, now)),
            // Nothing but sockets is left, of which one that never expires is looked at by no alarm.
            (None, None) => match first_socket.filter(|due| *due < i64::MAX) {
                Some(due) => Turn::Wait(due),
                None => Turn::Done,
            },
            (None, Some(tombstone)) if failed.removal => Turn::Wait(self.retry(tombstone.deleted_at, now)),
            (None, Some(tombstone)) if tombstone.is_owed => Turn::Remove,
            (None, Some(tombstone)) if now < tombstone.end() => Turn::Wait(tombstone.end()),
            (None, Some(_)) => Turn::Verify,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TOMBSTONE_MS, Tombstone, Turn};
    use crate::domain::outbox::{Failed, Held, Known, Mark, Policy, Step};

    const NOW: i64 = 1_700_000_000_000;
    const POLICY: Policy = Policy {
        retry_ms: 900_000,
        quiet_ms: 3_600_000,
        grace_ms: 300_000,
    };
    const LAST: Mark = Mark {
        updated_at: NOW - 1_000,
        version: 4,
    };
    const AWAY: Failed = Failed {
        index: false,
        archive: false,
        removal: true,
    };

    fn turn(held: Option<Held>, tombstone: Option<Tombstone>, failed: Failed, now: i64) -> Turn {
        POLICY.turn((held, tombstone), &Known::default(), failed, None, now)
    }

    #[test]
    fn a_deletion_is_carried_out_and_looked_after_until_nothing_can_bring_the_transfer_back() {
        let owed = Tombstone::of(LAST, NOW);
        let done = owed.done();
        assert_eq!(turn(None, Some(owed), Failed::default(), NOW), Turn::Remove);
        assert_eq!(turn(None, Some(owed), AWAY, NOW), Turn::Wait(NOW + 1_000));
        let end = NOW + TOMBSTONE_MS;
        assert_eq!(turn(None, Some(done), Failed::default(), NOW), Turn::Wait(end));
        assert_eq!(turn(None, Some(done), Failed::default(), end), Turn::Verify);
        assert_eq!(turn(None, Some(done), AWAY, end), Turn::Wait(end + 900_000));
        assert_eq!(turn(None, None, Failed::default(), NOW), Turn::Done);
    }

    #[test]
    fn a_new_life_waits_for_the_removal_of_the_one_before_it_and_goes_on_where_that_fails() {
        let held = Held {
            mark: LAST,
            is_final: false,
            is_confirmed: true,
        };
        let owed = Tombstone::of(LAST, NOW);
        assert_eq!(turn(Some(held), Some(owed), Failed::default(), NOW), Turn::Remove);
        let listed = Turn::Deliver(Step::List);
        assert_eq!(turn(Some(held), Some(owed), AWAY, NOW), listed);
        assert_eq!(
            turn(Some(held), Some(owed.done()), Failed::default(), NOW),
            listed
        );
    }

    #[test]
    fn a_watcher_who_stays_when_all_is_forgotten_is_still_told_that_its_signature_expires() {
        let left = |first_socket| {
            let nothing = (None, None);
            POLICY.turn(nothing, &Known::default(), Failed::default(), first_socket, NOW)
        };
        assert_eq!(left(Some(NOW + 30_000)), Turn::Wait(NOW + 30_000));
        assert_eq!(left(Some(i64::MAX)), Turn::Done);
    }

    #[test]
    fn a_second_deletion_is_not_settled_by_the_removal_for_the_first() {
        let (first, second) = (Tombstone::of(LAST, NOW), Tombstone::of(LAST, NOW + 20));
        assert!(first.is_settled_by(first));
        assert!(!second.is_settled_by(first));
        assert!(!first.done().is_settled_by(first));
    }

    #[test]
    fn a_deletion_is_later_than_the_last_state_though_the_clock_was_set_back() {
        assert_eq!(Tombstone::of(LAST, NOW).deleted_at, NOW);
        assert_eq!(Tombstone::of(LAST, NOW - 90_000).deleted_at, LAST.updated_at + 1);
    }
}

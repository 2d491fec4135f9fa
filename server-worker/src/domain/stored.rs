//! Where a transfer is, as far as its room knows, and what an update makes of that. Pure.

use std::rc::Rc;

use transfer_status_protocol::{Timestamp, Update};

use crate::domain::ledger::{self, Outcome};
use crate::domain::record::{Copy, Record};
use crate::domain::removal::{self, Tombstone};
use crate::domain::unconfirmed::Unconfirmed;

/// Where the transfer is.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    /// In the room's own row.
    Here(Rc<Record>),
    /// In the archive alone: the room has emptied.
    Archived(Rc<Record>),
    /// Nowhere: nobody has reported it.
    Nowhere,
}

impl Stored {
    /// What a room can tell by itself: by its row, by what a deletion has left, or by a watcher from a time when there was
    /// nothing, since only the room could have changed that. `None`: the archive has to be asked.
    pub(crate) fn here(
        row: Option<Record>,
        tombstone: Option<Tombstone>,
        is_blank: impl FnOnce() -> bool,
    ) -> Option<Self> {
        match row {
            Some(record) => Some(Self::Here(Rc::new(record))),
            None if tombstone.is_some() || is_blank() => Some(Self::Nowhere),
            None => None,
        }
    }

    /// What the archive has said of a transfer that is not in its room.
    pub(crate) fn elsewhere(copy: Option<Copy>) -> Self {
        copy.map_or(Self::Nowhere, |copy| Self::Archived(Rc::new(copy.record)))
    }

    /// The transfer, wherever it is.
    pub(crate) fn record(&self) -> Option<&Rc<Record>> {
        match self {
            Self::Here(record) | Self::Archived(record) => Some(record),
            Self::Nowhere => None,
        }
    }

    /// The transfer, where the room itself has it.
    pub(crate) fn row(&self) -> Option<&Rc<Record>> {
        match self {
            Self::Here(record) => Some(record),
            Self::Archived(_) | Self::Nowhere => None,
        }
    }
}

/// Applies an update, at `now` by the room's clock. Where only the archive could tell whether there is anything, and does not,
/// `stored` is `None`, and what the update makes is unconfirmed.
pub(crate) fn apply<'a>(
    stored: Option<&'a Stored>,
    tombstone: Option<Tombstone>,
    update: Update,
    word: Option<&str>,
    now: i64,
) -> Outcome<'a> {
    let current = stored.and_then(Stored::record);
    let unconfirmed = match (stored, current) {
        (_, Some(current)) => current.unconfirmed.clone(),
        (None, None) => Some(Unconfirmed::default()),
        (Some(_), None) => None,
    };
    let unconfirmed = unconfirmed.map(|unconfirmed| unconfirmed.after(&update));
    let at = Timestamp::from_unix_millis(removal::after_deletion(tombstone, now));
    match ledger::apply(current.map(Rc::as_ref), update, word, at) {
        Outcome::Applied(record) => Outcome::Applied(Record {
            unconfirmed,
            ..record
        }),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use transfer_status_protocol::{Status, TransferId, Update};

    use super::{Stored, apply};
    use crate::domain::ledger::Outcome;
    use crate::domain::outbox::Mark;
    use crate::domain::record::Record;
    use crate::domain::removal::Tombstone;

    const NOW: i64 = 1_700_000_000_000;

    fn applied(stored: Option<&Stored>, tombstone: Option<Tombstone>, status: Status, now: i64) -> Record {
        let update = Update::new(TransferId::new("tr_1").unwrap(), status);
        match apply(stored, tombstone, update, None, now) {
            Outcome::Applied(record) => record,
            outcome => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn a_room_asks_the_archive_only_where_it_cannot_tell_by_itself() {
        let record = applied(None, None, Status::Pending, NOW);
        let deleted = Some(Tombstone::of(record.mark(), NOW));
        assert!(matches!(
            Stored::here(Some(record.clone()), deleted, || false),
            Some(Stored::Here(_))
        ));
        assert!(matches!(
            Stored::here(None, deleted, || false),
            Some(Stored::Nowhere)
        ));
        assert!(matches!(Stored::here(None, None, || true), Some(Stored::Nowhere)));
        assert!(Stored::here(None, None, || false).is_none());
    }

    #[test]
    fn what_is_taken_without_the_archive_is_unconfirmed_until_it_was_asked() {
        let first = applied(None, None, Status::Pending, NOW);
        assert!(first.unconfirmed.is_some());
        let next = applied(Some(&Stored::Here(Rc::new(first))), None, Status::Processing, NOW);
        assert!(next.unconfirmed.is_some());
        assert!(
            applied(Some(&Stored::Nowhere), None, Status::Pending, NOW)
                .unconfirmed
                .is_none()
        );
    }

    #[test]
    fn a_new_life_is_later_than_the_deleted_one_though_the_clock_was_set_back() {
        let mark = Mark {
            updated_at: NOW + 5_000,
            version: 9,
        };
        let tombstone = Some(Tombstone::of(mark, NOW));
        let record = applied(Some(&Stored::Nowhere), tombstone, Status::Pending, NOW - 60_000);
        assert_eq!(record.version(), 1);
        assert!(record.mark().updated_at > mark.updated_at);
    }
}

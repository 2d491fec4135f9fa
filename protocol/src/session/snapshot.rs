//! The order of snapshots: which one is news to a user who has seen another.

/// What the session needs to know of the state it carries; the rest is the host's.
///
/// A browser carries the object that its own `JSON.parse` made, a phone a decoded transfer.
pub trait Snapshot {
    /// Where this snapshot stands among those of its transfer.
    fn order(&self) -> Order;
}

/// A snapshot's place among those of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The transfer's version; `None` from the old service, which sends none.
    pub version: Option<u64>,
    /// `updatedAt` in milliseconds since the Unix epoch: the order where a version is missing.
    pub updated_at_ms: i64,
    /// How far the transfer is.
    pub stage: Stage,
}

/// What a status says of the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// `pending` or `processing`: more is to come.
    Open,
    /// `completed`, `failed` or `cancelled`: nothing follows.
    Final,
    /// A name that this client does not know: more may come, unless the server closes with 1000.
    Unknown,
}

impl Order {
    /// Whether a user who has seen `seen` is to be shown this one.
    ///
    /// Within one record version and time rise together. A later time is news whatever the version: with a lower or
    /// the same one it is a record begun anew (a service that was restored or replaced). Of the same time the higher
    /// version is the later, and of an earlier time none is: it is of a record that is no more. Version 0 says that
    /// nothing was reported yet, and its time is made up: it is news only to a user who has seen nothing, and whatever
    /// else comes is news after it. Where one of the two has no version (the earlier service sends none), the time
    /// decides; of two with the same time the final one is the later, and one of an unknown name is later than an open
    /// one: it may be the last, which is shown always.
    // The session calls it in one place: inlined, no order is copied for it.
    #[inline(always)]
    pub fn is_news_after(self, seen: Option<Self>) -> bool {
        let Some(seen) = seen else { return true };
        if seen.stage == Stage::Final {
            return false;
        }
        let is_later = self.updated_at_ms > seen.updated_at_ms;
        match (self.version, seen.version) {
            (Some(0), _) => false,
            (_, Some(0)) => true,
            _ if is_later => true,
            _ if self.updated_at_ms < seen.updated_at_ms => false,
            (Some(version), Some(seen)) => version > seen,
            _ => self.stage != Stage::Open && self.stage != seen.stage,
        }
    }
}

#[cfg(feature = "message")]
impl Snapshot for crate::transfer::Transfer {
    fn order(&self) -> Order {
        Order {
            version: self.version,
            updated_at_ms: self.updated_at.unix_millis(),
            stage: match &self.status {
                status if status.is_final() => Stage::Final,
                crate::transfer::Status::Other(_) => Stage::Unknown,
                _ => Stage::Open,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stage::{Final, Open, Unknown};
    use super::{Order, Stage};

    const fn at(version: Option<u64>, updated_at_ms: i64, stage: Stage) -> Order {
        Order {
            version,
            updated_at_ms,
            stage,
        }
    }

    #[test]
    fn within_a_record_the_version_decides() {
        assert!(at(Some(2), 5, Open).is_news_after(Some(at(Some(1), 5, Open))));
        assert!(!at(Some(1), 5, Open).is_news_after(Some(at(Some(1), 5, Open))));
        assert!(!at(Some(1), 4, Open).is_news_after(Some(at(Some(2), 5, Open))));
        assert!(!at(Some(1), 5, Open).is_news_after(Some(at(Some(2), 5, Open))));
    }

    #[test]
    fn a_version_that_does_not_rise_with_the_time_is_of_a_record_begun_anew() {
        assert!(at(Some(7), 6, Open).is_news_after(Some(at(Some(7), 5, Open))));
        assert!(
            !at(Some(7), 5, Open).is_news_after(Some(at(Some(4), 6, Open))),
            "and what comes late of the one before is none"
        );
        assert!(at(Some(1), 6, Open).is_news_after(Some(at(Some(7), 5, Open))));
        assert!(at(Some(2), 6, Final).is_news_after(Some(at(Some(7), 5, Open))));
        assert!(
            !at(Some(0), 6, Open).is_news_after(Some(at(Some(7), 5, Open))),
            "nothing reported yet is no news"
        );
    }

    #[test]
    fn the_earlier_service_is_ordered_by_time_and_a_final_status_wins_a_tie() {
        assert!(at(None, 6, Open).is_news_after(Some(at(None, 5, Open))));
        assert!(!at(None, 5, Open).is_news_after(Some(at(None, 5, Open))));
        assert!(at(None, 5, Final).is_news_after(Some(at(None, 5, Open))));
        assert!(!at(None, 4, Final).is_news_after(Some(at(None, 5, Open))));
        assert!(at(None, 5, Unknown).is_news_after(Some(at(None, 5, Open))));
        assert!(!at(None, 5, Unknown).is_news_after(Some(at(None, 5, Unknown))));
        assert!(!at(None, 5, Open).is_news_after(Some(at(None, 5, Unknown))));
    }

    #[test]
    fn a_service_replaced_in_between_neither_repeats_nor_goes_back() {
        let from_the_earlier = Some(at(None, 1_000, Open));
        assert!(
            !at(Some(0), 2_000, Open).is_news_after(from_the_earlier),
            "nothing reported yet is no news"
        );
        assert!(at(Some(1), 2_000, Open).is_news_after(from_the_earlier));
        assert!(!at(Some(1), 1_000, Open).is_news_after(from_the_earlier));
        assert!(
            at(None, 1_000, Open).is_news_after(Some(at(Some(0), 2_000, Open))),
            "and back to the earlier one"
        );
    }

    #[test]
    fn nothing_follows_a_final_status() {
        assert!(!at(Some(9), 9, Final).is_news_after(Some(at(Some(1), 1, Final))));
    }
}

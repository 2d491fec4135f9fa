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
    /// The status is final.
    pub is_final: bool,
}

impl Order {
    /// Whether a user who has seen `seen` is to be shown this one.
    ///
    /// Version 0 says that nothing was reported yet, so it is news only to a user who has seen nothing, and
    /// whatever else comes is news after it. Where one of the two has no version (a service was replaced in
    /// between), `updatedAt` decides, and of two with the same time the final one is the later.
    pub fn is_news_after(self, seen: Option<Self>) -> bool {
        let Some(seen) = seen else { return true };
        if seen.is_final {
            return false;
        }
        match (self.version, seen.version) {
            (Some(0), _) => false,
            (_, Some(0)) => true,
            (Some(version), Some(seen)) => version > seen,
            _ => {
                self.updated_at_ms > seen.updated_at_ms
                    || (self.is_final && self.updated_at_ms == seen.updated_at_ms)
            }
        }
    }
}

#[cfg(feature = "message")]
impl Snapshot for crate::transfer::Transfer {
    fn order(&self) -> Order {
        Order {
            version: self.version,
            updated_at_ms: self.updated_at.unix_millis(),
            is_final: self.status.is_final(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    const fn at(version: Option<u64>, updated_at_ms: i64, is_final: bool) -> Order {
        Order {
            version,
            updated_at_ms,
            is_final,
        }
    }

    #[test]
    fn versions_decide_where_both_have_one() {
        assert!(at(Some(2), 5, false).is_news_after(Some(at(Some(1), 9, false))));
        assert!(!at(Some(1), 9, false).is_news_after(Some(at(Some(1), 5, false))));
        assert!(!at(Some(1), 9, false).is_news_after(Some(at(Some(2), 5, false))));
    }

    #[test]
    fn the_old_service_is_ordered_by_time_and_a_final_status_wins_a_tie() {
        assert!(at(None, 6, false).is_news_after(Some(at(None, 5, false))));
        assert!(!at(None, 5, false).is_news_after(Some(at(None, 5, false))));
        assert!(at(None, 5, true).is_news_after(Some(at(None, 5, false))));
        assert!(!at(None, 4, true).is_news_after(Some(at(None, 5, false))));
    }

    #[test]
    fn a_service_replaced_in_between_neither_repeats_nor_goes_back() {
        let from_the_old = Some(at(None, 1_000, false));
        assert!(
            !at(Some(0), 2_000, false).is_news_after(from_the_old),
            "nothing reported yet is no news"
        );
        assert!(at(Some(1), 2_000, false).is_news_after(from_the_old));
        assert!(!at(Some(1), 1_000, false).is_news_after(from_the_old));
        assert!(
            at(None, 1_000, false).is_news_after(Some(at(Some(0), 2_000, false))),
            "and back to the old one"
        );
    }

    #[test]
    fn nothing_follows_a_final_status() {
        assert!(!at(Some(9), 9, true).is_news_after(Some(at(Some(1), 1, true))));
    }
}

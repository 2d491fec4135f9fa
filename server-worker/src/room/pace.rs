//! How often a room hands changes in for the list. Pure.
//!
//! A batch leaves ten times a second at most, and takes of a transfer only its newest state along: so a change that comes
//! right after another waits for its turn, and is handed in together with what comes until then.

use super::batch::PAUSE_MS;

/// One that should have been handed in for so long was lost with whoever waited.
const LOST_AFTER_MS: i64 = 10_000;

/// What falls to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To be handed in at once.
    Now,
    /// To be handed in after so many milliseconds, in whatever state the transfer is then.
    After(i64),
    /// Nothing: one before it waits for its turn, and takes it along.
    Along,
}

/// When a room has handed in last, and whether something waits for the next time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Not lately.
    #[default]
    Rested,
    /// At this time, in Unix milliseconds.
    HandedIn(i64),
    /// It will at this time.
    Waits(i64),
}

impl Pace {
    /// The turn of a change that is made at `now`, in Unix milliseconds, and the pace from then on.
    pub(crate) fn change(self, now: i64) -> (Turn, Self) {
        match self {
            // The clock may have been set back.
            Self::HandedIn(at) if (0..PAUSE_MS).contains(&now.saturating_sub(at)) => {
                let next = at.saturating_add(PAUSE_MS);
                (Turn::After(next.saturating_sub(now)), Self::Waits(next))
            }
            Self::Waits(at) if (-PAUSE_MS..LOST_AFTER_MS).contains(&now.saturating_sub(at)) => {
                (Turn::Along, self)
            }
            _ => (Turn::Now, Self::HandedIn(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOST_AFTER_MS, PAUSE_MS, Pace, Turn};

    const NOW: i64 = 1_700_000_000_000;

    #[test]
    fn a_lone_change_goes_at_once_and_those_right_after_it_together() {
        let (turn, pace) = Pace::default().change(NOW);
        assert_eq!(turn, Turn::Now);
        let (turn, pace) = pace.change(NOW + 30);
        assert_eq!(turn, Turn::After(PAUSE_MS - 30));
        for later in [31, 60, PAUSE_MS, PAUSE_MS + 20] {
            assert_eq!(pace.change(NOW + later), (Turn::Along, pace));
        }
        let (turn, _) = Pace::HandedIn(NOW + PAUSE_MS).change(NOW + 2 * PAUSE_MS);
        assert_eq!(turn, Turn::Now);
    }

    #[test]
    fn no_change_waits_for_one_that_was_lost() {
        let waits = Pace::Waits(NOW);
        assert_eq!(waits.change(NOW + LOST_AFTER_MS).0, Turn::Now);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        for pace in [Pace::HandedIn(NOW), Pace::Waits(NOW)] {
            assert_eq!(pace.change(NOW - 3_600_000).0, Turn::Now);
        }
    }
}

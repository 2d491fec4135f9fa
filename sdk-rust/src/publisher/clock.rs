//! This machine's clock beside the service's, as an answer's `Date` tells it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far this machine's clock is from the service's, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSkew {
    /// The answer has no date to compare with.
    Unknown,
    /// Less than 5 s, which is no more than the measure's own error.
    Negligible,
    /// This clock is slow by as much.
    Behind(Duration),
    /// This clock is fast by as much.
    Ahead(Duration),
}

/// A `Date` has whole seconds, and takes its time to arrive: less than this is none.
const NOTICED: Duration = Duration::from_secs(5);

/// The service takes timestamps that lie less than 300 s apart; one second is the measure's own error.
const TOO_FAR: Duration = Duration::from_secs(299);

impl ClockSkew {
    /// Between this clock and the `date` of an answer that was written while this clock went from `sent` to `received`.
    pub(super) fn measure(date: Option<SystemTime>, sent: SystemTime, received: SystemTime) -> Self {
        let (Some(date), Some(sent), Some(received)) = (
            date.and_then(unix_seconds),
            unix_seconds(sent),
            unix_seconds(received),
        ) else {
            return Self::Unknown;
        };
        let behind = Duration::from_secs(date.saturating_sub(received));
        let ahead = Duration::from_secs(sent.saturating_sub(date));
        if behind >= NOTICED {
            Self::Behind(behind)
        } else if ahead >= NOTICED {
            Self::Ahead(ahead)
        } else {
            Self::Negligible
        }
    }

    /// What to look at when a signature was refused; what is known to be right is not named.
    pub(super) fn advice(self) -> String {
        let told = match self {
            Self::Unknown => return "check HMAC_SECRET and this machine's clock".to_owned(),
            Self::Negligible => return "check HMAC_SECRET".to_owned(),
            Self::Behind(by) => format!("this machine's clock is {} s behind the service's", by.as_secs()),
            Self::Ahead(by) => format!(
                "this machine's clock is {} s ahead of the service's",
                by.as_secs()
            ),
        };
        match self {
            Self::Behind(by) | Self::Ahead(by) if by >= TOO_FAR => format!("{told}, set it"),
            _ => format!("check HMAC_SECRET; {told}"),
        }
    }
}

/// What a timestamp says; `None` before 1970.
pub(super) fn unix_seconds(time: SystemTime) -> Option<u64> {
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn behind(seconds: u64) -> ClockSkew {
        ClockSkew::Behind(Duration::from_secs(seconds))
    }

    fn ahead(seconds: u64) -> ClockSkew {
        ClockSkew::Ahead(Duration::from_secs(seconds))
    }

    #[test]
    fn a_clock_that_is_off_is_told_with_by_how_much() {
        for (date, sent, received, skew) in [
            (1_412, 1_000, 1_000, behind(412)),
            (1_000, 1_412, 1_412, ahead(412)),
            // What the network took is no skew.
            (1_009, 1_000, 1_010, ClockSkew::Negligible),
            (1_420, 1_000, 1_010, behind(410)),
            (1_000, 1_410, 1_420, ahead(410)),
            (1_004, 1_000, 1_000, ClockSkew::Negligible),
            (1_000, 1_004, 1_004, ClockSkew::Negligible),
        ] {
            let measured = ClockSkew::measure(Some(at(date)), at(sent), at(received));
            assert_eq!(measured, skew, "{date} {sent}");
        }
        let stone_age = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(unix_seconds(stone_age), None);
        for (date, now) in [(Some(at(1_000)), stone_age), (None, at(1_000))] {
            assert_eq!(ClockSkew::measure(date, now, now), ClockSkew::Unknown);
        }
    }

    #[test]
    fn only_what_may_be_wrong_is_to_be_checked() {
        for (skew, advice) in [
            (ClockSkew::Unknown, "check HMAC_SECRET and this machine's clock"),
            (ClockSkew::Negligible, "check HMAC_SECRET"),
            (
                behind(412),
                "this machine's clock is 412 s behind the service's, set it",
            ),
            (
                ahead(299),
                "this machine's clock is 299 s ahead of the service's, set it",
            ),
            (
                behind(298),
                "check HMAC_SECRET; this machine's clock is 298 s behind the service's",
            ),
        ] {
            assert_eq!(skew.advice(), advice);
        }
    }
}

//! How alive a socket is, and how much it says: who has to go when places are short, and who says too much. Pure.

/// A socket that has been silent for so long gives its place to a newcomer (contract, "Close codes").
pub(crate) const SILENT_MS: i64 = 60_000;
/// One more message is let through each second (a token bucket),
const REFILL_MS: i64 = 1_000;
/// and so many at once after a rest. Pings that the platform answers are not counted.
const BURST: i64 = 30;

/// What is kept of a socket's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// When it opened, or said something last, in Unix milliseconds.
    pub(crate) heard: i64,
    /// When its bucket is full again, in Unix milliseconds.
    pub(crate) full_at: i64,
}

impl Pulse {
    /// Of a socket that opens now.
    pub(crate) fn new(now: i64) -> Self {
        Self {
            heard: now,
            full_at: now,
        }
    }

    /// After one message more; `None` when that is one too many.
    pub(crate) fn beat(self, now: i64) -> Option<Self> {
        let full_at = self.full_at.max(now).saturating_add(REFILL_MS);
        (full_at.saturating_sub(now) <= BURST * REFILL_MS).then_some(Self { heard: now, full_at })
    }

    /// Whether it has been silent for long; `pinged` is when the platform has answered its last ping.
    pub(crate) fn silent_since(self, pinged: Option<i64>, now: i64) -> Option<i64> {
        let heard = pinged.map_or(self.heard, |pinged| pinged.max(self.heard));
        (now.saturating_sub(heard) >= SILENT_MS).then_some(heard)
    }
}

/// Places of a transfer that one address may have, of `places`.
pub(crate) fn share(places: usize) -> usize {
    (places / 10).max(20)
}

#[cfg(test)]
mod tests {
    use super::{BURST, Pulse, share};

    const NOW: i64 = 1_700_000_000_000;

    #[test]
    fn a_flood_ends_and_a_talk_does_not() {
        let mut flood = Some(Pulse::new(NOW));
        let mut taken = 0;
        while let Some(pulse) = flood {
            flood = pulse.beat(NOW);
            taken += 1;
        }
        assert_eq!(taken - 1, BURST);

        let mut talk = Pulse::new(NOW);
        for second in 0..10_000 {
            talk = talk.beat(NOW + second * 1_000).unwrap();
        }
        let rested = talk.beat(NOW + 10_000_000).unwrap();
        assert!(
            (1..BURST)
                .try_fold(rested, |pulse, _| pulse.beat(NOW + 10_000_000))
                .is_some()
        );
    }

    #[test]
    fn a_clock_that_goes_back_neither_frees_nor_blames() {
        let pulse = Pulse::new(NOW).beat(NOW).unwrap();
        assert!(pulse.beat(NOW - 5_000).is_some());
        assert_eq!(pulse.silent_since(None, NOW - 100_000), None);
    }

    #[test]
    fn a_ping_that_the_platform_answered_is_a_sign_of_life() {
        let pulse = Pulse::new(NOW);
        assert_eq!(pulse.silent_since(None, NOW + 59_999), None);
        assert_eq!(pulse.silent_since(None, NOW + 60_000), Some(NOW));
        assert_eq!(pulse.silent_since(Some(NOW + 20_000), NOW + 60_000), None);
        assert_eq!(pulse.silent_since(Some(NOW - 1), NOW + 60_000), Some(NOW));
    }

    #[test]
    fn an_address_has_a_tenth_and_no_fewer_than_twenty() {
        assert_eq!(
            (share(1_000), share(16_000), share(40), share(3)),
            (100, 1_600, 20, 20)
        );
    }
}

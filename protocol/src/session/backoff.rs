//! Full-jitter backoff: a random wait under a doubling ceiling.
//!
//! Full jitter spreads a crowd of clients that lost the same server evenly over the whole window, so that
//! the server that comes back meets a stream and not a wave.

use super::config::Config;

/// The state of one client's backoff.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    random: Random,
    /// Waits since backoff was last earned back: the exponent of the ceiling.
    round: u8,
}

/// SplitMix64's way to a random number, with one constant for all: the state counts in steps of it and is mixed by it.
/// A general generator is twice the code in WebAssembly, for its 128-bit product.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        /// 2^64 by the golden ratio.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        for _ in 0..2 {
            mixed = (mixed ^ (mixed >> 32)).wrapping_mul(STEP);
        }
        (mixed >> 32) as u32
    }
}

impl Backoff {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            round: 0,
        }
    }

    /// The next wait in milliseconds: at least `not_before_ms`, at most the cap, or after a longer pause up to the
    /// base more: a crowd that was told to stay away comes back spread out.
    pub(super) fn next(&mut self, config: &Config, not_before_ms: u32) -> u32 {
        let cap = config
            .backoff_cap_ms
            .saturating_sub(not_before_ms)
            .max(config.backoff_base_ms);
        let round = self.round;
        self.round = round.saturating_add(1);
        not_before_ms.saturating_add(self.doubled(config.backoff_base_ms, round, cap))
    }

    /// A wait of up to `ms` doubled so many times, of at most `cap_ms`.
    pub(super) fn doubled(&mut self, ms: u32, times: u8, cap_ms: u32) -> u32 {
        let ceiling = (u64::from(ms) << times.min(31)).min(u64::from(cap_ms));
        self.up_to(ceiling as u32)
    }

    /// A snapshot has held: the next wait is short again.
    pub(super) fn earn_back(&mut self) {
        self.round = 0;
    }

    /// `ms` give or take a fifth.
    pub(super) fn jittered(&mut self, ms: u32) -> u32 {
        let fifth = ms / 5;
        (ms - fifth).saturating_add(self.up_to(fifth.saturating_mul(2)))
    }

    /// Any wait of up to `most` milliseconds.
    pub(super) fn up_to(&mut self, most: u32) -> u32 {
        // Scaled, not drawn again where the range does not divide: a bias of a millionth is no matter here, and
        // the code is half as large.
        ((u64::from(self.random.next()) * (u64::from(most) + 1)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Config};

    fn longest_of_many(round: u8, not_before_ms: u32) -> (u32, u32) {
        let waits = (0..2_000).map(|seed| {
            let mut backoff = Backoff {
                round,
                ..Backoff::new(seed)
            };
            backoff.next(&Config::DEFAULT, not_before_ms)
        });
        waits.fold((u32::MAX, 0), |(least, most), wait| {
            (least.min(wait), most.max(wait))
        })
    }

    #[test]
    fn the_ceiling_doubles_from_the_base_to_the_cap_and_the_whole_window_is_used() {
        for (round, ceiling) in [
            (0, 500),
            (1, 1_000),
            (2, 2_000),
            (5, 16_000),
            (6, 30_000),
            (255, 30_000),
        ] {
            let (least, most) = longest_of_many(round, 0);
            assert!(
                most <= ceiling && most > ceiling / 100 * 98,
                "round {round}: most {most}"
            );
            assert!(least < ceiling / 50, "round {round}: least {least}");
        }
    }

    #[test]
    fn a_pause_asked_for_is_kept_and_still_jittered() {
        let (least, most) = longest_of_many(9, 10_000);
        assert!((10_000..10_400).contains(&least), "{least}");
        assert!((29_000..=30_000).contains(&most), "{most}");
    }

    #[test]
    fn a_poll_interval_varies_by_a_fifth() {
        let mut backoff = Backoff::new(7);
        for _ in 0..1_000 {
            assert!((2_400..=3_600).contains(&backoff.jittered(3_000)));
        }
    }
}

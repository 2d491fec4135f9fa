//! The durations of a client, those of PROTOCOL.md unless set.

use std::time::Duration;

use crate::session::Config;

/// Shorter makes a busy loop of what it paces.
const LEAST: Duration = Duration::from_millis(10);

/// Longer is a mistake of units.
const MOST: Duration = Duration::from_secs(24 * 3600);

/// How long a watch waits for what; PROTOCOL.md's "A client's duties" where nothing is set.
///
/// ```
/// use std::time::Duration;
/// use transfer_status_protocol::watch::Timing;
///
/// let patient = Timing::default()
///     .connect_timeout(Duration::from_secs(20))
///     .backoff(Duration::from_secs(1), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Timing {
    connect_timeout: Duration,
    first_status_timeout: Duration,
    ping_after: Duration,
    pong_timeout: Duration,
    probe_after: Duration,
    probe_timeout: Duration,
    backoff_base: Duration,
    backoff_cap: Duration,
    held_after: Duration,
    poll_after_failures: u8,
    poll_interval: Duration,
    poll_timeout: Duration,
    refresh_timeout: Duration,
    hint_spacing: Duration,
    redial_after: Duration,
}

/// A duration that cannot be what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client's {name} is {given:?}; give one from {least:?} to {most:?}")]
#[non_exhaustive]
pub struct InvalidTiming {
    /// Which one.
    pub name: &'static str,
    /// What it was set to.
    pub given: Duration,
    /// The least it may be.
    pub least: Duration,
    /// The most it may be.
    pub most: Duration,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub const fn $name(mut self, duration: Duration) -> Self {
            self.$name = duration;
            self
        }
    )*};
}

impl Timing {
    /// PROTOCOL.md's durations.
    pub const DEFAULT: Self = Self {
        connect_timeout: ms(Config::DEFAULT.connect_timeout_ms),
        first_status_timeout: ms(Config::DEFAULT.first_frame_timeout_ms),
        ping_after: ms(Config::DEFAULT.ping_after_ms),
        pong_timeout: ms(Config::DEFAULT.pong_timeout_ms),
        probe_after: ms(Config::DEFAULT.probe_after_ms),
        probe_timeout: ms(Config::DEFAULT.probe_timeout_ms),
        backoff_base: ms(Config::DEFAULT.backoff_base_ms),
        backoff_cap: ms(Config::DEFAULT.backoff_cap_ms),
        held_after: ms(Config::DEFAULT.held_after_ms),
        poll_after_failures: Config::DEFAULT.poll_after_failures,
        poll_interval: ms(Config::DEFAULT.poll_interval_ms),
        poll_timeout: ms(Config::DEFAULT.poll_timeout_ms),
        refresh_timeout: ms(Config::DEFAULT.signature_timeout_ms),
        hint_spacing: ms(Config::DEFAULT.hint_spacing_ms),
        redial_after: ms(Config::DEFAULT.redial_after_ms),
    };

    setters! {
        /// From the start of a dial until the socket must be open: 10 s.
        connect_timeout;
        /// From the open socket until its first status: 10 s.
        first_status_timeout;
        /// Silence after which a ping is sent: 20 s.
        ping_after;
        /// Silence after a ping that means that the link is dead: 10 s.
        pong_timeout;
        /// Silence after which a hint makes the watch ask whether the link lives: 3 s.
        probe_after;
        /// Silence after a ping that a hint brought about: 2.5 s.
        probe_timeout;
        /// How long a socket must have held its first status before backoff starts anew: 5 s.
        held_after;
        /// From a poll's answer to the next poll: 3 s, give or take a fifth.
        poll_interval;
        /// How long a poll may take: 10 s.
        poll_timeout;
        /// How long the signature source may take: 30 s.
        refresh_timeout;
        /// The least time between two attempts that hints bring about: 500 ms.
        hint_spacing;
        /// How old a dial or a poll must be for a hint to replace it: 2 s.
        redial_after;
    }

    /// The most that the first wait between two dials takes, and the most that any takes: 500 ms, doubling to 30 s.
    pub const fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.backoff_base = base;
        self.backoff_cap = cap;
        self
    }

    /// Failed dials in a row after which polling starts: 3.
    pub const fn poll_after_failures(mut self, failures: u8) -> Self {
        self.poll_after_failures = failures;
        self
    }

    /// The same as a session takes it.
    ///
    /// # Errors
    /// The first duration that makes no sense.
    pub fn config(&self) -> Result<Config, InvalidTiming> {
        Ok(Config {
            connect_timeout_ms: checked("connect_timeout", self.connect_timeout, LEAST)?,
            first_frame_timeout_ms: checked("first_status_timeout", self.first_status_timeout, LEAST)?,
            ping_after_ms: checked("ping_after", self.ping_after, LEAST)?,
            pong_timeout_ms: checked("pong_timeout", self.pong_timeout, LEAST)?,
            probe_after_ms: checked("probe_after", self.probe_after, Duration::ZERO)?,
            probe_timeout_ms: checked("probe_timeout", self.probe_timeout, LEAST)?,
            backoff_base_ms: checked("backoff base", self.backoff_base, LEAST)?,
            backoff_cap_ms: checked("backoff cap", self.backoff_cap, self.backoff_base)?,
            held_after_ms: checked("held_after", self.held_after, Duration::ZERO)?,
            poll_after_failures: self.poll_after_failures,
            poll_interval_ms: checked("poll_interval", self.poll_interval, LEAST)?,
            poll_timeout_ms: checked("poll_timeout", self.poll_timeout, LEAST)?,
            signature_timeout_ms: checked("refresh_timeout", self.refresh_timeout, LEAST)?,
            hint_spacing_ms: checked("hint_spacing", self.hint_spacing, LEAST)?,
            redial_after_ms: checked("redial_after", self.redial_after, LEAST)?,
            ..Config::DEFAULT
        })
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms as u64)
}

fn checked(name: &'static str, given: Duration, least: Duration) -> Result<u32, InvalidTiming> {
    if given < least || given > MOST {
        return Err(InvalidTiming {
            name,
            given,
            least,
            most: MOST,
        });
    }
    Ok(u32::try_from(given.as_millis()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_as_the_protocol_has_it() {
        assert_eq!(Timing::default().config(), Ok(Config::DEFAULT));
    }

    #[test]
    fn durations_that_make_a_busy_loop_are_refused() {
        let zero = Duration::ZERO;
        for (timing, name) in [
            (Timing::DEFAULT.backoff(zero, zero), "backoff base"),
            (
                Timing::DEFAULT.backoff(Duration::from_secs(2), Duration::from_secs(1)),
                "backoff cap",
            ),
            (Timing::DEFAULT.connect_timeout(zero), "connect_timeout"),
            (Timing::DEFAULT.poll_interval(zero), "poll_interval"),
            (
                Timing::DEFAULT.refresh_timeout(Duration::from_millis(9)),
                "refresh_timeout",
            ),
            (Timing::DEFAULT.ping_after(Duration::MAX), "ping_after"),
        ] {
            assert_eq!(timing.config().unwrap_err().name, name);
        }
        let error = Timing::DEFAULT.backoff(zero, zero).config().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the client's backoff base is 0ns; give one from 10ms to 86400s"
        );
    }
}

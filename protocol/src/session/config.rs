//! The session's durations, with those of PROTOCOL.md, and what its host can do.

/// Durations in milliseconds and the host's abilities. [`Config::DEFAULT`] is PROTOCOL.md's
/// "A client's duties"; tests and special hosts may change a field.
///
/// ```
/// use transfer_status_protocol::session::Config;
///
/// let config = Config { can_refresh: true, ..Config::DEFAULT };
/// assert_eq!(config.backoff_cap_ms, 30_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// From the start of an attempt until the socket must be open.
    pub connect_timeout_ms: u32,
    /// From the open socket until the first frame about the transfer.
    pub first_frame_timeout_ms: u32,
    /// Silence after which a ping is sent.
    pub ping_after_ms: u32,
    /// Silence after a ping that means the link is dead.
    pub pong_timeout_ms: u32,
    /// Silence of an open socket after which a hint makes the session ask whether the link lives.
    pub probe_after_ms: u32,
    /// Silence after a ping that a hint brought about that means the link is dead.
    pub probe_timeout_ms: u32,
    /// The most that the first wait takes; it doubles with each further one.
    pub backoff_base_ms: u32,
    /// The most that any wait takes.
    pub backoff_cap_ms: u32,
    /// How long a link must have held its first snapshot before backoff starts anew.
    pub held_after_ms: u32,
    /// Failed socket attempts in a row after which polling starts.
    pub poll_after_failures: u8,
    /// From one poll's answer to the next poll, before jitter of a fifth either way. After a poll that failed, the
    /// most that the pause takes is twice that, and it doubles with each further failure.
    pub poll_interval_ms: u32,
    /// The most that a pause after failing polls takes.
    pub poll_cap_ms: u32,
    /// How long a poll may take.
    pub poll_timeout_ms: u32,
    /// How long polls look for the final status after a close with 1000 that came before it.
    pub confirm_within_ms: u32,
    /// The most of a `Retry-After` that is obeyed.
    pub retry_after_cap_ms: u32,
    /// How long the host may take for a fresh signature.
    pub signature_timeout_ms: u32,
    /// The least time between two attempts that hints bring about.
    pub hint_spacing_ms: u32,
    /// How old an attempt or a poll must be for a hint to replace it. Several hints come in a row when a network
    /// changes; none may undo the attempt that the one before brought about.
    pub redial_after_ms: u32,
    /// The host can get a fresh signature when it is asked to.
    pub can_refresh: bool,
    /// The host has no signature yet: ask for one before the first attempt.
    pub starts_unsigned: bool,
}

impl Config {
    /// PROTOCOL.md's values, for a host that holds one signature and cannot get another.
    pub const DEFAULT: Self = Self {
        connect_timeout_ms: 10_000,
        first_frame_timeout_ms: 10_000,
        ping_after_ms: 20_000,
        pong_timeout_ms: 10_000,
        probe_after_ms: 3_000,
        probe_timeout_ms: 2_500,
        backoff_base_ms: 500,
        backoff_cap_ms: 30_000,
        held_after_ms: 5_000,
        poll_after_failures: 3,
        poll_interval_ms: 3_000,
        poll_cap_ms: 30_000,
        poll_timeout_ms: 10_000,
        confirm_within_ms: 60_000,
        retry_after_cap_ms: 300_000,
        signature_timeout_ms: 30_000,
        hint_spacing_ms: 500,
        redial_after_ms: 2_000,
        can_refresh: false,
        starts_unsigned: false,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

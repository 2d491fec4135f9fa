//! What a watch has done so far, counted.

use std::time::Duration;

/// Counters of one watch, for a dashboard or a support log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Sockets that were dialled.
    pub dials: u64,
    /// Dials that ended before the socket was open.
    pub failed_dials: u64,
    /// Sockets that opened after the first one.
    pub reconnects: u64,
    /// Messages that came in over sockets.
    pub frames: u64,
    /// Polls that were sent.
    pub polls: u64,
    /// Polls that got no usable answer.
    pub failed_polls: u64,
    /// Fresh signatures that were asked for.
    pub refreshes: u64,
    /// From the start of the watch to its first status, `None` until it has come.
    pub first_status_after: Option<Duration>,
}

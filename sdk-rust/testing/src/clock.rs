//! Tokio's clock as that of a watch, so that a test that pauses the one pauses the other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use transfer_status::Clock;

/// Goes with tokio's clock: it stands where that is paused, and jumps where that is advanced.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    start: Instant,
    epoch: Duration,
}

impl TokioClock {
    /// A clock that begins now, with the system's time on the wall.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            epoch: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_time(&self) -> Duration {
        self.epoch + self.start.elapsed()
    }
}

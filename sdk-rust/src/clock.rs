//! The clocks of a watch, the only place that reads them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use transfer_status_protocol::session::Time;
use transfer_status_protocol::watch::Now;

/// What a watch takes for the time. Give another one to test what your program does when a device has slept.
pub trait Clock: Send + Sync + 'static {
    /// Time since any fixed start. It goes on while the device sleeps: by that a watch notices that it was away.
    fn elapsed(&self) -> Duration;

    /// Time since the Unix epoch, by the clock on the wall. It may be wrong and may step.
    fn unix_time(&self) -> Duration;
}

/// The clocks of the system.
///
/// The time that counts sleep is `CLOCK_BOOTTIME` on Linux and Android, `CLOCK_MONOTONIC` on the systems of Apple (where
/// it goes on during sleep) and other Unixes, and [`Instant`](std::time::Instant) elsewhere, which counts sleep on
/// Windows.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(unix)]
    fn elapsed(&self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};

        #[cfg(any(target_os = "linux", target_os = "android"))]
        let now = clock_gettime(ClockId::Boottime);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let now = clock_gettime(ClockId::Monotonic);
        Duration::new(
            now.tv_sec.try_into().unwrap_or(0),
            now.tv_nsec.try_into().unwrap_or(0),
        )
    }

    #[cfg(not(unix))]
    fn elapsed(&self) -> Duration {
        use std::sync::LazyLock;
        use std::time::Instant;

        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// Both clocks, as a driver takes them.
pub(crate) fn now(clock: &dyn Clock) -> Now {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Now {
        at: Time::from_millis(millis(clock.elapsed())),
        unix_ms: i64::try_from(millis(clock.unix_time())).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_counts_sleep_goes_on_and_is_that_of_the_system() {
        let first = SystemClock.elapsed();
        assert!(SystemClock.elapsed() >= first);
        #[cfg(target_os = "linux")]
        {
            let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
            let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
            let apart = SystemClock.elapsed().as_secs_f64() - uptime;
            assert!(
                (-0.1..60.0).contains(&apart),
                "uptime counts suspended time, as this clock does: {apart}"
            );
        }
        assert!(SystemClock.unix_time() > Duration::from_secs(1_700_000_000));
    }
}

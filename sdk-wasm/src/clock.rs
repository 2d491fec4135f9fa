//! The clock and the seed, the only places that read them.

use js_sys::{Date, Math};
use transfer_status_protocol::session::Time;
use transfer_status_protocol::watch::Now;

/// The clock on the wall, which counts the time that a device sleeps; `performance.now` does not everywhere. A session
/// bears a clock that steps.
pub(crate) fn now() -> Now {
    // A cast from a float saturates.
    let unix_ms = Date::now() as i64;
    Now {
        at: Time::from_millis(u64::try_from(unix_ms).unwrap_or_default()),
        unix_ms,
    }
}

/// A seed for jitter, which need not be secret.
pub(crate) fn seed() -> u64 {
    Math::random().to_bits()
}

//! The platform's clock.

use worker::js_sys::Date;

/// The platform's clock, in Unix milliseconds.
pub(crate) fn now_unix_millis() -> i64 {
    // A double holds these exactly until the year 287396.
    Date::now() as i64
}

/// The platform's clock, in Unix seconds.
pub(crate) fn now_unix_seconds() -> u64 {
    u64::try_from(now_unix_millis() / 1_000).unwrap_or(0)
}

//! The clock and the seed, the only places that read them.

use js_sys::{Date, Math, Reflect};
use transfer_status_protocol::session::Time;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Performance;

/// Milliseconds since it was made. Monotonic where the host has `performance`; a session bears a clock that steps.
pub(crate) struct Clock {
    performance: Option<Performance>,
    start: f64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        // Looked up by name: `window` is missing in a worker.
        let performance = Reflect::get(&js_sys::global(), &JsValue::from_str("performance"))
            .ok()
            .and_then(|found| found.dyn_into().ok());
        let mut clock = Self {
            performance,
            start: 0.0,
        };
        clock.start = clock.read();
        clock
    }

    pub(crate) fn now(&self) -> Time {
        // A cast from a float saturates: before the start is 0.
        Time::from_millis((self.read() - self.start) as u64)
    }

    fn read(&self) -> f64 {
        self.performance.as_ref().map_or_else(Date::now, Performance::now)
    }
}

/// A seed for jitter, which need not be secret.
pub(crate) fn seed() -> u64 {
    Math::random().to_bits()
}

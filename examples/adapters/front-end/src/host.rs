//! What the adapter needs of the page: a place for lines, tasks and the time.

use std::future::Future;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

#[wasm_bindgen]
extern "C" {
    /// The page's own function, which is given each line.
    #[wasm_bindgen(js_name = say)]
    pub(crate) fn say(line: &str);
}

/// Runs `work` beside the commands.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_local(work);
}

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> i64 {
    js_sys::Date::now() as i64
}

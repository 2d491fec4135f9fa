//! Numbers for the platform's Workers Analytics Engine: one data point an event, where the binding `METRICS` is there.
//!
//! | index | `blob1` | `double1` | `double2` |
//! |---|---|---|---|
//! | `update` | `taken`, `conflict` or `failed` | 1 | milliseconds until the room's answer |
//! | `refused` | the code | 1 | |
//! | `delivery` | the place that did not take a transfer | 1 | |
//! | `archived` | `archive` | 1 | milliseconds since the change: the age of the outbox |

use transfer_status_protocol::ErrorCode;
use worker::Env;
use worker::js_sys::{Array, Object, Reflect};
use worker::wasm_bindgen::JsValue;

use crate::error::ApiError;
use crate::platform::bindings;

/// An update that reached its room.
pub(crate) fn updated(env: &Env, status: u16, milliseconds: i64) {
    let outcome = match status {
        200 => "taken",
        status if status == ErrorCode::Conflict.http_status() => "conflict",
        _ => "failed",
    };
    write(env, "update", outcome, &[1.0, milliseconds as f64]);
}

/// A request or a socket that was refused.
pub(crate) fn refused(env: &Env, error: &ApiError) {
    write(env, "refused", error.code().as_str(), &[1.0]);
}

/// A delivery that failed and will be repeated.
pub(crate) fn delivery_failed(env: &Env, place: &str) {
    write(env, "delivery", place, &[1.0]);
}

/// A transfer that the archive has taken, so long after its change.
pub(crate) fn archived(env: &Env, milliseconds: i64) {
    write(env, "archived", "archive", &[1.0, milliseconds as f64]);
}

fn write(env: &Env, index: &str, blob: &str, doubles: &[f64]) {
    let Some(metrics) = bindings::metrics(env) else {
        return;
    };
    let text = |text: &str| Array::of1(&JsValue::from_str(text));
    let doubles: Array = doubles.iter().map(|number| JsValue::from_f64(*number)).collect();
    let point = Object::new();
    for (name, values) in [
        ("indexes", text(index)),
        ("blobs", text(blob)),
        ("doubles", doubles),
    ] {
        // A plain object takes any property.
        let _ = Reflect::set(&point, &JsValue::from_str(name), &values);
    }
    // What is counted is not worth failing for.
    let _ = metrics.write_data_point(&point);
}

//! Runs a handler as far as it goes without waiting, right in the call.
//!
//! An `async` export makes a promise and begins in a microtask of its own, also where there is nothing to wait for:
//! an update of a room that is awake is such a case.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;

/// The outcome where it is there at once, else a promise of it.
///
/// # Errors
/// What the handler ends with.
pub(crate) fn run(
    handler: impl Future<Output = Result<JsValue, JsValue>> + 'static,
) -> Result<JsValue, JsValue> {
    let mut handler = Box::pin(handler);
    // Who goes on waiting is asked again by the promise, and leaves its waker then.
    match handler.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Ok(future_to_promise(handler).into()),
    }
}

//! Handlers as promises, with one copy of all that makes a promise of a future: what `async` exports get is compiled anew
//! for each.
//!
//! An `async` export makes a promise and begins in a microtask of its own, also where there is nothing to wait for:
//! an update of a room that is awake is such a case.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use worker::js_sys::Promise;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;

type Handler = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// Runs a handler as far as it goes without waiting, right in the call: the outcome where it is there at once, else a
/// promise of it.
///
/// # Errors
/// What the handler ends with.
pub(crate) fn run(
    handler: impl Future<Output = Result<JsValue, JsValue>> + 'static,
) -> Result<JsValue, JsValue> {
    begin(Box::pin(handler))
}

fn begin(mut handler: Handler) -> Result<JsValue, JsValue> {
    // Who goes on waiting is asked again by the promise, and leaves its waker then.
    match handler.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Ok(future_to_promise(handler).into()),
    }
}

/// A promise of what begins in a microtask of its own.
pub(crate) fn later(work: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let work: Handler = Box::pin(work);
    future_to_promise(work)
}

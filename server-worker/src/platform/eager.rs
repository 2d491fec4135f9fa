//! Runs handlers of events: each as far as it goes right in the call, and on from where it waits right when that comes.
//!
//! An `async` export makes a promise and begins in a microtask of its own, also where there is nothing to wait for, and
//! goes on in a microtask after the one that brought what it waited for. The platform makes each of these dear.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use worker::js_sys::Promise;
use worker::wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "platform/promise.js")]
extern "C" {
    fn promised(handler: u32) -> Promise;

    fn end(handler: u32, is_fulfilled: bool, value: &JsValue);
}

type Outcome = Result<JsValue, JsValue>;
type Running = Pin<Box<dyn Future<Output = Outcome>>>;

thread_local! {
    static HANDLERS: RefCell<Handlers> = const { RefCell::new(Handlers { all: BTreeMap::new(), last: 0 }) };
}

/// All that have not ended, each under a number of its own.
struct Handlers {
    all: BTreeMap<u32, Handler>,
    last: u32,
}

struct Handler {
    /// `None` while it runs.
    running: Option<Running>,
    /// What it waits for has come while it ran.
    is_woken: bool,
    waker: Waker,
}

/// Wakes the handler with this number.
struct Number(u32);

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        match go_on(self.0) {
            Some(Ok(value)) => end(self.0, true, &value),
            Some(Err(error)) => end(self.0, false, &error),
            None => {}
        }
    }
}

/// The outcome where it is there at once, else a promise of it.
///
/// # Errors
/// What the handler ends with.
pub(crate) fn run(handler: impl Future<Output = Outcome> + 'static) -> Outcome {
    let number = HANDLERS.with_borrow_mut(|handlers| {
        // So many are never under way at once.
        handlers.last = handlers.last.wrapping_add(1);
        let handler = Handler {
            running: Some(Box::pin(handler)),
            is_woken: false,
            waker: Waker::from(Arc::new(Number(handlers.last))),
        };
        handlers.all.insert(handlers.last, handler);
        handlers.last
    });
    go_on(number).unwrap_or_else(|| Ok(promised(number).into()))
}

/// Runs a handler until it waits or ends. One that runs already goes on by itself.
fn go_on(number: u32) -> Option<Outcome> {
    loop {
        let (mut running, waker) = HANDLERS.with_borrow_mut(|handlers| {
            let handler = handlers.all.get_mut(&number)?;
            let running = handler.running.take();
            handler.is_woken = running.is_none();
            Some((running?, handler.waker.clone()))
        })?;
        if let Poll::Ready(outcome) = running.as_mut().poll(&mut Context::from_waker(&waker)) {
            HANDLERS.with_borrow_mut(|handlers| handlers.all.remove(&number));
            return Some(outcome);
        }
        let is_woken = HANDLERS.with_borrow_mut(|handlers| {
            let handler = handlers.all.get_mut(&number)?;
            handler.running = Some(running);
            Some(handler.is_woken)
        })?;
        if !is_woken {
            return None;
        }
    }
}

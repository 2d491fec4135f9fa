//! Waits for a promise of JavaScript, at the cost of two functions of JavaScript: `JsFuture` makes two closures of Rust.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use worker::js_sys::Promise;
use worker::wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "platform/promise.js")]
extern "C" {
    fn follow(promise: &Promise, key: u32, settle: &Closure<dyn Fn(u32, bool, JsValue)>);
}

thread_local! {
    static SETTLE: Closure<dyn Fn(u32, bool, JsValue)> = Closure::new(settle);
    static UNDER_WAY: RefCell<UnderWay> = const { RefCell::new(UnderWay { waiting: BTreeMap::new(), last: 0 }) };
}

/// The promises that are followed, each under a number of its own.
struct UnderWay {
    waiting: BTreeMap<u32, Rc<RefCell<State>>>,
    last: u32,
}

#[derive(Default)]
struct State {
    outcome: Option<Result<JsValue, JsValue>>,
    waker: Option<Waker>,
}

/// The outcome of a promise. It is followed from the start, so that a rejection is not unhandled where nobody waits.
pub(crate) struct Outcome(Rc<RefCell<State>>);

/// Follows a promise.
pub(crate) fn outcome(promise: &Promise) -> Outcome {
    let state = Rc::<RefCell<State>>::default();
    let key = UNDER_WAY.with_borrow_mut(|under_way| {
        // So many are never under way at once.
        under_way.last = under_way.last.wrapping_add(1);
        under_way.waiting.insert(under_way.last, Rc::clone(&state));
        under_way.last
    });
    SETTLE.with(|settle| follow(promise, key, settle));
    Outcome(state)
}

impl Future for Outcome {
    type Output = Result<JsValue, JsValue>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.borrow_mut();
        match state.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn settle(key: u32, is_fulfilled: bool, value: JsValue) {
    let state = UNDER_WAY.with_borrow_mut(|under_way| under_way.waiting.remove(&key));
    let Some(state) = state else { return };
    let waker = {
        let mut state = state.borrow_mut();
        state.outcome = Some(if is_fulfilled { Ok(value) } else { Err(value) });
        state.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

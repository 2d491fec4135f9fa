//! A room's turn to deliver, among all rooms of the isolate.
//!
//! Whoever waits does so on a promise of its own object: the platform lets an object go on only in its own
//! context, whoever has resolved what it waits for.

use std::cell::RefCell;

use worker::js_sys::{Function, Promise};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use crate::incoming::now_unix_millis;
use crate::turnstile::{Admission, Ticket, Turnstile};

/// Deliveries at once. Each is a few round trips to other objects.
const AT_ONCE: usize = 2;
const MOST_WAITING: usize = 10_000;
/// A delivery takes some tens of milliseconds.
const LOST_AFTER_MS: i64 = 10_000;

thread_local! {
    static TURNSTILE: RefCell<Turnstile<Function>> =
        const { RefCell::new(Turnstile::new(AT_ONCE, MOST_WAITING, LOST_AFTER_MS)) };
}

/// A turn, which ends when it is dropped.
pub(super) struct Turn(Ticket);

/// Waits for a turn; `None` when too many do.
pub(super) async fn take() -> Option<Turn> {
    let mut resolve = None;
    let promise = Promise::new(&mut |on_turn, _| resolve = Some(on_turn));
    let resolve = resolve?;
    let (admission, called) =
        TURNSTILE.with_borrow_mut(|turnstile| turnstile.enter(now_unix_millis(), || resolve));
    call(called);
    match admission {
        Admission::Now(ticket) => Some(Turn(ticket)),
        Admission::Later(ticket) => {
            // It is never rejected.
            let _ = JsFuture::from(promise).await;
            Some(Turn(ticket))
        }
        Admission::Never => None,
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        call(TURNSTILE.with_borrow_mut(|turnstile| turnstile.leave(self.0, now_unix_millis())));
    }
}

fn call(waiting: Vec<Function>) {
    for resolve in waiting {
        let _ = resolve.call0(&JsValue::UNDEFINED);
    }
}

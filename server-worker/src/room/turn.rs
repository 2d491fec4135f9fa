//! A room's turn to write to the archive, among all rooms of the isolate.
//!
//! Whoever waits does so on a promise of its own object: the platform lets an object go on only in its own
//! context, whoever has resolved what it waits for.

use std::cell::RefCell;

use worker::js_sys::{Function, Promise};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use crate::clock::now_unix_millis;
use crate::error::ApiError;
use crate::platform::pause;
use crate::room::turnstile::{Admission, Ticket, Turnstile};

/// What updates are given before a turn while they come thick and fast.
const PAUSE_MS: i64 = 10;

thread_local! {
    static TURNSTILE: RefCell<Turnstile<Function>> = const { RefCell::new(Turnstile::new()) };
}

/// Notes an update, for the pace of those who take turns.
pub(super) fn note_update(now: i64) {
    TURNSTILE.with_borrow_mut(|turnstile| turnstile.note_update(now));
}

/// A turn, which ends when it is dropped.
pub(super) struct Turn(Ticket);

/// Waits for a turn; `None` when too many do.
pub(super) async fn take() -> Result<Option<Turn>, ApiError> {
    let mut resolve = None;
    let promise = Promise::new(&mut |on_turn, _| resolve = Some(on_turn));
    let Some(resolve) = resolve else { return Ok(None) };
    let (admission, called) =
        TURNSTILE.with_borrow_mut(|turnstile| turnstile.enter(now_unix_millis(), || resolve));
    call(called);
    let turn = match admission {
        Admission::Now(ticket) => Turn(ticket),
        Admission::Later(ticket) => {
            // It is never rejected.
            let _ = JsFuture::from(promise).await;
            Turn(ticket)
        }
        Admission::Never => return Ok(None),
    };
    if TURNSTILE.with_borrow(|turnstile| turnstile.is_haste(now_unix_millis())) {
        pause::milliseconds(PAUSE_MS).await?;
    }
    Ok(Some(turn))
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

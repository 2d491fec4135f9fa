//! What the browser says about the network and the page, told to the driver.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use gloo_events::EventListener;
use js_sys::Reflect;
use transfer_status_protocol::session::Hint;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

use crate::shared::Shared;

/// Listens for as long as it is held.
pub(crate) struct Page {
    _listeners: Vec<EventListener>,
}

/// What an event means to a watch.
#[derive(Clone, Copy)]
enum Meaning {
    /// A hint, unless the page sleeps: one that is being hidden says so after it has said that it will sleep.
    Hint(Hint),
    /// Before the page is frozen its socket goes: with one open, a browser does not keep the page.
    Sleep,
    /// The page is back.
    Wake,
}

impl Page {
    /// Listens on whatever of these the host has: a worker has no document.
    pub(crate) fn listen(shared: &Arc<Shared>) -> Self {
        let global: JsValue = js_sys::global().into();
        let document = property(&global, "document");
        let connection =
            property(&global, "navigator").and_then(|navigator| property(&navigator, "connection"));
        let wanted = [
            (Some(&global), "online", Meaning::Hint(Hint::Online)),
            (Some(&global), "offline", Meaning::Hint(Hint::Offline)),
            (Some(&global), "pagehide", Meaning::Sleep),
            (Some(&global), "pageshow", Meaning::Wake),
            (document.as_ref(), "freeze", Meaning::Sleep),
            (document.as_ref(), "resume", Meaning::Wake),
            // A page that is being hidden is worth a probe too: its timers will soon be slow.
            (
                document.as_ref(),
                "visibilitychange",
                Meaning::Hint(Hint::Visible),
            ),
            (connection.as_ref(), "change", Meaning::Hint(Hint::NetworkChanged)),
        ];
        let asleep = Rc::new(Cell::new(false));
        let listeners = wanted.into_iter().filter_map(|(target, name, meaning)| {
            let target: &EventTarget = target?.dyn_ref()?;
            let shared = Arc::clone(shared);
            let asleep = Rc::clone(&asleep);
            Some(EventListener::new(target, name, move |_| match meaning {
                Meaning::Hint(_) if asleep.get() => {}
                Meaning::Hint(hint) => shared.hint(hint),
                Meaning::Sleep => {
                    asleep.set(true);
                    shared.sleep();
                }
                Meaning::Wake => {
                    asleep.set(false);
                    shared.hint(Hint::Visible);
                }
            }))
        });
        Self {
            _listeners: listeners.collect(),
        }
    }
}

fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    value.is_object().then_some(value)
}

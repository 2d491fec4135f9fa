//! What the browser says about the network and the page, told to the watch.

use std::cell::RefCell;
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

impl Page {
    /// Listens on whatever of these the host has: a worker has no document.
    pub(crate) fn listen(shared: &Arc<Shared>) -> Self {
        let global: JsValue = js_sys::global().into();
        let document = property(&global, "document");
        let connection =
            property(&global, "navigator").and_then(|navigator| property(&navigator, "connection"));
        let listen =
            |target: Option<&JsValue>, name: &'static str, hint: Hint, is_so: Box<dyn Fn() -> bool>| {
                let target: &EventTarget = target?.dyn_ref()?;
                let shared = Arc::clone(shared);
                Some(EventListener::new(target, name, move |_| {
                    if is_so() {
                        shared.hint(hint);
                    }
                }))
            };
        let always = || Box::new(|| true);
        let listeners = [
            listen(Some(&global), "online", Hint::Online, always()),
            listen(Some(&global), "offline", Hint::Offline, always()),
            // Before the page is frozen its socket goes: with one open, a browser does not keep the page.
            listen(Some(&global), "pagehide", Hint::Suspend, always()),
            listen(Some(&global), "pageshow", Hint::Resume, always()),
            listen(document.as_ref(), "freeze", Hint::Suspend, always()),
            listen(document.as_ref(), "resume", Hint::Resume, always()),
            // A page that is being hidden says so as well, right after it has said that it will sleep.
            listen(
                document.as_ref(),
                "visibilitychange",
                Hint::Visible,
                is_visible(document.clone()),
            ),
            listen(
                connection.as_ref(),
                "change",
                Hint::NetworkChanged,
                has_another_type(connection.clone()),
            ),
        ];
        Self {
            _listeners: listeners.into_iter().flatten().collect(),
        }
    }
}

fn is_visible(document: Option<JsValue>) -> Box<dyn Fn() -> bool> {
    Box::new(move || text(document.as_ref(), "visibilityState").as_deref() == Some("visible"))
}

/// The event also tells of each new estimate of how fast the network is, many times a minute on a bad one.
fn has_another_type(connection: Option<JsValue>) -> Box<dyn Fn() -> bool> {
    let last = RefCell::new(text(connection.as_ref(), "type"));
    Box::new(move || {
        let now = text(connection.as_ref(), "type");
        last.replace(now.clone()) != now
    })
}

fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    value.is_object().then_some(value)
}

fn text(object: Option<&JsValue>, name: &str) -> Option<String> {
    Reflect::get(object?, &JsValue::from_str(name)).ok()?.as_string()
}

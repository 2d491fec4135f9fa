//! What the deploy gives the Worker besides variables: its Durable Objects, the KV namespace, the page's
//! files, and the count of refused attempts.
//!
//! Bound by hand, as far as they are used: a `fetch` here takes a URL and an init, which spares the
//! `Request` that `worker`'s own wrapper would want.

use worker::Env;
use worker::js_sys::{Object, Promise, Reflect};
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::RequestInit;

use crate::error::ApiError;
use crate::platform::place::Place;

#[wasm_bindgen]
extern "C" {
    type Bindings;

    #[wasm_bindgen(method, getter, js_name = ROOMS)]
    fn rooms(this: &Bindings) -> Option<Namespace>;

    #[wasm_bindgen(method, getter, js_name = RECENT)]
    fn recent(this: &Bindings) -> Option<Namespace>;

    #[wasm_bindgen(method, getter, js_name = HISTORY)]
    fn history(this: &Bindings) -> Option<Kv>;

    #[wasm_bindgen(method, getter, js_name = ASSETS)]
    fn assets(this: &Bindings) -> Option<Stub>;

    #[wasm_bindgen(method, getter, js_name = REFUSALS)]
    fn refusals(this: &Bindings) -> Option<RateLimit>;

    #[wasm_bindgen(method, getter, js_name = UNPROVEN)]
    fn unproven(this: &Bindings) -> Option<RateLimit>;

    #[wasm_bindgen(method, getter, js_name = METRICS)]
    fn metrics(this: &Bindings) -> Option<Metrics>;

    /// A class of Durable Objects.
    pub(crate) type Namespace;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Namespace, name: &str) -> Result<Stub, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name_at(this: &Namespace, name: &str, options: &JsValue) -> Result<Stub, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn jurisdiction(this: &Namespace, name: &str) -> Result<Namespace, JsValue>;

    /// One Durable Object, or another service.
    pub(crate) type Stub;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn fetch(this: &Stub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;

    /// `TransferRoom.report`, a method of the object's own: what crosses is copied, and no request is made.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn report(this: &Stub, beside: &str, url: &str, body: &str) -> Result<Promise, JsValue>;

    /// A KV namespace.
    pub(crate) type Kv;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn get(this: &Kv, key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn put(this: &Kv, key: &str, value: &str, options: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn delete(this: &Kv, key: &str) -> Result<Promise, JsValue>;

    /// A data set of the Analytics Engine.
    pub(crate) type Metrics;

    #[wasm_bindgen(method, catch, js_name = writeDataPoint)]
    pub(crate) fn write_data_point(this: &Metrics, point: &JsValue) -> Result<(), JsValue>;

    /// A rate limit.
    pub(crate) type RateLimit;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn limit(this: &RateLimit, options: &JsValue) -> Result<Promise, JsValue>;
}

impl Namespace {
    /// The object with this name.
    pub(crate) fn object(&self, name: &str, place: Place) -> Result<Stub, JsValue> {
        let within = place
            .jurisdiction
            .map(|name| self.jurisdiction(name))
            .transpose()?;
        let namespace = within.as_ref().unwrap_or(self);
        let Some(hint) = place.hint else {
            return namespace.get_by_name(name);
        };
        let options = Object::new();
        Reflect::set(&options, &"locationHint".into(), &JsValue::from_str(hint))?;
        namespace.get_by_name_at(name, &options)
    }
}

/// The transfers' rooms.
pub(crate) fn rooms(env: &Env) -> Result<Namespace, ApiError> {
    all(env).rooms().ok_or(ApiError::NoBinding("ROOMS"))
}

/// The shards of the recent index.
pub(crate) fn recent(env: &Env) -> Result<Namespace, ApiError> {
    all(env).recent().ok_or(ApiError::NoBinding("RECENT"))
}

/// The archive.
pub(crate) fn history(env: &Env) -> Result<Kv, ApiError> {
    all(env).history().ok_or(ApiError::NoBinding("HISTORY"))
}

/// The dashboard's files.
pub(crate) fn assets(env: &Env) -> Result<Stub, ApiError> {
    all(env).assets().ok_or(ApiError::NoBinding("ASSETS"))
}

/// The count of refused attempts; a deploy may go without.
pub(crate) fn refusals(env: &Env) -> Option<RateLimit> {
    all(env).refusals()
}

/// The count of sockets without a proof; a deploy may go without.
pub(crate) fn unproven(env: &Env) -> Option<RateLimit> {
    all(env).unproven()
}

/// Where data points go; a deploy may go without.
pub(crate) fn metrics(env: &Env) -> Option<Metrics> {
    all(env).metrics()
}

/// Awaits what a binding has promised.
pub(crate) async fn resolve(promise: Result<Promise, JsValue>) -> Result<JsValue, ApiError> {
    JsFuture::from(promise.map_err(unreachable)?)
        .await
        .map_err(unreachable)
}

fn all(env: &Env) -> &Bindings {
    env.unchecked_ref()
}

/// What did not answer, or said that it could not.
pub(crate) fn unreachable(error: JsValue) -> ApiError {
    ApiError::Unreachable {
        cause: format!("{error:?}"),
    }
}

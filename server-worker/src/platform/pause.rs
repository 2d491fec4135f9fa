//! A wait by the platform's clock, during which the object stays awake.

use worker::js_sys::Promise;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

use crate::error::ApiError;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = scheduler, catch)]
    fn wait(milliseconds: f64) -> Result<Promise, JsValue>;
}

/// Waits for so many milliseconds.
pub(crate) async fn milliseconds(count: i64) -> Result<(), ApiError> {
    JsFuture::from(wait(count as f64)?).await?;
    Ok(())
}

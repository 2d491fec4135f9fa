//! A time of ours for calls elsewhere: one that never returns would hold up whatever waits for it.

use worker::js_sys::{Array, Function, Object, Promise};
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

use crate::error::ApiError;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout, catch)]
    fn set_timeout(callback: &Function, milliseconds: i32, argument: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Awaits `promise` for so many milliseconds at most. What it stands for may still happen after that.
///
/// # Errors
/// [`ApiError::Unreachable`] when it is rejected, or late.
pub(crate) async fn within(
    milliseconds: i32,
    promise: Result<Promise, JsValue>,
) -> Result<JsValue, ApiError> {
    let late = Object::new();
    let mut timer = Ok(JsValue::UNDEFINED);
    let timeout = Promise::new(&mut |resolve, _| timer = set_timeout(&resolve, milliseconds, &late));
    let timer = timer?;
    let outcome = match promise {
        Ok(promise) => JsFuture::from(Promise::race(&Array::of2(&promise, &timeout))).await,
        Err(error) => Err(error),
    };
    // A timer that is left would keep the object awake.
    clear_timeout(&timer);
    match outcome {
        Ok(value) if Object::is(&value, &late) => Err(ApiError::Unreachable {
            cause: format!("no answer within {milliseconds} ms"),
        }),
        Ok(value) => Ok(value),
        Err(error) => Err(ApiError::Unreachable {
            cause: format!("{error:?}"),
        }),
    }
}

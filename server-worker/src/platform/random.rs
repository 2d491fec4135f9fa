//! The platform's source of randomness.

use worker::wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID, catch)]
    fn random_uuid() -> Result<String, JsValue>;
}

/// A name of 122 random bits, which nobody can guess: a UUID.
pub(crate) fn name() -> Result<String, JsValue> {
    random_uuid()
}

//! Reads a request's body up to a limit, whatever its headers claim.

use serde_json::value::RawValue;
use transfer_status_protocol::{DecodeError, json};
use worker::js_sys::{Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{ReadableStreamDefaultReader, Request};

use crate::edge::request::Incoming;
use crate::error::ApiError;

/// Reads at most `limit` bytes.
///
/// # Errors
/// [`ApiError::BodyTooLarge`], after at most one chunk more than the limit,
/// [`ApiError::BodyEncoded`] for a compressed one, and [`ApiError::BodyBroken`] when the client went away.
pub(crate) async fn read(incoming: &Incoming<'_>, limit: usize) -> Result<Vec<u8>, ApiError> {
    let encoding = incoming.header("content-encoding");
    if encoding.is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")) {
        return Err(ApiError::BodyEncoded);
    }
    let request = incoming.request();
    let content_length = incoming.header("content-length");
    match content_length.as_deref().map(str::parse::<u64>) {
        // HTTP framing holds the client to the length it gave.
        Some(Ok(length)) if length <= limit as u64 => {
            let buffer = JsFuture::from(request.array_buffer().map_err(broken)?)
                .await
                .map_err(broken)?;
            let bytes = Uint8Array::new(&buffer).to_vec();
            if bytes.len() > limit {
                Err(ApiError::BodyTooLarge)
            } else {
                Ok(bytes)
            }
        }
        Some(Ok(_)) => Err(ApiError::BodyTooLarge),
        Some(Err(_)) | None => read_chunks(request, limit).await,
    }
}

/// The fields of a body that is one JSON object.
///
/// # Errors
/// [`DecodeError`] when it is something else.
pub(crate) fn fields<'a, const N: usize>(
    body: &'a [u8],
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], DecodeError> {
    json::fields(str::from_utf8(body).map_err(|_| DecodeError::NotUtf8)?, names)
}

async fn read_chunks(request: &Request, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let Some(stream) = request.body() else {
        return Ok(bytes);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let step = JsFuture::from(reader.read()).await.map_err(broken)?;
        let field = |name: &str| Reflect::get(&step, &JsValue::from_str(name)).map_err(broken);
        if field("done")?.is_truthy() {
            return Ok(bytes);
        }
        let chunk: Uint8Array = field("value")?.unchecked_into();
        if bytes.len() + chunk.length() as usize > limit {
            // Tells the platform to read no further; there is nobody left to hear of a failure.
            let _ = reader.cancel();
            return Err(ApiError::BodyTooLarge);
        }
        bytes.extend_from_slice(&chunk.to_vec());
    }
}

fn broken(_: JsValue) -> ApiError {
    ApiError::BodyBroken
}

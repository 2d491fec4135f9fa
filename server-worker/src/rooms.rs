//! The Worker's way to a transfer's room: one fetch through the `ROOMS` binding.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{Headers, RequestInit, Response};

use crate::bindings;
use crate::call::Call;
use crate::error::ApiError;
use crate::legacy::View;

/// Hands an update's verified bytes, as JavaScript holds them, to the room. `word` is what a
/// backend of the earlier API calls the status.
pub(crate) async fn update(
    env: &Env,
    id: &TransferId,
    body: &JsValue,
    word: Option<String>,
) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(body);
    call(env, id, &Call::Update { word }, &init).await
}

/// Reads the transfer; with `announce` a transfer with no update is version 0, else it is unknown.
pub(crate) async fn read(
    env: &Env,
    id: &TransferId,
    announce: bool,
    view: View,
) -> Result<Response, ApiError> {
    call(env, id, &Call::Read { announce, view }, &RequestInit::new()).await
}

/// Opens a socket in the room.
pub(crate) async fn watch(
    env: &Env,
    id: &TransferId,
    expiry: Option<u64>,
    subprotocol: bool,
    view: View,
) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    init.set_headers(&headers);
    let watch = Call::Watch {
        expiry,
        subprotocol,
        view,
    };
    let response = call(env, id, &watch, &init).await?;
    match response.status() {
        101 => Ok(response),
        429 => Err(ApiError::TooManyWatchers),
        status => Err(ApiError::Unreachable {
            cause: format!("the room answered {status}"),
        }),
    }
}

/// Has the watchers told that somebody scanned the code, or let it go again.
pub(crate) async fn scan(
    env: &Env,
    id: &TransferId,
    scanned: bool,
    view: View,
) -> Result<Response, ApiError> {
    call(env, id, &Call::Scan { scanned, view }, &RequestInit::new()).await
}

/// Reads the transfer with its timeline and the number of its watchers.
pub(crate) async fn inspect(env: &Env, id: &TransferId) -> Result<Response, ApiError> {
    call(env, id, &Call::Inspect, &RequestInit::new()).await
}

async fn call(env: &Env, id: &TransferId, call: &Call, init: &RequestInit) -> Result<Response, ApiError> {
    let room = bindings::rooms(env)?.get_by_name(id.as_str())?;
    let answer = bindings::resolve(room.fetch(&call.to_url(), init)).await?;
    Ok(answer.unchecked_into())
}

//! The Worker's way to a transfer's room: one fetch through the `ROOMS` binding.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Headers, RequestInit, Response};

use crate::call::Call;
use crate::error::ApiError;

#[wasm_bindgen]
extern "C" {
    type Bindings;

    #[wasm_bindgen(method, getter, js_name = ROOMS)]
    fn rooms(this: &Bindings) -> Option<Rooms>;

    /// The namespace. Its `fetch` takes a URL and an init here, which spares the `Request` that
    /// `worker::Stub` would want.
    pub(crate) type Rooms;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Rooms, name: &str) -> Result<Stub, JsValue>;

    type Stub;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// The binding, when the deploy has it.
pub(crate) fn rooms(env: &Env) -> Result<Rooms, ApiError> {
    env.unchecked_ref::<Bindings>().rooms().ok_or(ApiError::NoRooms)
}

/// Hands an update's verified bytes, as JavaScript holds them, to the room.
pub(crate) async fn update(env: &Env, id: &TransferId, body: &JsValue) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(body);
    call(env, id, Call::Update, &init).await
}

/// Reads the transfer; with `announce` a transfer with no update is version 0, else it is unknown.
pub(crate) async fn read(env: &Env, id: &TransferId, announce: bool) -> Result<Response, ApiError> {
    call(env, id, Call::Read { announce }, &RequestInit::new()).await
}

/// Opens a socket in the room.
pub(crate) async fn watch(
    env: &Env,
    id: &TransferId,
    expiry: Option<u64>,
    subprotocol: bool,
) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    init.set_headers(&headers);
    let response = call(env, id, Call::Watch { expiry, subprotocol }, &init).await?;
    match response.status() {
        101 => Ok(response),
        429 => Err(ApiError::TooManyWatchers),
        status => Err(ApiError::Unreachable {
            cause: format!("the room answered {status}"),
        }),
    }
}

async fn call(env: &Env, id: &TransferId, call: Call, init: &RequestInit) -> Result<Response, ApiError> {
    let room = rooms(env)?.get_by_name(id.as_str()).map_err(unreachable)?;
    let answer = room.fetch(&call.to_url(), init).map_err(unreachable)?;
    JsFuture::from(answer)
        .await
        .map_err(unreachable)
        .map(JsCast::unchecked_into)
}

fn unreachable(error: JsValue) -> ApiError {
    ApiError::Unreachable {
        cause: format!("{error:?}"),
    }
}

//! The Worker's way to a transfer's room: one fetch through the `ROOMS` binding.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::js_sys::{Object, Reflect, TypeError, Uint8Array};
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{RequestInit, Response};

use crate::config::Config;
use crate::domain::timeline::Trail;
use crate::domain::view::View;
use crate::error::ApiError;
use crate::platform::bindings::{self, Stub};
use crate::room::answer::Answer;
use crate::room::call::{self, Beside, Call};

/// A socket to open.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Expiry of the verified signature in Unix seconds; `None`: it will come by `subscribe`.
    pub(crate) expiry: Option<u64>,
    /// The client offered the subprotocol and is to get it back.
    pub(crate) subprotocol: bool,
    /// What the socket speaks.
    pub(crate) view: View,
    /// A keyed hash of the client's address, where it is known.
    pub(crate) from: Option<String>,
}

/// Hands an update's verified bytes to the room, as an argument: platforms show headers in their logs and traces. `update`
/// is the call that carries them.
pub(crate) async fn update(
    env: &Env,
    id: &TransferId,
    bytes: &[u8],
    update: &Call,
    trail: Trail,
) -> Result<Response, ApiError> {
    let beside = Beside { from: None, trail };
    let text = String::from_utf8_lossy(bytes);
    let said = match object(env, id.as_str())?.report(&beside.to_header(), &update.to_url(), &text) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    let answer = match said {
        Ok(said) => Answer::from_js(said)
            .ok_or(ApiError::OtherVersion)?
            .to_response()?,
        // A room of the release before has no such method. If it was something else: the same update again is answered
        // like the first one.
        Err(error) if error.is_instance_of::<TypeError>() => {
            let init = RequestInit::new();
            // Not a GET, for the platform may repeat one.
            init.set_method("POST");
            init.set_body(&Uint8Array::from(bytes));
            call(env, id, update, &init, &beside).await?
        }
        Err(error) => return Err(bindings::unreachable(error)),
    };
    match answer.status() {
        // The update was found right before it left: a room that finds fault with it is of another version.
        400 | 404 | 405 | 413 => Err(ApiError::OtherVersion),
        _ => Ok(answer),
    }
}

/// Reads the transfer; with `announce` a transfer with no update is version 0, else it is unknown.
pub(crate) async fn read(
    env: &Env,
    id: &TransferId,
    announce: bool,
    view: View,
) -> Result<Response, ApiError> {
    call(
        env,
        id,
        &Call::Read { announce, view },
        &RequestInit::new(),
        &Beside::default(),
    )
    .await
}

/// Opens a socket in the room.
pub(crate) async fn watch(env: &Env, id: &TransferId, watch: &Watch) -> Result<Response, ApiError> {
    let beside = Beside {
        from: watch.from.clone(),
        ..Beside::default()
    };
    let open = Call::Watch {
        expiry: watch.expiry,
        subprotocol: watch.subprotocol,
        view: watch.view,
    };
    let response = call(env, id, &open, &RequestInit::new(), &beside).await?;
    match response.status() {
        101 => Ok(response),
        429 => Err(ApiError::TooManyWatchers),
        // It would not get better by coming back: what is stored cannot be read.
        500 => Err(ApiError::Internal {
            cause: "the room failed; its own line in the log says why".to_owned(),
        }),
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
    call(
        env,
        id,
        &Call::Scan { scanned, view },
        &RequestInit::new(),
        &Beside::default(),
    )
    .await
}

/// Reads the transfer with its timeline and the number of its watchers.
pub(crate) async fn inspect(env: &Env, id: &TransferId) -> Result<Response, ApiError> {
    call(env, id, &Call::Inspect, &RequestInit::new(), &Beside::default()).await
}

/// Deletes the transfer: its room, its archived copy and its place in the list.
pub(crate) async fn delete(env: &Env, id: &TransferId) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    init.set_method("POST");
    let answer = call(env, id, &Call::Delete, &init, &Beside::default()).await?;
    match answer.status() {
        call::GONE => Err(ApiError::UnknownTransfer),
        // A room of the release before does not know the call: nothing was deleted.
        404 => Err(ApiError::OtherVersion),
        _ => Ok(answer),
    }
}

/// The room of the transfer with this id.
pub(crate) fn object(env: &Env, id: &str) -> Result<Stub, ApiError> {
    let place = Config::of(env).map_err(ApiError::NotConfigured)?.place;
    Ok(bindings::rooms(env)?.object(id, place)?)
}

async fn call(
    env: &Env,
    id: &TransferId,
    call: &Call,
    init: &RequestInit,
    beside: &Beside,
) -> Result<Response, ApiError> {
    // A plain object: a `Headers` would be one more object for the platform to make and to let go of, with each update.
    let headers = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&headers, &name.into(), &value.into());
    if let Call::Watch { .. } = call {
        set("upgrade", "websocket")?;
    }
    set(call::HEADER, &beside.to_header())?;
    init.set_headers(&headers);
    let room = object(env, id.as_str())?;
    let answer = bindings::resolve(room.fetch(&call.to_url(), init)).await?;
    Ok(answer.unchecked_into())
}

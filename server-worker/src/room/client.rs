//! The Worker's way to a transfer's room: one fetch through the `ROOMS` binding.

use transfer_status_protocol::TransferId;
use worker::Env;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsCast;
use worker::web_sys::{Headers, RequestInit, Response};

use crate::edge::legacy::View;
use crate::error::ApiError;
use crate::platform::bindings;
use crate::room::call::Call;

/// The header that carries an update to its room, where it can: a body would be a stream, which costs the room
/// a wait of its own.
pub(crate) const UPDATE_HEADER: &str = "update";
/// Most bytes in it; the platform allows 128 KB for all headers.
const MAX_HEADER_BYTES: usize = 4_096;

/// Hands an update's verified bytes to the room. `word` is what a backend of the earlier API calls the status.
pub(crate) async fn update(
    env: &Env,
    id: &TransferId,
    bytes: &[u8],
    word: Option<String>,
) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    // Not a GET in either case, for the platform may repeat one.
    init.set_method("POST");
    match as_header(bytes) {
        Some(value) => {
            let headers = Headers::new()?;
            headers.set(UPDATE_HEADER, value)?;
            init.set_headers(&headers);
        }
        None => init.set_body(&Uint8Array::from(bytes)),
    }
    call(env, id, &Call::Update { word }, &init).await
}

/// The bytes as a header's value, where they are one: printable ASCII, and not too much of it. Space around it may
/// get lost, which means nothing in JSON.
fn as_header(bytes: &[u8]) -> Option<&str> {
    let printable = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let text = std::str::from_utf8(bytes).ok()?;
    (printable && bytes.len() <= MAX_HEADER_BYTES).then_some(text)
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

#[cfg(test)]
mod tests {
    use super::{MAX_HEADER_BYTES, as_header};

    #[test]
    fn an_update_travels_in_a_header_only_as_the_bytes_it_is() {
        for fits in [r#"{"status":"pending","amount":12.10}"#, " ~ ", ""] {
            assert_eq!(as_header(fits.as_bytes()), Some(fits));
        }
        let long = "x".repeat(MAX_HEADER_BYTES + 1);
        for other in ["{\n}", "{\t}", "\u{7f}", "\0", "größe", "😀", long.as_str()] {
            assert_eq!(as_header(other.as_bytes()), None, "{other}");
        }
        assert_eq!(as_header(b"\xff"), None);
    }
}

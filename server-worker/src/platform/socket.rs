//! Sockets: upgrade answers, frames out, refusals.

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::signature::SUBPROTOCOL;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::prelude::*;
use worker::web_sys::{Headers, Response, ResponseInit};
use worker::worker_sys::ext::{ResponseInitExt, WebSocketExt};
use worker::{WebSocket, WebSocketPair};

use crate::domain::backlog::{self, MOST_UNSENT};
use crate::error::ApiError;

#[wasm_bindgen]
extern "C" {
    type Sending;

    /// `send` with a string that JavaScript holds already; `worker` offers it for a `&str` only,
    /// which would carry a broadcast's frame over once a socket.
    #[wasm_bindgen(method, catch)]
    fn send(this: &Sending, frame: &JsValue) -> Result<(), JsValue>;
}

/// A frame, carried over to JavaScript once for as many sockets as there are.
pub(crate) struct Frame(JsValue);

impl Frame {
    /// A text frame.
    pub(crate) fn text(text: &str) -> Self {
        Self(JsValue::from_str(text))
    }

    /// Sends it. A socket that is closing refuses, which gives `false`; its client reads the state when it is back. So
    /// does one whose client does not read: it is closed.
    pub(crate) fn send_to(&self, socket: &WebSocket) -> bool {
        if backlog::is_deaf(unsent(socket), MOST_UNSENT) {
            close(socket, CloseCode::TRY_AGAIN_LATER, "unread");
            return false;
        }
        let raw: &Sending = socket.as_ref().unchecked_ref();
        raw.send(&self.0).is_ok()
    }
}

/// Has the platform keep a text or a number with a socket while its object sleeps.
pub(crate) fn remember(socket: &WebSocket, value: JsValue) -> Result<(), JsValue> {
    socket.as_ref().serialize_attachment(value)
}

/// What is kept with a socket.
pub(crate) fn remembered(socket: &WebSocket) -> Option<JsValue> {
    socket.as_ref().deserialize_attachment().ok()
}

/// The bytes that wait in the runtime's memory for the client to read.
pub(crate) fn unsent(socket: &WebSocket) -> u32 {
    socket.as_ref().buffered_amount()
}

/// Closes a socket; one that is closed already stays so.
pub(crate) fn close(socket: &WebSocket, code: CloseCode, reason: &str) {
    let _ = socket.close(Some(code.get()), Some(reason));
}

/// Answers a client's close, for without an answer the client would wait for one. Some codes only report,
/// and are never sent.
pub(crate) fn answer_close(socket: &WebSocket, code: u16) {
    let code = match code {
        1000..=1003 | 1007..=1014 | 3000..=4999 => CloseCode::new(code),
        _ => CloseCode::NORMAL,
    };
    close(socket, code, "");
}

/// Sends the error and closes with its code.
pub(crate) fn refuse(socket: &WebSocket, error: &ApiError) {
    Frame::text(&error.to_json()).send_to(socket);
    close(socket, error.close_code(), error.code().as_str());
}

/// The answer that hands `client` to the other side; `subprotocol` when the client offered ours.
/// A browser fails a handshake that leaves its offer without an answer.
pub(crate) fn upgrade(client: &WebSocket, subprotocol: bool) -> Result<Response, JsValue> {
    let mut init = ResponseInit::new();
    init.set_status(101);
    if subprotocol {
        let headers = Headers::new()?;
        headers.set("sec-websocket-protocol", SUBPROTOCOL)?;
        init.set_headers(&headers);
    }
    init.websocket(client.as_ref())?;
    Response::new_with_opt_str_and_init(None, &init)
}

/// Refuses an upgrade as an accepted socket: a browser shows its page no HTTP status of a failed
/// one, so that a refusal would look like a bad network.
pub(crate) fn refuse_upgrade(error: &ApiError, subprotocol: bool) -> worker::Result<Response> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    refuse(&server, error);
    Ok(upgrade(&client, subprotocol)?)
}

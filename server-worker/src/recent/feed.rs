//! The operator's live feed: a socket into each shard that hears of every change there.

use worker::{WebSocket, WebSocketPair, WebSocketRequestResponsePair, web_sys};

use transfer_status_protocol::message::{PING, PONG};

use super::object::Shard;
use crate::error::ApiError;
use crate::incoming::now_unix_seconds;
use crate::socket::{self, Frame};

/// Operators that look at once.
const MOST_FEEDS: usize = 100;
/// The largest integer that JavaScript holds exactly; whoever shows the token itself has no expiry.
const NEVER: u64 = (1 << 53) - 1;

impl Shard {
    /// Opens a socket that is valid up to `expiry`, in Unix seconds.
    pub(super) fn open_feed(&self, expiry: u64) -> Result<web_sys::Response, ApiError> {
        if self.state.get_websockets().len() >= MOST_FEEDS {
            return Err(ApiError::TooManyFeeds);
        }
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_web_socket(&server);
        self.state
            .set_websocket_auto_response(&WebSocketRequestResponsePair::new(PING, PONG)?);
        server.serialize_attachment(expiry.min(NEVER))?;
        Ok(socket::upgrade(&client, false)?)
    }

    /// Tells all that look of a change.
    pub(super) fn tell(&self, doc: &str, watchers: usize) {
        let sockets = self.state.get_websockets();
        if sockets.is_empty() {
            return;
        }
        let now = now_unix_seconds();
        let frame = Frame::text(&format!(
            r#"{{"type":"change","transfer":{doc},"watchers":{watchers}}}"#
        ));
        for ws in &sockets {
            if expiry(ws).is_some_and(|expiry| now <= expiry) {
                frame.send_to(ws);
            } else {
                socket::refuse(ws, &ApiError::SessionExpired);
            }
        }
    }
}

fn expiry(ws: &WebSocket) -> Option<u64> {
    ws.deserialize_attachment().ok().flatten()
}

//! The operator's live feed: a socket into each shard that hears of every change and deletion there.

use worker::{WebSocket, WebSocketPair, WebSocketRequestResponsePair, web_sys};

use transfer_status_protocol::message::{PING, PONG};

use super::news::News;
use super::object::Shard;
use crate::clock::now_unix_seconds;
use crate::error::ApiError;
use crate::platform::reply;
use crate::platform::socket::{self, Frame};

/// Operators that look at once.
const MOST_FEEDS: usize = 100;
/// The largest integer that JavaScript holds exactly; whoever shows the token itself has no expiry.
const NEVER: u64 = (1 << 53) - 1;

impl Shard {
    /// Opens a socket that is valid up to `expiry`, in Unix seconds, and until its session is ended.
    pub(super) fn open_feed(
        &self,
        expiry: u64,
        session: Option<&str>,
    ) -> Result<web_sys::Response, ApiError> {
        if self.state.get_websockets().len() >= MOST_FEEDS {
            return Err(ApiError::TooManyFeeds);
        }
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        let tags: Vec<&str> = session.into_iter().collect();
        self.state.accept_websocket_with_tags(&server, &tags);
        self.state
            .set_websocket_auto_response(&WebSocketRequestResponsePair::new(PING, PONG)?);
        socket::remember(&server, (expiry.min(NEVER) as f64).into())?;
        Ok(socket::upgrade(&client, false)?)
    }

    /// Closes the sockets of a session that was ended.
    pub(super) fn end_feeds(&self, session: &str) -> Result<web_sys::Response, ApiError> {
        for ws in self.state.get_websockets_with_tag(session) {
            socket::refuse(&ws, &ApiError::SessionExpired);
        }
        Ok(reply::empty(204, &[])?)
    }

    /// Tells all that look what has happened.
    pub(super) fn tell(&self, news: &[News<'_>]) {
        if news.is_empty() {
            return;
        }
        let mut sockets = self.state.get_websockets();
        let now = now_unix_seconds();
        sockets.retain(|ws| {
            let valid = expiry(ws).is_some_and(|expiry| now <= expiry);
            if !valid {
                socket::refuse(ws, &ApiError::SessionExpired);
            }
            valid
        });
        if sockets.is_empty() {
            return;
        }
        for news in news {
            let frame = Frame::text(&news.message());
            for ws in &sockets {
                frame.send_to(ws);
            }
        }
    }
}

fn expiry(ws: &WebSocket) -> Option<u64> {
    socket::remembered(ws)?.as_f64().map(|expiry| expiry as u64)
}

//! One WebSocket of the browser: open, frames in, a few bytes out, and a close nobody waits for.
//!
//! gloo-net's socket, with what it leaves open decided here: opening is seen by its state, an `error` event says
//! nothing and is skipped for the `close` event that follows, nothing is sent unless it is open (it would vanish), its
//! sink is never closed (that does nothing), and a code is given only where a browser takes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink, Stream};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, State, WebSocketError};
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::message::PING;
use transfer_status_protocol::signature::{SUBPROTOCOL, Signature};

/// A WebSocket to a transfer, from the dial on. Dropping it closes it, and nothing that it still reports is heard.
pub(crate) struct Socket {
    /// None when the browser refused to open one.
    socket: Option<WebSocket>,
    opened: bool,
    /// What came in before it was seen that the socket is open.
    early: Option<Message>,
}

/// What came from the socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SocketEvent {
    Opened,
    Text(String),
    /// Not of the protocol: every message is text.
    Binary,
    /// The last event of a socket.
    Closed(CloseCode),
}

impl Socket {
    /// Dials `url` and presents `signature` as a subprotocol item. A refusal comes as an event, as any other loss.
    pub(crate) fn dial(url: &str, signature: &Signature) -> Self {
        let protocols = [SUBPROTOCOL, &signature.to_protocol()];
        Self {
            socket: WebSocket::open_with_protocols(url, &protocols).ok(),
            opened: false,
            early: None,
        }
    }

    /// The next event. Nothing is lost when nobody asks for a while.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent> {
        let Some(socket) = &mut self.socket else {
            return Poll::Ready(SocketEvent::Closed(CloseCode::ABNORMAL));
        };
        if !self.opened {
            // This is what asks to be woken when the socket opens; it is ready when the socket failed, too.
            let _woken = Pin::new(&mut *socket).poll_ready(cx);
            if matches!(socket.state(), State::Open) {
                self.opened = true;
                return Poll::Ready(SocketEvent::Opened);
            }
        }
        if let Some(message) = self.early.take() {
            return Poll::Ready(event_of(message));
        }
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut *socket).poll_next(cx)) {
                Some(Ok(message)) if self.opened => event_of(message),
                // Opened, and closed again, before anybody looked.
                Some(Ok(message)) => {
                    self.opened = true;
                    self.early = Some(message);
                    SocketEvent::Opened
                }
                Some(Err(WebSocketError::ConnectionClose(event))) => {
                    SocketEvent::Closed(CloseCode::new(event.code))
                }
                Some(Err(_)) => continue,
                None => SocketEvent::Closed(CloseCode::ABNORMAL),
            });
        }
    }

    /// Sends a ping, if the socket is open. A link that takes nothing is found dead by its silence.
    pub(crate) fn ping(&mut self) {
        if let Some(socket) = &mut self.socket
            && matches!(socket.state(), State::Open)
        {
            let _sent = Pin::new(socket).start_send(Message::Text(PING.to_owned()));
        }
    }

    /// Starts the closing handshake and forgets the socket.
    pub(crate) fn close(self, code: CloseCode) {
        // A browser throws at any other code.
        let code = matches!(code.get(), 1000 | 3000..=4999).then_some(code.get());
        if let Some(socket) = self.socket {
            let _closed = socket.close(code, None);
        }
    }
}

fn event_of(message: Message) -> SocketEvent {
    match message {
        Message::Text(text) => SocketEvent::Text(text),
        Message::Bytes(_) => SocketEvent::Binary,
    }
}

//! The server's end of a WebSocket: what the story says through it, and what it has heard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use crate::changes::{Changes, locked};

/// PROTOCOL.md, section 7: these very bytes.
const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;

/// A handle on an accepted socket. It stays open when no handle is left.
#[derive(Clone)]
pub(crate) struct Socket {
    orders: mpsc::UnboundedSender<Order>,
    heard: Arc<Mutex<Heard>>,
    answers_pings: Arc<AtomicBool>,
    is_frozen: Arc<AtomicBool>,
}

enum Order {
    Text(String),
    Close(Option<u16>),
    Reset,
}

#[derive(Default)]
struct Heard {
    texts: Vec<(Instant, String)>,
    end: Option<End>,
}

/// How the client's end was closed.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// The code of its close frame, if it sent one.
    pub(crate) code: Option<u16>,
}

impl Socket {
    /// Takes over a connection whose handshake is done.
    pub(crate) async fn open(stream: TcpStream, changes: Changes) -> Self {
        let stream = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        let (orders, taken) = mpsc::unbounded_channel();
        let socket = Self {
            orders,
            heard: Arc::default(),
            answers_pings: Arc::new(AtomicBool::new(true)),
            is_frozen: Arc::default(),
        };
        // With a handle of its own it stays open when the story has let go of it.
        tokio::spawn(serve(stream, taken, socket.clone(), changes));
        socket
    }

    pub(crate) fn text(&self, text: impl Into<String>) {
        let _gone = self.orders.send(Order::Text(text.into()));
    }

    pub(crate) fn say(&self, message: Value) {
        self.text(message.to_string());
    }

    pub(crate) fn status(&self, transfer: &Value) {
        self.say(json!({"type": "status", "transfer": transfer}));
    }

    pub(crate) fn close(&self, code: u16) {
        let _gone = self.orders.send(Order::Close(Some(code)));
    }

    /// A close frame with no code, which a reader takes for 1005.
    pub(crate) fn close_without_code(&self) {
        let _gone = self.orders.send(Order::Close(None));
    }

    /// The link is dead from now on: nothing is heard, answered or ended. It holds when this returns, whatever is on its
    /// way already.
    pub(crate) fn freeze(&self) {
        self.is_frozen.store(true, Ordering::Release);
    }

    /// Breaks the connection off with no close frame, which a reader takes for 1006.
    pub(crate) fn reset(&self) {
        let _gone = self.orders.send(Order::Reset);
    }

    /// From now on pings are the story's to answer, with [`Socket::pong`].
    pub(crate) fn leave_pings(&self) {
        self.answers_pings.store(false, Ordering::Relaxed);
    }

    pub(crate) fn pong(&self) {
        self.text(PONG);
    }

    /// When each ping came: messages of exactly these bytes.
    pub(crate) fn pings(&self) -> Vec<Instant> {
        let heard = locked(&self.heard);
        let pings = heard.texts.iter().filter(|(_, text)| text == PING);
        pings.map(|(at, _)| *at).collect()
    }

    /// All that the client has said.
    pub(crate) fn texts(&self) -> Vec<String> {
        locked(&self.heard)
            .texts
            .iter()
            .map(|(_, text)| text.clone())
            .collect()
    }

    /// The end, once the client has closed or dropped it.
    pub(crate) fn end(&self) -> Option<End> {
        locked(&self.heard).end
    }
}

enum Event {
    Ordered(Order),
    Came(Option<Result<Message, tokio_tungstenite::tungstenite::Error>>),
}

async fn serve(
    mut stream: WebSocketStream<TcpStream>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    socket: Socket,
    changes: Changes,
) {
    let mut code = None;
    loop {
        let event = tokio::select! {
            Some(order) = orders.recv() => Event::Ordered(order),
            message = stream.next() => Event::Came(message),
        };
        // Looked at last: what came together with the freeze is not heard either.
        if socket.is_frozen.load(Ordering::Acquire) {
            return std::future::pending().await;
        }
        match event {
            Event::Ordered(Order::Text(text)) => {
                let _gone = stream.send(Message::text(text)).await;
            }
            Event::Ordered(Order::Close(code)) => {
                let frame = code.map(|code| CloseFrame {
                    code: code.into(),
                    reason: "".into(),
                });
                let _gone = stream.close(frame).await;
            }
            Event::Ordered(Order::Reset) => {
                let _set = stream.get_ref().set_zero_linger();
                return;
            }
            Event::Came(Some(Ok(Message::Text(text)))) => {
                let is_ping = text.as_str() == PING;
                let heard = (Instant::now(), text.as_str().to_owned());
                locked(&socket.heard).texts.push(heard);
                changes.tell();
                if is_ping && socket.answers_pings.load(Ordering::Relaxed) {
                    let _gone = stream.send(Message::text(PONG)).await;
                }
            }
            Event::Came(Some(Ok(Message::Close(frame)))) => code = frame.map(|frame| frame.code.into()),
            Event::Came(Some(Ok(_))) => {}
            Event::Came(None | Some(Err(_))) => break,
        }
    }
    locked(&socket.heard).end = Some(End { code });
    changes.tell();
}

//! The other end of the load: a watcher's bare socket, as cheap as it can be.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use transfer_status::{Key, Minter, TransferId};
use transfer_status_e2e::{PATIENCE, SUBSCRIBE_HMAC_SECRET, soon, within};
use transfer_status_protocol::ServerMessage;

use crate::backend::connect;
use crate::centrifugo;
use crate::service::{Language, Service};

/// A watcher of one transfer.
pub(crate) struct Watcher {
    stream: WebSocketStream<TcpStream>,
    language: Language,
    /// Messages that came in one frame with one before them.
    come: VecDeque<String>,
}

impl Watcher {
    /// Opens the socket as the SDKs do and takes what the service says first.
    pub(crate) async fn open(server: &dyn Service, id: &TransferId) -> Self {
        let language = server.language();
        let request = match language {
            Language::TransferStatus => proven_request(server, id),
            Language::Centrifugo => request(server, "/connection/websocket"),
        };
        // The default is 128 KiB a socket.
        let config = WebSocketConfig::default().read_buffer_size(4_096);
        let tcp = connect(server.address()).await;
        let opening = tokio_tungstenite::client_async_with_config(request, tcp, Some(config));
        let (stream, _) = soon(opening).await.expect("the server accepts");
        let mut watcher = Self {
            stream,
            language,
            come: VecDeque::new(),
        };
        match language {
            Language::TransferStatus => drop(soon(watcher.text()).await),
            Language::Centrifugo => {
                let greeting = Message::text(centrifugo::greeting(id.as_str()));
                soon(watcher.stream.send(greeting))
                    .await
                    .expect("the socket is open");
                for _ in 0..2 {
                    let answer = soon(watcher.text()).await;
                    assert!(!answer.contains(r#""error""#), "{answer}");
                }
            }
        }
        watcher
    }

    /// The next message, however long it takes.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            if let Some(come) = self.come.pop_front() {
                return come;
            }
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => match self.language {
                    Language::TransferStatus => return text.to_string(),
                    Language::Centrifugo if text.as_str() == centrifugo::PING => {
                        let answer = Message::text(centrifugo::PING);
                        self.stream.send(answer).await.expect("the socket is open");
                    }
                    Language::Centrifugo => self.come.extend(text.lines().map(str::to_owned)),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a frame, got {other:?}"),
            }
        }
    }

    /// Waits for this version.
    pub(crate) async fn version(&mut self, version: u64) {
        self.version_within(PATIENCE, version).await;
    }

    /// The same, for where it is a figure how long that takes.
    pub(crate) async fn version_within(&mut self, limit: Duration, version: u64) {
        let text = within(limit, self.text()).await;
        if self.language == Language::Centrifugo {
            assert_eq!(centrifugo::offset(&text), Some(version), "{text}");
            return;
        }
        match ServerMessage::decode(&text) {
            Ok(ServerMessage::Status(transfer)) => assert_eq!(transfer.version, Some(version), "{text}"),
            _ => panic!("expected a status, got {text}"),
        }
    }

    /// Sends the protocol's ping and waits for the answer.
    pub(crate) async fn ping(&mut self) {
        let ping = Message::text(transfer_status_protocol::message::PING);
        soon(self.stream.send(ping)).await.expect("the socket is open");
        assert_eq!(soon(self.text()).await, transfer_status_protocol::message::PONG);
    }

    /// Goes away, as a page that is closed does.
    pub(crate) async fn leave(mut self) {
        soon(self.stream.close(None)).await.expect("the socket is open");
        self.closed().await;
    }

    /// Answers the server's close after a final status. The connection itself lingers for seconds more, for nothing.
    /// Centrifugo knows no final status, so there the watcher goes.
    pub(crate) async fn end(mut self) {
        if self.language == Language::Centrifugo {
            soon(self.stream.close(None)).await.expect("the socket is open");
        }
        self.closed().await;
    }

    async fn closed(&mut self) {
        while let Some(Ok(message)) = soon(self.stream.next()).await {
            if message.is_close() {
                // The answer was queued by the read; the server may be gone already.
                let _ = soon(self.stream.flush()).await;
                return;
            }
        }
    }
}

/// An upgrade on this path.
fn request(server: &dyn Service, path: &str) -> Request {
    let url = format!("ws://{}{path}", server.address());
    url.into_client_request().expect("the path can be requested")
}

/// The same for a transfer, with a signature.
fn proven_request(server: &dyn Service, id: &TransferId) -> Request {
    let minter = Minter::new(Key::new(SUBSCRIBE_HMAC_SECRET).expect("a key"));
    let claims = minter.mint_until(id.clone(), "merchant-7", server.unix_seconds() + 3_600);
    let signature = claims.expect("claims").signature;
    let offer = format!("transfer-status.v1, {}", signature.to_protocol());
    let offer = offer.parse().expect("a header's value");
    let mut request = request(server, &format!("/ws/{id}"));
    request.headers_mut().insert("sec-websocket-protocol", offer);
    request
}

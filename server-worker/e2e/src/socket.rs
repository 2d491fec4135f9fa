//! A watcher's socket as it is on the wire: each frame is seen, none is sent that the test did not ask for.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use transfer_status::{ErrorBody, Transfer};
use transfer_status_protocol::ServerMessage;

use crate::http::Headers;
use crate::server::Server;
use crate::{PATIENCE, soon, within};

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A text frame.
    Text(String),
    /// The end, with 1006 when it came without a close frame.
    Closed(u16),
}

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
}

impl Socket {
    /// Opens `/ws/…`, which the server accepts always.
    ///
    /// # Panics
    /// When it does not.
    pub async fn open(server: &Server, path: &str, headers: Headers<'_>) -> Self {
        let tcp = TcpStream::connect(server.address())
            .await
            .expect("the server listens");
        Self::open_on(tcp, server, path, headers).await
    }

    /// The same on a connection that holds little: who does not read is soon in the server's way.
    ///
    /// # Panics
    /// When the server does not accept it.
    pub async fn open_narrow(server: &Server, path: &str, headers: Headers<'_>) -> Self {
        let tcp = TcpSocket::new_v4().expect("a socket");
        tcp.set_recv_buffer_size(4_096).expect("a new socket");
        let tcp = tcp.connect(server.address()).await;
        Self::open_on(tcp.expect("the server listens"), server, path, headers).await
    }

    async fn open_on(tcp: TcpStream, server: &Server, path: &str, headers: Headers<'_>) -> Self {
        let mut request = format!("ws://{}{path}", server.address())
            .into_client_request()
            .expect("the path can be requested");
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            let value: HeaderValue = value.parse().expect("a header's value");
            request.headers_mut().insert(name, value);
        }
        let opening = tokio_tungstenite::client_async(request, tcp);
        let (stream, answer) = soon(opening)
            .await
            .expect("the server accepts every well-formed upgrade");
        let protocol = answer.headers().get("sec-websocket-protocol");
        let protocol = protocol
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned);
        Self { stream, protocol }
    }

    /// Sends a text frame.
    ///
    /// # Panics
    /// When the socket is closed.
    pub async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    /// Sends a binary frame.
    ///
    /// # Panics
    /// When the socket is closed.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send_message(Message::binary(bytes.to_vec())).await;
    }

    async fn send_message(&mut self, message: Message) {
        soon(self.stream.send(message))
            .await
            .expect("the socket takes a message");
    }

    /// The next frame, soon.
    pub async fn next(&mut self) -> Said {
        self.next_within(PATIENCE).await
    }

    /// The next frame.
    pub async fn next_within(&mut self, limit: Duration) -> Said {
        within(limit, async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => return Said::Text(text.to_string()),
                    Some(Ok(Message::Close(Some(frame)))) => return Said::Closed(frame.code.into()),
                    Some(Ok(Message::Close(None))) => return Said::Closed(1005),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(other)) => panic!("the server speaks text, got {other:?}"),
                    Some(Err(_)) | None => return Said::Closed(1006),
                }
            }
        })
        .await
    }

    /// The next frame, which has to be a status.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn status(&mut self) -> impl Future<Output = Transfer> {
        let caller = std::panic::Location::caller();
        async move {
            match self.next().await {
                Said::Text(text) => match ServerMessage::decode(&text) {
                    Ok(ServerMessage::Status(transfer)) => transfer,
                    _ => panic!("at {caller}: expected a status, got {text}"),
                },
                Said::Closed(code) => panic!("at {caller}: expected a status, the socket closed with {code}"),
            }
        }
    }

    /// The next two frames, which have to be an error and a close: its message and the close code.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn refusal(&mut self, limit: Duration) -> impl Future<Output = (ErrorBody, u16)> {
        let caller = std::panic::Location::caller();
        async move {
            let error = match self.next_within(limit).await {
                Said::Text(text) => match ServerMessage::decode(&text) {
                    Ok(ServerMessage::Error(error)) => error,
                    _ => panic!("at {caller}: expected an error, got {text}"),
                },
                Said::Closed(code) => panic!("at {caller}: closed with {code} and no error before it"),
            };
            match self.next().await {
                Said::Closed(code) => (error, code),
                Said::Text(text) => panic!("at {caller}: after the error came {text}"),
            }
        }
    }

    /// [`Socket::refusal`], soon, and only the close code.
    #[track_caller]
    pub fn refused(&mut self) -> impl Future<Output = u16> {
        let refusal = self.refusal(PATIENCE);
        async move { refusal.await.1 }
    }

    /// Closes as a browser does whose page goes away, and waits for the server's answer.
    pub async fn leave(mut self) {
        soon(self.stream.close(None)).await.expect("the socket is open");
        while let Said::Text(_) = self.next().await {}
    }
}

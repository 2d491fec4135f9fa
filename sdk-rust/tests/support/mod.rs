//! A service on loopback that a test plays by hand: real TCP, real WebSocket and HTTP, one step at a time.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::result_large_err, reason = "the shape of tungstenite's callback")]

pub(crate) mod log;
pub(crate) mod proxy;
pub(crate) mod secure;
pub(crate) mod watching;

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use transfer_status::{Signature, Timing, Transfer, TransferId};

/// Longer than anything takes here; only a failing test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// PROTOCOL.md's durations are for a real network; on loopback a test need not wait that long.
pub(crate) const QUICK: Timing = Timing::DEFAULT
    .backoff(ms(10), ms(20))
    // A test that wants polls says so: an unexpected one would take the place of the next socket.
    .poll_after_failures(u8::MAX)
    .poll_interval(ms(10))
    .hint_spacing(ms(10));

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) const SECRET_SIGNATURE: &str = "eyJzZWNyZXQiOjF9.c2lnbmF0dXJl-TOP_SECRET";

pub(crate) fn signature() -> Signature {
    Signature::new(SECRET_SIGNATURE).unwrap()
}

pub(crate) fn id() -> TransferId {
    "order-1042".parse().unwrap()
}

/// A transfer as the service keeps it: version and time rise together.
pub(crate) fn transfer_json(version: u64, status: &str) -> String {
    let (minute, second) = (30 + version / 60, version % 60);
    format!(
        r#"{{"id":"order-1042","status":"{status}","updatedAt":"2024-01-15T10:{minute}:{second:02}.000Z","version":{version}}}"#
    )
}

pub(crate) fn transfer(version: u64, status: &str) -> Transfer {
    Transfer::decode(&transfer_json(version, status)).unwrap()
}

/// Fails the test instead of hanging it.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work)
        .await
        .expect("this should have happened by now")
}

pub(crate) struct Service {
    listener: TcpListener,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    pub(crate) async fn accept(&self) -> Peer<TcpStream> {
        Peer {
            stream: soon(self.listener.accept()).await.unwrap().0,
        }
    }

    /// The next connection, opened as a watcher's socket.
    pub(crate) async fn accept_socket(&self) -> Socket<TcpStream> {
        self.accept().await.open_socket().await
    }

    /// The next connection that asks for a socket; polls before it are told that nothing is new.
    pub(crate) async fn accept_socket_beside_polls(&self) -> Socket<TcpStream> {
        const POLL: &[u8] = b"GET /transfer/";
        loop {
            let mut peer = self.accept().await;
            let mut begin = [0; POLL.len()];
            loop {
                match soon(peer.stream.peek(&mut begin)).await.unwrap() {
                    0 => panic!("the connection was given up"),
                    known if known < begin.len() => tokio::task::yield_now().await,
                    _ => break,
                }
            }
            if begin != POLL {
                return peer.open_socket().await;
            }
            peer.serve("304 Not Modified", "connection: close\r\n", "").await;
        }
    }

    /// Nobody connects within a moment.
    pub(crate) async fn is_left_alone(&self) -> bool {
        timeout(Duration::from_millis(150), self.listener.accept())
            .await
            .is_err()
    }
}

/// One accepted connection.
pub(crate) struct Peer<S> {
    pub(crate) stream: S,
}

/// One HTTP request as it came in; header names in lower case.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn open_socket(self) -> Socket<S> {
        let mut seen = None;
        let open =
            tokio_tungstenite::accept_hdr_async(self.stream, |request: &Request, mut response: Response| {
                seen = Some(request.clone());
                response
                    .headers_mut()
                    .insert("sec-websocket-protocol", "transfer-status.v1".parse().unwrap());
                Ok(response)
            });
        let stream = soon(open).await.unwrap();
        Socket {
            request: seen.unwrap(),
            stream,
        }
    }

    pub(crate) async fn request(&mut self) -> HttpRequest {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(self.stream.read_u8()).await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers: HashMap<_, _> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        soon(self.stream.read_exact(&mut body)).await.unwrap();
        HttpRequest { line, headers, body }
    }

    /// Answers; `headers` are whole lines, each with its line end. The connection stays open.
    pub(crate) async fn answer(&mut self, status: &str, headers: &str, body: &str) {
        let length = if headers.contains("content-length") {
            String::new()
        } else {
            format!("content-length: {}\r\n", body.len())
        };
        let answer = format!("HTTP/1.1 {status}\r\n{length}{headers}\r\n{body}");
        soon(self.stream.write_all(answer.as_bytes())).await.unwrap();
    }

    /// Reads the request and answers it.
    pub(crate) async fn serve(&mut self, status: &str, headers: &str, body: &str) -> HttpRequest {
        let request = self.request().await;
        self.answer(status, headers, body).await;
        request
    }
}

/// A watcher's open socket.
pub(crate) struct Socket<S> {
    pub(crate) request: Request,
    pub(crate) stream: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(crate) async fn send(&mut self, text: &str) {
        soon(self.stream.send(Message::text(text))).await.unwrap();
    }

    pub(crate) async fn status(&mut self, version: u64, status: &str) {
        self.send(&format!(
            r#"{{"type":"status","transfer":{}}}"#,
            transfer_json(version, status)
        ))
        .await;
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        soon(self.stream.close(Some(frame))).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Option<Message> {
        soon(self.stream.next()).await.and_then(Result::ok)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.request
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

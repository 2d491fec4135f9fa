//! One request on its connection, and the ways to answer it: as agreed, wrongly, by half, or not at all.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::server::World;
use crate::socket::Socket;

/// More than any client's head takes.
const LONGEST_HEAD: usize = 64 * 1024;

/// What a client asked for.
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The request at the head of `stream`, if one comes.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut parsed = httparse::Request::new(&mut fields);
            if parsed.parse(&head).ok()?.is_complete() {
                let headers = parsed.headers.iter().map(|field| {
                    let value = String::from_utf8_lossy(field.value).into_owned();
                    (field.name.to_ascii_lowercase(), value)
                });
                return Some(Self {
                    method: parsed.method?.to_owned(),
                    target: parsed.path?.to_owned(),
                    headers: headers.collect(),
                });
            }
            if head.len() > LONGEST_HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// The header's value; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_upgrade(&self) -> bool {
        self.header("upgrade")
            .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }

    /// The signature that the request was made with, in an upgrade's subprotocols or a poll's `Authorization`.
    pub(crate) fn signature(&self) -> Option<String> {
        if let Some(bearer) = self.header("authorization") {
            return bearer.strip_prefix("Bearer ").map(str::to_owned);
        }
        let offered = self.header("sec-websocket-protocol")?;
        let mut names = offered.split(',').map(str::trim);
        let encoded = names.find_map(|name| name.strip_prefix("signature."))?;
        String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
    }
}

/// Where a request stands among those of its kind.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// How many came before it.
    pub(crate) number: usize,
    /// How many of them had the same signature, so were of the same watch.
    pub(crate) turn: usize,
}

/// A request that waits for its answer. Dropped, its connection ends with none.
pub(crate) struct Exchange {
    pub(crate) place: Place,
    pub(crate) request: Arc<Request>,
    stream: TcpStream,
    world: Arc<World>,
}

impl Exchange {
    pub(crate) fn new(place: Place, request: Arc<Request>, stream: TcpStream, world: Arc<World>) -> Self {
        Self {
            place,
            request,
            stream,
            world,
        }
    }

    /// Takes the socket; gives `None` when the client has left meanwhile.
    pub(crate) async fn accept(mut self) -> Option<Socket> {
        let key = self.request.header("sec-websocket-key").unwrap_or_default();
        let accept = derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: transfer-status.v1\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).await.ok()?;
        let socket = Socket::open(self.stream, self.world.changes.clone()).await;
        self.world.accepted(socket.clone());
        Some(socket)
    }

    /// As the service does: the socket is open, and its first frame is the transfer.
    pub(crate) async fn welcome(self) {
        let transfer = self.world.transfer();
        if let (Some(socket), Some(transfer)) = (self.accept().await, transfer) {
            socket.status(&transfer);
        }
    }

    /// As the service refuses: an open socket gets one error message and a close code.
    pub(crate) async fn refuse(self, close_code: u16, code: &str, message: &str) {
        if let Some(socket) = self.accept().await {
            socket.say(json!({"type": "error", "code": code, "message": message}));
            socket.close(close_code);
        }
    }

    /// Answers a poll as the service does: the transfer, or 304 where the client has it.
    pub(crate) async fn tell(self) {
        match self.world.transfer() {
            Some(transfer) => self.transfer(&transfer).await,
            None => self.error(404, "not_found", &[]).await,
        }
    }

    /// Answers a poll with `transfer`, or 304 where the client has it.
    pub(crate) async fn transfer(self, transfer: &Value) {
        let tag = format!("\"{}\"", transfer["version"].as_u64().unwrap_or_default());
        if self.request.header("if-none-match") == Some(tag.as_str()) {
            return self.answer(304, &[("etag", &tag)], "").await;
        }
        let headers = [("etag", tag.as_str()), ("content-type", "application/json")];
        self.answer(200, &headers, &transfer.to_string()).await;
    }

    /// Answers with an error in the service's own form.
    pub(crate) async fn error(self, status: u16, code: &str, headers: &[(&str, &str)]) {
        let body = json!({"type": "error", "code": code, "message": "as the story has it"}).to_string();
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.answer(status, &headers, &body).await;
    }

    /// Answers with a page, as a portal or a proxy does.
    pub(crate) async fn page(self, status: u16, headers: &[(&str, &str)]) {
        let headers = [&[("content-type", "text/html")], headers].concat();
        self.answer(status, &headers, "<!doctype html><title>Sign in</title>")
            .await;
    }

    pub(crate) async fn answer(mut self, status: u16, headers: &[(&str, &str)], body: &str) {
        let mut head = format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if status != 304 {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        let answer = format!("{head}\r\n{body}");
        if self.stream.write_all(answer.as_bytes()).await.is_ok() {
            let _sent = self.stream.shutdown().await;
        }
    }

    /// The head of an answer and a part of its body, and then nothing more.
    pub(crate) async fn half(mut self) {
        let half =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"id\":";
        let _sent = self.stream.write_all(half.as_bytes()).await;
        self.hang().await;
    }

    /// Never answers, and never ends the connection.
    pub(crate) async fn hang(self) {
        self.world.hold(self.stream).await;
    }
}

//! One WebSocket: the opening handshake, then frames in, a few bytes out, and a close.
//!
//! The handshake is carried out by hyper, as any HTTP request is: tungstenite's own writes the whole request,
//! signature included, to the log.

use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, Stream, StreamExt};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::{self, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::signature::{SUBPROTOCOL, Signature};

use super::link::Link;
use super::route::Turn;
use super::{MAX_ANSWER, Transport, USER_AGENT_VALUE};
use crate::error::DialError;

/// Holds a usual status frame; a larger one takes more than one read.
const READ_BUFFER: usize = 4 * 1024;

/// We send pings and one close: more than this waiting to go out means that the link is dead.
const MAX_UNSENT: usize = 4 * 1024;

/// An open WebSocket to a transfer.
pub(crate) struct Socket<S = TokioIo<Upgraded>> {
    stream: WebSocketStream<Link<S>>,
    unflushed: bool,
}

/// What came from the socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SocketEvent {
    Text(Utf8Bytes),
    /// Not of the protocol, and what is wrong with it: every message is text, of bounded length.
    NoText(&'static str),
    /// The last event of a socket.
    Closed(CloseCode),
}

impl Socket {
    /// Dials `path` within `turn`, and presents `signature` as a subprotocol item. Takes as long as the network does.
    pub(crate) async fn dial(
        transport: &Transport,
        turn: Turn,
        endpoint: &Endpoint,
        path: &str,
        signature: &Signature,
    ) -> Result<Self, DialError> {
        let uri = endpoint.web(path).parse().map_err(|_| DialError::Request)?;
        let key = generate_key();
        let request = handshake_request(endpoint, &uri, &key, signature)?;

        let dialled = transport.route.dial(turn, uri).await;
        let stream = dialled.map_err(DialError::Connect)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_ANSWER)
            .handshake::<_, Empty<Bytes>>(stream)
            .await
            .map_err(DialError::Handshake)?;
        let connection = connection.with_upgrades();
        let mut exchange = std::pin::pin!(async {
            let mut response = sender.send_request(request).await.map_err(DialError::Handshake)?;
            check_answer(response.status(), response.headers(), &key)?;
            upgrade::on(&mut response).await.map_err(DialError::Handshake)
        });
        let upgraded = tokio::select! {
            biased;
            upgraded = &mut exchange => upgraded,
            // It has handed the stream over, or failed: either way the exchange knows.
            _ = connection => exchange.await,
        };
        Ok(Self::over(TokioIo::new(upgraded?)).await)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The client's end of a WebSocket over a stream on which the handshake is done.
    pub(crate) async fn over(stream: S) -> Self {
        let stream = WebSocketStream::from_raw_socket(Link::new(stream), Role::Client, Some(config())).await;
        Self {
            stream,
            unflushed: false,
        }
    }

    /// Waits for the next event; flushes meanwhile. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> SocketEvent {
        std::future::poll_fn(|cx| {
            // Reading goes on whatever becomes of it: a peer that reads nothing may still have something to say.
            if self.unflushed && self.stream.poll_flush_unpin(cx).is_ready() {
                self.unflushed = false;
            }
            loop {
                return Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                    Some(Ok(Message::Text(text))) => SocketEvent::Text(text),
                    Some(Ok(Message::Binary(_))) => SocketEvent::NoText("a binary frame"),
                    Some(Ok(Message::Close(frame))) => {
                        let code =
                            frame.map_or(CloseCode::NO_STATUS, |frame| CloseCode::new(frame.code.into()));
                        SocketEvent::Closed(code)
                    }
                    // Answered by tungstenite; no sign of life of the service behind the edge.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Err(SocketError::Utf8(_))) => SocketEvent::NoText("not UTF-8"),
                    Some(Err(SocketError::Capacity(_))) => SocketEvent::NoText("over 65536 bytes"),
                    Some(Err(_)) | None => SocketEvent::Closed(CloseCode::ABNORMAL),
                });
            }
        })
        .await
    }

    /// Queues a text; it leaves while [`Socket::next`] is awaited. A link that takes nothing is found dead by
    /// its silence.
    pub(crate) fn send(&mut self, text: &'static str) {
        self.unflushed = true;
        let _sent = self.stream.feed(Message::text(text)).now_or_never();
    }

    /// Sends a close frame, and waits for the peer to hang up: a link that is dropped with something unread in it is
    /// reset, and a reset may overtake the close frame.
    pub(crate) async fn close(mut self, code: CloseCode) {
        // 1005 and 1006 only report what happened and may not be sent.
        let frame = match code {
            CloseCode::NO_STATUS | CloseCode::ABNORMAL => None,
            code => Some(CloseFrame {
                code: code.get().into(),
                reason: Utf8Bytes::default(),
            }),
        };
        let sent = self.stream.send(Message::Close(frame)).await;
        while sent.is_ok() && matches!(self.stream.next().await, Some(Ok(_))) {}
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT)
        .max_message_size(Some(MAX_ANSWER))
        .max_frame_size(Some(MAX_ANSWER))
}

fn handshake_request(
    endpoint: &Endpoint,
    uri: &http::Uri,
    key: &str,
    signature: &Signature,
) -> Result<Request<Empty<Bytes>>, DialError> {
    let mut protocols = HeaderValue::from_str(&format!("{SUBPROTOCOL}, {}", signature.to_protocol()))
        .map_err(|_| DialError::Request)?;
    protocols.set_sensitive(true);
    let target = uri.path_and_query().ok_or(DialError::Request)?.as_str();
    Request::get(target)
        .header(header::HOST, endpoint.authority())
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, key)
        .header(header::SEC_WEBSOCKET_PROTOCOL, protocols)
        .header(header::USER_AGENT, USER_AGENT_VALUE)
        .body(Empty::new())
        .map_err(|_| DialError::Request)
}

/// The client's side of RFC 6455, section 4.1: a socket only from a peer that meant to open one.
fn check_answer(status: StatusCode, headers: &HeaderMap, key: &str) -> Result<(), DialError> {
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        return Err(DialError::Answered {
            status,
            retry_after: text(header::RETRY_AFTER),
            date: text(header::DATE),
        });
    }
    let has_token = |name: HeaderName, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(token))
    };
    if !has_token(header::CONNECTION, "upgrade") {
        return Err(DialError::NotWebSocket("Connection"));
    }
    if !has_token(header::UPGRADE, "websocket") {
        return Err(DialError::NotWebSocket("Upgrade"));
    }
    let is = |name: HeaderName, expected: &str| {
        headers
            .get(name)
            .is_some_and(|value| value.as_bytes() == expected.as_bytes())
    };
    if !is(header::SEC_WEBSOCKET_ACCEPT, &derive_accept_key(key.as_bytes())) {
        return Err(DialError::NotWebSocket("Sec-WebSocket-Accept"));
    }
    if !is(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err(DialError::NotWebSocket("Sec-WebSocket-Protocol"));
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(DialError::NotWebSocket("Sec-WebSocket-Extensions"));
    }
    Ok(())
}

#[cfg(test)]
mod autobahn;

#[cfg(test)]
mod tests {
    use std::io;
    use std::task::Context;

    use tokio::io::ReadBuf;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as Code;

    use super::*;

    /// What a server sent before its end of the link broke: it can be read, and nothing can be written.
    struct HalfBroken(io::Cursor<Vec<u8>>);

    impl AsyncRead for HalfBroken {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, into)
        }
    }

    impl AsyncWrite for HalfBroken {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// The bytes of a server's messages.
    async fn sent_by_a_server(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
        let mut server =
            WebSocketStream::from_raw_socket(io::Cursor::new(Vec::new()), Role::Server, None).await;
        for message in messages {
            server.send(message).await.unwrap();
        }
        server.into_inner().into_inner()
    }

    #[tokio::test]
    async fn a_ping_that_cannot_leave_costs_nothing_of_what_has_arrived() {
        let refusal = CloseFrame {
            code: Code::from(4429),
            reason: Utf8Bytes::default(),
        };
        let arrived = sent_by_a_server([
            Message::text("processing"),
            Message::Ping(Bytes::new()),
            Message::text("completed"),
            Message::Close(Some(refusal)),
        ])
        .await;
        let mut socket = Socket::over(HalfBroken(io::Cursor::new(arrived))).await;
        socket.send("ping");
        assert_eq!(socket.next().await, SocketEvent::Text("processing".into()));
        socket.send("ping");
        assert_eq!(socket.next().await, SocketEvent::Text("completed".into()));
        assert_eq!(socket.next().await, SocketEvent::Closed(CloseCode::RATE_LIMITED));
    }

    #[tokio::test]
    async fn what_is_no_text_of_bounded_length_is_told() {
        let not_utf8 = [&[0x81, 3][..], b"\xff\xfe\xfd"].concat();
        let too_long = [&[0x81, 127][..], &(1_u64 << 40).to_be_bytes(), b"x"].concat();
        let binary = sent_by_a_server([Message::binary(vec![1])]).await;
        for (bytes, what) in [
            (not_utf8, "not UTF-8"),
            (too_long, "over 65536 bytes"),
            (binary, "a binary frame"),
        ] {
            let mut socket = Socket::over(HalfBroken(io::Cursor::new(bytes))).await;
            assert_eq!(socket.next().await, SocketEvent::NoText(what));
        }
    }

    #[tokio::test]
    async fn a_close_frame_is_sent_and_the_peer_hangs_up() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let socket = Socket::over(ours).await;
        let mut server = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        let closing = tokio::spawn(socket.close(CloseCode::NORMAL));
        let Some(Ok(Message::Close(Some(frame)))) = server.next().await else {
            panic!("no close frame")
        };
        assert_eq!(u16::from(frame.code), 1000);
        assert!(!closing.is_finished());
        assert!(server.next().await.is_none());
        drop(server);
        closing.await.unwrap();
    }
}

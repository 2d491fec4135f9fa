//! The two ends of the load: a backend that reports on one connection that stays, and a watcher's bare socket. Both
//! cost as little as they can, for they share the machine with what they measure.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use transfer_status::{Key, Minter, Signer, Status, TransferId};
use transfer_status_e2e::{HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, Server, http::signer, soon, unix_seconds};
use transfer_status_protocol::ServerMessage;

use crate::report::Durations;

/// Updates that are under way at a time.
pub(crate) const IN_FLIGHT: usize = 16;
/// After 10 s of silence the runtime lets go of an object; its own clean-up takes a moment more.
pub(crate) const ASLEEP_AFTER: Duration = Duration::from_secs(14);
/// What a payment goes through.
pub(crate) const LIFE: [Status; 3] = [Status::Pending, Status::Processing, Status::Completed];

/// A merchant's backend with one connection.
pub(crate) struct Backend {
    connection: SendRequest<Full<Bytes>>,
    signer: Signer,
    host: String,
    /// How far the server's clock is ahead, in seconds.
    ahead: u64,
}

impl Backend {
    pub(crate) async fn connect(server: &Server) -> Self {
        let tcp = connect(server.address()).await;
        let (connection, driver) = http1::handshake(TokioIo::new(tcp))
            .await
            .expect("a new connection");
        tokio::spawn(driver);
        Self {
            connection,
            signer: signer(HMAC_SECRET),
            host: server.address().to_string(),
            ahead: server.unix_seconds().saturating_sub(unix_seconds()),
        }
    }

    /// Reports a status and waits until it is acknowledged.
    pub(crate) async fn report(&mut self, id: &TransferId, status: &Status, message: &str) {
        let body = format!(
            r#"{{"transferId":"{id}","status":"{status}","message":"{message}","amount":12.10,"merchantId":"merchant-7"}}"#
        );
        let (status, answer) = self.post(body).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    }

    /// Posts these bytes, signed, as an update.
    pub(crate) async fn post(&mut self, body: String) -> (u16, Bytes) {
        let now = unix_seconds() + self.ahead;
        let request = hyper::Request::post("/update")
            .header("host", &self.host)
            .header("x-signature", self.signer.sign_at(now, body.as_bytes()))
            .header("x-timestamp", now)
            .body(Full::new(Bytes::from(body)));
        let request = request.expect("the request can be written");
        let answer = soon(self.connection.send_request(request))
            .await
            .expect("an answer comes");
        let status = answer.status().as_u16();
        let body = soon(answer.into_body().collect())
            .await
            .expect("the body comes whole");
        // The connection takes the next request a moment after the body has ended.
        soon(self.connection.ready()).await.expect("the connection stays");
        (status, body.to_bytes())
    }
}

/// A watcher of one transfer.
pub(crate) struct Watcher {
    stream: WebSocketStream<TcpStream>,
}

impl Watcher {
    /// Opens the socket as the SDKs do and takes the first frame.
    pub(crate) async fn open(server: &Server, id: &TransferId) -> Self {
        let minter = Minter::new(Key::new(SUBSCRIBE_HMAC_SECRET).expect("a key"));
        let request = minter.mint_until(id.clone(), "merchant-7", server.unix_seconds() + 3_600);
        let signature = request.expect("claims").signature;
        let offer = format!("transfer-status.v1, {}", signature.to_protocol());
        let mut request = format!("ws://{}/ws/{id}", server.address())
            .into_client_request()
            .expect("the path can be requested");
        let offer = offer.parse().expect("a header's value");
        request.headers_mut().insert("sec-websocket-protocol", offer);
        // The default is 128 KiB a socket.
        let config = WebSocketConfig::default().read_buffer_size(4_096);
        let tcp = connect(server.address()).await;
        let opening = tokio_tungstenite::client_async_with_config(request, tcp, Some(config));
        let (stream, _) = soon(opening).await.expect("the server accepts");
        let mut watcher = Self { stream };
        soon(watcher.text()).await;
        watcher
    }

    /// The next text frame, however long it takes.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a frame, got {other:?}"),
            }
        }
    }

    /// Waits for this version.
    pub(crate) async fn version(&mut self, version: u64) {
        let text = soon(self.text()).await;
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
        self.end().await;
    }

    /// Answers the server's close. The connection itself lingers for seconds more, for nothing.
    pub(crate) async fn end(mut self) {
        while let Some(Ok(message)) = soon(self.stream.next()).await {
            if message.is_close() {
                // The answer was queued by the read; the server may be gone already.
                let _ = soon(self.stream.flush()).await;
                return;
            }
        }
    }
}

async fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).await.expect("the server listens");
    tcp.set_nodelay(true).expect("a new connection");
    tcp
}

/// One transfer with its only watcher.
pub(crate) struct Watched {
    pub(crate) id: TransferId,
    pub(crate) watcher: Watcher,
    version: u64,
}

impl Watched {
    pub(crate) async fn open(server: &Server, id: String) -> Self {
        let id: TransferId = id.parse().expect("an id");
        Self {
            watcher: Watcher::open(server, &id).await,
            id,
            version: 0,
        }
    }

    /// Reports the next version and waits until it is both acknowledged and seen.
    pub(crate) async fn change(&mut self, backend: &mut Backend, status: &Status) -> Timed {
        self.version += 1;
        let message = format!("step {}", self.version);
        let begun = Instant::now();
        let acknowledged = async {
            backend.report(&self.id, status, &message).await;
            begun.elapsed()
        };
        let received = async {
            self.watcher.version(self.version).await;
            begun.elapsed()
        };
        let (acknowledged, received) = tokio::join!(acknowledged, received);
        Timed {
            acknowledged,
            received,
        }
    }
}

/// How long one update took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    /// Until its answer was here.
    pub(crate) acknowledged: Duration,
    /// Until the watcher had it.
    pub(crate) received: Duration,
}

/// How long many took.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    pub(crate) acknowledged: Durations,
    pub(crate) received: Durations,
}

impl Timings {
    pub(crate) fn push(&mut self, timed: Timed) {
        self.acknowledged.push(timed.acknowledged);
        self.received.push(timed.received);
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.acknowledged.append(other.acknowledged);
        self.received.append(other.received);
    }
}

/// [`IN_FLIGHT`] backends, and the transfers that each of them reports: whole lives, one status of each in turn.
pub(crate) struct Wave {
    lanes: Vec<(Backend, Vec<Watched>)>,
}

impl Wave {
    /// Opens a socket for each of `transfers` transfers, named after `name`. Not part of what is timed.
    pub(crate) async fn open(server: &Server, name: &str, transfers: usize) -> Self {
        let lanes = (0..IN_FLIGHT).map(|lane| async move {
            let mut watched = Vec::new();
            for number in (lane..transfers).step_by(IN_FLIGHT) {
                watched.push(Watched::open(server, format!("{name}-{number}")).await);
            }
            (Backend::connect(server).await, watched)
        });
        Self {
            lanes: futures_util::future::join_all(lanes).await,
        }
    }

    /// Reports all of it and gives the time that the whole took.
    pub(crate) async fn ride(&mut self, timings: &mut Timings) -> Duration {
        let begun = Instant::now();
        let lanes = self.lanes.iter_mut().map(|(backend, watched)| async move {
            let mut timings = Timings::default();
            for status in &LIFE {
                for transfer in watched.iter_mut() {
                    timings.push(transfer.change(backend, status).await);
                }
            }
            timings
        });
        let done = futures_util::future::join_all(lanes).await;
        let took = begun.elapsed();
        for lane in done {
            timings.append(lane);
        }
        took
    }

    /// Lets the sockets end, as the server has closed them.
    pub(crate) async fn end(self) {
        for (_, watched) in self.lanes {
            for transfer in watched {
                transfer.watcher.end().await;
            }
        }
    }
}

//! The reporting end of the load: a merchant's backend, on one connection that stays. It costs as little as it can, for it
//! shares the machine with what it measures.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use transfer_status::{Signer, Status, TransferId};
use transfer_status_e2e::{HMAC_SECRET, PATIENCE, http::signer, unix_seconds, within};

use crate::centrifugo;
use crate::service::{Language, Service};

/// As the server asks with what it cannot reach.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A merchant's backend with one connection.
pub(crate) struct Backend {
    connection: SendRequest<Full<Bytes>>,
    signer: Signer,
    language: Language,
    address: SocketAddr,
    host: String,
    /// How often the connection was found closed.
    reconnected: u64,
    /// How long an answer may take before the bench gives up.
    patience: Duration,
    /// How far the server's clock is ahead, in seconds.
    ahead: u64,
}

impl Backend {
    pub(crate) async fn connect(server: &dyn Service) -> Self {
        Self {
            connection: open(server.address()).await,
            signer: signer(HMAC_SECRET),
            language: server.language(),
            address: server.address(),
            host: server.address().to_string(),
            reconnected: 0,
            patience: PATIENCE,
            ahead: server.unix_seconds().saturating_sub(unix_seconds()),
        }
    }

    /// Reports a status and waits until it is acknowledged.
    pub(crate) async fn report(&mut self, id: &TransferId, status: &Status, message: &str) {
        let (status, answer) = self.try_report(id, status, message).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    }

    /// The same, and comes back where it is told to: thousands of new objects need more open files at a time than a process
    /// may have.
    pub(crate) async fn report_until_taken(&mut self, id: &TransferId, status: &Status, message: &str) {
        while self.try_report(id, status, message).await.0 == 503 {
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn try_report(&mut self, id: &TransferId, status: &Status, message: &str) -> (u16, Bytes) {
        let body = format!(
            r#"{{"transferId":"{id}","status":"{status}","message":"{message}","amount":12.10,"merchantId":"merchant-7"}}"#
        );
        match self.language {
            Language::TransferStatus => self.post(body).await,
            Language::Centrifugo => self.publish(centrifugo::publication(id.as_str(), &body)).await,
        }
    }

    /// The same on Centrifugo.
    async fn publish(&mut self, body: String) -> (u16, Bytes) {
        let request = hyper::Request::post("/api/publish")
            .header("host", &self.host)
            .header("content-type", "application/json")
            .header("x-api-key", centrifugo::API_KEY)
            .body(Full::new(Bytes::from(body)));
        let (status, answer) = self.exchange(request.expect("the request can be written")).await;
        let answered = String::from_utf8_lossy(&answer);
        assert!(centrifugo::is_published(&answer), "{status}: {answered}");
        (status, answer)
    }

    /// Posts these bytes, signed, as an update.
    pub(crate) async fn post(&mut self, body: String) -> (u16, Bytes) {
        let now = unix_seconds() + self.ahead;
        let request = hyper::Request::post("/update")
            .header("host", &self.host)
            .header("x-signature", self.signer.sign_at(now, body.as_bytes()))
            .header("x-timestamp", now)
            .body(Full::new(Bytes::from(body)));
        self.exchange(request.expect("the request can be written")).await
    }

    /// Waits so long for an answer: where it is a figure how long that takes.
    pub(crate) fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How often it found its connection closed.
    pub(crate) fn reconnected(&self) -> u64 {
        self.reconnected
    }

    /// A server may close a connection that rests just when a request comes (RFC 9112, section 9.5). The request is then sent again
    /// on a new one, as publishers do: an update that had been taken is answered as it was.
    async fn exchange(&mut self, request: hyper::Request<Full<Bytes>>) -> (u16, Bytes) {
        within(self.patience, async {
            loop {
                match self.try_exchange(request.clone()).await {
                    Ok(answer) => return answer,
                    Err(_) => {
                        self.reconnected += 1;
                        self.connection = open(self.address).await;
                    }
                }
            }
        })
        .await
    }

    async fn try_exchange(&mut self, request: hyper::Request<Full<Bytes>>) -> hyper::Result<(u16, Bytes)> {
        // The connection takes the next request a moment after the last body has ended.
        self.connection.ready().await?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?;
        Ok((status, body.to_bytes()))
    }
}

async fn open(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let tcp = connect(address).await;
    let (connection, driver) = http1::handshake(TokioIo::new(tcp))
        .await
        .expect("a new connection");
    tokio::spawn(driver);
    connection
}

/// A connection that sends at once what it is given.
pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).await.expect("the server listens");
    tcp.set_nodelay(true).expect("a new connection");
    tcp
}

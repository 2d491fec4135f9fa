//! The reporting end of the load: a merchant's backend, on one connection that stays. It costs as little as it can, for it
//! shares the machine with what it measures.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use transfer_status::{Signer, Status, TransferId};
use transfer_status_e2e::{HMAC_SECRET, http::signer, soon, unix_seconds};

use crate::centrifugo;
use crate::service::{Language, Service};

/// A merchant's backend with one connection.
pub(crate) struct Backend {
    connection: SendRequest<Full<Bytes>>,
    signer: Signer,
    language: Language,
    host: String,
    /// How far the server's clock is ahead, in seconds.
    ahead: u64,
}

impl Backend {
    pub(crate) async fn connect(server: &dyn Service) -> Self {
        let tcp = connect(server.address()).await;
        let (connection, driver) = http1::handshake(TokioIo::new(tcp))
            .await
            .expect("a new connection");
        tokio::spawn(driver);
        Self {
            connection,
            signer: signer(HMAC_SECRET),
            language: server.language(),
            host: server.address().to_string(),
            ahead: server.unix_seconds().saturating_sub(unix_seconds()),
        }
    }

    /// Reports a status and waits until it is acknowledged.
    pub(crate) async fn report(&mut self, id: &TransferId, status: &Status, message: &str) {
        let body = format!(
            r#"{{"transferId":"{id}","status":"{status}","message":"{message}","amount":12.10,"merchantId":"merchant-7"}}"#
        );
        let (status, answer) = match self.language {
            Language::TransferStatus => self.post(body).await,
            Language::Centrifugo => self.publish(centrifugo::publication(id.as_str(), &body)).await,
        };
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
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

    async fn exchange(&mut self, request: hyper::Request<Full<Bytes>>) -> (u16, Bytes) {
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

/// A connection that sends at once what it is given.
pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).await.expect("the server listens");
    tcp.set_nodelay(true).expect("a new connection");
    tcp
}

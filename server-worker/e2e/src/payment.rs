//! One transfer on a server, with both SDK ends: who reports it and who watches it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use transfer_status::{
    Client, Connection, Event, Key, Minter, Publisher, RetryPolicy, Signature, Status, Timing, Transfer,
    TransferId, Update, Watch,
};

use crate::http::Answer;
use crate::options::{HMAC_SECRET, SUBSCRIBE_HMAC_SECRET};
use crate::server::Server;
use crate::socket::Socket;
use crate::soon;

/// PROTOCOL.md's durations are for a real network; on loopback a test need not wait that long.
pub const QUICK: Timing = Timing::DEFAULT.backoff(Duration::from_millis(20), Duration::from_millis(200));

/// A transfer with an id of its own.
#[derive(Clone)]
pub struct Payment<'a> {
    server: &'a Server,
    /// Its id.
    pub id: TransferId,
}

impl Server {
    /// A new transfer, which nobody has reported yet.
    pub fn payment(&self) -> Payment<'_> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        self.payment_named(&format!("order-{next}.a_b~c:d"))
    }

    /// The transfer with this id.
    ///
    /// # Panics
    /// When it cannot be one.
    pub fn payment_named(&self, id: &str) -> Payment<'_> {
        Payment {
            server: self,
            id: id.parse().expect("an id"),
        }
    }
}

impl Payment<'_> {
    /// A signature that is valid for two hours.
    pub fn signature(&self) -> Signature {
        self.signature_until(self.server.unix_seconds() + 7_200)
    }

    /// A signature that is valid until `expiry`, in Unix seconds.
    pub fn signature_until(&self, expiry: u64) -> Signature {
        self.signature_by(SUBSCRIBE_HMAC_SECRET, expiry)
    }

    /// A signature made with another secret.
    ///
    /// # Panics
    /// When the secret cannot be a key.
    pub fn signature_by(&self, secret: &str, expiry: u64) -> Signature {
        let minter = Minter::new(Key::new(secret).expect("a key"));
        let request = minter.mint_until(self.id.clone(), "merchant-7", expiry);
        request.expect("claims").signature
    }

    /// A client of the server, with waits that suit loopback.
    pub fn client(&self) -> Client {
        client_of(&self.server.url(), QUICK)
    }

    /// Watches by sdk-rust.
    pub fn watch(&self) -> Watch {
        self.watch_with(self.signature())
    }

    /// Watches by sdk-rust with this signature.
    pub fn watch_with(&self, signature: Signature) -> Watch {
        self.client().watch(self.id.clone()).signature(signature).start()
    }

    /// Watches by sdk-rust at another address, that of a [`Proxy`](crate::Proxy) say.
    pub fn watch_at(&self, url: &str, timing: Timing) -> Watch {
        let client = client_of(url, timing);
        client.watch(self.id.clone()).signature(self.signature()).start()
    }

    /// Watches by a bare socket.
    pub async fn socket(&self) -> Socket {
        self.socket_with(&self.signature()).await
    }

    /// Watches by a bare socket with this signature, shown as the SDKs do.
    pub async fn socket_with(&self, signature: &Signature) -> Socket {
        let offer = format!("transfer-status.v1, {}", signature.to_protocol());
        let path = format!("/ws/{}", self.id);
        Socket::open(self.server, &path, &[("sec-websocket-protocol", &offer)]).await
    }

    /// A bare socket that has shown nothing yet.
    pub async fn unproven_socket(&self) -> Socket {
        Socket::open(self.server, &format!("/ws/{}", self.id), &[]).await
    }

    /// The `subscribe` message with a valid signature.
    pub fn subscribe_message(&self) -> String {
        self.subscribe_message_with(&self.signature())
    }

    /// The `subscribe` message with this signature.
    pub fn subscribe_message_with(&self, signature: &Signature) -> String {
        let (id, signature) = (&self.id, signature.expose());
        format!(r#"{{"type":"subscribe","transferId":"{id}","signature":"{signature}"}}"#)
    }

    /// The publisher of the merchant's backend, which tries for as long as a server takes to restart.
    ///
    /// # Panics
    /// Never: the URL is one.
    pub fn publisher(&self) -> Publisher {
        let key = Key::new(HMAC_SECRET).expect("a key");
        let retry = RetryPolicy::default()
            .with_attempts(1_000)
            .with_deadline(crate::PATIENCE)
            .with_backoff(Duration::from_millis(20), Duration::from_millis(200));
        let builder = Publisher::builder(self.server.url(), key).retry(retry);
        builder.build().expect("a URL")
    }

    /// An update to that status and nothing more.
    pub fn update(&self, status: Status) -> Update {
        Update::new(self.id.clone(), status)
    }

    /// Reports a status by sdk-rust and gives the transfer as stored.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn report(&self, status: Status) -> Transfer {
        let update = self.update(status);
        soon(self.publisher().publish(&update))
            .await
            .expect("the update is taken")
    }

    /// Posts an update with these further fields, written as in `"status":"pending","amount":1`.
    pub async fn post(&self, fields: &str) -> Answer {
        let body = format!(r#"{{"transferId":"{}",{fields}}}"#, self.id);
        self.server.update(body).await
    }

    /// Reads it as a holder of its signature.
    pub async fn read(&self) -> Answer {
        let bearer = format!("Bearer {}", self.signature().expose());
        let path = format!("/transfer/{}", self.id);
        self.server.get(&path, &[("authorization", &bearer)]).await
    }

    /// The stored version.
    ///
    /// # Panics
    /// When the transfer cannot be read.
    pub async fn version(&self) -> u64 {
        self.read().await.json()["version"].as_u64().expect("a version")
    }
}

fn client_of(url: &str, timing: Timing) -> Client {
    Client::builder(url).timing(timing).build().expect("a URL")
}

/// The next news of a watch as version and status; skips what is said of the connection.
///
/// # Panics
/// When the watch ends instead.
pub async fn next_status(watch: &mut Watch) -> (u64, Status) {
    loop {
        match soon(watch.next()).await {
            Some(Event::Status(transfer)) => {
                return (transfer.version.unwrap_or_default(), transfer.status.clone());
            }
            Some(Event::Connection(_) | Event::Problem(_) | Event::ServerError(_)) => {}
            other => panic!("expected a status, got {other:?}"),
        }
    }
}

/// Waits until news travels that way; skips everything else.
///
/// # Panics
/// When the watch ends instead.
pub async fn next_connection(watch: &mut Watch, wanted: Connection) {
    loop {
        match soon(watch.next()).await {
            Some(Event::Connection(connection)) if connection == wanted => return,
            Some(Event::Closed(_)) | None => panic!("the watch ended before it was {wanted:?}"),
            Some(_) => {}
        }
    }
}

/// The clock, in Unix seconds.
pub fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

//! The publisher: a backend's signed updates, sent until they are answered.

mod answer;
mod attempts;
mod builder;
mod clock;
mod error;
mod retry;

pub use builder::PublisherBuilder;
pub use clock::ClockSkew;
pub use error::PublishError;
pub use retry::RetryPolicy;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Uri};
use http_body_util::Full;
use tokio::sync::Semaphore;
use tracing::{Instrument, debug, debug_span};
use transfer_status_protocol::sign::{Key, SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER};
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::Update;

use crate::error::TransportError;
use crate::transport::Transport;

/// Sends signed updates to one service. Cheap to clone; clones share their connections.
///
/// # Retries
/// An update is idempotent: it names the state that a transfer is in, and the service answers one that changes
/// nothing like the first, with the same version, and tells nobody twice. So a retry is safe even where it is not
/// known whether the lost attempt arrived. What may differ is the answer: when another update came in between, a
/// retry can meet [`PublishError::Conflict`] though its first attempt was taken; the conflict carries the transfer
/// as it is.
///
/// Tried again: no connection, a broken connection, no answer in time, and the statuses 429, 500, 502, 503, 504,
/// with full jitter and never sooner than `Retry-After` says. Each attempt signs the same bytes with a fresh
/// timestamp, as the service takes none older than 300 s. Dropping the future stops everything.
///
/// ```no_run
/// use transfer_status::{Key, Publisher, Status, Update};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let key = Key::new(std::env::var("HMAC_SECRET")?)?;
/// let publisher = Publisher::builder("https://status.example.com", key).build()?;
///
/// let update = Update::new("order-1042".parse()?, Status::Completed);
/// let transfer = publisher.publish(&update).await?;
/// println!("{} is stored as version {:?}", transfer.id, transfer.version);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    uri: Uri,
    signer: Signer,
    retry: RetryPolicy,
    places: Semaphore,
}

impl Publisher {
    /// A publisher to the service at `url`, signing with `key`, the service's `HMAC_SECRET`.
    pub fn builder(url: impl Into<String>, key: Key) -> PublisherBuilder {
        PublisherBuilder::new(url.into(), key)
    }

    /// Sends `update` and gives the transfer as it is stored. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// The update is not one to send, or the last attempt's error: it is not to be retried, or the policy is used
    /// up.
    pub async fn publish(&self, update: &Update) -> Result<Transfer, PublishError> {
        let span = debug_span!("publish", transfer_id = %update.transfer_id, status = %update.status);
        self.deliver(update).instrument(span).await
    }

    async fn deliver(&self, update: &Update) -> Result<Transfer, PublishError> {
        let body = Bytes::from(update.encode()?);
        let Inner { retry, places, .. } = &*self.inner;
        let transfer = attempts::run(*retry, places, || self.attempt(update, body.clone())).await?;
        debug!(version = transfer.version, "stored");
        Ok(transfer)
    }

    /// Signs the bytes anew, sends them once and reads the answer.
    async fn attempt(&self, update: &Update, body: Bytes) -> Result<Transfer, PublishError> {
        let sent = SystemTime::now();
        let timestamp = clock::unix_seconds(sent).ok_or(PublishError::Clock)?;
        let mut signature = HeaderValue::from_str(&self.inner.signer.sign_at(timestamp, &body))
            .map_err(|error| TransportError::Request(error.into()))?;
        signature.set_sensitive(true);
        let request = Request::post(self.inner.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, signature)
            .header(TIMESTAMP_HEADER, timestamp)
            .body(Full::new(body))
            .map_err(TransportError::Request)?;
        let answer = self.inner.transport.exchange(request).await?;
        answer::read(update, &answer, sent, SystemTime::now())
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("uri", &self.inner.uri)
            .field("retry", &self.inner.retry)
            .finish_non_exhaustive()
    }
}

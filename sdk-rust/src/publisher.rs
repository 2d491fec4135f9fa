//! The publisher: a backend's signed updates, sent until they are answered.

mod answer;
mod error;
mod retry;

pub use error::PublishError;
pub use retry::RetryPolicy;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Uri};
use http_body_util::Full;
use rustls::ClientConfig;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, debug, debug_span};
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::sign::{Key, SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER};
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::Update;
use transfer_status_protocol::watch::InvalidUrl;

use crate::error::{BuildError, TransportError};
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
}

/// Settings of a [`Publisher`].
#[must_use]
pub struct PublisherBuilder {
    url: String,
    key: Key,
    tls: Option<ClientConfig>,
    retry: RetryPolicy,
}

impl PublisherBuilder {
    /// Own TLS settings: a private root, a client certificate. The default trusts Mozilla's roots.
    pub fn tls(mut self, config: ClientConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// How long to try, and how often.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Builds the publisher; connects nowhere yet.
    ///
    /// # Errors
    /// The URL or the TLS settings cannot be used.
    pub fn build(self) -> Result<Publisher, BuildError> {
        let uri = Endpoint::parse(&self.url)?.web("/update");
        let uri = uri.parse().map_err(|_| InvalidUrl::Malformed)?;
        let transport = Transport::new(self.tls)?;
        let signer = Signer::new(self.key);
        Ok(Publisher {
            inner: Arc::new(Inner {
                transport,
                uri,
                signer,
                retry: self.retry,
            }),
        })
    }
}

impl fmt::Debug for PublisherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherBuilder")
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl Publisher {
    /// A publisher to the service at `url`, signing with `key`, the service's `HMAC_SECRET`.
    pub fn builder(url: impl Into<String>, key: Key) -> PublisherBuilder {
        PublisherBuilder {
            url: url.into(),
            key,
            tls: None,
            retry: RetryPolicy::default(),
        }
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
        let retry = &self.inner.retry;
        let body = Bytes::from(update.encode()?);
        // A deadline too far off to be a point in time is none.
        let deadline = Instant::now().checked_add(retry.deadline);
        let left = || deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
        let mut attempt = 1;
        loop {
            let answered = timeout(
                retry.attempt_timeout.min(left()),
                self.attempt(update, body.clone()),
            );
            let error = match answered.await.unwrap_or(Err(PublishError::TimedOut)) {
                Ok(transfer) => {
                    debug!(attempt, version = transfer.version, "stored");
                    return Ok(transfer);
                }
                Err(error) => error,
            };
            debug!(attempt, error = &error as &dyn std::error::Error, "not stored");
            let pause = retry.pause(attempt, error.retry_after());
            if !error.is_retryable() || attempt >= retry.attempts || pause >= left() {
                return Err(error);
            }
            sleep(pause).await;
            attempt += 1;
        }
    }

    /// Signs the bytes anew, sends them once and reads the answer.
    async fn attempt(&self, update: &Update, body: Bytes) -> Result<Transfer, PublishError> {
        let now = unix_seconds();
        let mut signature = HeaderValue::from_str(&self.inner.signer.sign_at(now, &body))
            .map_err(|error| TransportError::Request(error.into()))?;
        signature.set_sensitive(true);
        let request = Request::post(self.inner.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, signature)
            .header(TIMESTAMP_HEADER, now)
            .body(Full::new(body))
            .map_err(TransportError::Request)?;
        let answer = self.inner.transport.exchange(request).await?;
        answer::read(update, &answer, SystemTime::now())
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

/// What the clock says: a fresh timestamp for each attempt.
fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

//! The publisher: a backend's signed updates, sent until they are answered.

mod answer;
mod builder;
mod clock;
mod error;

pub use builder::PublisherBuilder;
pub use clock::ClockSkew;
pub use error::PublishError;

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

use crate::attempts;
use crate::error::TransportError;
use crate::retry::RetryPolicy;
use crate::transport::Transport;

/// Sends signed updates to one service. Cheap to clone; clones share their connections.
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
///
/// # Retries
/// An update names the state that a transfer is in, and the service answers one that changes nothing like the first,
/// with the same version, and tells nobody twice. So an update may be sent again where it is not known whether the lost
/// attempt arrived, as long as nobody else writes the same transfer; where somebody does, see below.
///
/// Tried again: no connection, a broken connection, no answer in time, the service's codes `rate_limited`, `internal`
/// and `unavailable`, and, where no code of the service is there to go by, the statuses 408, 425, 429 and 5xx but 501,
/// 505 and 511. With full jitter, never sooner than `Retry-After` says, and only with a second or more left for the
/// attempt. Each attempt signs the same bytes with a fresh timestamp, as the service takes none older than 300 s.
/// Dropping the future stops everything; an attempt under way may still arrive.
///
/// # Two writers of one transfer
/// Between statuses the service keeps the order: `processing` after `completed` is a [`PublishError::Conflict`],
/// whoever sends it and however late. Within one status it does not: two writers who both say `processing`, with
/// different messages, overwrite each other, and the last one to arrive stays. A retry is such a writer too: its first
/// attempt was stored and its answer lost, another update came in between, and the retry puts the older text back. The
/// same happens when an attempt that was given up arrives late; it is valid for 300 s.
///
/// Either let one writer at a time write a transfer, such as the outbox below, or name the version that the update
/// builds on with [`Update::with_if_version`]: at any other version nothing changes, and the conflict carries the
/// transfer as it is. 0 stands for "nobody has reported it yet". An update that would change nothing is answered with
/// success whatever version it names, so that a retry after a lost answer is safe.
///
/// ```no_run
/// # use transfer_status::{PublishError, Publisher, Status, Transfer, Update};
/// /// Reports a step, unless somebody has reported anything since `seen`; gives the transfer as it is then.
/// async fn report(publisher: &Publisher, seen: &Transfer, step: &str) -> Result<Transfer, PublishError> {
///     let update = Update::new(seen.id.clone(), Status::Processing)
///         .with_message(step)
///         .with_if_version(seen.version.unwrap_or(0));
///     match publisher.publish(&update).await {
///         // What it says stays. The step may have been stored and overwritten: decide anew from what is there.
///         Err(PublishError::Conflict { current: Some(current), .. }) => Ok(*current),
///         answer => answer,
///     }
/// }
/// ```
///
/// # An outbox, so that no status is lost
/// The publisher gives up when its policy is used up, 45 s by default, and a process may end before that. What must
/// arrive belongs into your own database first: write the update in the transaction that changes the order, and let a
/// worker publish it until it succeeds or is refused for good. One worker at a time for one transfer, its rows in their
/// order.
///
/// ```no_run
/// use std::time::Duration;
/// use transfer_status::{Publisher, Status, TransferId, Update};
///
/// /// A row that the transaction wrote which changed the order.
/// struct Row {
///     number: i64,
///     transfer_id: TransferId,
///     status: Status,
///     message: String,
/// }
///
/// /// Your database.
/// trait Outbox {
///     type Error: std::error::Error + 'static;
///     /// Of each transfer only its lowest number, and of these the first that is due; locked until it is settled
///     /// (`for update skip locked`).
///     async fn next(&self) -> Result<Option<Row>, Self::Error>;
///     /// Takes the row out.
///     async fn done(&self, number: i64) -> Result<(), Self::Error>;
///     /// Takes the row out of the queue and keeps it for a person to look at.
///     async fn refused(&self, number: i64, why: String) -> Result<(), Self::Error>;
///     /// Leaves the row in, due after a pause.
///     async fn later(&self, number: i64, pause: Duration) -> Result<(), Self::Error>;
/// }
///
/// async fn work<O: Outbox>(outbox: &O, publisher: &Publisher) -> Result<(), O::Error> {
///     while let Some(row) = outbox.next().await? {
///         let update = Update::new(row.transfer_id, row.status).with_message(row.message);
///         match publisher.publish(&update).await {
///             Ok(_) => outbox.done(row.number).await?,
///             Err(error) if error.is_already_there(&update) => outbox.done(row.number).await?,
///             // No update like this will be taken: the transfer is final, or a field is not valid.
///             Err(error) if error.is_final() => outbox.refused(row.number, error.to_string()).await?,
///             Err(error) => {
///                 if !error.is_retryable() {
///                     // The key, the URL, a certificate, the clock: it goes on once somebody has mended it.
///                     eprintln!("updates are stuck: {error}");
///                 }
///                 let pause = error.retry_after().unwrap_or(Duration::from_secs(30));
///                 outbox.later(row.number, pause).await?;
///             }
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// | error | the update |
/// |---|---|
/// | [`Conflict`](PublishError::Conflict) by the service, [`BadRequest`](PublishError::BadRequest), [`TooLarge`](PublishError::TooLarge), [`Invalid`](PublishError::Invalid) | is refused for good |
/// | [`Unauthorized`](PublishError::Unauthorized), [`UnexpectedResponse`](PublishError::UnexpectedResponse), [`Clock`](PublishError::Clock), a certificate | is taken once the settings are mended |
/// | [`RateLimited`](PublishError::RateLimited), [`Unavailable`](PublishError::Unavailable), [`TimedOut`](PublishError::TimedOut), other [`Transport`](PublishError::Transport) errors | is taken later |
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

//! The client: where the service is, and what its watches share.

mod request_error;
mod requests;

pub use request_error::RequestError;

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use transfer_status_protocol::endpoint::{Endpoint, InvalidUrl};
use transfer_status_protocol::qr::QrPayload;
use transfer_status_protocol::request::TransferRequest;
use transfer_status_protocol::session::Config;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::Timing;

use crate::clock::{Clock, SystemClock};
use crate::error::BuildError;
use crate::retry::RetryPolicy;
use crate::start::WatchBuilder;
use crate::transport::{Settings, Transport, reach};

/// So many requests are under way at once; further ones wait for their turn, within their deadline.
const MAX_REQUESTS: usize = 64;

/// So many dials go on at once: some hundred a second where each takes a few round trips.
const MAX_DIALS: usize = 64;

/// Few connections are kept: a watch polls now and then.
const MAX_IDLE: usize = 2;

/// Watches transfers of one service. Cheap to clone; clones share their HTTP connections.
///
/// ```no_run
/// use transfer_status::{Client, Event, Signature, TransferId};
///
/// # async fn run(signature: Signature) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder("https://status.example.com").build()?;
/// let mut watch = client.watch("order-1042".parse()?).signature(signature).start();
/// while let Some(event) = watch.next().await {
///     match event {
///         Event::Status(transfer) => println!("{} is {}", transfer.id, transfer.status),
///         Event::Problem(Some(problem)) => eprintln!("not live: {problem}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) endpoint: Endpoint,
    pub(crate) transport: Transport,
    pub(crate) runtime: Handle,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    /// Requests under way at once.
    requests: Semaphore,
}

/// Settings of a [`Client`].
#[must_use = "a client is made by `build`"]
pub struct ClientBuilder {
    url: String,
    plain_text: bool,
    settings: Settings,
    max_dials: usize,
    runtime: Option<Handle>,
    timing: Timing,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
}

reach!(ClientBuilder);

impl ClientBuilder {
    /// Takes `http://` and `ws://` to any host. The default is to refuse them beyond this machine and private networks:
    /// signatures go in clear there.
    pub fn allow_plain_text(mut self, allow: bool) -> Self {
        self.plain_text = allow;
        self
    }

    /// The runtime that carries the watches, with I/O and time enabled. The default is the current one.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Durations other than PROTOCOL.md's.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Another clock than the system's, for tests of what happens when a device has slept.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long [`Client::get`] and [`Client::scan`] try, and how often: by default three times within ten seconds, five
    /// seconds each. A watch tries for as long as it is held, whatever this says.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The most dials at once, of all watches and requests of this client and its clones; 64 by default, at least 1.
    ///
    /// Further ones wait for their turn, so that thousands of watches that lost the same server do not come back with
    /// as many handshakes at once. A watch that waits has not failed: its attempt begins with its turn.
    pub fn max_dials(mut self, dials: usize) -> Self {
        self.max_dials = dials;
        self
    }

    /// Builds the client; connects nowhere yet.
    ///
    /// # Errors
    /// The URL, the TLS settings, the proxy or a duration cannot be used, or there is no tokio runtime.
    pub fn build(self) -> Result<Client, BuildError> {
        let endpoint = if self.plain_text {
            Endpoint::parse_allowing_plain_text(&self.url)?
        } else {
            Endpoint::parse(&self.url)?
        };
        let service = endpoint.web("/").parse().map_err(|_| InvalidUrl::Malformed)?;
        let max_dials = self.max_dials.clamp(1, Semaphore::MAX_PERMITS);
        let transport = self.settings.build(&service, MAX_IDLE, max_dials)?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Handle::try_current().map_err(|_| BuildError::NoRuntime)?,
        };
        Ok(Client {
            inner: Arc::new(Inner {
                endpoint,
                transport,
                runtime,
                config: self.timing.config()?,
                clock: self.clock,
                retry: self.retry,
                requests: Semaphore::new(MAX_REQUESTS),
            }),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the service at `url`: `https://status.example.com`, or with a path before the service's own.
    ///
    /// `http://` and `ws://` mean plain TCP, for this machine and private networks; see
    /// [`ClientBuilder::allow_plain_text`].
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            url: url.into(),
            plain_text: false,
            settings: Settings::default(),
            max_dials: MAX_DIALS,
            runtime: None,
            timing: Timing::DEFAULT,
            clock: Arc::new(SystemClock),
            retry: requests::default_retry(),
        }
    }

    /// Watches `transfer_id`, once the builder has a signature or a way to one.
    pub fn watch(&self, transfer_id: TransferId) -> WatchBuilder {
        WatchBuilder::new(self.clone(), transfer_id)
    }

    /// Watches the transfer of a backend's answer to its create-transfer-request call.
    pub fn watch_request(&self, request: &TransferRequest) -> WatchBuilder {
        self.watch(request.transfer_request_id.clone())
            .signature(request.clone())
    }

    /// Watches the transfer of a scanned QR code.
    ///
    /// The code holds the page's address, not the service's: this client is of the service.
    pub fn watch_qr(&self, scanned: &QrPayload) -> WatchBuilder {
        self.watch(scanned.transfer_id().clone())
            .signature(scanned.signature().clone())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.endpoint)
            .finish_non_exhaustive()
    }
}

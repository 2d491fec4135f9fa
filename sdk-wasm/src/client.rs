//! The client: where the service is, and what its watches share.

use std::fmt;
use std::sync::Arc;

use transfer_status_protocol::endpoint::{Endpoint, InvalidUrl};
use transfer_status_protocol::qr::QrPayload;
use transfer_status_protocol::request::TransferRequest;
use transfer_status_protocol::session::Config;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{InvalidTiming, Timing};

use crate::start::WatchBuilder;

/// Watches transfers of one service. Cheap to clone.
///
/// ```no_run
/// use transfer_status_wasm::{Client, Event, Signature, TransferId};
///
/// # async fn run(signature: Signature, show: impl Fn(&str)) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder("https://status.example.com").build()?;
/// let mut watch = client.watch("order-1042".parse()?).signature(signature).start();
/// while let Some(event) = watch.next().await {
///     match event {
///         Event::Status(transfer) => show(transfer.status.as_str()),
///         Event::Problem(Some(problem)) => show(&problem.to_string()),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) config: Config,
}

/// Why a [`Client`] could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The service's URL cannot be used.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// A duration makes no sense.
    #[error(transparent)]
    Timing(#[from] InvalidTiming),
}

/// Settings of a [`Client`].
#[must_use = "a client is made by `build`"]
pub struct ClientBuilder {
    url: String,
    plain_text: bool,
    timing: Timing,
}

impl ClientBuilder {
    /// Takes `http://` and `ws://` to any host. The default is to refuse them beyond this machine and private networks:
    /// signatures go in clear there.
    pub fn allow_plain_text(mut self, allow: bool) -> Self {
        self.plain_text = allow;
        self
    }

    /// Durations other than PROTOCOL.md's.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Builds the client; connects nowhere yet.
    ///
    /// # Errors
    /// The URL is not that of a service, or a duration makes no sense.
    pub fn build(self) -> Result<Client, BuildError> {
        let endpoint = if self.plain_text {
            Endpoint::parse_allowing_plain_text(&self.url)?
        } else {
            Endpoint::parse(&self.url)?
        };
        Ok(Client {
            endpoint: Arc::new(endpoint),
            config: self.timing.config()?,
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
            timing: Timing::DEFAULT,
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

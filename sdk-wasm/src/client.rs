//! The client: where the service is, and the start of a watch.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::request::TransferRequest;
use transfer_status_protocol::session::Config;
use transfer_status_protocol::token::Signature;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{InvalidUrl, SignatureError};
use wasm_bindgen_futures::spawn_local;

use crate::driver::{Driver, Parts};
use crate::shared::Shared;
use crate::watch::Watch;

/// Watches transfers of one service. Cheap to clone.
///
/// ```no_run
/// use transfer_status_wasm::{Client, Event, Signature, TransferId};
///
/// # async fn run(signature: Signature, show: impl Fn(&str)) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder("https://status.example.com").build()?;
/// let mut watch = client.watch("order-1042".parse()?, signature);
/// while let Some(event) = watch.next().await {
///     if let Event::Status(transfer) = event {
///         show(transfer.status.as_str());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    endpoint: Arc<Endpoint>,
    config: Config,
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    url: String,
    config: Config,
}

impl ClientBuilder {
    /// Durations other than the contract's. What `can_refresh` and `starts_unsigned` say is set by each watch.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Builds the client; connects nowhere yet.
    ///
    /// # Errors
    /// The URL is not that of a service.
    pub fn build(self) -> Result<Client, InvalidUrl> {
        Ok(Client {
            endpoint: Arc::new(Endpoint::parse(&self.url)?),
            config: self.config,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the service at `url`: `https://status.example.com`, or with a path before the service's own.
    ///
    /// `http://` and `ws://` mean plain TCP to that host, for a local server.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            url: url.into(),
            config: Config::DEFAULT,
        }
    }

    /// Watches `transfer_id` with the signature that came with its transfer request. Begins at once.
    ///
    /// When the signature expires before the final status, the watch ends; see [`Client::watch_with`].
    pub fn watch(&self, transfer_id: TransferId, signature: Signature) -> Watch {
        self.start(transfer_id, Some(signature), None)
    }

    /// Watches the transfer of a backend's answer to its create-transfer-request call.
    pub fn watch_request(&self, request: &TransferRequest) -> Watch {
        self.watch(request.transfer_request_id.clone(), request.signature.clone())
    }

    /// Watches `transfer_id` with a way to get a fresh signature, asked for when one is missing or expired.
    ///
    /// ```no_run
    /// # use transfer_status_wasm::{Client, Signature, SignatureError, TransferId};
    /// # async fn fetch_from_my_backend() -> Result<Signature, std::io::Error> { unimplemented!() }
    /// # fn run(client: &Client, id: TransferId, signature: Signature) {
    /// let watch = client
    ///     .watch_with(id, || async { fetch_from_my_backend().await.map_err(|_| SignatureError::Retry) })
    ///     .signature(signature) // the one at hand, if there is one
    ///     .start();
    /// # }
    /// ```
    pub fn watch_with<F, Fut>(&self, transfer_id: TransferId, source: F) -> WatchBuilder
    where
        F: Fn() -> Fut + 'static,
        Fut: Future<Output = Result<Signature, SignatureError>> + 'static,
    {
        WatchBuilder {
            client: self.clone(),
            transfer_id,
            source: Box::new(move || Box::pin(source())),
            signature: None,
        }
    }

    fn start(
        &self,
        transfer_id: TransferId,
        signature: Option<Signature>,
        source: Option<SignatureSource>,
    ) -> Watch {
        let shared = Arc::new(Shared::default());
        let config = Config {
            can_refresh: source.is_some(),
            starts_unsigned: signature.is_none(),
            ..self.config
        };
        let parts = Parts {
            endpoint: Arc::clone(&self.endpoint),
            transfer_id: transfer_id.clone(),
            signature,
            source,
            config,
            shared: Arc::clone(&shared),
        };
        // A server that renders a page has no browser around it: there the parts go, and the watch has stopped.
        if cfg!(target_family = "wasm") {
            spawn_local(async move { Driver::new(parts).run().await });
        }
        Watch::new(transfer_id, shared)
    }
}

/// A watch about to start, from [`Client::watch_with`].
#[must_use = "a watch begins with `start`"]
pub struct WatchBuilder {
    client: Client,
    transfer_id: TransferId,
    source: SignatureSource,
    signature: Option<Signature>,
}

impl WatchBuilder {
    /// The signature to begin with; without one the source is asked first.
    pub fn signature(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// Begins to watch.
    pub fn start(self) -> Watch {
        self.client
            .start(self.transfer_id, self.signature, Some(self.source))
    }
}

impl fmt::Debug for WatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchBuilder")
            .field("transfer_id", &self.transfer_id)
            .finish_non_exhaustive()
    }
}

pub(crate) type SignatureFuture = LocalBoxFuture<'static, Result<Signature, SignatureError>>;
pub(crate) type SignatureSource = Box<dyn Fn() -> SignatureFuture>;

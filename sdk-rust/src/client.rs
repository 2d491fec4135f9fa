//! The client: where the service is, and the start of a watch.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Instrument;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::request::TransferRequest;
use transfer_status_protocol::session::Config;
use transfer_status_protocol::token::Signature;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{Commands, SignatureError, WatchState};

use crate::driver::{self, Driver};
use crate::error::BuildError;
use crate::transport::Transport;
use crate::watch::Watch;

/// Watches transfers of one service. Cheap to clone; clones share their HTTP connections.
///
/// ```no_run
/// use transfer_status::{Client, Event, Signature, TransferId};
///
/// # async fn run(signature: Signature) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder("https://status.example.com").build()?;
/// let mut watch = client.watch("order-1042".parse()?, signature);
/// while let Some(event) = watch.next().await {
///     if let Event::Status(transfer) = event {
///         println!("{} is {}", transfer.id, transfer.status);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    transport: Transport,
    runtime: Handle,
    config: Config,
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    url: String,
    tls: Option<ClientConfig>,
    runtime: Option<Handle>,
    config: Config,
}

impl ClientBuilder {
    /// Own TLS settings: a private root, a client certificate. The default trusts Mozilla's roots.
    ///
    /// The configuration names its own crypto provider; nothing is installed for the process.
    pub fn tls(mut self, config: ClientConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// The runtime that carries the watches, with I/O and time enabled. The default is the current one.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Durations other than the contract's. What `can_refresh` and `starts_unsigned` say is set by each watch.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Builds the client; connects nowhere yet.
    ///
    /// # Errors
    /// The URL or the TLS settings cannot be used, or there is no tokio runtime.
    pub fn build(self) -> Result<Client, BuildError> {
        let endpoint = Endpoint::parse(&self.url)?;
        let transport = Transport::new(self.tls)?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Handle::try_current().map_err(|_| BuildError::NoRuntime)?,
        };
        Ok(Client {
            inner: Arc::new(Inner {
                endpoint,
                transport,
                runtime,
                config: self.config,
            }),
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
            tls: None,
            runtime: None,
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
    /// # use transfer_status::{Client, Signature, SignatureError, TransferId};
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
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Signature, SignatureError>> + Send + 'static,
    {
        let source: SignatureSource = Arc::new(move || Box::pin(source()));
        WatchBuilder {
            client: self.clone(),
            transfer_id,
            source,
            signature: None,
        }
    }

    fn start(
        &self,
        transfer_id: TransferId,
        signature: Option<Signature>,
        source: Option<SignatureSource>,
    ) -> Watch {
        let (state, states) = watch::channel(WatchState::default());
        let (commands, commands_in) = watch::channel(Commands::default());
        let config = Config {
            can_refresh: source.is_some(),
            starts_unsigned: signature.is_none(),
            ..self.inner.config
        };
        let span = tracing::info_span!("watch", transfer_id = %transfer_id);
        let driver = Driver::new(driver::Parts {
            transport: self.inner.transport.clone(),
            endpoint: self.inner.endpoint.clone(),
            transfer_id: transfer_id.clone(),
            signature,
            source,
            config,
            state,
            commands: commands_in,
        });
        self.inner.runtime.spawn(driver.run().instrument(span));
        Watch::new(transfer_id, states, commands)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.endpoint)
            .finish_non_exhaustive()
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

pub(crate) type SignatureFuture = Pin<Box<dyn Future<Output = Result<Signature, SignatureError>> + Send>>;
pub(crate) type SignatureSource = Arc<dyn Fn() -> SignatureFuture + Send + Sync>;

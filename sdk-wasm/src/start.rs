//! The start of a watch.

use std::fmt;
use std::sync::Arc;

use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{FreshSignature, Start, Warnings};
use wasm_bindgen_futures::spawn_local;

use crate::client::Client;
use crate::clock::seed;
use crate::host::{BrowserHost, Doing};
use crate::refresh::{AnySource, SignatureSource, erase};
use crate::shared::Shared;
use crate::task::run;
use crate::watch::Watch;

/// A watch about to start, from [`Client::watch`].
///
/// It needs a signature, or a source of signatures, or both: without a source it ends when its signature expires, and
/// without either at once, with [`WatchError::SignatureRefused`](crate::WatchError::SignatureRefused).
///
/// ```no_run
/// # use transfer_status_wasm::{Client, Signature, SignatureError, TransferId};
/// # async fn ask_my_backend(id: TransferId) -> Result<Signature, std::io::Error> { unimplemented!() }
/// # fn run(client: &Client, id: TransferId, signature: Signature) {
/// let watch = client
///     .watch(id)
///     .signature(signature) // the one at hand, if there is one
///     .refresh(|id, _reason| async { ask_my_backend(id).await.map_err(SignatureError::retry) })
///     .start();
/// # }
/// ```
#[must_use = "a watch begins with `start`"]
pub struct WatchBuilder {
    client: Client,
    transfer_id: TransferId,
    signature: Option<FreshSignature>,
    source: Option<AnySource>,
}

impl WatchBuilder {
    pub(crate) fn new(client: Client, transfer_id: TransferId) -> Self {
        Self {
            client,
            transfer_id,
            signature: None,
            source: None,
        }
    }

    /// The signature to begin with, with its expiry where that is known; without one the source is asked first.
    pub fn signature(mut self, signature: impl Into<FreshSignature>) -> Self {
        self.signature = Some(signature.into());
        self
    }

    /// Where fresh signatures come from, once one is missing or has expired.
    pub fn refresh(mut self, source: impl SignatureSource) -> Self {
        self.source = Some(erase(source));
        self
    }

    /// Begins to watch.
    pub fn start(self) -> Watch {
        let shared = Arc::new(Shared::default());
        let host = BrowserHost {
            endpoint: Arc::clone(&self.client.endpoint),
            transfer_id: self.transfer_id.clone(),
            source: self.source,
            shared: Arc::clone(&shared),
            warnings: Warnings::default(),
            doing: Doing::default(),
        };
        // A server that renders a page has no browser around it: there the host goes, and the watch has stopped.
        if cfg!(target_family = "wasm") {
            let start = Start {
                transfer_id: self.transfer_id.clone(),
                signature: self.signature,
                can_refresh: host.source.is_some(),
                config: self.client.config,
                seed: seed(),
            };
            spawn_local(run(host, start));
        }
        Watch::new(self.transfer_id, shared)
    }
}

impl fmt::Debug for WatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchBuilder")
            .field("transfer_id", &self.transfer_id)
            .field("signature", &self.signature)
            .finish_non_exhaustive()
    }
}

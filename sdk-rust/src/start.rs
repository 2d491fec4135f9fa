//! The start of a watch.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::Instrument;
use transfer_status_protocol::session::Hint;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{Commands, FreshSignature, Start, Warnings, WatchState};

use crate::client::Client;
use crate::host::{Doing, TokioHost};
use crate::refresh::{AnySource, SignatureSource, erase};
use crate::task::Task;
use crate::watch::Watch;

/// A watch about to start, from [`Client::watch`].
///
/// It needs a signature, or a source of signatures, or both: without a source it ends when its signature expires, and
/// without either at once, with [`WatchError::SignatureRefused`](crate::WatchError::SignatureRefused).
///
/// ```no_run
/// # use transfer_status::{Client, Signature, SignatureError, TransferId};
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
    commands: Commands,
}

impl WatchBuilder {
    pub(crate) fn new(client: Client, transfer_id: TransferId) -> Self {
        Self {
            client,
            transfer_id,
            signature: None,
            source: None,
            commands: Commands::default(),
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

    /// Tells the watch something about the world outside before it begins: one that begins in the background, with
    /// [`Hint::Suspend`], dials nothing until it is resumed. Else as [`Watch::hint`].
    pub fn hint(mut self, hint: Hint) -> Self {
        self.commands.add(hint);
        self
    }

    /// Begins to watch.
    pub fn start(self) -> Watch {
        let (state, states) = watch::channel(WatchState::default());
        let (commands, commands_in) = watch::channel(self.commands);
        let client = self.client.inner;
        let span = tracing::info_span!("watch", transfer_id = %self.transfer_id);
        let start = Start {
            transfer_id: self.transfer_id.clone(),
            signature: self.signature,
            can_refresh: self.source.is_some(),
            config: client.config,
            seed: fastrand::u64(..),
        };
        let task = Task {
            host: TokioHost {
                transport: client.transport.clone(),
                endpoint: client.endpoint.clone(),
                transfer_id: self.transfer_id.clone(),
                source: self.source,
                state,
                doing: Doing::default(),
                warnings: Warnings::default(),
            },
            commands: commands_in,
            clock: Arc::clone(&client.clock),
        };
        client.runtime.spawn(task.run(start).instrument(span));
        Watch::new(self.transfer_id, states, commands)
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

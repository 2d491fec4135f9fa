//! A client of one service, and the hints that a phone gives to all of its watches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use transfer_status::{BuildError, Client, Hint, TransferId};

use crate::engine::Engine;
use crate::error::{FfiError, guarded};
use crate::questions::Questions;
use crate::watch::{FfiWatch, read_signature};

/// What a client is made of.
#[derive(Debug, Clone, uniffi::Record)]
pub struct FfiClientOptions {
    /// The service's address, such as `https://status.example.com`.
    pub url: String,
    /// Allows `http://` and `ws://` beyond this machine and private networks.
    pub allow_plain_text: bool,
    /// The certificates of the authorities to trust, DER-encoded; none for the platform's own.
    pub roots: Option<Vec<Vec<u8>>>,
}

/// What is to be watched.
#[derive(Clone, uniffi::Record)]
pub struct FfiTarget {
    /// The transfer's name.
    pub transfer_id: String,
    /// The right to watch it, where it is at hand.
    pub signature: Option<String>,
    /// The last second in which that is valid, since 1970, where it is known.
    pub expiry: Option<u64>,
    /// Whether questions for a fresh signature are answered.
    pub refresh: bool,
}

/// What the phone knows of itself and the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiHint {
    /// There is a network again.
    Online,
    /// There is none, as far as the system knows.
    Offline,
    /// The screen is seen again.
    Visible,
    /// The app is in front again.
    Foreground,
    /// Another network carries now.
    NetworkChanged,
    /// The app goes to the background, where it may be frozen: its watches rest until it is back.
    Suspend,
    /// The app is back.
    Resume,
}

/// A client of one service. All clients of a process share one thread.
#[derive(uniffi::Object)]
pub struct FfiClient {
    state: Mutex<Option<Open>>,
}

/// What a client has until it is closed.
struct Open {
    client: Client,
    engine: Arc<Engine>,
    watches: Vec<Weak<FfiWatch>>,
    /// The last word on it: a watch that begins in the background rests too.
    suspended: bool,
}

impl FfiClient {
    pub(crate) fn build(
        options: FfiClientOptions,
        with: impl FnOnce(transfer_status::ClientBuilder) -> transfer_status::ClientBuilder,
    ) -> Result<Arc<Self>, FfiError> {
        let engine = Engine::shared()?;
        let builder = Client::builder(options.url)
            .allow_plain_text(options.allow_plain_text)
            .tls(engine.tls(options.roots.as_deref())?)
            .runtime(engine.handle().clone());
        let client = with(builder).build().map_err(not_built)?;
        let open = Open {
            client,
            engine,
            watches: Vec::new(),
            suspended: false,
        };
        Ok(Arc::new(Self {
            state: Mutex::new(Some(open)),
        }))
    }

    /// What makes a request.
    pub(crate) fn parts(&self) -> Result<(Client, Arc<Engine>), FfiError> {
        let state = self.state();
        let open = state.as_ref().ok_or(FfiError::Closed)?;
        Ok((open.client.clone(), Arc::clone(&open.engine)))
    }

    fn state(&self) -> MutexGuard<'_, Option<Open>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[uniffi::export]
impl FfiClient {
    /// A client of the service at an address. It does nothing until something is watched.
    ///
    /// # Errors
    /// [`FfiError::InvalidUrl`], [`FfiError::InvalidRoots`], [`FfiError::System`], [`FfiError::Panicked`].
    #[uniffi::constructor]
    pub fn new(options: FfiClientOptions) -> Result<Arc<Self>, FfiError> {
        guarded(|| Self::build(options, |builder| builder))
    }

    /// Begins a watch.
    ///
    /// # Errors
    /// [`FfiError::InvalidTransferId`], [`FfiError::InvalidSignature`], [`FfiError::Closed`], [`FfiError::Panicked`].
    pub fn watch(&self, target: FfiTarget) -> Result<Arc<FfiWatch>, FfiError> {
        guarded(|| {
            let mut state = self.state();
            let open = state.as_mut().ok_or(FfiError::Closed)?;
            let transfer_id = read_transfer_id(target.transfer_id)?;
            let mut builder = open.client.watch(transfer_id.clone());
            if let Some(signature) = target.signature {
                builder = builder.signature(read_signature(&transfer_id, signature, target.expiry)?);
            }
            let questions = Questions::new();
            if target.refresh {
                builder = builder.refresh(questions.clone());
            }
            if open.suspended {
                builder = builder.hint(Hint::Suspend);
            }
            let watch = Arc::new(FfiWatch::new(
                builder.start(),
                questions,
                Arc::clone(&open.engine),
            ));
            open.watches.retain(|watch| watch.strong_count() > 0);
            open.watches.push(Arc::downgrade(&watch));
            Ok(watch)
        })
    }

    /// Tells all watches of this client.
    ///
    /// # Errors
    /// [`FfiError::Closed`], [`FfiError::Panicked`].
    pub fn hint(&self, hint: FfiHint) -> Result<(), FfiError> {
        guarded(|| {
            let mut state = self.state();
            let open = state.as_mut().ok_or(FfiError::Closed)?;
            match hint {
                FfiHint::Suspend => open.suspended = true,
                FfiHint::Resume | FfiHint::Foreground | FfiHint::Visible => open.suspended = false,
                FfiHint::Online | FfiHint::Offline | FfiHint::NetworkChanged => {}
            }
            for watch in open.watches.iter().filter_map(Weak::upgrade) {
                watch.give_hint(hint.into());
            }
            Ok(())
        })
    }

    /// Ends all watches of this client and frees what it holds. A second call does nothing.
    ///
    /// # Errors
    /// Only [`FfiError::Panicked`].
    pub fn close(&self) -> Result<(), FfiError> {
        guarded(|| {
            let open = self.state().take();
            for watch in open
                .iter()
                .flat_map(|open| &open.watches)
                .filter_map(Weak::upgrade)
            {
                watch.end();
            }
            Ok(())
        })
    }
}

impl From<FfiHint> for Hint {
    fn from(hint: FfiHint) -> Self {
        match hint {
            FfiHint::Online => Self::Online,
            FfiHint::Offline => Self::Offline,
            FfiHint::Visible => Self::Visible,
            FfiHint::Foreground => Self::Foreground,
            FfiHint::NetworkChanged => Self::NetworkChanged,
            FfiHint::Suspend => Self::Suspend,
            FfiHint::Resume => Self::Resume,
        }
    }
}

fn not_built(error: BuildError) -> FfiError {
    let reason = error.to_string();
    match error {
        BuildError::Url(_) => FfiError::InvalidUrl { reason },
        BuildError::Tls(_) => FfiError::InvalidRoots { reason },
        BuildError::Proxy(_) => FfiError::InvalidProxy { reason },
        _ => FfiError::System { reason },
    }
}

pub(crate) fn read_transfer_id(text: String) -> Result<TransferId, FfiError> {
    TransferId::new(text).map_err(|error| FfiError::InvalidTransferId {
        reason: error.to_string(),
    })
}

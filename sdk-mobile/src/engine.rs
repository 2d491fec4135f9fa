//! The one thread that carries all clients of a process: begun with the first, gone with the last.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use transfer_status::Watch;

use crate::error::FfiError;
use crate::trust;

/// The thread's name, by which a debugger and the tests know it.
const THREAD: &str = "transfer-status";

/// How long the thread stays for a close frame to get out.
const FAREWELL: Duration = Duration::from_secs(1);

/// Name look-ups block, so they are made in threads of their own, which go away soon after.
const LOOKUPS: usize = 2;
const LOOKUP_KEPT: Duration = Duration::from_secs(1);

/// Keeps the thread going for as long as somebody holds it.
pub(crate) struct Engine {
    handle: Handle,
    ending: mpsc::UnboundedSender<Arc<Watch>>,
    /// What the platform trusts, read once: its roots may be a hundred files.
    platform_tls: OnceLock<ClientConfig>,
}

static RUNNING: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

impl Engine {
    /// The engine of this process.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn shared() -> Result<Arc<Self>, FfiError> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = running.upgrade() {
            return Ok(engine);
        }
        let refused = |error: std::io::Error| FfiError::System {
            reason: format!("the system gave no thread for the client: {error}"),
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(LOOKUPS)
            .thread_keep_alive(LOOKUP_KEPT)
            .thread_name("transfer-status-dns")
            .build()
            .map_err(refused)?;
        let (ending, ended) = mpsc::unbounded_channel();
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || run(runtime, ended))
            .map_err(refused)?;
        let engine = Arc::new(Self {
            handle,
            ending,
            platform_tls: OnceLock::new(),
        });
        *running = Arc::downgrade(&engine);
        Ok(engine)
    }

    /// Where the tasks of the clients run.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// TLS that trusts `roots`, or what the platform trusts where there are none.
    ///
    /// # Errors
    /// [`FfiError::InvalidRoots`].
    pub(crate) fn tls(&self, roots: Option<&[Vec<u8>]>) -> Result<ClientConfig, FfiError> {
        if roots.is_some() {
            return trust::tls(roots);
        }
        if let Some(tls) = self.platform_tls.get() {
            return Ok(tls.clone());
        }
        let tls = trust::tls(None)?;
        Ok(self.platform_tls.get_or_init(|| tls).clone())
    }

    /// Keeps the thread until the end of `watch`, which has been asked to end, for a second at most.
    pub(crate) fn see_out(&self, watch: Arc<Watch>) {
        // A thread that is gone has ended the watch with it.
        let _gone = self.ending.send(watch);
    }
}

fn run(runtime: Runtime, mut ended: mpsc::UnboundedReceiver<Arc<Watch>>) {
    runtime.block_on(async {
        let mut leaving = JoinSet::new();
        loop {
            tokio::select! {
                watch = ended.recv() => match watch {
                    Some(watch) => {
                        leaving.spawn(async move { tokio::time::timeout(FAREWELL, watch.finished()).await.is_ok() });
                    }
                    None => break,
                },
                Some(_) = leaving.join_next() => {}
            }
        }
        while leaving.join_next().await.is_some() {}
    });
    // A name look-up that hangs is not waited for.
    runtime.shutdown_background();
}

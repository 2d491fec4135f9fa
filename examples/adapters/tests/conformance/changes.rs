//! What a story waits on: anything that a server or a client has done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Tells everybody who waits that something has happened.
#[derive(Clone)]
pub(crate) struct Changes(Arc<watch::Sender<u64>>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    pub(crate) fn tell(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// What `look` gives once it gives something.
    ///
    /// # Errors
    /// When it gives nothing for `limit`; the error says what was wanted.
    pub(crate) async fn until<T>(
        &self,
        limit: Duration,
        wanted: &str,
        mut look: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        let mut changes = self.0.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(found) = look() {
                return Ok(found);
            }
            if timeout_at(deadline, changes.changed()).await.is_err() {
                break;
            }
        }
        match look() {
            Some(found) => Ok(found),
            None => bail!("{wanted}: not within {} s", limit.as_secs_f32()),
        }
    }

    /// Watches for `time` that `happened` stays false.
    ///
    /// # Errors
    /// When it does not; the error says what was unwanted.
    pub(crate) async fn never(
        &self,
        time: Duration,
        unwanted: &str,
        happened: impl Fn() -> bool,
    ) -> Result<()> {
        let begun = Instant::now();
        let look = || happened().then(|| begun.elapsed());
        match self.until(time, unwanted, look).await {
            Err(_) => Ok(()),
            Ok(after) => bail!("{unwanted}: after {:.2} s", after.as_secs_f32()),
        }
    }
}

/// The lock of what several tasks write down; a panic in one of them is told elsewhere.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

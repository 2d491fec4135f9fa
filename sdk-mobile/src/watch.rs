//! One watched transfer, pulled from the other side of the border.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use transfer_status::{
    FreshSignature, Hint, Signature, SignatureError, Snapshot, TransferId, TransferRequest, Watch,
    WatchHandle,
};

use crate::engine::Engine;
use crate::error::{FfiError, guarded, guarded_async};
use crate::questions::{Asked, Questions};
use crate::records::{FfiSnapshot, FfiStats};

/// Names a state of a watch. Begin with zeros; what a snapshot gave asks for what changed after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Record)]
pub struct FfiCursor {
    /// Of what the watch knows.
    pub state: u64,
    /// Of the questions for a signature.
    pub asked: u64,
}

/// A watch waits for a fresh signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct FfiQuestion {
    /// Names the question in its answer.
    pub id: u64,
    /// Why it is asked.
    pub reason: FfiReason,
}

/// Why a fresh signature is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiReason {
    /// The watch began with none.
    Missing,
    /// The one at hand has expired.
    Expired,
}

/// Ends calls that wait, for a language whose cancellation does not reach Rust.
#[derive(uniffi::Object)]
pub struct FfiCancel {
    triggered: watch::Sender<bool>,
}

#[uniffi::export]
impl FfiCancel {
    /// One that is not triggered.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            triggered: watch::Sender::new(false),
        })
    }

    /// Ends every call that was given this, now and later, with [`FfiError::Cancelled`].
    ///
    /// # Errors
    /// Only [`FfiError::Panicked`].
    pub fn cancel(&self) -> Result<(), FfiError> {
        guarded(|| {
            self.triggered.send_replace(true);
            Ok(())
        })
    }
}

impl FfiCancel {
    async fn cancelled(&self) {
        let mut triggered = self.triggered.subscribe();
        // The sender lives as long as `self` does.
        let _triggered = triggered.wait_for(|triggered| *triggered).await;
    }
}

/// One watched transfer. It reconnects by itself until it is closed or freed, or has told its end.
#[derive(uniffi::Object)]
pub struct FfiWatch {
    watch: Arc<Watch>,
    handle: WatchHandle,
    questions: Questions,
    engine: Mutex<Option<Arc<Engine>>>,
}

impl FfiWatch {
    pub(crate) fn new(watch: Watch, questions: Questions, engine: Arc<Engine>) -> Self {
        Self {
            handle: watch.handle(),
            watch: Arc::new(watch),
            questions,
            engine: Mutex::new(Some(engine)),
        }
    }

    pub(crate) fn give_hint(&self, hint: Hint) {
        self.handle.hint(hint);
    }

    /// Ends the watch; the engine is kept no longer than its close frame needs.
    pub(crate) fn end(&self) {
        self.handle.close();
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engine.take() {
            engine.see_out(Arc::clone(&self.watch));
        }
    }

    async fn next(&self, after: FfiCursor) -> Result<FfiSnapshot, FfiError> {
        let mut asked = self.questions.subscribe();
        let snapshot = tokio::select! {
            biased;
            snapshot = self.watch.changed_after(after.state) => snapshot,
            _ = asked.wait_for(|asked| asked.at > after.asked) => self.watch.snapshot(),
        };
        self.tell(after, &snapshot, *asked.borrow())
    }

    /// A watch mostly waits here. Each layer around a future holds it twice, as its argument and as what it awaits; a box
    /// keeps a waiting call small.
    fn next_boxed(
        &self,
        after: FfiCursor,
    ) -> Pin<Box<dyn Future<Output = Result<FfiSnapshot, FfiError>> + Send + '_>> {
        Box::pin(self.next(after))
    }

    fn tell(&self, after: FfiCursor, snapshot: &Snapshot, asked: Asked) -> Result<FfiSnapshot, FfiError> {
        let is_told = snapshot.cursor <= after.state && snapshot.end.is_some();
        if is_told {
            return Err(FfiError::Closed);
        }
        Ok(FfiSnapshot::new(snapshot, asked.at, asked.open))
    }
}

impl Drop for FfiWatch {
    fn drop(&mut self) {
        self.end();
    }
}

#[uniffi::export]
impl FfiWatch {
    /// The state of the watch as soon as it is newer than `after`. It keeps no position: a call that was given up lost
    /// nothing.
    ///
    /// # Errors
    /// [`FfiError::Closed`] once the end was told; [`FfiError::Cancelled`] when `cancel` is triggered;
    /// [`FfiError::Panicked`].
    pub async fn changed_after(
        &self,
        after: FfiCursor,
        cancel: Option<Arc<FfiCancel>>,
    ) -> Result<FfiSnapshot, FfiError> {
        or_cancelled(cancel, guarded_async(self.next_boxed(after))).await
    }

    /// As [`FfiWatch::changed_after`], for a language whose cancellation ends the call: the cursor in two numbers, which
    /// cross several times faster than a record.
    ///
    /// # Errors
    /// [`FfiError::Closed`] once the end was told; [`FfiError::Panicked`].
    pub async fn pull(&self, state: u64, asked: u64) -> Result<FfiSnapshot, FfiError> {
        guarded_async(self.next_boxed(FfiCursor { state, asked })).await
    }

    /// The state of the watch if it is newer by now: a call that waits for nothing, and costs half of one that may.
    ///
    /// # Errors
    /// [`FfiError::Closed`] once the end was told; [`FfiError::Panicked`].
    pub fn changed(&self, state: u64, asked: u64) -> Result<Option<FfiSnapshot>, FfiError> {
        guarded(|| {
            let after = FfiCursor { state, asked };
            let snapshot = self.watch.snapshot();
            let asked = self.questions.asked();
            let is_newer = snapshot.cursor > state || asked.at > after.asked || snapshot.end.is_some();
            is_newer.then(|| self.tell(after, &snapshot, asked)).transpose()
        })
    }

    /// Answers the question `id` with a signature, and where it is known with its expiry: the last second in which it is
    /// valid, since 1970. A question that is not open any more wants no answer.
    ///
    /// # Errors
    /// [`FfiError::InvalidSignature`]: the question stays open. [`FfiError::Panicked`].
    pub fn provide_signature(&self, id: u64, signature: String, expiry: Option<u64>) -> Result<(), FfiError> {
        guarded(|| {
            let fresh = read_signature(self.watch.transfer_id(), signature, expiry)?;
            self.questions.answer(id, Ok(fresh));
            Ok(())
        })
    }

    /// Answers the question `id`: not this time. It is asked again after a while; the cause is shown in the problem.
    ///
    /// # Errors
    /// Only [`FfiError::Panicked`].
    pub fn retry_signature(&self, id: u64, cause: String) -> Result<(), FfiError> {
        guarded(|| {
            self.questions.answer(id, Err(SignatureError::retry(cause)));
            Ok(())
        })
    }

    /// Answers the question `id`: there is none any more. The watch ends.
    ///
    /// # Errors
    /// Only [`FfiError::Panicked`].
    pub fn refuse_signature(&self, id: u64, cause: String) -> Result<(), FfiError> {
        guarded(|| {
            self.questions.answer(id, Err(SignatureError::refused(cause)));
            Ok(())
        })
    }

    /// What the watch has done so far.
    ///
    /// # Errors
    /// Only [`FfiError::Panicked`].
    pub fn stats(&self) -> Result<FfiStats, FfiError> {
        guarded(|| Ok(self.watch.stats().into()))
    }

    /// Ends the watch. Its last snapshot tells so. A second call does nothing.
    ///
    /// # Errors
    /// Only [`FfiError::Panicked`].
    pub fn close(&self) -> Result<(), FfiError> {
        guarded(|| {
            self.end();
            Ok(())
        })
    }
}

/// Awaits `work` until `cancel` is triggered.
pub(crate) async fn or_cancelled<T>(
    cancel: Option<Arc<FfiCancel>>,
    work: impl Future<Output = Result<T, FfiError>>,
) -> Result<T, FfiError> {
    let Some(cancel) = cancel else {
        return work.await;
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(FfiError::Cancelled),
        done = work => done,
    }
}

/// A signature from the other side of the border.
pub(crate) fn read_signature(
    of: &TransferId,
    text: String,
    expiry: Option<u64>,
) -> Result<FreshSignature, FfiError> {
    let signature = Signature::new(text).map_err(|error| FfiError::InvalidSignature {
        reason: error.to_string(),
    })?;
    Ok(match expiry {
        None => signature.into(),
        // A request knows what its expiry means.
        Some(expiry) => FreshSignature::from(TransferRequest {
            transfer_request_id: of.clone(),
            merchant_id: String::new(),
            expiry,
            signature,
        }),
    })
}

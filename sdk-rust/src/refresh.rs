//! Where fresh signatures come from.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{FreshSignature, RefreshReason, SignatureError};

/// A way to fresh signatures, asked when one is missing or has expired.
///
/// Every `Fn(TransferId, RefreshReason)` is one that gives a future of a [`Signature`](crate::Signature), a
/// [`TransferRequest`](crate::TransferRequest) or a [`FreshSignature`]. One that fails with [`SignatureError::retry`] is
/// asked again with backoff, and its cause is told as [`ProblemKind::SignatureRefresh`](crate::ProblemKind). It has 30
/// seconds to answer.
pub trait SignatureSource: Send + Sync + 'static {
    /// Gets a signature for the transfer.
    ///
    /// # Errors
    /// [`SignatureError::retry`] for not this time, [`SignatureError::refused`] where there is none any more.
    fn fresh(
        &self,
        transfer_id: TransferId,
        reason: RefreshReason,
    ) -> impl Future<Output = Result<FreshSignature, SignatureError>> + Send;
}

impl<F, Answer, S> SignatureSource for F
where
    F: Fn(TransferId, RefreshReason) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<S, SignatureError>> + Send + 'static,
    S: Into<FreshSignature>,
{
    fn fresh(
        &self,
        transfer_id: TransferId,
        reason: RefreshReason,
    ) -> impl Future<Output = Result<FreshSignature, SignatureError>> + Send {
        let answer = self(transfer_id, reason);
        async move { answer.await.map(Into::into) }
    }
}

pub(crate) type Refreshing = Pin<Box<dyn Future<Output = Result<FreshSignature, SignatureError>> + Send>>;

/// A source whose type no longer matters.
pub(crate) type AnySource = Arc<dyn Fn(TransferId, RefreshReason) -> Refreshing + Send + Sync>;

/// Forgets the type of a source. One that panics has failed like any other: the watch goes on.
pub(crate) fn erase(source: impl SignatureSource) -> AnySource {
    let source = Arc::new(source);
    Arc::new(move |transfer_id, reason| {
        let source = Arc::clone(&source);
        let asked = AssertUnwindSafe(async move { source.fresh(transfer_id, reason).await });
        Box::pin(async move {
            let panicked = |_| Err(SignatureError::retry("the signature source panicked"));
            asked.catch_unwind().await.unwrap_or_else(panicked)
        })
    })
}

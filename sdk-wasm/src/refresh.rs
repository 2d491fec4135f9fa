//! Where fresh signatures come from.

use std::future::Future;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{FreshSignature, RefreshReason, SignatureError};

/// A way to fresh signatures, asked when one is missing or has expired.
///
/// Every `Fn(TransferId, RefreshReason)` is one that gives a future of a [`Signature`](crate::Signature), a
/// [`TransferRequest`](crate::TransferRequest) or a [`FreshSignature`]. One that fails with [`SignatureError::retry`] is
/// asked again with backoff, and its cause is told as [`ProblemKind::SignatureRefresh`](crate::ProblemKind). It has 30
/// seconds to answer.
pub trait SignatureSource: 'static {
    /// Gets a signature for the transfer.
    ///
    /// # Errors
    /// [`SignatureError::retry`] for not this time, [`SignatureError::refused`] where there is none any more.
    fn fresh(
        &self,
        transfer_id: TransferId,
        reason: RefreshReason,
    ) -> impl Future<Output = Result<FreshSignature, SignatureError>>;
}

impl<F, Answer, S> SignatureSource for F
where
    F: Fn(TransferId, RefreshReason) -> Answer + 'static,
    Answer: Future<Output = Result<S, SignatureError>> + 'static,
    S: Into<FreshSignature>,
{
    fn fresh(
        &self,
        transfer_id: TransferId,
        reason: RefreshReason,
    ) -> impl Future<Output = Result<FreshSignature, SignatureError>> {
        let answer = self(transfer_id, reason);
        async move { answer.await.map(Into::into) }
    }
}

pub(crate) type Refreshing = LocalBoxFuture<'static, Result<FreshSignature, SignatureError>>;

/// A source whose type no longer matters.
pub(crate) type AnySource = Box<dyn Fn(TransferId, RefreshReason) -> Refreshing>;

/// Forgets the type of a source.
pub(crate) fn erase(source: impl SignatureSource) -> AnySource {
    let source = Rc::new(source);
    Box::new(move |transfer_id, reason| {
        let source = Rc::clone(&source);
        Box::pin(async move { source.fresh(transfer_id, reason).await })
    })
}

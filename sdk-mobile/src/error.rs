//! The one error that crosses the border, and what turns a panic into it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::problem::FfiProblemKind;
use crate::scan::FfiQrFault;

/// Why a call failed. `reason` is a lower-case text that says what is wrong and what to do; none holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum FfiError {
    /// The service's address cannot be right, or is plain text to a public host.
    #[error("{reason}")]
    InvalidUrl {
        /// What is wrong.
        reason: String,
    },
    /// Not the name of a transfer.
    #[error("{reason}")]
    InvalidTransferId {
        /// What is wrong.
        reason: String,
    },
    /// Not a signature.
    #[error("{reason}")]
    InvalidSignature {
        /// What is wrong.
        reason: String,
    },
    /// Not a transfer's QR payload.
    #[error("{reason}")]
    InvalidQr {
        /// Which part of it is wrong.
        fault: FfiQrFault,
        /// What is wrong.
        reason: String,
    },
    /// Not the answer of create-transfer-request.
    #[error("{reason}")]
    InvalidRequest {
        /// What is wrong.
        reason: String,
    },
    /// The certificates that the service's are to be checked against cannot be used.
    #[error("{reason}")]
    InvalidRoots {
        /// What is wrong.
        reason: String,
    },
    /// The client or the watch was closed, or has ended and its end was told.
    #[error("used after it was closed; make a new one")]
    Closed,
    /// The caller's [`FfiCancel`](crate::FfiCancel) was triggered. Nothing is lost: ask again with the same cursor.
    #[error("the call was cancelled")]
    Cancelled,
    /// The service refused the signature.
    #[error("{reason}")]
    Unauthorized {
        /// What the service said.
        reason: String,
    },
    /// The signature has expired.
    #[error("{reason}")]
    Expired {
        /// What the service said.
        reason: String,
    },
    /// The service does not allow it.
    #[error("{reason}")]
    Forbidden {
        /// What the service said.
        reason: String,
    },
    /// Too many requests.
    #[error("{reason}")]
    RateLimited {
        /// How long the service asked to wait.
        retry_after_millis: Option<u64>,
        /// What the service said.
        reason: String,
    },
    /// The service cannot serve now.
    #[error("{reason}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// How long the service asked to wait.
        retry_after_millis: Option<u64>,
        /// What the service said.
        reason: String,
    },
    /// No answer came.
    #[error("{reason}")]
    Unreachable {
        /// What stands in between.
        kind: FfiProblemKind,
        /// What is wrong.
        reason: String,
    },
    /// An answer that the service does not give.
    #[error("{reason}")]
    UnexpectedAnswer {
        /// The HTTP status, where there was one.
        status: Option<u16>,
        /// What is wrong.
        reason: String,
    },
    /// What the environment says of a proxy cannot be used.
    #[error("{reason}")]
    InvalidProxy {
        /// What is wrong.
        reason: String,
    },
    /// The system gave no thread.
    #[error("{reason}")]
    System {
        /// What is wrong.
        reason: String,
    },
    /// The client failed inside.
    #[error("the client failed inside, which is a bug of it: {reason}")]
    Panicked {
        /// What the panic said.
        reason: String,
    },
}

impl FfiError {
    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked {
            reason: text.unwrap_or_else(|| "no message".to_owned()),
        }
    }
}

/// Does `work`; a panic in it is an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, FfiError>) -> Result<T, FfiError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(FfiError::panicked(&*payload)))
}

/// Awaits `work`; a panic in it is an error.
pub(crate) async fn guarded_async<T>(work: impl Future<Output = Result<T, FfiError>>) -> Result<T, FfiError> {
    let mut work = pin!(work);
    // After a panic it is ready, so a future that has panicked is never polled again.
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))
            .unwrap_or_else(|payload| Poll::Ready(Err(FfiError::panicked(&*payload))))
    })
    .await
}

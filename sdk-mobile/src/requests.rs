//! One request and its answer: a transfer as it stands, and a scan told to its watchers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use transfer_status::{Client, RequestError, Signature, TransferId, TransportCause};

use crate::client::{FfiClient, read_transfer_id};
use crate::engine::Engine;
use crate::error::{FfiError, guarded_async};
use crate::problem::FfiProblemKind;
use crate::records::FfiTransfer;
use crate::watch::{FfiCancel, or_cancelled};

#[uniffi::export]
impl FfiClient {
    /// The transfer as it stands; one that nobody has reported yet is pending, with version 0.
    ///
    /// # Errors
    /// [`FfiError`], by what was wrong with the request, the answer or the way there.
    pub async fn get(
        &self,
        transfer_id: String,
        signature: String,
        cancel: Option<Arc<FfiCancel>>,
    ) -> Result<FfiTransfer, FfiError> {
        let request = self.request(
            transfer_id,
            signature,
            |client, transfer_id, signature| async move { client.get(&transfer_id, &signature).await },
        );
        let transfer = or_cancelled(cancel, guarded_async(request)).await?;
        Ok(FfiTransfer::from(&transfer))
    }

    /// Tells the transfer's watchers that its code was scanned, or that the scan was taken back.
    ///
    /// # Errors
    /// [`FfiError`], by what was wrong with the request, the answer or the way there.
    pub async fn report_scan(
        &self,
        transfer_id: String,
        signature: String,
        scanned: bool,
        cancel: Option<Arc<FfiCancel>>,
    ) -> Result<(), FfiError> {
        let request = self.request(
            transfer_id,
            signature,
            move |client, transfer_id, signature| async move {
                client.scan(&transfer_id, &signature, scanned).await
            },
        );
        or_cancelled(cancel, guarded_async(request)).await
    }
}

impl FfiClient {
    /// Makes a request where the client's sockets are. It is given up together with this future.
    async fn request<T: Send + 'static, F>(
        &self,
        transfer_id: String,
        signature: String,
        request: impl FnOnce(Client, TransferId, Signature) -> F,
    ) -> Result<T, FfiError>
    where
        F: Future<Output = Result<T, RequestError>> + Send + 'static,
    {
        let (client, engine) = self.parts()?;
        let transfer_id = read_transfer_id(transfer_id)?;
        let signature = Signature::new(signature).map_err(|error| FfiError::InvalidSignature {
            reason: error.to_string(),
        })?;
        let task = Task(
            engine.handle().spawn(request(client, transfer_id, signature)),
            engine,
        );
        task.answer().await
    }
}

/// A task that ends when nobody waits for it any more; the engine stays as long as that takes.
struct Task<T>(
    JoinHandle<Result<T, RequestError>>,
    #[expect(dead_code)] Arc<Engine>,
);

impl<T> Task<T> {
    async fn answer(mut self) -> Result<T, FfiError> {
        match (&mut self.0).await {
            Ok(answer) => answer.map_err(FfiError::from),
            Err(error) => Err(match error.try_into_panic() {
                Ok(payload) => FfiError::panicked(&*payload),
                // The runtime has gone.
                Err(_) => FfiError::Closed,
            }),
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl From<RequestError> for FfiError {
    fn from(error: RequestError) -> Self {
        let reason = error.to_string();
        let retry_after_millis = error.retry_after().map(millis);
        match error {
            RequestError::Unauthorized { .. } => Self::Unauthorized { reason },
            RequestError::Expired { .. } => Self::Expired { reason },
            RequestError::Forbidden { .. } => Self::Forbidden { reason },
            RequestError::RateLimited { .. } => Self::RateLimited {
                retry_after_millis,
                reason,
            },
            RequestError::Unavailable { status, .. } => Self::Unavailable {
                status: status.as_u16(),
                retry_after_millis,
                reason,
            },
            RequestError::TimedOut => Self::Unreachable {
                kind: FfiProblemKind::Timeout,
                reason,
            },
            RequestError::Transport(error) => match error.cause() {
                Some(cause) => Self::Unreachable {
                    kind: cause.into(),
                    reason,
                },
                None => Self::UnexpectedAnswer { status: None, reason },
            },
            RequestError::UnexpectedResponse { status, .. } => Self::UnexpectedAnswer {
                status: Some(status.as_u16()),
                reason,
            },
            _ => Self::UnexpectedAnswer { status: None, reason },
        }
    }
}

impl From<TransportCause> for FfiProblemKind {
    fn from(cause: TransportCause) -> Self {
        match cause {
            TransportCause::Dns => Self::Dns,
            TransportCause::Refused => Self::ConnectionRefused,
            TransportCause::Timeout => Self::Timeout,
            TransportCause::Certificate => Self::Certificate,
            TransportCause::Tls => Self::Tls,
            _ => Self::Unreachable,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

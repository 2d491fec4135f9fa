//! One request and its answer: a transfer as it stands, and a scan told to its watchers.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tracing::{Instrument, debug_span};
use transfer_status_protocol::signature::Signature;
use transfer_status_protocol::transfer::{Transfer, TransferId};

use super::Client;
use super::request_error::RequestError;
use crate::answer::{Refusal, decode};
use crate::attempts;
use crate::error::TransportError;
use crate::retry::RetryPolicy;

/// For somebody who waits with a finger on the glass: three attempts, ten seconds in all.
pub(super) fn default_retry() -> RetryPolicy {
    RetryPolicy::default()
        .with_attempts(3)
        .with_attempt_timeout(Duration::from_secs(5))
        .with_deadline(Duration::from_secs(10))
}

impl Client {
    /// The transfer as it stands: one request, for who does not want to watch. Needs a tokio runtime with I/O and time.
    ///
    /// A transfer that nobody has reported yet is `pending` with version 0. Tried again, as
    /// [`ClientBuilder::retry`](crate::ClientBuilder::retry) says, where [`RequestError::is_retryable`] holds.
    ///
    /// ```no_run
    /// # async fn run(
    /// #     client: transfer_status::Client,
    /// #     signature: transfer_status::Signature,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let transfer = client.get(&"order-1042".parse()?, &signature).await?;
    /// println!("{} is {}", transfer.id, transfer.status);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The service refuses the signature, cannot be reached, or gives no answer of its own.
    pub async fn get(
        &self,
        transfer_id: &TransferId,
        signature: &Signature,
    ) -> Result<Transfer, RequestError> {
        self.attempt(transfer_id, || async {
            let request = self.get_request(transfer_id, signature, None)?;
            let answer = self.inner.transport.exchange(request).await?;
            read_transfer(transfer_id, &answer)
        })
        .await
    }

    /// As [`Client::get`], or `None` while the transfer is still at `version`: nothing is sent for the same again.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_if_changed(
        &self,
        transfer_id: &TransferId,
        signature: &Signature,
        version: u64,
    ) -> Result<Option<Transfer>, RequestError> {
        self.attempt(transfer_id, || async {
            let request = self.get_request(transfer_id, signature, Some(version))?;
            let answer = self.inner.transport.exchange(request).await?;
            if answer.status() == StatusCode::NOT_MODIFIED {
                return Ok(None);
            }
            // A cache in between may not have passed the condition on.
            let transfer = read_transfer(transfer_id, &answer)?;
            Ok((transfer.version != Some(version)).then_some(transfer))
        })
        .await
    }

    /// Tells all who watch the transfer that its QR code was scanned, or with `false` that the scan was taken back.
    ///
    /// What a phone does once it has read the code. It is not stored, and telling it twice does no harm: it is tried
    /// again as [`Client::get`] is.
    ///
    /// ```no_run
    /// # use transfer_status::{Client, QrPayload};
    /// # async fn run(client: Client, scanned: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let payload: QrPayload = scanned.parse()?;
    /// client.scan(payload.transfer_id(), payload.signature(), true).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn scan(
        &self,
        transfer_id: &TransferId,
        signature: &Signature,
        scanned: bool,
    ) -> Result<(), RequestError> {
        let body = Bytes::from(json!({ "transferId": transfer_id.as_str(), "scanned": scanned }).to_string());
        self.attempt(transfer_id, || async {
            let mut request = self.request(Method::POST, "/scan", signature, Full::new(body.clone()))?;
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let answer = self.inner.transport.exchange(request).await?;
            read_scan(transfer_id, &answer)
        })
        .await
    }

    async fn attempt<T, F>(
        &self,
        transfer_id: &TransferId,
        attempt: impl Fn() -> F,
    ) -> Result<T, RequestError>
    where
        F: Future<Output = Result<T, RequestError>>,
    {
        let span = debug_span!("request", %transfer_id);
        attempts::run(self.inner.retry, &self.inner.requests, attempt)
            .instrument(span)
            .await
    }

    fn get_request(
        &self,
        transfer_id: &TransferId,
        signature: &Signature,
        version: Option<u64>,
    ) -> Result<Request<Full<Bytes>>, TransportError> {
        let path = format!("/transfer/{transfer_id}");
        let mut request = self.request(Method::GET, &path, signature, Full::default())?;
        if let Some(version) = version {
            let tag = HeaderValue::try_from(format!("\"{version}\""));
            let tag = tag.map_err(|error| TransportError::Request(error.into()))?;
            request.headers_mut().insert(IF_NONE_MATCH, tag);
        }
        Ok(request)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        signature: &Signature,
        body: Full<Bytes>,
    ) -> Result<Request<Full<Bytes>>, TransportError> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", signature.expose()))
            .map_err(|error| TransportError::Request(error.into()))?;
        bearer.set_sensitive(true);
        Request::builder()
            .method(method)
            .uri(self.inner.endpoint.web(path))
            .header(AUTHORIZATION, bearer)
            .body(body)
            .map_err(TransportError::Request)
    }
}

fn read_transfer(transfer_id: &TransferId, answer: &Response<Bytes>) -> Result<Transfer, RequestError> {
    if answer.status() == StatusCode::OK
        && let Some(transfer) = decode(answer.body(), Transfer::decode)
    {
        return match transfer.id == *transfer_id {
            true => Ok(transfer),
            false => Err(of_another_transfer(answer.status())),
        };
    }
    Err(refused(answer))
}

/// The service repeats what it has told; nothing else says that the watchers were told.
fn read_scan(transfer_id: &TransferId, answer: &Response<Bytes>) -> Result<(), RequestError> {
    if answer.status() == StatusCode::OK
        && let Ok(told) = serde_json::from_slice::<Value>(answer.body())
        && let Some(id) = told.get("transferId").and_then(Value::as_str)
    {
        return match id == transfer_id.as_str() {
            true => Ok(()),
            false => Err(of_another_transfer(answer.status())),
        };
    }
    Err(refused(answer))
}

fn of_another_transfer(status: StatusCode) -> RequestError {
    RequestError::UnexpectedResponse {
        status,
        code: None,
        message: "it is about another transfer".to_owned(),
    }
}

fn refused(answer: &Response<Bytes>) -> RequestError {
    RequestError::new(answer.status(), Refusal::read(answer, SystemTime::now()))
}

//! One request and its answer: a transfer as it stands, and a scan told to its watchers.

use std::time::Duration;

use gloo_net::http::{Request, RequestBuilder};
use serde_json::Value;
use transfer_status_protocol::answer::decode;
use transfer_status_protocol::signature::Signature;
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::MAX_ANSWER;

use crate::client::Client;
use crate::poll::{HttpAnswer, ask};
use crate::request_error::RequestError;

/// For somebody who waits with a finger on the glass.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl Client {
    /// The transfer as it stands: one request, for who does not want to watch. Asked once, for ten seconds at most.
    ///
    /// A transfer that nobody has reported yet is `pending` with version 0.
    ///
    /// ```no_run
    /// # use transfer_status_wasm::{Client, RequestError, Signature, TransferId};
    /// # async fn run(client: Client, id: TransferId, signature: Signature) -> Result<(), RequestError> {
    /// let transfer = client.get(&id, &signature).await?;
    /// # drop(transfer);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The service refuses the signature, cannot be reached, or gives no answer of its own. Outside a browser it cannot
    /// be reached.
    pub async fn get(
        &self,
        transfer_id: &TransferId,
        signature: &Signature,
    ) -> Result<Transfer, RequestError> {
        let path = format!("/transfer/{transfer_id}");
        let answer = self.exchange(Request::get, &path, None, signature).await?;
        let answer = answer.answer();
        match decode(answer.body, Transfer::decode) {
            Some(transfer) if answer.status == 200 && transfer.id == *transfer_id => Ok(transfer),
            Some(_) if answer.status == 200 => Err(of_another_transfer()),
            _ => Err(RequestError::refused(&answer)),
        }
    }

    /// Tells all who watch the transfer that its QR code was scanned, or with `false` that the scan was taken back.
    ///
    /// What a phone does once it has read the code. It is not stored, and telling it twice does no harm.
    ///
    /// ```no_run
    /// # use transfer_status_wasm::{Client, QrPayload, RequestError};
    /// # async fn run(client: Client, payload: QrPayload) -> Result<(), RequestError> {
    /// client.scan(payload.transfer_id(), payload.signature(), true).await
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
        let body = serde_json::json!({ "transferId": transfer_id.as_str(), "scanned": scanned }).to_string();
        let answer = self
            .exchange(Request::post, "/scan", Some(body), signature)
            .await?;
        let answer = answer.answer();
        // The service repeats what it has told; nothing else says that the watchers were told.
        let told = serde_json::from_slice::<Value>(answer.body).ok();
        match told.as_ref().and_then(|told| told.get("transferId")?.as_str()) {
            Some(id) if answer.status == 200 && id == transfer_id.as_str() => Ok(()),
            Some(_) if answer.status == 200 => Err(of_another_transfer()),
            _ => Err(RequestError::refused(&answer)),
        }
    }

    async fn exchange(
        &self,
        method: fn(&str) -> RequestBuilder,
        path: &str,
        body: Option<String>,
        signature: &Signature,
    ) -> Result<HttpAnswer, RequestError> {
        // A server that renders a page has no browser around it.
        if !cfg!(target_family = "wasm") {
            return Err(RequestError::Unreachable);
        }
        let request = method(&self.endpoint.web(path));
        let asked = ask(request, body, signature, ANSWER_WITHIN).await;
        let answer = asked.map_err(RequestError::of_cause)?;
        let answered = answer.answer();
        if answered.body.len() > MAX_ANSWER {
            return Err(RequestError::unexpected(
                answered.status,
                "it is longer than any of the service's",
            ));
        }
        Ok(answer)
    }
}

fn of_another_transfer() -> RequestError {
    RequestError::unexpected(200, "it is about another transfer")
}

//! A transfer request: what a backend hands to a client so that it may watch.

use serde::{Deserialize, Serialize, Serializer};

use crate::token::Signature;
use crate::transfer::TransferId;

/// The answer to a backend's create-transfer-request call.
///
/// Made by the backend's `Minter::mint`, read by a client, taken by its `Client::watch_request`.
///
/// ```
/// use transfer_status_protocol::TransferRequest;
///
/// let request: TransferRequest = serde_json::from_str(
///     r#"{"transferRequestId":"order-1042","merchantId":"m-7","expiry":1765000000,"signature":"eyJ0.k3y"}"#,
/// )?;
/// assert_eq!(request.transfer_request_id.as_str(), "order-1042");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferRequest {
    /// The transfer to watch.
    pub transfer_request_id: TransferId,
    /// Whose transfer it is.
    pub merchant_id: String,
    /// Until when the signature is valid, in seconds since the Unix epoch.
    pub expiry: u64,
    /// The right to watch this transfer. Whoever holds it may; it is printed only when serialized.
    #[serde(serialize_with = "in_clear")]
    pub signature: Signature,
}

fn in_clear<S: Serializer>(signature: &Signature, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(signature.expose())
}

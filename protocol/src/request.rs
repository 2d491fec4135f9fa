//! A transfer request: what a backend hands to a client so that it may watch.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::signature::Signature;
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
    /// Until when the signature is valid, in seconds since the Unix epoch. A fraction is cut off when it is read.
    #[serde(deserialize_with = "whole_seconds")]
    pub expiry: u64,
    /// The right to watch this transfer, for anyone who holds it. It is shown only when serialized.
    #[serde(serialize_with = "in_clear")]
    pub signature: Signature,
}

fn whole_seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Whole(u64),
        Fraction(f64),
    }
    match Seconds::deserialize(from)? {
        Seconds::Whole(seconds) => Ok(seconds),
        // A cast to an integer cuts off the fraction.
        Seconds::Fraction(seconds) if seconds >= 0.0 => Ok(seconds as u64),
        Seconds::Fraction(_) => Err(serde::de::Error::custom("expiry is negative; send Unix seconds")),
    }
}

fn in_clear<S: Serializer>(signature: &Signature, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(signature.expose())
}

#[cfg(test)]
mod tests {
    use super::TransferRequest;

    fn read(expiry: &str) -> Result<u64, serde_json::Error> {
        let text = format!(
            r#"{{"transferRequestId":"order-1042","merchantId":"m-7","expiry":{expiry},"signature":"eyJ0.k3y"}}"#
        );
        serde_json::from_str(&text).map(|request: TransferRequest| request.expiry)
    }

    #[test]
    fn a_backend_that_adds_seconds_to_a_fraction_is_understood() {
        for expiry in ["1765000000", "1765000000.0", "1765000000.987", "1.765e9"] {
            assert_eq!(read(expiry).unwrap(), 1_765_000_000, "{expiry}");
        }
        for expiry in ["-1", "-0.5", "null", r#""1765000000""#] {
            assert!(read(expiry).is_err(), "{expiry}");
        }
    }
}

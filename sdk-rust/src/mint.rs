//! Minting: the right to watch one transfer, for a backend's create-transfer-request call.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use transfer_status_protocol::request::TransferRequest;
use transfer_status_protocol::sign::Key;
use transfer_status_protocol::signature::{self, Claims, InvalidClaims};
use transfer_status_protocol::transfer::TransferId;

/// Mints transfer requests with one key, the service's `SUBSCRIBE_HMAC_SECRET`, or `HMAC_SECRET` where it has no
/// other.
///
/// ```
/// use std::time::Duration;
/// use transfer_status::{Key, Minter};
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let minter = Minter::new(Key::new("a secret of the service")?);
/// let request = minter.mint("order-1042".parse()?, "merchant-7", Duration::from_secs(900))?;
/// let body = serde_json::to_string(&request)?; // the answer to create-transfer-request
/// # assert!(body.starts_with(r#"{"transferRequestId":"order-1042","merchantId":"merchant-7","expiry":"#));
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
pub struct Minter {
    key: Key,
}

/// Why nothing was minted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MintError {
    /// The claims are not ones that a signature may hold.
    #[error(transparent)]
    Claims(#[from] InvalidClaims),
    /// This machine's clock is before 1970: what it mints would have expired long ago.
    #[error("this machine's clock is before 1970; set it")]
    Clock,
}

impl Minter {
    /// A minter with this key.
    pub fn new(key: Key) -> Self {
        Self { key }
    }

    /// A transfer request that is valid for `valid_for` from now, in whole seconds.
    ///
    /// # Errors
    /// The merchant's id is not 1 to 128 characters, the time is so long that its end would read as milliseconds, or
    /// this machine's clock is before 1970.
    pub fn mint(
        &self,
        transfer_id: TransferId,
        merchant_id: impl Into<String>,
        valid_for: Duration,
    ) -> Result<TransferRequest, MintError> {
        self.mint_at(SystemTime::now(), transfer_id, merchant_id, valid_for)
    }

    fn mint_at(
        &self,
        now: SystemTime,
        transfer_id: TransferId,
        merchant_id: impl Into<String>,
        valid_for: Duration,
    ) -> Result<TransferRequest, MintError> {
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| MintError::Clock)?;
        let expiry = now.saturating_add(valid_for).as_secs();
        Ok(self.mint_until(transfer_id, merchant_id, expiry)?)
    }

    /// A transfer request that is valid until `expiry`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The merchant's id is not 1 to 128 characters, or the expiry is in milliseconds.
    pub fn mint_until(
        &self,
        transfer_id: TransferId,
        merchant_id: impl Into<String>,
        expiry: u64,
    ) -> Result<TransferRequest, InvalidClaims> {
        let merchant_id = merchant_id.into();
        let claims = Claims::new(transfer_id.clone(), merchant_id.clone(), expiry)?;
        let signature = signature::mint(&self.key, &claims);
        Ok(TransferRequest {
            transfer_request_id: transfer_id,
            merchant_id,
            expiry,
            signature,
        })
    }
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_mints_nothing() {
        let minter = Minter::new(Key::new("test-secret").unwrap());
        let mint = |now| {
            minter.mint_at(
                now,
                "order-1042".parse().unwrap(),
                "m-7",
                Duration::from_secs(900),
            )
        };
        let stone_age = UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(mint(stone_age).unwrap_err(), MintError::Clock);
        assert_eq!(mint(UNIX_EPOCH).unwrap().expiry, 900);
    }

    #[test]
    fn a_merchant_with_no_id_gets_nothing() {
        let minter = Minter::new(Key::new("test-secret").unwrap());
        let minted = minter.mint("order-1042".parse().unwrap(), "", Duration::from_secs(900));
        assert!(matches!(minted, Err(MintError::Claims(_))));
    }
}

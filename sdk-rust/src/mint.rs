//! Minting: the right to watch one transfer, for a backend's create-transfer-request call.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use transfer_status_protocol::request::TransferRequest;
use transfer_status_protocol::sign::Key;
use transfer_status_protocol::token::{self, Claims, InvalidClaims};
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

impl Minter {
    /// A minter with this key.
    pub fn new(key: Key) -> Self {
        Self { key }
    }

    /// A transfer request that is valid for `valid_for` from now, in whole seconds.
    ///
    /// # Errors
    /// The merchant's id is not 1 to 128 characters, or the expiry is in milliseconds.
    pub fn mint(
        &self,
        transfer_id: TransferId,
        merchant_id: impl Into<String>,
        valid_for: Duration,
    ) -> Result<TransferRequest, InvalidClaims> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.mint_until(transfer_id, merchant_id, now.saturating_add(valid_for).as_secs())
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
        let signature = token::mint(&self.key, &claims);
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

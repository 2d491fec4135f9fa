//! Whoever watches: a checkout page with the signature from its backend, a phone with the one from a QR code.

use std::sync::Arc;

use transfer_status::{Transfer, Watch, WatchError};

/// Follows a transfer to its final status; `news` sees each state as it comes. Reconnecting is the watch's matter.
///
/// # Errors
/// [`WatchError`] when the watch ended without a final status: the signature was refused, say, or has expired.
pub async fn follow(mut watch: Watch, mut news: impl FnMut(Arc<Transfer>)) -> Result<Transfer, WatchError> {
    while let Some(transfer) = watch.next_status().await {
        news(transfer);
    }
    watch.finished().await
}
